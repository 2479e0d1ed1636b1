/// One training with relevance in the loss, and what the network looks at then.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/methods/composite.hpp"
#include "ascribe/networks/graph.hpp"
#include "ascribe/train/trainer.hpp"
#include "examples/shortcut/data.hpp"
#include "examples/shortcut/protocol.hpp"

namespace shortcut {

using Network = ascribe::Graph<float>;

/// Networks by name, whose weights follow from the seed: `mlp`, dense layers of 100, 50 and the classes;
/// `cnn`, a convolution of 5 × 5 to 8 channels with stride 2, the maximum over 2 × 2, a convolution of 3 × 3
/// to 16 channels, and a dense layer; with ReLU. Throws ascribe::Error for another name.
Network make_network(const std::string& name, const Task& task, std::uint64_t seed);

/// The method of a loss: one of composite::by_name, or `z_plus`, `alpha2_beta1` and `gamma`, which are ZPlus,
/// AlphaBeta(2, 1) and Gamma at every matrix, or `against`: ZPlus at every matrix but the first, of which
/// only the contributions that speak against an output count. Throws ascribe::Error for another name.
ascribe::Composite<float> method_of(const Loss& loss);

/// λ: `factor` times what makes λ·term as large as the loss of guessing one of the classes, ln K, which
/// training starts with. `term` is that of the first training samples by a network that has learned labels
/// alone for a few epochs: what it costs to go on as it would. (Ross et al. 1703.03717, section 3: both "of
/// the same order of magnitude".) Nothing of the test data is looked at. Throws ascribe::Error where the term
/// is 0 or not finite.
double strength_of(double term, Index classes, double factor);

/// The share of |relevance| on the shortcut, mean of all images. `baseline` (features × 1) is for methods
/// against one.
double share_on_shortcut(const Network& net, const Images& images, const Loss& how, const Values& baseline);

/// Says at which epoch and batch a loss, a derivative or a weight was no longer finite.
struct Diverged : ascribe::Error {
  using Error::Error;
};

struct Outcome {
  double strength = 0;  ///< λ
  double loss = 0;      ///< on labels, mean of the last epoch
  double accuracy = 0;  ///< of the test images
  double turns = 0;     ///< part of the test images whose answer is another once the shortcut is redrawn
  /// The share on the shortcut by the loss's own method, in test images; of a network that learned labels
  /// alone, by that of each of the protocol's losses.
  std::vector<double> own;
  std::vector<double> judged;          ///< and by the protocol's judges
  std::optional<std::string> stopped;  ///< where the loss diverged, and why; all else is of no meaning then
};

/// A task's data, and all that its runs share.
class Experiment {
 public:
  Experiment(const Protocol& protocol, Task task);

  const Task& task() const { return task_; }
  /// Trains a network; `outcome` gets λ and the loss on labels. Throws Diverged, and ascribe::Error where the
  /// method has no derivative or λ no value.
  Network train(const Run& run, Outcome& outcome) const;
  /// Trains, and looks at what came of it. Throws ascribe::Error, which names the run, where that is not
  /// possible.
  Outcome operator()(const Run& run) const;

 private:
  ascribe::train::Objective<float> objective(const Loss& loss, double strength) const;

  const Protocol& protocol_;
  Task task_;
  Values mean_;  ///< of the training images: the baseline
  /// Of the training masks, which every run reads and none copies.
  std::shared_ptr<const ascribe::train::OutsideMask<float>> share_;
  std::shared_ptr<const ascribe::train::SquaredOnMask<float>> squared_;
};

}  // namespace shortcut
