#include "examples/support/words.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "tests/support/catch.hpp"

namespace {

using ascribe::Picture;
using examples::Word;
using examples::WordPiece;

constexpr int edge = 12;

std::array<int, 3> at(const Picture& picture, int x, int y) {
  const auto place = 3 * static_cast<std::size_t>(y * picture.width + x);
  return {picture.rgb[place], picture.rgb[place + 1], picture.rgb[place + 2]};
}

/// The colours along the tops of the first line's boxes, each run once: no letter reaches there.
std::vector<std::array<int, 3>> colours_along(const Picture& picture, int y) {
  std::vector<std::array<int, 3>> found;
  for (int x = edge; x < picture.width - edge; ++x)
    if (found.empty() || found.back() != at(picture, x, y)) found.push_back(at(picture, x, y));
  return found;
}

Word word(const std::string& text, bool joined = false, int part = 0) {
  return {text, text, 0, joined, false, part};
}

TEST_CASE("Words have the text's own letters, and say which follow without a space", "[words]") {
  const WordPiece cutter(ASCRIBE_SOURCE_DIR "/tests/golden/wordpiece/vocab.txt");
  const std::string text = "Unaffable caf\u00e9, zzz";
  const auto words = examples::words_of(cutter, cutter.encode(text), text);
  const std::vector<std::string> texts{"[CLS]", "Un", "aff", "able", "caf\u00e9", ",", "zzz", "[SEP]"},
      pieces{"[CLS]", "un", "##aff", "##able", "cafe", ",", "[UNK]", "[SEP]"};
  const std::vector<bool> joined{false, false, true, true, false, true, false, false};
  REQUIRE(words.size() == texts.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    CHECK(words[i].text == texts[i]);
    CHECK(words[i].piece == pieces[i]);
    CHECK(words[i].joined == joined[i]);
    CHECK(words[i].special == (i == 0 || i + 1 == words.size()));
  }
  // The second text's bytes are its own, and what begins there is not joined to what ends the first.
  const auto two = examples::words_of(cutter, cutter.encode("a", "bc"), "a", "bc");
  REQUIRE(two.size() == 6);
  CHECK(two[3].text == "b");
  CHECK(two[3].part == 1);
  CHECK_FALSE(two[3].joined);
  CHECK(two[4].text == "c");
  CHECK(two[4].joined);
  // What would move a terminal's cursor is a space.
  const std::string moving =
      "a\x1b"
      "b";
  CHECK(examples::words_of(cutter, cutter.encode(moving), moving)[1].text == "a b");
}

TEST_CASE("Words stand on the colours of their relevance", "[words]") {
  const std::vector<Word> words{word("one"), word("two"), word("three", true)};
  const Picture picture = pixels_of(examples::drawing_of(words, std::vector<double>{-2, 0, 1}, 400));
  const Picture colours = examples::colours_of(std::vector<double>{-2, 0, 1});
  CHECK(picture.width == 400);
  // Blue, white with the gap before it, red right beside it, and white up to the edge.
  const auto found = colours_along(picture, edge);
  REQUIRE(found.size() == 4);
  CHECK(found[0] == at(colours, 0, 0));
  CHECK(found[1] == std::array{255, 255, 255});
  CHECK(found[2] == at(colours, 2, 0));
  CHECK(found[3] == found[1]);
  // The largest magnitude has the strongest colour: −2 as much as 2 would have.
  CHECK(at(colours, 0, 0) == at(examples::colours_of(std::vector<double>{-1, 0.5}), 0, 0));
}

TEST_CASE(
    "Words go to the next line where one is full, with what is joined to them, and each text begins one",
    "[words]") {
  const auto height = [](const std::vector<Word>& words, int width) {
    return examples::drawing_of(words, std::vector<double>(words.size(), 1.0), width).height;
  };
  const int one = height({word("long word")}, 400);
  CHECK(height({word("long word"), word("long word")}, 400) == one);
  const int two = height({word("long word"), word("long word")}, 200);
  CHECK(two > one);
  CHECK(height({word("long word"), word("long word"), word("long word")}, 200) == two + (two - one));
  CHECK(height({word("long word"), word("long word", false, 1)}, 400) > two);
  // "word" alone would fit behind the first, but not with what is joined to it.
  const std::vector<Word> joined{word("long word"), word("w"), word("long word", true)};
  const Picture picture = pixels_of(examples::drawing_of(joined, std::vector<double>{1, -1, -1}, 220));
  CHECK(colours_along(picture, edge).size() == 2);
  // What is wider than any line is cut, and stands by itself.
  CHECK(height({word("a"), word(std::string(300, 'w'))}, 200) == two);
}

TEST_CASE("Words have a relevance each", "[words]") {
  CHECK_THROWS_WITH(examples::drawing_of(std::vector<Word>{word("a")}, std::vector<double>{1, 2}, 200),
                    Contains("found 1 and 2"));
  CHECK_THROWS_AS(examples::drawing_of({}, {}, 200), ascribe::Error);
}

}  // namespace
