#include <ascribe/rules/product_step.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;
using rule::FactorShares;

TEST_CASE("shares of factors serve all forms, and read the factors where their values count", "[rules]") {
  for (const auto of : {FactorShares::gradient, FactorShares::signal, FactorShares::even}) {
    const FactorShares rule{of};
    for (const Form form : {Form::R, Form::Q, Form::Delta}) {
      CHECK(rule.serves(form));
      CHECK(rule.reads(form).inputs == (of == FactorShares::gradient || form != Form::R));
      CHECK_FALSE(rule.reads(form).outputs);
    }
  }
}

}  // namespace
