#include "examples/groups/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "ascribe/core/format.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/support/image.hpp"

namespace groups {
namespace {

using ascribe::evaluate::RegionEffect;
using ascribe::evaluate::ShortcutRule;
using ascribe::evaluate::ShortcutTest;

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string percent(double share) {
  const bool small = std::abs(share) > 0 && std::abs(share) < 0.1;
  const std::string text = fixed(100 * share, small ? 1 : 0);
  return (text == "-0" ? "0" : text == "-0.0" ? "0.0" : text) + " %";
}

std::string change(const std::string& before, const std::string& after) { return before + " -> " + after; }

/// What speaks against a finding first; of one, that it is one.
std::string verdict(const std::optional<ShortcutTest>& test) {
  if (!test) return "the class is one group";
  const ShortcutRule rule;
  if (test->found()) return "HANGS ON ITS REGION";
  if (!test->sized()) return test->share > rule.share ? "most of its class" : "too few inputs";
  if (!test->owned()) return "the rest looks there, too";
  if (!test->hit()) return "answers do not hang on it";
  return "changes the rest, too";
}

/// "rows 23 to 26, columns 1 to 4"; of features without rows "features 3 to 9".
std::string place_of(const std::vector<Index>& pixels, const ascribe::FeatureMaps& maps) {
  if (pixels.empty()) return "nowhere";
  Index top = pixels[0] / maps.width, bottom = top, left = pixels[0] % maps.width, right = left;
  for (const Index p : pixels) {
    top = std::min(top, p / maps.width);
    bottom = std::max(bottom, p / maps.width);
    left = std::min(left, p % maps.width);
    right = std::max(right, p % maps.width);
  }
  const auto range = [](Index low, Index high) {
    return std::to_string(low) + (high > low ? " to " + std::to_string(high) : std::string());
  };
  if (maps.height == 1) return "features " + range(left, right);
  return "rows " + range(top, bottom) + ", columns " + range(left, right);
}

Json to_json(const RegionEffect& effect) {
  return {{"inputs", effect.samples},
          {"right_before", effect.right_before},
          {"right_after", effect.right_after},
          {"margin_before", effect.margin_before},
          {"margin_after", effect.margin_after},
          {"logit_fall", effect.logit_fall}};
}

const std::vector<std::string> columns{"class",         "group",  "inputs",      "share",
                                       "verdict",       "region", "|R| in it",   "of the rest",
                                       "right without", "margin", "rest's fall", "others turn"};

}  // namespace

std::string rule_in_words() {
  const ShortcutRule rule;
  return "a group is said to hang on its region where it has at least " + std::to_string(rule.members) +
         " inputs and at most " + percent(rule.share) + " of its class; the region holds " +
         ascribe::to_text(rule.own) +
         " times as much of its |relevance| as of the rest's; its margin (the class's logit minus the "
         "largest "
         "other) falls by " +
         percent(rule.fall) +
         " or more once the region has the rest's mean pixels; and the rest's logit changes by no more "
         "than " +
         percent(rule.spared) + " of what the group's falls by";
}

Report::Report(const Options& options, const LabelledInputs& data, const std::vector<std::string>& names,
               const std::vector<ClassGroups>& classes)
    : options_(options), data_(data), names_(names), classes_(classes) {
  for (const ClassGroups& of : classes)
    for (std::size_t g = 0; g < of.groups.size(); ++g) lines_.push_back({of, Index(g)});
  std::vector<Line> sorted;
  for (const bool found : {true, false})
    std::copy_if(lines_.begin(), lines_.end(), std::back_inserter(sorted),
                 [&](const Line& line) { return line.found() == found; });
  lines_.swap(sorted);
}

std::string Report::name_of(Index label) const {
  return names_.empty() ? std::to_string(label) : names_[std::size_t(label)];
}

std::string Report::input_name(std::size_t k) const {
  const std::string name = std::filesystem::path(data_.name(k)).filename().string();
  // Of a file of many its number says enough under a small picture.
  const std::size_t at = name.rfind('[');
  return at != std::string::npos && name.ends_with("]") ? name.substr(at) : name;
}

std::vector<std::string> Report::findings() const {
  std::vector<std::string> found;
  for (const Line& line : lines_) {
    if (!line.found()) continue;
    const ShortcutTest& test = *line.group().test;
    std::string text = "class " + name_of(line.of.label) + ", group " + std::to_string(line.number) + ": " +
                       std::to_string(line.group().inputs.size()) + " inputs (" + percent(test.share) +
                       " of the class) hang on " + std::to_string(test.region.pixels.size()) + " pixels, " +
                       place_of(test.region.pixels, data_.maps()) + ": without them the margin falls from " +
                       fixed(test.group.margin_before, 2) + " to " + fixed(test.group.margin_after, 2) +
                       ", and " + percent(test.group.right_before) + " right answers become " +
                       percent(test.group.right_after);
    if (test.others.samples > 0)
      text += "; of " + std::to_string(test.others.samples) + " inputs of other classes " +
              percent(test.others.right_after - test.others.right_before) + " turn to this one with them";
    found.push_back(text);
  }
  if (found.empty()) found.push_back("nothing is claimed: no group hangs on a region of its own");
  return found;
}

std::vector<std::string> Report::cells(const Line& line) const {
  const auto& test = line.group().test;
  std::vector<std::string> row{name_of(line.of.label), std::to_string(line.number),
                               std::to_string(line.group().inputs.size()),
                               percent(double(line.group().inputs.size()) / double(line.of.inputs.size()))};
  row.push_back(verdict(test));
  if (test)
    for (const std::string& cell :
         {std::to_string(test->region.pixels.size()) + ": " + place_of(test->region.pixels, data_.maps()),
          percent(test->region.in_group), percent(test->region.in_rest),
          change(percent(test->group.right_before), percent(test->group.right_after)),
          change(fixed(test->group.margin_before, 2), fixed(test->group.margin_after, 2)),
          fixed(test->rest.logit_fall, 2) + " of " + fixed(test->group.logit_fall, 2),
          test->others.samples > 0 ? percent(test->others.right_after - test->others.right_before)
                                   : std::string()})
      row.push_back(cell);
  row.resize(columns.size());
  return row;
}

std::string Report::table() const {
  std::vector<std::vector<std::string>> rows{columns};
  for (const Line& line : lines_) rows.push_back(cells(line));
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string space(widths[c] - row[c].size(), ' ');
      const bool left = c == 0 || columns[c] == "region" || columns[c] == "verdict";
      line += (c > 0 ? "  " : "") + (left ? row[c] + space : space + row[c]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  for (const ClassGroups& of : classes_)
    if (!of.skipped.empty()) text += "class " + name_of(of.label) + " is not grouped: " + of.skipped + "\n";
  return text;
}

std::string Report::csv() const {
  std::string text =
      "class,group,inputs,share,region_pixels,in_group,in_rest,right_before,right_after,margin_before,"
      "margin_after,group_fall,rest_fall,others_turned,found\n";
  for (const Line& line : lines_) {
    const auto& test = line.group().test;
    std::string row = std::to_string(line.of.label) + "," + std::to_string(line.number) + "," +
                      std::to_string(line.group().inputs.size());
    if (test) {
      row += "," + ascribe::to_text(test->share) + "," + std::to_string(test->region.pixels.size());
      for (const double value : {test->region.in_group, test->region.in_rest, test->group.right_before,
                                 test->group.right_after, test->group.margin_before, test->group.margin_after,
                                 test->group.logit_fall, test->rest.logit_fall})
        row += "," + ascribe::to_text(value);
      row += "," + (test->others.samples > 0
                        ? ascribe::to_text(test->others.right_after - test->others.right_before)
                        : std::string());
    } else {
      row += ",1" + std::string(10, ',');
    }
    text += row + "," + (line.found() ? "1" : "0") + "\n";
  }
  return text;
}

Json Report::json(const Json& settings) const {
  Json all = Json::array();
  for (const ClassGroups& of : classes_) {
    Json one{{"class", of.label}, {"name", name_of(of.label)}, {"inputs", of.inputs.size()}};
    if (!of.skipped.empty()) {
      one["skipped"] = of.skipped;
      all.push_back(std::move(one));
      continue;
    }
    const auto& values = of.clusters.spectrum.values;
    one["eigenvalues"] = std::vector<double>(values.data(), values.data() + values.size());
    Json members = Json::array();
    for (std::size_t n = 0; n < of.inputs.size(); ++n)
      members.push_back({{"input", data_.name(of.inputs[n])}, {"group", of.clusters.of[n]}});
    Json listed = Json::array();
    for (std::size_t g = 0; g < of.groups.size(); ++g) {
      const auto& test = of.groups[g].test;
      Json group{{"group", g}, {"inputs", of.groups[g].inputs.size()}, {"found", test && test->found()}};
      if (test)
        group.update({{"share", test->share},
                      {"region",
                       {{"pixels", test->region.pixels},
                        {"in_group", test->region.in_group},
                        {"in_rest", test->region.in_rest}}},
                      {"of_group", to_json(test->group)},
                      {"of_rest", to_json(test->rest)},
                      {"of_others", to_json(test->others)}});
      listed.push_back(std::move(group));
    }
    one["groups"] = std::move(listed);
    one["members"] = std::move(members);
    all.push_back(std::move(one));
  }
  return {{"settings", settings}, {"findings", findings()}, {"classes", std::move(all)}};
}

PageTable Report::page_table() const {
  PageTable table;
  table.title = "Groups";
  table.columns = columns;
  for (const Line& line : lines_) {
    auto& row = table.rows.emplace_back();
    for (const std::string& cell : cells(line)) row.push_back({cell});
    row[2].number = double(line.group().inputs.size());
    row[3].number = double(line.group().inputs.size()) / double(line.of.inputs.size());
    if (const auto& test = line.group().test) {
      row[6].number = test->region.in_group;
      row[7].number = test->region.in_rest;
      row[8].number = test->group.right_before - test->group.right_after;
      row[9].number = test->group.margin_before - test->group.margin_after;
      row[10].number = test->rest.logit_fall;
      if (test->others.samples > 0) row[11].number = test->others.right_after - test->others.right_before;
    }
  }
  table.note =
      "Region: the fewest pixels that hold " + percent(options_.part) +
      " of what the group's |relevance| has beyond that of the rest of the class. Right without, margin: "
      "once the region has the rest's mean pixels. Others turn: of inputs of other classes, once they have "
      "the group's mean pixels there. Rule: " +
      rule_in_words() + ".";
  return table;
}

std::vector<PagePlot> Report::plots() const {
  PagePlot spectra;
  spectra.title = "Eigenvalues of each class's graph";
  spectra.x_label = "number";
  spectra.y_label = "eigenvalue";
  spectra.note =
      "The smallest of the normalised Laplacian. There are as many groups as come before the largest gap.";
  std::vector<PagePlot> planes, quiet;
  for (const ClassGroups& of : classes_) {
    if (!of.skipped.empty()) continue;
    PageCurve& curve = spectra.curves.emplace_back();
    curve.name = "class " + name_of(of.label) + ": " + std::to_string(of.clusters.count) +
                 (of.clusters.count == 1 ? " group" : " groups") + ", gap " +
                 fixed(of.clusters.spectrum.values(of.clusters.count) -
                           of.clusters.spectrum.values(of.clusters.count - 1),
                       3);
    for (Index k = 0; k < of.clusters.spectrum.values.size(); ++k) {
      curve.x.push_back(double(k + 1));
      curve.y.push_back(of.clusters.spectrum.values(k));
    }
    const auto& vectors = of.clusters.spectrum.vectors;
    if (of.clusters.count < 2 || vectors.cols() < 3) continue;
    bool any = false;
    PagePlot plane;
    plane.title = "The inputs of class " + name_of(of.label);
    plane.x_label = "second eigenvector";
    plane.y_label = "third eigenvector";
    plane.note = "Each point is an input. What lies close together is explained alike.";
    for (Index g = 0; g < of.clusters.count; ++g) {
      const Line line{of, g};
      any = any || line.found();
      PageCurve& points = plane.curves.emplace_back();
      points.name = "group " + std::to_string(g) + ": " + std::to_string(line.group().inputs.size()) +
                    " inputs" + (line.found() ? ", hangs on its region" : "");
      points.points = true;
      for (Index n = 0; n < vectors.rows(); ++n)
        if (of.clusters.of[std::size_t(n)] == g) {
          points.x.push_back(vectors(n, 1));
          points.y.push_back(vectors(n, 2));
        }
    }
    (any ? planes : quiet).push_back(std::move(plane));
  }
  std::vector<PagePlot> all;
  if (!spectra.curves.empty()) all.push_back(std::move(spectra));
  for (auto* some : {&planes, &quiet}) std::move(some->begin(), some->end(), std::back_inserter(all));
  return all;
}

PageGallery Report::gallery(const Line& line, const std::optional<ImageLayout>& layout) const {
  PageGallery gallery;
  const auto& test = line.group().test;
  gallery.title = "Class " + name_of(line.of.label) + ", group " + std::to_string(line.number) + ": " +
                  std::to_string(line.group().inputs.size()) + " inputs" +
                  (line.found() ? ", hangs on its region" : "");
  gallery.note = "Typical inputs, and what the network says of them.";
  if (test) {
    gallery.note += " Outlined: the group's region, which holds " + percent(test->region.in_group) +
                    " of its |relevance| and " + percent(test->region.in_rest) + " of the rest's.";
    for (const Index p : test->region.pixels) gallery.region.push_back(std::size_t(p));
  }
  for (const Typical& one : line.group().typical) {
    PageTile& tile = gallery.tiles.emplace_back();
    tile.name = input_name(one.input) + ": " + name_of(one.answer);
    tile.height = std::size_t(data_.maps().height);
    tile.width = std::size_t(data_.maps().width);
    tile.relevance = one.relevance;
    if (layout) tile.picture = picture_of(one.values, layout->format, layout->order);
  }
  return gallery;
}

Page Report::page(const std::string& detail, const std::optional<ImageLayout>& layout) const {
  Page page;
  page.title = "Groups of inputs that " + options_.model.filename().string() + " recognises alike";
  page.detail = detail;
  page.notes = findings();
  page.tables.push_back(page_table());
  page.plots = plots();
  for (const Line& line : lines_) page.galleries.push_back(gallery(line, layout));
  return page;
}

}  // namespace groups
