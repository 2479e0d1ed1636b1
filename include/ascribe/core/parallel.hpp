/// The one door to threads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <type_traits>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <ascribe/core/types.hpp>

namespace ascribe {

/// How many threads `parallel_for` uses: what the host set by omp_set_num_threads or OMP_NUM_THREADS, where
/// it compiles with OpenMP; else 1. All files of a program have to be compiled alike.
inline int thread_count() {
#ifdef _OPENMP
  return omp_in_parallel() ? 1 : omp_get_max_threads();
#else
  return 1;
#endif
}

/// Sets what `thread_count` says in the calling thread, where the program is compiled with OpenMP: a host
/// that has threads of its own gives each of them its share of the processor.
inline void set_thread_count(int count) {
#ifdef _OPENMP
  omp_set_num_threads(count);
#else
  (void)count;
#endif
}

namespace detail {

#ifdef _OPENMP
/// What is left of a thread's share of a loop: ranges from `next` on. In a line of the cache of its own.
struct alignas(64) LoopShare {
  std::atomic<Index> next;
  Index end;
};
#endif

/// body(state, begin, end) for ranges of at most `grain` numbers that cover [0, count). Every parallel loop
/// of a program is this one: a region in each place would be outlined and compiled as often.
///
/// Threads begin with neighbouring ranges, the same ones in every loop of a size: what a thread reads is
/// mostly what it wrote in the loop before, and still in its cache. Who is done takes of the others' shares.
[[gnu::noinline]] inline void each_range(Index count, Index grain, void (*body)(void*, Index, Index),
                                         void* state) {
#ifdef _OPENMP
  constexpr Index most = 64;  // shares, on the stack
  if (const Index all = std::min<Index>(thread_count(), most); count > grain && all > 1) {
    const Index ranges = (count + grain - 1) / grain;
    std::array<LoopShare, std::size_t(most)> shares;
    for (Index k = 0; k < all; ++k) {
      shares[std::size_t(k)].next.store(ranges * k / all, std::memory_order_relaxed);
      shares[std::size_t(k)].end = ranges * (k + 1) / all;
    }
#pragma omp parallel
    for (Index k = 0; k < all; ++k) {
      LoopShare& share = shares[std::size_t((omp_get_thread_num() + k) % all)];
      for (Index r; (r = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;)
        body(state, r * grain, std::min(count, (r + 1) * grain));
    }
    return;
  }
#endif
  (void)grain;
  body(state, 0, count);
}

/// The state of `each_range` for a function object.
template <class F>
void* state_of(F& f) {
  return const_cast<void*>(static_cast<const void*>(&f));
}

}  // namespace detail

/// Calls body(i) for every i in [0, count), in any order and by several threads at once. Nothing that `body`
/// computes may depend on how the calls are shared out, so that results do not depend on the number of
/// threads; nor may it throw. Within another parallel_for it is a plain loop.
template <class Body>
void parallel_for(Index count, Body&& body) {
  using F = std::remove_reference_t<Body>;
  const auto range = [](void* state, Index begin, Index end) {
    F& f = *static_cast<F*>(state);
    for (Index i = begin; i < end; ++i) f(i);
  };
  detail::each_range(count, 1, range, detail::state_of(body));
}

/// A batch in pieces of at most so many neighbours of one sample: small enough for the first-level cache
/// together with what goes with them, large enough that handing them to a thread costs nothing against them.
/// Their borders depend on the shape alone.
inline constexpr Index piece_size = 4096;

namespace detail {

/// How many of `count` parts, each of `size` scalars, a thread is handed at a time. Below four pieces all
/// are the caller's: to wake other threads (2 µs) would cost more than they save.
inline Index grain_of(Index count, Index size) {
  if (count * size < 4 * piece_size) return std::max<Index>(1, count);
  return std::max({Index(1), piece_size / std::max<Index>(1, size), count / 64});
}

}  // namespace detail

/// Calls body(n, part) for the `parts` of each of `samples` samples, by several threads; `size` is how many
/// scalars a part is about, by which the work is shared out.
template <class Body>
void each_part(Index samples, Index parts, Index size, Body&& body) {
  struct State {
    std::remove_reference_t<Body>& body;
    Index parts;
  } state{body, parts};
  const auto range = [](void* s, Index begin, Index end) {
    State& to = *static_cast<State*>(s);
    Index n = begin / to.parts, part = begin % to.parts;
    for (Index i = begin; i < end; ++i) {
      to.body(n, part);
      if (++part == to.parts) part = 0, ++n;
    }
  };
  detail::each_range(samples * parts, detail::grain_of(samples * parts, size), range, &state);
}

/// The same for K sums: totals[k](n) += Σ over the parts of sample n of what part(n, part)[k] returns. They
/// are added up in the order of the parts, so that the sums are the same for any number of threads.
template <class Scalar, std::size_t K, class Row, class Part>
void sum_parts(Index samples, Index parts, Index size, const std::array<Row*, K>& totals, Part&& part) {
  constexpr Index most = 1024 / Index(K);  // at a time, on the stack: no memory is asked for
  std::array<std::array<Scalar, K>, std::size_t(most)> sums;
  std::array<Scalar, K> total;  // before they meet the books: small shares would be lost in them
  total.fill(Scalar(0));
  const Index count = samples * parts;
  Index n = 0, seen = 0;
  for (Index first = 0; first < count; first += most) {
    const Index here = std::min(most, count - first);
    const auto body = [&](Index, Index i) {
      sums[std::size_t(i)] = part((first + i) / parts, (first + i) % parts);
    };
    each_part(1, here, size, body);
    for (Index i = 0; i < here; ++i) {
      for (std::size_t k = 0; k < K; ++k) total[k] += sums[std::size_t(i)][k];
      if (++seen < parts) continue;
      for (std::size_t k = 0; k < K; ++k) (*totals[k])(n) += total[k];
      total.fill(Scalar(0));
      seen = 0;
      ++n;
    }
  }
}

/// Calls body(n, first, width) for the pieces of `samples` columns of `rows` each, by several threads.
template <class Body>
void each_piece(Index rows, Index samples, Body&& body) {
  const Index parts = (rows + piece_size - 1) / piece_size;
  each_part(samples, parts, std::min(rows, piece_size), [&](Index n, Index part) {
    const Index first = part * piece_size;
    body(n, first, std::min(piece_size, rows - first));
  });
}

/// totals[k](n) += Σ of what piece(n, first, width)[k] returns for the pieces of sample n, added up in their
/// order: the same sums for any number of threads.
template <class Scalar, std::size_t K, class Row, class Piece>
void sum_pieces(Index rows, Index samples, const std::array<Row*, K>& totals, Piece&& piece) {
  const Index parts = (rows + piece_size - 1) / piece_size;
  sum_parts<Scalar>(samples, parts, std::min(rows, piece_size), totals, [&](Index n, Index part) {
    const Index first = part * piece_size;
    return piece(n, first, std::min(piece_size, rows - first));
  });
}

/// The same for one sum: totals(n) += Σ piece(n, first, width).
template <class Scalar, class Row, class Piece>
void sum_pieces(Index rows, Index samples, Row& totals, Piece&& piece) {
  sum_pieces<Scalar, 1, Row>(rows, samples, {&totals}, [&](Index n, Index first, Index width) {
    return std::array<Scalar, 1>{piece(n, first, width)};
  });
}

}  // namespace ascribe
