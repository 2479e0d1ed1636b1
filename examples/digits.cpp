// Why did the network see that digit? Classifies handwritten digits with a convolutional network and an MLP
// from ONNX files, explains each by many methods, prints where the relevance went and draws it.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <ascribe/ascribe.hpp>
#include <ascribe/io/onnx.hpp>

#include "examples/support/audit.hpp"
#include "examples/support/figure.hpp"
#include "examples/support/idx.hpp"
#include "examples/support/png.hpp"
#include "examples/support/progress.hpp"

namespace {

using namespace ascribe;
using Matrix = Eigen::MatrixXd;

/// All methods that there are by name.
std::vector<std::string> all_methods() {
  std::vector<std::string> all(method::names.begin(), method::names.end());
  all.insert(all.end(), composite::names.begin(), composite::names.end());
  return all;
}

/// Those that fit beside each other, one of each family.
const std::vector<std::string> some_methods{"gradient",
                                            "gradient_times_input",
                                            "deconvnet",
                                            "guided_backprop",
                                            "lrp_q",
                                            "lrp_radial",
                                            "deep_lift",
                                            "epsilon_plus",
                                            "epsilon_alpha2_beta1",
                                            "epsilon_gamma_box",
                                            "excitation_backprop"};

struct Options {
  std::vector<Index> digits = {1, 2, 4, 7, 11, 17};
  std::vector<std::string> networks = {"cnn", "mlp"};
  std::vector<std::string> methods = some_methods;
  std::string output = "build/digits";
  std::string data = "examples/data";
  double epsilon = 1e-6;
  double warn_above = examples::moved_limit;
};

/// One explanation of one digit, as it is drawn.
struct Panel {
  std::vector<double> relevance;
  examples::Shares shares;
};

/// Digits down, methods across.
Picture draw(const Options& options, const examples::Images& images, const std::vector<std::string>& captions,
             const std::vector<std::vector<Panel>>& panels) {
  constexpr int zoom = 3;
  std::vector<examples::Row> rows;
  for (std::size_t d = 0; d < options.digits.size(); ++d) {
    examples::Row row;
    const auto digit = images[std::size_t(options.digits[d])];
    row.panels.push_back({"", enlarge(picture(digit, 28, 28, 1), zoom), captions[d], {}, {}});
    for (std::size_t m = 0; m < options.methods.size(); ++m) {
      const Panel& panel = panels[d][m];
      HeatmapOptions colours;
      colours.percentile = 99.5;  // a single loud pixel must not pale the rest
      row.panels.push_back(
          {d == 0 ? options.methods[m] : "",
           enlarge(heatmap(std::span<const double>(panel.relevance), 28, 28, 1, colours), zoom),
           "",
           panel.shares,
           {}});
    }
    rows.push_back(std::move(row));
  }
  const std::vector<std::string> footer{
      "Red speaks for the answer, blue against it. The bars: what became of the start, of all that moved; "
      "negative amounts lie to the left of the tick."};
  return examples::figure(rows, footer);
}

void explain_network(const std::string& name, const Graph<double>& net, const Options& options,
                     const examples::Images& images, const std::vector<unsigned char>& labels,
                     const Matrix& mean, examples::Progress& progress) {
  Matrix x(784, Index(options.digits.size()));
  for (std::size_t d = 0; d < options.digits.size(); ++d)
    for (Index i = 0; i < 784; ++i)
      x(i, Index(d)) = images[std::size_t(options.digits[d])][std::size_t(i)] / 255.0;
  const auto trace = net.forward(x), baseline = net.forward(mean);

  std::vector<Index> targets;
  std::vector<std::string> captions;
  for (Index d = 0; d < x.cols(); ++d) {
    Index best = 0;
    trace.output().col(d).maxCoeff(&best);
    targets.push_back(best);
    captions.push_back(std::to_string(labels[std::size_t(options.digits[std::size_t(d)])]) + ", seen as " +
                       std::to_string(best));
  }

  std::vector<std::vector<Panel>> panels(options.digits.size());
  std::printf("%s\n%6s %5s %4s  %-24s %10s %10s %10s %10s %10s %10s\n", name.c_str(), "digit", "label",
              "seen", "method", "start", "input", "biases", "stabiliser", "dropped", "closing");
  for (const std::string& wanted : options.methods) {
    progress.show("explaining " + name + " with " + wanted);
    const auto method = composite::by_name<double>(wanted, {.epsilon = options.epsilon});
    const start::Targets start{targets};
    const auto explanation = method.form == Form::Delta ? net.explain(trace, start, method, baseline)
                                                        : net.explain(trace, start, method);
    progress.clear();
    const auto& books = explanation.ledger;
    const bool times_input = method.times_input || method.form == Form::R;
    const examples::Audit<double> audit(net, method, times_input, options.warn_above);
    for (std::size_t d = 0; d < options.digits.size(); ++d) {
      const Index n = Index(d);
      const std::string which = name + ", digit " + std::to_string(options.digits[d]) + ", " + wanted + ": ";
      try {
        const std::string warning =
            audit(explanation, n, x, targets[d], method.form == Form::Delta ? &mean : nullptr);
        if (!warning.empty()) std::cerr << "digits: warning: " << which << warning << '\n';
      } catch (const Error& error) {
        fail(which, error.what());
      }
      const auto column = explanation.relevance.col(n);
      panels[d].push_back({{column.data(), column.data() + column.size()},
                           {books.leave(n), books.bias(n), books.stabiliser(n), books.dropped(n)}});
      std::printf("%6td %5d %4td  %-24s %10.4f %10.4f %10.4f %10.1e %10.4f %10.1e\n", options.digits[d],
                  labels[std::size_t(options.digits[d])], targets[d], wanted.c_str(), books.enter(n),
                  books.leave(n), books.bias(n), books.stabiliser(n), books.dropped(n),
                  books.closing_error()(n));
    }
  }
  const std::string path = options.output + "/" + name + ".png";
  examples::write_png(path, draw(options, images, captions, panels));
  std::printf("picture: %s\n\n", path.c_str());
}

void run(const Options& options) {
  examples::Progress progress;
  const auto images = examples::read_images(options.data + "/digits/test-images.idx3-ubyte.gz");
  const auto labels = examples::read_labels(options.data + "/digits/test-labels.idx1-ubyte");
  if (images.height != 28 || images.width != 28)
    fail("digits: expected images of 28 x 28, found ", images.height, " x ", images.width);
  if (labels.size() != std::size_t(images.count))
    fail("digits: expected a label for each of ", images.count, " images, found ", labels.size());
  for (const Index digit : options.digits)
    if (digit < 0 || digit >= Index(images.count))
      fail("digits: expected digits in [0, ", images.count, "), found ", digit);

  // The baseline: what the digits have in common. Its trace is computed once.
  Matrix all(784, Index(images.count));
  for (Index d = 0; d < all.cols(); ++d)
    for (Index i = 0; i < 784; ++i) all(i, d) = images[std::size_t(d)][std::size_t(i)] / 255.0;
  const Matrix mean = baseline::mean(all);

  std::filesystem::create_directories(options.output);
  for (const std::string& name : options.networks) {
    progress.show("reading " + name);
    const std::string file = options.data + "/mnist_" + name + ".onnx";
    const Graph<double> net = onnx::load<double>(file).graph;
    if (net.input_size() != 784)
      fail(file, ": expected a network of 784 pixels, found one of ", net.input_size());
    explain_network(name, net, options, images, labels, mean, progress);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Explains handwritten digits: for each network a table of where the relevance went, and a picture,\n"
      "digits down and methods across."};
  app.option_defaults()->always_capture_default();
  app.add_option("--digits", options.digits, "which of the 1000 digits, from 0")->delimiter(',');
  app.add_option("--network", options.networks, "cnn, mlp")
      ->delimiter(',')
      ->check(CLI::IsMember({"cnn", "mlp"}));
  app.add_option("--methods", options.methods, "which methods")
      ->delimiter(',')
      ->check(CLI::IsMember(all_methods()));
  app.add_option("--epsilon", options.epsilon, "the stabiliser of divisions");
  app.add_option("--warn-above", options.warn_above,
                 "warn where the relevance that moved is more than so many times the start");
  app.add_option("--output", options.output, "the folder for the pictures");
  app.add_option("--data", options.data, "the folder of the digits and the networks");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    run(options);
  } catch (const std::exception& error) {
    std::cerr << "digits: " << error.what() << '\n';
    return 1;
  }
}
