/// Files that are whole or not there: written under another name, then renamed; and what was begun, to go on
/// with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "examples/support/division.hpp"

namespace examples {

using Json = nlohmann::ordered_json;

/// OUT.npy as OUT.NAME.npy, for a name with its dot.
std::filesystem::path with_name(const std::filesystem::path& path, const std::string& name);

/// Whether there is anything of that name.
bool is_there(const std::filesystem::path& path);

/// Throws ascribe::Error where no file can be made at `path`: said before the work, not behind it.
void check_place(const std::filesystem::path& path);

/// Throws ascribe::Error where an output's place is a file that is read, by whatever name.
void check_apart(const std::filesystem::path& path, const std::vector<std::filesystem::path>& read);

/// Writes a text to the place of that name. Throws ascribe::Error where it cannot be written whole.
void write_bytes(const std::filesystem::path& path, std::string_view bytes);

/// Has a file's content on the disk, so that a name given to it later never outlives it.
void sync_file(const std::filesystem::path& path);

/// Renames a file, in the place of what is there. Throws ascribe::Error where that cannot be.
void give_name(const std::filesystem::path& from, const std::filesystem::path& to);

/// The name that a file has until it is whole, where one run may go on with what another has begun.
std::filesystem::path partial(const std::filesystem::path& path);

/// Makes a file by `write(path under another name)`, unless there is one: of several processes that do so at
/// the same time, one makes it, whole. Throws ascribe::Error where it cannot be made.
void make_once(const std::filesystem::path& path,
               const std::function<void(const std::filesystem::path&)>& write);

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

  Names names() const { return names_; }
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

/// While it lives, no other process gets one for the same file, which must exist, or for a shard of it that
/// overlaps. It is gone with the process, however that ends. Throws ascribe::Error where another process has
/// it.
class Lock {
 public:
  explicit Lock(const std::filesystem::path& path, Shard shard = {});
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

/// What a run was asked for, so that no other is mixed with it: names of options and their values. Throws
/// ascribe::Error, which says where it was found and what differs, unless both are the same.
void check_same(const std::filesystem::path& where, const Json& found, const Json& expected);

/// As records have it: names that are no UTF-8 do not cost the rest.
std::string dumped(const Json& json);

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
  /// Has more on the disk. Throws ascribe::Error where they cannot be written.
  void add(const std::vector<Json>& lines);

 private:
  /// `length`: that of the lines that are whole.
  static std::optional<std::vector<Json>> parse(const std::filesystem::path& path, const Json& settings,
                                                std::uintmax_t& length);

  std::filesystem::path path_;
  std::optional<Lock> lock_;
  std::vector<Json> found_;
};

/// The file `path` and those that processes of a division have beside it, which are called `path`.0,
/// `path`.1, ...: those that are there.
std::vector<std::filesystem::path> with_parts(const std::filesystem::path& path);

/// How far a process has come whose output grows beside it.
class Journal {
 public:
  /// Samples in a row that are done, and what the process has written of them to its ledger.
  struct Stretch {
    std::size_t first = 0, count = 0;
    std::uintmax_t begin = 0, end = 0;       ///< bytes
    std::vector<std::string> failures = {};  ///< of samples that could not be

    bool operator==(const Stretch&) const = default;
  };
  using State = std::vector<Stretch>;

  /// Begins one, or goes on with the one that is there. Throws ascribe::Error as Lines, and where the file is
  /// none.
  Journal(const std::filesystem::path& path, const Json& settings)
      : lines_(path, settings), state_(state_of(path, lines_.found())) {}

  /// What it says, where there is one.
  static std::optional<State> read(const std::filesystem::path& path, const Json& settings);

  const State& state() const { return state_; }
  /// Notes what the last stretch has come to, or a new one. Throws ascribe::Error where it cannot be written.
  void note(const Stretch& stretch);

 private:
  static State state_of(const std::filesystem::path& path, const std::vector<Json>& lines);

  Lines lines_;
  State state_;
};

/// The journal that a division's processes share: it says what was asked for, and is held for the items that
/// this process does; beside it each has one of its own. Throws ascribe::Error as Lines.
class SharedRecord {
 public:
  SharedRecord(const std::filesystem::path& path, const Json& settings, const Division& division);

  /// Says that all of so many samples are done. For one process that holds all.
  void all_done(std::size_t count, const std::vector<std::string>& failures) const;

 private:
  std::filesystem::path path_;
  std::optional<Lock> lock_;
};

/// What a run has found of each of its inputs, an object each, in the lines of a file; where it is divided,
/// in those of a file for each process beside that one.
class Records {
 public:
  /// Begins them, or goes on with those that are there. `before` is called before lines are written, which is
  /// so often at most. Throws ascribe::Error as Lines and SharedRecord, and for a line of no input of so
  /// many.
  Records(const std::filesystem::path& path, const Json& settings, std::size_t inputs,
          const Division& division, std::chrono::milliseconds pause = {}, std::function<void()> before = {});

  /// By input; null where nothing has been found yet.
  const std::vector<Json>& all() const { return all_; }
  std::size_t count(Piece among) const;
  void add(std::size_t input, Json record);
  /// Has all that were added on the disk.
  void flush();
  /// Reads what others have found meanwhile.
  void read_others();

 private:
  using Clock = std::chrono::steady_clock;

  void take(const std::filesystem::path& path, const std::vector<Json>& lines);

  std::filesystem::path path_;
  Json settings_;
  std::optional<SharedRecord> shared_;
  std::optional<Lines> lines_;
  std::vector<Json> all_, waiting_;
  std::chrono::milliseconds pause_;
  std::function<void()> before_;
  Clock::time_point flushed_ = Clock::now();
};

}  // namespace examples
