#include "examples/support/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "ascribe/core/error.hpp"

namespace examples {
namespace {

/// Removes the parts of a file that a run has left which was killed: nobody holds them, and for a minute
/// nobody has begun or written one.
void remove_left_over(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  const std::string begin = path.filename().string() + ".", end = ".part";
  const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  std::error_code error;
  for (fs::directory_iterator it(folder, error), none; !error && it != none; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(begin) || !name.ends_with(end) || name.size() <= begin.size() + end.size())
      continue;
    const std::string_view number =
        std::string_view(name).substr(begin.size(), name.size() - begin.size() - end.size());
    if (number.find_first_not_of("0123456789") != std::string_view::npos) continue;
    const auto written = fs::last_write_time(it->path(), error);
    if (error || fs::file_time_type::clock::now() - written < std::chrono::minutes(1)) continue;
    const int file = open(it->path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) fs::remove(it->path(), error);
    close(file);
  }
}

}  // namespace

std::filesystem::path with_name(const std::filesystem::path& path, const std::string& name) {
  return std::filesystem::path(path).replace_filename(path.stem().string() + name +
                                                      path.extension().string());
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

void check_place(const std::filesystem::path& path) {
  std::filesystem::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    ascribe::fail(path.string(), ": expected a folder to write into, found none named ", folder.string());
  const auto status = std::filesystem::status(path, error);
  // Renaming would replace a device or a pipe by a plain file.
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    ascribe::fail(path.string(),
                  ": expected a file or nothing to write over, found something that is not a file");
  if (access(folder.c_str(), W_OK) != 0)
    ascribe::fail(path.string(), ": expected a folder to write into, found that ", folder.string(),
                  " is read-only");
}

void check_apart(const std::filesystem::path& path, const std::vector<std::filesystem::path>& read) {
  for (const std::filesystem::path& other : read)
    if (std::error_code error; !other.empty() && std::filesystem::equivalent(path, other, error))
      ascribe::fail(path.string(), ": expected another place for an output, found that it is read as ",
                    other.string());
}

void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file)
    ascribe::fail(path.string(), ": expected to write ", bytes.size(), " bytes, found that they cannot be");
}

void sync_file(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && fsync(file) == 0;
  if (file >= 0) close(file);
  if (!synced) ascribe::fail(path.string(), ": expected to have it on the disk, found that it cannot be");
}

void give_name(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) ascribe::fail(to.string(), ": expected to put the file there, found ", error.message());
}

std::filesystem::path partial(const std::filesystem::path& path) {
  std::filesystem::path name = path;
  return name += ".partial";
}

void make_once(const std::filesystem::path& path,
               const std::function<void(const std::filesystem::path&)>& write) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return;
  OutputFiles files(OutputFiles::Names::random);
  const std::filesystem::path made = files.stage(path);
  write(made);
  sync_file(made);
  // A second name, which fails where there is a file, at one stroke; renaming would take the other's place.
  std::filesystem::create_hard_link(made, path, error);
  if (error && !std::filesystem::exists(path)) files.commit();  // a file system without such names
}

OutputFiles::~OutputFiles() {
  for (const int file : held_) close(file);
  if (names_ == Names::kept) return;
  for (const auto& [temporary, path] : staged_) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
  }
}

std::filesystem::path OutputFiles::stage(const std::filesystem::path& path) {
  std::filesystem::path temporary = partial(path);
  if (names_ == Names::random) {
    remove_left_over(path);
    std::random_device random;
    temporary = path;
    temporary += "." + std::to_string(random()) + ".part";
    // Where no lock can be had, nobody takes what is there for left over either.
    if (const int file = open(temporary.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666); file >= 0) {
      flock(file, LOCK_EX | LOCK_NB);
      held_.push_back(file);
    }
  }
  staged_.emplace_back(temporary, path);
  return temporary;
}

void OutputFiles::sync() const {
  for (const auto& [temporary, path] : staged_) sync_file(temporary);
}

void OutputFiles::commit() {
  while (!staged_.empty()) {
    give_name(staged_.front().first, staged_.front().second);
    staged_.erase(staged_.begin());
  }
}

namespace {

/// Where in a file whose shards are locked by ranges of bytes, whether there are any, part `number` of `of`
/// begins.
off_t begin_of(std::size_t number, std::size_t of) {
  constexpr std::size_t whole = std::size_t(1) << 40;
  return static_cast<off_t>(whole / of * number + whole % of * number / of);
}

/// Has a range of the open file for this process. False: another has some of it.
bool lock_range(int file, Shard shard) {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = begin_of(shard.number, shard.of);
  range.l_len = begin_of(shard.number + 1, shard.of) - range.l_start;
#ifdef F_OFD_SETLK
  constexpr int set = F_OFD_SETLK;  // another file descriptor that is closed does not take it away
#else
  constexpr int set = F_SETLK;
#endif
  // A file system without locks is no other run.
  return fcntl(file, set, &range) == 0 || (errno != EAGAIN && errno != EACCES);
}

}  // namespace

Lock::Lock(const std::filesystem::path& path, Shard shard) : file_(open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  if (file_ >= 0 && lock_range(file_, shard)) return;
  const bool is_open = file_ >= 0;
  if (is_open) close(file_);
  ascribe::fail(path.string(), ": expected it for this run alone, found that ",
                is_open ? "another run uses it" : "it cannot be written to");
}

Lock::~Lock() { close(file_); }

void check_same(const std::filesystem::path& where, const Json& found, const Json& expected) {
  const auto text = [](const Json& settings, const std::string& name) {
    return settings.contains(name) ? dumped(settings[name]) : "none";
  };
  for (const Json* names : {&expected, &found})
    for (const auto& [name, value] : names->items())
      if (const std::string there = text(found, name), here = text(expected, name); there != here)
        ascribe::fail(where.string(), ": expected the run that was begun there, ", name, " ", there,
                      ", found ", name, " ", here,
                      "; to begin anew, write to another place or remove what is there");
}

std::string fingerprint_of(std::string_view text, std::string_view before) {
  // FNV-1a of 64 bits, http://www.isthe.com/chongo/tech/comp/fnv/
  std::uint64_t hash = before.empty() ? 0xcbf29ce484222325u : std::stoull(std::string(before), nullptr, 16);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

std::string fingerprint(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string hash = fingerprint_of(""), part(1 << 20, '\0');
  while (file) {
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    hash = fingerprint_of(std::string_view(part).substr(0, static_cast<std::size_t>(file.gcount())), hash);
  }
  if (!file.eof()) ascribe::fail(path.string(), ": expected a file that can be read, found none");
  return hash;
}

Lines::Lines(const std::filesystem::path& path, const Json& settings) : path_(path) {
  { const std::ofstream made(path_, std::ios::app); }
  if (std::error_code error; !std::filesystem::exists(path_, error))
    ascribe::fail(path.string(),
                  ": expected a place for a record of what is done, found that none can be made");
  lock_.emplace(path_);
  std::uintmax_t length = 0;
  if (auto found = parse(path_, settings, length)) {
    found_ = std::move(*found);
    std::filesystem::resize_file(path_, length);
  } else {
    // The first line may have been cut off: anything else is somebody's file.
    const std::string first = dumped(settings) + "\n";
    std::ifstream file(path_, std::ios::binary);
    const std::string there{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!std::string_view(first).starts_with(there))
      ascribe::fail(path.string(), ": expected a record of what is done, found another file");
    write_bytes(path_, first);
  }
}

std::optional<std::vector<Json>> Lines::read(const std::filesystem::path& path, const Json& settings) {
  std::uintmax_t length = 0;
  return parse(path, settings, length);
}

std::optional<std::vector<Json>> Lines::parse(const std::filesystem::path& path, const Json& settings,
                                              std::uintmax_t& length) {
  std::ifstream file(path, std::ios::binary);
  std::vector<Json> lines;
  bool begun = false;
  for (std::string line; std::getline(file, line) && !file.eof(); length += line.size() + 1) {
    Json said = Json::parse(line, nullptr, false);
    if (!said.is_object())
      ascribe::fail(path.string(), ": expected a record of what is done, found a line that is none");
    if (begun)
      lines.push_back(std::move(said));
    else
      check_same(path, said, settings);
    begun = true;
  }
  if (!begun) return std::nullopt;
  return lines;
}

namespace {

void add_lines(const std::filesystem::path& path, const std::vector<Json>& lines) {
  std::string text;
  for (const Json& line : lines) text += dumped(line) + "\n";
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << text;
  file.close();
  if (!file)
    ascribe::fail(path.string(), ": expected to write ", text.size(), " bytes, found that they cannot be");
  sync_file(path);
}

}  // namespace

void Lines::add(const std::vector<Json>& lines) { add_lines(path_, lines); }

SharedRecord::SharedRecord(const std::filesystem::path& path, const Json& settings, const Division& division)
    : path_(path) {
  make_once(path, [&](const std::filesystem::path& made) { write_bytes(made, dumped(settings) + "\n"); });
  if (const auto holds = division.holds()) lock_.emplace(path, *holds);
  if (!Lines::read(path, settings))
    ascribe::fail(path.string(), ": expected a record of what is done, found another file");
}

void SharedRecord::all_done(std::size_t count, const std::vector<std::string>& failures) const {
  const Json line{{"whole", true}, {"done", count}, {"bytes", 0}, {"failures", failures}};
  add_lines(path_, {line});
}

std::vector<std::filesystem::path> with_parts(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::vector<fs::path> found;
  const std::string begin = path.filename().string();
  std::error_code error;
  for (fs::directory_iterator it(path.parent_path().empty() ? "." : path.parent_path(), error), none;
       !error && it != none; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(begin)) continue;
    const std::string_view rest = std::string_view(name).substr(begin.size());
    const bool numbered = rest.size() > 1 && rest.front() == '.' &&
                          rest.find_first_not_of("0123456789", 1) == std::string_view::npos;
    if (rest.empty() || numbered) found.push_back(path.parent_path() / name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<Journal::State> Journal::read(const std::filesystem::path& path, const Json& settings) {
  const auto lines = Lines::read(path, settings);
  if (!lines) return std::nullopt;
  return state_of(path, *lines);
}

Journal::State Journal::state_of(const std::filesystem::path& path, const std::vector<Json>& lines) {
  State state;
  for (const Json& said : lines) {
    if (!said.contains("done") || !said.contains("bytes") || !said.contains("failures"))
      ascribe::fail(path.string(), ": expected a record of what is done, found a line that is none");
    // Who does all from the first one on has one stretch.
    const std::size_t first = said.value("first", std::size_t(0));
    if (said.contains("whole")) state.clear();
    if (state.empty() || state.back().first != first)
      state.push_back({first, 0, said.value("from", std::uintmax_t(0)), 0});
    Stretch& stretch = state.back();
    stretch.count = said["done"];
    stretch.end = said["bytes"];
    for (const Json& failure : said["failures"]) stretch.failures.push_back(failure);
  }
  return state;
}

void Journal::note(const Stretch& stretch) {
  const bool goes_on = !state_.empty() && state_.back().first == stretch.first;
  Json line = Json::object(), failures = Json::array();
  if (stretch.first > 0) line["first"] = stretch.first;
  if (stretch.begin > 0) line["from"] = stretch.begin;
  for (std::size_t f = goes_on ? state_.back().failures.size() : 0; f < stretch.failures.size(); ++f)
    failures.push_back(stretch.failures[f]);
  line.update({{"done", stretch.count}, {"bytes", stretch.end}, {"failures", std::move(failures)}});
  lines_.add({line});
  if (goes_on)
    state_.back() = stretch;
  else
    state_.push_back(stretch);
}

Records::Records(const std::filesystem::path& path, const Json& settings, std::size_t inputs,
                 const Division& division, std::chrono::milliseconds pause, std::function<void()> before)
    : path_(path), settings_(settings), all_(inputs), pause_(pause), before_(std::move(before)) {
  if (division.divided()) shared_.emplace(path, settings, division);
  std::filesystem::path own = path;
  own += division.suffix();
  lines_.emplace(own, settings);
  read_others();
}

void Records::read_others() {
  for (const std::filesystem::path& path : with_parts(path_))
    if (const auto lines = Lines::read(path, settings_)) take(path, *lines);
}

void Records::take(const std::filesystem::path& path, const std::vector<Json>& lines) {
  for (std::size_t l = 0; l < lines.size(); ++l) {
    // One process has all of them, in their order.
    const auto input = lines[l].value("input", l);
    if (input >= all_.size())
      ascribe::fail(path.string(), ": expected at most ", all_.size(), " inputs, found number ", input);
    all_[input] = lines[l];
  }
}

std::size_t Records::count(Piece among) const {
  return static_cast<std::size_t>(std::count_if(all_.begin() + static_cast<std::ptrdiff_t>(among.first),
                                                all_.begin() + static_cast<std::ptrdiff_t>(among.end),
                                                [](const Json& one) { return !one.is_null(); }));
}

void Records::add(std::size_t input, Json record) {
  Json line = Json::object();
  line["input"] = input;
  line.update(record);
  waiting_.push_back(line);
  all_[input] = std::move(line);
  if (Clock::now() - flushed_ >= pause_) flush();
}

void Records::flush() {
  if (waiting_.empty()) return;
  if (before_) before_();
  lines_->add(waiting_);
  waiting_.clear();
  flushed_ = Clock::now();
}

}  // namespace examples
