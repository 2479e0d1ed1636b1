#include "examples/support/classifier.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>

#include "ascribe/compiled.hpp"
#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/support/model_options.hpp"
#include "examples/support/weight_files.hpp"

namespace examples {
namespace {

ascribe::Batch<float> column(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), Index(values.size())).cast<float>();
}

/// The class that a text names: a number, or one of the names.
class Classes {
 public:
  Classes(const ClassifierOptions& options, Index count) : count_(count), named_(!options.names.empty()) {
    if (!named_) return;
    const auto names = read_labels(options.names, count);
    for (std::size_t k = 0; k < names.size(); ++k) by_name_.emplace(names[k], Index(k));
  }

  /// Throws ascribe::Error where it is none; `where` it stands.
  Index of(const std::string& text, const std::string& where) const {
    if (const auto found = by_name_.find(text); found != by_name_.end()) return found->second;
    Index value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stop != text.data() + text.size())
      ascribe::fail(where, ": expected a class, ",
                    named_ ? "its name or its number" : "a number; names need --names", ", found '", text,
                    "'");
    return checked(value, where);
  }
  Index of(double value, const std::string& where) const {
    if (value != std::floor(value) || std::abs(value) > 1e15)
      ascribe::fail(where, ": expected whole numbers as labels, found ", value);
    return checked(Index(value), where);
  }

 private:
  Index checked(Index value, const std::string& where) const {
    if (value < 0 || value >= count_)
      ascribe::fail(where, ": expected a class in [0, ", count_, "), found ", value);
    return value;
  }

  Index count_;
  bool named_;
  std::map<std::string, Index> by_name_;
};

/// Files and folders; idx files in folders are none of them, which is said.
std::vector<Place> inputs_of(const ClassifierOptions& options, std::vector<std::string>& notes,
                             Division& division) {
  std::vector<std::string> left_out;
  for (const std::filesystem::path& path : options.inputs) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) continue;
    for (const auto& file : std::filesystem::recursive_directory_iterator(path, error))
      if (is_idx(file.path()))
        left_out.push_back(file.path().string() + " is left out: an idx file is judged by as INPUT itself");
  }
  std::vector<Place> found;
  try {
    found = find_inputs(options.inputs, options.inputs_from, {}, notes, division);
  } catch (const ascribe::Error& error) {
    if (left_out.empty()) throw;
    ascribe::fail(error.what(), "; ", left_out.front());
  }
  notes.insert(notes.end(), left_out.begin(), left_out.end());
  return found;
}

void check_count(const std::string& file, std::size_t found, std::size_t inputs) {
  if (found != inputs)
    ascribe::fail(file, ": expected a label for each of ", inputs, " inputs, found ", found);
}

}  // namespace

std::string with_content(const std::string& file) {
  std::error_code error;
  return std::filesystem::is_regular_file(file, error) ? file + " " + fingerprint(file) : file;
}

std::string with_content(const LabelledInputs& data, bool by_name) {
  std::string names;
  for (std::size_t k = 0; k < data.size(); ++k) names += data.name(k) + "\n";
  for (const std::string& file : data.files()) names += (by_name ? file : fingerprint(file)) + "\n";
  return std::to_string(data.size()) + " " + fingerprint_of(names);
}

Json settings_of(const ClassifierOptions& o) {
  return {{"model", with_content(o.model.string())},
          {"output", o.output},
          {"sizes", o.sizes},
          {"labels", with_content(o.labels)},
          {"names", with_content(o.names.string())},
          {"keep going", o.keep_going},
          {"mean", o.mean},
          {"std", o.deviation},
          {"low", o.low},
          {"high", o.high},
          {"epsilon", o.epsilon},
          {"gamma", o.gamma}};
}

ascribe::composite::Options composite_options(const ClassifierOptions& options) {
  ascribe::composite::Options by;
  by.epsilon = options.epsilon;
  by.gamma = options.gamma;
  for (const auto& [bounds, of, given] :
       {std::tuple(&by.low, 0.0, &options.low), std::tuple(&by.high, 1.0, &options.high)}) {
    *bounds = *given;
    const auto &mean = options.mean, &deviation = options.deviation;
    for (std::size_t c = 0; given->empty() && c < std::max(mean.size(), deviation.size()); ++c)
      bounds->push_back((of - mean[mean.size() == 1 ? 0 : c]) / deviation[deviation.size() == 1 ? 0 : c]);
  }
  return by;
}

ascribe::onnx::ReadOptions reading_of(const ClassifierOptions& options) {
  ascribe::onnx::ReadOptions reading;
  if (!options.output.empty()) reading.outputs = {options.output};
  for (const auto& [name, size] : options.sizes) reading.sizes.emplace(name, size);
  return reading;
}

ascribe::onnx::Network<float> load_classifier(const ClassifierOptions& options,
                                              const ascribe::onnx::Model& model,
                                              const ascribe::onnx::ReadOptions& reading) try {
  const WeightTurn turn(options.weight_folder);
  auto network = ascribe::onnx::network<float>(model, reading);
  if (network.inputs.size() != 1)
    ascribe::fail(options.model.string(), ": expected a model of one input, found ", network.inputs.size());
  for (const ascribe::onnx::ValueInfo& input : model.graph.inputs)
    if (input.name == network.inputs[0].name && !ascribe::onnx::is_floating(input.type))
      ascribe::fail(options.model.string(), ": expected an input of floating-point numbers, found '",
                    input.name, "' of ", ascribe::onnx::name(input.type));
  const Shape shape(network.outputs[0].shape.begin(), network.outputs[0].shape.end());
  if (count_of(shape) < 2 || *std::max_element(shape.begin(), shape.end()) != count_of(shape))
    ascribe::fail(options.model.string(),
                  ": expected a score for each of two classes or more, (N, K), found '",
                  network.outputs[0].name, "' of shape ", text_of(shape, true), "; --output chooses another");
  return network;
} catch (const ascribe::Error& error) {
  const std::string said = in_options(error.what()), name = options.model.string();
  ascribe::fail(said.find(name) != std::string::npos ? "" : name + ": ", said);
}

ascribe::onnx::Network<float> load_classifier(const ClassifierOptions& options) {
  const ascribe::onnx::Model model = ascribe::onnx::read(options.model);
  check_sizes(model, options.model, options.sizes);
  return load_classifier(options, model, reading_of(options));
}

LabelledInputs::LabelledInputs(const ClassifierOptions& options, const Shape& input,
                               std::vector<std::string>& notes, Division& division) {
  if (options.inputs.size() == 1 && options.inputs_from.empty() && is_idx(options.inputs[0])) {
    images_path_ = options.inputs[0].string();
    images_ = read_images(images_path_);
    if (Index(images_->pixels()) != count_of(input))
      ascribe::fail(images_path_, ": expected images of ", count_of(input), " values, as the model takes, ",
                    text_of(input, true), "; found ", images_->height, " x ", images_->width);
    if (options.mean.size() != 1 || options.deviation.size() != 1)
      ascribe::fail(images_path_, ": expected one --mean and one --std for grey images");
    maps_ = {1, images_->height, images_->width, false};
    layout_ = image_layout({1, images_->height, images_->width}, options.mean, options.deviation);
    mean_ = options.mean[0];
    deviation_ = options.deviation[0];
  } else {
    maps_ = maps_of(input);
    layout_ = image_layout(input, options.mean, options.deviation);
    for (const std::filesystem::path& path : options.inputs)
      if (is_idx(path))
        ascribe::fail(path.string(), ": expected an idx file alone as INPUT, found ", options.inputs.size(),
                      " inputs");
    inputs_.emplace(inputs_of(options, notes, division), input, layout_, options.keep_going);
  }
  choose(options);
}

LabelledInputs::LabelledInputs(const ClassifierOptions& options, std::vector<Place> texts)
    : texts_(std::move(texts)) {
  choose(options);
}

LabelledInputs::LabelledInputs(Place text, std::size_t n, const Shape& shape, std::vector<double> rows,
                               std::vector<float> replacement, std::vector<Word> words)
    : maps_{shape.back(), count_of(shape) / shape.back(), 1},
      chosen_{0},
      first_(n),
      are_rows_(true),
      row_instead_(std::move(replacement)),
      words_(std::move(words)) {
  inputs_.emplace(std::move(text), std::move(rows));
}

void LabelledInputs::choose(const ClassifierOptions& options) {
  const std::size_t wanted = options.samples == 0 ? total() : std::size_t(options.samples);
  if (wanted > total()) ascribe::fail("--samples: expected at most ", total(), " inputs, found ", wanted);
  for (std::size_t k = 0; k < wanted; ++k) chosen_.push_back(k * total() / wanted);
}

std::string LabelledInputs::name(std::size_t k) const {
  return images_ ? images_path_ + "[" + std::to_string(chosen_[k]) + "]" : input_name(chosen_[k]);
}

std::string LabelledInputs::input_name(std::size_t n) const {
  if (images_) return std::to_string(n);
  if (inputs_) return inputs_->name(n);
  return texts_[n].shown.empty() ? texts_[n].path : texts_[n].shown;
}

std::vector<std::string> LabelledInputs::files() const {
  if (images_) return {images_path_};
  std::vector<std::string> all;
  for (const Place& place : inputs_ ? inputs_->files() : texts_) all.push_back(place.path);
  return all;
}

ascribe::Batch<float> LabelledInputs::read(std::size_t k) const {
  if (!images_) return column(inputs_->read(chosen_[k]).values);
  const auto bytes = (*images_)[chosen_[k]];
  std::vector<double> values;
  for (const unsigned char byte : bytes) values.push_back((byte / 255.0 - mean_) / deviation_);
  return column(values);
}

ascribe::Batch<float> LabelledInputs::mean() const {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(maps_.size());
  for (std::size_t k = 0; k < size(); ++k) sum += read(k).cast<double>();
  return (sum / double(size())).cast<float>();
}

std::vector<Index> LabelledInputs::labels(const ClassifierOptions& options, Index classes) const {
  const std::vector<Index> all = all_labels(options, classes);
  std::vector<Index> of_chosen;
  for (const std::size_t n : chosen_) of_chosen.push_back(all[n]);
  return of_chosen;
}

std::vector<Index> LabelledInputs::all_labels(const ClassifierOptions& options, Index count) const {
  const Classes classes(options, count);
  const std::string& file = options.labels;
  std::vector<Index> all;
  if (file == "folders") {
    if (!inputs_)
      ascribe::fail("--labels folders: expected files in folders, found ", images_ ? images_path_ : "texts");
    for (std::size_t f = 0; f < inputs_->files().size(); ++f) {
      const std::string& path = inputs_->files()[f].path;
      const Index label = classes.of(std::filesystem::path(path).parent_path().filename().string(), path);
      const std::size_t end = f + 1 < inputs_->files().size() ? inputs_->first(f + 1) : inputs_->size();
      all.resize(end, label);
    }
    return all;
  }
  if (is_npy(file)) {
    const ascribe::io::NpyReader array(file);
    if (array.shape().size() != 1)
      ascribe::fail(file, ": expected labels of shape (", total(), "), found ", array.shape().size(),
                    " axes");
    check_count(file, array.shape()[0], total());
    std::vector<double> values(total());
    array.read(0, std::span<double>(values));
    for (std::size_t n = 0; n < values.size(); ++n)
      all.push_back(classes.of(values[n], file + "[" + std::to_string(n) + "]"));
    return all;
  }
  if (is_idx(file)) {
    const std::vector<unsigned char> bytes = examples::read_labels(std::filesystem::path(file));
    check_count(file, bytes.size(), total());
    for (std::size_t n = 0; n < bytes.size(); ++n)
      all.push_back(classes.of(double(bytes[n]), file + "[" + std::to_string(n) + "]"));
    return all;
  }
  // A class a line; or the input's name, a comma and the class.
  std::map<std::string, Index> by_name;
  const auto lines = lines_of(file, "labels");
  for (std::size_t l = 0; l < lines.size(); ++l) {
    const std::string where = file + ", line " + std::to_string(l + 1);
    const std::size_t comma = lines[l].rfind(',');
    if (lines[l].empty()) continue;
    if (comma == std::string::npos)
      all.push_back(classes.of(lines[l], where));
    else if (!by_name.emplace(lines[l].substr(0, comma), classes.of(lines[l].substr(comma + 1), where))
                  .second)
      ascribe::fail(where, ": found a second label of '", lines[l].substr(0, comma), "'");
  }
  if (by_name.empty()) {
    check_count(file, all.size(), total());
    return all;
  }
  if (!all.empty())
    ascribe::fail(file, ": expected a class a line, or FILE,CLASS in all of them, found both");
  std::map<std::string, std::string> taken;
  for (std::size_t n = 0; n < total(); ++n) {
    const std::string name = input_name(n);
    auto found = by_name.find(name);
    if (found == by_name.end()) found = by_name.find(std::filesystem::path(name).filename().string());
    if (found == by_name.end()) ascribe::fail(file, ": expected a label of '", name, "', found none");
    if (const auto [other, first] = taken.emplace(found->first, name); !first)
      ascribe::fail(file, ": expected a label of '", name, "' and one of '", other->second,
                    "', found one for both, '", found->first, "'");
    all.push_back(found->second);
  }
  return all;
}

ascribe::Batch<float> sample_in(const std::string& what, const std::string& file, const Shape& input,
                                const ClassifierOptions& options) {
  const Inputs one({{file}}, input, image_layout(input, options.mean, options.deviation), false);
  if (one.size() != 1) ascribe::fail(what, " ", file, ": expected 1 sample, found ", one.size());
  return column(one.read(0).values);
}

}  // namespace examples
