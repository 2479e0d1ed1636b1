/// Pictures to PNG files, by stb_image_write. Compile png.cpp along with the program.
#pragma once

#include <filesystem>

#include "ascribe/heatmap.hpp"

namespace examples {

/// Writes `picture` as an 8-bit RGB PNG. Throws ascribe::Error if its bytes don't fit its sizes, or if the
/// file cannot be written whole.
void write_png(const std::filesystem::path& path, const ascribe::Picture& picture);

}  // namespace examples
