/// Numbers of all inputs as rows of .npy files: of one file, or of several of so many rows each, plain or
/// compressed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "ascribe/io/npy.hpp"
#include "examples/explain/options.hpp"
#include "examples/support/files.hpp"

namespace explain {

/// Where the rows of an array go. A file that is kept for the next run is `partial` until all are whole: as
/// .npy while its rows are written, then, where it is to be compressed, as .npy.gz.
struct RowFiles {
  std::filesystem::path path;     ///< as it was asked for
  std::size_t rows = 0;           ///< of all files, at least 1
  std::size_t rows_per_file = 0;  ///< of the last one they may be fewer; 0: one file has all
  bool compressed = false;

  /// The number of files.
  std::size_t count() const { return rows_per_file == 0 ? 1 : (rows - 1) / rows_per_file + 1; }
  std::size_t file_of(std::size_t row) const { return rows_per_file == 0 ? 0 : row / rows_per_file; }
  std::size_t row_in_file(std::size_t row) const { return rows_per_file == 0 ? row : row % rows_per_file; }
  Piece rows_of(std::size_t file) const;
  /// The name of a file as .npy, numbered where there may be several: OUT.00000.npy. All numbers have as many
  /// digits.
  std::filesystem::path array(std::size_t file) const;
  /// Its name once it is what it is to be.
  std::filesystem::path file(std::size_t file) const;

  /// Throws ascribe::Error where the place of a file is `taken` (absolute paths), or where something stands
  /// there that is no file, or is read. `path` has been looked at.
  void check(const std::set<std::filesystem::path>& taken,
             const std::vector<std::filesystem::path>& read) const;
  /// Whether all files are there under their names.
  bool are_there() const;
  /// One that is `partial`, if there is any.
  std::optional<std::filesystem::path> begun() const;

  /// Has what is `partial` on the disk. Throws ascribe::Error where a file is not there.
  void sync() const;
  /// Compresses a file that is `partial` and whole, if that is asked for and not done. Whenever it ends, one
  /// of both is there, whole. One process at a time.
  void compress(std::size_t file, int threads) const;
  /// Gives the files that are `partial` their names.
  void give_names() const;
};

/// Writes rows at their place, and holds one file open.
class RowWriter {
 public:
  /// How many of these rows an earlier run has written.
  using Done = std::function<std::size_t(Piece)>;

  /// Into files that are kept for the next run. `alone`: no other process writes into them.
  RowWriter(RowFiles files, Shape row, const Options& options, Done done, bool alone);
  /// Into the one file of all rows, which belongs to `outputs`, and which this run writes alone and whole.
  RowWriter(RowFiles files, Shape row, const Options& options, OutputFiles& outputs);

  /// Writes a row, larger than the one before; NaN where there are no numbers.
  void write(std::size_t row, const std::vector<double>& numbers);
  /// Has what was written since the last time on the disk: of files that are kept.
  void sync();
  /// Whether the last row's file is whole, as far as this process knows, but not what it is to be.
  bool ends_file() const { return files_.compressed && left_ == 0; }
  /// Makes of that file what it is to be, once it is whole, and recorded where it is kept.
  void end_file();

 private:
  using File = std::variant<ascribe::io::NpyWriter<float>, ascribe::io::NpyWriter<double>,
                            ascribe::io::NpyWriter<ascribe::io::Half>>;

  void open(std::size_t file);
  template <class Scalar>
  File opened(const std::vector<std::size_t>& shape, bool begun) const;

  RowFiles files_;
  Shape row_;
  const Options& options_;
  Done done_ = [](Piece) { return std::size_t(0); };
  bool alone_ = false;                // of files that are kept
  OutputFiles* outputs_ = nullptr;    // null: the files are kept
  std::optional<OutputFiles> plain_;  // what is gone once it is compressed
  std::filesystem::path path_;        // of the last row's file, as long as it has no name
  std::optional<File> file_;
  std::size_t number_ = 0, left_ = 0;  // of that file, and how many of its rows are not written
  std::vector<std::filesystem::path> unsynced_;
};

}  // namespace explain
