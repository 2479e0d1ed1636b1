/// Evaluates operators whose inputs are all constants: what exporters leave around a Pad or a Reshape, and
/// weights that are computed from others. Those that only move elements are translations
/// (operators/slice.hpp and its like), for constants too. What each operator means is in
/// https://github.com/onnx/onnx/blob/main/docs/Operators.md, and its older versions in Changelog.md beside
/// it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/fold/arithmetic.hpp"
#include "ascribe/io/onnx/fold/call.hpp"
#include "ascribe/io/onnx/fold/functions.hpp"
#include "ascribe/io/onnx/fold/reduce.hpp"
#include "ascribe/io/onnx/fold/sources.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/tensor.hpp"

namespace ascribe::onnx {

namespace fold {

struct Operator {
  std::string_view name;
  std::size_t least_inputs;
  std::size_t most_inputs;
  Results (*evaluate)(Call&);
};

inline constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

inline constexpr std::array operators{
    Operator{"Abs", 1, 1, absolute},
    Operator{"Acos", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::acos(x); }); }},
    Operator{"Acosh", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::acosh(x); }); }},
    Operator{"Add", 2, 2, [](Call& call) { return arithmetic(call, Add()); }},
    Operator{"And", 2, 2,
             [](Call& call) { return logic(call, [](auto a, auto b) { return a != 0 && b != 0; }); }},
    Operator{"Asin", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::asin(x); }); }},
    Operator{"Asinh", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::asinh(x); }); }},
    Operator{"Atan", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::atan(x); }); }},
    Operator{"Atanh", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::atanh(x); }); }},
    Operator{"Cast", 1, 1, cast},
    Operator{"CastLike", 2, 2, cast_like},
    Operator{"Ceil", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::ceil(x); }); }},
    Operator{"Celu", 1, 1, celu},
    Operator{"Constant", 0, 0, constant},
    Operator{"ConstantOfShape", 1, 1, constant_of_shape},
    Operator{"Cos", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::cos(x); }); }},
    Operator{"Cosh", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::cosh(x); }); }},
    Operator{"CumSum", 2, 2, cum_sum},
    Operator{"Div", 2, 2, [](Call& call) { return arithmetic(call, Divide()); }},
    Operator{"Equal", 2, 2,
             [](Call& call) { return comparison(call, [](auto a, auto b) { return a == b; }); }},
    Operator{"Erf", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::erf(x); }); }},
    Operator{"Exp", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::exp(x); }); }},
    Operator{"Floor", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::floor(x); }); }},
    Operator{"Greater", 2, 2,
             [](Call& call) { return comparison(call, [](auto a, auto b) { return a > b; }); }},
    Operator{"GreaterOrEqual", 2, 2,
             [](Call& call) { return comparison(call, [](auto a, auto b) { return a >= b; }); }},
    Operator{"Less", 2, 2, [](Call& call) { return comparison(call, [](auto a, auto b) { return a < b; }); }},
    Operator{"LessOrEqual", 2, 2,
             [](Call& call) { return comparison(call, [](auto a, auto b) { return a <= b; }); }},
    Operator{"Log", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::log(x); }); }},
    Operator{"Max", 1, any_number, [](Call& call) { return variadic(call, Largest()); }},
    Operator{"Min", 1, any_number, [](Call& call) { return variadic(call, Smallest()); }},
    Operator{"Mod", 2, 2, mod},
    Operator{"Mul", 2, 2, [](Call& call) { return arithmetic(call, Multiply()); }},
    Operator{"Neg", 1, 1, negate},
    Operator{"NonZero", 1, 1, non_zero},
    Operator{"Not", 1, 1, logical_not},
    Operator{"Or", 2, 2,
             [](Call& call) { return logic(call, [](auto a, auto b) { return a != 0 || b != 0; }); }},
    Operator{"Pow", 2, 2, pow},
    Operator{"Range", 3, 3, range},
    Operator{"Reciprocal", 1, 1, [](Call& call) { return function(call, [](auto x) { return 1 / x; }); }},
    Operator{"ReduceL2", 1, 2, [](Call& call) { return reduce<Length>(call, 18); }},
    Operator{"ReduceMax", 1, 2, [](Call& call) { return reduce<Extreme<Largest>>(call, 18); }},
    Operator{"ReduceMean", 1, 2, [](Call& call) { return reduce<Average>(call, 18); }},
    Operator{"ReduceMin", 1, 2, [](Call& call) { return reduce<Extreme<Smallest>>(call, 18); }},
    Operator{"ReduceProd", 1, 2, [](Call& call) { return reduce<Product>(call, 18); }},
    Operator{"ReduceSum", 1, 2, [](Call& call) { return reduce<Total>(call, 13); }},
    Operator{"ReduceSumSquare", 1, 2, [](Call& call) { return reduce<SumOfSquares>(call, 18); }},
    // Halves go to the even neighbour: the default rounding mode of every program that did not change it.
    Operator{"Round", 1, 1,
             [](Call& call) { return function(call, [](auto x) { return std::nearbyint(x); }); }},
    Operator{"Shape", 1, 1, shape},
    Operator{"Shrink", 1, 1, shrink},
    Operator{"Sign", 1, 1, sign},
    Operator{"Sin", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::sin(x); }); }},
    Operator{"Sinh", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::sinh(x); }); }},
    Operator{"Size", 1, 1, size},
    Operator{"Sqrt", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::sqrt(x); }); }},
    Operator{"Sub", 2, 2, [](Call& call) { return arithmetic(call, Subtract()); }},
    Operator{"Sum", 1, any_number, [](Call& call) { return variadic(call, Add()); }},
    Operator{"Swish", 1, 1, swish},
    Operator{"Tan", 1, 1, [](Call& call) { return function(call, [](auto x) { return std::tan(x); }); }},
    Operator{"ThresholdedRelu", 1, 1, thresholded_relu},
    Operator{"Where", 3, 3, where},
    Operator{"Xor", 2, 2, [](Call& call) { return logic(call, [](auto a, auto b) { return a != b; }); }},
};

}  // namespace fold

/// Whether fold::evaluate knows the operator.
inline bool can_evaluate(std::string_view op_type) {
  return std::any_of(fold::operators.begin(), fold::operators.end(),
                     [&](const fold::Operator& known) { return known.name == op_type; });
}

namespace fold {

/// A node's outputs, named as the node says, from its inputs' values; an optional input that is left out is
/// null. Broadcasting is NumPy's. Integers are computed in 64 bits and keep the lowest of their type,
/// division truncates, and by zero it is an Error; floating-point results have the inputs' type, those of two
/// bytes by way of float. Shape and Size need no values. Throws Error, naming the node, for an
/// operator that is not known, for types, shapes and attributes that it does not take, and where the budget
/// does not suffice: what is allocated on the way to a result counts too.
inline std::vector<Tensor> evaluate(const Node& node, std::span<const Tensor* const> inputs, Index opset,
                                    Budget& budget) {
  const auto known = std::find_if(fold::operators.begin(), fold::operators.end(),
                                  [&](const fold::Operator& one) { return one.name == node.op_type; });
  const std::string where = describe(node);
  if (known == fold::operators.end()) {
    fail(where, ": expected an operator that can be evaluated for constant inputs, found another");
  }
  if (inputs.size() < known->least_inputs || inputs.size() > known->most_inputs) {
    fail(where, ": expected ", known->least_inputs, " inputs",
         known->least_inputs == known->most_inputs ? "" : " or more", ", found ", inputs.size());
  }
  try {
    fold::Call call(node, inputs, opset, budget);
    std::vector<Tensor> results = known->evaluate(call);
    call.attributes.finish();
    if (results.size() != node.outputs.size()) {
      fail("expected ", results.size(), " outputs, found ", node.outputs.size());
    }
    return results;
  } catch (const Error& error) {
    const std::string_view message = error.what();
    if (message.starts_with(where)) {
      throw;
    }
    fail(where, ": ", message);
  }
}

}  // namespace fold

}  // namespace ascribe::onnx
