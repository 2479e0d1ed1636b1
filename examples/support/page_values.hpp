/// Inputs of a network and their relevances, as a page (page.hpp) shows them.
#pragma once

#include <optional>
#include <vector>

#include "examples/support/page.hpp"
#include "examples/support/samples.hpp"

namespace examples {

/// The sizes of what is shown of an input's values, and the picture where they are an image's; of other
/// values the last axis is the width, all others the height.
PageValues page_values(const std::vector<double>& values, const Shape& shape,
                       const std::optional<ImageLayout>& layout);

/// An image's relevances as H, W, C.
std::vector<double> by_pixels(const ImageLayout& layout, const std::vector<double>& relevance);

/// What each pixel of an image has got, the sum over its channels; of other inputs each value's. `occluded`:
/// the channels of a pixel have one number together, which each of them bears.
std::vector<double> relevance_of_pixels(const std::optional<ImageLayout>& layout,
                                        const std::vector<double>& relevance, bool occluded);

/// What each row of so many numbers has got, their sum. `occluded`: they have one number together, which each
/// of them bears.
std::vector<double> relevance_of_rows(const std::vector<double>& relevance, Index width, bool occluded);

}  // namespace examples
