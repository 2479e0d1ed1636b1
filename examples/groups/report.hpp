/// What is said in the end: one table, as text, CSV and JSON, and a page.
#pragma once

#include <string>
#include <vector>

#include "examples/groups/analysis.hpp"
#include "examples/groups/options.hpp"
#include "examples/support/files.hpp"
#include "examples/support/page.hpp"

namespace groups {

/// What counts as a finding, in words.
std::string rule_in_words();

class Report {
 public:
  /// `names`: of the classes, none: their numbers. All outlive it.
  Report(const Options& options, const LabelledInputs& data, const std::vector<std::string>& names,
         const std::vector<ClassGroups>& classes);

  /// What was found, a line each; or that nothing was.
  std::vector<std::string> findings() const;
  std::string table() const;
  std::string csv() const;
  /// `settings`: what was asked for.
  Json json(const Json& settings) const;
  /// For a browser; `detail`: what was grouped, and how the inputs' images lie, where they are images.
  Page page(const std::string& detail, const std::optional<ImageLayout>& layout) const;

 private:
  /// A line of the table.
  struct Line {
    const ClassGroups& of;
    Index number;
    const Group& group() const { return of.groups[std::size_t(number)]; }
    bool found() const { return group().test && group().test->found(); }
  };

  std::string name_of(Index label) const;
  std::string input_name(std::size_t k) const;
  std::vector<std::string> cells(const Line& line) const;
  PageTable page_table() const;
  std::vector<PagePlot> plots() const;
  PageGallery gallery(const Line& line, const std::optional<ImageLayout>& layout) const;

  const Options& options_;
  const LabelledInputs& data_;
  const std::vector<std::string>& names_;
  const std::vector<ClassGroups>& classes_;
  std::vector<Line> lines_;  // those that are found first
};

}  // namespace groups
