#include <ascribe/rules/radial.hpp>

#include "tests/support/catch.hpp"

#include "tests/rules/rule_contract.hpp"

using namespace rule_contract;
using ascribe::rule::Radial;

TEST_CASE("Radial: the formulas, and the books close") {
  check_max(Radial(), {Form::R, Form::Q},
            [](const std::vector<Candidate>& all, Form form, double u, Expected& e, Index j) {
              const double b = all[winner(all, &Candidate::a)].a;
              double positive = 0, inverse = 0, zeros = 0;
              for (const Candidate& k : all) {
                positive += std::max(k.a, 0.0);
                inverse += 1 / k.a;
                zeros += k.a == 0;
              }
              for (const Candidate& k : all) {
                const double share = b > 0   ? std::max(k.a, 0.0) / positive
                                     : b < 0 ? 1 / k.a / inverse
                                             : (k.a == 0) / zeros;
                double in_q = share;  // b = 0: Q(b)/k for each zero
                if (b > 0) in_q = k.a > 0 ? b / positive : 0;
                if (b < 0) in_q = b / k.a * (b / k.a) / (b * inverse);
                if (k.input >= 0)
                  e.down(k.input) += (form == Form::R ? share : in_q) * u;
                else
                  e.shares(j) += share * (form == Form::R ? 1 : b) * u;
              }
            });
}

namespace {
Matrix shares(const Matrix& a, Form form = Form::R) {
  const ascribe::Max maximum(ascribe::window::Groups<>(a.rows(), a.rows()));
  return step(maximum, Radial(), form, a, a, Matrix(Matrix::Ones(1, 1))).down;
}
}  // namespace

TEST_CASE("Radial by hand: b > 0, b < 0, one zero and several") {
  CHECK(shares(Eigen::Vector3d(3, -5, 1)) == Eigen::Vector3d(0.75, 0, 0.25));
  CHECK(shares(Eigen::Vector3d(3, -5, 1), Form::Q) == Eigen::Vector3d(0.75, 0, 0.75));
  CHECK(shares(Eigen::Vector2d(-1, -3)).isApprox(Eigen::Vector2d(0.75, 0.25), 1e-15));
  CHECK(shares(Eigen::Vector2d(-1, -3), Form::Q).isApprox(Eigen::Vector2d(0.75, 1. / 12), 1e-15));
  CHECK(shares(Eigen::Vector3d(-1, 0, -2)) == Eigen::Vector3d(0, 1, 0));
  CHECK(shares(Eigen::Vector3d(-1, -0.0, -2)) == Eigen::Vector3d(0, 1, 0));
  CHECK(shares(Eigen::Vector3d(0, -1, 0)) == Eigen::Vector3d(0.5, 0, 0.5));
  CHECK(shares(Eigen::Vector3d(0, -1, 0), Form::Q) == Eigen::Vector3d(0.5, 0, 0.5));
}

TEST_CASE("Radial: one zero takes everything in the limit from both sides") {
  const double t = 1e-9;
  CHECK(shares(Eigen::Vector2d(t, -1)).isApprox(Eigen::Vector2d(1, 0), 1e-8));
  CHECK(shares(Eigen::Vector2d(-t, -1)).isApprox(Eigen::Vector2d(1, 0), 1e-8));
}

TEST_CASE("Radial: 1/a would overflow at -1e-310, and the quotients do not") {
  const Matrix tiny = shares(Eigen::Vector2d(-1e-310, -1));
  CHECK(tiny(0) == 1);
  CHECK(tiny(1) == Approx(1e-310));
  CHECK(shares(Eigen::Vector2d(-1e-310, -1e-310)) == Eigen::Vector2d(0.5, 0.5));
  CHECK(shares(Eigen::Vector2d(-1e-310, -1), Form::Q).allFinite());
}

TEST_CASE("Radial: a constant's share is a bias") {
  const ascribe::Max maximum(
      (ascribe::window::WithConstants(ascribe::window::Groups<2, 2>(), std::array{2.0, -1.0})));
  const Matrix a = Eigen::Vector2d(1, 3), up = Matrix::Constant(1, 1, 12);
  const auto found = step(maximum, Radial(), Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector2d(2, 6));
  CHECK(found.books.bias(0) == 4);
  CHECK(found.shares(0) == 4);
  CHECK(step(maximum, Radial(), Form::Q, a, a, up).books.bias(0) == 12);  // a third of b·Q = 36
}
