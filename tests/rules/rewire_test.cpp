#include <ascribe/rules/rewire.hpp>

#include <vector>

#include <ascribe/layers/matmul.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/rules/step_back.hpp>

#include "tests/support/catch.hpp"

namespace {

using namespace ascribe;

/// (x₀, x₁) to (0, x₀, x₁, x₁, 3), one step back with 1, 10, 100, 1000 and 10000.
template <class Map>
void check_rewire(const Map& map, Form form, const Eigen::Vector2d& expected, double bias, double dropped) {
  Eigen::VectorXd constants = Eigen::VectorXd::Zero(5);
  constants(4) = 3;
  const kind::MatMul<Map> layer(map, constants);
  Batch<double> a(2, 1), b(5, 1), up(5, 1), down(2, 1), shares = Batch<double>::Zero(5, 1);
  a << 7, 8;
  b << 0, 7, 8, 8, 3;
  up << 1, 10, 100, 1000, 10000;
  Ledger<double> books;
  books.reset(1);
  Workspace<double> workspace;
  Context<double, Dynamic, Dynamic, Dynamic> c{view(a), view(b), {a.data(), 0}, {b.data(), 0},
                                               form,    books,   workspace,     shares.data()};
  step_back(layer, rule::Rewire(), c, view(up), out(down));
  CHECK(down.col(0) == expected);
  CHECK(books.bias(0) == bias);
  CHECK(books.dropped(0) == dropped);
  CHECK(books.stabiliser(0) == 0);
  CHECK(shares.sum() == bias);
}

TEST_CASE("wiring hands back to an input what its copies carry, and books the rest", "[rules]") {
  const map::Selection<double> map(2, std::vector<Index>{-1, 0, 1, 1, -1});
  for (const bool erased : {false, true}) {
    const auto check = [&](Form form, double bias, double dropped) {
      const Eigen::Vector2d expected(10, 1100);
      if (erased)
        check_rewire(map::AnyMap<double>(map), form, expected, bias, dropped);
      else
        check_rewire(map, form, expected, bias, dropped);
    };
    check(Form::R, 10000, 1);
    check(Form::Q, 30000, 0);
    check(Form::Delta, 0, 0);
  }
}

}  // namespace
