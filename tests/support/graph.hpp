/// Graph and what it takes from the library, for float and double, compiled once for all tests
/// (graph_float.cpp, graph_double.cpp): every rule is code for every kind of layer. A test that includes this
/// gets no other code, whether it is named here or not: what is not named is compiled where it is used.
#pragma once

#include <string_view>

#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/graph.hpp>

/// Declares (`extern template`) or defines (`template`) them: two lists would part.
#define ASCRIBE_TEST_MAP(prefix, Scalar, ...)                      \
  prefix std::shared_ptr<const ascribe::map::AnyMap<Scalar>::Part> \
      ascribe::map::AnyMap<Scalar>::made<__VA_ARGS__>(__VA_ARGS__);
#define ASCRIBE_TEST_ENTRY(prefix, Scalar, ...) \
  prefix ascribe::Composite<Scalar>& ascribe::Composite<Scalar>::add(ascribe::Matcher, __VA_ARGS__);
#define ASCRIBE_TEST_GRAPH(prefix, Scalar)                                                                   \
  prefix class ascribe::Graph<Scalar>;                                                                       \
  prefix class ascribe::Composite<Scalar>;                                                                   \
  prefix ascribe::Composite<Scalar> ascribe::composite::by_name<Scalar>(std::string_view,                    \
                                                                        const ascribe::composite::Options&); \
  ASCRIBE_TEST_MAP(prefix, Scalar, ascribe::map::ChannelScale<Scalar>)                                       \
  ASCRIBE_TEST_MAP(prefix, Scalar, ascribe::map::AveragePool<Scalar>)                                        \
  ASCRIBE_TEST_MAP(prefix, Scalar, ascribe::map::Convolution<Scalar>)                                        \
  ASCRIBE_TEST_MAP(prefix, Scalar, ascribe::map::Dense<Scalar>)                                              \
  ASCRIBE_TEST_MAP(prefix, Scalar, ascribe::map::Selection<Scalar>)                                          \
  ASCRIBE_TEST_MAP(prefix, Scalar, ascribe::map::Sum<Scalar>)                                                \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::Deconvolution)                                         \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::DeepLift)                                              \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::Gradient)                                              \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::GradientTimesInput)                                    \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::GuidedBackpropagation)                                 \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::Lrp)                                                   \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::LrpQ)                                                  \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::method::LrpRadial)                                             \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::AlphaBeta)                                               \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::Baseline)                                                \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::BaselineFold)                                            \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::EvenSplit)                                               \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::Flat)                                                    \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::Gamma)                                                   \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::GateConstant)                                            \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::Gradient)                                                \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::Ignore)                                                  \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::Normalized)                                              \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::Radial)                                                  \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::ZBox)                                                    \
  ASCRIBE_TEST_ENTRY(prefix, Scalar, ascribe::rule::ZPlus)

#define ASCRIBE_TEST_EXTERN extern template
#ifndef ASCRIBE_TEST_DEFINES_GRAPH
ASCRIBE_TEST_GRAPH(ASCRIBE_TEST_EXTERN, float)
ASCRIBE_TEST_GRAPH(ASCRIBE_TEST_EXTERN, double)
#endif
