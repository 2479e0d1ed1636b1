/// The command line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ascribe/evaluate/clustering.hpp"
#include "examples/support/classifier.hpp"
#include "examples/support/methods.hpp"

namespace groups {

using namespace examples;
using ascribe::Index;

struct Options : ClassifierOptions {
  const Method* method = nullptr;
  std::string baseline = "zero";
  std::vector<Index> classes;  ///< none: all that inputs are of
  std::vector<Index> pool;     ///< height and width of the pooled relevance; none: by the input's shape
  ascribe::evaluate::ClusterOptions how;
  double part = 0.5;   ///< of a group's excess that its region holds
  Index others = 500;  ///< inputs of other classes that get a group's region
  Index members = 6;   ///< typical ones that are shown

  /// What is read, some of which may be words that are no files.
  std::vector<std::filesystem::path> read() const {
    std::vector<std::filesystem::path> all = ClassifierOptions::read();
    all.emplace_back(baseline);
    return all;
  }
};

/// What came of a command line: options, or the exit code with which to stop (everything has been said).
struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
};
Parsed parse(int argc, char** argv, bool of_job);

}  // namespace groups
