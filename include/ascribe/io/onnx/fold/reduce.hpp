/// Evaluation of the operators that reduce along axes, and of NonZero.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/fold/arithmetic.hpp"
#include "ascribe/io/onnx/fold/call.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx::fold {

/// The largest or the smallest: there is none among no elements, so each starts from the first.
template <class F>
struct Extreme {
  template <class T>
  static T step(T so_far, T value, bool is_first) {
    return is_first ? value : F()(so_far, value);
  }
  template <class T>
  static T finish(T result, Index count) {
    if (count == 0) {
      fail("expected elements to reduce, found none");
    }
    return result;
  }
};

struct Total {
  template <class T>
  static T step(T so_far, T value, bool) {
    return Add()(so_far, value);
  }
  template <class T>
  static T finish(T result, Index) {
    return result;
  }
};

struct Product {
  template <class T>
  static T step(T so_far, T value, bool is_first) {
    return is_first ? value : Multiply()(so_far, value);
  }
  template <class T>
  static T finish(T result, Index count) {
    return count == 0 ? T{1} : result;
  }
};

struct Average : Total {
  template <class T>
  static T finish(T result, Index count) {
    if (count == 0) {
      fail("expected elements to reduce, found none");
    }
    return result / static_cast<T>(count);
  }
};

struct SumOfSquares : Total {
  template <class T>
  static T step(T so_far, T value, bool) {
    return Add()(so_far, Multiply()(value, value));
  }
};

struct Length : SumOfSquares {
  template <class T>
  static T finish(T result, Index) {
    return static_cast<T>(std::sqrt(result));
  }
};

/// Which axes go, and where each element's share ends up.
struct Reduced {
  /// The axes were an attribute before operator set `since`.
  Reduced(Call& call, Index since) {
    const Tensor& x = call.input(0);
    const bool keep = call.attributes.flag("keepdims", true);
    const bool none_without_axes =
        call.opset() >= since && call.attributes.flag("noop_with_empty_axes", false);
    const std::vector<std::int64_t> list = call.list("axes", 1, since).value_or(std::vector<std::int64_t>{});
    without_axes = list.empty() && none_without_axes;
    std::vector<bool> goes = Call::axes(list, x.rank());
    if (list.empty() && !none_without_axes) {
      goes.assign(goes.size(), true);
    }
    Dims kept = x.dims();  // with ones for the axes that go
    for (std::size_t d = 0; d < kept.size(); ++d) {
      if (goes[d]) {
        count = product(count, kept[d]);
        kept[d] = 1;
      }
      if (!goes[d] || keep) {
        dims.push_back(kept[d]);
      }
    }
    // Along an axis that goes the place in the result stays.
    strides = strides_of(kept);
    for (std::size_t d = 0; d < strides.size(); ++d) {
      strides[d] = goes[d] ? 0 : strides[d];
    }
  }

  Dims dims;
  Dims strides;
  Index count = 1;  ///< elements to each of the result's
  bool without_axes = false;
};

/// Floating-point numbers are collected in double.
template <class Reduction>
Results reduce(Call& call, Index since) {
  const Tensor& x = call.input(0);
  const Reduced to(call, since);
  if (std::is_base_of_v<SumOfSquares, Reduction> && to.without_axes) {
    fail(
        "expected axes, found none and noop_with_empty_axes, on whose meaning here ONNX's versions disagree");
  }
  return with_wide(x.type(), [&]<class Wide>(std::type_identity<Wide>) {
    using Sum = std::conditional_t<std::is_floating_point_v<Wide>, double, Wide>;
    const std::size_t size = call.charge(to.dims, sizeof(Sum) + 1);
    const std::vector<Wide> values = call.values<Wide>(x);
    std::vector<Sum> result(size, Sum{0});
    std::vector<bool> started(size, false);
    Walk walk(x.dims(), to.strides);
    for (std::size_t i = 0; i < values.size(); ++i, walk.advance()) {
      const std::size_t place = walk.place();
      result[place] = Reduction::step(result[place], static_cast<Sum>(values[i]), !started[place]);
      started[place] = true;
    }
    for (Sum& sum : result) {
      sum = Reduction::finish(sum, to.count);
    }
    return one(narrow(call.output_name(), x.type(), to.dims, result));
  });
}

/// The indices of all elements that are not 0, one row an axis.
inline Results non_zero(Call& call) {
  const Tensor& x = call.input(0);
  return with_wide(x.type(), [&]<class Wide>(std::type_identity<Wide>) {
    const std::vector<Wide> values = call.values<Wide>(x);
    const auto count =
        static_cast<Index>(std::count_if(values.begin(), values.end(), [](Wide v) { return v != 0; }));
    const Dims dims{x.rank(), count};
    std::vector<std::int64_t> result(call.charge(dims, sizeof(std::int64_t)));
    const Dims strides = strides_of(x.dims());
    std::size_t column = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == 0) {
        continue;
      }
      Index rest = static_cast<Index>(i);
      for (std::size_t d = 0; d < strides.size(); ++d) {
        result[d * static_cast<std::size_t>(count) + column] = rest / strides[d];
        rest %= strides[d];
      }
      ++column;
    }
    return one(Tensor::of(call.output_name(), dims, std::move(result)));
  });
}

/// Sums along an axis up to each element.
inline Results cum_sum(Call& call) {
  const Tensor& x = call.input(0);
  require_numbers(x);
  const auto given = call.integers(call.input(1));
  if (given.size() != 1) {
    fail("expected one axis, found ", given.size());
  }
  const auto axis = static_cast<std::size_t>(Call::axis(given[0], x.rank()));
  const bool exclusive = call.attributes.flag("exclusive", false);
  const bool reverse = call.attributes.flag("reverse", false);
  const auto size = static_cast<std::size_t>(x.dims()[axis]);
  const auto stride = static_cast<std::size_t>(strides_of(x.dims())[axis]);
  return with_wide(x.type(), [&]<class Wide>(std::type_identity<Wide>) {
    call.charge(x.dims(), sizeof(Wide));
    std::vector<Wide> values = call.values<Wide>(x);
    for (std::size_t first = 0; first < values.size(); ++first) {
      if (first / stride % size != 0) {
        continue;
      }
      Wide sum{0};
      for (std::size_t i = 0; i < size; ++i) {
        Wide& value = values[first + (reverse ? size - 1 - i : i) * stride];
        const Wide before = sum;
        sum = Add()(sum, value);
        value = exclusive ? before : sum;
      }
    }
    return one(narrow(call.output_name(), x.type(), x.dims(), values));
  });
}

}  // namespace ascribe::onnx::fold
