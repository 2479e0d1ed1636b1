/// What the programs' command lines say of a model, and what the library says of it in their words.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/io/onnx/model.hpp"

namespace examples {

/// What the library says of its options, in the words of the command line.
std::string in_options(std::string said);

/// Throws ascribe::Error where --size names no axis that the model leaves open.
void check_sizes(const ascribe::onnx::Model& model, const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, ascribe::Index>>& sizes);

/// A number that stands for a model: the content of its file, and of its weights, wherever those lie.
/// Throws ascribe::Error where the file cannot be read.
std::string fingerprint_of_model(const ascribe::onnx::Model& model, const std::filesystem::path& file);

}  // namespace examples
