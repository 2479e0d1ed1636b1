// ONNX's own backend tests: every one on floating-point tensors whose operators are supported gives the
// file's outputs, or has its reason in backend_exceptions.txt. Debian's libonnx-testdata has the files; the
// nine light networks come from PyPI's onnx (tests/io/onnx/fetch_light).
#include <ascribe/io/onnx.hpp>
#include <ascribe/io/onnx/fold.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/io/onnx/network.hpp>
#include "tests/support/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <ascribe/methods/gradient.hpp>

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;
namespace fs = std::filesystem;

/// One test: a model, its inputs in the order of the graph's, and the outputs to be had.
struct BackendTest {
  onnx::Model model;
  std::vector<onnx::Tensor> inputs, outputs;
};

std::string folder_of_tests() {
  const char* given = std::getenv("ASCRIBE_ONNX_TESTDATA");
  return given ? given : "/usr/share/libonnx-testdata/data";
}

/// The reason beside a test's name, or a pattern of names (match::fits).
std::vector<std::pair<std::string, std::string>> exceptions() {
  std::vector<std::pair<std::string, std::string>> found;
  std::ifstream file(ASCRIBE_SOURCE_DIR "/tests/io/onnx/backend_exceptions.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(": ");
    REQUIRE(colon != std::string::npos);
    found.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return found;
}

/// Operators that a network may not have, of the nodes that depend on a model's floating-point inputs; and
/// those that constants may not be computed with.
std::set<std::string> unsupported_operators(const onnx::Model& model) {
  static const std::map<std::string, bool, std::less<>> known = [] {
    std::map<std::string, bool, std::less<>> all;
    for (const auto& op : onnx::operators()) all.emplace(op.type, op.moves);
    all.emplace("If", true);  // in whose place a branch is read
    return all;
  }();
  std::set<std::string> found, active;
  for (const onnx::ValueInfo& input : model.graph.inputs)
    if (onnx::is_floating(input.type)) active.insert(input.name);
  for (const onnx::Tensor& constant : model.graph.initializers) active.erase(constant.name());
  for (const onnx::Node& node : model.graph.nodes) {
    const bool depends = std::any_of(node.inputs.begin(), node.inputs.end(),
                                     [&](const std::string& input) { return active.count(input) > 0; });
    if (node.op_type == "Shape" || node.op_type == "Size") continue;
    if (depends) active.insert(node.outputs.begin(), node.outputs.end());
    const auto op = known.find(node.op_type);
    const bool supported =
        depends ? op != known.end() : (op != known.end() && op->second) || onnx::can_evaluate(node.op_type);
    if (!supported) found.insert(node.op_type);
  }
  return found;
}

VectorXd values_of(const onnx::Tensor& tensor) {
  const auto values = tensor.values<double>();
  return Eigen::Map<const VectorXd>(values.data(), Index(values.size()));
}

/// What is bound as a constant: all that is not floating-point, and as few of the others, from the last, as
/// the operators allow.
struct Loaded {
  onnx::Network<double> network;
  std::vector<onnx::Tensor> inputs;  ///< those that are not bound
};

Loaded load(const BackendTest& test) {
  const std::size_t count = test.model.graph.inputs.size();
  std::string last_error;
  for (std::size_t bound = 0; bound < std::max<std::size_t>(1, count); ++bound) {
    onnx::ReadOptions options{.batched = false, .scores = false};
    std::vector<onnx::Tensor> free;
    for (std::size_t k = 0; k < count; ++k) {
      const std::string& name = test.model.graph.inputs[k].name;
      if (k >= test.inputs.size()) continue;  // an initializer
      if (k >= count - bound || !onnx::is_floating(test.inputs[k].type()))
        options.constants.emplace(name, test.inputs[k].renamed(name));
      else
        free.push_back(test.inputs[k]);
    }
    if (free.empty()) break;
    // A model may leave sizes open: the inputs say them.
    onnx::Model model = test.model;
    for (std::size_t k = 0; k < test.inputs.size() && k < count; ++k) {
      std::vector<onnx::Dimension> dims;
      for (const Index size : test.inputs[k].dims()) dims.push_back({size, ""});
      model.graph.inputs[k].dims = dims;
    }
    try {
      return {onnx::network<double>(model, options), free};
    } catch (const Error& error) {
      last_error = error.what();
    }
  }
  fail(last_error.empty() ? "no input is a floating-point tensor" : last_error);
}

VectorXd joined(const std::vector<onnx::Tensor>& tensors) {
  std::vector<double> all;
  for (const onnx::Tensor& t : tensors) {
    const VectorXd one = values_of(t);
    all.insert(all.end(), one.begin(), one.end());
  }
  return Eigen::Map<const VectorXd>(all.data(), Index(all.size()));
}

/// The outputs of a network that the file has too, against the file's; an Error where they differ.
void check_outputs(const BackendTest& test, const Loaded& loaded) {
  const auto trace = loaded.network.graph.forward(joined(loaded.inputs));
  for (std::size_t k = 0; k < loaded.network.outputs.size() && k < test.outputs.size(); ++k) {
    const onnx::Tensor& expected = test.outputs[k];
    if (loaded.network.outputs[k].shape != expected.dims())
      fail("output ", k, ": expected shape ", onnx::shown(expected.dims()), ", found ",
           onnx::shown(loaded.network.outputs[k].shape));
    const VectorXd found = trace.value(loaded.network.graph.outputs()[k]);
    const VectorXd values = values_of(expected);
    if (!found.allFinite() && values.allFinite()) fail("output ", k, ": expected finite numbers");
    // ONNX's own tolerance.
    const double worst = ((found - values).cwiseAbs().array() - 1e-3 * values.cwiseAbs().array()).maxCoeff();
    if (!(worst <= 1e-5)) fail("output ", k, ": an error of ", (found - values).cwiseAbs().maxCoeff());
  }
}

/// The gradient of a random mixture of the first output, against finite differences, a little away from the
/// file's input, whose round numbers sit on kinks and ties. Inputs with many values are tried at a few.
void check_gradient(const Loaded& loaded, std::uint32_t seed) {
  const Graph<double>& net = loaded.network.graph;
  test::Random random(seed);
  VectorXd x = joined(loaded.inputs);
  if (!(x.cwiseAbs().maxCoeff() < 1e3)) x.setZero();  // some files hold whatever was in memory
  x += 1e-2 * random.vector(x.size());
  const MatrixXd weights = random.vector(net.output_size());
  const auto trace = net.forward(x);
  const VectorXd gradient = net.explain(trace, start::OutputWeights(weights), method::Gradient()).relevance;
  const auto value = [&](const VectorXd& at) { return weights.col(0).dot(net.forward(at).output().col(0)); };
  const Index step = std::max<Index>(1, x.size() / 12);
  const double scale = gradient.cwiseAbs().maxCoeff();
  for (Index i = 0; i < x.size(); i += step) {
    VectorXd up = x, down = x;
    up(i) += 1e-6;
    down(i) -= 1e-6;
    const double slope = (value(up) - value(down)) / 2e-6;
    if (!(std::abs(slope - gradient(i)) <= 1e-5 * std::max({scale, std::abs(slope), 1e-3})))
      fail("the gradient by input ", i, " is ", gradient(i), ", finite differences give ", slope);
  }
}

/// Runs a folder of tests and prints the counts.
void run_folder(const std::string& kind, std::size_t at_least) {
  const fs::path folder = fs::path(folder_of_tests()) / kind;
  if (!fs::is_directory(folder)) {
    WARN("left out: there is no " << folder << "; Debian's libonnx-testdata has it");
    return;
  }
  const auto reasons = exceptions();
  std::map<std::string, std::size_t> missing;
  std::size_t passed = 0, excepted = 0, other_operators = 0, no_float = 0, all = 0;
  std::vector<fs::path> tests;
  for (const auto& entry : fs::directory_iterator(folder)) tests.push_back(entry.path());
  std::sort(tests.begin(), tests.end());
  for (const fs::path& path : tests) {
    const std::string name = path.filename();
    ++all;
    BackendTest test;
    std::string error;
    try {
      test.model = onnx::read(path / "model.onnx", {.oldest_opset = 1});
    } catch (const Error& found) {
      error = found.what();
    }
    if (error.empty()) {
      const auto operators = unsupported_operators(test.model);
      for (const std::string& op : operators) ++missing[op];
      if (!operators.empty()) {
        ++other_operators;
        continue;
      }
      try {
        const auto read_all = [&](const char* stem, std::vector<onnx::Tensor>& to) {
          for (std::size_t k = 0;; ++k) {
            const fs::path file = path / "test_data_set_0" / (stem + std::to_string(k) + ".pb");
            if (!fs::exists(file)) return;
            to.push_back(onnx::read_tensor(file));
          }
        };
        read_all("input_", test.inputs);
        read_all("output_", test.outputs);
        const auto is_float = [](const onnx::Tensor& t) { return onnx::is_floating(t.type()); };
        if (std::none_of(test.inputs.begin(), test.inputs.end(), is_float) ||
            std::none_of(test.outputs.begin(), test.outputs.end(), is_float)) {
          ++no_float;
          continue;
        }
        const Loaded loaded = load(test);
        check_outputs(test, loaded);
        check_gradient(loaded, std::uint32_t(all));
      } catch (const Error& found) {
        error = found.what();
      }
    }
    const auto reason = std::find_if(reasons.begin(), reasons.end(),
                                     [&](const auto& entry) { return match::fits(name, entry.first); });
    INFO(name << ": " << error);
    if (reason != reasons.end()) {
      CHECK_FALSE(error.empty());  // else the exception has become untrue
      ++excepted;
    } else {
      CHECK(error.empty());
      if (!error.empty()) std::cerr << "FAILED " << name << ": " << error.substr(0, 300) << std::endl;
      passed += error.empty();
    }
  }
  std::cout << "ONNX backend tests, " << kind << ": " << passed << " of " << all << " pass, " << excepted
            << " are excepted (backend_exceptions.txt), " << no_float
            << " have no floating-point input or output, " << other_operators << " need other operators:";
  std::vector<std::pair<std::size_t, std::string>> most;
  for (const auto& [op, count] : missing) most.push_back({count, op});
  std::sort(most.rbegin(), most.rend());
  for (const auto& [count, op] : most) std::cout << ' ' << op << ' ' << count;
  std::cout << '\n';
  CHECK(passed >= at_least);
}

TEST_CASE("ONNX's backend tests of single operators", "[onnx][backend]") { run_folder("node", 200); }
TEST_CASE("ONNX's backend tests made by PyTorch's operators", "[onnx][backend]") {
  run_folder("pytorch-operator", 20);
}
TEST_CASE("ONNX's backend tests made by PyTorch's layers", "[onnx][backend]") {
  run_folder("pytorch-converted", 75);
}
TEST_CASE("ONNX's simple backend tests", "[onnx][backend]") { run_folder("simple", 1); }

}  // namespace
