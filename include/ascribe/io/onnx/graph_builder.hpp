/// A Graph from the layers that the reader describes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <Eigen/SparseCore>

#include <ascribe/core/parallel.hpp>
#include <ascribe/io/onnx/builder.hpp>
#include <ascribe/io/onnx/layers.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/repeated.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sparse.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/maps/transposed.hpp>
#include <ascribe/maps/with_role.hpp>
#include <ascribe/networks/graph.hpp>

namespace ascribe::onnx {

/// A Graph in the making.
template <class Scalar>
class GraphBuilder final : public Builder {
 public:
  /// `products`: what convolutions of learned weights are made with.
  explicit GraphBuilder(map::Products products = map::Products::direct) : products_(products) {}

  Index input(std::string name, Index size, Dims shape) override {
    return graph_.input(std::move(name), size, std::move(shape));
  }
  Index add(std::string name, const layer::Layer& layer, std::vector<Index> inputs, Dims shape,
            Origin origin) override {
    ascribe::Node<Scalar> node = std::visit([&](const auto& l) { return made(l); }, layer);
    node.inputs = std::move(inputs);
    node.origin = std::move(origin);
    return graph_.add(std::move(name), std::move(node), std::move(shape));
  }
  Index add_again(std::string name, Index of, std::vector<Index> inputs, Dims shape, Origin origin) override {
    ascribe::Node<Scalar> node;
    node.layer = graph_.node(of).layer;
    node.inputs = std::move(inputs);
    node.origin = std::move(origin);
    return graph_.add(std::move(name), std::move(node), std::move(shape));
  }
  /// Declares a node's value an output.
  void output(Index node) override { graph_.output(node); }
  Index size(Index node) const override { return graph_.node(node).size; }

  std::size_t scalar_bytes() const override { return sizeof(Scalar); }
  double held(const layer::Convolution& c) const override {
    return map::Convolution<Scalar>::held_scalars(c.geometry, c.channels, c.filters, c.groups,
                                                  products_of(c));
  }

  std::unique_ptr<Builder> another() const override { return std::make_unique<GraphBuilder>(products_); }
  std::vector<std::vector<double>> run(std::span<const double> x) const override {
    const Batch<Scalar> sample =
        Eigen::Map<const Eigen::VectorXd>(x.data(), Index(x.size())).template cast<Scalar>();
    const auto trace = graph_.forward(sample);
    std::vector<std::vector<double>> outputs;
    for (const Index node : graph_.outputs()) {
      outputs.emplace_back();
      for (const Scalar& v : trace.value(node).reshaped()) outputs.back().push_back(math::value_of(v));
    }
    return outputs;
  }

  /// The network. It can be taken once.
  ascribe::Graph<Scalar> take() { return std::move(graph_); }

 private:
  using Vector = Eigen::Matrix<Scalar, Dynamic, 1>;
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>;
  using Node = ascribe::Node<Scalar>;

  static Vector vector(const layer::Numbers& numbers) {
    return Eigen::Map<const Eigen::VectorXd>(numbers.data(), Index(numbers.size())).template cast<Scalar>();
  }
  template <class M>
  static Node node_of(M map, const layer::Numbers& bias) {
    return Node(ascribe::MatMul(std::move(map), vector(bias)));
  }

  Node made(const layer::MatMul& l) const {
    return std::visit([&](const auto& map) { return made(map, l.bias); }, l.map);
  }
  Node made(const layer::Function& l) const {
    return std::visit([&](const auto& f) { return made(f); }, l);
  }
  Node made(const layer::PlainFunction& l) const {
    return std::visit([](const auto& f) { return Node(Elementwise(f)); }, l);
  }
  Node made(const fn::Prelu<double>& f) const { return Node(Elementwise(fn::Prelu<Scalar>(f.slopes()))); }
  Node made(const fn::PowerByFeature<double>& f) const {
    return Node(Elementwise(fn::PowerByFeature<Scalar>(f.exponents())));
  }
  Node made(const layer::Max& l) const {
    return std::visit([](const auto& windows) { return Node(ascribe::Max(windows)); }, l.windows);
  }
  Node made(const kind::Product& l) const { return Node(l); }
  Node made(const kind::Softmax& l) const { return Node(l); }

  // --- Linear maps -------------------------------------------------------------------------------

  Node made(const layer::Dense& l, const layer::Numbers& bias) const {
    if (l.positions == 1) {
      auto weights = columns_of(l);
      scale_rows(l, weights);
      return node_of(map::StoredDense<Scalar>(map::StoredMatrix<Scalar>(std::move(weights))), bias);
    }
    Matrix weights(l.weights.dims()[0], l.weights.dims()[1]);
    l.weights.copy_to(std::span<Scalar>(weights.data(), std::size_t(weights.size())));
    if (l.transposed) weights = transposed(weights);
    scale_rows(l, weights);
    const Spatial line{.input = {1, l.positions}};
    const std::span<const Scalar> packed(weights.data(), std::size_t(weights.size()));
    map::Convolution<Scalar> everywhere(line, weights.cols(), weights.rows(), packed);
    return node_of(map::WithRole(std::move(everywhere), map::Role::dense, "Dense at every position"), bias);
  }
  static void scale_rows(const layer::Dense& l, auto& weights) {
    for (std::size_t o = 0; o < l.scale.size(); ++o)
      if (l.scale[o] != 1) weights.row(Index(o)) *= Scalar(l.scale[o]);
  }

  /// Outputs × inputs, an input's weights one behind the other, as a file has them that is `transposed`. Of
  /// another's rows a few lie in memory twice, whose lines stay in the cache.
  static typename map::StoredMatrix<Scalar>::Matrix columns_of(const layer::Dense& l) {
    l.weights.bytes();  // whether there are any, before memory is asked for
    typename map::StoredMatrix<Scalar>::Matrix weights(l.outputs(), l.inputs());
    if (l.transposed) {
      l.weights.copy_to(std::span<Scalar>(weights.data(), std::size_t(weights.size())));
      return weights;
    }
    constexpr Index side = 32;
    const Index inputs = weights.cols(), parts = (weights.rows() + side - 1) / side;
    const auto turn = [&](Index, Index part) {
      const Index first = part * side, count = std::min(side, weights.rows() - first);
      Matrix rows(count, inputs);
      l.weights.copy_to(std::span<Scalar>(rows.data(), std::size_t(rows.size())),
                        std::size_t(first * inputs));
      for (Index c = 0; c < inputs; c += side) {
        const Index columns = std::min(side, inputs - c);
        weights.block(first, c, count, columns) = rows.block(0, c, count, columns);
      }
    };
    if (l.weights.template lies_as<Scalar>())  // nothing throws
      each_part(1, parts, side * inputs, turn);
    else
      for (Index part = 0; part < parts; ++part) turn(0, part);
    return weights;
  }

  /// By squares, whose lines stay in the cache, by all threads.
  static Matrix transposed(const Matrix& from) {
    constexpr Index side = 32;
    Matrix to(from.cols(), from.rows());
    each_part(1, (from.cols() + side - 1) / side, side * from.rows(), [&](Index, Index part) {
      const Index first = part * side, columns = std::min(side, from.cols() - first);
      for (Index r = 0; r < from.rows(); r += side) {
        const Index rows = std::min(side, from.rows() - r);
        to.block(first, r, columns, rows) = from.block(r, first, rows, columns).transpose();
      }
    });
    return to;
  }

  map::Products products_of(const layer::Convolution& l) const {
    return l.aggregation ? map::Products::direct : products_;
  }
  Node made(const layer::Convolution& l, const layer::Numbers& bias) const {
    std::vector<Scalar> weights = l.weights.template values<Scalar>();
    scale_channels(l, weights);
    map::Convolution<Scalar> map(l.geometry, l.channels, l.filters, weights, l.groups, products_of(l));
    if (l.aggregation)
      return images(l, map::WithRole(std::move(map), map::Role::aggregation, l.aggregation), bias);
    if (l.transposed) return images(l, map::Transposed(std::move(map)), bias);
    return images(l, std::move(map), bias);
  }
  template <class M>
  Node images(const layer::Convolution& l, M map, const layer::Numbers& bias) const {
    if (l.images == 1) return node_of(std::move(map), bias);
    return node_of(map::Repeated(std::move(map), l.images), bias);
  }
  static void scale_channels(const layer::Convolution& l, std::vector<Scalar>& weights) {
    const std::size_t taps = std::size_t(l.geometry.kernel_taps()),
                      channels = std::size_t(l.channels / l.groups),
                      filters = std::size_t(l.filters / l.groups);
    for (std::size_t o = 0; o < l.scale.size(); ++o) {
      const Scalar scale = Scalar(l.scale[o]);
      const auto multiply = [&](std::size_t first, std::size_t count) {
        for (std::size_t i = first; i < first + count; ++i) weights[i] *= scale;
      };
      if (l.scale[o] == 1) continue;
      if (!l.transposed) {
        multiply(o * channels * taps, channels * taps);
        continue;
      }
      const std::size_t group = o / channels, channel = o % channels;
      for (std::size_t f = group * filters; f < (group + 1) * filters; ++f)
        multiply((f * channels + channel) * taps, taps);
    }
  }

  Node made(const layer::Sum& l, const layer::Numbers& bias) const {
    return node_of(map::Sum<Scalar>(l.branches, l.size, Scalar(l.weight)), bias);
  }
  Node made(const layer::AveragePool& l, const layer::Numbers& bias) const {
    return node_of(map::AveragePool<Scalar>(l.geometry, l.channels, l.counted), bias);
  }
  Node made(const layer::Sparse& l, const layer::Numbers& bias) const {
    std::vector<Eigen::Triplet<Scalar, Index>> entries;
    entries.reserve(l.entries.size());
    for (const auto& [output, input, weight] : l.entries) entries.emplace_back(output, input, Scalar(weight));
    Eigen::SparseMatrix<Scalar> weights(l.outputs, l.inputs);
    weights.setFromTriplets(entries.begin(), entries.end());
    map::Sparse<Scalar> map(std::move(weights));
    if (!l.aggregation) return node_of(std::move(map), bias);
    return node_of(map::WithRole(std::move(map), map::Role::aggregation, l.aggregation), bias);
  }
  Node made(const layer::Selection& l, const layer::Numbers& bias) const {
    return node_of(map::Selection<Scalar>(l.inputs, l.sources), bias);
  }
  Node made(const layer::ChannelScale& l, const layer::Numbers& bias) const {
    return node_of(map::ChannelScale<Scalar>(l.size, vector(l.factors)), bias);
  }

  ascribe::Graph<Scalar> graph_;
  map::Products products_;
};

#ifdef ASCRIBE_COMPILED
extern template class GraphBuilder<float>;
extern template class GraphBuilder<double>;
#endif

}  // namespace ascribe::onnx
