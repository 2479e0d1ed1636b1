/// Counts what a program asks of the heap. For one source file of a program: it defines malloc and its like,
/// in which operator new and Eigen's allocator both end.
#pragma once

// The sanitizers replace malloc themselves, and theirs has to stay; elsewhere than with glibc there is
// nothing to forward to.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASCRIBE_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ASCRIBE_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef ASCRIBE_COUNTS_ALLOCATIONS
#include <cstdlib>  // which says whether the library is glibc
#ifdef __GLIBC__
#define ASCRIBE_COUNTS_ALLOCATIONS 1
#else
#define ASCRIBE_COUNTS_ALLOCATIONS 0
#endif
#endif

#include <atomic>

namespace examples {

/// How often memory was asked for so far, by any thread; 0 for ever where ASCRIBE_COUNTS_ALLOCATIONS is 0.
inline std::atomic<long> allocations{0};

/// How often `run` asks for memory.
template <class Run>
long allocations_in(Run&& run) {
  const long before = allocations;
  run();
  return allocations - before;
}

}  // namespace examples

#if ASCRIBE_COUNTS_ALLOCATIONS

#include <cerrno>
#include <cstddef>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++examples::allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++examples::allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  ++examples::allocations;
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++examples::allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  ++examples::allocations;
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
}

#endif
