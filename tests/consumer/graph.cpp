#include <ascribe/ascribe.hpp>

// A graph, explained by a program that takes it from the compiled library, with a rule that the library has not.
namespace {

struct Whole {
  ascribe::rule::Shares matrix() const { return ascribe::rule::Normalized{0.0}.matrix(); }
};

}  // namespace

int main() {
  using namespace ascribe;
  const Eigen::MatrixXf weights{{1, -2}, {3, 1}};
  Graph<float> net;
  const Index x = net.input("x", 2);
  const Index dense = net.add("dense", MatMul{map::Dense<float>(weights)}, {x});
  net.output(net.add("relu", Elementwise{fn::Relu()}, {dense}));
  const Eigen::VectorXf input{{2, 0.5}};
  const auto why = net.explain(input, 1, method::LrpQ());
  Composite<float> mine(Form::R);
  mine.add(match::kind(LayerKind::matmul), Whole()).add(match::any(), method::Lrp());
  const auto same = net.explain(input, 1, mine);
  return why.relevance(0) == 6 && why.relevance(1) == 0.5f && same.relevance(0) == 6 ? 0 : 1;
}
