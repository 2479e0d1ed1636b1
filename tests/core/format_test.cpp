#include <ascribe/core/format.hpp>

#include <limits>

#include "tests/support/catch.hpp"

using ascribe::parameters_text;
using ascribe::to_text;

TEST_CASE("A number's text is the shortest that reads back as the number", "[core]") {
  CHECK(to_text(1e-6) == "1e-06");
  CHECK(to_text(0.25) == "0.25");
  CHECK(to_text(0.1) == "0.1");
  CHECK(to_text(2) == "2");
  CHECK(to_text(-1.0 / 3) == "-0.3333333333333333");
  CHECK(to_text(-std::numeric_limits<double>::min()) == "-2.2250738585072014e-308");
  CHECK(to_text(std::numeric_limits<double>::infinity()) == "inf");
}

TEST_CASE("A few numbers are all shown; of many the first four, and how many there are", "[core]") {
  CHECK(to_text(std::vector<double>{0.5}) == "0.5");
  CHECK(to_text(std::vector<double>{}) == "[]");
  CHECK(to_text(std::vector<double>{1, 2, 3, 4}) == "[1 2 3 4]");
  CHECK(to_text(std::vector<double>{1, 2, 3, 4, 5}) == "[1 2 3 4 ... 5 numbers]");
}

namespace {

struct WithParameters {
  double gamma = 0.25, epsilon = 1e-6;
  std::vector<double> low = {-1, 2};

  static void each_parameter(auto&& f) {
    f("gamma", &WithParameters::gamma);
    f("low", &WithParameters::low);
    f("epsilon", &WithParameters::epsilon);
  }
};

}  // namespace

TEST_CASE("Parameters are named, one after the other", "[core]") {
  CHECK(parameters_text(1) == "");
  CHECK(parameters_text(WithParameters{}) == "gamma 0.25, low [-1 2], epsilon 1e-06");
}
