#include "examples/support/gzip.hpp"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <future>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "ascribe/core/error.hpp"

namespace examples {
namespace {

/// Large enough that the ends of blocks cost nothing, and small enough that the relevance of one photograph
/// keeps several threads busy.
constexpr std::size_t block_size = std::size_t(1) << 17;

/// What stands before the compressed blocks: deflate, no name, no time, an unknown system.
constexpr std::string_view header("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);

constexpr int memory_level = 8;  // zlib's own choice, which it has no name for

struct Block {
  std::string content, compressed;
  uLong sum = 0;  ///< the content's, as gzip checks it
  bool last = false;
};

/// Makes its part of a deflate stream (RFC 1951), which begins and ends at a byte and needs nothing of what
/// is before it.
void compress(Block& block) {
  z_stream stream{};
  // Runs of one byte, and the frequencies of bytes, are all that there is in floating-point numbers: looking
  // for longer matches takes three times as long for files as large. A negative window is a stream without
  // gzip's or zlib's frame.
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, memory_level, Z_RLE) != Z_OK)
    throw std::bad_alloc();
  block.compressed.resize(deflateBound(&stream, static_cast<uLong>(block.content.size())) + 16);
  stream.next_in = reinterpret_cast<Bytef*>(block.content.data());
  stream.avail_in = static_cast<uInt>(block.content.size());
  stream.next_out = reinterpret_cast<Bytef*>(block.compressed.data());
  stream.avail_out = static_cast<uInt>(block.compressed.size());
  deflate(&stream, block.last ? Z_FINISH : Z_FULL_FLUSH);
  block.compressed.resize(stream.total_out);
  deflateEnd(&stream);
  block.sum = crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(block.content.data()),
                    static_cast<uInt>(block.content.size()));
}

std::string little_endian(std::uint32_t number) {
  std::string bytes;
  for (const int shift : {0, 8, 16, 24}) bytes += static_cast<char>(number >> shift & 255);
  return bytes;
}

}  // namespace

void write_gzip(const std::filesystem::path& from, const std::filesystem::path& to, int threads) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary);
  out << header;
  std::vector<Block> blocks(static_cast<std::size_t>(threads));
  uLong sum = crc32(0, nullptr, 0);
  std::uint64_t size = 0;
  for (bool ended = false; !ended;) {
    std::size_t count = 0;
    for (; count < blocks.size() && !ended; ++count) {
      std::string& content = blocks[count].content;
      content.resize(block_size);
      in.read(content.data(), static_cast<std::streamsize>(content.size()));
      content.resize(static_cast<std::size_t>(in.gcount()));
      blocks[count].last = ended = !in;
    }
    std::vector<std::future<void>> others;
    for (std::size_t b = 1; b < count; ++b)
      others.push_back(std::async(std::launch::async, [&blocks, b] { compress(blocks[b]); }));
    compress(blocks[0]);
    for (std::future<void>& other : others) other.get();
    for (std::size_t b = 0; b < count; ++b) {
      out << blocks[b].compressed;
      sum = crc32_combine(sum, blocks[b].sum, static_cast<z_off_t>(blocks[b].content.size()));
      size += blocks[b].content.size();
    }
  }
  if (!in.eof()) ascribe::fail(from.string(), ": expected a file that can be read, found none");
  out << little_endian(static_cast<std::uint32_t>(sum)) << little_endian(static_cast<std::uint32_t>(size));
  out.close();
  if (!out)
    ascribe::fail(to.string(), ": expected to compress ", size, " bytes, found that they cannot be written");
}

}  // namespace examples
