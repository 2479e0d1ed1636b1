/// The one exception of the library.
#pragma once

#include <initializer_list>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace ascribe {

/// Thrown for everything that a caller can get wrong. The message names the layer or argument, what
/// was expected and what was found; nothing is half-done when it is thrown.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {

/// A reference to a value that can be printed, whatever its type is.
class Printed {
 public:
  Printed(const char* text)
      : value_(text),
        print_([](std::ostream& to, const void* value) { to << static_cast<const char*>(value); }) {}
  template <class T>
  Printed(const T& value)
      : value_(&value), print_([](std::ostream& to, const void* of) { to << *static_cast<const T*>(of); }) {}

  friend std::ostream& operator<<(std::ostream& to, const Printed& part) {
    part.print_(to, part.value_);
    return to;
  }

 private:
  const void* value_;
  void (*print_)(std::ostream&, const void*);
};

/// Compiled once and not for every list of types: an ONNX reader alone has 250 of those.
inline std::string printed(std::initializer_list<Printed> parts) {
  std::ostringstream text;
  for (const Printed& part : parts) text << part;
  return text.str();
}
[[noreturn]] inline void fail_with(std::initializer_list<Printed> parts) { throw Error(printed(parts)); }

}  // namespace detail

/// The parts, printed one after the other.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  return detail::printed({detail::Printed(parts)...});
}

/// Throws an Error whose message is the parts, printed one after the other.
/// Example: `fail("layer ", 2, ": expected ", 8, " features, found ", 9)`.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  detail::fail_with({detail::Printed(parts)...});
}

}  // namespace ascribe
