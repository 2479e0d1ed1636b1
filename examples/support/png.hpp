/// Pictures to PNG files, by stb_image_write. Compile png.cpp along with the program.
#pragma once

#include <filesystem>
#include <string>

#include "ascribe/heatmap.hpp"

namespace examples {

/// `picture` as the bytes of an 8-bit RGB PNG. Throws ascribe::Error if its own bytes don't fit its sizes.
std::string png_of(const ascribe::Picture& picture);

/// Writes `picture` as an 8-bit RGB PNG. Throws ascribe::Error if its bytes don't fit its sizes, or if the
/// file cannot be written whole.
void write_png(const std::filesystem::path& path, const ascribe::Picture& picture);

}  // namespace examples
