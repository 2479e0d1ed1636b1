/// Layers as the reader describes them: data without a Scalar, of which a Builder makes layers of its own.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ascribe/core/spatial.hpp"
#include "ascribe/core/types.hpp"
#include "ascribe/functions/abs.hpp"
#include "ascribe/functions/celu.hpp"
#include "ascribe/functions/clip.hpp"
#include "ascribe/functions/elu.hpp"
#include "ascribe/functions/erf.hpp"
#include "ascribe/functions/exponential.hpp"
#include "ascribe/functions/gelu.hpp"
#include "ascribe/functions/hard_sigmoid.hpp"
#include "ascribe/functions/hard_swish.hpp"
#include "ascribe/functions/hyperbolic.hpp"
#include "ascribe/functions/leaky_relu.hpp"
#include "ascribe/functions/mish.hpp"
#include "ascribe/functions/power.hpp"
#include "ascribe/functions/prelu.hpp"
#include "ascribe/functions/relu.hpp"
#include "ascribe/functions/rounding.hpp"
#include "ascribe/functions/scale.hpp"
#include "ascribe/functions/selu.hpp"
#include "ascribe/functions/shrink.hpp"
#include "ascribe/functions/sigmoid.hpp"
#include "ascribe/functions/silu.hpp"
#include "ascribe/functions/softplus.hpp"
#include "ascribe/functions/softsign.hpp"
#include "ascribe/functions/step.hpp"
#include "ascribe/functions/swish.hpp"
#include "ascribe/functions/tanh.hpp"
#include "ascribe/functions/trigonometric.hpp"
#include "ascribe/io/onnx/tensor.hpp"
#include "ascribe/layers/product.hpp"
#include "ascribe/layers/softmax.hpp"
#include "ascribe/maps/linear_map.hpp"
#include "ascribe/windows/branches.hpp"
#include "ascribe/windows/pool.hpp"
#include "ascribe/windows/table.hpp"

namespace ascribe::onnx::layer {

/// Numbers that are not read from the file as they are: biases, factors. What is as large as weights stays a
/// Tensor, which holds the file's own bytes.
using Numbers = std::vector<double>;

/// map::Dense, at every one of so many positions, whose features lie one behind the other.
struct Dense {
  Tensor weights;           ///< outputs × inputs; inputs × outputs where `transposed`
  bool transposed = false;  ///< whether the file has inputs × outputs
  Numbers scale = {};       ///< a factor for each output; empty: none
  Index positions = 1;      ///< at so many, with the same weights

  /// Of one position.
  Index outputs() const { return weights.dims()[transposed ? 1 : 0]; }
  /// Of one position.
  Index inputs() const { return weights.dims()[transposed ? 0 : 1]; }
};

/// map::Convolution, or where `transposed` the way back: from its filters to its channels.
struct Convolution {
  Spatial geometry;  ///< how the window slides over the channels' image
  /// Sizes, and into how many groups they are divided.
  Index channels, filters, groups = 1;
  Tensor weights;                     ///< filters × channels/groups × taps
  Numbers scale = {};                 ///< a factor for each channel of what the layer gives; empty: none
  bool transposed = false;            ///< whether it is the way back
  Index images = 1;                   ///< so many, one behind the other, are one sample
  const char* aggregation = nullptr;  ///< what it is called where its weights are no learned ones
};

/// map::Sum.
struct Sum {
  /// How many values are added up, and the features of each.
  Index branches, size;
  double weight = 1;  ///< what each counts
};

/// map::AveragePool.
struct AveragePool {
  Spatial geometry;   ///< how the window slides
  Index channels;     ///< of the image
  Pads counted = {};  ///< as much of the padding counts
};

/// map::Sparse.
struct Sparse {
  /// A weight that is not 0.
  struct Entry {
    /// From which input to which output.
    Index output, input;
    double weight;  ///< its number
  };
  /// Sizes.
  Index outputs, inputs;
  std::vector<Entry> entries;         ///< those of one place add up
  const char* aggregation = nullptr;  ///< what it is called where its weights are no learned ones
};

/// map::Selection: output j is input sources[j], or 0 where that is −1.
struct Selection {
  Index inputs;                ///< how many there are
  std::vector<Index> sources;  ///< for each output, −1 for 0
};

/// map::ChannelScale.
struct ChannelScale {
  Index size;       ///< features
  Numbers factors;  ///< one period of them
};

/// A linear map and its bias.
struct MatMul {
  std::variant<Dense, Convolution, Sum, AveragePool, Sparse, Selection, ChannelScale> map;  ///< the map
  Numbers bias = {};  ///< one for each output, or one period of them; empty: none
};

/// The functions whose parameters, if any, are numbers: all that the reader knows but those of `Function`.
/// They are copied as bytes, for which compilers make no code by kind.
using PlainFunction =
    std::variant<fn::Abs, fn::Acos, fn::Acosh, fn::Asin, fn::Asinh, fn::Atan, fn::Atanh, fn::Ceil, fn::Celu,
                 fn::Clip, fn::Cos, fn::Cosh, fn::Elu, fn::Erf, fn::Exp, fn::Floor, fn::IsNotNegative,
                 fn::IsPositive, fn::IsZero, fn::Gated<fn::HardSigmoid>, fn::Gelu, fn::GeluTanh,
                 fn::HardSigmoid, fn::HardSwish, fn::LeakyRelu, fn::Log, fn::Mish, fn::Power, fn::Reciprocal,
                 fn::Relu, fn::Relu6, fn::Round, fn::Scale, fn::Selu, fn::Shrink, fn::Sigmoid, fn::Sign,
                 fn::Silu, fn::Sin, fn::Sinh, fn::Softplus, fn::Softsign, fn::Sqrt, fn::Swish, fn::Tan,
                 fn::Tanh, fn::ThresholdedRelu>;
static_assert(std::is_trivially_copyable_v<PlainFunction>);

/// Every function that the reader knows. Those with parameters by feature are held as double's.
using Function = std::variant<PlainFunction, fn::PowerByFeature<double>, fn::Prelu<double>>;

/// A maximum.
struct Max {
  std::variant<window::Branches, window::Pool, window::Table> windows;  ///< what is compared
};

/// A layer of any kind that the reader makes.
using Layer = std::variant<MatMul, Function, Max, kind::Product, kind::Softmax>;

}  // namespace ascribe::onnx::layer
