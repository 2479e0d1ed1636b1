/// The bytes of page/page.html, page/page.css and page/page.js, each with a 0 behind it. CMake writes them
/// into a source file, as it does the letters (font.hpp).
#pragma once

namespace examples {

extern const unsigned char page_html_file[];
extern const unsigned char page_css_file[];
extern const unsigned char page_js_file[];

}  // namespace examples
