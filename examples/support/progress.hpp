/// What a program says of itself while it works.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace examples {

/// One line on a terminal's standard error, only from the second second on, with the seconds behind it. It is
/// gone when this is. Says nothing where standard error is no terminal. May be called from several threads.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string text);
  /// Empties the line, before something is printed. The next `show` fills it again.
  void clear();

 private:
  void tick();
  void erase();

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false, shown_ = false;
  std::string text_;
  std::thread ticker_;
};

}  // namespace examples
