#include <ascribe/core/parallel.hpp>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/support/catch.hpp"

using namespace ascribe;

TEST_CASE("parallel_for calls each index once", "[core]") {
  for (const Index count : {0, 1, 2, 7, 1000}) {
    std::vector<int> calls(std::size_t(count), 0);
    parallel_for(count, [&](Index i) { ++calls[std::size_t(i)]; });
    CHECK(std::all_of(calls.begin(), calls.end(), [](int n) { return n == 1; }));
  }
}

TEST_CASE("each_part calls every part of every sample once", "[core]") {
  for (const Index samples : {1, 3, 70})
    for (const Index parts : {1, 2, 9}) {
      Eigen::MatrixXi calls = Eigen::MatrixXi::Zero(parts, samples);
      each_part(samples, parts, 5000, [&](Index n, Index part) { ++calls(part, n); });
      CHECK((calls.array() == 1).all());
    }
}

TEST_CASE("Pieces cover a batch once, and none is longer than a piece", "[core]") {
  for (const Index rows : {Index(1), Index(10), piece_size - 1, piece_size, piece_size + 1, 5 * piece_size})
    for (const Index samples : {1, 2, 33}) {
      INFO(rows << " x " << samples);
      Eigen::MatrixXi seen = Eigen::MatrixXi::Zero(rows, samples);
      Eigen::MatrixXi longest = Eigen::MatrixXi::Zero(1, samples);
      each_piece(rows, samples, [&](Index n, Index first, Index width) {
        seen.col(n).segment(first, width).array() += 1;
        if (rows <= piece_size) longest(n) = std::max(longest(n), int(width));
      });
      CHECK((seen.array() == 1).all());
      if (rows <= piece_size) CHECK((longest.array() == int(rows)).all());
    }
}

TEST_CASE("The pieces' sums are added to what is there, sample by sample", "[core]") {
  // More pieces than are summed at a time: 1024.
  for (const Index rows : {Index(3), piece_size + 1, 3 * piece_size})
    for (const Index samples : {1, 5, 700}) {
      INFO(rows << " x " << samples);
      Eigen::ArrayXd totals = Eigen::ArrayXd::Constant(samples, 0.5);
      sum_pieces<double>(rows, samples, totals,
                         [&](Index n, Index, Index width) { return double(width) * double(n + 1); });
      CHECK((totals == 0.5 + double(rows) * Eigen::ArrayXd::LinSpaced(samples, 1, double(samples))).all());

      Eigen::ArrayXd counts = Eigen::ArrayXd::Zero(samples), widths = counts;
      const std::array both{&counts, &widths};
      sum_pieces<double>(rows, samples, both, [](Index, Index, Index width) {
        return std::array{1.0, double(width)};
      });
      CHECK((counts == double((rows + piece_size - 1) / piece_size)).all());
      CHECK((widths == double(rows)).all());
    }
}

TEST_CASE("Sums are added up in the order of the parts", "[core]") {
  // In float, 1e8 + 1 is 1e8: the order shows.
  Eigen::ArrayXf totals = Eigen::ArrayXf::Zero(1);
  const std::array lines{&totals};
  const auto parts = [](Index, Index k) { return std::array{k == 0 ? 1e8F : k == 9 ? -1e8F : 1.F}; };
  sum_parts<float>(1, 11, 4 * piece_size, lines, parts);
  CHECK(totals(0) == 1.F);
}
