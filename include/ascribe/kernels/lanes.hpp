/// Vector registers, through Eigen's packets.
#pragma once

#include <ascribe/core/types.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wignored-attributes"  // of vector types as template arguments: Eigen's own way
#endif

/// Before a loop of a few steps, known when it is compiled, whose values are to stay in registers. GCC
/// unrolls it by itself at -O3 alone: with -O2 a product took three times as long.
#if defined(__clang__)
#define ASCRIBE_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define ASCRIBE_UNROLL _Pragma("GCC unroll 16")
#else
#define ASCRIBE_UNROLL
#endif

namespace ascribe::kernel {

/// What the kernels need of a vector register of S. Eigen has it for every processor that it knows, keeps it
/// up, and treats a scalar that no processor knows as a register of one: these functions are the only place
/// that names them, since they are in Eigen's `internal` namespace.
template <class S>
struct Lanes {
  using Packet = typename Eigen::internal::packet_traits<S>::type;
  static constexpr int size = Eigen::internal::unpacket_traits<Packet>::size;

  static EIGEN_STRONG_INLINE Packet all(const S& s) { return Eigen::internal::pset1<Packet>(s); }
  static EIGEN_STRONG_INLINE Packet load(const S* from) { return Eigen::internal::ploadu<Packet>(from); }
  static EIGEN_STRONG_INLINE void store(S* to, const Packet& p) { Eigen::internal::pstoreu(to, p); }
  /// a·b + c, rounded once where the processor can.
  static EIGEN_STRONG_INLINE Packet multiply_add(const Packet& a, const Packet& b, const Packet& c) {
    return Eigen::internal::pmadd(a, b, c);
  }
  static EIGEN_STRONG_INLINE Packet add(const Packet& a, const Packet& b) {
    return Eigen::internal::padd(a, b);
  }
  static EIGEN_STRONG_INLINE Packet multiply(const Packet& a, const Packet& b) {
    return Eigen::internal::pmul(a, b);
  }
  /// Numbers above 0, and 0 in place of the others.
  static EIGEN_STRONG_INLINE Packet above_zero(const Packet& p) {
    if constexpr (size == 1)
      return p > S(0) ? p : Packet(S(0));
    else
      return Eigen::internal::pmax(p, all(S(0)));
  }
  /// For `signed_by`: which numbers are below 0. Neither 0 nor −0 is.
  static EIGEN_STRONG_INLINE Packet signs_of(const Packet& p) {
    if constexpr (size == 1)
      return p < S(0) ? Packet(S(-1)) : Packet(S(1));
    else
      return Eigen::internal::pand(Eigen::internal::pcmp_lt(p, all(S(0))), all(S(-0.)));
  }
  /// −p where the signs were made of a number below 0, else p. By bits: a multiplication would wait for the
  /// units that the sums are busy with.
  static EIGEN_STRONG_INLINE Packet signed_by(const Packet& signs, const Packet& p) {
    if constexpr (size == 1)
      return signs * p;
    else
      return Eigen::internal::pxor(p, signs);
  }
  static EIGEN_STRONG_INLINE S sum(const Packet& p) { return Eigen::internal::predux(p); }
  /// to(k, m) = from(m, k) for a square of `size` lines.
  static EIGEN_STRONG_INLINE void transpose(const S* from, Index from_stride, S* to, Index to_stride) {
    if constexpr (size == 1) {
      *to = *from;
    } else {
      Eigen::internal::PacketBlock<Packet, size> block;
      for (int m = 0; m < size; ++m) block.packet[m] = load(from + m * from_stride);
      Eigen::internal::ptranspose(block);
      for (int k = 0; k < size; ++k) store(to + k * to_stride, block.packet[k]);
    }
  }
};

}  // namespace ascribe::kernel

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
