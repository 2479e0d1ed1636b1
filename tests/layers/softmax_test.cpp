#include <ascribe/layers/softmax.hpp>

#include <cmath>
#include <random>

#include <unsupported/Eigen/AutoDiff>

#include "tests/support/catch.hpp"

#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/sequential.hpp>

using namespace ascribe;

namespace {

template <class S>
Batch<S> run(const kind::Softmax& layer, const Batch<S>& a) {
  Batch<S> b(layer.output_size(), a.cols());
  auto to = out(b);
  forward(layer, view(a), to);
  return b;
}

}  // namespace

TEMPLATE_TEST_CASE("a softmax by its definition, rows of every length and step", "[layers]", float, double) {
  using S = TestType;
  const double tolerance = 8 * double(std::numeric_limits<S>::epsilon());
  for (const Index length : {1, 2, 7, 63, 64, 65, 200})
    for (const Index inner : {1, 3})
      for (const bool logarithm : {false, true}) {
        const kind::Softmax layer(2, length, inner, logarithm);
        std::mt19937 generator(1);
        std::normal_distribution<double> number(0, 5);
        Batch<S> a(layer.input_size(), 2);
        for (S& v : a.reshaped()) v = S(number(generator));
        const Batch<S> b = run(layer, a);
        double worst = 0;
        const double largest = double(a.cwiseAbs().maxCoeff());
        for (Index n = 0; n < 2; ++n)
          for (Index row = 0; row < layer.rows(); ++row) {
            double total = 0;
            for (Index i = 0; i < length; ++i) total += std::exp(double(a(layer.row_at(row) + i * inner, n)));
            for (Index i = 0; i < length; ++i) {
              const Index at = layer.row_at(row) + i * inner;
              const double x = double(a(at, n)), log = x - std::log(total);
              const double expected = logarithm ? log : std::exp(log);
              worst = std::max(worst, std::abs(double(b(at, n)) - expected) / (1 + largest));
            }
          }
        INFO(length << ", " << inner << ", " << logarithm);
        CHECK(worst <= tolerance);
      }
}

TEST_CASE("logits far apart, and masked ones", "[layers]") {
  const kind::Softmax layer(1, 3), logarithm(1, 3, 1, true);
  Batch<float> a(3, 3);
  a.col(0) << 1e4f, -1e4f, 1e4f;
  a.col(1) << 1, float(kind::Softmax::masked), 1;
  a.col(2).setConstant(float(kind::Softmax::masked));
  const Batch<float> b = run(layer, a);
  CHECK(b.col(0) == Eigen::Vector3f(.5f, 0, .5f));
  CHECK(b.col(1) == Eigen::Vector3f(.5f, 0, .5f));
  CHECK(b.col(2).isConstant(1.f / 3, 1e-7f));
  CHECK(run(logarithm, a)(1, 0) == Approx(-2e4 - std::log(2.0)));
}

TEST_CASE("the logarithm of a probability that is nearly 1 is good to its own rounding", "[layers]") {
  const kind::Softmax logarithm(1, 3, 1, true);
  Batch<float> a(3, 1);
  a << 4, 20, 6;
  // Python: -log1p(exp(-16) + exp(-14)), and with 4 - 20 before it.
  const Batch<float> b = run(logarithm, a);
  CHECK(b(1) == Approx(-9.4406345e-07).epsilon(1e-6));
  CHECK(b(0) == Approx(-16.000000944));
}

TEST_CASE("a softmax of scalars that differentiate themselves", "[layers]") {
  using S = Eigen::AutoDiffScalar<Eigen::Vector2d>;
  Batch<S> a(2, 1);
  a(0) = S(0.25, 2, 0);
  a(1) = S(-1, 2, 1);
  const Batch<S> b = run(kind::Softmax(1, 2), a);
  const double p = 1 / (1 + std::exp(-1.25));
  CHECK(b(0).value() == Approx(p));
  CHECK(b(0).derivatives()(0) == Approx(p * (1 - p)));
  CHECK(b(0).derivatives()(1) == Approx(-p * (1 - p)));
}

TEST_CASE("a softmax in a Sequential, and what it refuses", "[layers]") {
  const Sequential net(MatMul(map::Dense<double>(Eigen::MatrixXd{{1, 2}, {1, -1}})), Softmax(1, 2));
  const Eigen::Vector2d x(0.5, 0.25);
  const auto e = net.explain(x, 0, method::Gradient());
  const double p = 1 / (1 + std::exp(-(1.0 - 0.25)));
  // f = σ(z₀ − z₁), z₀ − z₁ = 3·x₁.
  CHECK(e.relevance(0) == Approx(0).margin(1e-15));
  CHECK(e.relevance(1) == Approx(3 * p * (1 - p)));
  CHECK(check::conservation(e));
  // A method that says nothing of softmaxes: in R a_i·(R_i − b_i·Σ R), from R = (b₀, 0).
  const Sequential alone{Softmax(1, 2)};
  const Eigen::Vector2d a(2, 3);
  const double b0 = 1 / (1 + std::exp(1.0));
  const auto r = alone.explain(a, 0, method::Lrp()).relevance;
  CHECK(r(0) == Approx(2 * b0 * (1 - b0)));
  CHECK(r(1) == Approx(-3 * (1 - b0) * b0));
  CHECK_THROWS_WITH(kind::Softmax(2, 0), Contains("expected sizes of at least 1, found 2 x 0 x 1"));
}
