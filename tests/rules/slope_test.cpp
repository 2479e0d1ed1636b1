#include <ascribe/rules/slope.hpp>

#include "tests/support/catch.hpp"

#include "tests/rules/rule_contract.hpp"

using namespace rule_contract;
using ascribe::rule::Slope;

TEST_CASE("Slope: the formulas, and the books close") {
  check_elementwise(Slope(), {Form::R, Form::Q},
                    [](const Plain& p, Form form, double a, double, double u, Expected& e, Index i) {
                      const long double f0 = p.f(0), slope = a == 0 ? p.derivative(0) : (p.f(a) - f0) / a;
                      e.down(i) += double(slope * u);
                      if (form == Form::Q) e.shares(i) += double(f0 * u);
                      if (form == Form::R) e.dropped += double(u - slope * u);
                    });
}

TEST_CASE("Slope: the limit towards 0 is f'(0), and is reached without cancellation") {
  const ascribe::Elementwise softplus{ascribe::fn::Softplus()};
  for (const double a : {0.0, -0.0, 1e-300, 1e-12, -1e-9}) {
    const Matrix at = Matrix::Constant(1, 1, a), up = Matrix::Ones(1, 1);
    CHECK(step(softplus, Slope(), Form::Q, at, at, up).down(0) == Approx(0.5 + a / 8).epsilon(1e-14));
  }
}
