/// A network of either precision behind one face, so that the rest of the program is compiled once.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/io/onnx/options.hpp"
#include "ascribe/networks/memory_need.hpp"
#include "examples/explain/options.hpp"
#include "examples/support/samples.hpp"

namespace explain {

/// One set of books: enter = leave + biases + stabiliser + dropped + what is left open.
struct Amounts {
  double enter = 0, leave = 0, biases = 0, stabiliser = 0, dropped = 0, closing_error = 0;
};

/// What is said of one sample.
struct Explanation {
  Goal goal;
  std::vector<double> output;     ///< the network's (first) output
  std::vector<double> relevance;  ///< of all inputs, one behind the other, in the file's order
  std::vector<double> multipliers;      ///< where they are asked for
  std::vector<double> leaves;           ///< of totals.leave, what is each input's
  std::vector<std::vector<double>> at;  ///< the relevance of Options::at, in the order of the shape's axes
  Amounts totals;
  std::string remark;   ///< what a mean of gradients leaves open, and how many would leave half of it
  std::string warning;  ///< why the books say little; empty: they say what they should
  std::vector<Amounts>
      nodes;  ///< as many as Engine::nodes, where they were asked for and the method has them
};

/// A node as the reader of --describe sees it.
struct NodeText {
  std::string name, kind, part, shape, rule;
  Index parameters = 0;
  std::vector<Index> inputs = {};  ///< the nodes that it reads
  bool explained = false;          ///< whether its value is the (first) output
};

/// Explains one sample after the other. Each thread has its own.
class Explainer {
 public:
  virtual ~Explainer() = default;

  /// Sample number n by itself, so that neither the others nor the number of threads change its numbers.
  /// Throws ascribe::Error, the sample's name before it; an explanation whose books do not close is one, too
  /// (examples/support/audit.hpp).
  virtual Explanation explain(const Sample& sample, std::size_t n, const Own& own) = 0;
};

/// What goes with all inputs; null where there is none.
struct Companions {
  const Beside *baseline = nullptr, *weights = nullptr, *segments = nullptr;
};

class Engine {
 public:
  virtual ~Engine() = default;

  /// Inputs and outputs: a name in the file, and a shape.
  virtual std::vector<std::pair<std::string, Shape>> inputs() const = 0;
  virtual std::vector<std::pair<std::string, Shape>> outputs() const = 0;
  /// The rows of tables that whole numbers have chosen, where those are what is explained, one input of the
  /// network behind the other; else empty.
  virtual const std::vector<double>& rows() const = 0;
  /// What the reader of the file has to say.
  virtual const std::vector<std::string>& notes() const = 0;

  /// The nodes and the rules that the method gives them. Throws ascribe::Error where it cannot serve one.
  virtual std::vector<NodeText> nodes(const Options& options) const = 0;

  /// The shape of a node's values without the batch. Throws ascribe::Error where there is no such node.
  virtual Shape shape_of(const std::string& node) const = 0;

  /// The bytes that one sample takes with the method's rules; none where it is not one of rules.
  virtual std::optional<ascribe::MemoryNeed> memory(const Options& options) const = 0;

  /// As many as there are threads. `options.low` and `high` are set; `options` and the engine outlive them.
  /// `node_books`: the books of every node, too. Throws ascribe::Error for targets that there are not.
  virtual std::vector<std::unique_ptr<Explainer>> explainers(const Options& options,
                                                             const Companions& companions,
                                                             bool node_books) const = 0;
};

/// Reads a network. Throws ascribe::Error as ascribe::onnx::load.
std::unique_ptr<Engine> load_float(const std::filesystem::path& path,
                                   const ascribe::onnx::ReadOptions& reading);
std::unique_ptr<Engine> load_double(const std::filesystem::path& path,
                                    const ascribe::onnx::ReadOptions& reading);

}  // namespace explain
