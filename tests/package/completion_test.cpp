#include <string>

#include "tests/package/package_folder.hpp"

#define ASCRIBE_EXPLAIN_PROGRAM ASCRIBE_LAUNCHER_PROGRAM
#include "tests/support/explain.hpp"

namespace {

using namespace ascribe::test;

/// What bash would offer behind these words, the last of which is being typed, a line each. The package's
/// programs print `help` whatever they are asked.
std::string offered(const std::string& words, const std::string& help) {
  PackageFolder package;
  package.add("").add("", "judge");
  const auto program = package.program("explain");
  std::ofstream(program) << "#!/bin/sh\ncat <<'END'\n" + help + "END\n";
  return run_program("bash",
                     {"-c",
                      "source \"$1\"; COMP_WORDS=(ascribe " + words +
                          "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ascribe; printf \"%s\\n\" "
                          "\"${COMPREPLY[@]}\"",
                      "bash", of_repository("docs/packaging/completion.bash")},
                     "PATH='" + package.bin().string() + "':$PATH ")
      .out;
}

const std::string help =
    "Usage: explain [OPTIONS]\n\nOptions:\n  -h,--help                   Print this help\n"
    "  --method TEXT=lrp_q         how; --list-methods says which\n  --list-methods              print them\n"
    "      --inside is of a sentence\n";

}  // namespace

TEST_CASE("Bash completes programs, and options that the program's help lists") {
  CHECK(offered("\"\"", help) == "explain\njudge\n");
  CHECK(offered("ex", help) == "explain\n");
  CHECK(offered("explain --", help) == "--help\n--method\n--list-methods\n");
  CHECK(offered("explain model.onnx --m", help) == "--method\n");
  CHECK(offered("--level x86-64-v2 explain --l", help) == "--list-methods\n");
}

TEST_CASE("Bash completes methods by their list") {
  const std::string list =
      "method          options    what it is\nlrp             --epsilon  LRP\nlrp_q           none       "
      "LRP\n";
  CHECK(offered("explain --method lrp", list) == "lrp\nlrp_q\n");
}

TEST_CASE("Bash completes files where a file may stand") {
  const std::string offers = offered("explain " + of_repository("examples/data/mnist_c"), help);
  CHECK(offers == of_repository("examples/data/mnist_cnn.onnx") + "\n");
}
