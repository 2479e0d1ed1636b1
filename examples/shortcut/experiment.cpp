#include "examples/shortcut/experiment.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ascribe/compiled.hpp"
#include "ascribe/core/error.hpp"
#include "ascribe/evaluate/random.hpp"
#include "ascribe/functions/relu.hpp"
#include "ascribe/layers/elementwise.hpp"
#include "ascribe/layers/matmul.hpp"
#include "ascribe/layers/max.hpp"
#include "ascribe/maps/any_map.hpp"
#include "ascribe/maps/convolution.hpp"
#include "ascribe/maps/dense.hpp"
#include "ascribe/methods/composites.hpp"
#include "ascribe/windows/pool.hpp"

namespace shortcut {
namespace {

using namespace ascribe;

/// Layers with weights from one stream of numbers: uniform between ±1/√n, of n inputs of an output, as
/// torch's are by default; biases are 0.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  auto dense(Index outputs, Index inputs) {
    const Eigen::MatrixXf weights = uniform(outputs, inputs, inputs);
    const Eigen::VectorXf bias = Eigen::VectorXf::Zero(outputs);
    return MatMul(map::Dense<float>(weights), bias);
  }
  auto convolution(const Spatial& geometry, Index channels, Index filters, Index taps) {
    const Eigen::MatrixXf weights = uniform(filters * channels * taps, 1, channels * taps);
    const Eigen::VectorXf bias = Eigen::VectorXf::Zero(filters);
    return MatMul(map::Convolution<float>(geometry, channels, filters, weights), bias);
  }

 private:
  Eigen::MatrixXf uniform(Index rows, Index columns, Index inputs) {
    const double most = 1 / std::sqrt(double(inputs));
    Eigen::MatrixXf values(rows, columns);
    for (Index i = 0; i < values.size(); ++i) values.data()[i] = float(most * (2 * random_.uniform() - 1));
    return values;
  }

  evaluate::Random random_;
};

/// Only what speaks against an output counts.
struct Against {
  double epsilon;
  rule::Shares matrix() const { return {rule::minus(), epsilon}; }
};

/// What is explained of the answers: the label's output, or its margin, as train::Trainer has it.
Values weights_of(train::Asked asked, const std::vector<Index>& labels, Index classes) {
  const float others = asked == train::Asked::margin && classes > 1 ? -1 / float(classes - 1) : 0.0f;
  Values weights = Values::Constant(classes, Index(labels.size()), others);
  for (std::size_t n = 0; n < labels.size(); ++n) weights(labels[n], Index(n)) = 1;
  return weights;
}

std::vector<Index> answers(const Network& net, const Values& inputs) {
  const Values outputs = net.forward(inputs).output();
  std::vector<Index> all(std::size_t(outputs.cols()));
  for (Index n = 0; n < outputs.cols(); ++n) outputs.col(n).maxCoeff(&all[std::size_t(n)]);
  return all;
}

/// The part of two lists that differs.
double differing(const std::vector<Index>& some, const std::vector<Index>& others) {
  double count = 0;
  for (std::size_t n = 0; n < some.size(); ++n) count += some[n] != others[n];
  return count / double(some.size());
}

std::vector<Index> first(Index count) {
  std::vector<Index> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), Index(0));
  return numbers;
}

/// A seed's streams: weights, and the order of samples.
std::uint64_t order_seed(std::uint64_t seed) { return seed + 1000000; }

}  // namespace

Network make_network(const std::string& name, const Task& task, std::uint64_t seed) {
  Maker make(seed);
  Network net;
  Index last = net.input("image", task.features());
  const auto relu = [&](const std::string& of) {
    last = net.add("relu " + of, Elementwise(fn::Relu()), {last});
  };
  const auto dense = [&](const std::string& of, Index outputs, Index inputs) {
    last = net.add(of, make.dense(outputs, inputs), {last});
  };
  if (name == "mlp") {
    dense("dense 1", 100, task.features());
    relu("1");
    dense("dense 2", 50, 100);
    relu("2");
    dense("dense 3", task.classes, 50);
  } else if (name == "cnn") {
    const Index height = task.height / 2, width = task.width / 2;
    const Spatial five{
        .input = {task.height, task.width}, .kernel = {5, 5}, .stride = {2, 2}, .pads = {2, 2, 2, 2}};
    last = net.add("convolution 1", make.convolution(five, task.channels, 8, 25), {last});
    relu("1");
    const Spatial two{.input = {height, width}, .kernel = {2, 2}, .stride = {2, 2}};
    last = net.add("maximum", Max(window::Pool(two, 8)), {last});
    const Spatial three{.input = {height / 2, width / 2}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
    last = net.add("convolution 2", make.convolution(three, 8, 16, 9), {last});
    relu("2");
    dense("dense", task.classes, height / 2 * (width / 2) * 16);
  } else {
    fail("expected mlp or cnn, found '", name, "'");
  }
  net.output(last);
  return net;
}

Composite<float> method_of(const Loss& loss) {
  const double epsilon = loss.epsilon;
  Composite<float> everywhere(Form::R);
  const auto at_matrices = [&](auto rule) {
    return everywhere.add(match::kind(LayerKind::matmul), rule).add(match::any(), method::Lrp(epsilon));
  };
  if (loss.method == "z_plus") return at_matrices(rule::ZPlus{epsilon});
  if (loss.method == "alpha2_beta1") return at_matrices(rule::AlphaBeta{2, 1, epsilon});
  if (loss.method == "gamma") return at_matrices(rule::Gamma{loss.gamma, epsilon});
  if (loss.method == "against") {
    everywhere.add(match::first_learned(), Against{epsilon});
    return at_matrices(rule::ZPlus{epsilon});
  }
  composite::Options options;
  options.epsilon = epsilon;
  options.gamma = loss.gamma;
  return composite::by_name<float>(loss.method, options);
}

double strength_of(double term, Index classes, double factor) {
  if (!(term > 0 && std::isfinite(term)))
    fail("the strength of a loss on relevance: expected a term above 0 early in training, found ", term);
  return factor * std::log(double(classes)) / term;
}

double share_on_shortcut(const Network& net, const Images& images, const Loss& how, const Values& baseline) {
  const Composite<float> method = method_of(how);
  const Values weights = weights_of(how.asked, images.labels, net.output_size());
  const start::OutputWeights<Values> start(weights);
  const auto explained = method.form == Form::Delta ? net.explain(images.inputs, start, method, baseline)
                                                    : net.explain(images.inputs, start, method);
  const Index samples = images.inputs.cols();
  const std::vector<Index> numbers = first(samples);
  train::RelevanceGradient<float> unused;
  unused.reset(net.input_size(), samples);
  return train::OutsideMask<float>(images.allowed)(
             {view(explained.relevance), {nullptr, 0}, numbers, samples}, unused)
      .mean();
}

Experiment::Experiment(const Protocol& protocol, Task task)
    : protocol_(protocol),
      task_(std::move(task)),
      mean_(task_.training.inputs.rowwise().mean()),
      share_(std::make_shared<const train::OutsideMask<float>>(task_.training.allowed)),
      squared_(
          std::make_shared<const train::SquaredOnMask<float>>(Values(1 - task_.training.allowed.array()))) {}

train::Objective<float> Experiment::objective(const Loss& loss, double strength) const {
  train::RelevanceLoss<float> term = [share = share_](const auto& explained, auto& by) {
    return (*share)(explained, by);
  };
  if (loss.squared)
    term = [squared = squared_](const auto& explained, auto& by) { return (*squared)(explained, by); };
  train::Objective<float> objective{method_of(loss), {{strength, std::move(term)}}, loss.asked, {}};
  if (objective.method.form == Form::Delta) objective.baseline = mean_;
  return objective;
}

Network Experiment::train(const Run& run, Outcome& outcome) const {
  using train::Trainer;
  const Network start = make_network(run.network, task_, run.seed);
  const Values& inputs = run.loss == ceiling_name ? task_.without : task_.training.inputs;
  const train::Data<float> data{view(inputs), task_.training.labels};
  const Size& size = Protocol::size(protocol_.networks, run.network);
  const auto learn = [&](Trainer<float>& trainer, Index epochs) {
    train::Adam<float> adam{.rate = size.rate};
    const Trainer<float>::Batches batches{protocol_.batch, order_seed(run.seed)};
    for (Index n = 0; n < epochs; ++n) try {
        outcome.loss = trainer.epoch(data, batches, n, adam).outputs;
      } catch (const Error& error) {
        throw Diverged(error.what());
      }
  };
  std::vector<train::Objective<float>> objectives;
  if (run.penalised()) {
    Trainer<float> early(start);
    learn(early, protocol_.early_epochs);
    const Loss& loss = protocol_.loss(run.loss);
    const auto some = first(std::min(protocol_.early_samples, data.samples()));
    const double term =
        Trainer<float>(early.net(), {objective(loss, 1)}).differentiate(data, some).terms.front();
    outcome.strength = strength_of(term, task_.classes, run.factor);
    objectives.push_back(objective(loss, outcome.strength));
  }
  Trainer<float> trainer(start, std::move(objectives));
  learn(trainer, size.epochs);
  return trainer.net();
}

Outcome Experiment::operator()(const Run& run) const {
  Outcome outcome;
  try {
    const Network net = train(run, outcome);
    const auto seen = answers(net, task_.test.inputs);
    outcome.accuracy = 1 - differing(seen, task_.test.labels);
    outcome.turns = differing(seen, answers(net, task_.redrawn));
    for (const Loss& loss : protocol_.losses)
      if (loss.name == run.loss || run.loss == plain_name)
        outcome.own.push_back(share_on_shortcut(net, task_.test, loss, mean_));
    for (const Loss& judge : protocol_.judges)
      outcome.judged.push_back(share_on_shortcut(net, task_.test, judge, mean_));
  } catch (const Diverged& diverged) {
    outcome.stopped = diverged.what();
  } catch (const Error& error) {
    fail(text_of(run), ": ", error.what());
  }
  return outcome;
}

}  // namespace shortcut
