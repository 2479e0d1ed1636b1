#include <ascribe/networks/graph.hpp>

#include <ascribe/ascribe.hpp>
#include <ascribe/maps/selection.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/random.hpp>

using namespace ascribe;

namespace {

using Matrix = Eigen::MatrixXd;

/// Worked case 5 of docs/rules.md: W x + x, W 2 × 2 all 5.
Graph<double> skip() {
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index d = net.add("d", MatMul(map::Dense<double>(Matrix::Constant(2, 2, 5))), {x});
  net.output(net.add("skip", MatMul(map::Sum<double>(2, 2)), {d, x}));
  return net;
}

}  // namespace

TEST_CASE("a skip connection adds the relevance of its branches") {
  const auto net = skip();
  Matrix x(2, 1);
  x << 2, 3;
  const auto trace = net.forward(x);
  CHECK(trace.output()(1, 0) == 28);
  for (const auto& relevance : {net.explain(trace, 1, method::Lrp{{.epsilon = 0}}).relevance,
                                net.explain(trace, 1, method::LrpQ()).relevance}) {
    CHECK(relevance(0, 0) == Approx(10));
    CHECK(relevance(1, 0) == Approx(18));
  }
}
