#include <ascribe/io/onnx/operators/arithmetic.hpp>

#include <limits>
#include <vector>

#include <ascribe/methods/composites.hpp>
#include <ascribe/networks/checks.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/onnx_node.hpp"

using namespace ascribe;
using namespace ascribe::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(),
                nan_value = std::numeric_limits<float>::quiet_NaN();

/// Every method's shares of all outputs together are finite, and its books close.
void check_methods(const Graph<double>& net) {
  const Eigen::MatrixXd x = node_input(net.input_size());
  const Eigen::MatrixXd weights = Eigen::MatrixXd::Ones(net.output_size(), 1);
  const auto trace = net.forward(x), zero = net.forward(Eigen::MatrixXd(0 * x));
  const start::OutputWeights start(weights);
  for (const char* name : {"gradient_times_input", "lrp", "lrp_q", "lrp_radial", "deep_lift", "epsilon_plus",
                           "epsilon_alpha2_beta1", "excitation_backprop", "guided_backprop"}) {
    INFO(name);
    const auto method = composite::by_name<double>(name, {});
    const auto e = method.form == Form::Delta ? net.explain(trace, start, method, zero, Record::per_layer)
                                              : net.explain(trace, start, method, Record::per_layer);
    CHECK(e.relevance.allFinite());
    CHECK(check::conservation(e));
    for (Index i = net.input_count(); i < Index(net.nodes().size()); ++i) {
      CHECK(e.nodes[std::size_t(i)].relevance.allFinite());
      CHECK(e.nodes[std::size_t(i)].books.largest_entry().allFinite());
    }
    CHECK_FALSE(check::first_open_node(net, e, 0));
  }
}

}  // namespace

// node_input begins with −3.125, 0.5, −3.875, −0.25, 3.375, −1.
TEST_CASE("onnx: -infinity is never the maximum, and books nothing", "[onnx]") {
  const std::vector<double> x{-3.125, 0.5, -3.875};
  check_node({.op = "Max", .inputs = {{1, 3}}, .constants = {number(-infinity)}}, {{{1, 3}, x}});
  check_node({.op = "Min", .inputs = {{1, 3}}, .constants = {number(infinity)}}, {{{1, 3}, x}});
  check_node({.op = "Max", .inputs = {{1, 3}}, .constants = {list_of_reals({-infinity, 1, -infinity})}},
             {{{1, 3}, {-3.125, 1, -3.875}}});
  check_node({.op = "Min", .inputs = {{1, 3}}, .constants = {list_of_reals({infinity, 1, -5})}},
             {{{1, 3}, {-3.125, 0.5, -5}}});
  check_node({.op = "Max", .inputs = {{1, 3}, {1, 3}}, .constants = {list_of_reals({-infinity, 4, 0})}},
             {{{1, 3}, {-0.25, 4, 0}}});
  check_node({.op = "Max", .inputs = {{1, 3}, {1, 3}}, .constants = {number(-infinity)}},
             {{{1, 3}, {-0.25, 3.375, -1}}});
  for (const OneNode& one :
       {OneNode{.op = "Max", .inputs = {{1, 3}}, .constants = {number(-infinity)}},
        OneNode{.op = "Max", .inputs = {{1, 3}}, .constants = {list_of_reals({-infinity, 1, -infinity})}},
        OneNode{.op = "Min", .inputs = {{1, 3}, {1, 3}}, .constants = {list_of_reals({infinity, 1, -5})}}})
    check_methods(import(model_of(one), true).graph);
}

TEST_CASE("onnx: what maxima and minima refuse", "[onnx]") {
  const auto with = [](const char* op, std::vector<float> constants) {
    return refusal({.op = op, .inputs = {{1, 2}}, .constants = {list_of_reals(std::move(constants))}}, true);
  };
  CHECK(with("Max", {0, infinity}) ==
        "node 'it' (Max): expected constants that are finite or -infinity, found inf");
  CHECK(with("Max", {nan_value, 0}) ==
        "node 'it' (Max): expected constants that are finite or -infinity, found nan");
  CHECK(with("Max", {infinity}) ==
        "node 'it' (Max): expected constants that are finite or -infinity, found inf");
  CHECK(with("Min", {-infinity}) ==
        "node 'it' (Min): expected constants that are finite or infinity, found -inf");
  CHECK(with("Min", {0, nan_value}) ==
        "node 'it' (Min): expected constants that are finite or infinity, found nan");
}
