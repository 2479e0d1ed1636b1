// The linear maps and pools of VGG-16, ResNet-50, R3D-18, EfficientNet-lite0 and the MLP, one by one, against
// the multiply-adds and the bytes that this machine can do in the same run: a table of all, and the sum over
// each network's layers, at the end. The best of the repetitions counts; the threads are OpenMP's
// (OMP_NUM_THREADS).
#include <ascribe/ascribe.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

using namespace ascribe;
using Values = Batch<float>;

// --- What there is to reach -------------------------------------------------------------------------------

int threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

using Packet = Eigen::internal::packet_traits<float>::type;
constexpr Index packet_size = Eigen::internal::packet_traits<float>::size;

// Twelve chains, since a multiply-add takes four cycles and two start in each.
constexpr Index chains = 12, links = 200'000;
constexpr double peak_operations = 2.0 * double(packet_size) * chains * links;  // of one thread

void multiply_adds(benchmark::State& state) {
  for (auto _ : state) {
#pragma omp parallel
    {
      Packet sums[chains];
      float factor = 0.999f;
      benchmark::DoNotOptimize(factor);
      const Packet x = Eigen::internal::pset1<Packet>(factor);
      for (Packet& sum : sums) sum = x;
      for (Index k = 0; k < links; ++k)
        for (Packet& sum : sums) sum = Eigen::internal::pmadd(sum, x, x);
      for (Packet& sum : sums) benchmark::DoNotOptimize(sum);
    }
  }
}

// Larger than any cache.
constexpr Index read_scalars = Index(1) << 26;

void reads(benchmark::State& state) {
  const Eigen::VectorXf data = Eigen::VectorXf::Ones(read_scalars);
  for (auto _ : state) {
#pragma omp parallel for schedule(static)
    for (Index block = 0; block < 64; ++block) {
      float sum = data.segment(block * (read_scalars / 64), read_scalars / 64).sum();
      benchmark::DoNotOptimize(sum);
    }
  }
}

// --- The layers -------------------------------------------------------------------------------------------

enum class Padding {
  centred,  ///< (kernel − 1)/2 at each side, as in torchvision's networks
  same      ///< TensorFlow's: outputs = ⌈inputs/stride⌉, and what is odd at the end
};

struct Layer {
  const char* network;
  Index channels, filters, size, kernel, stride, groups, count;
  Padding padding = Padding::centred;
  Index depth = 1, kernel_depth = 1, stride_depth = 1;  ///< of a volume, whose padding there is centred
};

constexpr Layer convolutions[] = {
    {"vgg16", 3, 64, 224, 3, 1, 1, 1},
    {"vgg16", 64, 64, 224, 3, 1, 1, 1},
    {"vgg16", 64, 128, 112, 3, 1, 1, 1},
    {"vgg16", 128, 128, 112, 3, 1, 1, 1},
    {"vgg16", 128, 256, 56, 3, 1, 1, 1},
    {"vgg16", 256, 256, 56, 3, 1, 1, 2},
    {"vgg16", 256, 512, 28, 3, 1, 1, 1},
    {"vgg16", 512, 512, 28, 3, 1, 1, 2},
    {"vgg16", 512, 512, 14, 3, 1, 1, 3},
    {"resnet50", 3, 64, 224, 7, 2, 1, 1},
    {"resnet50", 64, 64, 56, 1, 1, 1, 1},
    {"resnet50", 256, 64, 56, 1, 1, 1, 2},
    {"resnet50", 64, 64, 56, 3, 1, 1, 3},
    {"resnet50", 64, 256, 56, 1, 1, 1, 4},
    {"resnet50", 256, 128, 56, 1, 1, 1, 1},
    {"resnet50", 128, 128, 56, 3, 2, 1, 1},
    {"resnet50", 256, 512, 56, 1, 2, 1, 1},
    {"resnet50", 128, 512, 28, 1, 1, 1, 4},
    {"resnet50", 512, 128, 28, 1, 1, 1, 3},
    {"resnet50", 128, 128, 28, 3, 1, 1, 3},
    {"resnet50", 512, 256, 28, 1, 1, 1, 1},
    {"resnet50", 256, 256, 28, 3, 2, 1, 1},
    {"resnet50", 512, 1024, 28, 1, 2, 1, 1},
    {"resnet50", 256, 1024, 14, 1, 1, 1, 6},
    {"resnet50", 1024, 256, 14, 1, 1, 1, 5},
    {"resnet50", 256, 256, 14, 3, 1, 1, 5},
    {"resnet50", 1024, 512, 14, 1, 1, 1, 1},
    {"resnet50", 512, 512, 14, 3, 2, 1, 1},
    {"resnet50", 1024, 2048, 14, 1, 2, 1, 1},
    {"resnet50", 512, 2048, 7, 1, 1, 1, 3},
    {"resnet50", 2048, 512, 7, 1, 1, 1, 2},
    {"resnet50", 512, 512, 7, 3, 1, 1, 2},
    // Sixteen frames.
    {"r3d_18", 3, 64, 112, 7, 2, 1, 1, Padding::centred, 16, 3, 1},
    {"r3d_18", 64, 64, 56, 3, 1, 1, 4, Padding::centred, 16, 3, 1},
    {"r3d_18", 64, 128, 56, 3, 2, 1, 1, Padding::centred, 16, 3, 2},
    {"r3d_18", 64, 128, 56, 1, 2, 1, 1, Padding::centred, 16, 1, 2},
    {"r3d_18", 128, 128, 28, 3, 1, 1, 3, Padding::centred, 8, 3, 1},
    {"r3d_18", 128, 256, 28, 3, 2, 1, 1, Padding::centred, 8, 3, 2},
    {"r3d_18", 128, 256, 28, 1, 2, 1, 1, Padding::centred, 8, 1, 2},
    {"r3d_18", 256, 256, 14, 3, 1, 1, 3, Padding::centred, 4, 3, 1},
    {"r3d_18", 256, 512, 14, 3, 2, 1, 1, Padding::centred, 4, 3, 2},
    {"r3d_18", 256, 512, 14, 1, 2, 1, 1, Padding::centred, 4, 1, 2},
    {"r3d_18", 512, 512, 7, 3, 1, 1, 3, Padding::centred, 2, 3, 1},
    // Depthwise.
    {"efficientnet_lite0", 32, 32, 112, 3, 1, 32, 1, Padding::same},
    {"efficientnet_lite0", 96, 96, 112, 3, 2, 96, 1, Padding::same},
    {"efficientnet_lite0", 144, 144, 56, 3, 1, 144, 1, Padding::same},
    {"efficientnet_lite0", 144, 144, 56, 5, 2, 144, 1, Padding::same},
    {"efficientnet_lite0", 240, 240, 28, 5, 1, 240, 1, Padding::same},
    {"efficientnet_lite0", 240, 240, 28, 3, 2, 240, 1, Padding::same},
    {"efficientnet_lite0", 480, 480, 14, 3, 1, 480, 2, Padding::same},
    {"efficientnet_lite0", 480, 480, 14, 5, 1, 480, 1, Padding::same},
    {"efficientnet_lite0", 672, 672, 14, 5, 1, 672, 2, Padding::same},
    {"efficientnet_lite0", 672, 672, 14, 5, 2, 672, 1, Padding::same},
    {"efficientnet_lite0", 1152, 1152, 7, 5, 1, 1152, 3, Padding::same},
    {"efficientnet_lite0", 1152, 1152, 7, 3, 1, 1152, 1, Padding::same},
};

struct DenseLayer {
  const char* network;
  Index outputs, inputs, count;
};

constexpr DenseLayer dense_layers[] = {
    {"mlp", 1024, 784, 1},       {"mlp", 1024, 1024, 2},   {"mlp", 10, 1024, 1},
    {"vgg16", 4096, 25088, 1},   {"vgg16", 4096, 4096, 1}, {"vgg16", 1000, 4096, 1},
    {"resnet50", 1000, 2048, 1},
};

struct PoolLayer {
  const char* network;
  Index channels, size, kernel, stride, pad;
};

constexpr PoolLayer max_pools[] = {
    {"vgg16", 64, 224, 2, 2, 0}, {"vgg16", 128, 112, 2, 2, 0}, {"vgg16", 256, 56, 2, 2, 0},
    {"vgg16", 512, 28, 2, 2, 0}, {"vgg16", 512, 14, 2, 2, 0},  {"resnet50", 64, 112, 3, 2, 1},
};

constexpr PoolLayer average_pools[] = {{"resnet50", 2048, 7, 7, 7, 0},
                                       {"efficientnet_lite0", 1280, 7, 7, 7, 0}};

Spatial geometry(Index size, Index kernel, Index stride, Index before, Index after) {
  return {.input = {size, size},
          .kernel = {kernel, kernel},
          .stride = {stride, stride},
          .pads = {before, before, after, after}};
}

Spatial geometry(const Layer& layer) {
  Index total = layer.kernel - 1;
  if (layer.padding == Padding::same)
    total = std::max<Index>(
        0, ((layer.size + layer.stride - 1) / layer.stride - 1) * layer.stride + layer.kernel - layer.size);
  Spatial spatial = geometry(layer.size, layer.kernel, layer.stride, total / 2, total - total / 2);
  spatial.input.depth = layer.depth;
  spatial.kernel.depth = layer.kernel_depth;
  spatial.stride.depth = layer.stride_depth;
  spatial.pads.front = spatial.pads.back = (layer.kernel_depth - 1) / 2;
  return spatial;
}

// --- Running them -----------------------------------------------------------------------------------------

/// What a benchmark's time is divided by, and where it is added up.
struct Work {
  std::string total;  ///< the group whose sum it belongs to
  Index count = 1;
  double operations = 0, bytes = 0;
};

/// By name. Filled before anything runs.
std::map<std::string, Work>& works() {
  static std::map<std::string, Work> all;
  return all;
}

void declare(const std::string& name, Work work, std::function<void(benchmark::State&)> run) {
  works()[name] = std::move(work);
  benchmark::RegisterBenchmark(name.c_str(), std::move(run))->UseRealTime()->Unit(benchmark::kMicrosecond);
}

/// Values in −1 … 1, quickly: there are 103 million weights in one layer.
Values values(Index rows, Index columns) {
  Values all(rows, columns);
  for (Index i = 0; i < all.size(); ++i) all.data()[i] = float(i * 37 % 101) / 50 - 1;
  return all;
}

/// Both directions of a linear map and its derivative by the weights, which `make` makes when its turn comes.
template <class Make>
void declare_map(const std::string& name, const std::string& group, Index count, Index batch,
                 Index multiply_adds_each, Index scalars, Make make) {
  const auto work = [&](const char* direction) {
    return Work{group + " " + direction + ", batch " + std::to_string(batch), count,
                2.0 * double(multiply_adds_each * batch), 4.0 * double(scalars)};
  };
  const std::string end = "/" + std::to_string(batch);
  declare(name + "/forward" + end, work("forward"), [=](benchmark::State& state) {
    const auto map = make();
    const Values a = values(map.input_size(), batch);
    Values b(map.output_size(), batch);
    for (auto _ : state) {
      apply(map, a, b);
      benchmark::DoNotOptimize(b.data());
    }
  });
  declare(name + "/backward" + end, work("backward"), [=](benchmark::State& state) {
    const auto map = make();
    const Values s = values(map.output_size(), batch);
    Values g(map.input_size(), batch);
    for (auto _ : state) {
      apply_transposed(map, s, g);
      benchmark::DoNotOptimize(g.data());
    }
  });
  if constexpr (LearnedMap<decltype(make())>)
    declare(name + "/accumulate" + end, work("accumulate"), [=](benchmark::State& state) {
      const auto map = make();
      const Values s = values(map.output_size(), batch), a = values(map.input_size(), batch);
      Values gradient = Values::Zero(map::weight_count_of(map), 1);
      for (auto _ : state) {
        accumulate(map, s, a, gradient.data());
        benchmark::DoNotOptimize(gradient.data());
      }
    });
}

void declare_convolution(const Layer& layer, Index batch) {
  const Spatial spatial = geometry(layer);
  const Index weights = layer.filters * layer.channels / layer.groups * spatial.kernel_taps();
  const bool depthwise = layer.groups > 1;
  const std::string kind = depthwise ? "depthwise" : "convolution";
  const std::string name =
      std::string(layer.network) + "/" + kind + "/" + std::to_string(layer.channels) + "-" +
      std::to_string(layer.filters) + "/" + (layer.depth > 1 ? std::to_string(layer.depth) + "x" : "") +
      std::to_string(layer.size) + "/k" + std::to_string(layer.kernel) + "s" + std::to_string(layer.stride);
  declare_map(
      name, std::string(layer.network) + (depthwise ? " depthwise convolutions" : " convolutions"),
      layer.count, batch, weights * spatial.output_pixels(),
      weights + batch * (spatial.input_pixels() * layer.channels + spatial.output_pixels() * layer.filters),
      [=] {
        return map::Convolution<float>(spatial, layer.channels, layer.filters, values(weights, 1),
                                       layer.groups);
      });
}

void declare_dense(const DenseLayer& layer, Index batch) {
  const Index weights = layer.outputs * layer.inputs;
  declare_map(std::string(layer.network) + "/dense/" + std::to_string(layer.outputs) + "x" +
                  std::to_string(layer.inputs),
              std::string(layer.network) + " dense layers", layer.count, batch, weights,
              weights + batch * (layer.outputs + layer.inputs),
              [=] { return map::Dense<float>(values(layer.outputs, layer.inputs)); });
}

void declare_average_pool(const PoolLayer& pool, Index batch) {
  const Index inputs = pool.size * pool.size * pool.channels;
  declare_map(std::string(pool.network) + "/average_pool/" + std::to_string(pool.channels),
              std::string(pool.network) + " average pools", 1, batch, inputs,
              batch * (inputs + pool.channels), [=] {
                return map::AveragePool<float>(geometry(pool.size, pool.kernel, pool.stride, 0, 0),
                                               pool.channels, true);
              });
}

/// As a network of one layer; copying its input into the trace is part of the time.
void declare_max_pool(const PoolLayer& pool, Index batch) {
  const Spatial spatial = geometry(pool.size, pool.kernel, pool.stride, pool.pad, pool.pad);
  const double bytes =
      4.0 * double(batch * (spatial.input_pixels() + spatial.output_pixels()) * pool.channels);
  const std::string name = std::string(pool.network) + "/max_pool/" + std::to_string(pool.channels) + "/" +
                           std::to_string(pool.size);
  const auto net = [=] { return Sequential{Max(window::Pool(spatial, pool.channels))}; };
  const std::string end = "/" + std::to_string(batch), batch_text = ", batch " + std::to_string(batch);
  declare(name + "/forward" + end,
          {std::string(pool.network) + " max pools forward" + batch_text, 1, 0, bytes},
          [=](benchmark::State& state) {
            const auto pooled = net();
            const Values x = values(pooled.input_size(), batch);
            auto trace = pooled.forward(x);
            for (auto _ : state) {
              pooled.forward(x, trace);
              benchmark::DoNotOptimize(trace.output().data());
            }
          });
  declare(
      name + "/backward" + end, {std::string(pool.network) + " max pools backward" + batch_text, 1, 0, bytes},
      [=](benchmark::State& state) {
        const auto pooled = net();
        const auto trace = pooled.forward(values(pooled.input_size(), batch));
        const Values weights = values(pooled.output_size(), batch);
        const start::OutputWeights start(weights);
        typename decltype(pooled)::template ExplanationOf<std::remove_cvref_t<decltype(trace)>> explanation;
        Workspace<float> workspace;
        for (auto _ : state) {
          pooled.explain(trace, start, method::Gradient(), explanation, workspace);
          benchmark::DoNotOptimize(explanation.relevance.data());
        }
      });
}

// --- The table --------------------------------------------------------------------------------------------

/// Keeps each benchmark's best repetition, and prints all of them when the last has run.
class Table : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    PrintBasicContext(&std::cerr, context);
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const double seconds = run.real_accumulated_time / double(run.iterations);
      const auto [found, fresh] = best_.emplace(run.run_name.function_name, seconds);
      if (!fresh) found->second = std::min(found->second, seconds);
      if (fresh) order_.push_back(run.run_name.function_name);
    }
  }

  void Finalize() override {
    const double peak = rate("machine/multiply_adds"), bandwidth = rate("machine/reads", &Work::bytes);
    std::printf("%d threads: %.1f GF/s of multiply-adds in %d-bit packets, %.1f GB/s of reads\n\n", threads(),
                peak, int(packet_size * 32), bandwidth);
    std::printf("%-52s %6s %11s %8s %8s %7s\n", "", "count", "us", "GF/s", "of peak", "GB/s");
    std::map<std::string, Work> totals;
    std::map<std::string, double> seconds;
    std::sort(order_.begin(), order_.end());
    for (const std::string& name : order_) {
      const Work& work = works().at(name);
      if (work.total.empty()) continue;
      line(name, work.count, best_.at(name), work, peak);
      Work& total = totals[work.total];
      total.operations += double(work.count) * work.operations;
      total.bytes += double(work.count) * work.bytes;
      total.count += work.count - (total.total.empty() ? 1 : 0);
      total.total = work.total;
      seconds[work.total] += double(work.count) * best_.at(name);
    }
    std::printf("\n");
    for (const auto& [name, total] : totals) line(name, total.count, seconds.at(name), total, peak);
  }

 private:
  /// 10⁹ a second.
  double rate(const std::string& name, double Work::*what = &Work::operations) const {
    const auto found = best_.find(name);
    return found == best_.end() ? 0 : works().at(name).*what / found->second * 1e-9;
  }

  static void line(const std::string& name, Index count, double seconds, const Work& work, double peak) {
    const double flops = work.operations / seconds * 1e-9;
    std::printf("%-52s %6d %11.1f %8.1f %7.1f%% %7.1f\n", name.c_str(), int(count), seconds * 1e6, flops,
                peak > 0 ? 100 * flops / peak : 0.0, work.bytes / seconds * 1e-9);
  }

  std::map<std::string, double> best_;
  std::vector<std::string> order_;
};

}  // namespace

int main(int argc, char** argv) {
  // What is given comes behind, and counts.
  std::string defaults[] = {"--benchmark_repetitions=5", "--benchmark_min_time=0.05",
                            "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> arguments{argv[0]};
  for (std::string& one : defaults) arguments.push_back(one.data());
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  int count = int(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  declare("machine/multiply_adds", {"", 1, peak_operations * threads(), 0}, &multiply_adds);
  declare("machine/reads", {"", 1, 0, 4.0 * double(read_scalars)}, &reads);
  for (const Index batch : {1, 8}) {
    for (const Layer& layer : convolutions) declare_convolution(layer, batch);
    for (const PoolLayer& pool : max_pools) declare_max_pool(pool, batch);
    for (const PoolLayer& pool : average_pools) declare_average_pool(pool, batch);
  }
  for (const Index batch : {1, 8, 256})
    for (const DenseLayer& layer : dense_layers) declare_dense(layer, batch);

  Table table;
  benchmark::RunSpecifiedBenchmarks(&table);
}
