/// An MPI job as programs need it that share out work: who one is, counters that all see, and meetings. The
/// only place that knows MPI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mpi {

/// Whether mpirun or its like has started this process as one of a job.
bool launched();

/// The job from MPI_Init to MPI_Finalize: one in a process. Each call may come from any thread. Meetings
/// (`any`, `from_first`, `gathered`) are every rank's, in the same order; the others answer without anybody's
/// help.
class Job {
 public:
  Job();
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  std::size_t rank() const;
  std::size_t size() const;

  /// What all ranks count together, from 0 on, in the first one's memory.
  enum class Counter { handed_out, finished, stopped };
  /// Adds to a counter. Returns what it was before.
  std::int64_t add(Counter counter, std::int64_t amount);

  /// Whether any rank says yes. Calls `meanwhile` now and then as long as others are waited for.
  bool any(
      bool mine, const std::function<void()>& meanwhile = [] {});
  /// The first rank's text.
  std::string from_first(const std::string& text);
  /// At the first rank every rank's text in the ranks' order, else none.
  std::vector<std::string> gathered(const std::string& mine);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace mpi
