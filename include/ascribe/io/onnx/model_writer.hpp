/// A ModelProto, written node by node.
#pragma once

#include <protozero/pbf_writer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/parse/proto.hpp"
#include "ascribe/io/onnx/tensor.hpp"
#include "ascribe/io/whole_file.hpp"

namespace ascribe::onnx {

/// A node's attribute as it is written.
struct WrittenAttribute {
  std::string_view name;                                                                  ///< as ONNX has it
  std::variant<std::int64_t, double, std::string_view, std::vector<std::int64_t>> value;  ///< what it holds
};

/// Collects the nodes and constants of a model, whose batch is the axis "N". Names of values are unique in
/// it.
class ModelWriter {
 public:
  /// `wanted`, or with a number behind it where that is taken.
  std::string name(const std::string& wanted) {
    std::string found = wanted;
    for (int k = 1; !names_.insert(found).second; ++k) found = wanted + "_" + std::to_string(k);
    return found;
  }

  /// Adds a node of one output, which it returns. `since`: the operator set from which on the operator is
  /// what is meant.
  std::string node(const std::string& output, std::string_view op, const std::vector<std::string>& inputs,
                   const std::vector<WrittenAttribute>& attributes = {}, Index since = 13) {
    return add(name(output), op, inputs, attributes, since);
  }
  /// The same, where the output has a name of `name`'s.
  std::string add(const std::string& value, std::string_view op, const std::vector<std::string>& inputs,
                  const std::vector<WrittenAttribute>& attributes = {}, Index since = 13) {
    std::string bytes;
    protozero::pbf_writer writer(bytes);
    for (const std::string& input : inputs) writer.add_string(proto::NodeProto::input, input);
    writer.add_string(proto::NodeProto::output, value);
    writer.add_string(proto::NodeProto::name, value);
    writer.add_bytes(proto::NodeProto::op_type, op.data(), op.size());
    for (const WrittenAttribute& attribute : attributes)
      writer.add_message(proto::NodeProto::attribute, written(attribute));
    protozero::pbf_writer(graph_).add_message(proto::GraphProto::node, bytes);
    opset_ = std::max(opset_, since);
    return value;
  }

  /// Adds a constant, whose name it returns.
  template <class T>
  std::string constant(const std::string& wanted, const Dims& dims, std::span<const T> values) {
    const std::string value = name(wanted);
    std::string bytes, swapped;
    protozero::pbf_writer writer(bytes);
    writer.add_packed_int64(proto::TensorProto::dims, dims.begin(), dims.end());
    writer.add_int32(proto::TensorProto::data_type, std::int32_t(type_of<T>));
    writer.add_string(proto::TensorProto::name, value);
    const std::string_view raw = io::little_endian(values, swapped);
    writer.add_bytes(proto::TensorProto::raw_data, raw.data(), raw.size());
    protozero::pbf_writer(constants_).add_message(proto::GraphProto::initializer, bytes);
    return value;
  }

  /// `dims` without the batch, which comes first.
  template <class T>
  void input(std::string_view value, const Dims& dims) {
    port(proto::GraphProto::input, value, type_of<T>, dims);
  }
  /// An output; `dims` without the batch, which comes first.
  template <class T>
  void output(std::string_view value, const Dims& dims) {
    port(proto::GraphProto::output, value, type_of<T>, dims);
  }

  /// The serialised model. Throws Error where it is larger than a protocol buffer may be, 2 GiB.
  std::string model(std::string_view producer, std::string_view version) const {
    std::string graph = graph_;
    protozero::pbf_writer(graph).add_string(proto::GraphProto::name, "ascribe");
    graph += constants_;
    graph += ports_;
    std::string opset, bytes;
    protozero::pbf_writer(opset).add_int64(proto::OperatorSetIdProto::version, opset_);
    protozero::pbf_writer writer(bytes);
    writer.add_int64(proto::ModelProto::ir_version, opset_ < 19 ? 8 : 9);  // those that came with the sets
    writer.add_bytes(proto::ModelProto::producer_name, producer.data(), producer.size());
    writer.add_bytes(proto::ModelProto::producer_version, version.data(), version.size());
    writer.add_message(proto::ModelProto::opset_import, opset);
    constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
    if (graph.size() > most - bytes.size() - 16)
      fail("onnx::save: expected a network of at most ", most, " bytes, found ", graph.size());
    writer.add_message(proto::ModelProto::graph, graph);
    return bytes;
  }

 private:
  template <class T>
  static constexpr ElementType type_of = std::is_same_v<T, float>    ? ElementType::float32
                                         : std::is_same_v<T, double> ? ElementType::float64
                                                                     : ElementType::int64;

  static std::string written(const WrittenAttribute& attribute) {
    using Tag = proto::AttributeProto;
    enum Type : std::int32_t {
      real = 1,
      integer = 2,
      text = 3,
      integers = 7
    };  // AttributeProto.AttributeType
    std::string bytes;
    protozero::pbf_writer writer(bytes);
    writer.add_bytes(Tag::name, attribute.name.data(), attribute.name.size());
    std::visit(
        [&](const auto& value) {
          using T = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_same_v<T, std::int64_t>) {
            writer.add_int64(Tag::i, value);
            writer.add_int32(Tag::type, integer);
          } else if constexpr (std::is_same_v<T, double>) {
            writer.add_float(Tag::f, float(value));
            writer.add_int32(Tag::type, real);
          } else if constexpr (std::is_same_v<T, std::string_view>) {
            writer.add_bytes(Tag::s, value.data(), value.size());
            writer.add_int32(Tag::type, text);
          } else {
            for (const std::int64_t item : value) writer.add_int64(Tag::ints, item);
            writer.add_int32(Tag::type, integers);
          }
        },
        attribute.value);
    return bytes;
  }

  void port(proto::GraphProto::Tag tag, std::string_view value, ElementType type, const Dims& dims) {
    std::string shape, tensor, kind, bytes, batch;
    protozero::pbf_writer(batch).add_string(proto::TensorShapeProtoDimension::dim_param, "N");
    protozero::pbf_writer(shape).add_message(proto::TensorShapeProto::dim, batch);
    for (const Index size : dims) {
      std::string dim;
      protozero::pbf_writer(dim).add_int64(proto::TensorShapeProtoDimension::dim_value, size);
      protozero::pbf_writer(shape).add_message(proto::TensorShapeProto::dim, dim);
    }
    protozero::pbf_writer writer(tensor);
    writer.add_int32(proto::TypeProtoTensor::elem_type, std::int32_t(type));
    writer.add_message(proto::TypeProtoTensor::shape, shape);
    protozero::pbf_writer(kind).add_message(proto::TypeProto::tensor_type, tensor);
    protozero::pbf_writer info(bytes);
    info.add_bytes(proto::ValueInfoProto::name, value.data(), value.size());
    info.add_message(proto::ValueInfoProto::type, kind);
    protozero::pbf_writer(ports_).add_message(tag, bytes);
  }

  std::set<std::string> names_;
  std::string graph_, constants_, ports_;  ///< fields of a GraphProto
  Index opset_ = 13;
};

}  // namespace ascribe::onnx
