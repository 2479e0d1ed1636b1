/// Where frames come from.
#pragma once

#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "examples/stream/options.hpp"
#include "examples/support/image.hpp"

namespace stream {

/// A camera's picture: bytes from the top row, a pixel's channels together.
struct Frame {
  std::span<const unsigned char> bytes;
  InputMaker* maker = nullptr;  ///< for pictures of its size
};

/// Frames one after the other. Only the making of it, and the first frame, ask for memory.
class Frames {
 public:
  virtual ~Frames() = default;

  /// The next one, which is there until the one behind it is asked for. False where there is none. Throws
  /// ascribe::Error for a frame that is cut off.
  virtual bool next(Frame& frame) = 0;
  virtual std::string name(std::size_t n) const = 0;
};

/// Pictures, which are decoded now and come again and again; or the bytes of standard input. `notes`: what
/// was passed over. Throws ascribe::Error where files cannot be read, or are no pictures.
std::unique_ptr<Frames> frames_of(const Options& options, const ImageFormat& format, ImageOrder order,
                                  std::vector<std::string>& notes);

}  // namespace stream
