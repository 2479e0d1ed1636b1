#include "examples/explain/rows.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

#include "ascribe/core/error.hpp"
#include "examples/support/gzip.hpp"

namespace explain {

namespace fs = std::filesystem;

Piece RowFiles::rows_of(std::size_t file) const {
  if (rows_per_file == 0) return {0, rows};
  return {file * rows_per_file, std::min((file + 1) * rows_per_file, rows)};
}

fs::path RowFiles::array(std::size_t file) const {
  if (rows_per_file == 0) return path;
  const std::string number = std::to_string(file);
  const std::size_t digits = std::max<std::size_t>(5, std::to_string(count() - 1).size());
  return with_name(path, "." + std::string(digits - number.size(), '0') + number);
}

fs::path RowFiles::file(std::size_t file) const {
  fs::path name = array(file);
  return compressed ? name += ".gz" : name;
}

void RowFiles::check(const std::set<fs::path>& taken, const std::vector<fs::path>& read) const {
  for (std::size_t k = 0; k < count(); ++k) {
    const fs::path place = file(k);
    if (place == path) continue;
    if (taken.count(fs::absolute(place).lexically_normal()) > 0)
      ascribe::fail(place.string(), ": expected a place for each output, found one for two");
    if (!is_there(place)) continue;
    check_place(place);
    check_apart(place, read);
  }
}

bool RowFiles::are_there() const {
  for (std::size_t k = 0; k < count(); ++k)
    if (!is_there(file(k))) return false;
  return true;
}

std::optional<fs::path> RowFiles::begun() const {
  for (std::size_t k = 0; k < count(); ++k)
    for (const fs::path& path_of_file : {partial(array(k)), partial(file(k))})
      if (is_there(path_of_file)) return path_of_file;
  return std::nullopt;
}

void RowFiles::sync() const {
  for (std::size_t k = 0; k < count(); ++k) {
    const fs::path whole = partial(file(k));
    sync_file(is_there(whole) ? whole : partial(array(k)));
  }
}

void RowFiles::compress(std::size_t number, int threads) const {
  const fs::path plain = partial(array(number));
  if (!compressed || !is_there(plain)) return;
  OutputFiles files(OutputFiles::Names::partial);
  write_gzip(plain, files.stage(partial(file(number))), threads);
  files.sync();
  files.commit();
  fs::remove(plain);
}

void RowFiles::give_names() const {
  for (std::size_t k = 0; k < count(); ++k) {
    if (const fs::path name = file(k); is_there(partial(name))) give_name(partial(name), name);
    // Of a run that was killed while it made the file, which others have made then.
    std::error_code error;
    fs::remove(partial(partial(array(k))), error);
  }
}

RowWriter::RowWriter(RowFiles files, Shape row, const Options& options, Done done, bool alone)
    : files_(std::move(files)),
      row_(std::move(row)),
      options_(options),
      done_(std::move(done)),
      alone_(alone) {}

RowWriter::RowWriter(RowFiles files, Shape row, const Options& options, OutputFiles& outputs)
    : files_(std::move(files)), row_(std::move(row)), options_(options), outputs_(&outputs) {}

void RowWriter::open(std::size_t number) {
  const Piece rows = files_.rows_of(number);
  const std::size_t done = done_(rows);
  number_ = number;
  left_ = rows.end - rows.first - done;
  const fs::path array = files_.array(number);
  if (!outputs_) {
    path_ = partial(array);
    unsynced_.push_back(path_);
  } else {
    path_ = files_.compressed ? plain_.emplace(outputs_->names()).stage(array) : outputs_->stage(array);
  }
  std::vector<std::size_t> shape{rows.end - rows.first};
  for (const Index size : row_) shape.push_back(static_cast<std::size_t>(size));
  const bool begun = done > 0;
  if (options_.halves)
    file_ = opened<ascribe::io::Half>(shape, begun);
  else if (options_.in_double)
    file_ = opened<double>(shape, begun);
  else
    file_ = opened<float>(shape, begun);
}

template <class Scalar>
RowWriter::File RowWriter::opened(const std::vector<std::size_t>& shape, bool begun) const {
  using Writer = ascribe::io::NpyWriter<Scalar>;
  if (outputs_) return Writer::create(path_, shape);
  if (!begun && alone_) {
    // Others may go on with what a killed run leaves under the file's name: it has that once it is whole.
    OutputFiles made(OutputFiles::Names::partial);
    Writer::create(made.stage(path_), shape);
    made.commit();
  } else if (!begun) {
    // Of several processes that begin it, one makes it.
    make_once(path_, [&](const fs::path& made) { Writer::create(made, shape); });
  }
  return Writer::reopen(path_, shape);
}

void RowWriter::write(std::size_t row, const std::vector<double>& numbers) {
  if (const std::size_t number = files_.file_of(row); !file_ || number != number_) open(number);
  const auto size = static_cast<std::size_t>(count_of(row_));
  const std::size_t first = files_.row_in_file(row) * size;
  const auto to = [&]<class Scalar>(ascribe::io::NpyWriter<Scalar>& writer) {
    const auto stored = [](double value) {
      if constexpr (std::is_same_v<Scalar, ascribe::io::Half>)
        return Scalar::of(value);
      else
        return static_cast<Scalar>(value);
    };
    std::vector<Scalar> values(size, stored(std::numeric_limits<double>::quiet_NaN()));
    std::transform(numbers.begin(), numbers.end(), values.begin(), stored);
    writer.write(first, std::span<const Scalar>(values));
  };
  std::visit(to, *file_);
  --left_;
}

void RowWriter::sync() {
  for (const fs::path& path : unsynced_)
    // Another process that has begun later may know the file to be whole, and have compressed it.
    if (!files_.compressed || is_there(path)) sync_file(path);
  unsynced_.clear();
  if (file_ && !outputs_) unsynced_.push_back(path_);
}

void RowWriter::end_file() {
  file_.reset();
  unsynced_.clear();
  if (!files_.compressed) return;
  if (outputs_)
    write_gzip(path_, outputs_->stage(files_.file(number_)), options_.threads);
  else
    files_.compress(number_, options_.threads);
}

}  // namespace explain
