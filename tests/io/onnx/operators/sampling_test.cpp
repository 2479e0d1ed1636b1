#include <ascribe/io/onnx/operators/sampling.hpp>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::test;

onnx::Tensor tensor(onnx::Dims dims, std::vector<float> values) {
  return onnx::Tensor::of("", std::move(dims), std::move(values));
}

// The expected values are torch's (2.15, torchvision's roi_align) in double, which onnxruntime's (1.32)
// equal; of a tie between two pixels that are mirrored, and of Col2Im, onnxruntime's and onnx.reference's
// (1.23).
TEST_CASE("onnx: GridSample at constant places", "[onnx]") {
  // Inside, between the outermost pixels' centres and their edges, and beyond.
  const onnx::Tensor grid =
      tensor({1, 3, 2, 2}, {-1.5F, -0.875F, 0.25F, 0.5F, -0.25F, 1.25F, 0.625F, -0.125F, 1, 1, -1, -0.375F});
  struct Case {
    std::string mode, padding;
    std::int64_t align_corners;
    std::vector<double> values;
  };
  const Case cases[] = {
      {"nearest", "zeros", 0, {0, 1.125, 0, -1.75, 0, -3.125}},
      {"nearest", "zeros", 1, {0, 1.125, -2.5, 2.625, -3.25, 3.375}},
      {"nearest", "border", 0, {-3.125, 1.125, -2.5, -1.75, -3.25, -3.125}},
      {"nearest", "border", 1, {-3.125, 1.125, -2.5, 2.625, -3.25, 3.375}},
      {"nearest", "reflection", 0, {0.5, 1.125, -2.5, -1.75, -3.25, -3.125}},
      {"nearest", "reflection", 1, {0.5, 1.125, -2.5, 2.625, -3.25, 3.375}},
      {"linear", "zeros", 0, {0, 1.5, -0.3125, -0.75, -0.8125, -0.140625}},
      {"linear", "zeros", 1, {-0.578125, 1.421875, -1.53515625, 0.3359375, -3.25, 0.9375}},
      {"linear", "border", 0, {-3.125, 1.5, -2.5, -0.75, -3.25, -0.28125}},
      {"linear", "border", 1, {-2.3125, 1.421875, -2.046875, 0.3359375, -3.25, 0.9375}},
      {"linear", "reflection", 0, {-1.3125, 1.5, -2.5, -0.75, -3.25, -0.28125}},
      {"linear", "reflection", 1, {-0.34375, 1.421875, -1.671875, 0.3359375, -3.25, 0.9375}},
      {"cubic",
       "zeros",
       0,
       {0.2748227119446, 1.81201171875, -0.276611328125, -0.7600875198841, -1.087890625, -0.3200461864471}},
      {"cubic",
       "zeros",
       1,
       {-0.7086613178253, 2.437721252441, -2.007013320923, 0.6733232624829, -3.25, 0.9915161132812}},
      {"cubic",
       "border",
       0,
       {-3.845062255859, 1.693359375, -2.515380859375, -0.5892906188965, -3.80078125, -0.2276000976562}},
      {"cubic",
       "border",
       1,
       {-2.528472900391, 2.342529296875, -2.548583984375, 0.8219065666199, -3.25, 1.197509765625}},
      {"cubic",
       "reflection",
       0,
       {-1.184326171875, 1.693359375, -2.623046875, -0.5892906188965, -4.3515625, -0.2450866699219}},
      {"cubic",
       "reflection",
       1,
       {0.0198974609375, 2.201904296875, -2.249389648438, 0.5028438568115, -3.25, 0.76904296875}},
  };
  for (const Case& c : cases) {
    INFO(c.mode << ", " << c.padding << ", " << c.align_corners);
    check_node({.op = "GridSample",
                .attributes = {text("mode", c.mode), text("padding_mode", c.padding),
                               integer("align_corners", c.align_corners)},
                .inputs = {{1, 1, 3, 4}},
                .constants = {grid}},
               {{{1, 1, 3, 2}, c.values}});
  }
  // Several channels, and the names of operator set 16.
  check_node(
      {.op = "GridSample",
       .attributes = {text("mode", "bilinear")},
       .inputs = {{1, 2, 3, 4}},
       .constants = {grid},
       .opset = 16},
      {{{1, 2, 3, 2}, {0, 1.5, -0.3125, -0.75, -0.8125, -0.140625, 0, -3, 0.125, 1.125, 0.0625, -0.140625}}});
}

TEST_CASE("onnx: GridSample of volumes", "[onnx]") {
  const onnx::Tensor grid =
      tensor({1, 1, 3, 1, 3}, {-0.75F, 0.25F, 0.5F, 0.125F, -1.25F, 0.875F, -1.75F, 0.5F, -1.5F});
  const auto check = [&](std::string padding, std::vector<double> values) {
    check_node({.op = "GridSample",
                .attributes = {text("padding_mode", std::move(padding))},
                .inputs = {{1, 2, 2, 3, 4}},
                .constants = {grid}},
               {{{1, 2, 1, 3, 1}, std::move(values)}});
  };
  check("zeros", {-1.6875, -0.10009765625, 0, -2.6875, -0.02197265625, 0});
  check("border", {-1.6875, -1.28125, 2.25, -2.6875, -0.28125, 1.25});
  check("reflection", {-1.6875, -1.28125, -2.125, -2.6875, -0.28125, -3.125});
}

TEST_CASE("onnx: RoiAlign of constant regions", "[onnx]") {
  const auto check = [](std::string corners, std::int64_t ratio, std::vector<double> values) {
    check_node({.op = "RoiAlign",
                .attributes = {integer("output_height", 2), integer("output_width", 2),
                               integer("sampling_ratio", ratio), real("spatial_scale", 0.75F),
                               text("coordinate_transformation_mode", std::move(corners))},
                .inputs = {{2, 2, 4, 5}},
                .constants = {tensor({2, 4}, {0.5F, 0.25F, 3.5F, 2.75F, -1, 1, 6, 5}), list({1, 0})}},
               {{{2, 2, 2, 2}, std::move(values)}}, false);
  };
  check("half_pixel", 0,
        {-0.20703125, -0.62890625, 1.45703125, 1.03515625, -0.25390625, -0.67578125, -1.21484375, -1.63671875,
         -3.5 / 12, -0.6328125, 8.75 / 12, -0.5703125, 2.5 / 12, -0.1328125, 14.75 / 12, -0.0703125});
  check(
      "half_pixel", 2,
      {-0.1240234375, -0.5458984375, 1.2109375, 0.7890625, -0.3076171875, -0.7294921875, -0.96875, -1.390625,
       -0.236328125, -0.890625, 0.615234375, -0.1953125, 0.263671875, -0.390625, 1.115234375, 0.3046875});
  check("output_half_pixel", 0,
        {1.79296875, -0.37890625, 0.37109375, 0.27734375, -1.48046875, -0.453125, -1.46484375, 0.421875,
         -0.1875, -1.125, 1.1015625, 0.1640625, 0.3125, -0.625, 1.6015625, 0.6640625});
  check("output_half_pixel", 2,
        {1.79296875, -0.37890625, 0.37109375, 0.27734375, -1.48046875, -0.453125, -1.46484375, 0.421875,
         -0.166015625, -1.1328125, 1.060546875, 0.28125, 0.333984375, -0.6328125, 1.560546875, 0.78125});
}

TEST_CASE("onnx: Col2Im adds blocks up", "[onnx]") {
  check_node({.op = "Col2Im", .inputs = {{1, 8, 6}}, .constants = {list({3, 4}), list({2, 2})}},
             {{{1, 2, 3, 4},
               {-3.125, 3.125, -5.625, 1.875, 0.125,  -5, 1.5,  -5.875, 3.25, -0.125, -0.875, 0.25,
                3.875,  1.125, 0.375,  0.875, -1.875, -1, -2.5, 0.125,  2.25, -2.125, 5.125,  -0.75}}});
  check_node(
      {.op = "Col2Im",
       .attributes = {integers("strides", {2, 1}), integers("pads", {0, 1, 1, 0}),
                      integers("dilations", {1, 2})},
       .inputs = {{2, 6, 6}},
       .constants = {list({4, 4}), list({3, 2})}},
      {{{2, 1, 4, 4}, {0.5,    -1.25,  -1.75,  1.875,  -4,    -2.25, 1.75,  -2.625, 2.875,  1.25, -1.625,
                       -2.375, -1.125, 3.5,    -3.375, 0.25,  3,     -4.25, 0.75,   -3.625, -1.5, 2.75,
                       -3.75,  -0.125, -0.125, -4.75,  3.375, 2.625, 1.375, 0.5,    -0.875, 2.75}}},
      false);
  check_node({.op = "Col2Im", .inputs = {{1, 8, 4}}, .constants = {list({2, 3, 3}), list({2, 2, 2})}},
             {{{1, 1, 2, 3, 3},
               {-3.125, 3.875, -1, -2, 0.25, -5.75, 1.125, -3.625, 3.25, -1.125, -0.125, 1, 2, 0.25, -1.75,
                3.125, 0.375, -2.75}}});
  check_node({.op = "Col2Im", .inputs = {{1, 4, 4}}, .constants = {list({5}), list({2})}},
             {{{1, 2, 5}, {-3.125, 3.875, -4.875, 2.375, -1.75, 1.875, -2.125, -2.875, -3.625, 3.25}}});
}

TEST_CASE("onnx: what GridSample, RoiAlign and Col2Im refuse", "[onnx]") {
  const auto grid = [](onnx::Dims input, onnx::Tensor places, std::vector<onnx::Attribute> attributes = {},
                       bool batched = false) {
    return refusal({.op = "GridSample",
                    .attributes = std::move(attributes),
                    .inputs = {std::move(input)},
                    .constants = {std::move(places)}},
                   batched);
  };
  const onnx::Tensor one = tensor({1, 1, 1, 2}, {0, 0});
  CHECK(grid({1, 1, 2, 2}, one) == "no error");
  CHECK(grid({1, 1, 2, 2}, one, {text("mode", "area")}) ==
        "node 'it' (GridSample): attribute 'mode': expected nearest, linear or cubic, found 'area'");
  CHECK(grid({1, 1, 2, 2}, one, {text("padding_mode", "wrap")}) ==
        "node 'it' (GridSample): attribute 'padding_mode': expected zeros, border or reflection, found "
        "'wrap'");
  CHECK(grid({1, 1, 2, 2, 2}, one) ==
        "node 'it' (GridSample): the grid: expected 5 axes, the last of 3 places, found shape (1, 1, 1, 2)");
  CHECK(grid({1, 1, 2, 2}, tensor({2, 1, 1, 2}, {0, 0, 0, 0})) ==
        "node 'it' (GridSample): the grid: expected one for each of 1 images, found shape (2, 1, 1, 2)");
  CHECK(grid({1, 1, 2, 2}, tensor({2, 1, 1, 2}, {0, 0, 0, 0}), {}, true) ==
        "node 'it' (GridSample): its grid is another for each sample");
  CHECK(grid({1, 1, 2, 2}, tensor({1, 1, 1, 2}, {0, 1e9F})) ==
        "node 'it' (GridSample): the grid: expected places of -1e6 to 1e6, found 1e+09");

  const auto regions = [](std::vector<onnx::Attribute> attributes, std::vector<float> corners = {0, 0, 1, 1},
                          std::int64_t image = 0, bool batched = false) {
    return refusal({.op = "RoiAlign",
                    .attributes = std::move(attributes),
                    .inputs = {{1, 1, 2, 2}},
                    .constants = {tensor({1, 4}, std::move(corners)), list({image})}},
                   batched);
  };
  CHECK(regions({}) == "no error");
  CHECK(regions({text("mode", "max")}) ==
        "node 'it' (RoiAlign): attribute 'mode': expected avg, found 'max'");
  CHECK(regions({}, {0, 0, 1, 1}, 1) == "node 'it' (RoiAlign): expected images below 1, found 1");
  CHECK(regions({}, {0, 0, 1, 1}, 0, true) == "node 'it' (RoiAlign): its regions are of several samples");
  CHECK(regions({integer("output_height", 0)}) ==
        "node 'it' (RoiAlign): expected sizes of 1 to 1048576, found 0 x 1 and a sampling ratio of 0");
  CHECK(regions({}, {0, 0, 1e9F, 1}) ==
        "node 'it' (RoiAlign): expected regions within 1048576 pixels, found 0 to 1e+09");

  const auto columns = [](onnx::Dims input, std::vector<std::int64_t> image,
                          std::vector<std::int64_t> block) {
    return refusal({.op = "Col2Im",
                    .inputs = {std::move(input)},
                    .constants = {list(std::move(image)), list(std::move(block))}});
  };
  CHECK(columns({1, 4, 6}, {3, 4}, {2, 2}) == "no error");
  CHECK(columns({1, 4, 5}, {3, 4}, {2, 2}) ==
        "node 'it' (Col2Im): expected columns of blocks of 4 at 6 places, found shape (1, 4, 5)");
  CHECK(columns({1, 6, 6}, {3, 4}, {2, 2}) ==
        "node 'it' (Col2Im): expected columns of blocks of 4 at 6 places, found shape (1, 6, 6)");
  CHECK(columns({1, 4, 6}, {3, 4}, {2}) ==
        "node 'it' (Col2Im): expected an image and a block of 1 to 3 axes, found (3, 4) and (2)");
  CHECK(
      columns({1, 4, 6}, {1, 4}, {2, 2}) ==
      "node 'it' (Col2Im): Col2Im: the kernel spans 2 along the height: expected at most the padded input's "
      "1");
}

}  // namespace
