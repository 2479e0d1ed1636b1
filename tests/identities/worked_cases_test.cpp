/// Cases whose answers were computed by hand or by another library (named at each).
#include "tests/support/catch.hpp"

#include <ascribe/core/image_layout.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/z_plus.hpp>
#include <ascribe/windows/groups.hpp>
#include <ascribe/windows/pool.hpp>

using namespace ascribe;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

namespace {

Matrix rows(std::initializer_list<std::initializer_list<double>> values) { return Matrix(values); }
Matrix column(std::initializer_list<double> values) {
  Matrix result(Index(values.size()), 1);
  std::copy(values.begin(), values.end(), result.data());
  return result;
}
bool same(const Matrix& found, const Matrix& expected, double tolerance = 1e-12) {
  CAPTURE(found, expected);
  CHECK(found.rows() == expected.rows());
  return (found - expected).cwiseAbs().maxCoeff() <=
         tolerance * std::max(1.0, expected.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("worked case 1: the simple linear model, epsilon to 0 (captum)") {
  const Sequential net(MatMul(map::Dense<double>(Matrix(Matrix::Constant(3, 3, 2)))), Elementwise(fn::Relu()),
                       MatMul(map::Dense<double>(Matrix(Matrix::Constant(1, 3, 3)))));
  const auto trace = net.forward(column({1, 2, 3}));
  CHECK(same(net.explain(trace, 0, method::Lrp(0)).relevance, column({18, 36, 54})));
  CHECK(same(net.explain(trace, 0, method::Lrp(1e-10)).relevance, column({18, 36, 54}), 1e-10));
  CHECK(same(net.explain(trace, 0, method::LrpQ{}).relevance, column({18, 36, 54})));
}

namespace {

/// The simple linear model with one weight of −2; each MatMul carries its own rule.
template <class First, class Second>
auto one_negative_weight(First first, Second second) {
  Matrix w = Matrix::Constant(3, 3, 2);
  w(0, 0) = -2;
  return Sequential(MatMul(map::Dense<double>(w), first), Elementwise(fn::Relu(), rule::Ignore{}),
                    MatMul(map::Dense<double>(Matrix(Matrix::Constant(1, 3, 3))), second));
}

}  // namespace

TEST_CASE("worked case 2: one negative weight, Gamma(1) and then Gamma(0.25) (captum)") {
  const auto net = one_negative_weight(rule::Gamma{1, 0}, rule::Gamma{0.25, 0});
  const auto trace = net.forward(column({1, 2, 3}));
  CHECK(same(net.explain(trace, 0, method::ByLayer{}).relevance, column({28. / 3, 104. / 3, 52})));
}

TEST_CASE("worked case 3: one negative weight, alpha 1 and beta 0 (captum)") {
  const auto net = one_negative_weight(rule::AlphaBeta{1, 0, 0}, rule::AlphaBeta{1, 0, 0});
  const auto trace = net.forward(column({1, 2, 3}));
  CHECK(same(net.explain(trace, 0, method::ByLayer{}).relevance, column({12, 33.6, 50.4})));
  const auto z_plus = one_negative_weight(rule::ZPlus{0}, rule::ZPlus{0});
  CHECK(same(z_plus.explain(z_plus.forward(column({1, 2, 3})), 0, method::ByLayer{}).relevance,
             column({12, 33.6, 50.4})));
}

TEST_CASE("worked case 4: a convolution, two ReLUs and a dense layer (captum)") {
  Vector bias(2), first_row(8);
  bias << -50, -75;
  first_row << 1, 1, 1, 1, 1, -1, -1, -1;
  const Matrix chw = first_row.transpose().replicate(4, 1);
  const Sequential net(
      MatMul(map::Convolution<double>({.input = {4, 4}, .kernel = {3, 3}}, 1, 2, Vector(Vector::Ones(18))),
             bias),
      Elementwise(fn::Relu()), MatMul(map::Dense<double>(dense_after_chw_flatten(chw, 2, 2, 2))),
      Elementwise(fn::Relu()));
  const auto trace = net.forward(Vector::LinSpaced(16, 0, 15));
  const auto lrp = net.explain(trace, 0, method::Lrp(0), Record::per_layer);
  CHECK(same(lrp.relevance, column({0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 0, 0, 0})));
  CHECK(same(to_chw(lrp.layer<0>().relevance, 2, 2, 2), column({0, 4, 31, 40, 0, 0, -6, -15})));
  CHECK(same(net.explain(trace, 0, method::Lrp(1e-10)).relevance, lrp.relevance, 1e-8));
  const method::Rules gamma{Form::R, false, rule::Gamma{0, 0}, rule::Ignore{}};  // no output carries z = 0
  CHECK(same(net.explain(trace, 0, gamma).relevance, lrp.relevance));
  CHECK(same(net.explain(trace, 0, method::GuidedBackpropagation{}).relevance,
             column({0, 1, 1, 1, 1, 3, 3, 2, 1, 3, 3, 2, 1, 2, 2, 1})));
  CHECK(same(net.explain(trace, 0, method::Deconvolution{}).relevance,
             column({2, 3, 3, 1, 3, 5, 5, 2, 3, 5, 5, 2, 1, 2, 2, 1})));
}

TEST_CASE("worked case 5: a skip connection, Wx + x (captum)") {
  Matrix branches(4, 2);  // Wx, and x itself, one behind the other
  branches << 5, 5, 5, 5, 1, 0, 0, 1;
  const Sequential net{MatMul(map::Dense<double>(branches)), MatMul(map::Sum<double>(2, 2))};
  const auto trace = net.forward(column({2, 3}));
  CHECK(same(net.explain(trace, 1, method::Lrp(0)).relevance, column({10, 18})));
  CHECK(same(net.explain(trace, 1, method::LrpQ{}).relevance, column({10, 18})));
}

TEST_CASE("worked case 6: 2 relu(x1) + 2 relu(x2 - 1.5) against 0 (captum)") {
  const Sequential net(MatMul(map::Dense<double>(Matrix(Matrix::Identity(2, 2))), Vector(column({0, -1.5}))),
                       Elementwise(fn::Relu()), MatMul(map::Dense<double>(rows({{2, 2}}))));
  const auto trace = net.forward(column({1, 2}));
  const auto zero = net.forward(column({0, 0}));
  CHECK(same(net.explain(trace, 0, method::DeepLift{}, zero).relevance, column({2, 1})));
  const method::Rules multipliers{Form::Delta, false, rule::Gradient{}, rule::Baseline{}};
  CHECK(same(net.explain(trace, 0, multipliers, zero).relevance, column({2, 0.5})));
}

TEST_CASE("worked case 7: relu(x - 10) above 10 (DeepLIFT)") {
  const Sequential net(MatMul(map::Dense<double>(rows({{1}})), Vector(column({-10}))),
                       Elementwise(fn::Relu()));
  for (const double delta : {0.5, 1e-3, 7.0}) {
    const auto trace = net.forward(column({10 + delta}));
    const auto gradient = net.explain(trace, 0, method::GradientTimesInput{}, Record::per_layer);
    CHECK(gradient.relevance(0) == 10 + delta);
    CHECK(gradient.ledger.bias(0) == -10);
    CHECK(gradient.layer<0>().bias_shares(0) == -10);
    const auto baseline = net.explain(trace, 0, method::DeepLift{}, net.forward(column({0})));
    CHECK(baseline.relevance(0) == Approx(delta).epsilon(1e-12));
  }
}

TEST_CASE("worked case 8: 1 - relu(1 - x1 - x2) where it is flat (DeepLIFT)") {
  const Sequential net(MatMul(map::Dense<double>(rows({{-1, -1}})), Vector(column({1}))),
                       Elementwise(fn::Relu()),
                       MatMul(map::Dense<double>(rows({{-1}})), Vector(column({1}))));
  const auto trace = net.forward(column({0.75, 0.5}));
  CHECK(same(net.explain(trace, 0, method::Gradient{}).relevance, column({0, 0})));
  const auto baseline = net.explain(trace, 0, method::DeepLift{}, net.forward(column({0, 0})));
  CHECK(baseline.relevance.sum() == Approx(1).epsilon(1e-12));
  CHECK(same(baseline.relevance, column({0.6, 0.4})));
}

TEST_CASE("worked case 9: the maximum of (3, 1) against (0, 2), by three rules") {
  const Sequential net{Max(window::Groups<>(2, 2))};
  const auto trace = net.forward(column({3, 1})), baseline = net.forward(column({0, 2}));
  const auto gradient = net.explain(trace, 0, method::DeepLiftWith<rule::Gradient>{}, baseline);
  CHECK(same(gradient.relevance, column({3, 0})));
  CHECK(gradient.ledger.dropped(0) == -2);  // the total is 3 where the difference is 1
  CHECK(same(net.explain(trace, 0, method::DeepLift{}, baseline).relevance, column({1, 0})));
  CHECK(same(net.explain(trace, 0, method::DeepLiftWith<rule::BaselineFold>{}, baseline).relevance,
             column({1.5, -0.5})));
}

TEST_CASE("worked case 10: overlapping windows accumulate and never assign") {
  const Sequential net{Max(window::Pool({.input = {3, 3}, .kernel = {2, 2}}, 1))};
  const auto trace = net.forward(column({1, 2, 3, 10, 5, 6, 7, 8, 9}));
  const method::Rules rules{Form::R, false, rule::Unset{}, rule::Unset{}, rule::Gradient{}};
  const Matrix above = column({1, 2, 3, 4}) / 30;
  const auto found = net.explain(trace, start::OutputRelevance(above), rules);
  CHECK(same(found.relevance, column({0, 0, 0, 4, 0, 2, 0, 0, 4}) / 30, 1e-15));
}

TEST_CASE("worked case 11: relevance below 0, alpha-beta and z+ (by hand)") {
  const Sequential net{MatMul(map::Dense<double>(rows({{1, -1}})), Vector(column({-1})))};
  const auto trace = net.forward(column({1, 1}));
  const auto explain = [&](const auto& rule) {
    const auto found = net.explain(trace, start::OutputRelevance(column({-1})),
                                   method::Rules{Form::R, false, rule, rule::Ignore{}});
    CHECK(std::abs(found.ledger.closing_error()(0)) <= 1e-15);
    return found;
  };
  CHECK(same(explain(rule::ZPlus{0}).relevance, column({-1, 0}), 1e-15));
  CHECK(same(explain(rule::AlphaBeta{1, 0, 0}).relevance, column({-1, 0}), 1e-15));
  const auto both = explain(rule::AlphaBeta{2, 1, 0});
  CHECK(same(both.relevance, column({-2, 0.5}), 1e-15));
  CHECK(both.ledger.bias(0) == 0.5);  // the bias is the other half of what is below 0
}

TEST_CASE("worked case 12: a dense layer, LRP-0 (RelevancePropagation.jl)") {
  const Sequential net{MatMul(map::Dense<double>(rows({{3, 4}, {5, 6}})), Vector(column({7, 8})))};
  const auto trace = net.forward(column({1, 2}));
  const Matrix above = column({1. / 3, 2. / 3});
  const auto found = net.explain(trace, start::OutputRelevance(above), method::Lrp(0));
  CHECK(same(found.relevance, column({17. / 90, 316. / 675}), 1e-15));
}
