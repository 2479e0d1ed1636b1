/// Protocol buffers' fields over protozero, with the checks that protozero leaves to assertions.
#pragma once

#include <protozero/pbf_reader.hpp>
#include <protozero/varint.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ascribe::onnx {

/// A known field that holds another wire type. Like all of protozero's exceptions it becomes an Error in
/// `parse`, which knows where that was.
struct WrongWireType : protozero::exception {
  /// What is wrong, in words.
  const char* what() const noexcept override { return "a known field of another type"; }
};

/// The fields of one message in turn. Every function that reads a field throws an exception of
/// protozero's if the field is cut short or has another type.
/// Example: `for (Fields f(bytes); f.next();) { if (f.tag() == 2) { type = f.integer(); } else { f.skip(); }
/// }`
class Fields {
 public:
  /// `bytes` must outlive this.
  explicit Fields(std::string_view bytes) : reader_(bytes.data(), bytes.size()) {}

  /// Goes to the next field; false where there is none.
  bool next() { return reader_.next(); }
  /// The field's number.
  std::uint32_t tag() const { return reader_.tag(); }
  /// Leaves the field out.
  void skip() { reader_.skip(); }

  /// An int32, int64 or enum. A negative int32 comes as the negative int64 that it is written as.
  std::int64_t integer() {
    expect(protozero::pbf_wire_type::varint);
    return reader_.get_int64();
  }

  /// A float.
  float real() {
    expect(protozero::pbf_wire_type::fixed32);
    return reader_.get_float();
  }

  /// A string, bytes or a message, where it lies.
  std::string_view bytes() {
    expect(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = reader_.get_view();
    return {view.data(), view.size()};
  }

  /// A string, copied.
  std::string text() { return std::string(bytes()); }
  /// The fields of a message inside.
  Fields message() { return Fields(bytes()); }

  /// A repeated number's bytes where they lie: of one number, or of many that are packed. `single` is the
  /// wire type of one.
  std::string_view numbers(protozero::pbf_wire_type single) {
    if (reader_.has_wire_type(protozero::pbf_wire_type::length_delimited)) {
      return bytes();
    }
    expect(single);
    const char* const begin = reader_.data().data();
    const std::size_t before = reader_.length();
    reader_.skip();
    return {begin, before - reader_.length()};
  }

  /// Appends a repeated integer field: one of it, or many packed.
  void append_to(std::vector<std::int64_t>& list) {
    for_each_varint(numbers(protozero::pbf_wire_type::varint),
                    [&](std::uint64_t value) { list.push_back(static_cast<std::int64_t>(value)); });
  }

  /// Calls `f` with each varint in turn.
  template <class F>
  static void for_each_varint(std::string_view bytes, F&& f) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end) {
      f(protozero::decode_varint(&at, end));
    }
  }

 private:
  void expect(protozero::pbf_wire_type type) const {
    if (!reader_.has_wire_type(type)) {
      throw WrongWireType{};
    }
  }

  protozero::pbf_reader reader_;
};

}  // namespace ascribe::onnx
