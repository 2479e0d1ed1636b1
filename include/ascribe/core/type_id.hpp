/// Which type something is whose type was erased.
#pragma once

#ifdef __cpp_rtti
#include <typeinfo>
#endif

namespace ascribe::detail {

#ifdef __cpp_rtti

using TypeId = const std::type_info&;
template <class T>
TypeId type_id() {
  return typeid(T);
}

#else

/// Without run-time type information (-fno-rtti): the address of a variable of the type's own.
using TypeId = const void*;
template <class T>
inline constexpr char type_mark = 0;
template <class T>
TypeId type_id() {
  return &type_mark<T>;
}

#endif

}  // namespace ascribe::detail
