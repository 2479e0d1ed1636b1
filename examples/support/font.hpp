/// The bytes of font/regular.ttf and font/bold.ttf. CMake writes them into a source file, so that a program
/// finds its letters wherever it runs.
#pragma once

namespace examples {

extern const unsigned char font_regular[];
extern const unsigned char font_bold[];

}  // namespace examples
