// Why did the network say so? Explains outputs of a network in an ONNX file for arrays or photographs, prints
// where the relevance went, and writes it as numbers, books and pictures.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "ascribe/core/error.hpp"
#include "examples/explain/batch.hpp"
#include "examples/explain/engine.hpp"
#include "examples/explain/outputs.hpp"
#include "examples/explain/page.hpp"
#include "examples/explain/reading.hpp"
#include "examples/support/interruption.hpp"
#include "examples/support/pipeline.hpp"
#include "examples/support/png.hpp"
#include "examples/support/program.hpp"
#include "examples/support/progress.hpp"
#include "examples/support/weight_files.hpp"

namespace {

using namespace explain;

/// What black and white become as inputs, which bounds what an image can be; 0 and 1 without a mean and
/// deviation. One for all channels, or one a channel.
void set_bounds(Options& options, const NetworkInput& input) {
  const auto [mean, deviation] = scale_of(options, input);
  const bool low = options.low.empty(), high = options.high.empty();
  for (std::size_t c = 0; c < std::max(mean.size(), deviation.size()); ++c) {
    const double m = mean[mean.size() == 1 ? 0 : c], d = deviation[deviation.size() == 1 ? 0 : c];
    if (low) options.low.push_back((0 - m) / d);
    if (high) options.high.push_back((1 - m) / d);
  }
}

void check_targets(const Options& options, std::size_t samples) {
  const auto& targets = options.targets;
  if (targets.size() > 1 && targets.size() != samples)
    ascribe::fail("--target: expected one target for all inputs or one for each of ", samples, ", found ",
                  targets.size());
}

/// Whether it has a sample for each input.
bool one_each(const Beside* beside) { return beside != nullptr && beside->for_all().empty(); }

/// A sample as it goes to the threads that explain.
struct Loaded {
  Sample sample;
  Own own;
  std::string error;
};

/// What is said of an input on the way, and where it stands among all.
struct Said {
  std::size_t unit = 0, sample = 0;
  std::string text;
};

/// What has become of the inputs that this process has been handed.
struct Counts {
  std::size_t inputs = 0, explained = 0, before = 0;
  std::vector<Said> failures, warnings;
};

Json to_json(const Counts& counts) {
  const auto array = [](const std::vector<Said>& all) {
    Json json = Json::array();
    for (const Said& one : all) json.push_back({one.unit, one.sample, one.text});
    return json;
  };
  return {counts.inputs, counts.explained, counts.before, array(counts.failures), array(counts.warnings)};
}

/// Adds a process's; what is said is in the inputs' order.
void add(Counts& sum, const Json& json) {
  sum.inputs += json[0].get<std::size_t>();
  sum.explained += json[1].get<std::size_t>();
  sum.before += json[2].get<std::size_t>();
  const auto merge = [](std::vector<Said>& all, const Json& more) {
    for (const Json& one : more) all.push_back({one[0], one[1], one[2]});
    std::stable_sort(all.begin(), all.end(), [](const Said& x, const Said& y) {
      return std::pair(x.unit, x.sample) < std::pair(y.unit, y.sample);
    });
  };
  merge(sum.failures, json[3]);
  merge(sum.warnings, json[4]);
}

/// From the inputs to the files: reading, explaining and writing at the same time, a few samples at once.
class Run {
 public:
  /// `heatmap`: the page that it adds to, or null. `first_unit`: how many of what processes share out stand before
  /// these inputs' own.
  Run(const Report& report, const Inputs& inputs, const Companions& companions, HeatmapPage* heatmap,
      examples::Progress& progress, Division& division, std::size_t first_unit)
      : report_(report),
        inputs_(inputs),
        companions_(companions),
        heatmap_(heatmap),
        progress_(progress),
        division_(division),
        first_unit_(first_unit),
        in_folder_(!report.options.output_folder.empty()),
        interruption_(division.farewell("explain")),
        plan_(report, inputs,
              report.options.targets.size() > 1 || one_each(companions.baseline) ||
                  one_each(companions.weights) || one_each(companions.segments) ||
                  !report.options.with_them.empty(),
              division) {
    const Options& o = report.options;
    kinds_ = o.write;
    if (!in_folder_) kinds_ = {.ledger = !o.ledger.empty(), .heatmap = !o.heatmap.empty() && !heatmap};
    if (!in_folder_) division.begin(plan_.units());
    extent_ = in_folder_ ? Piece{0, inputs.size()} : division.extent();
    known_ = plan_.done(extent_);
    finished_before_ = division.finished(0);
  }

  /// Explains what this process is handed. Throws ascribe::Error, the first input's that cannot be, unless
  /// the others are to be explained all the same.
  Counts operator()(const std::vector<std::string>& said) {
    const Options& o = report_.options;
    explainers_ = report_.engine.explainers(o, companions_, kinds_.ledger);
    if (!o.page.empty()) page_.emplace(report_, companions_);
    notes_ = notes(said);
    examples::Stages<Loaded, Result> stages;
    stages.prepare = [&](std::size_t n) { return load(n); };
    stages.work = [&](std::size_t thread, std::size_t n, Loaded loaded) {
      return explained(thread, n, loaded);
    };
    stages.finish = [&](std::size_t n, Result result) { write(n, std::move(result)); };
    stages.stop = [&] { return interruption_.requested(); };
    count(0);
    try {
      examples::run_pipeline([&] { return next(); }, explainers_.size(), stages);
      if (writer_) writer_->keep();
    } catch (const ascribe::Error& error) {
      keep();
      if (!goes_on() || finished_ == 0) throw;
      ascribe::fail(error.what(), " (", finished_, " of ", size(), " inputs are done and kept)");
    } catch (...) {
      keep();
      throw;
    }
    progress_.clear();
    if (interruption_.requested() && (division_.divided() || next())) interrupted();
    writer_.reset();
    put_together();
    return finished_counts();
  }

  /// --index.
  void write_index(std::ostream& to) const { plan_.write_index(to); }

  /// What is to be printed before anything else, unless it has been.
  const std::string& notes_left() const { return notes_; }

 private:
  bool goes_on() const { return in_folder_ || report_.options.resume; }
  std::size_t size() const { return extent_.end - extent_.first; }

  /// The next sample that is to be explained by this process.
  std::optional<std::size_t> next() {
    while (left_.empty()) {
      const auto unit = division_.next();
      if (!unit || *unit >= first_unit_ + plan_.units()) return std::nullopt;
      division_.take();
      const Piece samples = plan_.samples(*unit - first_unit_);
      const auto to_do = plan_.to_do(*unit - first_unit_);
      left_.assign(to_do.begin(), to_do.end());
      const std::size_t all = samples.end - samples.first, before = all - left_.size();
      counts_.inputs += all;
      skipped_ += before;
      // Those of all inputs together are known from the beginning.
      if (in_folder_ && before > 0) division_.finished(before);
    }
    const std::size_t n = left_.front();
    left_.pop_front();
    return n;
  }

  /// The files of all inputs, of which several processes have written.
  void put_together() {
    if (in_folder_ || !report_.options.resume || !division_.completes()) return;
    meet();
    if (report_.options.compress && division_.meets()) {
      plan_.end_files(division_.among());
      meet();
    }
    progress_.clear();
    if (division_.speaks() && plan_.is_put_together()) plan_.put_together();
  }

  /// Waits for those that this process meets.
  void meet() {
    division_.meet([&] {
      count(0);
      if (interruption_.requested()) interrupted();
    });
  }

  Counts finished_counts() {
    counts_.before = skipped_;
    // Of all inputs together, everybody knows them.
    if (in_folder_ || (division_.speaks() && division_.completes())) {
      std::vector<Said> all;
      for (const std::string& failure : plan_.failures()) all.push_back({first_unit_, 0, failure});
      counts_.failures.insert(counts_.failures.begin(), all.begin(), all.end());
    }
    return std::move(counts_);
  }

  [[noreturn]] void interrupted() {
    keep();
    progress_.clear();
    std::cout.flush();
    writer_.reset();
    if (!division_.meets())  // what there was to say has been
      std::cerr << "explain: interrupted, " << finished_ << " of " << size() << " inputs are done"
                << (goes_on() ? "; the same command goes on from there"
                              : ", and no file is written; --resume would keep them")
                << '\n';
    interruption_.end();
  }

  void keep() noexcept {
    try {
      if (writer_) writer_->keep();
    } catch (const std::exception&) {
      // Then less is kept; what went wrong before is what is said.
    }
  }

  /// So many more are done.
  void count(std::size_t more) {
    finished_ = known_ + division_.finished(more) - finished_before_;
    const std::size_t before = known_ + (in_folder_ ? skipped_.load() : 0);
    progress_.count("explaining,", finished_, std::max(finished_, size()),
                    finished_ - std::min(finished_, before));
  }

  Loaded load(std::size_t n) const {
    Loaded loaded;
    loaded.sample.name = inputs_.name(n);
    try {
      loaded.sample = inputs_.read(n);
      if (one_each(companions_.baseline)) loaded.own.baseline = companions_.baseline->read(n);
      if (one_each(companions_.segments)) loaded.own.segments = companions_.segments->read(n);
      if (one_each(companions_.weights)) loaded.own.weights = companions_.weights->read(n);
    } catch (const ascribe::Error& error) {
      loaded.error = error.what();
    }
    return loaded;
  }

  Result explained(std::size_t thread, std::size_t n, const Loaded& loaded) const {
    Result result;
    result.name = loaded.sample.name;
    result.error = loaded.error;
    if (result.error.empty()) try {
        Explanation e = explainers_[thread]->explain(loaded.sample, n, loaded.own);
        if (page_) result.page = page_->input(thread, loaded.sample, n, loaded.own, e);
        if (!in_folder_ && !division_.divided()) result.summary = summary(report_, loaded.sample, e);
        if (kinds_.ledger) result.ledger = ledger_sample(report_, loaded.sample, e);
        if (kinds_.heatmap) {
          examples::Row row = heatmap_row(report_, loaded.sample, e);
          if (in_folder_)
            result.png = examples::png_of(examples::figure({&row, 1}));
          else
            result.row = std::move(row);
        }
        if (heatmap_) result.heatmap_page = heatmap_->input(report_, loaded.sample, e);
        if (!e.warning.empty()) result.warning = result.name + ": " + e.warning;
        for (const NumbersFile& file : report_.numbers) result.numbers.push_back(numbers_for(file, e));
      } catch (const ascribe::Error& error) {
        result.error = error.what();
      }
    if (!result.error.empty()) result.ledger = ledger_failure(result.name, result.error);
    return result;
  }

  std::vector<double> numbers_for(const NumbersFile& file, Explanation& e) const {
    switch (file.kind) {
      case NumbersFile::Kind::relevance:
        return report_.inputs[file.place].of(e.relevance);
      case NumbersFile::Kind::outputs:
        return std::move(e.output);
      case NumbersFile::Kind::multipliers:
        return report_.inputs[file.place].of(e.multipliers);
      case NumbersFile::Kind::at:
        break;
    }
    return std::move(e.at[file.place]);
  }

  void write(std::size_t n, Result result) {
    if (!result.error.empty()) {
      if (!report_.options.keep_going) ascribe::fail(result.error);
      counts_.failures.push_back({first_unit_, n, result.error});
      if (heatmap_) heatmap_->add_failure(result.error);
    } else {
      ++counts_.explained;
      if (heatmap_) heatmap_->add(std::move(result.heatmap_page));
    }
    if (!job_ || plan_.job_of(n) != number_) begin(plan_.job_of(n));
    // An input that has files of its own has none then, so that it is tried again the next time.
    const bool nothing = !result.error.empty() && in_folder_ && job_->one_picture;
    if (!nothing) {
      if (!writer_) writer_.emplace(report_, *job_);
      writer_->add(n - job_->first, result);
      if (writer_->done() == job_->count && job_->suffix.empty()) {
        writer_->finish();
        writer_.reset();
      }
    }
    if (!result.summary.empty()) {
      progress_.print(notes_ + (notes_.empty() && !printed_ ? "" : "\n") + result.summary);
      notes_.clear();
      printed_ = true;
    }
    if (!result.warning.empty() && division_.meets()) {
      counts_.warnings.push_back({first_unit_, n, result.warning});
    } else if (!result.warning.empty()) {
      progress_.clear();
      std::cout.flush();
      std::cerr << "explain: warning: " << result.warning << '\n';
    }
    count(1);
  }

  void begin(std::size_t number) {
    number_ = number;
    job_ = plan_.job(number);
    writer_.reset();
  }

  const Report& report_;
  const Inputs& inputs_;
  const Companions companions_;
  HeatmapPage* const heatmap_;
  examples::Progress& progress_;
  Division& division_;
  const std::size_t first_unit_;
  const bool in_folder_;
  const examples::Interruption interruption_;
  Plan plan_;
  bool printed_ = false;
  Kinds kinds_;
  std::vector<std::unique_ptr<Explainer>> explainers_;
  std::optional<PageMaker> page_;
  std::string notes_;
  Counts counts_;
  std::deque<std::size_t> left_;  // of the last unit
  Piece extent_;
  std::size_t known_ = 0, finished_before_ = 0, finished_ = 0;
  std::atomic<std::size_t> skipped_ = 0;
  std::size_t number_ = 0;
  std::optional<Job> job_;
  std::optional<JobWriter> writer_;
};

/// What is said in the end. Returns whether all inputs have been explained.
bool say(const Counts& counts, const std::string& notes, bool counted, examples::Progress& progress) {
  if (counted)
    progress.print(notes + std::to_string(counts.inputs) + " inputs: " + std::to_string(counts.explained) +
                   " explained, " + std::to_string(counts.before) + " were done before\n");
  for (const Said& warning : counts.warnings) std::cerr << "explain: warning: " << warning.text << '\n';
  for (const Said& failure : counts.failures) std::cerr << "explain: " << failure.text << '\n';
  if (!counts.failures.empty())
    std::cerr << "explain: " << counts.failures.size() << " of " << counts.inputs
              << " inputs could not be explained\n";
  return counts.failures.empty();
}

std::unique_ptr<Engine> load(const Options& options, const ascribe::onnx::ReadOptions& reading) {
  const examples::WeightTurn turn(options.weight_folder);
  return options.in_double ? load_double(options.model, reading) : load_float(options.model, reading);
}

/// Prints the nodes of a file that does not load, and throws what there is to say of it: `error`, where no
/// node is at fault.
[[noreturn]] void describe_unread(const ModelFile& model, const Options& options, const Group& group,
                                  const ascribe::Error& error, examples::Progress& progress) {
  std::vector<ascribe::onnx::NodeReport> nodes;
  try {
    nodes = model.survey(group);
  } catch (const ascribe::Error&) {
    throw error;
  }
  const auto faults =
      std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.fault.empty(); });
  const auto behind =
      std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.behind.empty(); });
  if (faults == 0) throw error;
  progress.clear();
  std::cout << description(nodes);
  std::cout.flush();
  ascribe::fail(options.model.string(), ": ", faults, " of ", nodes.size(), " nodes cannot be read, and ",
                behind, " behind them have not been tried; --output may name a value before them");
}

/// The network of a group; of a text or ids, what went wrong says how many there are.
std::unique_ptr<Engine> load_group(const Options& options, const ModelFile& model, const Group& group) try {
  return load(options, model.reading(group));
} catch (const ascribe::Error& error) {
  if (!group.pieces) throw;
  const Place& place = group.files.front();
  const std::size_t count = group.pieces->words.size();
  if (place.shown.empty()) ascribe::fail(place.path, ": ", error.what(), " (of ", count, " ids)");
  ascribe::fail(place.shown, ": ", error.what(), " (the text is ", count, " pieces long)");
}

/// The network's inputs, each with what is before it.
std::vector<NetworkInput> inputs_of(const Engine& engine, const ModelFile& model) {
  std::vector<NetworkInput> all;
  std::size_t first = 0;
  for (const auto& [name, shape] : engine.inputs()) {
    all.push_back({name, shape, first, model.type_of(name)});
    first += static_cast<std::size_t>(count_of(shape));
  }
  return all;
}

/// Which of the network's inputs the command line's INPUT is for. Throws ascribe::Error unless it says of
/// each what that is.
std::size_t input_of_files(const Options& options, const std::vector<NetworkInput>& inputs) {
  const auto place = [&](const std::string& name) {
    return static_cast<std::size_t>(
        std::find_if(inputs.begin(), inputs.end(), [&](const auto& i) { return i.name == name; }) -
        inputs.begin());
  };
  std::vector<std::size_t> left;
  for (std::size_t k = 0; k < inputs.size(); ++k) left.push_back(k);
  for (const InputFiles& input : options.with_them)
    if (std::erase(left, place(input.name)) == 0)
      ascribe::fail("--explain: ", options.model.string(), ": what is explained does not depend on '",
                    input.name, "'");
  if (left.empty())
    ascribe::fail(options.model.string(), ": expected an input for INPUT, found that --explain names ",
                  inputs.size() > 1 ? "all of them, '" : "the only one, '", inputs[0].name,
                  inputs.size() > 1 ? "' to '" + inputs.back().name : "", "'");
  if (left.size() > 1)
    ascribe::fail(options.model.string(), ": expected one input to explain, found ", left.size(), ", ",
                  inputs[left.front()].name, " to ", inputs[left.back()].name,
                  ": --explain NAME=FILE explains another with it, --input NAME=FILE.npy holds it");
  if (!options.input_name.empty() && place(options.input_name) != left[0])
    ascribe::fail("--explain: ", options.model.string(), ": what is explained does not depend on '",
                  options.input_name, "'");
  return left[0];
}

/// The samples of all inputs, those of `files` and those that --explain names.
Inputs samples_of(const Report& report, std::vector<Place> files) {
  const Options& o = report.options;
  const NetworkInput& of_files = report.inputs[report.of_files];
  Inputs samples(std::move(files), of_files.shape, report.layout, o.keep_going, of_files.type);
  std::vector<Inputs> before, behind;
  for (std::size_t k = 0; k < report.inputs.size(); ++k) {
    if (k == report.of_files) continue;
    const NetworkInput& input = report.inputs[k];
    const auto named = std::find_if(o.with_them.begin(), o.with_them.end(),
                                    [&](const InputFiles& one) { return one.name == input.name; });
    std::vector<Place> places;
    for (const auto& file : named->files) {
      if (std::error_code error; std::filesystem::is_directory(file, error))
        ascribe::fail("--explain: ", file.string(), ": expected a file for '", input.name,
                      "', found a folder");
      places.push_back({file.string()});
    }
    (k < report.of_files ? before : behind)
        .emplace_back(std::move(places), input.shape, layout_of(report, k), false, input.type);
  }
  samples.join(std::move(before), std::move(behind));
  return samples;
}

/// What each input is compared with, together.
Beside all_baselines(const Report& report, std::size_t samples) {
  const Options& o = report.options;
  const auto& inputs = report.inputs;
  for (const auto& [name, baseline] : o.baselines)
    if (!name.empty() && std::none_of(inputs.begin(), inputs.end(),
                                      [&, &wanted = name](const auto& i) { return i.name == wanted; }))
      ascribe::fail("--baseline: expected the name of an input that is explained, found '", name, "'");
  std::vector<Beside> all;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    std::vector<std::string> names;
    for (const auto& [name, baseline] : o.baselines)
      if (name.empty() || name == inputs[k].name) names.push_back(baseline);
    if (names.empty()) names = {"zero"};
    all.push_back(baselines_of(names, o.average_baselines, inputs[k].shape, layout_of(report, k), samples));
  }
  return Beside::joined("--baseline", std::move(all));
}

/// Whether a node has the rule that --low and --high are for.
bool has_box(const Engine& engine, Options options, const Method& method) {
  options.take(method);
  const auto nodes = engine.nodes(options);
  return std::any_of(nodes.begin(), nodes.end(),
                     [](const NodeText& node) { return node.rule.find("ZBox") != std::string::npos; });
}

/// What texts and ids are compared with.
Beside all_baselines(const Report& report, const ModelFile& model, const Pieces& pieces) {
  if (are_ids(report.options, pieces))
    return baselines_of_ids(report.options, model, report.inputs, pieces, report.words_of_rows);
  try {
    return all_baselines(report, 1);
  } catch (const ascribe::Error& error) {
    ascribe::fail("--baseline: ", error.what(), "; ids have shape ",
                  ascribe::onnx::shown(pieces.input(pieces.ids.front()).dims()));
  }
}

/// Throws ascribe::Error for a method that explains one input of the network, where rows of several tables
/// are.
void check_tables(const Options& options, const std::vector<NetworkInput>& inputs) {
  if (inputs.size() < 2) return;
  for (const Method* const method : options.methods)
    if (method->box || method->layer || method->name == "smoothgrad")
      ascribe::fail(options.model.string(), ": ", method->name, " explains one input, found rows of ",
                    inputs.size(), " tables, ", inputs.front().name, " to ", inputs.back().name);
  if (!options.segments.empty() || (!options.stride.empty() && options.stride != options.patch))
    ascribe::fail(options.model.string(), ": expected --patch N alone for rows of ", inputs.size(),
                  " tables, which leaves out N pieces at a time in all of them");
}

/// Files of one shape, or one text: what has become of those that this process is handed, and what is to be said before
/// that. `heatmap`: the page that they go to, or null.
std::pair<Counts, std::string> explain_group(Options options, const ModelFile& model, const Engine& engine,
                                             std::vector<NetworkInput> inputs, Group group,
                                             std::vector<std::string> said, HeatmapPage* heatmap,
                                             examples::Progress& progress, Division& division,
                                             std::size_t first_unit, std::ostream* index) {
  std::vector<Place> files = std::move(group.files);
  if ((options.mean != std::vector<double>{0} || options.deviation != std::vector<double>{1}) &&
      std::none_of(inputs.begin(), inputs.end(),
                   [](const NetworkInput& input) { return ascribe::onnx::is_floating(input.type); }))
    ascribe::fail("--mean and --std: expected an input of floating-point numbers, found '", inputs[0].name,
                  "' of ", ascribe::onnx::name(inputs[0].type),
                  ", whose numbers an image's are from 0 to 255");
  Report report{options, engine, std::move(inputs)};
  report.coloured = isatty(STDOUT_FILENO) != 0;
  if (group.pieces) {
    report.words_of_rows = words_of_rows(model, report.inputs, *group.pieces);
    report.words = group.pieces->words;
    report.ids = group.pieces->ids;
    check_tables(options, report.inputs);
  } else {
    report.of_files = input_of_files(options, report.inputs);
    report.layout = layout_of(options, report.inputs[report.of_files]);
  }
  const Shape& shape = report.inputs[report.of_files].shape;
  report.numbers = numbers_files(options, engine, report.inputs);
  const bool in_folder = !options.output_folder.empty();
  if ((in_folder ? options.write.heatmap : !options.heatmap.empty()) && !report.layout && !group.pieces)
    ascribe::fail(in_folder ? "--write heatmap" : "--heatmap",
                  ": expected a model that takes images, found one that takes ", text_of(shape, true));
  if (report.layout) report.layout->format.check();
  if (std::any_of(options.methods.begin(), options.methods.end(), [](const Method* m) { return m->box; }))
    check_bounds(options.low, options.high, report.layout ? report.layout->format.channels : count_of(shape));
  const Index outputs = count_of(engine.outputs()[0].second);
  if (!options.labels.empty()) report.labels = read_labels(options.labels, outputs);
  if (options.method->by_rules) report.nodes = engine.nodes(options);

  progress.show("looking at the inputs");
  for (const std::string& note : engine.notes()) said.push_back(note);
  for (std::size_t k = 0; heatmap && k < said.size(); ++k) heatmap->note(said[k]);
  for (const Method* const method : options.methods)
    if (method->box && !has_box(engine, options, *method)) said.push_back(examples::no_box);
  const Inputs samples =
      group.pieces ? Inputs(std::move(files.front()), engine.rows()) : samples_of(report, std::move(files));
  std::optional<Beside> baseline, weights, segments;
  if (!options.segments.empty()) segments = segments_of(options.segments, shape, samples.size());
  if (report.inputs.size() > 1 && !options.patch.empty()) {
    segments = parts_of_words(report.inputs, report.words_of_rows, options.patch.front());
    options.patch.clear();
  }
  if (std::any_of(options.methods.begin(), options.methods.end(),
                  [](const Method* m) { return m->baseline; }))
    baseline =
        group.pieces ? all_baselines(report, model, *group.pieces) : all_baselines(report, samples.size());
  if (!options.weights.empty())
    weights.emplace("weights", options.weights.string(), engine.outputs()[0].second, std::nullopt,
                    samples.size());
  check_targets(options, samples.size());
  const int threads = options.threads;
  options.threads = static_cast<int>(std::min(static_cast<std::size_t>(threads), samples.size()));
  options.threads_each = threads / options.threads;
  if (!options.page.empty()) report.page = page_of(report);

  const Companions companions{baseline ? &*baseline : nullptr, weights ? &*weights : nullptr,
                              segments ? &*segments : nullptr};
  Run explain_all(report, samples, companions, heatmap, progress, division, first_unit);
  Counts counts = explain_all(said);
  if (index) explain_all.write_index(*index);
  return {std::move(counts), explain_all.notes_left()};
}

/// Returns whether all that was asked for has been done.
bool run(Options options, Division& division) {
  if (options.list_methods) {
    std::cout << methods_text();
    return true;
  }
  if (options.list_operators) {
    std::cout << operators_text();
    return true;
  }
  const auto outputs = options.files();
  for (const auto& [option, path] : outputs)
    if (!path.empty()) {
      check_place(path);
      check_apart(path, options.read());
    }
  examples::Progress progress(division.speaks());
  examples::share_weights(options.weight_folder);
  progress.show("reading " + options.model.string());
  const ModelFile model(options);
  if (options.list_values) {
    progress.clear();
    std::cout << model.list();
    return true;
  }
  std::vector<std::string> said;
  std::vector<Group> groups{{}};
  if (options.explains() && !options.vocabulary.empty())
    groups = model.by_text();
  else if (options.explains())
    groups = model.by_shape(
        find_inputs(options.inputs, options.inputs_from, options.output_folder, said, division));
  std::optional<HeatmapPage> heatmap;
  if (options.heatmap_is_page()) heatmap.emplace(options);
  const bool one_file = std::any_of(outputs.begin(), outputs.end(), [&](const auto& file) {
    return !file.second.empty() && !(heatmap && file.first == "--heatmap");
  });
  if (groups.size() > 1 && one_file && groups[0].pieces) {
    const Place& place = groups[1].files[0];
    ascribe::fail(place.shown.empty() ? place.path + ": numbers that choose rows of a table make"
                                      : place.shown + ": each text has",
                  " a network of its own, and no file together with others but --heatmap OUT.html; "
                  "--output-folder writes one each");
  }
  if (groups.size() > 1 && one_file)
    ascribe::fail(groups[1].files[0].path, ": expected the shape ", ascribe::onnx::shown(groups[0].shape),
                  " of ", groups[0].files[0].path, ", found ", ascribe::onnx::shown(groups[1].shape),
                  ": inputs of several sizes have no file together; --output-folder writes one each");
  if (groups.size() > 1 && !options.with_them.empty() && !groups[0].pieces)
    ascribe::fail(groups[1].files[0].path, ": expected the shape ", ascribe::onnx::shown(groups[0].shape),
                  " of ", groups[0].files[0].path, ", found ", ascribe::onnx::shown(groups[1].shape),
                  ": with --explain, inputs are of one size");
  // Of files that have outputs of their own, processes share out the files.
  const bool in_folder = !options.output_folder.empty();
  std::size_t files = 0, first_unit = 0;
  for (const Group& group : groups) files += group.files.size();
  if (in_folder) division.begin(files);
  examples::OutputFiles index_file(examples::OutputFiles::Names::random);
  std::ofstream index;
  if (!options.index.empty()) check_place(options.index);
  const bool indexes = !options.index.empty() && division.speaks() && division.completes();
  if (indexes) index.open(index_file.stage(options.index), std::ios::binary);
  bool all = true;
  Counts counts;
  std::string notes;
  // Parts that others have made are gone on with: one process alone puts them together.
  if (!in_folder && has_parts(options)) {
    if (!options.heatmap.empty() || !options.page.empty())
      ascribe::fail(
          "--heatmap and --page are drawn at the end, of all inputs; found parts beside the outputs, which "
          "--shard has made");
    options.resume = true;
  }
  const std::string fingerprint =
      options.resume || !options.output_folder.empty() ? model.fingerprint() : std::string();
  for (Group& group : groups) {
    const std::size_t first = std::exchange(first_unit, first_unit + group.files.size());
    // A network of which this process explains nothing is not read, unless its inputs are to be named.
    if (in_folder && !indexes) {
      const auto unit = division.next();
      if (!unit || *unit >= first_unit) continue;
    }
    std::unique_ptr<Engine> engine;
    try {
      engine = load_group(options, model, group);
    } catch (const ascribe::Error& error) {
      if (!options.describe) throw;
      describe_unread(model, options, group, error, progress);
    }
    std::vector<NetworkInput> inputs = inputs_of(*engine, model);
    Options bounded = options;
    set_bounds(bounded, inputs[0]);
    bounded.model_fingerprint = fingerprint;
    if (options.describe) {
      const std::string text = description(*engine, bounded);
      progress.clear();
      std::cout << text;
      if (!options.explains()) return true;
      std::cout << '\n';
    }
    auto [of_group, notes_of_group] =
        explain_group(std::move(bounded), model, *engine, std::move(inputs), std::move(group), said,
                      heatmap ? &*heatmap : nullptr, progress, division, in_folder ? first : 0,
                      indexes ? &index : nullptr);
    said.clear();
    if (!division.meets()) {
      all = say(of_group, notes_of_group, in_folder || division.divided(), progress) && all;
    } else {
      add(counts, to_json(of_group));
      notes += notes_of_group;
    }
  }
  if (heatmap) heatmap->write();
  if (indexes) {
    index.close();
    if (!index)
      ascribe::fail(options.index.string(), ": expected to write an index, found that it cannot be written");
    index_file.commit();
  }
  if (!division.meets()) return all;
  Counts of_all;
  for (const std::string& text : division.gathered(to_json(counts).dump())) add(of_all, Json::parse(text));
  return !division.speaks() || say(of_all, notes, true, progress);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that leaves, as `head` does, must not cost the files.
  std::signal(SIGPIPE, SIG_IGN);
  auto division = examples::division_at_start();
  Parsed parsed = parse(argc, argv, division->divided());
  if (!parsed.options) return division->exit_code(parsed.exit_code);
  if (parsed.options->shard) division = std::make_unique<ShardDivision>(*parsed.options->shard);
  return examples::exit_code_of("explain", *division,
                                [&] { return run(*std::move(parsed.options), *division); });
}
