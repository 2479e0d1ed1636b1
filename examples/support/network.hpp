/// Networks from files and methods by name, compiled once for all programs: what the library makes of an ONNX
/// file or of a name is a great many templates.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "ascribe/io/onnx.hpp"
#include "ascribe/methods/composites.hpp"

namespace examples {

/// ascribe::onnx::load, for float and double; of one output or inner value where `output` names it.
template <class Scalar>
ascribe::onnx::Network<Scalar> load_network(const std::filesystem::path& path, const std::string& output = {});

/// ascribe::composite::by_name, for float and double.
template <class Scalar>
ascribe::Composite<Scalar> method_by_name(std::string_view name,
                                          const ascribe::composite::Options& options = {});

template <>
ascribe::onnx::Network<float> load_network<float>(const std::filesystem::path&, const std::string&);
template <>
ascribe::onnx::Network<double> load_network<double>(const std::filesystem::path&, const std::string&);
template <>
ascribe::Composite<float> method_by_name<float>(std::string_view, const ascribe::composite::Options&);
template <>
ascribe::Composite<double> method_by_name<double>(std::string_view, const ascribe::composite::Options&);

}  // namespace examples
