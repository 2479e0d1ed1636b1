#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "examples/support/image.hpp"
#include "examples/support/png.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

// The program as its users run it. Nothing of its source is in here.
namespace {

using ascribe::Index;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::explain;
using ascribe::test::Message;
using ascribe::test::Outcome;
using ascribe::test::run;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;
using Json = nlohmann::json;

using ascribe::test::of_repository;
const std::string model = of_repository("examples/data/mnist_cnn.onnx"),
                  input = of_repository("tests/golden/input.npy"), golden = "tests/golden/mnist_cnn/";

/// The largest difference of two files, measured against the largest value that is expected.
double error_of(const std::filesystem::path& found, const std::string& expected) {
  const auto array = ascribe::io::read_npy<double>(found);
  const auto other = ascribe::test::read_golden(expected);
  if (std::vector<Index>(array.shape.begin(), array.shape.end()) != other.shape) return INFINITY;
  double largest = 0, most = 0;
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    largest = std::max(largest, std::abs(other.values[i]));
    most = std::max(most, std::abs(array.values[i] - other.values[i]));
  }
  return most / largest;
}

/// The sizes in a PNG's header.
std::pair<int, int> png_size(const std::filesystem::path& path) {
  const std::string bytes = bytes_of(path);
  REQUIRE(bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  const auto number = [&](std::size_t at) {
    int value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = 256 * value + static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  return {number(16), number(20)};
}

/// A value of a model: its name and its axes, of which the first is open, and those of size −1, which are
/// named T.
Message value(const std::string& name, const std::vector<std::int64_t>& sizes) {
  Message shape;
  shape.message(1, Message().text(2, "N"));
  for (const std::int64_t size : sizes)
    shape.message(1, size < 0 ? Message().text(2, "T") : Message().integer(1, size));
  return Message().text(1, name).message(2, Message().message(1, Message().integer(1, 1).message(2, shape)));
}

/// softmax(a·W): two features to three outputs, whose W is one row of 1, 2, 3 and one of -1, 0, 4.
std::string small_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("MatMul", {"a", "w"}, {"b"}, "product"))
                 .message(1, ascribe::test::node_message("Softmax", {"b"}, {"c"}, "softmax"))
                 .message(5,
                          ascribe::test::tensor_message("w", 1, {2, 3}).packed_floats(4, {1, 2, 3, -1, 0, 4}))
                 .message(11, value("a", {2}))
                 .message(12, value("c", {3})))
      .bytes;
}

/// One output, the sum of an input's features times these weights.
std::string weighted_sum(const std::vector<std::int64_t>& shape, const std::vector<float>& weights) {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("Flatten", {"a"}, {"b"}))
                 .message(1, ascribe::test::node_message("MatMul", {"b", "w"}, {"c"}))
                 .message(5, ascribe::test::tensor_message("w", 1, {std::int64_t(weights.size()), 1})
                                 .packed_floats(4, weights))
                 .message(11, value("a", shape))
                 .message(12, value("c", {1})))
      .bytes;
}

std::string model_of_two_inputs() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("Add", {"left", "right"}, {"c"}))
                 .message(11, value("left", {2}))
                 .message(11, value("right", {2}))
                 .message(12, value("c", {2})))
      .bytes;
}

/// start = what leaves + biases + stabiliser + dropped + what is left open, which is no more than rounding.
void check_books(const Json& books, const char* leave, double tolerance) {
  double sum = 0, most = std::abs(books["enter"].get<double>());
  for (const char* line : {leave, "biases", "stabiliser", "dropped"}) {
    sum += books[line].get<double>();
    most = std::max(most, std::abs(books[line].get<double>()));
  }
  CHECK(std::abs(books["enter"].get<double>() - sum) <= tolerance * most);
  CHECK(std::abs(books["closing_error"].get<double>()) <= tolerance * most);
}

struct Case {
  std::string file, method;
  Arguments options = {};
};

const std::vector<Case> every_case{
    {"gradient", "gradient"},
    {"gradient_times_input", "gradient_times_input"},
    {"lrp_epsilon_1e-6", "lrp"},
    {"lrp_epsilon_0.25", "lrp", {"--epsilon", "0.25"}},
    {"deconvnet", "deconvnet"},
    {"guided_backprop", "guided_backprop"},
    {"epsilon_plus", "epsilon_plus"},
    {"epsilon_plus_flat", "epsilon_plus_flat"},
    {"epsilon_alpha2_beta1", "epsilon_alpha2_beta1"},
    {"epsilon_alpha2_beta1_flat", "epsilon_alpha2_beta1_flat"},
    {"epsilon_gamma_box", "epsilon_gamma_box"},
    {"epsilon_gamma_box", "epsilon_gamma_box", {"--low", "0", "--high", "1", "--gamma", "0.25"}},
    {"excitation_backprop", "excitation_backprop"},
    // captum falls back to the plain gradient at every maximum that a function stands below.
    {"deeplift_rescale_zero", "deep_lift", {"--max-rule", "gradient"}},
    {"deeplift_rescale_mean",
     "deep_lift",
     {"--max-rule", "gradient", "--baseline", of_repository("tests/golden/baseline_mean.npy")}},
};

TEST_CASE("explain writes what zennit, captum and torch say, in both precisions", "[explain]") {
  const TemporaryFolder folder;
  const auto relevance = folder / "relevance.npy", outputs = folder / "outputs.npy";
  for (const bool in_double : {false, true}) {
    const double tolerance = in_double ? 1e-8 : 1e-5;
    for (const Case& c : every_case) {
      INFO(c.file << (in_double ? ", double" : ", float"));
      explain(Arguments{model, input, "--method", c.method, "--target", "3,8,7,0", "--precision",
                        in_double ? "double" : "float", "--relevance", relevance.string(), "--output-values",
                        outputs.string()} +
              c.options);
      CHECK(error_of(relevance, golden + c.file + ".npy") <= tolerance);
      CHECK(error_of(outputs, golden + "output.npy") <= tolerance);
      CHECK(count_of(bytes_of(relevance).substr(0, 64), in_double ? "<f8" : "<f4") == 1);
    }
  }
  CHECK(folder.file_count() == 2);
}

TEST_CASE("explain's other baselines and rules of maxima are those of the library", "[explain]") {
  const TemporaryFolder folder;
  const auto sums = [&](const Arguments& options) {
    const auto path = folder / "ledger.json";
    explain(Arguments{model, input, "--target", "3", "--precision", "double", "--ledger", path.string()} +
            options);
    std::vector<double> found;
    const Json ledger = Json::parse(bytes_of(path));
    for (const Json& sample : ledger["samples"]) {
      CHECK(sample["target"] == 3);
      found.push_back(sample["totals"]["input"].get<double>());
    }
    return found;
  };
  const auto y = ascribe::test::read_golden(golden + "output.npy").values;
  // Against themselves all inputs explain nothing; the first one explains nothing against itself alone.
  for (const char* method : {"deep_lift", "deep_lift_reveal_cancel", "integrated_gradients"}) {
    INFO(method);
    for (const double sum : sums({"--method", method, "--baseline", input})) CHECK(std::abs(sum) <= 1e-12);
    // One sample, without an axis for the batch.
    auto first = ascribe::io::read_npy<float>(input);
    first.values.resize(784);
    ascribe::io::write_npy(folder / "first.npy", {1, 28, 28}, std::span<const float>(first.values));
    const auto against_first = sums({"--method", method, "--baseline", (folder / "first.npy").string()});
    for (std::size_t n = 0; n < 4; ++n) {
      // The integral is a sum of 64 steps.
      const double tolerance = std::string(method) == "integrated_gradients" ? 0.05 : 1e-9;
      CHECK(std::abs(against_first[n] - (y[10 * n + 3] - y[3])) <= tolerance);
    }
  }
  for (const char* rule : {"winner", "fold"}) {
    const auto found = sums({"--method", "deep_lift", "--max-rule", rule});
    const auto base = sums({"--method", "deep_lift"});
    for (std::size_t n = 0; n < 4; ++n) CHECK(found[n] == Approx(base[n]));  // all close on f(x) - f(0)
  }
  CHECK(sums({"--method", "lrp", "--max-rule", "radial"}) == sums({"--method", "lrp_radial"}));
  CHECK(sums({"--method", "lrp", "--max-rule", "gradient"}) == sums({"--method", "lrp"}));
  CHECK(sums({"--method", "lrp", "--max-rule", "radial"}) != sums({"--method", "lrp"}));
}

TEST_CASE("the ledger closes in all and at every node, for every method", "[explain]") {
  const TemporaryFolder folder;
  const auto path = folder / "ledger.json";
  const std::string methods = explain({"--list-methods"});
  const auto y = ascribe::test::read_golden(golden + "output.npy").values;
  const std::vector<Index> targets{3, 8, 7, 0};
  std::vector<std::string> labels;
  for (const char* name : {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "n\xefne"})
    labels.push_back(name);
  std::string lines;
  for (const std::string& label : labels) lines += label + "\r\n";
  const auto label_file = folder.write("labels.txt", lines);

  std::size_t at = methods.find('\n') + 1, count = 0;
  for (; at < methods.size(); at = methods.find('\n', at) + 1, ++count) {
    const std::string method = methods.substr(at, methods.find(' ', at) - at);
    INFO(method);
    const std::string line = methods.substr(at, methods.find('\n', at) - at);
    if (ascribe::test::has_no_books(line)) continue;
    const std::string printed = explain({model, input, "--method", method, "--labels", label_file.string(),
                                         "--precision", "double", "--ledger", path.string()});
    CHECK(count_of(printed, method) == 4);
    CHECK(count_of(printed, "->") == 4);
    const Json ledger = Json::parse(bytes_of(path));
    CHECK(ledger["method"] == method);
    CHECK(ledger["precision"] == "double");
    REQUIRE(ledger["samples"].size() == 4);
    const bool averaged = method == "integrated_gradients" || method == "smoothgrad";
    const bool by_rules = !averaged && method != "deep_lift_reveal_cancel";
    for (std::size_t n = 0; n < 4; ++n) {
      const Json& sample = ledger["samples"][n];
      CHECK(sample["input"] == input + "[" + std::to_string(n) + "]");
      CHECK(sample["target"] == targets[n]);
      CHECK(sample["label"] == labels[std::size_t(targets[n])]);
      CHECK(sample["output"].get<double>() == Approx(y[10 * n + std::size_t(targets[n])]).epsilon(1e-8));
      check_books(sample["totals"], "input", method == "integrated_gradients" ? 1e-2 : 1e-12);
      CHECK(sample["nodes"].size() == (by_rules ? 11 : 0));
      double biases = 0;
      for (const Json& node : sample["nodes"]) {
        INFO(node["node"]);
        check_books(node, "leave", 1e-12);
        biases += node["biases"].get<double>();
      }
      if (by_rules) CHECK(biases == Approx(sample["totals"]["biases"].get<double>()).margin(1e-9));
    }
  }
  CHECK(count == 23);
}

TEST_CASE("a label that is no UTF-8 does not cost the ledger", "[explain]") {
  const TemporaryFolder folder;
  std::string lines;
  for (int k = 0; k < 10; ++k) lines += "n\xef\n";
  explain({model, input, "--labels", folder.write("labels", lines).string(), "--ledger",
           (folder / "l.json").string()});
  CHECK(Json::parse(bytes_of(folder / "l.json"))["samples"][0]["label"] == "n\xef\xbf\xbd");
}

TEST_CASE("targets are one for all, one each, or the largest output", "[explain]") {
  const auto arrows = [](const std::string& printed) {
    std::vector<int> targets;
    for (std::size_t at = printed.find("->"); at != std::string::npos; at = printed.find("->", at + 1))
      targets.push_back(std::stoi(printed.substr(at + 15)));
    return targets;
  };
  CHECK(arrows(explain({model, input})) == std::vector{3, 8, 7, 0});
  CHECK(arrows(explain({model, input, "--target", "top"})) == std::vector{3, 8, 7, 0});
  CHECK(arrows(explain({model, input, "--target", "4"})) == std::vector{4, 4, 4, 4});
  CHECK(arrows(explain({model, input, "--target", "9,0,3,1"})) == std::vector{9, 0, 3, 1});
  // A target that is not among the largest is printed behind them.
  CHECK(count_of(explain({model, input, "--target", "3", "--top", "1"}), "\n") == 4 * 4 + 3 + 3);
  CHECK(count_of(explain({model, input, "--top", "99"}), "\n") == 4 * 13 + 3);
}

TEST_CASE("the number of threads changes nothing", "[explain]") {
  const TemporaryFolder folder;
  for (const char* method : {"lrp_q", "smoothgrad", "deep_lift"}) {
    for (const char* threads : {"1", "3"})
      explain({model, input, "--method", method, "--threads", threads, "--relevance",
               (folder / (threads + std::string("r"))).string(), "--ledger",
               (folder / (threads + std::string("l"))).string(), "--output-values",
               (folder / (threads + std::string("o"))).string(), "--heatmap",
               (folder / (threads + std::string("h"))).string()});
    for (const char* file : {"r", "l", "o", "h"}) {
      INFO(method << ", " << file);
      CHECK(bytes_of(folder / ("1" + std::string(file))) == bytes_of(folder / ("3" + std::string(file))));
    }
  }
}

TEST_CASE("a sample explained by itself is what it is among others", "[explain]") {
  const TemporaryFolder folder;
  const auto all = ascribe::io::read_npy<float>(input);
  Arguments files;
  for (std::size_t n = 0; n < 4; ++n) {
    files.push_back((folder / (std::to_string(n) + ".npy")).string());
    // With an axis for the batch and without.
    const std::vector<std::size_t> shape =
        n % 2 ? std::vector<std::size_t>{1, 28, 28} : std::vector<std::size_t>{1, 1, 28, 28};
    ascribe::io::write_npy(files.back(), shape, std::span<const float>(all.values).subspan(784 * n, 784));
  }
  explain(Arguments{model} + files + Arguments{"--relevance", (folder / "one").string()});
  explain({model, input, "--relevance", (folder / "all").string()});
  CHECK(bytes_of(folder / "one") == bytes_of(folder / "all"));
}

TEST_CASE("heatmaps have a row for each input", "[explain]") {
  const TemporaryFolder folder;
  explain({model, input, "--heatmap", (folder / "four.png").string()});
  const auto all = ascribe::io::read_npy<float>(input);
  ascribe::io::write_npy(folder / "one.npy", {1, 28, 28}, std::span<const float>(all.values).first(784));
  explain({model, (folder / "one.npy").string(), "--heatmap", (folder / "one.png").string()});
  const auto four = png_size(folder / "four.png"), one = png_size(folder / "one.png");
  // Three panels of 8 x 28 pixels, gaps and margins (figure_test.cpp).
  CHECK(four.first == 3 * 224 + 2 * 14 + 2 * 20);
  CHECK(one.first == four.first);
  CHECK(one.second > 224 + 40);
  CHECK(four.second - 10 == 4 * (one.second - 10));  // margins of 2 x 20, 30 between rows
  // White digit on black to the left, red on white in the middle.
  const auto picture = examples::read_image(folder / "one.png");
  std::size_t black = 0, red = 0;
  for (std::size_t p = 0; p < picture.rgb.size(); p += 3) {
    const auto* rgb = &picture.rgb[p];
    black += rgb[0] == 0 && rgb[1] == 0 && rgb[2] == 0;
    red += rgb[0] > 200 && rgb[1] < 180 && rgb[2] < 180;
  }
  CHECK(black > 224 * 224 / 2);
  CHECK(red > 1000);
}

TEST_CASE("a heatmap's pixel is the sum of its channels", "[explain]") {
  const TemporaryFolder folder;
  // Two pixels of three channels, channel by channel: 1 + 1 + 1 and -2 - 2 + 1.
  const std::string path = folder.write("sum.onnx", weighted_sum({3, 1, 2}, {1, -2, 1, -2, 1, 1})).string();
  ascribe::io::write_npy(folder / "a.npy", {3, 1, 2}, std::span<const double>(std::vector<double>(6, 1.0)));
  // They cancel, so that any relevance is more than the output has.
  explain(
      {path, (folder / "a.npy").string(), "--heatmap", (folder / "h.png").string(), "--warn-above", "inf"});
  const auto picture = examples::read_image(folder / "h.png");
  // The panel in the middle starts at 20 + 224 + 14; each pixel is 112 wide.
  const auto count = [&](int x, auto&& is_it) {
    int found = 0;
    for (int y = 0; y < picture.height; ++y)
      found += is_it(&picture.rgb[3 * std::size_t(y * picture.width + x)]);
    return found;
  };
  const auto red = [](const unsigned char* rgb) { return rgb[0] > rgb[2] + 60; };
  const auto blue = [](const unsigned char* rgb) { return rgb[2] > rgb[0] + 60; };
  CHECK(count(258 + 56, red) >= 112);
  CHECK(count(258 + 168, blue) >= 112);
}

TEST_CASE("volumes are arrays like others, and no pictures", "[explain]") {
  const TemporaryFolder folder;
  // Two filters over all of 1 x 2 x 2 x 3 values, weights 1 to 12 and 13 to 24 in the file's order.
  std::vector<float> weights;
  for (int k = 1; k <= 24; ++k) weights.push_back(float(k));
  const std::string path =
      folder
          .write(
              "volume.onnx",
              ascribe::test::model_message(
                  Message()
                      .message(1, ascribe::test::node_message("Conv", {"a", "w"}, {"c"}))
                      .message(
                          5, ascribe::test::tensor_message("w", 1, {2, 1, 2, 2, 3}).packed_floats(4, weights))
                      .message(11, value("a", {1, 2, 2, 3}))
                      .message(12, value("c", {2, 1, 1, 1})))
                  .bytes)
          .string();
  const std::string volumes = (folder / "a.npy").string(), relevance = (folder / "r.npy").string();
  std::vector<double> values(24, 1.0), expected;
  std::fill(values.begin() + 12, values.end(), 2.0);
  ascribe::io::write_npy(volumes, {2, 1, 2, 2, 3}, std::span<const double>(values));
  for (const double factor : {1.0, 2.0})
    for (int k = 13; k <= 24; ++k) expected.push_back(factor * k);
  explain({path, volumes, "--relevance", relevance});
  const auto found = ascribe::io::read_npy<double>(relevance);
  CHECK(found.shape == std::vector<std::size_t>{2, 1, 2, 2, 3});
  CHECK(found.values == expected);
  const Outcome picture = run({path, volumes, "--heatmap", (folder / "h.png").string()});
  CHECK(picture.exit_code == 1);
  CHECK(picture.err ==
        "explain: --heatmap: expected a model that takes images, found one that takes (N, 1, 2, 2, 3)\n");
  CHECK_FALSE(std::filesystem::exists(folder / "h.png"));
}

TEST_CASE("images are prepared as the model takes them", "[explain]") {
  const TemporaryFolder folder;
  ascribe::Picture picture{50, 40, {}};
  for (int i = 0; i < 50 * 40 * 3; ++i) picture.rgb.push_back(static_cast<unsigned char>(i * 7 % 251));
  const auto image = folder / "image.png";
  examples::write_png(image, picture);
  const auto values = examples::read_input(image, {1, 28, 28, {0.25}, {0.5}});
  ascribe::io::write_npy(folder / "values.npy", {1, 1, 28, 28}, std::span<const double>(values));

  const auto outputs_of = [&](const Arguments& arguments, const std::string& which = model) {
    explain(Arguments{which} + arguments +
            Arguments{"--precision", "double", "--output-values", (folder / "y").string(), "--relevance",
                      (folder / "r").string()});
    return bytes_of(folder / "y") + bytes_of(folder / "r");
  };
  const std::string values_file = (folder / "values.npy").string();
  const Arguments format{"--mean", "0.25", "--std", "0.5"};
  CHECK(outputs_of(Arguments{image.string()} + format) == outputs_of({values_file}));
  CHECK(outputs_of({image.string()}) != outputs_of({values_file}));
  // Black and white are the bounds of the box, for arrays too.
  const Arguments box{"--method", "epsilon_gamma_box"};
  const auto bounded = outputs_of(Arguments{values_file} + box + Arguments{"--low", "-0.5", "--high", "1.5"});
  CHECK(outputs_of(Arguments{image.string()} + format + box) == bounded);
  CHECK(outputs_of(Arguments{values_file} + format + box) == bounded);
  CHECK(outputs_of(Arguments{values_file} + box) != bounded);
  // An image may be the baseline, and is prepared alike.
  const Arguments against{"--method", "deep_lift", "--baseline"};
  CHECK(outputs_of(Arguments{input} + against + Arguments{image.string()} + format) ==
        outputs_of(Arguments{input} + against + Arguments{values_file}));
  // Channels behind the pixels, and a shape that is no square.
  std::vector<float> weights(24);
  for (std::size_t i = 0; i < 24; ++i) weights[i] = float(i * i);
  const std::string behind = folder.write("behind.onnx", weighted_sum({2, 4, 3}, weights)).string();
  const auto rgb = examples::read_input(image, {3, 2, 4, {0.25}, {0.5}}, examples::ImageOrder::hwc);
  ascribe::io::write_npy(folder / "rgb.npy", {2, 4, 3}, std::span<const double>(rgb));
  CHECK(outputs_of(Arguments{image.string()} + format, behind) ==
        outputs_of({(folder / "rgb.npy").string()}, behind));
}

TEST_CASE("explain --describe prints every node and the method's rule for it", "[explain]") {
  const std::string lrp_q = explain({model, "--describe"});
  for (const char* node : {"input ", "/0/Conv ", "/1/Relu ", "/2/MaxPool ", "/3/Conv ", "/4/Relu ",
                           "/5/MaxPool ", "/6/Flatten/order ", "/7/Gemm ", "/8/Relu ", "/9/Gemm "})
    CHECK(count_of(lrp_q, "\n" + std::string(node)) == 1);
  CHECK(count_of(lrp_q, "(16, 28, 28)") == 2);
  CHECK(count_of(lrp_q, "11 nodes, 207178 parameters; rules of lrp_q") == 1);
  CHECK(count_of(lrp_q, "MB for others, beside 0.8 MB of weights\n") == 1);
  CHECK(count_of(lrp_q, "input: input (N, 1, 28, 28)\noutput: output (N, 10)\n") == 1);
  const std::string box = explain({model, "--describe", "--method", "epsilon_gamma_box", "--low", "-1",
                                   "--high", "2", "--gamma", "0.5", "--precision", "double"});
  CHECK(count_of(box, "ZBox(low -1, high 2") == 1);
  CHECK(count_of(box, "Gamma(gamma 0.5") == 1);
  CHECK(count_of(explain({model, "--describe", "--method", "deep_lift_reveal_cancel"}), "RevealCancel") == 7);
  // With an input both are printed.
  CHECK(count_of(explain({model, input, "--describe"}), "->") == 4);
}

TEST_CASE("explain holds an input at what a file says, and explains the other", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("two.onnx", model_of_two_inputs()).string();
  ascribe::io::write_npy(folder / "a.npy", {2}, std::span<const double>(std::vector<double>{5, 2}));
  ascribe::io::write_npy(folder / "b.npy", {2}, std::span<const double>(std::vector<double>{10, 1}));
  const std::string printed =
      explain({path, (folder / "a.npy").string(), "--input", "right=" + (folder / "b.npy").string(),
               "--precision", "double", "--output-values", (folder / "y.npy").string()});
  CHECK(ascribe::io::read_npy<double>(folder / "y.npy").values == std::vector<double>{15, 3});
  CHECK_THAT(printed, Contains("15.0000      5.0000     10.0000"));
  const std::string names = explain({path, "--list"});
  CHECK_THAT(names, Contains("input   left  float (N, 2)") && Contains("output  c  float (N, 2)"));
}

TEST_CASE("explain reads ids, and gives the rows that they choose their relevance", "[explain]") {
  const TemporaryFolder folder;
  Message shape;
  shape.message(1, Message().text(2, "N")).message(1, Message().text(2, "T"));
  const Message ids = Message().text(1, "ids").message(
      2, Message().message(1, Message().integer(1, 7).message(2, shape)));
  const std::string path = folder.write("ids.onnx", ascribe::test::model_message(
            Message()
                .message(1, ascribe::test::node_message("Gather", {"table", "ids"}, {"rows"}))
                .message(1, ascribe::test::node_message("Mul", {"rows", "w"}, {"weighted"}))
                .message(1, ascribe::test::node_message("ReduceMean", {"weighted", "axes"}, {"y"}))
                .message(5, ascribe::test::tensor_message("table", 1, {4, 2})
                                .packed_floats(4, {0, 0, 1, -1, 2, 3, 5, 8}))
                .message(5, ascribe::test::tensor_message("w", 1, {2}).packed_floats(4, {2, -1}))
                .message(5, ascribe::test::tensor_message("axes", 7, {1}).packed(7, {1}))
                .message(11, ids)
                .message(12, value("y", {1, 2})),
            18)
            .bytes).string();
  const auto numbers = [&](const char* name, const std::vector<std::size_t>& sizes, std::vector<double> values) {
    ascribe::io::write_npy(folder / name, sizes, std::span<const double>(values));
    return (folder / name).string();
  };
  const std::string one_file = numbers("one.npy", {1, 2}, {3, 1}), other = numbers("other.npy", {3}, {2, 2, 0});
  const std::string relevances = (folder / "r.npy").string(), out = (folder / "out").string();
  const Outcome one = run({path, one_file, "--relevance", relevances,
                           "--precision", "double", "--target", "0"});
  REQUIRE(one.exit_code == 0);
  CHECK_THAT(one.out, Contains("position         id    relevance"));
  const auto relevance = ascribe::io::read_npy<double>(relevances);
  CHECK(std::vector<Index>(relevance.shape.begin(), relevance.shape.end()) == std::vector<Index>{1, 2, 2});
  CHECK(relevance.values == std::vector<double>{5, 0, 1, 0});  // half of 2·5 and of 2·1
  // Lengths differ from file to file: each has a network of its own.
  const Outcome many = run({path, one_file, other, "--output-folder", out, "--write", "relevance"});
  REQUIRE(many.exit_code == 0);
  CHECK(ascribe::io::read_npy<float>(out + "/other.npy.relevance.npy").values.size() == 6);
  CHECK_THAT(run({path, numbers("two.npy", {2, 2}, {3, 1, 0, 0})}).err,
             Contains("two.npy: expected the whole numbers of one sample, found shape (2, 2)"));
  CHECK_THAT(run({path, numbers("half.npy", {1, 1}, {0.5})}).err, Contains("expected whole numbers"));
}

TEST_CASE("explain takes the sizes that inputs have, where the model leaves them open", "[explain]") {
  const TemporaryFolder folder;
  const std::string path =
      folder
          .write("open.onnx",
                 ascribe::test::model_message(
                     Message()
                         .message(1, ascribe::test::node_message("Relu", {"a"}, {"r"}))
                         .message(1, ascribe::test::node_message("ReduceMax", {"r", "ones"}, {"c"}))
                         .message(5, ascribe::test::tensor_message("ones", 7, {1}).packed(7, {1}))
                         .message(11, value("a", {-1}))
                         .message(12, value("c", {1})),
                     18)
                     .bytes)
          .string();
  std::filesystem::create_directory(folder / "in");
  ascribe::io::write_npy(folder / "in/a.npy", {3}, std::span<const double>(std::vector<double>{5, 2, 1}));
  ascribe::io::write_npy(folder / "in/b.npy", {2, 2},
                         std::span<const double>(std::vector<double>{1, 4, 7, 6}));
  const std::string in = (folder / "in").string();
  const std::string printed = explain({path, in});
  for (const char* start : {"5.0000", "4.0000", "7.0000"}) CHECK_THAT(printed, Contains(start));
  const Outcome together = run({path, in, "--relevance", (folder / "r.npy").string()});
  CHECK(together.exit_code == 1);
  CHECK_THAT(together.err, Contains("b.npy: expected the shape (1, 3)") && Contains("found (1, 2)"));
  explain({path, in, "--output-folder", (folder / "out").string()});
  CHECK(ascribe::io::read_npy<double>(folder / "out/a.npy.relevance.npy").values ==
        std::vector<double>{5, 0, 0});
  CHECK(ascribe::io::read_npy<double>(folder / "out/b.npy.relevance.npy").values ==
        std::vector<double>{0, 4, 7, 0});
  const Outcome open = run({path, "--describe"});
  CHECK(open.exit_code == 1);
  CHECK_THAT(open.err, Contains("give it as 'T' by --size NAME=N"));
  CHECK_THAT(explain({path, "--describe", "--size", "T=4"}), Contains("(4)"));
}

TEST_CASE("explain says what the reader of the file left out", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("small.onnx", small_model()).string();
  ascribe::io::write_npy(folder / "a.npy", {2}, std::span<const double>(std::vector<double>{5, 2}));
  const std::string printed = explain({path, (folder / "a.npy").string(), "--method", "gradient_times_input",
                                       "--relevance", (folder / "r.npy").string(), "--precision", "double"});
  CHECK(count_of(printed, "note: ") == 1);
  CHECK_THAT(printed, Contains("(Softmax) is left out"));
  CHECK(count_of(explain({path, "--describe"}), "note: ") == 1);
  CHECK(count_of(explain({path, (folder / "a.npy").string(), "--probability"}), "note: ") == 0);
  // The largest logit is 3·5 + 4·2, and it is what is explained.
  const auto relevance = ascribe::io::read_npy<double>(folder / "r.npy");
  CHECK(relevance.shape == std::vector<std::size_t>{1, 2});
  CHECK(relevance.values == std::vector<double>{15, 8});
}

/// y = a0·100000 − a1·99999, in two branches "left" and "right" that "sum" adds.
std::string cancelling_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("MatMul", {"a", "l"}, {"b"}, "left"))
                 .message(1, ascribe::test::node_message("MatMul", {"a", "r"}, {"c"}, "right"))
                 .message(1, ascribe::test::node_message("Add", {"b", "c"}, {"y"}, "sum"))
                 .message(5, ascribe::test::tensor_message("l", 1, {2, 1}).packed_floats(4, {100000, 0}))
                 .message(5, ascribe::test::tensor_message("r", 1, {2, 1}).packed_floats(4, {0, -99999}))
                 .message(11, value("a", {2}))
                 .message(12, value("y", {1})))
      .bytes;
}

TEST_CASE("books that close and say nothing are warned of, with the node that makes the relevance",
          "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("cancelling.onnx", cancelling_model()).string(),
                    ones = (folder / "ones.npy").string(), ledger = (folder / "l.json").string();
  ascribe::io::write_npy(ones, {2}, std::span<const double>(std::vector<double>{1, 1}));
  for (const char* method : {"lrp", "epsilon_plus", "lrp_q", "gradient", "deep_lift"}) {
    INFO(method);
    const Arguments arguments{path, ones, "--method", method, "--precision", "double", "--ledger", ledger};
    const Outcome outcome = run(arguments);
    CHECK(outcome.exit_code == 0);
    ascribe::test::check_printed_books(outcome.out);
    CHECK(outcome.err.rfind("explain: warning: " + ones +
                                ": 2e+05 of relevance moved for a start of 1, more than "
                                "1e+04 times as much",
                            0) == 0);
    CHECK_THAT(outcome.err, Contains("it grows the most at 'sum' (MatMul of Sum, ") &&
                                Contains("which makes 2e+05 of 1\n"));
    CHECK(count_of(outcome.err, "\n") == 1);
    const std::string warning = Json::parse(bytes_of(ledger))["samples"][0]["warning"];
    CHECK_THAT(outcome.err, Contains(warning));
    explain(arguments + Arguments{"--warn-above", "2e5"});
    CHECK(Json::parse(bytes_of(ledger))["samples"][0].count("warning") == 0);
    explain(arguments + Arguments{"--warn-above", "inf"});
  }
  // Methods that are made by no rules name no node.
  for (const char* method : {"deep_lift_reveal_cancel", "smoothgrad", "integrated_gradients"}) {
    INFO(method);
    const Outcome outcome = run({path, ones, "--method", method, "--precision", "double"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.err, Contains("of relevance moved") && !Contains("'sum'"));
  }
  CHECK_THAT(explain({"--help"}), Contains("--warn-above X=10000"));
  // In a folder, too.
  const Outcome many = run({path, ones, "--output-folder", (folder / "out").string()});
  CHECK(many.exit_code == 0);
  CHECK_THAT(many.err, Contains("explain: warning: ") && Contains("'sum'"));
}

TEST_CASE("a mean of gradients says what its steps leave open", "[explain]") {
  const auto integral = [](const char* steps) {
    return Arguments{model,         input,    "--method", "integrated_gradients",
                     "--precision", "double", "--steps",  steps};
  };
  const auto left = [](const std::string& printed) {
    std::vector<double> found;
    for (std::size_t at = printed.find(" leaves "); at != std::string::npos;
         at = printed.find(" leaves ", at + 1))
      found.push_back(std::stod(printed.substr(at + 8)));
    return found;
  };
  const std::string usual =
      explain({model, input, "--method", "integrated_gradients", "--precision", "double"});
  CHECK(usual == explain(integral("64")));
  CHECK(count_of(usual, "\n  --steps 64 leaves ") == 4);
  CHECK(count_of(usual, " % of the start; --steps 128 would leave about half of it\n") == 4);
  // The network's kinks leave an error of the size of a step: a quarter of them over four samples, give or
  // take.
  const auto few = left(explain(integral("16"))), many = left(explain(integral("256")));
  REQUIRE((few.size() == 4 && many.size() == 4));
  double before = 0, after = 0;
  for (std::size_t n = 0; n < 4; ++n) before += few[n], after += many[n];
  CHECK(after < before / 8);
  CHECK(after > before / 64);
  // Five hundredths of the start are worth a word.
  const Outcome one = run(integral("1"));
  CHECK(one.exit_code == 0);
  CHECK(one.err ==
        "explain: warning: " + input +
            "[0]: --steps 1 leaves 0.589 open, 6 % of the start; --steps 2 would leave about half of "
            "it\n");
  // Against itself there is nothing to close.
  CHECK(count_of(explain(integral("4") + Arguments{"--baseline", input}), "leaves nothing open") == 4);
  const std::string noisy = explain({model, input, "--method", "smoothgrad", "--steps", "10"});
  CHECK(count_of(noisy, "of 10 noisy inputs, and close for any number; --steps 40 would halve") == 4);
}

struct Mistake {
  int exit_code;
  std::string says;
  Arguments arguments;
};

TEST_CASE("mistakes are named in one line, and nothing is left behind", "[explain]") {
  const TemporaryFolder folder, inputs;
  const auto at = [&](const std::string& name) { return (folder / name).string(); };
  const std::string text = inputs.write("text.onnx", "no model at all").string();
  const std::string cut = inputs.write("cut.onnx", bytes_of(model).substr(0, 50000)).string();
  const std::string two = inputs.write("two.onnx", model_of_two_inputs()).string();
  const std::string small = inputs.write("small.onnx", small_model()).string();
  const std::string labels = inputs.write("labels.txt", "one\ntwo\n").string();
  const std::string no_image = inputs.write("image.png", "not a picture").string();
  const auto array = [&](const std::string& name, const std::vector<std::size_t>& shape, double first = 0) {
    std::size_t count = 1;
    for (const std::size_t size : shape) count *= size;
    std::vector<double> values(count);
    if (count > 0) values[0] = first;
    ascribe::io::write_npy(inputs / name, shape, std::span<const double>(values));
    return (inputs / name).string();
  };
  const std::string wrong = array("wrong.npy", {4, 784}), none = array("none.npy", {0, 1, 28, 28}),
                    three = array("three.npy", {3, 1, 28, 28}), nan = array("nan.npy", {1, 28, 28}, NAN),
                    pair = array("pair.npy", {2});
  const std::string relevance = at("r.npy");

  const std::vector<Mistake> mistakes{
      // What the files and the model say.
      {1, "no_such.onnx", {at("no_such.onnx"), input}},
      {1, "text.onnx", {text, input}},
      {1, "cut.onnx", {cut, input}},
      {1, "no_such.npy", {model, at("no_such.npy")}},
      {1, "no_such.png", {model, at("no_such.png")}},
      {1, "image.png", {model, no_image}},
      {1, "expected shape (N, 1, 28, 28) or (1, 28, 28), found (4, 784)", {model, wrong}},
      {1, "expected at least one sample", {model, none}},
      {1, "nan.npy: ", {model, nan}},
      {1, "targets in [0, 10), found 10", {model, input, "--target", "10"}},
      {1, "one for each of 4, found 2", {model, input, "--target", "1,2"}},
      {1, "expected shape", {model, input, "--method", "deep_lift", "--baseline", wrong}},
      {1, "one for each of 4 inputs, found 3", {model, input, "--method", "deep_lift", "--baseline", three}},
      {1, "no_such", {model, input, "--method", "deep_lift", "--baseline", at("no_such")}},
      {1, "a label for each of 10 outputs, found 2", {model, input, "--labels", labels}},
      {1, "no_such", {model, input, "--labels", at("no_such")}},
      {1, "one input to explain, found 2", {two, pair}},
      {1, "an image, but the model takes (N, 2)", {small, no_image}},
      {1, "--heatmap: expected a model that takes images", {small, pair, "--heatmap", at("h.png")}},
      {1, "no_folder", {model, input, "--relevance", at("no_folder/r.npy")}},
      {1, "not a file", {model, input, "--ledger", folder.path().string()}},
      {1, "not a file", {model, input, "--heatmap", "/dev/null"}},
      {1, "mean", {model, input, "--heatmap", at("h.png"), "--mean", "0,0,0"}},
      // What contradicts itself on the command line.
      {2, "MODEL", {}},
      {2, "INPUT", {model}},
      {2, "no_such_method", {model, input, "--method", "no_such_method"}},
      {2, "--no-such-option", {model, input, "--no-such-option"}},
      {2, "lrp_q has no epsilon", {model, input, "--epsilon", "0.1"}},
      {2, "--epsilon: expected a finite number", {model, input, "--method", "lrp", "--epsilon", "-1"}},
      {2, "--epsilon: expected a finite number", {model, input, "--method", "lrp", "--epsilon", "nan"}},
      {2, "--gamma", {model, input, "--method", "lrp", "--gamma", "0.1"}},
      {2, "--low", {model, input, "--method", "lrp", "--low", "0.1"}},
      {2, "lrp_q takes no mean", {model, input, "--steps", "3"}},
      {2, "--steps", {model, input, "--method", "smoothgrad", "--steps", "0"}},
      {2, "--warn-above: expected a number above 0", {model, input, "--warn-above", "0"}},
      {2, "--warn-above: expected a number above 0", {model, input, "--warn-above", "nan"}},
      {2, "not against a baseline", {model, input, "--baseline", "zero"}},
      {2, "lrp takes gradient, radial, not fold", {model, input, "--method", "lrp", "--max-rule", "fold"}},
      {2, "no choice", {model, input, "--method", "smoothgrad", "--max-rule", "gradient"}},
      {2, "there is no image", {model, input, "--mean", "0.5"}},
      {2, "--std", {model, input, "--heatmap", at("h.png"), "--std", "0"}},
      {2, "--std", {model, input, "--heatmap", at("h.png"), "--std", "1,1", "--mean", "0,0,0"}},
      {2, "expected numbers", {model, input, "--target", "3,x"}},
      {2, "expected numbers", {model, input, "--target", "3,,4"}},
      {2, "counted from 0", {model, input, "--target", "-1"}},
      {1, "has no input 'middle'; it has 'left', 'right'", {two, pair, "--input", "middle=" + pair}},
      {2, "--input: expected NAME=VALUE, found 'left='", {two, pair, "--input", "left="}},
      {2, "--size: expected a size above 0", {model, input, "--size", "T=0"}},
      {1, "--size: " + model + " leaves no axis 'T' open; these are: '", {model, input, "--size", "T=3"}},
      {2, "--threads", {model, input, "--threads", "0"}},
      {2, "--top", {model, input, "--top", "0"}},
      {2, "--precision", {model, input, "--precision", "half"}},
      {2, "another output", {model, input, "--ledger", at("same"), "--relevance", at("same")}},
      {2, "an empty name", {model, input, "--heatmap", ""}},
      {2, "--ledger", {model, "--describe", "--ledger", at("l.json")}},
  };
  for (const Mistake& mistake : mistakes) {
    std::string command;
    for (const std::string& argument : mistake.arguments) command += argument + " ";
    INFO(command);
    // A place to write to, where the mistake is not about that.
    const bool writes = count_of(command, folder.path().string()) > 0 || mistake.arguments.size() < 2;
    const Outcome outcome =
        run(writes ? mistake.arguments : mistake.arguments + Arguments{"--relevance", relevance});
    CHECK(outcome.exit_code == mistake.exit_code);
    CHECK_THAT(outcome.err, Contains(mistake.says));
    CHECK(outcome.out.empty());
    if (mistake.exit_code == 1) {
      CHECK(count_of(outcome.err, "\n") == 1);
      CHECK(outcome.err.rfind("explain: ", 0) == 0);
    }
    CHECK(folder.file_count() == 0);
  }
}

TEST_CASE("files are written all or none, and over what was there", "[explain]") {
  const TemporaryFolder folder;
  const std::string relevance = folder.write("r.npy", "old").string(), heatmap = (folder / "h.png").string();
  const Arguments arguments{model, input, "--relevance", relevance, "--heatmap", heatmap};
  // No file may be longer than 16 KiB: the relevance fits in, the picture does not.
  const Outcome outcome = run(arguments, "trap '' XFSZ; ulimit -f 32; ");
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, Contains("h.png"));
  CHECK(bytes_of(relevance) == "old");
  CHECK(folder.file_count() == 1);
  explain(arguments);
  CHECK(bytes_of(relevance).substr(1, 5) == "NUMPY");
  CHECK(folder.file_count() == 2);
  // What a run has left that was killed goes; what another is writing, and what is somebody's, stays.
  namespace fs = std::filesystem;
  const auto aged = [&](const char* name) {
    const fs::path path = folder.write(name, "left over");
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
    return path;
  };
  const fs::path old = aged("r.npy.123.part"), mine = aged("r.npy.mine.part"), other = aged("s.npy.123.part"),
                 fresh = folder.write("r.npy.124.part", "being written"), held = aged("r.npy.125.part");
  const int lock = open(held.c_str(), O_RDONLY);
  REQUIRE(flock(lock, LOCK_EX | LOCK_NB) == 0);
  explain(arguments);
  close(lock);
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(mine));
  CHECK(fs::exists(other));
  CHECK(fs::exists(fresh));
  CHECK(fs::exists(held));
  CHECK(folder.file_count() == 6);
}

TEST_CASE("any value of the file may be what --output names", "[explain]") {
  const TemporaryFolder folder;
  const auto whole = folder / "whole.npy", named = folder / "named.npy", inner = folder / "inner.npy";
  const auto made = [&](const Arguments& more, const std::filesystem::path& file) {
    return run(Arguments{model, input, "--target", "3", "--relevance", file.string()} + more).exit_code;
  };
  CHECK(made({}, whole) == 0);
  CHECK(made({"--output", "output"}, named) == 0);
  CHECK(made({"--output", "/8/Relu_output_0"}, inner) == 0);
  CHECK(bytes_of(whole) == bytes_of(named));
  CHECK(bytes_of(inner) != bytes_of(whole));
  const auto described = run({model, "--output", "/8/Relu_output_0", "--describe"});
  CHECK(described.exit_code == 0);
  CHECK_THAT(described.out, Contains("/8/Relu") && !Contains("/9/Gemm"));
  CHECK_THAT(run({model, input, "--output", "nowhere"}).err,
             Contains("output 'nowhere': no node computes it"));
}

}  // namespace
