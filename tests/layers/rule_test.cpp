#include <ascribe/layers/rule.hpp>

#include <ascribe/core/error.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

struct SaysNothing {};
struct SaysAll {
  static constexpr bool serves(Form form) { return form == Form::Q; }
  void check() const { fail("checked"); }
};

TEST_CASE("A rule that does not say serves all forms and has nothing to check", "[layers]") {
  STATIC_REQUIRE(serves<SaysNothing>(Form::R));
  STATIC_REQUIRE(serves<SaysNothing>(Form::Delta));
  STATIC_REQUIRE(serves<SaysAll>(Form::Q));
  STATIC_REQUIRE_FALSE(serves<SaysAll>(Form::R));
  CHECK_NOTHROW(check_parameters(SaysNothing()));
  CHECK_THROWS_AS(check_parameters(SaysAll()), Error);
}

}  // namespace
