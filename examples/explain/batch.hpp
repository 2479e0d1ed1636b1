/// Many inputs from disk to disk: which of them are still to be explained, and where what is said of them
/// goes.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "examples/support/files.hpp"
#include "examples/explain/outputs.hpp"

namespace explain {

/// What has come of one sample: what is to be written, and no more.
struct Result {
  std::string name;
  std::string error;  ///< why there is nothing else, where there is nothing else
  std::vector<std::vector<double>> numbers;  ///< those of Report::numbers
  std::string summary, ledger;
  std::string warning;               ///< what it is to be taken with
  std::string png;                   ///< a picture of its own
  std::optional<examples::Row> row;  ///< a row of the picture of all
  std::string page;                  ///< its part of the page
  std::string heatmap_page;          ///< its part of the heatmap, where that is one
};

/// Samples in a row, and the files that what is said of them goes to. An empty path is not asked for.
struct Job {
  std::size_t first = 0, count = 0;
  std::size_t done = 0;  ///< of them, the first ones, in earlier runs
  std::vector<std::filesystem::path> numbers = {};  ///< those of Report::numbers
  std::filesystem::path ledger = {};
  std::filesystem::path heatmap;  ///< one picture of all
  std::filesystem::path page;     ///< one page of all
  /// A picture of each: how their names begin, the number of the first one, and whether there are others.
  std::filesystem::path pictures;
  std::size_t picture_number = 0;
  bool one_picture = false;
  OutputFiles::Names names = OutputFiles::Names::random;
  Json settings = {};  ///< what a run must have been asked for that goes on with it

  /// The files but for the pictures of each.
  std::vector<std::filesystem::path> files() const;
  /// The picture of its sample number n.
  std::filesystem::path picture(std::size_t n) const;
  /// Whether what is done of it is recorded, for the next run to go on with, and where.
  bool goes_on() const { return names == OutputFiles::Names::kept; }
  std::filesystem::path journal() const;
};

/// Writes a job's files, sample by sample.
class JobWriter {
 public:
  /// Goes on where an earlier run was, if the job does. Throws ascribe::Error where that was another run.
  JobWriter(const Report& report, Job job);

  /// How many of its samples are done, those of earlier runs included.
  std::size_t done() const { return state_.done; }

  /// The next sample. Records what is done about once a second.
  void add(const Result& result);
  /// Records what is done, before the run ends with something left to do.
  void keep();
  /// Gives the files their names: all samples are done.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  using Values = std::variant<std::monostate, ascribe::io::NpyWriter<float>, ascribe::io::NpyWriter<double>>;

  void begin();
  Values open(const std::filesystem::path& path, const Shape& shape);
  void put(Values& to, const std::vector<double>& numbers, const Shape& shape);
  void append(const std::string& text);
  void record();
  void put_picture(const std::string& png);

  const Report& report_;
  const Job job_;
  OutputFiles files_;
  std::optional<Journal> journal_;
  Journal::State state_;
  Clock::time_point recorded_ = Clock::now();
  std::vector<Values> numbers_;
  std::filesystem::path ledger_;  // as long as it has no name
  std::vector<examples::Row> rows_;
  std::vector<std::string> page_;
};

/// What is to be done: the jobs that the options ask for, without what is there already.
class Plan {
 public:
  /// Begins the output folder, or goes on with it, where there is one. `counted`: what is said of an input
  /// depends on how many others stand before it, so that a run with others is another. Throws ascribe::Error
  /// where that is another run's, and where two inputs would be written to the same place.
  Plan(const Report& report, const Inputs& inputs, bool counted);

  /// Samples that are to be explained, and those that need not be.
  std::size_t to_do() const { return behind_.empty() ? 0 : behind_.back(); }
  std::size_t done() const { return inputs_.size() - to_do(); }
  /// What went wrong in earlier runs with samples that need not be explained.
  const std::vector<std::string>& failures() const { return failures_; }
  /// The number of the k-th sample that is to be explained, and of its job.
  std::size_t sample(std::size_t k) const;
  std::size_t job_of(std::size_t k) const;
  Job job(std::size_t number) const;

 private:
  /// Samples of one file that are to be explained.
  struct Part {
    std::size_t file, first, count;
  };

  void begin_folder();
  void find_root();
  void add_file(std::size_t file);
  void add_rest(std::size_t file, Job job);
  void add(const Part& part);
  Job job_of_file(std::size_t file) const;
  std::filesystem::path name_of(std::size_t file) const;

  const Report& report_;
  const Inputs& inputs_;
  Json settings_;
  std::optional<Lock> lock_;
  std::filesystem::path root_;
  std::vector<Part> parts_;
  std::vector<std::string> failures_;
  std::vector<std::size_t> behind_;  // how many samples there are in the parts up to each
};

}  // namespace explain
