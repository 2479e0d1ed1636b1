// Explains a camera's frames one after the other, in memory that is asked for once, and says how long the
// slowest of them took.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/compiled.hpp"
#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "ascribe/networks/checks.hpp"
#include "examples/stream/frames.hpp"
#include "examples/stream/options.hpp"
#include "examples/support/allocations.hpp"
#include "examples/support/figure.hpp"
#include "examples/support/files.hpp"
#include "examples/support/formatted.hpp"
#include "examples/support/page_values.hpp"
#include "examples/support/png.hpp"
#include "examples/support/program.hpp"
#include "examples/support/progress.hpp"

namespace {

using namespace stream;
using Graph = ascribe::Graph<float>;

/// The network, a method's plan for it, and all memory that frame after frame is explained in.
class FrameExplainer {
 public:
  FrameExplainer(const ascribe::onnx::Network<float>& network, const Options& options,
                 const ImageLayout& layout)
      : net_(network.graph), target_(options.target) {
    const Shape input(network.inputs[0].shape.begin(), network.inputs[0].shape.end());
    if (target_ && *target_ >= net_.output_size())
      ascribe::fail("--target: expected an output in [0, ", net_.output_size(), "), found ", *target_);
    ascribe::composite::Options by = composite_options(options);
    check_bounds(by.low, by.high, layout.format.channels);
    plan_ = net_.plan(ascribe::composite::by_name<float>(options.method->name, by));
    if (options.method->baseline) {
      const Column baseline = options.baseline == "zero"
                                  ? Column::Zero(net_.input_size(), 1)
                                  : sample_in("--baseline", options.baseline, input, options);
      net_.forward(baseline, baseline_.emplace(), workspace_, plan_);
    }
    values_.resize(static_cast<std::size_t>(net_.input_size()));
    x_.resize(net_.input_size(), 1);
  }

  /// Throws ascribe::Error where the books do not close to rounding.
  void explain(const Frame& frame) {
    (*frame.maker)(frame.bytes, values_);
    x_ = Eigen::Map<const Eigen::VectorXd>(values_.data(), Index(values_.size())).cast<float>();
    net_.forward(x_, trace_, workspace_, plan_);
    answer_ = target_.value_or(0);
    if (!target_) trace_.output().col(0).maxCoeff(&answer_);
    net_.explain(trace_, answer_, plan_, explanation_, workspace_, baseline_ ? &*baseline_ : nullptr);
    if (const auto books = ascribe::check::conservation(explanation_, 0); !books)
      ascribe::fail("the books are open by ", books.error, ", more than rounding: `explain` says where");
  }

  /// Of the last frame: the input in the file's order, and what was explained of it.
  const std::vector<double>& values() const { return values_; }
  Index answer() const { return answer_; }
  double score() const { return double(explanation_.output(answer_, 0)); }
  std::span<const float> relevance() const {
    return {explanation_.relevance.data(), std::size_t(explanation_.relevance.size())};
  }

 private:
  using Column = ascribe::Batch<float>;

  const Graph& net_;
  std::optional<Index> target_;
  Graph::Plan plan_;
  Graph::Trace trace_;
  std::optional<Graph::Trace> baseline_;
  Graph::Explanation explanation_;
  ascribe::Workspace<float> workspace_;
  std::vector<double> values_;
  Column x_;
  Index answer_ = 0;
};

/// `path`, or where each so manieth frame is written, that with the frame's number in front of the ending.
std::filesystem::path place_of(const std::filesystem::path& path, const Options& options, std::size_t frame) {
  return options.every == 0 ? path : with_name(path, "." + std::to_string(frame));
}

/// Writes what is asked for of the last frame that was explained.
void write(const Options& options, const ascribe::onnx::Network<float>& network, const ImageLayout& layout,
           const FrameExplainer& explained, const std::string& name, std::size_t frame) {
  OutputFiles files(OutputFiles::Names::random);
  if (!options.relevance.empty()) {
    const auto& shape = network.inputs[0].shape;
    ascribe::io::write_npy(files.stage(place_of(options.relevance, options, frame)),
                           std::vector<std::size_t>(shape.begin(), shape.end()), explained.relevance());
  }
  if (!options.heatmap.empty()) {
    const auto relevance = explained.relevance();
    ascribe::HeatmapOptions colours;
    colours.percentile = 99.5;  // a single loud pixel must not pale the rest
    Explained row;
    row.image = picture_of(explained.values(), layout.format, layout.order);
    row.relevance = by_pixels(layout, {relevance.begin(), relevance.end()});
    row.channels = layout.format.channels;
    row.title = std::to_string(explained.answer());
    row.detail = formatted("%.4g", explained.score());
    row.method = std::string(options.method->name);
    row.file = std::filesystem::path(name).filename().string();
    write_png(files.stage(place_of(options.heatmap, options, frame)),
              figure(std::vector{explained_row(row, colours)}));
  }
  files.commit();
}

/// The smallest time that so many per cent of the times, in their order, do not exceed.
double percentile(const std::vector<double>& times, double percent) {
  // 99.9 has no exact double: without the slack, 99.9 % of 1000 would be all of them.
  const double rank = std::ceil(percent * double(times.size()) / 100 - 1e-6);
  return times[std::size_t(std::max(rank, 1.0)) - 1];
}

/// What is known behind the last frame.
struct Outcome {
  double first = 0;           ///< milliseconds of the first frame
  std::vector<double> times;  ///< of the others
  long allocations = 0;       ///< behind the first
};

std::string report(const Options& options, Outcome outcome) {
  std::string text = formatted("the first frame: %.3f ms\n", outcome.first);
  std::vector<double>& times = outcome.times;
  std::sort(times.begin(), times.end());
  if (times.empty()) {
    text += "no frames behind it\n";
  } else {
    text += formatted("%zu frames behind it, in ms: 50 %% %.3f   99 %% %.3f   99.9 %% %.3f   largest %.3f\n",
                      times.size(), percentile(times, 50), percentile(times, 99), percentile(times, 99.9),
                      times.back());
  }
  if (options.budget) {
    const auto within = std::upper_bound(times.begin(), times.end(), *options.budget);
    text += formatted("over the budget of %g ms: %td of %zu\n", *options.budget, times.end() - within,
                      times.size());
  }
  text += ASCRIBE_COUNTS_ALLOCATIONS
              ? formatted("allocations after the first frame: %ld\n", outcome.allocations)
              : std::string("allocations are not counted in this build\n");
  return text;
}

bool run(const Options& options) {
  for (const auto& path : {options.heatmap, options.relevance})
    if (!path.empty()) {
      check_place(path);
      check_apart(path, options.read());
    }
  const ascribe::onnx::Network<float> network = load_classifier(options);
  const Shape input(network.inputs[0].shape.begin(), network.inputs[0].shape.end());
  const auto layout = image_layout(input, options.mean, options.deviation);
  if (!layout)
    ascribe::fail(options.model.string(), ": expected a model of images, found an input of shape ",
                  text_of(input, true));
  layout->format.check();
  std::vector<std::string> notes = network.notes;
  const auto frames = frames_of(options, layout->format, layout->order, notes);
  ascribe::set_thread_count(options.threads);
  FrameExplainer explainer(network, options, *layout);
  Progress progress;
  Outcome outcome;
  outcome.times.reserve(options.frames);
  std::size_t n = 0;
  for (Frame frame; n <= options.frames; ++n) try {
      using Clock = std::chrono::steady_clock;
      std::chrono::duration<double, std::milli> took{};
      bool there = true;
      const long asked = allocations_in([&] {
        if (!(there = frames->next(frame))) return;
        const auto start = Clock::now();
        explainer.explain(frame);
        took = Clock::now() - start;
      });
      if (!there) break;
      if (n == 0) {
        outcome.first = took.count();
      } else {
        outcome.times.push_back(took.count());
        outcome.allocations += asked;
      }
      progress.count("explaining,", n, options.frames, n);
      if (options.every > 0 && n % options.every == 0)
        write(options, network, *layout, explainer, frames->name(n), n);
    } catch (const ascribe::Error& error) {
      const std::string said = error.what(), name = frames->name(n);
      ascribe::fail(said.find(name) != std::string::npos ? "" : name + ": ", said);
    }
  if (n == 0) ascribe::fail("standard input: expected a frame, found none");
  if (options.every == 0) write(options, network, *layout, explainer, frames->name(n - 1), n - 1);
  std::string text;
  for (const std::string& note : notes) text += "note: " + note + "\n";
  const long asked = outcome.allocations;
  progress.print(text + report(options, std::move(outcome)));
  return !(options.fail_on_allocation && asked > 0);
}

}  // namespace

int main(int argc, char** argv) {
  const Parsed parsed = parse(argc, argv);
  if (!parsed.options) return parsed.exit_code;
  return examples::exit_code_of("stream", [&] { return run(*parsed.options); });
}
