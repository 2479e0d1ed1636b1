#include <ascribe/networks/checks.hpp>

#include <ascribe/functions/relu.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/rules/repeat.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

using namespace ascribe;

TEST_CASE("conservation and completeness say what holds, and report what was allowed") {
  test::Random random(2);
  const Sequential net(MatMul(map::Dense<double>(random.matrix(6, 5)), random.vector(6)),
                       Elementwise(fn::Relu()), MatMul(map::Dense<double>(random.matrix(3, 6))));
  const auto trace = net.forward(random.matrix(5, 4));
  auto e = net.explain(trace, 2, method::LrpQ());
  CHECK(check::conservation(e));
  CHECK(check::conservation(e).tolerance < 1e-12);
  // The bias took something, which completeness notices and conservation has on the books.
  CHECK_FALSE(check::completeness(e));
  CHECK(check::completeness(e).error == Approx(e.ledger.bias.abs().maxCoeff()));

  e.ledger.bias(1) += 1e-6;
  CHECK_FALSE(check::conservation(e));
  CHECK(check::conservation(e).error == Approx(1e-6).epsilon(1e-6));
}

TEST_CASE("identity 8: scaling by a constant, as a matrix and as a function", "[identities]") {
  for (const double alpha : {0.5, -2.5, 3.0}) {
    for (const Form form : {Form::R, Form::Q}) {
      CHECK(check::scaling_equivalence(rule::Gradient(), rule::Gradient(), alpha, form));
      CHECK(check::scaling_equivalence(rule::Gradient(), rule::Slope(), alpha, form));
    }
    CHECK(check::scaling_equivalence(rule::Gradient(), rule::Repeat(), alpha, Form::R));
    CHECK(check::scaling_equivalence(rule::Normalized{0}, rule::Ignore(), alpha, Form::R));
    CHECK(check::scaling_equivalence(rule::Normalized{0}, rule::Slope(), alpha, Form::Q));
    CHECK(check::scaling_equivalence(rule::Gradient(), rule::Gradient(), alpha, Form::Delta));
    CHECK_FALSE(check::scaling_equivalence(rule::Gradient(), rule::Ignore(), alpha, Form::R));
    CHECK_FALSE(check::scaling_equivalence(rule::Normalized{0.5}, rule::Ignore(), alpha, Form::R));
  }
  CHECK_THROWS_WITH(check::scaling_equivalence(rule::Gradient(), rule::Gradient(), 0.0, Form::R),
                    Contains("other than 0"));
}
