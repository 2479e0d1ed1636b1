/// ONNX files for tests: the bundled ones, and messages written by hand with protozero's own writer.
#pragma once

#include <protozero/pbf_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/parse.hpp"

namespace ascribe::test {

/// A file of tests/io/onnx/data, which make_models.py beside it writes.
inline std::filesystem::path onnx_file(std::string_view name) {
  return std::filesystem::path(ASCRIBE_SOURCE_DIR) / "tests/io/onnx/data" / name;
}

/// A message, field by field: `Message().integer(1, 8).text(2, "name").bytes`.
struct Message {
  std::string bytes;

  Message& integer(protozero::pbf_tag_type tag, std::int64_t value) {
    protozero::pbf_writer(bytes).add_int64(tag, value);
    return *this;
  }
  Message& real(protozero::pbf_tag_type tag, float value) {
    protozero::pbf_writer(bytes).add_float(tag, value);
    return *this;
  }
  Message& text(protozero::pbf_tag_type tag, std::string_view value) {
    protozero::pbf_writer(bytes).add_bytes(tag, value.data(), value.size());
    return *this;
  }
  Message& message(protozero::pbf_tag_type tag, const Message& value) { return text(tag, value.bytes); }
  Message& packed(protozero::pbf_tag_type tag, const std::vector<std::int64_t>& values) {
    protozero::pbf_writer(bytes).add_packed_int64(tag, values.begin(), values.end());
    return *this;
  }
  Message& packed_floats(protozero::pbf_tag_type tag, const std::vector<float>& values) {
    protozero::pbf_writer(bytes).add_packed_float(tag, values.begin(), values.end());
    return *this;
  }
};

/// A TensorProto without values. `type` is ONNX's number: 1 float, 7 int64.
inline Message tensor_message(std::string_view name, std::int64_t type,
                              const std::vector<std::int64_t>& dims) {
  return Message().packed(1, dims).integer(2, type).text(8, name);
}

/// A ValueInfoProto of floats: an input or output of sizes behind a batch.
inline Message port_message(std::string_view name, const std::vector<std::int64_t>& sizes) {
  Message shape;
  shape.message(1, Message().text(2, "N"));
  for (const std::int64_t size : sizes) shape.message(1, Message().integer(1, size));
  return Message().text(1, name).message(2,
                                         Message().message(1, Message().integer(1, 1).message(2, shape)));
}

inline Message node_message(std::string_view op_type, const std::vector<std::string>& inputs,
                            const std::vector<std::string>& outputs, std::string_view name = "") {
  Message result;
  for (const std::string& input : inputs) {
    result.text(1, input);
  }
  for (const std::string& output : outputs) {
    result.text(2, output);
  }
  result.text(4, op_type);
  return name.empty() ? result : result.text(3, name);
}

inline Message value_message(std::string_view name) { return Message().text(1, name); }

/// A ModelProto around a GraphProto.
inline Message model_message(const Message& graph, std::int64_t opset = 13, std::int64_t ir_version = 8) {
  return Message().integer(1, ir_version).message(8, Message().integer(2, opset)).message(7, graph);
}

/// The model keeps the bytes.
inline onnx::Model parse(const Message& model, const std::filesystem::path& folder = {}) {
  const auto bytes = std::make_shared<const std::string>(model.bytes);
  return onnx::parse(std::as_bytes(std::span(*bytes)), folder, {}, bytes);
}

/// The message of the Error that `f` throws.
template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace ascribe::test
