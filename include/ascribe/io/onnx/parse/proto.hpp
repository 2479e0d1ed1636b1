/// The numbers of the fields that are read of an ONNX file, under their names in
/// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
#pragma once

#include <cstdint>

namespace ascribe::onnx::proto {

struct ModelProto {
  enum Tag : std::uint32_t {
    ir_version = 1,
    producer_name = 2,
    producer_version = 3,
    graph = 7,
    opset_import = 8,
    functions = 25
  };
};
struct OperatorSetIdProto {
  enum Tag : std::uint32_t { domain = 1, version = 2 };
};
struct FunctionProto {
  enum Tag : std::uint32_t {
    name = 1,
    input = 4,
    output = 5,
    attribute = 6,
    node = 7,
    opset_import = 9,
    domain = 10,
    attribute_proto = 11,
    overload = 13
  };
};
struct GraphProto {
  enum Tag : std::uint32_t {
    node = 1,
    name = 2,
    initializer = 5,
    input = 11,
    output = 12,
    sparse_initializer = 15
  };
};
struct NodeProto {
  enum Tag : std::uint32_t {
    input = 1,
    output = 2,
    name = 3,
    op_type = 4,
    attribute = 5,
    domain = 7,
    overload = 8
  };
};
struct AttributeProto {
  enum Tag : std::uint32_t {
    name = 1,
    f = 2,
    i = 3,
    s = 4,
    t = 5,
    g = 6,
    floats = 7,
    ints = 8,
    strings = 9,
    tensors = 10,
    graphs = 11,
    tp = 14,
    type_protos = 15,
    type = 20,
    ref_attr_name = 21,
    sparse_tensor = 22,
    sparse_tensors = 23
  };
};
struct ValueInfoProto {
  enum Tag : std::uint32_t { name = 1, type = 2 };
};
struct TypeProto {
  enum Tag : std::uint32_t {
    tensor_type = 1,
    sequence_type = 4,
    map_type = 5,
    opaque_type = 7,
    sparse_tensor_type = 8,
    optional_type = 9
  };
};
struct TypeProtoTensor {
  enum Tag : std::uint32_t { elem_type = 1, shape = 2 };
};
struct TensorShapeProto {
  enum Tag : std::uint32_t { dim = 1 };
};
struct TensorShapeProtoDimension {
  enum Tag : std::uint32_t { dim_value = 1, dim_param = 2 };
};
struct TensorProto {
  enum Tag : std::uint32_t {
    dims = 1,
    data_type = 2,
    segment = 3,
    float_data = 4,
    int32_data = 5,
    int64_data = 7,
    name = 8,
    raw_data = 9,
    double_data = 10,
    uint64_data = 11,
    external_data = 13,
    data_location = 14
  };
};
struct StringStringEntryProto {
  enum Tag : std::uint32_t { key = 1, value = 2 };
};

}  // namespace ascribe::onnx::proto
