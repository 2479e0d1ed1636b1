#include "examples/support/samples.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <span>
#include <system_error>
#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/support/tar.hpp"

namespace examples {
namespace {

/// Adds the images in a tar file.
void add_members(const std::filesystem::path& tar, std::size_t root, std::vector<Place>& found) {
  const std::size_t before = found.size();
  each_member(tar, [&](const std::string& name, std::uint64_t offset) {
    if (has_extension(name, {".png", ".jpg", ".jpeg"}))
      found.push_back({(tar / name).string(), root, {}, tar.string().size(), offset});
  });
  if (found.size() == before)
    ascribe::fail(tar.string(), ": expected a tar file with .png or .jpg files, found none in it");
}

/// Adds the files of a folder and its folders, by name. Returns how many are of no known type.
std::size_t walk(const std::filesystem::path& folder, const std::filesystem::path& left_out,
                 std::vector<Place>& found) try {
  namespace fs = std::filesystem;
  const std::size_t before = found.size();
  std::size_t others = 0;
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it) {
    const fs::path& path = it->path();
    std::error_code none_there;
    if (path.filename().string().front() == '.' ||
        (!left_out.empty() && it->is_directory() && fs::equivalent(path, left_out, none_there)))
      it.disable_recursion_pending();
    else if (it->is_regular_file() && is_tar(path))
      add_members(path, folder.string().size(), found);
    else if (it->is_regular_file() && has_extension(path, {".npy", ".png", ".jpg", ".jpeg"}))
      found.push_back({path.string(), folder.string().size()});
    else if (it->is_regular_file())
      ++others;
  }
  if (found.size() == before)
    ascribe::fail(folder.string(), ": expected a folder with .npy, .png or .jpg files, found none in it");
  // By name, and what is in one tar file as it lies there: it is read from the first to the last.
  std::sort(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(),
            [](const Place& a, const Place& b) {
              const auto name = [](const Place& place) {
                return std::string_view(place.path)
                    .substr(0, place.archive > 0 ? place.archive : place.path.size());
              };
              return std::pair(name(a), a.offset) < std::pair(name(b), b.offset);
            });
  return others;
} catch (const std::filesystem::filesystem_error& error) {
  ascribe::fail(folder.string(), ": expected a folder that can be read, found ", error.code().message());
}

}  // namespace

bool has_extension(const std::filesystem::path& path, std::initializer_list<std::string_view> endings) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(endings.begin(), endings.end(), end) != endings.end();
}

bool is_npy(const std::filesystem::path& path) { return has_extension(path, {".npy"}); }

void check_bounds(const std::vector<double>& low, const std::vector<double>& high, Index channels) {
  for (const auto& [option, bounds] : {std::pair("--low", &low), std::pair("--high", &high)})
    if (bounds->size() != 1 && Index(bounds->size()) != channels)
      ascribe::fail(option, ": expected one bound, or one for each of ", channels, ", found ",
                    bounds->size());
}

namespace {

/// Hands on the lines of a file, or of standard input, one by one: there may be millions.
void each_line(const std::filesystem::path& path, const char* what,
               const std::function<void(std::string&)>& take) {
  std::ifstream file;
  const bool standard = path == "-";
  if (!standard) file.open(path);
  std::istream& stream = standard ? std::cin : file;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    take(line);
  }
  if (!stream.eof())
    ascribe::fail(path.string(), ": expected a file of ", what, ", found none that can be read");
}

}  // namespace

std::vector<std::string> lines_of(const std::filesystem::path& path, const char* what) {
  std::vector<std::string> lines;
  each_line(path, what, [&](std::string& line) { lines.push_back(std::move(line)); });
  return lines;
}

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

std::vector<Place> find_inputs(const std::vector<std::filesystem::path>& named,
                               const std::filesystem::path& list, const std::filesystem::path& left_out,
                               std::vector<std::string>& notes) {
  std::vector<Place> found;
  const auto add = [&](const std::filesystem::path& path) {
    std::error_code error;
    if (is_tar(path)) {
      add_members(path, path.parent_path().string().size(), found);
    } else if (!std::filesystem::is_directory(path, error)) {
      found.push_back({path.string(), path.parent_path().string().size()});
    } else if (const std::size_t others = walk(path, left_out, found); others > 0) {
      notes.push_back(path.string() + ": " + std::to_string(others) +
                      " files that are neither .npy, .png nor .jpg are left out");
    }
  };
  for (const auto& path : named) add(path);
  if (list.empty()) return found;
  const std::size_t before = found.size();
  each_line(list, "paths", [&](const std::string& line) {
    if (!line.empty()) add(line);
  });
  if (found.size() == before) ascribe::fail(list.string(), ": expected a list of inputs, found no line");
  return found;
}

namespace {

/// Texts one behind the other, each as its length and itself.
void put(std::string& all, const std::string& text) { all += std::to_string(text.size()) + ":" + text; }

std::string take(std::string_view& all) {
  const std::size_t colon = all.find(':');
  const std::size_t size = std::stoull(std::string(all.substr(0, colon)));
  std::string text(all.substr(colon + 1, size));
  all.remove_prefix(colon + 1 + size);
  return text;
}

}  // namespace

std::vector<Place> find_inputs(const std::vector<std::filesystem::path>& named,
                               const std::filesystem::path& list, const std::filesystem::path& left_out,
                               std::vector<std::string>& notes, Division& division) {
  if (!division.meets()) return find_inputs(named, list, left_out, notes);
  const std::string all = division.shared([&] {
    std::vector<std::string> said;
    const std::vector<Place> found = find_inputs(named, list, left_out, said);
    std::string text;
    put(text, std::to_string(said.size()));
    for (const std::string& note : said) put(text, note);
    for (const Place& place : found) {
      put(text, place.path);
      for (const std::uint64_t number :
           {std::uint64_t(place.root), std::uint64_t(place.archive), place.offset})
        put(text, std::to_string(number));
    }
    return text;
  });
  std::string_view rest = all;
  for (std::size_t left = std::stoull(take(rest)); left > 0; --left) notes.push_back(take(rest));
  std::vector<Place> places;
  while (!rest.empty()) {
    Place& place = places.emplace_back();
    place.path = take(rest);
    place.root = std::stoull(take(rest));
    place.archive = std::stoull(take(rest));
    place.offset = std::stoull(take(rest));
  }
  return places;
}

std::vector<double> NetworkInput::of(const std::vector<double>& all) const {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + count_of(shape)};
}

namespace {

/// The samples' values one behind the other, under the first one's name.
Sample side_by_side(const std::vector<Sample>& samples) {
  Sample all{samples.front().name, {}};
  for (const Sample& sample : samples)
    all.values.insert(all.values.end(), sample.values.begin(), sample.values.end());
  return all;
}

/// Throws ascribe::Error, naming the sample, for a number that a type of whole numbers has not.
void check_whole(const Sample& sample, ascribe::onnx::ElementType type) {
  const int bits = 8 * static_cast<int>(ascribe::onnx::item_size(type));
  const bool is_bool = !ascribe::onnx::is_integer(type),
             is_signed = !ascribe::onnx::name(type).starts_with('u');
  const double low = is_bool || !is_signed ? 0 : -std::ldexp(1, bits - 1),
               end = is_bool ? 2 : std::ldexp(1, is_signed ? bits - 1 : bits);
  for (std::size_t i = 0; i < sample.values.size(); ++i)
    if (const double v = sample.values[i]; !(v >= low && v < end && v == std::floor(v)))
      ascribe::fail(sample.name, ": expected numbers of the model's type ", ascribe::onnx::name(type),
                    ", found ", v, " as number ", i);
}

}  // namespace

Inputs::Inputs(std::vector<Place> files, const Shape& shape, const std::optional<ImageLayout>& layout,
               bool later, ascribe::onnx::ElementType type)
    : layout_(layout),
      type_(type),
      values_(static_cast<std::size_t>(count_of(shape))),
      files_(std::move(files)) {
  first_.reserve(files_.size() + 1);
  arrays_.reserve(files_.size());
  for (std::size_t file = 0; file < files_.size(); ++file) {
    Array array;
    try {
      array = check(files_[file], shape);
    } catch (const ascribe::Error& error) {
      if (!later) throw;
      troubles_.emplace(file, error.what());
    }
    const bool batch = array && array->shape().size() > shape.size();
    first_.push_back(first_.back() + (batch ? array->shape()[0] : 1));
    arrays_.push_back(batch ? std::move(array) : nullptr);
  }
}

Inputs::Array Inputs::array_of(std::size_t file) const {
  if (arrays_[file]) return arrays_[file];
  auto array = std::make_shared<const ascribe::io::NpyReader>(files_[file].path);
  if (array->size() != values_)
    ascribe::fail(files_[file].path, ": expected ", values_, " values, as there were at first, found ",
                  array->size());
  return array;
}

Inputs::Array Inputs::check(const Place& place, const Shape& shape) const {
  const std::string& name = place.path;
  const std::filesystem::path path = name;
  if (!is_npy(path)) {
    if (!layout_)
      ascribe::fail(name, ": an image, but the model takes ", text_of(shape, true),
                    ", which is none: expected a .npy file");
    if (place.archive > 0) return nullptr;
    if (std::error_code error; !std::filesystem::exists(path, error))
      ascribe::fail(name, ": expected an image, found no file");
    return nullptr;
  }
  auto array = std::make_shared<const ascribe::io::NpyReader>(path);
  const Shape found(array->shape().begin(), array->shape().end());
  const bool batch = found.size() == shape.size() + 1 && Shape(found.begin() + 1, found.end()) == shape;
  if (found != shape && !batch)
    ascribe::fail(name, ": expected shape ", text_of(shape, true), " or ", text_of(shape), ", found ",
                  text_of(found));
  if (batch && found[0] == 0) ascribe::fail(name, ": expected at least one sample, found none");
  return array;
}

Inputs::Inputs(Place file, std::vector<double> values)
    : values_(values.size()), files_{std::move(file)}, arrays_(1), known_(std::move(values)), first_{0, 1} {}

std::size_t Inputs::file_of(std::size_t n) const {
  return static_cast<std::size_t>(std::upper_bound(first_.begin(), first_.end(), n) - first_.begin() - 1);
}

std::string Inputs::name(std::size_t n) const {
  const std::size_t file = file_of(n);
  const bool alone = first_[file + 1] - first_[file] == 1;
  const std::string& called = files_[file].shown.empty() ? files_[file].path : files_[file].shown;
  return called + (alone ? "" : "[" + std::to_string(n - first_[file]) + "]");
}

void Inputs::join(std::vector<Inputs> before, std::vector<Inputs> behind) {
  for (const auto* others : {&before, &behind})
    for (const Inputs& other : *others)
      if (other.size() != size())
        ascribe::fail("--explain: ", other.files_.front().path, ": expected ", size(),
                      " samples, one to go with each of ", files_.front().path,
                      files_.size() > 1 ? " and the files behind it" : "", ", found ", other.size());
  before_ = std::move(before);
  behind_ = std::move(behind);
}

Sample Inputs::read(std::size_t n) const {
  if (before_.empty() && behind_.empty()) return read_alone(n);
  std::vector<Sample> samples;
  const auto add = [&](const Inputs& from) {
    samples.push_back(from.read_alone(n));
    // The network would say where among the values of all.
    const auto& values = samples.back().values;
    const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
    if (bad != values.end())
      ascribe::fail(samples.back().name, ": expected finite numbers, found ", *bad, " as number ",
                    bad - values.begin());
  };
  for (const Inputs& other : before_) add(other);
  add(*this);
  for (const Inputs& other : behind_) add(other);
  Sample all = side_by_side(samples);
  all.name = name(n);
  return all;
}

Sample Inputs::read_alone(std::size_t n) const {
  const std::size_t file = file_of(n);
  if (const auto trouble = troubles_.find(file); trouble != troubles_.end()) ascribe::fail(trouble->second);
  if (!known_.empty()) return {name(n), known_};
  Sample sample{name(n), {}};
  if (!is_npy(files_[file].path)) {
    const Place& place = files_[file];
    if (place.archive > 0) {
      const std::string bytes = member(place.path.substr(0, place.archive), place.offset);
      sample.values =
          examples::input_of(examples::decode_image(place.path, bytes), layout_->format, layout_->order);
    } else {
      sample.values = examples::read_input(place.path, layout_->format, layout_->order);
    }
    if (layout_->whole)
      for (double& value : sample.values) value = std::round(value);
  } else {
    sample.values.resize(values_);
    array_of(file)->read((n - first_[file]) * values_, std::span<double>(sample.values));
  }
  if (!ascribe::onnx::is_floating(type_)) check_whole(sample, type_);
  return sample;
}

Beside::Beside(const std::string& what, const std::string& file, const Shape& shape,
               const std::optional<ImageLayout>& layout, std::size_t inputs) {
  each_.emplace(std::vector<Place>{{file}}, shape, layout, false);
  if (each_->size() != 1 && each_->size() != inputs)
    ascribe::fail(what, " ", file, ": expected 1 sample, or one for each of ", inputs, " inputs, found ",
                  each_->size());
  if (each_->size() == 1) for_all_ = {each_->read(0)};
}

Beside Beside::joined(const std::string& what, std::vector<Beside> of_inputs) {
  if (of_inputs.size() == 1) return std::move(of_inputs.front());
  std::size_t count = 1;
  bool each = false;
  for (const Beside& one : of_inputs) {
    each = each || one.for_all_.empty();
    count = std::max(count, one.for_all_.size());
  }
  for (const Beside& one : of_inputs)
    if (const std::size_t found = one.for_all_.size();
        found > 1 ? found != count || each : found == 0 && count > 1)
      ascribe::fail(what, ": expected as many for each input of the network, found ",
                    each ? std::string("one each") : std::to_string(found), " for one and ", count,
                    " for another");
  Beside all;
  if (each) {
    all.joined_ = std::move(of_inputs);
    return all;
  }
  for (std::size_t k = 0; k < count; ++k) {
    std::vector<Sample> samples;
    for (const Beside& one : of_inputs) samples.push_back(one.for_all_[one.for_all_.size() == 1 ? 0 : k]);
    all.for_all_.push_back(side_by_side(samples));
  }
  return all;
}

Sample Beside::read(std::size_t n) const {
  if (joined_.empty()) return each_->read(n);
  std::vector<Sample> samples;
  for (const Beside& one : joined_) samples.push_back(one.for_all_.empty() ? one.read(n) : one.for_all_[0]);
  return side_by_side(samples);
}

bool is_baseline_word(const std::string& said) {
  if (!said.starts_with(baseline_ids)) return said == "zero" || said == "pad" || said == "mask";
  const char *const begin = said.data() + baseline_ids.size(), *const end = said.data() + said.size();
  std::int64_t id = 0;
  const auto [stop, error] = std::from_chars(begin, end, id);
  return error == std::errc() && stop == end && id >= 0;
}

std::vector<std::string> baseline_files(const std::string& name) {
  std::vector<std::string> files;
  std::error_code error;
  if (is_baseline_word(name) || !std::filesystem::is_directory(name, error)) return {name};
  std::vector<std::string> passed_over;
  for (Place& place : find_inputs({name}, {}, {}, passed_over)) files.push_back(std::move(place.path));
  return files;
}

Beside baselines_of(const std::vector<std::string>& names, bool average, const Shape& shape,
                    const std::optional<ImageLayout>& layout, std::size_t inputs) {
  std::error_code error;
  for (const std::string& name : names)
    if (name != "zero" && is_baseline_word(name))
      ascribe::fail("--baseline ", name,
                    ": expected an input of texts or ids, whose pieces it replaces, found ",
                    text_of(shape, true));
  const bool one_file =
      names.size() == 1 && names[0] != "zero" && !std::filesystem::is_directory(names[0], error);
  if (one_file && !average) return Beside("baseline", names[0], shape, layout, inputs);
  std::vector<Sample> all;
  for (const std::string& name : names)
    for (const std::string& file : baseline_files(name)) {
      if (file == "zero") {
        all.push_back({file, std::vector<double>(static_cast<std::size_t>(count_of(shape)), 0.0)});
        continue;
      }
      const Inputs samples({{file}}, shape, layout, false);
      for (std::size_t n = 0; n < samples.size(); ++n) all.push_back(samples.read(n));
    }
  return Beside(std::move(all));
}

Beside segments_of(const std::filesystem::path& file, const Shape& shape, std::size_t inputs) {
  if (!is_npy(file)) {
    const ascribe::FeatureMaps maps = maps_of(shape);
    const ascribe::Picture picture = examples::read_image(file);
    if (picture.height != maps.height || picture.width != maps.width)
      ascribe::fail(file.string(), ": expected labels for ", maps.height, " x ", maps.width,
                    " pixels, found ", picture.height, " x ", picture.width);
    Sample labels{file.string(), {}};
    for (std::size_t p = 0; p < picture.rgb.size(); p += 3)
      labels.values.push_back(65536.0 * picture.rgb[p] + 256.0 * picture.rgb[p + 1] + picture.rgb[p + 2]);
    return Beside(std::vector<Sample>{std::move(labels)});
  }
  const ascribe::io::NpyReader array(file);
  const auto ends = [&](const Shape& with) {
    const Shape found(array.shape().begin(), array.shape().end());
    return found == with ||
           (found.size() == with.size() + 1 && std::equal(with.begin(), with.end(), found.begin() + 1));
  };
  if (ends(shape) || shape.size() < 2) return Beside("segments", file.string(), shape, std::nullopt, inputs);
  const ascribe::FeatureMaps maps = maps_of(shape);
  return Beside("segments", file.string(), {maps.height, maps.width}, std::nullopt, inputs);
}

ascribe::FeatureMaps maps_of(const Shape& shape) {
  if (shape.size() == 1) return {1, 1, shape[0], false};
  if (shape.size() == 2) return {1, shape[0], shape[1], false};
  if (shape.size() != 3)
    ascribe::fail("expected an input of images, rows of values or values alone, found shape ",
                  text_of(shape, true));
  const auto layout = image_layout(shape, {0}, {1});
  if (layout && layout->order == examples::ImageOrder::hwc) return {shape[2], shape[0], shape[1], true};
  return {shape[0], shape[1], shape[2], false};
}

std::vector<std::string> read_labels(const std::filesystem::path& path, Index outputs) {
  auto labels = lines_of(path, "labels");
  if (static_cast<Index>(labels.size()) != outputs)
    ascribe::fail(path.string(), ": expected a label for each of ", outputs, " outputs, found ",
                  labels.size());
  return labels;
}

}  // namespace examples
