#include <ascribe/kernels/lanes.hpp>

#include <array>
#include <vector>

#include <unsupported/Eigen/AutoDiff>

#include "tests/support/catch.hpp"

namespace {

using ascribe::Index;
using ascribe::kernel::Lanes;

TEMPLATE_TEST_CASE("A register's sum, product and transpose", "[kernels][lanes]", float, double) {
  using L = Lanes<TestType>;
  constexpr int size = L::size;
  std::vector<TestType> from(std::size_t(size * (size + 1)) + 1),
      to(std::size_t(size * (size + 2)), TestType(-1));
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = TestType(i);

  CHECK(L::sum(L::load(from.data() + 1)) == TestType(size * (size + 1) / 2));
  L::store(to.data() + 1, L::multiply_add(L::load(from.data()), L::all(TestType(2)), L::all(TestType(3))));
  for (int i = 0; i < size; ++i) CHECK(to[std::size_t(i + 1)] == TestType(2 * i + 3));

  L::transpose(from.data(), size + 1, to.data(), size + 2);
  for (int m = 0; m < size; ++m)
    for (int k = 0; k < size; ++k)
      CHECK(to[std::size_t(k * (size + 2) + m)] == from[std::size_t(m * (size + 1) + k)]);
}

TEMPLATE_TEST_CASE("A register's numbers above 0, and the signs of others'", "[kernels][lanes]", float,
                   double) {
  using L = Lanes<TestType>;
  const TestType given[] = {3, -2, 0, TestType(-0.), -1, 5};
  for (const TestType sign : given)
    for (const TestType number : given) {
      std::array<TestType, std::size_t(L::size)> to;
      const auto found = [&](const typename L::Packet& p) {
        L::store(to.data(), p);
        return to.back();
      };
      CHECK(found(L::multiply(L::all(sign), L::all(number))) == sign * number);
      CHECK(found(L::above_zero(L::all(number))) == (number > 0 ? number : 0));
      CHECK(found(L::signed_by(L::signs_of(L::all(sign)), L::all(number))) == (sign < 0 ? -number : number));
    }
}

TEST_CASE("A scalar that no processor knows is a register of one", "[kernels][lanes]") {
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  using L = Lanes<Dual>;
  static_assert(L::size == 1);
  Dual x(3, Eigen::Matrix<double, 1, 1>(1)), y;
  L::store(&y, L::multiply_add(L::load(&x), L::all(x), L::all(Dual(1))));
  CHECK(y.value() == 10);
  CHECK(y.derivatives()(0) == 6);  // (x² + 1)' at 3
  L::store(&y, L::above_zero(L::signed_by(L::signs_of(L::all(Dual(-2))), L::all(Dual(-1) * x))));
  CHECK(y.value() == 3);
  CHECK(y.derivatives()(0) == 1);
  L::store(&y, L::above_zero(L::signed_by(L::signs_of(L::all(Dual(0))), L::all(Dual(-1) * x))));
  CHECK(y.value() == 0);
  CHECK(y.derivatives()(0) == 0);
}

}  // namespace
