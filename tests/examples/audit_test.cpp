#include "examples/support/audit.hpp"

#include <limits>
#include <string>

#include <ascribe/functions/relu.hpp>
#include <ascribe/methods/deep_lift.hpp>
#include <ascribe/methods/gradient.hpp>
#include <ascribe/methods/lrp.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random_graph.hpp"

namespace mine {

/// The gradient of a matrix, of which a share gets lost that no line of the books has.
struct Loses {
  double share;
};

template <class M, class C>
void propagate(const ascribe::kind::MatMul<M>& layer, const Loses& rule, C& c, typename C::Up up,
               typename C::Down down) {
  apply_transposed(layer.map, up, down, ascribe::Weights::as_is);
  down *= typename C::Scalar(1 - rule.share);
  book_bias(layer, c, up);
}

}  // namespace mine

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using examples::Audit;

/// What the audit says of each sample, the errors too.
std::string said(const Graph<double>& net, const Composite<double>& method, const MatrixXd& x, Index n,
                 double most = examples::moved_limit, bool by_rules = true,
                 const MatrixXd* baseline = nullptr) {
  const auto trace = net.forward(x);
  const auto e =
      baseline ? net.explain(trace, 1, method, net.forward(*baseline)) : net.explain(trace, 1, method);
  std::optional<Composite<double>> rules;
  if (by_rules) rules = method;
  const Audit<double> audit(net, rules, method.times_input || method.form == Form::R, most);
  try {
    return audit(e, n, x, 1, baseline);
  } catch (const Error& error) {
    return std::string("Error: ") + error.what();
  }
}

Composite<double> losing(Form form, const std::string& name, bool times_input = true) {
  Composite<double> method(form, times_input);
  method.add(match::name(name), mine::Loses{0.1});
  return form == Form::Delta ? method.add(match::any(), method::DeepLift())
                             : method.add(match::any(), method::Gradient());
}

TEST_CASE("books that close, and that say something, are nothing to speak of", "[audit]") {
  const auto net = test::random_graph(1, 1, fn::Relu());
  test::Random random(2);
  const MatrixXd x = random.matrix(6, 3), base = random.matrix(6, 1);
  for (Index n = 0; n < 3; ++n) {
    CHECK(said(net, method::Gradient(), x, n).empty());
    CHECK(said(net, method::LrpQ(), x, n).empty());
    CHECK(said(net, method::Lrp(), x, n).empty());
    CHECK(said(net, method::DeepLift(), x, n, 1e4, true, &base).empty());
    CHECK(said(net, method::Lrp(), x, n, 1e4, false).empty());
  }
}

TEST_CASE("books that do not close are an error that names the amount and the node", "[audit]") {
  const auto net = test::random_graph(3, 1, fn::Relu());
  test::Random random(4);
  const MatrixXd x = random.matrix(6, 2), base = random.matrix(6, 2);
  for (Index n = 0; n < 2; ++n)
    for (const bool times_input : {true, false}) {
      const auto method = losing(Form::Q, "inner", times_input);
      const auto books = net.explain(net.forward(x), 1, method).ledger;
      CHECK_THAT(said(net, method, x, n),
                 Contains("Error: the books are open by " + examples::in_words(books.closing_error()(n)) +
                          " of " + examples::in_words(books.enter(n)) +
                          "; the first node whose own books are is 'inner' (") &&
                     Contains("MatMul of Dense"));
      CHECK_THAT(said(net, method, x, n, 1e4, false), Contains("more than rounding"));
    }
  CHECK_THAT(said(net, losing(Form::Delta, "head"), x, 1, 1e4, true, &base), Contains("'head'"));
}

TEST_CASE("more relevance than the output has is warned of, with the node that makes it", "[audit]") {
  // Output 1 is x0·100000 − x1·99999, in two branches.
  Graph<double> net;
  const Index x = net.input("x", 2);
  const Index a = net.add("a", MatMul(map::Dense<double>(MatrixXd{{1, 0}, {100000, 0}})), {x});
  const Index b = net.add("b", MatMul(map::Dense<double>(MatrixXd{{0, 1}, {0, -99999}})), {x});
  net.output(net.add("sum", MatMul(map::Sum<double>(2, 2)), {a, b}));
  const MatrixXd ones = MatrixXd::Ones(2, 1);
  const std::string warning = said(net, method::Lrp(), ones, 0);
  CHECK_THAT(warning, Contains("2e+05 of relevance moved for a start of 1, more than 1e+04 times as much") &&
                          Contains("it grows the most at 'sum' (MatMul of Sum, Normalized(") &&
                          Contains("which makes 2e+05 of 1"));
  CHECK(said(net, method::Lrp(), ones, 0, 3e5).empty());
  CHECK(said(net, method::Lrp(), ones, 0, std::numeric_limits<double>::infinity()).empty());
  CHECK_THAT(said(net, method::Lrp(), ones, 0, 1e4, false),
             !Contains("sum") && Contains("2e+05 of relevance"));
  // A gradient is told as × input: 100000 for an input of 1e-5 is no more than the output.
  MatrixXd small(2, 1);
  small << 1e-5, 0;
  CHECK(said(net, method::Gradient(), small, 0).empty());
  CHECK_THAT(said(net, method::Gradient(), ones, 0), Contains("'sum'"));
}

TEST_CASE("rounding of what cancels inside is no error, but is said where it is much", "[audit]") {
  test::Random random(7);
  const auto branches = [&](float scale) {
    const Eigen::RowVectorXf w = scale * random.matrix(1, 64).cast<float>(),
                             rest = random.matrix(1, 64).cwiseAbs().cast<float>();
    Graph<float> net;
    const Index x = net.input("x", 64);
    const Index a = net.add("a", MatMul(map::Dense<float>(w)), {x});
    const Index b = net.add("b", MatMul(map::Dense<float>(Eigen::RowVectorXf(rest - w))), {x});
    net.output(net.add("sum", MatMul(map::Sum<float>(2, 1)), {a, b}));
    return net;
  };
  const Eigen::MatrixXf x = random.vector(64).cwiseAbs().cast<float>();
  const Composite<float> method = method::Lrp(0);
  const auto said_of = [&](const Graph<float>& net) {
    const Audit<float> audit(net, method, true, std::numeric_limits<double>::infinity());
    return audit(net.explain(net.forward(x), 0, method), 0, x, 0);
  };
  CHECK(said_of(branches(1e4f)).empty());
  CHECK_THAT(said_of(branches(3e7f)), Contains("the books are open by") && Contains("rounding of the"));
}

}  // namespace
