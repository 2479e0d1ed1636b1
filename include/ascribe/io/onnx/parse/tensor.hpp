/// Tensors of an ONNX file: constants of the graph, and attributes.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/file_bytes.hpp"
#include "ascribe/io/onnx/external.hpp"
#include "ascribe/io/onnx/fields.hpp"
#include "ascribe/io/onnx/parse/proto.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx::parse_detail {

inline ElementType element_type_of(std::int64_t number, std::string_view where) {
  if (number < 0 || number > static_cast<std::int64_t>(ElementType::float6e3m2)) {
    fail(where, ": expected an element type of ONNX's, found number ", number);
  }
  return static_cast<ElementType>(number);
}

/// Reads TensorProtos. Values stay where they lie in the file, which `owner` keeps, or in files beside it.
class TensorParser {
 public:
  /// `file` is the owner where the bytes are a file's.
  TensorParser(const std::filesystem::path& folder, std::shared_ptr<const void> owner,
               std::shared_ptr<const io::FileBytes> file)
      : external_(folder), owner_(std::move(owner)), file_(std::move(file)) {}

  /// The tensor of a message that stands in `part` of the file.
  Tensor tensor(const std::string& part, Fields fields) {
    Dims dims;
    std::vector<std::int64_t> sizes;
    std::int64_t number = 0;
    std::string name;
    std::array<std::vector<std::string_view>, 6> data;
    std::vector<std::string_view> external;
    bool is_external = false;
    bool in_segments = false;
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::TensorProto::dims:
          fields.append_to(sizes);
          break;
        case proto::TensorProto::data_type:
          number = fields.integer();
          break;
        case proto::TensorProto::segment:
          fields.skip();
          in_segments = true;
          break;
        case proto::TensorProto::float_data:
          data[float_data].push_back(fields.numbers(Wire::fixed32));
          break;
        case proto::TensorProto::int32_data:
          data[int32_data].push_back(fields.numbers(Wire::varint));
          break;
        case proto::TensorProto::int64_data:
          data[int64_data].push_back(fields.numbers(Wire::varint));
          break;
        case proto::TensorProto::name:
          name = fields.text();
          break;
        case proto::TensorProto::raw_data:
          data[raw_data].assign(1, fields.bytes());
          break;
        case proto::TensorProto::double_data:
          data[double_data].push_back(fields.numbers(Wire::fixed64));
          break;
        case proto::TensorProto::uint64_data:
          data[uint64_data].push_back(fields.numbers(Wire::varint));
          break;
        case proto::TensorProto::external_data:
          external.push_back(fields.bytes());
          break;
        case proto::TensorProto::data_location:
          is_external = fields.integer() == 1;
          break;
        default:
          fields.skip();
      }
    }
    const std::string where = part + (name.empty() ? ": tensor" : ": tensor " + shown(name));
    const ElementType type = element_type_of(number, where);
    dims.assign(sizes.begin(), sizes.end());
    const Index count = element_count(dims, where);
    if (in_segments) {
      fail(where, ": expected its values in one piece, found segments, which are not supported");
    }
    // What cannot be read is not looked at either: whoever wants its values gets an Error.
    if (item_size(type) == 0) {
      return Tensor::without_values(std::move(name), type, std::move(dims));
    }

    Field field = no_field;
    for (std::size_t i = 0; i < data.size(); ++i) {
      std::erase_if(data[i], [](std::string_view bytes) { return bytes.empty(); });
      if (data[i].empty()) {
        continue;
      }
      if (field != no_field || is_external) {
        fail(where, ": expected its values in one place, found them in ", field_names[i], " and in ",
             is_external ? "an external file" : field_names[field]);
      }
      field = static_cast<Field>(i);
    }
    if (is_external) {
      const auto size = static_cast<std::uint64_t>(count) * item_size(type);
      const Location at = location(external, where);
      if (at.length && *at.length != size) {
        fail(where, ": expected ", size, " bytes of external data for shape ", shown(dims), " of ",
             onnx::name(type), ", found a length of ", *at.length);
      }
      auto bytes = external_.request(where, at.location, at.offset, size);
      return Tensor::pending(std::move(name), type, std::move(dims), std::move(bytes));
    }
    return Tensor::of_bytes(std::move(name), type, dims,
                            field == no_field ? collect(field, {}, type, count, dims, where)
                                              : collect(field, data[field], type, count, dims, where));
  }

  /// Reads the external data of all tensors so far.
  void load_external() { external_.load(); }

 private:
  using Wire = protozero::pbf_wire_type;

  /// The fields of a TensorProto that hold values, in the order of `tags`.
  enum Field : std::size_t {
    float_data,
    int32_data,
    int64_data,
    raw_data,
    double_data,
    uint64_data,
    no_field
  };
  static constexpr std::array<std::string_view, 6> field_names{"float_data", "int32_data",  "int64_data",
                                                               "raw_data",   "double_data", "uint64_data"};

  struct Location {
    std::string location;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length;
  };

  /// The values as bytes: where they lie in the file if they lie there in one piece and as in memory, else
  /// copied.
  std::shared_ptr<const TensorBytes> collect(Field field, std::span<const std::string_view> pieces,
                                             ElementType type, Index count, std::span<const Index> dims,
                                             const std::string& where) const {
    const Field typed = field_of(type);
    if (field != no_field && field != raw_data && field != typed) {
      fail(where, ": expected values of ", onnx::name(type), " in raw_data or ", field_names[typed],
           ", found them in ", field_names[field]);
    }
    const bool as_in_memory =
        field == raw_data || field == float_data || field == double_data || field == no_field;
    std::size_t found = 0;  // counted before anything is allocated for it
    for (const std::string_view piece : pieces) {
      // The last byte of a varint has its highest bit clear.
      found += as_in_memory ? piece.size()
                            : static_cast<std::size_t>(std::count_if(
                                  piece.begin(), piece.end(), [](char c) { return (c & 0x80) == 0; })) *
                                  item_size(type);
    }
    const std::size_t need = static_cast<std::size_t>(count) * item_size(type);
    if (found != need) {
      fail(where, ": expected ", count, " values of ", onnx::name(type), " (", need, " bytes) for shape ",
           shown(dims), ", found ", found, " bytes");
    }
    auto result = std::make_shared<TensorBytes>();
    if (as_in_memory && pieces.size() <= 1) {
      result->owner = owner_;
      result->file = file_;
      if (!pieces.empty()) {
        result->bytes = std::as_bytes(std::span(pieces[0]));
      }
      return result;
    }
    const auto own = std::make_shared<std::vector<std::byte>>();
    own->reserve(need);
    for (const std::string_view piece : pieces) {
      if (as_in_memory) {
        const auto bytes = std::as_bytes(std::span(piece));
        own->insert(own->end(), bytes.begin(), bytes.end());
      } else {
        Fields::for_each_varint(piece, [&](std::uint64_t value) {
          check_range(static_cast<std::int64_t>(value), field, type, where);
          for (std::size_t i = 0; i < item_size(type); ++i) {
            own->push_back(static_cast<std::byte>(value >> (8 * i) & 255));
          }
        });
      }
    }
    result->owner = own;
    result->bytes = *own;
    return result;
  }

  /// Where ONNX wants the values of a type that are not raw.
  static Field field_of(ElementType type) {
    switch (type) {
      case ElementType::float32:
        return float_data;
      case ElementType::float64:
        return double_data;
      case ElementType::int64:
        return int64_data;
      case ElementType::uint32:
      case ElementType::uint64:
        return uint64_data;
      default:
        return int32_data;
    }
  }

  /// Small types are written in wider fields, halves as their bits. What does not fit was never such a value.
  static void check_range(std::int64_t value, Field field, ElementType type, const std::string& where) {
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (field == int64_data || type == ElementType::uint64) {
      return;
    }
    if (type == ElementType::boolean) {
      most = 1;
    } else {
      const auto bits = 8 * item_size(type);
      const bool is_signed =
          type == ElementType::int8 || type == ElementType::int16 || type == ElementType::int32;
      most = (std::int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
      least = is_signed ? -most - 1 : 0;
    }
    if (value < least || value > most) {
      fail(where, ": expected values of ", onnx::name(type), " from ", least, " to ", most, " in ",
           field_names[field], ", found ", value);
    }
  }

  static Location location(std::span<const std::string_view> entries, const std::string& where) {
    Location result;
    for (const std::string_view entry : entries) {
      std::string_view key;
      std::string_view value;
      for (Fields fields(entry); fields.next();) {
        switch (fields.tag()) {
          case proto::StringStringEntryProto::key:
            key = fields.bytes();
            break;
          case proto::StringStringEntryProto::value:
            value = fields.bytes();
            break;
          default:
            fields.skip();
        }
      }
      if (key == "location") {
        result.location = std::string(value);
      } else if (key == "offset" || key == "length") {
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc{} || end != value.data() + value.size()) {
          fail(where, ": external data: expected a number as ", key, ", found ", shown(value));
        }
        if (key == "offset") {
          result.offset = number;
        } else {
          result.length = number;
        }
      }
    }
    return result;
  }

  ExternalData external_;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const io::FileBytes> file_;
};

}  // namespace ascribe::onnx::parse_detail
