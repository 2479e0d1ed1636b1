// Which groups of inputs does a network recognise in a way of their own, and by what? Spectral relevance
// analysis, and what happens to a group once the region that it has in common is replaced.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ascribe/core/error.hpp"
#include "examples/groups/analysis.hpp"
#include "examples/groups/options.hpp"
#include "examples/groups/report.hpp"
#include "examples/support/classifier.hpp"
#include "examples/support/files.hpp"
#include "examples/support/program.hpp"
#include "examples/support/progress.hpp"

namespace {

using namespace groups;

/// What was asked for, and of what.
Json settings_of(const Options& o, const Analysis& analysis, const LabelledInputs& data) {
  Json all = settings_of(static_cast<const ClassifierOptions&>(o));
  all.update({{"inputs", data.size()},
              {"method", o.method->name},
              {"baseline", with_content(o.baseline)},
              {"pool", {analysis.height(), analysis.width()}},
              {"neighbours", o.how.neighbours},
              {"most", o.how.most},
              {"region", o.part},
              {"others", o.others},
              {"seed", o.how.seed}});
  return all;
}

void run(const Options& options) {
  for (const auto& path : {options.csv, options.json, options.page})
    if (!path.empty()) {
      check_place(path);
      check_apart(path, options.read());
    }
  Progress progress;
  progress.show("reading");
  const ascribe::onnx::Network<float> network = load_classifier(options);
  const Shape input(network.inputs[0].shape.begin(), network.inputs[0].shape.end());
  std::vector<std::string> notes = network.notes;
  const LabelledInputs data(options, input, notes);
  const std::vector<std::string> names = options.names.empty()
                                             ? std::vector<std::string>()
                                             : read_labels(options.names, network.graph.output_size());
  const Analysis analysis(network, options, data);
  std::size_t now = 0;
  const std::vector<Index> answers = analysis.answers(
      [&](std::size_t done) { progress.count("running the network,", done, data.size(), ++now); });
  const std::vector<Index> labels =
      options.labels.empty() ? answers : data.labels(options, network.graph.output_size());
  const std::set<Index> all(labels.begin(), labels.end());
  std::vector<Index> wanted = options.classes;
  if (wanted.empty()) wanted.assign(all.begin(), all.end());
  std::size_t right = 0, total = 0, before = 0;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    right += answers[k] == labels[k];
    total += std::find(wanted.begin(), wanted.end(), labels[k]) != wanted.end();
  }
  for (const Index label : wanted)
    if (all.count(label) == 0)
      ascribe::fail("--class ", label, ": expected inputs of that class, found none");

  std::vector<ClassGroups> classes;
  for (const Index label : wanted) {
    classes.push_back(analysis(label, labels, answers, [&](std::size_t done) {
      progress.count("explaining,", before + done, total, before + done);
    }));
    before += classes.back().inputs.size();
  }
  if (std::all_of(classes.begin(), classes.end(), [](const ClassGroups& c) { return !c.skipped.empty(); }))
    ascribe::fail("expected a class of more than ", options.how.neighbours, " inputs (--neighbours), found ",
                  classes.front().skipped);
  progress.clear();

  const Report report(options, data, names, classes);
  const Json settings = settings_of(options, analysis, data);
  const std::string detail =
      std::to_string(data.size()) + " inputs, of which the network says " +
      (options.labels.empty() ? std::string("what they are grouped by") : std::to_string(right) + " right") +
      "; explained by " + std::string(options.method->name) + ", summed to " +
      std::to_string(analysis.height()) + " x " + std::to_string(analysis.width()) + " cells, " +
      std::to_string(options.how.neighbours) + " neighbours";
  OutputFiles files(OutputFiles::Names::random);
  if (!options.csv.empty()) write_bytes(files.stage(options.csv), report.csv());
  if (!options.json.empty())  // names that are no UTF-8 must not cost the numbers
    write_bytes(files.stage(options.json),
                report.json(settings).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!options.page.empty())
    write_bytes(files.stage(options.page), page_html(report.page(detail, data.layout())));
  files.commit();
  std::string text;
  for (const std::string& note : notes) text += "note: " + note + "\n";
  text += detail + "\n\n" + report.table() + "\n";
  for (const std::string& finding : report.findings()) text += finding + "\n";
  text += "(" + rule_in_words() + ")\n";
  progress.print(text);
}

}  // namespace

int main(int argc, char** argv) {
  const Parsed parsed = parse(argc, argv);
  if (!parsed.options) return parsed.exit_code;
  return examples::exit_code_of("groups", [&] {
    run(*parsed.options);
    return true;
  });
}
