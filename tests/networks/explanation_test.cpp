#include <ascribe/networks/explanation.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

namespace {

using namespace ascribe;

TEST_CASE("An explanation of fixed size lives on the stack", "[networks][explanation]") {
  using Record = NodeRecord<float, 3, 1>;
  using Detailed = Explanation<float, 4, 3, 1, std::tuple<Record>>;
  STATIC_REQUIRE(std::is_same_v<decltype(Detailed::relevance), Eigen::Matrix<float, 4, 1>>);
  STATIC_REQUIRE(std::is_same_v<decltype(Detailed::output), Eigen::Matrix<float, 3, 1>>);
  STATIC_REQUIRE(std::is_same_v<decltype(Detailed::ledger), Ledger<float, 1>>);
  STATIC_REQUIRE(std::is_same_v<decltype(Record::bias_shares), Eigen::Matrix<float, 3, 1>>);
  // 4 + 3 + 5 numbers, and a record of 5 + 3 + 3.
  STATIC_REQUIRE(sizeof(Detailed) >= 23 * sizeof(float));
  STATIC_REQUIRE(sizeof(Explanation<float, 4, 3, 1>) < sizeof(Detailed));
}

TEST_CASE("layer<I>() is the I-th record", "[networks][explanation]") {
  Explanation<double, 2, 1, Dynamic,
              std::tuple<NodeRecord<double, 5, Dynamic>, NodeRecord<double, 1, Dynamic>>>
      e;
  CHECK(&e.layer<0>() == &std::get<0>(e.nodes));
  CHECK(&e.layer<1>() == &std::get<1>(e.nodes));
}

}  // namespace
