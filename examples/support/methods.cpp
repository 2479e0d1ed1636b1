#include "examples/support/methods.hpp"

#include <algorithm>
#include <array>

namespace examples {
namespace {

constexpr auto plain = MaxRules::of_outputs, differences = MaxRules::of_differences;

// clang-format off
constexpr std::array all{
    Method{"gradient", "the gradient (saliency)", false, false, false, true, plain},
    Method{"gradient_times_input", "gradient x input", false, false, false, true, plain},
    Method{"deconvnet", "deconvolution: ReLU applied to what comes from above", false, false, false, true, plain},
    Method{"guided_backprop", "the gradient, of what is positive at every function", false, false, false, true, plain},
    Method{"lrp", "LRP-epsilon", true, false, false, false, plain},
    Method{"lrp_q", "LRP divided by the activations: no stabiliser, one pass of products", false, false, false, true, plain},
    Method{"lrp_radial", "LRP-epsilon whose maxima share by size", true, false, false, false, plain},
    Method{"deep_lift", "DeepLIFT's Rescale, with a rule for maxima that closes", false, false, true, true, differences},
    Method{"deep_lift_reveal_cancel", "DeepLIFT's RevealCancel", false, false, true, false, MaxRules::none, false},
    Method{"epsilon_plus", "z+ for convolutions, epsilon for dense layers", true, false, false, false, plain},
    Method{"epsilon_plus_flat", "the same, flat at the first layer", true, false, false, false, plain},
    Method{"epsilon_alpha2_beta1", "alpha-beta for convolutions, epsilon for dense layers", true, false, false, false, plain},
    Method{"epsilon_alpha2_beta1_flat", "the same, flat at the first layer", true, false, false, false, plain},
    Method{"epsilon_gamma_box", "gamma for convolutions, epsilon for dense layers, box at the first", true, true, false, false, plain},
    Method{"excitation_backprop", "z+ for convolutions and dense layers", true, false, false, false, plain},
    Method{"attn_lrp", "AttnLRP: LRP divided by the activations, products of two shared evenly", false, false, false, true, plain},
    Method{"attn_lrp_gamma", "the same, gamma for convolutions and dense layers", true, false, false, true, plain},
    Method{"cp_lrp", "the same as attn_lrp, attention's weights being constants", false, false, false, true, plain},
    Method{"integrated_gradients", "the mean gradient from the baseline to the input, x difference", false, false, true, false, MaxRules::none, false, 64},
    Method{"smoothgrad", "the mean gradient of noisy inputs (a tenth of the range)", false, false, false, false, MaxRules::none, false, 50},
    Method{.name = "occlusion", .summary = "what the output loses without each part of the input", .baseline = true, .by_rules = false, .books = false, .parts = true},
    Method{.name = "grad_cam", .summary = "a layer's channels, weighted by their mean gradients", .by_rules = false, .books = false, .layer = true},
    Method{.name = "score_cam", .summary = "a layer's channels, weighted by what the output is where they are", .by_rules = false, .books = false, .layer = true},
};
// clang-format on

}  // namespace

std::span<const Method> methods() { return all; }

const Method* find_method(std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Method& m) { return m.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string_view names_of(MaxRules rules) {
  switch (rules) {
    case MaxRules::of_outputs:
      return "gradient, radial";
    case MaxRules::of_differences:
      return "gradient, winner, fold";
    case MaxRules::none:
      break;
  }
  return "";
}

}  // namespace examples
