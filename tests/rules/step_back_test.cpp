#include <ascribe/rules/step_back.hpp>

#include <ascribe/core/error.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/rules/ignore.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

const kind::Elementwise<fn::Relu> relu;
const kind::MatMul matrix{map::Dense<double>(Eigen::MatrixXd::Ones(2, 3))};

struct SaysNothing {};
struct SaysAll {
  static constexpr bool serves(Form form) { return form == Form::Q; }
  void check() const { fail("checked"); }
  template <class F>
  Reads reads(const kind::Elementwise<F>&, Form) const {
    return {.inputs = false};
  }
};

TEST_CASE("A rule that does not say serves all forms, reads everything and has nothing to check", "[rules]") {
  CHECK(serves(relu, SaysNothing(), Form::R));
  CHECK(serves(relu, SaysNothing(), Form::Delta));
  CHECK(passage_of(relu, SaysNothing(), Form::Q).inputs);
  CHECK_NOTHROW(check_parameters(SaysNothing()));
  CHECK(serves(relu, SaysAll(), Form::Q));
  CHECK_FALSE(serves(relu, SaysAll(), Form::R));
  CHECK_FALSE(passage_of(relu, SaysAll(), Form::Q).inputs);
  CHECK(passage_of(relu, SaysAll(), Form::Q).effect == Passage::any);  // only data tell
  CHECK_THROWS_AS(check_parameters(SaysAll()), Error);
}

TEST_CASE("What a rule's data say depends on the layer's kind", "[rules]") {
  CHECK(serves(relu, rule::Ignore(), Form::Q));
  CHECK_FALSE(serves(matrix, rule::Ignore(), Form::Q));
  CHECK(passage_of(relu, rule::Ignore(), Form::R).effect == Passage::unchanged);
  CHECK(passage_of(relu, rule::Ignore(), Form::Q).effect == Passage::pointwise);
  CHECK(passage_of(matrix, rule::Ignore(), Form::R).effect == Passage::any);  // 3 inputs, 2 outputs
}

}  // namespace
