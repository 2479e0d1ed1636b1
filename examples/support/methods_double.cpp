#include "examples/support/network.hpp"

namespace examples {

template <>
ascribe::Composite<double> method_by_name<double>(std::string_view name,
                                                  const ascribe::composite::Options& options) {
  return ascribe::composite::by_name<double>(name, options);
}

}  // namespace examples
