// Why did the network say so? Explains outputs of a network in an ONNX file for arrays or photographs, prints
// where the relevance went, and writes it as numbers, books and pictures.
#include <algorithm>
#include <iostream>
#include <string>
#include <utility>

#include "ascribe/core/error.hpp"
#include "examples/explain/engine.hpp"
#include "examples/explain/outputs.hpp"
#include "examples/support/progress.hpp"

namespace {

using namespace explain;

/// What black and white become as inputs, which bounds what an image can be; 0 and 1 without a mean and
/// deviation. One for all channels, or one a channel.
void set_bounds(Options& options) {
  const auto& mean = options.mean;
  const auto& deviation = options.deviation;
  const bool low = options.low.empty(), high = options.high.empty();
  for (std::size_t c = 0; c < std::max(mean.size(), deviation.size()); ++c) {
    const double m = mean[mean.size() == 1 ? 0 : c], d = deviation[deviation.size() == 1 ? 0 : c];
    if (low) options.low.push_back((0 - m) / d);
    if (high) options.high.push_back((1 - m) / d);
  }
}

void check_targets(const Options& options, std::size_t samples, Index outputs) {
  const auto& targets = options.targets;
  if (targets.size() > 1 && targets.size() != samples)
    ascribe::fail("--target: expected one target for all inputs or one for each of ", samples, ", found ",
                  targets.size());
  for (const Index target : targets)
    if (target >= outputs) ascribe::fail("--target: expected targets in [0, ", outputs, "), found ", target);
}

void run(Options options) {
  if (options.list_methods) {
    std::cout << methods_text();
    return;
  }
  for (const auto& path : {options.relevance, options.ledger, options.output_values, options.heatmap})
    if (!path.empty()) OutputFiles::check(path);
  examples::Progress progress;
  progress.show("reading " + options.model.string());
  const auto engine = options.in_double ? load_double(options.model) : load_float(options.model);
  set_bounds(options);
  if (options.describe) {
    const std::string text = description(*engine, options);
    progress.clear();
    std::cout << text;
    if (options.inputs.empty()) return;
    std::cout << '\n';
  }

  const auto inputs = engine->inputs();
  if (inputs.size() != 1)
    ascribe::fail(options.model.string(), ": expected a model with one input, found ", inputs.size(), ", ",
                  inputs[0].first, " to ", inputs.back().first);
  const Shape& shape = inputs[0].second;
  const auto layout = image_layout(shape, options.mean, options.deviation);
  if (!options.heatmap.empty() && !layout)
    ascribe::fail("--heatmap: expected a model that takes images, found one that takes ",
                  text_of(shape, true));
  if (layout) layout->format.check();
  const Index outputs = count_of(engine->outputs()[0].second);
  std::vector<std::string> labels;
  if (!options.labels.empty()) labels = read_labels(options.labels, outputs);
  progress.show("reading the inputs");
  std::vector<Sample> samples;
  for (const auto& path : options.inputs)
    for (Sample& sample : read_samples(path, shape, layout)) samples.push_back(std::move(sample));
  std::vector<Sample> baseline;
  if (options.method->baseline) baseline = read_baseline(options.baseline, shape, layout, samples.size());
  check_targets(options, samples.size(), outputs);

  const auto explanations =
      engine->explain(options, samples, baseline, !options.ledger.empty(), [&](std::size_t n) {
        progress.show("explaining " + samples[n].name + ", " + std::to_string(n + 1) + " of " +
                      std::to_string(samples.size()));
      });
  progress.show("writing");
  const Report report{options, *engine, samples, explanations, labels};
  write_files(report, layout);
  progress.clear();
  std::cout << summary(report);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Parsed parsed = parse(argc, argv);
    if (!parsed.options) return parsed.exit_code;
    run(std::move(*parsed.options));
    std::cout.flush();
    if (!std::cout) ascribe::fail("expected to write to standard output, found that it cannot be written to");
  } catch (const std::exception& error) {
    // The library says "explain: " itself where its own `explain` refuses.
    const std::string said = error.what(), name = "explain: ";
    std::cerr << (said.starts_with(name) ? "" : name) << said << '\n';
    return 1;
  }
}
