/// A text's pieces on their relevance, as a picture. Compile words.cpp along with the program.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ascribe/heatmap.hpp"
#include "examples/support/drawing.hpp"
#include "examples/support/wordpiece.hpp"

namespace examples {

/// A piece of a text as it is shown.
struct Word {
  std::string text;   ///< the text's own bytes, or the vocabulary's for special ones
  std::string piece;  ///< as the vocabulary has it: "##able", "[UNK]"
  std::int64_t id = 0;
  bool joined = false;   ///< follows the one before it without a space
  bool special = false;  ///< [CLS] and its like
  int part = 0;          ///< of two texts, which
};

/// A text's tokens as they are shown. Controls become spaces.
std::vector<Word> words_of(const WordPiece& pieces, std::span<const Token> tokens, std::string_view first,
                           std::string_view second = {});

/// The colour of each word: the heatmap's, whose strongest stands for the largest magnitude. Throws
/// ascribe::Error as heatmap does.
ascribe::Picture colours_of(std::span<const double> relevance,
                            ascribe::Colours colours = ascribe::Colours::diverging);

/// Whether what is written on a colour is to be white.
bool is_dark(const unsigned char* rgb);

/// Words in lines of at most `width` pixels, each on its colour and over its number, in order; the second
/// text begins a line. Special ones are smaller. Throws ascribe::Error for another number of relevances than
/// words, for none, and as heatmap does.
Drawing drawing_of(std::span<const Word> words, std::span<const double> relevance, int width,
                   ascribe::Colours colours = ascribe::Colours::diverging);

}  // namespace examples
