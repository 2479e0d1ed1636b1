#include <ascribe/core/start.hpp>

#include "tests/support/catch.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace ascribe;

/// What a start writes for y = (4, 5; 6, 8) and the baseline (2, 1).
template <class Start>
Eigen::Matrix2d filled(const Start& start, Form form) {
  const Eigen::Matrix2d y{{4, 5}, {6, 8}};
  const Eigen::Vector2d baseline(2, 1);
  Eigen::Matrix2d result = Eigen::Matrix2d::Constant(99);
  Out<double> to(result.data(), 2, 2);
  start::as_start(start).fill(View<double>(y.data(), 2, 2), form,
                              BaselineValues<double>{baseline.data(), 0}, to);
  return result;
}

TEST_CASE("What each start carries in each form", "[core]") {
  const Eigen::Matrix2d zero = Eigen::Matrix2d::Zero();
  CHECK(filled(1, Form::R) == Eigen::Matrix2d{{0, 0}, {6, 8}});
  CHECK(filled(1, Form::Q) == Eigen::Matrix2d{{0, 0}, {1, 1}});
  CHECK(filled(start::Target{0}, Form::Delta) == Eigen::Matrix2d{{1, 1}, {0, 0}});

  const std::array<Index, 2> targets{1, 0};
  CHECK(filled(start::Targets{targets}, Form::R) == Eigen::Matrix2d{{0, 5}, {6, 0}});
  CHECK(filled(start::Targets{targets}, Form::Delta) == Eigen::Matrix2d{{0, 1}, {1, 0}});

  const Eigen::Matrix2d given{{1, -1}, {2, 0}};
  CHECK(filled(start::OutputWeights(given), Form::R) == Eigen::Matrix2d{{4, -5}, {12, 0}});
  CHECK(filled(start::OutputWeights(given), Form::Q) == given);
  // 2·y_1 − y_0 in two halves, and twice the same output.
  const start::WeightedOutputs terms{{{1, 2}, {0, -0.5}, {0, -0.5}}};
  CHECK(filled(terms, Form::R) == Eigen::Matrix2d{{-4, -5}, {12, 16}});
  CHECK(filled(terms, Form::Q) == Eigen::Matrix2d{{-1, -1}, {2, 2}});
  CHECK(filled(terms, Form::Delta) == Eigen::Matrix2d{{-1, -1}, {2, 2}});
  CHECK(filled(start::WeightedOutputs{{{1, 1}}}, Form::R) == filled(1, Form::R));
  CHECK_THROWS_WITH(filled(start::WeightedOutputs{{{2, 1}}}, Form::R),
                    "explain: expected a target in [0, 2), found 2 for sample 0");
  CHECK(filled(start::OutputRelevance(given), Form::R) == given);
  CHECK(filled(start::OutputRelevance(given), Form::Q) == Eigen::Matrix2d{{1. / 4, -1. / 5}, {2. / 6, 0}});
  CHECK(filled(start::OutputRelevance(given), Form::Delta) ==
        Eigen::Matrix2d{{1. / 2, -1. / 3}, {2. / 5, 0}});
  CHECK(filled(start::OutputRelevance(zero), Form::Q) == zero);
}

TEST_CASE("A range of any integers is one target for each sample", "[core]") {
  const Eigen::Matrix2d expected{{0, 5}, {6, 0}};
  CHECK(filled(std::vector<Index>{1, 0}, Form::R) == expected);
  CHECK(filled(std::vector<int>{1, 0}, Form::R) == expected);
  CHECK(filled(std::vector<std::uint8_t>{1, 0}, Form::R) == expected);
  CHECK(filled(std::array<unsigned, 2>{1, 0}, Form::R) == expected);
  const std::array<Index, 2> array{1, 0};
  CHECK(filled(std::span<const Index>(array), Form::R) == expected);
  CHECK(filled(start::Targets{std::span(array)}, Form::Q) == Eigen::Matrix2d{{0, 1}, {1, 0}});
  const Index plain[] = {1, 0};
  CHECK(filled(plain, Form::R) == expected);
  CHECK(filled(Eigen::Vector2i(1, 0), Form::R) == expected);
  CHECK(filled(Eigen::RowVectorXi(Eigen::RowVector2i(1, 0)), Form::R) == expected);
  const Eigen::MatrixXi rows{{1, 0}, {0, 1}};
  CHECK(filled(rows.row(0), Form::R) == expected);  // not next to each other in memory
  CHECK(filled(1 - rows.row(1).array(), Form::R) == expected);

  CHECK_THROWS_WITH(filled(std::vector<int>{1}, Form::R),
                    "explain: expected one target for each of 2 samples, found 1");
  CHECK_THROWS_WITH(filled(std::vector<int>{0, -1}, Form::R),
                    "explain: expected a target in [0, 2), found -1 for sample 1");
  CHECK_THROWS_WITH(filled(std::array<int, 2>{2, 0}, Form::R),
                    "explain: expected a target in [0, 2), found 2 for sample 0");
}

TEST_CASE("Letters, truth values, fractions and matrices are no indices", "[core]") {
  STATIC_REQUIRE(start::Indices<std::vector<short>>);
  STATIC_REQUIRE(!start::Indices<std::string>);
  STATIC_REQUIRE(!start::Indices<char[6]>);
  STATIC_REQUIRE(!start::Indices<std::vector<bool>>);
  STATIC_REQUIRE(!start::Indices<std::vector<double>>);
  STATIC_REQUIRE(!start::Indices<Eigen::VectorXd>);
  STATIC_REQUIRE(!start::Indices<Eigen::MatrixXi>);
  STATIC_REQUIRE(!start::detail::IsIndex<double>);
  enum Class { cat, dog };
  CHECK(filled(dog, Form::R) == Eigen::Matrix2d{{0, 0}, {6, 8}});
}

}  // namespace
