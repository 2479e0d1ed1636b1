/// What is said in the end: one table, as text, CSV and JSON, with the curves.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ascribe/evaluate/bootstrap.hpp"
#include "examples/judge/bench.hpp"
#include "examples/support/page.hpp"

namespace judge {

using ascribe::evaluate::Interval;

/// A line of the table: means over the inputs, none where a method has no such number.
struct Line {
  std::string method;
  std::optional<std::size_t> number;  ///< the method's; none: of a random order
  std::vector<std::optional<Interval>> cells;
  std::vector<Interval> most, least;  ///< the curves, step by step, each over the inputs that have so many
};

class Report {
 public:
  /// Of verdicts on inputs, without errors and at least one; the lines are sorted by the area between, or the
  /// AOPC.
  Report(const Options& options, const std::vector<Verdict>& verdicts);

  std::string table() const;
  std::string csv() const;
  /// `settings`: what was asked for.
  Json json(const Json& settings) const;
  /// The table and the curves, for a browser; `detail`: what was judged by. Its methods are in the table's
  /// order.
  Page page(const std::string& detail) const;
  /// Inputs whose views are in the order of the options, as that page has them.
  std::vector<std::string> page_inputs(const Page& page, std::vector<PageInput> inputs) const;

  /// Which inputs a page shows, --page-inputs of them: the first of each class that was followed, then the
  /// second of each.
  std::vector<std::size_t> chosen_inputs() const;

 private:
  /// A column: its name, and the number of each input; NaN where there is none.
  struct Column {
    std::string name;
    std::function<double(const Verdict&, std::size_t method)> of;
    int digits = 3;
    bool interval = true;
  };

  std::string cell_text(std::size_t column, const Interval& cell) const;
  void add_line(const std::string& name, std::optional<std::size_t> method);
  std::vector<Interval> curve(const std::function<const std::vector<double>&(const Verdict&)>& scores) const;

  const Options& options_;
  const std::vector<Verdict>& verdicts_;
  std::vector<Column> columns_;
  std::vector<Line> lines_;
};

}  // namespace judge
