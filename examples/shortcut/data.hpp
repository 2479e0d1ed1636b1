/// Images with a shortcut in them: something beside the object that gives the label away in training, and
/// says nothing, or the wrong thing, in test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ascribe/core/types.hpp"

namespace shortcut {

using ascribe::Index;
using Values = ascribe::Batch<float>;  ///< features × samples; features lie row, column, channel

/// Images of which it is known where the shortcut is.
struct Images {
  Values inputs;  ///< in [0, 1]
  std::vector<Index> labels;
  Values allowed;  ///< 1 where relevance may be, 0 on the shortcut; of inputs' shape
};

/// What networks learn, and what they are asked then.
struct Task {
  std::string name;
  Index height = 0, width = 0, channels = 1, classes = 0;
  Images
      training;  ///< the shortcut goes with the label; its masks are the only ones that a network learns from
  Values without;  ///< the same objects, whose shortcut says nothing: what the ceiling learns from
  Images test;
  Values redrawn;  ///< the same objects as in `test`, whose shortcuts have been drawn once more

  Index features() const { return height * width * channels; }
};

/// The decoys of Ross et al. (1703.03717, section 4.3): a square of 4 × 4 pixels in a corner, chosen at
/// random. Its grey level is (255 − 25·label)/255 in training, and in test that of a label drawn at random.
/// Training and test images are IDX files; the first `training` and `test` of them, or all for 0. Throws
/// ascribe::Error where a file cannot be read, there are fewer images, another number of labels, or one
/// above 9.
Task decoys(const std::string& name, const std::filesystem::path& training_images,
            const std::filesystem::path& training_labels, const std::filesystem::path& test_images,
            const std::filesystem::path& test_labels, Index training, Index test, std::uint64_t seed);

/// Two animals, told apart by the pattern of their fur (a cross or a ring, 9 × 9 pixels), on snow or grass,
/// 20 × 20 pixels of three colours: in training the first stands on snow and the second on grass, in test it
/// is the other way round. Where the shortcut is redrawn, the animal has the background of training again;
/// for the ceiling, backgrounds are drawn at random.
Task backgrounds(Index training, Index test, std::uint64_t seed);

}  // namespace shortcut
