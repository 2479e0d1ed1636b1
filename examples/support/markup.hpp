/// What HTML and SVG files are made of. Compile markup.cpp along with the program.
#pragma once

#include <string>
#include <string_view>

#include "ascribe/heatmap.hpp"

namespace examples {

/// What HTML and XML show as this text; controls, which XML forbids, and what is no UTF-8 as '?'.
std::string escaped(std::string_view text);

/// Bytes in base64 (RFC 4648).
std::string base64(std::string_view bytes);

/// A picture as a URI that holds it whole, as PNG. Throws ascribe::Error as png_of.
std::string uri_of(const ascribe::Picture& picture);

}  // namespace examples
