#include <ascribe/networks/explicit_biases.hpp>

#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/by_name.hpp>
#include <ascribe/rules/flat.hpp>
#include <ascribe/windows/groups.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

using namespace ascribe;

namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

double largest(const auto& values) { return values.size() ? values.abs().maxCoeff() : 0.0; }

/// A bias of one entry an output, one a channel, and none; functions with f(0) = 0 and not; a maximum.
template <class First, class Second>
auto network(std::uint32_t seed, First first, Second second) {
  test::Random random(seed);
  const Matrix w1 = random.matrix(6, 5), w2 = random.matrix(8, 6), w3 = random.matrix(3, 4);
  const Vector b1 = random.vector(3), b2 = random.vector(8);
  return Sequential(MatMul(map::Dense<double>(w1), b1), Elementwise(first),
                    MatMul(map::Dense<double>(w2), b2), Max(window::Groups<8, 2>()), Elementwise(second),
                    MatMul(map::Dense<double>(w3)));
}

template <class Net, class Method>
struct Both {
  Both(const Net& net, const Matrix& x, const Method& method, Ones mode)
      : augmented(explicit_biases(net, x.rows(), mode)) {
    const auto trace = net.forward(x);
    const auto explicit_trace = augmented.network.forward(augmented.augment(x));
    output_error = (trace.output() - explicit_trace.output()).cwiseAbs().maxCoeff();
    implicit_ones = net.explain(trace, 1, method, Record::per_layer);
    explicit_ones = augmented.network.explain(explicit_trace, 1, method);
    features = x.rows();
  }
  /// Σ over a layer's ones, of what the explicit network gives them.
  template <std::size_t I>
  Eigen::ArrayXd share_of_layer() const {
    const auto rows = augmented.ones[I];
    return explicit_ones.relevance.middleRows(rows.first, rows.count).colwise().sum().transpose().array();
  }
  Eigen::ArrayXd share_of_ones() const {
    return explicit_ones.relevance.bottomRows(augmented.wires).colwise().sum().transpose().array();
  }
  double input_error() const {
    return (explicit_ones.relevance.topRows(features) - implicit_ones.relevance).cwiseAbs().maxCoeff();
  }

  decltype(explicit_biases(std::declval<const Net&>(), 0)) augmented;
  double output_error = 0;
  Index features = 0;
  typename Net::template ExplanationOf<typename Net::template Trace<double, Dynamic, Dynamic>> implicit_ones;
  decltype(augmented.network.explain(augmented.network.forward(Matrix()), 1,
                                     std::declval<Method>())) explicit_ones;
};
template <class Net, class Method>
Both(const Net&, const Matrix&, const Method&, Ones) -> Both<Net, Method>;

}  // namespace

TEST_CASE("identity 5: explicit ones get what the ledger books to each bias, in R where every f(0) is 0",
          "[identities]") {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    test::Random random(seed + 100);
    const Matrix x = random.matrix(5, 4);
    // With ε too: the ones bypass nothing but the rules on their own wires.
    for (const double epsilon : {0.0, 0.25}) {
      const method::Lrp lrp(epsilon);
      const Both both(network(seed, fn::Relu(), fn::Relu()), x, lrp, Ones::per_bias);
      CHECK(both.output_error < 1e-13);
      CHECK(both.input_error() < 1e-10);
      CHECK(largest(both.explicit_ones.ledger.bias) == 0.0);
      CHECK(largest(both.explicit_ones.ledger.stabiliser - both.implicit_ones.ledger.stabiliser) < 1e-10);
      CHECK(largest(both.template share_of_layer<0>() -
                    both.implicit_ones.template layer<0>().books.bias.transpose()) < 1e-10);
      CHECK(largest(both.template share_of_layer<2>() -
                    both.implicit_ones.template layer<2>().books.bias.transpose()) < 1e-10);
      // Per bias: entry j of a bias of one entry an output is the share of that output's bias.
      const auto rows = both.augmented.ones[2];
      REQUIRE(rows.count == 8);
      CHECK((both.explicit_ones.relevance.middleRows(rows.first, 8) -
             both.implicit_ones.template layer<2>().bias_shares)
                .cwiseAbs()
                .maxCoeff() < 1e-10);
      CHECK(both.augmented.wires == 3 + 8);
    }
  }
}

TEST_CASE("identity 5: in Q and in gradients f(0) is a bias like any other, explicit and in the ledger",
          "[identities]") {
  for (const std::uint32_t seed : {4u, 5u}) {
    test::Random random(seed + 100);
    const Matrix x = random.matrix(5, 4);
    const auto net = network(seed, fn::Sigmoid(), fn::Softplus());
    const auto agree = [&](const auto& method) {
      const Both both(net, x, method, Ones::per_bias);
      CHECK(both.output_error < 1e-13);
      CHECK(both.input_error() < 1e-10);
      CHECK(largest(both.template share_of_layer<1>() -
                    both.implicit_ones.template layer<1>().books.bias.transpose()) < 1e-10);
      CHECK(largest(both.template share_of_layer<4>() -
                    both.implicit_ones.template layer<4>().books.bias.transpose()) < 1e-10);
      const auto closing = both.implicit_ones.ledger.enter - both.implicit_ones.ledger.leave -
                           both.implicit_ones.ledger.dropped;
      CHECK(largest(closing.transpose() - both.share_of_ones()) < 1e-10);
      CHECK(both.augmented.wires == 3 + 6 + 8 + 4);
    };
    agree(method::LrpQ());
    // Gradients are not multiplied by the input at the end; a one is 1, so that its Q is its relevance.
    const Both gradient(net, x, method::GradientTimesInput(), Ones::per_bias);
    CHECK(largest(gradient.share_of_ones() - gradient.implicit_ones.ledger.bias.transpose()) < 1e-10);
    CHECK(gradient.input_error() < 1e-10);
  }
}

TEST_CASE("a shared one gets the sum of what the single ones get") {
  test::Random random(7);
  const Matrix x = random.matrix(5, 3);
  const auto net = network(8, fn::Sigmoid(), fn::Relu());
  const Both single(net, x, method::LrpQ(), Ones::per_bias), shared(net, x, method::LrpQ(), Ones::shared);
  CHECK(shared.augmented.wires == 1);
  CHECK(shared.output_error < 1e-13);
  CHECK(largest(single.share_of_ones() - shared.share_of_ones()) < 1e-10);
}

TEST_CASE("explicit ones differ from plain Ignore's ledger by f(0), and agree with biased Ignore") {
  test::Random random(9);
  const Matrix x = random.matrix(5, 3);
  const auto net = network(10, fn::Sigmoid(), fn::Softplus());
  const Both plain(net, x, method::Lrp(0.0), Ones::per_bias);
  CHECK(plain.input_error() > 1e-3);
  CHECK(largest(plain.implicit_ones.layer<1>().books.bias) == 0.0);
  const method::Rules biased(Form::R, false, rule::Normalized{0.0}, rule::Ignore{.biased = true},
                             rule::Gradient());
  const Both fair(net, x, biased, Ones::per_bias);
  CHECK(fair.input_error() < 1e-10);
  CHECK(largest(fair.share_of_layer<1>() - fair.implicit_ones.layer<1>().books.bias.transpose()) < 1e-10);
  // What plain Ignore does with ones is what biased Ignore does without.
  CHECK((plain.explicit_ones.relevance - fair.explicit_ones.relevance).cwiseAbs().maxCoeff() < 1e-10);
}

TEST_CASE("rules that give a bias no share give its ones none") {
  test::Random random(21);
  const Matrix x = random.matrix(5, 3);
  const Vector scale = random.vector(5), shift = random.vector(5), bias = random.vector(2);
  const Matrix w = random.matrix(2, 5);
  const Sequential net(MatMul(map::ChannelScale<double>(5, scale), shift), Elementwise(fn::Relu()),
                       MatMul(map::Dense<double>(w), bias));
  const auto agree = [&](const auto& method) {
    const Both both(net, x, method, Ones::per_bias);
    CHECK(both.input_error() < 1e-10);
    CHECK(largest(both.template share_of_layer<0>()) == 0.0);
    CHECK(largest(both.implicit_ones.template layer<0>().books.bias) == 0.0);
    CHECK(largest(both.share_of_ones() - both.implicit_ones.ledger.bias.transpose()) < 1e-10);
  };
  agree(method::Lrp(0.25));  // Ignore at the Scale
  struct First : method::LrpWith<rule::Gradient> {
    using LrpWith::rule_for;
    rule::Flat rule_for(const kind::MatMul<map::ChannelScale<double>>&) const { return {}; }
  };
  agree(First());
}

TEST_CASE("ones cancel against a baseline") {
  test::Random random(11);
  const Matrix x = random.matrix(5, 3);
  const auto net = network(12, fn::Sigmoid(), fn::Relu());
  const auto augmented = explicit_biases(net, 5);
  const Matrix zero = Matrix::Zero(5, 1);
  const auto with =
      augmented.network.explain(augmented.network.forward(augmented.augment(x)), 1, method::DeepLift(),
                                augmented.network.forward(augmented.augment(zero)));
  const auto without = net.explain(net.forward(x), 1, method::DeepLift(), net.forward(zero));
  CHECK((with.relevance.topRows(5) - without.relevance).cwiseAbs().maxCoeff() < 1e-12);
  CHECK(with.relevance.bottomRows(augmented.wires).cwiseAbs().maxCoeff() == 0.0);
}

TEST_CASE("explicit_biases refuses an input of another size") {
  const auto net = network(13, fn::Relu(), fn::Relu());
  CHECK_THROWS_WITH(explicit_biases(net, 6), Contains("layer 0 expects 5 features, found 6"));
  CHECK_THROWS_WITH(explicit_biases(net, 5).augment(Matrix::Zero(4, 1)),
                    Contains("expected 5 features, found 4"));
}
