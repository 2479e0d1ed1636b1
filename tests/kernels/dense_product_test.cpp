#include <ascribe/kernels/dense_product.hpp>

#include "tests/kernels/support.hpp"

namespace {

using namespace ascribe;

/// One product by its definition: `stride` is larger than a line.
template <class S>
void check(Index outputs, Index inputs, Index vectors, bool along_inputs, const Weights& how) {
  INFO(outputs << " x " << inputs << ", " << vectors << " vectors, along the "
               << (along_inputs ? "inputs" : "outputs") << ", weights " << int(how.choice));
  const Index line = along_inputs ? inputs : outputs, stride = line + 3;
  const auto w = kernel_test::numbers<S>(stride * (along_inputs ? outputs : inputs), 1);
  const auto a = kernel_test::numbers<S>(vectors * inputs, 2);
  const kernel::MatrixView<S> view{w.data(), outputs, inputs, stride, along_inputs};
  std::vector<S> b(std::size_t(vectors * outputs), S(99));
  std::vector<double> expected(b.size(), 0);
  for (Index n = 0; n < vectors; ++n)
    for (Index o = 0; o < outputs; ++o) {
      double& sum = expected[std::size_t(n * outputs + o)];
      for (Index i = 0; i < inputs; ++i) {
        const double weight = double(w[std::size_t(along_inputs ? o * stride + i : i * stride + o)]);
        sum += (how == Weights::positive ? std::max(0., weight) : weight) *
               double(a[std::size_t(n * inputs + i)]);
      }
      sum += double(n * outputs + o);
    }
  const auto add_place = [](Index first, Index count, S* values) {
    for (Index i = 0; i < count; ++i) values[i] += S(first + i);
  };
  kernel::multiply(view, a.data(), b.data(), vectors, how, finish_with<S>(add_place));
  kernel_test::check_equal(b, expected);
}

TEMPLATE_TEST_CASE("A matrix times vectors, by its definition", "[kernels][dense_product]", float, double) {
  for (const bool along_inputs : {false, true})
    for (const Weights& how : {Weights(Weights::as_is), Weights(Weights::positive)}) {
      for (const Index vectors : {1, 2, 3, 4, 7, 12, 13, 20}) {
        check<TestType>(1, 1, vectors, along_inputs, how);
        check<TestType>(5, 700, vectors, along_inputs, how);
        check<TestType>(33, 19, vectors, along_inputs, how);
      }
      check<TestType>(3000, 9, 1, along_inputs, how);   // several runs of a line
      check<TestType>(3000, 30, 3, along_inputs, how);  // worth threads
      check<TestType>(300, 1300, 16, along_inputs, how);
      check<TestType>(20, 30, 800, along_inputs, how);  // several tiles
    }
}

TEST_CASE("Lines of inputs that are 0 in all vectors are left out, others are not",
          "[kernels][dense_product]") {
  // Along the outputs, with an input that is 0, one that is 0 in one vector alone, and −0.
  const std::vector<float> w{1, 2, 3, 4, 5, 6};  // three inputs' lines of two outputs
  const std::vector<float> a{0, 0, 1, -0.f, 2, 0};
  std::vector<float> b(4, 99);
  kernel::multiply<float>({w.data(), 2, 3, 2, false}, a.data(), b.data(), 2, Weights::as_is, {});
  CHECK(b == std::vector<float>{5, 6, 6, 8});
}

}  // namespace
