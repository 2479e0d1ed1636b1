/// Windows of any shape, from a table.
#pragma once

#include <cstddef>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/windows/windows.hpp>

namespace ascribe::window {

/// Output j looks at the inputs that entry j of a table lists, in that order.
/// Example: `Table(3, {{0, 1}, {2}})`.
class Table {
 public:
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;
  static constexpr const char* name = "Table";

  /// Throws Error where there is no window, a window is empty, or a member is not below input_count.
  Table(Index input_count, const std::vector<std::vector<Index>>& windows) : inputs_(input_count) {
    if (input_count < 1) fail("Table: the inputs: expected at least 1, found ", input_count);
    if (windows.empty()) fail("Table: the windows: expected at least 1, found 0");
    std::size_t total = 0;
    for (const auto& window : windows) total += window.size();
    members_.reserve(total);
    starts_.reserve(windows.size() + 1);
    starts_.push_back(0);
    for (std::size_t j = 0; j < windows.size(); ++j) {
      if (windows[j].empty()) fail("Table: window ", j, ": expected at least 1 member, found 0");
      for (const Index member : windows[j]) {
        if (member < 0 || member >= input_count)
          fail("Table: a member of window ", j, ": expected 0 to ", input_count - 1, ", found ", member);
        members_.push_back(member);
      }
      starts_.push_back(members_.size());
    }
  }

  Index input_size() const { return inputs_; }
  Index output_size() const { return Index(starts_.size()) - 1; }
  Index lanes() const { return 1; }

  template <class F>
  void members(Index group, F&& f) const {
    const auto j = std::size_t(group);
    for (std::size_t k = starts_[j]; k < starts_[j + 1]; ++k) f(members_[k]);
  }

 private:
  Index inputs_;
  std::vector<Index> members_;
  std::vector<std::size_t> starts_;
};

}  // namespace ascribe::window
