#include <ascribe/rules/ignore.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/methods/method.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::Ignore;

TEST_CASE("Ignore, plain: the formulas, and the books close") {
  check_elementwise(Ignore{false}, {Form::R, Form::Q},
                    [](const Plain& p, Form form, double a, double, double u, Expected& e, Index i) {
                      if (form == Form::R) {
                        e.down(i) += u;
                      } else if (a != 0) {
                        e.down(i) += double(p.f(a) / a * u);  // the raw slope: f(0)'s share too
                      } else if (p.f(0) == 0) {
                        e.down(i) += double(p.derivative(0) * u);
                      } else {
                        e.dropped += double(p.f(0) * u);  // b/a has no value at 0
                      }
                    });
}

TEST_CASE("Ignore, biased: the formulas, and the books close") {
  check_elementwise(Ignore{true}, {Form::R, Form::Q},
                    [](const Plain& p, Form form, double a, double, double u, Expected& e, Index i) {
                      const long double f0 = p.f(0), b = p.f(a);
                      if (form == Form::R && f0 == 0) {
                        e.down(i) += u;
                      } else if (form == Form::R) {
                        e.down(i) += double((1 - f0 / b) * u);
                        e.shares(i) += double(f0 / b * u);
                      } else {
                        e.down(i) += double((a == 0 ? p.derivative(0) : (b - f0) / a) * u);
                        e.shares(i) += double(f0 * u);
                      }
                    });
}

namespace {
/// f(0) = 1 and f(−1) = 0: an output of 0 that has a bias.
struct PlusOne {
  template <class Scalar>
  Scalar value(const Scalar& a) const {
    return a + Scalar(1);
  }
  template <class Scalar>
  Scalar derivative(const Scalar&) const {
    return Scalar(1);
  }
};
}  // namespace

TEST_CASE("Ignore: at b = 0 with f(0) != 0 the biased shares have no value, and R is dropped") {
  const ascribe::Elementwise f{PlusOne()};
  const Matrix a = Matrix::Constant(1, 1, -1), up = Matrix::Constant(1, 1, 3);
  const auto biased = step(f, Ignore{true}, Form::R, a, a, up);
  CHECK(biased.down(0) == 0);
  CHECK(biased.books.dropped(0) == 3);
  CHECK(biased.books.closing_error()(0) == 0);
  const auto plain_r = step(f, Ignore{false}, Form::R, a, a, up);
  CHECK(plain_r.down(0) == 3);
  CHECK(plain_r.books.dropped(0) == 0);
}

TEST_CASE("Ignore by hand: a + 1 at a = 3 splits R = 8 into 6 for the input and 2 for f(0)") {
  const ascribe::Elementwise f{PlusOne()};
  const Matrix a = Matrix::Constant(1, 1, 3), up = Matrix::Constant(1, 1, 8);
  const auto biased = step(f, Ignore{true}, Form::R, a, a, up);
  CHECK(biased.down(0) == 6);
  CHECK(biased.books.bias(0) == 2);
  const auto in_q = step(f, Ignore{true}, Form::Q, a, a, Matrix(up / 4));  // Q = R/b = 2
  CHECK(in_q.down(0) * 3 == Approx(6).epsilon(1e-14));
  CHECK(in_q.books.bias(0) == 2);
  CHECK(step(f, Ignore{false}, Form::R, a, a, up).down(0) == 8);
  CHECK(step(f, Ignore{false}, Form::Q, a, a, Matrix(up / 4)).down(0) * 3 == Approx(8).epsilon(1e-14));
}

TEST_CASE("Ignore hands R on through a batch normalisation, and its bias gets nothing") {
  const Explicit layer = affine();
  check([&]<class S>() { return layer_of<S>(layer); }, Ignore{}, {Form::R}, samples_of_every_sign(6, 6, 71),
        [](Form, const Vector&, const Vector&, const Vector& up) {
          Expected expected(6, 6);
          expected.down = up;
          return expected;
        });
}

TEST_CASE("Ignore refuses a map whose inputs are not as many as its outputs, of sizes fixed or not") {
  const Matrix a = numbers(5, 1, 2), up = numbers(4, 1, 3);
  const std::string message =
      "Ignore: expected a map with as many inputs as outputs, found 5 inputs and 4 outputs";
  CHECK_THROWS_WITH(step(layer_of<double>(dense(numbers(4, 5, 1))), Ignore{}, Form::R, a, a, up), message);
  const ascribe::Sequential fixed{
      ascribe::MatMul(ascribe::map::Dense<double, 5, 4>(Eigen::Matrix<double, 4, 5>::Ones()), Ignore{})};
  CHECK_THROWS_WITH(
      fixed.explain(fixed.forward(Eigen::Matrix<double, 5, 1>::Ones()), 0, ascribe::method::ByLayer{}),
      message);
}

TEST_CASE("Ignore in a network of fixed sizes, for both kinds") {
  const ascribe::Sequential net(ascribe::MatMul(ascribe::map::ChannelScale<double, 2>(Eigen::Vector2d(2, -3)),
                                                Eigen::Vector2d(1, 1), Ignore{}),
                                ascribe::Elementwise(ascribe::fn::Tanh(), Ignore{}));
  const auto trace = net.forward(Eigen::Vector2d(1, 2));
  const auto found =
      net.explain(trace, ascribe::start::OutputRelevance(Eigen::Vector2d(5, -7)), ascribe::method::ByLayer{});
  CHECK(found.relevance == Eigen::Vector2d(5, -7));
  CHECK(found.ledger.bias(0) == 0);
}
