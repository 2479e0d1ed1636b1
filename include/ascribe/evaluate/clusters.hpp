/// Spectral relevance analysis (SpRAy: Lapuschkin et al. 1902.10178): which groups the explanations of one
/// class fall into. A group that looks at something of its own may be a shortcut; `common_region.hpp` asks
/// the network whether it is. Needs Spectra (header-only, on Eigen), and is in no umbrella therefore.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <Eigen/Eigenvalues>
#include <Eigen/SparseCore>
#include <Spectra/MatOp/SparseSymMatProd.h>
#include <Spectra/SymEigsSolver.h>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/parallel.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/evaluate/clustering.hpp>
#include <ascribe/evaluate/random.hpp>
#include <ascribe/networks/feature_maps.hpp>

namespace ascribe::evaluate {

/// Relevances made smaller: height × width cells, row by row, × samples. A cell is the sum over the channels
/// and over its pixels, which are rows ⌊i·H/height⌋ to ⌊(i + 1)·H/height⌋ − 1 and columns alike, so that the
/// cells of a sample add up to its relevance. Each sample is then divided by its Euclidean norm (zeros stay),
/// so that neighbours are alike in where their relevance is and not in how much there is. Throws Error for
/// another number of features than the image has, for a size below 1 or above the image's, and for
/// relevances that are NaN or infinite.
template <class D>
Eigen::MatrixXd pooled(const Eigen::MatrixBase<D>& relevance, const FeatureMaps& image, Index height,
                       Index width) {
  image.check("pooled");
  if (relevance.rows() != image.size())
    fail("pooled: expected ", image.size(), " features as the image has, found ", relevance.rows());
  if (height < 1 || height > image.height || width < 1 || width > image.width)
    fail("pooled: expected a size of 1 x 1 to ", image.height, " x ", image.width, ", found ", height, " x ",
         width);
  const auto cells = [](Index from, Index to) {
    std::vector<Index> of(static_cast<std::size_t>(from));
    for (Index cell = 0; cell < to; ++cell)
      for (Index i = cell * from / to; i < (cell + 1) * from / to; ++i) of[std::size_t(i)] = cell;
    return of;
  };
  const std::vector<Index> down = cells(image.height, height), across = cells(image.width, width);
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(height * width, relevance.cols());
  for (Index n = 0; n < relevance.cols(); ++n) {
    for (Index row = 0; row < image.height; ++row)
      for (Index column = 0; column < image.width; ++column)
        for (Index c = 0; c < image.channels; ++c) {
          const Index feature = image.feature(c, row * image.width + column);
          const double value = math::value_of(relevance(feature, n));
          if (!std::isfinite(value))
            fail("pooled: the relevance of feature ", feature, " of sample ", n, " is ", value);
          result(down[std::size_t(row)] * width + across[std::size_t(column)], n) += value;
        }
    if (const double norm = result.col(n).stableNorm(); norm > 0) result.col(n) /= norm;
  }
  return result;
}

/// The graph of nearest neighbours of points (features × samples), by Euclidean distance: (M + Mᵀ)/2, where
/// m_ij is 1 if j is among the k nearest of i. So an edge has the weight 1 where both are each other's
/// neighbours and 1/2 where one is (CoRelAy 1.0's SparseKNN with `symmetric`). Of equal distances the lower
/// number is nearer. All pairs are compared: samples² · features. The same for any number of threads. Throws
/// Error for k below 1, for fewer samples than k + 1, and for points that are NaN or infinite.
inline Eigen::SparseMatrix<double> neighbour_graph(const Eigen::MatrixXd& points, Index k) {
  const Index samples = points.cols();
  if (k < 1) fail("neighbour_graph: expected at least 1 neighbour, found ", k);
  if (samples <= k)
    fail("neighbour_graph: expected more samples than neighbours, found ", samples, " samples and ", k,
         " neighbours");
  if (points.rows() < 1 || !points.allFinite())
    fail("neighbour_graph: expected points of at least 1 finite number, found ", points.rows(), " x ",
         samples, (points.rows() < 1 ? "" : ", with one that is NaN or infinite"));
  std::vector<Index> nearest(std::size_t(samples * k));
  parallel_for(samples, [&](Index i) {
    // Differences, and not products of the points: those of near points cancel, and equal ones would not tie.
    std::vector<std::pair<double, Index>> others;
    others.reserve(std::size_t(samples));
    for (Index j = 0; j < samples; ++j)
      if (j != i) others.emplace_back((points.col(j) - points.col(i)).squaredNorm(), j);
    std::partial_sort(others.begin(), others.begin() + k, others.end());
    for (Index n = 0; n < k; ++n) nearest[std::size_t(i * k + n)] = others[std::size_t(n)].second;
  });
  std::vector<Eigen::Triplet<double>> edges;
  edges.reserve(2 * nearest.size());
  for (Index i = 0; i < samples; ++i)
    for (Index n = 0; n < k; ++n) {
      const int from = int(i), to = int(nearest[std::size_t(i * k + n)]);
      edges.emplace_back(from, to, 0.5);
      edges.emplace_back(to, from, 0.5);
    }
  Eigen::SparseMatrix<double> graph(samples, samples);
  graph.setFromTriplets(edges.begin(), edges.end());
  return graph;
}

namespace detail {

/// The parts of a graph that nothing connects: each sample's part, numbered by their first samples.
inline std::vector<std::vector<Index>> components(const Eigen::SparseMatrix<double>& graph) {
  std::vector<std::vector<Index>> parts;
  std::vector<bool> seen(std::size_t(graph.cols()), false);
  for (Index first = 0; first < graph.cols(); ++first) {
    if (seen[std::size_t(first)]) continue;
    std::vector<Index> part{first};
    seen[std::size_t(first)] = true;
    for (std::size_t at = 0; at < part.size(); ++at)
      for (Eigen::SparseMatrix<double>::InnerIterator edge(graph, part[at]); edge; ++edge)
        if (const Index to = edge.row(); edge.value() != 0 && !seen[std::size_t(to)]) {
          seen[std::size_t(to)] = true;
          part.push_back(to);
        }
    std::sort(part.begin(), part.end());
    parts.push_back(std::move(part));
  }
  return parts;
}

/// Up to this size all eigenvalues of a dense matrix take less time than some of a sparse one.
inline constexpr Index dense_size = 256;

/// The largest eigenvalues μ of A = D^-½ W D^-½, and their eigenvectors, of a graph that is connected.
inline Spectrum largest_of_affinity(const Eigen::SparseMatrix<double>& affinity, Index count) {
  const Index size = affinity.rows();
  if (size <= dense_size || count >= size) {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver{Eigen::MatrixXd(affinity)};
    if (solver.info() != Eigen::Success)
      fail("laplacian_spectrum: the eigenvalues of ", size, " samples were not found");
    return {solver.eigenvalues().reverse().head(count),
            solver.eigenvectors().rowwise().reverse().leftCols(count)};
  }
  Spectra::SparseSymMatProd<double> product(affinity);
  Spectra::SymEigsSolver<Spectra::SparseSymMatProd<double>> solver(product, count,
                                                                   std::min(size, 4 * count + 40));
  solver.init();  // Spectra's own start vector: the same numbers each time
  solver.compute(Spectra::SortRule::LargestAlge, 1000, 1e-12);
  if (solver.info() != Spectra::CompInfo::Successful)
    fail("laplacian_spectrum: the ", count, " smallest eigenvalues of ", size, " samples were not found");
  return {solver.eigenvalues(), solver.eigenvectors()};
}

}  // namespace detail

/// The `count` smallest eigenvalues (all, where there are fewer samples) of L = D^-½ (D − W) D^-½, W being
/// the graph and D its degrees: the normalised Laplacian (von Luxburg 0711.0189, §3.2). Computed as 1 − μ
/// from the largest eigenvalues μ of D^-½ W D^-½, as CoRelAy 1.0 does (its SymmetricNormalLaplacian is that
/// matrix, its EigenDecomposition says 1 − μ), which needs no factorisation. Parts that nothing connects are
/// solved by themselves: a Krylov space holds one vector for an eigenvalue, and 0 is one of each of them.
/// Throws Error for a count below 1, for a graph that is not square and symmetric, with weights that are
/// negative or not finite, or with a sample that has no edge, and where an eigenvalue is not found.
inline Spectrum laplacian_spectrum(const Eigen::SparseMatrix<double>& graph, Index count) {
  const Index samples = graph.rows();
  if (count < 1) fail("laplacian_spectrum: expected at least 1 eigenvalue, found ", count);
  if (samples != graph.cols() || samples < 1 ||
      (graph - Eigen::SparseMatrix<double>(graph.transpose())).norm() != 0)
    fail("laplacian_spectrum: expected a symmetric graph of samples, found one of ", samples, " x ",
         graph.cols(), (samples == graph.cols() ? " that is not" : ""));
  Eigen::VectorXd scale(samples);
  for (Index n = 0; n < samples; ++n) {
    double degree = 0;
    for (Eigen::SparseMatrix<double>::InnerIterator edge(graph, n); edge; ++edge) {
      if (!(edge.value() >= 0 && edge.value() <= std::numeric_limits<double>::max()))
        fail("laplacian_spectrum: expected weights of at least 0, found ", edge.value(), " between ", n,
             " and ", edge.row());
      degree += edge.value();
    }
    if (!(degree > 0)) fail("laplacian_spectrum: sample ", n, " has no neighbour");
    scale(n) = 1 / std::sqrt(degree);
  }

  // The spectra of the parts, merged.
  struct Value {
    double value;
    std::size_t part;
    Index column;
  };
  const auto parts = detail::components(graph);
  std::vector<Spectrum> of_parts;
  std::vector<Value> all;
  std::vector<Index> place(static_cast<std::size_t>(samples));
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const auto& part = parts[p];
    for (std::size_t n = 0; n < part.size(); ++n) place[std::size_t(part[n])] = Index(n);
    std::vector<Eigen::Triplet<double>> entries;
    for (const Index n : part)
      for (Eigen::SparseMatrix<double>::InnerIterator edge(graph, n); edge; ++edge)
        entries.emplace_back(int(place[std::size_t(edge.row())]), int(place[std::size_t(n)]),
                             scale(n) * edge.value() * scale(edge.row()));
    const Index size = Index(part.size());
    Eigen::SparseMatrix<double> affinity(size, size);
    affinity.setFromTriplets(entries.begin(), entries.end());
    of_parts.push_back(detail::largest_of_affinity(affinity, std::min(count, size)));
    for (Index k = 0; k < of_parts.back().values.size(); ++k)
      all.push_back({std::max(0.0, 1 - of_parts.back().values(k)), p, k});
  }
  std::stable_sort(all.begin(), all.end(), [](const Value& a, const Value& b) { return a.value < b.value; });

  Spectrum spectrum;
  const Index found = std::min(count, samples);
  spectrum.values.resize(found);
  spectrum.vectors = Eigen::MatrixXd::Zero(samples, found);
  for (Index k = 0; k < found; ++k) {
    const Value& from = all[std::size_t(k)];
    spectrum.values(k) = from.value;
    const auto vector = of_parts[from.part].vectors.col(from.column);
    Index largest = 0;
    vector.cwiseAbs().maxCoeff(&largest);
    const double sign = vector(largest) < 0 ? -1 : 1;
    for (std::size_t n = 0; n < parts[from.part].size(); ++n)
      spectrum.vectors(parts[from.part][n], k) = sign * vector(Index(n));
  }
  return spectrum;
}

/// How many groups a spectrum speaks for: g in 1 … most, where the gap from the g-th smallest eigenvalue to
/// the next is the largest (von Luxburg 0711.0189, §8.3); of equal gaps the first. Fewer eigenvalues than
/// most + 1 limit it. Example: `eigengap({{0, 0.01, 0.4, 0.5}}, 3) == 2`. Throws Error for most below 1 and
/// for fewer than two eigenvalues.
inline Index eigengap(const Eigen::VectorXd& values, Index most) {
  if (most < 1 || values.size() < 2)
    fail("eigengap: expected at least 1 group and 2 eigenvalues, found ", most, " and ", values.size());
  Index best = 1;
  for (Index g = 2; g <= std::min(most, values.size() - 1); ++g)
    if (values(g) - values(g - 1) > values(best) - values(best - 1)) best = g;
  return best;
}

/// Points (samples × coordinates) in so many groups, by k-means: a group for each sample, the largest group
/// being 0, of equal ones that of the first sample. Of `starts` runs, each from centres that are drawn by
/// their distances (k-means++: Arthur & Vassilvitskii 2007), the one with the least sum of squares; run s
/// draws from stream s of the seed. No group is empty. Throws Error for fewer distinct points than groups,
/// for groups or starts below 1, and for points that are NaN or infinite.
inline std::vector<Index> k_means(const Eigen::MatrixXd& points, Index groups, std::uint64_t seed = 1,
                                  Index starts = 20) {
  const Index samples = points.rows();
  if (groups < 1 || starts < 1)
    fail("k_means: expected at least 1 group and 1 start, found ", groups, " and ", starts);
  if (samples < groups) fail("k_means: expected at least ", groups, " points, found ", samples);
  if (!points.allFinite()) fail("k_means: expected points that are finite, found one that is not");
  std::vector<Index> best;
  double least = std::numeric_limits<double>::infinity();
  for (Index s = 0; s < starts; ++s) {
    Random random(seed, std::uint64_t(s));
    Eigen::MatrixXd centres(groups, points.cols());
    centres.row(0) = points.row(random.below(samples));
    Eigen::ArrayXd distance = Eigen::ArrayXd::Constant(samples, least), to(samples);
    for (Index g = 1; g < groups; ++g) {
      to = (points.rowwise() - centres.row(g - 1)).rowwise().squaredNorm().array();
      distance = g == 1 ? to : distance.min(to).eval();
      if (!(distance.sum() > 0)) fail("k_means: expected at least ", groups, " distinct points, found ", g);
      double left = random.uniform() * distance.sum();
      Index chosen = 0;
      distance.maxCoeff(&chosen);  // where rounding leaves more than there is
      for (Index n = 0; n < samples; ++n)
        if ((left -= distance(n)) < 0) {
          chosen = n;
          break;
        }
      centres.row(g) = points.row(chosen);
    }
    std::vector<Index> of(std::size_t(samples), -1);
    double squares = 0;
    // Each round lowers the sum of squares; the bound is for rounding, which might go around in circles.
    for (int round = 0; round < 1000; ++round) {
      bool changed = false;
      squares = 0;
      for (Index n = 0; n < samples; ++n) {
        Index nearest = 0;
        distance(n) = (centres.rowwise() - points.row(n)).rowwise().squaredNorm().minCoeff(&nearest);
        squares += distance(n);
        changed = changed || of[std::size_t(n)] != nearest;
        of[std::size_t(n)] = nearest;
      }
      if (!changed) break;
      Eigen::VectorXd sizes = Eigen::VectorXd::Zero(groups);
      centres.setZero();
      for (Index n = 0; n < samples; ++n) {
        centres.row(of[std::size_t(n)]) += points.row(n);
        sizes(of[std::size_t(n)]) += 1;
      }
      for (Index g = 0; g < groups; ++g) {
        if (sizes(g) > 0) {
          centres.row(g) /= sizes(g);
          continue;
        }
        Index furthest = 0;  // a group that lost all of its points begins anew where one is ill served
        distance.maxCoeff(&furthest);
        centres.row(g) = points.row(furthest);
        distance(furthest) = 0;
      }
    }
    if (squares < least) {
      least = squares;
      best = std::move(of);
    }
  }
  std::vector<Index> sizes(std::size_t(groups), 0), firsts(std::size_t(groups), samples),
      order(static_cast<std::size_t>(groups)), number(static_cast<std::size_t>(groups));
  for (Index n = samples - 1; n >= 0; --n) {
    ++sizes[std::size_t(best[std::size_t(n)])];
    firsts[std::size_t(best[std::size_t(n)])] = n;
  }
  std::iota(order.begin(), order.end(), Index(0));
  std::sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::pair(-sizes[std::size_t(a)], firsts[std::size_t(a)]) <
           std::pair(-sizes[std::size_t(b)], firsts[std::size_t(b)]);
  });
  for (std::size_t g = 0; g < order.size(); ++g) number[std::size_t(order[g])] = Index(g);
  for (Index& group : best) group = number[std::size_t(group)];
  return best;
}

/// Groups samples by their explanations as `pooled` has them (cells × samples), or any other points of
/// theirs: neighbours, spectrum, eigengap, and k-means of the first `count` eigenvectors, each sample's
/// entries scaled to norm 1 (Ng, Jordan & Weiss 2001; CoRelAy's `normalize`). A plane to look at is
/// eigenvectors 1 and 2, the 0th being the degrees' roots. The same for a seed and any number of threads.
/// Throws Error as its parts.
inline Clusters clusters(const Eigen::MatrixXd& points, const ClusterOptions& options = {}) {
  if (options.most < 1) fail("clusters: expected at least 1 group, found ", options.most);
  Clusters found;
  found.spectrum = laplacian_spectrum(neighbour_graph(points, options.neighbours), options.most + 1);
  found.count = eigengap(found.spectrum.values, options.most);
  Eigen::MatrixXd places = found.spectrum.vectors.leftCols(found.count);
  for (Index n = 0; n < places.rows(); ++n)
    if (const double norm = places.row(n).norm(); norm > 0) places.row(n) /= norm;
  found.of = k_means(places, found.count, options.seed);
  return found;
}

}  // namespace ascribe::evaluate
