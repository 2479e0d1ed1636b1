/// What is run, and by which rules it is judged: a file that is there before the run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/train/trainer.hpp"
#include "examples/support/files.hpp"

namespace shortcut {

using ascribe::Index;
using examples::Json;

/// A loss on relevance: what is explained, by which method, and what of it counts.
struct Loss {
  std::string name;
  std::string method;
  bool squared = false;  ///< train::SquaredOnMask of the shortcut; else the share, train::OutsideMask
  ascribe::train::Asked asked = ascribe::train::Asked::label;
  double epsilon = 1e-6, gamma = 0.25;  ///< of the method's rules, where they have one
};

/// How large a task is, or how long a network learns.
struct Size {
  std::string name;
  Index training = 0, test = 0;  ///< samples of a task; 0: all
  Index epochs = 0;              ///< of a network
  double rate = 0;               ///< of Adam
};

/// Every loss with every factor and seed.
struct Block {
  std::string task, network;
  std::vector<std::string> losses;
  std::vector<double> factors;
  std::vector<std::uint64_t> seeds;
};

/// The names that are no loss's: labels alone, and labels alone where the shortcut says nothing.
inline constexpr const char* plain_name = "none";
inline constexpr const char* ceiling_name = "ceiling";

struct Protocol {
  Json text;  ///< all of it
  std::uint64_t data_seed = 0;
  std::vector<Size> tasks, networks;
  Index batch = 0;
  Index early_epochs = 0, early_samples = 0;  ///< see strength_of
  std::vector<Loss> losses;
  std::vector<Loss> judges;  ///< whose share on the shortcut is read of every network
  double turns = 0,
         below = 0;  ///< cured: less answers turn, and accuracy is at most this much below the ceiling
  double own = 0;    ///< the measure has fallen: to at most this part of the plain network's
  std::vector<std::string> picture;  ///< whose relevances are drawn
  std::vector<Block> standard, full;

  const Loss& loss(const std::string& name) const;
  static const Size& size(const std::vector<Size>& sizes, const std::string& name);
};

/// Throws ascribe::Error, which names the file and the place, for what is missing, of another type, out of
/// range, or names what there is not.
Protocol read_protocol(const std::filesystem::path& path);

/// One training.
struct Run {
  std::string task, network, loss;
  double factor = 0;  ///< 0 for `plain_name` and `ceiling_name`
  std::uint64_t seed = 0;

  bool penalised() const { return loss != plain_name && loss != ceiling_name; }
  bool operator==(const Run&) const = default;
};

/// "digits, mlp, z_plus x 10, seed 3"
std::string text_of(const Run& run);

/// The runs of blocks, in their order. Losses that have no factor are run once a seed.
std::vector<Run> runs_of(const std::vector<Block>& blocks);

}  // namespace shortcut
