#include <ascribe/core/image_layout.hpp>

#include "tests/support/catch.hpp"

using namespace ascribe;

TEST_CASE("C, H, W and H, W, C by hand", "[core]") {
  Batch<int> chw(6, 2);  // 2 channels of 1 × 3
  chw << 1, 7, 2, 8, 3, 9, 10, 70, 20, 80, 30, 90;
  Batch<int> hwc(6, 2);
  hwc << 1, 7, 10, 70, 2, 8, 20, 80, 3, 9, 30, 90;
  CHECK(from_chw(chw, 2, 1, 3) == hwc);
  CHECK(to_chw(hwc, 2, 1, 3) == chw);
}

TEST_CASE("the layouts follow their index", "[core]") {
  const Index channels = 3, height = 2, width = 4;
  const Eigen::MatrixXd chw = Eigen::MatrixXd::Random(24, 5);
  const auto hwc = from_chw(chw, channels, height, width);
  for (Index c = 0; c < channels; ++c)
    for (Index y = 0; y < height; ++y)
      for (Index x = 0; x < width; ++x)
        CHECK(hwc.row((y * width + x) * channels + c) == chw.row((c * height + y) * width + x));
  CHECK(to_chw(hwc, channels, height, width) == chw);
  CHECK(from_chw(Eigen::Matrix<double, 24, 1>(chw.col(0)), channels, height, width) == hwc.col(0));
  CHECK(from_chw(2 * chw, channels, height, width) == 2 * hwc);
  const Eigen::RowVector4d one_feature(1, 2, 3, 4);
  CHECK(to_chw(one_feature, 1, 1, 1) == one_feature);
}

TEST_CASE("a dense layer behind a flatten sees the same image", "[core]") {
  const Eigen::MatrixXd chw = Eigen::MatrixXd::Random(24, 2);
  const Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor> weights = Eigen::MatrixXd::Random(5, 24);
  const auto moved = dense_after_chw_flatten(weights, 3, 2, 4);
  static_assert(decltype(moved)::IsRowMajor);
  CHECK((moved * from_chw(chw, 3, 2, 4)).isApprox(weights * chw, 1e-14));
}

TEST_CASE("a volume's planes are more rows", "[core]") {
  const Index channels = 2, depth = 3, height = 2, width = 4;
  Eigen::VectorXd cdhw(channels * depth * height * width);
  for (Index i = 0; i < cdhw.size(); ++i) cdhw(i) = double(i);
  const auto dhwc = from_chw(cdhw, channels, depth * height, width);
  for (Index z = 0; z < depth; ++z)
    for (Index y = 0; y < height; ++y)
      for (Index x = 0; x < width; ++x)
        for (Index c = 0; c < channels; ++c)
          CHECK(dhwc(((z * height + y) * width + x) * channels + c) ==
                cdhw(((c * depth + z) * height + y) * width + x));
}

TEST_CASE("the layouts' errors", "[core]") {
  const Eigen::MatrixXd batch(24, 0);
  CHECK_THROWS_WITH(from_chw(batch, 3, 2, 5), "from_chw: expected 3 x 2 x 5 = 30 values, found 24");
  CHECK_THROWS_WITH(to_chw(batch, 3, 2, 0), Contains("to_chw") && Contains("expected at least 1, found 0"));
  CHECK_THROWS_WITH(dense_after_chw_flatten(Eigen::MatrixXd(2, 23), 3, 2, 4),
                    "dense_after_chw_flatten: expected 3 x 2 x 4 = 24 values, found 23");
}
