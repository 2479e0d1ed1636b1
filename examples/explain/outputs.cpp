#include "examples/explain/outputs.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "ascribe/core/error.hpp"
#include "examples/support/files.hpp"
#include "examples/support/formatted.hpp"
#include "examples/support/page_values.hpp"

namespace explain {
namespace {

using Json = nlohmann::ordered_json;

/// A number in `width` columns: four decimals where they say enough, else a power of ten.
std::string column(double value, int width) {
  const bool small = value != 0 && std::abs(value) < 1e-3;
  return formatted(small || std::abs(value) >= 1e6 ? "%*.1e" : "%*.4f", width, value);
}

std::string label_of(const Report& report, Index output) {
  return report.labels.empty() ? "" : report.labels[static_cast<std::size_t>(output)];
}

/// The text with its colours, as terminals understand them.
std::string coloured(const std::vector<examples::Word>& words, const std::vector<double>& shares,
                     ascribe::Colours of) {
  const ascribe::Picture colours = examples::colours_of(shares, of);
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const unsigned char* const rgb = &colours.rgb[3 * i];
    if (i > 0 && !words[i].joined) text += ' ';
    text += formatted("\033[%d;48;2;%d;%d;%dm", examples::is_dark(rgb) ? 97 : 30, rgb[0], rgb[1], rgb[2]) + words[i].text +
            "\033[0m";
  }
  return text;
}

/// The words of a text, or ids: coloured on a terminal, and a line for each with its share; of words that
/// choose rows of several tables, with its share of each.
std::string words_text(const Report& report, const Explanation& e, const std::vector<double>& shares) {
  if (report.words.empty()) return "";
  const bool of_text = !report.options.vocabulary.empty();
  std::string text;
  if (report.coloured && of_text)
    text += "  " + coloured(report.words, shares, report.options.colours) + "\n";
  text += formatted("  %8s %10s %12s", "position", "id", "relevance");
  std::vector<std::vector<double>> tables;
  for (std::size_t k = 0; share_words(report.words_of_rows) && k < report.inputs.size(); ++k) {
    tables.push_back(relevance_by_word(report, e, *report.options.method, k));
    text += formatted("  %12s", report.inputs[k].name.c_str());
  }
  text += of_text ? "  piece\n" : report.ids.size() > 1 ? "  input\n" : "\n";
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const examples::Word& word = report.words[i];
    text += formatted("  %8zu %10lld ", i, static_cast<long long>(word.id)) + column(shares[i], 12);
    for (std::size_t k = 0; k < tables.size(); ++k)
      text += "  " + column(tables[k][i], std::max(12, static_cast<int>(report.inputs[k].name.size())));
    if (of_text) text += "  " + word.piece;
    if (!of_text && report.ids.size() > 1) text += "  " + report.ids[static_cast<std::size_t>(word.part)];
    text += "\n";
  }
  return text;
}

/// The same for the ledger.
Json words_json(const Report& report, const Explanation& e) {
  const Method& method = *report.options.method;
  const std::vector<double> shares = relevance_by_word(report, e, method);
  const bool shared = share_words(report.words_of_rows);
  Json all = Json::array();
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const examples::Word& word = report.words[i];
    if (report.options.vocabulary.empty())
      all.push_back({{"input", report.ids[static_cast<std::size_t>(word.part)]}});
    else
      all.push_back({{"piece", word.piece}, {"text", word.text}});
    all.back().update({{"id", word.id}, {"relevance", shares[i]}});
  }
  for (std::size_t k = 0; shared && k < report.inputs.size(); ++k) {
    const std::vector<double> of_table = relevance_by_word(report, e, method, k);
    for (std::size_t i = 0; i < shares.size(); ++i) all[i]["tables"][report.inputs[k].name] = of_table[i];
  }
  return all;
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

std::string ports(const char* what, const std::vector<std::pair<std::string, Shape>>& all, bool batch) {
  std::string text;
  for (const auto& [name, shape] : all) text += std::string(what) + name + " " + text_of(shape, batch) + "\n";
  return text;
}

/// The name of a value in the file, as a part of a file's name.
std::string in_file_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

/// OUT.npy as OUT.NAME.npy, for a name with its dot.
std::filesystem::path with_name(const std::filesystem::path& path, const std::string& name) {
  return std::filesystem::path(path).replace_filename(path.stem().string() + in_file_name(name) +
                                                      path.extension().string());
}

/// A sample's part of the ledger, as deep in it as it stands.
std::string indented(const Json& sample) {
  // Names that are no UTF-8 must not cost the numbers.
  const std::string text = sample.dump(1, ' ', false, Json::error_handler_t::replace);
  std::string deeper = "  ";
  for (const char c : text) deeper += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return deeper;
}

}  // namespace

std::string notes(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& note : all) text += "note: " + note + "\n";
  return text;
}

std::vector<NumbersFile> numbers_files(const Options& options, const Engine& engine,
                                       const std::vector<NetworkInput>& inputs) {
  using Kind = NumbersFile::Kind;
  const bool folder = !options.output_folder.empty();
  std::vector<NumbersFile> all;
  const auto add_inputs = [&](Kind kind, bool written, const std::filesystem::path& path,
                              const std::string& ending) {
    if (folder ? !written : path.empty()) return;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const std::string name = inputs.size() > 1 ? "." + inputs[k].name : "";
      all.push_back({kind, k, inputs[k].shape, folder ? path : with_name(path, in_file_name(name)),
                     in_file_name(ending + name + ".npy")});
    }
  };
  add_inputs(Kind::relevance, options.write.relevance, options.relevance, ".relevance");
  if (folder ? options.write.output_values : !options.output_values.empty())
    all.push_back({Kind::outputs, 0, engine.outputs()[0].second, options.output_values, ".outputs.npy"});
  add_inputs(Kind::multipliers, options.write.multipliers, options.multipliers, ".multipliers");
  std::set<std::string> endings;
  for (std::size_t k = 0; k < options.at.size(); ++k) {
    const auto& [node, path] = options.at[k];
    const std::string ending = in_file_name(".at." + node + ".npy");
    if (!endings.insert(ending).second)
      ascribe::fail("--at: expected nodes whose names differ, found two for ", ending.substr(1));
    all.push_back({Kind::at, k, engine.shape_of(node), path, ending});
  }
  // The command line has been looked at, but knew no inputs' names.
  std::set<std::filesystem::path> places;
  const auto take = [&](const std::filesystem::path& place) {
    if (!places.insert(std::filesystem::absolute(place).lexically_normal()).second)
      ascribe::fail(place.string(), ": expected a place for each output, found one for two");
  };
  if (!options.ledger.empty()) take(options.ledger);
  for (const NumbersFile& file : all) {
    take(folder ? std::filesystem::path(file.ending) : file.path);
    if (!folder) check_place(file.path);
  }
  return all;
}

std::string methods_text() {
  std::vector<std::vector<std::string>> rows{{"method", "options", "what it is"}};
  for (const Method& method : methods()) {
    std::string options;
    const auto add = [&](const std::string& text) { options += (options.empty() ? "" : ", ") + text; };
    if (method.epsilon) add("--epsilon");
    if (method.box) add("--gamma, --low, --high");
    if (method.baseline) add("--baseline");
    if (method.multipliers) add("--multipliers");
    if (method.steps > 0) add("--steps");
    if (method.parts) add("--patch, --stride, --segments");
    if (method.layer) add("--layer");
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
  const bool batch = !options.no_batch;
  return ports("input: ", engine.inputs(), batch) + ports("output: ", engine.outputs(), batch) +
         notes(engine.notes()) + "\n" + table(rows, {false, false, false, false, true, false}) +
         formatted("\n%zu nodes, %td parameters; %s%.*s\n", nodes.size(), parameters,
                   options.method->books ? "rules of " : "no rules, for ",
                   static_cast<int>(options.method->name.size()), options.method->name.data()) +
         memory;
}

std::string description(const std::vector<ascribe::onnx::NodeReport>& nodes) {
  std::vector<std::vector<std::string>> rows{{"node", "operator", "is"}};
  for (const auto& node : nodes)
    rows.push_back({node.name, node.op,
                    !node.fault.empty()    ? "not read: " + node.fault
                    : !node.behind.empty() ? "not tried, behind " + node.behind
                                           : "read"});
  return table(rows, {false, false, false});
}

std::vector<Index> largest_outputs(const Report& report, const Explanation& e) {
  std::vector<Index> order(e.output.size());
  std::iota(order.begin(), order.end(), Index(0));
  const auto larger = [&](Index a, Index b) {
    const double left = e.output[static_cast<std::size_t>(a)], right = e.output[static_cast<std::size_t>(b)];
    return left != right ? left > right : a < b;
  };
  const auto shown = std::min(static_cast<std::size_t>(report.options.top), order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(), larger);
  order.resize(shown);
  return order;
}

std::string name_of_output(const Report& report, Index output) {
  const std::string label = label_of(report, output);
  const auto [name, shape] = report.engine.outputs()[0];
  // A single output is known by its name.
  if (label.empty() && count_of(shape) == 1) return name;
  return std::to_string(output) + (label.empty() ? "" : " " + label);
}

std::string summary(const Report& report, const Sample& sample, const Explanation& e) {
  std::vector<Index> order = largest_outputs(report, e);
  // The target is shown, wherever it stands.
  const Index target = e.goal.single();
  if (target >= 0 && std::find(order.begin(), order.end(), target) == order.end()) order.push_back(target);

  std::string text = sample.name + "\n";
  for (const Index output : order) {
    const std::string label = label_of(report, output);
    text += formatted("  %s %12.6g  %5td", output == target ? "->" : "  ",
                      e.output[static_cast<std::size_t>(output)], output) +
            (label.empty() ? "" : " " + label) + "\n";
  }
  if (target < 0) text += formatted("  -> %12.6g  %s\n", e.goal.value(e.output), e.goal.text.c_str());
  const Amounts& a = e.totals;
  const auto name_size = static_cast<int>(report.options.method->name.size());
  const char* const name = report.options.method->name.data();
  const std::vector<double> shares =
      report.words.empty() ? std::vector<double>() : relevance_by_word(report, e, *report.options.method);
  if (!report.options.method->books) {
    text += formatted("  %.*s has no books, since it conserves nothing: its relevances add up to %.6g\n",
                      name_size, name,
                      shares.empty() ? a.leave : std::accumulate(shares.begin(), shares.end(), 0.0));
  } else {
    text += formatted("  %-25s %11s %11s %11s %11s %11s %11s\n", "method", "start", "input", "biases",
                      "stabiliser", "dropped", "left open");
    text += formatted("  %-25.*s ", name_size, name) + column(a.enter, 11) + " " + column(a.leave, 11) + " " +
            column(a.biases, 11) + " " + column(a.stabiliser, 11) + " " + column(a.dropped, 11) + " " +
            column(a.closing_error, 11) + "\n";
    for (std::size_t k = 0; report.inputs.size() > 1 && k < report.inputs.size(); ++k)
      text +=
          formatted("    %-23s %11s ", report.inputs[k].name.c_str(), "") + column(e.leaves[k], 11) + "\n";
  }
  if (!e.remark.empty()) text += "  " + e.remark + "\n";
  return text + words_text(report, e, shares);
}

std::string ledger_begin(const Report& report) {
  const Options& o = report.options;
  const Json root{{"model", o.model.string()},
                  {"method", o.method->name},
                  {"precision", o.in_double ? "double" : "float"}};
  std::string text = root.dump(1, ' ', false, Json::error_handler_t::replace);
  text.resize(text.size() - 2);  // without the end of its line and the brace
  return text + ",\n \"samples\": [\n";
}

std::string ledger_sample(const Report& report, const Sample& sample, const Explanation& e) {
  const auto books = [](const Amounts& a, const char* leave) {
    return Json{{"enter", a.enter},           {leave, a.leave},       {"biases", a.biases},
                {"stabiliser", a.stabiliser}, {"dropped", a.dropped}, {"closing_error", a.closing_error}};
  };
  const Index target = e.goal.single();
  Json json{{"input", sample.name}, {"target", e.goal.text}};
  if (target >= 0) json["target"] = target;
  if (target >= 0 && !report.labels.empty()) json["label"] = label_of(report, target);
  json["output"] = e.goal.value(e.output);
  if (report.options.method->books) {
    json["totals"] = books(e.totals, "input");
    for (std::size_t k = 0; report.inputs.size() > 1 && k < report.inputs.size(); ++k)
      json["inputs"][report.inputs[k].name] = e.leaves[k];
  } else {
    json["books"] = "not applicable";
    json["sum of relevances"] = e.totals.leave;
  }
  if (!e.warning.empty()) json["warning"] = e.warning;
  if (!report.words.empty()) json["pieces"] = words_json(report, e);
  Json all = Json::array();
  for (std::size_t i = 0; i < e.nodes.size(); ++i) {
    Json node{{"node", report.nodes[i].name}, {"rule", report.nodes[i].rule}};
    node.update(books(e.nodes[i], "leave"));
    all.push_back(std::move(node));
  }
  json["nodes"] = std::move(all);
  return indented(json);
}

std::string ledger_failure(const std::string& name, const std::string& error) {
  return indented({{"input", name}, {"error", error}});
}

namespace {

examples::Row image_row(const Report& report, const Sample& sample, const Explanation& e,
                        examples::Explained explained) {
  const ImageLayout& layout = *report.layout;
  ascribe::HeatmapOptions colours;
  colours.percentile = 99.5;  // a single loud pixel must not pale the rest
  colours.colours = report.options.colours;
  // Of several inputs, that of the files is drawn.
  const NetworkInput& input = report.inputs[report.of_files];
  explained.image = examples::picture_of(input.of(sample.values), layout.format, layout.order);
  explained.channels = layout.format.channels;
  explained.relevance = examples::by_pixels(layout, input.of(e.relevance));
  explained.file = std::filesystem::path(sample.name).filename().string();
  return examples::explained_row(explained, colours,
                                 {.contour = report.options.contour,
                                  .by_channel = report.options.by_channel && layout.format.channels > 1});
}

examples::Row text_row(const Report& report, const Explanation& e, const examples::Explained& explained) {
  constexpr int width = 760;
  const std::vector<double> shares = relevance_by_word(report, e, *report.options.method);
  double most = 0;
  for (const double share : shares) most = std::max(most, std::abs(share));
  return {explained.title,
          explained.detail,
          {{explained.method,
            examples::drawing_of(report.words, shares, width, report.options.colours),
            "",
            {},
            most,
            report.options.colours}},
          explained.shares};
}

}  // namespace

std::pair<std::vector<double>, std::vector<double>> scale_of(const Options& options,
                                                             const NetworkInput& input) {
  if (ascribe::onnx::is_floating(input.type)) return {options.mean, options.deviation};
  return {{0}, {1 / 255.0}};
}

std::optional<ImageLayout> layout_of(const Options& options, const NetworkInput& input) {
  const auto [mean, deviation] = scale_of(options, input);
  auto layout = image_layout(input.shape, mean, deviation);
  if (layout) layout->whole = !ascribe::onnx::is_floating(input.type);
  return layout;
}

std::optional<ImageLayout> layout_of(const Report& report, std::size_t input) {
  if (input == report.of_files) return report.layout;
  return layout_of(report.options, report.inputs[input]);
}

std::vector<double> relevance_by_word(const Report& report, const Explanation& e, const Method& method,
                                      std::optional<std::size_t> table) {
  return relevance_of_words(report.inputs, report.words_of_rows, report.words.size(), e.relevance,
                            method.parts, table);
}

std::vector<double> relevance_by_position(const Report& report, const Explanation& e, const Method& method,
                                          std::size_t input) {
  return examples::relevance_of_pixels(layout_of(report, input), report.inputs[input].of(e.relevance),
                                       method.parts);
}

examples::Row heatmap_row(const Report& report, const Sample& sample, const Explanation& e) {
  examples::Explained explained;
  const Index target = e.goal.single();
  const std::string label = target >= 0 ? label_of(report, target) : "",
                    number = (target >= 0 ? "output " : "outputs: ") + e.goal.text;
  explained.title = label.empty() ? number : label;
  // A single output is known by its name.
  if (label.empty() && !report.words.empty() && e.output.size() == 1)
    explained.title = report.engine.outputs()[0].first;
  explained.detail = (label.empty() ? "" : number + ": ") + formatted("%.4g", e.goal.value(e.output));
  explained.method = report.options.method->name;
  if (report.options.method->books)
    explained.shares =
        examples::Shares{e.totals.leave, e.totals.biases, e.totals.stabiliser, e.totals.dropped};
  return report.words.empty() ? image_row(report, sample, e, std::move(explained))
                              : text_row(report, e, explained);
}

}  // namespace explain
