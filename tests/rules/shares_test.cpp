#include <ascribe/rules/shares.hpp>

#include <ascribe/rules/alpha_beta.hpp>
#include <ascribe/rules/flat.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/normalized.hpp>
#include <ascribe/rules/w_square.hpp>
#include <ascribe/rules/z_box.hpp>
#include <ascribe/rules/z_plus.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::rule;
using Catch::Matchers::Contains;

TEST_CASE("terms that say the same of both signs are one product, and so are those in proportion",
          "[rules]") {
  const auto whole = contributions().products(Signs::both);
  REQUIRE(whole.size() == 1);
  CHECK(whole[0].weights == Weights::as_is);
  CHECK(whole[0].part == Parts{1, 1});

  CHECK(plus().products(Signs::both).size() == 2);
  const auto above = plus().products(Signs::none_negative);
  REQUIRE(above.size() == 1);
  CHECK(above[0].weights == Weights::positive);
  CHECK(above[0].part == Parts{1, 1});  // what is not there may be anything
  CHECK(plus().products(Signs::none_positive)[0].weights == Weights::negative);
  CHECK(minus().products(Signs::none_negative)[0].weights == Weights::negative);

  const auto favoured = (contributions() + 0.25 * plus()).products(Signs::none_negative);
  REQUIRE(favoured.size() == 1);
  CHECK(favoured[0].weights == Weights::favouring(0.25));
  const auto absolute = (plus() - minus()).products(Signs::none_negative);  // |w| = −(w − 2w⁺)
  REQUIRE(absolute.size() == 1);
  CHECK(absolute[0].weights == Weights::favouring(-2));
  CHECK(absolute[0].part == Parts{-1, -1});
  for (const double gamma : {0.1, 0.3, 1.0 / 3, 7.0, 100.0}) {  // whose quotients round
    CHECK((contributions() + gamma * minus()).products(Signs::none_negative).size() == 1);
    CHECK((contributions() + gamma * minus()).products(Signs::both).size() == 2);
  }
}

TEST_CASE("a bias is the weight of one more input, which is 1", "[rules]") {
  CHECK(Share{contributions()}.bias_of(-3.0) == -3);
  CHECK(Share{plus()}.bias_of(-3.0) == 0);
  CHECK(Share{plus()}.bias_of(2.0) == 2);
  CHECK(Share{minus()}.bias_of(-3.0) == -3);
  CHECK(Share{contributions() + 0.5 * plus()}.bias_of(2.0) == 3);
  CHECK(Share{term(Part::one, Weights::square)}.bias_of(-3.0) == 9);
  // Between its bounds a box has no bias.
  CHECK(rule::ZBox{{-1}, {1}}.matrix().list[0].bias_of(5.0) == 0);
}

TEST_CASE("what follows from the tables of the library", "[rules]") {
  const auto check = [](const Shares& s, bool in_q, bool ignores_bias) {
    CHECK(s.serves(Form::R));
    CHECK(s.serves(Form::Q) == in_q);
    CHECK(s.serves(Form::Delta) == in_q);
    CHECK(s.ignores_bias() == ignores_bias);
  };
  const rule::ZBox box{{-1}, {1}};
  check(Normalized().matrix(), true, false);
  check(ZPlus().matrix(), true, false);
  check(AlphaBeta().matrix(), true, false);
  check(Gamma().matrix(), true, false);
  check(box.matrix(), false, true);
  check(WSquare().matrix(), false, false);
  check(Flat().matrix(), false, true);
  check(Gradient().matrix(), true, false);
  check(Ignore().matrix(), false, true);
}

TEST_CASE("what the tables read, form by form", "[rules]") {
  const auto reads = [](const Shares& s, Form form) {
    return std::string(s.reads_inputs(form, true) ? "a" : "") + (s.reads_outputs(form, true) ? "b" : "");
  };
  CHECK(reads(Normalized().matrix(), Form::R) == "ab");
  CHECK(reads(Normalized().matrix(), Form::Q) == "b");
  CHECK(reads(Normalized{0}.matrix(), Form::Delta) == "");
  CHECK(reads(ZPlus().matrix(), Form::R) == "a");
  CHECK(reads(ZPlus().matrix(), Form::Q) == "ab");
  CHECK(reads(AlphaBeta().matrix(), Form::R) == "ab");
  CHECK(reads((AlphaBeta{1, 0}.matrix()), Form::R) == "a");
  CHECK(reads(Gamma().matrix(), Form::R) == "ab");
  CHECK(reads((ZBox{{-1}, {1}}.matrix()), Form::R) == "a");
  CHECK(reads(WSquare().matrix(), Form::R) == "");
  CHECK(reads(Flat().matrix(), Form::R) == "");
  CHECK(reads(Gradient().matrix(), Form::Q) == "");
}

TEST_CASE("the cost of a table in products", "[rules]") {
  const auto cost = [](const Shares& s, Signs signs) { return s.products(Form::R, signs, true); };
  CHECK(cost(Normalized().matrix(), Signs::both) == 1);
  CHECK(cost(ZPlus().matrix(), Signs::none_negative) == 2);
  CHECK(cost(ZPlus().matrix(), Signs::both) == 4);
  CHECK(cost(AlphaBeta().matrix(), Signs::none_negative) == 3);
  CHECK(cost(AlphaBeta().matrix(), Signs::both) == 6);
  CHECK(cost(Gamma().matrix(), Signs::none_positive) == 3);  // two where the outputs have one sign
  CHECK(cost(Gamma().matrix(), Signs::both) == 6);
  CHECK(cost((ZBox{{-1}, {1}}.matrix()), Signs::both) == 4);
  CHECK(cost(WSquare().matrix(), Signs::both) == 1);
  CHECK(cost(Flat().matrix(), Signs::both) == 1);
  CHECK(cost(Gradient().matrix(), Signs::both) == 1);
  CHECK(cost(Ignore().matrix(), Signs::both) == 0);
  CHECK(Normalized().matrix().products(Form::Q, Signs::both, true) == 1);
  CHECK(ZPlus().matrix().products(Form::Q, Signs::none_negative, true) == 2);
}

TEST_CASE("a table has at most four shares", "[rules]") {
  const Share one{plus()};
  CHECK_THROWS_WITH(Shares({one, one, one, one, one}), Contains("at most 4 shares, found 5"));
}

}  // namespace
