#include <ascribe/core/function_ref.hpp>

#include <memory>
#include <type_traits>
#include <utility>

#include "tests/support/catch.hpp"

using ascribe::FunctionRef;

namespace {

int twice(FunctionRef<int(int)> f, int x) { return f(f(x)); }

}  // namespace

TEST_CASE("FunctionRef calls what it refers to, and copies nothing of it") {
  int calls = 0;
  auto add_three = [&calls, not_copied = std::make_unique<int>(3)](int x) mutable {
    ++calls;
    return x + *not_copied;
  };
  CHECK(twice(add_three, 1) == 7);
  CHECK(calls == 2);
  CHECK(twice([](int x) { return 10 * x; }, 1) == 100);

  const auto constant = [](int) { return 5; };
  const FunctionRef<int(int)> ref = constant, same = ref;
  CHECK(same(1) == 5);
}

TEST_CASE(
    "FunctionRef passes references and what can only be moved, and drops a result that nobody asks for") {
  int x = 1;
  const auto increase = [](int& i) { return ++i; };
  const FunctionRef<void(int&)> ref = increase;
  ref(x);
  CHECK(x == 2);

  const auto take = [](std::unique_ptr<int> p) { return *p; };
  const FunctionRef<int(std::unique_ptr<int>)> taker = take;
  CHECK(taker(std::make_unique<int>(4)) == 4);

  static_assert(std::is_invocable_v<FunctionRef<double(int)>, int>);
  static_assert(!std::is_constructible_v<FunctionRef<int(int)>, decltype([](int*) { return 1; })>);
}
