/// A Drawing as PDF, by cairo, where the programs are built with it: ASCRIBE_EXAMPLES_PDF. Compile pdf.cpp
/// along with the program.
#pragma once

#include <string>

#include "examples/support/drawing.hpp"

namespace examples {

/// Whether the program was built with cairo, and why it has no PDF where it was not.
#ifdef ASCRIBE_EXAMPLES_PDF
inline constexpr bool writes_pdf = true;
#else
inline constexpr bool writes_pdf = false;
#endif
inline constexpr const char* no_pdf =
    "this program was built without cairo (Debian: libcairo2-dev), which writes PDF; .svg is written";

/// One page of the drawing's size, 96 pixels an inch. Text is text, in the letters of the pictures, which the
/// file holds; pictures have sharp pixels. The same drawing gives the same bytes. Throws ascribe::Error as
/// svg_of, for a page above 14400 points a side, which is PDF's largest, and where there is no cairo.
std::string pdf_of(const Drawing& drawing);

}  // namespace examples
