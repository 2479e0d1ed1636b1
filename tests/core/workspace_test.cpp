#include <ascribe/core/workspace.hpp>

#include "tests/support/catch.hpp"

#include <type_traits>

namespace {

using namespace ascribe;

TEST_CASE("A workspace hands the same memory out again", "[core]") {
  Workspace<float> workspace;
  CHECK(workspace.mark() == 0);
  const float* first = workspace.allocate(100);
  const float* second = nullptr;
  {
    const WorkspaceScope<float> scope(workspace);
    second = workspace.allocate(50);
    CHECK(second != first);
    CHECK(workspace.mark() == 2);
  }
  CHECK(workspace.mark() == 1);
  CHECK(workspace.allocate(50) == second);
  workspace.release(0);
  CHECK(workspace.allocate(10) == first);  // smaller: the block stays
}

TEST_CASE("Taking more blocks leaves those taken where they are", "[core]") {
  Workspace<double> workspace;
  double* first = workspace.allocate(3);
  first[2] = 7;
  for (int i = 0; i < 100; ++i) workspace.allocate(10 * i);
  CHECK(first[2] == 7);
}

TEST_CASE("Scratch is on the stack where its size is fixed", "[core]") {
  Workspace<double> workspace;
  Scratch<double, 3, 2> fixed(workspace, 3, 2);
  CHECK(workspace.mark() == 0);
  STATIC_REQUIRE(std::is_same_v<decltype(fixed.get()), Out<double, 3, 2>>);
  Scratch<double, 3, Dynamic> dynamic(workspace, 3, 4);
  CHECK(workspace.mark() == 1);
  CHECK(dynamic.get().rows() == 3);
  CHECK(dynamic.get().cols() == 4);
}

TEST_CASE("Numbered blocks grow to what was asked for, and stay", "[core]") {
  Workspace<float> workspace;
  workspace.reserve({3, 5}, 10);
  CHECK(workspace.reserved() == 80);
  float* const first = workspace.slot(0);
  float* const second = workspace.slot(1);
  CHECK(first != second);
  first[29] = 7;
  workspace.reserve({2, 6}, 10);
  CHECK(workspace.reserved() == 90);
  CHECK(workspace.slot(0) == first);
  CHECK(first[29] == 7);
  workspace.reserve(4, 2);  // those between have no size
  CHECK(workspace.reserved() == 92);
}

}  // namespace
