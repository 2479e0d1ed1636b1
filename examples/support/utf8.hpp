/// Characters of UTF-8 text, one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace examples {

/// The first character of `text`, which is not empty and loses its bytes; −1 where they are no UTF-8, of
/// which one byte goes.
inline std::int32_t next_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  std::int32_t character = length == 1 ? first : first & (0xFF >> (length + 1));
  bool valid = length > 0 && length <= text.size();
  for (std::size_t i = 1; valid && i < length; ++i) {
    valid = (byte(i) & 0xC0) == 0x80;
    character = character << 6 | (byte(i) & 0x3F);
  }
  // Neither longer than need be, nor half of a UTF-16 pair, nor beyond the last character.
  constexpr std::int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  valid = valid && character >= least[length] && (character < 0xD800 || character > 0xDFFF) &&
          character <= 0x10FFFF;
  text.remove_prefix(valid ? length : 1);
  return valid ? character : -1;
}

/// Appends a character's bytes.
inline void append_character(std::string& text, std::uint32_t character) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | character >> 6);
    put(0x80 | (character & 0x3F));
  } else {
    if (character < 0x10000) {
      put(0xE0 | character >> 12);
    } else {
      put(0xF0 | character >> 18);
      put(0x80 | (character >> 12 & 0x3F));
    }
    put(0x80 | (character >> 6 & 0x3F));
    put(0x80 | (character & 0x3F));
  }
}

}  // namespace examples
