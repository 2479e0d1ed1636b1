/// Training with relevance in the loss.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/finite.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/evaluate/noise.hpp>
#include <ascribe/evaluate/random.hpp>
#include <ascribe/evaluate/randomisation.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/networks/derivative.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/train/loss.hpp>
#include <ascribe/train/optimiser.hpp>
#include <ascribe/train/relevance_loss.hpp>

namespace ascribe::train {

/// What a network learns from, in the host's memory: labels, by `softmax_cross_entropy` of the first output,
/// or targets, by `squared_error`. A minibatch is some of the samples, by their numbers.
template <class Scalar>
struct Data {
  View<Scalar> inputs;                   ///< features × samples, in the graph's order
  std::span<const Index> labels = {};    ///< the class of each sample
  View<Scalar> targets{nullptr, 0, 0};   ///< or what the outputs should be: outputs × samples
  std::span<const double> weights = {};  ///< what each sample counts, in losses on relevance too; none: alike

  /// How many there are.
  Index samples() const { return inputs.cols(); }
};

/// What of the outputs is explained: the label's; the label's minus the mean of the others, which is where
/// softmax looks, so that a network cannot move to the others what it is kept from at the label's; the one
/// that is largest (a choice that is kept); or the sum of all.
enum class Asked { label, margin, largest, sum };

/// Where an explanation in the loss is taken: at the sample, or at points around it. What is asked of the
/// samples alone, a network may break right beside them; terms that are means over points around a sample
/// hold there too
/// ("robust", Wicker et al. 2212.08507).
struct Where {
  /// Which points.
  enum class Points { sample, near, path };
  Points at = Points::sample;  ///< at which
  Index points = 1;            ///< how many for each sample
  double deviation = 0;    ///< of the noise, in the input's units
  std::uint64_t seed = 1;  ///< of the noise

  /// At samples with normal noise on every feature, drawn anew in every epoch: the points that SmoothGrad
  /// averages over (Smilkov et al. 1706.03825).
  static Where near(double deviation, Index points = 4, std::uint64_t seed = 1) {
    return {Points::near, points, deviation, seed};
  }
  /// At the midpoints of equal steps from the objective's baseline, or from 0, to the sample: the points that
  /// integrated gradients averages over (Sundararajan et al. 1703.01365).
  static Where on_path(Index points = 4) { return {Points::path, points}; }
};

/// An explanation in the loss: λ·(mean over the samples, and over the points around each, of each term).
template <class Scalar>
struct Objective {
  /// A loss and how much it counts.
  struct Term {
    double strength;  ///< λ, at least 0
    RelevanceLoss<Scalar> loss;  ///< on the relevances
  };

  Composite<Scalar> method;  ///< whose rules have derivatives: those that are data, and with an `adjoint`
  std::vector<Term> terms;   ///< on one explanation
  Asked asked = Asked::label;   ///< what is explained
  Batch<Scalar> baseline = {};  ///< features × 1, for a method against one, or a path from one; else empty
  Where where = {};             ///< at which points
};

/// What a minibatch or an epoch came to, before the step.
struct Losses {
  double total = 0;                ///< outputs + Σ λ·relevance
  double outputs = 0;              ///< the mean of the loss on outputs
  std::vector<double> terms = {};  ///< the mean of each term, without its λ, objective by objective
};

/// Trains the weights and biases of a graph's learned layers (dense, convolution, scaling), with losses on
/// relevance beside that on the outputs: one `Derivative` an objective gives the derivative of all by
/// everything. Nodes that share a layer share its weights: their derivatives add up.
///
///     Trainer<float> trainer(net, {{method::LrpQ(), {{10, SquaredOnMask<float>(mask)}}}});
///     Adam<float> adam;
///     for (Index n = 0; n < 20; ++n) trainer.epoch({view(x), labels}, {.size = 128}, n, adam);
///     trainer.net();
///
/// All is the same for any number of threads. The network after a step is a new one, whose other parts are
/// the old one's: a trace or plan of the old one is of the old one.
template <class Scalar>
class Trainer {
 public:
  /// Minibatches: so many samples each, in an order that follows from the seed and the epoch's number alone.
  struct Batches {
    Index size = 32;         ///< samples
    std::uint64_t seed = 1;  ///< of the order
  };

  /// Throws Error for a graph without learned layers, where nodes share weights and not their biases, where
  /// an objective has no terms, a strength below 0, or a baseline of another size, and as Graph::plan.
  explicit Trainer(Graph<Scalar> net, std::vector<Objective<Scalar>> objectives = {})
      : net_(std::move(net)), objectives_(std::move(objectives)) {
    for (const auto& objective : objectives_) check(objective);
    collect_layers();
    if (layers_.empty()) fail("Trainer: expected a layer with learned weights, found none");
    make_derivatives();
  }

  /// The network as it is now.
  const Graph<Scalar>& net() const { return net_; }

  /// The loss of a minibatch; its derivative is in `parameters` then. `draw` numbers the noise that
  /// NearSample draws. Throws Error where data, labels, masks or the baseline do not fit, where a step has no
  /// derivative (as Derivative::differentiate), and where a loss or a derivative is not finite.
  const Losses& differentiate(const Data<Scalar>& data, std::span<const Index> samples, Index draw = 0) {
    take(data, samples);
    net_.forward(x_, trace_, workspace_);
    const Batch<Scalar>& y = trace_.output();
    losses_.outputs = data.labels.empty()
                          ? squared_error<Scalar>(view(y), view(targets_), by_outputs_, weights_)
                          : softmax_cross_entropy<Scalar>(view(y), labels_, by_outputs_, weights_);
    losses_.total = losses_.outputs;
    losses_.terms.clear();
    for (Layer& layer : layers_)
      for (auto* by : {&layer.by_weights, &layer.by_bias}) std::fill(by->begin(), by->end(), Scalar(0));
    const At by_outputs{net_.outputs().front(), view(by_outputs_)};
    // The loss on the outputs goes with the first explanation of the samples: one walk back less.
    std::span<const At> values(&by_outputs, 1);
    for (std::size_t k = 0; k < objectives_.size(); ++k) {
      const auto& objective = objectives_[k];
      const std::size_t first_term = losses_.terms.size();
      losses_.terms.resize(first_term + objective.terms.size(), 0.0);
      const std::span<double> terms = std::span<double>(losses_.terms).subspan(first_term);
      for (Index point = 0; point < objective.where.points; ++point) {
        const auto* trace = &trace_;
        if (objective.where.at != Where::Points::sample) {
          move_to_point(objective, samples, draw, point);
          net_.forward(near_, near_trace_, workspace_);
          trace = &near_trace_;
        }
        explain(data, samples, objective, *derivatives_[k], *trace, 1 / double(objective.where.points), terms,
                trace == &trace_ ? std::exchange(values, {}) : std::span<const At>());
        collect(*derivatives_[k]);
      }
    }
    if (!values.empty()) {
      derivatives_.front()->backpropagate(trace_, values, false);
      collect(*derivatives_.front());
    }
    if (!std::isfinite(losses_.total)) fail("Trainer: the loss is ", losses_.total, ": it diverges");
    for (const Layer& layer : layers_)
      for (const auto* by : {&layer.by_weights, &layer.by_bias})
        if (!ascribe::detail::all_finite(Index(by->size()), by->data()))
          fail("Trainer: node '", net_.node(layer.nodes.front()).name,
               "': the derivative by its weights is NaN or infinite: it diverges");
    return losses_;
  }

  /// The weights of each layer, then its biases where it has some, from the outputs down, and the derivative
  /// of the last minibatch by them. What is written there counts from `update` on. Weights decay, biases do
  /// not.
  std::vector<Parameter<Scalar>> parameters() {
    std::vector<Parameter<Scalar>> all;
    for (Layer& layer : layers_) {
      all.push_back({layer.weights, layer.by_weights, true});
      if (!layer.bias.empty()) all.push_back({layer.bias, layer.by_bias, false});
    }
    return all;
  }

  /// Makes the network of what `parameters` hold. Throws Error where one is NaN or infinite: the network and
  /// the parameters are those of before then.
  void update() {
    try {
      Graph<Scalar> next = net_;
      for (const Layer& layer : layers_)
        next = next.with_weights(layer.nodes.front(), layer.weights, layer.bias);
      net_ = std::move(next);
    } catch (const Error&) {
      for (Layer& layer : layers_) read(layer);
      throw;
    }
    make_derivatives();
  }

  /// One step along the derivative of a minibatch: its losses before the step. `optimiser` is called with
  /// `parameters`. Throws Error as `differentiate` and `update`: the network is that of before then.
  template <class Optimiser>
  const Losses& step(const Data<Scalar>& data, std::span<const Index> samples, Optimiser&& optimiser,
                     Index draw = 0) {
    differentiate(data, samples, draw);
    const auto all = parameters();
    optimiser(std::span<const Parameter<Scalar>>(all));
    update();
    return losses_;
  }

  /// A step for each minibatch of a random order of all samples, the last of which may be smaller; the mean
  /// of their losses. The order is that of the epoch's number: a run may go on where another stopped. Throws
  /// Error for a size below 1 and a number below 0, and, naming epoch and batch, as `step`: the network is
  /// that of the last good step then.
  template <class Optimiser>
  Losses epoch(const Data<Scalar>& data, Batches batches, Index number, Optimiser&& optimiser) {
    if (batches.size < 1) fail("Trainer: epoch: expected batches of at least 1 sample, found ", batches.size);
    if (number < 0) fail("Trainer: epoch: expected a number of at least 0, found ", number);
    std::vector<Index> order(std::size_t(data.samples()));
    std::iota(order.begin(), order.end(), Index(0));
    evaluate::Random(batches.seed, std::uint64_t(number)).shuffle(order);
    Losses sum;
    double total = 0;
    for (Index first = 0; first < data.samples(); first += batches.size) {
      const auto samples = std::span<const Index>(order).subspan(
          std::size_t(first), std::size_t(std::min(batches.size, data.samples() - first)));
      try {
        step(data, samples, optimiser, number);
      } catch (const Error& error) {
        fail("epoch ", number, ", batch ", first / batches.size, ": ", error.what());
      }
      const double counts =
          weights_.empty() ? double(samples.size()) : std::accumulate(weights_.begin(), weights_.end(), 0.0);
      total += counts;
      sum.total += counts * losses_.total;
      sum.outputs += counts * losses_.outputs;
      sum.terms.resize(losses_.terms.size(), 0.0);
      for (std::size_t k = 0; k < sum.terms.size(); ++k) sum.terms[k] += counts * losses_.terms[k];
    }
    if (total > 0) {
      sum.total /= total;
      sum.outputs /= total;
      for (double& term : sum.terms) term /= total;
    }
    return sum;
  }

 private:
  using At = typename LossGradient<Scalar>::At;

  /// One map with its bias, and all nodes that have it.
  struct Layer {
    std::vector<Index> nodes;
    std::vector<Scalar> weights, bias, by_weights, by_bias;
  };

  void check(const Objective<Scalar>& objective) const {
    if (objective.terms.empty()) fail("Trainer: expected a term in every objective, found none");
    for (const auto& term : objective.terms) {
      if (!(term.strength >= 0 && std::isfinite(term.strength)))
        fail("Trainer: expected a strength of at least 0, found ", term.strength);
      if (!term.loss) fail("Trainer: expected a loss in every term, found none");
    }
    const Where& where = objective.where;
    if (where.points < 1 || (where.at == Where::Points::sample && where.points > 1))
      fail("Trainer: expected an explanation at 1 point or more, at the sample itself at 1, found ",
           where.points);
    evaluate::GaussianNoise{where.deviation}.check();
    const auto& baseline = objective.baseline;
    if (baseline.size() > 0 && (baseline.rows() != net_.input_size() || baseline.cols() != 1))
      fail("Trainer: expected a baseline of ", net_.input_size(), " features x 1, found ", baseline.rows(),
           " x ", baseline.cols());
  }

  void collect_layers() {
    for (const Index node : evaluate::learned_from_the_top(net_)) {
      const auto& m = *ascribe::detail::matmul(net_.node(node));
      Layer layer;
      layer.nodes = {node};
      for (Index other = net_.input_count(); other < Index(net_.nodes().size()); ++other) {
        const auto* same = ascribe::detail::matmul(net_.node(other));
        if (other == node || !same || same->map.identity() != m.map.identity()) continue;
        if (same->bias.size() != m.bias.size() || same->bias != m.bias)
          fail("Trainer: nodes '", net_.node(other).name, "' and '", net_.node(node).name,
               "' share their weights: expected the same bias in both");
        layer.nodes.push_back(other);
      }
      read(layer);
      layer.by_weights.resize(layer.weights.size());
      layer.by_bias.resize(layer.bias.size());
      layers_.push_back(std::move(layer));
    }
  }

  /// The weights and biases that the network has.
  void read(Layer& layer) const {
    const auto& m = *ascribe::detail::matmul(net_.node(layer.nodes.front()));
    layer.weights.resize(std::size_t(m.map.weight_count()));
    copy_weights(m.map, layer.weights.data());
    layer.bias.assign(m.bias.begin(), m.bias.end());
  }

  void make_derivatives() {
    derivatives_.clear();
    for (const auto& objective : objectives_)
      derivatives_.push_back(std::make_unique<Derivative<Scalar>>(net_, objective.method));
    if (objectives_.empty())
      derivatives_.push_back(std::make_unique<Derivative<Scalar>>(net_, method::Gradient()));
  }

  /// The samples of a minibatch, one behind the other.
  void take(const Data<Scalar>& data, std::span<const Index> samples) {
    const Index all = data.samples(), outputs = net_.output_size(), count = Index(samples.size());
    if (data.inputs.rows() != net_.input_size())
      fail("Trainer: expected inputs of ", net_.input_size(), " features, found ", data.inputs.rows());
    if (data.labels.empty() == (data.targets.size() == 0))
      fail("Trainer: expected labels or targets, found ", data.labels.empty() ? "none" : "both");
    if (!data.labels.empty() && Index(data.labels.size()) != all)
      fail("Trainer: expected a label for each of ", all, " samples, found ", data.labels.size());
    if (data.labels.empty() && (data.targets.rows() != outputs || data.targets.cols() != all))
      fail("Trainer: expected targets of ", outputs, " outputs x ", all, " samples, found ",
           data.targets.rows(), " x ", data.targets.cols());
    if (!data.weights.empty() && Index(data.weights.size()) != all)
      fail("Trainer: expected a weight for each of ", all, " samples, found ", data.weights.size());
    if (samples.empty()) fail("Trainer: expected a minibatch of at least 1 sample, found none");
    for (const Index n : samples)
      if (n < 0 || n >= all) fail("Trainer: expected samples in [0, ", all, "), found ", n);
    x_.resize(data.inputs.rows(), count);
    targets_.resize(data.targets.rows(), count);
    labels_.clear();
    weights_.clear();
    for (Index k = 0; k < count; ++k) {
      const Index n = samples[std::size_t(k)];
      x_.col(k) = data.inputs.col(n);
      if (data.labels.empty())
        targets_.col(k) = data.targets.col(n);
      else
        labels_.push_back(data.labels[std::size_t(n)]);
      if (!data.weights.empty()) weights_.push_back(data.weights[std::size_t(n)]);
    }
  }

  /// One of the points around each sample, into `near_`.
  void move_to_point(const Objective<Scalar>& objective, std::span<const Index> samples, Index draw,
                     Index point) {
    near_ = x_;
    const Where& where = objective.where;
    if (where.at == Where::Points::path) {
      const Scalar t = Scalar((double(point) + 0.5) / double(where.points));
      near_ *= t;
      if (objective.baseline.size() > 0) near_.colwise() += (1 - t) * objective.baseline.col(0);
    } else {
      const evaluate::GaussianNoise noise{where.deviation, where.seed};
      parallel_for(near_.cols(), [&](Index n) {
        auto column = near_.col(n);
        noise(samples[std::size_t(n)], draw * where.points + point, column);
      });
    }
  }

  /// The weight of each output in what is explained.
  Batch<Scalar> asked_for(Asked asked, const Batch<Scalar>& y) const {
    if (asked == Asked::sum) return Batch<Scalar>::Ones(y.rows(), y.cols());
    if (asked != Asked::largest && labels_.empty())
      fail("Trainer: an objective explains the label's output: expected labels, found targets");
    const Index others = asked == Asked::margin ? y.rows() - 1 : 0;
    const Scalar share = others > 0 ? Scalar(-1) / Scalar(others) : Scalar(0);
    Batch<Scalar> weights = Batch<Scalar>::Constant(y.rows(), y.cols(), share);
    for (Index n = 0; n < y.cols(); ++n) {
      Index k = 0;
      if (asked == Asked::largest)
        y.col(n).maxCoeff(&k);
      else
        k = labels_[std::size_t(n)];
      weights(k, n) = Scalar(1);
    }
    return weights;
  }

  /// Explains a trace of the minibatch, or of points around it, and differentiates `share` of the terms,
  /// which are added up, and what is given by values with them.
  void explain(const Data<Scalar>& data, std::span<const Index> samples, const Objective<Scalar>& objective,
               Derivative<Scalar>& derivative, const typename Graph<Scalar>::Trace& trace, double share,
               std::span<double> terms, std::span<const At> values) {
    const Batch<Scalar> weights = asked_for(objective.asked, trace.output());
    // A path starts from the baseline under any method.
    const bool against = objective.baseline.size() > 0 && (derivative.plan().form() == Form::Delta ||
                                                           objective.where.at != Where::Points::path);
    if (against) net_.forward(objective.baseline, base_trace_, workspace_);
    const auto& explanation = derivative.explain(trace, start::OutputWeights<Batch<Scalar>>(weights),
                                                 against ? &base_trace_ : nullptr);
    const Index features = explanation.relevance.rows(), count = explanation.relevance.cols();
    // The books are in relevances, which a gradient is none of.
    const bool in_relevances = derivative.plan().form() == Form::R || derivative.plan().times_input();
    const Explained<Scalar> explained{view(explanation.relevance),
                                      {explanation.ledger.bias.data(), in_relevances ? count : 0},
                                      samples,
                                      data.samples()};
    const Eigen::ArrayXd mean = share * mean_weights(count, weights_);
    by_.reset(features, count);
    for (std::size_t k = 0; k < terms.size(); ++k) {
      const auto& term = objective.terms[k];
      by_term_.reset(features, count);
      const Eigen::ArrayXd each = term.loss(explained, by_term_);
      if (each.size() != count || by_term_.relevance.rows() != features ||
          by_term_.relevance.cols() != count || by_term_.bias.size() != count)
        fail("Trainer: a loss on relevance: expected ", count, " numbers, and derivatives by ", features,
             " features and 1 bias x ", count, " samples, found ", each.size(), ", ",
             by_term_.relevance.rows(), " x ", by_term_.relevance.cols(), " and 1 x ", by_term_.bias.size());
      const double found = (mean * each).sum();
      terms[k] += found;
      losses_.total += term.strength * found;
      const auto scale = (term.strength * mean).matrix().transpose().template cast<Scalar>().array().eval();
      by_.relevance.array() += by_term_.relevance.array().rowwise() * scale;
      by_.bias.array() += by_term_.bias.array() * scale;
    }
    std::vector<Batch<Scalar>> shares;
    std::vector<At> by_shares;
    if ((by_.bias.array() != Scalar(0)).any()) {
      if (!in_relevances)
        fail("Trainer: a derivative by what the biases took: expected none of a method of gradients");
      const std::vector<Index> reached = leading_to(net_.outputs().front());
      shares.reserve(reached.size());
      for (const Index node : reached) {
        shares.push_back(by_.bias.replicate(net_.node(node).size, 1));
        by_shares.push_back({node, view(shares.back())});
      }
    }
    LossGradient<Scalar> gradient{.relevance = view(by_.relevance)};
    gradient.bias_shares = by_shares;
    gradient.values = values;
    gradient.by_inputs = false;
    derivative.differentiate(gradient);
  }

  /// The layers whose values a node's depends on, itself too.
  std::vector<Index> leading_to(Index top) const {
    std::vector<bool> leads(net_.nodes().size(), false);
    leads[std::size_t(top)] = true;
    std::vector<Index> found;
    for (Index i = top; i >= net_.input_count(); --i)
      if (leads[std::size_t(i)]) {
        found.push_back(i);
        for (const Index input : net_.node(i).inputs) leads[std::size_t(input)] = true;
      }
    return found;
  }

  /// Adds up what the nodes of each layer have got.
  void collect(const Derivative<Scalar>& derivative) {
    const auto add = [](std::span<const Scalar> from, std::vector<Scalar>& to) {
      std::transform(to.begin(), to.end(), from.begin(), to.begin(), std::plus<Scalar>());
    };
    for (Layer& layer : layers_)
      for (const Index node : layer.nodes) {
        add(derivative.weights(node), layer.by_weights);
        add(derivative.bias(node), layer.by_bias);
      }
  }

  Graph<Scalar> net_;
  std::vector<Objective<Scalar>> objectives_;
  std::vector<Layer> layers_;
  std::vector<std::unique_ptr<Derivative<Scalar>>>
      derivatives_;  ///< an objective's, or that of outputs alone

  // Of the last minibatch.
  Batch<Scalar> x_, near_, targets_, by_outputs_;
  std::vector<Index> labels_;
  std::vector<double> weights_;
  typename Graph<Scalar>::Trace trace_, near_trace_, base_trace_;
  Workspace<Scalar> workspace_;
  RelevanceGradient<Scalar> by_, by_term_;
  Losses losses_;
};

}  // namespace ascribe::train
