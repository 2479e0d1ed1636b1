// The command `ascribe`: starts one of the programs beside it, of those that were compiled for several levels
// of the instruction set the one for the highest that this CPU has. Program and library are of one level
// then, so that nothing of one can meet what was compiled for another.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "ascribe/version.hpp"
#include "examples/launcher/cpu_level.hpp"

namespace {

namespace fs = std::filesystem;

constexpr const char* level_variable = "ASCRIBE_CPU_LEVEL";

/// The command line contradicts itself, or asks for what there is not: exit code 2.
struct Misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Arguments {
  std::string level, by, program;  // `by`: what asks for the level
  char** rest = nullptr;           // the program's own, from its name on
};

Arguments parse(char** argv) {
  Arguments found;
  if (const char* level = std::getenv(level_variable); level != nullptr && *level != '\0')
    found.level = level, found.by = level_variable;
  char** word = argv + 1;
  if (*word != nullptr && std::string_view(*word) == "--level") {
    if (word[1] == nullptr) throw Misuse("--level: expected a level");
    found.level = word[1], found.by = "--level";
    word += 2;
  }
  if (*word == nullptr) throw Misuse("expected a program; ascribe --help says which there are");
  found.program = *word;
  found.rest = word;
  return found;
}

/// Where the programs lie: beside this one, wherever the package was unpacked.
fs::path programs_folder() {
  return (fs::read_symlink("/proc/self/exe").parent_path() / ASCRIBE_PROGRAMS_FROM_HERE).lexically_normal();
}

/// The levels that programs were compiled for, the lowest first; empty where they were compiled once.
std::vector<std::string_view> levels_in(const fs::path& folder) {
  std::vector<std::string_view> found;
  for (const std::string_view level : launcher::cpu_levels)
    if (fs::is_directory(folder / level)) found.push_back(level);
  return found;
}

/// The level to use of those that there are: the one asked for, else the CPU's highest; "" where there are
/// none.
std::string level_of(const Arguments& arguments, const std::vector<std::string_view>& levels) {
  const auto any = [](std::string_view) { return true; };
  if (levels.empty()) {
    if (!arguments.level.empty())
      throw Misuse(arguments.by + ": these programs were compiled once, for no level by name; found " +
                   arguments.level);
    return "";
  }
  if (!arguments.level.empty()) {
    if (std::find(levels.begin(), levels.end(), arguments.level) == levels.end())
      throw Misuse(arguments.by + ": expected one of " + launcher::names_of(levels, any) + ", found " +
                   arguments.level);
    if (!launcher::cpu_has(arguments.level))
      throw std::runtime_error(
          "this CPU has not all instructions of " + arguments.level + ", which " + arguments.by +
          " asks for; of the levels here it has: " + launcher::names_of(levels, launcher::cpu_has));
    return arguments.level;
  }
  const auto best = std::find_if(levels.rbegin(), levels.rend(), launcher::cpu_has);
  if (best == levels.rend())
    throw std::runtime_error("this CPU has not all instructions of " + std::string(levels.front()) +
                             ", the lowest level that the programs here are compiled for");
  return std::string(*best);
}

std::vector<std::string> programs_in(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (!entry.is_directory()) found.push_back(entry.path().filename().string());
  std::sort(found.begin(), found.end());
  return found;
}

void print_help(const fs::path& folder, const std::vector<std::string_view>& levels) {
  std::cout << "Why a network said so: relevance of inputs, measured and grouped.\n"
               "Usage: ascribe [--level LEVEL] PROGRAM [ARGUMENT...]\n"
               "  or:  ascribe --help | --version | --list-programs | --list-levels\n\n"
               "Programs (ascribe PROGRAM --help says what each does):\n";
  for (const std::string& program : programs_in(levels.empty() ? folder : folder / levels.front()))
    std::cout << "  " << program << '\n';
  std::cout
      << "\nOptions:\n"
         "  -h,--help                   Print this help message and exit\n"
         "  --version                   Print the version and exit\n"
         "  --list-programs             Print the programs and exit\n"
         "  --list-levels               Print the levels of the instruction set that the programs are\n"
         "                              compiled for, and whether this CPU has them, and exit\n"
         "  --level LEVEL               Take the programs of this level, in place of the highest that this\n"
         "                              CPU has; also by the environment variable "
      << level_variable << '\n';
}

int run(char** argv) {
  const std::string_view first = argv[1] != nullptr ? argv[1] : "";
  if (first == "--version") {
    std::cout << "ascribe " << ASCRIBE_VERSION_MAJOR << '.' << ASCRIBE_VERSION_MINOR << '.'
              << ASCRIBE_VERSION_PATCH << '\n';
    return 0;
  }
  const fs::path folder = programs_folder();
  const auto levels = levels_in(folder);
  if (first == "--help" || first == "-h") {
    print_help(folder, levels);
    return 0;
  }
  if (first == "--list-programs") {
    for (const std::string& program : programs_in(levels.empty() ? folder : folder / levels.front()))
      std::cout << program << '\n';
    return 0;
  }
  if (first == "--list-levels") {
    for (const std::string_view level : levels)
      std::cout << level << (launcher::cpu_has(level) ? "" : " (not this CPU)") << '\n';
    return 0;
  }
  const Arguments arguments = parse(argv);
  const fs::path place = folder / level_of(arguments, levels);
  const auto programs = programs_in(place);
  if (std::find(programs.begin(), programs.end(), arguments.program) == programs.end())
    throw Misuse("expected one of the programs " +
                 launcher::names_of(programs, [](std::string_view) { return true; }) + "; found '" +
                 arguments.program + "'");
  const std::string program = (place / arguments.program).string();
  execv(program.c_str(), arguments.rest);
  throw std::runtime_error(program + ": cannot be started: " + std::strerror(errno));
}

}  // namespace

int main(int, char** argv) {
  try {
    const int code = run(argv);
    std::cout.flush();
    return std::cout ? code : 1;
  } catch (const Misuse& error) {
    std::cerr << "ascribe: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "ascribe: " << error.what() << '\n';
    return 1;
  }
}
