/// Graphs with random weights: residual sums, concatenation, a shared input, a product of two activations.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/layers/product.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/windows/groups.hpp>

#include "tests/support/random.hpp"

namespace ascribe::test {

/// x (6) → "stem" (8) → f → a residual block whose branch is "inner" (8), f → its sum, concatenated with x
/// itself (14) → "head" (12), a maximum over pairs, "top" (3). With `bias` 0 every bias is 0; `gate`
/// multiplies the sum by a sigmoid of x.
template <class Scalar = double, class F>
Graph<Scalar> random_graph(unsigned seed, double bias, const F& f, bool gate = false) {
  Random random(seed);
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
  using Vector = Eigen::Matrix<Scalar, Dynamic, 1>;
  const auto dense = [&](Index outputs, Index inputs) {
    const Matrix w = random.matrix(outputs, inputs).template cast<Scalar>();
    const Vector b = (bias * random.vector(outputs)).template cast<Scalar>();
    return MatMul(map::Dense<Scalar>(w), b);
  };
  Graph<Scalar> net;
  const Index x = net.input("x", 6);
  const Index stem = net.add("stem", dense(8, 6), {x});
  const Index first = net.add("stem/f", Elementwise(f), {stem});
  const Index inner = net.add("inner", dense(8, 8), {first});
  const Index second = net.add("inner/f", Elementwise(f), {inner});
  Index sum = net.add("sum", MatMul(map::Sum<Scalar>(2, 8)), {second, first});
  if (gate) {
    const Index opening = net.add("gate", dense(8, 6), {x});
    const Index sigmoid = net.add("gate/f", Elementwise(fn::Sigmoid()), {opening});
    sum = net.add("gated", kind::Product(8), {sum, sigmoid});
  }
  std::vector<Index> sources;  // the concatenation, from the back to the front
  for (Index k = 13; k >= 0; --k) sources.push_back(k);
  const Index both = net.add("both", MatMul(map::Selection<Scalar>(14, sources)), {sum, x});
  const Index head = net.add("head", dense(12, 14), {both});
  const Index most = net.add("most", Max(window::Groups<>(12, 2)), {head});
  net.output(net.add("top", dense(3, 6), {most}));
  return net;
}

}  // namespace ascribe::test
