/// What only the books tell of an explanation: how much of it no input got.
#pragma once

#include <cmath>

#include <ascribe/core/ledger.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/evaluate/similarity.hpp>

namespace ascribe::evaluate {

/// Where the start of an explanation went, one number a sample in each line.
struct BookShares {
  /// The lines of the books.
  PerSample input, biases, stabiliser, dropped;
};

namespace detail {

template <class Scalar, int Samples, class Divisor>
BookShares lines_over(const Ledger<Scalar, Samples>& books, const Divisor& divisor) {
  const Index samples = books.enter.size();
  BookShares shares{PerSample(samples), PerSample(samples), PerSample(samples), PerSample(samples)};
  for (Index n = 0; n < samples; ++n) {
    const double leave = math::value_of(books.leave(n)), bias = math::value_of(books.bias(n)),
                 stabiliser = math::value_of(books.stabiliser(n)), dropped = math::value_of(books.dropped(n));
    const double by = divisor(n, leave, bias, stabiliser, dropped);
    const auto share = [&](double line) { return by == 0 ? undefined : line / by; };
    shares.input(n) = share(leave);
    shares.biases(n) = share(bias);
    shares.stabiliser(n) = share(stabiliser);
    shares.dropped(n) = share(dropped);
  }
  return shares;
}

}  // namespace detail

/// Each line of a network's books divided by what entered: signed, and 1 together, up to what the books leave
/// open. A line beyond 0 … 1 is offset by another. NaN where nothing entered. Such a share has no meaning
/// where the start is small beside what moved; `size_shares` has.
template <class Scalar, int Samples>
BookShares book_shares(const Ledger<Scalar, Samples>& books) {
  return detail::lines_over(
      books, [&](Index n, double, double, double, double) { return math::value_of(books.enter(n)); });
}

/// The size of each line divided by the sizes of all four: in 0 … 1, and 1 together. NaN where all are 0.
template <class Scalar, int Samples>
BookShares size_shares(const Ledger<Scalar, Samples>& books) {
  BookShares shares =
      detail::lines_over(books, [](Index, double leave, double bias, double stabiliser, double dropped) {
        return std::abs(leave) + std::abs(bias) + std::abs(stabiliser) + std::abs(dropped);
      });
  for (PerSample* line : {&shares.input, &shares.biases, &shares.stabiliser, &shares.dropped})
    *line = line->abs();
  return shares;
}

}  // namespace ascribe::evaluate
