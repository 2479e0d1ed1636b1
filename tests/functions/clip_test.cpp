#include <ascribe/functions/clip.hpp>

#include "tests/support/function_contract.hpp"

namespace {

using namespace ascribe;

TEST_CASE("Clip keeps the contract", "[functions]") {
  test::check_function(fn::Clip{-0.75, 2}, [](long double x) { return x < -0.75L ? -0.75L
                                                                      : x > 2    ? 2
                                                                                 : x; },
                       {{-0.75, 2.0}});
  test::check_function(fn::Clip{1, 3}, [](long double x) { return x < 1 ? 1 : x > 3 ? 3 : x; }, {{1.0, 3.0}});
  test::check_function(fn::Relu6{}, [](long double x) { return x < 0 ? 0 : x > 6 ? 6 : x; }, {{0.0, 6.0}});
  test::check_function(fn::Clip{}, [](long double x) { return x; });
}

TEST_CASE("Clip's derivative is 0 at both ends", "[functions]") {
  const fn::Clip clip{-1, 2};
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  for (const double end : {-1.0, 2.0}) {
    CHECK(clip.derivative(end) == 0.0);
    CHECK(clip.chord(end, end) == 0.0);
    CHECK(clip.value(Dual(end, 1, 0)).derivatives()(0) == 0.0);
  }
  CHECK(clip.derivative(0.0) == 1.0);
}

TEST_CASE("Clip by hand", "[functions]") {
  const fn::Clip clip{-1, 2};
  CHECK(clip.chord(-1.0, 2.0) == 1.0);
  CHECK(clip.chord(6.0, 1.0) == 0.2);
  CHECK(clip.chord(-4.0, 1.0) == 0.4);
  CHECK(clip.chord(6.0, -4.0) == 0.3);
  CHECK(clip.chord(6.0, 5.0) == 0.0);
  CHECK(fn::Relu6{}.value(7.0) == 6.0);
  CHECK(fn::Relu6{}.value(-7.0) == 0.0);
}

TEMPLATE_TEST_CASE("Clip's slopes of a run are each value's own, to the sign of 0", "[functions]", float,
                   double) {
  using Limits = std::numeric_limits<TestType>;
  const auto check = [](const fn::Clip& clip, const std::vector<TestType>& a) {
    std::vector<TestType> found(a.size());
    fn::slopes(clip, 0, Index(a.size()), a.data(), found.data());
    for (std::size_t i = 0; i < a.size(); ++i) {
      const TestType expected = clip.chord_from_zero(a[i]);
      INFO("a = " << a[i] << ", end " << clip.high);
      CHECK(found[i] == expected);
      CHECK(std::signbit(found[i]) == std::signbit(expected));
    }
  };
  const std::vector<TestType> inside{-5,
                                     -Limits::min(),
                                     -TestType(0),
                                     0,
                                     Limits::denorm_min(),
                                     TestType(0.3),
                                     std::nextafter(TestType(6), TestType(0))};
  for (const TestType last : {TestType(1), TestType(6), TestType(7), Limits::max()}) {
    std::vector<TestType> a = inside;
    a.push_back(last);
    for (const fn::Clip& clip :
         {fn::Clip(fn::Relu6{}), fn::Clip{-1, 6}, fn::Clip{0.5, 6}, fn::Clip{.low = 0}})
      check(clip, a);
  }
  const TestType nan = Limits::quiet_NaN();
  TestType slope(0);
  fn::slopes(fn::Relu6{}, 0, 1, &nan, &slope);
  CHECK(std::isnan(slope));
}

TEST_CASE("Clip without an end is open there", "[functions]") {
  CHECK(fn::Clip{.low = 0}.chord(std::numeric_limits<double>::max(), -1.0) == 1.0);
  CHECK(fn::Clip{.high = 0}.value(-1e300) == -1e300);
}

}  // namespace
