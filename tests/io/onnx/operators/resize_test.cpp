#include <ascribe/io/onnx/operators/resize.hpp>

#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

// The expected values are onnx.reference's (onnx 1.23) and numpy's on the same inputs (node_input); where
// align_corners has scales that do not make whole sizes, torch's (2.15) and onnxruntime's (1.32), which
// onnx.reference does not equal.

TEST_CASE("onnx: Resize and Upsample to the nearest place", "[onnx]") {
  // Five values made seven, by the scale 1.5, and three, by the size.
  struct Row {
    const char *coordinates, *rounding;
    std::vector<double> seven, three;
  };
  const std::vector<Row> rows{
      {"half_pixel",
       "round_prefer_floor",
       {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"half_pixel",
       "round_prefer_ceil",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"half_pixel", "floor", {-3.125, -3.125, 0.5, 0.5, -3.875, -0.25, -0.25}, {-3.125, -3.875, -0.25}},
      {"half_pixel", "ceil", {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}, {0.5, -3.875, 3.375}},
      {"half_pixel_symmetric",
       "round_prefer_floor",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"half_pixel_symmetric",
       "round_prefer_ceil",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"half_pixel_symmetric",
       "floor",
       {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375},
       {-3.125, -3.875, -0.25}},
      {"half_pixel_symmetric",
       "ceil",
       {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375},
       {0.5, -3.875, 3.375}},
      {"pytorch_half_pixel",
       "round_prefer_floor",
       {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"pytorch_half_pixel",
       "round_prefer_ceil",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"pytorch_half_pixel",
       "floor",
       {-3.125, -3.125, 0.5, 0.5, -3.875, -0.25, -0.25},
       {-3.125, -3.875, -0.25}},
      {"pytorch_half_pixel",
       "ceil",
       {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375},
       {0.5, -3.875, 3.375}},
      {"align_corners",
       "round_prefer_floor",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"align_corners",
       "round_prefer_ceil",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"align_corners",
       "floor",
       {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375},
       {-3.125, -3.875, 3.375}},
      {"align_corners", "ceil", {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}, {-3.125, -3.875, 3.375}},
      {"asymmetric",
       "round_prefer_floor",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, -0.25}},
      {"asymmetric",
       "round_prefer_ceil",
       {-3.125, 0.5, 0.5, -3.875, -0.25, -0.25, 3.375},
       {-3.125, -3.875, -0.25}},
      {"asymmetric", "floor", {-3.125, -3.125, 0.5, -3.875, -3.875, -0.25, 3.375}, {-3.125, 0.5, -0.25}},
      {"asymmetric", "ceil", {-3.125, 0.5, -3.875, -3.875, -0.25, 3.375, 3.375}, {-3.125, -3.875, 3.375}},
  };
  for (const Row& row : rows) {
    OneNode resize{.op = "Resize",
                   .attributes = {text("coordinate_transformation_mode", row.coordinates),
                                  text("nearest_mode", row.rounding)},
                   .inputs = {{1, 1, 5}},
                   .constants = {nothing(), list_of_reals({1, 1, 1.5f})}};
    INFO(row.coordinates << ", " << row.rounding);
    check_node(resize, {{{1, 1, 7}, row.seven}});
    resize.constants = {nothing(), nothing(), list({1, 1, 3})};
    check_node(resize, {{{1, 1, 3}, row.three}});
  }
  check_node(
      {.op = "Resize", .inputs = {{1, 2, 2, 3}}, .constants = {nothing(), list_of_reals({1, 1, 2, 2})}},
      {{{1, 2, 4, 6},
        {-3.125, -3.125, 0.5,   0.5,   -3.875, -3.875, -3.125, -3.125, 0.5,   0.5,   -3.875, -3.875,
         -0.25,  -0.25,  3.375, 3.375, -1,     -1,     -0.25,  -0.25,  3.375, 3.375, -1,     -1,
         2.625,  2.625,  -1.75, -1.75, 1.875,  1.875,  2.625,  2.625,  -1.75, -1.75, 1.875,  1.875,
         -2.5,   -2.5,   1.125, 1.125, -3.25,  -3.25,  -2.5,   -2.5,   1.125, 1.125, -3.25,  -3.25}}},
      true, 1);
  check_node({.op = "Resize",
              .attributes = {integers("axes", {3, 2})},
              .inputs = {{1, 2, 2, 3}},
              .constants = {nothing(), nothing(), list({4, 5})}},
             {{{1, 2, 5, 4}, {-3.125, 0.5,    0.5,   -3.875, -3.125, 0.5,   0.5,   -3.875, -3.125, 0.5,
                              0.5,    -3.875, -0.25, 3.375,  3.375,  -1,    -0.25, 3.375,  3.375,  -1,
                              2.625,  -1.75,  -1.75, 1.875,  2.625,  -1.75, -1.75, 1.875,  2.625,  -1.75,
                              -1.75,  1.875,  -2.5,  1.125,  1.125,  -3.25, -2.5,  1.125,  1.125,  -3.25}}});
  check_node(
      {.op = "Resize",
       .attributes = {integers("axes", {2, 3}), text("keep_aspect_ratio_policy", "not_larger")},
       .inputs = {{1, 1, 2, 4}},
       .constants = {nothing(), nothing(), list({7, 8})}},
      {{{1, 1, 4, 8}, {-3.125, -3.125, 0.5,    0.5,   -3.875, -3.875, -0.25, -0.25, -3.125, -3.125, 0.5,
                       0.5,    -3.875, -3.875, -0.25, -0.25,  3.375,  3.375, -1,    -1,     2.625,  2.625,
                       -1.75,  -1.75,  3.375,  3.375, -1,     -1,     2.625, 2.625, -1.75,  -1.75}}});
  check_node({.op = "Resize",
              .attributes = {integers("axes", {2, 3}), text("keep_aspect_ratio_policy", "not_smaller")},
              .inputs = {{1, 1, 2, 4}},
              .constants = {nothing(), nothing(), list({3, 7})}},
             {{{1, 1, 4, 7}, {-3.125, -3.125, 0.5,   0.5,   -3.875, -0.25, -0.25, -3.125, -3.125, 0.5,
                              0.5,    -3.875, -0.25, -0.25, 3.375,  3.375, -1,    -1,     2.625,  -1.75,
                              -1.75,  3.375,  3.375, -1,    -1,     2.625, -1.75, -1.75}}});
  check_node({.op = "Resize",
              .attributes = {text("coordinate_transformation_mode", "tf_half_pixel_for_nn"),
                             text("nearest_mode", "floor")},
              .inputs = {{1, 1, 5}},
              .constants = {list({}), list({}), list({1, 1, 3})},
              .opset = 11},
             {{{1, 1, 3}, {-3.125, -3.875, 3.375}}});
  check_node({.op = "Resize", .inputs = {{1, 1, 3}}, .constants = {list_of_reals({1, 1, 1.5f})}, .opset = 10},
             {{{1, 1, 4}, {-3.125, -3.125, 0.5, -3.875}}});
  check_node(
      {.op = "Upsample", .inputs = {{1, 1, 2, 2}}, .constants = {list_of_reals({1, 1, 2, 3})}, .opset = 9},
      {{{1, 1, 4, 6},
        {-3.125, -3.125, -3.125, 0.5,   0.5,   0.5,   -3.125, -3.125, -3.125, 0.5,   0.5,   0.5,
         -3.875, -3.875, -3.875, -0.25, -0.25, -0.25, -3.875, -3.875, -3.875, -0.25, -0.25, -0.25}}});
  check_node({.op = "Upsample",
              .attributes = {reals("scales", {1, 1, 1, 2}), text("mode", "nearest")},
              .inputs = {{1, 1, 2, 2}},
              .opset = 7},
             {{{1, 1, 2, 4}, {-3.125, -3.125, 0.5, 0.5, -3.875, -3.875, -0.25, -0.25}}});
}

TEST_CASE("onnx: Resize and Upsample, linear", "[onnx]") {
  // Over three axes: onnxruntime's numbers (1.32).
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear")},
              .inputs = {{1, 1, 2, 1, 2}},
              .constants = {nothing(), list_of_reals({1, 1, 2, 1, 2})}},
             {{{1, 1, 4, 1, 4},
               {-3.125, -2.21875, -0.40625, 0.5, -3.3125, -2.40625, -0.59375, 0.3125, -3.6875, -2.78125,
                -0.96875, -0.0625, -3.875, -2.96875, -1.15625, -0.25}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")},
              .inputs = {{1, 1, 5}},
              .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
             {{{1, 1, 7},
               {-3.125, -1.3125, -0.229166666667, -3.14583333333, -2.0625, 0.354166666667, 2.77083333333}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")},
              .inputs = {{1, 1, 2, 4}},
              .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
             {{{1, 1, 3, 3},
               {-2.52083333333, -1.6875, -0.854166666667, 0.0625, -0.4375, -0.9375, 2.64583333333, 0.8125,
                -1.02083333333}}});
  check_node(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel_symmetric")},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
      {{{1, 1, 7},
        {-3.125, -0.708333333333, -0.958333333333, -3.875, -1.45833333333, 0.958333333333, 3.375}}});
  check_node(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel_symmetric")},
       .inputs = {{1, 1, 2, 4}},
       .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
      {{{1, 1, 3, 3},
        {-2.52083333333, -1.6875, -0.854166666667, 0.0625, -0.4375, -0.9375, 2.64583333333, 0.8125,
         -1.02083333333}}});
  check_node(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "pytorch_half_pixel")},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
      {{{1, 1, 7},
        {-3.125, -1.3125, -0.229166666667, -3.14583333333, -2.0625, 0.354166666667, 2.77083333333}}});
  check_node(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "pytorch_half_pixel")},
       .inputs = {{1, 1, 2, 4}},
       .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
      {{{1, 1, 3, 3},
        {-2.52083333333, -1.6875, -0.854166666667, 0.0625, -0.4375, -0.9375, 2.64583333333, 0.8125,
         -1.02083333333}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")},
              .inputs = {{1, 1, 5}},
              .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
             {{{1, 1, 7},
               {-3.125, -0.708333333333, -0.958333333333, -3.875, -1.458333333333, 0.958333333333, 3.375}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")},
              .inputs = {{1, 1, 2, 4}},
              .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
             {{{1, 1, 3, 3}, {-3.125, -1.6875, -0.25, 0.125, -0.4375, -1, 3.375, 0.8125, -1.75}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "asymmetric")},
              .inputs = {{1, 1, 5}},
              .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
             {{{1, 1, 7},
               {-3.125, -0.708333333333, -0.958333333333, -3.875, -1.45833333333, 0.958333333333, 3.375}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "asymmetric")},
              .inputs = {{1, 1, 2, 4}},
              .constants = {nothing(), nothing(), list({1, 1, 3, 3})}},
             {{{1, 1, 3, 3},
               {-3.125, -0.958333333333, -1.45833333333, 1.20833333333, -0.180555555556, -0.680555555556,
                3.375, 0.208333333333, -0.291666666667}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear")},
              .inputs = {{1, 2, 2, 2}},
              .constants = {nothing(), list_of_reals({1, 1, 2, 2})}},
             {{{1, 2, 4, 4}, {-3.125,  -2.21875, -0.40625, 0.5,     -3.3125, -2.40625, -0.59375, 0.3125,
                              -3.6875, -2.78125, -0.96875, -0.0625, -3.875,  -2.96875, -1.15625, -0.25,
                              3.375,   2.28125,  0.09375,  -1,      3.1875,  2.09375,  -0.09375, -1.1875,
                              2.8125,  1.71875,  -0.46875, -1.5625, 2.625,   1.53125,  -0.65625, -1.75}}},
             true, 1);
  check_node(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), text("coordinate_transformation_mode", "pytorch_half_pixel")},
       .inputs = {{1, 1, 4}},
       .constants = {nothing(), nothing(), list({1, 1, 1})}},
      {{{1, 1, 1}, {-3.125}}});
  check_node(
      {.op = "Upsample",
       .attributes = {text("mode", "linear")},
       .inputs = {{1, 2, 3}},
       .constants = {list_of_reals({1, 1, 2})},
       .opset = 9},
      {{{1, 2, 6}, {-3.125, -1.3125, 0.5, -1.6875, -3.875, -3.875, -0.25, 1.5625, 3.375, 1.1875, -1, -1}}});
}

// Of onnx.reference with numbers of Python in place of its attributes, which are floats.
TEST_CASE("onnx: Resize by cubics", "[onnx]") {
  const std::vector<std::pair<const char*, std::vector<double>>> larger{
      {"half_pixel",
       {-3.439670138889, -0.90234375, 0.123842592593, -3.498842592593, -2.8125, 0.584924768519,
        2.917679398148}},
      {"half_pixel_symmetric",
       {-3.125, -0.155092592593, -0.675925925926, -3.875, -2.037037037037, 1.293981481481, 3.375}},
      {"pytorch_half_pixel",
       {-3.439670138889, -0.90234375, 0.123842592593, -3.498842592593, -2.8125, 0.584924768519,
        2.917679398148}},
      {"align_corners",
       {-3.125, -0.155092592593, -0.675925925926, -3.875, -2.037037037037, 1.293981481481, 3.375}},
      {"asymmetric",
       {-3.125, -0.155092592593, -0.675925925926, -3.875, -2.037037037037, 1.293981481481, 3.375}},
  };
  for (const auto& [coordinates, values] : larger)
    check_node({.op = "Resize",
                .attributes = {text("mode", "cubic"), text("coordinate_transformation_mode", coordinates)},
                .inputs = {{1, 1, 5}},
                .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
               {{{1, 1, 7}, values}});
  const std::vector<std::pair<const char*, std::vector<double>>> smaller{
      {"half_pixel", {-1.740740740741, -3.875, 2.435185185185}},
      {"half_pixel_symmetric", {-1.740740740741, -3.875, 2.435185185185}},
      {"pytorch_half_pixel", {-1.740740740741, -3.875, 2.435185185185}},
      {"align_corners", {-3.125, -3.875, 3.375}},
      {"asymmetric", {-3.125, -2.699074074074, 1.293981481481}},
  };
  for (const auto& [coordinates, values] : smaller)
    check_node({.op = "Resize",
                .attributes = {text("mode", "cubic"), text("coordinate_transformation_mode", coordinates)},
                .inputs = {{1, 1, 5}},
                .constants = {nothing(), nothing(), list({1, 1, 3})}},
               {{{1, 1, 3}, values}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "cubic"), real("cubic_coeff_a", -0.5f)},
              .inputs = {{1, 1, 2, 3}},
              .constants = {nothing(), nothing(), list({1, 1, 3, 5})}},
             {{{1, 1, 3, 5},
               {-3.523377314815, -1.718377314815, 0.333622685185, -2.222377314815, -4.321377314815, -1.9195,
                -0.1145, 1.9375, -0.6185, -2.7175, -0.315622685185, 1.489377314815, 3.541377314815,
                0.985377314815, -1.113622685185}}},
             true, 1);
  check_node(
      {.op = "Resize",
       .attributes = {text("mode", "cubic"), real("cubic_coeff_a", -0.5f), integer("exclude_outside", 1)},
       .inputs = {{1, 1, 2, 3}},
       .constants = {nothing(), nothing(), list({1, 1, 3, 5})}},
      {{{1, 1, 3, 5},
        {-3.587729642502, -1.846793990573, 0.310855263158, -2.367316378633, -4.394333416087, -1.96108490566,
         -0.220149253731, 1.9375, -0.740671641791, -2.767688679245, -0.334440168818, 1.406495483111,
         3.564144736842, 0.885973095051, -1.141043942403}}});
}

TEST_CASE("onnx: Resize against aliases", "[onnx]") {
  struct Case {
    const char* mode;
    std::int64_t exclude_outside;
    std::vector<double> by_sizes, by_scales;
  };
  const std::vector<Case> cases{
      {"linear",
       0,
       {-1.896875, -0.390243902439, 0.896341463415, 0.646875},
       {-2.346153840312, -0.729166723581, 0.84615390016}},
      {"linear",
       1,
       {-1.721428571429, -0.390243902439, 0.896341463415, 0.471428571429},
       {-1.999999995861, -0.729166723581, 0.84615390016}},
      {"cubic",
       0,
       {-2.073760885721, -0.371790415056, 1.232459189699, 0.490357680508},
       {-2.439696470805, -0.737780511397, 1.174520808341}},
      {"cubic",
       1,
       {-2.003377622804, -0.421990126043, 1.244174739126, 0.397652183637},
       {-2.145547928498, -0.857686512125, 1.19409941619}},
  };
  for (const Case& one : cases) {
    const std::vector<onnx::Attribute> attributes{text("mode", one.mode), integer("antialias", 1),
                                                  integer("exclude_outside", one.exclude_outside)};
    check_node({.op = "Resize",
                .attributes = attributes,
                .inputs = {{1, 1, 9}},
                .constants = {nothing(), nothing(), list({1, 1, 4})}},
               {{{1, 1, 4}, one.by_sizes}});
    auto shifted = attributes;
    shifted.push_back(text("coordinate_transformation_mode", "asymmetric"));
    check_node({.op = "Resize",
                .attributes = shifted,
                .inputs = {{1, 1, 9}},
                .constants = {nothing(), list_of_reals({1, 1, 0.4f})}},
               {{{1, 1, 3}, one.by_scales}});
  }
  // What grows has no aliases.
  check_node(
      {.op = "Resize",
       .attributes = {text("mode", "linear"), integer("antialias", 1)},
       .inputs = {{1, 1, 5}},
       .constants = {nothing(), list_of_reals({1, 1, 1.5f})}},
      {{{1, 1, 7},
        {-3.125, -1.3125, -0.229166666667, -3.145833333333, -2.0625, 0.354166666667, 2.770833333333}}});
  check_node({.op = "Resize",
              .attributes = {text("mode", "linear"), integer("antialias", 1), integer("exclude_outside", 1)},
              .inputs = {{1, 1, 4, 6}},
              .constants = {nothing(), nothing(), list({1, 1, 3, 2})}},
             {{{1, 1, 3, 2}, {-1.06875, 0.09375, -0.46875, 0.09375, -0.56875, -0.60625}}});
}

TEST_CASE("onnx: a resize is an aggregation", "[onnx]") {
  const OneNode one{.op = "Resize",
                    .attributes = {text("mode", "linear")},
                    .inputs = {{1, 1, 2}},
                    .constants = {nothing(), nothing(), list({1, 1, 3})}};
  const auto net = import(model_of(one), true).graph;
  CHECK(net.node(1).info(1, 0).role == map::Role::aggregation);
  CHECK(net.node(1).describe() == "MatMul of Resize");
}
