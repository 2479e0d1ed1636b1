#include <ascribe/maps/average_pool.hpp>

#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/map_contract.hpp"

using namespace ascribe;
using map_contract::Explicit;
using map_contract::holds;

namespace {

Index count_of(Index input, Index before, Index after, Index kernel, Index stride, Index dilation) {
  return (input + before + after - dilation * (kernel - 1) - 1) / stride + 1;
}

Explicit explicit_pool(const Spatial& s, Index channels, const Pads& counted) {
  const Pads& p = s.pads;
  const Index od = count_of(s.input.depth, p.front, p.back, s.kernel.depth, s.stride.depth, s.dilation.depth);
  const Index oh =
      count_of(s.input.height, p.top, p.bottom, s.kernel.height, s.stride.height, s.dilation.height);
  const Index ow = count_of(s.input.width, p.left, p.right, s.kernel.width, s.stride.width, s.dilation.width);
  Explicit expected(od * oh * ow * channels, s.input.depth * s.input.height * s.input.width * channels);
  for (Index z = 0; z < od; ++z)
    for (Index y = 0; y < oh; ++y)
      for (Index x = 0; x < ow; ++x) {
        std::vector<Index> pixels;
        Index count = 0;
        for (Index kz = 0; kz < s.kernel.depth; ++kz)
          for (Index ky = 0; ky < s.kernel.height; ++ky)
            for (Index kx = 0; kx < s.kernel.width; ++kx) {
              const Index iz = z * s.stride.depth - p.front + kz * s.dilation.depth;
              const Index iy = y * s.stride.height - p.top + ky * s.dilation.height;
              const Index ix = x * s.stride.width - p.left + kx * s.dilation.width;
              if (iz >= 0 && iz < s.input.depth && iy >= 0 && iy < s.input.height && ix >= 0 &&
                  ix < s.input.width)
                pixels.push_back((iz * s.input.height + iy) * s.input.width + ix);
              if (iz >= -counted.front && iz < s.input.depth + counted.back && iy >= -counted.top &&
                  iy < s.input.height + counted.bottom && ix >= -counted.left &&
                  ix < s.input.width + counted.right)
                ++count;
            }
        for (const Index pixel : pixels)
          for (Index c = 0; c < channels; ++c)
            expected.store(((z * oh + y) * ow + x) * channels + c, pixel * channels + c, 1 / double(count));
      }
  return expected;
}

}  // namespace

TEST_CASE("an average pool is its matrix", "[maps]") {
  const Spatial geometries[] = {
      {.input = {4, 6}, .kernel = {2, 2}, .stride = {2, 2}},
      {.input = {5, 5}, .kernel = {3, 3}},
      {.input = {5, 4}, .kernel = {3, 2}, .stride = {2, 1}, .pads = {1, 0, 2, 1}},
      {.input = {7, 7}, .kernel = {2, 3}, .stride = {3, 2}, .pads = {1, 1, 0, 1}, .dilation = {3, 2}},
      {.input = {1, 9}, .kernel = {1, 4}, .stride = {1, 3}},
      {.input = {3, 3}, .kernel = {3, 3}},
      {.input = {4, 2, 6}, .kernel = {2, 2, 3}, .stride = {2, 1, 3}},
      {.input = {3, 4, 5},
       .kernel = {2, 3, 3},
       .stride = {1, 2, 2},
       .pads = {1, 0, 0, 2, 2, 1},
       .dilation = {2, 1, 2}},
      {.input = {1, 1, 9}, .kernel = {1, 1, 4}, .stride = {1, 1, 3}, .pads = {0, 0, 0, 0, 1, 3}},
  };
  for (const Spatial& s : geometries)
    for (const Index channels : {1, 3})
      for (const bool count_padding : {false, true})
        holds([&]<class S>() { return map::AveragePool<S>(s, channels, count_padding); },
              explicit_pool(s, channels, count_padding ? s.pads : Pads{}));
  const Spatial far{.input = {2, 2}, .kernel = {1, 1}, .pads = {1, 1, 1, 1}};  // windows of padding alone
  holds([&]<class S>() { return map::AveragePool<S>(far, 2, true); }, explicit_pool(far, 2, far.pads));
  // Some of the padding counts: a size rounded up, whose last windows hang over what was asked for.
  const Spatial over{.input = {5, 6}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 2, 2, 1}};
  for (const Pads& counted : {Pads{1, 0, 0, 1}, Pads{0, 2, 1, 0}, Pads{1, 1, 2, 0}})
    holds([&]<class S>() { return map::AveragePool<S>(over, 2, counted); }, explicit_pool(over, 2, counted));
  const Spatial behind{
      .input = {2, 3, 5}, .kernel = {2, 2, 3}, .stride = {1, 1, 2}, .pads = {0, 1, 0, 0, 1, 2}};
  for (const Pads& counted : {Pads{0, 1, 0, 0, 1, 0}, Pads{0, 0, 0, 0, 0, 2}, Pads{0, 0, 0, 0, 0, 1}})
    holds([&]<class S>() { return map::AveragePool<S>(behind, 2, counted); },
          explicit_pool(behind, 2, counted));
  static_assert(map::AveragePool<float>::role == map::Role::aggregation);
}

TEST_CASE("an average pool's numbers by hand", "[maps]") {
  const Spatial s{.input = {2, 2}, .kernel = {2, 2}, .pads = {0, 0, 0, 1}};
  const Eigen::Vector4d a(1, 2, 3, 6);
  Batch<double> b(2, 1);
  const Batch<double> in = a;
  map::AveragePool<double>(s, 1, false).apply<Dynamic>(view(in), out(b), Weights::as_is);
  CHECK(b == Eigen::Vector2d(3, 4));
  map::AveragePool<double>(s, 1, true).apply<Dynamic>(view(in), out(b), Weights::as_is);
  CHECK(b == Eigen::Vector2d(3, 2));
}

TEST_CASE("an average pool's errors", "[maps]") {
  const Spatial far{.input = {2, 2}, .kernel = {1, 1}, .pads = {1, 0, 0, 0}};
  CHECK_THROWS_WITH(map::AveragePool<double>(far, 2, false),
                    Contains("AveragePool: the windows of output row 0 lie wholly in padding"));
  CHECK_THROWS_WITH(map::AveragePool<double>(far, 2, Pads{2, 0, 0, 0}),
                    "AveragePool: the padding that counts at the top: expected 0 to 1, found 2");
  CHECK_THROWS_WITH(map::AveragePool<double>(far, 2, Pads{0, 0, 0, 0, 0, 1}),
                    "AveragePool: the padding that counts at the back: expected 0 to 0, found 1");
  CHECK_THROWS_WITH(map::AveragePool<double>(far, 2, Pads{0, 0, 0, -1}),
                    "AveragePool: the padding that counts at the right: expected 0 to 0, found -1");
  CHECK_THROWS_WITH(
      map::AveragePool<double>({.input = {2, 2}, .kernel = {3, 1}}, 2, false),
      "AveragePool: the kernel spans 3 along the height: expected at most the padded input's 2");
  CHECK_THROWS_WITH(map::AveragePool<double>({.input = {2, 2}}, 0, false),
                    Contains("AveragePool: the number of inputs") && Contains("found 0"));
}
