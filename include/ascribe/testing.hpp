/// The contract of rules, for a test of a rule of one's own. It needs no test framework.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/core/context.hpp>
#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/networks/passes.hpp>
#include <ascribe/rules/step_back.hpp>

namespace ascribe::testing {

namespace detail {

/// Multiples of 1/256 in [−2, 2), the same in every call.
inline Batch<double> numbers(Index rows, Index samples, std::uint32_t seed) {
  Batch<double> result(rows, samples);
  std::uint32_t state = seed * 2654435761U + 1;
  for (Index i = 0; i < result.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    result(i) = double(state >> 22) / 256 - 2;
  }
  return result;
}

struct Step {
  Batch<double> down, shares;
  Ledger<double> books;
};

/// One step of a layer in doubles. What the rule says that it does not read is NaN.
template <class Kind, class Rule>
Step step_of(const Kind& layer, const Rule& rule, Form form, const Batch<double>& a,
             const Batch<double>& a_base, const Batch<double>& up) {
  const double unset = std::numeric_limits<double>::quiet_NaN();
  Batch<double> b(up.rows(), up.cols()), b_base(up.rows(), up.cols());
  ascribe::detail::run(layer, view(a), b);
  ascribe::detail::run(layer, view(a_base), b_base);
  const Passage passage = passage_of(layer, rule, form);
  const auto seen = [&](const Batch<double>& values, bool reads) {
    return reads ? values : Batch<double>::Constant(values.rows(), values.cols(), unset).eval();
  };
  const Batch<double> from = passage.either && !passage.inputs ? b : seen(a, passage.inputs),
                      to = seen(b, passage.outputs), from_base = seen(a_base, passage.inputs),
                      to_base = seen(b_base, passage.outputs);
  Step result{
      Batch<double>::Constant(a.rows(), a.cols(), unset), Batch<double>::Zero(up.rows(), up.cols()), {}};
  result.books.reset(up.cols());
  Workspace<double> workspace;
  BaselineValues<double> a_values, b_values;
  if (form == Form::Delta) {
    a_values = {from_base.data(), from_base.rows()};
    b_values = {to_base.data(), to_base.rows()};
  }
  Context<double, Dynamic, Dynamic, Dynamic> context{
      view(from), view(to), a_values, b_values, form, result.books, workspace, result.shares.data()};
  step_back(layer, rule, context, view(up), out(result.down));
  const BaselineValues<double> a_real{a_base.data(), a_base.rows()}, b_real{b_base.data(), b_base.rows()};
  ascribe::detail::count_relevance<double>(up, b, b_real, form, result.books.enter);
  ascribe::detail::count_relevance<double>(result.down, a, a_real, form, result.books.leave);
  return result;
}

}  // namespace detail

/// What a rule breaks of its promises at a layer (any of ascribe's, over doubles, that knows its size or
/// takes `features`), in words; empty where it keeps all. It has to give the input finite numbers whatever is
/// in the values that it says it does not read; close its books, the biases' shares adding up to their line;
/// treat a batch as its samples one by one; and be linear in what it is handed, unless `linear` is false.
/// Inputs of both signs and of one are tried. Throws Error where the rule has no meaning in the form.
/// Example: `assert(testing::faults_of(MatMul(map::Dense<double>(w)), mine::Absolute(), Form::R).empty());`
template <class Layer, class Rule>
std::vector<std::string> faults_of(const Layer& layer, const Rule& rule, Form form, bool linear = true,
                                   Index features = 7) {
  const typename Layer::Kind& kind = layer;
  check_parameters(rule);
  if (!serves(kind, rule, form)) fail("the rule has no meaning in the form ", ascribe::detail::name_of(form));
  if constexpr (requires { kind.input_size(); }) features = kind.input_size();
  const Index outputs = kind.output_size_for(features), samples = 4;
  Batch<double> a = detail::numbers(features, samples, 1);
  const Batch<double> a_base = detail::numbers(features, samples, 2),
                      up = detail::numbers(outputs, samples, 3), other = detail::numbers(outputs, samples, 4);
  a.col(1) = a.col(1).cwiseAbs();
  a.col(2) = -a.col(2).cwiseAbs();

  std::vector<std::string> faults;
  const auto fault = [&](const std::string& what, Index sample) {
    faults.push_back(what + ", in the form " + ascribe::detail::name_of(form) + ", sample " +
                     std::to_string(sample));
  };
  const auto all = detail::step_of(kind, rule, form, a, a_base, up);
  const auto tolerance = [&](Index n) {
    return 1e-9 * (1 + all.books.largest_entry()(n) + all.down.col(n).cwiseAbs().sum());
  };
  // Written so that NaN is a fault.
  for (Index n = 0; n < samples; ++n) {
    if (!(all.down.col(n).array() - all.down.col(n).array() == 0).all()) {
      fault(
          "what goes down is not finite: not all is written, or a value is read that the rule says it does "
          "not read",
          n);
      continue;
    }
    if (!(std::abs(all.books.closing_error()(n)) <= tolerance(n)))
      fault("the books are open by " + std::to_string(all.books.closing_error()(n)), n);
    if (!(std::abs(all.shares.col(n).sum() - all.books.bias(n)) <= tolerance(n)))
      fault("the biases' shares do not add up to their line of the books", n);
    const auto one = detail::step_of(kind, rule, form, Batch<double>(a.col(n)), Batch<double>(a_base.col(n)),
                                     Batch<double>(up.col(n)));
    if (!((one.down.col(0) - all.down.col(n)).cwiseAbs().maxCoeff() <= tolerance(n)))
      fault("a sample by itself gets something else than in a batch", n);
  }
  if (!linear || !faults.empty()) return faults;
  const auto second = detail::step_of(kind, rule, form, a, a_base, other),
             mixed = detail::step_of(kind, rule, form, a, a_base, Batch<double>(-1.5 * up + other));
  for (Index n = 0; n < samples; ++n)
    if (!((mixed.down.col(n) + 1.5 * all.down.col(n) - second.down.col(n)).cwiseAbs().maxCoeff() <=
          4 * (tolerance(n) + 1e-9 * second.down.col(n).cwiseAbs().sum())))
      fault("it is not linear in what it is handed", n);
  return faults;
}

}  // namespace ascribe::testing
