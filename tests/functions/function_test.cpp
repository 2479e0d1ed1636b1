#include <ascribe/functions/function.hpp>

#include <string>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

using Catch::Matchers::WithinRel;

// A user's function in five lines, without a chord …
struct Cube {
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return Scalar(a * a * a);
  }
  template <class Scalar>
  Scalar derivative(const Scalar& a) const {
    return Scalar(Scalar(3) * a * a);
  }
};

// … and with one: a² + ar + r².
struct CubeWithChord : Cube {
  template <class Scalar>
  Scalar chord(const Scalar& a, const Scalar& r) const {
    return Scalar(a * a + a * r + r * r);
  }
};

struct NotAFunction {
  double value(double a) const { return a; }
};

TEST_CASE("A function needs a value and a derivative, and no more", "[functions]") {
  STATIC_REQUIRE(fn::Function<Cube>);
  STATIC_REQUIRE(fn::Function<Cube, float>);
  STATIC_REQUIRE(fn::Function<CubeWithChord>);
  STATIC_REQUIRE_FALSE(fn::Function<NotAFunction>);
}

TEST_CASE("A function with a chord keeps the contract", "[functions]") {
  // By hand, as the contract's largest numbers overflow under a cube.
  CHECK(fn::chord(CubeWithChord{}, 3.0, -1.0) == 7.0);
  CHECK(fn::chord(CubeWithChord{}, 2.0, 2.0) == 12.0);
}

TEST_CASE("A function without a chord gets one", "[functions]") {
  CHECK(fn::chord(Cube{}, 3.0, -1.0) == 7.0);
  CHECK(fn::chord(Cube{}, 2.0, 2.0) == 12.0);
  CHECK(fn::chord(Cube{}, 0.0, 0.0) == 0.0);
}

TEST_CASE("The chord made keeps two thirds of the digits at every distance", "[functions]") {
  for (const double r : {0.5, 1.0, -2.0, 30.0})
    for (double d = 1e-15; d < 10; d *= 3) {
      const double a = r + d;
      INFO("a = " << a << ", r = " << r);
      CHECK_THAT(fn::chord(Cube{}, a, r), WithinRel(a * a + a * r + r * r, 4e-10));
      const float b = float(a), s = float(r);
      CHECK_THAT(fn::chord(Cube{}, b, s), WithinRel(b * b + b * s + s * s, 2e-4f));
    }
}

TEST_CASE("chord and at_zero take an automatic-differentiation scalar", "[functions]") {
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  const Dual a(3.0, Eigen::Matrix<double, 1, 1>::Ones());
  CHECK(fn::chord(CubeWithChord{}, a, Dual(-1.0)).derivatives()(0) == 5.0);  // 2a + r
  CHECK(fn::chord(Cube{}, a, Dual(-1.0)).derivatives()(0) == 5.0);
  CHECK(fn::at_zero<Dual>(Cube{}).value() == 0.0);
  CHECK(fn::at_zero<float>(Cube{}) == 0.0f);
}

struct CubeOfTwo : CubeWithChord {
  static constexpr const char* name = "Cube";
  template <class Scalar>
  Scalar second_derivative(const Scalar& a) const {
    return Scalar(Scalar(6) * a);
  }
};

TEST_CASE("A function without a second derivative says so, by its name", "[functions]") {
  CHECK_FALSE(fn::has_second_derivative(Cube{}));
  CHECK(fn::has_second_derivative(CubeOfTwo{}));
  const double a[] = {1, 2}, far[] = {3, -4}, near[] = {3, 2};
  double d[2], e[2];
  fn::second_derivatives(CubeOfTwo{}, 0, 2, a, d);
  CHECK(d[0] == 6);
  CHECK(d[1] == 12);
  CHECK(fn::name_of(CubeOfTwo{}) == std::string("Cube"));
  CHECK_THROWS_WITH(fn::second_derivatives(Cube{}, 0, 2, a, d), "a function has no second derivative");
  // The chord is a² + ar + r²: 2a + r and a + 2r.
  fn::chord_derivatives(Cube{}, 0, 2, a, far, d, e);
  CHECK(d[0] == 5);
  CHECK(e[0] == 7);
  CHECK(d[1] == 0);
  CHECK(e[1] == -6);
  CHECK_THROWS_WITH(fn::chord_derivatives(Cube{}, 0, 2, a, near, d, e),
                    "a function has no second derivative");
}

TEST_CASE("A chord's derivatives, near and far, in blocks", "[functions]") {
  std::vector<double> a, r;
  for (int i = 0; i < 600; ++i) {
    a.push_back(i / 100. - 3);
    r.push_back(i % 3 == 0 ? a.back() : i % 3 == 1 ? a.back() * (1 + 1e-9) : i % 7 - 3.5);
  }
  std::vector<double> d(a.size()), e(a.size());
  fn::chord_derivatives(CubeOfTwo{}, 5, Index(a.size()), a.data(), r.data(), d.data(), e.data());
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO("a = " << a[i] << ", r = " << r[i]);
    CHECK(std::abs(d[i] - (2 * a[i] + r[i])) < 1e-9);
    CHECK(std::abs(e[i] - (a[i] + 2 * r[i])) < 1e-9);
  }
}

}  // namespace
