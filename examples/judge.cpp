// Which explanation is right about this network? Ranks methods by what happens to the output where the input
// is replaced in the order of their relevance.
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "examples/judge/bench.hpp"
#include "examples/judge/options.hpp"
#include "examples/judge/report.hpp"
#include "examples/judge/texts.hpp"
#include "examples/support/files.hpp"
#include "examples/support/interruption.hpp"
#include "examples/support/model_options.hpp"
#include "examples/support/pipeline.hpp"
#include "examples/support/program.hpp"
#include "examples/support/progress.hpp"
#include "examples/support/weight_files.hpp"

namespace {

using namespace judge;

/// What was asked for: a state of another run is none of this one's.
Json settings_of(const Options& o, const Bench& bench, const Data& data) {
  Json methods = Json::array(), pairs = Json::array(), measured = Json::array();
  for (const Measure& measure : measures()) measured.push_back(measure.name);
  for (const Method* method : o.methods) methods.push_back(method->name);
  for (const auto& [from, to] : o.erasures) pairs.push_back({from, to});
  Json all = settings_of(static_cast<const ClassifierOptions&>(o));
  all.update({{"scores", bench.first_scores()},
              // A text's file name has its content in it.
              {"inputs", with_content(data, !o.vocabulary.empty())},
              {"vocabulary", with_content(o.vocabulary.string())},
              {"keep case", o.keep_case},
              {"methods", methods},
              {"layer", o.layer},
              {"perturbation", bench.described()},
              {"replacement", with_content(o.replacement)},
              {"score", o.how.score == ascribe::evaluate::Score::logit ? "logit" : "softmax"},
              {"least first", o.least_first},
              {"random", o.random},
              {"erase", pairs},
              {"sanity", o.sanity},
              {"measures", measured},
              {"baseline", with_content(o.baseline)},
              {"seed", o.how.seed}});
  return all;
}

/// What is done with one input, by a bench that is the same for all, or one of its own.
struct Work {
  std::function<Verdict(std::size_t k, std::optional<Index> label)> judge;
  std::function<PageInput(std::size_t k, const Verdict& verdict, const std::vector<std::string>& names)>
      shown;
};

Work work_of(const Bench& bench) {
  return {[&](std::size_t k, std::optional<Index> label) { return bench.judge(k, label); },
          [&](std::size_t k, const Verdict& verdict, const std::vector<std::string>& names) {
            return bench.shown(k, verdict, names);
          }};
}

/// Each text's network lives as long as it is judged.
Work work_of(const Options& options, const Texts& texts, const Data& all) {
  const auto with_bench = [&](std::size_t k, const auto& act) {
    const std::size_t n = all.number(k);
    Network network = texts.network(n);
    const Data data = texts.data(n, network);
    // So many of them are explained with random weights, too, evenly spaced.
    Options own = options;
    const auto sane = [&](std::size_t inputs) {
      return inputs * std::min(std::size_t(options.sanity), all.size()) / all.size();
    };
    own.sanity = sane(k) != sane(k + 1) ? 1 : 0;
    const Bench bench(std::move(network), own, data);
    return act(bench);
  };
  return {[=](std::size_t k, std::optional<Index> label) {
            return with_bench(k, [&](const Bench& bench) { return bench.judge(0, label); });
          },
          [=](std::size_t k, const Verdict& verdict, const std::vector<std::string>& names) {
            return with_bench(k, [&](const Bench& bench) { return bench.shown(0, verdict, names); });
          }};
}

/// Judges the inputs that this process is handed and that have not been, several at once.
class Run {
 public:
  Run(const Options& options, const Work& work, const Data& data, const std::vector<Index>& labels,
      const Json& settings, Division& division)
      : options_(options),
        work_(work),
        data_(data),
        labels_(labels),
        division_(division),
        verdicts_(data.size()) {
    division.begin(data.size());
    if (options.resume.empty()) return;
    records_.emplace(options.resume, settings, data.size(), division);
    take_records();
    known_ = records_->count(division.extent());
  }

  void operator()(examples::Progress& progress) {
    interruption_.emplace(division_.farewell("judge"));
    examples::Stages<std::size_t, Verdict> stages;
    stages.prepare = [](std::size_t k) { return k; };
    stages.work = [&](std::size_t, std::size_t, std::size_t k) {
      try {
        return work_.judge(k, labels_.empty() ? std::nullopt : std::optional(labels_[k]));
      } catch (const ascribe::Error& error) {
        if (!options_.keep_going) throw;
        Verdict none;
        none.error = error.what();
        return none;
      }
    };
    stages.finish = [&](std::size_t k, Verdict verdict) {
      if (records_) records_->add(k, to_json(verdict));
      verdicts_[k] = std::move(verdict);
      ++judged_;
      count(1, progress);
    };
    stages.stop = [&] { return interruption_->requested(); };
    count(0, progress);
    try {
      examples::run_pipeline([&] { return next(); }, std::size_t(options_.threads), stages);
    } catch (const ascribe::Error& error) {
      if (!records_ || done_ == 0) throw;
      ascribe::fail(error.what(), " (", done_, " of ", size(), " inputs are done and kept)");
    }
    progress.clear();
    if (interruption_->requested() && (division_.divided() || next())) interrupted(progress);
    division_.meet([&] {
      count(0, progress);
      if (interruption_->requested()) interrupted(progress);
    });
    progress.clear();
    interruption_.reset();
    if (!division_.meets() || !division_.speaks()) return;
    records_->read_others();
    take_records();
  }

  /// Of all inputs, once all have been judged.
  std::vector<Verdict> verdicts() const {
    std::vector<Verdict> all;
    for (const auto& verdict : verdicts_) all.push_back(verdict.value());
    return all;
  }

  /// What is to be said of a part.
  std::string said() const {
    return std::to_string(size()) + " inputs: " + std::to_string(judged_) + " judged, " +
           std::to_string(known_) + " were done before\n";
  }

 private:
  std::size_t size() const { return division_.extent().end - division_.extent().first; }

  std::optional<std::size_t> next() {
    while (const auto k = division_.next()) {
      division_.take();
      if (!verdicts_[*k]) return k;
    }
    return std::nullopt;
  }

  void take_records() {
    for (std::size_t k = 0; k < data_.size(); ++k)
      if (const Json& record = records_->all()[k]; !record.is_null())
        verdicts_[k] = from_json(record, options_);
  }

  void count(std::size_t more, examples::Progress& progress) {
    done_ = known_ + division_.finished(more);
    progress.count("judging,", done_, size(), done_ - known_);
  }

  [[noreturn]] void interrupted(examples::Progress& progress) {
    progress.clear();
    if (!division_.meets())  // what there was to say has been
      std::cerr << "judge: interrupted, " << done_ << " of " << size() << " inputs are done"
                << (records_ ? "; the same command goes on from there"
                             : ", and lost; --resume would keep them")
                << '\n';
    records_.reset();
    interruption_->end();
  }

  const Options& options_;
  const Work& work_;
  const Data& data_;
  const std::vector<Index>& labels_;
  Division& division_;
  std::optional<examples::Interruption> interruption_;
  std::optional<Records> records_;
  std::vector<std::optional<Verdict>> verdicts_;
  std::size_t known_ = 0, done_ = 0, judged_ = 0;
};

/// The page, with the inputs that it shows explained once more.
std::string page_of(const Options& options, Index classes, const Work& work, const Report& report,
                    const std::vector<Verdict>& verdicts, const std::vector<std::size_t>& numbers,
                    const std::string& judged_by, examples::Progress& progress) {
  const std::vector<std::string> names =
      options.names.empty() ? std::vector<std::string>() : read_labels(options.names, classes);
  const Page page = report.page(judged_by);
  const std::vector<std::size_t> chosen = report.chosen_inputs();
  std::vector<PageInput> inputs;
  for (const std::size_t k : chosen) {
    progress.show("explaining " + std::to_string(inputs.size() + 1) + " of " + std::to_string(chosen.size()) +
                  " inputs for the page");
    inputs.push_back(work.shown(numbers[k], verdicts[k], names));
  }
  return page_html(page, report.page_inputs(page, std::move(inputs)));
}

/// Returns whether all inputs have been judged.
bool run(Options options, Division& division) {
  for (const auto& path : {options.csv, options.json, options.page, options.resume})
    if (!path.empty()) {
      check_place(path);
      check_apart(path, options.read());
    }
  examples::share_weights(options.weight_folder);
  examples::Progress progress(division.speaks());
  progress.show("reading");
  std::vector<std::string> notes;
  ascribe::onnx::Model model = ascribe::onnx::read(options.model);
  check_sizes(model, options.model, options.sizes);
  std::optional<Texts> texts;
  std::optional<Network> network;
  if (Texts::are_judged(options, model)) {
    texts.emplace(options, std::move(model), notes);
    network = texts->network(0);
  } else {
    network = load_classifier(options, model, reading_of(options));
  }
  notes.insert(notes.begin(), network->notes.begin(), network->notes.end());
  Bench::leave_out_maps(options, *network, notes);
  const Shape input(network->inputs[0].shape.begin(), network->inputs[0].shape.end());
  const Index classes = network->graph.output_size();
  const Data data = texts ? Data(options, texts->places()) : Data(options, input, notes, division);
  const std::vector<Index> labels =
      options.labels.empty() ? std::vector<Index>() : data.labels(options, classes);
  // Of texts, the first one's bench says what is the same for all.
  const std::optional<Data> first = texts ? std::optional(texts->data(0, *network)) : std::nullopt;
  const Bench bench(*std::move(network), options, first ? *first : data);
  const Json settings =
      Json::parse(division.shared([&] { return dumped(settings_of(options, bench, data)); }));
  const Work work = texts ? work_of(options, *texts, data) : work_of(bench);
  Run judge_all(options, work, data, labels, settings, division);
  judge_all(progress);
  if (!division.completes()) progress.print(judge_all.said());
  if (!division.completes() || !division.speaks()) return true;
  const std::vector<Verdict> all = judge_all.verdicts();

  std::vector<Verdict> verdicts;
  std::vector<std::size_t> numbers;  // of their inputs
  for (std::size_t k = 0; k < all.size(); ++k)
    if (all[k].error.empty()) {
      verdicts.push_back(all[k]);
      numbers.push_back(k);
    } else {
      std::cerr << "judge: " << all[k].error << '\n';
    }
  if (verdicts.empty()) ascribe::fail("none of ", all.size(), " inputs could be judged");
  for (const std::string& note : bench.notes()) notes.push_back(note);
  for (std::size_t p = 0; p < options.erasures.size(); ++p)
    if (std::none_of(verdicts.begin(), verdicts.end(),
                     [&](const Verdict& v) { return v.target == options.erasures[p].first; }))
      notes.push_back("--erase " + std::to_string(options.erasures[p].first) + "-vs-" +
                      std::to_string(options.erasures[p].second) + ": no input is of class " +
                      std::to_string(options.erasures[p].first) + ", and nothing is said of the pair");
  const Report report(options, verdicts);
  const auto right =
      std::count_if(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.target == v.answer; });
  const std::string judged_by =
      std::to_string(verdicts.size()) + " inputs; " + bench.described() + "; the score followed is the " +
      (options.how.score == ascribe::evaluate::Score::logit ? "logit" : "softmax") + " of " +
      (labels.empty() ? std::string("the network's own answer")
                      : "the label, which the network says of " + std::to_string(right));
  OutputFiles files(OutputFiles::Names::random);
  if (!options.csv.empty()) write_bytes(files.stage(options.csv), report.csv());
  if (!options.json.empty())  // names that are no UTF-8 must not cost the numbers
    write_bytes(files.stage(options.json),
                report.json(settings).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!options.page.empty())
    write_bytes(files.stage(options.page),
                page_of(options, classes, work, report, verdicts, numbers, judged_by, progress));
  files.commit();
  std::string text;
  for (const std::string& note : notes) text += "note: " + note + "\n";
  text += judged_by + ";\nintervals hold 95 % of the bootstrap's means\n\n";
  progress.print(text + report.table());
  if (verdicts.size() < all.size())
    std::cerr << "judge: " << all.size() - verdicts.size() << " of " << all.size()
              << " inputs could not be judged\n";
  return verdicts.size() == all.size();
}

}  // namespace

int main(int argc, char** argv) {
  auto division = examples::division_at_start();
  Parsed parsed = parse(argc, argv, division->divided());
  if (!parsed.options) return division->exit_code(parsed.exit_code);
  if (parsed.options->shard) division = std::make_unique<ShardDivision>(*parsed.options->shard);
  return examples::exit_code_of("judge", *division,
                                [&] { return run(*std::move(parsed.options), *division); });
}
