// Slope says what an elementwise function does, not a linear map.
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>

#ifdef CONTROL
using Rule = ascribe::rule::Normalized;
#else
using Rule = ascribe::rule::Slope;
#endif

using Network = ascribe::Sequential<ascribe::MatMul<ascribe::map::Dense<double>>>;

Eigen::VectorXd run(const Network& network, const Eigen::VectorXd& x) {
  const ascribe::method::Rules method{ascribe::Form::R, false, Rule(), ascribe::rule::Ignore()};
  return network.explain(network.forward(x), 0, method).relevance;
}
