/// LSTM, GRU and RNN, unrolled over time into layers.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/operators/arithmetic.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>
#include <ascribe/io/onnx/operators/linear.hpp>

namespace ascribe::onnx {

/// An activation function of a recurrent operator: its name, and as many parameters as it has.
struct GateFunction {
  std::string_view name;
  int parameters = 0;
  double alpha = 0, beta = 0;  ///< where the file gives none
};

inline constexpr std::array<GateFunction, 11> gate_functions{{
    {"Sigmoid"},
    {"Tanh"},
    {"Relu"},
    {"Softsign"},
    {"Softplus"},
    {"LeakyRelu", 1, 0.01},
    {"ThresholdedRelu", 1, 1},
    {"Elu", 1, 1},
    {"Affine", 2, 1, 0},
    {"ScaledTanh", 2, 1, 1},
    {"HardSigmoid", 2, 0.2, 0.5},
}};

/// Gives `values` to the functions, of which those with at least `parameters` have such a one. ONNX speaks of
/// the order of the functions: a list has an entry for each that has the parameter, or for each at all.
inline void give_parameters(const Node& node, std::string_view attribute, const std::vector<float>* values,
                            int parameters, double GateFunction::*member,
                            std::vector<GateFunction>& functions) {
  if (!values || values->empty()) return;
  const auto has_it = [&](const GateFunction& f) { return f.parameters >= parameters; };
  const std::size_t takers = std::size_t(std::count_if(functions.begin(), functions.end(), has_it));
  const bool for_each = values->size() == functions.size();
  if (!for_each && values->size() != takers)
    fail(describe(node), ": attribute '", attribute, "': expected ", takers, " values or ", functions.size(),
         ", found ", values->size());
  auto next = values->begin();
  for (GateFunction& f : functions) {
    const bool takes = has_it(f);
    if (takes) f.*member = double(*next);
    if (takes || for_each) ++next;
  }
}

/// The functions of all directions, one direction behind the other: the attribute `activations`, or
/// `defaults` in each direction. Throws Error for a function that is not known.
inline std::vector<GateFunction> gate_functions_of(const Node& node, Attributes& attributes,
                                                   const std::vector<std::string_view>& defaults,
                                                   Index directions) {
  std::vector<std::string> names;
  for (Index d = 0; d < directions; ++d) names.insert(names.end(), defaults.begin(), defaults.end());
  if (const auto* given = attributes.find<std::vector<std::string>>("activations")) {
    if (given->size() != names.size())
      fail(describe(node), ": attribute 'activations': expected ", names.size(), " functions, found ",
           given->size());
    names = *given;
  }
  std::vector<GateFunction> functions;
  for (const std::string& name : names) {  // whose letters may be small or large
    const auto same = [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    const auto found = std::find_if(gate_functions.begin(), gate_functions.end(), [&](const GateFunction& f) {
      return std::equal(f.name.begin(), f.name.end(), name.begin(), name.end(), same);
    });
    if (found == gate_functions.end())
      fail(describe(node), ": attribute 'activations': the function ", shown(name), " is not supported");
    functions.push_back(*found);
  }
  give_parameters(node, "activation_alpha", attributes.find<std::vector<float>>("activation_alpha"), 1,
                  &GateFunction::alpha, functions);
  give_parameters(node, "activation_beta", attributes.find<std::vector<float>>("activation_beta"), 2,
                  &GateFunction::beta, functions);
  return functions;
}

/// What a cell carries from step to step; where there is none yet, zeros.
struct RecurrentState {
  std::optional<Activation> hidden, cell;
};

/// A layer that stands at every step, with one map (Importer::add_again).
class EveryStep {
 public:
  EveryStep(Tensor weights, layer::Numbers bias) : weights_(std::move(weights)), bias_(std::move(bias)) {}

  Activation at(Importer& importer, const Node& node, const std::string& part, const Activation& a) {
    if (first_) return importer.add_again(node, part, *first_, a);
    layer::Dense dense = dense_of(importer, node, weights_, false, a.size());
    const Dims dims{a.dims[0], dense.outputs()};
    first_ = importer.add(node, part, layer::MatMul{std::move(dense), bias_}, {a}, dims, c_order(2));
    return *first_;
  }

 private:
  Tensor weights_;
  layer::Numbers bias_;
  std::optional<Activation> first_;
};

/// One direction of a recurrent node, and what the formulas of its cell are made of. A value at one step has
/// the axes batch and features.
struct RecurrentDirection {
  Importer& importer;
  const Node& node;
  Index batch, hidden, gates, batch_axis;
  Index place;                          ///< among the directions
  std::vector<GateFunction> functions;  ///< f, g, h as ONNX names them
  double clip;                          ///< infinite: none
  std::optional<Tensor> peepholes;      ///< one row a gate: i, o, f
  layer::Numbers inner_bias;            ///< what of R's is not added to W·x
  Activation projected;                 ///< W·x of all steps: steps, batch, gates · hidden
  std::string start;                    ///< what the names of the nodes of this direction begin with
  std::string step = start;             ///< those of this step
  Activation around = {};               ///< some of the steps of `projected`
  Index around_begin = -1;              ///< the first of them

  /// Rows of R, of so many gates.
  Tensor recurrent_weights(Index first, Index count) const {
    const Tensor& r = importer.constant(node, 2);
    if (r.dims()[0] == 1 && count == gates) return r.reshaped({count * hidden, hidden});
    return importer
        .select(node, "", as_activation(r), Dims{1, count * hidden, hidden}, c_order(3),
                [&](std::size_t axis, Index i) {
                  return axis == 0 ? place : axis == 1 ? first * hidden + i : i;
                })
        .constant->reshaped({count * hidden, hidden});
  }

  std::string named(std::string_view part) const { return step + std::string(part); }

  /// A value of so many features at one step, whose place in memory is source(row, feature).
  template <class Source>
  Activation pick(std::string_view part, const std::vector<Activation>& values, Index features,
                  const Source& source) const {
    return importer.gather(node, named(part), values,
                           Activation{-1, {batch, features}, c_order(2), batch_axis},
                           [&](const std::vector<Index>& at) { return source(at[0], at[1]); });
  }
  /// W·x + biases at step t, of so many gates.
  Activation from_input(std::string_view part, Index t, Index first, Index count) {
    const Index begin = take_steps_around(t);
    return pick(part, {around}, count * hidden, [&](Index row, Index i) {
      return ((t - begin) * batch + row) * gates * hidden + first * hidden + i;
    });
  }
  /// Has `around` hold step t, and returns its first step. What is handed back to a value costs as much as
  /// all of it: a long sequence goes by √steps of √steps, which costs steps^1.5 and not steps².
  Index take_steps_around(Index t) {
    constexpr Index few = 16;
    const Index steps = projected.dims[0];
    const Index piece = steps <= few ? steps : Index(std::ceil(std::sqrt(double(steps))));
    const Index begin = t / piece * piece, count = std::min(piece, steps - begin);
    if (begin == around_begin) return begin;
    around_begin = begin;
    around = importer.gather(node, start + "from input/steps from " + std::to_string(begin), {projected},
                             Activation{-1, {count, batch, gates * hidden}, c_order(3), projected.batch_axis},
                             [&](const std::vector<Index>& at) {
                               return ((begin + at[0]) * batch + at[1]) * gates * hidden + at[2];
                             });
    return begin;
  }
  /// Gate k of sums of `count` gates.
  Activation gate_sums(std::string_view part, const Activation& sums, Index count, Index k) const {
    return pick(part, {sums}, hidden, [&](Index row, Index i) { return (row * count + k) * hidden + i; });
  }
  /// The same numbers for every sample, as a value.
  Activation constant(std::string_view part, layer::Numbers values) const {
    const Index count = Index(values.size());
    const Activation numbers = as_activation(Tensor::of("", {count}, std::move(values)));
    return pick(part, {projected, numbers}, count, [&](Index, Index i) { return projected.size() + i; });
  }

  Activation sum(std::string_view part, const std::vector<Activation>& values) const {
    return add_sum(importer, node, values, named(part));
  }
  Activation gated(std::string_view part, const Activation& signal, const Activation& gate) const {
    return add_gated(importer, node, signal, gate, named(part));
  }
  /// alpha·a + beta.
  Activation affine(std::string_view part, const Activation& a, double alpha, double beta) const {
    return importer.add(node, named(part), layer::MatMul{layer::ChannelScale{a.size(), {alpha}}, {beta}}, {a},
                        a.dims, a.order);
  }
  /// 1 − a.
  Activation complement(std::string_view part, const Activation& a) const { return affine(part, a, -1, 1); }
  /// Peephole k: its weights times the cell.
  Activation peephole(std::string_view part, Index k, const Activation& cell) const {
    const Tensor weights = *importer
                                .select(node, "", as_activation(*peepholes), Dims{1, hidden}, c_order(2),
                                        [&](std::size_t axis, Index i) { return axis == 0 ? k : i; })
                                .constant;
    return add_affine(importer, node, cell, &weights, nullptr, 1, named(part));
  }

  /// The direction's function k, of what is clipped before.
  Activation function(std::string_view part, std::size_t k, Activation a) const {
    const GateFunction& f = functions[k];
    const auto add = [&](layer::Function g, std::string_view which = "") {
      a = add_function(importer, node, a, std::move(g), named(part) + std::string(which));
    };
    if (clip < std::numeric_limits<double>::infinity()) add(fn::Clip{-clip, clip}, "/clip");
    if (f.name == "Sigmoid") add(fn::Sigmoid());
    if (f.name == "Tanh") add(fn::Tanh());
    if (f.name == "Relu") add(fn::Relu());
    if (f.name == "Softsign") add(fn::Softsign());
    if (f.name == "Softplus") add(fn::Softplus());
    if (f.name == "LeakyRelu") add(fn::LeakyRelu{f.alpha});
    if (f.name == "ThresholdedRelu") add(fn::ThresholdedRelu{f.alpha});
    if (f.name == "Elu") add(fn::Elu{f.alpha});
    if (f.name == "HardSigmoid") add(fn::HardSigmoid{f.alpha, f.beta});
    if (f.name == "Affine") a = affine(part, a, f.alpha, f.beta);
    if (f.name == "ScaledTanh") {  // alpha·tanh(beta·x)
      add(fn::Scale{f.beta}, "/scaled");
      add(fn::Tanh(), "/tanh");
      add(fn::Scale{f.alpha});
    }
    return a;
  }
};

/// h = f(W·x + R·h + biases): Elman 1990, Cognitive Science 14(2); ONNX's operator RNN.
struct RnnCell {
  static constexpr Index gates = 1, layers = 8;
  static constexpr bool has_cell = false;
  static constexpr std::string_view option = {};
  static std::vector<std::string_view> functions() { return {"Tanh"}; }

  RecurrentDirection& d;
  EveryStep recurrent;

  RnnCell(RecurrentDirection& direction, bool) : d(direction), recurrent(d.recurrent_weights(0, 1), {}) {}

  RecurrentState next(Index t, const RecurrentState& state) {
    Activation sums = d.from_input("from input", t, 0, 1);
    if (state.hidden)
      sums = d.sum("sums", {sums, recurrent.at(d.importer, d.node, d.named("from hidden"), *state.hidden)});
    return {d.function("hidden", 0, sums), {}};
  }
};

/// Hochreiter & Schmidhuber 1997, Neural Computation 9(8), with Gers, Schmidhuber & Cummins' forget gate
/// (2000) and peepholes (Gers & Schmidhuber 2000), as ONNX's operator LSTM has it:
///
///     i, f = f(W·x + R·h + P ⊙ c + biases),  g = g(W·x + R·h + biases)
///     c' = f ⊙ c + i ⊙ g
///     o = f(W·x + R·h + P ⊙ c' + biases),  h' = o ⊙ h(c')
///
/// Every ⊙ of a gate is a Product whose gate i, f and o are. Under GateConstant the signals take all (Arras
/// et al. 1909.12114).
struct LstmCell {
  static constexpr Index gates = 4, layers = 32;
  static constexpr bool has_cell = true;
  static constexpr std::string_view option = "input_forget";  ///< the forget gate is 1 − i
  static std::vector<std::string_view> functions() { return {"Sigmoid", "Tanh", "Tanh"}; }

  RecurrentDirection& d;
  EveryStep recurrent;
  bool coupled;

  LstmCell(RecurrentDirection& direction, bool input_forget)
      : d(direction), recurrent(d.recurrent_weights(0, 4), {}), coupled(input_forget) {}

  /// Gate k of the order of W's rows: i, o, f, c.
  Activation gate(std::string_view part, const Activation& sums, Index k,
                  const std::optional<Activation>& cell) {
    const std::string name(part);
    Activation a = d.gate_sums(name + "/sums", sums, 4, k);
    if (d.peepholes && cell) a = d.sum(name + "/with cell", {a, d.peephole(name + "/peephole", k, *cell)});
    return d.function(part, 0, a);
  }

  RecurrentState next(Index t, const RecurrentState& state) {
    Activation sums = d.from_input("from input", t, 0, 4);
    if (state.hidden)
      sums = d.sum("sums", {sums, recurrent.at(d.importer, d.node, d.named("from hidden"), *state.hidden)});
    const Activation input = gate("input", sums, 0, state.cell);
    const Activation candidate = d.function("candidate", 1, d.gate_sums("candidate/sums", sums, 4, 3));
    Activation cell = d.gated("written", candidate, input);
    if (state.cell) {
      const Activation forget = coupled ? d.complement("forget", input) : gate("forget", sums, 2, state.cell);
      cell = d.sum("cell", {d.gated("kept", *state.cell, forget), cell});
    }
    const Activation output = gate("output", sums, 1, cell);
    const Activation hidden = d.gated("hidden", d.function("cell/function", 2, cell), output);
    return {hidden, cell};
  }
};

/// Cho et al. 2014, 1406.1078, as ONNX's operator GRU has it:
///
///     z, r = f(W·x + R·h + biases)
///     n = g(W·x + R·(r ⊙ h) + biases);  with linear_before_reset: g(W·x + r ⊙ (R·h + its bias) + bias)
///     h' = (1 − z) ⊙ n + z ⊙ h
///
/// The gates are z, 1 − z and r.
struct GruCell {
  static constexpr Index gates = 3, layers = 24;
  static constexpr bool has_cell = false;
  static constexpr std::string_view option = "linear_before_reset";
  static std::vector<std::string_view> functions() { return {"Sigmoid", "Tanh"}; }

  RecurrentDirection& d;
  bool before_reset;
  layer::Numbers bias;  ///< of R, where r multiplies it
  EveryStep for_gates, for_candidate;

  GruCell(RecurrentDirection& direction, bool linear_before_reset)
      : d(direction),
        before_reset(linear_before_reset),
        bias(d.inner_bias),
        for_gates(d.recurrent_weights(0, 2), {}),
        for_candidate(d.recurrent_weights(2, 1), bias) {}

  RecurrentState next(Index t, const RecurrentState& state) {
    Activation sums = d.from_input("gates/from input", t, 0, 2);
    const auto apply = [&](EveryStep& layer, const char* part, const Activation& a) {
      return layer.at(d.importer, d.node, d.named(part), a);
    };
    if (state.hidden)
      sums = d.sum("gates/sums", {sums, apply(for_gates, "gates/from hidden", *state.hidden)});
    const auto gate = [&](const char* part, Index k) {
      return d.function(part, 0, d.gate_sums(std::string(part) + "/sums", sums, 2, k));
    };
    Activation candidate = d.from_input("candidate/from input", t, 2, 1);
    const auto add = [&](const Activation& a) { candidate = d.sum("candidate/sums", {candidate, a}); };
    if (!before_reset) {
      if (state.hidden)
        add(apply(for_candidate, "candidate/from hidden",
                  d.gated("candidate/reset hidden", *state.hidden, gate("reset", 1))));
    } else if (state.hidden || !bias.empty()) {
      const Activation inside = state.hidden ? apply(for_candidate, "candidate/from hidden", *state.hidden)
                                             : d.constant("candidate/from hidden", bias);
      add(d.gated("candidate/reset", inside, gate("reset", 1)));
    }
    candidate = d.function("candidate", 1, candidate);
    const Activation update = gate("update", 0);
    Activation hidden =
        d.gated(state.hidden ? "written" : "hidden", candidate, d.complement("write", update));
    if (state.hidden) hidden = d.sum("hidden", {d.gated("kept", *state.hidden, update), hidden});
    return {hidden, {}};
  }
};

/// What a recurrent node says of its sequence: the shapes and the batch of its inputs and outputs.
struct RecurrentShape {
  Index steps, batch, inputs, hidden, directions;
  Index length;      ///< so many of the steps are there
  bool batch_first;  ///< attribute `layout`
  Index batch_axis;  ///< −1: of a batch of one

  /// The shape of a state: Y_h, Y_c and what they start from.
  Activation state() const {
    if (batch_first) return {-1, {batch, directions, hidden}, {1, 0, 2}, batch_axis < 0 ? -1 : 0};
    return {-1, {directions, batch, hidden}, c_order(3), batch_axis < 0 ? -1 : 1};
  }
  Activation sequence() const {
    if (batch_first) return {-1, {batch, steps, directions, hidden}, {1, 2, 0, 3}, batch_axis < 0 ? -1 : 0};
    return {-1, {steps, directions, batch, hidden}, c_order(4), batch_axis < 0 ? -1 : 2};
  }
};

/// A constant input of so many axes, the first of which are the directions.
inline const Tensor& recurrent_constant(const Importer& importer, const Node& node, std::size_t k, Index rank,
                                        Index directions) {
  const Tensor& tensor = importer.constant(node, k);
  tensor.bytes();
  if (tensor.rank() != rank || tensor.size() < 1 || tensor.dims()[0] != directions)
    fail(describe(node), ": input ", k, ": expected ", rank, " axes, the first of ", directions,
         directions == 1 ? " direction" : " directions", ", found shape ", shown(tensor.dims()));
  return tensor;
}

/// How many steps there are: all, or as many as `sequence_lens` says of every sample.
inline Index sequence_length(const Importer& importer, const Node& node, const RecurrentShape& shape) {
  if (!importer.has_input(node, 4)) return shape.steps;
  const Tensor& lengths = importer.constant(node, 4);
  const auto values = lengths.values<std::int64_t>();
  if (values.empty() || (shape.batch_axis < 0 && Index(values.size()) != shape.batch))
    fail(describe(node), ": input 4, the lengths: expected ", shape.batch, ", found shape ",
         shown(lengths.dims()));
  for (const std::int64_t length : values) {
    if (length < 1 || length > shape.steps)
      fail(describe(node), ": input 4, the lengths: expected 1 to ", shape.steps, ", found ", length);
    if (length != values.front())
      fail(describe(node), ": input 4, the lengths: expected one for all samples, found ", values.front(),
           " and ", length);
  }
  return Index(values.front());
}

/// Input k of a recurrent node, in one direction, as what the cell starts from; none where it is left out or
/// all zeros.
inline std::optional<Activation> initial_state(const RecurrentDirection& d, const RecurrentShape& shape,
                                               std::size_t k, std::string_view part) {
  Importer& importer = d.importer;
  if (!importer.has_input(d.node, k)) return std::nullopt;
  Activation given = importer.value(d.node, k);
  const Activation expected = shape.state();
  const std::size_t axis = shape.batch_first ? 0 : 1;
  Dims dims = expected.dims;
  if (given.constant) {
    const Tensor& tensor = importer.constant(d.node, k);
    importer.charge(d.node, {std::max<Index>(1, tensor.size())}, sizeof(double));
    const auto values = tensor.values<double>();
    if (std::all_of(values.begin(), values.end(), [](double v) { return v == 0; })) {
      if (given.rank() == 3) given.dims[axis] = dims[axis];
      if (given.dims == dims) return std::nullopt;
    }
    if (shape.batch_axis >= 0 && given.rank() == 3) dims[axis] = given.dims[axis];  // the file's batch
  }
  if (given.dims != dims || given.size() < 1)
    fail(describe(d.node), ": input ", k, ": expected shape ", shown(expected.dims), ", found ",
         shown(given.dims));
  const auto strides = given.strides();
  const Index along_batch = strides[axis], along_directions = strides[1 - axis], along = strides[2];
  const auto at = [&](Index row, Index i) {
    return d.place * along_directions + row * along_batch + i * along;
  };
  if (!given.constant) {
    if (given.batch_axis != expected.batch_axis)
      throw BatchError(d.node, "expected the batch's axis of input ", k, " at ", expected.batch_axis,
                       ", found it at ", given.batch_axis);
    return d.pick(part, {given}, d.hidden, at);
  }
  const auto values = given.constant->values<double>();
  for (Index row = d.batch; row < given.dims[axis]; ++row)
    for (Index i = 0; i < d.hidden; ++i)
      if (values[std::size_t(at(row, i))] != values[std::size_t(at(0, i))])
        fail(describe(d.node), ": input ", k, ": expected the same for all samples of the batch");
  return d.pick(part, {d.projected, given}, d.hidden,
                [&](Index row, Index i) { return d.projected.size() + at(row, i); });
}

/// One direction's states at every step, and its last: the way back in time where `reverse`.
struct RecurrentRun {
  std::vector<Activation> hidden;  ///< by the steps' number
  RecurrentState last;
};

template <class Cell>
RecurrentRun run_recurrent(RecurrentDirection& d, const RecurrentShape& shape, const Activation& sequence,
                           bool reverse, bool option) {
  Importer& importer = d.importer;
  const Node& node = d.node;
  const Index rows = d.gates * d.hidden;

  // All steps' W·x at once, with the biases.
  const Tensor& w = importer.constant(node, 1);
  const Tensor weights =
      w.dims()[0] == 1 ? w.reshaped({rows, shape.inputs})
                       : importer
                             .select(node, "", as_activation(w), Dims{1, rows, shape.inputs}, c_order(3),
                                     [&](std::size_t axis, Index i) { return axis == 0 ? d.place : i; })
                             .constant->reshaped({rows, shape.inputs});
  layer::Numbers bias;
  if (importer.has_input(node, 3)) {
    const auto both = importer.constant(node, 3).template values<double>();
    const std::size_t first = std::size_t(d.place * 2 * rows), count = std::size_t(rows),
                      inner = option && Cell::gates == 3 ? std::size_t(2 * d.hidden) : count;
    for (std::size_t j = 0; j < count; ++j)
      bias.push_back(both[first + j] + (j < inner ? both[first + count + j] : 0));
    for (std::size_t j = inner; j < count; ++j) d.inner_bias.push_back(both[first + count + j]);
    if (std::all_of(d.inner_bias.begin(), d.inner_bias.end(), [](double v) { return v == 0; }))
      d.inner_bias.clear();
  }
  layer::Dense dense = dense_of(importer, node, weights, false, sequence.size());
  d.projected = importer.add(node, d.named("from input"), layer::MatMul{std::move(dense), std::move(bias)},
                             {sequence}, {shape.steps, shape.batch, rows}, c_order(3));

  if (importer.has_input(node, 7) && Cell::has_cell) {
    const Tensor& p = importer.constant(node, 7);
    const Activation own =
        importer.select(node, "", as_activation(p), Dims{1, 3 * d.hidden}, c_order(2),
                        [&](std::size_t axis, Index i) { return axis == 0 ? d.place : i; });
    d.peepholes = own.constant->reshaped({3, d.hidden});
  }
  Cell cell(d, option);
  RecurrentRun run;
  run.hidden.resize(std::size_t(shape.length));
  run.last.hidden = initial_state(d, shape, 5, "initial hidden");
  if constexpr (Cell::has_cell) run.last.cell = initial_state(d, shape, 6, "initial cell");
  for (Index k = 0; k < shape.length; ++k) {
    const Index t = reverse ? shape.length - 1 - k : k;
    d.step = d.start + "step " + std::to_string(t) + "/";
    run.last = cell.next(t, run.last);
    run.hidden[std::size_t(t)] = *run.last.hidden;
  }
  return run;
}

/// X, W, R, B, sequence_lens, initial_h, and for an LSTM initial_c and P, to Y, Y_h and Y_c. W·x is one layer
/// for all steps, and R is one map however many there are.
template <class Cell>
void import_recurrent(Importer& importer, const Node& node) {
  const Activation& x = importer.activation(node, 0);
  Attributes attributes(node);
  RecurrentShape shape{};
  shape.batch_first = attributes.flag("layout", false);
  const std::string direction = attributes.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    fail(describe(node), ": attribute 'direction': expected forward, reverse or bidirectional, found ",
         shown(direction));
  shape.directions = direction == "bidirectional" ? 2 : 1;
  const bool option = !Cell::option.empty() && attributes.flag(Cell::option, false);
  const auto functions = gate_functions_of(node, attributes, Cell::functions(), shape.directions);
  const double clip =
      attributes.has("clip") ? double(attributes.real("clip", 0)) : std::numeric_limits<double>::infinity();
  if (!(clip > 0)) fail(describe(node), ": attribute 'clip': expected a bound above 0, found ", clip);
  const bool has_size = attributes.has("hidden_size");
  const std::int64_t size = attributes.integer("hidden_size", 0);
  if (importer.opset() < 7) attributes.ignore("output_sequence");
  attributes.finish();

  if (x.rank() != 3) fail(describe(node), ": expected a sequence of 3 axes, found shape ", shown(x.dims));
  const std::size_t batch = shape.batch_first ? 0 : 1;
  shape.batch_axis = x.batch_axis;
  // A batch of one would be the first step alone, where the file does not say that there is no other.
  if (x.batch_axis == Index(1 - batch) && importer.file_batch() != Index(1))
    fail(describe(node), ": expected the batch along axis ", batch, ", found it along axis ", x.batch_axis,
         ", which is time: a whole sequence is one sample with ReadOptions::batched = false");
  if (x.batch_axis >= 0 && x.batch_axis != Index(batch))
    throw BatchError(node, "expected the batch along axis ", batch, ", found it along axis ", x.batch_axis);
  shape.batch = x.dims[batch];
  shape.steps = x.dims[1 - batch];
  shape.inputs = x.dims[2];

  const Tensor& w = recurrent_constant(importer, node, 1, 3, shape.directions);
  const Tensor& r = recurrent_constant(importer, node, 2, 3, shape.directions);
  shape.hidden = r.dims()[2];
  if (r.dims()[1] % Cell::gates != 0 || r.dims()[1] / Cell::gates != shape.hidden)
    fail(describe(node), ": input 2: expected rows of ", Cell::gates, " times the ", shape.hidden,
         " columns, found shape ", shown(r.dims()));
  if (w.dims()[1] != r.dims()[1] || w.dims()[2] != shape.inputs)
    fail(describe(node), ": input 1: expected ", r.dims()[1], " rows of ", shape.inputs, ", found shape ",
         shown(w.dims()));
  if (has_size && size != shape.hidden)
    fail(describe(node), ": attribute 'hidden_size': expected the ", shape.hidden, " of input 2, found ",
         size);
  const auto check = [&](std::size_t k, Index columns) {
    if (!importer.has_input(node, k)) return;
    const Tensor& tensor = recurrent_constant(importer, node, k, 2, shape.directions);
    if (tensor.dims()[1] != columns)
      fail(describe(node), ": input ", k, ": expected ", columns, " columns, found shape ",
           shown(tensor.dims()));
  };
  check(3, 2 * Cell::gates * shape.hidden);
  if (Cell::has_cell) check(7, 3 * shape.hidden);
  shape.length = sequence_length(importer, node, shape);
  // A layer takes memory beside its values, of which a long sequence of small ones has little.
  importer.charge(node, {shape.length, shape.directions, Cell::layers}, 2048);

  const Activation sequence = importer.in_order(node, x, shape.batch_first ? AxisOrder{1, 0, 2} : c_order(3));
  Activation by_step = sequence;
  by_step.dims = {shape.steps, shape.batch, shape.inputs};
  by_step.order = c_order(3);
  if (by_step.batch_axis >= 0) by_step.batch_axis = 1;

  std::vector<RecurrentRun> runs;
  const std::size_t each = functions.size() / std::size_t(shape.directions);
  for (Index k = 0; k < shape.directions; ++k) {
    const bool reverse = k == 1 || direction == "reverse";
    RecurrentDirection d{.importer = importer,
                         .node = node,
                         .batch = shape.batch,
                         .hidden = shape.hidden,
                         .gates = Cell::gates,
                         .batch_axis = shape.batch_axis < 0 ? -1 : 0,
                         .place = k,
                         .functions = {functions.begin() + std::ptrdiff_t(std::size_t(k) * each),
                                       functions.begin() + std::ptrdiff_t(std::size_t(k + 1) * each)},
                         .clip = clip,
                         .peepholes = {},
                         .inner_bias = {},
                         .projected = {},
                         .start = reverse                 ? "reverse/"
                                  : shape.directions == 2 ? "forward/"
                                                          : ""};
    runs.push_back(run_recurrent<Cell>(d, shape, by_step, reverse, option));
  }

  const Index one = shape.batch * shape.hidden;  // step by step, direction by direction
  if (importer.has_output(node, 0)) {
    std::vector<Activation> all;
    for (Index t = 0; t < shape.length; ++t)
      for (const RecurrentRun& run : runs) all.push_back(run.hidden[std::size_t(t)]);
    const auto source = [&](const std::vector<Index>& at) {
      const Index t = at[shape.batch_first ? 1 : 0], k = at[shape.batch_first ? 2 : 1],
                  row = at[shape.batch_first ? 0 : 2];
      return t < shape.length ? (t * shape.directions + k) * one + row * shape.hidden + at[3] : -1;
    };
    importer.define(node.outputs[0], importer.gather(node, "", all, shape.sequence(), source));
  }
  const auto define_last = [&](std::size_t output, std::string_view part, auto&& of) {
    if (!importer.has_output(node, output)) return;
    std::vector<Activation> all;
    for (const RecurrentRun& run : runs) all.push_back(of(run.last));
    importer.define(node.outputs[output],
                    importer.gather(node, part, all, shape.state(), [&](const std::vector<Index>& at) {
                      return at[shape.batch_first ? 1 : 0] * one +
                             at[shape.batch_first ? 0 : 1] * shape.hidden + at[2];
                    }));
  };
  define_last(1, "last hidden", [](const RecurrentState& last) { return *last.hidden; });
  if constexpr (Cell::has_cell)
    define_last(2, "last cell", [](const RecurrentState& last) { return *last.cell; });
}

inline constexpr std::array<Operator, 3> recurrent_operators{{
    {"LSTM", import_recurrent<LstmCell>},
    {"GRU", import_recurrent<GruCell>},
    {"RNN", import_recurrent<RnnCell>},
}};

}  // namespace ascribe::onnx
