#include <ascribe/methods/method.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

#include <ascribe/functions/relu.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/normalized.hpp>
#include <ascribe/rules/radial.hpp>
#include <ascribe/windows/groups.hpp>

namespace {

using namespace ascribe;

template <class Method, class Layer>
using RuleOf = std::remove_cvref_t<decltype(rule_for(std::declval<const Method&>(),
                                                     std::declval<const Layer&>(), Position<0, 3>()))>;

struct FirstIsDifferent : method::Table<rule::Normalized, rule::Ignore, rule::Radial> {
  using Table::rule_for;
  template <class M>
  rule::Unset rule_for(const kind::MatMul<M>&, Position<0, 3>) const {
    return {};
  }
};

TEST_CASE("A method is a rule for each kind, or for each position", "[methods]") {
  using Linear = MatMul<map::Dense<double>>;
  using Function = Elementwise<fn::Relu>;
  using Maximum = Max<window::Groups<4, 2>>;
  using Rules = method::Rules<rule::Normalized, rule::Ignore, rule::Radial>;
  STATIC_REQUIRE(std::is_same_v<RuleOf<Rules, Linear>, rule::Normalized>);
  STATIC_REQUIRE(std::is_same_v<RuleOf<Rules, Function>, rule::Ignore>);
  STATIC_REQUIRE(std::is_same_v<RuleOf<Rules, Maximum>, rule::Radial>);
  STATIC_REQUIRE(std::is_same_v<RuleOf<FirstIsDifferent, Linear>, rule::Unset>);
  STATIC_REQUIRE(std::is_same_v<RuleOf<FirstIsDifferent, Function>, rule::Ignore>);

  const method::Rules rules{Form::Q, true, rule::Normalized{0.25}, rule::Ignore{true}};
  CHECK(rules.form == Form::Q);
  CHECK(rules.times_input);
  CHECK(rules.matmul.epsilon == 0.25);
  CHECK(rules.elementwise.biased);
  STATIC_REQUIRE(std::is_same_v<std::remove_cvref_t<decltype(rules.max)>, rule::Unset>);
}

TEST_CASE("ByLayer hands out the layer's own rule, uncopied", "[methods]") {
  const MatMul layer(map::Dense<double>(Eigen::MatrixXd::Ones(2, 2)), rule::Normalized{0.125});
  CHECK(&method::ByLayer().rule_for(layer) == &layer.rule);
}

}  // namespace
