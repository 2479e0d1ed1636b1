/// Weights that the processes of a machine share: files in a folder, which all of them map.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "ascribe/core/weight_store.hpp"

namespace examples {

/// A file for each layer's weights, named after what is in it. Who finds its weights there maps the file, whose
/// pages stand in the machine's memory once; who does not writes it. A file is believed only where it is the
/// weights to the last byte. Files stay when the process ends.
class WeightFiles : public ascribe::WeightStore {
 public:
  /// Makes the folder. Throws ascribe::Error where it cannot be made.
  explicit WeightFiles(const std::filesystem::path& folder);

  /// Null for what is smaller than `worth_sharing`. Throws ascribe::Error where no file can be written.
  std::shared_ptr<const void> keep(std::span<const std::byte> weights) override;

  static constexpr std::size_t worth_sharing = std::size_t(1) << 14;  ///< bytes: a few pages

 private:
  std::filesystem::path folder_;
};

/// Has weights from now on in a folder's files; none: leaves them where they are. Throws as WeightFiles.
void share_weights(const std::filesystem::path& folder);

/// While it lives, other processes wait for theirs in the same folder: a network that is being made takes its
/// layers' weights from the heap until they are in their files. Without a folder it is nothing.
class WeightTurn {
 public:
  explicit WeightTurn(const std::filesystem::path& folder);
  ~WeightTurn();
  WeightTurn(const WeightTurn&) = delete;
  WeightTurn& operator=(const WeightTurn&) = delete;

 private:
  int file_ = -1;
};

}  // namespace examples
