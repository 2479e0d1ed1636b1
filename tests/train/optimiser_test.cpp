#include <ascribe/train/optimiser.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

#include <cmath>
#include <vector>

namespace {

using namespace ascribe;
using namespace ascribe::train;

using Steps = std::vector<std::vector<double>>;

/// Four steps on ½·a·w² − c·w from w = (0.5, −1.25, 2), against torch 2.15.0 in double.
template <class Optimiser>
void check_steps(Optimiser optimiser, const Steps& expected) {
  const std::vector<double> a{1, 2, 0.5}, c{0.25, -1, 3};
  std::vector<double> w{0.5, -1.25, 2}, g(3);
  for (const auto& step : expected) {
    for (std::size_t i = 0; i < 3; ++i) g[i] = a[i] * w[i] - c[i];
    const std::vector<Parameter<double>> all{{w, g, true}};
    optimiser(std::span<const Parameter<double>>(all));
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(w[i] - step[i]) <= 1e-15);
  }
}

TEST_CASE("gradient descent with momentum, step by step as torch.optim.SGD", "[train]") {
  check_steps(Sgd<double>{.rate = 0.1, .momentum = 0.9},
              {{0.475, -1.1, 2.2},
               {0.43, -0.8450000000000001, 2.5700000000000003},
               {0.3715, -0.5465, 3.0745000000000005},
               {0.30670000000000003, -0.2685499999999999, 3.6748250000000002}});
}

TEST_CASE("its decoupled weight decay", "[train]") {
  // torch's SGD behind w.mul_(1 - 0.1·0.2).
  check_steps(Sgd<double>{.rate = 0.1, .momentum = 0.9, .weight_decay = 0.2},
              {{0.46499999999999997, -1.0750000000000002, 2.16},
               {0.41169999999999995, -0.8035, 2.4888},
               {0.34769599999999995, -0.5017299999999999, 2.949384},
               {0.28077947999999997, -0.23421939999999983, 3.50225112}});
}

TEST_CASE("Adam, step by step as torch.optim.Adam", "[train]") {
  check_steps(Adam<double>{.rate = 0.1, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3},
              {{0.40039840637450197, -1.150066622251832, 2.099950024987506},
               {0.30592679679564583, -1.0510014866149775, 2.199783300392879},
               {0.2246424820023331, -0.9535838368286363, 2.2994197741130034},
               {0.16797343397117942, -0.8587842056092032, 2.398778474977068}});
}

TEST_CASE("its decoupled weight decay, as torch.optim.AdamW", "[train]") {
  check_steps(Adam<double>{.rate = 0.1, .weight_decay = 0.2},
              {{0.3900000039999998, -1.1250000006666667, 2.0599999995},
               {0.2873713835308861, -1.0033827139051046, 2.118757750965886},
               {0.20066883177472605, -0.8859338495675155, 2.1762704067452274},
               {0.1410828106218841, -0.7736828333210779, 2.232535656678783}});
}

TEST_CASE("what decays not is left alone by weight decay", "[train]") {
  std::vector<double> w{2}, bias{2}, g{0};
  const std::vector<Parameter<double>> all{{w, g, true}, {bias, g, false}};
  Sgd<double> sgd{.rate = 0.5, .weight_decay = 0.5};
  sgd(all);
  CHECK(w[0] == 1.5);
  CHECK(bias[0] == 2);
  Adam<double> adam{.rate = 0.5, .weight_decay = 0.5};
  adam(all);
  CHECK(w[0] == 1.125);
  CHECK(bias[0] == 2);
}

TEST_CASE("an optimiser's state goes on where it was copied", "[train]") {
  std::vector<double> w{1, -1}, g{0.5, 0.25};
  const std::vector<Parameter<double>> all{{w, g, true}};
  Adam<double> adam{.rate = 0.1};
  for (int k = 0; k < 3; ++k) adam(all);
  std::vector<double> v = w;
  Adam<double> other = adam;
  adam(all);
  const std::vector<Parameter<double>> others{{v, g, true}};
  other(others);
  CHECK(v == w);
}

TEST_CASE("floats are moved as doubles are, to their rounding", "[train]") {
  std::vector<float> w{1, -2}, v{1, -2}, g{0.5f, 0.25f};
  std::vector<double> exact_w{1, -2}, exact_v{1, -2}, exact_g{0.5, 0.25};
  Adam<float> adam{.rate = 0.1};
  Adam<double> exact_adam{.rate = 0.1};
  Sgd<float> sgd{.rate = 0.1, .momentum = 0.9};
  Sgd<double> exact_sgd{.rate = 0.1, .momentum = 0.9};
  const std::vector<Parameter<float>> one{{w, g}}, two{{v, g}};
  const std::vector<Parameter<double>> exact_one{{exact_w, exact_g}}, exact_two{{exact_v, exact_g}};
  for (int k = 0; k < 5; ++k) adam(one), sgd(two), exact_adam(exact_one), exact_sgd(exact_two);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(std::abs(double(w[i]) - exact_w[i]) <= 1e-6);
    CHECK(std::abs(double(v[i]) - exact_v[i]) <= 1e-6);
  }
}

TEST_CASE("each of many numbers is moved as if it were alone", "[train]") {
  test::Random numbers(1);
  const Index count = 20000;  // more than a thread is handed at once, and no multiple of anything
  const Eigen::VectorXd start = numbers.vector(count + 7);
  std::vector<double> w(start.begin(), start.end()), g(w.size());
  const auto derivative = [](double at, int step) { return at * at - 0.1 * step; };
  Adam<double> adam{.rate = 0.1, .weight_decay = 0.1};
  for (int step = 0; step < 3; ++step) {
    for (std::size_t i = 0; i < w.size(); ++i) g[i] = derivative(w[i], step);
    const std::vector<Parameter<double>> all{{w, g}};
    adam(all);
  }
  for (std::size_t i = 0; i < w.size(); i += 13) {
    std::vector<double> one{start(Index(i))}, by(1);
    Adam<double> alone{.rate = 0.1, .weight_decay = 0.1};
    for (int step = 0; step < 3; ++step) {
      by[0] = derivative(one[0], step);
      const std::vector<Parameter<double>> all{{one, by}};
      alone(all);
    }
    REQUIRE(std::abs(w[i] - one[0]) <= 1e-14);
  }
}

TEST_CASE("optimisers refuse what is out of range, and other blocks", "[train]") {
  std::vector<double> w{1, 2}, g{0, 0}, short_g{0};
  const std::vector<Parameter<double>> one{{w, g, true}}, two{{w, g, true}, {w, g, true}},
      short_one{{w, short_g, true}};
  CHECK_THROWS_WITH(Sgd<double>{.rate = -1}(one), Contains("Sgd: expected a rate of at least 0, found -1"));
  CHECK_THROWS_WITH(Sgd<double>{.momentum = 1}(one), Contains("a momentum in [0, 1), found 1"));
  CHECK_THROWS_WITH(Sgd<double>{.weight_decay = -1}(one), Contains("a weight decay"));
  CHECK_THROWS_WITH(Adam<double>{.beta1 = 1}(one), Contains("a beta1"));
  CHECK_THROWS_WITH(Adam<double>{.beta2 = -0.1}(one), Contains("a beta2"));
  CHECK_THROWS_WITH(Adam<double>{.epsilon = 0}(one), Contains("an epsilon above 0"));
  Adam<double> adam;
  adam(one);
  CHECK_THROWS_WITH(adam(two), Contains("Adam: expected the 1 blocks of the first step, found 2"));
  CHECK_THROWS_WITH(adam(short_one), Contains("block 0: expected 2 values and derivatives, found 2 and 1"));
}

}  // namespace
