/// Built with OpenMP, where CMake finds it: neither the derivatives by the weights nor the products depend on
/// the number of threads, to the last bit.
#include <ascribe/maps/any_map.hpp>

#include <string>
#include <utility>
#include <vector>

#include <ascribe/core/parallel.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/repeated.hpp>
#include <ascribe/maps/sparse.hpp>
#include <ascribe/maps/transposed.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

map::Convolution<float> convolution(const Spatial& geometry, Index channels, Index filters,
                                    Index groups = 1) {
  const Index weights = filters * channels / groups * geometry.kernel_taps();
  return {geometry, channels, filters, Eigen::VectorXf(Eigen::VectorXf::Random(weights)), groups};
}

TEST_CASE("The derivatives by weights are the same for any number of threads", "[maps][threads]") {
  std::srand(7);
  using Map = map::AnyMap<float>;
  const std::vector<Map> maps{
      convolution({.input = {30, 31}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 70, 50),
      convolution({.input = {33, 30}, .kernel = {7, 7}, .stride = {2, 2}, .pads = {3, 3, 3, 3}}, 3, 40),
      convolution({.input = {15, 16}}, 100, 90),
      convolution({.input = {15, 16}, .kernel = {3, 3}, .pads = {2, 2, 2, 2}, .dilation = {2, 2}}, 48, 36, 3),
      convolution({.input = {40, 40}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 1, 16),
      convolution({.input = {30, 29}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 44, 44, 44),
      convolution({.input = {30, 29}, .kernel = {5, 5}, .stride = {2, 2}, .pads = {1, 1, 1, 1}}, 8, 8, 8),
      convolution({.input = {9, 8, 7}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}}, 40, 36),
      convolution(
          {.input = {13, 12, 9}, .kernel = {5, 5, 3}, .stride = {2, 2, 1}, .pads = {2, 2, 2, 2, 1, 1}}, 3,
          20),
      convolution({.input = {9, 8, 7}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}}, 20, 20, 20),
      map::Transposed(convolution({.input = {30, 29}, .kernel = {2, 2}, .stride = {2, 2}}, 20, 30)),
      map::Dense<float>(Eigen::MatrixXf::Random(130, 700)),
      map::Repeated(map::Dense<float>(Eigen::MatrixXf::Random(40, 200)), 3),
      map::ChannelScale<float>(90000, Eigen::VectorXf::Random(300)),
      map::Sparse<float>(
          Eigen::SparseMatrix<float>(Eigen::MatrixXf::Random(130, 700).cwiseMax(0).sparseView()))};
  for (const Map& map : maps)
    for (const Index samples : {1, 5, 40})
      for (const Weights how : {Weights(Weights::as_is), Weights::favouring(0.5)}) {
        if (samples > 5 && map.weight_count() * map.output_size() > 40000000) continue;
        INFO(map.name() << ", " << map.weight_count() << " weights, " << samples << " samples");
        const Eigen::MatrixXf s = Eigen::MatrixXf::Random(map.output_size(), samples),
                              a = Eigen::MatrixXf::Random(map.input_size(), samples);
        const Eigen::VectorXf before = Eigen::VectorXf::Random(map.weight_count());
        set_thread_count(1);
        Eigen::VectorXf expected = before;
        accumulate(map, s, a, expected.data(), how);
        CHECK_FALSE(expected.isApprox(before));
        for (const int threads : {2, 3}) {
          set_thread_count(threads);
          Eigen::VectorXf found = before;
          accumulate(map, s, a, found.data(), how);
          const bool same = found == expected;  // far too many to be printed
          CHECK(same);
        }
        set_thread_count(1);
      }
}

TEST_CASE("A convolution's products are the same for any number of threads", "[maps][threads]") {
  std::srand(8);
  const std::vector<map::Convolution<float>> maps{
      convolution({.input = {30, 31}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 3, 20),
      convolution({.input = {19, 18}, .kernel = {3, 3}, .stride = {2, 2}, .pads = {1, 1, 1, 1}}, 20, 20),
      // Columns in bands of several planes, and of parts of one.
      convolution({.input = {7, 20, 9}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}}, 3, 20),
      convolution({.input = {80, 6, 2}, .kernel = {3, 3, 2}, .stride = {2, 1, 1}, .dilation = {3, 1, 1}}, 2,
                  5),
      convolution(
          {.input = {9, 8, 17}, .kernel = {2, 3, 3}, .pads = {1, 1, 0, 1, 2, 2}, .dilation = {1, 1, 2}}, 6, 8,
          2),
      convolution({.input = {9, 8, 7}, .kernel = {3, 3, 3}, .stride = {2, 1, 2}, .pads = {1, 1, 1, 1, 1, 1}},
                  20, 40),
      convolution({.input = {19, 18, 7}, .kernel = {3, 3, 3}, .pads = {1, 1, 1, 1, 1, 1}}, 20, 20, 20)};
  for (const auto& map : maps)
    for (const Index samples : {1, 4}) {
      INFO(shown(map.geometry().input) << " x " << map.channels() << ", " << samples << " samples");
      const Batch<float> a = Batch<float>::Random(map.input_size(), samples),
                         s = Batch<float>::Random(map.output_size(), samples);
      Batch<float> expected_b(s.rows(), samples), expected_g(a.rows(), samples);
      for (const int threads : {1, 2, 3}) {
        set_thread_count(threads);
        Batch<float> b(s.rows(), samples), g(a.rows(), samples);
        map.apply<Dynamic>(view(a), out(b), Weights::as_is);
        map.apply_transposed<Dynamic>(view(s), out(g), Weights::as_is);
        if (threads == 1) {
          expected_b = b;
          expected_g = g;
        }
        const bool same = b == expected_b && g == expected_g;
        CHECK(same);
      }
      set_thread_count(1);
    }
}

}  // namespace
