#include <algorithm>
#include <cmath>
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

// What is explained, against what, and what is written of it: the program as its users run it.
namespace {

using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::explain;
using ascribe::test::Message;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::run;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;
using Json = nlohmann::json;
using Numbers = std::vector<double>;

const std::string model = of_repository("examples/data/mnist_cnn.onnx"),
                  digits = of_repository("tests/golden/input.npy");

/// A value of a model and its axes, the first of which is open where it is 0.
Message value(const std::string& name, const std::vector<std::int64_t>& sizes) {
  Message shape;
  for (const std::int64_t size : sizes)
    shape.message(1, size == 0 ? Message().text(2, "N") : Message().integer(1, size));
  return Message().text(1, name).message(2, Message().message(1, Message().integer(1, 1).message(2, shape)));
}

/// Outputs y = (a0 - a1, 2·a0, 3·a0 + 4·a1) and, as the second output, z = relu(y).
std::string small_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("MatMul", {"a", "w"}, {"y"}, "product"))
                 .message(1, ascribe::test::node_message("Relu", {"y"}, {"z"}, "relu"))
                 .message(5,
                          ascribe::test::tensor_message("w", 1, {2, 3}).packed_floats(4, {1, 2, 3, -1, 0, 4}))
                 .message(11, value("a", {0, 2}))
                 .message(12, value("y", {0, 3}))
                 .message(12, value("z", {0, 3})))
      .bytes;
}

std::string write(const std::filesystem::path& path, const std::vector<std::size_t>& shape,
                  const Numbers& values) {
  ascribe::io::write_npy(path, shape, std::span<const double>(values));
  return path.string();
}

Numbers read(const std::filesystem::path& path) { return ascribe::io::read_npy<double>(path).values; }

TEST_CASE("sums, differences, regions and weights of the outputs are explained", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("small.onnx", small_model()).string(),
                    in = write(folder / "a.npy", {2}, {5, 2}), r = (folder / "r.npy").string(),
                    l = (folder / "l.json").string();
  const auto relevance = [&](const Arguments& what) {
    const std::string printed = explain(Arguments{path, in, "--method", "gradient_times_input", "--precision",
                                                  "double", "--relevance", r, "--ledger", l} +
                                        what);
    CHECK(count_of(printed, "->") == 1);
    return read(r);
  };
  // y = (3, 10, 23) with the rows (1, -1), (2, 0), (3, 4).
  CHECK(relevance({"--target", "0-2"}) == Numbers{30, 6});
  CHECK(relevance({"--target", "1-2"}) == Numbers{25, 8});
  CHECK(relevance({"--target", "2-2"}) == relevance({"--target", "2"}));
  CHECK(relevance({"--target", "[0:2]"}) == Numbers{15, -2});
  CHECK(relevance({"--target", "[:]"}) == Numbers{30, 6});
  CHECK(relevance({"--target", "[1:]"}) == Numbers{25, 8});
  CHECK(relevance({"--weights", write(folder / "w.npy", {3}, {1, -1, 0.5})}) == Numbers{2.5, 2});
  CHECK(Json::parse(bytes_of(l))["samples"][0]["target"] == "weights");
  CHECK(relevance({"--target", "2-vs-0"}) == Numbers{10, 10});
  const Json sample = Json::parse(bytes_of(l))["samples"][0];
  CHECK(sample["target"] == "2-vs-0");
  CHECK(sample["output"] == 20);
  CHECK(sample["totals"]["enter"] == 20);
  CHECK_FALSE(sample.contains("label"));
  CHECK_THAT(explain({path, in, "--target", "2-vs-0"}), Contains("  ->           20  2-vs-0\n"));

  // One each: as many forms as inputs, and weights.
  const std::string three = write(folder / "three.npy", {3, 2}, {5, 2, 5, 2, 5, 2});
  explain({path, three, "--method", "gradient_times_input", "--precision", "double", "--relevance", r,
           "--target", "[0:2],2-vs-0,1"});
  CHECK(read(r) == Numbers{15, -2, 10, 10, 10, 0});
  explain({path, three, "--method", "gradient_times_input", "--precision", "double", "--relevance", r,
           "--weights", write(folder / "each.npy", {3, 3}, {1, 0, 0, 0, 1, 0, 2, 0, 1})});
  CHECK(read(r) == Numbers{5, -2, 10, 0, 25, 4});
}

TEST_CASE("every method explains a difference, and its books close", "[explain]") {
  const TemporaryFolder folder;
  const std::string l = (folder / "l.json").string();
  const std::string methods = explain({"--list-methods"});
  for (std::size_t at = methods.find('\n') + 1; at < methods.size(); at = methods.find('\n', at) + 1) {
    const std::string method = methods.substr(at, methods.find(' ', at) - at);
    INFO(method);
    if (ascribe::test::has_no_books(methods.substr(at, methods.find('\n', at) - at))) continue;
    const Outcome outcome = run(
        {model, digits, "--method", method, "--precision", "double", "--target", "3-vs-8", "--ledger", l});
    CHECK(outcome.exit_code == 0);
    ascribe::test::check_printed_books(outcome.out);
    const Json ledger = Json::parse(bytes_of(l));
    for (const Json& sample : ledger["samples"]) CHECK(sample["target"] == "3-vs-8");
  }
}

TEST_CASE("a region is one of the outputs' axes, by any of them", "[explain]") {
  const TemporaryFolder folder;
  const std::string path =
      folder
          .write("twice.onnx", ascribe::test::model_message(
                                   Message()
                                       .message(1, ascribe::test::node_message("Add", {"a", "a"}, {"y"}))
                                       .message(11, value("a", {0, 2, 3, 4}))
                                       .message(12, value("y", {0, 2, 3, 4})))
                                   .bytes)
          .string();
  Numbers a(24), expected(24, 0);
  for (std::size_t i = 0; i < 24; ++i) a[i] = double(i + 1);
  const std::string in = write(folder / "a.npy", {2, 3, 4}, a), r = (folder / "r.npy").string();
  explain({path, in, "--target", "[1,0:2,1:3]", "--method", "gradient", "--relevance", r});
  for (const std::size_t i : {13u, 14u, 17u, 18u}) expected[i] = 2;
  CHECK(read(r) == expected);
  const auto refused = [&](const std::string& target, const std::string& says) {
    const Outcome outcome = run({path, in, "--target", target});
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Contains(says));
    CHECK(count_of(outcome.err, "\n") == 1);
  };
  refused("[1,0:2,1:5]", "--target: expected a region of the outputs' axes (2, 3, 4), found [1,0:2,1:5]");
  refused("[1,0:2]", "found [1,0:2]");
  refused("[2,:,:]", "found [2,:,:]");
  refused("3-24", "expected targets in [0, 24), found 24 in 3-24");
  refused("3-vs-24", "found 24 in 3-vs-24");
}

TEST_CASE("what is explained is part of what a run goes on with", "[explain]") {
  const TemporaryFolder folder;
  const std::string w = write(folder / "w.npy", {10}, {1, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
                    v = write(folder / "v.npy", {10}, {1, 0, 0, 0, 0, 0, 0, 0, 0, 2}),
                    out = (folder / "out").string();
  const Arguments arguments{model, digits, "--output-folder", out, "--write", "relevance"};
  explain(arguments + Arguments{"--weights", w});
  const auto refused = [&](const Arguments& others, const std::string& says) {
    const Outcome outcome = run(arguments + others);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Contains(says));
    CHECK(count_of(outcome.err, "\n") == 1);
  };
  refused({}, "--weights");
  refused({"--weights", v}, "--weights");
  refused({"--target", "3-5"}, "found --target [\"3-5\"]");
  refused({"--weights", w, "--probability"}, "--probability");
  refused({"--weights", w, "--keep-branches"}, "--keep-branches");
  CHECK(explain(arguments + Arguments{"--weights", w}) == "4 inputs: 0 explained, 4 were done before\n");
}

TEST_CASE("an output is named by its number, too", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("small.onnx", small_model()).string(),
                    in = write(folder / "a.npy", {2}, {1, 3}), y = (folder / "y.npy").string();
  const auto values = [&](const Arguments& output) {
    explain(Arguments{path, in, "--output-values", y} + output);
    return read(y);
  };
  CHECK(values({}) == Numbers{-2, 2, 15});
  CHECK(values({"--output", "0"}) == Numbers{-2, 2, 15});
  CHECK(values({"--output", "1"}) == Numbers{0, 2, 15});
  CHECK(values({"--output", "z"}) == Numbers{0, 2, 15});
  const Outcome outcome = run({path, in, "--output", "2"});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, Contains("output '2': no node computes it, and it is no number below 2"));
}

TEST_CASE("a model whose first axis is time is read without a batch", "[explain]") {
  const TemporaryFolder folder;
  for (const std::int64_t time : {std::int64_t(3), std::int64_t(0)}) {
    INFO(time);
    const std::string path =
        folder
            .write(
                "time.onnx",
                ascribe::test::model_message(
                    Message()
                        .message(1, ascribe::test::node_message("ReduceMax", {"a", "axes"}, {"y"}, "largest"))
                        .message(5, ascribe::test::tensor_message("axes", 7, {1}).packed(7, {0}))
                        .message(11, value("a", {time, 2}))
                        .message(12, value("y", {1, 2})),
                    18)
                    .bytes)
            .string();
    const std::string one = write(folder / "one.npy", {3, 2}, {1, 2, 7, 4, 5, 6}),
                      two = write(folder / "two.npy", {2, 3, 2}, {1, 2, 7, 4, 5, 6, 6, 5, 4, 3, 2, 1}),
                      r = (folder / "r.npy").string();
    const Arguments how{"--no-batch", "--target", "1", "--relevance", r, "--precision", "double"};
    explain(Arguments{path, one} + how);
    CHECK(ascribe::io::read_npy<double>(r).shape == std::vector<std::size_t>{1, 3, 2});
    CHECK(read(r) == Numbers{0, 0, 0, 0, 0, 6});
    explain(Arguments{path, two} + how);
    CHECK(ascribe::io::read_npy<double>(r).shape == std::vector<std::size_t>{2, 3, 2});
    CHECK(read(r) == Numbers{0, 0, 0, 0, 0, 6, 0, 5, 0, 0, 0, 0});
    if (time == 0) continue;  // which is read for a batch of one, and three of them
    CHECK_THAT(run({path, one}).err, Contains("the batch's"));
    CHECK_THAT(explain({path, "--no-batch", "--describe"}), Contains("input: a (3, 2)\n"));
  }
}

TEST_CASE("several baselines are averaged, by each method that has one", "[explain]") {
  const TemporaryFolder folder;
  const auto all = ascribe::io::read_npy<double>(digits).values;
  std::filesystem::create_directory(folder / "bases");
  const auto sample = [&](std::size_t n) {
    return Numbers(all.begin() + 784 * long(n), all.begin() + 784 * long(n + 1));
  };
  const std::string in = write(folder / "in.npy", {1, 28, 28}, sample(3)),
                    a = write(folder / "bases/a.npy", {1, 28, 28}, sample(0)),
                    bc = write(folder / "bases/bc.npy", {2, 1, 28, 28},
                               [&] {
                                 Numbers both = sample(1);
                                 const Numbers second = sample(2);
                                 both.insert(both.end(), second.begin(), second.end());
                                 return both;
                               }()),
                    b = write(folder / "b.npy", {1, 28, 28}, sample(1)),
                    c = write(folder / "c.npy", {1, 28, 28}, sample(2)), r = (folder / "r.npy").string(),
                    l = (folder / "l.json").string();
  for (const char* method : {"deep_lift", "deep_lift_reveal_cancel", "integrated_gradients"}) {
    INFO(method);
    const auto relevance = [&](const Arguments& baselines) {
      const Outcome outcome = run(Arguments{model, in, "--target", "3", "--precision", "double", "--method",
                                            method, "--relevance", r, "--ledger", l} +
                                  baselines);
      CHECK(outcome.exit_code == 0);
      ascribe::test::check_printed_books(outcome.out);
      return std::pair(read(r), Json::parse(bytes_of(l))["samples"][0]);
    };
    Numbers mean(784, 0);
    double inputs = 0, first_node = 0;
    std::size_t nodes = 0;
    for (const std::string& file : {a, b, c}) {
      const auto [one, ledger] = relevance({"--baseline", file});
      for (std::size_t i = 0; i < 784; ++i) mean[i] += one[i] / 3;
      inputs += ledger["totals"]["input"].get<double>() / 3;
      nodes = ledger["nodes"].size();
      if (nodes > 0) first_node += ledger["nodes"][1]["leave"].get<double>() / 3;
    }
    const auto same = [&](const Arguments& baselines) {
      const auto [found, ledger] = relevance(baselines);
      double most = 0;
      for (std::size_t i = 0; i < 784; ++i) most = std::max(most, std::abs(found[i] - mean[i]));
      CHECK(most <= 1e-12);
      CHECK(ledger["totals"]["input"].get<double>() == Approx(inputs));
      CHECK(ledger["nodes"].size() == nodes);
      if (nodes > 0) CHECK(ledger["nodes"][1]["leave"].get<double>() == Approx(first_node));
      return found;
    };
    CHECK(same({"--baseline", a, "--baseline", bc}) == same({"--baseline", (folder / "bases").string()}));
    same({"--baseline", a, "--baseline", b, "--baseline", c});
    // All samples of one file, where that might be one each.
    CHECK(relevance({"--baseline", bc, "--average-baselines"}).first !=
          relevance({"--baseline", "zero", "--baseline", b}).first);
  }
  CHECK_THAT(explain({model, in, "--method", "deep_lift", "--baseline", "zero", "--baseline", b}),
             Contains("the mean over 2 baselines\n"));
  // One each with the same file, averaged with the flag.
  const std::string four = (folder / "four.npy").string();
  explain(
      {model, digits, "--target", "3", "--method", "deep_lift", "--relevance", four, "--baseline", digits});
  const Numbers each = read(four);
  CHECK(std::all_of(each.begin(), each.end(), [](double v) { return v == 0; }));
  explain({model, digits, "--target", "3", "--method", "deep_lift", "--relevance", four, "--baseline", digits,
           "--average-baselines"});
  const Numbers averaged = read(four);
  CHECK(std::any_of(averaged.begin(), averaged.end(), [](double v) { return v != 0; }));

  // Many inputs, threads and runs that go on.
  const std::string out = (folder / "out").string();
  const Arguments many{model, digits,    "--target", "3", "--method", "deep_lift", "--output-folder",
                       out,   "--write", "relevance"};
  explain(many + Arguments{"--threads", "3", "--baseline", digits, "--average-baselines"});
  CHECK(read(folder / "out/input.npy.relevance.npy") == averaged);
  for (const Arguments& others :
       {Arguments{"--baseline", digits}, Arguments{"--baseline", b, "--average-baselines"},
        Arguments{"--baseline", digits, "--baseline", digits}}) {
    const Outcome outcome = run(many + others);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Contains("baseline"));
  }
}

/// y0 of relu(conv(x)), two channels of 2 x 3 pixels from one: a and 2·a + 1, whose sum over pixels is y.
std::string image_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("Conv", {"x", "w", "b"}, {"c"}, "a/conv"))
                 .message(1, ascribe::test::node_message("Relu", {"c"}, {"r"}, "a/relu"))
                 .message(1, ascribe::test::node_message("Flatten", {"r"}, {"f"}, "flat"))
                 .message(1, ascribe::test::node_message("MatMul", {"f", "v"}, {"y"}, "sum"))
                 .message(5, ascribe::test::tensor_message("w", 1, {2, 1, 1, 1}).packed_floats(4, {1, 2}))
                 .message(5, ascribe::test::tensor_message("b", 1, {2}).packed_floats(4, {0, 1}))
                 .message(5, ascribe::test::tensor_message("v", 1, {12, 1})
                                 .packed_floats(4, {1, 1, 1, 1, 1, 1, 10, 10, 10, 10, 10, 10}))
                 .message(11, value("x", {0, 1, 2, 3}))
                 .message(12, value("y", {0, 1})))
      .bytes;
}

TEST_CASE("the relevance of inner values is written in the file's order", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("image.onnx", image_model()).string(),
                    in = write(folder / "x.npy", {1, 2, 3}, {1, -2, 3, 4, -5, 6}),
                    at = (folder / "at.npy").string(), again = (folder / "again.npy").string(),
                    r = (folder / "r.npy").string();
  const Arguments precise{"--method", "lrp_q", "--precision", "double"};
  explain(Arguments{path, in, "--at", "a/relu=" + at, "--at", "x=" + again, "--relevance", r} + precise);
  const auto found = ascribe::io::read_npy<double>(at);
  CHECK(found.shape == std::vector<std::size_t>{1, 2, 2, 3});
  // Channel by channel: a, and ten times 2·a + 1, where they are positive.
  CHECK(found.values == Numbers{1, 0, 3, 4, 0, 6, 30, 0, 70, 90, 0, 130});
  CHECK(bytes_of(again) == bytes_of(r));
  // Gradients are gradients inside, too.
  explain({path, in, "--at", "a/relu=" + at, "--method", "gradient", "--precision", "double"});
  CHECK(read(at) == Numbers{1, 1, 1, 1, 1, 1, 10, 10, 10, 10, 10, 10});

  // With every method of rules, and the ledger beside it, the node's relevances are what its books say.
  const std::string methods = explain({"--list-methods"}), l = (folder / "l.json").string();
  for (const char* method : {"lrp", "lrp_q", "deep_lift", "epsilon_plus", "attn_lrp"}) {
    INFO(method);
    explain({model, digits, "--method", method, "--at", "/3/Conv=" + at, "--ledger", l, "--precision",
             "double", "--threads", "2"});
    const auto inner = ascribe::io::read_npy<double>(at);
    CHECK(inner.shape == std::vector<std::size_t>{4, 32, 14, 14});
    const Json ledger = Json::parse(bytes_of(l));
    for (std::size_t n = 0; n < 4; ++n) {
      double sum = 0;
      for (std::size_t i = 0; i < inner.values.size() / 4; ++i)
        sum += inner.values[n * inner.values.size() / 4 + i];
      for (const Json& node : ledger["samples"][n]["nodes"])
        if (node["node"] == "/3/Conv") CHECK(sum == Approx(node["enter"].get<double>()).epsilon(1e-9));
    }
  }
  // Averages over baselines, folders, and runs that go on.
  const std::string out = (folder / "out").string();
  const Arguments many{model,     digits,   "--output-folder", out,    "--method",   "deep_lift",
                       "--write", "ledger", "--baseline",      "zero", "--baseline", digits};
  explain(many + Arguments{"--at", "/3/Conv", "--at", "/1/Relu"});
  CHECK(ascribe::io::read_npy<double>(folder / "out/input.npy.at._1_Relu.npy").shape ==
        std::vector<std::size_t>{4, 16, 28, 28});
  CHECK(ascribe::io::read_npy<double>(folder / "out/input.npy.at._3_Conv.npy").shape ==
        std::vector<std::size_t>{4, 32, 14, 14});
  CHECK_THAT(run(many + Arguments{"--at", "/3/Conv"}).err, Contains("--at"));
  CHECK(explain(many + Arguments{"--at", "/3/Conv", "--at", "/1/Relu"}) ==
        "4 inputs: 0 explained, 4 were done before\n");
  // One that cannot be explained is NaN there, too, and --resume keeps the others.
  const std::string bad = write(folder / "bad.npy", {2, 1, 2, 3}, {1, 2, 3, 4, 5, 6, 1, 2, NAN, 4, 5, 6});
  CHECK(run({path, bad, "--keep-going", "--at", "a/conv=" + at}).exit_code == 1);
  const Numbers half = read(at);
  CHECK(half.size() == 24);
  for (std::size_t i = 0; i < 24; ++i) CHECK(std::isnan(half[i]) == (i >= 12));
  CHECK(run({path, bad, "--resume", "--at", "a/conv=" + again}).exit_code == 1);
  CHECK(std::filesystem::exists(folder / "again.npy.partial"));
}

TEST_CASE("multipliers are what relevance is over the input, by every method that has them", "[explain]") {
  const TemporaryFolder folder;
  const std::string r = (folder / "r.npy").string(), plain = (folder / "plain.npy").string(),
                    m = (folder / "m.npy").string(), base = of_repository("tests/golden/baseline_mean.npy");
  const Numbers x = read(digits), b = read(base);
  const std::string methods = explain({"--list-methods"});
  std::size_t having = 0;
  for (std::size_t at = methods.find('\n') + 1; at < methods.size(); at = methods.find('\n', at) + 1) {
    const std::string line = methods.substr(at, methods.find('\n', at) - at),
                      method = line.substr(0, line.find(' '));
    INFO(method);
    Arguments arguments{model, digits, "--method", method, "--precision", "double", "--target", "3"};
    if (ascribe::test::has_no_books(line)) arguments = arguments + ascribe::test::parts_for(line);
    if (line.find("--multipliers") == std::string::npos) {
      const Outcome outcome = run(arguments + Arguments{"--multipliers", m});
      CHECK(outcome.exit_code == 2);
      CHECK_THAT(outcome.err, Contains("--multipliers: " + method + " has none"));
      continue;
    }
    ++having;
    const bool against = line.find("--baseline") != std::string::npos;
    if (against) arguments = arguments + Arguments{"--baseline", base};
    explain(arguments + Arguments{"--relevance", plain});
    explain(arguments + Arguments{"--relevance", r, "--multipliers", m});
    CHECK(bytes_of(r) == bytes_of(plain));
    const Numbers relevance = read(r), multipliers = read(m);
    const bool times = method != "gradient" && method != "deconvnet" && method != "guided_backprop";
    bool any = false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double change = !times ? 1 : against ? x[i] - b[i % 784] : x[i];
      if (relevance[i] != Approx(multipliers[i] * change).margin(1e-13)) any = true;
    }
    CHECK_FALSE(any);
  }
  CHECK(having == 9);
  // Q at pixels that are 0, where relevance says nothing: the gradient.
  explain({model, digits, "--method", "gradient_times_input", "--target", "3", "--precision", "double",
           "--multipliers", m});
  explain(
      {model, digits, "--method", "gradient", "--target", "3", "--precision", "double", "--relevance", r});
  CHECK(bytes_of(m) == bytes_of(r));
  // In a folder, and of an average the mean.
  const std::string out = (folder / "out").string();
  explain({model, digits, "--method", "deep_lift", "--target", "3", "--output-folder", out, "--write",
           "relevance,multipliers", "--precision", "double", "--baseline", base, "--baseline", "zero"});
  Numbers mean(x.size(), 0);
  for (const std::string& one : {base, std::string("zero")}) {
    explain({model, digits, "--method", "deep_lift", "--target", "3", "--precision", "double", "--baseline",
             one, "--multipliers", m});
    const Numbers found = read(m);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += found[i] / 2;
  }
  const Numbers found = read(folder / "out/input.npy.multipliers.npy");
  bool same = true;
  for (std::size_t i = 0; i < mean.size(); ++i) same = same && std::abs(found[i] - mean[i]) <= 1e-13;
  CHECK(same);
}

TEST_CASE("occlusion, Grad-CAM and Score-CAM are had by name, and have no books", "[explain]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("image.onnx", image_model()).string(),
                    in = write(folder / "x.npy", {1, 2, 3}, {1, -2, 3, 4, -5, 6}),
                    r = (folder / "r.npy").string(), l = (folder / "l.json").string();
  const auto relevance = [&](const Arguments& how) {
    const std::string printed =
        explain(Arguments{path, in, "--precision", "double", "--relevance", r, "--ledger", l} + how);
    CHECK_THAT(printed, Contains("has no books, since it conserves nothing: its relevances add up to "));
    CHECK(count_of(printed, "left open") == 0);
    const Json sample = Json::parse(bytes_of(l))["samples"][0];
    CHECK(sample["books"] == "not applicable");
    CHECK_FALSE(sample.contains("totals"));
    double sum = 0;
    for (const double v : read(r)) sum += v;
    CHECK(sample["sum of relevances"].get<double>() == Approx(sum).margin(1e-12));
    return read(r);
  };
  const Arguments occlusion{"--method", "occlusion"};
  // A pixel a adds a⁺ + 10·(2·a + 1)⁺, and 10 where it is 0.
  CHECK(relevance(occlusion + Arguments{"--patch", "1"}) == Numbers{21, -10, 63, 84, -10, 126});
  // Pairs in a row, the last one cut; then overlapping ones, averaged.
  CHECK(relevance(occlusion + Arguments{"--patch", "1,2"}) == Numbers{11, 11, 63, 74, 74, 126});
  CHECK(relevance(occlusion + Arguments{"--patch", "1,2", "--stride", "1"}) ==
        Numbers{11, (11 + 53) / 2.0, 53, 74, (74 + 116) / 2.0, 116});
  CHECK(relevance(occlusion + Arguments{"--patch", "2,3"}) == Numbers(6, 274));
  // Against another baseline, and the mean over both.
  const std::string base = write(folder / "base.npy", {1, 2, 3}, Numbers(6, 1));
  CHECK(relevance(occlusion + Arguments{"--patch", "1", "--baseline", base}) ==
        Numbers{0, -31, 42, 63, -31, 105});
  CHECK(relevance(occlusion + Arguments{"--patch", "1", "--baseline", base, "--baseline", "zero"}) ==
        Numbers{10.5, -20.5, 52.5, 73.5, -20.5, 115.5});
  // Segments by pixel, by value, and by the colours of a picture.
  const Numbers expected{84, 190, 84, 190, 190, 190};
  for (const std::vector<std::size_t>& shape : {std::vector<std::size_t>{2, 3}, {1, 2, 3}, {1, 1, 2, 3}}) {
    const std::string labels = write(folder / "labels.npy", shape, {7, -2, 7, -2, -2, -2});
    CHECK(relevance(occlusion + Arguments{"--segments", labels}) == expected);
  }
  ascribe::Picture picture{3, 2, std::vector<unsigned char>(18, 9)};
  picture.rgb[1] = picture.rgb[7] = 200;
  examples::write_png(folder / "labels.png", picture);
  CHECK(relevance(occlusion + Arguments{"--segments", (folder / "labels.png").string()}) == expected);
  // One each, in a folder, by several threads.
  const std::string two = write(folder / "two.npy", {2, 1, 2, 3}, {1, -2, 3, 4, -5, 6, 1, -2, 3, 4, -5, 6}),
                    each = write(folder / "each.npy", {2, 2, 3}, {7, -2, 7, -2, -2, -2, 1, 2, 3, 4, 5, 6}),
                    out = (folder / "out").string();
  const Arguments many{path,
                       two,
                       "--method",
                       "occlusion",
                       "--output-folder",
                       out,
                       "--write",
                       "relevance,ledger,heatmap",
                       "--precision",
                       "double"};
  explain(many + Arguments{"--segments", each, "--threads", "2"});
  Numbers both = expected;
  for (const double v : {21, -10, 63, 84, -10, 126}) both.push_back(v);
  CHECK(read(folder / "out/two.npy.relevance.npy") == both);
  CHECK(std::filesystem::exists(folder / "out/two.npy.1.heatmap.png"));
  CHECK_THAT(run(many + Arguments{"--patch", "1"}).err, Contains("expected the run that was begun there"));

  // Every pixel's slopes are 1 and 10: a⁺ + 10·(2·a + 1)⁺ again, at the layer's size, which is the input's.
  CHECK(relevance({"--method", "grad_cam", "--layer", "a/relu"}) == Numbers{31, 0, 73, 94, 0, 136});
  const Numbers scores = relevance({"--method", "score_cam", "--layer", "a/relu"});
  // Channel by channel, by plain loops: what is explained of the input times the channel over its largest
  // value.
  const Numbers x{1, -2, 3, 4, -5, 6}, first{1, 0, 3, 4, 0, 6}, second{3, 0, 7, 9, 0, 13};
  const auto masked = [&](const Numbers& channel) {
    double y = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      const double a = x[i] * channel[i] / channel[5];
      y += std::max(0.0, a) + 10 * std::max(0.0, 2 * a + 1);
    }
    return y;
  };
  const double share = 1 / (1 + std::exp(masked(first) - masked(second)));
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(scores[i] == Approx((1 - share) * first[i] + share * second[i]).margin(1e-12));
  // Without a name, behind the last convolution.
  explain({model, digits, "--method", "grad_cam", "--layer", "/4/Relu", "--relevance", r});
  const std::string named = bytes_of(r);
  CHECK_THAT(explain({model, digits, "--method", "grad_cam", "--relevance", r}),
             Contains("  the map is of '/4/Relu'; --layer takes another node\n"));
  CHECK(bytes_of(r) == named);
  CHECK_THAT(run({of_repository("examples/data/mnist_mlp.onnx"), digits, "--method", "grad_cam"}).err,
             Contains("--layer: expected the name of a node with channels"));
  // On the network of digits, at half of the input's size, for a difference, by any number of threads.
  for (const char* method : {"grad_cam", "score_cam"}) {
    explain({model, digits, "--method", method, "--layer", "/4/Relu", "--target", "3-vs-8", "--relevance", r,
             "--heatmap", (folder / "h.png").string(), "--threads", "1"});
    const std::string one = bytes_of(r);
    explain({model, digits, "--method", method, "--layer", "/4/Relu", "--target", "3-vs-8", "--relevance", r,
             "--threads", "3"});
    CHECK(bytes_of(r) == one);
    const Numbers map = read(r);
    CHECK(*std::min_element(map.begin(), map.end()) >= 0);
    CHECK(*std::max_element(map.begin(), map.end()) > 0);
  }
  CHECK_THAT(explain({model, "--describe", "--method", "occlusion"}),
             Contains("parameters; no rules, for occlusion"));
}

TEST_CASE("a file that does not load is described all the same", "[explain]") {
  const TemporaryFolder folder;
  const std::string path =
      folder
          .write("odd.onnx",
                 ascribe::test::model_message(
                     Message()
                         .message(1, ascribe::test::node_message("Relu", {"a"}, {"r"}, "first"))
                         .message(1, ascribe::test::node_message("Strange", {"r"}, {"s"}, "second"))
                         .message(1, ascribe::test::node_message("Abs", {"s"}, {"t"}, "third"))
                         .message(1, ascribe::test::node_message("Add", {"t", "r"}, {"y"}, "fourth"))
                         .message(11, value("a", {0, 2}))
                         .message(12, value("y", {0, 2})))
                     .bytes)
          .string();
  const Outcome outcome = run({path, "--describe"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out ==
        "node    operator  is\n"
        "first   Relu      read\n"
        "second  Strange   not read: the operator is not supported\n"
        "third   Abs       not tried, behind second\n"
        "fourth  Add       not tried, behind second\n");
  CHECK(outcome.err ==
        "explain: " + path +
            ": 1 of 4 nodes cannot be read, and 2 behind them have not been tried; --output may name a "
            "value before them\n");
  CHECK_THAT(explain({path, "--describe", "--output", "r"}), Contains("first"));
  // Explaining says what it said.
  CHECK_THAT(run({path, write(folder / "a.npy", {2}, {1, 2})}).err,
             Contains("Strange (1 node: node 'second'"));
}

TEST_CASE("mistakes about what is explained", "[explain]") {
  const TemporaryFolder folder;
  const std::string w = write(folder / "w.npy", {10}, Numbers(10, 0)),
                    wrong = write(folder / "wrong.npy", {3}, Numbers(3, 1)),
                    nan = write(folder / "nan.npy", {10}, Numbers(10, NAN)),
                    two = write(folder / "two.npy", {2, 10}, Numbers(20, 1));
  std::filesystem::create_directory(folder / "empty");
  struct Mistake {
    int exit_code;
    std::string says;
    Arguments arguments;
  };
  const std::vector<Mistake> mistakes{
      {2, "--weights: says what is explained", {"--weights", w, "--target", "3"}},
      {2, "--weights: expected a .npy file", {"--weights", "w.png"}},
      {1, "expected a weight that is not 0", {"--weights", w}},
      {1, "expected finite weights, found nan for output 0", {"--weights", nan}},
      {1, "expected shape (N, 10) or (10), found (3)", {"--weights", wrong}},
      {1, "expected 1 sample, or one for each of 4 inputs, found 2", {"--weights", two}},
      {2, "lrp_q is not against a baseline", {"--average-baselines"}},
      {2, "--average-baselines: needs a --baseline", {"--method", "deep_lift", "--average-baselines"}},
      {1, "found none in it", {"--method", "deep_lift", "--baseline", folder.path().string() + "/empty"}},
      {1,
       "--at: expected a node's name, as --describe prints it, found 'nowhere'",
       {"--at", "nowhere=" + folder.path().string() + "/n.npy"}},
      {2, "--at: expected NODE=FILE.npy", {"--at", "/3/Conv"}},
      {2,
       "--at: expected NODE alone",
       {"--at", "/3/Conv=r.npy", "--output-folder", folder.path().string() + "/out"}},
      {2,
       "smoothgrad knows no relevance of inner values",
       {"--method", "smoothgrad", "--at", "/3/Conv=r.npy"}},
      {2, "--write: lrp has none", {"--method", "lrp", "--output-folder", "out", "--write", "multipliers"}},
      {2, "another output goes to", {"--at", "/3/Conv=r.npy", "--relevance", "r.npy"}},
      {2, "--patch: lrp_q has no use for it", {"--patch", "3"}},
      {2, "--layer: lrp_q has no use for it", {"--layer", "/4/Relu"}},
      {2, "--patch: occlusion needs it or --segments", {"--method", "occlusion"}},
      {2, "one of them alone", {"--method", "occlusion", "--patch", "3", "--segments", w}},
      {2, "--stride: needs a --patch", {"--method", "occlusion", "--segments", w, "--stride", "2"}},
      {2, "--patch: expected a size above 0", {"--method", "occlusion", "--patch", "0"}},
      {2, "--patch: expected a size above 0", {"--method", "occlusion", "--patch", "1,2,3"}},
      {1, "--patch: Patches: expected a patch of 1 to 28 pixels", {"--method", "occlusion", "--patch", "29"}},
      {1,
       "--at: expected a node's name, as --describe prints it, found 'nowhere'",
       {"--at", "nowhere=r.npy"}},
      {1,
       "a stride of 1 to the patch's size, found 3 and 4",
       {"--method", "occlusion", "--patch", "3", "--stride", "4"}},
      {1, "expected shape (N, 28, 28) or (28, 28), found (10)", {"--method", "occlusion", "--segments", w}},
      {1,
       "--layer: expected a node's name, as explain --describe prints it, found 'nowhere'",
       {"--method", "score_cam", "--layer", "nowhere"}},
      {1,
       "--layer '/7/Gemm': expected channels of a height and width, found shape (128)",
       {"--method", "grad_cam", "--layer", "/7/Gemm"}},
      {2,
       "--warn-above: occlusion has no books",
       {"--method", "occlusion", "--patch", "3", "--warn-above", "9"}},
      {2,
       "occlusion knows no relevance of inner values",
       {"--method", "occlusion", "--patch", "3", "--at", "a=r.npy"}},
      {2, "--target: expected numbers counted from 0", {"--target", "5-3"}},
      {2, "found '3-vs-3'", {"--target", "3-vs-3"}},
      {2, "found '3-vs-'", {"--target", "3-vs-"}},
      {2, "found '[5:3]'", {"--target", "[5:3]"}},
      {2, "found '[]'", {"--target", "[]"}},
      {2, "found '[1'", {"--target", "[1"}},
      {2, "found '[1,x]'", {"--target", "[1,x]"}},
      {2, "found 'top'", {"--target", "top,3"}},
  };
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.says);
    const Outcome outcome = run(Arguments{model, digits} + mistake.arguments);
    CHECK(outcome.exit_code == mistake.exit_code);
    CHECK_THAT(outcome.err, Contains(mistake.says));
    CHECK(outcome.out.empty());
  }
}

}  // namespace
