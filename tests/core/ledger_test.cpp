#include <ascribe/core/ledger.hpp>

#include "tests/support/catch.hpp"

namespace {

using ascribe::Ledger;

TEST_CASE("Books say what they leave unexplained, and against what to measure it", "[core]") {
  Ledger<double> books;
  books.reset(2);
  CHECK(books.enter.size() == 2);
  CHECK((books.closing_error() == 0).all());
  CHECK((books.largest_entry() == 0).all());
  books.enter << 10, 1;
  books.leave << 4, 1;
  books.bias << -20, 0;
  books.stabiliser << 1, 0;
  books.dropped << 25, -3;
  CHECK(books.closing_error()(0) == 0);
  CHECK(books.closing_error()(1) == 3);
  CHECK(books.largest_entry()(0) == 25);
  CHECK(books.largest_entry()(1) == 3);
  for (const int n : {0, 1}) {
    CHECK(books.closing_error(n) == books.closing_error()(n));
    CHECK(books.largest_entry(n) == books.largest_entry()(n));
  }
  books.reset(3);
  CHECK(books.dropped.size() == 3);
  CHECK((books.largest_entry() == 0).all());
}

TEST_CASE("Books of one sample have a fixed size", "[core]") {
  STATIC_REQUIRE(sizeof(Ledger<float, 1>) == 5 * sizeof(float));
}

TEST_CASE("Some samples' books are columns of the whole", "[core]") {
  Ledger<double> books;
  books.reset(4);
  ascribe::LedgerView<double> some(books, 1, 2), all(books);
  CHECK(all.dropped.size() == 4);
  some.enter << 1, 2;
  some.leave << 3, 4;
  some.bias << 5, 6;
  some.stabiliser << 7, 8;
  some.dropped << 9, 10;
  all.dropped(3) = 11;
  using Row = Eigen::RowVector4d;
  CHECK(books.enter.matrix() == Row(0, 1, 2, 0));
  CHECK(books.leave.matrix() == Row(0, 3, 4, 0));
  CHECK(books.bias.matrix() == Row(0, 5, 6, 0));
  CHECK(books.stabiliser.matrix() == Row(0, 7, 8, 0));
  CHECK(books.dropped.matrix() == Row(0, 9, 10, 11));
}

}  // namespace
