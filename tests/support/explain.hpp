/// Programs, above all `explain`, as their users run them. Nothing of their source is in here.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace ascribe::test {

using Arguments = std::vector<std::string>;

inline std::string of_repository(const std::string& path) { return ASCRIBE_SOURCE_DIR "/" + path; }

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

struct Outcome {
  int exit_code = -1;
  std::string out, err;
};

/// Runs a program in the shell, which runs `before` first.
inline Outcome run_program(const std::string& program, const Arguments& arguments,
                           const std::string& before = "") {
  const TemporaryFolder streams;
  std::string command = before + "'" + program + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " >'" + (streams / "out").string() + "' 2>'" + (streams / "err").string() + "'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, bytes_of(streams / "out"), bytes_of(streams / "err")};
}

/// Runs a program and expects it to succeed. Returns what it printed.
inline std::string printed_by(const std::string& program, const Arguments& arguments) {
  const Outcome outcome = run_program(program, arguments);
  INFO(outcome.err);
  CHECK(outcome.err.empty());
  REQUIRE(outcome.exit_code == 0);
  return outcome.out;
}

/// Runs a program and expects one line of complaint with `part` in it.
inline void check_refused_by(const std::string& program, const Arguments& arguments, const std::string& part,
                             int exit_code = 1) {
  const Outcome outcome = run_program(program, arguments);
  INFO(outcome.err);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.out.empty());
  CHECK(count_of(outcome.err, part) == 1);
}

inline Outcome run(const Arguments& arguments, const std::string& before = "") {
  return run_program(ASCRIBE_EXPLAIN_PROGRAM, arguments, before);
}

/// Whether a line of --list-methods is of a method that conserves nothing, and what such a method must be
/// told of the bundled networks of digits.
inline bool has_no_books(const std::string& line) {
  return line.find("--patch") != std::string::npos || line.find("--layer") != std::string::npos;
}
inline Arguments parts_for(const std::string& line) {
  if (line.find("--patch") != std::string::npos) return {"--patch", "7"};
  return {"--layer", "/4/Relu"};
}

/// That the books which the program printed close: to the rounding of float, or of the four decimals of a
/// column; an integral to 5 %.
inline void check_printed_books(const std::string& printed) {
  std::istringstream lines(printed);
  bool books = false;
  for (std::string line; std::getline(lines, line);) {
    if (books) {
      INFO(line);
      std::istringstream words(line);
      std::string method;
      double start = 0, input = 0, biases = 0, stabiliser = 0, dropped = 0, open = 0;
      REQUIRE(words >> method >> start >> input >> biases >> stabiliser >> dropped >> open);
      double most = 0;
      for (const double line_of_books : {start, input, biases, stabiliser, dropped})
        most = std::max(most, std::abs(line_of_books));
      const double within = method == "integrated_gradients" ? 0.05 : 1e-4;
      CHECK(std::abs(open) <= within * most);
      CHECK(std::abs(start - input - biases - stabiliser - dropped - open) <= 1e-5 * most + 5e-4);
    }
    books = count_of(line, "  method ") == 1 && count_of(line, "left open") == 1;
  }
}

/// Runs the program and expects it to succeed, with nothing to warn of and books that close. Returns what it
/// printed.
inline std::string explain(const Arguments& arguments) {
  const Outcome outcome = run(arguments);
  INFO(outcome.err);
  CHECK(outcome.err.empty());
  REQUIRE(outcome.exit_code == 0);
  check_printed_books(outcome.out);
  return outcome.out;
}

inline Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace ascribe::test
