/// Whether an explanation depends on what the network has learned.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/random.hpp>
#include <ascribe/evaluate/similarity.hpp>
#include <ascribe/maps/linear_map.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/networks/schedule.hpp>

namespace ascribe::evaluate {

/// What a layer's weights and its biases are replaced by.
enum class Draw {
  normal,   ///< normal, of mean 0 and the root mean square that they had: initialised anew, as Adebayo et al.
            ///< have it, at the size that they have by now
  permuted  ///< themselves in a random order: their very distribution is kept
};

/// Which layers are random at a step of the test.
enum class Cascade {
  from_the_top,  ///< this one and all above it (Adebayo et al. §3, cascading randomisation)
  one_layer      ///< this one alone (independent randomisation)
};

/// The nodes whose layers have learned weights (dense, convolution, scaling), from the outputs down. A layer
/// that several nodes share is named once, by the last of them.
template <class Scalar>
std::vector<Index> learned_from_the_top(const Graph<Scalar>& net) {
  std::vector<Index> nodes;
  std::unordered_set<const void*> seen;
  for (Index i = Index(net.nodes().size()) - 1; i >= net.input_count(); --i)
    if (const auto* m = ascribe::detail::matmul(net.node(i)); m && m->map.weight_count() > 0) {
      const map::Role role = m->map.role();
      if (role != map::Role::aggregation && role != map::Role::wiring &&
          seen.insert(m->map.identity()).second)
        nodes.push_back(i);
    }
  return nodes;
}

namespace detail {

template <class Scalar>
void redraw(Draw draw, Random& random, std::vector<Scalar>& values) {
  if (draw == Draw::permuted) return random.shuffle(values);
  double squares = 0;
  for (const Scalar value : values) squares += double(value) * double(value);
  const double deviation = values.empty() ? 0 : std::sqrt(squares / double(values.size()));
  for (Scalar& value : values) value = Scalar(deviation * random.normal());
}

}  // namespace detail

/// The network with the weights and biases of one node's layer redrawn, of a stream of the seed that is the
/// node's own: the same whichever other layers are random. Throws Error where the node has no weights, or
/// they cannot be read.
template <class Scalar>
Graph<Scalar> randomised(const Graph<Scalar>& net, Index node, Draw draw, std::uint64_t seed) {
  const auto* m =
      node < 0 || node >= Index(net.nodes().size()) ? nullptr : ascribe::detail::matmul(net.node(node));
  if (!m || m->map.weight_count() < 1) fail("randomised: expected a node with weights, found node ", node);
  std::vector<Scalar> weights(std::size_t(m->map.weight_count())), bias(m->bias.begin(), m->bias.end());
  copy_weights(m->map, weights.data());
  Random random(seed, std::uint64_t(node));
  detail::redraw(draw, random, weights);
  detail::redraw(draw, random, bias);
  return net.with_weights(node, weights, bias);
}

/// How alike explanations stay while layers become random.
struct Randomisation {
  std::vector<Index> nodes;      ///< whose layers became random, in that order
  Eigen::ArrayXXd similarities;  ///< nodes × samples: the explanations then, and the trained network's
};

/// The model parameter randomisation test (Adebayo et al. 1810.03292, §3): layer by layer from the outputs
/// down the weights become random, and the explanations are compared with the trained network's. One that
/// stays what it was does not depend on the upper layers, and so not on what they learned. explain(net) says
/// the relevances of the same inputs and the same targets; similarity(a, b) compares them sample by sample.
///
///     randomisation(net, [&](const auto& n) { return n.explain(x, targets, method::LrpQ()).relevance; },
///                   [](const auto& a, const auto& b) { return cosine(a, b); });
///
/// What is known of reading it:
/// - Signed and absolute similarities say different things. A random output layer turns the sign of what it
///   asks for at random, so that signed similarity falls at the first step by that alone, while the same
///   places stay marked. Adebayo et al. report both.
/// - Methods of positive parts (z⁺, αβ, Deconvolution, GuidedBackpropagation) converge to one direction,
///   however the layers above are drawn (Sixt et al. 1912.09818): cosine shows that.
/// - A low similarity is no merit by itself: noise has the lowest. SSIM and ranks fall for heatmaps whose
///   pixels do not covary, whatever they say; and activations of the forward pass keep their scales under
///   random weights, which keeps explanations alike that do depend on them (Binder et al. 2211.12486). So the
///   test tells who fails, and does not rank who passes: faithfulness (perturbation curves) does.
/// - × input marks the input's own shape, whatever the weights: compare with the last step, where all is
///   random.
///
/// Throws Error where no node has learned weights, and as `explain`.
template <class Scalar, class Explain, class Similarity>
Randomisation randomisation(const Graph<Scalar>& net, const Explain& explain, const Similarity& similarity,
                            Cascade cascade = Cascade::from_the_top, Draw draw = Draw::normal,
                            std::uint64_t seed = 1) {
  const Batch<Scalar> trained = explain(net);
  Randomisation result{learned_from_the_top(net), {}};
  if (result.nodes.empty()) fail("randomisation: expected a layer with learned weights, found none");
  result.similarities.resize(Index(result.nodes.size()), trained.cols());
  Graph<Scalar> random = net;
  for (std::size_t k = 0; k < result.nodes.size(); ++k) {
    random = randomised(cascade == Cascade::from_the_top ? random : net, result.nodes[k], draw, seed);
    const Batch<Scalar> relevance = explain(std::as_const(random));
    result.similarities.row(Index(k)) = similarity(trained, relevance).transpose();
  }
  return result;
}

}  // namespace ascribe::evaluate
