/// Text to the numbers that BERT and its like take: WordPiece (Schuster & Nakajima 2012; Devlin et al.
/// 1810.04805) by a vocabulary of one piece a line (vocab.txt). Compile wordpiece.cpp along with the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace examples {

/// A piece of a text.
struct Token {
  std::int64_t id = 0;
  std::size_t first = 0, last = 0;  ///< its bytes in the text are first … last − 1; none where it frames one
  int text = 0;                     ///< of which text it is, 0 or 1: BERT's token type
  bool special = false;             ///< [CLS], [SEP] and their like, also where the text itself has them
};

/// The vocabulary, and how a text becomes pieces of it:
///
/// - Controls are left out, whitespace parts words, punctuation and Chinese characters are words by
///   themselves.
/// - A word is cut into the longest pieces that there are, from its beginning; all but the first have "##"
///   before them. One that cannot be cut so, or is of more than 100 characters, is [UNK].
/// - [PAD], [UNK], [CLS], [SEP] and [MASK] in a text are those tokens.
///
/// What characters are is read off the package tokenizers (unicode_tables.hpp): all of Unicode, but for
/// Chinese compatibility characters, which stay what they are.
class WordPiece {
 public:
  /// Whether capitals become small letters and accents are left out, as "uncased" models have it.
  enum class Case { lowered, kept };

  /// Throws ascribe::Error where the file cannot be read, is no vocabulary, or lacks [UNK], [CLS] or [SEP].
  explicit WordPiece(const std::filesystem::path& vocabulary, Case letters = Case::lowered);

  /// [CLS] text [SEP]. Throws ascribe::Error for what is no UTF-8, and says at which byte.
  std::vector<Token> encode(std::string_view text) const;
  /// [CLS] first [SEP] second [SEP].
  std::vector<Token> encode(std::string_view first, std::string_view second) const;

  std::size_t size() const { return pieces_.size(); }
  /// A piece by its id, as the file has it.
  const std::string& piece(std::int64_t id) const { return pieces_[static_cast<std::size_t>(id)]; }
  std::optional<std::int64_t> id(std::string_view piece) const;

 private:
  /// A character of a word, and the bytes of the text that it is from.
  struct Character {
    std::uint32_t code;
    std::size_t first, last;
  };
  using Word = std::vector<Character>;

  void add(std::string_view text, int number, std::vector<Token>& to) const;
  std::vector<Word> words(std::string_view text, std::size_t first, std::size_t last) const;
  void cut(const Word& word, int number, std::vector<Token>& to) const;

  Case case_;
  std::vector<std::string> pieces_;
  std::unordered_map<std::string, std::int64_t> ids_;
  std::vector<std::pair<std::string, std::int64_t>> special_;  ///< those that the vocabulary has
  std::int64_t unknown_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace examples
