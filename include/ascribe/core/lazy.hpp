/// What is made when it is first asked for.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace ascribe {

/// Holds a T from the first `get` on. Copies share it. Several threads may ask: one makes it, the others
/// wait. Example: `lazy.get([&] { return pack(weights); })`, where every caller's function makes the same.
template <class T>
class Lazy {
 public:
  /// The value, which the first call makes; calls may come from several threads.
  template <class Make>
  const T& get(Make&& make) const {
    State& state = *state_;
    if (const T* made = state.made.load(std::memory_order_acquire)) return *made;
    const std::lock_guard lock(state.mutex);
    if (!state.value) {
      state.value.emplace(make());
      state.made.store(&*state.value, std::memory_order_release);
    }
    return *state.value;
  }
  /// Whether it has been made.
  bool made() const { return state_->made.load(std::memory_order_acquire) != nullptr; }

 private:
  struct State {
    std::mutex mutex;
    std::optional<T> value;
    std::atomic<const T*> made{nullptr};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace ascribe
