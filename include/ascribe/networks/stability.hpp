/// How near its kinks an explanation stands: how much of it rounding could change.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/ledger.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/methods/composite.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/networks/graph_passes.hpp>
#include <ascribe/networks/sequential.hpp>

namespace ascribe::check {

/// What part of an explanation hangs on the side of a kink, or on which member of a window is the maximum,
/// that rounding could change: of what each function and each maximum hands down, in absolute amounts. What
/// passes several layers near a kink is counted in each of them.
struct Stability {
  double share = 0;              ///< the largest of all nodes
  Index node = -1;               ///< whose that is; −1 where no node has any
  std::vector<double> of_nodes;  ///< of each node of the graph, 0 where it is no function and no maximum
  /// The largest part that goes to the first of several equal members. No rounding decides there as long as
  /// all outputs are added up in one order, as the direct products are; Winograd's are not.
  double tied = 0;
};

namespace detail {

/// The passes behind `stability`, of one sample. All values are columns.
template <class Scalar>
class StabilityPass {
  static_assert(std::is_floating_point_v<Scalar>, "ascribe: stability is asked of float or double");

 public:
  using Net = Graph<Scalar>;
  using Column = Batch<Scalar>;
  using Trace = typename Net::Trace;

  StabilityPass(const Net& net, const Trace& trace, const Trace* baseline = nullptr)
      : net_(net), trace_(trace), baseline_(baseline), nodes_(net.nodes().size()) {
    for (Index i = 0; i < Index(nodes_.size()); ++i)
      if (net_.node(i).layer)
        std::visit([&](const auto& layer) { measure(i, layer); }, *net_.node(i).layer);
      else
        of(i) = {Column::Zero(net_.node(i).size, 1), trace_.value(i).cwiseAbs()};
  }

  /// The bound of the rounding of each node's values.
  std::vector<Column> bounds() const {
    std::vector<Column> all;
    for (const Known& known : nodes_) all.push_back(known.rounding * epsilon());
    return all;
  }

  /// `carried`: what each node's value has got on the way back, before × input.
  template <class Records>
  Stability operator()(const typename Net::Plan& plan, const Records& carried) {
    Stability result;
    result.of_nodes.assign(nodes_.size(), 0);
    for (Index i = net_.input_count(); i < Index(nodes_.size()); ++i) {
      double& share = result.of_nodes[std::size_t(i)];
      const Column& up = carried[std::size_t(i)].relevance;
      if (const auto* function = std::get_if<AnyElementwise<Scalar>>(&*net_.node(i).layer)) {
        share = at_function(i, *function, plan, up);
      } else if (const auto* maximum = std::get_if<AnyMax>(&*net_.node(i).layer)) {
        double tied = 0;
        std::tie(share, tied) = at_maximum(i, *maximum, plan, up);
        result.tied = std::max(result.tied, tied);
      }
      if (share <= result.share) continue;
      result.share = share;
      result.node = i;
    }
    return result;
  }

 private:
  /// What is known of a node's value, feature by feature.
  struct Known {
    Column rounding;  ///< the bound of its rounding, in units of the scalar's ε
    Column size;      ///< what it is the sum of, in absolute amounts
  };

  static constexpr Scalar epsilon() { return std::numeric_limits<Scalar>::epsilon(); }

  Known& of(Index i) { return nodes_[std::size_t(i)]; }
  const Known& of(Index i) const { return nodes_[std::size_t(i)]; }

  /// Something of all inputs of a node, one behind the other.
  template <class Of>
  Column inputs(Index i, const Of& of_input) const {
    const auto& n = net_.node(i);
    if (n.inputs.size() == 1) return of_input(n.inputs[0]);
    Column all(ascribe::detail::inputs_of(net_.nodes(), n), 1);
    ascribe::detail::gather(
        n, [&](Index input) -> View<Scalar> { return view(of_input(input)); }, out(all));
    return all;
  }
  Column values(Index i) const {
    return inputs(i, [&](Index input) -> const Column& { return trace_.value(input); });
  }
  Column roundings(Index i) const {
    return inputs(i, [&](Index input) -> const Column& { return of(input).rounding; });
  }
  Column sizes(Index i) const {
    return inputs(i, [&](Index input) -> const Column& { return of(input).size; });
  }

  // ---- The way forward: roundings and sizes.

  static Column product(const AnyMatMul<Scalar>& layer, const Column& a, Weights weights) {
    Column b(layer.map.output_size(), 1);
    apply(layer.map, view(a), out(b), weights);
    return b;
  }
  /// |W| a + |bias| of numbers that are not negative.
  static Column in_absolute_amounts(const AnyMatMul<Scalar>& layer, const Column& a) {
    Column b = product(layer, a, Weights::positive) - product(layer, a, Weights::negative);
    const Index period = layer.bias.size();
    for (Index j = 0; j < b.rows() && period > 0; ++j) b(j, 0) += math::abs(layer.bias(j % period));
    return b;
  }

  void measure(Index i, const AnyMatMul<Scalar>& layer) {
    const map::Role role = layer.map.role();
    const bool learned = role == map::Role::dense || role == map::Role::convolution;
    const Column terms = in_absolute_amounts(layer, values(i).cwiseAbs());
    Column squares = product(layer, roundings(i).cwiseAbs2(), Weights::square);
    if (role != map::Role::wiring) squares += terms.cwiseAbs2();
    of(i) = {squares.cwiseSqrt(), learned ? terms : in_absolute_amounts(layer, sizes(i))};
  }

  /// As far as f moves where its argument does.
  void measure(Index i, const AnyElementwise<Scalar>& layer) {
    const Column a = values(i), e = roundings(i) * epsilon();
    const Column &b = trace_.value(i), above = a + e, below = a - e;
    Column moved(b.rows(), 1), to(b.rows(), 1);
    moved.setZero();
    for (const Column* argument : {&above, &below}) {
      if (fn::outside(layer.f, 0, a.rows(), argument->data()) >= 0) continue;
      forward(layer, view(*argument), out(to));
      moved = moved.cwiseMax((to - b).cwiseAbs());
    }
    of(i) = {moved / epsilon(), b.cwiseAbs()};
  }

  void measure(Index i, const AnyMax& layer) {
    Known& known = of(i);
    const Column a = values(i), e = roundings(i), s = sizes(i);
    const Column& b = trace_.value(i);
    known = {Column::Zero(b.rows(), 1), b.cwiseAbs()};
    each_window(layer, a, b, [&](Index j, Index winner, auto&&) {
      if (winner < 0) return;
      known.rounding(j, 0) = e(winner, 0);
      known.size(j, 0) = s(winner, 0);
    });
  }

  void measure(Index i, const kind::Product& layer) {
    const Column a = values(i), e = roundings(i);
    const auto bilinear = [&](const Column& first, const Column& second) {
      Column b(layer.output_size(), 1);
      kind::apply<Scalar>(layer, {first.data(), first.rows()},
                          {second.data() + layer.factor_at(1), second.rows()}, {b.data(), b.rows()}, 1);
      return b;
    };
    const Column a2 = a.cwiseAbs2(), e2 = e.cwiseAbs2(), absolute = a.cwiseAbs();
    const Column terms = bilinear(absolute, absolute);
    of(i) = {(bilinear(e2, a2) + bilinear(a2, e2) + terms.cwiseAbs2()).cwiseSqrt(), terms};
  }

  /// db_i = b_i (da_i − Σ_k b_k da_k); the logarithm's without b_i.
  void measure(Index i, const kind::Softmax& layer) {
    const Column e = roundings(i);
    const Column& b = trace_.value(i);
    const auto p = [&](Index at) { return layer.logarithm ? std::exp(b(at, 0)) : b(at, 0); };
    Known& known = of(i);
    known = {Column(b.rows(), 1), b.cwiseAbs()};
    for (Index row = 0; row < layer.outer * layer.inner; ++row) {
      const Index first = row / layer.inner * layer.length * layer.inner + row % layer.inner;
      Scalar mean(0);
      for (Index k = 0; k < layer.length; ++k) {
        const Index at = first + k * layer.inner;
        mean += p(at) * p(at) * e(at, 0) * e(at, 0);
      }
      for (Index k = 0; k < layer.length; ++k) {
        const Index at = first + k * layer.inner;
        const Scalar own = std::sqrt(e(at, 0) * e(at, 0) + mean);
        known.rounding(at, 0) = layer.logarithm ? own : Scalar(b(at, 0) * own);
      }
    }
  }

  /// f(j, winner, others) for each window: the first member that is the maximum, or −1 where a constant is,
  /// and what calls g(value, member) for every other member, and for the constants with −1.
  template <class F>
  static void each_window(const AnyMax& layer, const Column& a, const Column& b, const F& f) {
    const Index lanes = layer.windows.lanes();
    for (Index j = 0; j < b.rows(); ++j) {
      const Index group = j / lanes, lane = j % lanes;
      const Index first = winner(layer.windows, group, lane, a.data(), b(j, 0));
      f(j, first, [&](auto&& g) {
        layer.windows.members(group, [&](Index i) {
          if (i + lane != first) g(a(i + lane, 0), i + lane);
        });
        if (first >= 0) window::each_constant(layer.windows, [&](double c) { g(Scalar(c), Index(-1)); });
      });
    }
  }

  // ---- What hangs on a side.

  /// How much of what the step hands down would change between both ends of the argument's rounding.
  double at_function(Index i, const AnyElementwise<Scalar>& layer, const typename Net::Plan& plan,
                     const Column& up) {
    if (plan.passage(i).effect == Passage::unchanged || fn::domain_of(layer.f)) return 0;
    const Column a = values(i), e = roundings(i) * epsilon();
    const Column low = step(i, layer, plan, a - e, up), high = step(i, layer, plan, a + e, up);
    const Column weights = plan.form() == Form::R ? Column(Column::Ones(a.rows(), 1)) : sizes(i);
    double changed = 0, all = 0;
    for (Index j = 0; j < a.rows(); ++j) {
      const double most = std::max(std::abs(double(low(j, 0))), std::abs(double(high(j, 0))));
      all += most * double(weights(j, 0));
      changed += std::min(most, std::abs(double(high(j, 0)) - double(low(j, 0)))) * double(weights(j, 0));
    }
    return all > 0 ? changed / all : 0;
  }

  /// The rule's own step, were the function's argument `a`.
  Column step(Index i, const AnyElementwise<Scalar>& layer, const typename Net::Plan& plan, const Column& a,
              const Column& up) {
    Column b(a.rows(), 1), down(a.rows(), 1);
    forward(layer, view(a), out(b));
    const auto base = [&](Index node) {
      return baseline_ ? BaselineValues<Scalar>{baseline_->value(node).data(), 0} : BaselineValues<Scalar>{};
    };
    Ledger<Scalar> books;
    books.reset(1);
    Context<Scalar, Dynamic, Dynamic, Dynamic> context{view(a),   view(b),     base(net_.node(i).inputs[0]),
                                                       base(i),   plan.form(), LedgerView<Scalar>(books),
                                                       workspace_};
    plan.rule(i)->step_back(layer, context, view(up), out(down));
    return down;
  }

  /// What goes to winners that another member is within both roundings of, and to those that have an equal.
  std::pair<double, double> at_maximum(Index i, const AnyMax& layer, const typename Net::Plan& plan,
                                       const Column& up) const {
    const auto& shares = plan.rule(i)->template data<AnyMax>();
    if (shares && (shares->of == rule::WindowShares::by_value || shares->of == rule::WindowShares::fold))
      return {0, 0};  // these go over from one member to another without a jump
    const Column a = values(i), e = roundings(i) * epsilon();
    const Column& b = trace_.value(i);
    const bool quotients = plan.form() != Form::R;
    double near = 0, tied = 0, all = 0;
    each_window(layer, a, b, [&](Index j, Index winner, auto&& others) {
      const auto rounding = [&](Index member) { return member < 0 ? Scalar(0) : e(member, 0); };
      bool could_lose = false, has_equal = false;
      others([&](Scalar value, Index member) {
        const Scalar both = rounding(winner) + rounding(member), gap = b(j, 0) - value;
        could_lose = could_lose || (gap > 0 && gap <= both);
        has_equal = has_equal || (gap == 0 && both > 0);
      });
      const double amount = std::abs(double(up(j, 0))) * (quotients ? double(of(i).size(j, 0)) : 1);
      all += amount;
      if (could_lose) near += amount;
      if (has_equal) tied += amount;
    });
    return all > 0 ? std::pair(near / all, tied / all) : std::pair(0.0, 0.0);
  }

  const Net& net_;
  const Trace& trace_;
  const Trace* baseline_;
  std::vector<Known> nodes_;
  Workspace<Scalar> workspace_;
};

}  // namespace detail

/// How far rounding may have moved each value of a trace that keeps all values of one sample: a column for
/// each node, in the values' units. With ε the scalar's, of b = W a + bias
///
///     e(b)² = W² e(a)² + (ε (|W| |a| + |bias|))²      (squares entry by entry)
///
/// since roundings have any sign; e = 0 at inputs; a function moves its value by as much as it moves within
/// a ± e(a), a maximum has its winner's. It is some four times what is seen: against double, float's values
/// of VGG-16 and ResNet-50 are off by 0.23 to 0.25 of it (root mean square) in all convolutions, whatever
/// their depth, and every sign that differed lay within it (docs/design.md). A product with |W| takes two, so
/// that all of it takes three products of the forward pass's size. Throws Error as Graph::check_trace.
template <class Scalar>
std::vector<Batch<Scalar>> rounding_bounds(const Graph<Scalar>& net, const GraphTrace<Scalar>& trace) {
  net.check_trace(trace);
  if (trace.input().cols() != 1) fail("rounding_bounds: expected one sample, found ", trace.input().cols());
  return detail::StabilityPass<Scalar>(net, trace).bounds();
}

/// How much of the explanation of one sample x hangs on sides and winners within rounding of changing, which
/// other hardware, another number of terms at a time or another library may choose otherwise: it is exact,
/// and so is the other one. With e as above, u what a node's value carries (R, Q or a multiplier), and s the
/// absolute amounts that the argument is the sum of, |W| |a| + |bias|:
///
/// - a function's share is Σ |d(a + e) − d(a − e)|·s / Σ |d|·s, where d is what its rule hands down, so that
/// any
///   kink of any function counts by how much it changes, and none where the rule passes it without a jump
///   (Ignore in R, Baseline); of each unit at most all. In R, d is a relevance itself and s is 1. The
///   argument near a kink is 0 or so, and so is a·d: what changes are the terms that the argument is the sum
///   of, and so s weighs it.
/// - a maximum's is Σ |u|·s of the windows of which another member comes within e of both / Σ |u|·s, where
/// the
///   winner takes all (Gradient; Baseline, of which a part may stay).
///
/// It takes a forward pass and an explanation that keep everything, and the products above. Throws Error as
/// Graph::forward and Graph::explain, and for several samples. `baseline`: one column, for methods against
/// one. Example: `check::stability(net, x, 3, method::LrpQ()).share`
template <class Scalar, class D, class Start>
Stability stability(const Graph<Scalar>& net, const Eigen::MatrixBase<D>& x, const Start& start,
                    std::type_identity_t<Composite<Scalar>> method,
                    const std::type_identity_t<Batch<Scalar>>& baseline = {}) {
  if (x.cols() != 1) fail("stability: expected one sample, found ", x.cols());
  method.times_input = false;  // what a relevance is a product of is asked for
  const auto plan = net.plan(method);
  typename Graph<Scalar>::Trace trace, base_trace;
  GraphExplanation<Scalar> carried;
  carried.record = Record::per_layer;
  Workspace<Scalar> workspace;
  net.forward(x, trace, workspace);
  const auto* base = baseline.size() > 0 ? &base_trace : nullptr;
  if (base) net.forward(baseline, base_trace, workspace);
  net.explain(trace, start, plan, carried, workspace, base);
  return detail::StabilityPass<Scalar>(net, trace, base)(plan, carried.nodes);
}
/// The same of a chain, whose nodes are those of the Graph that it makes: its input, then its layers.
template <class... Parts, class D, class Start>
Stability stability(const Sequential<Parts...>& net, const Eigen::MatrixBase<D>& x, const Start& start,
                    const Composite<typename D::Scalar>& method,
                    const Batch<typename D::Scalar>& baseline = {}) {
  return stability(Graph<typename D::Scalar>(net), x, start, method, baseline);
}

}  // namespace ascribe::check
