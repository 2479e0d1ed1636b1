/// A function of the caller's, for the time of a call.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace ascribe {

template <class Signature>
class FunctionRef;

/// Refers to something callable, which it does not keep: for a parameter that is called before its function
/// returns. What takes one is compiled once, where a template is compiled for every lambda. Example: `void
/// each(FunctionRef<void(Index)> f); each([&](Index i) { sum += i; });`
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  /// Any function, which has to live as long as this is called.
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
           std::is_invocable_r_v<Result, F&, Arguments...>)
      FunctionRef(F&& function)  // NOLINT: every function is one
      : function_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* f, Arguments... arguments) -> Result {
          return static_cast<Result>(
              (*static_cast<std::remove_reference_t<F>*>(f))(std::forward<Arguments>(arguments)...));
        }) {
    static_assert(!std::is_function_v<std::remove_reference_t<F>>,
                  "ascribe: a FunctionRef refers to an object: use a lambda");
  }

  /// Calls it.
  Result operator()(Arguments... arguments) const {
    return call_(function_, std::forward<Arguments>(arguments)...);
  }

 private:
  void* function_;
  Result (*call_)(void*, Arguments...);
};

}  // namespace ascribe
