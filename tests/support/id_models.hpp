/// ONNX files whose inputs are whole numbers that choose rows of tables, written by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

namespace ascribe::test {

/// ONNX's numbers of types.
inline constexpr std::int64_t floats = 1, whole_numbers = 7;

inline Message integer_attribute(const std::string& name, std::int64_t number) {
  return Message().text(1, name).integer(3, number).integer(20, 2);
}

/// An input or output of a type and axes, of which the first is open, as are those of size −1.
inline Message axes_message(const std::string& name, std::int64_t type,
                            const std::vector<std::int64_t>& sizes) {
  Message shape;
  shape.message(1, Message().text(2, "N"));
  for (const std::int64_t size : sizes)
    shape.message(1, size < 0 ? Message().text(2, "T" + name) : Message().integer(1, size));
  return Message().text(1, name).message(2,
                                         Message().message(1, Message().integer(1, type).message(2, shape)));
}

/// A table of rows of so many numbers.
inline Message table_message(const std::string& name, std::int64_t width, const std::vector<float>& numbers) {
  const auto rows = static_cast<std::int64_t>(numbers.size()) / width;
  return tensor_message(name, floats, {rows, width}).packed_floats(4, numbers);
}

/// The sum along axis 1, which is left out. The graph has the tensor `along`, 1.
inline Message sum_message(const std::string& of, const std::string& output) {
  return node_message("ReduceSum", {of, "along"}, {output}).message(5, integer_attribute("keepdims", 0));
}
inline Message along_message() { return tensor_message("along", whole_numbers, {1}).packed(7, {1}); }

inline std::string written(const TemporaryFolder& folder, const std::string& name, const Message& graph) {
  return folder.write(name, model_message(graph).bytes).string();
}

}  // namespace ascribe::test
