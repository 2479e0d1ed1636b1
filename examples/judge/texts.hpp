/// Inputs whose whole numbers choose rows of a table: texts, or files of ids. Each is a network of its own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ascribe/io/onnx/model.hpp"
#include "examples/judge/bench.hpp"
#include "examples/judge/options.hpp"
#include "examples/support/model_options.hpp"
#include "examples/support/text.hpp"

namespace judge {

class Texts {
 public:
  /// Whether that is what the model takes.
  static bool are_judged(const Options& options, const ascribe::onnx::Model& model);

  /// Reads all texts, and no network. `options` outlives it. Throws ascribe::Error as find_texts and
  /// TextCutter, for a file that is none of one sample's ids, and for a --replace that rows have no meaning
  /// for.
  Texts(const Options& options, ascribe::onnx::Model model, std::vector<std::string>& notes);

  /// Their names and files.
  std::vector<Place> places() const;

  /// The network of text n. Throws ascribe::Error as load_classifier.
  Network network(std::size_t n) const;

  /// Text n as what its network takes: the rows that it has chosen, and which replaces one.
  Data data(std::size_t n, const Network& network) const;

 private:
  struct One {
    Place place;
    Pieces pieces;
  };

  void read_ids(const Place& file, const RowChoice& choice);
  Network network_of(const Pieces& pieces) const;

  const Options& options_;
  const ascribe::onnx::Model model_;
  std::vector<One> texts_;
  std::vector<float> replacement_;  // a row; none: it is no piece's
};

}  // namespace judge
