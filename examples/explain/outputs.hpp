/// What goes out: files, and text on standard output.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/heatmap.hpp"
#include "examples/explain/engine.hpp"

namespace explain {

/// All that the program knows when the work is done.
struct Report {
  const Options& options;
  const Engine& engine;
  const std::vector<Sample>& samples;
  const std::vector<Explanation>& explanations;
  const std::vector<std::string>& labels;  ///< empty, or one for each output
};

/// The files of one run: all of them or none. Each is written under another name beside its place; `commit`
/// gives them their names; what has none by then goes.
class OutputFiles {
 public:
  OutputFiles() = default;
  ~OutputFiles();
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  /// Where to write what is to become `path`.
  std::filesystem::path stage(const std::filesystem::path& path);
  void commit();

  /// Throws ascribe::Error where no file can be made at `path`: said before the work, not behind it.
  static void check(const std::filesystem::path& path);

 private:
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> staged_;
};

/// --list-methods.
std::string methods_text();

/// --describe.
std::string description(const Engine& engine, const Options& options);

/// What is printed of every input: its largest outputs, and where the relevance went.
std::string summary(const Report& report);

/// --ledger.
std::string ledger(const Report& report);

/// --heatmap. `layout`: how to read the inputs as images.
ascribe::Picture heatmaps(const Report& report, const ImageLayout& layout);

/// Writes every file that the options name, all of them or none. Throws ascribe::Error where one cannot be
/// written. `layout` is asked for with --heatmap only.
void write_files(const Report& report, const std::optional<ImageLayout>& layout);

}  // namespace explain
