#include "examples/launcher/cpu_level.hpp"

#include <cmath>
#include <string>

#include "ascribe/io/npy.hpp"
#include "ascribe/version.hpp"
#include "tests/package/package_folder.hpp"

#define ASCRIBE_EXPLAIN_PROGRAM ASCRIBE_LAUNCHER_PROGRAM
#include "tests/support/explain.hpp"

namespace {

using namespace ascribe::test;

PackageFolder& add_all(PackageFolder& package) {
  for (const auto level : launcher::cpu_levels) package.add(std::string(level));
  return package;
}

/// What this CPU's best level is, by /proc/cpuinfo.
std::string best_by_cpuinfo() {
  const std::string flag = printed_by("bash", {of_repository("examples/cpu_flags")});
  return flag.empty() ? "x86-64-v2" : flag.substr(std::string("-march=").size(), 9);
}

}  // namespace

#if defined(__x86_64__)

TEST_CASE("The launcher takes the programs of the highest level that the CPU has, of those that there are") {
  PackageFolder package;
  CHECK(printed_by(add_all(package).command(), {"explain"}) == best_by_cpuinfo());
  PackageFolder lowest;
  CHECK(printed_by(lowest.add("x86-64-v2").command(), {"explain"}) == "x86-64-v2");
}

TEST_CASE("A level is forced by option or environment, and the option counts") {
  PackageFolder package;
  const std::string ascribe = add_all(package).command();
  CHECK(printed_by(ascribe, {"--level", "x86-64-v2", "explain"}) == "x86-64-v2");
  CHECK(run_program(ascribe, {"explain"}, "ASCRIBE_CPU_LEVEL=x86-64-v2 ").out == "x86-64-v2");
  CHECK(run_program(ascribe, {"--level", "x86-64-v2", "explain"}, "ASCRIBE_CPU_LEVEL=nonsense ").out ==
        "x86-64-v2");
  check_refused_by(ascribe, {"--level", "x86-64-v5", "explain"},
                   "--level: expected one of x86-64-v2, x86-64-v3, x86-64-v4, found x86-64-v5", 2);
  const Outcome refused = run_program(ascribe, {"explain"}, "ASCRIBE_CPU_LEVEL=fast ");
  CHECK(refused.exit_code == 2);
  CHECK(count_of(refused.err, "ASCRIBE_CPU_LEVEL: expected one of ") == 1);
}

TEST_CASE("Levels are listed, with what this CPU has not") {
  PackageFolder package;
  const std::string listed = printed_by(add_all(package).command(), {"--list-levels"});
  CHECK(count_of(listed, "\n") == 3);
  CHECK(count_of(listed, "x86-64-v2\n") == 1);
  CHECK((count_of(listed, "x86-64-v4\n") == 1) == (best_by_cpuinfo() == "x86-64-v4"));
}

#ifdef ASCRIBE_QEMU
TEST_CASE("On other CPUs the launcher chooses otherwise, and a level that one lacks is refused by name") {
  PackageFolder package;
  const std::string ascribe = add_all(package).command();
  const auto on = [&](const char* cpu, const Arguments& arguments) {
    return run_program(ASCRIBE_QEMU, Arguments{"-cpu", cpu, ascribe} + arguments);
  };
  CHECK(on("Nehalem", {"explain"}).out == "x86-64-v2");
  CHECK(on("Haswell", {"explain"}).out == "x86-64-v3");

  const Outcome lacks = on("Nehalem", {"--level", "x86-64-v3", "explain"});
  CHECK(lacks.exit_code == 1);
  CHECK(lacks.out.empty());
  CHECK(lacks.err ==
        "ascribe: this CPU has not all instructions of x86-64-v3, which --level asks for; of the levels "
        "here it has: x86-64-v2\n");
  const Outcome none = on("core2duo", {"explain"});
  CHECK(none.exit_code == 1);
  CHECK(count_of(none.err, "this CPU has not all instructions of x86-64-v2, the lowest level") == 1);
}
#else
TEST_CASE("Other CPUs are left out: there is no qemu-x86_64 (Debian: qemu-user)") { SUCCEED(); }
#endif

#endif

TEST_CASE("Programs that were compiled once are started as they are") {
  PackageFolder package;
  const std::string ascribe = package.add("").command();
  CHECK(printed_by(ascribe, {"explain"}) == "once");
  CHECK(printed_by(ascribe, {"--list-levels"}).empty());
  check_refused_by(ascribe, {"--level", "x86-64-v2", "explain"}, "compiled once", 2);
}

TEST_CASE("Arguments and exit codes go through the launcher as they are") {
  PackageFolder package;
  const std::string ascribe = package.add("").add("", "judge", 7).command();
  CHECK(printed_by(ascribe, {"explain", "a b", "", "--level", "*"}) == "once [a b] [] [--level] [*]");
  const Outcome outcome = run_program(ascribe, {"judge", "x"});
  CHECK(outcome.exit_code == 7);
  CHECK(outcome.out == "once [x]");
}

TEST_CASE("The launcher is found through the path, and through a link") {
  PackageFolder package;
  package.add("");
  CHECK(run_program("ascribe", {"explain"}, "PATH='" + package.bin().string() + "':$PATH ").out == "once");
  const TemporaryFolder elsewhere;
  std::filesystem::create_symlink(package.command(), elsewhere / "link");
  CHECK(printed_by((elsewhere / "link").string(), {"explain"}) == "once");
}

TEST_CASE("What the launcher does not know is refused, with what there is") {
  PackageFolder package;
  const std::string ascribe = package.add("").add("", "judge").command();
  check_refused_by(ascribe, {"xplain"}, "expected one of the programs explain, judge; found 'xplain'", 2);
  check_refused_by(ascribe, {}, "expected a program", 2);
  check_refused_by(ascribe, {"--level"}, "--level: expected a level", 2);
  check_refused_by(ascribe, {"../explain"}, "found '../explain'", 2);
  PackageFolder empty;
  const Outcome outcome = run_program(empty.command(), {"explain"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out.empty());
  CHECK(count_of(outcome.err, "ascribe: ") == 1);
}

TEST_CASE("The launcher says its version and its programs") {
  PackageFolder package;
  const std::string ascribe = package.add("").add("", "judge").command();
  CHECK(printed_by(ascribe, {"--version"}) == "ascribe " + std::to_string(ASCRIBE_VERSION_MAJOR) + "." +
                                                  std::to_string(ASCRIBE_VERSION_MINOR) + "." +
                                                  std::to_string(ASCRIBE_VERSION_PATCH) + "\n");
  CHECK(printed_by(ascribe, {"--list-programs"}) == "explain\njudge\n");
  const std::string help = printed_by(ascribe, {"--help"});
  CHECK(count_of(help, "\n  judge\n") == 1);
  CHECK(printed_by(ascribe, {"-h"}) == help);
}

TEST_CASE("The changelog begins with this version") {
  const std::string version = std::to_string(ASCRIBE_VERSION_MAJOR) + "." +
                              std::to_string(ASCRIBE_VERSION_MINOR) + "." +
                              std::to_string(ASCRIBE_VERSION_PATCH);
  const std::string changelog = bytes_of(of_repository("CHANGELOG.md"));
  CHECK(changelog.find("\n## [" + version + "] - ") == changelog.find("\n## "));
}

#ifdef ASCRIBE_HAS_LEVELS
TEST_CASE("Every level of the programs says the same, to rounding") {
  const TemporaryFolder folder;
  const std::string model = of_repository("examples/data/mnist_cnn.onnx");
  const std::string input = of_repository("tests/golden/input.npy");
  std::size_t compared = 0;
  for (const auto& [precision, within] : {std::pair("float", 1e-4), std::pair("double", 1e-11)}) {
    std::vector<double> first;
    std::istringstream levels(printed_by(ASCRIBE_LAUNCHER_PROGRAM, {"--list-levels"}));
    for (std::string level; std::getline(levels, level);) {
      if (level.find(' ') != std::string::npos) continue;  // not this CPU's
      const std::string out = (folder / (level + precision + ".npy")).string();
      const Outcome outcome = run_program(
          ASCRIBE_LAUNCHER_PROGRAM, {"--level", level, "explain", model, input, "--method", "epsilon_plus",
                                     "--precision", precision, "--relevance", out});
      INFO(outcome.err);
      REQUIRE(outcome.exit_code == 0);
      const auto relevance = ascribe::io::read_npy<double>(out).values;
      if (first.empty()) {
        first = relevance;
        continue;
      }
      REQUIRE(relevance.size() == first.size());
      double most = 0, off = 0;
      for (std::size_t i = 0; i < first.size(); ++i) {
        most = std::max(most, std::abs(first[i]));
        off = std::max(off, std::abs(first[i] - relevance[i]));
      }
      CHECK(most > 0);
      CHECK(off <= within * most);
      ++compared;
    }
  }
  if (compared == 0) WARN("this CPU has one level alone: nothing was compared");
}
#endif
