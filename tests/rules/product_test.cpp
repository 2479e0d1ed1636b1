#include <ascribe/rules/product.hpp>

#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/step_back.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

/// One step back through b = a₁ a₂ of one sample with two features: (3, 4)·(5, −2) from (1, 2)·(1, 1).
template <class Rule>
struct Step {
  Batch<double> a{4, 1}, b{2, 1}, a_base{4, 1}, b_base{2, 1}, up{2, 1}, down{4, 1};
  Ledger<double> books;
  Workspace<double> workspace;

  Step(const Rule& rule, Form form, Index gate = 1) {
    a << 3, 4, 5, -2;
    b << 15, -8;
    a_base << 1, 2, 1, 1;
    b_base << 1, 2;
    up << 10, 100;
    books.reset(1);
    Context<double, Dynamic, Dynamic, Dynamic> c{view(a), view(b), {a_base.data(), 0}, {b_base.data(), 0},
                                                 form,    books,   workspace};
    step_back(kind::Product(2, gate), rule, c, view(up), out(down));
  }
  Eigen::Vector4d to() const { return down.col(0); }
  double dropped() const { return books.dropped(0); }
};

TEST_CASE("the gradient of a product, and what it hands out twice", "[rules]") {
  const Step q(rule::Gradient(), Form::Q);
  CHECK(q.to() == Eigen::Vector4d(50, -200, 30, 400));
  CHECK(q.dropped() == -(15 * 10 - 8 * 100));
  CHECK(q.a.col(0).dot(q.down.col(0)) + q.dropped() == q.b.col(0).dot(q.up.col(0)));
  const Step r(rule::Gradient(), Form::R);
  CHECK(r.to() == q.to());
  CHECK(r.to().sum() + r.dropped() == 110);
  const Step m(rule::Gradient(), Form::Delta);
  CHECK(m.to() == q.to());
  // Δb·m = 14·10 − 10·100; Δa·m = (2·50 − 2·200) + (4·30 − 3·400).
  CHECK(m.dropped() == (140 - 1000) - (100 - 400 + 120 - 1200));
}

TEST_CASE("a gate is a constant", "[rules]") {
  CHECK(Step(rule::GateConstant(), Form::R).to() == Eigen::Vector4d(10, 100, 0, 0));
  CHECK(Step(rule::GateConstant(), Form::Q).to() == Eigen::Vector4d(50, -200, 0, 0));
  CHECK(Step(rule::GateConstant(), Form::Q, 0).to() == Eigen::Vector4d(0, 0, 30, 400));
  CHECK(Step(rule::GateConstant(), Form::Q).dropped() == 0);
  const Step m(rule::GateConstant(), Form::Delta);
  CHECK(m.to() == Eigen::Vector4d(50, -200, 0, 0));
  CHECK(m.dropped() == (140 - 1000) - (100 - 400));
}

TEST_CASE("an even split, exact against a baseline", "[rules]") {
  CHECK(Step(rule::EvenSplit(), Form::R).to() == Eigen::Vector4d(5, 50, 5, 50));
  CHECK(Step(rule::EvenSplit(), Form::Q).to() == Eigen::Vector4d(25, -100, 15, 200));
  const Step m(rule::EvenSplit(), Form::Delta);
  CHECK(m.to() == Eigen::Vector4d(30, -50, 20, 300));
  // Δa·m is Δb·m, by hand: 2·30 − 2·50 + 4·20 − 3·300 = 140 − 1000.
  CHECK((m.a - m.a_base).col(0).dot(m.down.col(0)) == 140 - 1000);
  CHECK(m.dropped() == 0);
}

}  // namespace
