/// What the library `ascribe::compiled` holds: the kernels, Graph and all that it takes from the library, for
/// float and double. With ASCRIBE_COMPILED, which its CMake target defines, a program that includes this (the
/// umbrella does) gets no such code of its own: what is not named here is compiled where it is used, as ever.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <ascribe/core/finish.hpp>
#include <ascribe/core/linkage.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/kernels/contraction.hpp>
#include <ascribe/kernels/dense_product.hpp>
#include <ascribe/kernels/depthwise.hpp>
#include <ascribe/kernels/image_product.hpp>
#include <ascribe/kernels/winograd.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sparse.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/derivative.hpp>
#include <ascribe/networks/graph.hpp>

/// Declares (`extern template`) or defines (`template`) them: two lists would part.
#define ASCRIBE_COMPILED_MAP(prefix, Scalar, ...)                  \
  prefix std::shared_ptr<const ascribe::map::AnyMap<Scalar>::Part> \
      ascribe::map::AnyMap<Scalar>::made<__VA_ARGS__>(__VA_ARGS__);
#define ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ...) \
  prefix ascribe::Composite<Scalar>& ascribe::Composite<Scalar>::add(ascribe::Matcher, __VA_ARGS__);
#define ASCRIBE_COMPILED_KERNELS(prefix, Scalar)                                                           \
  prefix void ascribe::kernel::multiply_few(const ascribe::kernel::MatrixView<Scalar>&, const Scalar*,     \
                                            Scalar*, ascribe::Index, const ascribe::Weights&,              \
                                            const ascribe::Finish<Scalar>&, ascribe::Index);               \
  prefix void ascribe::kernel::multiply_many(const ascribe::kernel::MatrixView<Scalar>&, const Scalar*,    \
                                             Scalar*, ascribe::Index, const ascribe::Weights&,             \
                                             const ascribe::Finish<Scalar>&);                              \
  prefix void ascribe::kernel::multiply_at(const ascribe::kernel::MatrixView<Scalar>&, const Scalar*,      \
                                           std::span<const ascribe::Index>, Scalar*,                       \
                                           const ascribe::Weights&);                                       \
  prefix void ascribe::kernel::add_outer_few(const ascribe::kernel::MatrixView<Scalar>&, const Scalar*,    \
                                             const Scalar*, Scalar*, ascribe::Index,                       \
                                             const ascribe::Weights&);                                     \
  prefix void ascribe::kernel::add_outer(const ascribe::kernel::MatrixView<Scalar>&, const Scalar*,        \
                                         const Scalar*, Scalar*, ascribe::Index, const ascribe::Weights&); \
  prefix void ascribe::kernel::contract(                                                                   \
      const ascribe::kernel::ContractionLoops&, ascribe::kernel::Samples<const Scalar>,                    \
      ascribe::kernel::Samples<const Scalar>, ascribe::kernel::Samples<Scalar>, ascribe::Index);           \
  prefix class ascribe::kernel::Depthwise<Scalar>;                                                         \
  prefix class ascribe::kernel::ImageProduct<Scalar>;                                                      \
  prefix class ascribe::kernel::Winograd<Scalar>;                                                          \
  prefix class ascribe::map::Convolution<Scalar>;
#define ASCRIBE_COMPILED_GRAPH(prefix, Scalar)                                                               \
  ASCRIBE_COMPILED_KERNELS(prefix, Scalar)                                                                   \
  prefix class ascribe::Graph<Scalar>;                                                                       \
  prefix class ascribe::Composite<Scalar>;                                                                   \
  prefix ascribe::Composite<Scalar> ascribe::composite::by_name<Scalar>(std::string_view,                    \
                                                                        const ascribe::composite::Options&); \
  ASCRIBE_COMPILED_MAP(prefix, Scalar, ascribe::map::AveragePool<Scalar>)                                    \
  ASCRIBE_COMPILED_MAP(prefix, Scalar, ascribe::map::ChannelScale<Scalar>)                                   \
  ASCRIBE_COMPILED_MAP(prefix, Scalar, ascribe::map::Convolution<Scalar>)                                    \
  ASCRIBE_COMPILED_MAP(prefix, Scalar, ascribe::map::Dense<Scalar>)                                          \
  ASCRIBE_COMPILED_MAP(prefix, Scalar, ascribe::map::Selection<Scalar>)                                      \
  ASCRIBE_COMPILED_MAP(prefix, Scalar, ascribe::map::Sparse<Scalar>)                                         \
  ASCRIBE_COMPILED_MAP(prefix, Scalar, ascribe::map::Sum<Scalar>)                                            \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::Deconvolution)                                     \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::DeepLift)                                          \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::Gradient)                                          \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::GradientTimesInput)                                \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::GuidedBackpropagation)                             \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::Lrp)                                               \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::LrpQ)                                              \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::method::LrpRadial)                                         \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::AlphaBeta)                                           \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Baseline)                                            \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::BaselineFold)                                        \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Constant)                                            \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::EvenSplit)                                           \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Expansion)                                           \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Flat)                                                \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Gamma)                                               \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::GateConstant)                                        \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Gradient)                                            \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Ignore)                                              \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Normalized)                                          \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::Radial)                                              \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::ZBox)                                                \
  ASCRIBE_COMPILED_ENTRY(prefix, Scalar, ascribe::rule::ZPlus)

#ifdef ASCRIBE_COMPILED

namespace ascribe::detail {

/// How vectors and weights lie in memory follows from the instruction set that is compiled for (-march):
/// where a program and the library differ in it, neither could read what the other writes. The library
/// defines this for its own alone, so that a program with another does not link, and the linker names it.
template <int alignment, int floats_at_a_time, bool multiplies_and_adds>
struct CompiledForTheSameMachine {
  static const bool value;
};
#ifdef EIGEN_VECTORIZE_FMA
inline constexpr bool multiplies_and_adds = true;
#else
inline constexpr bool multiplies_and_adds = false;
#endif
using CompiledForThisMachine =
    CompiledForTheSameMachine<EIGEN_MAX_ALIGN_BYTES, int(Eigen::internal::packet_traits<float>::size),
                              multiplies_and_adds>;

#ifndef ASCRIBE_COMPILED_SOURCE
inline const bool compiled_for_this_machine = CompiledForThisMachine::value;
#endif

}  // namespace ascribe::detail

#ifndef ASCRIBE_COMPILED_SOURCE
#define ASCRIBE_COMPILED_EXTERN extern template
ASCRIBE_COMPILED_GRAPH(ASCRIBE_COMPILED_EXTERN, float)
ASCRIBE_COMPILED_GRAPH(ASCRIBE_COMPILED_EXTERN, double)
#undef ASCRIBE_COMPILED_EXTERN
#endif

#endif
