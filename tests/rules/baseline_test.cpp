#include <ascribe/rules/baseline.hpp>

#include "tests/support/catch.hpp"

#include "tests/rules/rule_contract.hpp"

using namespace rule_contract;
using ascribe::rule::Baseline;
using ascribe::rule::BaselineFold;

TEST_CASE("Baseline of an Elementwise: the formula, and the books close") {
  check_elementwise(Baseline(), {Form::Delta},
                    [](const Plain& p, Form, double a, double a0, double u, Expected& e, Index i) {
                      e.down(i) += double(p.chord(a, a0) * u);
                    });
}

TEST_CASE("Baseline of a Max, the softmax limit: the formula, and the books close") {
  check_max(
      Baseline(), {Form::Delta}, [](const std::vector<Candidate>& all, Form, double u, Expected& e, Index) {
        const Candidate &here = all[winner(all, &Candidate::a)], &there = all[winner(all, &Candidate::a_base)];
        const double b = here.a, b_base = there.a_base, most = std::max(b, b_base);
        if (&here == &there) {
          if (here.input >= 0) e.down(here.input) += u;  // exactly 1, also at Δ = 0
          return;
        }
        const auto give = [&](const Candidate& k, double contribution) {
          if (k.input >= 0 && k.a != k.a_base) e.down(k.input) += contribution / (k.a - k.a_base) * u;
        };
        give(here, most - b_base);
        give(there, b - most);
      });
}

TEST_CASE("Baseline of a Max, the fold: the formula, and the books close") {
  check_max(BaselineFold(), {Form::Delta},
            [](const std::vector<Candidate>& all, Form, double u, Expected& e, Index) {
              // The maxima up to each candidate; then backwards, each relu(c − running) taking its chord's
              // share.
              std::vector<double> here{all[0].a}, there{all[0].a_base};
              for (std::size_t k = 1; k < all.size(); ++k) {
                here.push_back(std::max(here.back(), all[k].a));
                there.push_back(std::max(there.back(), all[k].a_base));
              }
              double carried = u;
              for (std::size_t k = all.size() - 1; k > 0; --k) {
                const double d = all[k].a - here[k - 1], d0 = all[k].a_base - there[k - 1];
                const double share =
                    d == d0 ? double(d > 0) : (std::max(d, 0.0) - std::max(d0, 0.0)) / (d - d0);
                if (all[k].input >= 0) e.down(all[k].input) += share * carried;
                carried *= 1 - share;
              }
              if (all[0].input >= 0) e.down(all[0].input) += carried;
            });
}

namespace {
template <class Rule>
Matrix multipliers(const Rule& rule, const Matrix& a, const Matrix& a_base) {
  const ascribe::Max maximum(ascribe::window::Groups<>(a.rows(), a.rows()));
  const auto found = step(maximum, rule, Form::Delta, a, a_base, Matrix(Matrix::Ones(1, 1)));
  CHECK(found.books.closing_error()(0) == Approx(0).margin(1e-14));
  return found.down;
}
}  // namespace

TEST_CASE(
    "Baseline, the softmax limit: one winner in both images has the multiplier 1, also where nothing "
    "changes") {
  CHECK(multipliers(Baseline(), Eigen::Vector2d(3, 1), Eigen::Vector2d(2, 0)) == Eigen::Vector2d(1, 0));
  CHECK(multipliers(Baseline(), Eigen::Vector2d(3, 1), Eigen::Vector2d(3, 0)) == Eigen::Vector2d(1, 0));
  CHECK(multipliers(Baseline(), Eigen::Vector2d(1, 1), Eigen::Vector2d(1, 1)) ==
        Eigen::Vector2d(1, 0));  // a tie
}

TEST_CASE(
    "Baseline, the softmax limit: a winner that did not change gets 0 where the other image has another") {
  // b = 3 stays where it was; the baseline's winner fell from 5 to 1.
  CHECK(multipliers(Baseline(), Eigen::Vector2d(3, 1), Eigen::Vector2d(3, 5)) == Eigen::Vector2d(0, 0.5));
}

TEST_CASE("Baseline, the softmax limit: multipliers lie in [0, 1]") {
  for (unsigned seed = 1; seed < 200; ++seed) {
    const Matrix m = multipliers(Baseline(), numbers(4, 1, seed), numbers(4, 1, 1000 + seed));
    CHECK(m.minCoeff() >= 0);
    CHECK(m.maxCoeff() <= 1);
  }
}

TEST_CASE("Baseline: a constant that wins takes nothing, in either image") {
  const ascribe::Max maximum(
      (ascribe::window::WithConstants(ascribe::window::Groups<2, 2>(), std::array{2.0})));
  const Matrix up = Matrix::Ones(1, 1);
  const auto run = [&](auto rule, const Matrix& a, const Matrix& a_base) {
    const auto found = step(maximum, rule, Form::Delta, a, a_base, up);
    CHECK(found.books.closing_error()(0) == 0);
    CHECK(found.books.bias(0) == 0);
    CHECK(found.books.dropped(0) == 0);
    return found.down;
  };
  CHECK(run(Baseline(), Eigen::Vector2d(1, 0), Eigen::Vector2d(-1, 1)) == Eigen::Vector2d(0, 0));
  CHECK(run(Baseline(), Eigen::Vector2d(1, 4), Eigen::Vector2d(-1, 0)) == Eigen::Vector2d(0, 0.5));
  CHECK(run(Baseline(), Eigen::Vector2d(1, 0), Eigen::Vector2d(-1, 4)) == Eigen::Vector2d(0, 0.5));
  CHECK(run(BaselineFold(), Eigen::Vector2d(1, 0), Eigen::Vector2d(-1, 1)) == Eigen::Vector2d(0, 0));
}

TEST_CASE("Baseline, the fold: it depends on the order of more than two inputs") {
  const Eigen::Vector3d a(3, 1, 0), a_base(0, 2, 3);
  const Matrix forwards = multipliers(BaselineFold(), a, a_base);
  const Matrix backwards =
      multipliers(BaselineFold(), Matrix(a.reverse()), Matrix(a_base.reverse())).colwise().reverse();
  CHECK((forwards - backwards).cwiseAbs().maxCoeff() > 0.01);
}
