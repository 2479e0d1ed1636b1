#include "examples/support/progress.hpp"

#include <cmath>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace examples {

std::string time_left(std::size_t done, std::size_t total, double seconds) {
  if (done == 0 || done >= total) return "";
  const double left = seconds / static_cast<double>(done) * static_cast<double>(total - done);
  const auto about = [](double number, const char* unit) {
    return "about " + std::to_string(std::llround(number)) + unit;
  };
  if (left < 120) return about(std::ceil(left), " s left");
  return left < 7200 ? about(left / 60, " min left") : about(left / 3600, " h left");
}

Progress::Progress(bool shown) : told_(shown), terminal_(shown && isatty(STDERR_FILENO) != 0) {
  ticker_ = std::thread([this] { tick(); });
}

Progress::~Progress() {
  clear();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  ticker_.join();
}

void Progress::show(std::string text) {
  const std::lock_guard lock(mutex_);
  text_ = std::move(text);
  counting_ = false;
}

void Progress::count(const std::string& what, std::size_t done, std::size_t total, std::size_t now) {
  const std::lock_guard lock(mutex_);
  if (counting_since_ == Clock::time_point()) counting_since_ = Clock::now();
  const std::chrono::duration<double> passed = Clock::now() - counting_since_;
  const std::string left = time_left(now, now + total - done, passed.count());
  text_ =
      what + " " + std::to_string(done) + " of " + std::to_string(total) + (left.empty() ? "" : ", ") + left;
  counting_ = true;
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  text_.clear();
  erase();
}

void Progress::print(const std::string& text) {
  const std::lock_guard lock(mutex_);
  erase();
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (terminal_) std::fflush(stdout);
}

void Progress::tick() {
  std::unique_lock lock(mutex_);
  const auto pause = terminal_ ? std::chrono::milliseconds(200) : std::chrono::minutes(1);
  while (!stopping_.wait_for(lock, pause, [&] { return stop_; })) {
    const auto passed = Clock::now() - start_;
    if (!told_ || text_.empty() || passed < std::chrono::seconds(1) || (!terminal_ && !counting_)) continue;
    erase();
    std::fprintf(stderr, "%s (%lld s)%s", text_.c_str(),
                 static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(passed).count()),
                 terminal_ ? "" : "\n");
    std::fflush(stderr);
    shown_ = terminal_;
  }
}

void Progress::erase() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace examples
