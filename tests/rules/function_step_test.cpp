#include <ascribe/rules/function_step.hpp>

#include "tests/support/catch.hpp"

#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/tanh.hpp>

namespace {

using namespace ascribe;
using rule::Pointwise;

constexpr Form forms[] = {Form::R, Form::Q, Form::Delta};

TEST_CASE("f(0) is a bias that the function books", "[rules]") {
  const Eigen::Vector2d a(0, 0), b(0.5, 0.5), u(2, 6);
  Ledger<double, 1> books;
  books.reset(1);
  Workspace<double> workspace;
  Eigen::Vector2d shares(0, 0), down;
  Context<double, 2, 2, 1> context{view(a), view(b), {}, {}, Form::Q, books, workspace, shares.data()};
  const auto step = [&](const auto& f) {
    const kind::Elementwise<std::remove_cvref_t<decltype(f)>> layer{f};
    rule::detail::step_of_function(layer, Pointwise{Pointwise::from_zero}, context, view(u), out(down));
  };
  step(fn::Relu{});
  CHECK(books.bias(0) == 0);
  step(fn::Sigmoid{});
  CHECK(books.bias(0) == 4);
  CHECK(shares == Eigen::Vector2d(1, 3));
  CHECK(down == Eigen::Vector2d(0.5, 1.5));  // the slope's limit, sigmoid'(0) = 1/4
}

TEST_CASE("the forms of a slope and a filter", "[rules]") {
  const auto serves = [](Pointwise rule) {
    std::string found;
    for (const Form form : forms) found += rule.serves(form) ? "RQD"[int(form)] : '-';
    return found;
  };
  CHECK(serves({Pointwise::derivative}) == "RQD");
  CHECK(serves({Pointwise::from_zero}) == "RQ-");
  CHECK(serves({Pointwise::from_baseline}) == "--D");
  CHECK(serves({Pointwise::handed_on}) == "RQ-");
  CHECK(serves({Pointwise::without_bias}) == "RQ-");
  CHECK(serves({Pointwise::derivative, Pointwise::above_zero}) == "RQ-");
}

TEST_CASE("through 0 there is no f(0) to leave out, and b/a is a chord from 0", "[rules]") {
  const auto simple = [](Pointwise::SlopeOf slope, bool through_origin, Form form) {
    return Pointwise{slope}.of(through_origin, form).slope;
  };
  CHECK(simple(Pointwise::without_bias, true, Form::R) == Pointwise::handed_on);
  CHECK(simple(Pointwise::without_bias, false, Form::R) == Pointwise::without_bias);
  CHECK(simple(Pointwise::without_bias, false, Form::Q) == Pointwise::from_zero);
  CHECK(simple(Pointwise::handed_on, true, Form::Q) == Pointwise::from_zero);
  CHECK(simple(Pointwise::handed_on, false, Form::Q) == Pointwise::handed_on);
  CHECK(simple(Pointwise::derivative, true, Form::Q) == Pointwise::derivative);
}

/// What is read, and what the step amounts to.
template <class F>
std::string passage(const F& f, Pointwise rule, Form form) {
  const Passage p = rule::detail::passage_of_function(kind::Elementwise<F>{f}, rule, form);
  const char* effects[] = {"", " pointwise", " unchanged", " transposed"};
  return std::string(p.inputs ? "a" : "") + (p.either ? "e" : "") + (p.outputs ? "b" : "") +
         effects[int(p.effect)];
}

TEST_CASE("what a function's rule reads, and when it is pointwise", "[rules]") {
  const Pointwise gradient{Pointwise::derivative}, slope{Pointwise::from_zero}, ignore{Pointwise::handed_on},
      biased{Pointwise::without_bias}, baseline{Pointwise::from_baseline},
      guided{Pointwise::derivative, Pointwise::above_zero},
      repeat{Pointwise::derivative, Pointwise::by_function};
  CHECK(passage(fn::Relu(), gradient, Form::Q) == "e pointwise");
  CHECK(passage(fn::Clip{0, 6}, gradient, Form::Q) == "eb");
  CHECK(passage(fn::Tanh(), gradient, Form::Q) == "ab");
  CHECK(passage(fn::Tanh(), gradient, Form::R) == "a");
  CHECK(passage(fn::Relu(), gradient, Form::Delta) == "ab");
  CHECK(passage(fn::Tanh(), slope, Form::Q) == "a pointwise");
  CHECK(passage(fn::Sigmoid(), slope, Form::Q) == "a");  // books f(0)
  CHECK(passage(fn::Relu(), slope, Form::R) == "e");
  CHECK(passage(fn::Sigmoid(), ignore, Form::R) == " unchanged");
  CHECK(passage(fn::Sigmoid(), ignore, Form::Q) == "ab");
  CHECK(passage(fn::Relu(), ignore, Form::Q) == "e pointwise");
  CHECK(passage(fn::Sigmoid(), biased, Form::R) == "b");
  CHECK(passage(fn::Sigmoid(), biased, Form::Q) == "a");
  CHECK(passage(fn::Tanh(), baseline, Form::Delta) == "a pointwise");
  CHECK(passage(fn::Relu(), guided, Form::Q) == "eb");
  CHECK(passage(fn::Relu(), repeat, Form::R) == "");
  CHECK(passage(fn::Relu(), repeat, Form::Q) == "ab");
}

}  // namespace
