// An input of 15 features for a network of 16.
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>

#ifdef CONTROL
constexpr int features = 16;
#else
constexpr int features = 15;
#endif

using Input = Eigen::Matrix<float, features, 1>;
using Network = ascribe::Sequential<ascribe::MatMul<ascribe::map::Dense<float, 16, 3>>>;

Eigen::Vector3f run(const Network& network, const Input& x) { return network.forward(x).output(); }
