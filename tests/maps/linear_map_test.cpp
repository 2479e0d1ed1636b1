#include <ascribe/maps/linear_map.hpp>

#include <vector>

#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/repeated.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/maps/transposed.hpp>
#include <ascribe/maps/with_role.hpp>

#include "tests/support/catch.hpp"

using namespace ascribe;

namespace {

struct Sizes {
  using Scalar = double;
  static constexpr int inputs = 1, outputs = 1;
  Index input_size() const { return 1; }
  Index output_size() const { return 1; }
};

struct Twice : Sizes {
  static constexpr const char* name = "Twice";
  bool weights_are_finite() const { return true; }
  template <int N>
  void apply(View<double, 1, N> a, Out<double, 1, N> b, const Weights&) const {
    b = 2 * a;
  }
  template <int N>
  void apply_transposed(View<double, 1, N> s, Out<double, 1, N> g, const Weights&) const {
    g = 2 * s;
  }
};

}  // namespace

TEST_CASE("weights are replaced one by one, and the same through a choice made once", "[maps]") {
  const std::vector<std::pair<Weights, std::vector<double>>> expected = {
      {Weights::as_is, {-3, 0, 2}}, {Weights::positive, {0, 0, 2}}, {Weights::negative, {-3, 0, 0}},
      {Weights::square, {9, 0, 4}}, {Weights::one, {1, 1, 1}},      {Weights::approximate, {-3, 0, 2}},
  };
  const std::vector<double> weights = {-3, 0, 2};
  for (const auto& [how, results] : expected)
    for (std::size_t i = 0; i < weights.size(); ++i) {
      CHECK(map::replaced(weights[i], how) == results[i]);
      map::with_replacement<double>(how, [&, value = results[i]](auto f) { CHECK(f(weights[i]) == value); });
    }
  for (const auto& [how, results] : expected) CHECK(how.unchanged() == (results == weights));
}

TEST_CASE("what lacks a product is no linear map", "[maps]") {
  STATIC_REQUIRE_FALSE(LinearMap<Sizes>);
  STATIC_REQUIRE_FALSE(LinearMap<int>);
}

TEST_CASE("a map of one's own says that it has no accumulate, when it is asked", "[maps]") {
  STATIC_REQUIRE(LinearMap<Twice>);
  const Eigen::Matrix<double, 1, 1> x(3);
  double to = 7;
  const char* message = "Twice has no accumulate: expected a map that can be differentiated by its weights";
  const auto check = [&](const auto& map) {
    CHECK_FALSE(has_accumulate(map));
    CHECK_THROWS_WITH(accumulate(map, x, x, &to), message);
    CHECK_THROWS_WITH(copy_weights(map, &to), message);
  };
  check(Twice());
  check(map::AnyMap<double>(Twice()));
  check(map::Transposed(Twice()));
  check(map::WithRole(Twice(), map::Role::aggregation, "Twice"));
  check(map::AnyMap<double>(map::Repeated(Twice(), 1)));
  CHECK(to == 7);
}

TEST_CASE("a map that wraps another has its weights, and only where it says how many they are", "[maps]") {
  const map::Dense<double> dense(Eigen::MatrixXd::Ones(2, 3));
  const map::Transposed turned(dense);
  const map::WithRole other(dense, map::Role::convolution, "Other");
  CHECK(turned.weight_count() == 6);
  CHECK(other.weight_count() == 6);
  CHECK(map::AnyMap<double>(turned).weight_count() == 6);
  const map::Sum<double> sum(2, 3);
  CHECK(map::AnyMap<double>(map::WithRole(sum, map::Role::wiring, "Other")).weight_count() == 0);
}
