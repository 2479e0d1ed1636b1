// One party of `compare` (README.md): ascribe, as a process that answers requests, so that it and its peers
// can be timed in turns. Each request is a line on standard input, each answer a line on standard output:
//
//   load NETWORK.onnx INPUTS.npy             -> done
//   describe                                 -> text version; Eigen; compiler
//   activations                              -> number bytes of all values of one sample's forward pass
//   threads N                                -> done
//   write MEASURE BATCH FILE.npy             -> times ms          runs it once and writes what it computed
//   run MEASURE BATCH SKIPPED REPEATS        -> times ms ms ...   the skipped ones come first
//   forget                                   -> done              gives the passes' memory back
//
// or "error why". Numbers are float's, or with the argument `double` double's. An explanation's time includes
// its forward pass; the network, plans, traces, explanations and workspaces were there before, as in a
// program that explains one input after another.
#include <ascribe/ascribe.hpp>
#include <ascribe/io/npy.hpp>
#include <ascribe/io/onnx.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <span>
#include <string>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

using namespace ascribe;
constexpr Index target = 1;

/// The bounds that the inputs keep, for ZBox, and the stabiliser that captum's LRP has.
constexpr double low = -3, high = 3, captum_epsilon = 1e-9;

/// The method of a measure. `deep_lift` treats maxima as captum does below a function, by their gradient.
template <class Scalar>
Composite<Scalar> method_of(const std::string& measure) {
  composite::Options options{.low = {low}, .high = {high}};
  if (measure == "lrp") options.epsilon = captum_epsilon;
  if (measure == "deep_lift") options.max_rule = "gradient";
  return composite::by_name<Scalar>(measure == "deep_lift_cached" ? "deep_lift" : measure, options);
}

template <class Scalar>
class Party {
 public:
  void load(const std::string& network, const std::string& inputs) {
    memories_.clear();
    plans_.clear();
    net_ = onnx::load<Scalar>(network).graph;
    const auto read = io::read_npy<Scalar>(inputs);
    inputs_ = View<Scalar>(read.values.data(), net_.input_size(), Index(read.shape.at(0)));
    baseline_.reset();
  }

  Index activation_bytes() const {
    Index scalars = 0;
    for (const auto& node : net_.nodes()) scalars += node.size;
    return scalars * Index(sizeof(Scalar));
  }

  /// Milliseconds of each repeat.
  std::vector<double> run(const std::string& measure, Index batch, int skipped, int repeats) {
    const auto pass = prepared(measure, batch);
    std::vector<double> times;
    for (int k = 0; k < skipped + repeats; ++k) {
      const auto start = std::chrono::steady_clock::now();
      pass();
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
      if (k >= skipped) times.push_back(took.count());
    }
    return times;
  }

  /// What the measure computed last, sample by sample: the outputs or the inputs' relevance.
  const Batch<Scalar>& result(const std::string& measure, Index batch) const {
    const Memory& memory = memories_.at(batch);
    return measure == "forward" ? memory.trace.output() : memory.explanation.relevance;
  }

  void forget() { memories_.clear(); }

 private:
  using Net = Graph<Scalar>;

  struct Memory {
    Batch<Scalar> x;
    typename Net::Trace trace, baseline;
    typename Net::Explanation explanation;
    Workspace<Scalar> workspace;
  };

  /// The call that is timed, for a batch of the first inputs.
  std::function<void()> prepared(const std::string& measure, Index batch) {
    if (net_.nodes().empty()) fail("expected a network to be loaded first");
    if (batch < 1 || batch > inputs_.cols())
      fail("expected a batch in [1, ", inputs_.cols(), "], found ", batch);
    Memory& memory = memories_[batch];
    if (memory.x.size() == 0) memory.x = inputs_.leftCols(batch);
    if (measure == "forward") return [&] { net_.forward(memory.x, memory.trace, memory.workspace); };

    const auto found = plans_.find(measure);
    const typename Net::Plan& plan =
        found != plans_.end() ? found->second
                              : plans_.emplace(measure, net_.plan(method_of<Scalar>(measure))).first->second;
    const auto explain = [&](const typename Net::Trace* baseline) {
      net_.forward(memory.x, memory.trace, memory.workspace);
      net_.explain(memory.trace, target, plan, memory.explanation, memory.workspace, baseline);
    };
    if (plan.form() != Form::Delta) return [=] { explain(nullptr); };
    const Batch<Scalar> zero = Batch<Scalar>::Zero(net_.input_size(), 1);
    if (measure == "deep_lift_cached") {
      if (!baseline_) baseline_ = net_.forward(zero, plan);
      return [=, this] { explain(&*baseline_); };
    }
    return [=, this, &memory] {
      net_.forward(zero, memory.baseline, memory.workspace, plan);
      explain(&memory.baseline);
    };
  }

  Net net_;
  Batch<Scalar> inputs_;
  std::map<std::string, typename Net::Plan> plans_;
  std::map<Index, Memory> memories_;
  std::optional<typename Net::Trace> baseline_;
};

std::string description() {
  std::ostringstream text;
  text << "ascribe " << ASCRIBE_VERSION_MAJOR << '.' << ASCRIBE_VERSION_MINOR << '.' << ASCRIBE_VERSION_PATCH
       << "; Eigen " << EIGEN_WORLD_VERSION << '.' << EIGEN_MAJOR_VERSION << '.' << EIGEN_MINOR_VERSION
       << " (" << Eigen::SimdInstructionSetsInUse() << ")";
#ifdef __clang__
  text << "; " << __VERSION__;
#else
  text << "; GCC " << __VERSION__;
#endif
#ifndef _OPENMP
  text << "; without OpenMP";
#endif
  return text.str();
}

void set_threads(int number) {
#ifdef _OPENMP
  omp_set_num_threads(number);
#else
  if (number != 1) fail("expected 1 thread: this was compiled without OpenMP");
#endif
}

std::string shown(const std::vector<double>& times) {
  std::ostringstream text;
  text << "times";
  for (const double time : times) text << ' ' << time;
  return text.str();
}

template <class Scalar>
std::string answer(Party<Scalar>& party, const std::string& line) {
  std::istringstream words(line);
  std::string request, measure, file, inputs;
  Index batch = 0;
  int skipped = 0, repeats = 0;
  words >> request;
  if (request == "load" && words >> file >> inputs) {
    party.load(file, inputs);
  } else if (request == "threads" && words >> repeats) {
    set_threads(repeats);
  } else if (request == "forget") {
    party.forget();
  } else if (request == "describe") {
    return "text " + description();
  } else if (request == "activations") {
    return "number " + std::to_string(party.activation_bytes());
  } else if (request == "run" && words >> measure >> batch >> skipped >> repeats) {
    return shown(party.run(measure, batch, skipped, repeats));
  } else if (request == "write" && words >> measure >> batch >> file) {
    const auto times = party.run(measure, batch, 0, 1);
    const Batch<Scalar>& result = party.result(measure, batch);
    io::write_npy(file, {std::size_t(result.cols()), std::size_t(result.rows())},
                  std::span(result.data(), std::size_t(result.size())));
    return shown(times);
  } else {
    fail("expected a request, found '", line, "'");
  }
  return "done";
}

template <class Scalar>
void serve() {
  Party<Scalar> party;
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << answer(party, line) << std::endl;
    } catch (const std::exception& error) {
      std::cout << "error " << error.what() << std::endl;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == std::string("double"))
    serve<double>();
  else
    serve<float>();
}
