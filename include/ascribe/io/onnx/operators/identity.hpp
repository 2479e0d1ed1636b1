/// What leaves values as they are: Identity, Dropout, Cast.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>

namespace ascribe::onnx {

inline void import_identity(Importer& importer, const Node& node) {
  Attributes(node).finish();
  importer.define(node.outputs[0], importer.value(node, 0));
}

/// Dropout in inference.
inline void import_dropout(Importer& importer, const Node& node) {
  Attributes attributes(node);
  attributes.ignore("ratio");
  attributes.ignore("seed");
  attributes.finish();
  if (importer.has_input(node, 2) && importer.constant(node, 2).value<std::int64_t>() != 0)
    fail(describe(node), ": input 2 (training_mode): expected false, found true");
  if (importer.has_output(node, 1))
    fail(describe(node), ": expected output 1 (mask) to be unused, found that it is used");
  importer.define(node.outputs[0], importer.value(node, 0));
}

/// From one floating-point type to another: everything is computed in the network's own.
inline void import_cast(Importer& importer, const Node& node) {
  Attributes attributes(node);
  const std::int64_t to = attributes.required<std::int64_t>("to");
  attributes.ignore("saturate");  // for 8-bit numbers alone, as is the next
  attributes.ignore("round_mode");
  attributes.finish();
  const ElementType type = to > 0 && to < 64 ? ElementType(std::int32_t(to)) : ElementType::undefined;
  if (!is_floating(type))
    fail(describe(node), ": attribute 'to': expected float, double, float16 or bfloat16, found ", name(type),
         " of a value that depends on the network's ", importer.inputs_behind(node.inputs[0]));
  if (type == ElementType::float16 || type == ElementType::bfloat16)
    importer.note(describe(node) + ": values are not rounded to " + std::string(name(type)));
  importer.define(node.outputs[0], importer.activation(node, 0));
}

inline constexpr std::array<Operator, 3> identity_operators{{
    {"Identity", import_identity, true},
    {"Dropout", import_dropout, true},
    {"Cast", import_cast},
}};

}  // namespace ascribe::onnx
