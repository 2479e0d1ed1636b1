#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <cstdlib>

#include <unsupported/Eigen/AutoDiff>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/derivative.hpp>
#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/w_square.hpp>
#include <ascribe/rules/z_box.hpp>
#include <ascribe/rules/z_plus.hpp>
#include <ascribe/windows/groups.hpp>

namespace {

using namespace ascribe;
using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;

/// use(net, x, baseline) of a network of every kind of layer, in any scalar, whose weight (row, column) of
/// the first or the second dense layer is `change` larger.
template <class S, class Use>
auto with_network(int layer, Index row, Index column, const S& change, Use&& use) {
  std::srand(23);
  const auto random = [](Index rows, Index columns) -> Batch<S> {
    return Eigen::MatrixXd::Random(rows, columns).template cast<S>();
  };
  Batch<S> first = random(8, 5), second = random(4, 8), third = random(3, 2);
  const Eigen::Matrix<S, Dynamic, 1> first_bias = random(8, 1), second_bias = random(4, 1);
  const Batch<S> x = random(5, 2), base = random(5, 1);
  (layer == 0 ? first : second)(row, column) += change;
  const Sequential net(MatMul(map::Dense<S>(first), first_bias), Elementwise(fn::Tanh()),
                       MatMul(map::Dense<S>(second), second_bias), Elementwise(fn::Relu()),
                       Max(window::Groups<>(4, 2)), MatMul(map::Dense<S>(third)));
  return use(net, x, base);
}

/// The relevances (inputs × samples) for output 1.
template <class S, class Method>
Batch<S> relevance(const Method& method, int layer, Index row, Index column, const S& change) {
  return with_network(layer, row, column, change,
                      [&](const auto& net, const Batch<S>& x, const Batch<S>& base) {
                        const auto trace = net.forward(x);
                        if constexpr (Method::form == Form::Delta)
                          return Batch<S>(net.explain(trace, 1, method, net.forward(base)).relevance);
                        else
                          return Batch<S>(net.explain(trace, 1, method).relevance);
                      });
}

/// What Derivative says of Σ (i + 1)·relevance, against automatic differentiation.
template <class Method>
void check_reverse(const Method& method) {
  const auto one = [&](const auto& net, const Batch<double>& x, const Batch<double>& base) {
    constexpr bool against = Method::form == Form::Delta;
    Derivative<double> derivative(net, method);
    const auto trace = derivative.net().forward(x), baseline = derivative.net().forward(base);
    derivative.explain(trace, 1, against ? &baseline : nullptr);
    const Batch<double> by = Eigen::VectorXd::LinSpaced(5, 1, 5).replicate(1, x.cols());
    derivative.differentiate({.relevance = view(by)});
    for (const int layer : {0, 1})
      for (Index row = 0; row < (layer == 0 ? 8 : 4); ++row)
        for (Index column = 0; column < (layer == 0 ? 5 : 8); column += 2) {
          INFO("layer " << layer << ", weight " << row << ", " << column);
          const Dual seed(0., Eigen::Matrix<double, 1, 1>(1.));
          const Batch<Dual> dual = relevance(method, layer, row, column, seed);
          double expected = 0;
          for (Index n = 0; n < dual.cols(); ++n)
            for (Index i = 0; i < dual.rows(); ++i) expected += by(i, n) * dual(i, n).derivatives()(0);
          const Index place = column * (layer == 0 ? 8 : 4) + row;  // as Eigen stores it
          CHECK(derivative.weights(layer == 0 ? 1 : 3)[std::size_t(place)] ==
                Approx(expected).epsilon(1e-10).margin(1e-12));
        }
    return 0;
  };
  with_network(0, 0, 0, 0., one);
}

/// d relevance / d weight by automatic differentiation, against central differences.
template <class Method>
void check_derivative(const Method& method) {
  double largest = 0;
  for (const int layer : {0, 1})
    for (const Index row : {0, 1, 2, 3})
      for (const Index column : {0, 2, 4}) {
        const double h = 1e-6;
        const Eigen::MatrixXd above = relevance(method, layer, row, column, h);
        const Eigen::MatrixXd below = relevance(method, layer, row, column, -h);
        const Eigen::MatrixXd values = relevance(method, layer, row, column, 0.);
        const Dual seed(0., Eigen::Matrix<double, 1, 1>(1.));
        const Batch<Dual> dual = relevance(method, layer, row, column, seed);
        for (Index n = 0; n < dual.cols(); ++n)
          for (Index i = 0; i < dual.rows(); ++i) {
            INFO("layer " << layer << ", weight " << row << ", " << column << ", feature " << i << ", sample "
                          << n);
            const double difference = (above(i, n) - below(i, n)) / (2 * h);
            CHECK(dual(i, n).value() == Approx(values(i, n)).epsilon(1e-13).margin(1e-15));
            CHECK(dual(i, n).derivatives()(0) == Approx(difference).epsilon(1e-7).margin(1e-8));
            largest = std::max(largest, std::abs(difference));
          }
      }
  CHECK(largest > 0.01);  // else there was nothing to differ
  check_reverse(method);
}

/// LRP with one of the rules of practice for every MatMul.
template <class R>
struct Practice : method::Table<R, rule::Ignore, rule::Gradient> {
  static constexpr Form form = Form::R;
  static constexpr bool times_input = false;
};

TEST_CASE("Relevances can be differentiated by the weights", "[networks][autodiff]") {
  SECTION("LRP in Q") { check_derivative(method::LrpQ()); }
  SECTION("LRP in R") { check_derivative(method::Lrp(0.1)); }
  SECTION("baseline") { check_derivative(method::DeepLift()); }
  SECTION("z+") { check_derivative(Practice<rule::ZPlus>{{{0.1}}}); }
  SECTION("alpha-beta") { check_derivative(Practice<rule::AlphaBeta>{{{2, 1, 0.1}}}); }
  SECTION("gamma") { check_derivative(Practice<rule::Gamma>{{{0.25, 0.1}}}); }
  SECTION("z-box") { check_derivative(Practice<rule::ZBox>{{{{-2}, {2}, 0.1}}}); }
  SECTION("w-square") { check_derivative(Practice<rule::WSquare>{{{0.1}}}); }
}

}  // namespace
