#include <ascribe/testing.hpp>

#include <algorithm>

#include "tests/support/catch.hpp"

#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/layers/elementwise.hpp>
#include <ascribe/layers/matmul.hpp>
#include <ascribe/layers/max.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/rules/gamma.hpp>
#include <ascribe/rules/gradient.hpp>
#include <ascribe/rules/ignore.hpp>
#include <ascribe/rules/radial.hpp>
#include <ascribe/rules/repeat.hpp>
#include <ascribe/windows/groups.hpp>

namespace mine {

using namespace ascribe;

/// Everything that a rule of one's own may do wrong, one thing each.
enum class Wrong { nothing, books, shares, unread, unwritten, batch, linear };

struct Equally {
  Wrong wrong;
  template <class M>
  Reads reads(const kind::MatMul<M>&, Form) const {
    return {.inputs = wrong != Wrong::unread, .outputs = false};
  }
};

template <class M, class C>
void propagate(const kind::MatMul<M>& layer, const Equally& rule, C& c, typename C::Up up,
               typename C::Down down) {
  const Index inputs = c.a.rows();
  for (Index n = 0; n < up.cols(); ++n) {
    double given = up.col(n).sum();
    if (rule.wrong == Wrong::linear) given = up.col(n).cwiseAbs().sum();
    if (rule.wrong == Wrong::batch && up.cols() > 1) given *= 2;
    if (rule.wrong == Wrong::unread) given += 0 * c.a(0, n);
    const double half = given / 2;
    down.col(n).setConstant(half / double(inputs));
    if (rule.wrong == Wrong::unwritten) down(0, n) = std::nan("");
    c.books.bias(n) += half;
    c.books.dropped(n) += up.col(n).sum() - given;
    if (rule.wrong == Wrong::books) c.books.bias(n) += 1e-3;
    if (c.bias_shares) c.bias_shares[n * up.rows()] += rule.wrong == Wrong::shares ? 0 : c.books.bias(n);
  }
  (void)layer;
}

}  // namespace mine

namespace {

using namespace ascribe;
using Catch::Matchers::Contains;
using mine::Wrong;

const MatMul matrix(map::Dense<double>(testing::detail::numbers(5, 6, 9)),
                    testing::detail::numbers(5, 1, 8).col(0));

TEST_CASE("the library's rules keep their promises", "[testing]") {
  for (const Form form : {Form::R, Form::Q, Form::Delta}) {
    CHECK(testing::faults_of(matrix, rule::Gamma{}, form).empty());
    CHECK(testing::faults_of(matrix, rule::Gradient{}, form).empty());
    CHECK(testing::faults_of(Elementwise(fn::Sigmoid()), rule::Gradient(), form).empty());
  }
  CHECK(testing::faults_of(Max(window::Groups<>(6, 3)), rule::Radial(), Form::Q).empty());
  CHECK(testing::faults_of(Elementwise(fn::Sigmoid()), rule::Repeat(), Form::R, false).empty());
  CHECK_THROWS_WITH(testing::faults_of(matrix, rule::Ignore(), Form::Q),
                    Contains("no meaning in the form Q"));
}

TEST_CASE("each promise that a rule of one's own breaks is named", "[testing]") {
  const auto first = [](Wrong wrong) {
    const auto faults = testing::faults_of(matrix, mine::Equally{wrong}, Form::R);
    return faults.empty() ? std::string("none") : faults.front();
  };
  CHECK(first(Wrong::nothing) == "none");
  CHECK_THAT(first(Wrong::books), Contains("the books are open by") && Contains("in the form R, sample 0"));
  CHECK_THAT(first(Wrong::shares), Contains("shares do not add up"));
  CHECK_THAT(first(Wrong::unread), Contains("not finite"));
  CHECK_THAT(first(Wrong::unwritten), Contains("not finite"));
  CHECK_THAT(first(Wrong::batch), Contains("something else than in a batch"));
  CHECK_THAT(first(Wrong::linear), Contains("not linear"));
}

}  // namespace
