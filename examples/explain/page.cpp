#include "examples/explain/page.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/version.hpp"
#include "examples/support/files.hpp"
#include "examples/support/page_values.hpp"

namespace explain {
namespace {

Options with(const Options& options, const Method& method) {
  Options other = options;
  other.take(method);
  return other;
}

examples::PageBooks books_of(const Amounts& a) {
  return {a.enter, a.leave, a.biases, a.stabiliser, a.dropped};
}

/// "1 input", "3 inputs"
std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string title_of(const Options& o) { return "What " + o.model.filename().string() + " goes by"; }

std::string name_of_goal(const Report& report, const Explanation& e) {
  const Index output = e.goal.single();
  return output >= 0 ? name_of_output(report, output) : e.goal.text;
}

/// One of the network's inputs, without relevance.
examples::PageValues values_of(const Report& report, const Sample& sample, std::size_t k) {
  const NetworkInput& of = report.inputs[k];
  return examples::page_values(of.of(sample.values), of.shape, layout_of(report, k));
}

/// The words of a text, or ids, without relevance.
examples::PageValues words_of(const Report& report) {
  examples::PageValues words;
  words.height = 1;
  words.width = report.words.size();
  words.words = report.words;
  return words;
}

/// Which of the network's inputs have relevances of their own beside the first's: of several, the others; of
/// tables that share their words, each beside the sum.
std::vector<std::size_t> other_inputs(const Report& report) {
  std::vector<std::size_t> others;
  if (!report.words.empty() && !share_words(report.words_of_rows)) return others;
  for (std::size_t k = 0; k < report.inputs.size(); ++k)
    if (!report.words.empty() || k != report.of_files) others.push_back(k);
  return others;
}

/// A sample as a page has it, without outputs.
examples::PageInput shown(const Report& report, const Sample& sample) {
  const bool words = !report.words.empty();
  const auto values = [&](std::size_t k) { return words ? words_of(report) : values_of(report, sample, k); };
  examples::PageInput input;
  static_cast<examples::PageValues&>(input) = values(report.of_files);
  // A text is its own name; of a file, the folder is nobody's business.
  input.name = report.options.vocabulary.empty() ? std::filesystem::path(sample.name).filename().string()
                                                 : sample.name;
  for (const std::size_t k : other_inputs(report)) {
    input.input = words ? "all tables" : report.inputs[report.of_files].name;
    input.others.push_back(values(k));
    input.others.back().name = report.inputs[k].name;
  }
  return input;
}

/// The relevances of a sample as `shown` has its values.
examples::PageView view_of(const Report& report, const Method& method, const Explanation& e) {
  examples::PageView view{report.words.empty() ? relevance_by_position(report, e, method, report.of_files)
                                               : relevance_by_word(report, e, method),
                          books_of(e.totals),
                          {},
                          e.remark,
                          {}};
  for (const std::size_t k : other_inputs(report))
    view.others.push_back(report.words.empty() ? relevance_by_position(report, e, method, k)
                                               : relevance_by_word(report, e, method, k));
  for (const Amounts& node : e.nodes) view.nodes.push_back(books_of(node));
  if (!e.warning.empty()) view.note = "warning: " + e.warning;
  return view;
}

}  // namespace

std::string page_detail(const Options& o, std::size_t explained, std::size_t all) {
  return (explained < all ? std::to_string(explained) + " of " : "") + counted(all, "input") +
         " explained by " + counted(o.methods.size(), "method") + ", in " +
         (o.in_double ? "double" : "single") + " precision, by ascribe " +
         std::to_string(ASCRIBE_VERSION_MAJOR) + "." + std::to_string(ASCRIBE_VERSION_MINOR) + "." +
         std::to_string(ASCRIBE_VERSION_PATCH);
}

examples::Page page_of(const Report& report) {
  const Options& o = report.options;
  examples::Page page;
  page.title = title_of(o);
  page.notes = report.engine.notes();
  page.colours = o.colours;
  for (const Method* const method : o.methods) {
    const auto nodes = report.engine.nodes(with(o, *method));
    examples::PageMethod one{std::string(method->name), std::string(method->summary), {}, method->books};
    if (method->by_rules)
      for (const NodeText& node : nodes) one.rules.push_back(node.rule);
    page.methods.push_back(std::move(one));
    if (!page.nodes.empty()) continue;
    for (const NodeText& node : nodes)
      page.nodes.push_back(
          {node.name,
           node.part == node.kind || node.part.empty() ? node.kind : node.kind + ", " + node.part,
           node.shape,
           {node.inputs.begin(), node.inputs.end()},
           node.explained});
  }
  return page;
}

PageMaker::PageMaker(const Report& report, const Companions& companions) : report_(report) {
  for (const Method* const method : report.options.methods) {
    options_.push_back(with(report.options, *method));
    explainers_.push_back(report.engine.explainers(options_.back(), companions, method->by_rules));
  }
}

std::string PageMaker::input(std::size_t thread, const Sample& sample, std::size_t n, const Own& own,
                             const Explanation& explanation) const {
  examples::PageInput input = shown(report_, sample);
  const auto add = [&](const std::string& name, double value, const Own& with_output) {
    examples::PageOutput output{name, value, {}};
    for (std::size_t m = 0; m < explainers_.size(); ++m)
      output.views.push_back(
          view(*explainers_[m][thread], *report_.options.methods[m], sample, n, with_output));
    input.outputs.push_back(std::move(output));
  };
  const Index asked = explanation.goal.single();
  add(name_of_goal(report_, explanation), explanation.goal.value(explanation.output), own);
  for (const Index output : largest_outputs(report_, explanation)) {
    if (output == asked) continue;
    Own other = own;
    other.output = output;
    add(name_of_output(report_, output), explanation.output[static_cast<std::size_t>(output)], other);
  }
  return examples::page_input(*report_.page, input);
}

examples::PageView PageMaker::view(Explainer& explainer, const Method& method, const Sample& sample,
                                   std::size_t n, const Own& own) const try {
  return view_of(report_, method, explainer.explain(sample, n, own));
} catch (const ascribe::Error& error) {
  ascribe::fail(error.what(), " (", method.name, ")");
}

HeatmapPage::HeatmapPage(const Options& options) : options_(options) {
  const Method& method = *options.method;
  page_.title = title_of(options);
  page_.colours = options.colours;
  page_.methods.push_back({std::string(method.name), std::string(method.summary), {}, method.books});
}

std::string HeatmapPage::input(const Report& report, const Sample& sample, const Explanation& e) const {
  examples::PageInput input = shown(report, sample);
  examples::PageView view = view_of(report, *options_.method, e);
  view.nodes.clear();  // which another input's network has not
  input.outputs.push_back({name_of_goal(report, e), e.goal.value(e.output), {std::move(view)}});
  return examples::page_input(page_, input);
}

void HeatmapPage::note(const std::string& line) {
  if (std::find(page_.notes.begin(), page_.notes.end(), line) == page_.notes.end())
    page_.notes.push_back(line);
}

void HeatmapPage::write() const {
  examples::Page page = page_;
  page.detail = page_detail(options_, inputs_.size(), inputs_.size() + failures_.size());
  page.notes.insert(page.notes.end(), failures_.begin(), failures_.end());
  OutputFiles files(OutputFiles::Names::random);
  write_bytes(files.stage(options_.heatmap), examples::page_html(page, inputs_));
  files.commit();
}

}  // namespace explain
