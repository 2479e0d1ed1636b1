/// What a program says of itself while it works.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

namespace examples {

/// "about 40 s left": the time that the rest of `total` takes if it goes on as the first `done` went, which
/// took `seconds`. Empty where nothing is done, or all. In minutes from two on, in hours from two on.
std::string time_left(std::size_t done, std::size_t total, double seconds);

/// One line on a terminal's standard error, only from the second second on, with the seconds behind it. It is
/// gone when this is. Where standard error is no terminal, a line a minute for what is counted, and else
/// nothing. May be called from several threads. Without `shown` nothing is said but what is printed.
class Progress {
 public:
  explicit Progress(bool shown = true);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string text);
  /// `done` of `total`, `now` of which since the first call, and how long the rest will take.
  void count(const std::string& what, std::size_t done, std::size_t total, std::size_t now);
  /// Empties the line, before something is printed. The next `show` fills it again.
  void clear();
  /// Prints on standard output, without the line in between.
  void print(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  void tick();
  void erase();

  const bool told_, terminal_;
  Clock::time_point start_ = Clock::now(), counting_since_{};
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false, shown_ = false, counting_ = false;
  std::string text_;
  std::thread ticker_;
};

}  // namespace examples
