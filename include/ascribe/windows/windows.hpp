/// The concept of the windows of a maximum.
#pragma once

#include <concepts>

#include <ascribe/core/types.hpp>

/// The windows that a Max looks through. Each has
///
///     inputs, outputs, input_size(), output_size()     as a linear map
///     lanes()              how many neighbouring outputs share one shape of window (a pool: its channels)
///     members(group, f)    calls f(first) for every member of the windows of outputs
///                          group·lanes() … group·lanes() + lanes() − 1, in order; the member of
///                          output group·lanes() + l is input first + l
///
/// The order is what decides ties: the first of several equal members is the maximum. Every window has a
/// member, or a constant. Windows that compare with constants too also have
///
///     constants(f)         calls f(c) for every constant c (a double); they stand in every window,
///                          behind its members
///
/// and windows that can tell
///
///     partition()          true where every input is a member of one window, and of one only: what goes
///                          back to an input is then written and not added up
///     lanes_apart()        true where every `first` is a multiple of lanes(): windows of different lanes
///                          then have no input in common, and several threads may go back through them
namespace ascribe::window {

/// Whether windows compare with constants, too.
template <class W>
inline constexpr bool has_constants = requires(const W& w) {
  w.constants([](double) {});
};

/// Whether every input is a member of exactly one window; false for windows that do not say.
template <class W>
bool is_partition(const W& w) {
  if constexpr (requires { w.partition(); })
    return w.partition();
  else
    return false;
}

/// Whether windows of different lanes never have an input in common; false for windows that do not say.
template <class W>
bool lanes_are_apart(const W& w) {
  if constexpr (requires { w.lanes_apart(); })
    return w.lanes_apart();
  else
    return false;
}

/// Calls f(c) for every constant that `w` compares with.
template <class W, class F>
void each_constant(const W& w, F&& f) {
  if constexpr (has_constants<W>) w.constants(f);
}

}  // namespace ascribe::window

namespace ascribe {

template <class W>
concept Windows = requires(const W& w) {
  { W::inputs } -> std::convertible_to<int>;
  { W::outputs } -> std::convertible_to<int>;
  { w.input_size() } -> std::convertible_to<Index>;
  { w.output_size() } -> std::convertible_to<Index>;
  { w.lanes() } -> std::convertible_to<Index>;
  w.members(Index(0), [](Index) {});
};

}  // namespace ascribe
