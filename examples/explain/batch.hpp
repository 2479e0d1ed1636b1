/// Many inputs from disk to disk: which of them are still to be explained, and where what is said of them
/// goes.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "examples/support/files.hpp"
#include "examples/explain/outputs.hpp"
#include "examples/explain/rows.hpp"

namespace explain {

/// What has come of one sample: what is to be written, and no more.
struct Result {
  std::string name;
  std::string error;                         ///< why there is nothing else, where there is nothing else
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
  /// What one process has done of it in earlier runs: stretches of its samples, counted from 0.
  struct Done {
    std::string suffix;
    Journal::State stretches;
  };

  std::size_t first = 0, count = 0;
  std::vector<RowFiles> numbers = {};  ///< those of Report::numbers
  std::filesystem::path ledger = {};
  std::filesystem::path heatmap;   ///< one picture of all
  std::filesystem::path page;      ///< one page of all
  std::filesystem::path pictures;  ///< a picture of each: how their names begin
  bool one_picture = false;        ///< whether there are no others
  OutputFiles::Names names = OutputFiles::Names::random;
  Json settings = {};       ///< what a run must have been asked for that goes on with it
  bool divisible = false;   ///< whether several processes may write of it
  std::string suffix = {};  ///< behind the names of what this process alone writes then
  std::vector<Done> before = {};
  std::vector<Piece> have = {};  ///< those of its samples that need not be explained, in their order

  /// The files but for numbers and the pictures of each.
  std::vector<std::filesystem::path> others() const;
  /// Whether there are any but pictures of each.
  bool has_files() const { return !numbers.empty() || !others().empty(); }
  /// What it is known by: the first of them, as it was asked for.
  std::filesystem::path path() const;
  /// The picture of its sample number n.
  std::filesystem::path picture(std::size_t n) const;
  /// One that was begun and has no name yet, if there is any.
  std::optional<std::filesystem::path> begun() const;
  /// Whether what is done of it is recorded, for the next run to go on with, and where.
  bool goes_on() const { return names == OutputFiles::Names::kept; }
  std::filesystem::path journal() const;
  /// Where a process writes its samples' part of the ledger.
  std::filesystem::path ledger_part(const std::string& of) const;
  /// Where all processes' parts are put together.
  std::filesystem::path ledger_whole() const;
  /// Reads what is done of it. Throws ascribe::Error where that was another run.
  void look();
  /// Whether sample n is done.
  bool has(std::size_t n) const;
  /// How many of the samples of a piece are done.
  std::size_t done(Piece among) const;
  std::size_t done() const { return done({0, count}); }
  /// Whether what is done and recorded is the files as they will be, but for their names.
  bool is_whole() const;
  /// All processes' stretches, in the samples' order.
  std::vector<std::pair<Journal::Stretch, std::string>> in_order() const;
  /// Why samples that are done could not be explained, in their order.
  std::vector<std::string> failures() const;
};

/// Whether processes have left parts of these outputs, which are not put together yet.
bool has_parts(const Options& options);

/// Writes a job's files, sample by sample.
class JobWriter {
 public:
  /// Goes on where an earlier run was, if the job does. Throws ascribe::Error where that was another run.
  JobWriter(const Report& report, Job job);

  /// How many of its samples are done, those of earlier runs included.
  std::size_t done() const { return done_; }

  /// Sample n of the job, larger than the one before. Records what is done about once a second.
  void add(std::size_t n, const Result& result);
  /// Records what is done, before the run ends with something left to do.
  void keep();
  /// Gives the files their names: all samples are done. Not where processes have parts of them.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  void begin();
  /// That all is done is said by `finish`, once the ledger has its end.
  bool may_record() const { return done_ < job_.count || !job_.suffix.empty(); }
  void append(const std::string& text);
  void begin_stretch(std::size_t n);
  void record();
  void put_picture(std::size_t n, const std::string& png);

  const Report& report_;
  const Job job_;
  OutputFiles files_;
  std::optional<Journal> journal_;
  Journal::Stretch stretch_;
  std::size_t done_;
  Clock::time_point recorded_ = Clock::now();
  std::deque<RowWriter> numbers_;
  std::filesystem::path ledger_;  // as long as it has no name
  std::uintmax_t bytes_ = 0;      // of the ledger
  bool ledger_begun_ = false;     // there are samples in it
  std::vector<examples::Row> rows_;
  std::vector<std::string> page_;
};

/// Which of the samples are to be explained, and whose job they are: all of one job, or with an output folder
/// those of each file. What processes share out are samples then, or files.
class Plan {
 public:
  /// Begins the output folder, or goes on with it, where there is one. `counted`: what is said of an input
  /// depends on how many others stand before it, so that a run with others is another. Throws ascribe::Error
  /// where that is another run's, and where two inputs would be written to the same place.
  Plan(const Report& report, const Inputs& inputs, bool counted, Division& division);

  /// How many there are that processes share out, and the samples of one.
  std::size_t units() const { return in_folder() ? inputs_.files().size() : inputs_.size(); }
  Piece samples(std::size_t unit) const;
  /// Those samples of a unit that are to be explained, in their order. Once for each unit, before its job is
  /// asked for. Throws ascribe::Error where what is there is another run's.
  std::vector<std::size_t> to_do(std::size_t unit);

  /// What went wrong in earlier runs with samples that need not be explained.
  const std::vector<std::string>& failures() const { return failures_; }
  /// How many of these samples are known to be done from the beginning: without an output folder.
  std::size_t done(Piece among) const { return job_ ? job_->done(among) : 0; }
  /// The number of a sample's job, and the job.
  std::size_t job_of(std::size_t n) const { return in_folder() ? inputs_.file_of(n) : 0; }
  Job job(std::size_t number) const;
  /// Whether the files of the one job are put together once all its samples are done, by whomever.
  bool is_put_together() const;
  /// Before that, at all processes that meet: each makes of its part of the files of rows what they are to
  /// be.
  void end_files(Shard part);
  /// Does so.
  void put_together();
  /// A line of JSON for each input, which says where what is written of it is.
  void write_index(std::ostream& to) const;

 private:
  bool in_folder() const { return !report_.options.output_folder.empty(); }
  void begin_folder(const Division& division);
  void begin_job(Division& division);
  void put_ledger_together() const;
  void find_root();
  Job job_of_file(std::size_t file) const;
  /// Throws ascribe::Error where files of rows cannot be made.
  void check_places() const;
  std::filesystem::path name_of(std::size_t file) const;

  const Report& report_;
  const Inputs& inputs_;
  Json settings_;
  std::optional<SharedRecord> record_;
  std::optional<Lock> lock_;  // of an output folder
  std::filesystem::path root_;
  std::optional<Job> job_;  // that of all samples
  std::vector<std::string> failures_;
};

}  // namespace explain
