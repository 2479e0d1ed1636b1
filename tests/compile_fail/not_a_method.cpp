// A rule is no method.
#include <ascribe/maps/dense.hpp>
#include <ascribe/methods/lrp.hpp>
#include <ascribe/networks/sequential.hpp>

#include <string>

using Network = ascribe::Sequential<ascribe::MatMul<ascribe::map::Dense<double>>>;

Eigen::VectorXd run(const Network& network, const Eigen::VectorXd& x) {
#ifdef CONTROL
  return network.explain(x, 0, ascribe::method::LrpQ()).relevance;
#else
  network.explain(x, 0, ascribe::rule::Gradient());
  return x;
#endif
}
