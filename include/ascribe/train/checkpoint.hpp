/// What a run that was interrupted goes on from.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/io/binary.hpp>
#include <ascribe/io/whole_file.hpp>
#include <ascribe/train/trainer.hpp>

namespace ascribe::train {
namespace detail {

inline constexpr std::string_view checkpoint_magic = "ascribe checkpoint 1\n";

/// FNV-1a (Fowler, Noll & Vo), so that bytes that were changed or cut are seen.
inline std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0xcbf29ce484222325u;
  for (const char byte : bytes)
    sum = (sum ^ std::uint64_t(static_cast<unsigned char>(byte))) * 0x100000001b3u;
  return sum;
}

class CheckpointWriter {
 public:
  template <class T>
  void numbers(std::span<const T> values) {
    whole(std::int64_t(values.size()));
    std::string swapped;
    bytes_ += io::little_endian(values, swapped);
  }
  void whole(std::int64_t value) {
    std::string swapped;
    const std::array<std::int64_t, 1> one{value};
    bytes_ += io::little_endian(std::span<const std::int64_t>(one), swapped);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_{checkpoint_magic};
};

class CheckpointReader {
 public:
  CheckpointReader(const std::filesystem::path& path, std::string_view bytes) : path_(path), left_(bytes) {}

  std::int64_t whole() { return std::int64_t(item<std::uint64_t>()); }
  template <class T>
  std::vector<T> numbers() {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const std::int64_t count = whole();
    if (count < 0 || std::uint64_t(count) > left_.size() / sizeof(T)) end();
    std::vector<T> values;
    values.reserve(std::size_t(count));
    for (std::int64_t k = 0; k < count; ++k) values.push_back(std::bit_cast<T>(item<Bits>()));
    return values;
  }
  bool done() const { return left_.empty(); }

 private:
  template <class Bits>
  Bits item() {
    if (left_.size() < sizeof(Bits)) end();
    const Bits bits = io::binary::load<Bits>(left_.data(), false);
    left_.remove_prefix(sizeof(Bits));
    return bits;
  }
  [[noreturn]] void end() const { fail(path_, ": expected a checkpoint, found one that is cut short"); }

  const std::filesystem::path& path_;
  std::string_view left_;
};

}  // namespace detail

/// Writes the weights and biases of a trainer, the state of its optimiser and the number of the epoch that
/// comes next to a file, whole or not at all. Not in it: data, objectives, rates and seeds, which the host
/// has. Throws Error where it cannot be written.
template <class Scalar, class Optimiser>
void save_checkpoint(const std::filesystem::path& path, Trainer<Scalar>& trainer, const Optimiser& optimiser,
                     Index next_epoch) {
  detail::CheckpointWriter writer;
  writer.whole(std::int64_t(sizeof(Scalar)));
  writer.whole(next_epoch);
  const auto blocks = trainer.parameters();
  writer.whole(std::int64_t(blocks.size()));
  for (const auto& block : blocks) writer.numbers(std::span<const Scalar>(block.values));
  Optimiser::each_state(optimiser, [&]<class Part>(const Part& part) {
    if constexpr (std::is_integral_v<Part>) {
      writer.whole(part);
    } else {
      writer.whole(std::int64_t(part.size()));
      for (const auto& block : part) writer.numbers(std::span<const Scalar>(block));
    }
  });
  detail::CheckpointWriter sum;
  sum.whole(std::int64_t(detail::checksum(writer.bytes())));
  const std::array<std::string_view, 2> parts{
      writer.bytes(), std::string_view(sum.bytes()).substr(detail::checkpoint_magic.size())};
  io::write_whole(path, parts);
}

/// Reads what `save_checkpoint` wrote into a trainer of the same network and an optimiser of the same kind,
/// and returns the number of the next epoch: the run goes on to the last bit as if it had not been
/// interrupted. Throws Error for a file that is none, is damaged, or is another network's, Scalar's or
/// optimiser's: nothing has changed then.
template <class Scalar, class Optimiser>
Index load_checkpoint(const std::filesystem::path& path, Trainer<Scalar>& trainer, Optimiser& optimiser) {
  const std::string bytes = io::binary::read_bytes(path, "a checkpoint");
  std::string_view content = bytes;
  if (!content.starts_with(detail::checkpoint_magic) || content.size() < detail::checkpoint_magic.size() + 8)
    fail(path, ": expected a checkpoint, found another file");
  const auto sum = io::binary::load<std::uint64_t>(content.data() + content.size() - 8, false);
  content.remove_suffix(8);
  if (sum != detail::checksum(content)) fail(path, ": expected a checkpoint, found one that is damaged");
  content.remove_prefix(detail::checkpoint_magic.size());

  detail::CheckpointReader reader(path, content);
  if (const std::int64_t size = reader.whole(); size != std::int64_t(sizeof(Scalar)))
    fail(path, ": expected numbers of ", sizeof(Scalar), " bytes, found ", size);
  const Index next_epoch = reader.whole();
  const auto blocks = trainer.parameters();
  const auto expect = [&](const char* what, std::int64_t expected, std::int64_t found) {
    if (expected != found)
      fail(path, ": expected ", expected, " ", what, " as the network has, found ", found);
  };
  expect("blocks of weights and biases", std::int64_t(blocks.size()), reader.whole());
  std::vector<std::vector<Scalar>> values;
  for (const auto& block : blocks) {
    values.push_back(reader.template numbers<Scalar>());
    expect("numbers in a block", std::int64_t(block.values.size()), std::int64_t(values.back().size()));
  }
  Optimiser found = optimiser;
  Optimiser::each_state(found, [&]<class Part>(Part& part) {
    if constexpr (std::is_integral_v<Part>) {
      part = Part(reader.whole());
    } else {
      const std::int64_t count = reader.whole();
      if (count != 0) expect("blocks of the optimiser", std::int64_t(blocks.size()), count);
      part.clear();
      for (std::int64_t k = 0; k < count; ++k) {
        part.push_back(reader.template numbers<Scalar>());
        expect("numbers in a block of the optimiser", std::int64_t(values[std::size_t(k)].size()),
               std::int64_t(part.back().size()));
      }
    }
  });
  if (!reader.done()) fail(path, ": expected a checkpoint of this optimiser, found more than it has");

  for (std::size_t k = 0; k < blocks.size(); ++k)
    std::copy(values[k].begin(), values[k].end(), blocks[k].values.begin());
  trainer.update();
  optimiser = std::move(found);
  return next_epoch;
}

}  // namespace ascribe::train
