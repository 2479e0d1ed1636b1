/// Functions that are not defined everywhere, in networks: who says so and when.
#include <ascribe/layers/makers.hpp>

#include "tests/support/catch.hpp"
#include <ascribe/compiled.hpp>

#include <cmath>
#include <string>

#include <ascribe/functions/exponential.hpp>
#include <ascribe/functions/power.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/checks.hpp>
#include <ascribe/networks/derivative.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/w_square.hpp>

namespace {

using namespace ascribe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

const MatrixXd w1{{1, 2}, {0.5, 0.25}}, w2{{2, -1}};

TEST_CASE("an argument outside of a function's domain is an Error that names layer, value and place",
          "[networks]") {
  const Sequential net(linear(w1), Elementwise(fn::Log()), linear(w2));
  const MatrixXd x{{1, 1, 1}, {1, 1, -0.75}};
  CHECK_THROWS_WITH(net.forward(x),
                    "forward: layer 1 (Log): expected numbers above 0, found -0.5 at feature 0 of sample 2");
  const Graph<double> graph(net);
  const std::string said =
      "forward: node 'layer 1' (Log): expected numbers above 0, found -0.5 at feature 0 of sample 2";
  CHECK_THROWS_WITH(graph.forward(x), said);
  // Under a plan that keeps neither of its values, the function would be one step with the matrix before it.
  const auto plan =
      graph.plan(method::Rules(Form::R, false, rule::WSquare(), rule::Ignore(), rule::Gradient()));
  CHECK_THROWS_WITH(graph.forward(x, plan), said);
  CHECK_FALSE(graph.forward(x.leftCols(2), plan).has(1));
  CHECK(graph.forward(x.leftCols(2), plan).output() == net.forward(x.leftCols(2)).output());
}

TEST_CASE("samples are counted through the tiles that a batch goes in", "[networks]") {
  const Index features = 1 << 16;
  MatrixXd x = MatrixXd::Ones(features, 5);
  x(65000, 3) = -4;
  const Sequential net{Elementwise(fn::Sqrt()), Elementwise(fn::Exp())};
  CHECK_THROWS_WITH(net.forward(x),
                    "forward: layer 0 (Sqrt): expected numbers of 0 or more, found -4 at "
                    "feature 65000 of sample 3");
  Graph<double> graph;
  const Index in = graph.input("x", features), root = graph.add("root", Elementwise(fn::Sqrt()), {in});
  graph.output(graph.add("again", Elementwise(fn::Sqrt()), {root}));
  const std::string said =
      "forward: node 'root' (Sqrt): expected numbers of 0 or more, found -4 at feature 65000 of sample 3";
  CHECK_THROWS_WITH(graph.forward(x), said);
  CHECK_THROWS_WITH(graph.forward(x, graph.plan(method::LrpQ())), said);
}

TEST_CASE("Log has no chord from 0: its derivative stands in, and it has all else", "[networks]") {
  const Sequential net(linear(w1), Elementwise(fn::Log()), linear(w2));
  const VectorXd x{{1, 3}}, base{{2, 0.5}};  // log 7 and log 1.25
  const Graph<double> graph(net);
  for (const auto& relevance :
       {Eigen::VectorXd(net.explain(x, 0, method::LrpQ()).relevance), Eigen::VectorXd(graph.explain(x, 0, method::LrpQ()).relevance)}) {
    CHECK(relevance(0) == Approx(1 * (2 / 7. - 0.5 / 1.25)));
    CHECK(relevance(1) == Approx(3 * (4 / 7. - 0.25 / 1.25)));
  }
  CHECK(check::conservation(graph.explain(x, 0, method::LrpQ())));

  const auto trace = net.forward(x), baseline = net.forward(base);
  const auto gradient = net.explain(trace, 0, method::Gradient());
  CHECK(gradient.relevance(0) == Approx(2 / 7. - 0.5 / 1.25));
  CHECK(gradient.relevance(1) == Approx(4 / 7. - 0.25 / 1.25));
  CHECK(check::conservation(gradient));
  CHECK(gradient.ledger.bias(0) == 0);  // f(0) is none
  const auto found = net.explain(trace, 0, method::DeepLift(), baseline);
  CHECK(check::completeness(found));
  CHECK(found.relevance.sum() == Approx(trace.output()(0) - baseline.output()(0)));
  const auto handed_on = net.explain(trace, 0, method::Lrp(0));
  CHECK(check::conservation(handed_on));
  CHECK(handed_on.relevance.sum() == Approx(trace.output()(0)));
}

}  // namespace
