/// Reads ONNX files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "ascribe/core/linkage.hpp"
#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

/// What `parse` and `read` accept.
struct ParseOptions {
  /// Before operator set 7, Add and its like broadcast by an attribute, and several operators meant training.
  Index oldest_opset = 7;
  /// How many bytes the nodes may take that calls of the model's own functions become, tensors apart: ten
  /// functions that each call the next ten times would be ten billion nodes.
  std::uint64_t memory = std::uint64_t{64} << 20;
};

/// The model in `bytes`, a serialised ModelProto. Its tensors' values stay where they are in `bytes` wherever
/// the file has them as they lie in memory: the bytes must outlive the model, unless `owner` keeps them.
/// External data are read from files inside `folder`, the model's; without one they are an Error.
///
/// Nothing that the file says is believed before it is checked: after this, every initializer's and every
/// attribute's values have the number that the shape says, every name is defined once, every input of a node
/// is a value of the graph, and nodes stand in an order in which they can be run (their own order, where that
/// is one). The operator of a node of another domain than the standard one has the domain before its name.
/// A node that calls one of the model's own functions has given way to the function's nodes. What is wrong
/// inside a sub-graph is said where the sub-graph is needed (Subgraph::fault). Throws Error, naming the node
/// or tensor, for a file that is cut short or malformed, for IR versions below 3, opsets below 7, sparse
/// initializers, values defined twice or never, cycles, external files outside the folder, functions that
/// call themselves or take too much, and inputs that are not tensors.
ASCRIBE_INLINE Model parse(std::span<const std::byte> bytes, const std::filesystem::path& folder = {},
                           const ParseOptions& options = {}, std::shared_ptr<const void> owner = nullptr);

/// The model in a file. Where the system can, the file is not read but mapped: its tensors' values are where
/// they are in the file, which nobody may shorten while a tensor of it lives. Throws what `parse` throws, the
/// path before it.
ASCRIBE_INLINE Model read(const std::filesystem::path& path, const ParseOptions& options = {});

/// The tensor in a file that holds nothing else, a serialised TensorProto: the inputs and outputs of ONNX's
/// own tests come so. External data are an Error.
ASCRIBE_INLINE Tensor read_tensor(const std::filesystem::path& path);

}  // namespace ascribe::onnx

#ifdef ASCRIBE_DEFINES
#include "ascribe/io/onnx/parse.hpp"
#endif
