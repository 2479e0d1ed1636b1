/// What the main functions of the programs have in common.
#pragma once

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "ascribe/core/error.hpp"
#include "examples/support/division.hpp"

namespace examples {

/// Calls run(), which says whether all that was asked for was done, and returns the program's exit code. What
/// it throws, and output that could not be printed, is said with the program's name before it; of a job's
/// processes, the first says it once for all.
template <class Run>
int exit_code_of(const char* program, Division& division, Run&& run) {
  bool all = false;
  std::string error;
  try {
    all = run();
    std::cout.flush();
    if (!std::cout || std::ferror(stdout) != 0)
      ascribe::fail("expected to write to standard output, found that it cannot be written to");
  } catch (const OthersFailed&) {
    // The first process says why.
  } catch (const std::exception& found) {
    error = found.what();
  }
  const std::string name = std::string(program) + ": ";
  for (const std::string& said : division.close(error)) {
    all = false;
    // The library says "explain: " itself where its own `explain` refuses.
    std::cerr << (said.starts_with(name) ? "" : name) << said << '\n';
  }
  return division.exit_code(all ? 0 : 1);
}

/// Of a program that is one process.
template <class Run>
int exit_code_of(const char* program, Run&& run) {
  Division alone;
  return exit_code_of(program, alone, run);
}

}  // namespace examples
