/// A method as a list: which nodes get which rule.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/methods/method.hpp>
#include <ascribe/networks/node.hpp>
#include <ascribe/rules/any_rule.hpp>
#include <ascribe/rules/rewire.hpp>
#include <ascribe/rules/usual.hpp>

namespace ascribe {

/// Which nodes an entry of a Composite is for. Matchers are functions of a NodeInfo, joined by `all`.
using Matcher = std::function<bool(const NodeInfo&)>;

namespace match {

inline Matcher any() {
  return [](const NodeInfo&) { return true; };
}
inline Matcher kind(LayerKind wanted) {
  return [=](const NodeInfo& n) { return n.kind == wanted; };
}
/// A MatMul whose map plays that part: map::Role::convolution, say.
inline Matcher role(map::Role wanted) {
  return [=](const NodeInfo& n) { return n.kind == LayerKind::matmul && n.role == wanted; };
}
/// What the map, function or windows call themselves: "Convolution", "Relu", "Pool".
inline Matcher part(std::string wanted) {
  return [wanted = std::move(wanted)](const NodeInfo& n) { return n.part == wanted; };
}
/// The first layer with learned weights (dense or convolution) in graph order.
inline Matcher first_learned() {
  return [](const NodeInfo& n) { return n.is_learned() && n.learned_before == 0; };
}

/// Whether a name fits a pattern in which * stands for any characters and ? for one.
/// Example: `fits("block3/conv", "block?/*")`.
inline bool fits(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = std::string_view::npos, star_n = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_n = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // the last * takes one character more
      n = ++star_n;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}
/// Nodes whose name fits a pattern.
inline Matcher name(std::string pattern) {
  return [pattern = std::move(pattern)](const NodeInfo& n) { return fits(n.name, pattern); };
}
/// Nodes that come from an operator of that type: "Conv", "LayerNormalization".
inline Matcher op(std::string wanted) {
  return [wanted = std::move(wanted)](const NodeInfo& n) { return n.op == wanted; };
}
/// The nodes of one operator, by its name in the file or a pattern for it.
inline Matcher group(std::string pattern) {
  return [pattern = std::move(pattern)](const NodeInfo& n) { return fits(n.group, pattern); };
}
/// Nodes at the places first … last of the graph's order.
inline Matcher places(Index first, Index last) {
  return [=](const NodeInfo& n) { return n.index >= first && n.index <= last; };
}

/// All of several.
template <class... Matchers>
Matcher all(Matchers... matchers) {
  return [=](const NodeInfo& n) { return (matchers(n) && ...); };
}

}  // namespace match

/// A method for a Graph or a Sequential: entries of a matcher and a rule, of which the first that fits a node
/// counts. The nodes of a Sequential are its layers, with the names "layer 0" and so on.
///
///     Composite<float> mine(Form::R);
///     mine.add(match::name("stem/*"), rule::Flat())
///         .add(match::role(map::Role::convolution), rule::Gamma{0.1})
///         .add(match::any(), method::Lrp());
///
/// A whole method of `ascribe::method` may be an entry, and converts into a Composite by itself. Wiring
/// (concatenation, padding, permutations) is not asked about: relevance goes back the way that the values
/// came. A product of two activations and a softmax have rules of their own (rules/product.hpp, softmax.hpp):
/// without an entry that applies to them, rule::Usual.
template <class Scalar>
class Composite {
 public:
  /// The nodes that it gives rules to.
  using Node = ascribe::Node<Scalar>;

  Form form;
  /// Whether the result is multiplied by the input at the end (by the difference from the baseline in
  /// Delta).
  bool times_input;

  /// A composite without entries.
  explicit Composite(Form f, bool times = false) : form(f), times_input(times) {}

  /// A whole method: what it gives each kind of layer, as the last entry.
  template <class Method>
  requires requires(const Method& m) {
    { m.form } -> std::convertible_to<Form>;
    { m.times_input } -> std::convertible_to<bool>;
  } &&(!std::same_as<Method, Composite>)Composite(const Method& method)
      : form(method.form), times_input(method.times_input) {
    add(match::any(), method);
  }

  /// Adds an entry behind the others: a rule, or a method that is asked for its rule. Not inline, for it
  /// takes the rule's code for every kind of layer with it: a program that names a rule in many files may
  /// instantiate it in one (extern template).
  template <class RuleOrMethod>
  Composite& add(Matcher matcher, RuleOrMethod what);

  /// The rule of the first entry that fits. Throws Error where there is none.
  rule::AnyRule<Scalar> rule_for(const Node& node, const NodeInfo& info) const;

 private:
  struct Entry {
    Matcher matcher;
    std::function<std::optional<rule::AnyRule<Scalar>>(const Node&, const NodeInfo&)> rule;
  };

  static bool has_usual_rule(const Node& node) {
    return std::visit(
        []<class Kind>(const Kind&) { return rule::has_usual<Kind>; }, *node.layer);
  }

  template <class Method>
  static std::optional<rule::AnyRule<Scalar>> rule_of(const Method& method, const Node& node,
                                                      const NodeInfo& info) {
    if constexpr (std::is_same_v<Method, method::ByLayer>) {
      if (!node.own_rule && !has_usual_rule(node))
        fail("method::ByLayer asks every layer for its rule, and this one has none");
      return node.own_rule;
    } else if constexpr (std::is_same_v<Method, Composite>) {
      return method.rule_for(node, info);
    } else {
      return std::visit(
          [&](const auto& layer) -> std::optional<rule::AnyRule<Scalar>> {
            if constexpr (requires { method.rule_for(layer); })
              return rule::AnyRule<Scalar>(method.rule_for(layer));
            else
              return std::nullopt;
          },
          *node.layer);
    }
  }

  std::vector<Entry> entries_;
};

/// Adds an entry: nodes that fit get this rule, or what this method gives them. The first entry that fits
/// counts.
template <class Scalar>
template <class RuleOrMethod>
Composite<Scalar>& Composite<Scalar>::add(Matcher matcher, RuleOrMethod what) {
  if constexpr (requires { what.times_input; }) {
    entries_.push_back({std::move(matcher), [what = std::move(what)](const Node& node, const NodeInfo& info) {
                          return rule_of(what, node, info);
                        }});
  } else {
    const rule::AnyRule<Scalar> rule(std::move(what));
    entries_.push_back({std::move(matcher),
                        [rule](const Node& node, const NodeInfo&) -> std::optional<rule::AnyRule<Scalar>> {
                          const bool applies = std::visit(
                              [&](const auto& layer) { return rule.applies_to(layer); }, *node.layer);
                          // The usual one serves a product that a rule for other kinds was not meant for.
                          if (!applies && has_usual_rule(node))
                            return std::nullopt;
                          return rule;
                        }});
  }
  return *this;
}

template <class Scalar>
rule::AnyRule<Scalar> Composite<Scalar>::rule_for(const Node& node, const NodeInfo& info) const {
  for (const Entry& entry : entries_)
    if (entry.matcher(info))
      if (auto found = entry.rule(node, info)) return *found;
  if (has_usual_rule(node)) return rule::Usual();
  fail("no entry of the composite fits this node");
}

namespace detail {

/// The rule that a composite gives a node; wiring has its own. Throws Error, naming the node, where it has
/// none, or one without a meaning for the kind of layer or in the composite's form, or with a parameter out of
/// range.
template <class Scalar>
rule::AnyRule<Scalar> checked_rule(const Composite<Scalar>& method, const Node<Scalar>& node,
                                   const NodeInfo& info) {
  const auto where = [&] { return text_of("explain: node '", info.name, "' (", node.describe(), "): "); };
  return naming(where, [&] {
    const bool wiring = info.role == map::Role::wiring && info.kind == LayerKind::matmul;
    const auto rule = wiring ? rule::AnyRule<Scalar>(rule::Rewire()) : method.rule_for(node, info);
    std::visit(
        [&](const auto& layer) {
          if (!rule.applies_to(layer))
            fail("the rule ", rule.describe(), " has no meaning for this kind of layer");
          if (!rule.serves(layer, method.form))
            fail("the rule ", rule.describe(), " has no meaning in the form ", name_of(method.form));
        },
        *node.layer);
    rule.check();
    return rule;
  });
}

}  // namespace detail
}  // namespace ascribe
