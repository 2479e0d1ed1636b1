#include "examples/groups/analysis.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ascribe/compiled.hpp"
#include "ascribe/core/error.hpp"
#include "ascribe/core/parallel.hpp"
#include "ascribe/evaluate/clusters.hpp"
#include "examples/support/pipeline.hpp"

namespace groups {
namespace {

namespace evaluate = ascribe::evaluate;
using Column = ascribe::Batch<float>;

}  // namespace

Analysis::Analysis(const ascribe::onnx::Network<float>& network, const Options& options,
                   const LabelledInputs& data)
    : network_(network), options_(options), data_(data) {
  const ascribe::FeatureMaps& maps = data.maps();
  const auto cells = [](Index side) { return std::clamp<Index>(side / 4, 1, 16); };
  height_ = data.is_image() ? cells(maps.height) : maps.height;
  width_ = data.is_image() ? cells(maps.width) : maps.width;
  if (!options.pool.empty()) height_ = options.pool.front(), width_ = options.pool.back();
  if (!data.is_image() && options.pool.size() < 2) height_ = 1;
  if (height_ > maps.height || width_ > maps.width)
    ascribe::fail("--pool: expected at most the input's ", maps.height, " x ", maps.width, ", found ",
                  height_, " x ", width_);
  for (const Index label : options.classes)
    if (label >= network.graph.output_size())
      ascribe::fail("--class: expected classes in [0, ", network.graph.output_size(), "), found ", label);
  const ascribe::composite::Options by = composite_options(options);
  check_bounds(by.low, by.high, data.is_image() ? maps.channels : network.graph.input_size());
  const Shape input(network.inputs[0].shape.begin(), network.inputs[0].shape.end());
  const Column baseline = options.baseline == "zero"
                              ? Column::Zero(network.graph.input_size(), 1)
                              : sample_in("--baseline", options.baseline, input, options);
  explainer_.emplace(network.graph, *options.method, by, baseline, Explainer::Where{}, true);
}

Column Analysis::explained(std::size_t k, const Column& input, Index label) const try {
  ascribe::set_thread_count(1);  // the others have inputs of their own
  const Column relevance = (*explainer_)(input, label).relevance;
  // Channels are added up at once, so that of an image only a number a pixel is kept.
  Column sums(pixels(), 1);
  for (Index p = 0; p < pixels(); ++p) {
    float sum = 0;
    for (Index c = 0; c < data_.maps().channels; ++c) sum += relevance(data_.maps().feature(c, p));
    sums(p) = sum;
  }
  return sums;
} catch (const ascribe::Error& error) {
  ascribe::fail(data_.name(k), ": ", error.what());
}

Seen Analysis::see(std::size_t k, const std::function<bool(Index answer, Index& label)>& is_explained) const {
  ascribe::set_thread_count(1);
  const Column input = data_.read(k);
  Seen seen;
  try {
    network_.graph.forward(input).output().col(0).maxCoeff(&seen.answer);
  } catch (const ascribe::Error& error) {
    ascribe::fail(data_.name(k), ": ", error.what());
  }
  if (Index label = 0; is_explained(seen.answer, label)) seen.relevance = explained(k, input, label);
  return seen;
}

ClassGroups Analysis::operator()(Index label, const std::vector<Index>& labels,
                                 const std::vector<Index>& answers, const Known& known,
                                 const std::function<void(std::size_t)>& done) const {
  ClassGroups found;
  found.label = label;
  std::vector<std::size_t> elsewhere;
  for (std::size_t k = 0; k < labels.size(); ++k)
    (labels[k] == label ? found.inputs : elsewhere).push_back(k);
  const std::size_t count = found.inputs.size();
  if (Index(count) <= options_.how.neighbours) {
    found.skipped = std::to_string(count) + " inputs, and each needs " +
                    std::to_string(options_.how.neighbours) + " neighbours";
    return found;
  }
  const ascribe::FeatureMaps& maps = data_.maps();
  const ascribe::FeatureMaps pixels{1, maps.height, maps.width};
  Column x(maps.size(), Index(count)), relevance(pixels.size(), Index(count));
  Stages<Column, Column> stages;
  stages.prepare = [&](std::size_t n) { return data_.read(found.inputs[n]); };
  stages.work = [&](std::size_t, std::size_t n, Column input) {
    x.col(Index(n)) = input;
    if (!known) return explained(found.inputs[n], input, label);
    Column sums(pixels.size(), 1);
    known(found.inputs[n], {sums.data(), std::size_t(sums.size())});
    return sums;
  };
  stages.finish = [&](std::size_t n, const Column& sums) {
    relevance.col(Index(n)) = sums;
    done(n + 1);
  };
  run_pipeline(count, std::size_t(options_.threads), stages);
  ascribe::set_thread_count(options_.threads);

  const Eigen::MatrixXd points = evaluate::pooled(relevance, pixels, height_, width_);
  found.clusters = evaluate::clusters(points, options_.how);
  const std::size_t taken = std::min(elsewhere.size(), std::size_t(options_.others));
  Column others(maps.size(), Index(taken));
  for (std::size_t k = 0; k < taken; ++k)
    others.col(Index(k)) = data_.read(elsewhere[k * elsewhere.size() / taken]);
  for (Index g = 0; g < found.clusters.count; ++g) {
    Group& group = found.groups.emplace_back();
    std::vector<Index> members, rest;
    for (std::size_t n = 0; n < count; ++n) {
      (found.clusters.of[n] == g ? members : rest).push_back(Index(n));
      if (found.clusters.of[n] == g) group.inputs.push_back(found.inputs[n]);
    }
    if (!rest.empty()) {
      const auto region = evaluate::common_region(relevance, pixels, members, rest, options_.part);
      group.test = evaluate::shortcut_test(network_.graph, x, maps, region, members, rest, others, label);
    }
    // Those that point the way of the group's mean.
    const Eigen::VectorXd mean = points(Eigen::all, members).rowwise().mean();
    std::stable_sort(members.begin(), members.end(),
                     [&](Index a, Index b) { return points.col(a).dot(mean) > points.col(b).dot(mean); });
    for (std::size_t m = 0; m < std::min(members.size(), std::size_t(options_.members)); ++m) {
      const Index n = members[m];
      Typical& one = group.typical.emplace_back();
      one.input = found.inputs[std::size_t(n)];
      one.answer = answers[one.input];
      one.values.assign(x.col(n).data(), x.col(n).data() + x.rows());
      one.relevance.assign(relevance.col(n).data(), relevance.col(n).data() + relevance.rows());
    }
  }
  return found;
}

}  // namespace groups
