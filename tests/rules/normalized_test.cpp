#include <ascribe/rules/normalized.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/methods/method.hpp>
#include <ascribe/networks/sequential.hpp>
#include <ascribe/rules/ignore.hpp>

#include "tests/rules/rule_contract.hpp"

using namespace rule_contract;
using ascribe::rule::Normalized;

namespace user {

/// A rule of one's own, in a namespace of one's own, that hands its work on.
struct Faithful {};
/// The same, which books half of what the stabiliser took.
struct HalfBooked {};

template <class M, class C>
void propagate(const ascribe::kind::MatMul<M>& layer, const Faithful&, C& c, typename C::Up up,
               typename C::Down down) {
  step_back(layer, Normalized{0.25}, c, up, down);
}
template <class M, class C>
void propagate(const ascribe::kind::MatMul<M>& layer, const HalfBooked&, C& c, typename C::Up up,
               typename C::Down down) {
  std::vector<double> before;
  for (Index n = 0; n < up.cols(); ++n) before.push_back(c.books.stabiliser(n));
  step_back(layer, Normalized{0.25}, c, up, down);
  for (Index n = 0; n < up.cols(); ++n)
    c.books.stabiliser(n) = (before[std::size_t(n)] + c.books.stabiliser(n)) / 2;
}

}  // namespace user

namespace {
/// b = a_0 − a_1.
Matrix plus_minus() {
  Matrix w(1, 2);
  w << 1, -1;
  return w;
}
}  // namespace

TEST_CASE("Normalized: the formulas, and the books close") {
  for (const bool periodic : {false, true}) {
    const DenseCase dense = periodic ? DenseCase().periodic() : DenseCase();
    for (const double epsilon : {0.0, 1e-6, 0.25}) {
      INFO("epsilon " << epsilon);
      const auto formula = [&](Form form, const Vector& a, const Vector& a0, const Vector& u) {
        Expected expected(5, 4);
        for (Index j = 0; j < 4; ++j) {
          const double z =
              form == Form::Delta ? dense.output(a, j) - dense.output(a0, j) : dense.output(a, j);
          const double s = z + epsilon * (z < 0 ? -1 : 1);
          double r = u(j) / s;                      // R
          if (form != Form::R) r = (z / s) * u(j);  // Q and Delta
          if (s == 0 && form != Form::R) r = u(j);  // z/s is 1, also in the limit
          if (s == 0 && form == Form::R) {          // R_j is dropped, and booked
            expected.dropped += u(j);
            continue;
          }
          for (Index i = 0; i < 5; ++i) expected.down(i) += (form == Form::R ? a(i) : 1) * dense.w(j, i) * r;
          if (form != Form::Delta) expected.shares(j) = dense.bias(j) * r;
          expected.stabiliser += (s - z) * r;
        }
        return expected;
      };
      if (periodic)
        check(dense.make_periodic(), Normalized{epsilon}, {Form::R, Form::Q, Form::Delta}, dense.given,
              formula);
      else
        check(dense.make(), Normalized{epsilon}, {Form::R, Form::Q, Form::Delta}, dense.given, formula);
    }
  }
}

TEST_CASE("Normalized: sgn(-0.0) = +1") {
  const ascribe::MatMul<ascribe::map::Dense<double>> difference{ascribe::map::Dense<double>(plus_minus())};
  const Matrix a = Eigen::Vector2d(1, 1), up = Matrix::Constant(1, 1, 3);
  for (const double zero : {0.0, -0.0}) {
    const Matrix b = Matrix::Constant(1, 1, zero);
    const auto found = step(difference, Normalized{0.5}, Form::R, a, a, up, &b);
    CHECK(found.down == Eigen::Vector2d(6, -6));
    CHECK(found.books.stabiliser(0) == 3);
  }
}

TEST_CASE("Normalized: an output of exactly 0 drops its relevance, and the books say so") {
  const ascribe::MatMul<ascribe::map::Dense<double>> difference{ascribe::map::Dense<double>(plus_minus())};
  const Matrix a = Eigen::Vector2d(1, 1), up = Matrix::Constant(1, 1, 3);
  const auto found = step(difference, Normalized{0}, Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector2d(0, 0));
  CHECK(found.books.dropped(0) == 3);
  CHECK(found.books.closing_error()(0) == 0);
}

TEST_CASE("Normalized refuses an epsilon that is negative or not finite") {
  CHECK_THROWS_WITH(Normalized{-1}.check(), Contains("epsilon >= 0, found -1"));
  CHECK_THROWS_AS(Normalized{std::nan("")}.check(), ascribe::Error);
  CHECK_THROWS_AS(Normalized{std::numeric_limits<double>::infinity()}.check(), ascribe::Error);
  CHECK_NOTHROW(Normalized{0}.check());
}

TEST_CASE("A user's own rule works in a network, and one broken entry shows as the closing error") {
  const DenseCase dense;
  const ascribe::Sequential network(dense.make().operator()<double>(),
                                    ascribe::Elementwise(ascribe::fn::Tanh()));
  const auto trace = network.forward(dense.given.a.leftCols(3));
  const auto explain = [&](auto rule) {
    return network.explain(
        trace, ascribe::start::OutputRelevance(Matrix(dense.given.up.leftCols(3))),
        ascribe::method::Rules{Form::R, false, rule, ascribe::rule::Ignore{}}, ascribe::Record::per_layer);
  };
  const auto library = explain(Normalized{0.25});
  const auto faithful = explain(user::Faithful{});
  const auto broken = explain(user::HalfBooked{});
  CHECK(faithful.relevance == library.relevance);
  CHECK(broken.relevance == library.relevance);
  for (Index n = 0; n < 3; ++n) {
    const double scale = library.ledger.largest_entry()(n);
    CHECK(std::abs(library.ledger.closing_error()(n)) <= 1e-12 * scale);
    CHECK(std::abs(faithful.ledger.closing_error()(n)) <= 1e-12 * scale);
    const double missing = library.ledger.stabiliser(n) / 2;
    CHECK(std::abs(missing) > 1e-3);
    CHECK(broken.ledger.closing_error()(n) == Approx(missing).epsilon(1e-9));
    CHECK(broken.layer<0>().books.closing_error()(n) == Approx(missing).epsilon(1e-9));
    CHECK(std::abs(broken.layer<1>().books.closing_error()(n)) <= 1e-12 * scale);
  }
}
