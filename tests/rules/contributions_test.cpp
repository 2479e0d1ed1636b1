#include <ascribe/rules/contributions.hpp>

#include "tests/support/catch.hpp"

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::detail::Contributions;

namespace {

using Layer = ascribe::MatMul<ExplicitMap<double>>;
using AnyContext = ascribe::Context<double, Dynamic, Dynamic, Dynamic>;

/// A context over the values of one layer, and what it points at.
struct Fixture {
  Layer layer;
  Matrix a, b, shares;
  Books<double> books;
  ascribe::Workspace<double> workspace;
  AnyContext context;

  Fixture(const Explicit& one, const Matrix& inputs)
      : layer(layer_of<double>(one)),
        a(inputs),
        b(one.w.rows(), inputs.cols()),
        shares(Matrix::Zero(b.rows(), b.cols())),
        books(empty_books(inputs.cols())),  // a context sees the books as long as they are
        context{view(a), view(b), {}, {}, Form::R, books, workspace, shares.data()} {
    forward(static_cast<const Layer::Kind&>(layer), view(a), out(b));
  }

  static Books<double> empty_books(Index samples) {
    Books<double> books;
    books.reset(samples);
    return books;
  }
};

}  // namespace

TEST_CASE("Contributions: the sums of the positive and of the negative ones are the output") {
  for (const Explicit& one : every_layer()) {
    INFO(one.name);
    const Samples given = samples_of_every_sign(one.w.cols(), one.w.rows(), 71);
    const auto check_batch = [&](const Matrix& a) {
      Fixture f(one, a);
      const Contributions<ExplicitMap<double>, AnyContext> contributions(f.layer, f.context);
      Matrix plus(f.b.rows(), f.b.cols()), minus = plus;
      contributions.sum(Weights::positive, out(plus));
      contributions.sum(Weights::negative, out(minus));
      CHECK((plus.array() >= 0).all());
      CHECK((minus.array() <= 0).all());
      CHECK((plus + minus - f.b).cwiseAbs().maxCoeff() <= 1e-12);
    };
    check_batch(given.a);
    for (Index n = 0; n < given.a.cols(); ++n) check_batch(given.a.col(n));
  }
}

TEST_CASE("Contributions by hand: the sums, the biases of a sign, and what is handed back") {
  // Contributions: 2·3 = 6, −1·2 = −2 to output 0 with bias −4; 2·(−1) = −2, −1·(−5) = 5 to output 1 with
  // bias 7.
  Matrix w(2, 2);
  w << 3, 2, -1, -5;
  const Matrix a = Eigen::Vector2d(2, -1);
  Fixture f(dense(w, Eigen::Vector2d(-4, 7)), a);
  const Contributions<ExplicitMap<double>, AnyContext> contributions(f.layer, f.context);
  Matrix plus(2, 1), down(2, 1), u = Eigen::Vector2d(10, 100), v = Eigen::Vector2d(1000, 10000);
  contributions.sum(Weights::positive, out(plus));
  CHECK(plus == Eigen::Vector2d(6, 12));
  const auto for_positive = out(u), for_negative = out(v);
  contributions.hand_back(for_positive, &for_negative, out(down));
  CHECK(down == Eigen::Vector2d(6 * 10 - 2 * 10000, -2 * 1000 + 5 * 100));
  contributions.hand_back(for_positive, nullptr, out(down));
  CHECK(down == Eigen::Vector2d(60, 500));
  const auto entries = [&](Weights sign) {
    return Eigen::Vector2d(Eigen::Map<const Eigen::Vector2d>(contributions.bias(sign).values));
  };
  CHECK(entries(Weights::positive) == Eigen::Vector2d(0, 7));
  CHECK(entries(Weights::negative) == Eigen::Vector2d(-4, 0));
}

TEST_CASE("Dividing by hand: quotients, the stabiliser's, and what the biases take") {
  Fixture f(dense(Matrix::Ones(3, 1)), Matrix::Ones(1, 2));
  Matrix r(3, 2);
  r << 2, 6, 3, -8, 4, 0;
  const Vector z = Eigen::Vector3d(1, -3, 0), bias = Eigen::Vector3d(10, 100, 1000);
  Matrix to(3, 2);
  // One column of denominators for both samples: s = 2, −4, 1 at ε = 1.
  ascribe::rule::detail::divide(f.context, 1, r.data(), 2, z.data(), 0,
                                ascribe::Channels<double>{bias.data(), 3}, to.data());
  CHECK(to == Matrix{{2, 6}, {-1.5, 4}, {8, 0}});
  CHECK(f.books.stabiliser(0) == 2 + 1.5 + 8);
  CHECK(f.books.stabiliser(1) == 6 - 4);
  CHECK(f.books.bias(0) == 20 - 150 + 8000);
  CHECK(f.books.bias(1) == 60 + 400);
  CHECK(f.shares == Matrix{{20, 60}, {-150, 400}, {8000, 0}});
}

TEST_CASE("Dividing in float by an epsilon that float does not know is dividing by epsilon 0") {
  Books<float> books;
  books.reset(1);
  const Batch<float> a = Batch<float>::Zero(1, 1), b = Batch<float>::Zero(2, 1);
  ascribe::Workspace<float> workspace;
  ascribe::Context<float, Dynamic, Dynamic, Dynamic> c{view(a), view(b), {}, {}, Form::R, books, workspace};
  const Batch<float> z = Eigen::Vector2f(0, 2), six = Eigen::Vector2f(6, 6);
  Batch<float> r = Batch<float>::Constant(2, 1, -1);
  ascribe::rule::detail::divide(c, 1e-60, six.data(), 1, z.data(), 2, ascribe::Channels<float>{nullptr, 0},
                                r.data());
  CHECK(r == Eigen::Vector2f(0, 3));
  CHECK(books.dropped(0) == 6);
}
