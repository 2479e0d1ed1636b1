#include "tests/support/onnx_node.hpp"

#include <algorithm>

#include <ascribe/core/start.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/io/onnx/network.hpp>

namespace ascribe::test {

onnx::Model model_of(const OneNode& one) {
  onnx::Model model;
  model.ir_version = 8;
  model.opset = one.opset;
  onnx::Node node;
  node.name = "it";
  node.op_type = one.op;
  node.attributes = one.attributes;
  for (std::size_t k = 0; k < one.inputs.size(); ++k) {
    onnx::ValueInfo info{"x" + std::to_string(k), onnx::ElementType::float32, std::vector<onnx::Dimension>()};
    for (const Index d : one.inputs[k]) info.dims->push_back({d, ""});
    if (one.file_batch > 0) info.dims->front().size = one.file_batch;
    node.inputs.push_back(info.name);
    model.graph.inputs.push_back(std::move(info));
  }
  for (std::size_t k = 0; k < one.constants.size(); ++k) {
    const bool left_out = one.constants[k].type() == onnx::ElementType::undefined;
    node.inputs.push_back(left_out ? "" : "c" + std::to_string(k));
    if (!left_out) model.graph.initializers.push_back(one.constants[k].renamed(node.inputs.back()));
  }
  for (std::size_t k = 0; k < one.outputs; ++k) {
    node.outputs.push_back("y" + std::to_string(k));
    model.graph.outputs.push_back({node.outputs.back(), onnx::ElementType::float32, {}});
  }
  model.graph.nodes.push_back(std::move(node));
  return model;
}

Imported import(const onnx::Model& model, bool batched) {
  static const auto operators = onnx::operators();
  const onnx::ReadOptions options{.batched = batched, .scores = false};
  onnx::GraphBuilder<double> builder;
  Imported imported{onnx::Importer(model, options, builder).run(operators, [](onnx::Importer&) {}), {}};
  imported.graph = builder.take();
  return imported;
}

std::string refusal(const OneNode& one, bool batched) {
  try {
    import(model_of(one), batched);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

onnx::Node step(std::string op, std::vector<onnx::Attribute> attributes, std::vector<std::string> inputs,
                std::string output) {
  return {output, std::move(op), std::move(inputs), {output}, std::move(attributes)};
}

onnx::Model model_of(const Chain& chain) {
  onnx::Model model;
  model.opset = 21;
  std::vector<onnx::Dimension> dims;
  for (const Index d : chain.input) dims.push_back({d, ""});
  model.graph.inputs.push_back({"x", onnx::ElementType::float32, dims});
  model.graph.nodes = chain.nodes;
  model.graph.initializers = chain.constants;
  model.graph.outputs.push_back({chain.nodes.back().outputs[0], onnx::ElementType::float32, {}});
  return model;
}

Imported import_chain(const Chain& chain, bool batched) { return import(model_of(chain), batched); }

std::string chain_refused(const Chain& chain) {
  try {
    import_chain(chain);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Eigen::VectorXd output_of(const Imported& net) {
  return net.graph.forward(node_input(net.graph.input_size())).output();
}

Eigen::MatrixXd node_input(Index size, Index first) {
  Eigen::MatrixXd x(size, 1);
  for (Index i = 0; i < size; ++i) x(i) = double(((i + first) * 29 + 7) % 64 - 32) / 8;
  return x;
}

void check_explanations(const Graph<double>& net, const Eigen::MatrixXd& x) {
  const auto trace = net.forward(x);
  for (std::size_t k = 0; k < net.outputs().size(); ++k) {
    const Index node = net.outputs()[k];
    const Eigen::MatrixXd weights = node_input(trace.value(node).rows(), 5);
    const start::OutputWeights at(weights);
    const start::AtOutput<start::OutputWeights<Eigen::MatrixXd>> start{Index(k), at};
    for (const auto& e :
         {net.explain(trace, start, method::Lrp()), net.explain(trace, start, method::LrpQ())}) {
      const auto& books = e.ledger;
      CHECK(check::conservation(e));
      CHECK(e.relevance.sum() == Approx(books.leave(0)).margin(1e-9));
      CHECK(books.enter(0) ==
            Approx(books.leave(0) + books.bias(0) + books.stabiliser(0) + books.dropped(0)).margin(1e-9));
    }
    const auto explanation = net.explain(trace, start, method::Gradient());
    CHECK(check::conservation(explanation));
    const auto& gradient = explanation.relevance;
    constexpr double step = 1e-4;  // far below the distance of any two inputs
    for (Index i = 0; i < x.size(); ++i) {
      Eigen::MatrixXd up = x, down = x;
      up(i) += step;
      down(i) -= step;
      const double difference =
          weights.col(0).dot(net.forward(up).value(node).col(0) - net.forward(down).value(node).col(0));
      CHECK(gradient(i) == Approx(difference / (2 * step)).margin(1e-6));
    }
  }
}

void check_node(const OneNode& one, const std::vector<Expected>& expected, bool batched, Index layers) {
  INFO(one.op << " on " << onnx::shown(one.inputs.front()) << ", operator set " << one.opset);
  const auto whole = import(model_of(one), false);
  if (layers >= 0) CHECK(Index(whole.graph.nodes().size()) - whole.graph.input_count() == layers);
  const Eigen::MatrixXd x = node_input(whole.graph.input_size());
  const auto trace = whole.graph.forward(x);
  REQUIRE(whole.outputs.size() == expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CHECK(whole.outputs[k].dims == expected[k].dims);
    const auto& y = trace.value(whole.outputs[k].node);
    REQUIRE(y.rows() == Index(expected[k].values.size()));
    for (Index j = 0; j < y.rows(); ++j)
      CHECK(y(j) == Approx(expected[k].values[std::size_t(j)]).epsilon(1e-9).margin(1e-9));
  }
  check_explanations(whole.graph, x);
  if (!batched) return;

  OneNode open = one;
  if (open.file_batch == 0) open.file_batch = 7;  // whatever the file says
  const auto net = import(model_of(open), true);
  Eigen::MatrixXd samples(x.rows(), 3);
  for (Index n = 0; n < 3; ++n) samples.col(n) = node_input(x.rows(), 11 * n);
  const auto values = net.graph.forward(samples);
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CHECK(net.outputs[k].dims == expected[k].dims);
    CHECK(net.outputs[k].batch_axis >= 0);
    for (Index n = 0; n < 3; ++n)
      CHECK(values.value(net.outputs[k].node).col(n) ==
            whole.graph.forward(samples.col(n)).value(whole.outputs[k].node).col(0));
  }
}

void check_formula(const onnx::Model& model, const Formula& formula, const Eigen::VectorXd& x,
                   const Eigen::VectorXd& base, bool batched) {
  INFO(model.graph.nodes.back().op_type << ", operator set " << model.opset << ", " << x.size() << " inputs");
  const auto net = import(model, false).graph;
  const auto near = [](const Eigen::VectorXd& found, const Eigen::VectorXd& expected) {
    REQUIRE(found.size() == expected.size());
    for (Index j = 0; j < found.size(); ++j)
      CHECK(found(j) == Approx(expected(j)).epsilon(1e-12).margin(1e-12));
  };
  const Eigen::VectorXd y = formula(x);
  const Eigen::MatrixXd weights = node_input(y.size(), 5);
  const start::OutputWeights start(weights);
  const auto trace = net.forward(x), baseline = net.forward(base);
  near(trace.output().col(0), y);
  const auto explained = [&](const char* name) {
    INFO(name);
    const auto method = composite::by_name<double>(name, {});
    const auto e = method.form == Form::Delta ? net.explain(trace, start, method, baseline)
                                              : net.explain(trace, start, method);
    CHECK(e.relevance.allFinite());
    CHECK(check::conservation(e));
    return Eigen::VectorXd(e.relevance);
  };
  explained("lrp");
  explained("epsilon_plus");
  explained("lrp_q");
  CHECK(explained("deep_lift").sum() ==
        Approx(weights.col(0).dot(y - formula(base))).epsilon(1e-10).margin(1e-10));
  const Eigen::VectorXd gradient = explained("gradient");
  constexpr double step = 1e-5;
  for (Index i = 0; i < x.size(); ++i) {
    Eigen::VectorXd up = x, down = x;
    up(i) += step;
    down(i) -= step;
    CHECK(gradient(i) ==
          Approx(weights.col(0).dot(formula(up) - formula(down)) / (2 * step)).epsilon(1e-6).margin(1e-6));
  }
  if (!batched) return;
  const auto batch = import(model, true).graph;
  Eigen::MatrixXd samples(x.size(), 2);
  samples << x, base;
  const auto values = batch.forward(samples);
  near(values.output().col(0), y);
  near(values.output().col(1), formula(base));
}

std::vector<std::vector<Index>> sets_along(const onnx::Dims& dims, const std::vector<Index>& axes) {
  Index size = 1;
  for (const Index d : dims) size *= d;
  std::vector<Index> keys;
  std::vector<std::vector<Index>> sets;
  for (Index place = 0; place < size; ++place) {
    Index key = 0, step = size;
    for (std::size_t axis = 0; axis < dims.size(); ++axis) {
      step /= dims[axis];
      if (std::find(axes.begin(), axes.end(), Index(axis)) == axes.end())
        key += place / step % dims[axis] * step;
    }
    const auto found = std::find(keys.begin(), keys.end(), key);
    if (found == keys.end()) {
      keys.push_back(key);
      sets.push_back({place});
    } else {
      sets[std::size_t(found - keys.begin())].push_back(place);
    }
  }
  return sets;
}

}  // namespace ascribe::test
