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
#include "ascribe/io/onnx/external.hpp"
#include "ascribe/io/onnx/fields.hpp"
#include "ascribe/io/onnx/local_functions.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/read.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

namespace parse_detail {

/// Puts nodes behind those whose outputs they take, by themselves or in sub-graphs. Among those that could
/// come next it takes the first: an order that is right already stays. Gives what an `inner` graph takes from
/// those around it. Throws Error for values that are defined twice or never, and for a cycle.
inline std::vector<std::string> check_and_sort(Graph& graph, bool inner = false) {
  constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
  // Which node makes a value; nobody: it is there from the start.
  std::unordered_map<std::string_view, std::size_t> makers;
  for (const Tensor& initializer : graph.initializers) {
    if (!makers.try_emplace(initializer.name(), nobody).second) {
      fail("initializer ", shown(initializer.name()), ": expected one of that name, found two");
    }
  }
  std::unordered_set<std::string_view> inputs;
  for (const ValueInfo& input : graph.inputs) {
    if (!inputs.insert(input.name).second) {
      fail("graph input ", shown(input.name), ": expected one of that name, found two");
    }
    makers.try_emplace(input.name, nobody);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& output : graph.nodes[i].outputs) {
      if (!output.empty() && !makers.try_emplace(output, i).second) {
        fail(describe(graph.nodes[i]), ": expected a name of its own for its output ", shown(output),
             ", found that another value has it");
      }
    }
  }

  std::vector<std::string> captured;
  const auto capture = [&](const std::string& name) {
    makers.emplace(name, nobody);
    captured.push_back(name);
  };
  std::vector<std::vector<std::size_t>> takers(graph.nodes.size());
  std::vector<std::size_t> missing(graph.nodes.size(), 0);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto wait_for = [&](const std::string& input) {
      if (const std::size_t maker = makers.at(input); maker != nobody) {
        takers[maker].push_back(i);
        ++missing[i];
      }
    };
    for (const std::string& input : graph.nodes[i].inputs) {
      if (input.empty()) {
        continue;
      }
      if (!makers.contains(input)) {
        if (!inner) {
          fail(describe(graph.nodes[i]), ": expected its input ", shown(input),
               " to be an initializer, an input of the graph or a node's output, found none of that name");
        }
        capture(input);
      }
      wait_for(input);
    }
    // A name that nobody has is an Error where a sub-graph is needed, and not before.
    each_subgraph(graph.nodes[i], [&](const Subgraph& one) {
      for (const std::string& name : one.captured) {
        if (makers.contains(name)) {
          wait_for(name);
        } else if (inner) {
          capture(name);
        }
      }
    });
  }
  for (const ValueInfo& output : graph.outputs) {
    if (!makers.contains(output.name)) {
      if (!inner) {
        fail("graph output ", shown(output.name), ": expected a value of that name, found none");
      }
      capture(output.name);
    }
  }

  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i] == 0) {
      ready.push(i);
    }
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    const std::size_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const std::size_t taker : takers[next]) {
      if (--missing[taker] == 0) {
        ready.push(taker);
      }
    }
  }
  if (order.size() < graph.nodes.size()) {
    // Whoever waits takes from one that waits: who is met a second time on the way back is in a cycle, not
    // behind it.
    std::size_t node = 0;
    while (missing[node] == 0) {
      ++node;
    }
    const auto waits_for = [&](const std::vector<std::string>& names) {
      for (const std::string& name : names) {
        const auto maker = makers.find(name);
        if (maker != makers.end() && maker->second != nobody && missing[maker->second] > 0) {
          return maker->second;
        }
      }
      return nobody;
    };
    for (std::vector<bool> met(graph.nodes.size(), false); !met[node];) {
      met[node] = true;
      std::size_t next = waits_for(graph.nodes[node].inputs);
      each_subgraph(graph.nodes[node],
                    [&](const Subgraph& one) { next = next == nobody ? waits_for(one.captured) : next; });
      node = next;
    }
    fail(describe(graph.nodes[node]),
         ": expected a graph without cycles, found that it needs its own output");
  }
  if (!std::is_sorted(order.begin(), order.end())) {
    std::vector<Node> sorted;
    sorted.reserve(order.size());
    for (const std::size_t i : order) {
      sorted.push_back(std::move(graph.nodes[i]));
    }
    graph.nodes = std::move(sorted);
  }
  return captured;
}

/// The same for the sub-graphs first, from the innermost on, whose Errors become their faults.
inline std::vector<std::string> settle(Graph& graph, bool inner = false) {
  for (Node& node : graph.nodes) {
    each_subgraph(node, [](Subgraph& one) {
      if (!one.graph) {
        return;
      }
      try {
        Graph settled = *one.graph;
        one.captured = settle(settled, true);
        one.graph = std::make_shared<const Graph>(std::move(settled));
      } catch (const Error& error) {
        one = {nullptr, {}, error.what()};
      }
    });
  }
  return check_and_sort(graph, inner);
}

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, const std::filesystem::path& folder, const ParseOptions& options,
         std::shared_ptr<const void> owner, std::shared_ptr<const io::FileBytes> file = nullptr)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
        external_(folder),
        options_(options),
        owner_(std::move(owner)),
        file_(std::move(file)) {}

  Model parse() {
    return checked([&] { return model(Fields(bytes_)); });
  }

  Tensor parse_tensor() {
    return checked([&] { return tensor(Fields(bytes_)); });
  }

 private:
  using Wire = protozero::pbf_wire_type;

  /// What `f` gives, its external data read; what protozero throws becomes an Error that says where it was.
  template <class F>
  std::invoke_result_t<F> checked(F f) {
    try {
      auto result = f();
      external_.load();
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
        case 1:
          result.ir_version = fields.integer();
          break;
        case 2:
          result.producer = fields.text();
          break;
        case 3:
          version = fields.text();
          break;
        case 7:
          if (graph) {
            fail("model: expected one graph, found two");
          }
          graph = fields.bytes();
          break;
        case 8:
          opset_import(fields.message(), opset, result);
          break;
        case 25:
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
        case 1:
          domain = fields.text();
          break;
        case 2:
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
        case 1:
          name = fields.bytes();
          break;
        case 10:
          domain = fields.bytes();
          break;
        case 13:
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
        case 4:
          result.inputs.push_back(fields.text());
          break;
        case 5:
          result.outputs.push_back(fields.text());
          break;
        case 6:
          result.attributes.push_back(fields.text());
          break;
        case 7:
          part_ = "node " + std::to_string(result.nodes.size());
          result.nodes.push_back(node(fields.message()));
          break;
        case 9: {
          Model own;
          opset_import(fields.message(), result.opset, own);
          break;
        }
        case 11:
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
        case 1:
          part_ = "node " + std::to_string(result.nodes.size());
          result.nodes.push_back(node(fields.message()));
          break;
        case 2:
          result.name = fields.text();
          break;
        case 5:
          part_ = "initializer " + std::to_string(result.initializers.size());
          result.initializers.push_back(tensor(fields.message()));
          if (result.initializers.back().name().empty()) {
            fail(part_, ": expected a name, found none");
          }
          break;
        case 11:
          part_ = "graph input " + std::to_string(result.inputs.size());
          result.inputs.push_back(value_info(fields.message()));
          break;
        case 12:
          part_ = "graph output " + std::to_string(result.outputs.size());
          result.outputs.push_back(value_info(fields.message()));
          break;
        case 15:
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
        case 1:
          result.inputs.push_back(fields.text());
          break;
        case 2:
          result.outputs.push_back(fields.text());
          break;
        case 3:
          result.name = fields.text();
          break;
        case 4:
          result.op_type = fields.text();
          break;
        case 5:
          attributes.push_back(fields.bytes());
          break;
        case 7:
          domain = fields.bytes();
          break;
        case 8:
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
        case 1:
          result.name = fields.text();
          break;
        case 2:
          f = fields.real();
          seen = real;
          break;
        case 3:
          i = fields.integer();
          seen = integer;
          break;
        case 4:
          s = fields.text();
          seen = text;
          break;
        case 5:
          if (t) {
            fail(part_, ": attribute ", shown(result.name), ": expected one tensor, found two");
          }
          t = fields.bytes();
          seen = tensor_;
          break;
        case 7: {
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
        case 8:
          fields.append_to(ints);
          seen = integers;
          break;
        case 9:
          strings.push_back(fields.text());
          seen = texts;
          break;
        case 6:
          if (g) {
            fail(part_, ": attribute ", shown(result.name), ": expected one sub-graph, found two");
          }
          g = fields.bytes();
          seen = graph_;
          break;
        case 10:
        case 11:
        case 14:
        case 15:
        case 22:
        case 23: {
          constexpr std::array<std::pair<std::uint32_t, std::int64_t>, 6> others{
              {{10, 9}, {11, 10}, {22, 11}, {23, 12}, {14, 13}, {15, 14}}};
          seen = std::find_if(others.begin(), others.end(), [&](auto other) {
                   return other.first == tag;
                 })->second;
          fields.skip();
          break;
        }
        case 20:
          type = fields.integer();
          break;
        case 21:
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
        result.value = tensor(Fields(*t));
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

  ElementType element_type_of(std::int64_t number, std::string_view where) const {
    if (number < 0 || number > static_cast<std::int64_t>(ElementType::float6e3m2)) {
      fail(where, ": expected an element type of ONNX's, found number ", number);
    }
    return static_cast<ElementType>(number);
  }

  ValueInfo value_info(Fields fields) {
    ValueInfo result;
    std::optional<std::string_view> type;
    while (fields.next()) {
      switch (fields.tag()) {
        case 1:
          result.name = fields.text();
          break;
        case 2:
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
          case 1:
            tensor_type(kind.message(), result);
            break;
          case 4:
          case 5:
          case 7:
          case 8:
          case 9:
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
        case 1:
          result.type = element_type_of(fields.integer(), part_);
          break;
        case 2:
          result.dims.emplace();
          for (Fields shape = fields.message(); shape.next();) {
            if (shape.tag() == 1) {
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
        case 1:
          // Some exporters write −1 for a size that is not known.
          if (const std::int64_t size = fields.integer(); size != -1) {
            result.size = size;
          }
          break;
        case 2:
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

  Tensor tensor(Fields fields) {
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
        case 1:
          fields.append_to(sizes);
          break;
        case 2:
          number = fields.integer();
          break;
        case 3:
          fields.skip();
          in_segments = true;
          break;
        case 4:
          data[float_data].push_back(fields.numbers(Wire::fixed32));
          break;
        case 5:
          data[int32_data].push_back(fields.numbers(Wire::varint));
          break;
        case 7:
          data[int64_data].push_back(fields.numbers(Wire::varint));
          break;
        case 8:
          name = fields.text();
          break;
        case 9:
          data[raw_data].assign(1, fields.bytes());
          break;
        case 10:
          data[double_data].push_back(fields.numbers(Wire::fixed64));
          break;
        case 11:
          data[uint64_data].push_back(fields.numbers(Wire::varint));
          break;
        case 13:
          external.push_back(fields.bytes());
          break;
        case 14:
          is_external = fields.integer() == 1;
          break;
        default:
          fields.skip();
      }
    }
    const std::string where = part_ + (name.empty() ? ": tensor" : ": tensor " + shown(name));
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
          case 1:
            key = fields.bytes();
            break;
          case 2:
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

  std::string_view bytes_;
  ExternalData external_;
  ParseOptions options_;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const io::FileBytes> file_;  // the owner, where the bytes are a file's
  struct FunctionBytes {
    std::string_view bytes;
    std::optional<LocalFunction> read;
  };
  std::unordered_map<std::string, FunctionBytes> functions_;
  bool in_function_ = false;
  int depth_ = 0;               // of sub-graphs
  std::string part_ = "model";  // where the parser is, for what protozero throws
};

}  // namespace parse_detail

namespace parse_detail {

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
