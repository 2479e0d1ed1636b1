#include "examples/explain/samples.hpp"

#include <fstream>
#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/explain/options.hpp"

namespace explain {

Index count_of(const Shape& shape) {
  Index count = 1;
  for (const Index size : shape) count *= size;
  return count;
}

std::string text_of(const Shape& shape, bool batch) {
  std::string text = batch ? "(N" : "(";
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    text += (axis > 0 || batch ? ", " : "") + std::to_string(shape[axis]);
  return text + ")";
}

std::optional<ImageLayout> image_layout(const Shape& shape, const std::vector<double>& mean,
                                        const std::vector<double>& deviation) {
  const auto channels = [&](std::size_t axis) { return shape[axis] == 1 || shape[axis] == 3; };
  const auto layout = [&](Index count, Index height, Index width, examples::ImageOrder order) {
    return ImageLayout{
        {static_cast<int>(count), static_cast<int>(height), static_cast<int>(width), mean, deviation}, order};
  };
  if (shape.size() == 2) return layout(1, shape[0], shape[1], examples::ImageOrder::chw);
  if (shape.size() == 3 && channels(0))
    return layout(shape[0], shape[1], shape[2], examples::ImageOrder::chw);
  if (shape.size() == 3 && channels(2))
    return layout(shape[2], shape[0], shape[1], examples::ImageOrder::hwc);
  return std::nullopt;
}

std::vector<Sample> read_samples(const std::filesystem::path& path, const Shape& shape,
                                 const std::optional<ImageLayout>& layout) {
  const std::string name = path.string();
  if (!is_npy(path)) {
    if (!layout)
      ascribe::fail(name, ": an image, but the model takes ", text_of(shape, true),
                    ", which is none: expected a .npy file");
    return {{name, examples::read_input(path, layout->format, layout->order)}};
  }
  auto array = ascribe::io::read_npy<double>(path);
  const Shape found(array.shape.begin(), array.shape.end());
  const bool single = found == shape;
  const bool batch = found.size() == shape.size() + 1 && Shape(found.begin() + 1, found.end()) == shape;
  if (!single && !batch)
    ascribe::fail(name, ": expected shape ", text_of(shape, true), " or ", text_of(shape), ", found ",
                  text_of(found));
  if (single) return {{name, std::move(array.values)}};
  if (found[0] == 0) ascribe::fail(name, ": expected at least one sample, found none");
  std::vector<Sample> samples;
  const Index size = count_of(shape);
  for (Index n = 0; n < found[0]; ++n)
    samples.push_back({found[0] == 1 ? name : name + "[" + std::to_string(n) + "]",
                       {array.values.begin() + n * size, array.values.begin() + (n + 1) * size}});
  return samples;
}

std::vector<Sample> read_baseline(const std::string& name, const Shape& shape,
                                  const std::optional<ImageLayout>& layout, std::size_t inputs) {
  if (name == "zero") return {{name, std::vector<double>(static_cast<std::size_t>(count_of(shape)), 0.0)}};
  auto samples = read_samples(name, shape, layout);
  if (samples.size() != 1 && samples.size() != inputs)
    ascribe::fail("baseline ", name, ": expected 1 sample, or one for each of ", inputs, " inputs, found ",
                  samples.size());
  return samples;
}

std::vector<std::string> read_labels(const std::filesystem::path& path, Index outputs) {
  std::ifstream file(path);
  std::vector<std::string> labels;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    labels.push_back(std::move(line));
  }
  if (!file.eof()) ascribe::fail(path.string(), ": expected a file of labels, found none that can be read");
  if (static_cast<Index>(labels.size()) != outputs)
    ascribe::fail(path.string(), ": expected a label for each of ", outputs, " outputs, found ",
                  labels.size());
  return labels;
}

}  // namespace explain
