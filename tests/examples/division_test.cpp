#include "examples/support/division.hpp"

#include <cstddef>
#include <filesystem>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "examples/support/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

// Work that is shared out: the division by itself, and the programs as their users run them. Results are
// those of one process to the last bit.
namespace {

namespace fs = std::filesystem;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::differences;
using ascribe::test::explain;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::printed_by;
using ascribe::test::run;
using ascribe::test::run_program;
using ascribe::test::TemporaryFolder;
using ascribe::test::tree;
using ascribe::test::write_picture;
using ascribe::test::write_samples;
using ascribe::test::operator+;
using Json = nlohmann::json;

const std::string model = of_repository("examples/data/mnist_mlp.onnx"),
                  images = of_repository("examples/data/digits/test-images.idx3-ubyte.gz"),
                  labels = of_repository("examples/data/digits/test-labels.idx1-ubyte");

std::vector<std::size_t> all_of(examples::Division& division, std::size_t total) {
  division.begin(total);
  std::vector<std::size_t> items;
  while (const auto item = division.next()) {
    CHECK(division.next() == item);
    items.push_back(*item);
    division.take();
  }
  return items;
}

TEST_CASE("shards are all items, each once, in order", "[division]") {
  examples::Division alone;
  for (const std::size_t total : {0u, 1u, 2u, 7u, 100u}) {
    const std::vector<std::size_t> whole = all_of(alone, total);
    CHECK(whole.size() == total);
    for (const std::size_t n : {1u, 2u, 3u, 5u, 101u}) {
      std::vector<std::size_t> joined;
      for (std::size_t i = 0; i < n; ++i) {
        examples::ShardDivision shard({i, n});
        const auto items = all_of(shard, total);
        CHECK(items.size() <= total / n + 1);
        joined.insert(joined.end(), items.begin(), items.end());
      }
      CHECK(joined == whole);
    }
  }
  for (const char* wrong : {"", "1", "/", "1/", "/2", "2/2", "-1/2", "0/0", "1/2/3", "a/b", "0/1000001"})
    CHECK_THROWS_AS(examples::shard_in(wrong), std::invalid_argument);
  CHECK(examples::shard_in("3/4").number == 3);
  CHECK(examples::shard_in("3/4").of == 4);
}

Arguments shard(std::size_t i, std::size_t n) {
  return {"--shard", std::to_string(i) + "/" + std::to_string(n)};
}

/// The command that explains `in` into three files of a folder, with failures named and left out.
Arguments to_files(const fs::path& in, const fs::path& folder) {
  return {model,
          in.string(),
          "--relevance",
          (folder / "r.npy").string(),
          "--output-values",
          (folder / "o.npy").string(),
          "--ledger",
          (folder / "l.json").string(),
          "--threads",
          "2"};
}

TEST_CASE("shards of one output are one process's to the last bit", "[division]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", whole = folder / "whole";
  write_samples(in, 11);
  fs::create_directory(whole);
  explain(to_files(in, whole));
  for (const std::size_t n : {1u, 2u, 3u, 5u}) {
    INFO(n);
    const fs::path out = folder / std::to_string(n);
    fs::create_directory(out);
    // In any order.
    for (std::size_t i = n; i-- > 0;) {
      const std::string printed = printed_by(ASCRIBE_EXPLAIN_PROGRAM, to_files(in, out) + shard(i, n));
      const std::size_t own = (i + 1) * 11 / n - i * 11 / n;
      CHECK(printed ==
            std::to_string(own) + " inputs: " + std::to_string(own) + " explained, 0 were done before\n");
      CHECK(!fs::exists(out / "r.npy"));
    }
    CHECK(printed_by(ASCRIBE_EXPLAIN_PROGRAM, to_files(in, out) + shard(0, n)) ==
          std::to_string(11 / n) + " inputs: 0 explained, " + std::to_string(11 / n) + " were done before\n");
    // Nothing is left to be explained.
    CHECK(explain(to_files(in, out)).empty());
    CHECK(differences(tree(out), tree(whole)).empty());
  }
}

TEST_CASE("shards go on with what others have begun, whatever their number", "[division]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", whole = folder / "whole", out = folder / "out";
  fs::create_directory(whole);
  fs::create_directory(out);
  write_samples(in, 13);
  explain(to_files(in, whole));
  // One process that stops at sample 3, shards 1 of 4, 0 of 2, which stops at sample 5, and one process for
  // the rest.
  write_samples(in, 13, 3);
  CHECK(run(to_files(in, out) + Arguments{"--resume"}).exit_code == 1);
  write_samples(in, 13);
  explain(to_files(in, out) + shard(1, 4));
  write_samples(in, 13, 11);
  const Outcome stopped = run(to_files(in, out) + shard(1, 2));
  CHECK_THAT(stopped.err, Contains("in.npy[11]: ") && Contains("(5 of 7 inputs are done and kept)"));
  write_samples(in, 13);
  // Sample 4 is known: a value that stays shows that nobody does it again.
  const std::vector<float> mark{12345};
  ascribe::io::NpyWriter<float>::reopen(out / "r.npy.partial", {13, 1, 28, 28})
      .write(784 * 4 + 100, std::span<const float>(mark));
  CHECK(count_of(explain(to_files(in, out)), "->") == 2);
  CHECK(differences(tree(out), tree(whole)) == std::set<std::string>{"r.npy"});
  auto found = ascribe::io::read_npy<float>(out / "r.npy").values;
  const auto expected = ascribe::io::read_npy<float>(whole / "r.npy").values;
  CHECK(found[784 * 4 + 100] == 12345);
  found[784 * 4 + 100] = expected[784 * 4 + 100];
  CHECK((found == expected));
}

TEST_CASE("a shard says what it could not explain, and who puts together says it of all", "[division]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", whole = folder / "whole", out = folder / "out";
  fs::create_directory(whole);
  fs::create_directory(out);
  write_samples(in, 6, 4);
  const Arguments keep{"--keep-going"};
  const Outcome expected = run(to_files(in, whole) + keep);
  CHECK(run(to_files(in, out) + keep + shard(0, 2)).err.empty());
  const Outcome second = run(to_files(in, out) + keep + shard(1, 2));
  CHECK(second.exit_code == 1);
  CHECK(count_of(second.err, "in.npy[4]: ") == 1);
  CHECK_THAT(second.err, Contains("1 of 3 inputs could not be explained"));
  const Outcome joined = run(to_files(in, out) + keep + Arguments{"--resume"});
  CHECK(joined.exit_code == 1);
  CHECK(joined.err == expected.err);
  CHECK(differences(tree(out), tree(whole)).empty());
}

TEST_CASE("shards of a folder of files are one process's to the last bit", "[division]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in";
  for (int n = 0; n < 5; ++n) write_picture(in / (std::to_string(n) + ".png"), n);
  write_samples(in / "2a.npy", 4);
  write_samples(in / "sub/b.npy", 1);
  const auto arguments = [&](const fs::path& out) {
    return Arguments{model,        in.string(), "--output-folder",
                     out.string(), "--write",   "relevance,ledger,heatmap"};
  };
  explain(arguments(folder / "whole"));
  for (const std::size_t n : {1u, 2u, 3u, 5u}) {
    INFO(n);
    const fs::path out = folder / std::to_string(n);
    std::size_t inputs = 0;
    for (std::size_t i = 0; i < n; ++i) inputs += std::stoul(explain(arguments(out) + shard(i, n)));
    CHECK(inputs == 10);
    CHECK(explain(arguments(out)) == "10 inputs: 0 explained, 10 were done before\n");
    CHECK(differences(tree(out), tree(folder / "whole")).empty());
  }
}

TEST_CASE("two runs never do the same inputs at the same time", "[division]") {
  const TemporaryFolder folder;
  folder.write("shared", "anything");
  const fs::path path = folder / "shared";
  const examples::Lock first(path, {0, 3}), third(path, {2, 3});
  CHECK_THROWS_WITH(examples::Lock(path), Contains("another run uses it"));
  CHECK_THROWS_WITH(examples::Lock(path, {0, 3}), Contains("another run uses it"));
  CHECK_THROWS_WITH(examples::Lock(path, {0, 2}), Contains("another run uses it"));
  CHECK_THROWS_WITH(examples::Lock(path, {1, 2}), Contains("another run uses it"));
  CHECK_NOTHROW(examples::Lock(path, {1, 3}));
  CHECK_NOTHROW(examples::Lock(path, {3, 9}));
}

TEST_CASE("options of shards that contradict others", "[division]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy";
  write_samples(in, 2);
  const std::string r = (folder / "r.npy").string();
  for (const auto& [says, arguments] : std::vector<std::pair<std::string, Arguments>>{
           {"--shard: expected i/n", {"--relevance", r, "--shard", "2/2"}},
           {"--shard: needs --relevance", shard(0, 2)},
           {"--shard: the one picture of --heatmap",
            Arguments{"--relevance", r, "--heatmap", r + ".png"} + shard(0, 2)},
           {"--shard: the one page", Arguments{"--relevance", r, "--page", r + ".html"} + shard(0, 2)}}) {
    const Outcome outcome = run(Arguments{model, in.string()} + arguments);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, Contains(says));
  }
  for (const char* program : {ASCRIBE_JUDGE_PROGRAM,
#ifdef ASCRIBE_GROUPS_PROGRAM
                              ASCRIBE_GROUPS_PROGRAM
#endif
       }) {
    const Outcome outcome = run_program(program, Arguments{model, in.string()} + shard(0, 2));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, Contains("--shard: needs --resume STATE"));
  }
}

/// Without what the clock says.
Json timeless(const fs::path& path) {
  Json json = Json::parse(bytes_of(path));
  for (Json& line : json.at("methods")) line.erase("ms");
  return json;
}

TEST_CASE("judge: shards are judged as one process judges", "[division]") {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& name) {
    return Arguments{model,       images,
                     "--labels",  labels,
                     "--samples", "7",
                     "--methods", "gradient,lrp_q",
                     "--replace", "noise",
                     "--sanity",  "3",
                     "--json",    (folder / (name + ".json")).string()};
  };
  const auto judged = [&](const Arguments& all) { return printed_by(ASCRIBE_JUDGE_PROGRAM, all); };
  judged(arguments("whole"));
  for (const std::size_t n : {1u, 2u, 3u, 5u}) {
    INFO(n);
    const std::string name = std::to_string(n);
    const Arguments kept = arguments(name) + Arguments{"--resume", (folder / (name + ".state")).string()};
    for (std::size_t i = 0; i < n; ++i) {
      const std::string own = std::to_string((i + 1) * 7 / n - i * 7 / n);
      CHECK(judged(kept + shard(i, n)) == own + " inputs: " + own + " judged, 0 were done before\n");
    }
    CHECK(!fs::exists(folder / (name + ".json")));
    // The last one's are lost: they are judged once more.
    if (n == 3) fs::remove(folder / "3.state.2");
    judged(kept);
    CHECK(timeless(folder / (name + ".json")) == timeless(folder / "whole.json"));
  }
}

#ifdef ASCRIBE_GROUPS_PROGRAM
TEST_CASE("groups: shards are grouped as one process groups", "[division]") {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& name) {
    return Arguments{model,       images, "--labels",     labels,
                     "--samples", "120",  "--neighbours", "4",
                     "--class",   "1,7",  "--json",       (folder / (name + ".json")).string()};
  };
  const auto grouped = [&](const Arguments& all) { return printed_by(ASCRIBE_GROUPS_PROGRAM, all); };
  const std::string printed = grouped(arguments("whole"));
  for (const std::size_t n : {1u, 2u, 3u, 5u}) {
    INFO(n);
    const std::string name = std::to_string(n), state = (folder / (name + ".state")).string();
    const Arguments kept = arguments(name) + Arguments{"--resume", state};
    for (std::size_t i = 0; i < n; ++i) {
      const std::string own = std::to_string((i + 1) * 120 / n - i * 120 / n);
      CHECK(grouped(kept + shard(i, n)) == own + " inputs: " + own + " explained, 0 were done before\n");
    }
    if (n == 3) fs::remove(state + ".2");
    CHECK(grouped(kept) == printed);
    CHECK(bytes_of(folder / (name + ".json")) == bytes_of(folder / "whole.json"));
    // Grouped in another way, by the same explanations.
    CHECK(grouped(kept + Arguments{"--most", "3"}) ==
          grouped(arguments("other") + Arguments{"--most", "3"}));
    ascribe::test::check_refused_by(ASCRIBE_GROUPS_PROGRAM, kept + Arguments{"--method", "lrp"},
                                    "expected the run that was begun there, method");
  }
}
#endif

}  // namespace
