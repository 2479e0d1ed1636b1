/// Ctrl-C and its like as a question that a program asks itself between two pieces of work.
#pragma once

#include <string>

namespace examples {

/// From its construction on, the first SIGINT, SIGTERM or SIGHUP only makes `requested` true, and puts `said`
/// on standard error at once: who sends it may not wait for long. The second one ends the program as it
/// always has. One at a time.
class Interruption {
 public:
  explicit Interruption(std::string said = "");
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool requested() const;
  /// Ends the program by the signal that was sent, so that a shell knows.
  [[noreturn]] void end() const;
};

}  // namespace examples
