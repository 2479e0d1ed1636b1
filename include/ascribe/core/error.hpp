/// The one exception of the library, and what stands for it where a program has none.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

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

}  // namespace detail

/// The parts, printed one after the other.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  return detail::printed({detail::Printed(parts)...});
}

#ifdef __cpp_exceptions

namespace detail {
[[noreturn]] inline void fail_with(std::initializer_list<Printed> parts) { throw Error(printed(parts)); }
}  // namespace detail

/// Throws an Error whose message is the parts, printed one after the other.
/// Example: `fail("layer ", 2, ": expected ", 8, " features, found ", 9)`.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  detail::fail_with({detail::Printed(parts)...});
}

#else

/// What a program without exceptions (-fno-exceptions, for all of its files) does about an error: it gets the
/// message, which lives as long as the call, and must not return. It may reset the device, or leave by
/// longjmp where nothing on the way has a destructor to run.
using ErrorHandler = void (*)(const char* message);

namespace detail {

inline ErrorHandler& error_handler() {
  static constinit ErrorHandler handler = nullptr;
  return handler;
}

/// A message on the stack, cut where it is longer.
class ShortText {
 public:
  void add(std::string_view text) {
    const std::size_t count = std::min(text.size(), text_.size() - 1 - size_);
    std::copy_n(text.data(), count, text_.data() + size_);
    size_ += count;
  }
  void add(const char* text) { add(std::string_view(text)); }
  void add(char character) { add(std::string_view(&character, 1)); }
  template <std::integral Number>
  void add(Number number) {
    std::array<char, 24> digits;
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), +number).ptr;
    add(std::string_view(digits.data(), std::size_t(end - digits.data())));
  }
  template <std::floating_point Number>
  void add(Number number) {
    std::array<char, 24> digits;
    std::snprintf(digits.data(), digits.size(), "%g", double(number));
    add(digits.data());
  }
  /// Anything else that can be printed: this takes from the heap.
  template <class Other>
  requires(!std::convertible_to<const Other&, std::string_view> && !std::integral<Other> &&
           !std::floating_point<Other>) void add(const Other& other) {
    add(std::string_view(text_of(other)));
  }

  const char* c_str() const { return text_.data(); }

 private:
  std::array<char, 256> text_{};
  std::size_t size_ = 0;
};

[[noreturn]] inline void fail_with(const ShortText& message) {
  if (const ErrorHandler handler = error_handler()) handler(message.c_str());
  std::abort();
}

}  // namespace detail

/// Sets what happens about errors; the handler of before. Without one, and where it returns, std::abort is
/// called.
inline ErrorHandler set_error_handler(ErrorHandler handler) {
  return std::exchange(detail::error_handler(), handler);
}

/// Hands the parts, printed one after the other, to the error handler.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  detail::ShortText message;
  (message.add(parts), ...);
  detail::fail_with(message);
}

#endif

namespace detail {

/// What body() returns. An Error of its gets the text where() in front; without exceptions the handler has
/// the message as it is.
template <class Body, class Where>
auto naming(const Where& where, Body&& body) {
#ifdef __cpp_exceptions
  try {
    return body();
  } catch (const Error& error) {
    fail(where(), error.what());
  }
#else
  (void)where;
  return body();
#endif
}

}  // namespace detail
}  // namespace ascribe
