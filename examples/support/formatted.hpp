/// Numbers in text, as std::printf writes them.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

namespace examples {

/// formatted("%.2f of %d", 0.5, 3) == "0.50 of 3"
template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, format, values...)) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, values...);
  text.pop_back();
  return text;
}

}  // namespace examples
