#include <ascribe/io/onnx.hpp>

// An empty file is no model, says a program that knows the package's component alone.
int main() {
  try {
    ascribe::onnx::parse({});
  } catch (const ascribe::Error&) {
    return 0;
  }
  return 1;
}
