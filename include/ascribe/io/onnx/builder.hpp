/// What the reader builds a network with, whatever its Scalar.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/layers.hpp"
#include "ascribe/networks/origin.hpp"

namespace ascribe::onnx {

/// A network in the making: a Graph of some Scalar (graph_builder.hpp). What it throws names no node of the
/// file: the reader adds that.
class Builder {
 public:
  virtual ~Builder() = default;

  /// An input of so many features, and its node. Inputs come before the layers.
  virtual Index input(std::string name, Index size, Dims shape) = 0;
  /// A layer that reads the values of `inputs`, and its node.
  virtual Index add(std::string name, const layer::Layer& layer, std::vector<Index> inputs, Dims shape,
                    Origin origin) = 0;
  /// The layer of the node `of` once more, on other values: its map, with the weights, stands once in memory.
  virtual Index add_again(std::string name, Index of, std::vector<Index> inputs, Dims shape,
                          Origin origin) = 0;
  /// Declares a node's value an output.
  virtual void output(Index node) = 0;
  /// The features of a node's value.
  virtual Index size(Index node) const = 0;

  /// The bytes of one value.
  virtual std::size_t scalar_bytes() const = 0;
  /// How many values the weights of a convolution take, in the order of both products. It may be more than an
  /// Index holds.
  virtual double held(const layer::Convolution& convolution) const = 0;

  /// Another network of the same Scalar.
  virtual std::unique_ptr<Builder> another() const = 0;
  /// The values of all outputs for one sample.
  virtual std::vector<std::vector<double>> run(std::span<const double> x) const = 0;
};

}  // namespace ascribe::onnx
