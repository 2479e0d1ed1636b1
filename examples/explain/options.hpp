/// The command line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "examples/explain/methods.hpp"

namespace explain {

struct Options {
  std::filesystem::path model;
  std::vector<std::filesystem::path> inputs;
  const Method* method = nullptr;       ///< never null in what `parse` returns
  std::vector<std::ptrdiff_t> targets;  ///< none: each input's largest output
  std::ptrdiff_t top = 3;
  std::string baseline = "zero";
  std::string max_rule;
  double epsilon = 1e-6, gamma = 0.25;
  std::vector<double> low, high;  ///< none: what black and white are
  std::vector<double> mean = {0}, deviation = {1};
  std::filesystem::path labels;
  bool in_double = false;
  int threads = 1;
  std::filesystem::path relevance, ledger, output_values, heatmap;
  bool list_methods = false, describe = false;
};

/// What came of a command line: options, or the exit code with which to stop (everything has been said).
struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
};

/// Options that contradict each other, or that the method has no use for, are mistakes and not ignored.
Parsed parse(int argc, char** argv);

/// Whether a file is taken for .npy, by its name; any other is taken for an image.
bool is_npy(const std::filesystem::path& path);

}  // namespace explain
