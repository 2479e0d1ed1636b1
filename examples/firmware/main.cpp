// Stands for the device around digit.cpp: it feeds pictures, prints why each is seen as it is, and says how
// much of the stack that took. With another library's relevances beside them it checks the device's.
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>

#include <ascribe/core/error.hpp>

#include "examples/firmware/digit.hpp"

namespace {

using firmware::pixels;

/// A device has nobody to catch an error: it says it, and stops.
void stop(const char* message) {
  std::fprintf(stderr, "error handler: %s\n", message);
  std::exit(3);
}

/// An array of numbers. No std::vector: GCC prints notes about its iterators over eight bytes on 32-bit ARM.
template <class T>
struct Values {
  std::unique_ptr<T[]> data;
  std::size_t count = 0;
};

/// The values of an .npy file of version 1.0 as they lie, which the caller knows the type of.
template <class T>
Values<T> values_of(const char* path) {
  std::FILE* const file = std::fopen(path, "rb");
  if (!file) ascribe::fail(path, ": cannot be opened");
  std::array<unsigned char, 10> start{};
  if (std::fread(start.data(), 1, start.size(), file) != start.size() ||
      std::memcmp(start.data(), "\x93NUMPY\x01", 7) != 0)
    ascribe::fail(path, ": expected .npy, version 1.0");
  const long begin = 10 + start[8] + 256 * start[9];
  std::fseek(file, 0, SEEK_END);
  Values<T> values;
  values.count = std::size_t(std::max(0L, std::ftell(file) - begin)) / sizeof(T);
  values.data.reset(new T[values.count]);
  std::fseek(file, begin, SEEK_SET);
  if (std::fread(values.data.get(), sizeof(T), values.count, file) != values.count)
    ascribe::fail(path, ": cannot be read");
  std::fclose(file);
  return values;
}

/// One explanation on a stack of its own.
class Run {
 public:
  Run(const float* picture, int digit) : picture_(picture), digit_(digit) {
    std::fill(stack_.begin(), stack_.end(), untouched);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack_.data(), stack_.size());
    pthread_t thread;
    if (pthread_create(&thread, &attributes, call, this) != 0)
      ascribe::fail("the stack cannot be measured here");
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
  }

  const firmware::Reason& reason() const { return reason_; }
  /// Bytes from where the call began to the lowest one that was written.
  std::size_t stack() const {
    const auto lowest =
        std::find_if(stack_.begin(), stack_.end(), [](unsigned char byte) { return byte != untouched; });
    return std::size_t(began_ - &*lowest);
  }

 private:
  static constexpr unsigned char untouched = 0xa5;

  static void* call(void* self) {
    Run& run = *static_cast<Run*>(self);
    unsigned char here = untouched;
    run.began_ = &here;
    firmware::explain(run.picture_, run.digit_, run.reason_);
    return nullptr;
  }

  const float* picture_;
  int digit_;
  firmware::Reason reason_;
  const unsigned char* began_ = nullptr;
  alignas(4096) inline static std::array<unsigned char, 512 * 1024> stack_;
};

/// The largest difference, measured against the largest share that is expected.
double difference(const firmware::Reason& reason, const double* expected) {
  double largest = 0, most = 0;
  for (int i = 0; i < pixels; ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    most = std::max(most, std::abs(double(reason.shares[i]) - expected[i]));
  }
  return most / largest;
}

}  // namespace

int main(int argc, char** argv) {
  ascribe::set_error_handler(stop);
  if (argc == 2 && std::strcmp(argv[1], "--bad-picture") == 0) {
    std::array<float, pixels> picture{};
    picture[5] = std::numeric_limits<float>::quiet_NaN();
    firmware::Reason reason;
    firmware::explain(picture.data(), -1, reason);
    return 0;
  }
  if (argc != 2 && argc != 4) {
    std::fputs("usage: firmware PICTURES.npy [DIGITS.npy RELEVANCES.npy] | firmware --bad-picture\n", stderr);
    return 2;
  }
  const Values<float> pictures = values_of<float>(argv[1]);
  const bool compared = argc == 4;
  const auto digits = compared ? values_of<std::int64_t>(argv[2]) : Values<std::int64_t>();
  const auto expected = compared ? values_of<double>(argv[3]) : Values<double>();
  const std::size_t count = pictures.count / pixels;
  if (count == 0 || (compared && (digits.count != count || expected.count != pictures.count)))
    ascribe::fail("expected pictures, and as many digits and relevances");

  double worst = 0, open = 0;
  std::size_t stack = 0;
  std::puts("seen     score    pixels    biases");
  for (std::size_t i = 0; i < count; ++i) {
    const Run run(pictures.data.get() + i * pixels, compared ? int(digits.data[i]) : -1);
    const firmware::Reason& why = run.reason();
    std::printf("%4d %9.4f %9.4f %9.4f\n", why.seen, double(why.score),
                std::accumulate(std::begin(why.shares), std::end(why.shares), 0.0), double(why.biases));
    if (compared) worst = std::max(worst, difference(why, expected.data.get() + i * pixels));
    open = std::max(open, std::abs(double(why.left_open)) /
                              std::max(std::abs(double(why.score)), std::abs(double(why.biases))));
    stack = std::max(stack, run.stack());
  }
  std::printf("%zu bytes of stack\n", stack);
  const bool close = open <= 1e-5, same = worst <= 1e-5;
  std::printf("the books %s", close ? "close" : "do not close");
  if (compared)
    std::printf(", the relevances %s", same ? "are the expected ones" : "are others than expected");
  std::puts("");
  return close && same ? 0 : 1;
}
