/// Numbers and parameters as text, for messages and descriptions.
#pragma once

#include <charconv>
#include <initializer_list>
#include <string>
#include <utility>
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

/// What a rule's `parameters()` returns.
/// Example: `parameters_text({{"gamma", 0.25}, {"epsilon", 1e-6}}) == "gamma 0.25, epsilon 1e-06"`.
inline std::string parameters_text(std::initializer_list<std::pair<const char*, double>> parameters) {
  std::string text;
  for (const auto& [name, value] : parameters)
    text += (text.empty() ? "" : ", ") + std::string(name) + " " + to_text(value);
  return text;
}

}  // namespace ascribe
