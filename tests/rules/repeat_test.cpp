#include <ascribe/rules/repeat.hpp>

#include "tests/support/catch.hpp"

#include "tests/rules/rule_contract.hpp"

using namespace rule_contract;
using ascribe::rule::Guided;
using ascribe::rule::Repeat;

TEST_CASE("Repeat: the formulas, and the books close") {
  check_elementwise(
      Repeat(), {Form::R, Form::Q},
      [](const Plain& p, Form form, double a, double, double u, Expected& e, Index i) {
        const long double back = p.f(u), f0 = p.f(0);
        e.down(i) += double(back);
        if (form == Form::Q) {
          e.shares(i) += double(f0 * u);
          e.dropped += double((p.f(a) - f0) * u - a * back);
        } else {
          e.dropped += double(u - back);
        }
      },
      /*linear=*/false);
}

TEST_CASE("Guided: the formulas, and the books close") {
  check_elementwise(
      Guided(), {Form::R, Form::Q},
      [](const Plain& p, Form form, double a, double, double u, Expected& e, Index i) {
        const long double back = u > 0 ? p.derivative(a) * u : 0, f0 = p.f(0);
        e.down(i) += double(back);
        if (form == Form::Q) {
          e.shares(i) += double(f0 * u);
          e.dropped += double((p.f(a) - f0) * u - a * back);
        } else {
          e.dropped += double(u - back);
        }
      },
      /*linear=*/false);
}

TEST_CASE("Repeat and Guided on ReLU drop what the table of the ledger says") {
  const ascribe::Elementwise relu{ascribe::fn::Relu()};
  for (const double a : {2.0, 0.0, -3.0})
    for (const double q : {0.5, 0.0, -0.25}) {
      INFO("a = " << a << ", Q = " << q);
      const Matrix at = Matrix::Constant(1, 1, a), up = Matrix::Constant(1, 1, q);
      const double positive = std::max(q, 0.0), negative = std::min(q, 0.0);
      CHECK(step(relu, Repeat(), Form::Q, at, at, up).books.dropped(0) ==
            (a > 0 ? a * negative : -a * positive));
      CHECK(step(relu, Guided(), Form::Q, at, at, up).books.dropped(0) == std::max(a, 0.0) * negative);
    }
}

TEST_CASE("Repeat and Guided are not linear in what is carried") {
  const ascribe::Elementwise relu{ascribe::fn::Relu()};
  const Matrix a = Matrix::Ones(1, 1), up = Matrix::Ones(1, 1);
  CHECK(step(relu, Repeat(), Form::Q, a, a, up).down(0) == 1);
  CHECK(step(relu, Repeat(), Form::Q, a, a, Matrix(-up)).down(0) == 0);
  CHECK(step(relu, Guided(), Form::Q, a, a, up).down(0) == 1);
  CHECK(step(relu, Guided(), Form::Q, a, a, Matrix(-up)).down(0) == 0);
}
