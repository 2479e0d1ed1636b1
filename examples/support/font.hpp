/// The bytes of font/regular.ttf and font/bold.ttf. CMake writes them into a source file, so that a program
/// finds its letters wherever it runs.
#pragma once

#include <cstddef>

namespace examples {

extern const unsigned char font_regular[];
extern const unsigned char font_bold[];
extern const std::size_t font_regular_size;
extern const std::size_t font_bold_size;

}  // namespace examples
