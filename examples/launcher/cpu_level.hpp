/// The levels of the x86-64 instruction set, and which of them a program may choose at its start.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace launcher {

/// The levels that x86-64's ABI defines (System V ABI for AMD64, "Microarchitecture levels"), the lowest
/// first. Each holds those before it.
inline constexpr std::array<std::string_view, 3> cpu_levels = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};

/// Whether this CPU has all of a level, and the system keeps its registers. False of names that are no
/// level's, and on other architectures.
inline bool cpu_has([[maybe_unused]] std::string_view level) {
#if !defined(__x86_64__)
  return false;
#elif defined(__clang__)
  // Before version 18, clang knows features but no levels, and not all of a level's: F16C, LZCNT and MOVBE
  // came with the AVX2, BMI and FMA that it asks for.
  const bool v2 = __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
                  __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return level == cpu_levels[0] ? v2 : level == cpu_levels[1] ? v3 : level == cpu_levels[2] && v4;
#else
  return level == cpu_levels[0]   ? __builtin_cpu_supports("x86-64-v2") != 0
         : level == cpu_levels[1] ? __builtin_cpu_supports("x86-64-v3") != 0
                                  : level == cpu_levels[2] && __builtin_cpu_supports("x86-64-v4") != 0;
#endif
}

/// Names of `levels` for which `which` holds, with commas between; "none".
template <class Levels, class Which>
std::string names_of(const Levels& levels, Which&& which) {
  std::string names;
  for (const std::string_view level : levels)
    if (which(level)) names.append(names.empty() ? "" : ", ").append(level);
  return names.empty() ? "none" : names;
}

}  // namespace launcher
