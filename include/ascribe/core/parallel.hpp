/// The one door to threads.
#pragma once

#include <algorithm>
#include <array>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <ascribe/core/sum.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>

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

/// Calls body(i) for every i in [0, count), in any order and by several threads at once. Nothing that `body`
/// computes may depend on how the calls are shared out, so that results do not depend on the number of
/// threads; nor may it throw. Within another parallel_for it is a plain loop.
template <class Body>
void parallel_for(Index count, Body&& body) {
#ifdef _OPENMP
  if (count > 1 && thread_count() > 1) {
#pragma omp parallel for schedule(dynamic, 1)
    for (Index i = 0; i < count; ++i) body(i);
    return;
  }
#endif
  for (Index i = 0; i < count; ++i) body(i);
}

/// A batch in pieces of at most so many neighbours of one sample: small enough for the first-level cache
/// together with what goes with them, large enough that handing them to a thread costs nothing against them.
/// Their borders depend on the shape alone.
inline constexpr Index piece_size = 4096;

/// Calls body(n, first, width) for the pieces of `samples` columns of `rows` each, by several threads.
template <class Body>
void each_piece(Index rows, Index samples, Body&& body) {
  const Index parts = (rows + piece_size - 1) / piece_size;
  if (parts == 1 && rows * samples <= piece_size) {  // not worth a thread
    for (Index n = 0; n < samples; ++n) body(n, Index(0), rows);
    return;
  }
  if (parts == 1) {  // short columns: several a time
    const Index together = std::max<Index>(1, piece_size / rows),
                groups = (samples + together - 1) / together;
    parallel_for(groups, [&](Index group) {
      const Index end = std::min(samples, (group + 1) * together);
      for (Index n = group * together; n < end; ++n) body(n, Index(0), rows);
    });
    return;
  }
  parallel_for(samples * parts, [&](Index i) {
    const Index n = i / parts, first = i % parts * piece_size;
    body(n, first, std::min(piece_size, rows - first));
  });
}

/// totals(n) += Σ of what piece(n, first, width) returns for the pieces of sample n, added up in their order:
/// the same sum for any number of threads.
template <class Scalar, class Row, class Piece>
void sum_pieces(Index rows, Index samples, Workspace<Scalar>& workspace, Row& totals, Piece&& piece) {
  const Index parts = (rows + piece_size - 1) / piece_size;
  if (parts == 1) {
    each_piece(rows, samples,
               [&](Index n, Index first, Index width) { totals(n) += piece(n, first, width); });
    return;
  }
  const WorkspaceScope<Scalar> scope(workspace);
  std::array<Scalar, 64> few;  // a network of fixed size never asks for memory
  Scalar* sums = samples * parts <= Index(few.size()) ? few.data() : workspace.take(samples * parts);
  each_piece(rows, samples, [&](Index n, Index first, Index width) {
    sums[n * parts + first / piece_size] = piece(n, first, width);
  });
  for (Index n = 0; n < samples; ++n) {
    Scalar total(0);  // before it meets the books: small shares would be lost in them
    for (Index k = 0; k < parts; ++k) total += sums[n * parts + k];
    totals(n) += total;
  }
}

}  // namespace ascribe
