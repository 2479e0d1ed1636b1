/// What comes in besides the network: inputs, baselines, labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/io/npy.hpp"
#include "ascribe/io/onnx/tensor.hpp"
#include "ascribe/networks/feature_maps.hpp"
#include "examples/support/division.hpp"
#include "examples/support/image.hpp"

namespace examples {

using ascribe::Index;

/// Whether a file's name ends so, in small letters or large.
bool has_extension(const std::filesystem::path& path, std::initializer_list<std::string_view> endings);

/// Whether a file is taken for .npy, by its name; any other is taken for an image.
bool is_npy(const std::filesystem::path& path);

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
  bool whole = false;  ///< rounded, for an input of whole numbers
};

/// The layout where the shape is an image's: 1 or 3 channels before or behind height and width, or height and
/// width alone. None for any other shape.
std::optional<ImageLayout> image_layout(const Shape& shape, const std::vector<double>& mean,
                                        const std::vector<double>& deviation);

/// A file of inputs. There may be millions.
struct Place {
  std::string path;
  std::size_t root = 0;      ///< how much of the path is the folder that was asked for
  std::string shown = {};    ///< what it is called on the screen; empty: its path
  std::size_t archive = 0;   ///< how much of the path is a tar file that it is in; 0: none
  std::uint64_t offset = 0;  ///< where in that its header begins
};

/// What the inputs on the command line and the lines of `list` ("-" is standard input; may be empty) name:
/// files, for a tar file the images in it (tar.hpp), and for a folder its files of a known type, with those
/// of its folders, by name. Nothing hidden, and nothing in `left_out`. `notes`: what else was passed over.
/// Throws ascribe::Error where a folder has nothing, or where the list cannot be read or is empty.
std::vector<Place> find_inputs(const std::vector<std::filesystem::path>& named,
                               const std::filesystem::path& list, const std::filesystem::path& left_out,
                               std::vector<std::string>& notes);

/// The same at all processes that meet, found by one of them.
std::vector<Place> find_inputs(const std::vector<std::filesystem::path>& named,
                               const std::filesystem::path& list, const std::filesystem::path& left_out,
                               std::vector<std::string>& notes, Division& division);

/// One of the network's inputs that are explained.
struct NetworkInput {
  std::string name;
  Shape shape;
  std::size_t first;  ///< where its values stand among those of all, one input behind the other
  ascribe::onnx::ElementType
      type;  ///< in the file; what an input of whole numbers takes is whole, and fits it

  /// Its own of the values of all, or of their relevances.
  std::vector<double> of(const std::vector<double>& all) const;
};

/// Samples in files, .npy or images, read one at a time when they are asked for: together they may be larger
/// than memory. Shared between threads.
class Inputs {
 public:
  /// Looks at every file: a .npy file's header is read. Throws ascribe::Error, naming the file, where there
  /// is none, where its shape does not fit, or where it is an image and there is no layout; with `later`,
  /// such a file counts as one sample, and `read` throws. `type`: what the samples' numbers have to be.
  Inputs(std::vector<Place> files, const Shape& shape, const std::optional<ImageLayout>& layout, bool later,
         ascribe::onnx::ElementType type = ascribe::onnx::ElementType::float64);
  /// One sample whose values are known: what the numbers in a file have chosen.
  Inputs(Place file, std::vector<double> values);

  /// Other inputs of the network, `before` this one and behind it: `read` has the values of all from here on,
  /// one input behind the other. Names, sizes and files stay this one's. Throws ascribe::Error where one has
  /// another number of samples.
  void join(std::vector<Inputs> before, std::vector<Inputs> behind);

  /// Of all samples.
  std::size_t size() const { return first_.back(); }
  std::string name(std::size_t n) const;
  /// Throws ascribe::Error where the file cannot be read, for numbers that are not of the input's type, and
  /// of several inputs for numbers that are not finite.
  Sample read(std::size_t n) const;

  const std::vector<Place>& files() const { return files_; }
  /// The number of the file's first sample. One more file would begin at `size()`.
  std::size_t first(std::size_t file) const { return first_[file]; }
  /// The file of a sample.
  std::size_t file_of(std::size_t n) const;

 private:
  using Array = std::shared_ptr<const ascribe::io::NpyReader>;

  Array check(const Place& place, const Shape& shape) const;
  /// The array of a file. It is kept where it has many samples: of others there may be millions.
  Array array_of(std::size_t file) const;
  Sample read_alone(std::size_t n) const;

  std::optional<ImageLayout> layout_;
  ascribe::onnx::ElementType type_ = ascribe::onnx::ElementType::float64;
  std::size_t values_;  // of one sample
  std::vector<Place> files_;
  std::vector<Array> arrays_;  // none for an image, nor for one sample
  std::vector<double> known_;  // of the one sample, where they are
  std::map<std::size_t, std::string> troubles_;
  std::vector<std::size_t> first_{0};
  std::vector<Inputs> before_, behind_;
};

/// Samples that go with the inputs, such as baselines or weights of the outputs: one for all, or one each.
class Beside {
 public:
  /// `what` they are, in messages. Throws ascribe::Error as Inputs, and for another number.
  Beside(const std::string& what, const std::string& file, const Shape& shape,
         const std::optional<ImageLayout>& layout, std::size_t inputs);
  /// All of them for all: none is one input's own.
  explicit Beside(std::vector<Sample> for_all) : for_all_(std::move(for_all)) {}

  /// Those of each input of the network, one input behind the other. The first for all of one goes with the
  /// first of another; what there is one of goes with all. Throws ascribe::Error where the numbers do not
  /// fit.
  static Beside joined(const std::string& what, std::vector<Beside> of_inputs);

  /// Those for all; empty where there is one each.
  const std::vector<Sample>& for_all() const { return for_all_; }
  Sample read(std::size_t n) const;

 private:
  Beside() = default;

  std::vector<Sample> for_all_;
  std::optional<Inputs> each_;
  std::vector<Beside> joined_;  // of which there is one each, or one for all
};

/// Whether --baseline says a word and names no file: "zero", or of texts and ids "pad", "mask" and "ids:N".
bool is_baseline_word(const std::string& said);
inline constexpr std::string_view baseline_ids = "ids:";

/// The files of what --baseline names: one, a folder's, or a word.
std::vector<std::string> baseline_files(const std::string& name);

/// What --baseline names, once or several times. `average`: the samples of one file serve all inputs, too.
/// Throws ascribe::Error as Beside.
Beside baselines_of(const std::vector<std::string>& names, bool average, const Shape& shape,
                    const std::optional<ImageLayout>& layout, std::size_t inputs);

/// What an input has of its own of them.
struct Own {
  std::optional<Sample> baseline, weights, segments;
  std::optional<Index> output = {};  ///< what is explained, in place of what the options say
};

/// The labels of --segments: of an image's pixels, or of all values of an input. Throws ascribe::Error as
/// Beside, and for a picture of another size than the image's.
Beside segments_of(const std::filesystem::path& file, const Shape& shape, std::size_t inputs);

/// The height and width of an input's pixels, and its channels: images in either order, one row of features,
/// or rows of them. Throws ascribe::Error for other shapes.
ascribe::FeatureMaps maps_of(const Shape& shape);

/// Throws ascribe::Error unless there is one lower and one upper bound, or one for each of so many channels.
void check_bounds(const std::vector<double>& low, const std::vector<double>& high, Index channels);

/// The lines of a text file, or of standard input for "-". Throws ascribe::Error where there is no file of
/// them, which are `what`.
std::vector<std::string> lines_of(const std::filesystem::path& path, const char* what);

/// One label a line. Throws ascribe::Error unless there is one for each output.
std::vector<std::string> read_labels(const std::filesystem::path& path, Index outputs);

}  // namespace examples
