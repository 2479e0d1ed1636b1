/// Stages that overlap: items are prepared, worked on and finished in order, a few at a time.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace examples {

/// The three stages. Item is what the first hands to the second, Result what the second hands to the third; k
/// is the item's number.
template <class Item, class Result>
struct Stages {
  std::function<Item(std::size_t k)> prepare;                           ///< from several threads
  std::function<Result(std::size_t thread, std::size_t k, Item)> work;  ///< from several threads
  std::function<void(std::size_t k, Result)> finish;                    ///< from the calling thread
  std::function<bool()> stop = [] { return false; };                    ///< from several threads
};

/// How many items are under way at most: one in each thread and four between the stages.
constexpr std::size_t pipeline_room(std::size_t threads) { return threads + 4; }

/// The number of the next item, or none where there are no more. Asked once there is room for it, by one
/// thread at a time.
using NextItem = std::function<std::optional<std::size_t>()>;

/// Takes the items that `next` names through the stages: one thread prepares, `threads` work, and prepare too
/// while they have nothing else to do; results are finished in the order in which the items were named. No
/// item is begun before there is room for it, nor once `stop` says true; what has been begun by then is
/// finished. Returns how many items were finished. What a stage or `next` throws is thrown from here, the
/// first item's if several throw: all items before it have been finished, and none behind it.
template <class Item, class Result>
std::size_t run_pipeline(const NextItem& next, std::size_t threads, const Stages<Item, Result>& stages);

/// The items 0 to `count` − 1.
template <class Item, class Result>
std::size_t run_pipeline(std::size_t count, std::size_t threads, const Stages<Item, Result>& stages) {
  std::size_t k = 0;
  const NextItem next = [&]() -> std::optional<std::size_t> {
    if (k == count) return std::nullopt;
    return k++;
  };
  return run_pipeline(next, threads, stages);
}

namespace pipeline_detail {

template <class Item, class Result>
class Pipeline {
 public:
  Pipeline(const NextItem& next, std::size_t threads, const Stages<Item, Result>& stages)
      : next_(next), stages_(stages), slots_(pipeline_room(threads)) {}

  void read() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return begun_ >= end_ || has_room(); });
      if (begun_ >= end_) return;
      if (const auto k = begin()) prepare(lock, *k);
    }
  }

  void work(std::size_t thread) {
    std::unique_lock lock(mutex_);
    while (true) {
      std::optional<std::size_t> ready;
      bool others_prepare = false;
      changed_.wait(lock, [&] {
        others_prepare = false;
        for (std::size_t k = finished_; k < std::min(begun_, end_) && !ready; ++k) {
          if (slot(k).state == State::prepared) ready = k;
          others_prepare = others_prepare || slot(k).state == State::begun;
        }
        return ready || (begun_ < end_ && has_room()) || (begun_ >= end_ && !others_prepare);
      });
      if (!ready && begun_ >= end_) return;
      if (!ready) {
        ready = begin();
        if (!ready) continue;
        prepare(lock, *ready);
        if (slot(*ready).state != State::prepared) continue;
      }
      work_on(lock, thread, *ready);
    }
  }

  std::size_t finish() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return finished_ >= std::min(begun_, end_) ? begun_ >= end_ : is_done(); });
      if (finished_ >= end_) return finished_;
      Slot& next = slot(finished_);
      if (next.failure) std::rethrow_exception(next.failure);
      Result result = std::move(*next.result);
      next.result.reset();
      const std::size_t number = next.number;
      lock.unlock();
      stages_.finish(number, std::move(result));
      lock.lock();
      next.state = State::begun;  // as the one that takes its place will find it
      ++finished_;
      changed_.notify_all();
    }
  }

  /// Nothing more is begun, and nothing of what has been prepared is worked on.
  void abandon() {
    const std::lock_guard lock(mutex_);
    end_ = 0;
    changed_.notify_all();
  }

 private:
  enum class State { begun, prepared, taken, done };
  struct Slot {
    State state = State::begun;
    std::size_t number = 0;
    std::optional<Item> item;
    std::optional<Result> result;
    std::exception_ptr failure;
  };

  Slot& slot(std::size_t k) { return slots_[k % slots_.size()]; }
  bool has_room() const { return begun_ - finished_ < slots_.size(); }
  bool is_done() { return slot(finished_).state == State::done; }

  /// The place of the next item, unless nothing is to be begun any more.
  std::optional<std::size_t> begin() {
    std::optional<std::size_t> number;
    try {
      if (!stages_.stop()) number = next_();
    } catch (...) {
      // An item that is none, and the last one.
      slot(begun_).failure = std::current_exception();
      slot(begun_++).state = State::done;
    }
    if (!number) {
      end_ = std::min(end_, begun_);
      changed_.notify_all();
      return std::nullopt;
    }
    slot(begun_).number = *number;
    return begun_++;
  }

  void prepare(std::unique_lock<std::mutex>& lock, std::size_t k) {
    step(lock, k, State::prepared, [&](Slot& s) { s.item = stages_.prepare(s.number); });
  }

  void work_on(std::unique_lock<std::mutex>& lock, std::size_t thread, std::size_t k) {
    slot(k).state = State::taken;
    step(lock, k, State::done, [&](Slot& s) {
      Item item = std::move(*s.item);
      s.item.reset();
      s.result = stages_.work(thread, s.number, std::move(item));
    });
  }

  /// What this thread alone does to a slot, without the lock.
  template <class Do>
  void step(std::unique_lock<std::mutex>& lock, std::size_t k, State after, Do&& act) {
    Slot& s = slot(k);
    lock.unlock();
    try {
      act(s);
    } catch (...) {
      s.failure = std::current_exception();
    }
    lock.lock();
    s.state = s.failure ? State::done : after;
    // Nothing behind an item that has failed is wanted.
    if (s.failure) end_ = std::min(end_, k + 1);
    changed_.notify_all();
  }

  const NextItem& next_;
  const Stages<Item, Result>& stages_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t begun_ = 0, finished_ = 0;
  std::size_t end_ = std::size_t(-1);  ///< no item from this one on is begun or worked on
  std::vector<Slot> slots_;
};

}  // namespace pipeline_detail

template <class Item, class Result>
std::size_t run_pipeline(const NextItem& next, std::size_t threads, const Stages<Item, Result>& stages) {
  pipeline_detail::Pipeline<Item, Result> pipeline(next, threads, stages);
  std::vector<std::jthread> running;
  try {
    running.emplace_back([&] { pipeline.read(); });
    for (std::size_t t = 0; t < threads; ++t) running.emplace_back([&pipeline, t] { pipeline.work(t); });
    return pipeline.finish();
  } catch (...) {
    pipeline.abandon();
    throw;
  }
}

}  // namespace examples
