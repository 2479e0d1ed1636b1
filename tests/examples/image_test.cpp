#include "examples/support/image.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "examples/support/png.hpp"
#include "tests/support/catch.hpp"

namespace {

using ascribe::Picture;
using examples::centred_crop;
using examples::ImageFormat;
using examples::ImageOrder;
using examples::normalised;
using examples::picture_of;
using examples::Pixels;
using examples::read_image;
using examples::resize;
using Bytes = std::vector<unsigned char>;

/// A folder that lives as long as the test.
class Folder {
 public:
  Folder() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() / ("ascribe_image_test_" + std::to_string(random()));
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  std::filesystem::path file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string bundled(const std::string& name) {
  return std::string(ASCRIBE_SOURCE_DIR) + "/examples/data/photos/" + name;
}

/// The message of the error that reading the file throws.
std::string complaint(const std::filesystem::path& path) {
  try {
    read_image(path);
  } catch (const ascribe::Error& error) {
    const std::string message = error.what();
    CHECK_THAT(message, Contains(path.filename().string()) && Contains("expected") && Contains("found"));
    return message;
  }
  FAIL("no error for " << path);
  return {};
}

/// Grey pixels as a picture.
Picture grey_picture(int width, int height, const Bytes& pixels) {
  return ascribe::picture(pixels, height, width, 1);
}

/// The beginning of a PNG: its signature and the header of an 8-bit RGB image.
std::string png_header(std::size_t width, std::size_t height) {
  std::string bytes = "\x89PNG\r\n\x1a\n";
  bytes += std::string("\0\0\0\x0dIHDR", 8);
  for (const std::size_t size : {width, height}) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift & 0xFF);
  }
  return bytes + std::string("\x08\x02\0\0\0ABCD", 9);
}

}  // namespace

TEST_CASE("A PNG is read back as it was written", "[image]") {
  const Folder folder;
  const Picture picture{2, 2, {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30}};
  examples::write_png(folder / "some.png", picture);
  const Picture found = read_image(folder / "some.png");
  CHECK(found.width == 2);
  CHECK(found.height == 2);
  CHECK(found.rgb == picture.rgb);
}

TEST_CASE("The bundled JPEG photographs are read", "[image]") {
  const Picture cat = read_image(bundled("cat.jpg"));
  CHECK(cat.width == 451);
  CHECK(cat.height == 300);
  REQUIRE(cat.rgb.size() == 3 * 451 * 300);
  // The left eye is green, and its pupil dark: seen in an image viewer.
  const auto pixel = [&](std::size_t x, std::size_t y) { return &cat.rgb[3 * (451 * y + x)]; };
  CHECK(int(pixel(152, 112)[1]) > int(pixel(152, 112)[2]) + 40);
  CHECK(int(pixel(171, 112)[1]) < 40);
  const Picture coffee = read_image(bundled("coffee.jpg"));
  CHECK(coffee.width == 600);
  CHECK(coffee.height == 400);
}

/// A JPEG file with Exif data behind its first marker: a directory of one other entry and the orientation.
std::string with_orientation(std::string jpeg, int orientation, bool little) {
  std::string tiff = little ? std::string("II*\0\x08\0\0\0", 8) : std::string("MM\0*\0\0\0\x08", 8);
  const auto put = [&](unsigned value, int count) {
    for (int i = 0; i < count; ++i)
      tiff += static_cast<char>(value >> 8 * (little ? i : count - 1 - i) & 255U);
  };
  put(2, 2);
  for (const auto& [tag, value] :
       {std::pair(256U, 5U), std::pair(274U, static_cast<unsigned>(orientation))}) {
    put(tag, 2);
    put(3, 2);  // 16 bits
    put(1, 4);
    put(value, 2);
    put(0, 2);
  }
  put(0, 4);
  const std::string exif = std::string("Exif\0\0", 6) + tiff;
  const auto length = static_cast<unsigned>(exif.size() + 2);
  return jpeg.insert(
      2, "\xff\xe1" + std::string{static_cast<char>(length >> 8), static_cast<char>(length & 255U)} + exif);
}

// Where the stored first row's two ends are seen (CIPA DC-008, orientation): Pillow 13.0's exif_transpose
// puts them there, too.
TEST_CASE("A photograph is turned as its camera was held", "[image]") {
  const Folder folder;
  const std::string jpeg = bytes_of(bundled("cat.jpg"));
  const Picture as_stored = read_image(bundled("cat.jpg"));
  enum Corner { top_left, top_right, bottom_left, bottom_right };
  constexpr Corner ends[][2] = {{top_left, top_right},       {top_right, top_left},
                                {bottom_right, bottom_left}, {bottom_left, bottom_right},
                                {top_left, bottom_left},     {top_right, bottom_right},
                                {bottom_right, top_right},   {bottom_left, top_left}};
  const auto pixel = [](const Picture& image, int x, int y) {
    const auto at = image.rgb.begin() + 3 * (image.width * y + x);
    return Bytes(at, at + 3);
  };
  // Next to the corners, where the photograph's pixels differ.
  const auto at_corner = [&](const Picture& image, Corner corner) {
    const bool right = corner == top_right || corner == bottom_right,
               bottom = corner == bottom_left || corner == bottom_right;
    return pixel(image, right ? image.width - 1 : 0, bottom ? image.height - 1 : 0);
  };
  REQUIRE(at_corner(as_stored, top_left) != at_corner(as_stored, top_right));
  for (const bool little : {true, false})
    for (int orientation = 1; orientation <= 8; ++orientation) {
      INFO(orientation);
      const Picture seen = read_image(folder.file("turned.jpg", with_orientation(jpeg, orientation, little)));
      CHECK(seen.width == (orientation < 5 ? 451 : 300));
      CHECK(seen.height == (orientation < 5 ? 300 : 451));
      CHECK(at_corner(seen, ends[orientation - 1][0]) == at_corner(as_stored, top_left));
      CHECK(at_corner(seen, ends[orientation - 1][1]) == at_corner(as_stored, top_right));
      // And one inside, of those that turn a quarter to the right: what is seen at (x, y) is stored at (y,
      // 299 - x).
      if (orientation == 6) CHECK(pixel(seen, 100, 200) == pixel(as_stored, 200, 199));
    }
  // No orientation, one that is none, and Exif data that are cut off: as it is stored.
  for (const int orientation : {0, 9, 65535})
    CHECK(read_image(folder.file("odd.jpg", with_orientation(jpeg, orientation, true))).rgb == as_stored.rgb);
  std::string far = with_orientation(jpeg, 6, true);
  far[2 + 4 + 6 + 4] = static_cast<char>(0xff);  // the directory's place
  far[2 + 4 + 6 + 7] = static_cast<char>(0x7f);
  CHECK(read_image(folder.file("far.jpg", far)).rgb == as_stored.rgb);
}

TEST_CASE("Files that are no image are refused", "[image]") {
  const Folder folder;
  CHECK_THAT(complaint(folder / "absent.png"), Contains("no file"));
  std::filesystem::create_directory(folder / "folder.png");
  CHECK_THAT(complaint(folder / "folder.png"), Contains("no file"));
  CHECK_THAT(complaint(folder.file("empty.png", "")), Contains("PNG or JPEG"));
  CHECK_THAT(complaint(folder.file("words.jpg", "This is no image.")), Contains("PNG or JPEG"));
  CHECK_THAT(complaint(folder.file("other.gif", "GIF89a\1\0\1\0\0\0\0;")), Contains("PNG or JPEG"));
}

TEST_CASE("Nothing is allocated for what a header alone claims", "[image]") {
  const Folder folder;
  CHECK_THAT(complaint(folder.file("huge.png", png_header(100000, 100000))), Contains("100000 x 100000"));
  // Few enough pixels, but more than so short a file can have: 42 bytes, 8256 pixels each.
  CHECK_THAT(complaint(folder.file("short.png", png_header(8000, 8000))), Contains("8000 x 8000"));
  CHECK_THAT(complaint(folder.file("zero.png", png_header(0, 10))), Contains("expected"));
}

TEST_CASE("JPEG headers are held against the same limits, and their Huffman tables against what can be",
          "[image]") {
  const Folder folder;
  const std::string start = "\xff\xd8\xff";
  // A baseline frame of three components, 65535 x 65535.
  const std::string frame("\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x11\0\2\x11\0\3\x11\0", 18);
  CHECK_THAT(complaint(folder.file("huge.jpg", start + frame)), Contains("65535 x 65535"));
  // One table of 16 · 255 codes: stb_image 2.27 writes beyond its own tables.
  std::string table("\xc4\x10\x03\0", 4);
  table.append(16, '\xff').append(4080, 'x');
  CHECK_THAT(complaint(folder.file("table.jpg", start + table)), Contains("Huffman"));
  CHECK_THAT(complaint(folder.file("cut.jpg", start + table.substr(0, 30))), Contains("Huffman"));
}

TEST_CASE("Damaged images are refused", "[image]") {
  const Folder folder;
  Picture noise{64, 64, {}};
  std::minstd_rand random(1);
  for (int i = 0; i < 3 * 64 * 64; ++i) noise.rgb.push_back(static_cast<unsigned char>(random()));
  examples::write_png(folder / "whole.png", noise);
  const std::string png = bytes_of(folder / "whole.png"), jpeg = bytes_of(bundled("cat.jpg"));
  for (const double share : {0.3, 0.6, 0.9}) {
    const auto part = [&](const std::string& all) {
      return all.substr(0, static_cast<std::size_t>(share * static_cast<double>(all.size())));
    };
    CHECK_THAT(complaint(folder.file("cut.png", part(png))), Contains("decoded"));
    CHECK_THAT(complaint(folder.file("cut.jpg", part(jpeg))), Contains("decoded"));
  }
}

TEST_CASE("The largest centred part of a shape", "[image]") {
  // 5 × 3: columns 1 to 3.
  const Picture wide = grey_picture(5, 3, {0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24});
  CHECK(centred_crop(wide, 1, 1).rgb == grey_picture(3, 3, {1, 2, 3, 11, 12, 13, 21, 22, 23}).rgb);
  CHECK(centred_crop(wide, 224, 224).width == 3);
  CHECK(centred_crop(wide, 5, 3).rgb == wide.rgb);
  // 2 : 1 is 5 × 2, half a pixel above the middle.
  const Picture flat = centred_crop(wide, 2, 1);
  CHECK(flat.height == 2);
  CHECK(flat.rgb == grey_picture(5, 2, {0, 1, 2, 3, 4, 10, 11, 12, 13, 14}).rgb);
  const Picture high = centred_crop(grey_picture(1, 4, {7, 8, 9, 10}), 1, 1);
  CHECK(high.rgb == grey_picture(1, 1, {8}).rgb);
  CHECK(centred_crop(grey_picture(4, 1, {7, 8, 9, 10}), 1, 1).rgb == grey_picture(1, 1, {8}).rgb);
  // A shape that would be narrower than a pixel.
  CHECK(centred_crop(wide, 1, 100).width == 1);
  CHECK_THROWS_WITH(centred_crop(wide, 0, 1), Contains("at least 1, found 0 and 1"));
  CHECK_THROWS_WITH(centred_crop({2, 2, {1, 2, 3}}, 1, 1), Contains("found 2 x 2 pixels and 3 bytes"));
}

TEST_CASE("What is of one colour stays so at any size", "[image]") {
  Picture plain{7, 5, {}};
  for (int p = 0; p < 35; ++p) plain.rgb.insert(plain.rgb.end(), {51, 102, 255});
  for (const auto& [width, height] : {std::pair{3, 2}, {7, 5}, {20, 11}, {1, 1}}) {
    const Pixels found = resize(plain, width, height);
    REQUIRE(found.rgb.size() == static_cast<std::size_t>(3 * width * height));
    for (std::size_t i = 0; i < found.rgb.size(); i += 3) {
      CHECK(found.rgb[i] == Approx(0.2).epsilon(1e-14));
      CHECK(found.rgb[i + 1] == Approx(0.4).epsilon(1e-14));
      CHECK(found.rgb[i + 2] == Approx(1).epsilon(1e-14));
    }
  }
}

TEST_CASE("The same size changes nothing", "[image]") {
  const Picture some = grey_picture(3, 2, {0, 255, 51, 102, 153, 204});
  const Pixels same = resize(some, 3, 2);
  for (std::size_t i = 0; i < some.rgb.size(); ++i) {
    CHECK(same.rgb[i] == Approx(some.rgb[i] / 255.0).epsilon(1e-14));
  }
}

TEST_CASE("A checkerboard finer than the new pixels is grey", "[image]") {
  Picture board{16, 16, {}};
  for (int p = 0; p < 256; ++p) {
    board.rgb.insert(board.rgb.end(), 3, static_cast<unsigned char>((p / 16 + p) % 2 * 255));
  }
  for (const int size : {8, 4, 2}) {
    for (const double value : resize(board, size, size).rgb) CHECK(value == Approx(0.5).margin(1e-4));
  }
}

TEST_CASE("Resizing agrees with scikit-image", "[image]") {
  // skimage.transform.resize(image / 255, (height, width), order=1, anti_aliasing=True), scikit-image 0.26.0.
  Bytes bytes;
  for (int k = 0; k < 35; ++k) bytes.push_back(static_cast<unsigned char>((k * k * 29 + k * 101) % 251));
  const Picture image = grey_picture(7, 5, bytes);
  const auto check = [&](int width, int height, const std::vector<double>& expected) {
    INFO(width << " x " << height);
    const Pixels found = resize(image, width, height);
    REQUIRE(found.rgb.size() == 3 * expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) {
        CHECK(found.rgb[3 * i + c] == Approx(expected[i]).epsilon(0).margin(1e-11));
      }
    }
  };
  check(3, 3,
        {0.409443872123, 0.401906621680, 0.658874822114, 0.120701520071, 0.274655496757, 0.363369594243,
         0.674066446853, 0.317429234762, 0.228407119688});
  check(4, 2,
        {0.370434556709, 0.558202465598, 0.455249883989, 0.586393751587, 0.560230496607, 0.243207460546,
         0.312002091318, 0.255116046152});
  check(9, 6,
        {0.092374727669, 0.358169934641, 0.430355846042, 0.309912854031, 0.270261437908, 0.407516339869,
         0.671132897603, 0.760348583878, 0.609840232389, 0.378213507625, 0.504575163399, 0.673202614379,
         0.722113289760, 0.487254901961, 0.429302832244, 0.497712418301, 0.610457516340, 0.685076252723,
         0.346623093682, 0.298692810458, 0.332679738562, 0.401888162672, 0.369607843137, 0.514233841685,
         0.466230936819, 0.416993464052, 0.454030501089, 0.326289034132, 0.331917211329, 0.258605664488,
         0.174945533769, 0.217647058824, 0.437254901961, 0.464233841685, 0.353267973856, 0.216013071895,
         0.535947712418, 0.686274509804, 0.560348583878, 0.287363834423, 0.277450980392, 0.253050108932,
         0.355010893246, 0.337254901961, 0.162418300654, 0.800871459695, 0.811764705882, 0.490631808279,
         0.168264342774, 0.473529411765, 0.253921568627, 0.160675381264, 0.166448801743, 0.216739288308});
  check(1, 1, {0.414852555958});
}

TEST_CASE("Sizes that cannot be are refused", "[image]") {
  const Picture one = grey_picture(1, 1, {9});
  CHECK_THROWS_WITH(resize(one, 0, 3), Contains("found 0 and 3"));
  CHECK_THROWS_WITH(resize(one, 3, 20000), Contains("found 3 and 20000"));
  CHECK_THROWS_AS(resize({1, 1, {1}}, 1, 1), ascribe::Error);
}

TEST_CASE("Means and deviations, channel by channel, in both orders", "[image]") {
  const Pixels pixels{2, 1, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}};
  const ImageFormat format{3, 1, 2, {0.1, 0.2, 0.5}, {0.5, 1, 0.1}};
  const auto check = [](const std::vector<double>& found, const std::vector<double>& expected) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found[i] == Approx(expected[i]).margin(1e-12));
  };
  check(normalised(pixels, format), {0, 0.6, 0, 0.3, -2, 1});
  check(normalised(pixels, format, ImageOrder::hwc), {0, 0, -2, 0.6, 0.3, 1});
  check(normalised(pixels, {3, 1, 2, {0.1}, {0.5}}), {0, 0.6, 0.2, 0.8, 0.4, 1});
  // 0.299, 0.587, 0.114
  check(normalised(pixels, {1, 1, 2, {0}, {1}}), {0.1815, 0.4815});
  CHECK(normalised({1, 1, {0.3, 0.3, 0.3}}, {1, 1, 1}) == std::vector<double>{0.3});
}

TEST_CASE("Formats that make no sense are refused", "[image]") {
  const Pixels pixel{1, 1, {0, 0, 0}};
  CHECK_THROWS_WITH(normalised(pixel, {2, 1, 1}), Contains("1 or 3 channels, found 2"));
  CHECK_THROWS_WITH(normalised(pixel, {3, 0, 1}), Contains("found 1 and 0"));
  CHECK_THROWS_WITH(normalised(pixel, {3, 1, 1, {1, 2}}), Contains("mean") && Contains("found 2"));
  CHECK_THROWS_WITH(normalised(pixel, {3, 1, 1, {0}, {0}}), Contains("deviation") && Contains("found 0"));
  CHECK_THROWS_WITH(normalised(pixel, {3, 1, 1, {std::numeric_limits<double>::infinity()}}),
                    Contains("mean") && Contains("inf"));
  CHECK_THROWS_WITH(normalised(pixel, {3, 2, 1}), Contains("expected 1 x 2 pixels, found 1 x 1"));
}

TEST_CASE("A network's input becomes the picture that it was", "[image]") {
  const Picture some{2, 2, {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30}};
  const ImageFormat format{3, 2, 2, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  for (const ImageOrder order : {ImageOrder::chw, ImageOrder::hwc}) {
    const auto values = normalised(resize(some, 2, 2), format, order);
    CHECK(picture_of(values, format, order).rgb == some.rgb);
  }
  // Another range is stretched: -2 is black, 2 white.
  const std::vector<double> wide{-2, 0, 2, 1};
  CHECK(picture_of(wide, {1, 2, 2}).rgb == grey_picture(2, 2, {0, 128, 255, 191}).rgb);
  CHECK(picture_of(std::vector<double>(4, 7.0), {1, 2, 2}).rgb == grey_picture(2, 2, {0, 0, 0, 0}).rgb);
  CHECK_THROWS_WITH(picture_of(wide, format), Contains("expected 3 x 2 x 2 values, found 4"));
  const std::vector<double> broken{0, 0, std::numeric_limits<double>::quiet_NaN(), 0};
  CHECK_THROWS_WITH(picture_of(broken, {1, 2, 2}), Contains("nan") && Contains("pixel 2"));
}

TEST_CASE("A file to a network's input in one step", "[image]") {
  const Folder folder;
  // Columns 1 to 3 of 5 × 3, which are 0, 51, 102 in each row.
  Picture wide{5, 3, {}};
  for (int row = 0; row < 3; ++row) {
    for (const unsigned char byte : Bytes{200, 0, 51, 102, 200}) wide.rgb.insert(wide.rgb.end(), 3, byte);
  }
  examples::write_png(folder / "wide.png", wide);
  const auto values = examples::read_input(folder / "wide.png", {1, 3, 3, {0.2}, {2}});
  REQUIRE(values.size() == 9);
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(values[i] == Approx(std::vector<double>{-0.1, 0, 0.1}[i % 3]).margin(1e-14));
  }
  CHECK_THROWS_WITH(examples::read_input(folder / "none.png", {1, 3, 3}), Contains("none.png"));
}
