/// Class activation maps as the programs offer them: by the names of the method and of a node, at the input's
/// size.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/networks/class_activation_map.hpp"
#include "examples/support/methods.hpp"
#include "examples/support/samples.hpp"

namespace examples {

/// The node whose channels the map is made of, and how they lie.
struct MapLayer {
  Index node = 0;
  ascribe::FeatureMaps maps{1, 1, 1};
};

namespace activation_map_detail {

/// None where a node has no channels at positions, as convolutions have them.
template <class Scalar>
std::optional<ascribe::FeatureMaps> maps_of_node(const ascribe::Node<Scalar>& node) {
  const auto& order = node.origin.order;
  const std::size_t rank = node.shape.size();
  // Channels first, as in the file, or last, as convolutions have them inside.
  std::vector<Index> first(rank), last;
  for (std::size_t axis = 0; axis < rank; ++axis) first[axis] = static_cast<Index>(axis);
  if (rank > 0) last.assign(first.begin() + 1, first.end());
  last.push_back(0);
  const bool in_order = order.empty() || order == first;
  if ((rank != 2 && rank != 3) || (!in_order && order != last)) return std::nullopt;
  return ascribe::FeatureMaps{node.shape[0], rank == 3 ? node.shape[1] : 1, node.shape.back(), !in_order};
}

/// The nodes that the first output depends on, and how many of these read each.
template <class Scalar>
std::pair<std::vector<bool>, std::vector<std::vector<Index>>> way_to_output(
    const ascribe::Graph<Scalar>& net) {
  std::vector<bool> needed(net.nodes().size());
  std::vector<std::vector<Index>> readers(net.nodes().size());
  needed[static_cast<std::size_t>(net.outputs()[0])] = true;
  for (std::size_t i = needed.size(); i-- > 0;)
    if (needed[i])
      for (const Index input : net.node(static_cast<Index>(i)).inputs) {
        needed[static_cast<std::size_t>(input)] = true;
        readers[static_cast<std::size_t>(input)].push_back(static_cast<Index>(i));
      }
  return {std::move(needed), std::move(readers)};
}

}  // namespace activation_map_detail

/// What Grad-CAM is usually made of: the last convolution whose result has several positions and that the
/// first output depends on; and on from there as long as one node alone reads the value and gives one of the
/// same shape, as a function, a normalisation or the sum at the end of a residual block does. None where
/// there is no such convolution.
template <class Scalar>
std::optional<MapLayer> last_map_layer(const ascribe::Graph<Scalar>& net) {
  namespace detail = activation_map_detail;
  const auto [needed, readers] = detail::way_to_output(net);
  for (Index i = static_cast<Index>(needed.size()); i-- > 0;) {
    if (!needed[static_cast<std::size_t>(i)] || !net.node(i).layer) continue;
    const ascribe::NodeInfo info = net.node(i).info(i, 0);
    if (info.kind != ascribe::LayerKind::matmul || info.role != ascribe::map::Role::convolution) continue;
    auto maps = detail::maps_of_node(net.node(i));
    if (!maps || maps->positions() < 2) continue;
    MapLayer found{i, *maps};
    while (readers[static_cast<std::size_t>(found.node)].size() == 1) {
      const Index next = readers[static_cast<std::size_t>(found.node)].front();
      if (net.node(next).shape != net.node(found.node).shape) break;
      maps = detail::maps_of_node(net.node(next));
      if (!maps) break;
      found = {next, *maps};
    }
    return found;
  }
  return std::nullopt;
}

/// The node that --layer names, or last_map_layer where it names none. Throws ascribe::Error for a node that
/// has no channels at positions, and where there is none to take.
template <class Scalar>
MapLayer map_layer(const ascribe::Graph<Scalar>& net, const std::string& name) {
  if (name.empty()) {
    const auto found = last_map_layer(net);
    if (!found)
      ascribe::fail(
          "--layer: expected the name of a node with channels of a height and width, found none, and no "
          "convolution behind which there is one");
    return *found;
  }
  Index node = 0;
  try {
    node = net.find(name);
  } catch (const ascribe::Error&) {
    ascribe::fail("--layer: expected a node's name, as explain --describe prints it, found '", name, "'");
  }
  const auto maps = activation_map_detail::maps_of_node(net.node(node));
  if (!maps)
    ascribe::fail("--layer '", name, "': expected channels of a height and width, found shape ",
                  text_of(net.node(node).shape));
  return {node, *maps};
}

/// What a method of class activation maps (Method::layer) says of x, features × 1, at its size. `trace` has
/// every value of x; `input` says how x lies. Throws ascribe::Error as ascribe::grad_cam and score_cam.
template <class Scalar, class Start>
ascribe::Batch<Scalar> activation_map(const ascribe::Graph<Scalar>& net, const Method& method,
                                      const ascribe::Batch<Scalar>& x,
                                      const typename ascribe::Graph<Scalar>::Trace& trace, const Start& start,
                                      const MapLayer& layer, const ascribe::FeatureMaps& input) {
  const auto map = method.name == "grad_cam"
                       ? ascribe::grad_cam(net, trace, start, layer.node, layer.maps)
                       : ascribe::score_cam(net, x, start, layer.node, layer.maps, input);
  return ascribe::on_input(map.map, layer.maps, input);
}

}  // namespace examples
