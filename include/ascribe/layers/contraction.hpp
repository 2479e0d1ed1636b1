/// Bilinear maps of two vectors that are sums over axes: products feature by feature, of matrices, and
/// between.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe {

/// out[…] = Σ x[…]·y[…]. Each axis has a size and a stride in each of the three, 0 where the vector does not
/// have the axis: an axis that `out` lacks is summed over, one that a factor lacks repeats it. Every element
/// of the three is met: their axes are a layout of all of their memory, in any order.
///
/// A matrix product of heads, whose features lie token by token, is one without moving anything:
///
///     Contraction({{heads, d, d, n * n}, {n, heads * d, 0, n}, {n, 0, heads * d, 1}, {d, 1, 1, 0}})
///
/// is q kᵀ for every head. The way back to either factor is such a map again.
class Contraction {
 public:
  /// One axis of the sum.
  struct Axis {
    Index size;  ///< the number of elements
    /// Strides in the two factors and the result; 0: the vector does not have the axis.
    Index x, y, out;

    /// Whether sizes and strides are the same.
    friend bool operator==(const Axis&, const Axis&) = default;
  };

  /// Throws Error where a size is below 1, an axis is in one of the three alone, or the strides are no
  /// layout.
  explicit Contraction(std::vector<Axis> axes) : axes_(std::move(axes)) {
    for (const Axis& axis : axes_) {
      if (axis.size < 1) fail("Contraction: an axis: expected at least 1 element, found ", axis.size);
      if ((axis.x != 0) + (axis.y != 0) + (axis.out != 0) < 2 && axis.size > 1)
        fail("Contraction: an axis of ", axis.size, ": expected it in two of the three at least");
    }
    simplify();
    x_size_ = size_of("the first factor", &Axis::x);
    y_size_ = size_of("the second factor", &Axis::y);
    out_size_ = size_of("the result", &Axis::out);
  }

  /// Feature by feature.
  static Contraction elementwise(Index size) { return Contraction({{size, 1, 1, 1}}); }
  /// So many products of matrices: rows × inner times inner × columns, each row by row.
  static Contraction matrices(Index count, Index rows, Index inner, Index columns) {
    return Contraction({{count, rows * inner, inner * columns, rows * columns},
                        {rows, inner, 0, columns},
                        {columns, 0, 1, 1},
                        {inner, 1, columns, 0}});
  }

  /// As given, but without those of size 1, and joined where their strides go on.
  const std::vector<Axis>& axes() const { return axes_; }
  /// Elements of the first factor.
  Index x_size() const { return x_size_; }
  /// Elements of the second factor.
  Index y_size() const { return y_size_; }
  /// Elements of the result.
  Index out_size() const { return out_size_; }

  /// Whether it multiplies feature by feature.
  bool is_elementwise() const { return axes_.size() == 1 && axes_[0] == Axis{x_size_, 1, 1, 1}; }
  /// Whether an output is a sum of several products.
  bool sums() const {
    return std::any_of(axes_.begin(), axes_.end(), [](const Axis& a) { return a.out == 0; });
  }

  /// The transpose in either factor: of (u, y) to x, and of (x, u) to y, u being of the result's size.
  Contraction to_first() const {
    return permuted([](const Axis& a) { return Axis{a.size, a.out, a.y, a.x}; });
  }
  /// The same in the second factor.
  Contraction to_second() const {
    return permuted([](const Axis& a) { return Axis{a.size, a.x, a.out, a.y}; });
  }

  /// Whether the axes are the same.
  friend bool operator==(const Contraction&, const Contraction&) = default;

 private:
  template <class F>
  Contraction permuted(F f) const {
    std::vector<Axis> axes;
    for (const Axis& axis : axes_) axes.push_back(f(axis));
    return Contraction(std::move(axes));
  }

  /// Axes of one element go, those that are one behind the other in all three become one.
  void simplify() {
    std::erase_if(axes_, [](const Axis& a) { return a.size == 1; });
    for (bool merged = true; merged;) {
      merged = false;
      for (std::size_t i = 0; i < axes_.size() && !merged; ++i)
        for (std::size_t k = 0; k < axes_.size() && !merged; ++k) {
          const Axis &outer = axes_[i], &inner = axes_[k];
          if (i == k || outer.x != inner.x * inner.size || outer.y != inner.y * inner.size ||
              outer.out != inner.out * inner.size)
            continue;
          axes_[k].size *= outer.size;
          axes_.erase(axes_.begin() + std::ptrdiff_t(i));
          merged = true;
        }
    }
    if (axes_.empty()) axes_.push_back({1, 1, 1, 1});
  }

  /// The elements of one of the three, whose strides have to be those of a dense array.
  Index size_of(const char* what, Index Axis::*stride) const {
    std::vector<Axis> own;
    for (const Axis& axis : axes_)
      if (axis.*stride != 0) own.push_back(axis);
    std::sort(own.begin(), own.end(), [&](const Axis& a, const Axis& b) { return a.*stride < b.*stride; });
    Index size = 1;
    for (const Axis& axis : own) {
      if (axis.*stride != size)
        fail("Contraction: ", what, ": expected an axis of stride ", size, ", found ", axis.*stride);
      size *= axis.size;
    }
    return size;
  }

  std::vector<Axis> axes_;
  Index x_size_ = 0, y_size_ = 0, out_size_ = 0;
};

}  // namespace ascribe
