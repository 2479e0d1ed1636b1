/// Numbers and parameters as text, for messages and descriptions.
#pragma once

#include <charconv>
#include <string>
#include <vector>

namespace ascribe {

/// The shortest text that reads back as the same number, in every locale.
/// Example: `to_text(1e-6) == "1e-06"`.
inline std::string to_text(double value) {
  char text[32];  // the longest is -2.2250738585072014e-308
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// A few numbers in full, and of many the first ones and how many there are.
/// Example: `to_text(std::vector{1.0, 2.5}) == "[1 2.5]"`.
inline std::string to_text(const std::vector<double>& values) {
  constexpr std::size_t shown = 4;
  if (values.size() == 1) return to_text(values[0]);
  std::string text = "[";
  for (std::size_t k = 0; k < values.size() && k < shown; ++k) text += (k ? " " : "") + to_text(values[k]);
  if (values.size() > shown) text += " ... " + std::to_string(values.size()) + " numbers";
  return text + "]";
}

/// A rule's parameters, of those that it lists in `each_parameter`.
/// Example: `parameters_text(rule::Gamma{}) == "gamma 0.25, epsilon 1e-06"`.
template <class Rule>
std::string parameters_text([[maybe_unused]] const Rule& rule) {
  std::string text;
  if constexpr (requires { Rule::each_parameter([](const char*, auto) {}); })
    Rule::each_parameter([&](const char* name, auto parameter) {
      text += (text.empty() ? "" : ", ") + std::string(name) + " " + to_text(rule.*parameter);
    });
  return text;
}

}  // namespace ascribe
