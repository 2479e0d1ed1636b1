/// Files compressed as gzip has them.
#pragma once

#include <filesystem>

namespace examples {

/// Writes what is in the file `from` to the file `to` in gzip's format (RFC 1952), with neither a name nor a
/// time in it: the same bytes for the same content, whatever the number of threads. It is cut into blocks
/// that are compressed by themselves, `threads` of them in memory at once. Throws ascribe::Error, naming the
/// file, where one cannot be read or the other not be written whole.
void write_gzip(const std::filesystem::path& from, const std::filesystem::path& to, int threads = 1);

}  // namespace examples
