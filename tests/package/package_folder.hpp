/// A package as installed, with scripts in the programs' place.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace ascribe::test {

/// bin/ascribe and, beside it, what it starts. Each script says which level it is of, and its arguments in
/// brackets.
class PackageFolder {
 public:
  PackageFolder() {
    std::filesystem::create_directories(folder_ / "bin");
    std::filesystem::copy_file(ASCRIBE_LAUNCHER_PROGRAM, folder_ / "bin" / "ascribe");
  }

  /// Adds a program of a level; of "" where programs were compiled once.
  PackageFolder& add(const std::string& level, const std::string& program = "explain", int exit_code = 0) {
    const auto file = this->program(program, level);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << ("#!/bin/sh\nprintf '" + (level.empty() ? "once" : level) +
                            "'\nfor a; do printf ' [%s]' \"$a\"; done\nexit " + std::to_string(exit_code) +
                            "\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return *this;
  }

  std::string command() const { return (folder_ / "bin" / "ascribe").string(); }
  std::filesystem::path bin() const { return folder_ / "bin"; }
  /// Where a program is, or would be.
  std::filesystem::path program(const std::string& name, const std::string& level = "") const {
    return (bin() / ASCRIBE_PROGRAMS_FROM_HERE / level / name).lexically_normal();
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace ascribe::test
