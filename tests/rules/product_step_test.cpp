#include <ascribe/rules/product_step.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <ascribe/rules/step_back.hpp>

#include "tests/rules/step_case.hpp"
#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using rule::FactorShares;

TEST_CASE("shares of factors serve all forms, and read the factors where their values count", "[rules]") {
  const kind::Product elementwise(4), matrices(Contraction::matrices(1, 2, 3, 4));
  for (const auto of : {FactorShares::gradient, FactorShares::signal, FactorShares::even}) {
    const FactorShares rule{of};
    for (const Form form : {Form::R, Form::Q, Form::Delta}) {
      const bool gradient = of == FactorShares::gradient;
      CHECK(rule.serves(form));
      CHECK(rule.reads(elementwise, form).inputs == (gradient || form != Form::R));
      CHECK_FALSE(rule.reads(elementwise, form).outputs);
      CHECK(rule.reads(matrices, form).inputs);
      CHECK(rule.reads(matrices, form).outputs ==
            ((gradient && form == Form::Q) || (!gradient && form == Form::R)));
    }
  }
}

TEST_CASE("the usual split of a product", "[rules]") {
  const kind::Product elementwise(4), matrices(Contraction::matrices(1, 2, 3, 4));
  const FactorShares usual{FactorShares::usual};
  CHECK(usual.in(elementwise, Form::R).of == FactorShares::signal);
  CHECK(usual.in(elementwise, Form::Q).of == FactorShares::signal);
  CHECK(usual.in(elementwise, Form::Delta).of == FactorShares::even);
  for (const Form form : {Form::R, Form::Q, Form::Delta})
    CHECK(usual.in(matrices, form).of == FactorShares::even);
}

/// One step back through a product, of a batch of random values.
struct Step : StepCase {
  Step(const kind::Product& layer, const FactorShares& rule, Form form, Index samples, Index baselines)
      : StepCase(layer, rule, rule.in(layer, form).reads(layer, form), form,
                 random_batch(layer.input_size(), samples, 1),
                 random_batch(layer.input_size(), baselines, 2)) {}
};

/// Two heads of attention's scores, q kᵀ with features token by token, and its values.
kind::Product scores(Index tokens) {
  return kind::Product(
      Contraction({{2, 5, 5, tokens * tokens}, {tokens, 10, 0, tokens}, {tokens, 0, 10, 1}, {5, 1, 1, 0}}));
}

TEST_CASE("a product of matrices closes its books in every form", "[rules]") {
  const std::vector<kind::Product> layers{
      kind::Product(Contraction::matrices(3, 4, 5, 6)), scores(7),
      kind::Product(Contraction::matrices(1, 1, 9, 1), 0),
      // A factor for each channel, the sums of a row, an outer product: axes that one of the three lacks.
      kind::Product(Contraction({{6, 4, 0, 4}, {4, 1, 1, 1}})),
      kind::Product(Contraction({{6, 4, 4, 0}, {4, 1, 1, 1}})),
      kind::Product(Contraction({{6, 1, 0, 4}, {4, 0, 1, 1}}))};
  for (const kind::Product& layer : layers)
    for (const auto of :
         {FactorShares::gradient, FactorShares::signal, FactorShares::even, FactorShares::usual})
      for (const Form form : {Form::R, Form::Q, Form::Delta})
        for (const double epsilon : {0.0, 0.25})
          for (const Index baselines : {1, 3}) {
            INFO(layer.name() << " of " << layer.output_size() << ", rule " << int(of) << ", form "
                              << int(form) << ", epsilon " << epsilon);
            CHECK(Step(layer, {of, epsilon}, form, 3, baselines).open(form) <= 1e-12);
          }
}

TEST_CASE("an even split of matrices is complete against a baseline, and drops nothing", "[rules]") {
  const Step step(scores(7), {FactorShares::even}, Form::Delta, 2, 2);
  CHECK(step.books.dropped.isZero(0));
  CHECK(step.books.stabiliser.isZero(0));
}

TEST_CASE("products feature by feature are the same by loops of their own and as any contraction",
          "[rules]") {
  // Two axes whose strides differ between the factors are no single run, though every output is one product.
  const kind::Product by_loops(12), any(Contraction({{3, 4, 1, 4}, {4, 1, 3, 1}}));
  REQUIRE_FALSE(any.map().is_elementwise());
  for (const auto of : {FactorShares::gradient, FactorShares::signal, FactorShares::even})
    for (const Form form : {Form::R, Form::Q, Form::Delta}) {
      Step expected(by_loops, {of}, form, 2, 1), found(any, {of}, form, 2, 1);
      // The second factor of `any` lies transposed: its step is run on the transposed values.
      const auto moved = [](Batch<double> m) {
        Batch<double> to = m;
        for (Index i = 0; i < 3; ++i)
          for (Index k = 0; k < 4; ++k) to.row(12 + k * 3 + i) = m.row(12 + i * 4 + k);
        return to;
      };
      Workspace<double> workspace;
      Ledger<double> books;
      books.reset(2);
      const Batch<double> a = moved(expected.a), base = moved(expected.a_base);
      Batch<double> down(24, 2);
      Context<double, Dynamic, Dynamic, Dynamic> c{
          view(a), view(expected.b), {base.data(), 0}, {expected.b_base.data(), 0}, form, books, workspace};
      rule::take_step(any, FactorShares{of}, c, view(expected.up), out(down));
      CHECK((down - moved(expected.down)).cwiseAbs().maxCoeff() <= 1e-15);
      CHECK((books.dropped - expected.books.dropped).abs().maxCoeff() <= 1e-14);
    }
}

TEST_CASE("R through a product of matrices, by hand", "[rules]") {
  // (1, 2)·(3, 4)ᵀ = 11, of which ε makes 11.5: R = 23 is 2 for each unit, 3 and 8 of them.
  const kind::Product layer(Contraction::matrices(1, 1, 2, 1));
  Batch<double> a(4, 1), b(1, 1), up(1, 1), down(4, 1);
  a << 1, 2, 3, 4;
  b << 11;
  up << 23;
  Ledger<double> books;
  Workspace<double> workspace;
  const auto step = [&](FactorShares rule) {
    books.reset(1);
    Context<double, Dynamic, Dynamic, Dynamic> c{view(a), view(b), {}, {}, Form::R, books, workspace};
    rule::take_step(layer, rule, c, view(up), out(down));
    return Eigen::Vector4d(down.col(0));
  };
  CHECK(step({FactorShares::signal, 0.5}) == Eigen::Vector4d(6, 16, 0, 0));
  CHECK(books.stabiliser(0) == 1);
  CHECK(step({FactorShares::even, 0.5}) == Eigen::Vector4d(3, 8, 3, 8));
  b << 0;
  step({FactorShares::even, 0});
  CHECK(down.isZero(0));
  CHECK(books.dropped(0) == 23);
}

}  // namespace
