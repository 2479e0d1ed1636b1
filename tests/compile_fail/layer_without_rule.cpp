// ByLayer asks each layer for its rule, and the first one has none.
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>

using Dense = ascribe::map::Dense<double>;
using WithRule = ascribe::MatMul<Dense, ascribe::rule::Normalized>;
#ifdef CONTROL
using Network = ascribe::Sequential<WithRule, WithRule>;
#else
using Network = ascribe::Sequential<ascribe::MatMul<Dense>, WithRule>;
#endif

Eigen::VectorXd run(const Network& network, const Eigen::VectorXd& x) {
  return network.explain(network.forward(x), 0, ascribe::method::ByLayer()).relevance;
}
