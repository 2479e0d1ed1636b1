#include "examples/explain/target.hpp"

#include <charconv>
#include <stdexcept>

#include "ascribe/core/error.hpp"

namespace explain {
namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument(
      "expected numbers counted from 0, K, A-B with B not below A, K-vs-L or [I,A:B,...], with commas "
      "between, found '" +
      std::string(text) + "'");
}

/// The whole number that `text` is; refuses `whole` where it is none.
Index number(std::string_view text, std::string_view whole) {
  Index value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty() || value < 0) refuse(whole);
  return value;
}

/// Calls each(part) for what stands between commas outside of brackets.
template <class Each>
void each_part(std::string_view text, const Each& each) {
  std::size_t first = 0;
  bool inside = false;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] == '[') inside = true;
    if (at < text.size() && text[at] == ']') inside = false;
    if (at < text.size() && (inside || text[at] != ',')) continue;
    each(text.substr(first, at - first));
    first = at + 1;
  }
}

}  // namespace

double Goal::value(const std::vector<double>& outputs) const {
  double sum = 0;
  for (const auto& [output, weight] : terms) sum += weight * outputs[static_cast<std::size_t>(output)];
  return sum;
}

Target::Target(std::string_view text) : text_(text) {
  const std::string_view versus = "-vs-";
  if (const std::size_t middle = text.find(versus); middle != std::string_view::npos) {
    const Index more = number(text.substr(0, middle), text);
    less_ = number(text.substr(middle + versus.size()), text);
    if (more == *less_) refuse(text);
    region_.push_back({more, more + 1});
  } else if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    by_axes_ = true;
    each_part(text.substr(1, text.size() - 2), [&](std::string_view axis) {
      const std::size_t colon = axis.find(':');
      if (colon == std::string_view::npos) {
        const Index at = number(axis, text);
        region_.push_back({at, at + 1});
        return;
      }
      Range range;
      if (colon > 0) range.first = number(axis.substr(0, colon), text);
      if (colon + 1 < axis.size()) range.end = number(axis.substr(colon + 1), text);
      if (range.end && *range.end <= range.first) refuse(text);
      region_.push_back(range);
    });
  } else if (const std::size_t dash = text.find('-'); dash != std::string_view::npos && dash > 0) {
    const Index first = number(text.substr(0, dash), text), last = number(text.substr(dash + 1), text);
    if (last < first) refuse(text);
    region_.push_back({first, last + 1});
  } else {
    const Index at = number(text, text);
    region_.push_back({at, at + 1});
  }
}

std::optional<Index> Target::output() const {
  if (by_axes_ || less_ || *region_[0].end != region_[0].first + 1) return std::nullopt;
  return region_[0].first;
}

Goal Target::of(const std::vector<Index>& shape) const {
  Goal goal{text_, {}};
  Index count = 1;
  for (const Index size : shape) count *= size;
  if (!by_axes_) {
    Index last = *region_[0].end - 1;
    if (less_ && *less_ > last) last = *less_;
    if (last >= count)
      ascribe::fail("--target: expected targets in [0, ", count, "), found ", last,
                    output() ? "" : " in " + text_);
    for (Index k = region_[0].first; k < *region_[0].end; ++k) goal.terms.emplace_back(k, 1);
    if (less_) goal.terms.emplace_back(*less_, -1);
    return goal;
  }
  std::string axes;
  for (const Index size : shape) axes += (axes.empty() ? "" : ", ") + std::to_string(size);
  bool fits = region_.size() == shape.size();
  for (std::size_t axis = 0; fits && axis < shape.size(); ++axis)
    fits = region_[axis].first < shape[axis] && region_[axis].end.value_or(shape[axis]) <= shape[axis];
  if (!fits) ascribe::fail("--target: expected a region of the outputs' axes (", axes, "), found ", text_);
  goal.terms.emplace_back(0, 1);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    std::vector<std::pair<Index, double>> finer;
    for (const auto& [before, weight] : goal.terms)
      for (Index i = region_[axis].first; i < region_[axis].end.value_or(shape[axis]); ++i)
        finer.emplace_back(before * shape[axis] + i, weight);
    goal.terms = std::move(finer);
  }
  return goal;
}

std::vector<Target> targets_in(std::string_view text) {
  std::vector<Target> found;
  each_part(text, [&](std::string_view part) { found.emplace_back(part); });
  return found;
}

Goal weighted(std::string text, const std::vector<double>& weights) {
  Goal goal{std::move(text), {}};
  for (std::size_t k = 0; k < weights.size(); ++k)
    if (weights[k] != 0) goal.terms.emplace_back(static_cast<Index>(k), weights[k]);
  return goal;
}

}  // namespace explain
