/// The command line.
#pragma once

#include <filesystem>
#include <optional>

#include "examples/support/classifier.hpp"
#include "examples/support/methods.hpp"

namespace stream {

using namespace examples;
using ascribe::Index;

/// What raw frames are: bytes, from the top row, a pixel's channels together.
struct RawFormat {
  int width = 0, height = 0, channels = 0;
};

struct Options : ClassifierOptions {
  const Method* method = nullptr;
  std::string baseline = "zero";
  std::optional<RawFormat> raw;  ///< frames come on standard input
  std::size_t frames = 2000;     ///< behind the first
  std::optional<Index> target;   ///< none: each frame's largest output
  std::optional<double> budget;  ///< milliseconds for a frame
  std::size_t every = 0;         ///< what is written of each so manieth frame; 0: of the last
  std::filesystem::path heatmap, relevance;
  bool fail_on_allocation = false;

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
Parsed parse(int argc, char** argv);

}  // namespace stream
