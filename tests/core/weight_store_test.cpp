#include <ascribe/core/weight_store.hpp>

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

using namespace ascribe;

namespace {

/// Keeps copies, unless it is told not to.
class Copies : public WeightStore {
 public:
  explicit Copies(bool keeps = true) : keeps_(keeps) {}
  std::shared_ptr<const void> keep(std::span<const std::byte> weights) override {
    bytes_asked += weights.size();
    if (!keeps_) return nullptr;
    // Whole vectors of numbers, so that the copy is aligned.
    auto copy = std::make_shared<std::vector<double>>((weights.size() + sizeof(double) - 1) / sizeof(double));
    std::memcpy(copy->data(), weights.data(), weights.size());
    kept.push_back(copy);
    return {copy, copy->data()};
  }

  std::size_t bytes_asked = 0;
  std::vector<std::weak_ptr<const void>> kept;

 private:
  bool keeps_;
};

/// A store while it lives.
class Scope {
 public:
  explicit Scope(std::shared_ptr<WeightStore> store) : before_(set_weight_store(std::move(store))) {}
  ~Scope() { set_weight_store(before_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  std::shared_ptr<WeightStore> before_;
};

template <class Scalar>
Batch<Scalar> numbers(test::Random& random, Index rows, Index columns) {
  return random.matrix(rows, columns).template cast<Scalar>();
}

/// An image of few pixels, whose transposed product has weights of its own, or of many.
template <class Scalar>
map::Convolution<Scalar> convolution(Index side) {
  test::Random random(1);
  const Spatial geometry{.input = {side, side}, .kernel = {3, 3}, .pads = {1, 1, 1, 1}};
  return map::Convolution<Scalar>(geometry, 24, 40, numbers<Scalar>(random, 40 * 24 * 9, 1));
}

template <class Scalar>
map::StoredDense<Scalar> dense() {
  test::Random random(2);
  return map::StoredDense<Scalar>(map::StoredMatrix<Scalar>(numbers<Scalar>(random, 33, 65)));
}

/// Of three random vectors with the map and with its transpose.
template <class Map>
std::pair<Batch<typename Map::Scalar>, Batch<typename Map::Scalar>> products(const Map& map) {
  using Scalar = typename Map::Scalar;
  test::Random random(3);
  const Batch<Scalar> a = numbers<Scalar>(random, map.input_size(), 3),
                      s = numbers<Scalar>(random, map.output_size(), 3);
  Batch<Scalar> b(map.output_size(), 3), g(map.input_size(), 3);
  map.template apply<Dynamic>(view(a), out(b), Weights::as_is);
  map.template apply_transposed<Dynamic>(view(s), out(g), Weights::positive);
  return {b, g};
}

}  // namespace

TEMPLATE_TEST_CASE("weights in a store give the same numbers to the last bit", "[weight store]", float, double) {
  using Scalar = TestType;
  const auto of_dense = products(dense<Scalar>()), of_few = products(convolution<Scalar>(3)),
             of_many = products(convolution<Scalar>(40));
  for (const bool keeps : {true, false}) {
    const auto store = std::make_shared<Copies>(keeps);
    {
      const Scope scope(store);
      const map::StoredDense<Scalar> rows = dense<Scalar>();
      CHECK(store->bytes_asked == sizeof(Scalar) * 33 * 65);
      const auto few = convolution<Scalar>(3), many = convolution<Scalar>(40);
      CHECK(store->bytes_asked >= sizeof(Scalar) * (33 * 65 + 2 * 40 * 24 * 9));
      CHECK(store->kept.size() == (keeps ? 3 : 0));
      CHECK(products(rows) == of_dense);
      CHECK(products(few) == of_few);
      CHECK(products(many) == of_many);
      CHECK(store->kept.size() == (keeps ? 4 : 0));  // the weights of the transposed product of few pixels
    }
    for (const auto& kept : store->kept) CHECK(kept.expired());
  }
}

TEST_CASE("weights outlive their store, and copies share them", "[weight store]") {
  test::Random random(3);
  const Eigen::MatrixXd weights = random.matrix(4, 3);
  std::optional<map::StoredMatrix<double>> matrix;
  {
    const Scope scope(std::make_shared<Copies>());
    matrix.emplace(weights);
  }
  const map::StoredMatrix<double> copy = *matrix;
  CHECK(copy.data() == matrix->data());
  matrix.reset();
  CHECK(copy == weights);
  // Without a store they stay where they are: nothing is copied.
  Eigen::MatrixXd moved = weights;
  const double* const memory = moved.data();
  const map::StoredMatrix<double> own(std::move(moved));
  CHECK(own.data() == memory);
  CHECK(own == weights);
}
