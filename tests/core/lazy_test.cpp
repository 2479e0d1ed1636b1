#include <ascribe/core/lazy.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"

using ascribe::Lazy;

TEST_CASE("Lazy makes its value once, for all copies") {
  int calls = 0;
  const auto make = [&] {
    ++calls;
    return std::string("made");
  };
  const Lazy<std::string> lazy, copy = lazy;
  CHECK(!copy.made());
  const std::string& first = lazy.get(make);
  CHECK(first == "made");
  CHECK(copy.made());
  CHECK(&copy.get(make) == &first);
  CHECK(calls == 1);
  CHECK(!Lazy<std::string>().made());
}

TEST_CASE("Lazy is asked again where making has failed") {
  const Lazy<int> lazy;
  CHECK_THROWS_AS(lazy.get([]() -> int { throw std::runtime_error("no memory"); }), std::runtime_error);
  CHECK(!lazy.made());
  CHECK(lazy.get([] { return 7; }) == 7);
}

TEST_CASE("Lazy makes its value once for several threads") {
  const Lazy<std::vector<int>> lazy;
  std::atomic<int> calls{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const auto& value = lazy.get([&] {
        ++calls;
        return std::vector<int>(1000, 3);
      });
      if (value.size() != 1000 || value.back() != 3) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(calls == 1);
  CHECK(wrong == 0);
}
