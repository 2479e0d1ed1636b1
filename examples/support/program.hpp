/// What the main functions of programs that print a table have in common.
#pragma once

#include <cstdio>
#include <exception>
#include <iostream>

#include "ascribe/core/error.hpp"

namespace examples {

/// Calls run(), which says whether all that was asked for was done, and returns the program's exit code. What
/// it throws, and a table that could not be printed, is said with the program's name before it.
template <class Run>
int exit_code_of(const char* program, Run&& run) {
  try {
    const bool all = run();
    std::cout.flush();
    if (!std::cout || std::ferror(stdout) != 0) ascribe::fail("the table could not be printed");
    return all ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << program << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace examples
