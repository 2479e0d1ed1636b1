/// The command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/core/types.hpp"
#include "ascribe/evaluate/perturbation.hpp"
#include "examples/support/classifier.hpp"
#include "examples/support/methods.hpp"

namespace judge {

using namespace examples;
using ascribe::Index;

struct Options : ClassifierOptions {
  std::filesystem::path vocabulary;  ///< INPUT are texts then
  bool keep_case = false;            ///< capitals and accents of texts stay
  std::vector<const Method*> methods;
  bool all_methods = true;  ///< those that the network has no layer for are left out then
  std::string layer;        ///< the node that class activation maps are made of; empty: it is chosen
  std::string baseline = "zero", replacement;  ///< no replacement: noise for images, else zero
  double blur = 0;                             ///< the deviation in pixels; 0: a sixteenth of the image
  std::vector<Index> region;                   ///< height and width; none: by the input's shape
  ascribe::evaluate::Perturbation how;         ///< with `by_shape`, its steps are not said yet
  bool by_shape = true;
  bool least_first = true, random = true;         ///< besides most relevant first
  std::vector<std::pair<Index, Index>> erasures;  ///< classes: from the first to the second
  Index sanity = 100;                             ///< how many inputs are explained with random weights, too
  Index page_inputs = 6;  ///< how many inputs the page shows

  std::vector<std::filesystem::path> read() const {
    std::vector<std::filesystem::path> all = ClassifierOptions::read();
    for (const std::filesystem::path& path :
         {vocabulary, std::filesystem::path(baseline), std::filesystem::path(replacement)})
      all.push_back(path);
    return all;
  }
};

/// What came of a command line: options, or the exit code with which to stop (everything has been said).
struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
};
Parsed parse(int argc, char** argv, bool of_job);

}  // namespace judge
