#include <ascribe/rules/window_step.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;
using rule::WindowShares;

TEST_CASE("the forms of shares of a window, and what they read", "[rules]") {
  const auto serves = [](WindowShares::Of of) {
    std::string found;
    for (const Form form : {Form::R, Form::Q, Form::Delta})
      found += WindowShares{of}.serves(form) ? '1' : '0';
    return found;
  };
  CHECK(serves(WindowShares::winner) == "111");
  CHECK(serves(WindowShares::by_value) == "110");
  CHECK(serves(WindowShares::limit) == "001");
  CHECK(serves(WindowShares::fold) == "001");
  CHECK(WindowShares{WindowShares::limit}.reads().outputs);
  CHECK_FALSE(WindowShares{WindowShares::fold}.reads().outputs);
}

TEST_CASE("the weights of members by value", "[rules]") {
  CHECK(rule::detail::radial_weight(2.0, 3.0) == 2);
  CHECK(rule::detail::radial_weight(-2.0, 3.0) == 0);
  CHECK(rule::detail::radial_weight(-4.0, -2.0) == 0.5);
  CHECK(rule::detail::radial_weight(0.0, 0.0) == 1);
  CHECK(rule::detail::radial_factor_in_q(2.0, 3.0, 6.0) == 0.5);
  CHECK(rule::detail::radial_factor_in_q(-4.0, -2.0, 1.5) == 0.25 / 1.5);
}

}  // namespace
