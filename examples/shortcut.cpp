// Networks that look at the wrong thing, trained not to: which losses on relevance cure them, and which cure
// only the measure.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/core/parallel.hpp"
#include "examples/shortcut/experiment.hpp"
#include "examples/shortcut/options.hpp"
#include "examples/shortcut/picture.hpp"
#include "examples/shortcut/report.hpp"
#include "examples/support/files.hpp"
#include "examples/support/interruption.hpp"
#include "examples/support/pipeline.hpp"
#include "examples/support/png.hpp"
#include "examples/support/program.hpp"
#include "examples/support/progress.hpp"

namespace {

using namespace shortcut;

constexpr const char* clothes_files[] = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                                         "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"};

Task task_of(const std::string& name, const Options& o, const Protocol& protocol) {
  const Size& size = Protocol::size(protocol.tasks, name);
  if (name == "digits") {
    const auto folder = o.data / "digits";
    return decoys(name, folder / "train-images.idx3-ubyte.gz", folder / "train-labels.idx1-ubyte",
                  folder / "test-images.idx3-ubyte.gz", folder / "test-labels.idx1-ubyte", size.training,
                  size.test, protocol.data_seed);
  }
  if (name == "clothes")
    return decoys(name, o.clothes / clothes_files[0], o.clothes / clothes_files[1],
                  o.clothes / clothes_files[2], o.clothes / clothes_files[3], size.training, size.test,
                  protocol.data_seed);
  if (name == "backgrounds") return backgrounds(size.training, size.test, protocol.data_seed);
  ascribe::fail("expected digits, clothes or backgrounds, found the task '", name, "'");
}

/// Leaves out what there are no data for, unless it was asked for by name.
void leave_out_clothes(std::vector<Run>& runs, const Options& o, std::string& note) {
  const bool asked = std::find(o.tasks.begin(), o.tasks.end(), "clothes") != o.tasks.end();
  if (asked || std::filesystem::exists(o.clothes / clothes_files[0])) return;
  if (std::erase_if(runs, [](const Run& run) { return run.task == "clothes"; }) > 0)
    note = "note: clothes are left out, there is no " + (o.clothes / clothes_files[0]).string() +
           " (Debian: apt-get install dataset-fashion-mnist)\n\n";
}

/// Does the runs that have not been done, several at once, one task after the other.
class Sweep {
 public:
  Sweep(const Options& options, const Protocol& protocol) : options_(options), protocol_(protocol) {
    if (options.results.empty()) return;
    lines_.emplace(options.results, Json{{"protocol", protocol.text}});
    for (const Json& line : lines_->found()) done_.push_back(from_json(line, protocol));
  }

  /// Their rows, in the order of the runs.
  std::vector<Row> operator()(const std::vector<Run>& runs, examples::Progress& progress) {
    const examples::Interruption interruption;
    std::vector<Run> left;
    for (const Run& run : runs)
      if (!find(run)) left.push_back(run);
    std::size_t count = 0;
    for (std::size_t first = 0; first < left.size() && !interruption.requested();) {
      std::size_t end = first;
      while (end < left.size() && left[end].task == left[first].task) ++end;
      progress.show("reading " + left[first].task);
      const Experiment experiment(protocol_, task_of(left[first].task, options_, protocol_));
      examples::Stages<Run, Row> stages;
      stages.prepare = [&](std::size_t k) { return left[first + k]; };
      stages.work = [&](std::size_t, std::size_t, Run run) {
        ascribe::set_thread_count(1);  // the other threads have runs of their own
        return Row{run, experiment(run)};
      };
      stages.finish = [&](std::size_t, Row row) {
        if (lines_) lines_->add(std::vector{to_json(row, protocol_)});
        done_.push_back(std::move(row));
        ++count;
        progress.count("training,", runs.size() - left.size() + count, runs.size(), count);
      };
      stages.stop = [&] { return interruption.requested(); };
      examples::run_pipeline(end - first, std::size_t(options_.threads), stages);
      first = end;
    }
    progress.clear();
    if (interruption.requested()) {
      std::cerr << "shortcut: interrupted, " << runs.size() - left.size() + count << " of " << runs.size()
                << " runs are done"
                << (lines_ ? "; the same command goes on from there"
                           : ", and lost; --results would keep them")
                << '\n';
      lines_.reset();
      interruption.end();
    }
    std::vector<Row> rows;
    for (const Run& run : runs) rows.push_back(*find(run));
    return rows;
  }

 private:
  const Row* find(const Run& run) const {
    const auto found =
        std::find_if(done_.begin(), done_.end(), [&](const Row& row) { return row.run == run; });
    return found == done_.end() ? nullptr : &*found;
  }

  const Options& options_;
  const Protocol& protocol_;
  std::optional<examples::Lines> lines_;
  std::vector<Row> done_;
};

void run(const Options& options) {
  for (const auto& path : {options.results, options.csv, options.json, options.picture})
    if (!path.empty()) {
      examples::check_place(path);
      examples::check_apart(path, {options.protocol});
    }
  const Protocol protocol = read_protocol(options.protocol);
  std::vector<Run> runs = chosen_runs(options, protocol);
  std::string text;
  leave_out_clothes(runs, options, text);
  if (runs.empty()) ascribe::fail("expected runs, found none");
  examples::Progress progress;
  Sweep sweep(options, protocol);
  const std::vector<Row> rows = sweep(runs, progress);
  const std::vector<Group> groups = groups_of(rows, protocol);

  examples::OutputFiles files(examples::OutputFiles::Names::random);
  if (!options.csv.empty()) examples::write_bytes(files.stage(options.csv), csv(rows, protocol));
  if (!options.json.empty())
    examples::write_bytes(files.stage(options.json), json(rows, groups, protocol).dump(1) + "\n");
  if (!options.picture.empty()) {
    progress.show("drawing");
    ascribe::set_thread_count(
        1);  // where others have the machine, waiting for threads takes longer than the work
    const Experiment experiment(protocol, task_of(runs.front().task, options, protocol));
    examples::write_bytes(files.stage(options.picture),
                          examples::png_of(picture(experiment, protocol, runs)));
  }
  files.commit();
  text += table(groups, protocol);
  text +=
      "accuracy: mean [lowest, highest] of the seeds, in test. turns: answers that are others once the "
      "shortcut is "
      "redrawn.\nown: share of relevance on the shortcut by the loss's method; was: that of networks that "
      "learned "
      "labels alone;\nthen the share by methods that look at every network.\n";
  for (const Row& row : rows)
    if (row.outcome.stopped) text += "stopped: " + text_of(row.run) + ": " + *row.outcome.stopped + "\n";
  progress.print(text);
}

}  // namespace

int main(int argc, char** argv) {
  const Parsed parsed = parse(argc, argv);
  if (!parsed.options) return parsed.exit_code;
  return examples::exit_code_of("shortcut", [&] {
    run(*parsed.options);
    return true;
  });
}
