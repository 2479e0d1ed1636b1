/// How ONNX files are read (read.hpp): https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and docs/IR.md
/// beside it.
#pragma once

#include <protozero/exception.hpp>
#include <protozero/types.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <type_traits>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/binary.hpp"
#include "ascribe/io/file_bytes.hpp"
#include "ascribe/io/onnx/fields.hpp"
#include "ascribe/io/onnx/local_functions.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/parse/order.hpp"
#include "ascribe/io/onnx/parse/proto.hpp"
#include "ascribe/io/onnx/parse/tensor.hpp"
#include "ascribe/io/onnx/read.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

namespace parse_detail {

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, const std::filesystem::path& folder, const ParseOptions& options,
         std::shared_ptr<const void> owner, std::shared_ptr<const io::FileBytes> file = nullptr)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
        options_(options),
        tensors_(folder, std::move(owner), std::move(file)) {}

  Model parse() {
    return checked([&] { return model(Fields(bytes_)); });
  }

  Tensor parse_tensor() {
    return checked([&] { return tensors_.tensor(part_, Fields(bytes_)); });
  }

 private:
  using Wire = protozero::pbf_wire_type;

  /// What `f` gives, its external data read; what protozero throws becomes an Error that says where it was.
  template <class F>
  std::invoke_result_t<F> checked(F f) {
    try {
      auto result = f();
      tensors_.load_external();
      return result;
    } catch (const protozero::exception& error) {
      fail(part_, ": expected a whole ONNX file, found one that is cut short or malformed: ", error.what());
    } catch (const std::bad_alloc&) {
      fail(part_, ": expected a model that fits in memory, found one that does not");
    }
  }

  Model model(Fields fields) {
    Model result;
    std::optional<std::string_view> graph;
    std::optional<Index> opset;
    std::string version;
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::ModelProto::ir_version:
          result.ir_version = fields.integer();
          break;
        case proto::ModelProto::producer_name:
          result.producer = fields.text();
          break;
        case proto::ModelProto::producer_version:
          version = fields.text();
          break;
        case proto::ModelProto::graph:
          if (graph) {
            fail("model: expected one graph, found two");
          }
          graph = fields.bytes();
          break;
        case proto::ModelProto::opset_import:
          opset_import(fields.message(), opset, result);
          break;
        case proto::ModelProto::functions:
          function(fields.bytes());
          break;
        default:
          fields.skip();
      }
    }
    if (!version.empty()) {
      result.producer += (result.producer.empty() ? "" : " ") + version;
    }
    if (result.ir_version < 3) {
      fail("model: expected an ONNX file of IR version 3 or newer, found ",
           result.ir_version == 0 ? "no version" : std::to_string(result.ir_version));
    }
    if (!opset) {
      fail("model: expected the version of ONNX's operator set, found none");
    }
    if (*opset < options_.oldest_opset) {
      fail("model: expected operator set ", options_.oldest_opset, " or newer, found ", *opset);
    }
    result.opset = *opset;
    if (!graph) {
      fail("model: expected a graph, found none");
    }
    result.graph = this->graph(Fields(*graph));
    if (!functions_.empty()) {
      LocalCalls([&](const std::string& name) { return function_of(name); }, result.opset, options_.memory)
          .expand(result.graph);
    }
    settle(result.graph);
    return result;
  }

  static bool is_standard(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

  static void opset_import(Fields fields, std::optional<Index>& opset, Model& model) {
    std::string domain;
    Index version = 0;
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::OperatorSetIdProto::domain:
          domain = fields.text();
          break;
        case proto::OperatorSetIdProto::version:
          version = fields.integer();
          break;
        default:
          fields.skip();
      }
    }
    if (!is_standard(domain)) {
      model.other_opsets.emplace_back(std::move(domain), version);
      return;
    }
    if (opset && *opset != version) {
      fail("model: expected one version of ONNX's operator set, found ", *opset, " and ", version);
    }
    opset = version;
  }

  /// A function of the model's own, as the nodes call it: ONNX allows several of one name, by `overload`.
  static std::string function_name(std::string_view domain, std::string_view name,
                                   std::string_view overload) {
    return std::string(domain) + "." + std::string(name) + (overload.empty() ? "" : ":") +
           std::string(overload);
  }

  /// Only its name, before a node needs it. One that stands for an operator of ONNX's would change what known
  /// nodes mean.
  void function(std::string_view bytes) {
    std::string_view name;
    std::string_view domain;
    std::string_view overload;
    for (Fields fields(bytes); fields.next();) {
      switch (fields.tag()) {
        case proto::FunctionProto::name:
          name = fields.bytes();
          break;
        case proto::FunctionProto::domain:
          domain = fields.bytes();
          break;
        case proto::FunctionProto::overload:
          overload = fields.bytes();
          break;
        default:
          fields.skip();
      }
    }
    if (is_standard(domain)) {
      fail("function ", shown(name), ": expected a domain of its own, found the standard one");
    }
    const std::string whole = function_name(domain, name, overload);
    if (!functions_.emplace(whole, FunctionBytes{bytes, {}}).second) {
      fail("function ", shown(whole), ": expected one of that name, found two");
    }
  }

  /// The function of an operator, read when it is first asked for; null where there is none.
  const LocalFunction* function_of(const std::string& name) {
    const auto found = functions_.find(name);
    if (found == functions_.end()) {
      return nullptr;
    }
    if (!found->second.read) {
      try {
        found->second.read = read_function(name, Fields(found->second.bytes));
      } catch (const Error& error) {
        fail("function ", shown(name), ": ", error.what());
      }
    }
    return &*found->second.read;
  }

  LocalFunction read_function(const std::string& name, Fields fields) {
    LocalFunction result;
    result.name = name;
    in_function_ = true;
    while (fields.next()) {
      part_ = "function " + shown(name);
      switch (fields.tag()) {
        case proto::FunctionProto::input:
          result.inputs.push_back(fields.text());
          break;
        case proto::FunctionProto::output:
          result.outputs.push_back(fields.text());
          break;
        case proto::FunctionProto::attribute:
          result.attributes.push_back(fields.text());
          break;
        case proto::FunctionProto::node:
          part_ = "node " + std::to_string(result.nodes.size());
          result.nodes.push_back(node(fields.message()));
          break;
        case proto::FunctionProto::opset_import: {
          Model own;
          opset_import(fields.message(), result.opset, own);
          break;
        }
        case proto::FunctionProto::attribute_proto:
          result.defaults.push_back(attribute(fields.message()));
          break;
        default:
          fields.skip();
      }
    }
    in_function_ = false;
    part_ = "model";
    return result;
  }

  Graph graph(Fields fields) {
    Graph result;
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::GraphProto::node:
          part_ = "node " + std::to_string(result.nodes.size());
          result.nodes.push_back(node(fields.message()));
          break;
        case proto::GraphProto::name:
          result.name = fields.text();
          break;
        case proto::GraphProto::initializer:
          part_ = "initializer " + std::to_string(result.initializers.size());
          result.initializers.push_back(tensors_.tensor(part_, fields.message()));
          if (result.initializers.back().name().empty()) {
            fail(part_, ": expected a name, found none");
          }
          break;
        case proto::GraphProto::input:
          part_ = "graph input " + std::to_string(result.inputs.size());
          result.inputs.push_back(value_info(fields.message()));
          break;
        case proto::GraphProto::output:
          part_ = "graph output " + std::to_string(result.outputs.size());
          result.outputs.push_back(value_info(fields.message()));
          break;
        case proto::GraphProto::sparse_initializer:
          fail("graph: expected dense initializers, found a sparse one, which is not supported");
        default:
          fields.skip();
      }
      part_ = "graph";
    }
    return result;
  }

  Node node(Fields fields) {
    Node result;
    std::string_view domain;
    std::string_view overload;
    std::vector<std::string_view> attributes;
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::NodeProto::input:
          result.inputs.push_back(fields.text());
          break;
        case proto::NodeProto::output:
          result.outputs.push_back(fields.text());
          break;
        case proto::NodeProto::name:
          result.name = fields.text();
          break;
        case proto::NodeProto::op_type:
          result.op_type = fields.text();
          break;
        case proto::NodeProto::attribute:
          attributes.push_back(fields.bytes());
          break;
        case proto::NodeProto::domain:
          domain = fields.bytes();
          break;
        case proto::NodeProto::overload:
          overload = fields.bytes();
          break;
        default:
          fields.skip();
      }
    }
    if (result.op_type.empty()) {
      fail(part_, ": expected an operator, found none");
    }
    // Of another domain no operator is known: it is one where the network needs it.
    if (!is_standard(domain)) {
      const std::string called = function_name(domain, result.op_type, overload);
      result.op_type = functions_.contains(called) ? called : function_name(domain, result.op_type, "");
    }
    part_ = describe(result);
    if (result.outputs.empty()) {
      fail(part_, ": expected an output, found none");
    }
    std::unordered_set<std::string> names;
    for (const std::string_view bytes : attributes) {
      result.attributes.push_back(attribute(Fields(bytes)));
      const std::string& name = result.attributes.back().name;
      if (!names.insert(name).second) {
        fail(part_, ": attribute ", shown(name), ": expected one of that name, found two");
      }
    }
    return result;
  }

  Attribute attribute(Fields fields) {
    // AttributeProto.AttributeType's numbers.
    enum Type : std::int64_t { undefined, real, integer, text, tensor_, graph_, reals, integers, texts };
    constexpr std::array<std::string_view, 15> kinds{"nothing",
                                                     "a float",
                                                     "an integer",
                                                     "a string",
                                                     "a tensor",
                                                     "a sub-graph",
                                                     "a list of floats",
                                                     "a list of integers",
                                                     "a list of strings",
                                                     "a list of tensors",
                                                     "a list of sub-graphs",
                                                     "a sparse tensor",
                                                     "a list of sparse tensors",
                                                     "a type",
                                                     "a list of types"};
    Attribute result;
    std::int64_t type = undefined;
    std::int64_t seen = undefined;
    // What a writer leaves out is 0 or empty: protocol buffers of version 3 write no zeros.
    float f = 0;
    std::int64_t i = 0;
    std::string s;
    std::optional<std::string_view> t;
    std::optional<std::string_view> g;
    std::optional<std::string> reference;
    std::vector<float> floats;
    std::vector<std::int64_t> ints;
    std::vector<std::string> strings;
    while (fields.next()) {
      const std::uint32_t tag = fields.tag();
      switch (tag) {
        case proto::AttributeProto::name:
          result.name = fields.text();
          break;
        case proto::AttributeProto::f:
          f = fields.real();
          seen = real;
          break;
        case proto::AttributeProto::i:
          i = fields.integer();
          seen = integer;
          break;
        case proto::AttributeProto::s:
          s = fields.text();
          seen = text;
          break;
        case proto::AttributeProto::t:
          if (t) {
            fail(part_, ": attribute ", shown(result.name), ": expected one tensor, found two");
          }
          t = fields.bytes();
          seen = tensor_;
          break;
        case proto::AttributeProto::floats: {
          const std::string_view bytes = fields.numbers(Wire::fixed32);
          if (bytes.size() % 4 != 0) {
            throw protozero::invalid_length_exception{};
          }
          for (std::size_t at = 0; at < bytes.size(); at += 4) {
            floats.push_back(std::bit_cast<float>(io::binary::load<std::uint32_t>(bytes.data() + at, false)));
          }
          seen = reals;
          break;
        }
        case proto::AttributeProto::ints:
          fields.append_to(ints);
          seen = integers;
          break;
        case proto::AttributeProto::strings:
          strings.push_back(fields.text());
          seen = texts;
          break;
        case proto::AttributeProto::g:
          if (g) {
            fail(part_, ": attribute ", shown(result.name), ": expected one sub-graph, found two");
          }
          g = fields.bytes();
          seen = graph_;
          break;
        case proto::AttributeProto::tensors:
        case proto::AttributeProto::graphs:
        case proto::AttributeProto::tp:
        case proto::AttributeProto::type_protos:
        case proto::AttributeProto::sparse_tensor:
        case proto::AttributeProto::sparse_tensors: {
          using Proto = proto::AttributeProto;
          constexpr std::array<std::pair<std::uint32_t, std::int64_t>, 6> others{{{Proto::tensors, 9},
                                                                                  {Proto::graphs, 10},
                                                                                  {Proto::sparse_tensor, 11},
                                                                                  {Proto::sparse_tensors, 12},
                                                                                  {Proto::tp, 13},
                                                                                  {Proto::type_protos, 14}}};
          seen = std::find_if(others.begin(), others.end(), [&](auto other) {
                   return other.first == tag;
                 })->second;
          fields.skip();
          break;
        }
        case proto::AttributeProto::type:
          type = fields.integer();
          break;
        case proto::AttributeProto::ref_attr_name:
          if (std::string name = fields.text(); !name.empty()) {
            reference = std::move(name);
          }
          break;
        default:
          fields.skip();
      }
    }
    const auto complain = [&](const auto& expected, const auto& found) {
      fail(part_, ": attribute ", shown(result.name), ": expected ", expected, ", found ", found);
    };
    if (type < 0 || type >= static_cast<std::int64_t>(kinds.size())) {
      complain("a type of attribute", type);
    }
    if (reference) {
      if (!in_function_) {
        complain("a value", "a reference to the attribute " + shown(*reference) + " of a function");
      }
      result.value = AttributeReference{std::move(*reference)};
      return result;
    }
    if (type == undefined) {
      type = seen;  // files of the first IR versions do not say it
    }
    switch (type) {
      case undefined:
        complain("a value", "none");
        break;
      case real:
        result.value = f;
        break;
      case integer:
        result.value = i;
        break;
      case text:
        result.value = std::move(s);
        break;
      case tensor_:
        if (!t) {
          complain("a tensor", "none");
        }
        result.value = tensors_.tensor(part_, Fields(*t));
        break;
      case graph_:
        if (!g) {
          complain("a sub-graph", "none");
        }
        result.value = subgraph(*g);
        break;
      case reals:
        result.value = std::move(floats);
        break;
      case integers:
        result.value = std::move(ints);
        break;
      case texts:
        result.value = std::move(strings);
        break;
      default:
        result.value = UnsupportedAttribute{kinds[static_cast<std::size_t>(type)]};
    }
    return result;
  }

  /// What is wrong in it is nobody's business who does not need it: the branch of an If that is not taken.
  Subgraph subgraph(std::string_view bytes) {
    constexpr int most_deep = 32;
    const std::string part = part_;
    Subgraph result;
    ++depth_;
    try {
      if (depth_ > most_deep) {
        fail("expected sub-graphs within each other up to ", most_deep, " deep, found more");
      }
      result.graph = std::make_shared<const Graph>(graph(Fields(bytes)));
    } catch (const Error& error) {
      result.fault = error.what();
    } catch (const protozero::exception& error) {
      result.fault =
          part_ + ": expected a whole sub-graph, found one that is cut short or malformed: " + error.what();
    }
    --depth_;
    part_ = part;
    return result;
  }

  ValueInfo value_info(Fields fields) {
    ValueInfo result;
    std::optional<std::string_view> type;
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::ValueInfoProto::name:
          result.name = fields.text();
          break;
        case proto::ValueInfoProto::type:
          type = fields.bytes();
          break;
        default:
          fields.skip();
      }
    }
    if (result.name.empty()) {
      fail(part_, ": expected a name, found none");
    }
    part_ += " " + shown(result.name);
    if (type) {
      for (Fields kind(*type); kind.next();) {
        switch (kind.tag()) {
          case proto::TypeProto::tensor_type:
            tensor_type(kind.message(), result);
            break;
          case proto::TypeProto::sequence_type:
          case proto::TypeProto::map_type:
          case proto::TypeProto::opaque_type:
          case proto::TypeProto::sparse_tensor_type:
          case proto::TypeProto::optional_type:
            fail(part_,
                 ": expected a tensor, found a value of another kind (sequence, map, optional, sparse or "
                 "opaque)");
          default:
            kind.skip();
        }
      }
    }
    return result;
  }

  void tensor_type(Fields fields, ValueInfo& result) const {
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::TypeProtoTensor::elem_type:
          result.type = element_type_of(fields.integer(), part_);
          break;
        case proto::TypeProtoTensor::shape:
          result.dims.emplace();
          for (Fields shape = fields.message(); shape.next();) {
            if (shape.tag() == proto::TensorShapeProto::dim) {
              result.dims->push_back(dimension(shape.message()));
            } else {
              shape.skip();
            }
            if (result.dims->size() > most_dimensions) {
              fail(part_, ": expected at most ", most_dimensions, " dimensions, found more");
            }
          }
          break;
        default:
          fields.skip();
      }
    }
  }

  Dimension dimension(Fields fields) const {
    Dimension result;
    while (fields.next()) {
      switch (fields.tag()) {
        case proto::TensorShapeProtoDimension::dim_value:
          // Some exporters write −1 for a size that is not known.
          if (const std::int64_t size = fields.integer(); size != -1) {
            result.size = size;
          }
          break;
        case proto::TensorShapeProtoDimension::dim_param:
          result.name = fields.text();
          break;
        default:
          fields.skip();
      }
    }
    if (result.size && *result.size < 0) {
      fail(part_, ": expected sizes of 0 or more, found ", *result.size);
    }
    return result;
  }

  std::string_view bytes_;
  ParseOptions options_;
  TensorParser tensors_;
  struct FunctionBytes {
    std::string_view bytes;
    std::optional<LocalFunction> read;
  };
  std::unordered_map<std::string, FunctionBytes> functions_;
  bool in_function_ = false;
  int depth_ = 0;               // of sub-graphs
  std::string part_ = "model";  // where the parser is, for what protozero throws
};

/// Calls `f` with a parser of a file's bytes, whose tensors keep them; an Error gets the path before it.
template <class F>
auto with_file(const std::filesystem::path& path, const std::filesystem::path& folder,
               const ParseOptions& options, F f) {
  const auto file = std::make_shared<const io::FileBytes>(path, "an ONNX file");
  try {
    Parser parser(file->bytes(), folder, options, file, file);
    return f(parser);
  } catch (const Error& error) {
    fail(path, ": ", error.what());
  }
}

}  // namespace parse_detail

#ifdef ASCRIBE_DEFINES

ASCRIBE_INLINE Model parse(std::span<const std::byte> bytes, const std::filesystem::path& folder,
                           const ParseOptions& options, std::shared_ptr<const void> owner) {
  return parse_detail::Parser(bytes, folder, options, std::move(owner)).parse();
}

ASCRIBE_INLINE Model read(const std::filesystem::path& path, const ParseOptions& options) {
  const std::filesystem::path folder = path.parent_path();
  return parse_detail::with_file(path, folder.empty() ? "." : folder, options,
                                 [](auto& parser) { return parser.parse(); });
}

ASCRIBE_INLINE Tensor read_tensor(const std::filesystem::path& path) {
  return parse_detail::with_file(path, {}, {}, [](auto& parser) { return parser.parse_tensor(); });
}

#endif

}  // namespace ascribe::onnx
