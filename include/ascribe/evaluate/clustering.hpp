/// How explanations are grouped, and the groups: what `clusters.hpp`, which needs Spectra, takes and gives.
#pragma once

#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include <ascribe/core/types.hpp>

namespace ascribe::evaluate {

/// How explanations are grouped.
struct ClusterOptions {
  Index neighbours = 10;   ///< of each sample in the graph
  Index most = 5;          ///< groups; later gaps are rarely more than the bulk's
  std::uint64_t seed = 1;  ///< of k-means
};

/// The smallest eigenvalues of a graph's Laplacian, in ascending order, and their eigenvectors.
struct Spectrum {
  Eigen::VectorXd values;   ///< in [0, 2]; as many are 0 as the graph has parts that nothing connects
  Eigen::MatrixXd vectors;  ///< samples × as many; of norm 1, the entry of largest size positive
};

/// The groups of one class's explanations.
struct Clusters {
  Spectrum spectrum;      ///< the most + 1 smallest eigenvalues, or all
  Index count = 1;        ///< of groups, by the eigengap
  std::vector<Index> of;  ///< each sample's group, 0 being the largest
};

}  // namespace ascribe::evaluate
