#include <string>
#include <vector>

#include "ascribe/io/npy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

// The program as its users run it. Nothing of its source is in here.
namespace {

using ascribe::test::explain;
using ascribe::test::Message;
using ascribe::test::node_message;
using ascribe::test::port_message;
using ascribe::test::TemporaryFolder;
using ascribe::test::tensor_message;

/// Of x: 3·relu(x0 − x1) + 5·relu(x0 + x1).
std::string two_units() {
  return ascribe::test::model_message(
             Message()
                 .message(1, node_message("MatMul", {"x", "w"}, {"a"}, "first"))
                 .message(1, node_message("Relu", {"a"}, {"b"}, "relu"))
                 .message(1, node_message("MatMul", {"b", "v"}, {"y"}, "second"))
                 .message(5, tensor_message("w", 1, {2, 2}).packed_floats(4, {1, 1, -1, 1}))
                 .message(5, tensor_message("v", 1, {2, 1}).packed_floats(4, {3, 5}))
                 .message(11, port_message("x", {2}))
                 .message(12, port_message("y", {1})))
      .bytes;
}

TEST_CASE("explain says what hangs on rounding, of the first input and where it is much", "[explain]") {
  const TemporaryFolder folder;
  const std::string model = folder.write("units.onnx", two_units()).string();
  const auto said = [&](const std::vector<float>& x, const ascribe::test::Arguments& how) {
    const std::string file = (folder / "x.npy").string();
    ascribe::io::write_npy(file, {x.size() / 2, 2}, x);
    using ascribe::test::operator+;
    return explain(ascribe::test::Arguments{model, file} + how);
  };
  // At (1, 1) the first unit's argument is 0 of terms of 2: 3·2 of 3·2 + 5·2.
  const std::string line =
      "37.5 % of the relevance passes through units of 'relu' that are within rounding of their kink: other "
      "hardware may differ";
  CHECK_THAT(said({1, 1}, {"--method", "lrp_q"}), Contains(line));
  CHECK_THAT(said({1, 1}, {"--method", "lrp_q", "--precision", "double"}), Contains(line));
  CHECK_THAT(said({1, 1}, {"--method", "lrp"}), !Contains("kink"));  // which passes a ReLU by
  CHECK_THAT(said({2, 1}, {"--method", "lrp_q"}), !Contains("kink"));
  CHECK(ascribe::test::count_of(said({1, 1, 1, 1}, {"--method", "lrp_q"}), line) == 1);
  CHECK_THAT(said({2, 1, 1, 1}, {"--method", "lrp_q"}), !Contains("kink"));
}

}  // namespace
