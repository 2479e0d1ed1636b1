#include <ascribe/train/checkpoint.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"
#include "tests/support/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <ascribe/functions/tanh.hpp>
#include <ascribe/io/binary.hpp>
#include <ascribe/maps/any_map.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/lrp.hpp>

#include <ascribe/compiled.hpp>

namespace {

using namespace ascribe;
using namespace ascribe::train;

template <class Scalar>
Graph<Scalar> network(Index hidden) {
  test::Random numbers(4);
  Graph<Scalar> net;
  const Index x = net.input("x", 6);
  const Index first =
      net.add("first",
              MatMul(map::Dense<Scalar>(numbers.matrix(hidden, 6).cast<Scalar>()),
                     Eigen::Matrix<Scalar, Dynamic, 1>(numbers.vector(hidden).cast<Scalar>())),
              {x});
  const Index active = net.add("active", Elementwise(fn::Tanh()), {first});
  net.output(net.add("last", MatMul(map::Dense<Scalar>(numbers.matrix(3, hidden).cast<Scalar>())), {active}));
  return net;
}

template <class Scalar>
std::vector<Objective<Scalar>> objectives() {
  return {{method::LrpQ(),
           {{0.1, SquaredOnMask<Scalar>(Batch<Scalar>::Ones(6, 1))}},
           Asked::label,
           {},
           Where::near(0.1)}};
}

template <class Scalar>
std::vector<Scalar> weights_of(Trainer<Scalar>& trainer) {
  std::vector<Scalar> all;
  for (const auto& block : trainer.parameters())
    all.insert(all.end(), block.values.begin(), block.values.end());
  return all;
}

/// Two epochs, a checkpoint, and two more of another trainer and optimiser, against four in one run.
template <class Scalar, class Optimiser>
void check_goes_on(const Optimiser& fresh) {
  const test::TemporaryFolder folder;
  const Batch<Scalar> x = test::Random(5).matrix(6, 20).template cast<Scalar>();
  std::vector<Index> labels;
  for (Index n = 0; n < 20; ++n) labels.push_back(n % 3);
  const Data<Scalar> data{view(x), labels};
  const auto run = [&](Trainer<Scalar>& trainer, Optimiser& optimiser, Index from, Index to) {
    for (Index epoch = from; epoch < to; ++epoch)
      trainer.epoch(data, {.size = 8, .seed = 3}, epoch, optimiser);
  };
  Trainer<Scalar> whole(network<Scalar>(4), objectives<Scalar>()),
      begun = Trainer<Scalar>(network<Scalar>(4), objectives<Scalar>()),
      gone_on(network<Scalar>(4), objectives<Scalar>());
  Optimiser first = fresh, second = fresh, third = fresh;
  run(whole, first, 0, 4);
  run(begun, second, 0, 2);
  save_checkpoint(folder / "run", begun, second, 2);
  CHECK(folder.file_count() == 1);
  const Index next = load_checkpoint(folder / "run", gone_on, third);
  CHECK(next == 2);
  CHECK(weights_of(gone_on) == weights_of(begun));
  run(gone_on, third, next, 4);
  CHECK(weights_of(gone_on) == weights_of(whole));
  CHECK(weights_of(gone_on) != weights_of(begun));
}

TEST_CASE("a run goes on from its checkpoint to the last bit", "[train]") {
  check_goes_on<float>(Adam<float>{.rate = 0.01, .weight_decay = 0.01});
  check_goes_on<double>(Sgd<double>{.rate = 0.1, .momentum = 0.9});
}

TEST_CASE("a checkpoint that is damaged or another run's is an Error, and nothing changes", "[train]") {
  const test::TemporaryFolder folder;
  Trainer<float> trainer(network<float>(4));
  const Batch<float> x = test::Random(5).matrix(6, 6).cast<float>();
  const std::vector<Index> labels{0, 1, 2, 0, 1, 2};
  Adam<float> adam;
  trainer.epoch({view(x), labels}, {.size = 3}, 0, adam);
  save_checkpoint(folder / "run", trainer, adam, 1);
  const std::string bytes = io::binary::read_bytes(folder / "run", "a file");
  trainer.epoch({view(x), labels}, {.size = 3}, 1, adam);
  const auto before = weights_of(trainer);
  const auto state = adam.first;

  const auto fails = [&](const std::string& with, const std::string& message) {
    INFO(message);
    const auto path = folder.write("other", with);
    CHECK_THROWS_WITH(load_checkpoint(path, trainer, adam), Contains("other") && Contains(message));
    CHECK(weights_of(trainer) == before);
    CHECK(adam.first == state);
    CHECK(adam.steps == 4);
  };
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    fails(bytes.substr(0, size), size < 29 ? "found another file" : "found one that is damaged");
  for (std::size_t at = 21; at < bytes.size(); at += 11) {
    std::string changed = bytes;
    changed[at] = char(changed[at] ^ 1);
    fails(changed, "damaged");
  }
  Trainer<float> wider(network<float>(5));
  Adam<float> other;
  CHECK_THROWS_WITH(load_checkpoint(folder / "run", wider, other), Contains("as the network has"));
  Trainer<double> finer(network<double>(4));
  Adam<double> of_double;
  CHECK_THROWS_WITH(load_checkpoint(folder / "run", finer, of_double),
                    Contains("expected numbers of 8 bytes, found 4"));
  Sgd<float> sgd;
  CHECK_THROWS_WITH(load_checkpoint(folder / "run", trainer, sgd), Contains("more than it has"));
  CHECK(sgd.velocity.empty());
  CHECK_THROWS_WITH(load_checkpoint(folder / "none", trainer, adam), Contains("none"));
}

}  // namespace
