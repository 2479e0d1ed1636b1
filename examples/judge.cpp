// Which explanation is right about this network? Ranks methods by what happens to the output where the input
// is replaced in the order of their relevance.
#include <algorithm>
#include <functional>
#include <iostream>
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

namespace {

using namespace judge;

/// What was asked for: a state of another run is none of this one's.
Json settings_of(const Options& o, const Bench& bench, const Data& data) {
  Json methods = Json::array(), pairs = Json::array(), measured = Json::array();
  for (const Measure& measure : measures()) measured.push_back(measure.name);
  for (const Method* method : o.methods) methods.push_back(method->name);
  for (const auto& [from, to] : o.erasures) pairs.push_back({from, to});
  std::string names;
  for (std::size_t k = 0; k < data.size(); ++k) names += data.name(k) + "\n";
  // A text's file name has its content in it.
  for (const std::string& file : data.files())
    names += (o.vocabulary.empty() ? fingerprint(file) : file) + "\n";
  Json all = settings_of(static_cast<const ClassifierOptions&>(o));
  all.update({{"scores", bench.first_scores()},
              {"inputs", std::to_string(data.size()) + " " + fingerprint_of(names)},
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

/// Judges the inputs that have not been, several at once. Returns whether all have been now.
class Run {
 public:
  Run(const Options& options, const Work& work, const Data& data, const std::vector<Index>& labels,
      const Json& settings)
      : options_(options), work_(work), data_(data), labels_(labels) {
    if (options.resume.empty()) return;
    lines_.emplace(options.resume, settings);
    for (const Json& line : lines_->found()) verdicts_.push_back(from_json(line, options));
    if (verdicts_.size() > data.size())
      ascribe::fail(options.resume.string(), ": expected at most ", data.size(), " inputs, found ",
                    verdicts_.size());
  }

  const std::vector<Verdict>& operator()(examples::Progress& progress) {
    const examples::Interruption interruption;
    const std::size_t before = verdicts_.size(), left = data_.size() - before;
    examples::Stages<std::size_t, Verdict> stages;
    stages.prepare = [&](std::size_t k) { return before + k; };
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
      if (lines_) lines_->add(to_json(verdict));
      verdicts_.push_back(std::move(verdict));
      progress.count("judging,", verdicts_.size(), data_.size(), k + 1);
    };
    stages.stop = [&] { return interruption.requested(); };
    progress.count("judging,", before, data_.size(), 0);
    try {
      examples::run_pipeline(left, std::size_t(options_.threads), stages);
    } catch (const ascribe::Error& error) {
      if (!lines_ || verdicts_.empty()) throw;
      ascribe::fail(error.what(), " (", verdicts_.size(), " of ", data_.size(), " inputs are done and kept)");
    }
    progress.clear();
    if (verdicts_.size() < data_.size()) {
      std::cerr << "judge: interrupted, " << verdicts_.size() << " of " << data_.size() << " inputs are done"
                << (lines_ ? "; the same command goes on from there" : ", and lost; --resume would keep them")
                << '\n';
      lines_.reset();
      interruption.end();
    }
    return verdicts_;
  }

 private:
  const Options& options_;
  const Work& work_;
  const Data& data_;
  const std::vector<Index>& labels_;
  std::optional<Lines> lines_;
  std::vector<Verdict> verdicts_;
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
bool run(Options options) {
  for (const auto& path : {options.csv, options.json, options.page, options.resume})
    if (!path.empty()) {
      check_place(path);
      check_apart(path, options.read());
    }
  examples::Progress progress;
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
  const Data data = texts ? Data(options, texts->places()) : Data(options, input, notes);
  const std::vector<Index> labels =
      options.labels.empty() ? std::vector<Index>() : data.labels(options, classes);
  // Of texts, the first one's bench says what is the same for all.
  const std::optional<Data> first = texts ? std::optional(texts->data(0, *network)) : std::nullopt;
  const Bench bench(*std::move(network), options, first ? *first : data);
  const Json settings = settings_of(options, bench, data);
  const Work work = texts ? work_of(options, *texts, data) : work_of(bench);
  Run judge_all(options, work, data, labels, settings);
  const std::vector<Verdict>& all = judge_all(progress);

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
  Parsed parsed = parse(argc, argv);
  if (!parsed.options) return parsed.exit_code;
  return examples::exit_code_of("judge", [&] { return run(*std::move(parsed.options)); });
}
