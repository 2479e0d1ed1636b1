#include <ascribe/rules/softmax_step.hpp>

#include <algorithm>
#include <cmath>
#include <random>

#include <ascribe/rules/softmax.hpp>
#include <ascribe/rules/step_back.hpp>

#include "tests/rules/step_case.hpp"
#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using rule::RowShares;

constexpr auto all_rules = {RowShares::gradient, RowShares::expansion, RowShares::baseline,
                            RowShares::constant, RowShares::usual};

/// One step back through a softmax.
struct Step : StepCase {
  Step(const kind::Softmax& layer, RowShares rule, Form form, Batch<double> logits, Batch<double> baseline)
      : StepCase(layer, rule, rule.reads(form), form, std::move(logits), std::move(baseline)) {}
};

Batch<double> logits(const kind::Softmax& layer, Index samples, unsigned seed, double scale = 2) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> number(0, scale);
  Batch<double> a(layer.input_size(), samples);
  for (double& v : a.reshaped()) v = number(generator);
  return a;
}

TEST_CASE("the books of a softmax close under every rule and form", "[rules]") {
  for (const bool logarithm : {false, true})
    for (const Index length : {1, 5, 64, 70})
      for (const Index inner : {1, 3})
        for (const auto of : all_rules)
          for (const Form form : {Form::R, Form::Q, Form::Delta}) {
            const kind::Softmax layer(2, length, inner, logarithm);
            const RowShares rule{of};
            if (!rule.serves(form)) continue;
            INFO(layer.name() << " of " << length << " x " << inner << ", rule " << int(of) << ", form "
                              << int(form));
            for (const Index baselines : {1, 2})
              CHECK(Step(layer, rule, form, logits(layer, 2, 1), logits(layer, baselines, 2)).open(form) <=
                    1e-11);
          }
}

TEST_CASE("the gradient of a softmax against differences", "[rules]") {
  for (const bool logarithm : {false, true}) {
    const kind::Softmax layer(2, 3, 2, logarithm);
    const Batch<double> a = logits(layer, 1, 1);
    const Step step(layer, {RowShares::gradient}, Form::Q, a, a);
    for (Index i = 0; i < layer.input_size(); ++i) {
      const double h = 1e-5;
      double values[2];
      for (const int side : {0, 1}) {
        Batch<double> moved = a, b(layer.output_size(), 1);
        moved(i) += side ? h : -h;
        auto to = out(b);
        forward(layer, view(moved), to);
        values[side] = b.col(0).dot(step.up.col(0));
      }
      CHECK(step.down(i) == Approx((values[1] - values[0]) / (2 * h)).margin(1e-9));
    }
  }
}

TEST_CASE("where one probability is nearly 1, what goes down is good to its own rounding", "[rules]") {
  // Of log p: u·(1 − p), which is u times the others' probabilities, and −u times each of those.
  const kind::Softmax layer(1, 3, 1, true);
  Batch<double> a(3, 1), base(3, 1);
  a << 4, 40, 6;
  base << 4.5, 39, 5;
  const double others = std::exp(-36.0) + std::exp(-34.0), all = 1 + others;
  Step step(layer, {RowShares::expansion}, Form::Q, a, base);
  step.up << 0, 2, 0;
  Workspace<double> workspace;
  step.books.reset(1);
  Context<double, Dynamic, Dynamic, Dynamic> c{view(step.a), view(step.b), {},       {},
                                               Form::Q,      step.books,   workspace};
  rule::take_step(layer, RowShares{RowShares::expansion}, c, view(step.up), out(step.down));
  CHECK(step.down(1) == Approx(2 * others / all).epsilon(1e-13));
  CHECK(step.down(0) == Approx(-2 * std::exp(-36.0) / all).epsilon(1e-13));
  // The books are as small as the output, and close to its rounding.
  const double enters = 2 * step.b(1), leaves = step.a.col(0).dot(step.down.col(0));
  CHECK(std::abs(enters) < 1e-14);
  CHECK(std::abs(enters - leaves - step.books.dropped(0)) <= 1e-14 * std::abs(leaves));
}

TEST_CASE("AttnLRP's rule of a softmax in R, and what it drops", "[rules]") {
  // Achtibat et al. 2402.05602, proposition 3.1: a_i·(R_i − b_i·Σ R).
  const kind::Softmax layer(1, 2);
  Batch<double> a = logits(layer, 1, 5);
  a(0) = std::log(3.0);
  a(1) = 0;
  const Step step(layer, {RowShares::expansion}, Form::R, a, a);
  const double r0 = step.up(0), r1 = step.up(1);
  CHECK(step.down(0) == Approx(std::log(3.0) * (r0 - 0.75 * (r0 + r1))));
  CHECK(step.down(1) == 0);
  CHECK(step.books.dropped(0) == Approx(r0 + r1 - step.down(0)));
}

TEST_CASE("R by expansion is a times Q", "[rules]") {
  for (const bool logarithm : {false, true}) {
    const kind::Softmax layer(1, 6, 1, logarithm);
    const Batch<double> a = logits(layer, 1, 4);
    const Step q(layer, {RowShares::expansion}, Form::Q, a, a);
    Step r(layer, {RowShares::expansion}, Form::R, a, a);
    r.up = q.up.cwiseProduct(q.b);
    Workspace<double> workspace;
    Context<double, Dynamic, Dynamic, Dynamic> c{view(r.a), view(r.b), {}, {}, Form::R, r.books, workspace};
    rule::take_step(layer, RowShares{RowShares::expansion}, c, view(r.up), out(r.down));
    CHECK((r.down - q.down.cwiseProduct(a)).cwiseAbs().maxCoeff() <= 1e-13);
  }
}

TEST_CASE("against a baseline a softmax is complete: near, far, masked and exchanged", "[rules]") {
  const kind::Softmax layer(1, 5);
  const auto complete = [&](const Batch<double>& a, const Batch<double>& base) {
    const Step step(layer, {RowShares::baseline}, Form::Delta, a, base);
    REQUIRE(step.down.allFinite());
    CHECK(step.books.dropped(0) == 0);
    const double moved = (step.a - step.a_base).cwiseProduct(step.down).cwiseAbs().sum();
    CHECK(step.open(Form::Delta) <= 1e-14 * (1 + moved));
    const Step back(layer, {RowShares::baseline}, Form::Delta, base, a);
    CHECK((back.down - step.down).cwiseAbs().maxCoeff() <= 1e-13);
    return step;
  };
  const Batch<double> a = logits(layer, 1, 1), base = logits(layer, 1, 2);
  complete(a, base);
  complete(a, (a.array() + 3).matrix());  // nothing changes
  complete(1e4 * a, base);
  complete(1e4 * a, 1e4 * base);
  complete(a + 1e-9 * base, a);
  complete((a.array() + 1e4).matrix(), (base.array() + 1e4).matrix());
  const Step at(layer, {RowShares::gradient}, Form::Q, a, a);
  CHECK((complete(a, a).down - at.down).cwiseAbs().maxCoeff() <= 1e-14);

  Batch<double> masked = a, masked_base = base;
  masked(2) = masked_base(2) = kind::Softmax::masked;
  CHECK(complete(masked, masked_base).down(2) == 0);
  for (const auto of : {RowShares::gradient, RowShares::expansion})
    for (const Form form : {Form::R, Form::Q}) {
      Step step(layer, {of}, form, masked, masked);
      if (form == Form::R) {  // what was handed to a masked output is nothing
        step.up(2) = 0;
        Workspace<double> workspace;
        step.books.reset(1);
        Context<double, Dynamic, Dynamic, Dynamic> c{view(step.a), view(step.b), {},       {},
                                                     form,         step.books,   workspace};
        rule::take_step(layer, RowShares{of}, c, view(step.up), out(step.down));
      }
      CHECK(step.down(2) == 0);
      CHECK(step.open(form) <= 1e-12);
    }
}

TEST_CASE("a softmax's rules serve the forms in which they have a meaning", "[rules]") {
  CHECK(rule::Expansion().softmax().serves(Form::R));
  CHECK(rule::Expansion().softmax().serves(Form::Q));
  CHECK_FALSE(rule::Expansion().softmax().serves(Form::Delta));
  CHECK_FALSE(RowShares{RowShares::baseline}.serves(Form::Q));
  for (const Form form : {Form::R, Form::Q, Form::Delta}) {
    CHECK(rule::Constant().softmax().serves(form));
    CHECK(RowShares{RowShares::usual}.serves(form));
    CHECK(RowShares{RowShares::usual}.in(form).serves(form));
  }
}

}  // namespace
