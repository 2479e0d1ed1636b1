/// What comes in besides the network: inputs, baselines, labels.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ascribe/core/types.hpp"
#include "examples/support/image.hpp"

namespace explain {

using ascribe::Index;

/// The axes of a value without the batch, as in the file.
using Shape = std::vector<Index>;

Index count_of(const Shape& shape);

/// Axes in NumPy's writing, behind a batch of N where `batch` says so: "(N, 3, 224, 224)".
std::string text_of(const Shape& shape, bool batch = false);

/// One input to the network: values in the order of the file's axes.
struct Sample {
  std::string name;  ///< its file, and which of the file's samples it is where there are several
  std::vector<double> values;
};

/// How images lie in an input of the network.
struct ImageLayout {
  examples::ImageFormat format;
  examples::ImageOrder order;
};

/// The layout where the shape is an image's: 1 or 3 channels before or behind height and width, or height and
/// width alone. None for any other shape.
std::optional<ImageLayout> image_layout(const Shape& shape, const std::vector<double>& mean,
                                        const std::vector<double>& deviation);

/// The samples of one file, .npy or an image. Throws ascribe::Error, naming the file, where it does not fit
/// the shape, or is an image and there is no layout.
std::vector<Sample> read_samples(const std::filesystem::path& path, const Shape& shape,
                                 const std::optional<ImageLayout>& layout);

/// The baseline that --baseline names: one sample, or as many as there are inputs. Throws ascribe::Error as
/// read_samples, and for another number.
std::vector<Sample> read_baseline(const std::string& name, const Shape& shape,
                                  const std::optional<ImageLayout>& layout, std::size_t inputs);

/// One label a line. Throws ascribe::Error unless there is one for each output.
std::vector<std::string> read_labels(const std::filesystem::path& path, Index outputs);

}  // namespace explain
