/// Texts as inputs: their pieces, and what a model gets of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/options.hpp"
#include "ascribe/io/onnx/tensor.hpp"
#include "examples/support/samples.hpp"
#include "examples/support/wordpiece.hpp"
#include "examples/support/words.hpp"

namespace examples {

/// One text, or two.
struct Text {
  std::string first;
  std::optional<std::string> second;
};

/// What a model gets of a text, or of files of ids.
struct Pieces {
  std::vector<ascribe::onnx::Tensor> inputs;  ///< of the model's, by name: a number for each piece
  std::vector<std::string> ids;  ///< those of the inputs that are ids, in the order of the pieces
  std::vector<Word> words;       ///< all pieces, as they are shown

  /// The input of that name, which is one of `inputs`.
  const ascribe::onnx::Tensor& input(const std::string& name) const;
  /// Those that are none of `ids`: masks, types and positions.
  std::set<std::string> data() const;
  /// The same with another id for each piece.
  Pieces with_ids(const std::vector<std::int64_t>& all) const;
};

/// One sample's whole numbers in a .npy file, for an input of the model that has its batch before them, or
/// none. Throws ascribe::Error as tensor_in, and for those of several samples.
ascribe::onnx::Tensor ids_in(const ascribe::onnx::ValueInfo& input, const std::filesystem::path& file,
                             bool batched);

/// Ids as they are, each shown as its number; those of another input begin a line.
Pieces pieces_of(std::vector<ascribe::onnx::Tensor> ids);

/// The texts that the inputs on the command line and the lines of --inputs-from are: each a text, or a .txt
/// file of texts, one a line; a tab parts two. A name of its own for each, from its first words and all of
/// its bytes, stands for it where a file's would. Throws ascribe::Error for files of another kind, and where
/// there is no text.
std::vector<std::pair<Place, Text>> find_texts(const std::vector<std::filesystem::path>& inputs,
                                               const std::filesystem::path& inputs_from);

/// Cuts texts for a model with these inputs: those that --input does not hold. A text fills `input_ids`,
/// `attention_mask`, `token_type_ids` and `position_ids`; or those with `_a` behind them, by the first of two
/// texts, and with `_b`, by the second, each framed by itself. One input of whole numbers alone may have any
/// name. Where the model says how many pieces it takes, [PAD] fills them up, if there is a mask that says so.
class TextCutter {
 public:
  /// Throws ascribe::Error for inputs that no text fills, and as WordPiece.
  TextCutter(const std::filesystem::path& model, const std::filesystem::path& vocabulary, bool keep_case,
             std::vector<const ascribe::onnx::ValueInfo*> inputs);

  /// The vocabulary.
  const WordPiece& pieces() const { return pieces_; }

  /// Throws ascribe::Error for two texts where the model takes one or one where it takes two, and for more
  /// pieces than it takes.
  Pieces cut(const Text& text) const;

 private:
  enum class Part { ids, mask, types, positions };
  struct Filled {
    const ascribe::onnx::ValueInfo* input;
    Part part;
    int text;  ///< 0 and 1: of the first or second by itself; −1: of all
  };

  std::string model_;
  WordPiece pieces_;
  std::vector<Filled> filled_;
};

/// Has what a model gets of a text among the reader's constants, its ids as numbers that choose rows.
void give_pieces(const Pieces& pieces, ascribe::onnx::ReadOptions& to);

}  // namespace examples
