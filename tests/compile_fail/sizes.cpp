// A layer with 8 outputs in front of one with 9 inputs.
#include <ascribe/functions/relu.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/networks/sequential.hpp>

#ifdef CONTROL
constexpr int inputs = 8;
#else
constexpr int inputs = 9;
#endif

using Input = Eigen::Matrix<float, 16, 1>;
using First = ascribe::MatMul<ascribe::map::Dense<float, 16, 8>>;
using Second = ascribe::MatMul<ascribe::map::Dense<float, inputs, 3>>;
using Network = ascribe::Sequential<First, ascribe::Elementwise<ascribe::fn::Relu>, Second>;

Eigen::Vector3f run(const Network& network, const Input& x) { return network.forward(x).output(); }
