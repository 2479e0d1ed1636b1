/// What a device calls: why a network sees a digit. Nothing is taken from the heap, nothing is thrown.
#pragma once

namespace firmware {

inline constexpr int pixels = 784, digits = 10;

struct Reason {
  int seen = 0;          ///< the digit with the largest score
  float score = 0;       ///< of the digit that is explained
  float shares[pixels];  ///< each pixel's share of the score
  float biases = 0;      ///< the biases' share
  float left_open = 0;   ///< score − Σ shares − biases: rounding
};

/// Explains why `picture`, 28 × 28 numbers in 0 … 1 row by row, scores so for `digit`; −1: for the digit that
/// is seen. A picture with a number that is none goes to the error handler (ascribe::set_error_handler).
void explain(const float* picture, int digit, Reason& reason);

}  // namespace firmware
