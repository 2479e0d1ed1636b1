/// What moves weights along their gradient.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>

namespace ascribe::train {

/// A block of numbers that are trained, and the derivative of the loss by them. An optimiser is anything that
/// is called with a std::span of these, at every step the same blocks in the same order, and changes
/// `values`: a host's own may take the place of those below.
template <class Scalar>
struct Parameter {
  std::span<Scalar> values;          ///< changed by a step
  std::span<const Scalar> gradient;  ///< of the loss, by each
  bool decays = true;  ///< whether weight decay is for these: weights, but not biases
};

namespace detail {

/// Throws Error unless the blocks are those that the state was made for; makes it at the first step.
template <class Scalar>
void fit_state(const char* who, std::span<const Parameter<Scalar>> parameters,
               std::vector<std::vector<Scalar>>& state) {
  if (state.empty())
    for (const auto& block : parameters) state.emplace_back(block.values.size(), Scalar(0));
  if (state.size() != parameters.size())
    fail(who, ": expected the ", state.size(), " blocks of the first step, found ", parameters.size());
  for (std::size_t k = 0; k < state.size(); ++k) {
    const auto& block = parameters[k];
    if (block.values.size() != state[k].size() || block.gradient.size() != state[k].size())
      fail(who, ": block ", k, ": expected ", state[k].size(), " values and derivatives, found ",
           block.values.size(), " and ", block.gradient.size());
  }
}

inline void check_at_least_0(const char* who, const char* name, double value) {
  if (!(value >= 0 && std::isfinite(value))) fail(who, ": expected ", name, " of at least 0, found ", value);
}
inline void check_below_1(const char* who, const char* name, double value) {
  if (!(value >= 0 && value < 1)) fail(who, ": expected ", name, " in [0, 1), found ", value);
}

}  // namespace detail

/// Gradient descent with momentum: v ← μ·v + g, w ← w − η·v, behind the decoupled weight decay w ← w − η·λ·w
/// (Loshchilov & Hutter 1711.05101, algorithm 1). With λ = 0 it is torch.optim.SGD; that one's own
/// `weight_decay` is added to the gradient instead, so that momentum acts on it.
template <class Scalar>
struct Sgd {
  double rate = 0.01;                              ///< η
  double momentum = 0;                             ///< μ
  double weight_decay = 0;                         ///< λ
  std::vector<std::vector<Scalar>> velocity = {};  ///< v, block by block: with the weights, all of its state

  /// Calls f with each part of the state: lists of blocks, and whole numbers.
  template <class Self, class F>
  static void each_state(Self& self, F&& f) {
    f(self.velocity);
  }

  /// One step. Throws Error for a parameter out of range, and blocks that are not the first step's.
  void operator()(std::span<const Parameter<Scalar>> parameters) {
    detail::check_at_least_0("Sgd", "a rate", rate);
    detail::check_at_least_0("Sgd", "a weight decay", weight_decay);
    detail::check_below_1("Sgd", "a momentum", momentum);
    detail::fit_state("Sgd", parameters, velocity);
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      const auto& block = parameters[k];
      const Scalar eta = Scalar(rate), mu = Scalar(momentum),
                   kept = Scalar(block.decays ? 1 - rate * weight_decay : 1);
      Scalar *w = block.values.data(), *v = velocity[k].data();
      const Scalar* g = block.gradient.data();
      each_piece(Index(block.values.size()), 1, [&](Index, Index first, Index width) {
        for (Index i = first; i < first + width; ++i) {
          v[i] = mu * v[i] + g[i];
          w[i] = kept * w[i] - eta * v[i];
        }
      });
    }
  }
};

/// Adam (Kingma & Ba 1412.6980, algorithm 1): m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², and with both
/// corrected for their start at 0, m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), w ← w − η·m̂/(√v̂ + ε), behind the
/// decoupled weight decay w ← w − η·λ·w (Loshchilov & Hutter 1711.05101, algorithm 2): torch.optim.AdamW.
template <class Scalar>
struct Adam {
  double rate = 0.001;                                       ///< η
  double beta1 = 0.9;                                        ///< β₁
  double beta2 = 0.999;                                      ///< β₂
  double epsilon = 1e-8;                                     ///< ε
  double weight_decay = 0;                                   ///< λ
  /// The moments m and v, block by block.
  std::vector<std::vector<Scalar>> first = {}, second = {};
  std::int64_t steps = 0;                                    ///< t: with m and v, all of its state

  /// Calls f with each part of the state: lists of blocks, and whole numbers.
  template <class Self, class F>
  static void each_state(Self& self, F&& f) {
    f(self.first);
    f(self.second);
    f(self.steps);
  }

  /// One step. Throws Error for a parameter out of range, and blocks that are not the first step's.
  void operator()(std::span<const Parameter<Scalar>> parameters) {
    detail::check_at_least_0("Adam", "a rate", rate);
    detail::check_at_least_0("Adam", "a weight decay", weight_decay);
    detail::check_below_1("Adam", "a beta1", beta1);
    detail::check_below_1("Adam", "a beta2", beta2);
    if (!(epsilon > 0 && std::isfinite(epsilon))) fail("Adam: expected an epsilon above 0, found ", epsilon);
    detail::fit_state("Adam", parameters, first);
    detail::fit_state("Adam", parameters, second);
    ++steps;
    const double one = 1 - std::pow(beta1, double(steps)), two = 1 - std::pow(beta2, double(steps));
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      const auto& block = parameters[k];
      const Scalar b1 = Scalar(beta1), new1 = Scalar(1 - beta1), b2 = Scalar(beta2), new2 = Scalar(1 - beta2),
                   eta = Scalar(rate / one), root = Scalar(1 / std::sqrt(two)), eps = Scalar(epsilon),
                   kept = Scalar(block.decays ? 1 - rate * weight_decay : 1);
      // Several at once: the root sets errno in the standard library's, which keeps it out of registers.
      const auto move = [&]<int Width>(std::integral_constant<int, Width>, std::size_t i) {
        using Several = Eigen::Array<Scalar, Width, 1>;
        Eigen::Map<Several> w(&block.values[i]), m(&first[k][i]), v(&second[k][i]);
        const Eigen::Map<const Several> g(&block.gradient[i]);
        m = b1 * m + new1 * g;
        v = b2 * v + new2 * g * g;
        w = kept * w - eta * m / (v.sqrt() * root + eps);
      };
      each_piece(Index(block.values.size()), 1, [&](Index, Index begin, Index width) {
        std::size_t i = std::size_t(begin);
        const std::size_t end = i + std::size_t(width);
        for (; i + 16 <= end; i += 16) move(std::integral_constant<int, 16>(), i);
        for (; i < end; ++i) move(std::integral_constant<int, 1>(), i);
      });
    }
  }
};

}  // namespace ascribe::train
