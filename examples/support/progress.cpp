#include "examples/support/progress.hpp"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace examples {

Progress::Progress() {
  if (isatty(STDERR_FILENO) != 0) ticker_ = std::thread([this] { tick(); });
}

Progress::~Progress() {
  clear();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  if (ticker_.joinable()) ticker_.join();
}

void Progress::show(std::string text) {
  const std::lock_guard lock(mutex_);
  text_ = std::move(text);
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  text_.clear();
  erase();
}

void Progress::tick() {
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, std::chrono::milliseconds(200), [&] { return stop_; })) {
    const auto passed = std::chrono::steady_clock::now() - start_;
    if (text_.empty() || passed < std::chrono::seconds(1)) continue;
    erase();
    std::fprintf(stderr, "%s (%lld s)", text_.c_str(),
                 static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(passed).count()));
    std::fflush(stderr);
    shown_ = true;
  }
}

void Progress::erase() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace examples
