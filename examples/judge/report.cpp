#include "examples/judge/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <numeric>

#include "ascribe/core/format.hpp"

namespace judge {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// As evaluate::PerturbationCurves, of scores that were kept.
double aopc(const std::vector<double>& scores) {
  const Eigen::Map<const Eigen::VectorXd> values(scores.data(), Index(scores.size()));
  return ascribe::evaluate::PerturbationCurves<double>{values}.aopc()(0);
}

std::string fixed(double value, int digits) {
  std::string text(64, '\0');
  text.resize(std::size_t(std::snprintf(text.data(), text.size(), "%.*f", digits, value)));
  return text;
}

/// Of the values that are numbers.
std::optional<Interval> interval_of(const std::vector<double>& values) {
  std::vector<double> known;
  std::copy_if(values.begin(), values.end(), std::back_inserter(known),
               [](double v) { return std::isfinite(v); });
  if (known.empty()) return std::nullopt;
  return ascribe::evaluate::bootstrap(Eigen::Map<const Eigen::RowVectorXd>(known.data(), Index(known.size())))
      .front();
}

Json to_json(const Interval& interval) {
  return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
}

Json to_json(const std::vector<Interval>& curve) {
  Json mean = Json::array(), low = Json::array(), high = Json::array();
  for (const Interval& step : curve) {
    mean.push_back(step.mean);
    low.push_back(step.low);
    high.push_back(step.high);
  }
  return {{"mean", mean}, {"low", low}, {"high", high}};
}

}  // namespace

Report::Report(const Options& options, const std::vector<Verdict>& verdicts)
    : options_(options), verdicts_(verdicts) {
  columns_.push_back({"AOPC", [](const Verdict& v, std::size_t m) { return aopc(v.methods[m].most); }});
  if (options.least_first)
    columns_.push_back({"area", [](const Verdict& v, std::size_t m) {
                          return aopc(v.methods[m].most) - aopc(v.methods[m].least);
                        }});
  if (!options.erasures.empty())
    columns_.push_back({"erasing", [](const Verdict& v, std::size_t m) {
                          // An input is of one class, which several pairs may be of.
                          double sum = 0, count = 0;
                          for (const double change : v.methods[m].erased)
                            if (std::isfinite(change)) sum += change, count += 1;
                          return count > 0 ? sum / count : nothing;
                        }});
  for (std::size_t k = 0; k < measures().size(); ++k)
    columns_.push_back({measures()[k].name,
                        [k](const Verdict& v, std::size_t m) { return v.methods[m].measured[k]; }, 2, false});
  columns_.push_back(
      {"ms", [](const Verdict& v, std::size_t m) { return v.methods[m].milliseconds; }, 2, false});

  // What no method has a number of is no column.
  std::erase_if(columns_, [&](const Column& column) {
    for (const Verdict& verdict : verdicts)
      for (std::size_t m = 0; m < options.methods.size(); ++m)
        if (std::isfinite(column.of(verdict, m))) return false;
    return true;
  });
  for (std::size_t m = 0; m < options.methods.size(); ++m) add_line(std::string(options.methods[m]->name), m);
  const std::size_t by = options.least_first ? 1 : 0;
  std::stable_sort(lines_.begin(), lines_.end(),
                   [&](const Line& a, const Line& b) { return a.cells[by]->mean > b.cells[by]->mean; });
  if (options.random) add_line("(random order)", std::nullopt);
}

void Report::add_line(const std::string& name, std::optional<std::size_t> method) {
  Line& line = lines_.emplace_back();
  line.method = name;
  line.number = method;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::vector<double> values;
    for (const Verdict& verdict : verdicts_)
      values.push_back(method ? columns_[c].of(verdict, *method) : c == 0 ? aopc(verdict.random) : nothing);
    line.cells.push_back(interval_of(values));
  }
  if (!method) {
    line.most = curve([](const Verdict& v) -> const std::vector<double>& { return v.random; });
    return;
  }
  line.most = curve([&](const Verdict& v) -> const std::vector<double>& { return v.methods[*method].most; });
  if (options_.least_first)
    line.least =
        curve([&](const Verdict& v) -> const std::vector<double>& { return v.methods[*method].least; });
}

std::vector<Interval> Report::curve(
    const std::function<const std::vector<double>&(const Verdict&)>& scores) const {
  std::size_t most = 0, least = scores(verdicts_.front()).size();
  for (const Verdict& verdict : verdicts_) {
    most = std::max(most, scores(verdict).size());
    least = std::min(least, scores(verdict).size());
  }
  Eigen::MatrixXd all(Index(least), Index(verdicts_.size()));
  for (Index n = 0; n < all.cols(); ++n)
    all.col(n) = Eigen::Map<const Eigen::VectorXd>(scores(verdicts_[std::size_t(n)]).data(), all.rows());
  std::vector<Interval> steps = ascribe::evaluate::bootstrap(all);
  // Of texts, longer ones have more steps.
  for (std::size_t step = least; step < most; ++step) {
    std::vector<double> values;
    for (const Verdict& verdict : verdicts_)
      if (step < scores(verdict).size()) values.push_back(scores(verdict)[step]);
    steps.push_back(*interval_of(values));
  }
  return steps;
}

std::string Report::cell_text(std::size_t column, const Interval& cell) const {
  const int digits = columns_[column].digits;
  const std::string mean = fixed(cell.mean, digits);
  if (!columns_[column].interval) return mean;
  return mean + " [" + fixed(cell.low, digits) + ", " + fixed(cell.high, digits) + "]";
}

std::string Report::table() const {
  // Cells as text, then as wide as the widest of their column.
  std::vector<std::vector<std::string>> rows{{"method"}};
  for (const Column& column : columns_) rows[0].push_back(column.name);
  for (const Line& line : lines_) {
    auto& row = rows.emplace_back(std::vector{line.method});
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const auto& cell = line.cells[c];
      row.push_back(cell ? cell_text(c, *cell) : "");
    }
  }
  std::string text;
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  for (const auto& row : rows) {
    std::string line = row[0] + std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t c = 1; c < row.size(); ++c)
      line += "  " + std::string(widths[c] - row[c].size(), ' ') + row[c];
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string Report::csv() const {
  std::string text = "method";
  for (const Column& column : columns_)
    text += "," + column.name +
            (column.interval ? "," + column.name + "_low," + column.name + "_high" : std::string());
  text += "\n";
  for (const Line& line : lines_) {
    text += line.method;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const auto& cell = line.cells[c];
      text += "," + (cell ? ascribe::to_text(cell->mean) : std::string());
      if (columns_[c].interval)
        text += "," +
                (cell ? ascribe::to_text(cell->low) + "," + ascribe::to_text(cell->high) : std::string(","));
    }
    text += "\n";
  }
  return text;
}

Json Report::json(const Json& settings) const {
  Json methods = Json::array();
  for (const Line& line : lines_) {
    Json one{{"method", line.method}};
    for (std::size_t c = 0; c < columns_.size(); ++c)
      if (line.cells[c])
        one[columns_[c].name] = columns_[c].interval ? to_json(*line.cells[c]) : Json(line.cells[c]->mean);
    one["most_first"] = to_json(line.most);
    if (!line.least.empty()) one["least_first"] = to_json(line.least);
    for (std::size_t m = 0; m < options_.methods.size(); ++m)
      if (options_.methods[m]->name == line.method)
        for (std::size_t p = 0; p < options_.erasures.size(); ++p) {
          std::vector<double> changes;
          for (const Verdict& verdict : verdicts_) changes.push_back(verdict.methods[m].erased[p]);
          if (const auto change = interval_of(changes))
            one["pairs"][std::to_string(options_.erasures[p].first) + "-vs-" +
                         std::to_string(options_.erasures[p].second)] = to_json(*change);
        }
    methods.push_back(std::move(one));
  }
  return {{"settings", settings}, {"inputs", verdicts_.size()}, {"methods", std::move(methods)}};
}

Page Report::page(const std::string& detail) const {
  Page page;
  page.title = "Explanations of " + options_.model.filename().string() + ", judged";
  page.detail = detail;
  for (const Line& line : lines_)
    if (line.number) {
      const Method& method = *options_.methods[*line.number];
      page.methods.push_back({std::string(method.name), std::string(method.summary), {}, method.books});
    }
  PageTable table;
  table.title = "Which method is right about this network?";
  table.columns = {"method"};
  for (const Column& column : columns_) table.columns.push_back(column.name);
  for (const Line& line : lines_) {
    auto& row = table.rows.emplace_back();
    row.push_back({line.method});
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const auto& cell = line.cells[c];
      row.push_back(cell ? PageCell{cell_text(c, *cell), cell->mean} : PageCell{});
    }
  }
  table.note = "Means over the inputs, and intervals that hold 95 % of the bootstrap's means.";
  page.tables.push_back(std::move(table));
  const bool several_lengths = std::any_of(verdicts_.begin(), verdicts_.end(), [&](const Verdict& v) {
    return v.methods.front().most.size() != verdicts_.front().methods.front().most.size();
  });
  for (const bool most : {true, false}) {
    PagePlot plot;
    plot.title = most ? "Most relevant first: the faster it falls, the better"
                      : "Least relevant first: the longer it stays, the better";
    plot.x_label = "steps";
    plot.y_label = options_.how.score == ascribe::evaluate::Score::logit ? "logit" : "softmax";
    plot.note = "95 % of the bootstrap's means";
    if (several_lengths) plot.note += "; each step is over the inputs that are as long";
    for (const Line& line : lines_) {
      const auto& steps = most ? line.most : line.least;
      if (steps.empty()) continue;
      PageCurve& curve = plot.curves.emplace_back();
      curve.name = line.method;
      for (std::size_t k = 0; k < steps.size(); ++k) {
        curve.x.push_back(double(k));
        curve.y.push_back(steps[k].mean);
        curve.low.push_back(steps[k].low);
        curve.high.push_back(steps[k].high);
      }
    }
    if (!plot.curves.empty()) page.plots.push_back(std::move(plot));
  }
  return page;
}

std::vector<std::string> Report::page_inputs(const Page& page, std::vector<PageInput> inputs) const {
  std::vector<std::string> all;
  for (PageInput& input : inputs) {
    for (PageOutput& output : input.outputs) {
      std::vector<PageView> in_order;
      for (const Line& line : lines_)
        if (line.number) in_order.push_back(std::move(output.views[*line.number]));
      output.views = std::move(in_order);
    }
    all.push_back(page_input(page, input));
  }
  return all;
}

std::vector<std::size_t> Report::chosen_inputs() const {
  std::map<Index, std::size_t> seen;
  std::vector<std::pair<std::size_t, std::size_t>> order;  // how many of its class stand before, and which
  for (std::size_t k = 0; k < verdicts_.size(); ++k) order.emplace_back(seen[verdicts_[k].target]++, k);
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), std::size_t(options_.page_inputs)));
  std::vector<std::size_t> chosen;
  for (const auto& [before, k] : order) chosen.push_back(k);
  return chosen;
}

}  // namespace judge
