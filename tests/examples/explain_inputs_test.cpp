#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "examples/support/png.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

// Several inputs explained at once: the program as its users run it. Expected values are worked out by hand.
namespace {

using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::explain;
using ascribe::test::Message;
using ascribe::test::Outcome;
using ascribe::test::run;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;
using Json = nlohmann::json;
using Numbers = std::vector<double>;

/// A value of a model and its axes, the first of which is open where it is 0. `type` is ONNX's number: 1
/// float, 2 uint8, 7 int64, 9 bool.
Message value(const std::string& name, const std::vector<std::int64_t>& sizes, std::int64_t type = 1) {
  Message shape;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis)
    shape.message(
        1, sizes[axis] == 0 ? Message().text(2, axis == 0 ? "N" : "T") : Message().integer(1, sizes[axis]));
  return Message().text(1, name).message(2,
                                         Message().message(1, Message().integer(1, type).message(2, shape)));
}

/// s = (l0 + 3·l1 + 10·r0 + 30·r1 + 50·r2 + 7, 2·l0 + 4·l1 + 20·r0 + 40·r1 + 60·r2 - 7); t = relu(2·l).
std::string linear_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("MatMul", {"left", "w"}, {"p"}, "of left"))
                 .message(1, ascribe::test::node_message("MatMul", {"right", "v"}, {"q"}, "of right"))
                 .message(1, ascribe::test::node_message("Add", {"p", "q"}, {"pq"}, "sum"))
                 .message(1, ascribe::test::node_message("Add", {"pq", "b"}, {"s"}, "biased"))
                 .message(1, ascribe::test::node_message("Add", {"left", "left"}, {"twice"}, "twice"))
                 .message(1, ascribe::test::node_message("Relu", {"twice"}, {"t"}, "relu"))
                 .message(5, ascribe::test::tensor_message("w", 1, {2, 2}).packed_floats(4, {1, 2, 3, 4}))
                 .message(
                     5,
                     ascribe::test::tensor_message("v", 1, {3, 2}).packed_floats(4, {10, 20, 30, 40, 50, 60}))
                 .message(5, ascribe::test::tensor_message("b", 1, {2}).packed_floats(4, {7, -7}))
                 .message(11, value("left", {0, 2}))
                 .message(11, value("right", {0, 3}))
                 .message(12, value("s", {0, 2}))
                 .message(12, value("t", {0, 2})))
      .bytes;
}

/// y = left·right, element by element, of `size` each: 0 is open.
std::string bilinear_model(std::int64_t size) {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("Mul", {"left", "right"}, {"y"}, "product"))
                 .message(11, value("left", {0, size}))
                 .message(11, value("right", {0, size}))
                 .message(12, value("y", {0, size})))
      .bytes;
}

/// A node that makes floats of whole numbers.
Message cast_message(const std::string& from, const std::string& to) {
  return ascribe::test::node_message("Cast", {from}, {to}, "cast " + from)
      .message(5, Message().text(1, "to").integer(3, 1).integer(20, 2));
}

/// y = Σ w·x with the weights 1, 2, 3, 4, -5 and 6 for an image x of uint8, + 10·c0 + 20·c1 of counts in
/// int64, + 100·f of a flag in bool.
std::string whole_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, cast_message("x", "numbers"))
                 .message(1, ascribe::test::node_message("Conv", {"numbers", "w"}, {"of x"}, "of x"))
                 .message(1, ascribe::test::node_message("Flatten", {"of x"}, {"p"}, "flat"))
                 .message(1, cast_message("counts", "c"))
                 .message(1, ascribe::test::node_message("MatMul", {"c", "v"}, {"q"}, "of counts"))
                 .message(1, cast_message("flag", "f"))
                 .message(1, ascribe::test::node_message("MatMul", {"f", "u"}, {"r"}, "of flag"))
                 .message(1, ascribe::test::node_message("Add", {"p", "q"}, {"pq"}, "two"))
                 .message(1, ascribe::test::node_message("Add", {"pq", "r"}, {"y"}, "three"))
                 .message(5, ascribe::test::tensor_message("w", 1, {1, 1, 2, 3})
                                 .packed_floats(4, {1, 2, 3, 4, -5, 6}))
                 .message(5, ascribe::test::tensor_message("v", 1, {2, 1}).packed_floats(4, {10, 20}))
                 .message(5, ascribe::test::tensor_message("u", 1, {1, 1}).packed_floats(4, {100}))
                 .message(11, value("x", {0, 1, 2, 3}, 2))
                 .message(11, value("counts", {0, 2}, 7))
                 .message(11, value("flag", {0, 1}, 9))
                 .message(12, value("p", {0, 1}))
                 .message(12, value("y", {0, 1})))
      .bytes;
}

/// y = the rows 0 to 2 of (1, 2), (3, 4), (5, 6) that two ids choose, + more.
std::string ids_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("Gather", {"table", "ids"}, {"rows"}))
                 .message(1, ascribe::test::node_message("Add", {"rows", "more"}, {"y"}))
                 .message(
                     5,
                     ascribe::test::tensor_message("table", 1, {3, 2}).packed_floats(4, {1, 2, 3, 4, 5, 6}))
                 .message(11, value("ids", {0, 2}, 7))
                 .message(11, value("more", {0, 2, 2}))
                 .message(12, value("y", {0, 2, 2})))
      .bytes;
}

/// y = the sum of an image's pixels, plus that of two further numbers.
std::string image_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("Flatten", {"image"}, {"f"}, "flat"))
                 .message(1, ascribe::test::node_message("MatMul", {"f", "w"}, {"p"}, "of the image"))
                 .message(1, ascribe::test::node_message("MatMul", {"more", "v"}, {"q"}, "of more"))
                 .message(1, ascribe::test::node_message("Add", {"p", "q"}, {"y"}, "sum"))
                 .message(5,
                          ascribe::test::tensor_message("w", 1, {6, 1}).packed_floats(4, {1, 1, 1, 1, 1, 1}))
                 .message(5, ascribe::test::tensor_message("v", 1, {2, 1}).packed_floats(4, {1, 1}))
                 .message(11, value("image", {0, 1, 2, 3}))
                 .message(11, value("more", {0, 2}))
                 .message(12, value("y", {0, 1})))
      .bytes;
}

std::string write(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
                  const Numbers& values) {
  ascribe::io::write_npy(path, shape, std::span<const double>(values));
  return path.string();
}

Numbers read(const std::filesystem::path& path) { return ascribe::io::read_npy<double>(path).values; }

TEST_CASE("two inputs are explained at once, whichever way they are named", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("linear.onnx", linear_model()).string(),
                    l = write(folder / "l.npy", {2}, {5, 2}), r = write(folder / "r.npy", {3}, {1, 0, -1}),
                    out = (folder / "out.npy").string(), ledger = (folder / "ledger.json").string();
  const Arguments how{"--method", "lrp_q",       "--precision", "double",   "--target",
                      "0",        "--relevance", out,           "--ledger", ledger};
  for (const Arguments& inputs :
       {Arguments{l, "--explain", "right=" + r}, Arguments{r, "--explain", "left=" + l},
        Arguments{"--explain", "left=" + l, "--explain", "right=" + r},
        Arguments{"--explain", "right=" + r, "--explain", "left=" + l}}) {
    INFO(inputs.back());
    std::filesystem::remove(folder / "out.left.npy");
    std::filesystem::remove(folder / "out.right.npy");
    const std::string printed = explain(Arguments{path} + inputs + how);
    const auto left = ascribe::io::read_npy<double>(folder / "out.left.npy"),
               right = ascribe::io::read_npy<double>(folder / "out.right.npy");
    CHECK(left.shape == std::vector<std::size_t>{1, 2});
    CHECK(right.shape == std::vector<std::size_t>{1, 3});
    CHECK(left.values == Numbers{5, 6});
    CHECK(right.values == Numbers{10, 0, -50});
    CHECK_FALSE(std::filesystem::exists(folder / "out.npy"));
    CHECK_THAT(printed, Contains("  lrp_q                        -22.0000    -29.0000      7.0000") &&
                            Contains("\n    left                                    11.0000\n"
                                     "    right                                  -40.0000\n"));
    const Json sample = Json::parse(bytes_of(folder / "ledger.json"))["samples"][0];
    CHECK(sample["totals"]["input"] == -29);
    CHECK(sample["inputs"] == Json{{"left", 11}, {"right", -40}});
  }
  // Of one that is held nothing is said, and the file has the name that it was given.
  explain(Arguments{path, l, "--input", "right=" + write(folder / "row.npy", {1, 3}, {1, 0, -1})} + how);
  CHECK(read(folder / "out.npy") == Numbers{5, 6});
  CHECK_FALSE(Json::parse(bytes_of(folder / "ledger.json"))["samples"][0].contains("inputs"));
  explain(Arguments{path, "--explain", "left=" + l, "--input", "right=" + (folder / "row.npy").string()} +
          how);
  CHECK(read(folder / "out.npy") == Numbers{5, 6});
  // An input that the output does not depend on need not be there.
  explain(Arguments{path, "--explain", "left=" + l, "--output", "t"} + how);
  CHECK(read(folder / "out.npy") == Numbers{10, 0});
}

TEST_CASE("every method that takes several inputs closes its books over all of them", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("linear.onnx", linear_model()).string(),
                    l = write(folder / "l.npy", {2}, {5, 2}), r = write(folder / "r.npy", {3}, {1, 0, -1}),
                    out = (folder / "out.npy").string(), ledger = (folder / "ledger.json").string();
  const std::string methods = explain({"--list-methods"});
  int explained = 0;
  for (std::size_t at = methods.find('\n') + 1; at < methods.size(); at = methods.find('\n', at) + 1) {
    const std::string method = methods.substr(at, methods.find(' ', at) - at),
                      line = methods.substr(at, methods.find('\n', at) - at);
    INFO(method);
    Arguments arguments{path,          l,        "--explain", "right=" + r, "--method",    method,
                        "--precision", "double", "--target",  "1",          "--relevance", out,
                        "--ledger",    ledger};
    if (ascribe::test::has_no_books(line) || method == "smoothgrad" || method == "epsilon_gamma_box") {
      if (ascribe::test::has_no_books(line)) arguments = arguments + ascribe::test::parts_for(line);
      const Outcome outcome = run(arguments);
      CHECK(outcome.exit_code == 2);
      CHECK_THAT(outcome.err, Contains("--explain: " + method + " explains one input"));
      continue;
    }
    ++explained;
    explain(arguments);
    const Json sample = Json::parse(bytes_of(ledger))["samples"][0];
    const double left = sample["inputs"]["left"], right = sample["inputs"]["right"];
    CHECK(left + right == Approx(sample["totals"]["input"].get<double>()));
    double sums[2] = {};
    for (const double v : read(folder / "out.left.npy")) sums[0] += v;
    for (const double v : read(folder / "out.right.npy")) sums[1] += v;
    // Gradients alone are no shares: the books have them times the input.
    const bool gradient = method == "gradient" || method == "deconvnet" || method == "guided_backprop";
    CHECK(left == Approx(gradient ? 5 * 2 + 2 * 4 : sums[0]));
    CHECK(right == Approx(gradient ? 20 - 60 : sums[1]));
  }
  CHECK(explained == 18);
}

TEST_CASE("products of two inputs give each its part, against baselines of their own", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("product.onnx", bilinear_model(2)).string(),
                    l = write(folder / "l.npy", {2}, {5, 2}), r = write(folder / "r.npy", {2}, {3, 8}),
                    out = (folder / "out.npy").string(), times = (folder / "times.npy").string();
  const auto relevances = [&](const Arguments& how) {
    explain(Arguments{path, l, "--explain", "right=" + r, "--precision", "double", "--target", "0",
                      "--relevance", out} +
            how);
    Numbers both = read(folder / "out.left.npy");
    for (const double v : read(folder / "out.right.npy")) both.push_back(v);
    return both;
  };
  CHECK(relevances({"--method", "attn_lrp"}) == Numbers{7.5, 0, 7.5, 0});
  // With a0 and b0: (a - a0)·(b + b0)/2 and (b - b0)·(a + a0)/2.
  const Arguments deep{"--method", "deep_lift"};
  CHECK(relevances(deep) == Numbers{7.5, 0, 7.5, 0});
  CHECK(relevances(deep + Arguments{"--baseline", "zero"}) == Numbers{7.5, 0, 7.5, 0});
  const std::string a0 = write(folder / "a0.npy", {2}, {1, 0}), b0 = write(folder / "b0.npy", {2}, {5, 0});
  CHECK(relevances(deep + Arguments{"--baseline", "left=" + a0}) == Numbers{6, 0, 9, 0});
  CHECK(relevances(deep + Arguments{"--baseline", "right=" + b0}) == Numbers{20, 0, -5, 0});
  CHECK(relevances(deep + Arguments{"--baseline", "right=" + b0, "--baseline", "left=" + a0, "--multipliers",
                                    times}) == Numbers{16, 0, -6, 0});
  CHECK(read(folder / "times.left.npy") == Numbers{4, 0});
  CHECK(read(folder / "times.right.npy") == Numbers{3, 0});
  // The mean over pairs: of the two just seen, and of one for all of the other's.
  const std::string zero_b0 = write(folder / "zero_b0.npy", {2, 2}, {0, 0, 5, 0}),
                    zero_a0 = write(folder / "zero_a0.npy", {2, 2}, {0, 0, 1, 0});
  const Numbers mean{(7.5 + 16) / 2, 0, (7.5 - 6) / 2, 0};
  CHECK(relevances(deep + Arguments{"--baseline", "left=zero", "--baseline", "left=" + a0, "--baseline",
                                    "right=zero", "--baseline", "right=" + b0}) == mean);
  CHECK(relevances(deep + Arguments{"--baseline", "left=" + zero_a0, "--baseline", "right=" + zero_b0,
                                    "--average-baselines"}) == mean);
  CHECK(relevances(deep + Arguments{"--baseline", "left=" + zero_a0, "--average-baselines"}) ==
        Numbers{(7.5 + 6) / 2, 0, (7.5 + 9) / 2, 0});
  // The mean gradient of a product along the path is that at its middle.
  CHECK(relevances({"--method", "integrated_gradients", "--baseline", "left=" + a0, "--baseline",
                    "right=" + b0}) == Numbers{16, 0, -6, 0});
}

TEST_CASE("batches of several inputs go together, sample by sample", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("product.onnx", bilinear_model(1)).string(),
                    l = write(folder / "l.npy", {4, 1}, {1, 2, 3, 4}),
                    r = write(folder / "r.npy", {4, 1}, {10, 20, 30, 40}),
                    first = write(folder / "first.npy", {1, 1}, {10}),
                    rest = write(folder / "rest.npy", {3, 1}, {20, 30, 40}),
                    base = write(folder / "base.npy", {4, 1}, {0, 10, 0, 10}),
                    out = (folder / "out.npy").string();
  const Arguments how{"--method",    "deep_lift", "--precision", "double",
                      "--relevance", out,         "--baseline",  "right=" + base};
  const auto relevances = [&](const Arguments& arguments) {
    explain(Arguments{path} + arguments + how);
    return std::pair(read(folder / "out.left.npy"), read(folder / "out.right.npy"));
  };
  const std::pair expected(Numbers{5, 30, 45, 100}, Numbers{5, 10, 45, 60});
  CHECK(relevances({l, "--explain", "right=" + r}) == expected);
  CHECK(relevances({l, "--explain", "right=" + r, "--threads", "4"}) == expected);
  CHECK(relevances({l, "--explain", "right=" + first, "--explain", "right=" + rest}) == expected);
  CHECK(relevances({"--explain", "right=" + first, "--explain", "right=" + rest, "--explain", "left=" + l}) ==
        expected);
  CHECK(relevances({l, "--explain", "right=" + r, "--resume"}) == expected);
  CHECK_FALSE(std::filesystem::exists(folder / "out.left.npy.journal"));

  // A folder, whose files are named after the first input's.
  const std::string files = (folder / "why").string();
  const Arguments many{path,        "--explain",  "right=" + first, "--explain",       "right=" + rest,
                       "--explain", "left=" + l,  "--method",       "deep_lift",       "--precision",
                       "double",    "--baseline", "right=" + base,  "--output-folder", files};
  explain(many);
  CHECK(read(folder / "why/first.npy.relevance.left.npy") == Numbers{5});
  CHECK(read(folder / "why/rest.npy.relevance.left.npy") == Numbers{30, 45, 100});
  CHECK(read(folder / "why/rest.npy.relevance.right.npy") == Numbers{10, 45, 60});
  std::filesystem::remove(folder / "why/rest.npy.relevance.right.npy");
  CHECK(explain(many) == "4 inputs: 3 explained, 1 were done before\n");
  CHECK(read(folder / "why/rest.npy.relevance.right.npy") == Numbers{10, 45, 60});
  // In another order they go with others, and with other numbers in one of them it is another run, too.
  const auto refused = [&](const Arguments& arguments, const std::string& says) {
    const Outcome outcome = run(arguments);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Contains(says));
    CHECK(count_of(outcome.err, "\n") == 1);
  };
  const Arguments other{"--method", "attn_lrp", "--output-folder", (folder / "other").string()};
  explain(Arguments{path, first, rest, "--explain", "left=" + l} + other);
  refused(Arguments{path, rest, first, "--explain", "left=" + l} + other, "found INPUT");
  write(folder / "l.npy", {4, 1}, {1, 2, 3, 5});
  refused(many, "found --explain");
}

TEST_CASE("a sample that cannot be explained is named by its own input's file", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("product.onnx", bilinear_model(1)).string(),
                    l = write(folder / "l.npy", {3, 1}, {1, 2, 3}),
                    r = write(folder / "r.npy", {3, 1}, {10, NAN, 30}), out = (folder / "out.npy").string();
  const Arguments arguments{path,          l,        "--explain",   "right=" + r, "--method", "attn_lrp",
                            "--precision", "double", "--relevance", out,          "--resume"};
  const Outcome stopped = run(arguments);
  CHECK(stopped.exit_code == 1);
  CHECK_THAT(stopped.err,
             Contains("explain: " + r + "[1]: expected finite numbers, found nan as number 0 (1 of 3"));
  CHECK(count_of(stopped.err, "\n") == 1);
  CHECK(std::filesystem::exists(folder / "out.left.npy.journal"));
  // It goes on, and the others are explained.
  const Outcome rest = run(arguments + Arguments{"--keep-going"});
  CHECK(rest.exit_code == 1);
  CHECK_THAT(rest.err, Contains(r + "[1]: "));
  const Numbers left = read(folder / "out.left.npy");
  REQUIRE(left.size() == 3);
  CHECK(left[0] == 5);
  CHECK(std::isnan(left[1]));
  CHECK(left[2] == 45);
}

TEST_CASE("several inputs bring the sizes that the model leaves open", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("open.onnx", bilinear_model(0)).string(),
                    l = write(folder / "l.npy", {2, 3}, {1, 2, 3, 4, 5, 6}),
                    r = write(folder / "r.npy", {2, 3}, {2, 2, 2, 4, 4, 4}),
                    two = write(folder / "two.npy", {2, 2}, {1, 2, 3, 4}),
                    out = (folder / "out.npy").string();
  const Arguments how{"--method", "attn_lrp", "--precision", "double", "--target", "0-2", "--relevance", out};
  explain(Arguments{path, l, "--explain", "right=" + r} + how);
  CHECK(read(folder / "out.left.npy") == Numbers{1, 2, 3, 8, 10, 12});
  CHECK(read(folder / "out.right.npy") == Numbers{1, 2, 3, 8, 10, 12});
  CHECK_THAT(run(Arguments{path, l, two, "--explain", "right=" + r, "--method", "attn_lrp"}).err,
             Contains(two + ": expected the shape (1, 3) of " + l + ", found (1, 2): with --explain"));
}

TEST_CASE("an image that other inputs go with is drawn", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("image.onnx", image_model()).string(),
                    image = write(folder / "image.npy", {1, 2, 3}, {1, 0, 0.5, 0, 1, 0.25}),
                    zero = write(folder / "zero.npy", {1, 2}, {0, 0}), one = (folder / "one.png").string(),
                    all = (folder / "all.png").string();
  explain({path, image, "--input", "more=" + zero, "--heatmap", one});
  explain({path, image, "--explain", "more=" + zero, "--heatmap", all});
  CHECK(bytes_of(one) == bytes_of(all));
  CHECK_THAT(run({path, zero, "--explain", "image=" + image, "--heatmap", all}).err,
             Contains("--heatmap: expected a model that takes images, found one that takes (N, 2)"));
}

TEST_CASE("whole numbers that are cast to compute with are explained", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("whole.onnx", whole_model()).string(),
                    out = (folder / "out.npy").string();
  const std::vector<unsigned char> bytes{0, 255, 17, 1, 2, 128};
  std::string array = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3)}";
  array.resize(118, ' ');  // which with what is around it is 128
  array = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + array;
  array.back() = '\n';
  array.append(bytes.begin(), bytes.end());
  const std::string x = folder.write("x.npy", array).string(), c = write(folder / "counts.npy", {2}, {3, -2}),
                    flag = write(folder / "flag.npy", {1}, {1});
  const Arguments precise{"--precision", "double", "--relevance", out}, alone{"--output", "p"},
      all{"--output", "y"};
  explain(Arguments{path, x, "--explain", "counts=" + c, "--explain", "flag=" + flag} + precise + all);
  const Numbers expected{0, 510, 51, 4, -10, 768};
  CHECK(read(folder / "out.x.npy") == expected);
  CHECK(read(folder / "out.counts.npy") == Numbers{30, -40});
  CHECK(read(folder / "out.flag.npy") == Numbers{100});

  // A picture's pixels are the numbers of uint8.
  ascribe::Picture picture{3, 2, {}};
  for (const unsigned char byte : bytes) picture.rgb.insert(picture.rgb.end(), 3, byte);
  const std::string png = (folder / "x.png").string();
  examples::write_png(png, picture);
  explain(Arguments{path, png} + alone + precise);
  CHECK(read(folder / "out.npy") == expected);
  explain(Arguments{path, "--explain", "counts=" + c, "--explain", "flag=" + flag, "--explain", "x=" + png} +
          precise);
  CHECK(read(folder / "out.x.npy") == expected);
  // Compared with itself, nothing is left to the last bit.
  explain(Arguments{path, x, "--method", "deep_lift", "--baseline", png} + alone + precise);
  CHECK(read(folder / "out.npy") == Numbers(6, 0));
  // Where the picture has another size, what it is resized to is whole.
  picture = {6, 4, std::vector<unsigned char>(72, 10)};
  picture.rgb[0] = picture.rgb[1] = picture.rgb[2] = 13;
  examples::write_png(png, picture);
  explain(Arguments{path, png} + alone + precise);
  CHECK(read(folder / "out.npy") == Numbers{11, 20, 30, 40, -50, 60});

  // Black is 0 and white is 255.
  const auto box = [&](const Arguments& bounds) {
    explain(Arguments{path, x, "--method", "epsilon_gamma_box"} + alone + precise + bounds);
    return read(folder / "out.npy");
  };
  CHECK(box({}) == box({"--low", "0", "--high", "255"}));
  CHECK(box({}) != box({"--low", "0", "--high", "1"}));

  const auto refused = [&](const Arguments& arguments, const std::string& says) {
    const Outcome outcome = run(Arguments{path} + arguments);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Contains(says));
    CHECK(count_of(outcome.err, "\n") == 1);
  };
  refused(Arguments{png, "--mean", "0.5"} + alone,
          "--mean and --std: expected an input of floating-point numbers, found 'x' of uint8");
  for (const double wrong : {-1.0, 256.0, 3.5, double(NAN)}) {
    const std::string bad = write(folder / "bad.npy", {2, 1, 2, 3}, {0, 0, 0, 0, 0, 0, 0, 0, wrong, 0, 0, 0});
    refused(Arguments{bad} + alone, "bad.npy[1]: expected numbers of the model's type uint8, found ");
    refused(Arguments{bad} + alone, " as number 2");
  }
  const Arguments others{x, "--explain", "counts=" + c, "--explain"};
  refused(others + Arguments{"flag=" + write(folder / "two.npy", {1}, {2})},
          "two.npy: expected numbers of the model's type bool, found 2");
  refused(
      {x, "--explain", "flag=" + flag, "--explain", "counts=" + write(folder / "half.npy", {2}, {1, 0.5})},
      "half.npy: expected numbers of the model's type int64, found 0.5 as number 1");
}

TEST_CASE("whole numbers that choose are data, and a message says how they are given", "[explain]") {
  const TemporaryFolder folder;
  const std::string path =
      folder
          .write(
              "mask.onnx",
              ascribe::test::model_message(
                  Message()
                      .message(1, ascribe::test::node_message("Where", {"mask", "x", "zero"}, {"y"}, "where"))
                      .message(5, ascribe::test::tensor_message("zero", 1, {1}).packed_floats(4, {0}))
                      .message(11, value("x", {0, 3}))
                      .message(11, value("mask", {0, 3}, 9))
                      .message(12, value("y", {0, 3})))
                  .bytes)
          .string();
  const std::string x = write(folder / "x.npy", {1, 3}, {5, 6, 7}),
                    mask = write(folder / "mask.npy", {1, 3}, {1, 0, 1}), out = (folder / "out.npy").string();
  const Outcome outcome = run({path, x, "--explain", "mask=" + mask});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, Contains("'mask'") && Contains("--input NAME=FILE"));
  CHECK(count_of(outcome.err, "\n") == 1);
  explain(
      {path, x, "--input", "mask=" + mask, "--target", "0-2", "--precision", "double", "--relevance", out});
  CHECK(read(folder / "out.npy") == Numbers{5, 0, 7});
  // Ids are named like others.
  const std::string ids = folder.write("ids.onnx", ids_model()).string();
  explain({ids, "--explain", "ids=" + write(folder / "ids.npy", {1, 2}, {2, 0}), "--input",
           "more=" + write(folder / "more.npy", {1, 2, 2}, {1, 1, 1, 1}), "--target", "0-3", "--precision",
           "double", "--relevance", out});
  CHECK(read(folder / "out.npy") == Numbers{5, 6, 1, 2});
}

// The relevances of the linear model above, of the outputs 0 and 1.
TEST_CASE("a page shows each of several inputs", "[explain][page]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("linear.onnx", linear_model()).string(),
                    l = write(folder / "l.npy", {2}, {5, 2}), r = write(folder / "r.npy", {3}, {1, 0, -1}),
                    page = (folder / "why.html").string();
  for (const Arguments& inputs :
       {Arguments{l, "--explain", "right=" + r}, Arguments{r, "--explain", "left=" + l}}) {
    const bool left_first = inputs[0] == l;
    explain(Arguments{path} + inputs +
            Arguments{"--method", "lrp_q", "--precision", "double", "--target", "0", "--page", page});
    const std::string html = bytes_of(page), begin = "id=\"data\">";
    const std::size_t from = html.find(begin) + begin.size();
    const Json data = Json::parse(html.substr(from, html.find("</script>", from) - from));
    REQUIRE(data["inputs"].size() == 1);
    const Json& input = data["inputs"][0];
    CHECK(input["name"] == (left_first ? "l.npy" : "r.npy"));
    CHECK(input["input"] == (left_first ? "left" : "right"));
    CHECK(input["width"] == (left_first ? 2 : 3));
    REQUIRE(input["others"].size() == 1);
    CHECK(input["others"][0]["name"] == (left_first ? "right" : "left"));
    CHECK(input["others"][0]["width"] == (left_first ? 3 : 2));
    const Json& view = input["outputs"][0]["views"][0];
    REQUIRE(view["others"].size() == 1);
    // 5 and 6 of the left, 10, 0 and -50 of the right.
    CHECK(view["relevance"]["scale"] == (left_first ? 6 : 50));
    CHECK(view["others"][0]["scale"] == (left_first ? 50 : 6));
    CHECK(view["moved"] == 71);
    CHECK(view["books"][1] == -29);
  }
}

TEST_CASE("mistakes about several inputs", "[explain]") {
  const TemporaryFolder folder;
  const std::string linear = folder.write("linear.onnx", linear_model()).string(),
                    product = folder.write("product.onnx", bilinear_model(2)).string(),
                    l = write(folder / "l.npy", {2, 2}, {1, 2, 3, 4}),
                    r = write(folder / "r.npy", {2, 3}, {1, 2, 3, 4, 5, 6}),
                    one = write(folder / "one.npy", {3}, {1, 2, 3}),
                    b = write(folder / "b.npy", {3, 3}, Numbers(9, 1)),
                    row = write(folder / "row.npy", {1, 3}, {1, 2, 3});
  struct Mistake {
    int exit_code;
    std::string says;
    Arguments arguments;
  };
  const std::string ids = folder.write("ids.onnx", ids_model()).string();
  const std::vector<Mistake> mistakes{
      {1, "expected one input to explain, found 2, left to right: --explain NAME=FILE explains", {linear, l}},
      {1, "expected one input to explain, found 2", {linear, l, "--describe"}},
      {1,
       "--explain: " + linear + " has no input 'middle'; it has 'left', 'right'",
       {linear, l, "--explain", "middle=" + r}},
      {1, "has no input 'middle'", {linear, "--explain", "middle=" + r}},
      {1,
       "expected an input for INPUT, found that --explain names all of them, 'left' to 'right'",
       {linear, l, "--explain", "left=" + l, "--explain", "right=" + r}},
      {1, "expected one input to explain, found 2, left to right", {linear, "--explain", "left=" + l}},
      {1,
       "--explain: " + linear + ": what is explained does not depend on 'right'",
       {linear, l, "--explain", "right=" + r, "--output", "t"}},
      {1, "does not depend on 'right'", {linear, "--explain", "right=" + r, "--output", "t"}},
      {1,
       "--explain: " + one + ": expected 2 samples, one to go with each of " + l + ", found 1",
       {linear, l, "--explain", "right=" + one}},
      {1, r + ": expected shape (N, 2) or (2), found (2, 3)", {linear, r, "--explain", "right=" + r}},
      {1, l + ": expected shape (N, 3) or (3), found (2, 2)", {linear, l, "--explain", "right=" + l}},
      {1, "no_such.npy", {linear, l, "--explain", "right=no_such.npy"}},
      {1,
       "--explain: " + folder.path().string() + ": expected a file for 'right', found a folder",
       {linear, l, "--explain", "right=" + folder.path().string()}},
      {1,
       "the numbers of input 'ids' choose rows of a table",
       {ids, write(folder / "more.npy", {2, 2}, {1, 2, 3, 4}), "--explain", "ids=" + l}},
      {1,
       "the numbers of input 'ids' choose rows of a table",
       {ids, "--explain", "more=" + (folder / "more.npy").string()}},
      {2,
       "--explain: --input holds 'right'",
       {linear, l, "--explain", "right=" + r, "--input", "right=" + row}},
      {2, "--explain: --input holds 'left'", {linear, "--explain", "left=" + l, "--input", "left=" + row}},
      {2, "--explain: expected NAME=VALUE, found 'right'", {linear, l, "--explain", "right"}},
      {2,
       "--baseline: expected NAME=VALUE, found '" + row + "'",
       {linear, l, "--explain", "right=" + r, "--method", "deep_lift", "--baseline", row}},
      {1,
       "--baseline: expected the name of an input that is explained, found 'middle'",
       {linear, l, "--explain", "right=" + r, "--method", "deep_lift", "--baseline", "middle=" + row}},
      {1,
       "one for each of 2 inputs, found 3",
       {linear, l, "--explain", "right=" + r, "--method", "deep_lift", "--baseline", "right=" + b}},
      {1,
       "--baseline: expected as many for each input of the network, found 2 for one and 3 for another",
       {linear, l, "--explain", "right=" + r, "--method", "deep_lift", "--average-baselines", "--baseline",
        "right=" + b, "--baseline", "left=" + l}},
      {1,
       "--baseline: expected as many for each input of the network, found one each for one and 2 for another",
       {linear, l, "--explain", "right=" + r, "--method", "deep_lift", "--baseline", "right=" + r,
        "--baseline", "left=zero", "--baseline", "left=zero"}},
      {1,
       "out.left.npy: expected a place for each output, found one for two",
       {linear, l, "--explain", "right=" + r, "--relevance", (folder / "out.npy").string(), "--output-values",
        (folder / "out.left.npy").string()}},
      {1,
       "out.left.npy: expected a place for each output",
       {linear, l, "--explain", "right=" + r, "--relevance", (folder / "out.npy").string(), "--ledger",
        (folder / "out.left.npy").string()}},
  };
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.says);
    const Outcome outcome = run(mistake.arguments);
    CHECK(outcome.exit_code == mistake.exit_code);
    CHECK_THAT(outcome.err, Contains(mistake.says));
    if (mistake.exit_code == 1) CHECK(count_of(outcome.err, "\n") == 1);
  }
}

TEST_CASE("explain names the input that a shape hangs on", "[explain][inputs]") {
  // y is as large as `right` says.
  const auto model = [](const std::string& shape, const std::vector<Message>& nodes) {
    Message graph;
    for (const Message& node : nodes) graph.message(1, node);
    graph.message(1, ascribe::test::node_message("Expand", {"left", shape}, {"y"}, "wide"))
        .message(11, value("left", {0, 2}))
        .message(11, value("right", {0, 1}))
        .message(12, value("y", {0, 2}));
    return ascribe::test::model_message(graph).bytes;
  };
  const TemporaryFolder folder;
  const std::string l = write(folder / "l.npy", {1, 2}, {1, 2}), r = write(folder / "r.npy", {1, 1}, {3});
  const auto refused = [&](const std::string& bytes, const std::string& says) {
    const std::string path = folder.write("model.onnx", bytes).string();
    const Outcome outcome = run({path, l, "--explain", "right=" + r});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Contains(says));
  };
  refused(model("right", {}),
          "node 'wide' (Expand): input 1 ('right'): expected a constant, found a value that depends on the "
          "network's input 'right'");
  const Message floor = ascribe::test::node_message("Floor", {"right"}, {"whole"}),
                cast = ascribe::test::node_message("Cast", {"whole"}, {"rows"})
                           .message(5, Message().text(1, "to").integer(3, 7).integer(20, 2));
  refused(model("rows", {floor, cast}), "found int64 of a value that depends on the network's input 'right'");
  refused(model("rows", {ascribe::test::node_message("NonZero", {"right"}, {"rows"})}),
          "NonZero (1 node: node of 'rows' (NonZero); supported on constants alone, and it depends on the "
          "network's input 'right')");
}

}  // namespace
