/// Windows of a maximum whose type is known at run time only.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <ascribe/core/type_id.hpp>
#include <ascribe/windows/windows.hpp>

namespace ascribe::window {

/// Any windows, as a table of their members: rules are instantiated for this one type and serve all. The
/// members are looked up and not computed anew for every sample. Copies share the table.
class AnyWindows {
 public:
  static constexpr int inputs = Dynamic;
  static constexpr int outputs = Dynamic;

  /// Any windows, whose members are copied into a table.
  template <Windows W>
  requires(!std::same_as<W, AnyWindows>) AnyWindows(W windows)
      : table_(std::make_shared<const TableOf<W>>(std::move(windows))) {}

  Index input_size() const { return table_->inputs; }
  Index output_size() const { return table_->outputs; }
  Index lanes() const { return table_->lanes; }
  bool partition() const { return table_->partition; }
  bool lanes_apart() const { return table_->lanes_apart; }

  template <class F>
  void members(Index group, F&& f) const {
    const auto g = std::size_t(group);
    const Index* const end = table_->members.data() + table_->starts[g + 1];
    for (const Index* member = table_->members.data() + table_->starts[g]; member != end; ++member)
      f(*member);
  }
  template <class F>
  void constants(F&& f) const {
    for (const double c : table_->constants) f(c);
  }

  /// What the windows call themselves (their `name`); "windows" where they have none.
  const char* name() const { return table_->name; }
  /// The windows inside, where they are a W; else null.
  template <class W>
  const W* as() const {
    return static_cast<const W*>(table_->get(ascribe::detail::type_id<W>()));
  }

 private:
  struct Table {
    Index inputs, outputs, lanes;
    std::vector<Index> members;
    std::vector<std::size_t> starts{0};
    std::vector<double> constants;
    const char* name = "windows";
    bool partition = false, lanes_apart = false;

    virtual ~Table() = default;
    virtual const void* get(ascribe::detail::TypeId type) const = 0;
  };

  template <class W>
  struct TableOf final : Table {
    W windows;
    explicit TableOf(W w) : windows(std::move(w)) {
      this->inputs = windows.input_size();
      this->outputs = windows.output_size();
      this->lanes = windows.lanes();
      for (Index g = 0; g < this->outputs / this->lanes; ++g) {
        windows.members(g, [&](Index i) { this->members.push_back(i); });
        this->starts.push_back(this->members.size());
      }
      this->partition = is_partition(windows);
      this->lanes_apart = lanes_are_apart(windows);
      each_constant(windows, [&](double c) { this->constants.push_back(c); });
      if constexpr (requires { W::name; }) this->name = W::name;
    }
    const void* get(ascribe::detail::TypeId type) const override {
      return type == ascribe::detail::type_id<W>() ? &windows : nullptr;
    }
  };

  std::shared_ptr<const Table> table_;
};

}  // namespace ascribe::window
