#include <ascribe/core/context.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

TEST_CASE("A baseline serves all samples with one column, or each with its own", "[core]") {
  const Eigen::Matrix2d values{{1, 2}, {3, 4}};
  const BaselineValues<double> one{values.data(), 0}, each{values.data(), 2}, none;
  CHECK(one.column(1) == values.data());
  CHECK(each.column(1)[1] == 4);
  CHECK(one.from(1).column(0) == values.data());
  CHECK(each.from(1).column(0)[1] == 4);
  CHECK_FALSE(bool(none.from(1)));
  CHECK(bool(one));
  CHECK_FALSE(bool(none));
}

TEST_CASE("A context's scratch has its layer's shape", "[core]") {
  const Eigen::Matrix<double, 3, 2> a = Eigen::Matrix<double, 3, 2>::Zero();
  const Eigen::Matrix<double, 4, 2> b = Eigen::Matrix<double, 4, 2>::Zero();
  Ledger<double, 2> books;
  Workspace<double> workspace;
  const Context<double, 3, 4, 2> context{view(a), view(b), {}, {}, Form::R, books, workspace};
  auto in = context.input_scratch();
  auto to = context.output_scratch();
  CHECK(in.get().rows() == 3);
  CHECK(to.get().rows() == 4);
  CHECK(context.bias_shares == nullptr);
}

}  // namespace
