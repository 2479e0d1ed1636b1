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

/// The three stages. Item is what the first hands to the second, Result what the second hands to the third.
template <class Item, class Result>
struct Stages {
  std::function<Item(std::size_t k)> prepare;                           ///< from several threads
  std::function<Result(std::size_t thread, std::size_t k, Item)> work;  ///< from several threads
  std::function<void(std::size_t k, Result)> finish;                    ///< from the calling thread
  std::function<bool()> stop = [] { return false; };                    ///< from several threads
};

/// How many items are under way at most: one in each thread and four between the stages.
constexpr std::size_t pipeline_room(std::size_t threads) { return threads + 4; }

/// Takes the items 0 to `count` − 1 through the stages: one thread prepares, `threads` work, and prepare too
/// while they have nothing else to do; results are finished in the items' order. No item is begun before
/// there is room for it, nor once `stop` says true; what has been begun by then is finished. Returns how many
/// items were finished. What a stage throws is thrown from here, the first item's if several throw: all items
/// before it have been finished, and none behind it.
template <class Item, class Result>
std::size_t run_pipeline(std::size_t count, std::size_t threads, const Stages<Item, Result>& stages);

namespace pipeline_detail {

template <class Item, class Result>
class Pipeline {
 public:
  Pipeline(std::size_t count, std::size_t threads, const Stages<Item, Result>& stages)
      : stages_(stages), end_(count), slots_(pipeline_room(threads)) {}

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
      lock.unlock();
      stages_.finish(finished_, std::move(result));
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
    std::optional<Item> item;
    std::optional<Result> result;
    std::exception_ptr failure;
  };

  Slot& slot(std::size_t k) { return slots_[k % slots_.size()]; }
  bool has_room() const { return begun_ - finished_ < slots_.size(); }
  bool is_done() { return slot(finished_).state == State::done; }

  /// The next item, unless nothing is to be begun any more.
  std::optional<std::size_t> begin() {
    if (stages_.stop()) {
      end_ = std::min(end_, begun_);
      changed_.notify_all();
      return std::nullopt;
    }
    return begun_++;
  }

  void prepare(std::unique_lock<std::mutex>& lock, std::size_t k) {
    step(lock, k, State::prepared, [&](Slot& s) { s.item = stages_.prepare(k); });
  }

  void work_on(std::unique_lock<std::mutex>& lock, std::size_t thread, std::size_t k) {
    slot(k).state = State::taken;
    step(lock, k, State::done, [&](Slot& s) {
      Item item = std::move(*s.item);
      s.item.reset();
      s.result = stages_.work(thread, k, std::move(item));
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

  const Stages<Item, Result>& stages_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t begun_ = 0, finished_ = 0;
  std::size_t end_;  ///< no item from this one on is begun or worked on
  std::vector<Slot> slots_;
};

}  // namespace pipeline_detail

template <class Item, class Result>
std::size_t run_pipeline(std::size_t count, std::size_t threads, const Stages<Item, Result>& stages) {
  pipeline_detail::Pipeline<Item, Result> pipeline(count, threads, stages);
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
