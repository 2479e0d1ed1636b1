// Which groups of inputs does a network recognise in a way of their own, and by what? Spectral relevance
// analysis, and what happens to a group once the region that it has in common is replaced.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/groups/analysis.hpp"
#include "examples/groups/options.hpp"
#include "examples/groups/report.hpp"
#include "examples/support/classifier.hpp"
#include "examples/support/files.hpp"
#include "examples/support/interruption.hpp"
#include "examples/support/pipeline.hpp"
#include "examples/support/program.hpp"
#include "examples/support/progress.hpp"
#include "examples/support/weight_files.hpp"

namespace {

using namespace groups;

/// What was asked for, and of what.
Json settings_of(const Options& o, const Analysis& analysis, const LabelledInputs& data) {
  Json all = settings_of(static_cast<const ClassifierOptions&>(o));
  all.update({{"inputs", data.size()},
              {"method", o.method->name},
              {"baseline", with_content(o.baseline)},
              {"pool", {analysis.height(), analysis.width()}},
              {"neighbours", o.how.neighbours},
              {"most", o.how.most},
              {"region", o.part},
              {"others", o.others},
              {"seed", o.how.seed}});
  return all;
}

/// What an input's answer and relevance depend on: grouping them in another way is another run of what is
/// kept.
Json kept_settings_of(const Options& o, const LabelledInputs& data) {
  Json all = settings_of(static_cast<const ClassifierOptions&>(o));
  all.update({{"inputs", with_content(data, false)},
              {"method", o.method->name},
              {"baseline", with_content(o.baseline)},
              {"classes", o.classes}});
  return all;
}

/// What the network says of each input, which this run or another has kept, or which is only found.
class Answers {
 public:
  Answers(const Options& options, const Analysis& analysis, const LabelledInputs& data,
          const std::vector<Index>& labels, Division& division)
      : options_(options), analysis_(analysis), data_(data), labels_(labels), division_(division) {
    division.begin(data.size());
    answers_.resize(data.size(), unknown);
    if (options.resume.empty()) return;
    check_place(rows_path());
    const Json settings =
        Json::parse(division.shared([&] { return dumped(kept_settings_of(options, data)); }));
    records_.emplace(options.resume, settings, data.size(), division, std::chrono::seconds(1),
                     [this] { sync_file(rows_path()); });
    using Writer = ascribe::io::NpyWriter<float>;
    const std::vector<std::size_t> shape{data.size(), std::size_t(analysis.pixels())};
    take_records();
    known_ = records_->count(division.extent());
    if (records_->count({0, data.size()}) == 0)
      make_once(rows_path(), [&](const std::filesystem::path& made) { Writer::create(made, shape); });
    rows_.emplace(Writer::reopen(rows_path(), shape));
  }

  /// Finds those that this process is handed and that are not known.
  void operator()(Progress& progress) {
    Stages<std::size_t, Seen> stages;
    stages.prepare = [](std::size_t k) { return k; };
    stages.work = [&](std::size_t, std::size_t, std::size_t k) {
      return analysis_.see(k, [&](Index answer, Index& label) {
        label = labels_.empty() ? answer : labels_[k];
        const auto& wanted = options_.classes;
        return rows_ && (wanted.empty() || std::find(wanted.begin(), wanted.end(), label) != wanted.end());
      });
    };
    stages.finish = [&](std::size_t k, Seen seen) {
      answers_[k] = seen.answer;
      if (seen.relevance.size() > 0)
        rows_->write(k * std::size_t(analysis_.pixels()),
                     {seen.relevance.data(), std::size_t(seen.relevance.size())});
      if (records_) records_->add(k, {{"answer", seen.answer}});
      ++seen_;
      count(1, progress);
    };
    const Interruption interruption(division_.farewell("groups"));
    stages.stop = [&] { return interruption.requested(); };
    const auto interrupted = [&] {
      if (records_) records_->flush();
      progress.clear();
      if (!division_.meets())  // what there was to say has been
        std::cerr << "groups: interrupted, " << done_ << " of " << size() << " inputs are done"
                  << (records_ ? "; the same command goes on from there"
                               : ", and lost; --resume would keep them")
                  << '\n';
      interruption.end();
    };
    count(0, progress);
    try {
      run_pipeline([&] { return next(); }, std::size_t(options_.threads), stages);
    } catch (const ascribe::Error&) {
      if (records_) records_->flush();
      throw;
    }
    if (records_) records_->flush();
    if (interruption.requested()) interrupted();
    division_.meet([&] {
      count(0, progress);
      if (interruption.requested()) interrupted();
    });
    progress.clear();
    if (!division_.meets() || !division_.speaks()) return;
    records_->read_others();
    take_records();
  }

  /// Of all inputs, once all are known.
  const std::vector<Index>& all() const { return answers_; }

  /// Why, where that is kept.
  Analysis::Known relevances() const {
    if (!rows_) return {};
    return [reader = std::make_shared<const ascribe::io::NpyReader>(rows_path())](
               std::size_t k, std::span<float> relevance) { reader->read(k * relevance.size(), relevance); };
  }

  /// What is to be said of a part.
  std::string said() const {
    return std::to_string(size()) + " inputs: " + std::to_string(seen_) + " explained, " +
           std::to_string(known_) + " were done before\n";
  }

 private:
  static constexpr Index unknown = -1;

  std::filesystem::path rows_path() const {
    std::filesystem::path path = options_.resume;
    return path += ".relevance.npy";
  }
  std::size_t size() const { return division_.extent().end - division_.extent().first; }

  std::optional<std::size_t> next() {
    while (const auto k = division_.next()) {
      division_.take();
      if (answers_[*k] == unknown) return k;
    }
    return std::nullopt;
  }

  void take_records() {
    for (std::size_t k = 0; k < data_.size(); ++k)
      if (const Json& record = records_->all()[k]; !record.is_null()) answers_[k] = record.at("answer");
  }

  void count(std::size_t more, Progress& progress) {
    done_ = known_ + division_.finished(more);
    progress.count(rows_ ? "explaining," : "running the network,", done_, size(), done_ - known_);
  }

  const Options& options_;
  const Analysis& analysis_;
  const LabelledInputs& data_;
  const std::vector<Index>& labels_;
  Division& division_;
  std::vector<Index> answers_;
  std::optional<Records> records_;
  std::optional<ascribe::io::NpyWriter<float>> rows_;
  std::size_t known_ = 0, done_ = 0, seen_ = 0;
};

void run(const Options& options, Division& division) {
  for (const auto& path : {options.csv, options.json, options.page, options.resume})
    if (!path.empty()) {
      check_place(path);
      check_apart(path, options.read());
    }
  share_weights(options.weight_folder);
  Progress progress(division.speaks());
  progress.show("reading");
  const ascribe::onnx::Network<float> network = load_classifier(options);
  const Shape input(network.inputs[0].shape.begin(), network.inputs[0].shape.end());
  std::vector<std::string> notes = network.notes;
  const LabelledInputs data(options, input, notes, division);
  const std::vector<std::string> names = options.names.empty()
                                             ? std::vector<std::string>()
                                             : read_labels(options.names, network.graph.output_size());
  const Analysis analysis(network, options, data);
  const std::vector<Index> given =
      options.labels.empty() ? std::vector<Index>() : data.labels(options, network.graph.output_size());
  Answers find_answers(options, analysis, data, given, division);
  find_answers(progress);
  if (!division.completes()) progress.print(find_answers.said());
  if (!division.completes() || !division.speaks()) return;
  const std::vector<Index>& answers = find_answers.all();
  const std::vector<Index>& labels = given.empty() ? answers : given;
  const std::set<Index> all(labels.begin(), labels.end());
  std::vector<Index> wanted = options.classes;
  if (wanted.empty()) wanted.assign(all.begin(), all.end());
  std::size_t right = 0, total = 0, before = 0;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    right += answers[k] == labels[k];
    total += std::find(wanted.begin(), wanted.end(), labels[k]) != wanted.end();
  }
  for (const Index label : wanted)
    if (all.count(label) == 0)
      ascribe::fail("--class ", label, ": expected inputs of that class, found none");

  std::vector<ClassGroups> classes;
  for (const Index label : wanted) {
    classes.push_back(analysis(label, labels, answers, find_answers.relevances(), [&](std::size_t done) {
      progress.count("explaining,", before + done, total, before + done);
    }));
    before += classes.back().inputs.size();
  }
  if (std::all_of(classes.begin(), classes.end(), [](const ClassGroups& c) { return !c.skipped.empty(); }))
    ascribe::fail("expected a class of more than ", options.how.neighbours, " inputs (--neighbours), found ",
                  classes.front().skipped);
  progress.clear();

  const Report report(options, data, names, classes);
  const Json settings = settings_of(options, analysis, data);
  const std::string detail =
      std::to_string(data.size()) + " inputs, of which the network says " +
      (options.labels.empty() ? std::string("what they are grouped by") : std::to_string(right) + " right") +
      "; explained by " + std::string(options.method->name) + ", summed to " +
      std::to_string(analysis.height()) + " x " + std::to_string(analysis.width()) + " cells, " +
      std::to_string(options.how.neighbours) + " neighbours";
  OutputFiles files(OutputFiles::Names::random);
  if (!options.csv.empty()) write_bytes(files.stage(options.csv), report.csv());
  if (!options.json.empty())  // names that are no UTF-8 must not cost the numbers
    write_bytes(files.stage(options.json),
                report.json(settings).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!options.page.empty())
    write_bytes(files.stage(options.page), page_html(report.page(detail, data.layout())));
  files.commit();
  std::string text;
  for (const std::string& note : notes) text += "note: " + note + "\n";
  text += detail + "\n\n" + report.table() + "\n";
  for (const std::string& finding : report.findings()) text += finding + "\n";
  text += "(" + rule_in_words() + ")\n";
  progress.print(text);
}

}  // namespace

int main(int argc, char** argv) {
  auto division = examples::division_at_start();
  const Parsed parsed = parse(argc, argv, division->divided());
  if (!parsed.options) return division->exit_code(parsed.exit_code);
  if (parsed.options->shard) division = std::make_unique<ShardDivision>(*parsed.options->shard);
  return examples::exit_code_of("groups", *division, [&] {
    run(*parsed.options, *division);
    return true;
  });
}
