/// Where weights lie once they are in the order of their products: on the heap, or where the host says.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <ascribe/core/types.hpp>

namespace ascribe {

/// Memory of the host's for weights; such as several processes share.
class WeightStore {
 public:
  virtual ~WeightStore() = default;
  /// Memory with the same bytes, aligned for any packet, which nobody changes as long as the returned pointer
  /// lives; or null, and the weights stay on the heap. Calls may come from several threads.
  virtual std::shared_ptr<const void> keep(std::span<const std::byte> weights) = 0;
};

namespace detail {

inline std::shared_ptr<WeightStore>& weight_store() {
  static std::shared_ptr<WeightStore> store;
  return store;
}

}  // namespace detail

/// Sets where the weights of the networks lie that a file is read to, and of all convolutions, from now on;
/// none: on the heap. Returns the store of before. Not while another thread makes or runs a network.
/// Example: `set_weight_store(std::make_shared<SharedMemory>("/weights"))`, for a class of the host's.
inline std::shared_ptr<WeightStore> set_weight_store(std::shared_ptr<WeightStore> store) {
  return std::exchange(detail::weight_store(), std::move(store));
}

/// Weights that nobody changes any more, in the store if there is one. Copies share them.
template <class Scalar>
class StoredWeights {
 public:
  StoredWeights() = default;
  /// Keeps a std::vector or an Eigen matrix, unless the store keeps what is in it.
  template <class Owner>
  explicit StoredWeights(Owner owner) : size_(Index(owner.size())) {
    if constexpr (std::is_arithmetic_v<Scalar>) {
      const std::span<const Scalar> weights(owner.data(), std::size_t(size_));
      if (const auto store = detail::weight_store())
        if (const auto kept = store->keep(std::as_bytes(weights))) {
          data_ = {kept, static_cast<const Scalar*>(kept.get())};
          return;
        }
    }
    const auto held = std::make_shared<const Owner>(std::move(owner));
    data_ = {held, held->data()};
  }

  /// The first of them.
  const Scalar* data() const { return data_.get(); }
  /// How many there are.
  Index size() const { return size_; }

 private:
  std::shared_ptr<const Scalar> data_;
  Index size_ = 0;
};

}  // namespace ascribe
