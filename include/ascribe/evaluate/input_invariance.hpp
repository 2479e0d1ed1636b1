/// Whether an explanation depends on where the input's zero lies.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/similarity.hpp>
#include <ascribe/maps/linear_map.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/networks/schedule.hpp>

namespace ascribe::evaluate {

/// The same network for inputs that are a constant more: its values at x + shift are the network's at x, from
/// the first layers with learned weights on, whose biases become b − W·shift (Kindermans et al. 1711.00867,
/// §2). Wiring and sums before them hand the shift on. `shift` is one column, the features of all inputs one
/// behind the other. Throws Error for another shape or a shift that is not finite, and, naming the node,
/// where the shift meets anything but such layers, or an output.
template <class Scalar, class D>
Graph<Scalar> for_shifted_inputs(const Graph<Scalar>& net, const Eigen::MatrixBase<D>& shift) {
  if (shift.rows() != net.input_size() || shift.cols() != 1)
    fail("for_shifted_inputs: expected a shift of ", net.input_size(), " features x 1, found ", shift.rows(),
         " x ", shift.cols());
  if (!shift.allFinite()) fail("for_shifted_inputs: the shift is NaN or infinite");
  Graph<Scalar> result = net;
  // By how much each node's value is more than the network's; none where it is the same.
  std::vector<std::optional<Batch<Scalar>>> more(net.nodes().size());
  Index first = 0;
  for (Index i = 0; i < net.input_count(); ++i) {
    const Index size = net.node(i).size;
    if (!shift.middleRows(first, size).isZero(0)) more[std::size_t(i)] = shift.middleRows(first, size);
    first += size;
  }
  for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i) {
    const auto& node = net.node(i);
    Batch<Scalar> arrives = Batch<Scalar>::Zero(ascribe::detail::inputs_of(net.nodes(), node), 1);
    bool any = false;
    Index row = 0;
    for (const Index input : node.inputs) {
      if (const auto& given = more[std::size_t(input)]) {
        arrives.middleRows(row, given->rows()) = *given;
        any = true;
      }
      row += net.node(input).size;
    }
    if (!any) continue;
    const auto* m = ascribe::detail::matmul(node);
    if (!m)
      fail("for_shifted_inputs: node '", node.name, "' (", node.describe(),
           ") reads the shifted input: expected layers with learned weights before it");
    Batch<Scalar> moved(node.size, 1);
    apply(m->map, arrives, moved);
    if (m->map.role() == map::Role::aggregation || m->map.role() == map::Role::wiring) {
      more[std::size_t(i)] = std::move(moved);
      continue;
    }
    for (const auto& twin : net.nodes())
      if (const auto* t = ascribe::detail::matmul(twin);
          t && &twin != &node && t->map.identity() == m->map.identity())
        fail("for_shifted_inputs: node '", node.name,
             "' reads the shifted input, and shares its layer with '", twin.name,
             "': expected one that is its own");
    std::vector<Scalar> weights(std::size_t(m->map.weight_count())), bias(std::size_t(node.size));
    copy_weights(m->map, weights.data());
    for (Index j = 0; j < node.size; ++j)
      bias[std::size_t(j)] = (m->bias.size() > 0 ? m->bias(j % m->bias.size()) : Scalar(0)) - moved(j);
    result = result.with_weights(i, weights, bias);
  }
  for (const Index output : net.outputs())
    if (more[std::size_t(output)])
      fail("for_shifted_inputs: the shift reaches the output '", net.node(output).name,
           "': expected layers with learned weights before it");
  return result;
}

/// ‖R′ − R‖/‖R‖ of each sample, of the relevances R of x and R′ of x + shift in the network for shifted
/// inputs, which says the same of them: 0 for an explanation that is invariant (Kindermans et al.
/// 1711.00867), NaN where R is 0. explain(net, inputs) says the relevances; what it compares with (a
/// baseline) is its own choice, shifted or not, and decides. Gradients are invariant; × input is not, and
/// need not be: where zero means absence, a shift changes the question. Throws Error as `for_shifted_inputs`
/// and `explain`.
template <class Scalar, class X, class D, class Explain>
PerSample input_invariance(const Graph<Scalar>& net, const Eigen::MatrixBase<X>& x,
                           const Eigen::MatrixBase<D>& shift, const Explain& explain) {
  const Graph<Scalar> other = for_shifted_inputs(net, shift);
  const Batch<Scalar> inputs = x, moved = x.colwise() + shift.derived().col(0);
  const Batch<Scalar> before = explain(net, inputs), after = explain(other, moved);
  if (before.rows() != after.rows() || before.cols() != after.cols())
    fail("input_invariance: expected explanations of one shape, found ", before.rows(), " x ", before.cols(),
         " and ", after.rows(), " x ", after.cols());
  PerSample result(before.cols());
  for (Index n = 0; n < before.cols(); ++n) {
    const Eigen::VectorXd r = detail::relevance_of("input_invariance", before, n, Sign::kept);
    const Eigen::VectorXd other_r = detail::relevance_of("input_invariance", after, n, Sign::kept);
    const double size = r.stableNorm();
    result(n) = size > 0 ? (other_r - r).stableNorm() / size : detail::undefined;
  }
  return result;
}

}  // namespace ascribe::evaluate
