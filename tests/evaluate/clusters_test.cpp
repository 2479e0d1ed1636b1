#include <ascribe/evaluate/clusters.hpp>

#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <ascribe/core/parallel.hpp>

#include "tests/support/golden.hpp"
#include "tests/support/random.hpp"

namespace {

using namespace ascribe;
using namespace ascribe::evaluate;
using Catch::Matchers::Contains;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A graph with an edge of that weight between each pair of neighbours in a row.
Eigen::SparseMatrix<double> path(Index samples, double weight = 1) {
  std::vector<Eigen::Triplet<double>> edges;
  for (int n = 0; n + 1 < int(samples); ++n) {
    edges.emplace_back(n, n + 1, weight);
    edges.emplace_back(n + 1, n, weight);
  }
  Eigen::SparseMatrix<double> graph(samples, samples);
  graph.setFromTriplets(edges.begin(), edges.end());
  return graph;
}

/// So many points around each place of a line, `apart` from the next.
MatrixXd heaps(const std::vector<Index>& sizes, double apart, Index features = 2) {
  Index samples = 0;
  for (const Index size : sizes) samples += size;
  MatrixXd points = 0.1 * test::Random(11).matrix(features, samples);
  Index n = 0;
  for (std::size_t heap = 0; heap < sizes.size(); ++heap)
    for (Index k = 0; k < sizes[heap]; ++k) points(0, n++) += apart * double(heap);
  return points;
}

// tests/golden/clusters: 300 digits go through Spectra, the first 90 through Eigen's dense solver.
TEST_CASE("spectra of relevances are CoRelAy's", "[evaluate]") {
  const MatrixXd points = test::golden_batch("tests/golden/clusters/points.npy");
  const MatrixXd values = test::golden_batch("tests/golden/clusters/eigenvalues.npy");
  const MatrixXd vectors = test::golden_batch("tests/golden/clusters/eigenvectors.npy");
  REQUIRE(points.cols() == 300);
  const Spectrum all = laplacian_spectrum(neighbour_graph(points, 10), 12);
  const Spectrum first = laplacian_spectrum(neighbour_graph(points.leftCols(90), 10), 12);
  CHECK((all.values - values.col(0)).cwiseAbs().maxCoeff() < 1e-12);
  CHECK((first.values - values.col(1)).cwiseAbs().maxCoeff() < 1e-12);
  for (Index k = 0; k < 3; ++k) {  // but for their sign; kept in float
    const VectorXd ours = all.vectors.col(k + 1), theirs = vectors.row(k).transpose();
    CHECK((ours * (ours.dot(theirs) < 0 ? -1 : 1) - theirs).cwiseAbs().maxCoeff() < 1e-7);
  }
}

TEST_CASE("cells are sums over pixels and channels, and each sample has norm 1", "[evaluate]") {
  const FeatureMaps image{2, 3, 5, false};
  MatrixXd relevance = MatrixXd::Zero(30, 3);
  for (Index i = 0; i < 30; ++i) relevance(i, 0) = double(i + 1);
  relevance(image.feature(1, 14), 1) = -4;
  const MatrixXd cells = pooled(relevance, image, 2, 2);
  // Rows 0 and 1 to 2; columns 0 to 1 and 2 to 4. Channel 1 is 15 more than channel 0.
  const VectorXd sums{
      {3 + 2 * 15, 12 + 3 * 15, 6 + 7 + 11 + 12 + 4 * 15, 8 + 9 + 10 + 13 + 14 + 15 + 6 * 15}};
  const VectorXd both = 2 * sums - VectorXd{{2 * 15, 3 * 15, 4 * 15, 6 * 15}};
  CHECK((cells.col(0) - both / both.norm()).norm() < 1e-15);
  CHECK(cells.col(1) == VectorXd{{0, 0, 0, -1}});
  CHECK(cells.col(2) == VectorXd::Zero(4));
  CHECK((pooled(relevance * 1e300, image, 2, 2) - cells).norm() < 1e-14);
}

TEST_CASE("an edge weighs 1 between mutual neighbours, else 1/2, and ties go by number", "[evaluate]") {
  const MatrixXd points{{0, 1, 2, 10}};
  const MatrixXd one{{0, 1, 0, 0}, {1, 0, 0.5, 0}, {0, 0.5, 0, 0.5}, {0, 0, 0.5, 0}};
  CHECK(MatrixXd(neighbour_graph(points, 1)) == one);  // 1 is as near to 0 as to 2
  const MatrixXd all = MatrixXd::Ones(4, 4) - MatrixXd::Identity(4, 4);
  CHECK(MatrixXd(neighbour_graph(points, 3)) == all);
  // Equal points, and distances that would cancel in products.
  const MatrixXd far = (MatrixXd(1, 4) << 1e8, 1e8, 1e8 + 1, 1e8 + 2).finished();
  CHECK(MatrixXd(neighbour_graph(far, 1)) ==
        MatrixXd{{0, 1, 0.5, 0}, {1, 0, 0, 0}, {0.5, 0, 0, 0.5}, {0, 0, 0.5, 0}});
}

// A path's are 1 − cos(πk/(n − 1)) (Chung 1997, example 1.4), a complete graph's 0 and n/(n − 1).
TEST_CASE("spectra of graphs that are known", "[evaluate]") {
  for (const Index samples : {40, 300})
    for (const double weight : {1.0, 0.25}) {
      const Spectrum found = laplacian_spectrum(path(samples, weight), 5);
      for (Index k = 0; k < 5; ++k)
        CHECK(std::abs(found.values(k) - (1 - std::cos(M_PI * double(k) / double(samples - 1)))) < 1e-12);
      const MatrixXd graph(path(samples, weight));
      const VectorXd root = graph.rowwise().sum().cwiseSqrt();
      const MatrixXd laplacian = MatrixXd::Identity(samples, samples) -
                                 root.cwiseInverse().asDiagonal() * graph * root.cwiseInverse().asDiagonal();
      for (Index k = 0; k < 5; ++k) {
        const VectorXd v = found.vectors.col(k);
        CHECK((laplacian * v - found.values(k) * v).norm() < 1e-10);
        CHECK(std::abs(v.norm() - 1) < 1e-12);
        CHECK(v.maxCoeff() >= -v.minCoeff());
      }
    }
  const MatrixXd complete = MatrixXd::Ones(6, 6) - MatrixXd::Identity(6, 6);
  const Spectrum six = laplacian_spectrum(complete.sparseView(), 20);
  REQUIRE(six.values.size() == 6);
  CHECK(six.values(0) < 1e-14);
  CHECK((six.values.tail(5).array() - 1.2).abs().maxCoeff() < 1e-14);
}

TEST_CASE("parts that nothing connects have a 0 each, dense or sparse", "[evaluate]") {
  const MatrixXd points = heaps({300, 20, 9, 270}, 100);
  const Spectrum found = laplacian_spectrum(neighbour_graph(points, 4), 6);
  CHECK(found.values.head(4).maxCoeff() < 1e-14);
  CHECK(found.values(4) > 1e-4);
  // Each 0's vector is one part's alone.
  MatrixXd held(4, 4);
  const Index firsts[] = {0, 300, 320, 329, 599};
  for (Index part = 0; part < 4; ++part)
    for (Index k = 0; k < 4; ++k)
      held(part, k) =
          found.vectors.col(k).segment(firsts[part], firsts[part + 1] - firsts[part]).squaredNorm();
  CHECK((held - held.array().round().matrix()).norm() < 1e-10);
  CHECK((held.rowwise().sum().array() - 1).abs().maxCoeff() < 1e-10);
}

TEST_CASE("the eigengap is the first of the largest", "[evaluate]") {
  CHECK(eigengap(VectorXd{{0, 0.01, 0.4, 0.5}}, 3) == 2);
  CHECK(eigengap(VectorXd{{0, 0.01, 0.4, 2}}, 2) == 2);
  CHECK(eigengap(VectorXd{{0, 0.01, 0.4, 2}}, 9) == 3);
  CHECK(eigengap(VectorXd{{0, 0.5, 1, 1.25}}, 3) == 1);
  CHECK(eigengap(VectorXd{{0, 1}}, 1) == 1);
}

TEST_CASE("k-means finds heaps, whatever the seed, and numbers them by size", "[evaluate]") {
  const MatrixXd points = heaps({5, 30, 5, 11}, 4).transpose();
  std::vector<Index> expected;
  for (const auto& [group, size] : {std::pair(2, 5), {0, 30}, {3, 5}, {1, 11}})
    expected.insert(expected.end(), std::size_t(size), group);
  for (const std::uint64_t seed : {1U, 2U, 3U}) CHECK(k_means(points, 4, seed) == expected);
  CHECK(k_means(points, 1) == std::vector<Index>(51, 0));
  CHECK(k_means(MatrixXd{{3}, {1}, {3}, {2}}, 3, 5) == std::vector<Index>{0, 1, 0, 2});
  // One start from a bad draw stays where it is; the best of several does not.
  const MatrixXd rectangle{{0, 0}, {0, 1}, {3, 0}, {3, 1}};
  CHECK(k_means(rectangle, 2) == std::vector<Index>{0, 0, 1, 1});
}

TEST_CASE("clusters are the heaps, on any number of threads", "[evaluate]") {
  const MatrixXd points = heaps({150, 120, 30}, 0.6, 3);
  const int before = thread_count();
  const Clusters one = clusters(points);
  set_thread_count(3);
  const Clusters three = clusters(points);
  set_thread_count(before);
  CHECK(one.count == 3);
  CHECK(one.spectrum.values.size() == 6);
  for (Index n = 0; n < 300; ++n) CHECK(one.of[std::size_t(n)] == (n < 150 ? 0 : n < 270 ? 1 : 2));
  CHECK(one.of == three.of);
  CHECK(one.spectrum.values == three.spectrum.values);
  CHECK(one.spectrum.vectors == three.spectrum.vectors);
}

TEST_CASE("what cannot be grouped is refused", "[evaluate]") {
  const double infinite = std::numeric_limits<double>::infinity();
  const MatrixXd points = test::Random(3).matrix(4, 10);
  CHECK_THROWS_WITH(neighbour_graph(points, 0), Contains("at least 1 neighbour, found 0"));
  CHECK_THROWS_WITH(neighbour_graph(points, 10), Contains("found 10 samples and 10 neighbours"));
  CHECK_THROWS_WITH(neighbour_graph(MatrixXd(4, 0), 1), Contains("found 0 samples and 1 neighbours"));
  CHECK_THROWS_WITH(clusters(points, {.neighbours = 12}), Contains("found 10 samples and 12 neighbours"));
  CHECK_THROWS_WITH(clusters(points, {.neighbours = 3, .most = 0}), Contains("at least 1 group, found 0"));
  CHECK_THROWS_WITH(neighbour_graph(MatrixXd(0, 10), 2), Contains("found 0 x 10"));
  MatrixXd broken = points;
  broken(1, 3) = std::nan("");
  CHECK_THROWS_WITH(clusters(broken, {.neighbours = 3}), Contains("NaN or infinite"));
  const FeatureMaps image{1, 2, 2};
  CHECK_THROWS_WITH(pooled(broken, image, 1, 1), Contains("the relevance of feature 1 of sample 3 is nan"));
  broken(1, 3) = infinite;
  CHECK_THROWS_WITH(pooled(broken, image, 1, 1), Contains("is inf"));
  CHECK_THROWS_WITH(pooled(points, image, 3, 2), Contains("1 x 1 to 2 x 2, found 3 x 2"));
  CHECK_THROWS_WITH(pooled(points, image, 2, 0), Contains("1 x 1 to 2 x 2, found 2 x 0"));
  CHECK_THROWS_WITH(pooled(points, {1, 2, 3}, 1, 1),
                    Contains("expected 6 features as the image has, found 4"));
  CHECK_THROWS_WITH(laplacian_spectrum(path(4), 0), Contains("at least 1 eigenvalue"));
  CHECK_THROWS_WITH(laplacian_spectrum(path(4, -1), 2), Contains("weights of at least 0, found -1"));
  CHECK_THROWS_WITH(laplacian_spectrum(MatrixXd{{0, 1, 0}, {1, 0, 0}, {0, 0, 0}}.sparseView(), 2),
                    Contains("sample 2 has no neighbour"));
  CHECK_THROWS_WITH(laplacian_spectrum(MatrixXd{{0, 1}, {0.5, 0}}.sparseView(), 2), Contains("that is not"));
  CHECK_THROWS_WITH(eigengap(VectorXd{{0}}, 3), Contains("2 eigenvalues, found 3 and 1"));
  CHECK_THROWS_WITH(k_means(points, 0), Contains("at least 1 group"));
  CHECK_THROWS_WITH(k_means(points, 5), Contains("at least 5 points, found 4"));
  CHECK_THROWS_WITH(k_means(MatrixXd::Ones(5, 2), 2), Contains("at least 2 distinct points, found 1"));
  CHECK_THROWS_WITH(k_means(broken, 2), Contains("finite"));
}

}  // namespace
