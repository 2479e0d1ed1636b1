/// The methods that the program offers, and which options each of them takes.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace examples {

/// Rules of maxima that a method can be told to take.
enum class MaxRules { none, of_outputs, of_differences };

struct Method {
  std::string_view name;
  std::string_view summary;
  bool epsilon = false;
  bool box = false;  ///< --gamma, --low and --high
  bool baseline = false;
  bool multipliers = false;  ///< relevance is the input, or its difference from the baseline, times something
  MaxRules max_rules = MaxRules::none;
  bool by_rules = true;  ///< one pass of rules, so that there are books for each layer
  int steps = 0;         ///< of a mean of gradients, how many it is taken of; 0: it is none
  bool books = true;     ///< relevance is conserved, and the books say where it went
  bool parts = false;    ///< --patch, --stride and --segments
  bool layer = false;    ///< --layer
};

/// All of them, as --list-methods shows them.
std::span<const Method> methods();

/// The method of that name, or null.
const Method* find_method(std::string_view name);

/// What is to be said of a method of a box where the network has no layer for that.
inline constexpr const char* no_box =
    "epsilon_gamma_box: the first layer with learned weights is no convolution, so that no layer has a box; "
    "--low and --high count for nothing";

/// What --max-rule may be for a method, with commas between.
std::string_view names_of(MaxRules rules);

}  // namespace examples
