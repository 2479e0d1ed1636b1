#include "examples/shortcut/picture.hpp"

#include <algorithm>
#include <cmath>

#include "ascribe/compiled.hpp"
#include "ascribe/core/error.hpp"
#include "ascribe/methods/gradient.hpp"
#include "examples/support/figure.hpp"

namespace shortcut {
namespace {

constexpr Index images_shown = 4;
constexpr int enlarged = 4;

ascribe::Picture image_of(const Task& task, const Values& inputs, Index sample) {
  std::vector<unsigned char> bytes;
  for (const float value : inputs.col(sample))
    bytes.push_back(static_cast<unsigned char>(std::lround(255 * value)));
  return ascribe::enlarge(ascribe::picture(bytes, int(task.height), int(task.width), int(task.channels)),
                          enlarged);
}

Index answer(const Network& net, const Values& inputs, Index sample) {
  Index most = 0;
  net.forward(Values(inputs.col(sample))).output().col(0).maxCoeff(&most);
  return most;
}

}  // namespace

ascribe::Picture picture(const Experiment& experiment, const Protocol& protocol,
                         const std::vector<Run>& runs) {
  const Task& task = experiment.task();
  std::vector<Network> nets;
  for (const std::string& loss : protocol.picture) {
    const auto run = std::find_if(runs.begin(), runs.end(),
                                  [&](const Run& one) { return one.task == task.name && one.loss == loss; });
    if (run == runs.end())
      ascribe::fail("--picture: expected a run with the loss '", loss, "' of ", task.name, ", found none");
    Outcome unused;
    nets.push_back(experiment.train(*run, unused));
  }
  std::vector<examples::Row> rows;
  for (Index n = 0; n < task.test.inputs.cols() && Index(rows.size()) < images_shown; ++n) {
    const Index label = task.test.labels[std::size_t(n)];
    if (answer(nets.front(), task.test.inputs, n) == label) continue;
    examples::Row& row = rows.emplace_back();
    row.panels.push_back({"", image_of(task, task.test.inputs, n), "a " + std::to_string(label), {}, {}});
    row.panels.push_back({"redrawn", image_of(task, task.redrawn, n), "", {}, {}});
    for (std::size_t k = 0; k < nets.size(); ++k) {
      const Values relevance =
          nets[k]
              .explain(Values(task.test.inputs.col(n)), label, ascribe::method::GradientTimesInput())
              .relevance;
      const ascribe::Picture heat =
          ascribe::heatmap(std::span(relevance.data(), std::size_t(relevance.size())), int(task.height),
                           int(task.width), int(task.channels));
      row.panels.push_back({protocol.picture[k] == plain_name ? "labels alone" : protocol.picture[k],
                            ascribe::enlarge(heat, enlarged),
                            "says " + std::to_string(answer(nets[k], task.test.inputs, n)) + ", redrawn " +
                                std::to_string(answer(nets[k], task.redrawn, n)),
                            {},
                            {}});
    }
  }
  if (rows.empty())
    ascribe::fail("--picture: expected test images that '", protocol.picture.front(),
                  "' answers wrongly, found none");
  const std::vector<std::string> footer{
      "gradient x input of the label's output: red speaks for it, blue against; white is none"};
  return examples::figure(rows, footer);
}

}  // namespace shortcut
