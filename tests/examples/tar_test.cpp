#include "examples/support/tar.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

// What data sets come in and go to: tar files, halves, and an index of it all. The archives are tar's own.
namespace {

namespace fs = std::filesystem;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::explain;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::run;
using ascribe::test::TemporaryFolder;
using ascribe::test::tree;
using ascribe::test::write_picture;
using ascribe::test::write_samples;
using ascribe::test::operator+;
using Json = nlohmann::json;

const std::string model = of_repository("examples/data/mnist_mlp.onnx");

/// Makes a tar file of a folder's files, in their order.
fs::path archive(const fs::path& folder, const fs::path& tar, const std::string& options,
                 const std::string& files) {
  REQUIRE(std::system(("tar -C '" + folder.string() + "' " + options + " -cf '" + tar.string() + "' " + files)
                          .c_str()) == 0);
  return tar;
}

/// Whether programs are built with libarchive; says so where they are not.
bool is_read(const fs::path& tar) {
  try {
    examples::each_member(tar, [](const std::string&, std::uint64_t) {});
  } catch (const ascribe::Error& error) {
    if (std::string(error.what()).find("built with libarchive") == std::string::npos) throw;
    WARN("left out: " << error.what());
    return false;
  }
  return true;
}

TEST_CASE("a tar file's images are found and read one by one", "[tar]") {
  const TemporaryFolder folder;
  const std::string longest(120, 'n');
  write_picture(folder / "in/b.png", 1);
  write_picture(folder / "in/sub" / (longest + ".png"), 2);
  folder.write("in/b.txt", "a caption");
  for (const char* format : {"--format=gnu", "--format=ustar", "--format=pax"}) {
    INFO(format);
    const std::string names =
        std::string("b.txt ") + (format == std::string("--format=ustar") ? "b.png" : "sub b.png");
    const fs::path tar = archive(folder / "in", folder / "x.tar", format, names);
    if (!is_read(tar)) return;
    std::vector<std::pair<std::string, std::uint64_t>> found;
    examples::each_member(tar,
                          [&](const std::string& name, std::uint64_t at) { found.emplace_back(name, at); });
    REQUIRE(found.size() == (names == "b.txt b.png" ? 2 : 3));
    CHECK(found[0].first == "b.txt");
    CHECK(found.back().first == "b.png");
    for (const auto& [name, at] : found) CHECK((examples::member(tar, at) == bytes_of(folder / "in" / name)));
  }
  CHECK_THROWS_WITH(examples::member(folder / "x.tar", 1 << 20), Contains("x.tar: expected"));
}

TEST_CASE("images in tar files are explained as those in folders", "[tar]") {
  const TemporaryFolder folder;
  for (int n = 0; n < 3; ++n) write_picture(folder / "in" / (std::to_string(n) + ".png"), n);
  const fs::path tar = archive(folder / "in", folder / "photos.tar", "", "0.png 1.png 2.png");
  if (!is_read(tar)) return;
  const auto relevance = [&](const fs::path& in) {
    explain({model, in.string(), "--relevance", (folder / "r").string()});
    return bytes_of(folder / "r");
  };
  CHECK((relevance(tar) == relevance(folder / "in")));
  fs::create_directory(folder / "tars");
  fs::copy(tar, folder / "tars/a.tar");
  write_picture(folder / "tars/b.png", 4);
  explain({model, (folder / "tars").string(), "--output-folder", (folder / "out").string(), "--write",
           "relevance"});
  std::set<std::string> names;
  for (const auto& [name, content] : tree(folder / "out")) names.insert(name);
  CHECK(names == std::set<std::string>{"explain.json", "a.tar/0.png.relevance.npy",
                                       "a.tar/1.png.relevance.npy", "a.tar/2.png.relevance.npy",
                                       "b.png.relevance.npy"});
  const auto refused = [&](const std::string& content, const std::string& part) {
    const Outcome outcome =
        run({model, folder.write("bad.tar", content).string(), "--relevance", (folder / "r").string()});
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Contains("bad.tar: " + part));
  };
  const std::string whole = bytes_of(tar);
  refused("no tar file at all, but some text that is longer than nothing", "expected");
  refused(whole.substr(0, 700), "expected a whole tar file");
  refused(std::string(10240, '\0'), "expected a tar file with .png or .jpg files, found none in it");
}

TEST_CASE("numbers stored in half precision are the nearest halves", "[tar]") {
  const TemporaryFolder folder;
  write_samples(folder / "in.npy", 3, 1);
  const auto relevance = [&](const Arguments& more) {
    run(Arguments{model, (folder / "in.npy").string(), "--keep-going", "--relevance",
                  (folder / "r.npy").string()} +
        more);
    return ascribe::io::read_npy<float>(folder / "r.npy");
  };
  const auto whole = relevance({});
  const auto halves = relevance({"--store", "float16"});
  CHECK(bytes_of(folder / "r.npy").find("'<f2'") != std::string::npos);
  CHECK(fs::file_size(folder / "r.npy") == 128 + 2 * 3 * 784);
  REQUIRE(halves.shape == whole.shape);
  for (std::size_t i = 0; i < whole.values.size(); ++i) {
    if (i / 784 == 1) {
      CHECK(std::isnan(halves.values[i]));
      continue;
    }
    // 11 binary digits, of numbers below 2^-14 a place of 2^-24: off by half of the last place at most.
    const float off = std::abs(halves.values[i] - whole.values[i]);
    CHECK(off <= std::max(std::abs(whole.values[i]) * 0x1p-11f, 0x1p-25f));
  }
}

TEST_CASE("an index says where each input's relevance is", "[tar]") {
  const TemporaryFolder folder;
  write_samples(folder / "in/a.npy", 2);
  write_picture(folder / "in/b.png", 1);
  const std::string in = (folder / "in").string(), index = (folder / "index.jsonl").string();
  const auto lines = [&] {
    std::vector<Json> all;
    const std::string text = bytes_of(index);
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      all.push_back(Json::parse(text.substr(at, end - at)));
    return all;
  };
  const std::string r = (folder / "r.npy").string(), out = (folder / "out").string();
  explain({model, in, "--relevance", r, "--index", index});
  CHECK(lines() == std::vector<Json>{{{"input", in + "/a.npy[0]"}, {"row", 0}, {"files", {r}}},
                                     {{"input", in + "/a.npy[1]"}, {"row", 1}, {"files", {r}}},
                                     {{"input", in + "/b.png"}, {"row", 2}, {"files", {r}}}});
  fs::remove(index);
  const Arguments arguments{model, in, "--output-folder", out, "--index", index};
  explain(arguments + Arguments{"--shard", "0/2"});
  CHECK(!fs::exists(index));
  explain(arguments);
  REQUIRE(lines().size() == 3);
  CHECK(lines()[1] == Json{{"input", in + "/a.npy[1]"},
                           {"row", 1},
                           {"files", {out + "/a.npy.relevance.npy"}},
                           {"ledger", out + "/a.npy.ledger.json"}});
  CHECK(lines()[2]["files"][0] == out + "/b.png.relevance.npy");
  CHECK(!lines()[2].contains("row"));
}

}  // namespace
