#include <ascribe/rules/gamma.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/core/format.hpp>

#include "tests/rules/matmul_cases.hpp"
#include "tests/support/random.hpp"

using namespace rule_contract;
using ascribe::rule::Gamma;

namespace {

/// P = W + γW⁺ and N = W + γW⁻, written out.
Expected formula(const Explicit& l, const Gamma& rule, const Vector& a, const Vector& up) {
  Expected expected(a.size(), up.size());
  const double gamma = rule.gamma;
  for (Index j = 0; j < up.size(); ++j) {
    double z = l.biases()(j);
    for (Index i = 0; i < a.size(); ++i) z += l.w(j, i) * a(i);
    if (z == 0) {
      expected.dropped += up(j);
      continue;
    }
    const auto numerator = [&](Index i) {
      const double w = l.w(j, i), p = w + gamma * std::max(w, 0.0), n = w + gamma * std::min(w, 0.0);
      return z > 0 ? std::max(a(i), 0.0) * p + std::min(a(i), 0.0) * n
                   : std::max(a(i), 0.0) * n + std::min(a(i), 0.0) * p;
    };
    const double bias =
        l.biases()(j) + gamma * (z > 0 ? std::max(l.biases()(j), 0.0) : std::min(l.biases()(j), 0.0));
    double d = bias;
    for (Index i = 0; i < a.size(); ++i) d += numerator(i);
    const double s = stabilised(d, rule.epsilon), r = up(j) / s;
    for (Index i = 0; i < a.size(); ++i) expected.down(i) += numerator(i) * r;
    expected.shares(j) = bias * r;
    expected.stabiliser += (s - d) * r;
  }
  return expected;
}

}  // namespace

TEST_CASE("Gamma: the formulas over every structure of map, and the books close") {
  for (const Gamma rule : {Gamma{}, Gamma{1}, Gamma{0}, Gamma{0.25, 0}, Gamma{100, 0.25}}) {
    INFO(ascribe::parameters_text(rule));
    check_every_layer(
        [=](const auto&) { return rule; },
        [=](const Explicit& l, const Vector& a, const Vector& up) { return formula(l, rule, a, up); });
  }
}

TEST_CASE("Gamma: outputs above, at and below 0, from inputs of either sign") {
  Matrix w(3, 3);
  w << 1, 2, -1, 1, -1, 1, -2, 1, -1;
  const Explicit layer = dense(w);
  Samples given;
  given.a = Eigen::Vector3d(1, 2, 1);  // z = 4, 0, −1
  given.a.conservativeResize(3, 2);
  given.a.col(1) = Eigen::Vector3d(-1, 1, 2);  // z = −1, 0, 1
  given.a_base = given.a;
  given.up = numbers(3, 2, 5);
  given.up2 = numbers(3, 2, 6);
  for (const double epsilon : {1e-6, 0.0})
    check([&]<class S>() { return layer_of<S>(layer); }, Gamma{0.5, epsilon}, {Form::R, Form::Q, Form::Delta},
          given,
          [&](Form form, const Vector& a, const Vector& a_base, const Vector& up) {
            const auto by_hand = [&](const Explicit& l, const Vector& from, const Vector& relevance) {
              return formula(l, Gamma{0.5, epsilon}, from, relevance);
            };
            const Expected expected = in_form(form, layer, a, a_base, up, by_hand);
            if (form == Form::R) CHECK(expected.dropped == up(1));
            return expected;
          });
}

TEST_CASE("Gamma by hand: an output below 0 favours what is below 0") {
  // Contributions 1 and −3, γ = 1: z = −2, d = −5, R = 10 gives −2 and 12.
  const Explicit layer = dense(Eigen::RowVector2d(1, -3));
  const Matrix a = Eigen::Vector2d(1, 1), up = Matrix::Constant(1, 1, 10);
  const auto found = step(layer_of<double>(layer), Gamma{1, 0}, Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector2d(-2, 12));
}

TEST_CASE("Gamma in float on outputs that nearly cancel: the books close") {
  ascribe::test::Random random(9);
  const Index inputs = 64, outputs = 100;
  Matrix w = random.matrix(outputs, inputs);
  const Matrix a = random.vector(inputs).cwiseAbs().cast<float>().cast<double>(),
               up = random.vector(outputs).cast<float>().cast<double>();
  for (Index j = 0; j < outputs; ++j)  // z = about ±10⁻¹ … ±10⁻⁶
    w(j, 0) -= ((w.row(j) * a)(0) - (j % 2 ? 1 : -1) * std::pow(10, -(1 + j % 6))) / a(0);
  w = w.cast<float>().cast<double>();
  const Explicit layer = dense(w);
  const ascribe::MatMul in_float(ascribe::map::Dense<float>(w.cast<float>().eval()));
  const Batch<float> a_f = a.cast<float>(), up_f = up.cast<float>();
  const auto found = step(in_float, Gamma{}, Form::R, a_f, a_f, up_f);
  CHECK(std::abs(found.books.closing_error()(0)) <= 1e-5F * up_f.cwiseAbs().sum());
}

TEST_CASE(
    "Gamma takes two products where the outputs have one sign, else three; four or six for inputs of both") {
  const Explicit layer = dense(numbers(4, 5, 11), numbers(4, 1, 12));
  const Samples given = samples_of_every_sign(5, 4, 71);
  const auto count = [&](Index first, Index n) {
    return products(layer, Gamma{}, given.a.middleCols(first, n), given.up.middleCols(first, n));
  };
  CHECK(count(2, 2) == 3);
  CHECK(count(4, 2) == 3);
  CHECK(count(0, 6) == 6);

  Matrix w(3, 2);
  w << 1, -1, -1, 2, 1, -2;
  const Explicit three = dense(w);
  const auto of = [&](const Eigen::Vector2d& a, const Eigen::Vector3d& up) {
    return products(three, Gamma{}, a, up);
  };
  const Eigen::Vector2d a(3, 2);  // z = 1, 1, −1
  CHECK(of(a, {1, -2, 0}) == 2);
  CHECK(of(a, {1, -2, 3}) == 3);
  CHECK(of(a, {0, 0, 3}) == 2);
  CHECK(of(-a, {1, -2, 0}) == 2);  // z = −1, −1, 1: with the inputs' sign
  CHECK(of(-a, {0, 0, 3}) == 2);
  CHECK(of({1, 1}, {5, 1, 0}) == 2);   // z = 0, 1, −1: an output of 0 carries nothing
  CHECK(of({1, -1}, {1, 0, 0}) == 4);  // outputs of one sign carry
}

TEST_CASE("Gamma in two products says what it says in three") {
  const Matrix w = numbers(6, 5, 21);
  const Explicit layer = dense(w, numbers(6, 1, 22));
  for (const double sign : {1.0, -1.0})
    for (const double gamma : {0.25, 100.0}) {
      const Matrix a = sign * numbers(5, 2, 23).cwiseAbs();
      Matrix up = numbers(6, 2, 24);
      for (Index n = 0; n < 2; ++n)
        for (Index j = 0; j < 6; ++j)
          if (sign * (w.row(j).dot(a.col(n)) + layer.bias(j)) <= 0) up(j, n) = 0;
      REQUIRE(up.cwiseAbs().sum() > 1);
      CHECK(products(layer, Gamma{gamma}, a, up) == 2);
      const auto found = step(layer_of<double>(layer), Gamma{gamma}, Form::R, a, a, up);
      for (Index n = 0; n < 2; ++n) {
        const Expected expected = formula(layer, Gamma{gamma}, a.col(n), up.col(n));
        CHECK((found.down.col(n) - expected.down).cwiseAbs().maxCoeff() <=
              1e-12 * expected.down.cwiseAbs().maxCoeff());
        CHECK((found.shares.col(n) - expected.shares).cwiseAbs().maxCoeff() <= 1e-12);
      }
      CHECK((found.books.closing_error().abs() <= 1e-12).all());
    }
}

TEST_CASE("Gamma refuses a gamma that is negative or not finite, and says its name and parameters") {
  CHECK_THROWS_WITH(Gamma{-1}.check(), Contains("Gamma: expected a finite gamma >= 0, found -1"));
  CHECK_THROWS_AS(Gamma{std::numeric_limits<double>::infinity()}.check(), ascribe::Error);
  CHECK_THROWS_WITH((Gamma{1, -1}.check()), Contains("Gamma: expected a finite epsilon >= 0, found -1"));
  CHECK_NOTHROW(Gamma{0}.check());
  CHECK(std::string(Gamma::name) == "Gamma");
  CHECK(ascribe::parameters_text(Gamma{}) == "gamma 0.25, epsilon 1e-06");
}
