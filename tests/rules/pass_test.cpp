#include <ascribe/rules/pass.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/maps/affine.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/method.hpp>
#include <ascribe/networks/sequential.hpp>

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::Pass;

TEST_CASE("Pass hands R on through a batch normalisation, and its bias gets nothing") {
  const Explicit layer = affine();
  check([&]<class S>() { return layer_of<S>(layer); }, Pass{}, {Form::R}, samples_of_every_sign(6, 6, 71),
        [](Form, const Vector&, const Vector&, const Vector& up) {
          Expected expected(6, 6);
          expected.down = up;
          return expected;
        });
}

TEST_CASE("Pass on a function is plain Ignore, also where f(0) != 0") {
  check_elementwise(
      Pass{}, {Form::R},
      [](const Plain&, Form, double, double, double u, Expected& e, Index i) { e.down(i) += u; });
}

TEST_CASE("Pass refuses a map whose inputs are not as many as its outputs, of sizes fixed or not") {
  const Matrix a = numbers(5, 1, 2), up = numbers(4, 1, 3);
  const std::string message =
      "Pass: expected a map with as many inputs as outputs, found 5 inputs and 4 outputs";
  CHECK_THROWS_WITH(step(layer_of<double>(dense(numbers(4, 5, 1))), Pass{}, Form::R, a, a, up), message);
  const ascribe::Sequential fixed{
      ascribe::MatMul(ascribe::map::Dense<double, 5, 4>(Eigen::Matrix<double, 4, 5>::Ones()), Pass{})};
  CHECK_THROWS_WITH(
      fixed.explain(fixed.forward(Eigen::Matrix<double, 5, 1>::Ones()), 0, ascribe::method::ByLayer{}),
      message);
}

TEST_CASE("Pass in a network of fixed sizes, for both kinds") {
  const ascribe::Sequential net(
      ascribe::MatMul(ascribe::map::Affine<double, 2>(Eigen::Vector2d(2, -3)), Eigen::Vector2d(1, 1), Pass{}),
      ascribe::Elementwise(ascribe::fn::Tanh(), Pass{}));
  const auto trace = net.forward(Eigen::Vector2d(1, 2));
  const auto found =
      net.explain(trace, ascribe::start::OutputRelevance(Eigen::Vector2d(5, -7)), ascribe::method::ByLayer{});
  CHECK(found.relevance == Eigen::Vector2d(5, -7));
  CHECK(found.ledger.bias(0) == 0);
}

TEST_CASE("Pass says its name") { CHECK(std::string(Pass::name) == "Pass"); }
