#include "examples/support/wordpiece.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/core/error.hpp"
#include "examples/support/utf8.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using ascribe::test::TemporaryFolder;
using examples::Token;
using examples::WordPiece;

const std::filesystem::path golden = ASCRIBE_SOURCE_DIR "/tests/golden/wordpiece";

template <class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const ascribe::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("WordPiece: nasty texts are cut as the package tokenizers cuts them", "[wordpiece]") {
  std::ifstream file(golden / "cases.json");
  const auto expected = nlohmann::json::parse(file);
  REQUIRE(expected["tokenizers"] == "0.23.3");
  const WordPiece lowered(golden / "vocab.txt"), kept(golden / "vocab.txt", WordPiece::Case::kept);
  std::size_t seen = 0;
  for (const auto& one : expected["cases"]) {
    const auto texts = one["texts"].get<std::vector<std::string>>();
    const WordPiece& cutter = one["lower"] ? lowered : kept;
    const std::vector<Token> tokens =
        texts.size() == 1 ? cutter.encode(texts[0]) : cutter.encode(texts[0], texts[1]);
    std::vector<std::int64_t> ids;
    std::vector<int> types;
    std::vector<std::vector<std::size_t>> places;
    for (const Token& token : tokens) {
      const bool framing = token.first == token.last;
      ids.push_back(token.id);
      types.push_back(token.text);
      places.push_back(framing ? std::vector<std::size_t>{0, 0} : std::vector{token.first, token.last});
    }
    INFO(one.dump());
    CHECK(ids == one["ids"].get<std::vector<std::int64_t>>());
    CHECK(types == one["types"].get<std::vector<int>>());
    CHECK(places == one["bytes"].get<std::vector<std::vector<std::size_t>>>());
    ++seen;
  }
  CHECK(seen > 90);
}

TEST_CASE("WordPiece: pieces by name and number", "[wordpiece]") {
  const WordPiece cutter(golden / "vocab.txt");
  CHECK(cutter.id("[CLS]") == 2);
  CHECK(cutter.piece(2) == "[CLS]");
  CHECK(cutter.piece(static_cast<std::int64_t>(cutter.size()) - 1) == "\u03b1");
  CHECK_FALSE(cutter.id("nowhere"));
  // Both ends of a text and what stands in it for a token by itself are special; a word is not.
  const auto tokens = cutter.encode("the [MASK]");
  REQUIRE(tokens.size() == 4);
  CHECK(tokens[0].special);
  CHECK_FALSE(tokens[1].special);
  CHECK(tokens[2].special);
  CHECK(tokens[2].first == 4);
  CHECK(tokens[3].special);
}

TEST_CASE("WordPiece: what is no text and no vocabulary", "[wordpiece]") {
  const WordPiece cutter(golden / "vocab.txt");
  CHECK(refusal([&] { cutter.encode("caf\xE9"); }) == "expected text in UTF-8, found none at byte 3");
  CHECK(refusal([&] { cutter.encode("a", "[MASK]\xC0\x80"); }) ==
        "expected text in UTF-8, found none at byte 6");
  const TemporaryFolder folder;
  const auto of = [&](const std::string& text) {
    return refusal([&] { WordPiece(folder.write("vocab.txt", text)); });
  };
  CHECK_THAT(of("{\"version\": \"1.0\"}\n"), Contains("found JSON"));
  CHECK_THAT(of("[UNK]\n[CLS]\nthe\n"), Contains("found none with [SEP]"));
  CHECK_THAT(of(""), Contains("found none with [UNK]"));
  CHECK(of("[UNK]\r\n[CLS]\r\n[SEP]\r\n") == "no error");
  CHECK_THAT(refusal([&] { WordPiece(folder / "nowhere"); }), Contains("no file that can be read"));
}

TEST_CASE("UTF-8: characters and their bytes", "[wordpiece]") {
  for (const std::uint32_t code :
       {0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string bytes;
    examples::append_character(bytes, code);
    std::string_view rest = bytes;
    CHECK(examples::next_character(rest) == static_cast<std::int32_t>(code));
    CHECK(rest.empty());
  }
  // Too long, half of a pair, beyond the last, cut off.
  for (const char* bytes :
       {"\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x98", "\x80", "\xFF"}) {
    std::string_view rest = bytes;
    const std::size_t size = rest.size();
    CHECK(examples::next_character(rest) == -1);
    CHECK(rest.size() == size - 1);
  }
}

}  // namespace
