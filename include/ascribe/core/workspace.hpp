/// Memory for the passes, reused from call to call.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
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

 private:
  std::vector<std::vector<Scalar, Eigen::aligned_allocator<Scalar>>> blocks_;  // empty: no heap
  std::size_t used_ = 0;
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
