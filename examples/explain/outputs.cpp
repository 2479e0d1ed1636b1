#include "examples/explain/outputs.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <random>
#include <system_error>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/support/figure.hpp"
#include "examples/support/png.hpp"

namespace explain {
namespace {

/// printf into a string.
template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, format, values...)) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, values...);
  text.pop_back();
  return text;
}

/// A number in `width` columns: four decimals where they say enough, else a power of ten.
std::string column(double value, int width) {
  const bool small = value != 0 && std::abs(value) < 1e-3;
  return formatted(small || std::abs(value) >= 1e6 ? "%*.1e" : "%*.4f", width, value);
}

std::string label_of(const Report& report, Index output) {
  return report.labels.empty() ? "" : report.labels[static_cast<std::size_t>(output)];
}

/// Lines of cells, each column as wide as its widest cell; the last is not filled up.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& to_the_right) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string fill(widths[c] - row[c].size(), ' ');
      line += (c > 0 ? "  " : "") + (to_the_right[c] ? fill + row[c] : row[c] + fill);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string ports(const char* what, const std::vector<std::pair<std::string, Shape>>& all) {
  std::string text;
  for (const auto& [name, shape] : all) text += std::string(what) + name + " " + text_of(shape, true) + "\n";
  return text;
}

std::string notes(const Engine& engine) {
  std::string text;
  for (const std::string& note : engine.notes()) text += "note: " + note + "\n";
  return text;
}

template <class Scalar>
void write_values(const std::filesystem::path& path, const Report& report, const Shape& shape,
                  const std::vector<double> Explanation::*values) {
  std::vector<std::size_t> all{report.explanations.size()};
  all.insert(all.end(), shape.begin(), shape.end());
  std::vector<Scalar> numbers;
  for (const Explanation& e : report.explanations)
    std::transform((e.*values).begin(), (e.*values).end(), std::back_inserter(numbers),
                   [](double value) { return static_cast<Scalar>(value); });
  ascribe::io::write_npy(path, all, std::span<const Scalar>(numbers));
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    ascribe::fail(path.string(), ": expected to write ", text.size(), " bytes, found that they cannot be");
}

}  // namespace

OutputFiles::~OutputFiles() {
  for (const auto& [temporary, path] : staged_) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
  }
}

std::filesystem::path OutputFiles::stage(const std::filesystem::path& path) {
  std::random_device random;
  std::filesystem::path temporary = path;
  temporary += "." + std::to_string(random()) + ".part";
  staged_.emplace_back(temporary, path);
  return temporary;
}

void OutputFiles::commit() {
  while (!staged_.empty()) {
    const auto& [temporary, path] = staged_.front();
    std::error_code error;
    std::filesystem::rename(temporary, path, error);
    if (error) ascribe::fail(path.string(), ": expected to put the file there, found ", error.message());
    staged_.erase(staged_.begin());
  }
}

void OutputFiles::check(const std::filesystem::path& path) {
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

std::string methods_text() {
  std::vector<std::vector<std::string>> rows{{"method", "options", "what it is"}};
  for (const Method& method : methods()) {
    std::string options;
    const auto add = [&](const std::string& text) { options += (options.empty() ? "" : ", ") + text; };
    if (method.epsilon) add("--epsilon");
    if (method.box) add("--gamma, --low, --high");
    if (method.baseline) add("--baseline");
    if (method.max_rules != MaxRules::none) {
      std::string rules(names_of(method.max_rules));
      for (std::size_t at; (at = rules.find(", ")) != std::string::npos;) rules.replace(at, 2, "|");
      add("--max-rule " + rules);
    }
    rows.push_back({std::string(method.name), options, std::string(method.summary)});
  }
  return table(rows, {false, false, false});
}

std::string description(const Engine& engine, const Options& options) {
  std::vector<std::vector<std::string>> rows{{"node", "kind", "map", "output", "parameters", "rule"}};
  Index parameters = 0;
  const auto nodes = engine.nodes(options);
  std::string memory;
  if (const auto need = engine.memory(options))
    memory = formatted(
        "one input takes %.1f MB for values that are kept and %.1f MB for others, beside %.1f MB of "
        "weights\n",
        double(need->trace) / 1e6, double(need->workspace) / 1e6, double(need->weights) / 1e6);
  for (const NodeText& node : nodes) {
    parameters += node.parameters;
    rows.push_back({node.name, node.kind, node.part, node.shape,
                    node.parameters > 0 ? std::to_string(node.parameters) : "", node.rule});
  }
  return ports("input: ", engine.inputs()) + ports("output: ", engine.outputs()) + notes(engine) + "\n" +
         table(rows, {false, false, false, false, true, false}) +
         formatted("\n%zu nodes, %td parameters; rules of %.*s\n", nodes.size(), parameters,
                   static_cast<int>(options.method->name.size()), options.method->name.data()) +
         memory;
}

std::string summary(const Report& report) {
  std::string text = notes(report.engine);
  for (std::size_t n = 0; n < report.explanations.size(); ++n) {
    const Explanation& e = report.explanations[n];
    std::vector<Index> order(e.output.size());
    std::iota(order.begin(), order.end(), Index(0));
    const auto larger = [&](Index a, Index b) {
      const double left = e.output[static_cast<std::size_t>(a)],
                   right = e.output[static_cast<std::size_t>(b)];
      return left != right ? left > right : a < b;
    };
    const auto shown = std::min(static_cast<std::size_t>(report.options.top), order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(), larger);
    order.resize(shown);
    // The target is shown, wherever it stands.
    if (std::find(order.begin(), order.end(), e.target) == order.end()) order.push_back(e.target);

    text += (text.empty() ? "" : "\n") + report.samples[n].name + "\n";
    for (const Index output : order) {
      const std::string label = label_of(report, output);
      text += formatted("  %s %12.6g  %5td", output == e.target ? "->" : "  ",
                        e.output[static_cast<std::size_t>(output)], output) +
              (label.empty() ? "" : " " + label) + "\n";
    }
    const Amounts& a = e.totals;
    text += formatted("  %-25s %11s %11s %11s %11s %11s %11s\n", "method", "start", "input", "biases",
                      "stabiliser", "dropped", "left open");
    text += formatted("  %-25.*s ", static_cast<int>(report.options.method->name.size()),
                      report.options.method->name.data()) +
            column(a.enter, 11) + " " + column(a.leave, 11) + " " + column(a.biases, 11) + " " +
            column(a.stabiliser, 11) + " " + column(a.dropped, 11) + " " + column(a.closing_error, 11) + "\n";
  }
  return text;
}

std::string ledger(const Report& report) {
  using Json = nlohmann::ordered_json;
  const auto books = [](const Amounts& a, const char* leave) {
    return Json{{"enter", a.enter},           {leave, a.leave},       {"biases", a.biases},
                {"stabiliser", a.stabiliser}, {"dropped", a.dropped}, {"closing_error", a.closing_error}};
  };
  const Options& o = report.options;
  Json root{{"model", o.model.string()},
            {"method", o.method->name},
            {"precision", o.in_double ? "double" : "float"},
            {"samples", Json::array()}};
  const auto nodes = o.method->by_rules ? report.engine.nodes(o) : std::vector<NodeText>{};
  for (std::size_t n = 0; n < report.explanations.size(); ++n) {
    const Explanation& e = report.explanations[n];
    Json sample{{"input", report.samples[n].name}, {"target", e.target}};
    if (!report.labels.empty()) sample["label"] = label_of(report, e.target);
    sample["output"] = e.output[static_cast<std::size_t>(e.target)];
    sample["totals"] = books(e.totals, "input");
    Json all = Json::array();
    for (std::size_t i = 0; i < e.nodes.size(); ++i) {
      Json node{{"node", nodes[i].name}, {"rule", nodes[i].rule}};
      node.update(books(e.nodes[i], "leave"));
      all.push_back(std::move(node));
    }
    sample["nodes"] = std::move(all);
    root["samples"].push_back(std::move(sample));
  }
  // Names that are no UTF-8 must not cost the numbers.
  return root.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ascribe::Picture heatmaps(const Report& report, const ImageLayout& layout) {
  const auto channels = static_cast<std::size_t>(layout.format.channels);
  const auto pixels =
      static_cast<std::size_t>(layout.format.height) * static_cast<std::size_t>(layout.format.width);
  ascribe::HeatmapOptions colours;
  colours.percentile = 99.5;  // a single loud pixel must not pale the rest
  std::vector<examples::Row> rows;
  for (std::size_t n = 0; n < report.explanations.size(); ++n) {
    const Explanation& e = report.explanations[n];
    examples::Explained explained;
    explained.image = examples::picture_of(report.samples[n].values, layout.format, layout.order);
    explained.channels = layout.format.channels;
    explained.relevance = e.relevance;
    if (layout.order == examples::ImageOrder::chw)
      for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t p = 0; p < pixels; ++p)
          explained.relevance[p * channels + c] = e.relevance[c * pixels + p];
    const std::string label = label_of(report, e.target), number = "output " + std::to_string(e.target);
    explained.title = label.empty() ? number : label;
    explained.detail = (label.empty() ? "" : number + ": ") +
                       formatted("%.4g", e.output[static_cast<std::size_t>(e.target)]);
    explained.method = report.options.method->name;
    explained.file = std::filesystem::path(report.samples[n].name).filename().string();
    explained.shares =
        examples::Shares{e.totals.leave, e.totals.biases, e.totals.stabiliser, e.totals.dropped};
    rows.push_back(examples::explained_row(explained, colours));
  }
  return examples::figure(rows);
}

void write_files(const Report& report, const std::optional<ImageLayout>& layout) {
  const Options& o = report.options;
  OutputFiles files;
  const auto values = [&](const std::filesystem::path& path, const Shape& shape,
                          const std::vector<double> Explanation::*which) {
    if (path.empty()) return;
    if (o.in_double)
      write_values<double>(files.stage(path), report, shape, which);
    else
      write_values<float>(files.stage(path), report, shape, which);
  };
  values(o.relevance, report.engine.inputs()[0].second, &Explanation::relevance);
  values(o.output_values, report.engine.outputs()[0].second, &Explanation::output);
  if (!o.ledger.empty()) write_text(files.stage(o.ledger), ledger(report));
  if (!o.heatmap.empty()) examples::write_png(files.stage(o.heatmap), heatmaps(report, *layout));
  files.commit();
}

}  // namespace explain
