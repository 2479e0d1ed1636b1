#include "examples/explain/page.hpp"

#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/version.hpp"
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
  page.title = "What " + o.model.filename().string() + " goes by";
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
  examples::PageInput input;
  const auto values = [&](std::size_t k) {
    const NetworkInput& of = report_.inputs[k];
    if (report_.engine.rows().empty())
      return examples::page_values(of.of(sample.values), of.shape, layout_of(report_, k));
    examples::PageValues rows;
    rows.height = 1;
    rows.width = static_cast<std::size_t>(count_of(of.shape) / of.shape.back());
    rows.words = report_.words;
    return rows;
  };
  static_cast<examples::PageValues&>(input) = values(report_.of_files);
  // A text is its own name; of a file, the folder is nobody's business.
  input.name = report_.words.empty() ? std::filesystem::path(sample.name).filename().string() : sample.name;
  for (std::size_t k = 0; k < report_.inputs.size(); ++k) {
    if (k == report_.of_files) continue;
    input.input = report_.inputs[report_.of_files].name;
    input.others.push_back(values(k));
    input.others.back().name = report_.inputs[k].name;
  }

  const auto add = [&](const std::string& name, double value, const Own& with_output) {
    examples::PageOutput output{name, value, {}};
    for (std::size_t m = 0; m < explainers_.size(); ++m)
      output.views.push_back(
          view(*explainers_[m][thread], *report_.options.methods[m], sample, n, with_output));
    input.outputs.push_back(std::move(output));
  };
  const Index asked = explanation.goal.single();
  add(asked >= 0 ? name_of_output(report_, asked) : explanation.goal.text,
      explanation.goal.value(explanation.output), own);
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
  const Explanation e = explainer.explain(sample, n, own);
  examples::PageView view{
      relevance_by_position(report_, e, method, report_.of_files), books_of(e.totals), {}, e.remark, {}};
  for (std::size_t k = 0; k < report_.inputs.size(); ++k)
    if (k != report_.of_files) view.others.push_back(relevance_by_position(report_, e, method, k));
  for (const Amounts& node : e.nodes) view.nodes.push_back(books_of(node));
  if (!e.warning.empty()) view.note = "warning: " + e.warning;
  return view;
} catch (const ascribe::Error& error) {
  ascribe::fail(error.what(), " (", method.name, ")");
}

}  // namespace explain
