/// The Engine of one precision.
#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "ascribe/compiled.hpp"
#include "ascribe/io/onnx.hpp"
#include "ascribe/networks/baselines.hpp"
#include "ascribe/networks/integrated_gradients.hpp"
#include "ascribe/networks/occlusion.hpp"
#include "ascribe/networks/reveal_cancel.hpp"
#include "ascribe/networks/stability.hpp"
#include "examples/explain/engine.hpp"
#include "examples/support/activation_map.hpp"
#include "examples/support/audit.hpp"
#include "examples/support/model_options.hpp"

namespace explain {

template <class Scalar>
class EngineOf final : public Engine {
 public:
  EngineOf(const std::filesystem::path& path, const ascribe::onnx::ReadOptions& reading) try
      : net_(ascribe::onnx::load<Scalar>(path, reading)) {
    for (const ascribe::onnx::Port& input : net_.inputs)
      rows_.insert(rows_.end(), input.values.begin(), input.values.end());
  } catch (const ascribe::Error& error) {
    // The reader of the file names it, the translation of its nodes does not.
    const std::string said = in_options(error.what()), name = path.string();
    ascribe::fail(said.find(name) != std::string::npos ? "" : name + ": ", said);
  }

  std::vector<std::pair<std::string, Shape>> inputs() const override { return ports(net_.inputs); }
  std::vector<std::pair<std::string, Shape>> outputs() const override { return ports(net_.outputs); }
  const std::vector<double>& rows() const override { return rows_; }
  const std::vector<std::string>& notes() const override { return net_.notes; }

  std::vector<NodeText> nodes(const Options& options) const override {
    std::optional<typename Graph::Plan> plan;
    const bool reveal_cancel = options.method->name == "deep_lift_reveal_cancel";
    if (!reveal_cancel && options.method->books) plan = net_.graph.plan(rules(options));
    std::vector<NodeText> found;
    std::set<const void*> counted;
    for (Index i = 0; i < static_cast<Index>(net_.graph.nodes().size()); ++i) {
      const auto& node = net_.graph.node(i);
      const ascribe::NodeInfo info = node.info(i, 0);
      NodeText text{node.name, kind_of(info.kind), std::string(info.part), text_of(node.shape), "", 0};
      text.inputs = node.inputs;
      text.explained = i == net_.graph.outputs()[0];
      if (info.kind == ascribe::LayerKind::input) text.part.clear();
      if (const auto* rule = plan ? plan->rule(i) : nullptr) text.rule = rule->describe();
      if (reveal_cancel) text.rule = reveal_cancel_rule(info);
      if (node.layer) text.parameters = parameters(*node.layer, info, counted);
      found.push_back(std::move(text));
    }
    return found;
  }

  Shape shape_of(const std::string& node) const override {
    const auto& found = net_.graph.node(node_of_option("--at", node));
    return found.shape.empty() ? Shape{found.size} : found.shape;
  }

  std::optional<ascribe::MemoryNeed> memory(const Options& options) const override {
    if (!options.method->by_rules) return {};
    return net_.graph.memory(net_.graph.plan(rules(options)), 1);
  }

  std::vector<std::unique_ptr<Explainer>> explainers(const Options& options, const Companions& companions,
                                                     bool node_books) const override {
    auto shared = std::make_shared<Shared>();
    std::optional<ascribe::Composite<Scalar>> by;
    if (options.method->by_rules) {
      by = rules(options);
      shared->plan = net_.graph.plan(*by);
      const bool folder = !options.output_folder.empty();
      if (folder ? options.write.multipliers : !options.multipliers.empty()) {
        ascribe::Composite<Scalar> bare = *by;
        bare.times_input = false;
        shared->multipliers = net_.graph.plan(bare);
      }
    }
    if (!options.patch.empty()) shared->parts = patches(options);
    if (companions.segments)
      for (const Sample& labels : companions.segments->for_all()) shared->parts = segments(labels);
    if (options.method->layer) {
      shared->layer = examples::map_layer(net_.graph, options.layer);
      shared->input_maps = input_maps();
    }
    for (const auto& [node, path] : options.at) shared->at.push_back(node_of_option("--at", node));
    // Besides those of rules, SmoothGrad alone gives gradients.
    const bool times_input =
        by ? by->times_input || by->form == ascribe::Form::R : options.method->name != "smoothgrad";
    shared->times_input = times_input;
    shared->audit.emplace(net_.graph, std::move(by), times_input, options.warn_above);
    if (companions.baseline && !companions.baseline->for_all().empty()) {
      shared->baselines = columns(companions.baseline->for_all());
      // Baselines for all are run once, each by itself, as inputs are: then an input and a baseline that are
      // the same have the same values to the last bit.
      Memory memory;
      for (Index k = 0; reads_trace(options) && k < shared->baselines.cols(); ++k)
        forward(shared->baselines.col(k), shared->baseline_traces.emplace_back(), shared->plan,
                node_books || !options.at.empty(), memory);
    }
    for (const Target& target : options.targets) shared->goals.push_back(target.of(outputs()[0].second));
    if (companions.weights)
      for (const Sample& weights : companions.weights->for_all()) shared->goals.push_back(goal_of(weights));
    std::vector<std::unique_ptr<Explainer>> all;
    for (int t = 0; t < options.threads; ++t)
      all.push_back(std::make_unique<ExplainerOf>(*this, options, shared, node_books));
    return all;
  }

 private:
  using Graph = ascribe::Graph<Scalar>;
  using Column = ascribe::Batch<Scalar>;

  /// What is occluded: none, where there is nothing for all inputs.
  using Parts = std::variant<std::monostate, ascribe::Patches, ascribe::Segments>;

  /// What all threads use and none changes.
  struct Shared {
    Parts parts;
    examples::MapLayer layer;  // what class activation maps are made of
    ascribe::FeatureMaps input_maps{1, 1, 1};
    std::optional<typename Graph::Plan> plan, multipliers;
    std::vector<Index> at;  // nodes
    bool times_input = true;  // whether relevance is a share of the output, or the gradient alone
    std::optional<examples::Audit<Scalar>> audit;
    Column baselines;  // for all inputs: with several, the mean over them is what is said
    std::vector<typename Graph::Trace> baseline_traces;
    std::vector<Goal> goals;  // one for all, one each, or none: the largest output, or an input's own weights
  };

  /// What one thread uses again and again.
  struct Memory {
    typename Graph::Trace trace, baseline;
    typename Graph::Explanation explanation, another;
    ascribe::Workspace<Scalar> workspace;
  };

  class ExplainerOf final : public Explainer {
   public:
    ExplainerOf(const EngineOf& engine, const Options& options, std::shared_ptr<const Shared> shared,
                bool node_books)
        : engine_(engine), options_(options), shared_(std::move(shared)), node_books_(node_books) {}

    Explanation explain(const Sample& sample, std::size_t n, const Own& own) override try {
      ascribe::set_thread_count(options_.threads_each);
      return engine_.one(options_, *shared_, sample, own, n, node_books_, memory_);
    } catch (const ascribe::Error& error) {
      ascribe::fail(sample.name, ": ", error.what());
    }

   private:
    const EngineOf& engine_;
    const Options& options_;
    std::shared_ptr<const Shared> shared_;
    bool node_books_;
    Memory memory_;
  };

  /// Whether the method reads what the network makes of a baseline.
  static bool reads_trace(const Options& options) {
    return options.method->baseline &&
           (options.method->by_rules || options.method->name == "deep_lift_reveal_cancel");
  }

  static std::vector<std::pair<std::string, Shape>> ports(const std::vector<ascribe::onnx::Port>& all) {
    std::vector<std::pair<std::string, Shape>> found;
    for (const auto& port : all) found.emplace_back(port.name, Shape(port.shape.begin(), port.shape.end()));
    return found;
  }

  static const char* kind_of(ascribe::LayerKind kind) {
    switch (kind) {
      case ascribe::LayerKind::input:
        return "input";
      case ascribe::LayerKind::matmul:
        return "MatMul";
      case ascribe::LayerKind::elementwise:
        return "Elementwise";
      case ascribe::LayerKind::max:
        return "Max";
      case ascribe::LayerKind::product:
        return "Product";
      case ascribe::LayerKind::softmax:
        break;
    }
    return "Softmax";
  }

  /// What ascribe::reveal_cancel does there, which is no plan of rules.
  static const char* reveal_cancel_rule(const ascribe::NodeInfo& info) {
    if (info.kind == ascribe::LayerKind::input) return "";
    if (info.kind == ascribe::LayerKind::max) return "Baseline";
    if (info.kind == ascribe::LayerKind::product) return "EvenSplit";
    return info.kind == ascribe::LayerKind::matmul && info.role == ascribe::map::Role::wiring
               ? "Rewire"
               : "RevealCancel";
  }

  /// Weights and biases that were learned, not those that a sum or a permutation is made of, nor those of a map
  /// that has been counted.
  static Index parameters(const ascribe::AnyLayer<Scalar>& layer, const ascribe::NodeInfo& info,
                          std::set<const void*>& counted) {
    if (const auto* e = std::get_if<ascribe::AnyElementwise<Scalar>>(&layer)) return e->f.features();
    const auto* m = std::get_if<ascribe::AnyMatMul<Scalar>>(&layer);
    if (m == nullptr || info.role == ascribe::map::Role::wiring) return 0;
    const bool learned =
        info.role != ascribe::map::Role::aggregation && counted.insert(m->map.identity()).second;
    return (learned ? m->map.weight_count() : 0) + m->bias.size();
  }

  /// The method as rules: the averages of gradients are made of the gradient's.
  static ascribe::Composite<Scalar> rules(const Options& options) {
    ascribe::composite::Options o;
    o.epsilon = options.epsilon;
    o.gamma = options.gamma;
    o.low = options.low;
    o.high = options.high;
    o.max_rule = options.max_rule;
    return ascribe::composite::by_name<Scalar>(options.method->by_rules ? options.method->name : "gradient",
                                               o);
  }

  static Column column(const Sample& sample) {
    return Eigen::Map<const Eigen::VectorXd>(sample.values.data(), static_cast<Index>(sample.values.size()))
        .template cast<Scalar>();
  }

  /// The pixels of an image; of rows that ids have chosen each is one, whose channels are its features.
  ascribe::FeatureMaps input_maps() const {
    const Shape shape = inputs()[0].second;
    if (rows().empty()) return maps_of(shape);
    return {shape.back(), count_of(shape) / shape.back(), 1};
  }

  ascribe::Patches patches(const Options& options) const try {
    const std::vector<Index>& patch = options.patch;
    const std::vector<Index>& stride = options.stride.empty() ? patch : options.stride;
    return {input_maps(), patch.front(), patch.back(), stride.front(), stride.back()};
  } catch (const ascribe::Error& error) {
    ascribe::fail("--patch: ", error.what());
  }

  /// The node of that name. Throws ascribe::Error, which names the option, where there is none.
  Index node_of_option(const char* option, const std::string& name) const try {
    return net_.graph.find(name);
  } catch (const ascribe::Error&) {
    ascribe::fail(option, ": expected a node's name, as --describe prints it, found '", name, "'");
  }

  /// Labels of all values, or of the pixels.
  ascribe::Segments segments(const Sample& labels) const {
    std::vector<Index> whole;
    for (const double label : labels.values) {
      if (!(std::abs(label) < 0x1p53) || label != std::floor(label))
        ascribe::fail(labels.name, ": expected whole numbers as labels, found ", label);
      whole.push_back(static_cast<Index>(label));
    }
    Index values = 0;
    for (const auto& [name, shape] : inputs()) values += count_of(shape);
    return static_cast<Index>(whole.size()) == values ? ascribe::Segments(whole)
                                                      : ascribe::Segments::of_pixels(whole, input_maps());
  }

  /// What the methods without books say of an input: into.relevance, and a ledger that sums it up.
  void without_books(const Options& options, const Shared& shared, const Column& x, const Column& base,
                     const ascribe::start::WeightedOutputs& start, const Parts& parts,
                     const typename Graph::Trace& trace, typename Graph::Explanation& into) const {
    if (options.method->parts) {
      if (const auto* squares = std::get_if<ascribe::Patches>(&parts))
        into.relevance = ascribe::occlusion(net_.graph, x, base, start, *squares).relevance;
      if (const auto* labelled = std::get_if<ascribe::Segments>(&parts))
        into.relevance = ascribe::occlusion(net_.graph, x, base, start, *labelled).relevance;
    } else {
      into.relevance = examples::activation_map(net_.graph, *options.method, x, trace, start, shared.layer,
                                                shared.input_maps);
    }
    if (!into.relevance.allFinite()) ascribe::fail("expected finite relevances, found one that is not");
    into.ledger.reset(1);
    into.ledger.leave(0) = into.relevance.sum();
  }

  static std::vector<double> numbers_of(const Column& values) {
    return {values.data(), values.data() + values.size()};
  }

  /// What is each input's of the ledger's.
  std::vector<double> leaves(const Column& relevance, const Column& x, bool times_input) const {
    std::vector<double> all;
    Index feature = 0;
    for (const auto& [name, shape] : inputs()) {
      double sum = 0;
      for (const Index end = feature + count_of(shape); feature < end; ++feature)
        sum += static_cast<double>(relevance(feature, 0)) *
               (times_input ? 1 : static_cast<double>(x(feature, 0)));
      all.push_back(sum);
    }
    return all;
  }

  static Column columns(const std::vector<Sample>& samples) {
    Column all(static_cast<Index>(samples[0].values.size()), static_cast<Index>(samples.size()));
    for (Index n = 0; n < all.cols(); ++n) all.col(n) = column(samples[static_cast<std::size_t>(n)]);
    return all;
  }

  /// The sum of the outputs times weights.
  static Goal goal_of(const Sample& weights) {
    Goal goal = weighted("weights", weights.values);
    for (const auto& [output, weight] : goal.terms)
      if (!std::isfinite(weight))
        ascribe::fail(weights.name, ": expected finite weights, found ", weight, " for output ", output);
    if (goal.terms.empty()) ascribe::fail(weights.name, ": expected a weight that is not 0, found none");
    return goal;
  }

  static Goal goal_of(const Shared& shared, const Own& own, const Column& output, std::size_t n) {
    if (own.output) return {std::to_string(*own.output), {{*own.output, 1}}};
    if (own.weights) return goal_of(*own.weights);
    if (!shared.goals.empty()) return shared.goals[shared.goals.size() == 1 ? 0 : n];
    Index best = 0;
    output.col(0).maxCoeff(&best);
    return {std::to_string(best), {{best, 1}}};
  }

  Explanation one(const Options& options, const Shared& shared, const Sample& sample, const Own& own,
                  std::size_t n, bool node_books, Memory& memory) const {
    const auto& plan = shared.plan;
    const bool by_node = node_books || !shared.at.empty();
    const std::string_view method = options.method->name;
    const Column x = column(sample), own_base = own.baseline ? column(*own.baseline) : Column();
    const Column& bases = own.baseline ? own_base : shared.baselines;
    forward(x, memory.trace, plan, by_node, memory);
    const Column& output = memory.trace.output();
    const Goal goal = goal_of(shared, own, output, n);
    const ascribe::start::WeightedOutputs start{goal.terms};
    if (own.baseline && reads_trace(options)) forward(bases, memory.baseline, plan, by_node, memory);
    Parts own_parts;
    if (own.segments) own_parts = segments(*own.segments);
    Explanation result;
    const Index count = options.method->baseline ? bases.cols() : 1;
    const auto trace_of = [&](Index k) -> const typename Graph::Trace* {
      if (!reads_trace(options)) return nullptr;
      return own.baseline ? &memory.baseline : &shared.baseline_traces[static_cast<std::size_t>(k)];
    };
    // Against baseline k, where the method has any.
    const auto against = [&](Index k, typename Graph::Explanation& into) {
      const Column base = options.method->baseline ? Column(bases.col(k)) : Column();
      const typename Graph::Trace* base_trace = trace_of(k);
      if (plan) {
        into.record = !shared.at.empty() ? ascribe::Record::per_layer
                      : node_books       ? ascribe::Record::books
                                         : ascribe::Record::totals;
        into.chosen = shared.at;
        net_.graph.explain(memory.trace, start, *plan, into, memory.workspace, base_trace);
      } else if (method == "deep_lift_reveal_cancel") {
        into = ascribe::reveal_cancel(net_.graph, memory.trace, start, *base_trace);
      } else if (!options.method->books) {
        without_books(options, shared, x, base, start, own.segments ? own_parts : shared.parts, memory.trace,
                      into);
      } else if (method == "integrated_gradients") {
        into = ascribe::integrated_gradients(net_.graph, x, base, start, options.steps);
      } else {
        into = ascribe::smoothgrad(net_.graph, x, start, options.steps);
      }
      if (method == "integrated_gradients" || !options.method->books)
        return;  // what that leaves open is no fault
      const std::string warning = (*shared.audit)(into, 0, x, start, base.size() > 0 ? &base : nullptr);
      if (result.warning.empty()) result.warning = warning;
    };
    auto& explanation = memory.explanation;
    ascribe::average_of(count, explanation, memory.another, against);

    result.goal = goal;
    result.output = numbers_of(output);
    result.relevance = numbers_of(explanation.relevance);
    result.totals = amounts(explanation.ledger);
    result.leaves = leaves(explanation.relevance, x, shared.times_input);
    if (method == "integrated_gradients") say_of_integral(options, explanation, result);
    if (options.method->layer && options.layer.empty())
      result.remark =
          "the map is of '" + net_.graph.node(shared.layer.node).name + "'; --layer takes another node";
    if (count > 1)
      result.remark +=
          (result.remark.empty() ? "" : "; ") + ("the mean over " + std::to_string(count)) + " baselines";
    if (method == "smoothgrad")
      result.remark = "the books are the mean of those of " + std::to_string(options.steps) +
                      " noisy inputs, and close for any number; --steps " +
                      std::to_string(4 * options.steps) + " would halve the mean's noise";
    // Of the first input alone, since it takes several times what an explanation does, and of none that ids
    // have chosen, of which each is a network of its own.
    if (plan && n == 0 && count == 1 && options.output_folder.empty() && rows().empty())
      result.remark =
          said_of_kinks(options, x, start, options.method->baseline ? Column(bases.col(0)) : Column());
    if (node_books)
      for (const auto& node : explanation.nodes) result.nodes.push_back(amounts(node.books));
    for (const Index node : shared.at)
      result.at.push_back(numbers_of(ascribe::in_shape(
          net_.graph.node(node), explanation.nodes[static_cast<std::size_t>(node)].relevance)));
    if (shared.multipliers) {
      // The same way back once more, without the input at its end.
      const auto bare = [&](Index k, typename Graph::Explanation& into) {
        into.record = ascribe::Record::totals;
        net_.graph.explain(memory.trace, start, *shared.multipliers, into, memory.workspace, trace_of(k));
      };
      ascribe::average_of(count, explanation, memory.another, bare);
      result.multipliers = numbers_of(explanation.relevance);
    }
    return result;
  }

  /// That an explanation hangs on rounding; empty where it does not.
  std::string said_of_kinks(const Options& options, const Column& x,
                            const ascribe::start::WeightedOutputs& start, const Column& baseline) const {
    const auto found = ascribe::check::stability(net_.graph, x, start, rules(options), baseline);
    if (found.share <= examples::near_kink_limit) return "";
    return examples::in_words(100 * found.share) + " % of the relevance passes through units of '" +
           net_.graph.node(found.node).name +
           "' that are within rounding of their kink: other hardware may differ";
  }

  /// Integrated gradients close up to the midpoint rule's error. It falls with the square of the steps where
  /// the gradient is smooth, and with the steps where the path crosses kinks, each of which lies somewhere in
  /// a step: nearly all networks have ReLUs or maxima, so that twice as many steps is what is said, which is
  /// enough for both.
  static void say_of_integral(const Options& options, const typename Graph::Explanation& explanation,
                              Explanation& result) {
    using examples::in_words;
    const double start = std::abs(result.totals.enter), open = std::abs(result.totals.closing_error);
    const std::string steps = "--steps " + std::to_string(options.steps) + " leaves ";
    if (open == 0) {
      result.remark = steps + "nothing open";
    } else {
      const std::string left = steps + in_words(open) + " open, " + in_words(100 * open / start) +
                               " % of the start; --steps " + std::to_string(2 * options.steps) +
                               " would leave about half of it";
      result.remark = left;
      // Against itself an input has a start of 0, and leaves rounding.
      const bool rounding = bool(ascribe::check::conservation(explanation, 0));
      if (!rounding && open > examples::open_limit * start) result.warning = left;
    }
    const double moved = ascribe::check::moved(explanation, 0);
    if (result.warning.empty() && moved > options.warn_above * start)
      result.warning = examples::too_much(moved, start, options.warn_above);
  }

  /// Keeps what the method's rules read, or where the books of every node are in quotients, every value.
  void forward(const Column& x, typename Graph::Trace& trace, const std::optional<typename Graph::Plan>& plan,
               bool node_books, Memory& memory) const {
    if (plan && (!node_books || plan->form() == ascribe::Form::R))
      net_.graph.forward(x, trace, memory.workspace, *plan);
    else
      net_.graph.forward(x, trace, memory.workspace);
  }

  static Amounts amounts(const ascribe::Ledger<Scalar>& books) {
    return {static_cast<double>(books.enter(0)),   static_cast<double>(books.leave(0)),
            static_cast<double>(books.bias(0)),    static_cast<double>(books.stabiliser(0)),
            static_cast<double>(books.dropped(0)), static_cast<double>(books.closing_error()(0))};
  }

  ascribe::onnx::Network<Scalar> net_;
  std::vector<double> rows_;
};

}  // namespace explain
