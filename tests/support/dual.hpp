/// A number and its derivative by one variable.
#pragma once

#include <Eigen/Core>

namespace ascribe::test {

/// The smallest of all automatic-differentiation scalars: what the library asks of a scalar that is no float and no
/// double, and nothing more. It is there for large sizes, at which Eigen's AutoDiffScalar takes ten times as long where it
/// is not optimised. Its operators are inlined whatever the options.
struct Dual {
  double number = 0, derivative = 0;

  Dual() = default;
  [[gnu::always_inline]] Dual(double n, double d = 0) : number(n), derivative(d) {}
  // Number by number: what is trivial is copied by a call, which the address sanitizer looks into.
  [[gnu::always_inline]] Dual(const Dual& o) : number(o.number), derivative(o.derivative) {}
  [[gnu::always_inline]] Dual& operator=(const Dual& o) {
    number = o.number;
    derivative = o.derivative;
    return *this;
  }

  double value() const { return number; }

  [[gnu::always_inline]] friend Dual operator+(const Dual& x, const Dual& y) {
    return {x.number + y.number, x.derivative + y.derivative};
  }
  [[gnu::always_inline]] friend Dual operator-(const Dual& x, const Dual& y) {
    return {x.number - y.number, x.derivative - y.derivative};
  }
  [[gnu::always_inline]] friend Dual operator*(const Dual& x, const Dual& y) {
    return {x.number * y.number, x.derivative * y.number + x.number * y.derivative};
  }
  [[gnu::always_inline]] Dual& operator+=(const Dual& o) { return *this = *this + o; }
  [[gnu::always_inline]] Dual& operator-=(const Dual& o) { return *this = *this - o; }
  [[gnu::always_inline]] Dual& operator*=(const Dual& o) { return *this = *this * o; }
  friend bool operator==(const Dual& x, const Dual& y) { return x.number == y.number; }
  friend bool operator<(const Dual& x, const Dual& y) { return x.number < y.number; }
  friend bool operator>(const Dual& x, const Dual& y) { return x.number > y.number; }
};

}  // namespace ascribe::test

template <>
struct Eigen::NumTraits<ascribe::test::Dual> : Eigen::NumTraits<double> {
  using Real = ascribe::test::Dual;
  using NonInteger = ascribe::test::Dual;
  using Nested = ascribe::test::Dual;
  using Literal = ascribe::test::Dual;
  enum { RequireInitialization = 1 };
};
