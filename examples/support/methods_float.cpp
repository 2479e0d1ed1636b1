#include "examples/support/network.hpp"

namespace examples {

template <>
ascribe::Composite<float> method_by_name<float>(std::string_view name,
                                                const ascribe::composite::Options& options) {
  return ascribe::composite::by_name<float>(name, options);
}

}  // namespace examples
