/// The memory that evaluating constants may take.
#pragma once

#include <cstdint>

namespace ascribe::onnx {

/// What evaluation may still allocate for results and for what it makes on the way to them. A file of a
/// hundred bytes can ask for terabytes; ONNX's own tests ask for all of VGG-19's weights, 575 MB, by
/// ConstantOfShape.
struct Budget {
  std::uint64_t bytes = std::uint64_t{1} << 30;  ///< what is left
};

}  // namespace ascribe::onnx
