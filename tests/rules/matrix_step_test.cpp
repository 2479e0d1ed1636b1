#include <ascribe/rules/matrix_step.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <random>
#include <vector>

#include <ascribe/rules/step_back.hpp>

#include "tests/rules/matmul_cases.hpp"
#include "tests/support/random.hpp"

using namespace rule_contract;
using namespace ascribe::rule;

namespace {

/// A table by itself is a rule.
struct Table {
  Shares shares;
  Shares matrix() const { return shares; }
};

double part_of(const Parts& p, double a, double low, double high) {
  return p.positive * std::max(a, 0.0) + p.negative * std::min(a, 0.0) + p.one + p.low * low + p.high * high;
}
/// What input a of weight w contributes to an output, as the terms say.
double term_of(const Terms& t, double a, double w, double stored, double low, double high) {
  return part_of(t.positive, a, low, high) * std::max(w, 0.0) +
         part_of(t.negative, a, low, high) * std::min(w, 0.0) + part_of(t.square, a, low, high) * w * w +
         part_of(t.one, a, low, high) * stored;
}

/// A table's line in docs/rules.md, in R, by plain loops over inputs and outputs.
Expected formula(const Explicit& l, const Shares& rule, const Vector& a, const Vector& up) {
  Expected expected(a.size(), up.size());
  const Vector biases = l.biases();
  const auto bound = [](std::span<const double> of, Index i) {
    return of.empty() ? 0.0 : of[std::size_t(i) % of.size()];
  };
  for (Index j = 0; j < up.size(); ++j) {
    double output = biases(j);
    for (Index i = 0; i < a.size(); ++i) output += l.w(j, i) * a(i);
    double given = 0;
    for (const Share& share : rule.list) {
      const bool on = share.gate == Gate::all || (share.gate == Gate::above ? output > 0 : output < 0);
      if (!on) continue;
      given += share.factor;
      const auto contribution = [&](Index i) {
        return term_of(share.terms, a(i), l.w(j, i), l.stored(j, i), bound(rule.low, i), bound(rule.high, i));
      };
      const double of_bias =
          share.with_bias && l.bias.size() > 0 ? term_of(share.terms, 1, biases(j), 1, 1, 1) : 0;
      double z = of_bias;
      std::vector<double> contributions;
      for (Index i = 0; i < a.size(); ++i) z += contributions.emplace_back(contribution(i));
      const double s = stabilised(z, rule.epsilon), r = share.factor * up(j);
      if (s == 0) {
        expected.dropped += r;
        continue;
      }
      for (Index i = 0; i < a.size(); ++i) expected.down(i) += contributions[std::size_t(i)] * r / s;
      expected.shares(j) += of_bias * r / s;
      expected.stabiliser += (s - z) * r / s;
    }
    expected.dropped += (1 - given) * up(j);
  }
  return expected;
}

void check_table(const Shares& shares) {
  check_every_layer(
      [&](const auto&) { return Table{shares}; },
      [&](const Explicit& l, const Vector& a, const Vector& up) { return formula(l, shares, a, up); });
}

}  // namespace

TEST_CASE("Quotients by hand, and what the stabiliser takes") {
  const std::array<double, 3> r{2, 6, 4}, z{1, -3, 0};
  std::array<double, 3> to{};
  CHECK(detail::quotients<double>(3, r.data(), z.data(), 1, to.data()) == 1 + 1.5 + 4);  // s = 2, −4, 1
  CHECK(to == std::array<double, 3>{1, -1.5, 4});
  // At ε = 0 an output of 0 passes nothing on; in float, also at an ε that float does not know.
  CHECK(detail::quotients<double>(3, r.data(), z.data(), 0, to.data()) == 4);
  CHECK(to == std::array<double, 3>{2, -2, 0});
  const std::array<float, 2> six{6, 6}, of{0, 2};
  std::array<float, 2> share{};
  CHECK(detail::quotients<float>(2, six.data(), of.data(), 1e-60, share.data()) == 6);
  CHECK(share == std::array<float, 2>{0, 3});
}

TEST_CASE("A sum of an output and z+ cancels where three bits are lost, and something is carried") {
  CHECK(detail::cancels(1.0, 1.0, 1.0, -1.0, 1.0) == 1);     // 1 − 1
  CHECK(detail::cancels(0.0, 1.0, 1.0, -1.0, 1.0) == 0);     // carries nothing
  CHECK(detail::cancels(1.0, 1.0, 8.0, -1.0, 9.0) == 1);     // −1 of 9
  CHECK(detail::cancels(1.0, 1.0, 7.0, -1.0, 8.0) == 0);     // −1 of 8
  CHECK(detail::cancels(1.0, 2.0, -4.0, -1.0, 0.125) == 0);  // one sign
}

TEST_CASE("A table of one share of everything there is: the formulas over every structure of map") {
  using W = ascribe::Weights;
  const Terms mixed = 0.5 * term(Part::positive, W::positive) - 2 * term(Part::negative, W::positive) +
                      1.5 * term(Part::positive, W::negative) + 3 * term(Part::negative, W::negative);
  for (const double epsilon : {1e-6, 0.25}) {
    check_table({mixed, epsilon});
    check_table({mixed + term(Part::one, W::square) + 0.25 * term(Part::one, W::one), epsilon});
    check_table({contributions() + term(Part::a, W::square), epsilon});
    check_table({{{.terms = plus() - minus(), .with_bias = false}}, epsilon});
  }
}

TEST_CASE("Tables of up to four shares, gates, factors that do not add up to 1: the formulas") {
  check_table({{.terms = plus(), .factor = 0.5},
               {.terms = minus(), .factor = 0.25, .gate = Gate::below},
               {.terms = contributions() + 3 * plus(), .factor = 2, .gate = Gate::above},
               {.terms = term(Part::one, ascribe::Weights::square), .factor = -1}});
  // The last share is made of what is computed anew where z− cancels, and z+ is read by the first.
  check_table({{.terms = minus(), .factor = -1}, {.terms = plus(), .factor = 2}});
  check_table({{.terms = minus(), .factor = 1}});
  check_table({{{.terms = contributions() - 0.5 * plus(), .gate = Gate::above}}, 0.25});
}

TEST_CASE("Behind a gate z- = z - z+ cancels as well, and is computed anew") {
  // The second input alone contributes below 0, so that all of R is its own. In float z - z+ is off by a
  // fortieth.
  Matrix w(1, 2);
  w << 1000, -0.001;
  const ascribe::MatMul layer(ascribe::map::Dense<float>(w.cast<float>().eval()));
  const Batch<float> a = Batch<float>::Ones(2, 1), up = Batch<float>::Constant(1, 1, 8);
  const Table below_zero{Shares({{.terms = minus(), .gate = Gate::above}}, 1e-12)};
  const auto found = step(layer, below_zero, Form::R, a, a, up);
  CHECK(found.down(0) == 0);
  CHECK(found.down(1) == Approx(8).epsilon(1e-5));
}

TEST_CASE("Bounds of a table: one for all, and one a channel; a size that does not fit is an Error") {
  const std::array<double, 1> low{-2.5};
  const std::array<double, 2> high{3, 4};
  Shares box = contributions() - term(Part::low, ascribe::Weights::positive) -
               term(Part::high, ascribe::Weights::negative);
  box.low = low;
  box.high = high;
  const Explicit layer = dense(numbers(4, 6, 3), numbers(4, 1, 4));
  const Samples given = samples_of_every_sign(6, 4, 71);
  check([&]<class S>() { return layer_of<S>(layer); }, Table{box}, {Form::R}, given,
        [&](Form, const Vector& a, const Vector&, const Vector& up) { return formula(layer, box, a, up); });
  const Explicit odd = dense(numbers(4, 5, 3));
  CHECK_THROWS_WITH(
      step(layer_of<double>(odd), Table{box}, Form::R, numbers(5, 1, 1), numbers(5, 1, 1), numbers(4, 1, 2)),
      Contains("high: expected a size that divides the layer's 5 inputs, found 2"));
}

TEST_CASE("Random tables, of every sign and form: the formulas, the books, and the products that they say") {
  std::mt19937 generator(7);
  const auto number = [&] { return double(int(generator() % 9)) / 2 - 2; };
  const Explicit layer = dense(numbers(7, 9, 31), numbers(7, 1, 32));
  for (int round = 0; round < 60; ++round) {
    INFO("round " << round);
    Shares shares({}, round % 3 ? 1e-3 : 0.25);
    for (unsigned k = 0; k <= generator() % 4; ++k) {
      Share share;
      const double x = number(), y = number();
      switch (generator() % 3) {
        case 0:
          share.terms = x * contributions() + y * plus();
          break;
        case 1:
          share.terms = x * term(Part::a, ascribe::Weights::positive) + y * minus();
          break;
        default:
          share.terms =
              x * term(Part::positive, ascribe::Weights::as_is) + y * term(Part::a, ascribe::Weights::as_is);
      }
      share.factor = 1 + number() / 4;
      share.gate = std::array{Gate::all, Gate::above, Gate::below}[generator() % 3];
      share.with_bias = generator() % 4 != 0;
      shares.list.push_back(share);
    }
    const Samples all = samples_of_every_sign(9, 7, 100 + unsigned(round));
    for (const auto& [first, count] : {std::pair<Index, Index>{0, 6}, {2, 2}, {4, 2}}) {
      const Samples given{all.a.middleCols(first, count), all.a_base.middleCols(first, count),
                          all.up.middleCols(first, count), all.up2.middleCols(first, count)};
      // Denominators of any sign come as near to 0 as ε: what is asked of doubles is what is left of them.
      for (const Form form : {Form::R, Form::Q, Form::Delta}) {
        const auto found = step(layer_of<double>(layer), Table{shares}, form, Matrix(given.a),
                                Matrix(given.a_base), Matrix(given.up));
        for (Index n = 0; n < count; ++n) {
          const Expected expected = in_form(form, layer, given.a.col(n), given.a_base.col(n), given.up.col(n),
                                            [&](const Explicit& l, const Vector& a, const Vector& up) {
                                              return formula(l, shares, a, up);
                                            });
          const double size = 1 + found.down.col(n).cwiseAbs().maxCoeff() + std::abs(expected.stabiliser);
          for (Index i = 0; i < 9; ++i)
            if (!std::isnan(expected.down(i)))
              near("what goes down", found.down(i, n), expected.down(i), 1e-9 * size, n);
          near("the stabiliser", found.books.stabiliser(n), expected.stabiliser, 1e-9 * size, n);
          near("what is dropped", found.books.dropped(n), expected.dropped, 1e-9 * size, n);
          near("the biases", found.books.bias(n), expected.shares.sum(), 1e-9 * size, n);
          near("the books", found.books.closing_error()(n), 0, 1e-11 * size, n);
        }
      }
    }
  }
}
