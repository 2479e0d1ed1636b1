/// Whether the address sanitizer watches, under which arithmetic takes tens of times as long.
#pragma once

namespace ascribe::test {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool under_sanitizer = true;
#elif defined(__has_feature)
constexpr bool under_sanitizer = __has_feature(address_sanitizer);
#else
constexpr bool under_sanitizer = false;
#endif

}  // namespace ascribe::test
