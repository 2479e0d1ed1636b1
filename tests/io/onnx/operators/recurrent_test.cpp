#include "ascribe/io/onnx/operators/recurrent.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <ascribe/io/onnx.hpp>
#include <ascribe/methods/lrp.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;
using Catch::Matchers::Contains;
using Eigen::VectorXd;
using onnx::Dims;
using onnx::Tensor;

/// Numbers of up to 20/32 of both signs, which floats hold exactly.
std::vector<float> some(Index count, Index seed) {
  std::vector<float> values;
  for (Index j = 0; j < count; ++j) values.push_back(float((j * 37 + seed * 13 + 11) % 41 - 20) / 32);
  return values;
}

double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }
double tangent(double v) { return std::tanh(v); }

/// A recurrent node, and the loops of its definition in ONNX's operator specification.
struct Recurrent {
  std::string op;
  std::string direction = "forward";
  bool batch_first = false;
  Index steps = 3, batch = 1, inputs = 2, hidden = 2;
  bool biased = true, peepholes = false, option = false;  ///< input_forget or linear_before_reset
  int initial = 0;                                        ///< 0: left out, 1: constants, 2: inputs
  double clip = 1e30;
  Index length = 0;  ///< of sequence_lens; 0: left out
  std::vector<std::string> activations = {};
  std::vector<float> alpha = {}, beta = {};
  std::vector<std::function<double(double)>> functions = {};  ///< of all directions
  std::size_t output = 0;                                     ///< Y, Y_h, Y_c

  Index gates() const { return op == "LSTM" ? 4 : op == "GRU" ? 3 : 1; }
  Index directions() const { return direction == "bidirectional" ? 2 : 1; }
  bool has_cell() const { return op == "LSTM"; }
  Dims state() const {
    return batch_first ? Dims{batch, directions(), hidden} : Dims{directions(), batch, hidden};
  }
  std::vector<float> w() const { return some(directions() * gates() * hidden * inputs, 1); }
  std::vector<float> r() const { return some(directions() * gates() * hidden * hidden, 2); }
  std::vector<float> b() const { return some(directions() * 2 * gates() * hidden, 3); }
  std::vector<float> p() const { return some(directions() * 3 * hidden, 4); }
  std::vector<float> start(Index which) const { return some(directions() * batch * hidden, 5 + which); }

  /// With a batch of one and layout 0, a Transpose stands before it, so that axis 0 of the input is the
  /// batch.
  onnx::Model model() const {
    onnx::Model model;
    model.opset = 21;
    const bool turned = !batch_first && batch == 1;
    const auto input = [&](std::string name, const Dims& dims) {
      onnx::ValueInfo info{std::move(name), onnx::ElementType::float32, std::vector<onnx::Dimension>()};
      for (const Index d : dims) info.dims->push_back({d, ""});
      model.graph.inputs.push_back(info);
    };
    const Dims rows{batch, steps, inputs}, columns{steps, batch, inputs};
    input("x", turned || batch_first ? rows : columns);
    if (turned)
      model.graph.nodes.push_back(step("Transpose", {integers("perm", {1, 0, 2})}, {"x"}, "turned"));
    onnx::Node node{"rnn", op, {turned ? "turned" : "x"}, {}, {}};
    const auto constant = [&](const char* name, Tensor tensor) {
      node.inputs.push_back(name);
      model.graph.initializers.push_back(tensor.renamed(name));
    };
    const Index d = directions(), g = gates(), h = hidden;
    constant("w", Tensor::of("", {d, g * h, inputs}, w()));
    constant("r", Tensor::of("", {d, g * h, h}, r()));
    if (biased)
      constant("b", Tensor::of("", {d, 2 * g * h}, b()));
    else
      node.inputs.push_back("");
    if (length > 0)
      constant("lengths",
               Tensor::of("", {batch}, std::vector<std::int32_t>(std::size_t(batch), std::int32_t(length))));
    else
      node.inputs.push_back("");
    for (Index k = 0; k < (has_cell() ? 2 : 1); ++k) {
      const std::string name = k == 0 ? "h0" : "c0";
      if (initial == 0) {
        node.inputs.push_back("");
      } else if (initial == 1) {
        constant(name.c_str(), Tensor::of("", state(), start(k)));
      } else {
        // Inputs have the batch along axis 0.
        if (turned) {
          input(name, {batch, d, h});
          model.graph.nodes.push_back(step("Transpose", {integers("perm", {1, 0, 2})}, {name}, name + "t"));
          node.inputs.push_back(name + "t");
        } else {
          input(name, state());
          node.inputs.push_back(name);
        }
      }
    }
    if (peepholes) constant("p", Tensor::of("", {d, 3 * h}, p()));
    node.attributes = {integer("hidden_size", h), text("direction", direction)};
    if (batch_first) node.attributes.push_back(integer("layout", 1));
    if (option) node.attributes.push_back(integer(op == "GRU" ? "linear_before_reset" : "input_forget", 1));
    if (clip < 1e30) node.attributes.push_back(real("clip", float(clip)));
    if (!activations.empty()) node.attributes.push_back({"activations", activations});
    if (!alpha.empty()) node.attributes.push_back(reals("activation_alpha", alpha));
    if (!beta.empty()) node.attributes.push_back(reals("activation_beta", beta));
    node.outputs.assign(output + 1, "");
    node.outputs.back() = "y";
    model.graph.outputs.push_back({"y", onnx::ElementType::float32, {}});
    model.graph.nodes.push_back(std::move(node));
    return model;
  }

  Index input_size() const {
    return batch * steps * inputs + (initial == 2 ? (has_cell() ? 2 : 1) * directions() * batch * hidden : 0);
  }

  VectorXd operator()(const VectorXd& x) const {
    const Index d = directions(), g = gates(), h = hidden, last = length > 0 ? length : steps;
    const auto ws = w(), rs = r(), bs = b(), ps = p();
    auto fs = functions;
    if (fs.empty())
      for (Index k = 0; k < d; ++k) {
        if (op != "RNN") fs.push_back(sigmoid);
        fs.insert(fs.end(), op == "LSTM" ? 2 : 1, tangent);
      }
    const std::size_t each = fs.size() / std::size_t(d);
    VectorXd y = VectorXd::Zero((output == 0 ? steps : 1) * d * batch * h);
    for (Index k = 0; k < d; ++k)
      for (Index row = 0; row < batch; ++row) {
        const auto f = [&](std::size_t which, double v) {
          return fs[std::size_t(k) * each + which](std::clamp(v, -clip, clip));
        };
        std::vector<double> hs(std::size_t(h), 0), cs(std::size_t(h), 0);
        for (Index which = 0; which < (has_cell() ? 2 : 1); ++which)
          for (Index i = 0; i < h; ++i) {
            const Index place = batch_first || (initial == 2 && batch == 1) ? (row * d + k) * h + i
                                                                            : (k * batch + row) * h + i;
            double v = 0;
            if (initial == 1) v = start(which)[std::size_t(place)];
            if (initial == 2) v = x(batch * steps * inputs + which * d * batch * h + place);
            (which == 0 ? hs : cs)[std::size_t(i)] = v;
          }
        for (Index s = 0; s < last; ++s) {
          const bool back = direction == "reverse" || k == 1;
          const Index t = back ? last - 1 - s : s;
          const auto at = [](const std::vector<float>& v, Index i) { return double(v[std::size_t(i)]); };
          const auto from_x = [&](Index j) {  // row j of W
            double sum = biased ? at(bs, k * 2 * g * h + j) : 0;
            for (Index i = 0; i < inputs; ++i) {
              const Index place = batch_first ? row * steps + t : t * batch + row;
              sum += at(ws, (k * g * h + j) * inputs + i) * x(place * inputs + i);
            }
            return sum;
          };
          const auto from_h = [&](Index j, const std::vector<double>& v) {
            double sum = biased ? at(bs, k * 2 * g * h + g * h + j) : 0;
            for (Index i = 0; i < h; ++i) sum += at(rs, (k * g * h + j) * h + i) * v[std::size_t(i)];
            return sum;
          };
          const auto peep = [&](Index which, Index i, double c) {
            return peepholes ? at(ps, k * 3 * h + which * h + i) * c : 0.0;
          };
          auto next = hs, cell = cs, reset = hs;
          if (op == "GRU")
            for (Index i = 0; i < h; ++i) reset[std::size_t(i)] *= f(0, from_x(h + i) + from_h(h + i, hs));
          for (Index i = 0; i < h; ++i) {
            double& to = next[std::size_t(i)];
            double& c = cell[std::size_t(i)];
            if (op == "RNN") {
              to = f(0, from_x(i) + from_h(i, hs));
            } else if (op == "GRU") {
              const double z = f(0, from_x(i) + from_h(i, hs)),
                           gate = f(0, from_x(h + i) + from_h(h + i, hs));
              const double n = option ? f(1, from_x(2 * h + i) + gate * from_h(2 * h + i, hs))
                                      : f(1, from_x(2 * h + i) + from_h(2 * h + i, reset));
              to = (1 - z) * n + z * to;
            } else {
              const double in = f(0, from_x(i) + from_h(i, hs) + peep(0, i, c));
              const double forget =
                  option ? 1 - in : f(0, from_x(2 * h + i) + from_h(2 * h + i, hs) + peep(2, i, c));
              c = forget * c + in * f(1, from_x(3 * h + i) + from_h(3 * h + i, hs));
              to = f(0, from_x(h + i) + from_h(h + i, hs) + peep(1, i, c)) * f(2, c);
            }
            if (output == 0)
              y(batch_first ? ((row * steps + t) * d + k) * h + i : ((t * d + k) * batch + row) * h + i) = to;
          }
          hs = next;
          cs = cell;
        }
        if (output > 0)
          for (Index i = 0; i < h; ++i)
            y(batch_first ? (row * d + k) * h + i : (k * batch + row) * h + i) =
                (output == 1 ? hs : cs)[std::size_t(i)];
      }
    return y;
  }

  void check() const {
    INFO(op << " " << direction << ", layout " << batch_first << ", batch " << batch << ", option " << option
            << ", initial " << initial << ", output " << output << ", length " << length);
    const VectorXd x = node_input(input_size()).col(0) / 4, base = node_input(input_size(), 7).col(0) / 8;
    check_formula(model(), *this, x, base, batch == 1);
  }
};

TEST_CASE("onnx: LSTM, GRU and RNN in every direction and layout", "[onnx][recurrent]") {
  for (const char* op : {"LSTM", "GRU", "RNN"})
    for (const char* direction : {"forward", "reverse", "bidirectional"})
      for (const bool batch_first : {false, true}) {
        const Recurrent one{.op = op, .direction = direction, .batch_first = batch_first};
        one.check();
        // In a reading of the whole tensor, rows are rows.
        Recurrent rows = one;
        rows.steps = 2;
        rows.batch = 2;
        rows.initial = 1;
        rows.check();
        for (const std::size_t output : {std::size_t(1), std::size_t(2)}) {
          if (output == 2 && one.op != "LSTM") continue;
          rows.output = output;
          rows.check();
        }
      }
}

TEST_CASE("onnx: what recurrent operators start from, and their options", "[onnx][recurrent]") {
  for (const char* op : {"LSTM", "GRU", "RNN"})
    for (const int initial : {0, 1, 2})
      for (const bool option : {false, true})
        for (const bool biased : {false, true}) {
          if (option && std::string(op) == "RNN") continue;
          Recurrent{.op = op,
                    .direction = "bidirectional",
                    .batch_first = biased,
                    .steps = 2,
                    .biased = biased,
                    .option = option,
                    .initial = initial}
              .check();
        }
  Recurrent{.op = "LSTM", .direction = "bidirectional", .peepholes = true}.check();
  Recurrent{.op = "LSTM", .peepholes = true, .option = true, .initial = 1}.check();
  Recurrent{.op = "LSTM", .peepholes = true, .initial = 2, .clip = 0.296875, .output = 2}.check();
  Recurrent{.op = "GRU", .direction = "reverse", .initial = 1, .clip = 0.296875}.check();
  // The first two of four steps, whatever stands behind them.
  for (const char* op : {"LSTM", "GRU", "RNN"})
    for (const char* direction : {"forward", "bidirectional"})
      for (const bool batch_first : {false, true})
        for (const std::size_t output : {std::size_t(0), std::size_t(1)})
          Recurrent{.op = op,
                    .direction = direction,
                    .batch_first = batch_first,
                    .steps = 4,
                    .length = 2,
                    .output = output}
              .check();
  Recurrent{.op = "GRU", .steps = 3, .length = 3}.check();
  Recurrent{.op = "RNN", .steps = 1, .inputs = 1, .hidden = 1}.check();
}

TEST_CASE("onnx: the activation functions of recurrent operators", "[onnx][recurrent]") {
  const auto affine = [](double v) { return 0.5 * v + 0.25; };
  const auto leaky = [](double v) { return v < 0 ? 0.125 * v : v; };
  const auto hard = [](double v) { return std::clamp(0.25 * v + 0.5, 0.0, 1.0); };
  const auto scaled = [](double v) { return 1.5 * std::tanh(0.75 * v); };
  const auto relu = [](double v) { return std::max(v, 0.0); };
  const auto elu = [](double v) { return v < 0 ? 2 * std::expm1(v) : v; };
  const auto soft = [](double v) { return v / (1 + std::abs(v)); };
  const auto plus = [](double v) { return std::log1p(std::exp(v)); };
  const auto above = [](double v) { return v > 0.0625 ? v : 0; };
  const auto leaky_default = [](double v) { return v < 0 ? double(0.01) * v : v; };
  // Parameters for those that have one, in their order.
  Recurrent{.op = "LSTM",
            .activations = {"hardsigmoid", "Affine", "Tanh"},
            .alpha = {0.25f, 0.5f},
            .beta = {0.5f, 0.25f},
            .functions = {hard, affine, tangent}}
      .check();
  // For every function.
  Recurrent{.op = "LSTM",
            .activations = {"Sigmoid", "ScaledTanh", "LeakyRelu"},
            .alpha = {9, 1.5f, 0.125f},
            .beta = {9, 0.75f, 9},
            .functions = {sigmoid, scaled, leaky}}
      .check();
  Recurrent{.op = "GRU",
            .direction = "bidirectional",
            .clip = 0.5,
            .activations = {"Softsign", "Relu", "Sigmoid", "Elu"},
            .alpha = {2},
            .functions = {soft, relu, sigmoid, elu}}
      .check();
  Recurrent{.op = "RNN", .activations = {"Softplus"}, .functions = {plus}}.check();
  Recurrent{.op = "RNN", .activations = {"LeakyRelu"}, .functions = {leaky_default}}.check();
  Recurrent{.op = "RNN", .activations = {"ThresholdedRelu"}, .alpha = {0.0625f}, .functions = {above}}
      .check();
}

TEST_CASE("onnx: a long sequence goes by pieces", "[onnx][recurrent]") {
  for (const char* op : {"LSTM", "GRU", "RNN"})
    for (const char* direction : {"forward", "reverse", "bidirectional"})
      Recurrent{.op = op, .direction = direction, .steps = 23, .inputs = 1}.check();
  Recurrent{.op = "GRU", .steps = 18, .batch = 2, .inputs = 1, .hidden = 1, .length = 17}.check();
  const auto net = import(Recurrent{.op = "RNN", .steps = 23}.model(), true).graph;
  CHECK(net.node(net.find("rnn/from input/steps from 20")).shape == std::vector<Index>{3, 2});
}

TEST_CASE("onnx: an LSTM of one step is its parts", "[onnx][recurrent]") {
  const Recurrent one{.op = "LSTM", .steps = 1, .inputs = 3, .hidden = 1, .biased = false};
  const auto net = import(one.model(), true);
  const VectorXd x = node_input(3).col(0) / 4;
  const auto w = one.w();
  const auto row = [&](Index k) {
    double sum = 0;
    for (Index i = 0; i < 3; ++i) sum += double(w[std::size_t(k * 3 + i)]) * x(i);
    return sum;
  };
  const double i = sigmoid(row(0)), o = sigmoid(row(1)), g = std::tanh(row(3)), c = i * g;
  const auto trace = net.graph.forward(x);
  CHECK(trace.output()(0) == Approx(o * std::tanh(c)).epsilon(1e-14));
  // Gates hand nothing on: what goes back are the candidate's inputs, by its weights (Arras et al.
  // 1909.12114).
  const auto relevance = net.graph.explain(trace, 0, method::LrpQ()).relevance;
  for (Index k = 0; k < 3; ++k)
    CHECK(
        relevance(k) ==
        Approx(double(w[std::size_t(9 + k)]) * x(k) * g / row(3) * i * std::tanh(c) / c * o).epsilon(1e-12));
}

TEST_CASE("onnx: values of LSTM, GRU and RNN that ONNX's reference evaluator gives", "[onnx][recurrent]") {
  // onnx 1.23.2, ReferenceEvaluator in double, of these nodes and numbers.
  struct Case {
    Recurrent node;
    std::vector<double> values;
  };
  const std::vector<Case> cases{
      {{.op = "LSTM", .batch = 2, .peepholes = true, .initial = 1},
       {0.06320622754377787, -0.12894868306700122, 0.15232850418240895, 0.3159668024267415,
        0.07881402045880158, -0.029300859215333375, 0.11901686998522211, 0.1495936210930578,
        0.1198311251964527, 0.0461705477848848, 0.14983116029035778, 0.17195076296890854}},
      {{.op = "LSTM", .batch = 2, .peepholes = true, .initial = 1, .output = 1},
       {0.1198311251964527, 0.0461705477848848, 0.14983116029035778, 0.17195076296890854}},
      {{.op = "LSTM", .batch = 2, .peepholes = true, .initial = 1, .output = 2},
       {0.42168094175157655, 0.12660694342226625, 0.48953087130785344, 0.5966109353542652}},
      {{.op = "GRU", .batch = 2, .initial = 1},
       {0.08102806495014056, 0.1374916029562305, -0.08516076580504078, -0.06372219648838522,
        0.20667164803429972, 0.07747368419980663, 0.11612033261884303, -0.06419721244498387,
        0.1466761327746768, 0.026474451068808334, 0.05819116152115473, -0.07932406336454143}},
      {{.op = "GRU", .batch = 2, .option = true, .initial = 1},
       {0.18867046089967576, 0.2538223118150993, 0.009101419054103221, 0.024074130960287026,
        0.331536004883458, 0.30176742316241517, 0.2301018270058758, 0.1377676280646972, 0.27700602787282413,
        0.3055738000290985, 0.1749171006175314, 0.18393056445753392}},
      {{.op = "RNN", .batch = 2, .initial = 1},
       {-0.5692985140426654, 0.33255936204157155, -0.7183836606641271, 0.2973778714536212,
        -0.7613289595071023, -0.057308693445828944, -0.8062781936940188, -0.03447269699899354,
        -0.8634237626189982, -0.03166141723103454, -0.8727926009005248, 0.029558036538184403}}};
  for (const auto& [node, values] : cases) {
    INFO(node.op << ", option " << node.option << ", output " << node.output);
    const VectorXd y =
        import(node.model(), false).graph.forward(node_input(node.input_size()) / 4).output().col(0);
    REQUIRE(y.size() == Index(values.size()));
    for (Index j = 0; j < y.size(); ++j) CHECK(y(j) == Approx(values[std::size_t(j)]).epsilon(1e-12));
  }
}

TEST_CASE("onnx: the steps of a recurrent operator have names, and share their weights",
          "[onnx][recurrent]") {
  const auto weights = [](const Graph<double>& net) {
    return net.memory(net.plan(method::LrpQ()), 1).weights;
  };
  for (const char* op : {"LSTM", "GRU", "RNN"}) {
    INFO(op);
    const auto of = [&](Index steps) {
      return import(Recurrent{.op = op, .direction = "bidirectional", .steps = steps, .hidden = 5}.model(),
                    true)
          .graph;
    };
    const auto two = of(2), nine = of(9);
    // What is not shared are factors and biases of 1 − z, a number each, twice for either direction.
    const Index ones = std::string(op) == "GRU" ? 2 * 2 * 7 : 0;
    CHECK(weights(nine) == weights(two) + ones * Index(sizeof(double)));
  }
  const auto net = import(Recurrent{.op = "LSTM", .steps = 4}.model(), true).graph;
  for (const char* name :
       {"rnn/step 3/forget", "rnn/step 0/input", "rnn/step 2/output", "rnn/step 1/candidate",
        "rnn/step 1/kept", "rnn/step 1/written", "rnn/step 3/cell", "rnn/step 3/hidden"}) {
    INFO(name);
    const auto& node = net.node(net.find(name));
    CHECK(node.origin.op == "LSTM");
    CHECK(node.origin.group == "rnn");
  }
  const auto map_of = [&](const char* name) {
    return std::get<AnyMatMul<double>>(*net.node(net.find(name)).layer).map.identity();
  };
  CHECK(map_of("rnn/step 1/from hidden") == map_of("rnn/step 3/from hidden"));
  const auto both = import(Recurrent{.op = "RNN", .direction = "bidirectional"}.model(), true).graph;
  CHECK(both.find("rnn/forward/step 1/hidden") > 0);
  CHECK(both.find("rnn/reverse/step 1/hidden") > 0);
}

TEST_CASE("onnx: a batch of one is several rows of one step", "[onnx][recurrent]") {
  const Recurrent one{.op = "GRU", .steps = 1, .batch = 3};
  const auto net = onnx::network<double>(one.model(), {});
  REQUIRE(net.notes.size() == 1);
  CHECK_THAT(net.notes[0], Contains("it is read for a batch of one"));
  const VectorXd x = node_input(6).col(0) / 4;
  CHECK((net.graph.forward(x).output().col(0) - one(x)).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("onnx: recurrent operators that are refused", "[onnx][recurrent]") {
  const auto refused = [](onnx::Model model, bool batched = true) -> std::string {
    try {
      import(model, batched);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const auto node_of = [](onnx::Model& model) -> onnx::Node& { return model.graph.nodes.back(); };
  const auto changed = [&](const Recurrent& one, auto change) {
    onnx::Model model = one.model();
    change(model);
    return refused(model);
  };
  const Recurrent lstm{.op = "LSTM"}, gru{.op = "GRU"};
  CHECK(changed(lstm, [](onnx::Model&) {}) == "no error");
  CHECK_THAT(refused(Recurrent{.op = "LSTM", .activations = {"Sigmoid", "Cube", "Tanh"}}.model()),
             Contains("node 'rnn' (LSTM): attribute 'activations': the function 'Cube' is not supported"));
  CHECK_THAT(refused(Recurrent{.op = "LSTM", .activations = {"Sigmoid"}}.model()),
             Contains("expected 3 functions, found 1"));
  CHECK_THAT(refused(Recurrent{.op = "GRU", .alpha = {1}}.model()),
             Contains("attribute 'activation_alpha': expected 0 values or 2, found 1"));
  CHECK_THAT(refused(Recurrent{.op = "GRU", .clip = -1}.model()),
             Contains("expected a bound above 0, found -1"));
  CHECK_THAT(refused(Recurrent{.op = "GRU", .direction = "sideways"}.model()),
             Contains("expected forward, reverse or bidirectional, found 'sideways'"));
  CHECK_THAT(refused(Recurrent{.op = "GRU", .steps = 2, .length = 3}.model()),
             Contains("the lengths: expected 1 to 2, found 3"));
  CHECK_THAT(changed(lstm, [&](onnx::Model& m) { node_of(m).attributes[0] = integer("hidden_size", 7); }),
             Contains("attribute 'hidden_size': expected the 2 of input 2, found 7"));
  CHECK_THAT(changed(lstm, [&](onnx::Model& m) { node_of(m).attributes.push_back(integer("unknown", 1)); }),
             Contains("expected no attribute 'unknown'"));
  CHECK_THAT(changed(lstm, [&](onnx::Model& m) { node_of(m).inputs[2] = "turned"; }),
             Contains("expected a constant"));
  const auto with = [&](std::size_t k, const Tensor& tensor, bool batched = true, Index batch = 1) {
    onnx::Model model = Recurrent{.op = "LSTM", .batch = batch}.model();
    onnx::Node& node = model.graph.nodes.back();
    if (node.inputs.size() <= k) node.inputs.resize(k + 1);
    node.inputs[k] = "given";
    model.graph.initializers.push_back(tensor.renamed("given"));
    return refused(model, batched);
  };
  const auto zeros = [](const Dims& dims) {
    Index count = 1;
    for (const Index d : dims) count *= d;
    return Tensor::of("", dims, std::vector<float>(std::size_t(count), 0.5f));
  };
  CHECK_THAT(with(1, zeros({1, 8, 3})), Contains("input 1: expected 8 rows of 2, found shape"));
  CHECK_THAT(with(1, zeros({2, 8, 2})), Contains("input 1: expected 3 axes, the first of 1 direction"));
  CHECK_THAT(with(2, zeros({1, 6, 2})), Contains("input 2: expected rows of 4 times the 2 columns"));
  CHECK_THAT(with(3, zeros({1, 8})), Contains("input 3: expected 16 columns"));
  CHECK_THAT(with(7, zeros({1, 8})), Contains("input 7: expected 6 columns"));
  CHECK_THAT(with(5, zeros({1, 1, 3})), Contains("input 5: expected shape (1, 1, 2), found (1, 1, 3)"));
  // The file's batch may be larger, if it says the same of all.
  CHECK(with(5, zeros({1, 4, 2})) == "no error");
  CHECK_THAT(with(5, Tensor::of("", {1, 2, 2}, std::vector<float>{1, 2, 1, 3})),
             Contains("input 5: expected the same for all samples of the batch"));
  CHECK_THAT(with(4, Tensor::of("", {2}, std::vector<std::int32_t>{3, 2}), false, 2),
             Contains("expected one for all samples, found 3 and 2"));
  CHECK_THAT(with(4, Tensor::of("", {1}, std::vector<std::int32_t>{3}), false, 2),
             Contains("the lengths: expected 2, found shape (1)"));

  // Axis 0, the batch's, is time.
  CHECK_THAT(refused(Recurrent{.op = "RNN", .batch = 2}.model()),
             Contains("expected the batch along axis 1, found it along axis 0, which is time"));

  // A long sequence of small values.
  CHECK_THAT(refused(Recurrent{.op = "LSTM", .steps = 10000000, .inputs = 1, .hidden = 1}.model()),
             Contains("ReadOptions::memory"));
}

}  // namespace
