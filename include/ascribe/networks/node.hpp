/// One node of a Graph, and what a method may know of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/layers/product.hpp>
#include <ascribe/networks/origin.hpp>
#include <ascribe/rules/any_rule.hpp>

namespace ascribe {

/// An input of the network, or the kinds of layer in the order of OfAnyKind.
enum class LayerKind { input, matmul, elementwise, max, product, softmax };

/// What a composite chooses rules by.
struct NodeInfo {
  std::string_view name;  ///< as the graph's builder or the file gave it
  Index index;            ///< in topological order
  LayerKind kind;         ///< what the layer is
  map::Role role;         ///< of a MatMul's map; dense for other kinds
  std::string_view part;  ///< what the map, function or windows call themselves
  Index learned_before;   ///< how many dense layers and convolutions stand before it in graph order
  /// The node's Origin.
  std::string_view op = {}, group = {};

  /// A layer with learned weights: a dense one or a convolution.
  bool is_learned() const {
    return kind == LayerKind::matmul && (role == map::Role::dense || role == map::Role::convolution);
  }
};

/// A node: an input of the network, or a layer and the nodes whose values it reads.
template <class Scalar>
struct Node {
  std::string name;                       ///< as the builder or the file gave it
  std::optional<AnyLayer<Scalar>> layer;  ///< none: an input
  std::vector<Index> inputs;              ///< their values lie one behind the other in what the layer reads
  Index size = 0;                         ///< features of the node's value
  std::vector<Index> shape;               ///< the value's axes without the batch, where the builder gave them
  std::optional<rule::AnyRule<Scalar>> own_rule;  ///< for method::ByLayer
  Origin origin = {};  ///< of the file's operator and module, where it came from one

  Node() = default;
  /// A layer, without a name or inputs. A rule in its type is its own.
  template <class Layer>
  requires requires(const Layer& l) { erase_layer<Scalar>(l); }
  explicit Node(Layer given) {
    if constexpr (requires { given.rule; })
      if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(given.rule)>, rule::Unset>)
        own_rule = rule::AnyRule<Scalar>(given.rule);
    layer = erase_layer<Scalar>(std::move(given));
  }

  /// What a composite is told of the node; `learned_before`: the learned layers before it.
  NodeInfo info(Index index, Index learned_before) const {
    NodeInfo found{name,    index,          LayerKind::input, map::Role::dense,
                   "input", learned_before, origin.op,        origin.group};
    if (!layer) return found;
    found.kind = LayerKind(1 + layer->index());
    std::visit(
        [&](const auto& l) {
          if constexpr (requires { l.map; }) {
            found.role = l.map.role();
            found.part = l.map.name();
          } else if constexpr (requires { l.f; }) {
            found.part = l.f.name();
          } else if constexpr (requires { l.windows; }) {
            found.part = l.windows.name();
          } else {
            found.part = l.name();
          }
        },
        *layer);
    return found;
  }

  /// The kind and part, for messages: "MatMul of Convolution", "Relu".
  std::string describe() const {
    const NodeInfo found = info(0, 0);
    const std::string part(found.part);
    switch (found.kind) {
      case LayerKind::matmul:
        return "MatMul of " + part;
      case LayerKind::max:
        return "Max over " + part;
      default:
        return part;
    }
  }

  /// How many features the layer reads, or what their number has to be a multiple of; −1 where it takes any.
  Index input_size() const {
    return std::visit(
        [](const auto& l) -> Index {
          if constexpr (requires { l.input_size(); })
            return l.input_size();
          else
            return l.f.features() == 0 ? -1 : l.f.features();
        },
        *layer);
  }
  Index output_size_for(Index inputs_found) const {
    return std::visit([&](const auto& l) { return l.output_size_for(inputs_found); }, *layer);
  }
};

/// A node's values, features × samples, with the axes of its shape in C order, as a file has them: channel by
/// channel where they lie pixel by pixel inside. As they are where nothing is known of their order.
template <class Scalar, class D>
Batch<typename D::Scalar> in_shape(const Node<Scalar>& node, const Eigen::MatrixBase<D>& values) {
  Batch<typename D::Scalar> result = values;
  const auto& order = node.origin.order;
  if (order.empty()) return result;
  std::vector<Index> strides(node.shape.size(), 0), at(node.shape.size(), 0);
  Index step = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    strides[std::size_t(*axis)] = step;
    step *= node.shape[std::size_t(*axis)];
  }
  for (Index i = 0; i < values.rows(); ++i) {
    Index from = 0;
    for (std::size_t axis = 0; axis < at.size(); ++axis) from += at[axis] * strides[axis];
    result.row(i) = values.row(from);
    for (std::size_t axis = at.size(); axis-- > 0;) {
      if (++at[axis] < node.shape[axis]) break;
      at[axis] = 0;
    }
  }
  return result;
}

}  // namespace ascribe
