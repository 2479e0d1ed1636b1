/// Files that are whole or not there: written under another name, then renamed; and what was begun, to go on
/// with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace examples {

using Json = nlohmann::ordered_json;

/// OUT.npy as OUT.NAME.npy, for a name with its dot.
std::filesystem::path with_name(const std::filesystem::path& path, const std::string& name);

/// Throws ascribe::Error where no file can be made at `path`: said before the work, not behind it.
void check_place(const std::filesystem::path& path);

/// Throws ascribe::Error where an output's place is a file that is read, by whatever name.
void check_apart(const std::filesystem::path& path, const std::vector<std::filesystem::path>& read);

/// Writes a text to the place of that name. Throws ascribe::Error where it cannot be written whole.
void write_bytes(const std::filesystem::path& path, std::string_view bytes);

/// Has a file's content on the disk, so that a name given to it later never outlives it.
void sync_file(const std::filesystem::path& path);

/// The name that a file has until it is whole, where one run may go on with what another has begun.
std::filesystem::path partial(const std::filesystem::path& path);

/// The files of one piece of work: all of them or none. Each is written under another name beside its place;
/// `commit` gives them their names; what has none by then goes.
class OutputFiles {
 public:
  /// What the other names are: ones that nobody else has (what a run that was killed has left of them goes
  /// when the next one begins the same file); `partial`, under the lock of the run; or `partial`, and what
  /// has no name by the end stays, for the next run.
  enum class Names { random, partial, kept };

  explicit OutputFiles(Names names) : names_(names) {}
  ~OutputFiles();
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  /// Where to write what is to become `path`.
  std::filesystem::path stage(const std::filesystem::path& path);
  /// Has what is staged on the disk.
  void sync() const;
  void commit();

 private:
  Names names_;
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> staged_;
  std::vector<int> held_;  // open files, whose locks say that somebody writes them
};

/// While it lives, no other process gets one for the same file or folder, which must exist. It is gone with
/// the process, however that ends. Throws ascribe::Error where another process has it.
class Lock {
 public:
  explicit Lock(const std::filesystem::path& path);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

/// What a run was asked for, so that no other is mixed with it: names of options and their values. Throws
/// ascribe::Error, which says where it was found and what differs, unless both are the same.
void check_same(const std::filesystem::path& where, const Json& found, const Json& expected);

/// A number that stands for a file's content. Throws ascribe::Error where it cannot be read.
std::string fingerprint(const std::filesystem::path& path);
std::string fingerprint_of(std::string_view text, std::string_view before = "");

/// A file that a run adds lines to, so that another goes on where it ended: what was asked for, then a line
/// of JSON each time that something is done. A line that was cut off says nothing.
class Lines {
 public:
  /// Begins one, or goes on with the one that is there. Throws ascribe::Error where that is another run's
  /// (`check_same`), and where another process writes it.
  Lines(const std::filesystem::path& path, const Json& settings);

  /// The lines behind the settings, where there are any of these.
  static std::optional<std::vector<Json>> read(const std::filesystem::path& path, const Json& settings);

  /// Those that were there.
  const std::vector<Json>& found() const { return found_; }
  /// Has one more on the disk. Throws ascribe::Error where it cannot be written.
  void add(const Json& line);

 private:
  /// `length`: that of the lines that are whole.
  static std::optional<std::vector<Json>> parse(const std::filesystem::path& path, const Json& settings,
                                                std::uintmax_t& length);

  std::filesystem::path path_;
  std::optional<Lock> lock_;
  std::vector<Json> found_;
};

/// How far a run has come whose output grows beside it.
class Journal {
 public:
  struct State {
    std::size_t done = 0;      ///< samples in a row, from the first on
    std::uintmax_t bytes = 0;  ///< of the ledger
    std::vector<std::string> failures;
  };

  /// Begins one, or goes on with the one that is there. Throws ascribe::Error as Lines, and where the file is
  /// none.
  Journal(const std::filesystem::path& path, const Json& settings)
      : lines_(path, settings), state_(state_of(path, lines_.found())) {}

  /// What it says, where there is one.
  static std::optional<State> read(const std::filesystem::path& path, const Json& settings);

  const State& state() const { return state_; }
  /// Throws ascribe::Error where it cannot be written.
  void note(const State& state);

 private:
  static State state_of(const std::filesystem::path& path, const std::vector<Json>& lines);

  Lines lines_;
  State state_;
};

}  // namespace examples
