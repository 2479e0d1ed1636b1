#include "examples/judge/texts.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/support/model_options.hpp"

namespace judge {

namespace onnx = ascribe::onnx;

bool Texts::are_judged(const Options& options, const onnx::Model& model) {
  return !options.vocabulary.empty() || !row_choices(model, {}).empty();
}

Texts::Texts(const Options& options, onnx::Model model, std::vector<std::string>& notes)
    : options_(options), model_(std::move(model)) {
  for (const auto& [option, said] :
       {std::pair("--replace", options.replacement), std::pair("--baseline", options.baseline)})
    if (said == "mean" || said == "blur")
      ascribe::fail(option, ": ", said, " has no meaning for the rows that a text chooses");
  std::optional<std::int64_t> replacing;
  if (options.vocabulary.empty()) {
    const RowChoice choice = row_choices(model_, {}).front();
    for (const Place& file : find_inputs(options.inputs, options.inputs_from, {}, notes)) read_ids(file, choice);
  } else {
    std::vector<const onnx::ValueInfo*> inputs;
    for (const onnx::ValueInfo& input : model_.graph.inputs)
      if (std::none_of(model_.graph.initializers.begin(), model_.graph.initializers.end(),
                       [&](const onnx::Tensor& stored) { return stored.name() == input.name; }))
        inputs.push_back(&input);
    const TextCutter cutter(options.model, options.vocabulary, options.keep_case, inputs);
    for (auto& [place, text] : find_texts(options.inputs, options.inputs_from)) {
      texts_.push_back({std::move(place), cutter.cut(text)});
      const Pieces& pieces = texts_.back().pieces;
      const std::vector<RowChoice> choices = row_choices(model_, pieces.data());
      if (choices.size() != 1 || choices[0].ids != pieces.ids)
        ascribe::fail(options.model.string(), ": expected a Gather that takes rows of a table by ",
                      pieces.ids.front(), ", found ",
                      choices.size() > 1 ? "several" : "none whose rows are known to be its");
    }
    if (options.replacement == "mask" || options.replacement == "pad") {
      const std::string piece = options.replacement == "mask" ? "[MASK]" : "[PAD]";
      replacing = cutter.pieces().id(piece);
      if (!replacing)
        ascribe::fail("--replace ", options.replacement, ": ", options.vocabulary.string(), " has no ",
                      piece);
    }
  }
  if (!replacing) return;
  // All of a text's ids are it, so that its rows are that of the piece.
  const Pieces &first = texts_.front().pieces,
               pieces = first.with_ids(std::vector<std::int64_t>(first.words.size(), *replacing));
  const Network network = network_of(pieces);
  const auto& rows = network.inputs[0];
  const auto width = static_cast<std::size_t>(rows.shape.back());
  for (std::size_t i = 0; i < width; ++i) replacement_.push_back(static_cast<float>(rows.values[i]));
}

void Texts::read_ids(const Place& file, const RowChoice& choice) {
  const std::string& name = choice.ids.front();
  if (!is_npy(file.path))
    ascribe::fail(file.path, ": expected a .npy file of whole numbers for input '", name,
                  "'; --vocabulary FILE reads texts");
  if (choice.ids.size() > 1)
    ascribe::fail(file.path, ": expected the whole numbers of one sample for one input, found ",
                  choice.ids.size(), " inputs");
  const onnx::ValueInfo& input = *std::find_if(model_.graph.inputs.begin(), model_.graph.inputs.end(),
                                               [&](const auto& one) { return one.name == name; });
  Pieces pieces = pieces_of({ids_in(input, file.path, true)});
  pieces.words.clear();  // they are shown by their positions
  texts_.push_back({file, std::move(pieces)});
}

std::vector<Place> Texts::places() const {
  std::vector<Place> all;
  for (const One& text : texts_) all.push_back(text.place);
  return all;
}

Network Texts::network_of(const Pieces& pieces) const {
  onnx::ReadOptions reading = reading_of(options_);
  give_pieces(pieces, reading);
  return load_classifier(options_, model_, reading);
}

Network Texts::network(std::size_t n) const { return network_of(texts_[n].pieces); }

Data Texts::data(std::size_t n, const Network& network) const {
  const auto& rows = network.inputs[0];
  return {texts_[n].place,       n, Shape(rows.shape.begin(), rows.shape.end()), rows.values, replacement_,
          texts_[n].pieces.words};
}

}  // namespace judge
