/// The one exception of the library.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace ascribe {

/// Thrown for everything that a caller can get wrong. The message names the layer or argument, what
/// was expected and what was found; nothing is half-done when it is thrown.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws an Error whose message is the parts, printed one after the other.
/// Example: `fail("layer ", 2, ": expected ", 8, " features, found ", 9)`.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace ascribe
