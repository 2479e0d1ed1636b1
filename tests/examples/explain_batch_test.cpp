#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/files.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

// Many inputs, from disk to disk, and runs that are interrupted: the program as its users run it.
namespace {

namespace fs = std::filesystem;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::differences;
using ascribe::test::explain;
using ascribe::test::Message;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::run;
using ascribe::test::TemporaryFolder;
using ascribe::test::tree;
using ascribe::test::write_picture;
using ascribe::test::write_samples;
using ascribe::test::operator+;
using Json = nlohmann::json;

const std::string model = of_repository("examples/data/mnist_cnn.onnx"),
                  digits = of_repository("tests/golden/input.npy");

std::set<std::string> names(const fs::path& folder) {
  std::set<std::string> all;
  for (const auto& [name, content] : tree(folder)) all.insert(name);
  return all;
}

void overwrite(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

TEST_CASE("each file of a folder gets its own in the output folder", "[explain]") {
  const TemporaryFolder folder;
  const std::string in = (folder / "in").string(), out = (folder / "out").string();
  write_picture(folder / "in/b.png", 1);
  write_picture(folder / "in/sub/a.png", 2);
  write_picture(folder / "in/.hidden.png", 3);
  write_samples(folder / "in/c.npy", 3);
  overwrite(folder / "in/notes.txt", "no input");
  const std::string printed =
      explain({model, in, "--output-folder", out, "--write", "relevance,outputs,ledger,heatmap"});
  CHECK(printed == "note: " + in + ": 1 files that are neither .npy, .png nor .jpg are left out\n" +
                       "5 inputs: 5 explained, 0 were done before\n");
  std::set<std::string> expected{"explain.json"};
  for (const std::string name : {"b.png", "sub/a.png", "c.npy"})
    for (const char* kind : {".relevance.npy", ".outputs.npy", ".ledger.json", ".heatmap.png"})
      expected.insert(name + kind);
  expected.erase("c.npy.heatmap.png");
  for (const char* number : {"0", "1", "2"}) expected.insert("c.npy." + std::string(number) + ".heatmap.png");
  CHECK(names(out) == expected);

  // The same as each by itself.
  const auto files = tree(out);
  for (const std::string name : {"b.png", "sub/a.png", "c.npy"}) {
    INFO(name);
    explain({model, in + "/" + name, "--relevance", (folder / "r").string(), "--output-values",
             (folder / "o").string(), "--ledger", (folder / "l").string(), "--heatmap",
             (folder / "h").string()});
    CHECK((files.at(name + ".relevance.npy") == bytes_of(folder / "r")));
    CHECK((files.at(name + ".outputs.npy") == bytes_of(folder / "o")));
    CHECK((files.at(name + ".ledger.json") == bytes_of(folder / "l")));
    if (name != "c.npy") CHECK((files.at(name + ".heatmap.png") == bytes_of(folder / "h")));
  }
  CHECK(Json::parse(files.at("c.npy.ledger.json"))["samples"].size() == 3);
  CHECK((files.at("c.npy.1.heatmap.png") != files.at("c.npy.2.heatmap.png")));

  // Neither the number of threads nor an output folder among the inputs changes anything.
  for (int again = 0; again < 2; ++again)
    explain({model, in, "--output-folder", in + "/out", "--write", "relevance,outputs,ledger,heatmap",
             "--threads", "3"});
  CHECK(differences(tree(in + "/out"), files).empty());
}

TEST_CASE("inputs come from a list, and are named from the folder that they share", "[explain]") {
  const TemporaryFolder folder;
  write_picture(folder / "in/x/a.png", 1);
  write_picture(folder / "in/y/a.png", 2);
  const std::string x = (folder / "in/x/a.png").string(), y = (folder / "in/y/a.png").string();
  const std::string list = folder.write("list", x + "\r\n\n" + y + "\n").string();
  const auto relevance = [&](const Arguments& inputs, const std::string& before = "") {
    const Outcome outcome = run(Arguments{model, "--relevance", (folder / "r").string()} + inputs, before);
    CHECK(outcome.exit_code == 0);
    return bytes_of(folder / "r");
  };
  const std::string both = relevance({x, y});
  CHECK((relevance({"--inputs-from", list}) == both));
  CHECK((relevance({x, "--inputs-from", "-"}, "echo '" + y + "' | ") == both));
  CHECK((relevance({y, x}) != both));
  explain(
      {model, "--inputs-from", list, "--output-folder", (folder / "out").string(), "--write", "relevance"});
  CHECK(names(folder / "out") ==
        std::set<std::string>{"explain.json", "x/a.png.relevance.npy", "y/a.png.relevance.npy"});
  explain({model, x, "--output-folder", (folder / "one").string(), "--write", "relevance"});
  CHECK(names(folder / "one") == std::set<std::string>{"explain.json", "a.png.relevance.npy"});
}

TEST_CASE("what is there is not done again", "[explain]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in", out = folder / "out";
  for (int n = 0; n < 4; ++n) write_picture(in / (std::to_string(n) + ".png"), n);
  const Arguments arguments{model,        in.string(), "--output-folder",
                            out.string(), "--write",   "relevance,ledger"};
  explain(arguments);
  const auto whole = tree(out);
  // As if the run had ended in the middle of input 2: its ledger is half-written, and 3 is not begun.
  for (const char* name : {"2.png.ledger.json", "3.png.relevance.npy", "3.png.ledger.json"})
    fs::remove(out / name);
  overwrite(out / "2.png.ledger.json.partial", "half");
  overwrite(out / "0.png.relevance.npy", "done before");
  CHECK(explain(arguments) == "4 inputs: 2 explained, 2 were done before\n");
  const auto after = tree(out);
  CHECK(after.at("0.png.relevance.npy") == "done before");
  CHECK(differences(after, whole) == std::set<std::string>{"0.png.relevance.npy"});
  // More inputs are only more to do.
  write_picture(in / "4.png", 4);
  CHECK(explain(arguments + Arguments{"--threads", "3"}) == "5 inputs: 1 explained, 4 were done before\n");
}

TEST_CASE("a run that is killed in the middle goes on, and ends as if it had not been", "[explain]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in", out = folder / "out";
  for (int n = 0; n < 3; ++n) write_picture(in / (std::to_string(n) + ".png"), n);
  write_samples(in / "1a.npy", 40);
  const auto arguments = [&](const fs::path& to) {
    return Arguments{model, in.string(), "--output-folder", to.string(), "--write", "outputs,ledger"};
  };
  explain(arguments(folder / "whole"));
  // The files of a picture are shorter than 64 KiB, the ledger of 40 samples is not: the first write
  // beyond that length kills the program.
  const Outcome killed = run(arguments(out), "ulimit -c 0; ulimit -f 128; ");
  CHECK(killed.exit_code > 128);
  CHECK(names(out).count("1.png.ledger.json") == 1);
  CHECK(names(out).count("1a.npy.ledger.json") == 0);
  CHECK(names(out).count("1a.npy.ledger.json.partial") == 1);
  CHECK(names(out).count("2.png.ledger.json") == 0);
  overwrite(out / "0.png.outputs.npy", "done before");
  CHECK(count_of(explain(arguments(out)), "43 inputs: ") == 1);
  const auto after = tree(out);
  CHECK(after.at("0.png.outputs.npy") == "done before");
  CHECK(differences(after, tree(folder / "whole")) == std::set<std::string>{"0.png.outputs.npy"});
}

TEST_CASE("one large file goes on where it was", "[explain]") {
  const TemporaryFolder folder;
  const std::string in = (folder / "in.npy").string();
  const std::vector<std::string> outputs{"r.npy", "o.npy", "l.json"};
  const auto arguments = [&](const fs::path& to) {
    return Arguments{model,
                     in,
                     "--resume",
                     "--relevance",
                     (to / outputs[0]).string(),
                     "--output-values",
                     (to / outputs[1]).string(),
                     "--ledger",
                     (to / outputs[2]).string()};
  };
  const fs::path whole = folder / "whole", out = folder / "out";
  fs::create_directory(whole);
  fs::create_directory(out);
  write_samples(in, 9);
  explain(arguments(whole));
  CHECK(names(whole) == std::set<std::string>(outputs.begin(), outputs.end()));

  // Sample 6 is no input: the six before it are done and kept.
  write_samples(in, 9, 6);
  const Outcome stopped = run(arguments(out) + Arguments{"--threads", "2"});
  CHECK(stopped.exit_code == 1);
  CHECK(count_of(stopped.out, "->") == 6);
  CHECK_THAT(stopped.err, Contains("in.npy[6]: ") && Contains("(6 of 9 inputs are done and kept)"));
  CHECK(count_of(stopped.err, "\n") == 1);
  const std::set<std::string> kept{"r.npy.partial", "o.npy.partial", "l.json.partial", "r.npy.journal"};
  CHECK(names(out) == kept);
  // No other arguments go on with that.
  for (const Arguments& other : {Arguments{"--method", "lrp"},
                                 {"--target", "3"},
                                 {"--precision", "double"},
                                 {"--labels", "/dev/null"}}) {
    const Outcome refused = run(arguments(out) + other);
    CHECK(refused.exit_code == 1);
    CHECK(count_of(refused.err, "\n") == 1);
    if (other[0] != "--labels")
      CHECK_THAT(refused.err, Contains("r.npy.journal: expected the run that was begun there, " + other[0]));
    CHECK(names(out) == kept);
  }

  const auto before = tree(out);
  // The journal's last line was not written whole, what stands behind the last record in the ledger is cut,
  // and a value of a sample that is done shows that it is not done again.
  const auto finish = [&](const std::string& journal) {
    for (const auto& [name, content] : before) overwrite(out / name, content);
    overwrite(out / "r.npy.journal", journal);
    overwrite(out / "l.json.partial", before.at("l.json.partial") + ",\n  {\n   \"input\": \"in");
    const std::vector<float> mark{12345};
    ascribe::io::NpyWriter<float>::reopen(out / "r.npy.partial", {9, 1, 28, 28})
        .write(784 * 5 + 100, std::span<const float>(mark));
    // Interrupted once more: sample 7 is no input now.
    write_samples(in, 9, 7);
    const Outcome again = run(arguments(out));
    CHECK_THAT(again.err, Contains("(7 of 9 inputs are done and kept)"));
    write_samples(in, 9);
    const std::string printed = again.out + explain(arguments(out) + Arguments{"--threads", "3"});
    CHECK(names(out) == names(whole));
    CHECK(differences(tree(out), tree(whole)) ==
          (count_of(printed, "->") < 9 ? std::set<std::string>{"r.npy"} : std::set<std::string>{}));
    auto found = ascribe::io::read_npy<float>(out / "r.npy");
    const auto expected = ascribe::io::read_npy<float>(whole / "r.npy");
    const bool marked = found.values[784 * 5 + 100] == 12345;
    found.values[784 * 5 + 100] = expected.values[784 * 5 + 100];
    CHECK((found.values == expected.values));
    for (const std::string& name : outputs) fs::remove(out / name);
    return std::pair(marked, count_of(printed, "->"));
  };
  const std::string journal = before.at("r.npy.journal");
  CHECK(finish(journal) == std::pair(true, std::size_t(3)));
  CHECK(finish(journal + "{\"done\": 8, \"byt") == std::pair(true, std::size_t(3)));
  // Without its only record nothing is done; without its first line nothing was begun.
  CHECK(finish(journal.substr(0, journal.size() - 3)) == std::pair(false, std::size_t(9)));
  overwrite(out / "r.npy.journal", journal.substr(0, 30));
  CHECK(count_of(explain(arguments(out)), "->") == 9);
  CHECK(differences(tree(out), tree(whole)).empty());

  // What is no record, and what has none, is not gone on with.
  for (const auto& [name, content] : before) overwrite(out / name, content);
  overwrite(out / "r.npy.journal", journal + "nonsense\n");
  CHECK_THAT(run(arguments(out)).err, Contains("r.npy.journal: expected a record of what is done"));
  fs::remove(out / "r.npy.journal");
  const Outcome alone = run(arguments(out));
  CHECK_THAT(alone.err, Contains("r.npy.partial: expected") && Contains("found none") && !Contains("kept"));
  CHECK((bytes_of(out / "r.npy.partial") == before.at("r.npy.partial")));
  // All was done, and the names were being given.
  for (const auto& [name, content] : tree(whole)) overwrite(out / (name + ".partial"), content);
  fs::rename(out / "r.npy.partial", out / "r.npy");
  overwrite(out / "r.npy.journal", journal + "{\"done\":9,\"bytes\":1,\"failures\":[\"an old failure\"]}\n");
  const Outcome named = run(arguments(out));
  CHECK(named.out.empty());
  CHECK(named.exit_code == 1);
  CHECK(named.err == "explain: an old failure\nexplain: 1 of 9 inputs could not be explained\n");
  CHECK(differences(tree(out), tree(whole)).empty());
}

TEST_CASE("an input in the middle that cannot be explained", "[explain]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in", out = folder / "out";
  for (int n = 0; n < 5; ++n) write_picture(in / (std::to_string(n) + ".png"), n);
  overwrite(in / "2.png", bytes_of(in / "2.png").substr(0, 100));
  const Arguments arguments{model, in.string(), "--output-folder", out.string(), "--write", "relevance"};

  SECTION("ends the run, which keeps what is done") {
    const Outcome outcome = run(arguments + Arguments{"--threads", "3"});
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Contains("2.png") && Contains("(2 of 5 inputs are done and kept)"));
    CHECK(count_of(outcome.err, "\n") == 1);
    CHECK(names(out) == std::set<std::string>{"explain.json", "0.png.relevance.npy", "1.png.relevance.npy"});
    write_picture(in / "2.png", 2);
    CHECK(explain(arguments) == "5 inputs: 3 explained, 2 were done before\n");
  }
  SECTION("does not keep the others from being explained, if so asked") {
    write_samples(in / "5.npy", 3, 1);
    ascribe::io::write_npy(in / "6.npy", {4}, std::vector<float>(4));
    const Outcome outcome = run(arguments + Arguments{"--keep-going"});
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out == "9 inputs: 6 explained, 0 were done before\n");
    const std::string& said = outcome.err;
    CHECK(count_of(said, "\n") == 4);
    CHECK((said.find("2.png") < said.find("5.npy[1]: ") && said.find("5.npy[1]: ") < said.find("6.npy: ")));
    CHECK_THAT(said, Contains("explain: 3 of 9 inputs could not be explained\n"));
    CHECK(names(out) == std::set<std::string>{"explain.json", "0.png.relevance.npy", "1.png.relevance.npy",
                                              "3.png.relevance.npy", "4.png.relevance.npy",
                                              "5.npy.relevance.npy"});
    const auto found = ascribe::io::read_npy<float>(out / "5.npy.relevance.npy");
    for (std::size_t i = 0; i < 3 * 784; ++i) CHECK(std::isnan(found.values[i]) == (i / 784 == 1));
    // The input that has no file is tried again.
    write_picture(in / "2.png", 2);
    fs::remove(in / "6.npy");
    CHECK(explain(arguments) == "8 inputs: 1 explained, 7 were done before\n");
  }
  SECTION("has a row of NaN and a word in the ledger among others") {
    const Outcome outcome = run({model, in.string(), "--keep-going", "--relevance", (folder / "r").string(),
                                 "--ledger", (folder / "l").string(), "--heatmap", (folder / "h").string()});
    CHECK(outcome.exit_code == 1);
    CHECK(count_of(outcome.out, "->") == 4);
    const auto found = ascribe::io::read_npy<float>(folder / "r");
    REQUIRE(found.shape == std::vector<std::size_t>{5, 1, 28, 28});
    for (std::size_t i = 0; i < 5 * 784; ++i) CHECK(std::isnan(found.values[i]) == (i / 784 == 2));
    const Json ledger = Json::parse(bytes_of(folder / "l"));
    REQUIRE(ledger["samples"].size() == 5);
    CHECK(ledger["samples"][3].contains("totals"));
    CHECK_FALSE(ledger["samples"][2].contains("totals"));
    CHECK_THAT(ledger["samples"][2]["error"].get<std::string>(), Contains("2.png"));
    CHECK(fs::exists(folder / "h"));
  }
  SECTION("leaves nothing without an output folder") {
    CHECK(run({model, in.string(), "--relevance", (folder / "r").string()}).exit_code == 1);
    CHECK(folder.file_count() == 1);
  }
}

TEST_CASE("pictures alone are gone on with, too", "[explain]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", out = folder / "out";
  write_samples(in, 5);
  const Arguments arguments{model, in.string(), "--output-folder", out.string(), "--write", "heatmap"};
  explain(arguments);
  const auto whole = tree(out);
  CHECK(whole.size() == 6);
  for (const char* number : {"0", "1", "3"})
    fs::remove(out / ("in.npy." + std::string(number) + ".heatmap.png"));
  CHECK(explain(arguments) == "5 inputs: 3 explained, 2 were done before\n");
  CHECK(differences(tree(out), whole).empty());
}

TEST_CASE("an output folder is one run's", "[explain]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in", out = folder / "out";
  write_picture(in / "a.png", 1);
  const auto at = [&](const std::string& name) { return (folder / name).string(); };
  const Arguments arguments{model, in.string(), "--output-folder", out.string()};
  explain(arguments);
  const auto before = tree(out);
  fs::create_directory(folder / "other");
  write_picture(folder / "other/a.png", 2);
  const std::string copy = at("other.onnx");
  overwrite(copy, bytes_of(model));
  const auto refused = [&](const Arguments& others, const std::string& says) {
    const Outcome outcome = run(others);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out.empty());
    CHECK(count_of(outcome.err, "\n") == 1);
    CHECK_THAT(outcome.err, Contains(says));
    CHECK(differences(tree(out), before).empty());
  };
  refused(arguments + Arguments{"--method", "lrp"}, "--method \"lrp_q\", found --method \"lrp\"");
  refused(arguments + Arguments{"--target", "3"}, "--target [], found --target [3]");
  refused(arguments + Arguments{"--mean", "0.5"}, "--mean [0.0], found --mean [0.5]");
  refused(arguments + Arguments{"--precision", "double"}, "--precision");
  refused(arguments + Arguments{"--write", "ledger"},
          "--write \"relevance,ledger\", found --write \"ledger\"");
  refused({model, at("other"), "--output-folder", out.string()}, "folder of the inputs");
  // The model counts by what is in it.
  CHECK(explain({copy, in.string(), "--output-folder", out.string(), "--threads", "2"}) ==
        "1 inputs: 0 explained, 1 were done before\n");
  std::string changed = bytes_of(model);
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
  overwrite(copy, changed);
  refused({copy, in.string(), "--output-folder", out.string()}, "MODEL");

  refused({model, in.string(), "--output-folder", in.string()}, "found a.png and no explain.json");
  refused({model, in.string(), in.string(), "--output-folder", at("new")},
          "a.png: expected every input once");
  refused({model, in.string(), "--output-folder", copy}, "expected a folder");
  fs::create_directory(folder / "empty");
  refused({model, at("empty"), "--output-folder", at("new")}, "found none in it");
  refused({model, "--inputs-from", at("none")}, "a file of paths");
  refused({model, "--inputs-from", folder.write("no_lines", "\n").string()}, "found no line");
  refused({model, in.string(), at("none.png"), "--relevance", at("r")}, "none.png");
  CHECK_FALSE(fs::exists(folder / "new"));
}

TEST_CASE("weights beside a model count for what a run is", "[explain]") {
  using ascribe::test::Message;
  const TemporaryFolder folder;
  const auto value = [](const char* name, std::int64_t size) {
    const Message shape = Message().message(1, Message().text(2, "N")).message(1, Message().integer(1, size));
    return Message().text(1, name).message(2,
                                           Message().message(1, Message().integer(1, 1).message(2, shape)));
  };
  const std::string network =
      folder
          .write("outside.onnx",
                 ascribe::test::model_message(
                     Message()
                         .message(1, ascribe::test::node_message("MatMul", {"a", "w"}, {"b"}))
                         .message(5, ascribe::test::tensor_message("w", 1, {2, 1})
                                         .message(13, Message().text(1, "location").text(2, "w.bin"))
                                         .integer(14, 1))
                         .message(11, value("a", 2))
                         .message(12, value("b", 1)))
                     .bytes)
          .string();
  const auto weights = [&](float first) {
    const float both[] = {first, 2};
    folder.write("w.bin", std::string(reinterpret_cast<const char*>(both), sizeof both));
  };
  weights(1);
  const std::vector<float> x{3, 4};
  ascribe::io::write_npy(folder / "x.npy", {2}, std::span<const float>(x));
  const Arguments arguments{network, (folder / "x.npy").string(), "--output-folder",
                            (folder / "out").string()};
  explain(arguments);
  CHECK_THAT(explain(arguments), Contains("0 explained, 1 were done before"));
  weights(5);
  CHECK_THAT(run(arguments).err, Contains("expected the run that was begun there, MODEL "));
}

TEST_CASE("options for many inputs that contradict each other", "[explain]") {
  const TemporaryFolder folder;
  const std::string out = (folder / "out").string(), r = (folder / "r").string();
  const std::vector<std::pair<std::string, Arguments>> mistakes{
      {"--relevance: goes to one file", {digits, "--output-folder", out, "--relevance", r}},
      {"--top", {digits, "--output-folder", out, "--top", "1"}},
      {"--resume: --output-folder always", {digits, "--output-folder", out, "--resume"}},
      {"--write: needs an --output-folder", {digits, "--write", "ledger"}},
      {"found 'books'", {digits, "--output-folder", out, "--write", "ledger,books"}},
      {"--resume: needs --relevance", {digits, "--resume"}},
      {"--resume: the one picture", {digits, "--resume", "--relevance", r, "--heatmap", out}},
      {"needs an INPUT", {"--describe", "--output-folder", out}},
      {"--output-folder: expected a folder", {digits, "--output-folder", ""}},
  };
  for (const auto& [says, arguments] : mistakes) {
    const Outcome outcome = run(Arguments{model} + arguments);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, Contains(says));
    CHECK(folder.file_count() == 0);
  }
}

TEST_CASE("targets and baselines one each are counted over all inputs", "[explain]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in", out = folder / "out";
  fs::create_directory(in);
  write_samples(in / "a.npy", 2);
  write_samples(in / "b.npy", 2);
  write_samples(folder / "against.npy", 4);
  const Arguments each{"--target",  "9,0,3,1",    "--method",
                       "deep_lift", "--baseline", (folder / "against.npy").string()};
  explain(Arguments{model, in.string(), "--relevance", (folder / "r").string()} + each);
  explain(Arguments{model, in.string(), "--output-folder", out.string(), "--write", "relevance"} + each);
  const auto all = ascribe::io::read_npy<float>(folder / "r").values;
  auto found = ascribe::io::read_npy<float>(out / "a.npy.relevance.npy").values;
  const auto rest = ascribe::io::read_npy<float>(out / "b.npy.relevance.npy").values;
  found.insert(found.end(), rest.begin(), rest.end());
  CHECK((found == all));
  // b's samples are not their own baselines, as a's are.
  CHECK(std::all_of(all.begin(), all.begin() + 2 * 784, [](float v) { return v == 0; }));
  CHECK(std::any_of(all.begin() + 2 * 784, all.end(), [](float v) { return v != 0; }));
  // With another file before them they would be other numbers.
  write_samples(in / "0.npy", 1);
  const Outcome outcome = run({model, in.string(), "--output-folder", out.string(), "--write", "relevance",
                               "--target", "9,0,3,1,5", "--method", "deep_lift", "--baseline", "zero"});
  CHECK_THAT(outcome.err, Contains("expected the run that was begun there"));
}

TEST_CASE("an array is explained in far less memory than it takes", "[explain]") {
  const TemporaryFolder folder;
  // 512 samples of 65,536 bytes, which are 256 MiB once they are numbers of eight bytes.
  constexpr std::int64_t features = 65536, samples = 512;
  const auto value = [](const std::string& name, std::int64_t size) {
    const Message shape = Message().message(1, Message().text(2, "N")).message(1, Message().integer(1, size));
    return Message().text(1, name).message(2,
                                           Message().message(1, Message().integer(1, 1).message(2, shape)));
  };
  const std::string sum =
      folder
          .write("sum.onnx", ascribe::test::model_message(
                                 Message()
                                     .message(1, ascribe::test::node_message("MatMul", {"a", "w"}, {"b"}))
                                     .message(5, ascribe::test::tensor_message("w", 1, {features, 1})
                                                     .packed_floats(4, std::vector<float>(features, 1.0f)))
                                     .message(11, value("a", features))
                                     .message(12, value("b", 1)))
                                 .bytes)
          .string();
  std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
  bytes += "{'descr': '|u1', 'fortran_order': False, 'shape': (512, 65536), }";
  bytes.resize(127, ' ');
  bytes += '\n';
  for (std::int64_t n = 0; n < samples; ++n) bytes += std::string(features, static_cast<char>(n % 256));
  const std::string in = folder.write("in.npy", bytes).string();
  const Arguments arguments{sum,
                            in,
                            "--output-values",
                            (folder / "o.npy").string(),
                            "--relevance",
                            (folder / "r.npy").string(),
                            "--ledger",
                            (folder / "l.json").string(),
                            "--threads",
                            "2"};
  const Outcome outcome = run(arguments, "ulimit -v 131072; MALLOC_ARENA_MAX=1 OMP_NUM_THREADS=1 ");
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  const auto sums = ascribe::io::read_npy<float>(folder / "o.npy").values;
  REQUIRE(sums.size() == samples);
  for (std::size_t n = 0; n < samples; ++n) CHECK(sums[n] == float(n % 256) * 65536);
}

}  // namespace
