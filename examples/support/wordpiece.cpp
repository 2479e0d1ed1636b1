#include "examples/support/wordpiece.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "ascribe/core/error.hpp"
#include "examples/support/unicode_tables.hpp"
#include "examples/support/utf8.hpp"

namespace examples {
namespace {

/// The longest word that is not [UNK], in characters.
constexpr std::size_t longest_word = 100;

/// Whether a character is in one of the runs, which stand in order.
template <std::size_t N>
bool among(const unicode::Run (&runs)[N], std::uint32_t code) {
  const auto* const run = std::lower_bound(std::begin(runs), std::end(runs), code,
                                           [](const unicode::Run& r, std::uint32_t c) { return r.last < c; });
  return run != std::end(runs) && run->first <= code;
}

/// The characters that one is without its accents, as small letters; 0 behind the last.
std::array<std::uint32_t, 3> folded(std::uint32_t code) {
  if (among(unicode::mark, code)) return {};
  if (code >= 0xAC00 && code < 0xD7A4) {  // a Hangul syllable is two letters or three
    const std::uint32_t at = code - 0xAC00, last = at % 28;
    return {0x1100 + at / 588, 0x1161 + at % 588 / 28, last > 0 ? 0x11A7 + last : 0};
  }
  for (const unicode::Move& move : unicode::moves) {
    if (move.first > code) break;
    if (code <= move.last && (code - move.first) % move.step == 0)
      return {move.to + (code - move.first) / move.step * move.advance};
  }
  for (const unicode::Several& one : unicode::several)
    if (one.from == code) return {one.to[0], one.to[1], one.to[2]};
  return {code};
}

}  // namespace

WordPiece::WordPiece(const std::filesystem::path& vocabulary, Case letters) : case_(letters) {
  const std::string name = vocabulary.string();
  std::ifstream file(vocabulary, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    ids_.insert_or_assign(line, static_cast<std::int64_t>(pieces_.size()));
    pieces_.push_back(std::move(line));
  }
  if (!file.eof()) ascribe::fail(name, ": expected a vocabulary, found no file that can be read");
  if (!pieces_.empty() && pieces_.front().starts_with('{'))
    ascribe::fail(
        name,
        ": expected a WordPiece vocabulary, one piece a line (vocab.txt), found JSON: texts are not "
        "cut as byte pairs and other tokenizers do; the ids that the model's own tokenizer makes of "
        "them are explained, in a .npy file and without --vocabulary");
  for (const auto& [piece, to] : {std::pair("[UNK]", &unknown_), {"[CLS]", &begin_}, {"[SEP]", &end_}}) {
    const auto found = id(piece);
    if (!found) ascribe::fail(name, ": expected a vocabulary of WordPiece, found none with ", piece);
    *to = *found;
  }
  for (const char* piece : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
    if (const auto found = id(piece)) special_.emplace_back(piece, *found);
}

std::optional<std::int64_t> WordPiece::id(std::string_view piece) const {
  const auto found = ids_.find(std::string(piece));
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Token> WordPiece::encode(std::string_view text) const {
  std::vector<Token> tokens{{begin_, 0, 0, 0, true}};
  add(text, 0, tokens);
  return tokens;
}

std::vector<Token> WordPiece::encode(std::string_view first, std::string_view second) const {
  std::vector<Token> tokens = encode(first);
  add(second, 1, tokens);
  return tokens;
}

/// A text's pieces, and [SEP] behind them.
void WordPiece::add(std::string_view text, int number, std::vector<Token>& to) const {
  std::size_t done = 0;
  const auto plain = [&](std::size_t end) {
    for (const Word& word : words(text, done, end)) cut(word, number, to);
  };
  for (std::size_t at = 0; (at = text.find('[', at)) != std::string_view::npos;) {
    const auto found = std::find_if(special_.begin(), special_.end(),
                                    [&](const auto& one) { return text.substr(at).starts_with(one.first); });
    if (found == special_.end()) {
      ++at;
      continue;
    }
    plain(at);
    done = at + found->first.size();
    to.push_back({found->second, at, done, number, true});
    at = done;
  }
  plain(text.size());
  to.push_back({end_, text.size(), text.size(), number, true});
}

std::vector<WordPiece::Word> WordPiece::words(std::string_view text, std::size_t first,
                                              std::size_t last) const {
  std::vector<Word> found;
  bool open = false;  // whether the next character belongs to the last word
  const auto put = [&](Character c, bool alone) {
    if (!open || alone) found.emplace_back();
    found.back().push_back(c);
    open = !alone;
  };
  for (std::string_view rest = text.substr(first, last - first); !rest.empty();) {
    const std::size_t from = last - rest.size();
    const std::int32_t character = next_character(rest);
    if (character < 0) ascribe::fail("expected text in UTF-8, found none at byte ", from);
    const auto code = static_cast<std::uint32_t>(character);
    const std::size_t to = last - rest.size();
    if (among(unicode::removed, code)) continue;
    if (among(unicode::space, code) || code == ' ') {
      open = false;
      continue;
    }
    const bool ideograph = among(unicode::ideograph, code);
    const std::array<std::uint32_t, 3> letters =
        case_ == Case::lowered ? folded(code) : std::array<std::uint32_t, 3>{code};
    for (const std::uint32_t letter : letters)
      if (letter != 0) put({letter, from, to}, ideograph || among(unicode::punctuation, letter));
  }
  return found;
}

void WordPiece::cut(const Word& word, int number, std::vector<Token>& to) const {
  const std::size_t before = to.size();
  const auto unknown = [&] {
    to.resize(before);
    to.push_back({unknown_, word.front().first, word.back().last, number, false});
  };
  if (word.size() > longest_word) return unknown();
  for (std::size_t first = 0; first < word.size();) {
    std::string piece = first > 0 ? "##" : "";
    std::vector<std::size_t> ends;  // of the piece so far, behind each character
    for (std::size_t i = first; i < word.size(); ++i) {
      append_character(piece, word[i].code);
      ends.push_back(piece.size());
    }
    std::optional<std::int64_t> found;
    for (; !ends.empty() && !(found = id(std::string_view(piece).substr(0, ends.back()))); ends.pop_back()) {
    }
    if (!found) return unknown();
    to.push_back({*found, word[first].first, word[first + ends.size() - 1].last, number, false});
    first += ends.size();
  }
}

}  // namespace examples
