#include <ascribe/networks/sequential.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/golden_networks.hpp"

#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/deconvolution.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>

namespace {

using namespace ascribe;

using Catch::Matchers::WithinAbs;

/// What is not to be matched, or not to the usual digits.
struct Exceptions {
  /// The file fell back to the plain gradient at every maximum (captum with a function directly below a max
  /// pool).
  bool deeplift_by_gradient = false;
  /// The files know ReLU only, and the network has none.
  bool other_functions = false;
  /// LRP-ε in R divides by sums of sigmoids' outputs that nearly cancel.
  double lrp_in_float = 1e-5;
};

template <class Scalar, class Net>
void check_network(const std::string& name, const Net& net, const Exceptions& exceptions = {}) {
  constexpr bool in_double = std::is_same_v<Scalar, double>;
  const double tolerance = in_double ? 1e-9 : 1e-5;
  const double lrp_tolerance = in_double ? 1e-9 : exceptions.lrp_in_float;
  const auto file = [&](const std::string& of) { return test::golden_of(name, of); };
  const std::vector<Index> targets = test::golden_targets();
  const start::Targets start{targets};
  const auto trace = net.forward(test::golden_input<Scalar>());
  const auto check = [&](const std::string& of, const auto& explanation, double within) {
    INFO(name << ", " << of);
    CHECK(test::relative_error(explanation.relevance, file(of)) <= within);
    CHECK(test::closing_error(explanation.ledger) <= (in_double ? 1e-12 : 1e-4));
  };

  CHECK(test::relative_error(trace.output(), file("output")) <= tolerance);
  check("gradient", net.explain(trace, start, method::Gradient()), tolerance);
  check("gradient_times_input", net.explain(trace, start, method::GradientTimesInput()), tolerance);
  check("lrp_epsilon_1e-6", net.explain(trace, start, method::Lrp(1e-6)), lrp_tolerance);
  check("lrp_epsilon_0.25", net.explain(trace, start, method::Lrp(0.25)), tolerance);

  const auto deconvolution = net.explain(trace, start, method::Deconvolution());
  const auto guided = net.explain(trace, start, method::GuidedBackpropagation());
  if (exceptions.other_functions) {
    check("gradient", deconvolution, tolerance);  // by definition; so is the file that zennit gives
    CHECK(test::closing_error(guided.ledger) <= (in_double ? 1e-12 : 1e-4));
  } else {
    check("deconvnet", deconvolution, tolerance);
    check("guided_backprop", guided, tolerance);
  }

  const auto zero = net.forward(Batch<Scalar>::Zero(784, 1).eval()),
             mean = net.forward(test::golden_mean<Scalar>());
  for (const auto& [of, baseline] :
       {std::pair{"deeplift_rescale_zero", &zero}, {"deeplift_rescale_mean", &mean}}) {
    INFO(name << ", " << of);
    const auto rescale = net.explain(trace, start, method::DeepLift(), *baseline);
    if (exceptions.deeplift_by_gradient)
      check(of, net.explain(trace, start, method::DeepLiftWith<rule::Gradient>(), *baseline),
            in_double ? 1e-8 : 1e-5);
    else
      check(of, rescale, tolerance);
    // Baseline itself closes: nothing but the inputs takes anything, and their total is f(x) − f(x̄).
    CHECK(test::closing_error(rescale.ledger) <= (in_double ? 1e-12 : 1e-4));
    CHECK(rescale.ledger.bias.abs().maxCoeff() == 0);
    CHECK(rescale.ledger.stabiliser.abs().maxCoeff() == 0);
    CHECK(rescale.ledger.dropped.abs().maxCoeff() == 0);
    for (Index n = 0; n < 4; ++n) {
      const Index target = targets[std::size_t(n)];
      const double change = double(trace.output()(target, n)) - double(baseline->output()(target, 0));
      CHECK_THAT(double(rescale.relevance.col(n).sum()),
                 WithinAbs(change, (in_double ? 1e-12 : 1e-4) * std::abs(change)));
    }
  }
}

TEMPLATE_TEST_CASE("mnist_mlp explains as zennit, captum and torch do", "[networks][golden]", float, double) {
  check_network<TestType>("mnist_mlp", test::mnist_mlp<TestType>());
}

TEMPLATE_TEST_CASE("mnist_mlp_nobias explains as zennit, captum and torch do", "[networks][golden]", float,
                   double) {
  check_network<TestType>("mnist_mlp_nobias", test::mnist_mlp_nobias<TestType>());
}

TEMPLATE_TEST_CASE("mnist_lenet explains as zennit, captum and torch do", "[networks][golden]", float,
                   double) {
  check_network<TestType>("mnist_lenet", test::mnist_lenet<TestType>());
}

TEMPLATE_TEST_CASE("mnist_cnn explains as zennit, captum and torch do", "[networks][golden]", float, double) {
  check_network<TestType>("mnist_cnn", test::mnist_cnn<TestType>(), {.deeplift_by_gradient = true});
}

TEMPLATE_TEST_CASE("mnist_smooth explains as zennit, captum and torch do", "[networks][golden]", float,
                   double) {
  check_network<TestType>("mnist_smooth", test::mnist_smooth<TestType>(),
                          {.other_functions = true, .lrp_in_float = 5e-3});
}

// captum's silent fallback, in numbers (docs/rules.md): what its files miss of f(x) − f(x̄), and we do not.
TEST_CASE("Baseline with the gradient at the maximum loses what captum loses", "[networks][golden]") {
  const auto net = test::mnist_cnn<double>();
  const auto trace = net.forward(test::golden_input());
  const std::vector<Index> targets = test::golden_targets();
  const auto lost = [&](const Eigen::MatrixXd& baseline) {
    return net
        .explain(trace, start::Targets{targets}, method::DeepLiftWith<rule::Gradient>(),
                 net.forward(baseline))
        .ledger.dropped.abs()
        .maxCoeff();
  };
  CHECK_THAT(lost(test::golden_mean()), WithinAbs(1.095, 5e-4));
  CHECK_THAT(lost(Eigen::MatrixXd::Zero(784, 1)), WithinAbs(0.048, 5e-4));
}

// zennit's file is the plain gradient here; our definition, f'(a)·max(R, 0) for every f, written out.
TEST_CASE("Guided backpropagation through tanh, sigmoid and softplus", "[networks][golden]") {
  const test::GoldenWeights weights("mnist_smooth");
  const auto weight = [&](int i) { return weights.matrix(std::to_string(i) + ".weight"); };
  const auto bias = [&](int i) { return weights.vector(std::to_string(i) + ".bias"); };
  const auto sigmoid = [](double a) { return 1 / (1 + std::exp(-a)); };
  const Eigen::MatrixXd x = test::golden_input();
  const std::vector<Index> targets = test::golden_targets();
  Eigen::MatrixXd expected(784, 4);
  for (Index n = 0; n < 4; ++n) {
    const Eigen::VectorXd a1 = weight(1) * x.col(n) + bias(1), b1 = a1.array().tanh();
    const Eigen::VectorXd a2 = weight(3) * b1 + bias(3), b2 = a2.unaryExpr(sigmoid);
    const Eigen::VectorXd a3 = weight(5) * b2 + bias(5);
    Eigen::VectorXd g = weight(7).row(targets[std::size_t(n)]).transpose();
    g = a3.unaryExpr(sigmoid).cwiseProduct(g.cwiseMax(0));
    g = weight(5).transpose() * g;
    g = b2.cwiseProduct((1 - b2.array()).matrix()).cwiseProduct(g.cwiseMax(0));
    g = weight(3).transpose() * g;
    g = (1 - b1.array().square()).matrix().cwiseProduct(g.cwiseMax(0));
    expected.col(n) = weight(1).transpose() * g;
  }
  const auto net = test::mnist_smooth<double>();
  const auto found = net.explain(net.forward(x), start::Targets{targets}, method::GuidedBackpropagation());
  CHECK(test::relative_error(found.relevance, expected) <= 1e-12);
  const Eigen::MatrixXd gradient = test::golden_of("mnist_smooth", "gradient");
  CHECK(test::relative_error(found.relevance, gradient) >
        0.1);  // else the test above would not tell them apart
}

// A sigmoid's outputs are of one sign, so that a sum of them nearly cancels: LRP in R divides by it. In Q
// there is no quotient that could vanish.
TEST_CASE("In Q, LRP keeps float's digits where in R it loses them", "[networks][golden]") {
  const auto in_double = test::mnist_smooth<double>();
  const auto in_float = test::mnist_smooth<float>();
  const auto trace = in_double.forward(test::golden_input());
  const auto trace_in_float = in_float.forward(test::golden_input<float>());
  const std::vector<Index> targets = test::golden_targets();
  const start::Targets start{targets};
  const double error_in_q =
      test::relative_error(in_float.explain(trace_in_float, start, method::LrpQ()).relevance,
                           in_double.explain(trace, start, method::LrpQ()).relevance);
  const double error_in_r =
      test::relative_error(in_float.explain(trace_in_float, start, method::Lrp()).relevance,
                           in_double.explain(trace, start, method::Lrp()).relevance);
  CAPTURE(error_in_q, error_in_r);
  CHECK(error_in_q <= 1e-5);
  CHECK(error_in_r > 10 * error_in_q);
}

// Why the ledger has to be looked at.
TEST_CASE("Plain Ignore hands out 239.4 for a logit of 8.93, Slope 10.2", "[networks][golden]") {
  const auto net = test::mnist_smooth<double>();
  const auto trace = net.forward(test::golden_input().col(3).eval());
  const Index target = test::golden_targets()[3];
  const auto r = net.explain(trace, target, method::Lrp());
  const auto q = net.explain(trace, target, method::LrpQ());
  CHECK_THAT(trace.output()(target), WithinAbs(8.93, 5e-3));
  CHECK_THAT(r.ledger.enter(0), WithinAbs(8.93, 5e-3));
  CHECK_THAT(r.ledger.leave(0), WithinAbs(239.4, 5e-2));
  CHECK_THAT(r.relevance.sum(), WithinAbs(239.4, 5e-2));
  CHECK_THAT(q.ledger.enter(0), WithinAbs(8.93, 5e-3));
  CHECK_THAT(q.ledger.leave(0), WithinAbs(10.2, 5e-2));
  CHECK(test::closing_error(r.ledger) <= 1e-12);
  CHECK(test::closing_error(q.ledger) <= 1e-12);
}

}  // namespace
