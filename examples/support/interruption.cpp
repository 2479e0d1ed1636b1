#include "examples/support/interruption.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>

namespace examples {
namespace {

constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};

std::atomic<int> sent = 0;
static_assert(std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, signals.size()> before{};

}  // namespace

Interruption::Interruption() {
  sent = 0;
  for (std::size_t s = 0; s < signals.size(); ++s) {
    sigaction(signals[s], nullptr, &before[s]);
    // What is ignored on purpose, as under nohup, stays so.
    if (before[s].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = [](int signal) { sent = signal; };
    // Once: the next one finds what was there by default.
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
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
