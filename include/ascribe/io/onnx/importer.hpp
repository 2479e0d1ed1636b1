/// From a Model to a Graph: what the translation of every operator needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/function_ref.hpp>
#include <ascribe/core/linkage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/io/onnx/activation.hpp>
#include <ascribe/io/onnx/budget.hpp>
#include <ascribe/io/onnx/builder.hpp>
#include <ascribe/io/onnx/layers.hpp>
#include <ascribe/io/onnx/model.hpp>
#include <ascribe/io/onnx/moves.hpp>
#include <ascribe/io/onnx/node_report.hpp>
#include <ascribe/io/onnx/options.hpp>
#include <ascribe/io/onnx/subgraphs.hpp>
#include <ascribe/io/onnx/tensor.hpp>
#include <ascribe/networks/origin.hpp>

namespace ascribe::onnx {

/// Throws an error again under the node's name, if it does not bear it already, or that of a node which was
/// taken together with it ("node 'x' (Add): …", as `describe` begins).
[[noreturn]] inline void fail_at(const Node& node, const Error& error) {
  const std::string_view said = error.what();
  if (said.starts_with("node '") || said.starts_with("node of '")) throw error;
  fail(describe(node), ": ", said);
}

class Importer;

/// An operator by its name in ONNX, and its translation.
struct Operator {
  std::string_view type;  ///< its name in ONNX
  /// Defines the node's outputs.
  void (*translate)(Importer& importer, const Node& node);
  bool moves = false;  ///< values, computing nothing: constants are moved by the translation too
};

/// Walks through a model's nodes and builds a Graph. What has only constant inputs is evaluated and remains a
/// constant; every other node is handed to its operator's translation, which asks for its inputs and
/// defines its outputs.
class Importer {
 public:
  /// All three must outlive it.
  Importer(const Model& model, const ReadOptions& options, Builder& builder);

  // --- What a translation asks -----------------------------------------------------------------

  /// The version of the standard operators.
  Index opset() const { return model_.opset; }
  /// The bytes of one value of the network.
  std::size_t scalar_bytes() const { return builder_.scalar_bytes(); }
  /// Counts the weights of a convolution against ReadOptions::memory, in the order of both products, which
  /// few filters in many groups make larger. Throws Error, naming the node, where there are too many.
  void charge(const Node& node, const layer::Convolution& convolution) const;
  /// Whether input k is there.
  bool has_input(const Node& node, std::size_t k) const {
    return k < node.inputs.size() && !node.inputs[k].empty();
  }
  /// Whether output k is read, or is the network's.
  bool has_output(const Node& node, std::size_t k) const;
  /// Whether output k is what the network gives, where that is scores and no probabilities (heads.hpp).
  bool gives_scores(const Node& node, std::size_t k) const {
    return options_.scores && is_graph_output(node.outputs[k]);
  }
  /// Whether input k is a constant.
  bool is_constant(const Node& node, std::size_t k) const;
  /// Input k, which has to be a constant. A node pays once for each that it reads. Throws Error, naming the
  /// node, where it is none.
  const Tensor& constant(const Node& node, std::size_t k) const;
  /// The shape of input k, a constant, without asking for its values.
  const Dims& dims_of_constant(const Node& node, std::size_t k) const;
  /// Input k, which has to depend on the network's inputs. Throws Error where it does not.
  const Activation& activation(const Node& node, std::size_t k) const;
  /// Input k, whether it is a constant or not.
  Activation value(const Node& node, std::size_t k) const;

  /// Input k where it has −∞ around it; null where it has not.
  const Padded* padded(const Node& node, std::size_t k) const;

  /// A value by its name, for a node that stands for several.
  const Activation& activation_of(const Node& node, const std::string& value) const;

  /// The nodes that read what a node computes; none where an output of the network is among it.
  std::optional<std::vector<const Node*>> consumers(const Node& node) const;
  /// The only node that reads output 0 of `node`, so that both may become one layer; null where there are
  /// several, or the value is an output of the model.
  const Node* only_consumer(const Node& node) const;
  /// Whether a value is whole numbers, as an input is.
  bool is_whole(const std::string& value) const;
  /// Whether what is read is no network: a node whose inputs are all constants is evaluated.
  bool of_constants() const { return of_constants_; }
  /// Those that the outputs depend on, in the file's order; while the nodes of a branch of an If are
  /// prepared, these.
  const std::vector<const Node*>& nodes() const { return nodes_; }
  /// The node that computes a value; null for an input or initializer.
  const Node* producer(const std::string& value) const;
  /// The network's inputs that a value which is no constant hangs on, as a message has them: "input 'x'", or
  /// "inputs 'x', 'y'".
  std::string inputs_behind(const std::string& value) const;
  /// The size that the file gives the batch's axis, which files often repeat in the shapes that they ask for;
  /// none where it is open, or there is no batch.
  std::optional<Index> file_batch() const { return file_batch_; }
  /// Counts a value or table of `dims` elements, of so many bytes each, against ReadOptions::memory, before
  /// it is made. Throws Error, naming the node, where there are less than 1 or too many.
  void charge(const Node& node, const Dims& dims, std::size_t item_size) const;
  /// Counts what is made of constants, of any number of elements, before it is made.
  auto payer(std::string where) const {
    return [this, where = std::move(where)](const Dims& dims, std::size_t item_size) {
      charge(where, element_count(dims, where), item_size);
    };
  }
  /// Says that another node's translation has been done together with this one.
  void absorb(const Node& node);

  // --- What a translation says -----------------------------------------------------------------

  /// A constant is brought into C order; its bytes stay where they are if nothing moves.
  void define(const std::string& output, Activation value);
  /// An output that is a constant.
  void define(const std::string& output, Tensor value);
  /// An output with −∞ around it.
  void define(const std::string& output, Padded value);
  /// A sentence for the reader of the network: what was left out or taken for granted.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  /// Adds a layer to the graph under the ONNX node's name, or its output's where it has none or it is taken.
  /// `part` names one of several layers that a node becomes.
  Activation add(const Node& node, std::string_view part, const layer::Layer& layer,
                 const std::vector<Activation>& inputs, Dims dims, AxisOrder order);

  /// The layer that computes `of` once more, on a value like the one that it reads: its weights stand once in
  /// memory. What it computes has the shape and order of `of`.
  Activation add_again(const Node& node, std::string_view part, const Activation& of, const Activation& a);

  /// A value with its axes in another order in memory: the same node where nothing moves.
  Activation in_order(const Node& node, const Activation& a, const AxisOrder& order);

  /// A value of shape `dims` whose element at i₀, i₁, … is a's at source(0, i₀), source(1, i₁), …, and 0 (or
  /// `fill`, one element) where one of these is −1: slices, padding, nearest resizing, expansion. `dims` has
  /// as many axes as a. The same node, or constant, where nothing moves. Throws Error where the batch's axis
  /// is touched.
  Activation select(const Node& node, std::string_view part, const Activation& a, Dims dims,
                    const AxisOrder& order, AxisSource source, const Tensor& fill = {});
  /// The same with one map for each axis of `a`, whose lengths are the result's sizes.
  Activation select(const Node& node, std::string_view part, const Activation& a,
                    const std::vector<std::vector<Index>>& maps, const AxisOrder& order);

  /// A value whose element at the multi-index `at` is element source(at) of `values` in memory, one behind
  /// the other, or 0 where that is −1. `shape` says its dims, order and batch. The same node where nothing
  /// moves; constants among activations become biases, and constants alone, all of one type, a constant.
  Activation gather(const Node& node, std::string_view part, const std::vector<Activation>& values,
                    const Activation& shape, PlaceSource source);
  /// The same of one value.
  Activation gather(const Node& node, std::string_view part, const Activation& a, Dims dims, AxisOrder order,
                    PlaceSource source);

  /// A constant as it is added to or multiplied with `a` (numpy's broadcasting, to a's shape): an entry a
  /// feature in a's order in memory, shortened to one period where it repeats. Throws Error where the
  /// shapes do not fit, or the constant would enlarge the value.
  layer::Numbers broadcast(const Node& node, const Tensor& constant, const Activation& a) const;

  /// A node of constants as the layers that it is on activations: a network of this node alone, whose input
  /// is the node's first. False where that is left out or not floating-point. An Error where the layers leave
  /// something out, which their notes say.
  bool evaluate_by_layers(const Node& node);

  /// The outputs of one node of constants, of the operators that move values or that fold.hpp knows. A null
  /// input is left out.
  static std::vector<Tensor> evaluate(std::span<const Operator> operators, Builder& builder, const Node& node,
                                      std::span<const Tensor* const> inputs, Index opset, Budget& budget);

  // --- The walk --------------------------------------------------------------------------------

  /// What `run` finds out about the network that the builder has when it is done.
  struct Result {
    /// Of the network.
    std::vector<Activation> inputs, outputs;
    /// Their names in the file, and what a reader should know.
    std::vector<std::string> input_names, output_names, notes;
    std::vector<std::vector<double>> input_values;  ///< of those that lookups made
  };

  /// Translates a node before the walk reaches it: `translate` defines its outputs in its place.
  void replace(const Node& node, std::function<void(Importer&)> translate);

  /// Looks for patterns of several nodes before the walk, when all constants are known; it may `absorb` and
  /// `replace`.
  using Prepare = FunctionRef<void(Importer&)>;

  /// What becomes of each node that the outputs depend on, one behind the other as they are read. Throws
  /// Error where an input has no size, and what `prepare` throws.
  std::vector<NodeReport> survey(std::span<const Operator> operators, Prepare prepare);

  /// Translates all nodes that the outputs depend on. Throws Error that lists what has no translation among
  /// `operators`, and all that translations throw.
  Result run(std::span<const Operator> operators, Prepare prepare);

 private:
  /// What is known before the walk: constants, and which nodes are needed.
  void begin(std::span<const Operator> operators);

  /// Pays for a layer, and has it made: make(nodes that it reads, shape, origin).
  Activation add_with(const Node& node, const std::vector<Activation>& inputs, Dims dims, AxisOrder order,
                      FunctionRef<Index(std::vector<Index>, Dims, Origin)> make);

  /// Every axis as it is.
  static constexpr auto unmoved = [](std::size_t, Index i) { return i; };

  /// Runs a translation. What its layers' constructors throw knows of no node: it gets this one's name.
  static void named(const Node& node, FunctionRef<void()> translate);

  void check_input(const Node& node, std::size_t k) const;
  bool is_graph_output(const std::string& name) const;

  /// Translates nodes that stand behind those that they read.
  void walk(const std::vector<const Node*>& all, Prepare prepare);

  void translate(const Node& node, Prepare prepare);

  static constexpr const char* unknown_operator = "the operator is not supported";

  /// Does something with a node, and writes down what became of it: once, and nothing where it reads what
  /// could not be read.
  void look_at(const Node& node, FunctionRef<void()> act);

  /// Evaluates those whose inputs are constants and lists all; in an If's place, the nodes of the branch that
  /// a constant chooses.
  void evaluate_constants(const std::vector<const Node*>& all, std::vector<const Node*>& listed);

  /// What comes of numbers that choose rows chooses rows too; the rows of a table of numbers become an input
  /// of the network.
  void follow_choices(const Node& node);

  /// The nodes that an If's outputs depend on and that are not on their way yet, once its condition is known:
  /// those of the branch, and those of the graphs around it that only the branch reads. Nothing else of the
  /// other branch is looked at than which values it reads.
  std::vector<const Node*> branch_of(const Node& node);

  /// Defines a branch's constants, and makes its nodes known under names of their own. Gives the If's outputs
  /// that somebody reads.
  std::vector<std::string> copy_branch(const Node& node, const Graph& graph, const std::string& where);

  /// The nodes that `values` depend on and that the walk does not have yet, in an order in which they can be
  /// run. What the sub-graphs inside of them read waits until they are known to be taken.
  std::vector<const Node*> needed(const Node& node, std::vector<std::string> values);

  /// Sub-graphs keep what they read: until it is known which is taken, nothing of it may vanish into a layer.
  void add_consumer(const Node& node);

  /// Which outputs are asked for, and which nodes they depend on.
  void find_needed();

  /// The file's output of that number, where no value has the number for its name.
  std::string named_output(std::string output) const;

  /// Throws Error for operators that are not known, all of them, with how many nodes they have and which is
  /// the first: whether they can be had for constants alone, where theirs are, is known before any shape is.
  void check_operators() const;

  /// Whole numbers that come from an input may be moved and cast to numbers to compute with. Any other
  /// operator would compute as integers do. Throws Error where one is to.
  void check_whole(const Node& node);

  static Index checked_count(const std::string& where, const Dims& dims);

  Activation add_input(const ValueInfo& input);

  /// A node that depends on no input, or on the shape of a value alone, is a constant.
  bool evaluate_constant(const Node& node);

  std::string unique_name(const Node& node, std::string_view part);

  void charge(const std::string& where, Index count, std::size_t item_size) const;

  /// The bytes of all tensors that came with the model, each once, however many of them share it.
  static std::uint64_t stored_bytes(const Model& model, const ReadOptions& options);

  const Model& model_;
  const ReadOptions& options_;
  Builder& builder_;
  std::unordered_map<std::string, Tensor> constants_;
  std::unordered_map<std::string, Activation> activations_;
  std::unordered_map<std::string, Padded> padded_;
  std::unordered_map<std::string_view, const Operator*> operators_;
  /// A name in the file, and the value that is given under it: the scores where heads are left out.
  struct Output {
    std::string name, value;
  };
  std::vector<Output> outputs_;
  std::vector<const Node*> nodes_;
  std::unordered_map<std::string, std::vector<const Node*>> consumers_;
  std::unordered_map<std::string, const Node*> producers_;
  std::unordered_set<std::string> graph_outputs_, names_;
  std::unordered_set<std::string>
      possible_;                            // values that the outputs depend on, whatever branches are taken
  std::unordered_set<const Node*> walked_;  // nodes that the walk has had or will have
  std::deque<Node> made_;                   // of branches
  std::unordered_map<const Node*, std::size_t> places_;  // each behind those of the nodes that it reads
  FreshNames value_names_;                               // once there are branches
  /// The rows of a table that became an input.
  struct LookedUp {
    std::string name;
    std::vector<double> values;
  };
  std::vector<LookedUp> looked_up_;
  std::unordered_set<std::string> choices_;  // values that choose rows
  std::unordered_set<std::string> whole_;    // values that are whole numbers, as an input is
  std::unordered_map<std::string, Index> repetitions_;
  std::unordered_set<const Node*> absorbed_;
  std::unordered_map<const Node*, std::function<void(Importer&)>> replacements_;
  std::vector<std::string> notes_;
  std::vector<NodeReport>* survey_ = nullptr;  // where faults are written down, and not thrown
  std::unordered_map<std::string, std::string>
      unread_;  // values, and the node that cannot be read before them
  std::unordered_set<const Node*> looked_at_;
  bool of_constants_ = false;
  std::optional<Index> file_batch_;
  mutable Budget budget_;  // what is left of it; asking for a constant takes from it
  mutable std::set<std::pair<const Node*, std::size_t>> read_;  // constants that have been paid for
};

}  // namespace ascribe::onnx

#ifdef ASCRIBE_DEFINES
#include <ascribe/io/onnx/importer/needed.hpp>
#include <ascribe/io/onnx/importer/values.hpp>
#include <ascribe/io/onnx/importer/walk.hpp>
#endif
