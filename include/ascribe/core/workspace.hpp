/// Memory for the passes, reused from call to call.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <ascribe/core/types.hpp>

namespace ascribe {

/// A stack of blocks that grow to what was needed and stay: the second explanation of a shape takes
/// nothing from the heap for them. It belongs to one call at a time and never to a network.
template <class Scalar>
class Workspace {
 public:
  /// A block of `count` scalars with any content, valid until the mark below it is released.
  Scalar* take(Index count) {
    if (used_ == blocks_.size()) blocks_.emplace_back();
    auto& block = blocks_[used_++];
    if (Index(block.size()) < count) block.resize(std::size_t(count));
    return block.data();
  }
  std::size_t mark() const { return used_; }
  void release(std::size_t mark) { used_ = mark; }

  /// A block of `count` scalars that is given back in any order (`HeldBlock`): the smallest free one that is
  /// large enough, else the largest free one, grown, else a new one.
  std::size_t hold(Index count) {
    std::size_t best = held_.size();
    const auto size = [&](std::size_t k) { return Index(held_[k].memory.size()); };
    for (std::size_t k = 0; k < held_.size(); ++k) {
      if (!held_[k].free) continue;
      const bool fits = size(k) >= count;
      if (best == held_.size() ||
          (fits ? size(best) < count || size(k) < size(best) : size(best) < count && size(k) > size(best)))
        best = k;
    }
    if (best == held_.size()) held_.emplace_back();
    if (size(best) < count) held_[best].memory = Block(std::size_t(count));
    held_[best].free = false;
    return best;
  }
  Scalar* held(std::size_t block) { return held_[block].memory.data(); }
  void give_back(std::size_t block) { held_[block].free = true; }

 private:
  using Block = std::vector<Scalar, Eigen::aligned_allocator<Scalar>>;
  struct Held {
    Block memory;
    bool free = true;
  };
  std::vector<Block> blocks_;  // empty: no heap
  std::size_t used_ = 0;
  std::vector<Held> held_;
};

/// A block that is held until this goes.
template <class Scalar>
class HeldBlock {
 public:
  HeldBlock() = default;
  HeldBlock(Workspace<Scalar>& workspace, Index count)
      : workspace_(&workspace), block_(workspace.hold(count)) {}
  HeldBlock(HeldBlock&& other) noexcept
      : workspace_(std::exchange(other.workspace_, nullptr)), block_(other.block_) {}
  HeldBlock& operator=(HeldBlock&& other) noexcept {
    std::swap(workspace_, other.workspace_);
    std::swap(block_, other.block_);
    return *this;
  }
  ~HeldBlock() {
    if (workspace_) workspace_->give_back(block_);
  }

  explicit operator bool() const { return workspace_ != nullptr; }
  Scalar* data() const { return workspace_->held(block_); }

 private:
  Workspace<Scalar>* workspace_ = nullptr;
  std::size_t block_ = 0;
};

/// Hands the blocks taken during its life back.
template <class Scalar>
class WorkspaceScope {
 public:
  explicit WorkspaceScope(Workspace<Scalar>& workspace) : workspace_(workspace), mark_(workspace.mark()) {}
  ~WorkspaceScope() { workspace_.release(mark_); }
  WorkspaceScope(const WorkspaceScope&) = delete;
  WorkspaceScope& operator=(const WorkspaceScope&) = delete;

 private:
  Workspace<Scalar>& workspace_;
  std::size_t mark_;
};

/// A batch for intermediate values: on the stack where its size is fixed, else from the workspace.
template <class Scalar, int Rows, int Samples>
class Scratch {
 public:
  static constexpr bool fixed = Rows != Dynamic && Samples != Dynamic;

  Scratch(Workspace<Scalar>& workspace, Index rows, Index samples)
      : storage_(make(workspace, rows, samples)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Out<Scalar, Rows, Samples> get() { return {storage_.data(), storage_.rows(), storage_.cols()}; }

 private:
  using Storage = std::conditional_t<fixed, Batch<Scalar, Rows, Samples>, Out<Scalar, Rows, Samples>>;

  static Storage make(Workspace<Scalar>& workspace, Index rows, Index samples) {
    if constexpr (fixed)
      return Storage();
    else
      return Storage(workspace.take(rows * samples), rows, samples);
  }

  Storage storage_;
};

}  // namespace ascribe
