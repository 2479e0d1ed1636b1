/// Evaluation of the operators that compute element by element.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/activation.hpp"
#include "ascribe/io/onnx/fold/call.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/moves.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx::fold {

/// Integers wrap around as unsigned ones do in C; a division by zero is an Error.
template <class T, class F>
T wrapping(T a, T b, F f) {
  return static_cast<T>(f(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
}

struct Add {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return wrapping(a, b, [](auto x, auto y) { return x + y; });
    } else {
      return a + b;
    }
  }
};

struct Subtract {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return wrapping(a, b, [](auto x, auto y) { return x - y; });
    } else {
      return a - b;
    }
  }
};

struct Multiply {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return wrapping(a, b, [](auto x, auto y) { return x * y; });
    } else {
      return a * b;
    }
  }
};

struct Divide {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) {
        fail("expected divisors other than 0, found ", +a, " / 0");
      }
      // The least integer over −1 is beyond the largest: it wraps around to itself.
      return std::is_signed_v<T> && b == static_cast<T>(-1) ? Subtract()(T{0}, a) : a / b;
    } else {
      return a / b;
    }
  }
};

/// With `as_in_c` the result has the sign of a, otherwise that of b, as in Python. Floating-point numbers
/// only as in C, says ONNX.
struct Modulo {
  bool as_in_c;

  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) {
        fail("expected divisors other than 0, found ", +a, " modulo 0");
      }
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) {
        return 0;
      }
      const T rest = a % b;
      return !as_in_c && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    } else {
      if (!as_in_c) {
        fail("expected fmod = 1 for floating-point numbers, found 0");
      }
      return std::fmod(a, b);
    }
  }
};

/// NaN where either is, as in NumPy.
struct Largest {
  template <class T>
  T operator()(T a, T b) const {
    return a != a || a > b ? a : b;
  }
};
struct Smallest {
  template <class T>
  T operator()(T a, T b) const {
    return a != a || a < b ? a : b;
  }
};

inline void require_numbers(const Tensor& x) {
  if (!is_floating(x.type()) && !is_integer(x.type())) {
    fail("expected numbers in tensor ", shown(x.name()), ", found ", name(x.type()));
  }
}

/// x stretched to a shape that it broadcasts to.
inline Tensor expanded(Call& call, const Tensor& x, const Dims& dims, std::string name) {
  if (x.dims() == dims) {
    return x.renamed(std::move(name));
  }
  Dims aligned(dims.size() - x.dims().size(), 1);
  aligned.insert(aligned.end(), x.dims().begin(), x.dims().end());
  const Activation result{-1, dims, c_order(static_cast<Index>(dims.size()))};
  return moved(
             as_activation(x.reshaped(aligned)), result,
             [&](std::size_t axis, Index i) { return aligned[axis] == 1 ? Index{0} : i; }, {},
             [&](const Dims& paid, std::size_t item) { call.charge(paid, item); })
      .constant->renamed(std::move(name));
}

inline void require_booleans(const Tensor& x) {
  if (x.type() != ElementType::boolean) {
    fail("expected booleans in tensor ", shown(x.name()), ", found ", name(x.type()));
  }
}

/// Two inputs' values, broadcast to one shape. Apart from what is done with them, as that is compiled once
/// for each of thirty functions.
template <class Wide>
struct Pair {
  Pair(Call& call, const Tensor& a, const Tensor& b) : dims(broadcast(a.dims(), b.dims())) {
    call.charge(dims, sizeof(Wide));
    x = call.values<Wide>(expanded(call, a, dims, a.name()));
    y = call.values<Wide>(expanded(call, b, dims, b.name()));
  }

  Dims dims;
  std::vector<Wide> x;
  std::vector<Wide> y;
};

inline void require_one_type(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type()) {
    fail("expected inputs of one type, found ", name(a.type()), " and ", name(b.type()));
  }
}

/// Two inputs of one type, which broadcast; `f` maps two numbers in the type that arithmetic is done in to
/// one of the result's, whose type `type` says.
template <class F>
Tensor zip(Call& call, const Tensor& a, const Tensor& b, ElementType type, F f) {
  require_one_type(a, b);
  return with_wide(a.type(), [&]<class Wide>(std::type_identity<Wide>) {
    Pair<Wide> pair(call, a, b);
    for (std::size_t i = 0; i < pair.x.size(); ++i) {
      pair.x[i] = static_cast<Wide>(f(pair.x[i], pair.y[i]));
    }
    return narrow(call.output_name(), type, std::move(pair.dims), pair.x);
  });
}

template <class F>
Results arithmetic(Call& call, F f) {
  require_numbers(call.input(0));
  return one(zip(call, call.input(0), call.input(1), call.input(0).type(), f));
}

/// Any number of inputs, from the first on.
template <class F>
Results variadic(Call& call, F f) {
  require_numbers(call.input(0));
  Tensor result = call.input(0).renamed(call.output_name());
  for (std::size_t i = 1; i < call.input_count(); ++i) {
    result = zip(call, result, call.input(i), result.type(), f);
  }
  return one(std::move(result));
}

template <class F>
Results comparison(Call& call, F f) {
  return one(zip(call, call.input(0), call.input(1), ElementType::boolean, f));
}

template <class F>
Results logic(Call& call, F f) {
  require_booleans(call.input(0));
  return comparison(call, f);
}

inline Results mod(Call& call) { return arithmetic(call, Modulo{call.attributes.flag("fmod", false)}); }

/// aⁿ by squaring.
template <class T>
T power(T a, T n) {
  if (n < 0) {
    fail("expected exponents of 0 or more for integers, found ", +n);
  }
  T result = 1;
  for (; n > 0; n /= 2) {
    if (n % 2 != 0) {
      result = Multiply()(result, a);
    }
    a = Multiply()(a, a);
  }
  return result;
}

/// From operator set 12 on the exponents' type may be another than the base's, which is the result's.
inline Results pow(Call& call) {
  const Tensor& base = call.input(0);
  const Tensor& exponent = call.input(1);
  require_numbers(base);
  require_numbers(exponent);
  if (base.type() == exponent.type()) {
    return one(zip(call, base, exponent, base.type(), []<class T>(T a, T n) {
      if constexpr (std::is_integral_v<T>) {
        return power(a, n);
      } else {
        return std::pow(a, n);
      }
    }));
  }
  if (call.opset() < 12) {
    fail("expected inputs of one type, found ", name(base.type()), " and ", name(exponent.type()));
  }
  const Dims dims = broadcast(base.dims(), exponent.dims());
  const std::size_t count = call.charge(dims, sizeof(double));
  const Tensor a = expanded(call, base, dims, base.name());
  const Tensor n = expanded(call, exponent, dims, exponent.name());
  if (is_integer(base.type()) && is_integer(exponent.type())) {
    std::vector<std::int64_t> result = call.values<std::int64_t>(a);
    const auto exponents = call.values<std::int64_t>(n);
    std::transform(result.begin(), result.end(), exponents.begin(), result.begin(), power<std::int64_t>);
    return one(narrow(call.output_name(), base.type(), dims, result));
  }
  const std::vector<double> bases = call.values<double>(a);
  const std::vector<double> exponents = call.values<double>(n);
  std::vector<double> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = std::pow(bases[i], exponents[i]);
    result[i] = is_integer(base.type()) ? std::trunc(value) : value;
  }
  return one(narrow(call.output_name(), base.type(), dims, result));
}

/// One input, and a result of its type.
template <class F>
Results map_values(Call& call, F f) {
  const Tensor& x = call.input(0);
  return with_wide(x.type(), [&]<class Wide>(std::type_identity<Wide>) {
    call.charge(x.dims(), sizeof(Wide));
    std::vector<Wide> values = call.values<Wide>(x);
    std::transform(values.begin(), values.end(), values.begin(),
                   [&](Wide value) { return static_cast<Wide>(f(value)); });
    return one(narrow(call.output_name(), x.type(), x.dims(), values));
  });
}

/// A function of floating-point numbers alone.
template <class F>
Results function(Call& call, F f) {
  if (!is_floating(call.input(0).type())) {
    fail("expected floating-point numbers, found ", name(call.input(0).type()));
  }
  return map_values(call, [&]<class T>(T value) -> T {
    if constexpr (std::is_floating_point_v<T>) {
      return f(value);
    } else {
      return value;
    }
  });
}

inline Results negate(Call& call) {
  const ElementType type = call.input(0).type();
  require_numbers(call.input(0));
  if (type == ElementType::uint8 || type == ElementType::uint16 || type == ElementType::uint32 ||
      type == ElementType::uint64) {
    fail("expected numbers with a sign, found ", name(type));
  }
  return map_values(call, []<class T>(T value) -> T {
    if constexpr (std::is_integral_v<T>) {
      return Subtract()(T{0}, value);
    } else {
      return -value;  // not 0 − value: that has the other zero
    }
  });
}

inline Results absolute(Call& call) {
  require_numbers(call.input(0));
  return map_values(call, []<class T>(T value) -> T {
    if constexpr (std::is_floating_point_v<T>) {
      return std::abs(value);
    } else {
      return value < 0 ? Subtract()(T{0}, value) : value;
    }
  });
}

inline Results logical_not(Call& call) {
  require_booleans(call.input(0));
  return map_values(call, [](auto value) { return value == 0; });
}

inline Results where(Call& call) {
  const Tensor& condition = call.input(0);
  const Tensor& yes = call.input(1);
  const Tensor& no = call.input(2);
  require_booleans(condition);
  if (yes.type() != no.type()) {
    fail("expected two inputs of one type to choose from, found ", name(yes.type()), " and ",
         name(no.type()));
  }
  const Dims dims = broadcast(condition.dims(), broadcast(yes.dims(), no.dims()));
  yes.bytes();
  no.bytes();
  const std::size_t item = item_size(yes.type());
  const std::size_t count = call.charge(dims, item);
  const auto chosen = call.values<std::uint8_t>(expanded(call, condition, dims, condition.name()));
  const Tensor a = expanded(call, yes, dims, yes.name());
  const Tensor b = expanded(call, no, dims, no.name());
  std::vector<std::byte> bytes(count * item);
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(bytes.data() + i * item, (chosen[i] != 0 ? a : b).bytes().data() + i * item, item);
  }
  return one(Tensor::of_bytes(call.output_name(), yes.type(), dims, std::move(bytes)));
}

/// To bool: whether it is not 0. To integers: towards zero, within their range; between integers the lowest
/// bits stay. To floating-point numbers: the nearest, with infinity beyond the largest.
inline Tensor converted(Call& call, const Tensor& x, ElementType type) {
  if (item_size(type) == 0) {
    fail("expected a type of numbers to convert to, found ", name(type));
  }
  if (x.type() == type) {
    x.bytes();
    return x.renamed(call.output_name());
  }
  return with_wide(x.type(), [&]<class Wide>(std::type_identity<Wide>) {
    call.charge(x.dims(), sizeof(std::uint64_t));
    std::vector<Wide> values = call.values<Wide>(x);
    for (Wide& value : values) {
      if (type == ElementType::boolean) {
        value = value != 0 ? Wide{1} : Wide{0};
      } else if (is_integer(type)) {
        if constexpr (std::is_floating_point_v<Wide>) {
          value = std::trunc(value);
        }
      }
    }
    return narrow(call.output_name(), type, x.dims(), values);
  });
}

inline Results cast(Call& call) {
  const std::int64_t to = call.attributes.required<std::int64_t>("to");
  // Both are about 8-bit floating-point types, which nothing is cast to here.
  call.attributes.ignore("saturate");
  call.attributes.ignore("round_mode");
  if (to < 1 || to > static_cast<std::int64_t>(ElementType::float6e3m2)) {
    fail("expected the number of an element type, found ", to);
  }
  return one(converted(call, call.input(0), static_cast<ElementType>(to)));
}

inline Results cast_like(Call& call) {
  call.attributes.ignore("saturate");
  call.attributes.ignore("round_mode");
  return one(converted(call, call.input(0), call.input(1).type()));
}

}  // namespace ascribe::onnx::fold
