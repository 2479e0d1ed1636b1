#include <ascribe/train/trainer.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/methods/composites.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/windows/constants.hpp>
#include <ascribe/windows/table.hpp>

#include <ascribe/compiled.hpp>

namespace {

using namespace ascribe;
using namespace ascribe::train;
using Eigen::MatrixXd;

/// The derivative of a minibatch's loss by every weight and bias against central differences.
void check_derivative(Trainer<double>& trainer, const Data<double>& data, const std::vector<Index>& samples) {
  trainer.differentiate(data, samples);
  std::vector<std::vector<double>> found;
  for (const auto& block : trainer.parameters())
    found.emplace_back(block.gradient.begin(), block.gradient.end());
  const double h = 1e-5;
  for (std::size_t k = 0; k < found.size(); ++k)
    for (std::size_t i = 0; i < found[k].size(); ++i) {
      const auto total = [&](double change) {
        trainer.parameters()[k].values[i] += change;
        trainer.update();
        const double loss = trainer.differentiate(data, samples).total;
        trainer.parameters()[k].values[i] -= change;
        return loss;
      };
      const double expected = (total(h) - total(-h)) / (2 * h);
      INFO("block " << k << ", number " << i << ": " << found[k][i] << " against " << expected);
      CHECK(std::abs(found[k][i] - expected) <= 1e-6 * std::max(1.0, std::abs(expected)));
    }
  trainer.update();
}

TEST_CASE("the derivative of all terms at once, by every weight and bias", "[train]") {
  test::Random numbers(5);
  const MatrixXd x = numbers.matrix(6, 6), targets = numbers.matrix(3, 6),
                 masks = numbers.matrix(6, 6).cwiseAbs();
  const std::vector<Index> labels{0, 2, 1, 1, 0, 2}, samples{4, 1, 2};
  const std::vector<double> weights{1, 2, 0.5, 1, 3, 1};
  // Biases of a layer, of a function that is not 0 at 0, and of a maximum's constant.
  Graph<double> net;
  const MatrixXd w = numbers.matrix(6, 6), last = numbers.matrix(3, 3);
  const Eigen::VectorXd b = numbers.vector(6), c = numbers.vector(3);
  const Index soft = net.add("soft", Elementwise(fn::Softplus()),
                             {net.add("first", MatMul(map::Dense<double>(w), b), {net.input("x", 6)})});
  const window::WithConstants windows(window::Table(6, {{0, 1}, {2, 3}, {4, 5}}), {0.5});
  const Index most = net.add("most", Max(windows), {soft});
  net.add("aside", Elementwise(fn::Relu()), {soft});
  net.output(net.add("last", MatMul(map::Dense<double>(last), c), {most}));
  Composite<double> plus(Form::R);
  plus.add(match::kind(LayerKind::matmul), rule::ZPlus{0.1}).add(match::any(), method::Lrp(0.3));
  const RelevanceLoss<double> own = [](const Explained<double>& e, RelevanceGradient<double>& by) {
    by.relevance.row(2) = (2 * e.relevance.row(2).array()).matrix();
    by.bias.setConstant(1);
    return Eigen::ArrayXd(e.relevance.row(2).array().square() + e.bias.array());
  };
  const std::vector<Objective<double>> objectives{
      {method::LrpQ(), {{0.7, OutsideMask<double>(masks)}, {0.4, BiasShare<double>()}}},
      {method::Gradient(), {{0.5, SquaredOnMask<double>(masks)}}, Asked::largest},
      {plus, {{2, OutsideMask<double>(masks)}, {0.1, own}}, Asked::sum},
      {method::DeepLift(), {{3, TargetShares<double>(masks)}}, Asked::label, numbers.matrix(6, 1)},
      {method::GradientTimesInput(), {{0.2, SquaredOnMask<double>(masks)}}, Asked::margin}};

  Trainer<double> all(net, objectives);
  const Data<double> labelled{view(x), labels, {nullptr, 0, 0}, weights};
  check_derivative(all, labelled, samples);
  const Losses losses = all.differentiate(labelled, samples);
  REQUIRE(losses.terms.size() == 7);
  double total = losses.outputs;
  const double strengths[] = {0.7, 0.4, 0.5, 2, 0.1, 3, 0.2};
  for (std::size_t k = 0; k < 7; ++k) {
    CHECK(losses.terms[k] != 0);
    total += strengths[k] * losses.terms[k];
  }
  CHECK(std::abs(losses.total - total) <= 1e-14 * std::abs(total));

  Trainer<double> plain(net);
  const Data<double> with_targets{view(x), {}, view(targets)};
  check_derivative(plain, with_targets, samples);
  // The terms are of the samples' relevances, as explanations of what is asked have them.
  const MatrixXd three = x(Eigen::all, samples), of_three = masks(Eigen::all, samples);
  const Eigen::Array3d counts = Eigen::Array3d(3, 2, 0.5) / 5.5;
  const std::vector<Index> asked{0, 2, 1};
  const MatrixXd label = net.explain(three, asked, method::LrpQ()).relevance.cwiseAbs();
  const Eigen::ArrayXd outside =
      ((1 - of_three.array()) * label.array()).colwise().sum() / label.array().colwise().sum();
  CHECK(std::abs(losses.terms[0] - (counts * outside).sum()) <= 1e-14);
  const MatrixXd difference{{1, -0.5, -0.5}, {-0.5, -0.5, 1}, {-0.5, 1, -0.5}};
  const MatrixXd margin =
      net.explain(three, start::OutputWeights<MatrixXd>(difference), method::GradientTimesInput()).relevance;
  const Eigen::ArrayXd squared = of_three.cwiseProduct(margin).colwise().squaredNorm();
  CHECK(std::abs(losses.terms[6] - (counts * squared).sum()) <= 1e-14 * std::abs(losses.terms[6]));
  const MatrixXd y = net.forward(three).output();
  MatrixXd largest = MatrixXd::Zero(3, 3);
  for (Index n = 0, k = 0; n < 3; ++n) {
    y.col(n).maxCoeff(&k);
    largest(k, n) = 1;
  }
  const MatrixXd gradient =
      net.explain(three, start::OutputWeights<MatrixXd>(largest), method::Gradient()).relevance;
  const Eigen::ArrayXd of_gradient = of_three.cwiseProduct(gradient).colwise().squaredNorm();
  CHECK(std::abs(losses.terms[2] - (counts * of_gradient).sum()) <= 1e-14 * losses.terms[2]);
}

TEST_CASE("nodes that share a layer are trained together", "[train]") {
  test::Random numbers(8);
  const MatrixXd w = numbers.matrix(4, 4), last = numbers.matrix(2, 4), x = numbers.matrix(4, 3);
  const Eigen::VectorXd bias = numbers.vector(4);
  const MatMul layer{map::AnyMap<double>(map::Dense<double>(w)), bias};
  Graph<double> net;
  const Index h = net.add("h", Elementwise(fn::Tanh()), {net.add("one", layer, {net.input("x", 4)})});
  const Index two = net.add("two", layer, {h});
  net.output(net.add("last", MatMul(map::Dense<double>(last)), {two}));
  const std::vector<Index> labels{0, 1, 1}, samples{0, 1, 2};
  const Data<double> data{view(x), labels};
  Trainer<double> trainer(net, {{method::LrpQ(), {{1, SquaredOnMask<double>(MatrixXd::Ones(4, 1))}}}});
  CHECK(trainer.parameters().size() == 3);
  CHECK_FALSE(trainer.parameters()[2].decays);
  check_derivative(trainer, data, samples);
  Sgd<double> sgd{.rate = 0.1};
  trainer.step(data, samples, sgd);
  const auto of = [&](const char* name) {
    return ascribe::detail::matmul(trainer.net().node(trainer.net().find(name)));
  };
  CHECK(of("one")->map.identity() == of("two")->map.identity());
  CHECK(of("one")->bias == of("two")->bias);
  CHECK(of("one")->bias != bias);

  const auto& shared = *ascribe::detail::matmul(net.node(1));
  Graph<double> apart;
  const Index one = apart.add("one", MatMul(shared.map, bias), {apart.input("x", 4)});
  const Eigen::VectorXd other = 2 * bias;
  apart.output(apart.add("two", MatMul(shared.map, other), {one}));
  CHECK_THROWS_WITH(Trainer<double>(apart), Contains("nodes 'one' and 'two' share their weights"));
}

/// x → dense → tanh or the like → dense, with weights of deviation about 1/√inputs.
template <class Scalar, class F>
Graph<Scalar> two_layers(Index inputs, Index hidden, Index outputs, const F& f, unsigned seed) {
  test::Random numbers(seed);
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
  using Vector = Eigen::Matrix<Scalar, Dynamic, 1>;
  const auto dense = [&](Index to, Index from) {
    const Matrix w = (numbers.matrix(to, from) * std::sqrt(3.0 / double(from))).template cast<Scalar>();
    return MatMul(map::Dense<Scalar>(w), Vector(Vector::Zero(to)));
  };
  Graph<Scalar> net;
  const Index first = net.add("first", dense(hidden, inputs), {net.input("x", inputs)});
  const Index h = net.add("f", Elementwise(f), {first});
  net.output(net.add("last", dense(outputs, hidden), {h}));
  return net;
}

template <class Scalar>
double accuracy(const Graph<Scalar>& net, const Batch<Scalar>& x, const std::vector<Index>& labels) {
  const Batch<Scalar> y = net.forward(x).output();
  Index right = 0;
  for (Index n = 0; n < y.cols(); ++n) {
    Index k = 0;
    y.col(n).maxCoeff(&k);
    right += k == labels[std::size_t(n)];
  }
  return double(right) / double(y.cols());
}

TEST_CASE("a small network learns XOR", "[train]") {
  const MatrixXd x{{0, 0, 1, 1}, {0, 1, 0, 1}}, targets{{0, 1, 1, 0}};
  const std::vector<Index> labels{0, 1, 1, 0};
  Trainer<double> trainer(two_layers<double>(2, 8, 2, fn::Tanh(), 1));
  Adam<double> adam{.rate = 0.05};
  Losses losses;
  for (Index n = 0; n < 200; ++n) losses = trainer.epoch({view(x), labels}, {.size = 4}, n, adam);
  CHECK(losses.total < 0.01);
  CHECK(losses.total == losses.outputs);
  CHECK(accuracy(trainer.net(), x, labels) == 1);
  Trainer<double> by_targets(two_layers<double>(2, 8, 1, fn::Tanh(), 1));
  Sgd<double> sgd{.rate = 0.1, .momentum = 0.9};
  for (Index n = 0; n < 300; ++n)
    losses = by_targets.epoch({view(x), {}, view(targets)}, {.size = 2}, n, sgd);
  CHECK(losses.total < 1e-4);
}

/// Ten features, the first four of which tell a class with some noise; feature 9 gives it away in training
/// and is random where it is tested.
struct Planted {
  MatrixXd x;
  std::vector<Index> labels;

  Planted(Index samples, bool honest, unsigned seed) : x(10, samples) {
    test::Random numbers(seed);
    for (Index n = 0; n < samples; ++n) {
      x.col(n) = numbers.vector(10);
      labels.push_back(x(0, n) + x(1, n) - x(2, n) + x(0, n) * x(3, n) > 0);
      const bool tells = honest ? labels.back() == 1 : numbers.number() > 0;
      x(9, n) = tells ? 1 : -1;
    }
  }
};

/// The mean share of |relevance| on feature 9.
template <class Method>
double share_on_planted(const Graph<double>& net, const Planted& data, const Method& method) {
  const MatrixXd relevance = net.explain(data.x, data.labels, method).relevance.cwiseAbs();
  return (relevance.row(9).array() / relevance.colwise().sum().array()).mean();
}

TEST_CASE("a loss on relevance keeps a network from a planted feature", "[train]") {
  const Planted training(400, true, 1), test(400, false, 2);
  MatrixXd inside = MatrixXd::Ones(10, 1);
  inside(9) = 0;
  const auto trained = [&](std::vector<Objective<double>> objectives) {
    Trainer<double> trainer(two_layers<double>(10, 16, 2, fn::Relu(), 3), std::move(objectives));
    Adam<double> adam{.rate = 0.01};
    for (Index n = 0; n < 60; ++n) trainer.epoch({view(training.x), training.labels}, {.size = 40}, n, adam);
    return trainer.net();
  };
  const Graph<double> plain = trained({});
  const Graph<double> by_share = trained({{method::LrpQ(), {{3, OutsideMask<double>(inside)}}}});
  const MatrixXd marked = MatrixXd::Ones(10, 1) - inside;
  const Graph<double> by_square = trained({{method::Gradient(), {{1, SquaredOnMask<double>(marked)}}}});
  CHECK(share_on_planted(plain, training, method::LrpQ()) > 0.4);
  CHECK(accuracy(plain, training.x, training.labels) > 0.99);
  CHECK(accuracy(plain, test.x, test.labels) < 0.7);
  for (const Graph<double>* cured : {&by_share, &by_square}) {
    CHECK(share_on_planted(*cured, training, method::LrpQ()) < 0.02);
    CHECK(share_on_planted(*cured, training, method::Gradient()) < 0.02);
    CHECK(accuracy(*cured, training.x, training.labels) > 0.97);
    CHECK(accuracy(*cured, test.x, test.labels) > 0.93);
  }
}

/// What a trainer holds.
template <class Scalar>
std::vector<std::vector<Scalar>> weights_of(Trainer<Scalar>& trainer) {
  std::vector<std::vector<Scalar>> all;
  for (const auto& block : trainer.parameters()) all.emplace_back(block.values.begin(), block.values.end());
  return all;
}

/// 12 × 12 pixels → a convolution of 8 filters → ReLU → 10 outputs.
Graph<float> image_network() {
  test::Random numbers(4);
  const Eigen::VectorXf filters = (0.4 * numbers.vector(8 * 9)).cast<float>();
  const Spatial geometry{.input = {12, 12}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  const Eigen::MatrixXf last = (0.04 * numbers.matrix(10, 12 * 12 * 8)).cast<float>();
  const Eigen::VectorXf b1 = Eigen::VectorXf::Zero(8), b2 = Eigen::VectorXf::Zero(10);
  Graph<float> net;
  const Index c =
      net.add("c", MatMul(map::Convolution<float>(geometry, 1, 8, filters), b1), {net.input("x", 144)});
  const Index h = net.add("relu", Elementwise(fn::Relu()), {c});
  net.output(net.add("last", MatMul(map::Dense<float>(last), b2), {h}));
  return net;
}

TEST_CASE("training is the same for one and two threads, and goes on where it stopped", "[train]") {
  test::Random numbers(6);
  const Eigen::MatrixXf x = numbers.matrix(144, 64).cast<float>();
  std::vector<Index> labels;
  for (Index n = 0; n < 64; ++n) labels.push_back(Index(5 + 5 * numbers.number()));
  Eigen::MatrixXf inside = Eigen::MatrixXf::Ones(144, 1);
  inside.topRows(40).setZero();
  const std::vector<Objective<float>> objectives{
      {method::LrpQ(), {{1, OutsideMask<float>(inside)}}},
      {composite::epsilon_plus<float>(), {{0.01, SquaredOnMask<float>(inside)}, {0.1, BiasShare<float>()}}}};
  const auto run = [&](int threads, bool stops) {
    const int before = thread_count();
    set_thread_count(threads);
    Trainer<float> trainer(image_network(), objectives);
    Adam<float> adam{.rate = 0.003, .weight_decay = 0.01};
    trainer.epoch({view(x), labels}, {.size = 40, .seed = 7}, 0, adam);
    Trainer<float> other(trainer.net(), objectives);
    Trainer<float>& last = stops ? other : trainer;
    last.epoch({view(x), labels}, {.size = 40, .seed = 7}, 1, adam);
    set_thread_count(before);
    return weights_of(last);
  };
  const auto one = run(1, false);
  CHECK(one == run(2, false));
  CHECK(one == run(1, true));
}

TEST_CASE("the order of an epoch follows from seed and number", "[train]") {
  const Planted data(50, true, 1);
  const auto after = [&](std::uint64_t seed, Index number) {
    Trainer<double> trainer(two_layers<double>(10, 4, 2, fn::Tanh(), 3));
    Sgd<double> sgd{.rate = 0.1};
    trainer.epoch({view(data.x), data.labels}, {.size = 20, .seed = seed}, number, sgd);
    return weights_of(trainer);
  };
  CHECK(after(1, 0) == after(1, 0));
  CHECK(after(1, 0) != after(1, 1));
  CHECK(after(1, 0) != after(2, 0));
}

TEST_CASE("an epoch's losses are means over the samples, whatever the batches", "[train]") {
  const Planted data(50, true, 1);
  std::vector<double> weights(50, 1);
  std::fill(weights.begin(), weights.begin() + 20, 3);
  const auto none = [](std::span<const Parameter<double>>) {};
  Trainer<double> trainer(two_layers<double>(10, 4, 2, fn::Tanh(), 3),
                          {{method::LrpQ(), {{2, SquaredOnMask<double>(MatrixXd::Ones(10, 1))}}}});
  for (const bool weighted : {false, true}) {
    Data<double> given{view(data.x), data.labels};
    if (weighted) given.weights = weights;
    const Losses whole = trainer.epoch(given, {.size = 50}, 0, none),
                 parts = trainer.epoch(given, {.size = 7}, 0, none);
    CHECK(std::abs(whole.total - parts.total) <= 1e-14);
    CHECK(std::abs(whole.outputs - parts.outputs) <= 1e-14);
    CHECK(std::abs(whole.terms.at(0) - parts.terms.at(0)) <= 1e-14);
  }
}

TEST_CASE("training that diverges stops, and keeps the last good network", "[train]") {
  const Planted data(40, true, 1);
  Trainer<double> trainer(two_layers<double>(10, 4, 2, fn::Relu(), 3));
  Sgd<double> sgd{.rate = 1e160};
  CHECK_THROWS_WITH(
      [&] {
        for (Index n = 0; n < 9; ++n) trainer.epoch({view(data.x), data.labels}, {.size = 10}, n, sgd);
      }(),
      Contains("epoch 0, batch "));
  for (const auto& block : weights_of(trainer))
    for (const double w : block) CHECK(std::isfinite(w));

  Trainer<double> other(two_layers<double>(10, 4, 2, fn::Relu(), 3));
  const auto before = weights_of(other);
  const auto broken = [](std::span<const Parameter<double>> all) {
    all[0].values[0] = 5;
    all[1].values[1] = std::numeric_limits<double>::quiet_NaN();
  };
  const std::vector<Index> samples{0, 1};
  CHECK_THROWS_WITH(other.step({view(data.x), data.labels}, samples, broken), Contains("node 'last'"));
  CHECK(weights_of(other) == before);

  const RelevanceLoss<double> infinite = [](const Explained<double>& e, RelevanceGradient<double>&) {
    return Eigen::ArrayXd(
        Eigen::ArrayXd::Constant(e.relevance.cols(), std::numeric_limits<double>::infinity()));
  };
  Trainer<double> third(two_layers<double>(10, 4, 2, fn::Relu(), 3), {{method::LrpQ(), {{1, infinite}}}});
  CHECK_THROWS_WITH(third.step({view(data.x), data.labels}, samples, sgd),
                    Contains("the loss is inf: it diverges"));
}

TEST_CASE("terms around the samples: their derivative, and the points that they are means over", "[train]") {
  test::Random numbers(15);
  const MatrixXd x = numbers.matrix(5, 6), masks = numbers.matrix(5, 6).cwiseAbs(),
                 base = numbers.matrix(5, 1);
  const std::vector<Index> labels{0, 2, 1, 1, 0, 2}, samples{4, 1, 2};
  const std::vector<double> weights{1, 2, 0.5, 1, 3, 1};
  const auto net = two_layers<double>(5, 4, 3, fn::Tanh(), 3);
  const auto near = [&](Where where, const MatrixXd& baseline = {}) {
    return Objective<double>{method::LrpQ(),
                             {{0.7, SquaredOnMask<double>(masks)}, {0.4, BiasShare<double>()}},
                             Asked::label,
                             baseline,
                             where};
  };
  const Data<double> data{view(x), labels, {nullptr, 0, 0}, weights};
  Trainer<double> all(
      net, {near(Where::near(0.2, 3)), near({}), near(Where::on_path(2), base), near(Where::on_path(3))});
  check_derivative(all, data, samples);
  Trainer<double> none_at(net, {near(Where::near(0.2, 2, 8))});
  check_derivative(none_at, data, samples);

  const Losses losses = all.differentiate(data, samples, 5);
  REQUIRE(losses.terms.size() == 8);
  const Eigen::Array3d counts = Eigen::Array3d(3, 2, 0.5) / 5.5;
  const std::vector<Index> asked{0, 2, 1};
  const auto squared = [&](const MatrixXd& at) {
    const MatrixXd r = net.explain(at, asked, method::LrpQ()).relevance;
    return (counts *
            MatrixXd(masks(Eigen::all, samples)).cwiseProduct(r).colwise().squaredNorm().transpose().array())
        .sum();
  };
  const MatrixXd three = x(Eigen::all, samples);
  double noisy = 0;
  const evaluate::GaussianNoise noise{0.2, 1};
  for (Index point = 0; point < 3; ++point) {
    MatrixXd moved = three;
    for (Index n = 0; n < 3; ++n) {
      auto column = moved.col(n);
      noise(samples[std::size_t(n)], 5 * 3 + point, column);
    }
    noisy += squared(moved) / 3;
  }
  CHECK(std::abs(losses.terms[0] - noisy) <= 1e-14 * noisy);
  CHECK(std::abs(losses.terms[2] - squared(three)) <= 1e-14 * losses.terms[2]);
  const MatrixXd from = base.replicate(1, 3);
  const double path = (squared(from + 0.25 * (three - from)) + squared(from + 0.75 * (three - from))) / 2;
  CHECK(std::abs(losses.terms[4] - path) <= 1e-14 * path);
  const double to_zero = (squared(three / 6) + squared(three / 2) + squared(5 * three / 6)) / 3;
  CHECK(std::abs(losses.terms[6] - to_zero) <= 1e-14 * to_zero);
  double total = losses.outputs;
  for (std::size_t k = 0; k < 8; ++k) total += (k % 2 == 0 ? 0.7 : 0.4) * losses.terms[k];
  CHECK(std::abs(losses.total - total) <= 1e-14 * std::abs(total));
  // Noise is drawn anew with another number, and is a sample's own, whichever are beside it.
  CHECK(all.differentiate(data, samples, 6).terms[0] != losses.terms[0]);
  Trainer<double> alone(net, {near(Where::near(0.2, 3))});
  double one_by_one = 0;
  for (Index n = 0; n < 3; ++n)
    one_by_one += counts(n) * alone.differentiate(data, {&samples[std::size_t(n)], 1}, 5).terms[0];
  CHECK(std::abs(one_by_one - noisy) <= 1e-14 * noisy);

  CHECK_THROWS_WITH(Trainer<double>(net, {near(Where::near(0.2, 0))}),
                    Contains("at 1 point or more, at the sample itself at 1, found 0"));
  CHECK_THROWS_WITH(Trainer<double>(net, {near(Where::near(-1))}), Contains("found -1"));
}

TEST_CASE("a trainer refuses what does not fit", "[train]") {
  const Planted data(40, true, 1);
  const auto net = two_layers<double>(10, 4, 2, fn::Relu(), 3);
  const std::vector<Index> samples{0, 1}, beyond{0, 40}, few{0, 1, 0};
  const MatrixXd targets = MatrixXd::Zero(2, 40), ones = MatrixXd::Ones(10, 1);
  Trainer<double> trainer(net);
  const auto labelled = [&] { return Data<double>{view(data.x), data.labels}; };
  const auto fails = [&](Trainer<double>& with, const Data<double>& of, const std::vector<Index>& at,
                         const std::string& message) {
    INFO(message);
    CHECK_THROWS_WITH(with.differentiate(of, at), Contains(message));
  };
  fails(trainer, labelled(), beyond, "expected samples in [0, 40), found 40");
  fails(trainer, labelled(), {}, "a minibatch of at least 1 sample");
  fails(trainer, {view(data.x)}, samples, "expected labels or targets, found none");
  fails(trainer, {view(data.x), data.labels, view(targets)}, samples,
        "expected labels or targets, found both");
  fails(trainer, {view(data.x), few}, samples, "expected a label for each of 40 samples, found 3");
  fails(trainer, {view(data.x), {}, view(ones)}, samples,
        "expected targets of 2 outputs x 40 samples, found 10 x 1");
  fails(trainer, {view(targets), data.labels}, samples, "expected inputs of 10 features, found 2");
  const std::vector<double> two{1, 1};
  fails(trainer, {view(data.x), data.labels, {nullptr, 0, 0}, two}, samples,
        "expected a weight for each of 40");

  const auto with = [&](Composite<double> method, RelevanceLoss<double> loss, double strength = 1,
                        MatrixXd baseline = {}) {
    return Trainer<double>(
        net, {{std::move(method), {{strength, std::move(loss)}}, Asked::label, std::move(baseline)}});
  };
  CHECK_THROWS_WITH(with(method::LrpQ(), BiasShare<double>(), -1),
                    Contains("a strength of at least 0, found -1"));
  CHECK_THROWS_WITH(with(method::LrpQ(), {}), Contains("expected a loss in every term"));
  CHECK_THROWS_WITH(with(method::DeepLift(), BiasShare<double>(), 1, MatrixXd::Zero(9, 1)),
                    Contains("expected a baseline of 10 features x 1, found 9 x 1"));
  CHECK_THROWS_WITH(Trainer<double>(net, {{method::LrpQ(), {}}}),
                    Contains("expected a term in every objective"));
  auto other_mask = with(method::LrpQ(), OutsideMask<double>(MatrixXd::Ones(10, 39)));
  fails(other_mask, labelled(), samples, "expected a mask of 10 features x 1 or 40 samples, found 10 x 39");
  auto no_label = with(method::LrpQ(), BiasShare<double>());
  fails(no_label, {view(data.x), {}, view(targets)}, samples, "expected labels, found targets");
  auto of_gradients = with(method::Gradient(), BiasShare<double>());
  fails(of_gradients, labelled(), samples, "expected what the biases took of 2 samples, found 0");
  auto by_bias = with(method::Gradient(), [](const auto& e, auto& by) {
    by.bias.setOnes();
    return Eigen::ArrayXd(Eigen::ArrayXd::Zero(e.relevance.cols()));
  });
  fails(by_bias, labelled(), samples, "expected none of a method of gradients");
  auto no_baseline = with(method::DeepLift(), BiasShare<double>());
  fails(no_baseline, labelled(), samples, "baseline");
  auto short_loss =
      with(method::LrpQ(), [](const auto&, auto&) { return Eigen::ArrayXd(Eigen::ArrayXd::Zero(1)); });
  fails(short_loss, labelled(), samples, "a loss on relevance: expected 2 numbers");
  const auto none = [](std::span<const Parameter<double>>) {};
  CHECK_THROWS_WITH(trainer.epoch(labelled(), {.size = 0}, 0, none),
                    Contains("batches of at least 1 sample, found 0"));
  CHECK_THROWS_WITH(trainer.epoch(labelled(), {}, -1, none), Contains("a number of at least 0, found -1"));
  Graph<double> empty;
  empty.output(empty.add("f", Elementwise(fn::Relu()), {empty.input("x", 3)}));
  CHECK_THROWS_WITH(Trainer<double>(empty), Contains("a layer with learned weights, found none"));
}

}  // namespace
