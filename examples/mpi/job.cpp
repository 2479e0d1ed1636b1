#include "examples/mpi/job.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <mutex>
#include <stop_token>
#include <thread>

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mpi.h>

namespace mpi {
namespace {

constexpr int counters = 3;

int int_of(std::size_t size) {
  return static_cast<int>(std::min(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

/// Waits until what was printed has been read, where somebody reads it from a pipe: mpirun stops reading when a
/// process ends with an error, in the middle of what it has said.
void wait_until_read() {
  std::cout.flush();
  std::fflush(stdout);
  const auto at_most = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (const int file : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status {};
    if (fstat(file, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
    int waiting = 0;
    while (ioctl(file, FIONREAD, &waiting) == 0 && waiting > 0 && std::chrono::steady_clock::now() < at_most)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

bool launched() {
  // Of Open MPI, of MPICH and its like (Hydra, Slurm's srun --mpi=pmi2), of PMIx (srun --mpi=pmix).
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
    if (std::getenv(name) != nullptr) return true;
  return false;
}

/// Where MPI serves one thread at a time, `mutex_` sees to it.
class Job::State {
 public:
  State() {
    int level = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    const MPI_Aint bytes = rank_ == 0 ? counters * MPI_Aint(sizeof(std::int64_t)) : 0;
    std::int64_t* memory = nullptr;
    MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window_);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
    if (rank_ == 0) {
      std::fill(memory, memory + counters, 0);
      MPI_Win_sync(window_);
      // Networks without atomics of their own are served by whoever calls MPI at the first rank.
      serving_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    MPI_Barrier(MPI_COMM_WORLD);
  }

  ~State() {
    wait_until_read();
    serving_ = {};
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
    MPI_Finalize();
  }

  std::size_t rank() const { return static_cast<std::size_t>(rank_); }
  std::size_t size() const { return static_cast<std::size_t>(size_); }

  std::int64_t add(Counter counter, std::int64_t amount) {
    const std::lock_guard lock(mutex_);
    std::int64_t before = 0;
    MPI_Fetch_and_op(&amount, &before, MPI_INT64_T, 0, static_cast<MPI_Aint>(counter), MPI_SUM, window_);
    MPI_Win_flush(0, window_);
    return before;
  }

  bool any(bool mine, const std::function<void()>& meanwhile) {
    const int said = mine ? 1 : 0;
    int found = 0, done = 0;
    MPI_Request request{};
    {
      const std::lock_guard lock(mutex_);
      MPI_Iallreduce(&said, &found, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &request);
    }
    // MPI itself would wait with a whole core.
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
      }
      if (done) return found != 0;
      meanwhile();
      std::this_thread::sleep_for(pause);
    }
  }

  std::string from_first(std::string text) {
    const std::lock_guard lock(mutex_);
    std::uint64_t length = text.size();
    MPI_Bcast(&length, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    text.resize(length);
    for (std::size_t at = 0; at < length;) {
      const int part = int_of(length - at);
      MPI_Bcast(text.data() + at, part, MPI_CHAR, 0, MPI_COMM_WORLD);
      at += static_cast<std::size_t>(part);
    }
    return text;
  }

  std::vector<std::string> gathered(const std::string& mine) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t length = mine.size();
    std::vector<std::uint64_t> lengths(rank_ == 0 ? size() : 0);
    MPI_Gather(&length, 1, MPI_UINT64_T, lengths.data(), 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    std::vector<std::string> all;
    if (rank_ != 0) {
      for (std::size_t at = 0; at < mine.size();) {
        const int part = int_of(mine.size() - at);
        MPI_Send(mine.data() + at, part, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
        at += static_cast<std::size_t>(part);
      }
      return all;
    }
    all.push_back(mine);
    for (int rank = 1; rank < size_; ++rank) {
      std::string& text = all.emplace_back(lengths[static_cast<std::size_t>(rank)], '\0');
      for (std::size_t at = 0; at < text.size();) {
        const int part = int_of(text.size() - at);
        MPI_Recv(text.data() + at, part, MPI_CHAR, rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        at += static_cast<std::size_t>(part);
      }
    }
    return all;
  }

 private:
  static constexpr std::chrono::milliseconds pause{1};

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      {
        const std::lock_guard lock(mutex_);
        int found = 0;
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
      }
      std::this_thread::sleep_for(pause);
    }
  }

  int rank_ = 0, size_ = 1;
  MPI_Win window_{};
  std::mutex mutex_;
  std::jthread serving_;
};

Job::Job() : state_(std::make_unique<State>()) {}
Job::~Job() = default;
std::size_t Job::rank() const { return state_->rank(); }
std::size_t Job::size() const { return state_->size(); }
std::int64_t Job::add(Counter counter, std::int64_t amount) { return state_->add(counter, amount); }
bool Job::any(bool mine, const std::function<void()>& meanwhile) { return state_->any(mine, meanwhile); }
std::string Job::from_first(const std::string& text) { return state_->from_first(text); }
std::vector<std::string> Job::gathered(const std::string& mine) { return state_->gathered(mine); }

}  // namespace mpi
