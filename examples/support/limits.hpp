/// From where on programs warn of what an explanation's books say (audit.hpp).
#pragma once

namespace examples {

/// How many times the start may move before a program warns. Methods that spread relevance and do not make it
/// stay below: of EfficientNet-lite0's, guided backpropagation moves the most, 1,100 times the start.
inline constexpr double moved_limit = 1e4;
/// What the books may leave open of the start before a program warns, where it is no fault but the steps of
/// an integral or rounding of what moved inside.
inline constexpr double open_limit = 0.05;
/// How much of what a layer hands down may hang on rounding before `explain` says so (check::stability). Floats
/// stay below, of drawn weights too: ResNet-50's are at 0.0005 to 0.0008, VGG-16's at 0.00006.
inline constexpr double near_kink_limit = 1e-3;

}  // namespace examples
