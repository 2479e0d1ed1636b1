#include <ascribe/core/start.hpp>

#include "tests/support/catch.hpp"

#include <array>

namespace {

using namespace ascribe;

/// What a start writes for y = (4, 5; 6, 8) and the reference (2, 1).
template <class Start>
Eigen::Matrix2d filled(const Start& start, Form form) {
  const Eigen::Matrix2d y{{4, 5}, {6, 8}};
  const Eigen::Vector2d reference(2, 1);
  Eigen::Matrix2d result = Eigen::Matrix2d::Constant(99);
  Out<double> to(result.data(), 2, 2);
  start::as_start(start).fill(View<double>(y.data(), 2, 2), form,
                              ReferenceValues<double>{reference.data(), 0}, to);
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
  CHECK(filled(start::OutputRelevance(given), Form::R) == given);
  CHECK(filled(start::OutputRelevance(given), Form::Q) == Eigen::Matrix2d{{1. / 4, -1. / 5}, {2. / 6, 0}});
  CHECK(filled(start::OutputRelevance(given), Form::Delta) ==
        Eigen::Matrix2d{{1. / 2, -1. / 3}, {2. / 5, 0}});
  CHECK(filled(start::OutputRelevance(zero), Form::Q) == zero);
}

}  // namespace
