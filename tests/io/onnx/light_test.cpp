// The nine light networks of ONNX's own backend tests, AlexNet to ResNet-50: real architectures whose weights
// are computed when they are loaded. tests/io/onnx/fetch_light gets them.
#include <ascribe/io/onnx.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/io/onnx/network.hpp>

#include <array>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

#include "tests/support/sanitizer.hpp"

namespace {

using namespace ascribe;
using Eigen::VectorXf;

constexpr std::array<std::string_view, 9> networks{"bvlc_alexnet", "densenet121", "inception_v1",
                                                   "inception_v2", "resnet50",    "shufflenet",
                                                   "squeezenet",   "vgg19",       "zfnet512"};

/// The largest error beyond ONNX's tolerance, 1e-3 of each value and 1e-7; below 0: it is kept everywhere.
float excess(const std::filesystem::path& file, const onnx::Tensor& expected) {
  const onnx::Model model = onnx::read(file);
  const auto net = onnx::network<float>(model, {.scores = false});
  // As ONNX's runner makes it: 0, 1/n, 2/n, …
  const Index n = net.graph.input_size();
  VectorXf x(n);
  for (Index i = 0; i < n; ++i) x(i) = float(double(i) / double(n));
  const auto trace = net.graph.forward(x);
  const VectorXf found = trace.output();
  const auto values = expected.values<float>();
  REQUIRE(found.size() == Index(values.size()));
  const Eigen::Map<const VectorXf> y(values.data(), found.size());
  return ((found - y).cwiseAbs() - 1e-3f * y.cwiseAbs()).maxCoeff() - 1e-7f;
}

// One test, so that there is never more than one of them in memory.
TEST_CASE("ONNX's light networks", "[onnx][light]") {
  const std::filesystem::path folder = ASCRIBE_SOURCE_DIR "/build/onnx_light";
  // VGG-19 has 575 MB of weights and takes 20 Gflop: under a sanitizer, minutes and several times the memory,
  // for code that the small networks of the other tests run through as well.
  if (test::under_sanitizer) {
    WARN("left out under a sanitizer: see the reason in light_test.cpp");
    return;
  }
  std::size_t passed = 0, missing = 0;
  for (const std::string_view name : networks) {
    const std::string stem = "light_" + std::string(name);
    if (!std::filesystem::exists(folder / (stem + ".onnx"))) {
      ++missing;
      continue;
    }
    INFO(name);
    const float found =
        excess(folder / (stem + ".onnx"), onnx::read_tensor(folder / (stem + "_output_0.pb")));
    CHECK(found <= 0);
    passed += found <= 0;
  }
  if (missing > 0)
    WARN("left out: there are " << missing << " of 9 networks missing in " << folder
                                << "; tests/io/onnx/fetch_light gets them");
  std::cout << "ONNX's light networks: " << passed << " of " << networks.size() - missing << " pass\n";
}

}  // namespace
