#include "examples/support/markup.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "examples/support/png.hpp"
#include "examples/support/utf8.hpp"

namespace examples {

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::int32_t character = next_character(text);
    if (character < 0x20)
      result += '?';
    else if (character == '&')
      result += "&amp;";
    else if (character == '<')
      result += "&lt;";
    else if (character == '>')
      result += "&gt;";
    else
      append_character(result, static_cast<std::uint32_t>(character));
  }
  return result;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t b = 0; b < 3; ++b)
      group = group << 8 | (b < count ? static_cast<unsigned char>(bytes[i + b]) : 0U);
    for (std::size_t d = 0; d < 4; ++d) text += d <= count ? digits[group >> (18 - 6 * d) & 63U] : '=';
  }
  return text;
}

std::string uri_of(const ascribe::Picture& picture) {
  return "data:image/png;base64," + base64(png_of(picture));
}

}  // namespace examples
