/// Evaluation of the functions that networks may have too, by the same formulas (ascribe/functions).
#pragma once

#include <type_traits>

#include "ascribe/functions/celu.hpp"
#include "ascribe/functions/rounding.hpp"
#include "ascribe/functions/shrink.hpp"
#include "ascribe/functions/swish.hpp"
#include "ascribe/io/onnx/fold/arithmetic.hpp"

namespace ascribe::onnx::fold {

/// f of floating-point numbers.
template <class F>
Results value_of(Call& call, const F& f) {
  return function(call, [&](auto x) { return f.value(x); });
}

inline Results celu(Call& call) {
  const fn::Celu f{call.attributes.real("alpha", 1)};
  if (f.alpha == 0) {
    fail("attribute 'alpha': expected a number other than 0, found 0");
  }
  return value_of(call, f);
}

inline Results thresholded_relu(Call& call) {
  return value_of(call, fn::ThresholdedRelu{call.attributes.real("alpha", 1)});
}

inline Results swish(Call& call) { return value_of(call, fn::Swish{call.attributes.real("alpha", 1)}); }

/// Of integers too, whose results are truncated.
inline Results shrink(Call& call) {
  require_numbers(call.input(0));
  const fn::Shrink f{call.attributes.real("bias", 0), call.attributes.real("lambd", 0.5F)};
  return map_values(call, [&]<class T>(T value) -> T {
    if constexpr (std::is_floating_point_v<T>) {
      return f.value(value);
    } else {
      return static_cast<T>(f.value(static_cast<double>(value)));
    }
  });
}

inline Results sign(Call& call) {
  require_numbers(call.input(0));
  return map_values(call, []<class T>(T value) -> T {
    if constexpr (std::is_unsigned_v<T>) {
      return value != 0 ? T{1} : T{0};
    } else {
      return value > 0 ? T{1} : value < 0 ? T{-1} : T{0};
    }
  });
}

}  // namespace ascribe::onnx::fold
