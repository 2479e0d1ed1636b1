#include "examples/support/page_values.hpp"

#include <cstddef>
#include <numeric>

namespace examples {

PageValues page_values(const std::vector<double>& values, const Shape& shape,
                       const std::optional<ImageLayout>& layout) {
  PageValues shown;
  if (layout) {
    shown.height = static_cast<std::size_t>(layout->format.height);
    shown.width = static_cast<std::size_t>(layout->format.width);
    shown.picture = picture_of(values, layout->format, layout->order);
  } else {
    shown.width = shape.empty() ? 1 : static_cast<std::size_t>(shape.back());
    shown.height = static_cast<std::size_t>(count_of(shape)) / shown.width;
  }
  return shown;
}

std::vector<double> by_pixels(const ImageLayout& layout, const std::vector<double>& relevance) {
  const auto channels = static_cast<std::size_t>(layout.format.channels);
  const std::size_t pixels = relevance.size() / channels;
  if (layout.order != ImageOrder::chw) return relevance;
  std::vector<double> result(relevance.size());
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t p = 0; p < pixels; ++p) result[p * channels + c] = relevance[c * pixels + p];
  return result;
}

std::vector<double> relevance_of_pixels(const std::optional<ImageLayout>& layout,
                                        const std::vector<double>& relevance, bool occluded) {
  if (!layout) return relevance;
  return relevance_of_rows(by_pixels(*layout, relevance), layout->format.channels, occluded);
}

std::vector<double> relevance_of_rows(const std::vector<double>& relevance, Index width, bool occluded) {
  std::vector<double> sums;
  for (auto first = relevance.begin(); first != relevance.end(); first += width)
    sums.push_back(std::accumulate(first, first + width, 0.0) /
                   (occluded ? static_cast<double>(width) : 1.0));
  return sums;
}

}  // namespace examples
