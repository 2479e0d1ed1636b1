#include <ascribe/rules/gradient.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/functions/abs.hpp>
#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/elu.hpp>
#include <ascribe/functions/gelu.hpp>
#include <ascribe/functions/hard_sigmoid.hpp>
#include <ascribe/functions/hard_swish.hpp>
#include <ascribe/functions/identity.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/mish.hpp>
#include <ascribe/functions/scale.hpp>
#include <ascribe/functions/selu.hpp>
#include <ascribe/functions/silu.hpp>
#include <ascribe/functions/softsign.hpp>

#include "tests/rules/rule_contract.hpp"

using namespace rule_contract;
using ascribe::rule::Gradient;

namespace {

template <class Layer>
Matrix value(const Layer& layer, const Matrix& a) {
  Matrix b(layer.output_size_for(a.rows()), a.cols());
  forward(static_cast<const typename Layer::Kind&>(layer), view(a), out(b));
  return b;
}

/// Σ_j u_j·b_j(a), differentiated from both sides at every input.
template <class Layer>
void check_against_differences(const Layer& layer, const Matrix& a, const Matrix& up) {
  const Matrix down = step(layer, Gradient(), Form::Q, a, a, up).down;
  const double h = 1e-5;
  for (Index n = 0; n < a.cols(); ++n)
    for (Index i = 0; i < a.rows(); ++i) {
      Matrix above = a, below = a;
      above(i, n) += h;
      below(i, n) -= h;
      const double high = value(layer, above).col(n).dot(up.col(n));
      const double low = value(layer, below).col(n).dot(up.col(n));
      near("the slope", down(i, n), (high - low) / (2 * h), 1e-8, n);
    }
}

}  // namespace

TEST_CASE("Gradient of a MatMul: the formulas, and the books close") {
  for (const bool periodic : {false, true}) {
    const DenseCase dense = periodic ? DenseCase().periodic() : DenseCase();
    const auto formula = [&](Form form, const Vector& a, const Vector&, const Vector& u) {
      Expected expected(5, 4);
      for (Index j = 0; j < 4; ++j) {
        double sum = 0;
        for (Index i = 0; i < 5; ++i) {
          expected.down(i) += dense.w(j, i) * u(j);
          sum += dense.w(j, i);
        }
        if (form == Form::Q) expected.shares(j) = dense.bias(j) * u(j);
        if (form == Form::R) expected.dropped += u(j) * (1 - sum);
      }
      (void)a;
      return expected;
    };
    if (periodic)
      check(dense.make_periodic(), Gradient(), {Form::R, Form::Q, Form::Delta}, dense.given, formula);
    else
      check(dense.make(), Gradient(), {Form::R, Form::Q, Form::Delta}, dense.given, formula);
  }
}

TEST_CASE("Gradient of an Elementwise: the formulas, and the books close") {
  check_elementwise(Gradient(), {Form::R, Form::Q, Form::Delta},
                    [](const Plain& p, Form form, double a, double a0, double u, Expected& e, Index i) {
                      const long double slope = p.derivative(a), f0 = p.f(0);
                      e.down(i) += double(slope * u);
                      if (form == Form::Q) {
                        e.shares(i) += double(f0 * u);
                        e.dropped += double((p.f(a) - f0) * u - a * slope * u);
                      }
                      if (form == Form::R) e.dropped += double(u - slope * u);
                      if (form == Form::Delta)
                        e.dropped += double((p.f(a) - p.f(a0)) * u - (a - a0) * slope * u);
                    });
}

TEST_CASE("Gradient of a Max: the formulas, and the books close") {
  check_max(Gradient(), {Form::R, Form::Q, Form::Delta},
            [](const std::vector<Candidate>& all, Form form, double u, Expected& e, Index j) {
              const Candidate& first = all[winner(all, &Candidate::a)];
              const double b_base = all[winner(all, &Candidate::a_base)].a_base;
              if (first.input >= 0) e.down(first.input) += u;
              if (first.input < 0 && form == Form::R) e.shares(j) = u;
              if (first.input < 0 && form == Form::Q) e.shares(j) = first.a * u;
              if (form == Form::Delta) e.dropped += ((first.a - b_base) - (first.a - first.a_base)) * u;
            });
}

TEST_CASE("Gradient: a tie goes to the first, before a constant that is as large") {
  const ascribe::Max tie((ascribe::window::WithConstants(ascribe::window::Groups<3, 3>(), std::array{2.0})));
  const Matrix a = Eigen::Vector3d(1, 2, 2), up = Matrix::Constant(1, 1, 5);
  const auto found = step(tie, Gradient(), Form::R, a, a, up);
  CHECK(found.down == Eigen::Vector3d(0, 5, 0));
  CHECK(found.books.bias(0) == 0);
}

TEST_CASE("Gradient: ReLU'(0) = 0 and Clip' = 0 at both ends") {
  const Matrix a = Eigen::Vector3d(0, -0.0, 6), up = Matrix::Ones(3, 1);
  CHECK(step(ascribe::Elementwise(ascribe::fn::Relu()), Gradient(), Form::Q, a, a, up).down ==
        Eigen::Vector3d(0, 0, 1));
  CHECK(step(ascribe::Elementwise(ascribe::fn::Clip{0, 6}), Gradient(), Form::Q, a, a, up).down ==
        Eigen::Vector3d(0, 0, 0));
}

TEST_CASE("Gradient equals finite differences: MatMul and Max") {
  const DenseCase dense;
  check_against_differences(dense.make().operator()<double>(), dense.given.a, dense.given.up);
  const ascribe::Max pool(
      ascribe::window::Pool({.input = {4, 4}, .kernel = {3, 2}, .pads = {1, 1, 0, 0}}, 2));
  const Matrix a =
      Matrix(numbers(32, 2, 5)) + Eigen::VectorXd::LinSpaced(32, 0, 1e-2).replicate(1, 2);  // no tie
  check_against_differences(pool, a, numbers(pool.output_size(), 2, 6));
}

TEST_CASE("Gradient equals finite differences: every elementwise function") {
  Matrix a = numbers(8, 2, 7).array() * 1.7 + 0.0137;  // no kink within 1e-5
  const Matrix up = numbers(8, 2, 8);
  namespace fn = ascribe::fn;
  const auto each = [&](const auto&... f) {
    (check_against_differences(ascribe::Elementwise(Erased(f)), a, up), ...);
  };
  each(fn::Abs(), fn::Clip{-1, 2}, fn::Relu6(), fn::Elu{0.7}, fn::Gelu(), fn::GeluTanh(), fn::HardSigmoid(),
       fn::HardSwish(), fn::Identity(), fn::LeakyRelu{0.1}, fn::Mish(), fn::Relu(), fn::Scale{-3}, fn::Selu(),
       fn::Sigmoid(), fn::Silu(), fn::Softplus(), fn::Softsign(), fn::Tanh());
}
