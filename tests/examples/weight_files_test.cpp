#include "examples/support/weight_files.hpp"

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::of_repository;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;

std::vector<std::byte> some(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = std::byte(i * i % 251);
  return bytes;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  return {fs::directory_iterator(folder), fs::directory_iterator()};
}

TEST_CASE("weights of one content are one file, which is mapped", "[weight files]") {
  const TemporaryFolder folder;
  const auto weights = some(examples::WeightFiles::worth_sharing);
  std::shared_ptr<const void> kept;
  {
    examples::WeightFiles one(folder / "deep/er"), other(folder / "deep/er");
    kept = one.keep(weights);
    const auto again = other.keep(weights);
    REQUIRE(kept);
    REQUIRE(again);
    CHECK(kept != again);
    CHECK(std::memcmp(again.get(), weights.data(), weights.size()) == 0);
    CHECK(files_in(folder / "deep/er").size() == 1);
    auto others = weights;
    others.back() ^= std::byte(1);
    CHECK(one.keep(others));
    CHECK(files_in(folder / "deep/er").size() == 2);
    CHECK(one.keep(some(examples::WeightFiles::worth_sharing - 1)) == nullptr);
    CHECK(files_in(folder / "deep/er").size() == 2);
  }
  CHECK(std::memcmp(kept.get(), weights.data(), weights.size()) == 0);
}

TEST_CASE("a file that is not the weights is not believed", "[weight files]") {
  const TemporaryFolder folder;
  examples::WeightFiles store(folder.path());
  const auto weights = some(100'000);
  REQUIRE(store.keep(weights));
  const fs::path file = files_in(folder.path()).at(0);
  std::string bytes = bytes_of(file);
  bytes[50'000] = char(bytes[50'000] + 1);
  fs::remove(file);  // not written over: it is mapped by whoever has it
  std::ofstream(file, std::ios::binary) << bytes;
  CHECK(store.keep(weights) == nullptr);
  fs::resize_file(file, 7);
  CHECK(store.keep(weights) == nullptr);
}

const std::string model = of_repository("examples/data/mnist_cnn.onnx");

TEST_CASE("a place that is no folder is an Error that names it", "[weight files]") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "");
  CHECK_THROWS_WITH(examples::WeightFiles(file), Catch::Contains(file.string()) && Catch::Contains("folder"));
  CHECK_THROWS_WITH(examples::WeightTurn(folder / "none"), Catch::Contains((folder / "none").string()));
  ascribe::test::write_samples(folder / "samples.npy", 1);
  ascribe::test::check_refused_by(
      ASCRIBE_EXPLAIN_PROGRAM,
      {model, (folder / "samples.npy").string(), "--method", "lrp_q", "--share-weights", file.string()}, file.string());
}

TEST_CASE("processes that share their weights explain to the last bit as one that does not", "[weight files]") {
  const TemporaryFolder folder;
  ascribe::test::write_samples(folder / "samples.npy", 7);
  const auto arguments = [&](const std::string& out, const std::string& weights) {
    Arguments all{model, (folder / "samples.npy").string(), "--method", "lrp_q", "--relevance", (folder / out).string()};
    if (!weights.empty()) all.insert(all.end(), {"--share-weights", (folder / weights).string()});
    return all;
  };
  const auto explained = [&](const std::string& out, const std::string& weights) {
    ascribe::test::explain(arguments(out, weights));
    return bytes_of(folder / out);
  };
  const std::string alone = explained("alone.npy", "");
  CHECK(explained("first.npy", "weights") == alone);
  const auto made = ascribe::test::tree(folder / "weights");
  CHECK(made.size() >= 3);  // of two convolutions or more, and the turn
  CHECK(explained("second.npy", "weights") == alone);
  CHECK(ascribe::test::differences(ascribe::test::tree(folder / "weights"), made).empty());

  // Three that find no folder, all at once.
  std::string together;
  for (const char* shard : {"0/3", "1/3", "2/3"}) {
    std::string command = ASCRIBE_EXPLAIN_PROGRAM;
    for (const std::string& argument : arguments("parts.npy", "anew") + Arguments{"--shard", shard})
      command += " '" + argument + "'";
    together += command + " & ";
  }
  ascribe::test::printed_by("/bin/sh", {"-c", "(" + together + "wait) >/dev/null"});
  CHECK(explained("parts.npy", "anew") == alone);
  CHECK(ascribe::test::differences(ascribe::test::tree(folder / "anew"), made).empty());
}

}  // namespace
