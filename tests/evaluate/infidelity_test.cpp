#include <ascribe/evaluate/infidelity.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <vector>

#include <ascribe/compiled.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/baselines.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/support/random.hpp"
#include "tests/support/random_graph.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST_CASE("a linear network's weights foretell everything, and their multiples once they are scaled",
          "[evaluate]") {
  test::Random random(5);
  const MatrixXd w = random.matrix(2, 6), x = random.matrix(6, 3), baseline = random.matrix(6, 1);
  const Sequential net(linear(w, VectorXd(random.vector(2))));
  const std::vector<Index> targets{1, 0, 1};
  MatrixXd multipliers(6, 3);
  for (Index n = 0; n < 3; ++n) multipliers.col(n) = w.row(targets[std::size_t(n)]);
  const MatrixXd shares = multipliers.cwiseProduct(x - baseline.replicate(1, 3));
  const Removal removal(baseline, Patches({1, 2, 3}, 2, 2, 1, 1));
  const NoisyInputs<GaussianNoise> noisy{{.deviation = 0.5}, 10};

  CHECK((infidelity(net, x, targets, multipliers, noisy).as_given <= 1e-28).all());
  CHECK((infidelity(net, x, targets, shares, removal).as_given <= 1e-28).all());
  const Infidelity opposite = infidelity(net, x, targets, -4 * multipliers, noisy);
  CHECK((opposite.as_given > 0.1).all());
  CHECK((opposite.scaled <= 1e-28).all());
  CHECK(((opposite.scale + 0.25).abs() <= 1e-14).all());
  // What says nothing misses all that happens.
  const Infidelity nothing = infidelity(net, x, targets, MatrixXd::Zero(6, 3), removal);
  CHECK((nothing.as_given > 1e-3).all());
  CHECK((nothing.scaled == nothing.as_given).all());
  CHECK((nothing.scale == 0).all());
}

TEST_CASE("infidelity is its definition, change by change", "[evaluate]") {
  const auto net = test::random_graph(3, 0.5, fn::Tanh());
  test::Random random(8);
  const MatrixXd x = random.matrix(6, 3), baseline = random.matrix(6, 3);
  const std::vector<Index> targets{0, 2, 1};
  const auto gradient = net.explain(x, targets, method::Gradient()).relevance;
  const std::vector<Index> labels{0, 1, 1, 2, 0, 1};
  const GaussianNoise noise{.deviation = 0.3, .seed = 4};
  const Infidelity noisy = infidelity(net, x, targets, gradient, NoisyInputs<GaussianNoise>{noise, 80});
  const Infidelity removed = infidelity(net, x, targets, gradient, Removal(baseline, Segments(labels)));
  const auto output = [&](Index n, const VectorXd& input) {
    return net.forward(input).output()(targets[std::size_t(n)], 0);
  };
  for (Index n = 0; n < 3; ++n) {
    double sum = 0, ed = 0, ee = 0, dd = 0;
    for (Index k = 0; k < 80; ++k) {
      VectorXd changed = x.col(n);
      noise(n, k, changed);
      const double e = gradient.col(n).dot(x.col(n) - changed), d = output(n, x.col(n)) - output(n, changed);
      sum += (e - d) * (e - d) / 80;
      ed += e * d, ee += e * e, dd += d * d;
    }
    CHECK(std::abs(noisy.as_given(n) - sum) <= 1e-12 * sum);
    CHECK(std::abs(noisy.scale(n) - ed / ee) <= 1e-12);
    CHECK(std::abs(noisy.scaled(n) - (dd - ed * ed / ee) / 80) <= 1e-10 * sum);
    CHECK(noisy.scaled(n) < sum);
    sum = 0;
    for (Index part = 0; part < 3; ++part) {
      VectorXd changed = x.col(n);
      double e = 0;
      for (Index i = 0; i < 6; ++i)
        if (labels[std::size_t(i)] == part) changed(i) = baseline(i, n), e += gradient(i, n);
      sum += std::pow(e - output(n, x.col(n)) + output(n, changed), 2) / 3;
    }
    CHECK(std::abs(removed.as_given(n) - sum) <= 1e-12 * sum);
    // Alone, with the noise of its number.
    const NoisyInputs<GaussianNoise> own{{.deviation = 0.3, .seed = 4, .first_sample = n}, 80};
    const Infidelity alone = infidelity(net, x.col(n), targets[std::size_t(n)], gradient.col(n), own);
    CHECK(alone.as_given(0) == noisy.as_given(n));
    CHECK(alone.scaled(0) == noisy.scaled(n));
  }
}

TEST_CASE("infidelity says what does not fit", "[evaluate]") {
  const Sequential net(linear(MatrixXd{{1, 2, 3}}));
  const MatrixXd x = MatrixXd::Ones(3, 2);
  const Patches pixels({1, 1, 3}, 1, 1, 1, 1);
  CHECK_THROWS_WITH(infidelity(net, x, 0, x.topRows(2), Removal(baseline::zero<double>(3), pixels)),
                    Contains("infidelity: expected relevances of 3 features x 2 samples, found 2 x 2"));
  CHECK_THROWS_WITH(infidelity(net, x, 0, x, Removal(MatrixXd::Zero(3, 3), pixels)),
                    Contains("Removal: expected a baseline of 3 features x 1 or 2 samples, found 3 x 3"));
  CHECK_THROWS_WITH(infidelity(net, x, 0, x, Removal(MatrixXd::Zero(3, 1), Patches({1, 1, 4}, 1, 1, 1, 1))),
                    Contains("Removal: expected parts of 3 features, found parts of 4"));
  CHECK_THROWS_WITH(infidelity(net, x, 0, x, NoisyInputs<GaussianNoise>{{.deviation = 1}, 0}),
                    Contains("at least 1 change of the input, found 0"));
  CHECK_THROWS_WITH(infidelity(net, x, 0, x, NoisyInputs<GaussianNoise>{{.deviation = NAN}, 1}),
                    Contains("GaussianNoise: expected a finite size"));
  CHECK_THROWS_WITH(infidelity(net, x, 1, x, NoisyInputs<GaussianNoise>{{.deviation = 1}, 1}),
                    Contains("expected a target in [0, 1), found 1"));
}

}  // namespace
