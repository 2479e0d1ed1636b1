// Forward and explain, in products of the forward pass's size. Run with
//   --benchmark_enable_random_interleaving=true --benchmark_repetitions=9
//   --benchmark_report_aggregates_only=true
// and compare medians of one run: an `explain/…` here is the explanation alone, of a trace that is there.
#include <ascribe/ascribe.hpp>

#include <benchmark/benchmark.h>

namespace {

using namespace ascribe;
using Matrix = Eigen::MatrixXf;
using Vector = Eigen::VectorXf;

/// He's scale, so that activations neither die nor explode.
map::Dense<float> dense(Index outputs, Index inputs) {
  return map::Dense<float>(Matrix(Matrix::Random(outputs, inputs) * std::sqrt(6.0f / float(inputs))));
}

const auto& mlp() {
  static const Sequential net(
      MatMul(dense(1024, 784), Vector(Vector::Random(1024) * 0.1f)), Elementwise(fn::Relu()),
      MatMul(dense(1024, 1024), Vector(Vector::Random(1024) * 0.1f)), Elementwise(fn::Relu()),
      MatMul(dense(1024, 1024), Vector(Vector::Random(1024) * 0.1f)), Elementwise(fn::Relu()),
      MatMul(dense(10, 1024), Vector(Vector::Random(10) * 0.1f)));
  return net;
}

/// The MNIST convolutional network of the examples, its weights drawn.
const auto& cnn() {
  const auto convolution = [](const Spatial& spatial, Index in, Index out) {
    const Vector weights = Vector::Random(out * in * spatial.kernel_taps());
    return map::Convolution<float>(spatial, in, out,
                                   Vector(weights * std::sqrt(6.0f / float(in * spatial.kernel_taps()))));
  };
  static const Sequential net(
      MatMul(convolution({.input = {28, 28}, .kernel = {5, 5}, .pads = {2, 2, 2, 2}}, 1, 16),
             Vector(Vector::Random(16) * 0.1f)),
      Elementwise(fn::Relu()), Max(window::Pool({.input = {28, 28}, .kernel = {2, 2}, .stride = {2, 2}}, 16)),
      MatMul(convolution({.input = {14, 14}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}}, 16, 32),
             Vector(Vector::Random(32) * 0.1f)),
      Elementwise(fn::Relu()), Max(window::Pool({.input = {14, 14}, .kernel = {2, 2}, .stride = {2, 2}}, 32)),
      MatMul(dense(128, 1568), Vector(Vector::Random(128) * 0.1f)), Elementwise(fn::Relu()),
      MatMul(dense(10, 128), Vector(Vector::Random(10) * 0.1f)));
  return net;
}

template <class Net>
void forward_pass(benchmark::State& state, const Net& net) {
  const Matrix x = Matrix::Random(784, state.range(0)).cwiseAbs();
  auto trace = net.forward(x);
  for (auto _ : state) {
    net.forward(x, trace);
    benchmark::DoNotOptimize(trace.output().data());
  }
}

template <class Net, class Method>
void explain(benchmark::State& state, const Net& net, const Method& method) {
  const Matrix x = Matrix::Random(784, state.range(0)).cwiseAbs();
  const auto trace = net.forward(x), baseline = net.forward(Matrix(Matrix::Zero(784, 1)));
  typename Net::template ExplanationOf<std::remove_cvref_t<decltype(trace)>> explanation;
  Workspace<float> workspace;
  const auto* against = method.form == Form::Delta ? &baseline : nullptr;
  // Once before the clock starts: a repetition may be one iteration long, and fresh pages are not to be its.
  net.explain(trace, Index(3), method, explanation, workspace, against);
  for (auto _ : state) {
    net.explain(trace, Index(3), method, explanation, workspace, against);
    benchmark::DoNotOptimize(explanation.relevance.data());
  }
}

/// What one would write for the MLP alone, with Eigen and no library: the pass forward, and LRP in Q back.
struct ByHand {
  std::array<Matrix, 4> w{};
  std::array<Vector, 4> b{};
  std::array<Matrix, 7> v{};

  ByHand() {
    const auto take = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      w[I] = mlp().template layer<2 * I>().map.weights();
      b[I] = mlp().template layer<2 * I>().bias;
    };
    take(std::integral_constant<std::size_t, 0>());
    take(std::integral_constant<std::size_t, 1>());
    take(std::integral_constant<std::size_t, 2>());
    take(std::integral_constant<std::size_t, 3>());
  }
  void forward(const Matrix& x) {
    const Matrix* a = &x;
    for (std::size_t i = 0; i < 4; ++i) {
      Matrix& z = v[2 * i];
      z.resize(w[i].rows(), x.cols());
      if (x.cols() == 1)
        z.col(0).noalias() = w[i] * a->col(0);
      else
        z.noalias() = w[i] * *a;
      z.colwise() += b[i];
      if (i == 3) break;
      v[2 * i + 1] = z.cwiseMax(0.0f);
      a = &v[2 * i + 1];
    }
  }
  void explain(const Matrix& x, Matrix& q, Matrix& down) const {
    q.setZero(10, x.cols());
    q.row(3).setOnes();
    for (std::size_t i = 4; i-- > 0;) {
      down.resize(w[i].cols(), x.cols());
      if (x.cols() == 1)
        down.col(0).noalias() = w[i].transpose() * q.col(0);
      else
        down.noalias() = w[i].transpose() * q;
      if (i > 0)
        down.array() *= (v[2 * i - 2].array() > 0.0f).cast<float>();
      else
        down.array() *= x.array();
      q.swap(down);
    }
  }
};

void by_hand_forward(benchmark::State& state) {
  const Matrix x = Matrix::Random(784, state.range(0)).cwiseAbs();
  ByHand net;
  for (auto _ : state) {
    net.forward(x);
    benchmark::DoNotOptimize(net.v[6].data());
  }
}
void by_hand_explain(benchmark::State& state) {
  const Matrix x = Matrix::Random(784, state.range(0)).cwiseAbs();
  ByHand net;
  net.forward(x);
  Matrix q, down;
  for (auto _ : state) {
    net.explain(x, q, down);
    benchmark::DoNotOptimize(q.data());
  }
}

template <class Net>
void declare(const std::string& name, const Net& net) {
  const auto add = [&](const std::string& what, auto&& run) {
    benchmark::RegisterBenchmark((name + "/" + what).c_str(), run)
        ->Arg(1)
        ->Arg(256)
        ->Unit(benchmark::kMicrosecond);
  };
  add("forward", [&net](benchmark::State& s) { forward_pass(s, net); });
  add("gradient", [&net](benchmark::State& s) { explain(s, net, method::Gradient()); });
  add("lrp_q", [&net](benchmark::State& s) { explain(s, net, method::LrpQ()); });
  add("baseline", [&net](benchmark::State& s) { explain(s, net, method::DeepLift()); });
  add("lrp", [&net](benchmark::State& s) { explain(s, net, method::Lrp()); });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  std::srand(1);
  declare("mlp", mlp());
  declare("cnn", cnn());
  for (const auto& [name, run] :
       {std::pair("mlp/by_hand_forward", &by_hand_forward), std::pair("mlp/by_hand_lrp_q", &by_hand_explain)})
    benchmark::RegisterBenchmark(name, run)->Arg(1)->Arg(256)->Unit(benchmark::kMicrosecond);
  benchmark::RunSpecifiedBenchmarks();
}
