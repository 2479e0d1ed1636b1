#include <ascribe/rules/norm.hpp>

#include "tests/support/catch.hpp"

#include "tests/rules/matmul_cases.hpp"

using namespace rule_contract;
using ascribe::rule::Norm;

TEST_CASE("Norm: Normalized's formula in R, for sums and average pools and any other map") {
  for (const double epsilon : {1e-6, 0.25, 0.0}) {
    INFO("epsilon " << epsilon);
    check_every_layer([=](const auto&) { return Norm{epsilon}; },
                      [=](const Explicit& l, const Vector& a, const Vector& up) {
                        Expected expected(a.size(), up.size());
                        const Vector r = quotients(up, l.w * a + l.biases(), epsilon, 1, expected);
                        expected.down = a.cwiseProduct(l.w.transpose() * r);
                        expected.shares = l.biases().cwiseProduct(r);
                        return expected;
                      });
  }
}

TEST_CASE("Norm takes one product") {
  CHECK(products(sum(), Norm{}, numbers(12, 8, 1), numbers(4, 8, 2)) == 1);
}

TEST_CASE("Norm refuses an epsilon that is negative, and says its name and parameters") {
  CHECK_THROWS_WITH(Norm{-1}.check(), Contains("Norm: expected a finite epsilon >= 0, found -1"));
  CHECK(std::string(Norm::name) == "Norm");
  CHECK(Norm{0.5}.parameters() == "epsilon 0.5");
}
