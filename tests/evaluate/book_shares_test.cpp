#include <ascribe/evaluate/book_shares.hpp>

#include "tests/support/catch.hpp"

#include <cmath>

#include <ascribe/compiled.hpp>
#include <ascribe/layers/makers.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;

TEST_CASE("the books' lines as shares of the start, and of all that moved", "[evaluate]") {
  Ledger<float> books;
  books.reset(3);
  books.enter << 4, -2, 0;
  books.leave << 2, 6, 0;
  books.bias << 3, -8, 0;
  books.stabiliser << 0.5f, 0, 0;
  books.dropped << -1.5f, 0, 0;
  const BookShares shares = book_shares(books), sizes = size_shares(books);
  CHECK(shares.input(0) == 0.5);
  CHECK(shares.biases(0) == 0.75);
  CHECK(shares.stabiliser(0) == 0.125);
  CHECK(shares.dropped(0) == -0.375);
  CHECK(shares.input(1) == -3);
  CHECK(shares.biases(1) == 4);
  CHECK(sizes.input(0) == 2.0 / 7);
  CHECK(sizes.biases(0) == 3.0 / 7);
  CHECK(sizes.stabiliser(0) == 0.5 / 7);
  CHECK(sizes.dropped(0) == 1.5 / 7);
  CHECK(sizes.input(1) == 6.0 / 14);
  CHECK(sizes.biases(1) == 8.0 / 14);
  CHECK(std::isnan(shares.biases(2)));
  CHECK(std::isnan(sizes.input(2)));
}

TEST_CASE("the shares of an explanation whose books close are 1 together", "[evaluate]") {
  const Eigen::MatrixXd w1{{1, -1, 0.5}, {0.5, 2, -1}}, w2{{2, -1}};
  const Eigen::VectorXd b1{{-0.5, 0.25}}, b2{{0.1}};
  const Sequential net(linear(w1, b1), relu(), linear(w2, b2));
  const Eigen::VectorXd x{{3, 1, 2}};
  const auto shares = book_shares(net.explain(x, 0, method::Lrp(0.25)).ledger);
  CHECK(shares.stabiliser(0) > 0);
  CHECK(std::abs(shares.input(0) + shares.biases(0) + shares.stabiliser(0) + shares.dropped(0) - 1) <= 1e-14);
  // README's first example: 4.5 for the inputs and −1.15 for the biases of a start of 3.35.
  const auto q = book_shares(net.explain(x, 0, method::LrpQ()).ledger);
  CHECK(std::abs(q.input(0) - 4.5 / 3.35) <= 1e-14);
  CHECK(std::abs(q.biases(0) + 1.15 / 3.35) <= 1e-14);
}

}  // namespace
