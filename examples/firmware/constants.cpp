// An ONNX file's weights as constants of a C++ program: what runs on the machine that builds a device's
// program.
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>

#include <ascribe/core/error.hpp>
#include <ascribe/io/onnx/parse.hpp>
#include <ascribe/io/whole_file.hpp>

namespace {

/// "1.weight" is `tensor_1_weight`.
std::string identifier(const std::string& name) {
  std::string result = "tensor_" + name;
  for (char& c : result)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return result;
}

std::string constants(const ascribe::onnx::Model& model) {
  std::ostringstream text;
  text << "#pragma once\n\nnamespace firmware::weights {\n" << std::hexfloat;
  for (const ascribe::onnx::Tensor& tensor : model.graph.initializers) {
    text << "\ninline constexpr float " << identifier(tensor.name()) << "[] = {";
    int count = 0;
    for (const float value : tensor.values<float>())
      text << (count++ % 8 == 0 ? "\n    " : " ") << value << "f,";
    text << "\n};\n";
  }
  text << "\n}  // namespace firmware::weights\n";
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: firmware_constants MODEL.onnx CONSTANTS.hpp\n", stderr);
    return 2;
  }
  try {
    const std::string text = constants(ascribe::onnx::read(argv[1]));
    ascribe::io::write_whole(argv[2], std::initializer_list<std::string_view>{text});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "firmware_constants: %s\n", error.what());
    return 1;
  }
}
