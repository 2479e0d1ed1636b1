/// What the documents say of the code: the umbrellas hold every header, and every test that is quoted is
/// there.
#include "tests/support/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  REQUIRE(in.good());
  return text.str();
}

const fs::path source = ASCRIBE_SOURCE_DIR;

/// The names in every TEST_CASE( and TEMPLATE_TEST_CASE( of the tests, literals next to each other joined.
std::vector<std::string> names_of_tests() {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(source / "tests")) {
    if (!entry.path().filename().string().ends_with("_test.cpp")) continue;
    const std::string text = text_of(entry.path());
    for (std::size_t at = 0; (at = text.find("TEST_CASE(", at)) != std::string::npos;) {
      at += std::string("TEST_CASE(").size();
      std::string name;
      for (char c = ' '; at < text.size(); ++at) {
        c = text[at];
        if (c == '"') {
          for (++at; at < text.size() && text[at] != '"'; ++at)
            name += text[at] == '\\' ? text[++at] : text[at];
        } else if (c == ',' || c == ')') {
          break;
        }
      }
      names.push_back(name);
    }
  }
  return names;
}

/// Whether a name has the parts of a quotation, which leaves some out by "…", in their order.
bool fits(const std::string& name, const std::string& quoted) {
  static const std::string gap = "\u2026";
  std::size_t at = 0;
  for (std::size_t begin = 0; begin <= quoted.size();) {
    const std::size_t end = std::min(quoted.find(gap, begin), quoted.size());
    std::string part = quoted.substr(begin, end - begin);
    while (!part.empty() && part.front() == ' ') part.erase(0, 1);
    while (!part.empty() && part.back() == ' ') part.pop_back();
    at = name.find(part, at);
    if (at == std::string::npos) return false;
    at += part.size();
    begin = end + gap.size();
  }
  return true;
}

TEST_CASE("every test that the documents quote is there") {
  const auto names = names_of_tests();
  REQUIRE(names.size() > 100);
  std::size_t quoted = 0;
  for (const char* document : {"docs/rules.md", "docs/design.md", "docs/judging.md", "docs/groups.md"}) {
    std::istringstream lines(text_of(source / document));
    for (std::string line; std::getline(lines, line);) {
      if (line.find("_test.cpp") == std::string::npos) continue;
      for (std::size_t at = 0; (at = line.find('"', at)) != std::string::npos;) {
        const std::size_t end = line.find('"', at + 1);
        if (end == std::string::npos) break;
        const std::string name = line.substr(at + 1, end - at - 1);
        at = end + 1;
        if (name.find(' ') == std::string::npos) continue;  // a word
        ++quoted;
        INFO(document << ": \"" << name << '"');
        CHECK(
            std::any_of(names.begin(), names.end(), [&](const std::string& one) { return fits(one, name); }));
      }
    }
  }
  CHECK(quoted > 40);
}

TEST_CASE("every file of tests that the documents name is there") {
  for (const char* document :
       {"docs/rules.md", "docs/design.md", "docs/judging.md", "docs/groups.md", "README.md"}) {
    const std::string text = text_of(source / document);
    for (std::size_t at = 0; (at = text.find("`tests/", at)) != std::string::npos;) {
      const std::size_t end = text.find('`', at + 1);
      const std::string file = text.substr(at + 1, end - at - 1);
      at = end + 1;
      if (file.find_first_of("* <{") != std::string::npos) continue;
      INFO(document << ": " << file);
      CHECK(fs::exists(source / file));
    }
  }
}

TEST_CASE("the umbrellas hold every header but those that need more than Eigen, and what tests are for") {
  const auto umbrella_of = [](const std::string& header) -> std::string {
    for (const char* folder : {"evaluate", "train"})
      if (header.starts_with(std::string("ascribe/") + folder + "/"))
        return std::string("ascribe/") + folder + ".hpp";
    return "ascribe/ascribe.hpp";
  };
  const std::set<std::string> apart{"ascribe/ascribe.hpp", "ascribe/evaluate.hpp",
                                    "ascribe/evaluate/clusters.hpp", "ascribe/testing.hpp",
                                    "ascribe/train.hpp"};
  for (const auto& entry : fs::recursive_directory_iterator(source / "include")) {
    if (entry.path().extension() != ".hpp") continue;
    const std::string header = fs::relative(entry.path(), source / "include").generic_string();
    if (apart.count(header) > 0 || header.starts_with("ascribe/io/")) continue;
    INFO(header);
    CHECK(text_of(source / "include" / umbrella_of(header)).find("#include <" + header + ">") !=
          std::string::npos);
  }
}

}  // namespace
