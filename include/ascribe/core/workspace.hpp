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
  Scalar* allocate(Index count) {
    if (used_ == blocks_.size()) blocks_.emplace_back();
    auto& block = blocks_[used_++];
    if (Index(block.size()) < count) block.resize(std::size_t(count));
    return block.data();
  }
  /// How many blocks are taken.
  std::size_t mark() const { return used_; }
  /// Gives back all that were taken since the mark.
  void release(std::size_t mark) { used_ = mark; }

  /// Blocks that a plan has given numbers, each of so many scalars at least, with any content.
  void reserve(Index number, Index count) {
    if (Index(slots_.size()) <= number) slots_.resize(std::size_t(number) + 1);
    Block& slot = slots_[std::size_t(number)];
    if (Index(slot.size()) >= count) return;
    slot = Block();  // what was there goes before more is asked for
    slot.resize(std::size_t(count));
  }
  /// The same of all blocks, from number 0 on, for so many samples.
  void reserve(const std::vector<Index>& sizes, Index samples) {
    for (std::size_t k = 0; k < sizes.size(); ++k) reserve(Index(k), sizes[k] * samples);
  }
  /// A block that was reserved: any number of calls see one place.
  Scalar* slot(Index number) { return slots_[std::size_t(number)].data(); }
  /// The scalars of all blocks that were reserved.
  Index reserved() const {
    Index count = 0;
    for (const Block& slot : slots_) count += Index(slot.size());
    return count;
  }

 private:
  using Block = std::vector<Scalar, Eigen::aligned_allocator<Scalar>>;
  std::vector<Block> blocks_;  // empty: no heap
  std::size_t used_ = 0;
  std::vector<Block> slots_;
};

/// Hands the blocks taken during its life back.
template <class Scalar>
class WorkspaceScope {
 public:
  /// Of blocks that are taken from now on.
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
  /// Whether it is on the stack.
  static constexpr bool fixed = Rows != Dynamic && Samples != Dynamic;

  /// Rows × samples, with any content.
  Scratch(Workspace<Scalar>& workspace, Index rows, Index samples)
      : storage_(make(workspace, rows, samples)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// The memory.
  Out<Scalar, Rows, Samples> get() { return {storage_.data(), storage_.rows(), storage_.cols()}; }

 private:
  using Storage = std::conditional_t<fixed, Batch<Scalar, Rows, Samples>, Out<Scalar, Rows, Samples>>;

  static Storage make(Workspace<Scalar>& workspace, Index rows, Index samples) {
    if constexpr (fixed)
      return Storage();
    else
      return Storage(workspace.allocate(rows * samples), rows, samples);
  }

  Storage storage_;
};

}  // namespace ascribe
