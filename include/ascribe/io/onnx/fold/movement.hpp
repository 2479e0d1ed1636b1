/// Evaluation of the operators that make, move and reshape elements without looking at them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
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

/// The tensor of shape `dims` whose element at i₀, i₁, … is x at source(0, i₀), source(1, i₁), …, or `fill`
/// where one of these is −1. `dims` has as many axes as x. All that picks, repeats or pads along axes is one
/// call of this.
template <class Source>
Tensor pick(Call& call, const Tensor& x, Dims dims, std::string name, Source source,
            std::span<const std::byte> fill = {}) {
  const std::span<const std::byte> from = x.bytes();
  if (dims.empty()) {
    return x.renamed(std::move(name));
  }
  const std::size_t item = item_size(x.type());
  const std::size_t count = call.charge(dims, item);
  std::vector<std::byte> bytes(count * item);
  if (count == 0) {
    return Tensor::of_bytes(std::move(name), x.type(), std::move(dims), std::move(bytes));
  }

  // Where an index along an axis leads to in x, in bytes. No axis is longer than the result, which is paid
  // for.
  constexpr Index nowhere = -1;
  const Dims strides = strides_of(x.dims());
  std::vector<Dims> places(dims.size());
  for (std::size_t d = 0; d < dims.size(); ++d) {
    for (Index i = 0; i < dims[d]; ++i) {
      const Index index = source(d, i);
      places[d].push_back(index < 0 ? nowhere : index * strides[d] * static_cast<Index>(item));
    }
  }
  const Dims& row = places.back();
  bool in_one_piece = row[0] != nowhere;
  for (std::size_t i = 1; i < row.size(); ++i) {
    in_one_piece = in_one_piece && row[i] == row[0] + static_cast<Index>(i * item);
  }

  Dims index(dims.size(), 0);
  std::byte* to = bytes.data();
  std::byte* const end = to + bytes.size();
  while (to != end) {
    Index start = 0;
    for (std::size_t d = 0; d + 1 < dims.size() && start != nowhere; ++d) {
      const Index place = places[d][static_cast<std::size_t>(index[d])];
      start = place == nowhere ? nowhere : start + place;
    }
    if (start != nowhere && in_one_piece) {
      std::memcpy(to, from.data() + start + row[0], row.size() * item);
      to += row.size() * item;
    } else {
      for (const Index place : row) {
        const bool inside = start != nowhere && place != nowhere;
        std::memcpy(to, inside ? from.data() + start + place : fill.data(), item);
        to += item;
      }
    }
    for (std::size_t d = dims.size() - 1; d-- > 0;) {
      if (++index[d] < dims[d]) {
        break;
      }
      index[d] = 0;
    }
  }
  return Tensor::of_bytes(std::move(name), x.type(), std::move(dims), std::move(bytes));
}

/// x stretched to a shape that it broadcasts to.
inline Tensor expanded(Call& call, const Tensor& x, const Dims& dims, std::string name) {
  if (x.dims() == dims) {
    return x.renamed(std::move(name));
  }
  Dims aligned(dims.size() - x.dims().size(), 1);
  aligned.insert(aligned.end(), x.dims().begin(), x.dims().end());
  const Tensor from = x.reshaped(aligned);
  return pick(call, from, dims, std::move(name),
              [&](std::size_t d, Index i) { return aligned[d] == 1 ? Index{0} : i; });
}

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

inline Results identity(Call& call) { return one(call.input(0).renamed(call.output_name())); }

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

inline Results gather(Call& call) {
  const Tensor& x = call.input(0);
  const Tensor& indices = call.input(1);
  const auto axis = static_cast<std::size_t>(Call::axis(call.attributes.integer("axis", 0), x.rank()));
  std::vector<std::int64_t> list = call.integers(indices);
  for (std::int64_t& index : list) {
    if (index < -x.dims()[axis] || index >= x.dims()[axis]) {
      fail("expected indices from ", -x.dims()[axis], " to ", x.dims()[axis] - 1, ", found ", index);
    }
    index += index < 0 ? x.dims()[axis] : 0;
  }
  Dims flat = x.dims();
  flat[axis] = indices.size();
  const Tensor picked = pick(call, x, std::move(flat), call.output_name(), [&](std::size_t d, Index i) {
    return d == axis ? list[static_cast<std::size_t>(i)] : i;
  });
  Dims dims = x.dims();
  dims.erase(dims.begin() + static_cast<Index>(axis));
  dims.insert(dims.begin() + static_cast<Index>(axis), indices.dims().begin(), indices.dims().end());
  return one(picked.reshaped(std::move(dims)));
}

inline Results concat(Call& call) {
  const Tensor& first = call.input(0);
  const auto axis =
      static_cast<std::size_t>(Call::axis(call.attributes.required<std::int64_t>("axis"), first.rank()));
  Dims dims = first.dims();
  dims[axis] = 0;
  for (std::size_t i = 0; i < call.input_count(); ++i) {
    const Tensor& x = call.input(i);
    Dims others = x.dims();
    if (others.size() > axis) {
      others[axis] = first.dims()[axis];
    }
    if (x.type() != first.type() || others != first.dims()) {
      fail("expected inputs of one type and of one shape but for axis ", axis, ", found ", name(first.type()),
           " ", shown(first.dims()), " and ", name(x.type()), " ", shown(x.dims()));
    }
    dims[axis] = sum(dims[axis], x.dims()[axis]);
  }
  const std::size_t item = item_size(first.type());
  first.bytes();  // a type without values has no size to claim
  std::vector<std::byte> bytes;
  const std::size_t count = call.charge(dims, item);
  bytes.reserve(count * item);
  // All that lies behind the axis is one block of each input, and what lies before it counts the blocks.
  Index blocks = count == 0 ? 0 : 1;
  for (std::size_t d = 0; d < axis && blocks > 0; ++d) {
    blocks *= dims[d];
  }
  for (Index b = 0; b < blocks; ++b) {
    for (std::size_t i = 0; i < call.input_count(); ++i) {
      const std::span<const std::byte> from = call.input(i).bytes();
      const std::size_t length = from.size() / static_cast<std::size_t>(blocks);
      const auto block = from.subspan(static_cast<std::size_t>(b) * length, length);
      bytes.insert(bytes.end(), block.begin(), block.end());
    }
  }
  return one(Tensor::of_bytes(call.output_name(), first.type(), std::move(dims), std::move(bytes)));
}

inline Results slice(Call& call) {
  const Tensor& x = call.input(0);
  const Index rank = x.rank();
  const auto starts = call.list("starts", 1, 10);
  const auto ends = call.list("ends", 2, 10);
  if (!starts || !ends) {
    fail("expected starts and ends, found none");
  }
  std::vector<std::int64_t> first_axes(starts->size());
  std::iota(first_axes.begin(), first_axes.end(), 0);
  const auto axes = call.list("axes", 3, 10).value_or(std::move(first_axes));
  std::vector<std::int64_t> steps(starts->size(), 1);
  if (call.opset() >= 10) {
    steps = call.list("steps", 4, 10).value_or(std::move(steps));
  }
  if (ends->size() != starts->size() || axes.size() != starts->size() || steps.size() != starts->size()) {
    fail("expected as many starts, ends, axes and steps, found ", starts->size(), ", ", ends->size(), ", ",
         axes.size(), " and ", steps.size());
  }
  Call::axes(axes, rank);

  Dims begins(x.dims().size(), 0);
  Dims strides(x.dims().size(), 1);
  Dims dims = x.dims();
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const auto d = static_cast<std::size_t>(Call::axis(axes[i], rank));
    const Index n = x.dims()[d];
    const Index step = steps[i];
    if (step == 0) {
      fail("expected steps other than 0, found 0 along axis ", d);
    }
    // Backwards a range may end before the first element, at −1; bounds beyond it mean its end.
    const auto bound = [&](std::int64_t value) {
      const std::int64_t from_start = value < 0 ? std::max<std::int64_t>(value, -n - 1) + n : value;
      return step > 0 ? std::clamp<Index>(from_start, 0, n) : std::clamp<Index>(from_start, -1, n - 1);
    };
    const Index begin = bound((*starts)[i]);
    const Index end = bound((*ends)[i]);
    const Index length = step > 0 ? end - begin : begin - end;
    // The step's size, which the most negative step has no positive number for; none goes beyond one element.
    const Index size = step > 0 ? step : step < -n ? n + 1 : -step;
    begins[d] = begin;
    strides[d] = step > 0 ? size : -size;
    dims[d] = length <= 0 ? 0 : (length - 1) / size + 1;
  }
  return one(pick(call, x, std::move(dims), call.output_name(),
                  [&](std::size_t d, Index i) { return begins[d] + i * strides[d]; }));
}

inline Results unsqueeze(Call& call) {
  const Tensor& x = call.input(0);
  const auto list = call.list("axes", 1, 13);
  if (!list) {
    fail("expected axes, found none");
  }
  const std::vector<bool> is_new = Call::axes(*list, x.rank() + static_cast<Index>(list->size()));
  Dims dims;
  std::size_t next = 0;
  for (const bool one_more : is_new) {
    dims.push_back(one_more ? 1 : x.dims()[next++]);
  }
  return one(x.reshaped(std::move(dims)).renamed(call.output_name()));
}

inline Results squeeze(Call& call) {
  const Tensor& x = call.input(0);
  const auto list = call.list("axes", 1, 13);
  const std::vector<bool> named = Call::axes(list.value_or(std::vector<std::int64_t>{}), x.rank());
  Dims dims;
  for (std::size_t d = 0; d < x.dims().size(); ++d) {
    if (named[d] && x.dims()[d] != 1) {
      fail("expected a size of 1 along axis ", d, ", found shape ", shown(x.dims()));
    }
    if (list ? !named[d] : x.dims()[d] != 1) {
      dims.push_back(x.dims()[d]);
    }
  }
  return one(x.reshaped(std::move(dims)).renamed(call.output_name()));
}

inline Results reshape(Call& call) {
  const Tensor& x = call.input(0);
  const bool zero_means_zero = call.attributes.flag("allowzero", false);
  Dims dims = call.integers(call.input(1));
  std::optional<std::size_t> open;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] == 0 && !zero_means_zero) {
      if (d >= x.dims().size()) {
        fail("expected a size to copy for the 0 at axis ", d, ", found shape ", shown(x.dims()));
      }
      dims[d] = x.dims()[d];
    } else if (dims[d] == -1) {
      if (open) {
        fail("expected at most one size of -1, found shape ", shown(dims));
      }
      open = d;
    }
  }
  if (open) {
    dims[*open] = 1;
    const Index others = element_count(dims, "the new shape");
    if (others == 0 || x.size() % others != 0) {
      dims[*open] = -1;
      fail("expected a shape that ", x.size(), " elements fill, found ", shown(dims));
    }
    dims[*open] = x.size() / others;
  }
  return one(x.reshaped(std::move(dims)).renamed(call.output_name()));
}

inline Results flatten(Call& call) {
  const Tensor& x = call.input(0);
  const std::int64_t axis = call.attributes.integer("axis", 1);
  // One more than the axes: all of them may come first.
  if (axis < -x.rank() || axis > x.rank()) {
    fail("expected an axis from ", -x.rank(), " to ", x.rank(), ", found ", axis);
  }
  const Index split = axis < 0 ? axis + x.rank() : axis;
  Dims dims{1, 1};
  for (Index d = 0; d < x.rank(); ++d) {
    Index& size = dims[d < split ? 0 : 1];
    size = product(size, x.dims()[static_cast<std::size_t>(d)]);
  }
  return one(x.reshaped(std::move(dims)).renamed(call.output_name()));
}

inline Results transpose(Call& call) {
  const Tensor& x = call.input(0);
  const std::size_t rank = x.dims().size();
  const auto given = call.attributes.integers("perm");
  std::vector<std::int64_t> order(rank);
  for (std::size_t d = 0; d < rank; ++d) {
    order[d] = static_cast<std::int64_t>(rank - 1 - d);
  }
  if (given) {
    Call::axes(*given, x.rank());
    if (given->size() != rank) {
      fail("expected a permutation of ", rank, " axes, found ", given->size());
    }
    order = *given;
  }
  const Dims from_strides = strides_of(x.dims());
  Dims dims(rank);
  Dims strides(rank);
  for (std::size_t d = 0; d < rank; ++d) {
    const auto axis = static_cast<std::size_t>(Call::axis(order[d], x.rank()));
    dims[d] = x.dims()[axis];
    strides[d] = from_strides[axis];
  }
  const std::span<const std::byte> from = x.bytes();
  const std::size_t item = item_size(x.type());
  const std::size_t count = call.charge(dims, item);
  std::vector<std::byte> bytes(count * item);
  Walk walk(dims, std::move(strides));
  for (std::size_t i = 0; i < count; ++i, walk.advance()) {
    std::memcpy(bytes.data() + i * item, from.data() + walk.place() * item, item);
  }
  return one(Tensor::of_bytes(call.output_name(), x.type(), dims, std::move(bytes)));
}

inline Results expand(Call& call) {
  const Tensor& x = call.input(0);
  const Dims wanted = call.integers(call.input(1));
  element_count(wanted, "the new shape");
  return one(expanded(call, x, broadcast(x.dims(), wanted), call.output_name()));
}

inline Results tile(Call& call) {
  const Tensor& x = call.input(0);
  const std::vector<std::int64_t> repeats = call.integers(call.input(1));
  if (repeats.size() != x.dims().size()) {
    fail("expected a number of repeats for each of ", x.rank(), " axes, found ", repeats.size());
  }
  Dims dims = x.dims();
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (repeats[d] < 0) {
      fail("expected 0 repeats or more, found ", repeats[d]);
    }
    dims[d] = product(dims[d], repeats[d]);
  }
  return one(pick(call, x, std::move(dims), call.output_name(),
                  [&](std::size_t d, Index i) { return i % x.dims()[d]; }));
}

inline Results split(Call& call) {
  const Tensor& x = call.input(0);
  const auto axis = static_cast<std::size_t>(Call::axis(call.attributes.integer("axis", 0), x.rank()));
  const Index n = x.dims()[axis];
  const auto parts = static_cast<Index>(call.output_count());
  auto sizes = call.list("split", 1, 13);
  const auto* const number = call.opset() < 18 ? nullptr : call.attributes.find<std::int64_t>("num_outputs");
  if (number != nullptr && (sizes || *number != parts)) {
    fail("expected as many parts as the ", parts,
         " outputs, and no sizes beside their number, found num_outputs = ", *number);
  }
  if (!sizes) {
    // From operator set 18 on the last part may be smaller.
    const Index size = call.opset() < 18 ? n / parts : n / parts + (n % parts != 0 ? 1 : 0);
    sizes.emplace(call.output_count(), size);
    sizes->back() = call.opset() < 18 ? size : n - size * (parts - 1);
  }
  Index filled = 0;
  for (const std::int64_t size : *sizes) {
    if (size < 0 || size > n - filled) {
      fail("expected parts that fill the ", n, " elements of axis ", axis, ", found one of ", size,
           " behind ", filled);
    }
    filled += size;
  }
  if (filled != n || sizes->size() != call.output_count()) {
    fail("expected ", parts, " parts that fill the ", n, " elements of axis ", axis, ", found ",
         sizes->size(), " that fill ", filled);
  }
  Results results;
  Index begin = 0;
  for (std::size_t part = 0; part < sizes->size(); ++part) {
    Dims dims = x.dims();
    dims[axis] = (*sizes)[part];
    results.push_back(pick(call, x, std::move(dims), call.output_name(part),
                           [&](std::size_t d, Index i) { return d == axis ? begin + i : i; }));
    begin += (*sizes)[part];
  }
  return results;
}

inline Results pad(Call& call) {
  const Tensor& x = call.input(0);
  const std::size_t rank = x.dims().size();
  const std::string mode = call.attributes.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    fail("expected the mode constant, reflect, edge or wrap, found ", shown(mode));
  }
  const auto pads = call.list("pads", 1, 11);
  if (!pads) {
    fail("expected pads, found none");
  }
  x.bytes();
  Tensor fill = narrow("value", x.type(), {}, std::vector<std::int64_t>{0});
  if (call.opset() < 11) {
    fill = narrow("value", x.type(), {}, std::vector<float>{call.attributes.real("value", 0)});
  } else if (const Tensor* const value = call.optional(2)) {
    if (value->type() != x.type() || value->size() != 1) {
      fail("expected one ", name(x.type()), " to pad with, found ", name(value->type()), " ",
           shown(value->dims()));
    }
    fill = *value;
  }
  std::vector<std::int64_t> axes;
  if (const auto list = call.opset() < 18 ? std::nullopt : call.list("axes", 3, 18)) {
    axes = *list;
  } else {
    for (std::size_t d = 0; d < rank; ++d) {
      axes.push_back(static_cast<std::int64_t>(d));
    }
  }
  Call::axes(axes, x.rank());
  if (pads->size() != 2 * axes.size()) {
    fail("expected ", 2 * axes.size(), " pads, found ", pads->size());
  }
  Dims dims = x.dims();
  Dims before(rank, 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<std::size_t>(Call::axis(axes[i], x.rank()));
    const Index begin = (*pads)[i];
    const Index end = (*pads)[axes.size() + i];
    constexpr Index most = std::numeric_limits<Index>::max() / 4;
    if (std::min(begin, end) < -most || std::max(begin, end) > most || dims[d] > most ||
        dims[d] + begin + end < 0) {
      fail("expected pads that leave a size of 0 or more, found ", begin, " and ", end, " for ", dims[d]);
    }
    if (mode != "constant" && (begin < 0 || end < 0 || (dims[d] == 0 && begin + end > 0))) {
      fail("expected pads of 0 or more and something to repeat in mode ", mode, ", found ", begin, " and ",
           end, " for ", dims[d]);
    }
    before[d] = begin;
    dims[d] += begin + end;
  }
  const auto modulo = [](Index a, Index n) { return (a % n + n) % n; };
  return one(pick(
      call, x, std::move(dims), call.output_name(),
      [&](std::size_t d, Index i) -> Index {
        const Index n = x.dims()[d];
        const Index index = i - before[d];
        if (mode == "constant") {
          return index < n ? index : -1;
        }
        if (mode == "edge") {
          return std::clamp<Index>(index, 0, n - 1);
        }
        if (mode == "wrap") {
          return modulo(index, n);
        }
        // There and back again without the ends twice: 0 1 2 1 0 1 2 …
        const Index along = n == 1 ? 0 : modulo(index, 2 * (n - 1));
        return std::min(along, 2 * (n - 1) - along);
      },
      fill.bytes()));
}

inline Results constant_of_shape(Call& call) {
  const auto* const value = call.attributes.find<Tensor>("value");
  const Tensor item = value != nullptr ? *value : Tensor::of("value", {1}, std::vector<float>{0});
  if (item.size() != 1) {
    fail("expected one value to fill with, found shape ", shown(item.dims()));
  }
  const Dims dims = call.integers(call.input(0));
  element_count(dims, "the new shape");
  return one(expanded(call, item.reshaped({}), dims, call.output_name()));
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
