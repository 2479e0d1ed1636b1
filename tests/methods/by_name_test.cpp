#include <ascribe/methods/by_name.hpp>

#include "tests/support/catch.hpp"

using namespace ascribe;

TEST_CASE("every method is found under its name") {
  for (const std::string_view name : method::names)
    method::with_method(name, {}, [&](const auto& m) { CHECK(std::string_view(m.name) == name); });
}

TEST_CASE("options reach the method") {
  const auto epsilon_of = [](const auto& m) {
    if constexpr (requires { m.epsilon; })
      return m.epsilon;
    else
      return -1.0;
  };
  CHECK(method::with_method("lrp", {.epsilon = 0.25}, epsilon_of) == 0.25);
  CHECK(method::with_method("lrp_radial", {.epsilon = 0.5}, epsilon_of) == 0.5);
  CHECK(method::with_method("gradient", {.epsilon = 0.5}, epsilon_of) == -1.0);
}

TEST_CASE("an unknown name is answered with the known ones") {
  CHECK_THROWS_WITH(method::with_method("lpr", {}, [](const auto&) {}),
                    Contains("'lpr'") && Contains("lrp_q") && Contains("guided_backprop"));
}
