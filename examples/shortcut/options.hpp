/// The command line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "examples/shortcut/protocol.hpp"

namespace shortcut {

struct Options {
  std::filesystem::path data = "examples/data", clothes = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path protocol;  ///< by default shortcut.json of `data`
  bool full = false;
  std::vector<std::string> tasks, networks, losses;  ///< of the blocks, only these; none: all
  std::vector<double> factors;
  std::vector<std::uint64_t> seeds;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::filesystem::path results, csv, json, picture;
};

/// What came of a command line: options, or the exit code with which to stop (everything has been said).
struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
};
Parsed parse(int argc, char** argv);

/// The runs that are asked for. Throws ascribe::Error for a name, factor or seed that no block has.
std::vector<Run> chosen_runs(const Options& options, const Protocol& protocol);

}  // namespace shortcut
