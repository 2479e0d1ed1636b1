#include "examples/explain/rows.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

// Numbers of all inputs in several files, and compressed ones: how they are called, and the program as its
// users run it. Whatever the files, the numbers are those of one plain file to the last bit.
namespace {

namespace fs = std::filesystem;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::check_refused_by;
using ascribe::test::count_of;
using ascribe::test::differences;
using ascribe::test::explain;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::run;
using ascribe::test::TemporaryFolder;
using ascribe::test::tree;
using ascribe::test::unzipped;
using ascribe::test::write_picture;
using ascribe::test::write_samples;
using ascribe::test::operator+;
using Json = nlohmann::json;

const std::string model = of_repository("examples/data/mnist_mlp.onnx");

TEST_CASE("files of rows are numbered with as many digits as there are, and at least five", "[rows]") {
  const auto name = [](std::size_t rows, std::size_t rows_per_file, std::size_t file,
                       bool compressed = false) {
    return explain::RowFiles{"out/why.npy", rows, rows_per_file, compressed}.file(file).string();
  };
  CHECK(name(7, 0, 0) == "out/why.npy");
  CHECK(name(7, 0, 0, true) == "out/why.npy.gz");
  CHECK(name(7, 9, 0) == "out/why.00000.npy");
  CHECK(name(7, 2, 3, true) == "out/why.00003.npy.gz");
  CHECK(name(100000, 1, 99999) == "out/why.99999.npy");
  CHECK(name(100001, 1, 99999) == "out/why.099999.npy");
  CHECK(name(2000001, 2, 1000000) == "out/why.1000000.npy");
}

TEST_CASE("each row is in one file, whose last has those that are left", "[rows]") {
  for (const std::size_t rows : {1u, 6u, 7u})
    for (const std::size_t per_file : {0u, 1u, 3u, 7u, 8u}) {
      INFO(rows << " rows, " << per_file << " in each file");
      const explain::RowFiles files{"why.npy", rows, per_file, false};
      std::size_t row = 0;
      for (std::size_t file = 0; file < files.count(); ++file) {
        const auto [first, end] = files.rows_of(file);
        CHECK(first == row);
        CHECK(end - first >= 1);
        CHECK((per_file == 0 || end - first == per_file || end == rows));
        for (; row < end; ++row) {
          CHECK(files.file_of(row) == file);
          CHECK(files.row_in_file(row) == row - first);
        }
      }
      CHECK(row == rows);
    }
}

/// The command that explains `in` into three files of a folder, which it makes.
Arguments to_files(const fs::path& in, const fs::path& folder, const Arguments& more = {}) {
  fs::create_directories(folder);
  return Arguments{model,
                   in.string(),
                   "--relevance",
                   (folder / "r.npy").string(),
                   "--output-values",
                   (folder / "o.npy").string(),
                   "--ledger",
                   (folder / "l.json").string(),
                   "--keep-going"} +
         more;
}

Arguments rows_per_file(std::size_t rows) { return {"--rows-per-file", std::to_string(rows)}; }

Arguments shard(std::size_t i, std::size_t n) {
  return {"--shard", std::to_string(i) + "/" + std::to_string(n)};
}

const Arguments compress{"--compress"};

/// What a folder of one plain file for each output would have for files of so many rows: the header says how
/// many of them, and their numbers are the file's.
std::map<std::string, std::string> cut(const std::map<std::string, std::string>& whole, std::size_t rows,
                                       std::size_t rows_per_file) {
  std::map<std::string, std::string> files;
  for (const auto& [name, bytes] : whole) {
    if (!name.ends_with(".npy")) {
      files[name] = bytes;
      continue;
    }
    constexpr std::size_t header = 128;
    const std::size_t row = (bytes.size() - header) / rows;
    for (std::size_t first = 0; first < rows; first += rows_per_file) {
      const std::size_t count = std::min(rows_per_file, rows - first);
      std::string head = bytes.substr(0, header);
      const std::string before = "'shape': (" + std::to_string(rows) + ",";
      const std::size_t at = head.find(before);
      REQUIRE(at != std::string::npos);
      head.replace(at, before.size(), "'shape': (" + std::to_string(count) + ",");
      // As long as it was: spaces stand in front of its last character.
      head.insert(head.size() - 1, header - head.size(), ' ');
      const std::string number = std::to_string(first / rows_per_file);
      files[name.substr(0, 2) + std::string(5 - number.size(), '0') + number + ".npy"] =
          head + bytes.substr(header + first * row, count * row);
    }
  }
  return files;
}

/// What is in a folder, where what is compressed is not, and is called as if it were not.
std::map<std::string, std::string> unzipped_tree(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (auto& [name, bytes] : tree(folder)) {
    if (name.ends_with(".gz"))
      files[name.substr(0, name.size() - 3)] = unzipped(folder / name);
    else
      files[name] = std::move(bytes);
  }
  return files;
}

TEST_CASE("files of some rows have what one file of all has", "[rows]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy";
  constexpr std::size_t samples = 6;
  // One of them cannot be explained: its rows are NaN.
  write_samples(in, samples, 4);
  run(to_files(in, folder / "whole"));
  const auto whole = tree(folder / "whole");
  REQUIRE(whole.size() == 3);
  for (const std::size_t rows : {1u, 3u, 4u, 9u}) {
    INFO(rows << " rows in each file");
    const auto expected = cut(whole, samples, rows);
    const std::string name = std::to_string(rows);
    CHECK(run(to_files(in, folder / name, rows_per_file(rows))).exit_code == 1);
    CHECK(differences(tree(folder / name), expected).empty());
    const fs::path zipped = folder / (name + ".gz");
    run(to_files(in, zipped, rows_per_file(rows) + compress + Arguments{"--threads", "3"}));
    CHECK(differences(unzipped_tree(zipped), expected).empty());
    CHECK(tree(zipped).count("r.00000.npy.gz") == 1);
    for (const std::size_t n : {1u, 2u, 3u})
      for (const Arguments& more : {Arguments{}, compress}) {
        INFO(n << " shards" << (more.empty() ? "" : ", compressed"));
        const fs::path out = folder / "shards";
        const auto arguments = to_files(in, out, rows_per_file(rows) + more);
        for (std::size_t i = n; i-- > 0;) {
          run(arguments + shard(i, n));
          CHECK(!fs::exists(out / "r.00000.npy"));
          CHECK(!fs::exists(out / "r.00000.npy.gz"));
        }
        const Outcome joined = run(arguments);
        CHECK(count_of(joined.err, "in.npy[4]: ") == 1);
        CHECK(differences(tree(out), tree(more.empty() ? folder / name : zipped)).empty());
        fs::remove_all(out);
      }
  }
}

TEST_CASE("several inputs of a network and several kinds of numbers have files of their own", "[rows]") {
  const TemporaryFolder folder;
  write_samples(folder / "in.npy", 3);
  const std::string r = (folder / "r.npy").string();
  const Arguments arguments{model, (folder / "in.npy").string()};
  explain(arguments + Arguments{"--relevance", r, "--precision", "double"});
  const auto whole = ascribe::io::read_npy<double>(r).values;
  explain(arguments + Arguments{"--relevance", r, "--precision", "double", "--rows-per-file", "2",
                                "--multipliers", (folder / "m.npy").string(), "--at",
                                "/1/Gemm=" + (folder / "a.npy").string()});
  auto values = ascribe::io::read_npy<double>(folder / "r.00000.npy").values;
  const auto last = ascribe::io::read_npy<double>(folder / "r.00001.npy");
  CHECK(last.shape == std::vector<std::size_t>{1, 1, 28, 28});
  values.insert(values.end(), last.values.begin(), last.values.end());
  CHECK((values == whole));
  for (const char* name : {"m.00000.npy", "m.00001.npy", "a.00000.npy", "a.00001.npy"})
    CHECK(fs::exists(folder / name));
}

TEST_CASE("thousands of files are not open at once", "[rows]") {
  const TemporaryFolder folder;
  write_samples(folder / "in.npy", 80);
  for (const Arguments& more : {Arguments{}, compress}) {
    const fs::path out = folder / ("out" + std::to_string(more.size()));
    const Outcome outcome = run(to_files(folder / "in.npy", out, rows_per_file(1) + more), "ulimit -n 32; ");
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(tree(out).size() == 2 * 80 + 1);
  }
}

TEST_CASE("compressed files have what plain ones have", "[rows]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy";
  write_samples(in, 5);
  explain(to_files(in, folder / "whole"));
  // Not kept, kept, and of shards.
  explain(to_files(in, folder / "zipped", compress + Arguments{"--threads", "3"}));
  CHECK(differences(unzipped_tree(folder / "zipped"), tree(folder / "whole")).empty());
  const auto zipped = tree(folder / "zipped");
  CHECK(zipped.count("r.npy.gz") == 1);
  CHECK(zipped.size() == 3);
  // Neither a name nor a time is in them.
  CHECK((zipped.at("r.npy.gz").substr(0, 8) == std::string("\x1f\x8b\x08\0\0\0\0\0", 8)));
  explain(to_files(in, folder / "kept", compress + Arguments{"--resume"}));
  CHECK(differences(tree(folder / "kept"), zipped).empty());
  for (const std::size_t n : {1u, 2u, 3u}) {
    const fs::path out = folder / std::to_string(n);
    for (std::size_t i = 0; i < n; ++i) explain(to_files(in, out, compress + shard(i, n)));
    explain(to_files(in, out, compress));
    CHECK(differences(tree(out), zipped).empty());
  }

  fs::create_directory(folder / "in");
  fs::rename(in, folder / "in/a.npy");
  write_picture(folder / "in/b.png", 1);
  const auto to_folder = [&](const char* name, const Arguments& more = {}) {
    return Arguments{
               model,     (folder / "in").string(),          "--output-folder", (folder / name).string(),
               "--write", "relevance,outputs,ledger,heatmap"} +
           more;
  };
  explain(to_folder("plain_folder"));
  CHECK_THAT(explain(to_folder("zipped_folder", compress)), Contains("6 inputs: 6 explained"));
  auto found = unzipped_tree(folder / "zipped_folder"), expected = tree(folder / "plain_folder");
  CHECK_THAT(found.at("explain.json"), Contains("--compress"));
  for (auto* const files : {&found, &expected}) files->erase("explain.json");
  CHECK(differences(found, expected).empty());
  CHECK(fs::exists(folder / "zipped_folder/b.png.relevance.npy.gz"));
  // What is there is not done again, and what is not, is.
  const auto files = tree(folder / "zipped_folder");
  for (const char* name : {"a.npy.relevance.npy.gz", "b.png.outputs.npy.gz"})
    fs::remove(folder / "zipped_folder" / name);
  CHECK_THAT(explain(to_folder("zipped_folder", compress)), Contains("6 inputs: 6 explained, 0 were done"));
  CHECK_THAT(explain(to_folder("zipped_folder", compress)), Contains("6 inputs: 0 explained, 6 were done"));
  CHECK(differences(tree(folder / "zipped_folder"), files).empty());
}

TEST_CASE("a run that is killed goes on with its files of rows", "[rows]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", out = folder / "out";
  write_samples(in, 60);
  const Arguments more = rows_per_file(3) + compress;
  explain(to_files(in, folder / "whole", more));
  // The ledger is the only file that grows beyond 64 KiB: what is written there kills the program.
  const Outcome killed = run(to_files(in, out, more), "ulimit -c 0; ulimit -f 128; ");
  CHECK(killed.exit_code > 128);
  const auto kept = tree(out);
  CHECK(kept.count("r.00000.npy.gz.partial") == 1);
  CHECK(kept.count("r.00019.npy.partial") + kept.count("r.00019.npy.gz.partial") == 0);
  // What is compressed has been recorded: nobody does it again, for which the plain file would be missing.
  std::size_t compressed = 0;
  for (const auto& [name, bytes] : kept) {
    CHECK_FALSE((name.ends_with(".npy") || name.ends_with(".gz")));
    compressed += name.starts_with("r.") && name.ends_with(".gz.partial") ? 1 : 0;
  }
  const std::string& journal = kept.at("r.npy.journal");
  const std::string last = journal.substr(journal.rfind('\n', journal.size() - 2) + 1);
  CHECK(Json::parse(last)["done"] >= 3 * compressed);
  CHECK(count_of(explain(to_files(in, out, more)), "->") < 60);
  CHECK(differences(tree(out), tree(folder / "whole")).empty());
}

TEST_CASE("a run that is killed while it compresses, or gives names, goes on", "[rows]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", out = folder / "out";
  const Arguments more = rows_per_file(2) + compress;
  const auto arguments = [&](const fs::path& to, const Arguments& others = {}) {
    auto all = to_files(in, to, more + others);
    std::erase(all, "--keep-going");
    return all;
  };
  write_samples(in, 7);
  explain(arguments(folder / "whole"));
  const auto whole = tree(folder / "whole");
  // Sample 5 is no input: two files are compressed, one is begun.
  write_samples(in, 7, 5);
  CHECK_THAT(run(arguments(out)).err, Contains("(5 of 7 inputs are done and kept)"));
  write_samples(in, 7);
  const auto stopped = tree(out);
  std::set<std::string> names;
  for (const auto& [name, bytes] : stopped) names.insert(name);
  CHECK(names == std::set<std::string>{"r.00000.npy.gz.partial", "r.00001.npy.gz.partial",
                                       "r.00002.npy.partial", "o.00000.npy.gz.partial",
                                       "o.00001.npy.gz.partial", "o.00002.npy.partial", "l.json.partial",
                                       "r.npy.journal"});
  const auto begin_with = [&](const std::map<std::string, std::string>& files) {
    fs::remove_all(out);
    fs::create_directory(out);
    for (const auto& [name, bytes] : files) folder.write("out/" + name, bytes);
  };
  const auto goes_on = [&](std::size_t explained) {
    CHECK(count_of(explain(arguments(out)), "->") == explained);
    CHECK(differences(tree(out), whole).empty());
  };
  const std::string compressed = stopped.at("r.00001.npy.gz.partial"),
                    plain = unzipped(folder / "whole/r.00001.npy.gz");

  // In the middle of the second file's compression, before its name is given, and before the plain one goes.
  auto state = stopped;
  state["r.00001.npy.partial"] = plain;
  state["r.00001.npy.gz.partial.partial"] = compressed.substr(0, compressed.size() / 2);
  state.erase("r.00001.npy.gz.partial");
  begin_with(state);
  goes_on(2);
  state["r.00001.npy.gz.partial.partial"] = compressed;
  begin_with(state);
  goes_on(2);
  state.erase("r.00001.npy.gz.partial.partial");
  state["r.00001.npy.gz.partial"] = compressed;
  begin_with(state);
  goes_on(2);

  // While the last file was made, which another process then makes.
  state = stopped;
  state["r.00003.npy.partial.partial"] = plain.substr(0, 64);
  begin_with(state);
  explain(arguments(out, shard(1, 2)));
  goes_on(0);

  // All is done: in the middle of what is done at the end.
  begin_with(stopped);
  for (std::size_t i = 0; i < 2; ++i) explain(arguments(out, shard(i, 2)));
  state = tree(out);
  CHECK(state.count("r.00003.npy.gz.partial") == 1);
  CHECK(state.count("r.00000.npy.gz") == 0);
  state.erase("o.00000.npy.gz.partial");
  state["o.00000.npy.gz"] = whole.at("o.00000.npy.gz");
  state.erase("r.00003.npy.gz.partial");
  state["r.00003.npy.partial"] = unzipped(folder / "whole/r.00003.npy.gz");
  // As the journal says it then.
  state["r.npy.journal"] += "{\"whole\":true,\"done\":7,\"bytes\":0,\"failures\":[]}\n";
  for (const char* suffix : {".0", ".1"}) {
    state.erase("r.npy.journal" + std::string(suffix));
    state.erase("l.json.partial" + std::string(suffix));
  }
  state.erase("l.json.partial");
  state["l.json"] = whole.at("l.json");
  begin_with(state);
  goes_on(0);

  // A file that is missing is said before anything has its name.
  begin_with(stopped);
  for (std::size_t i = 0; i < 2; ++i) explain(arguments(out, shard(i, 2)));
  fs::remove(out / "r.00001.npy.gz.partial");
  CHECK_THAT(run(arguments(out)).err, Contains("r.00001.npy.partial: expected to have it on the disk"));
  CHECK(!fs::exists(out / "r.00000.npy.gz"));
}

TEST_CASE("no other files of rows go on with what is kept", "[rows]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", out = folder / "out";
  write_samples(in, 4);
  explain(to_files(in, out, rows_per_file(2) + shard(0, 2)));
  const auto kept = tree(out);
  for (const auto& [more, says] : std::vector<std::pair<Arguments, std::string>>{
           {rows_per_file(3), "--rows-per-file 2, found --rows-per-file 3"},
           {Arguments{"--resume"}, "--rows-per-file 2, found --rows-per-file none"},
           {rows_per_file(2) + compress, "--compress none, found --compress true"}}) {
    check_refused_by(ASCRIBE_EXPLAIN_PROGRAM, to_files(in, out, more), says);
    CHECK(differences(tree(out), kept).empty());
  }
}

TEST_CASE("an index names files of rows, and the rows in them", "[rows]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", out = folder / "out", index = folder / "index.jsonl";
  write_samples(in, 5);
  const Arguments arguments =
      to_files(in, out, rows_per_file(2) + compress + Arguments{"--index", index.string()});
  explain(arguments + shard(1, 2));
  CHECK(!fs::exists(index));
  explain(arguments);
  const std::string lines = bytes_of(index);
  CHECK(count_of(lines, "\n") == 5);
  std::size_t at = 0;
  for (std::size_t n = 0; n < 5; ++n) {
    const std::size_t end = lines.find('\n', at);
    const Json line = Json::parse(lines.substr(at, end - at));
    at = end + 1;
    CHECK(line["input"] == in.string() + "[" + std::to_string(n) + "]");
    CHECK(line["row"] == n % 2);
    const std::string ending = ".0000" + std::to_string(n / 2) + ".npy.gz";
    CHECK(line["files"] == Json{(out / ("r" + ending)).string(), (out / ("o" + ending)).string()});
    CHECK(line["ledger"] == (out / "l.json").string());
  }
}

TEST_CASE("options of files of rows that contradict others", "[rows]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy";
  write_samples(in, 3);
  const std::string r = (folder / "r.npy").string(), out = (folder / "out").string();
  for (const auto& [says, arguments] : std::vector<std::pair<std::string, Arguments>>{
           {"--rows-per-file: Value 0 not in range", {"--relevance", r, "--rows-per-file", "0"}},
           {"--rows-per-file: in --output-folder each input file has its own",
            {"--output-folder", out, "--rows-per-file", "2"}},
           {"--rows-per-file: there is no .npy file", {"--ledger", r, "--rows-per-file", "2"}},
           {"--rows-per-file: the one picture of --heatmap",
            {"--relevance", r, "--heatmap", out, "--rows-per-file", "2"}},
           {"--compress: there is no .npy file", {"--compress"}},
           {"--compress: there is no .npy file", {"--ledger", r, "--compress"}},
           {"--compress: there is no .npy file", {"--output-folder", out, "--write", "ledger", "--compress"}},
           {"--relevance: --compress adds .gz to the names", {"--relevance", r + ".gz", "--compress"}}}) {
    check_refused_by(ASCRIBE_EXPLAIN_PROGRAM, Arguments{model, in.string()} + arguments, says, 2);
    CHECK(folder.file_count() == 1);
  }
  check_refused_by(ASCRIBE_EXPLAIN_PROGRAM, {model, "--describe", "--compress"}, "--compress: needs an INPUT",
                   2);

  // Places that only the numbers of files say.
  const Arguments two = Arguments{"--relevance", r} + rows_per_file(2);
  const fs::path input = folder / "r.00001.npy";
  fs::rename(in, input);
  const std::string before = bytes_of(input);
  check_refused_by(ASCRIBE_EXPLAIN_PROGRAM, Arguments{model, input.string()} + two,
                   "r.00001.npy: expected another place for an output, found that it is read as");
  CHECK((bytes_of(input) == before));
  fs::rename(input, in);
  check_refused_by(ASCRIBE_EXPLAIN_PROGRAM,
                   Arguments{model, in.string(), "--ledger", (folder / "r.00000.npy").string()} + two,
                   "r.00000.npy: expected a place for each output, found one for two");
  check_refused_by(ASCRIBE_EXPLAIN_PROGRAM,
                   {model, in.string(), "--relevance", r, "--compress", "--ledger", r + ".gz"},
                   "r.npy.gz: expected a place for each output, found one for two");
  CHECK(folder.file_count() == 1);
  fs::create_directory(input);
  check_refused_by(ASCRIBE_EXPLAIN_PROGRAM, Arguments{model, in.string()} + two,
                   "r.00001.npy: expected a file or nothing to write over");
}

}  // namespace
