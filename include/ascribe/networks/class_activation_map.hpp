/// Class activation maps: where a layer's features that speak for the output are active.
#pragma once

#include <cmath>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/feature_maps.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/networks/occlusion.hpp>

namespace ascribe {

/// A map of what a layer sees, at the layer's resolution. It is no explanation with books: neither its values
/// nor what is made of them for the input add up to the output.
template <class Scalar>
struct ClassActivationMap {
  Batch<Scalar> map;      ///< positions × samples, row by row; not negative
  Batch<Scalar> weights;  ///< channels × samples: how much each counts for the output
  Batch<Scalar> output;   ///< the explained output × samples
};

namespace detail {

/// The channels of sample n of a node's value, positions × channels.
template <class Scalar>
Batch<Scalar> channels_of(const Batch<Scalar>& values, const FeatureMaps& layer, Index n) {
  Batch<Scalar> channels(layer.positions(), layer.channels);
  for (Index c = 0; c < layer.channels; ++c)
    for (Index p = 0; p < layer.positions(); ++p) channels(p, c) = values(layer.feature(c, p), n);
  return channels;
}

/// max(0, Σ_c weight·channel) for each sample.
template <class Scalar>
void weigh(const Batch<Scalar>& values, const FeatureMaps& layer, ClassActivationMap<Scalar>& result) {
  result.map.resize(layer.positions(), values.cols());
  for (Index n = 0; n < values.cols(); ++n)
    result.map.col(n) = (channels_of(values, layer, n) * result.weights.col(n)).cwiseMax(Scalar(0));
}

template <class Scalar>
void check_maps(const char* who, const Graph<Scalar>& net, Index node, const FeatureMaps& layer) {
  if (node < 0 || node >= Index(net.nodes().size()))
    fail(who, ": expected one of ", net.nodes().size(), " nodes, found ", node);
  layer.check(who);
  if (net.node(node).size != layer.size())
    fail(who, ": expected node '", net.node(node).name, "' to have ", layer.channels, " x ", layer.height,
         " x ", layer.width, " = ", layer.size(), " features, found ", net.node(node).size);
}

/// Throws Error unless the value of node `top` depends on that of `node`: its gradient would be 0, and say
/// nothing.
template <class Scalar>
void check_on_the_way(const char* who, const Graph<Scalar>& net, Index node, Index top) {
  std::vector<bool> depends(net.nodes().size(), false);
  depends[std::size_t(node)] = true;
  for (Index i = node + 1; i <= top; ++i)
    for (const Index input : net.node(i).inputs)
      if (depends[std::size_t(input)]) depends[std::size_t(i)] = true;
  if (!depends[std::size_t(top)])
    fail(who, ": expected a node that the explained output depends on, found '", net.node(node).name, "'");
}

}  // namespace detail

/// Grad-CAM (Selvaraju et al. 1610.02391): weights α_c = mean over positions of ∂y/∂A_c (eq. 1), map
/// max(0, Σ_c α_c·A_c) (eq. 2), where A are the channels of a node, such as the last convolution behind its
/// function, which lie as `layer` says. `trace` has every value, `start` is a target or weights of the
/// outputs. Throws Error as `explain`, and where the node has another size or the output does not depend on
/// it.
template <class Scalar, class Start>
ClassActivationMap<Scalar> grad_cam(const Graph<Scalar>& net, const typename Graph<Scalar>::Trace& trace,
                                    const Start& start, Index node, const FeatureMaps& layer) {
  detail::check_maps("grad_cam", net, node, layer);
  detail::check_on_the_way("grad_cam", net, node, net.explained_node(start));
  net.check_trace(trace);
  GraphExplanation<Scalar> gradient;
  gradient.record = Record::per_layer;
  gradient.chosen = {node};
  Workspace<Scalar> workspace;
  net.explain(trace, start, net.plan(method::Gradient()), gradient, workspace);
  const Batch<Scalar>& slopes = gradient.nodes[std::size_t(node)].relevance;
  ClassActivationMap<Scalar> result{{}, Batch<Scalar>(layer.channels, slopes.cols()), gradient.output};
  for (Index n = 0; n < slopes.cols(); ++n)
    result.weights.col(n) = detail::channels_of(slopes, layer, n).colwise().mean().transpose();
  detail::weigh(trace.value(node), layer, result);
  return result;
}

/// Score-CAM (Wang et al. 1910.01279): without gradients. Each channel A_c of a node, enlarged to the input
/// and scaled to 0 … 1, masks it (definition 2): x ⊙ s(up(A_c)); a channel that is the same everywhere masks
/// all. The softmax over channels of what is explained, f(x ⊙ mask) − f(x_b), is the channels' weights
/// (algorithm 1): the baseline x_b shifts all alike and does not count. The map is max(0, Σ_c α_c·A_c)
/// (definition 3). `input` says how x lies, features × samples. One forward pass takes many masks, in groups
/// whose values take some 64 MB. Throws Error as `forward`, and where the node or the input has another size,
/// or the output does not depend on the node.
template <class Scalar, class X, class Start>
ClassActivationMap<Scalar> score_cam(const Graph<Scalar>& net, const Eigen::MatrixBase<X>& x,
                                     const Start& start, Index node, const FeatureMaps& layer,
                                     const FeatureMaps& input) {
  detail::check_maps("score_cam", net, node, layer);
  detail::check_on_the_way("score_cam", net, node, net.explained_node(start));
  input.check("score_cam");
  if (x.rows() != input.size())
    fail("score_cam: expected an input of ", input.channels, " x ", input.height, " x ", input.width, " = ",
         input.size(), " features, found ", x.rows());
  const auto trace = net.forward(x);
  const detail::Explained<Graph<Scalar>, Scalar> explained(net, trace, start);
  const Batch<Scalar>& values = trace.value(node);
  ClassActivationMap<Scalar> result{{}, Batch<Scalar>(layer.channels, x.cols()), explained.output()};
  detail::Groups<Graph<Scalar>, Scalar> groups(net);
  for (Index n = 0; n < x.cols(); ++n) {
    const Batch<Scalar> channels = detail::channels_of(values, layer, n);
    auto scores = result.weights.col(n);
    groups.run(
        x.rows(), layer.channels,
        [&](Index c, auto& column) {
          const Batch<Scalar> mask =
              resized(channels.col(c), layer.height, layer.width, input.height, input.width);
          const Scalar low = mask.minCoeff(), range = mask.maxCoeff() - low;
          for (Index p = 0; p < input.positions(); ++p) {
            const Scalar share = range > Scalar(0) ? Scalar((mask(p, 0) - low) / range) : Scalar(0);
            for (Index k = 0; k < input.channels; ++k)
              column(input.feature(k, p)) = x(input.feature(k, p), n) * share;
          }
        },
        [&](const auto& run, Index column, Index c) { scores(c) = explained(run, column, n); });
    const Scalar most = scores.maxCoeff();
    for (Index c = 0; c < layer.channels; ++c) scores(c) = math::exp(Scalar(scores(c) - most));
    scores /= scores.sum();
  }
  detail::weigh(values, layer, result);
  return result;
}

/// A map at the size of an input, positions × samples × the channels of it: a pixel's channels have equal
/// shares, so that their sum is the map there.
template <class Scalar>
Batch<Scalar> on_input(const Batch<Scalar>& map, const FeatureMaps& layer, const FeatureMaps& input) {
  const Batch<Scalar> large = resized(map, layer.height, layer.width, input.height, input.width);
  Batch<Scalar> result(input.size(), map.cols());
  for (Index n = 0; n < map.cols(); ++n)
    for (Index c = 0; c < input.channels; ++c)
      for (Index p = 0; p < input.positions(); ++p)
        result(input.feature(c, p), n) = large(p, n) / Scalar(double(input.channels));
  return result;
}

}  // namespace ascribe
