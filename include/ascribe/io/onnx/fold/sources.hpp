/// Evaluation of the operators that make elements, of attributes, sizes and ranges.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/fold/call.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx::fold {

inline Results constant(Call& call) {
  Attributes& attributes = call.attributes;
  const std::string& name = call.output_name();
  if (const auto* const tensor = attributes.find<Tensor>("value")) {
    return one(tensor->renamed(name));
  }
  if (const auto* const value = attributes.find<float>("value_float")) {
    return one(Tensor::of(name, {}, std::vector<float>{*value}));
  }
  if (const auto* const values = attributes.find<std::vector<float>>("value_floats")) {
    return one(Tensor::of(name, {static_cast<Index>(values->size())}, *values));
  }
  if (const auto* const value = attributes.find<std::int64_t>("value_int")) {
    return one(Tensor::of(name, {}, std::vector<std::int64_t>{*value}));
  }
  if (const auto* const values = attributes.find<std::vector<std::int64_t>>("value_ints")) {
    return one(Tensor::of(name, {static_cast<Index>(values->size())}, *values));
  }
  if (attributes.find<std::string>("value_string") != nullptr) {
    return one(Tensor::without_values(name, ElementType::string, {}));
  }
  if (const auto* const values = attributes.find<std::vector<std::string>>("value_strings")) {
    return one(Tensor::without_values(name, ElementType::string, {static_cast<Index>(values->size())}));
  }
  fail("expected a value as an attribute, found none that is supported");
}

inline Results shape(Call& call) {
  const Dims& dims = call.input(0).dims();
  const Index rank = call.input(0).rank();
  const auto bound = [&](std::int64_t value) {
    return std::clamp<Index>(value < -rank ? 0 : value < 0 ? value + rank : value, 0, rank);
  };
  const Index begin = bound(call.attributes.integer("start", 0));
  const Index end = bound(call.attributes.integer("end", rank));
  std::vector<std::int64_t> sizes;
  if (begin < end) {
    sizes.assign(dims.begin() + begin, dims.begin() + end);
  }
  const auto count = static_cast<Index>(sizes.size());
  return one(Tensor::of(call.output_name(), {count}, std::move(sizes)));
}

inline Results size(Call& call) {
  return one(Tensor::of(call.output_name(), {}, std::vector<std::int64_t>{call.input(0).size()}));
}

inline Results constant_of_shape(Call& call) {
  const auto* const value = call.attributes.find<Tensor>("value");
  const Tensor item = value != nullptr ? *value : Tensor::of("value", {1}, std::vector<float>{0});
  if (item.size() != 1) {
    fail("expected one value to fill with, found shape ", shown(item.dims()));
  }
  const Dims dims = call.integers(call.input(0));
  element_count(dims, "the new shape");
  const std::span<const std::byte> from = item.bytes();
  std::vector<std::byte> bytes(call.charge(dims, from.size()) * from.size());
  for (std::size_t at = 0; at < bytes.size(); at += from.size()) {
    std::copy(from.begin(), from.end(), bytes.begin() + static_cast<Index>(at));
  }
  return one(Tensor::of_bytes(call.output_name(), item.type(), dims, std::move(bytes)));
}

inline Results range(Call& call) {
  const Tensor& start = call.input(0);
  const ElementType type = start.type();
  if (call.input(1).type() != type || call.input(2).type() != type || item_size(type) == 0 ||
      type == ElementType::boolean || type == ElementType::uint64) {
    fail("expected three numbers of one type, found ", name(type), ", ", name(call.input(1).type()), " and ",
         name(call.input(2).type()));
  }
  return with_wide(type, [&]<class Wide>(std::type_identity<Wide>) {
    const Wide begin = start.value<Wide>();
    const Wide end = call.input(1).value<Wide>();
    const Wide step = call.input(2).value<Wide>();
    constexpr double most = 0x1p60;
    Index count = 0;
    if (!(step != 0)) {
      fail("expected a step other than 0, found ", step);
    }
    if constexpr (std::is_integral_v<Wide>) {
      // Unsigned, since the ends may lie further apart than an Index reaches.
      const auto distance = step > 0 ? static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(begin)
                                     : static_cast<std::uint64_t>(begin) - static_cast<std::uint64_t>(end);
      const auto size = step > 0 ? static_cast<std::uint64_t>(step) : -static_cast<std::uint64_t>(step);
      if (step > 0 ? begin < end : begin > end) {
        const std::uint64_t steps = (distance - 1) / size;
        if (static_cast<double>(steps) >= most) {
          fail("expected a range that fits in memory, found ", begin, " to ", end, " by ", step);
        }
        count = static_cast<Index>(steps) + 1;
      }
    } else {
      const double steps =
          std::ceil((static_cast<double>(end) - static_cast<double>(begin)) / static_cast<double>(step));
      if (!(steps < most)) {
        fail("expected a range that fits in memory, found ", begin, " to ", end, " by ", step);
      }
      count = std::max<Index>(static_cast<Index>(std::max(steps, 0.0)), 0);
    }
    const Dims dims{count};
    call.charge(dims, sizeof(Wide));
    std::vector<Wide> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = begin + static_cast<Wide>(i) * step;
    }
    return one(narrow(call.output_name(), type, dims, values));
  });
}

}  // namespace ascribe::onnx::fold
