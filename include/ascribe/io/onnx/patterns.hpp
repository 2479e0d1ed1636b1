/// Activation functions as exporters spell them: several nodes that are one function of one value.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ascribe/io/onnx/attributes.hpp>
#include <ascribe/io/onnx/importer.hpp>
#include <ascribe/io/onnx/inverse_root.hpp>
#include <ascribe/io/onnx/operators/elementwise.hpp>

namespace ascribe::onnx {

/// Finds functions of the form c·x·g(x) that end in a product, and x/(1 + |x|). Products are taken apart into
/// a number and factors, so that the order in which an exporter multiplies does not matter. All nodes inside
/// must be read by nobody else.
class GatePatterns {
 public:
  /// `importer` must outlive this.
  explicit GatePatterns(const Importer& importer) : importer_(importer) {}

  /// A function that several nodes spell.
  struct Found {
    std::string input;                ///< the value that it is of
    layer::Function function;         ///< what they compute
    std::vector<const Node*> inside;  ///< all nodes but the last
  };

  /// The function that ends in `node`, if there is one: SiLU, HardSwish, GELU by erf and by tanh, Mish,
  /// Softsign.
  std::optional<Found> at(const Node& node) {
    if ((node.op_type != "Mul" && node.op_type != "Div") || node.inputs.size() != 2) return std::nullopt;
    inside_.clear();
    if (auto found = softsign(node)) return found;
    inside_.clear();
    const Product product = factors_of(node);
    if (product.factors.size() != 2) return std::nullopt;
    const auto before = inside_;
    for (std::size_t k = 0; k < 2; ++k) {
      inside_ = before;
      const std::string &x = product.factors[k], &gate = product.factors[1 - k];
      if (auto function = gated(product.coefficient, x, gate)) return Found{x, std::move(*function), inside_};
    }
    return std::nullopt;
  }

 private:
  struct Product {
    double coefficient = 1;
    std::vector<std::string> factors;
  };

  using Function = std::optional<layer::Function>;

  /// Constants are written with as few as five digits.
  static bool near(double found, double expected) {
    return std::abs(found - expected) <= 1e-4 * std::abs(expected);
  }

  /// The node of that type, with the inputs that it needs, that computes a value which nobody else reads;
  /// null where there is none.
  const Node* sole(const std::string& value, std::string_view type) {
    const Node* node = importer_.producer(value);
    if (!node || node->op_type != type || !importer_.only_consumer(*node)) return nullptr;
    const bool has_two = type == "Mul" || type == "Div" || type == "Add" || type == "Pow";
    if (node->inputs.size() < (has_two ? 2u : 1u)) return nullptr;
    return node;
  }
  const Node* enter(const std::string& value, std::string_view type) {
    const Node* node = sole(value, type);
    if (node) inside_.push_back(node);
    return node;
  }

  std::optional<double> number(const Node& node, std::size_t k) const {
    if (!importer_.is_constant(node, k)) return std::nullopt;
    const Tensor& tensor = importer_.constant(node, k);
    if (tensor.size() != 1 || !is_floating(tensor.type())) return std::nullopt;
    return tensor.value<double>();
  }

  Product factors_of(const Node& node) {
    Product product;
    take_apart(node, product);
    return product;
  }
  Product factors_of(const std::string& value) {
    Product product;
    take_apart(value, product);
    return product;
  }
  void take_apart(const std::string& value, Product& product) {
    const Node* node = sole(value, "Mul");
    if (!node) node = sole(value, "Div");
    // No pattern has more nodes, but a hostile file's products may go on for ever.
    if (inside_.size() >= 32) node = nullptr;
    if (!node || (node->op_type == "Div" && !number(*node, 1))) {
      product.factors.push_back(value);
      return;
    }
    inside_.push_back(node);
    take_apart(*node, product);
  }
  void take_apart(const Node& node, Product& product) {
    if (node.op_type == "Div") {
      if (const auto c = number(node, 1)) {
        product.coefficient /= *c;
        take_apart(node.inputs[0], product);
      } else {
        product.factors.push_back(node.outputs[0]);
      }
      return;
    }
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      if (const auto c = number(node, k))
        product.coefficient *= *c;
      else
        take_apart(node.inputs[k], product);
    }
  }

  /// base + c for a value of that form that nobody else reads.
  std::optional<std::pair<std::string, double>> shifted(const std::string& value) {
    const Node* node = enter(value, "Add");
    if (!node || node->inputs.size() != 2) return std::nullopt;
    for (std::size_t k = 0; k < 2; ++k)
      if (const auto c = number(*node, k)) return std::pair{node->inputs[1 - k], *c};
    return std::nullopt;
  }

  /// Whether a value is c·x.
  bool is_multiple(const std::string& value, const std::string& x, double c) {
    const Product product = factors_of(value);
    return product.factors == std::vector{x} && near(product.coefficient, c);
  }

  /// Whether a value is c·x^power, as a product or through Pow.
  bool is_power(const std::string& value, const std::string& x, double c, Index power) {
    Product product = factors_of(value);
    if (!near(product.coefficient, c)) return false;
    double found = 0;
    for (const std::string& factor : product.factors) {
      if (factor == x) {
        found += 1;
        continue;
      }
      const Node* node = enter(factor, "Pow");
      const auto exponent = node ? number_of_any_type(*node, 1) : std::nullopt;
      if (!exponent || node->inputs[0] != x) return false;
      found += *exponent;
    }
    return found == double(power);
  }
  std::optional<double> number_of_any_type(const Node& node, std::size_t k) const {
    if (!importer_.is_constant(node, k) || importer_.constant(node, k).size() != 1) return std::nullopt;
    return importer_.constant(node, k).value<double>();
  }

  /// x/(1 + |x|).
  std::optional<Found> softsign(const Node& node) {
    if (node.op_type != "Div" || node.inputs.size() != 2) return std::nullopt;
    const auto sum = shifted(node.inputs[1]);
    if (!sum || !near(sum->second, 1)) return std::nullopt;
    const Node* absolute = enter(sum->first, "Abs");
    if (!absolute || absolute->inputs[0] != node.inputs[0]) return std::nullopt;
    return Found{node.inputs[0], fn::Softsign(), inside_};
  }

  Function gated(double c, const std::string& x, const std::string& gate) {
    const Node* node = importer_.producer(gate);
    if (!node) return std::nullopt;
    if (near(c, 1) && node->op_type == "Sigmoid" && enter(gate, "Sigmoid") && node->inputs[0] == x)
      return fn::Silu();
    if (near(c, 1) && node->op_type == "HardSigmoid" && enter(gate, "HardSigmoid") && node->inputs[0] == x) {
      Attributes attributes(*node);
      const double slope = parameter(attributes, "alpha", 0.2), offset = parameter(attributes, "beta", 0.5);
      if (near(slope, 1.0 / 6) && near(offset, 0.5)) return fn::HardSwish();
      return fn::Gated<fn::HardSigmoid>{{slope, offset}};
    }
    if (near(c, 1) && node->op_type == "Tanh" && enter(gate, "Tanh"))
      if (const Node* inner = enter(node->inputs[0], "Softplus"); inner && inner->inputs[0] == x)
        return fn::Mish();
    const auto by_numbers = [&](std::size_t k) {
      return !importer_.has_input(*node, k) || importer_.is_constant(*node, k);
    };
    if (near(c, 1.0 / 6) && node->op_type == "Clip" && by_numbers(1) && by_numbers(2) &&
        enter(gate, "Clip")) {
      const fn::Clip clip = clip_bounds(importer_, *node);
      const auto sum = shifted(node->inputs[0]);
      if (sum && sum->first == x && near(sum->second, 3) && clip.low == 0 && near(clip.high, 6))
        return fn::HardSwish();
    }
    if (near(c, 0.5) && node->op_type == "Add") {
      const auto sum = shifted(gate);
      if (!sum || !near(sum->second, 1)) return std::nullopt;
      if (const Node* erf = enter(sum->first, "Erf")) {
        if (is_multiple(erf->inputs[0], x, std::sqrt(0.5))) return fn::Gelu();
      } else if (const Node* tanh = enter(sum->first, "Tanh")) {
        if (is_gelu_polynomial(tanh->inputs[0], x)) return fn::GeluTanh();
      }
    }
    return std::nullopt;
  }

  /// √(2/π)·(x + 0.044715·x³), or the same with x taken out (Hendrycks & Gimpel, arXiv:1606.08415, §2).
  bool is_gelu_polynomial(const std::string& value, const std::string& x) {
    constexpr double root = 0.79788456080286535588, cubic = 0.044715;
    const Product product = factors_of(value);
    if (!near(product.coefficient, root)) return false;
    if (product.factors.size() == 1) {
      const Node* sum = enter(product.factors[0], "Add");
      return sum && ((sum->inputs[0] == x && is_power(sum->inputs[1], x, cubic, 3)) ||
                     (sum->inputs[1] == x && is_power(sum->inputs[0], x, cubic, 3)));
    }
    if (product.factors.size() != 2) return false;
    for (std::size_t k = 0; k < 2; ++k) {
      if (product.factors[k] != x) continue;
      const auto sum = shifted(product.factors[1 - k]);
      return sum && near(sum->second, 1) && is_power(sum->first, x, cubic, 2);
    }
    return false;
  }

  const Importer& importer_;
  std::vector<const Node*> inside_;
};

/// Replaces every such function by one layer.
inline void find_patterns(Importer& importer) {
  find_inverse_roots(importer);
  GatePatterns patterns(importer);
  for (const Node* one : importer.nodes()) {
    const Node& node = *one;
    const auto found = patterns.at(node);
    if (!found) continue;
    for (const Node* inside : found->inside) importer.absorb(*inside);
    importer.replace(node, [&node, pattern = *found](Importer& walk) {
      walk.define(node.outputs[0],
                  add_function(walk, node, walk.activation_of(node, pattern.input), pattern.function));
    });
  }
}

}  // namespace ascribe::onnx
