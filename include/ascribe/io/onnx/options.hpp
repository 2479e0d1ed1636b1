/// How a model is to be read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

/// What of a model is read, and how.
struct ReadOptions {
  /// Whether axis 0 of every input is the batch, whatever size the file gives it. Otherwise a whole tensor is
  /// one sample. A model that mixes samples, or hides their axis among others, is read for a batch of one.
  bool batched = true;
  /// Values that are to be the network's outputs, by their names in the file, inner ones too, or the file's
  /// outputs by their number ("1" is the second, unless a value is named so); none: the file's outputs. What
  /// they do not depend on is not read.
  std::vector<std::string> outputs = {};
  /// Whether probabilities at a network's end (Softmax, LogSoftmax, Sigmoid) and what is chosen by them
  /// (ArgMax, TopK) are left out, so that the outputs are the scores before them; a note says so.
  bool scores = true;
  /// Whether parallel convolutions, identities and batch normalisations of one value that end in a sum become
  /// one convolution (branches.hpp); a note says which.
  bool merge_branches = true;
  /// Sizes of axes that the file leaves open, by their name in the file ("height"), or where they have
  /// none by the input's and their number ("x[2]"); the batch needs none.
  std::map<std::string, Index> sizes = {};
  /// The same by an input's name: all of its sizes, the batch's included, which counts for nothing.
  std::map<std::string, Dims> shapes = {};
  /// Inputs that are constants: files often give weights as inputs. By the input's name.
  std::map<std::string, Tensor> constants = {};
  /// Which of these are whole numbers that choose rows of tables (token ids). What they choose is explained: the
  /// rows are an input of the network, named as the file names them, whose Port has their values. The numbers
  /// are one sample's.
  std::vector<std::string> lookups = {};
  /// How many bytes may be asked for beyond sixteen for each byte of the model's tensors: a file of a hundred
  /// bytes can state sizes of terabytes. Counted, and never given back, are constants that are computed,
  /// every reading of a constant, the tables of layers, and the values of one sample's forward pass. What is
  /// counted takes time too, so that this bounds how long loading takes.
  std::uint64_t memory = std::uint64_t(8) << 30;
  /// Whether convolutions get faster products that round more (map::Products::winograd), for about five times
  /// the memory where they do. Gradients and their like take them, in the forms Q and Delta.
  bool winograd = false;
};

}  // namespace ascribe::onnx
