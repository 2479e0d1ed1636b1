#include <ascribe/ascribe.hpp>

// A network, explained, by a program that knows the package alone.
int main() {
  using namespace ascribe;
  const Eigen::MatrixXd weights{{1, -2}, {3, 1}};
  const Sequential net{MatMul{map::Dense<double>(weights)}, Elementwise{fn::Relu()}};
  const Eigen::VectorXd x{{2, 0.5}};
  const auto why = net.explain(net.forward(x), 1, method::LrpQ());
  return why.relevance(0) == 6.0 && why.relevance(1) == 0.5 ? 0 : 1;
}
