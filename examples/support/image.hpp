/// Photographs to what a network takes: PNG and JPEG files through stb_image, cropped, resized with
/// anti-aliasing, scaled and shifted. And the way back, for a picture of what the network saw.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ascribe/heatmap.hpp"

namespace examples {

/// The image of a PNG or JPEG file as 8-bit RGB: grey is repeated, 16 bits a channel lose the lower 8,
/// opacity is left out (as in most training pipelines). A JPEG image is turned and mirrored as its Exif data
/// say that the camera was held (orientation, tag 274). Throws ascribe::Error, which names the file, where
/// there is none, where it is neither PNG nor JPEG or is damaged, and where it says that it has more than
/// 2^26 pixels, or more than a file of its length can have: nothing is allocated for those.
ascribe::Picture read_image(const std::filesystem::path& path);

/// The same of a file's bytes; `path` is what messages call it.
ascribe::Picture decode_image(const std::filesystem::path& path, std::string_view bytes);

/// The largest centred part of `image` with the shape of width : height (1, 1: the largest centred square).
/// Where it cannot lie in the middle, it lies half a pixel to the left or top. At least one pixel a side.
/// Throws ascribe::Error for a width or height below 1, or if the bytes don't fit the sizes.
/// Example: of 451 × 300 pixels, (1, 1) takes columns 75 to 374.
ascribe::Picture centred_crop(const ascribe::Picture& image, int width, int height);

/// RGB numbers in 0..1, H, W, C order.
struct Pixels {
  int width = 0;
  int height = 0;
  std::vector<double> rgb;
};

/// `image` at another size, in 0..1 and not rounded to bytes: what scikit-image's
/// `resize(image, (height, width), anti_aliasing=True)` gives. Along each axis that shrinks by a factor f, a
/// Gaussian with σ = (f − 1)/2 takes away the detail that the new pixels would alias; then the new pixels'
/// centres are read off bilinearly. The image is mirrored at its outermost pixels. Neither step can ring or
/// leave the range of the image. Colours are averaged as they are stored (sRGB), as training does. Throws
/// ascribe::Error for a size below 1 or above 2^14 a side.
Pixels resize(const ascribe::Picture& image, int width, int height);

/// How a network wants its images.
struct ImageFormat {
  int channels = 3;  ///< 1 (grey: Rec. 601 luma) or 3 (RGB)
  int height = 0;
  int width = 0;
  std::vector<double> mean = {0};  ///< of pixels in 0..1; one for all channels, or one a channel
  std::vector<double> deviation = {1};

  /// Throws ascribe::Error where a number is out of its range or their count is neither 1 nor `channels`.
  void check() const;
};

/// C, H, W (as ONNX files have it) or H, W, C (as networks of the library do).
enum class ImageOrder { chw, hwc };

/// (pixel − mean)/deviation, channels × height × width values in `order`. Throws ascribe::Error where the
/// pixels have not the format's size, or as ImageFormat::check does.
std::vector<double> normalised(const Pixels& pixels, const ImageFormat& format,
                               ImageOrder order = ImageOrder::chw);

/// The picture of a network's input: `normalised` undone, rounded to bytes. Where the result leaves 0..1 by
/// more than a hundredth (another normalisation, or no image at all), its range is stretched over 0..1.
/// Throws ascribe::Error where a value is not finite or their number is not the format's.
ascribe::Picture picture_of(std::span<const double> values, const ImageFormat& format,
                            ImageOrder order = ImageOrder::chw);

/// Crops to the format's shape, resizes and normalises: pictures of one size, one after the other, in memory
/// that was asked for when this was made.
class InputMaker {
 public:
  /// For pictures of width × height pixels. Throws ascribe::Error as ImageFormat::check, and as
  /// `centred_crop` and `resize` for the sizes.
  InputMaker(int width, int height, const ImageFormat& format, ImageOrder order = ImageOrder::chw);
  ~InputMaker();
  InputMaker(InputMaker&&) noexcept;
  InputMaker& operator=(InputMaker&&) noexcept;

  /// The numbers that `read_input` makes of a file with these pixels, to the last bit. `bytes`: from the top
  /// row, a pixel's 3 (RGB) or 1 (grey) together. Throws ascribe::Error where bytes or values are not as many
  /// as the sizes say.
  void operator()(std::span<const unsigned char> bytes, std::span<double> values);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Crops to the format's shape, resizes and normalises.
std::vector<double> input_of(const ascribe::Picture& image, const ImageFormat& format,
                             ImageOrder order = ImageOrder::chw);

/// All of it, of a file.
std::vector<double> read_input(const std::filesystem::path& path, const ImageFormat& format,
                               ImageOrder order = ImageOrder::chw);

}  // namespace examples
