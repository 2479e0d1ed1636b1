/// Which of a run's inputs a process does: all of them, part i of n (--shard), or what it is handed in an MPI
/// job.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace examples {

/// Part `number` of `of` that are as large as one another, counted from 0.
struct Shard {
  std::size_t number = 0, of = 1;
};

/// Reads "i/n" with 0 <= i < n. Throws std::invalid_argument, which says what was expected.
Shard shard_in(const std::string& text);

/// Items in a row, up to `end`, which is not included.
struct Piece {
  std::size_t first = 0, end = 0;
};

/// That part of `total` items. The parts of all numbers are all items, each once.
Piece part_of(Shard shard, std::size_t total);

/// What a process of a job throws that has to end because another has failed, which says why.
struct OthersFailed : std::exception {
  const char* what() const noexcept override { return "another process of the job has failed"; }
};

/// What this process does of a run's items, and how it meets the others. The meetings (`shared`, `meet`,
/// `gathered`, `close`) are every process's, in the same order; each throws OthersFailed where another has
/// failed.
class Division {
 public:
  Division() = default;
  virtual ~Division() = default;
  Division(const Division&) = delete;
  Division& operator=(const Division&) = delete;

  /// Whether others do items of this run, so that what this process writes is a part.
  virtual bool divided() const { return false; }
  /// Whether all items are done once all that run now have ended: this run then puts together.
  virtual bool completes() const { return true; }
  /// Whether there are others that it meets.
  virtual bool meets() const { return false; }
  /// Whether this process speaks, and puts together, for those that it meets.
  virtual bool speaks() const { return true; }
  /// What this process ends with where the program ends with `code`: a launcher that sees one of a job's end with
  /// another code than 0 ends all, and may drop what the one that speaks has said.
  int exit_code(int code) const { return speaks() ? code : 0; }
  /// What it holds of that which all share; none: the one that speaks holds all.
  virtual std::optional<Shard> holds() const { return Shard{}; }
  /// Which of the processes that meet this is.
  virtual Shard among() const { return {}; }
  /// Behind the name of a file that several processes have one each of.
  virtual std::string suffix() const { return ""; }

  /// The items are 0 to `total` - 1. Before the next functions; once in a run that is divided.
  void begin(std::size_t total);
  /// The next item that this process has to do, in increasing order: the same until it is taken. One thread
  /// at a time.
  std::optional<std::size_t> next();
  void take() { ++current_.first; }
  /// Among which items those are that this process tells the progress of.
  virtual Piece extent() const { return {0, total_}; }
  /// So many items more are done. Returns how many those whose progress this process tells have done by now.
  /// From any thread.
  virtual std::size_t finished(std::size_t count) { return finished_ += count; }
  /// What to say at once when this process is told to end: of a job, because another process is gone, it may
  /// be.
  virtual std::string farewell(const std::string& /*program*/) const { return ""; }
  /// Nobody is handed any more.
  virtual void stop() {}

  /// What `make` returns at the process that speaks.
  virtual std::string shared(const std::function<std::string()>& make) { return make(); }
  /// Waits until those have done what they do that this process speaks for, and calls `meanwhile` now and
  /// then.
  virtual void meet(const std::function<void()>& /*meanwhile*/) {}
  /// At the process that speaks every process's text, else none.
  virtual std::vector<std::string> gathered(const std::string& mine) { return {mine}; }
  /// The last meeting, whatever has happened; `error`: why this process has failed, if it has. Returns what
  /// there is to say at the process that speaks, each once.
  virtual std::vector<std::string> close(const std::string& error);

 protected:
  /// The next items in a row of this process: behind all that it had before.
  virtual std::optional<Piece> piece();
  std::size_t total() const { return total_; }

 private:
  std::size_t total_ = 0;
  std::atomic<std::size_t> finished_ = 0;
  Piece current_;
  bool handed_out_ = false;
};

/// Part i of n, each of which is a run of its own, wherever and whenever. A run that is not divided puts
/// together.
class ShardDivision : public Division {
 public:
  explicit ShardDivision(Shard shard) : shard_(shard) {}

  bool divided() const override { return true; }
  bool completes() const override { return false; }
  std::optional<Shard> holds() const override { return shard_; }
  std::string suffix() const override { return "." + std::to_string(shard_.number); }
  Piece extent() const override { return part_of(shard_, total()); }

 protected:
  std::optional<Piece> piece() override;

 private:
  Shard shard_;
  bool had_ = false;
};

/// That of an MPI job where mpirun or its like has started this process, and programs are built with MPI;
/// else one process's. For the beginning of main: of a job's processes, only the first prints anything from
/// here on.
std::unique_ptr<Division> division_at_start();

/// How many threads this process has processors for: those that it may run on, or its part of the machine's
/// where several processes of a job may run on all.
int processors_here();

}  // namespace examples
