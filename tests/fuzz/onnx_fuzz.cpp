// Bytes as an ONNX file: reading it, running the network and explaining it end well or in an Error.
#include <ascribe/io/onnx.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <ascribe/compiled.hpp>
#include <ascribe/methods/composites.hpp>

#include "tests/fuzz/onnx_mutator.hpp"

namespace {

using namespace ascribe;

/// Whether running the network takes well under a second: an upper bound of its multiplications.
bool is_small(const Graph<float>& graph) {
  double work = 0;
  for (const auto& node : graph.nodes()) {
    double inputs = 0;
    for (const Index i : node.inputs) inputs += double(graph.node(i).size);
    work += double(node.size) * (inputs + 1);
  }
  return work < double(1 << 22);
}

void explain(const Graph<float>& graph, std::size_t which) {
  constexpr std::array<std::string_view, 10> methods{"gradient",
                                                     "lrp",
                                                     "lrp_q",
                                                     "attn_lrp",
                                                     "cp_lrp",
                                                     "deep_lift",
                                                     "epsilon_plus_flat",
                                                     "epsilon_alpha2_beta1",
                                                     "epsilon_gamma_box",
                                                     "guided_backprop"};
  Eigen::VectorXf x(graph.input_size());
  for (Index i = 0; i < x.size(); ++i) x(i) = float((i * 29 + 7) % 64 - 32) / 8;
  const auto trace = graph.forward(x);
  const Composite<float> method = composite::by_name<float>(methods[which % methods.size()]);
  if (method.form == Form::Delta)
    graph.explain(trace, 0, method, graph.forward(Eigen::VectorXf::Zero(x.size()).eval()));
  else
    graph.explain(trace, 0, method, Record::per_layer);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto model = fuzz::take_apart(bytes, fuzz::Kind::model);
  if (!model) return LLVMFuzzerMutate(data, size, max_size);
  for (std::size_t left = 1 + random() % 3; left > 0; --left) fuzz::change(*model, random);
  const std::string changed = fuzz::put_together(*model);
  if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, changed.data(), changed.size());
  return changed.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path folder = ASCRIBE_SOURCE_DIR "/tests/fuzz/external";
  try {
    const onnx::Model model = onnx::parse(std::as_bytes(std::span(data, size)), folder);
    // Both ways to read a shape, and sizes that are left open.
    onnx::ReadOptions options{.batched = size % 2 == 0, .memory = 16 << 20};
    options.sizes = {{"height", 4}, {"width", 3}, {"n", 2}};
    // Token ids: three rows of a table.
    for (const onnx::ValueInfo& input : model.graph.inputs)
      if (input.name == "ids") {
        options.constants.emplace(input.name, onnx::Tensor::of<std::int64_t>(input.name, {1, 3}, {2, 0, 4}));
        options.lookups = {input.name};
      }
    const auto network = onnx::network<float>(model, options);
    if (is_small(network.graph)) explain(network.graph, size / 2);
  } catch (const Error&) {
  }
  return 0;
}
