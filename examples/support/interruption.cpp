#include "examples/support/interruption.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include <time.h>
#include <unistd.h>

namespace examples {
namespace {

constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};

std::atomic<int> sent = 0;
static_assert(std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, signals.size()> before{};

/// Of the first signal, in seconds.
std::atomic<long> since = 0;
static_assert(std::atomic<long>::is_always_lock_free);

/// What the handler puts on standard error: it may not ask for memory.
std::string to_say;

long seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long>(now.tv_sec);
}

void note(int signal) {
  if (sent == 0) {
    sent = signal;
    since = seconds();
    if (!to_say.empty() && write(STDERR_FILENO, to_say.data(), to_say.size()) < 0) return;
  } else if (seconds() > since + 1) {
    // Delivered when this function returns.
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

Interruption::Interruption(std::string said) {
  sent = 0;
  to_say = std::move(said);
  for (std::size_t s = 0; s < signals.size(); ++s) {
    sigaction(signals[s], nullptr, &before[s]);
    // What is ignored on purpose, as under nohup, stays so.
    if (before[s].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = note;
    action.sa_flags = SA_RESTART;
    sigaction(signals[s], &action, nullptr);
  }
}

Interruption::~Interruption() {
  for (std::size_t s = 0; s < signals.size(); ++s) sigaction(signals[s], &before[s], nullptr);
}

bool Interruption::requested() const { return sent != 0; }

void Interruption::end() const {
  std::signal(sent, SIG_DFL);
  std::raise(sent);
  std::abort();
}

}  // namespace examples
