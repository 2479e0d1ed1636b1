/// The doors between C, H, W images and the H, W, C ones inside.
#pragma once

#include <ascribe/core/error.hpp>
#include <ascribe/core/spatial.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {
namespace detail {

/// Calls f(hwc, chw) for every value of an image. Throws Error unless the image has `found` values.
template <class F>
void for_each_image_index(const char* who, Index channels, Index height, Index width, Index found, F&& f) {
  const Index expected = checked_size(who, "values", {channels, height, width});
  if (found != expected)
    fail(who, ": expected ", channels, " x ", height, " x ", width, " = ", expected, " values, found ",
         found);
  const Index pixels = height * width;
  for (Index pixel = 0; pixel < pixels; ++pixel)
    for (Index c = 0; c < channels; ++c) f(pixel * channels + c, c * pixels + pixel);
}

}  // namespace detail

/// Images in columns, flattened as C, H, W, to images flattened as H, W, C; features × samples.
/// Throws Error where the rows are not channels·height·width. Of a volume C, D, H, W, the height is its
/// depth·height. Example: 2 channels of 1 × 2, `[r0 r1 g0 g1]`, become `[r0 g0 r1 g1]`.
template <class Derived>
auto from_chw(const Eigen::MatrixBase<Derived>& batch, Index channels, Index height, Index width) {
  using Result = Batch<typename Derived::Scalar, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime>;
  const Result from = batch;
  Result to(from.rows(), from.cols());
  detail::for_each_image_index("from_chw", channels, height, width, from.rows(), [&](Index hwc, Index chw) {
    for (Index n = 0; n < from.cols(); ++n) to(hwc, n) = from(chw, n);
  });
  return to;
}

/// The inverse of `from_chw`.
template <class Derived>
auto to_chw(const Eigen::MatrixBase<Derived>& batch, Index channels, Index height, Index width) {
  using Result = Batch<typename Derived::Scalar, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime>;
  const Result from = batch;
  Result to(from.rows(), from.cols());
  detail::for_each_image_index("to_chw", channels, height, width, from.rows(), [&](Index hwc, Index chw) {
    for (Index n = 0; n < from.cols(); ++n) to(chw, n) = from(hwc, n);
  });
  return to;
}

/// The weights (outputs × channels·height·width) of a dense layer that was trained behind a C, H, W
/// flatten, with their columns in the order of H, W, C; the storage order stays. Throws Error where the
/// columns are not channels·height·width.
template <class Derived>
typename Derived::PlainObject dense_after_chw_flatten(const Eigen::MatrixBase<Derived>& weights,
                                                      Index channels, Index height, Index width) {
  const typename Derived::PlainObject from = weights;
  typename Derived::PlainObject to(from.rows(), from.cols());
  detail::for_each_image_index("dense_after_chw_flatten", channels, height, width, from.cols(),
                               [&](Index hwc, Index chw) { to.col(hwc) = from.col(chw); });
  return to;
}

}  // namespace ascribe
