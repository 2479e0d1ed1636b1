#include "examples/support/division.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <streambuf>
#include <string_view>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sched.h>
#endif

#ifdef ASCRIBE_EXAMPLES_MPI
#include "examples/mpi/job.hpp"
#endif

namespace examples {

Shard shard_in(const std::string& text) {
  Shard shard{};
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.number);
  bool read = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  if (read) {
    const auto second = std::from_chars(first.ptr + 1, end, shard.of);
    read = second.ec == std::errc() && second.ptr == end;
  }
  constexpr std::size_t most = 1000000;
  if (!read || shard.number >= shard.of || shard.of > most)
    throw std::invalid_argument("expected i/n, part i of n counted from 0: 0/4, 1/4, 2/4 or 3/4; found '" +
                                text + "'");
  return shard;
}

Piece part_of(Shard shard, std::size_t total) {
  return {shard.number * total / shard.of, (shard.number + 1) * total / shard.of};
}

void Division::begin(std::size_t total) {
  total_ = total;
  current_ = {};
  handed_out_ = false;
}

std::optional<std::size_t> Division::next() {
  while (current_.first == current_.end) {
    const auto more = piece();
    if (!more) return std::nullopt;
    current_ = *more;
  }
  return current_.first;
}

std::optional<Piece> Division::piece() {
  if (std::exchange(handed_out_, true)) return std::nullopt;
  return Piece{0, total_};
}

std::vector<std::string> Division::close(const std::string& error) {
  if (error.empty()) return {};
  return {error};
}

std::optional<Piece> ShardDivision::piece() {
  if (std::exchange(had_, true)) return std::nullopt;
  return extent();
}

#ifdef ASCRIBE_EXAMPLES_MPI
namespace {

/// The ranks of an MPI job. Pieces are handed out in the items' order by a counter that the first rank has
/// the memory of.
class Ranks : public Division {
 public:
  Ranks() {
    if (speaks()) return;
    // What a program prints is the same at every rank, or nobody's business: what counts comes by the
    // meetings.
    static std::streambuf* const nowhere = new Nowhere;
    std::cerr.rdbuf(nowhere);
    if (std::freopen("/dev/null", "w", stdout) == nullptr) std::fclose(stdout);
  }

  bool divided() const override { return true; }
  bool meets() const override { return true; }
  bool speaks() const override { return job_.rank() == 0; }
  std::optional<Shard> holds() const override {
    if (speaks()) return Shard{};
    return std::nullopt;
  }
  Shard among() const override { return {job_.rank(), job_.size()}; }
  std::string suffix() const override { return "." + std::to_string(job_.rank()); }

  std::size_t finished(std::size_t count) override {
    const std::lock_guard lock(mutex_);
    pending_ += static_cast<std::int64_t>(count);
    const auto now = Clock::now();
    if (now - told_ >= std::chrono::milliseconds(100)) {
      told_ = now;
      tell();
    }
    return known_;
  }

  std::string farewell(const std::string& program) const override {
    if (!speaks()) return "";
    return program +
           ": interrupted, or another process of the job is gone; the same command goes on from there\n";
  }

  void stop() override { job_.add(Counter::stopped, 1); }

  std::string shared(const std::function<std::string()>& make) override {
    std::string text;
    std::exception_ptr failed;
    if (speaks()) try {
        text = make();
      } catch (...) {
        failed = std::current_exception();
      }
    over_ = job_.any(failed != nullptr);
    if (failed) std::rethrow_exception(failed);
    if (over_) throw OthersFailed();
    return job_.from_first(text);
  }

  void meet(const std::function<void()>& meanwhile) override {
    {
      const std::lock_guard lock(mutex_);
      tell();
    }
    over_ = job_.any(false, [&] {
      if (speaks()) finished(0);
      meanwhile();
    });
    if (over_) throw OthersFailed();
  }

  std::vector<std::string> gathered(const std::string& mine) override {
    over_ = job_.any(false);
    if (over_) throw OthersFailed();
    return job_.gathered(mine);
  }

  std::vector<std::string> close(const std::string& error) override {
    if (!error.empty()) stop();
    if (!over_) job_.any(!error.empty());
    std::vector<std::string> said;
    for (std::string& one : job_.gathered(error))
      if (!one.empty() && std::find(said.begin(), said.end(), one) == said.end())
        said.push_back(std::move(one));
    return said;
  }

 protected:
  std::optional<Piece> piece() override {
    if (stopped_) return std::nullopt;
    // Some sixty for each rank: none waits long for the last one's, and nobody for the counter.
    const std::size_t size = std::max<std::size_t>(1, total() / (job_.size() * 64));
    const auto first =
        static_cast<std::size_t>(job_.add(Counter::handed_out, static_cast<std::int64_t>(size)));
    if (first >= total()) return std::nullopt;
    return Piece{first, std::min(first + size, total())};
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Counter = mpi::Job::Counter;

  class Nowhere : public std::streambuf {
    int overflow(int c) override { return traits_type::not_eof(c); }
  };

  /// Tells the others what is done, and is told whether they have stopped.
  void tell() {
    known_ = static_cast<std::size_t>(job_.add(Counter::finished, pending_) + pending_);
    pending_ = 0;
    stopped_ = stopped_ || job_.add(Counter::stopped, 0) > 0;
  }

  mpi::Job job_;
  std::mutex mutex_;
  std::int64_t pending_ = 0;
  std::size_t known_ = 0;
  std::atomic<bool> stopped_ = false;
  bool over_ = false;  // all know that one has failed
  Clock::time_point told_{};
};

}  // namespace
#endif

std::unique_ptr<Division> division_at_start() {
#ifdef ASCRIBE_EXAMPLES_MPI
  if (mpi::launched()) return std::make_unique<Ranks>();
#endif
  return std::make_unique<Division>();
}

int processors_here() {
  const unsigned all = std::max(1U, std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    if (const auto count = static_cast<unsigned>(CPU_COUNT(&allowed)); count < all)
      return static_cast<int>(std::max(1U, count));
#endif
  // Of Open MPI and of Hydra: how many of the job's processes are on this machine.
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"})
    if (const char* const text = std::getenv(name)) {
      unsigned ranks = 0;
      const std::string_view digits = text;
      std::from_chars(digits.data(), digits.data() + digits.size(), ranks);
      return static_cast<int>(std::max(1U, all / std::max(1U, ranks)));
    }
  return static_cast<int>(all);
}

}  // namespace examples
