#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "examples/support/idx.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

// The program as its users run it. Nothing of its source is in here.
namespace {

using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::Message;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::port_message;
using ascribe::test::run_program;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;
using Json = nlohmann::json;

Outcome run(const Arguments& arguments, const std::string& before = "") {
  return run_program(ASCRIBE_JUDGE_PROGRAM, arguments, before);
}

std::string judged(const Arguments& arguments) {
  return ascribe::test::printed_by(ASCRIBE_JUDGE_PROGRAM, arguments);
}
void check_refused(const Arguments& arguments, const std::string& part, int exit_code = 1) {
  ascribe::test::check_refused_by(ASCRIBE_JUDGE_PROGRAM, arguments, part, exit_code);
}

/// Four features to two classes, whose weights are (1, 2, -3, 0.5) and (-1, 0, 1, 0).
std::string linear_model() {
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("MatMul", {"a", "w"}, {"b"}, "product"))
                 .message(5, ascribe::test::tensor_message("w", 1, {4, 2})
                                 .packed_floats(4, {1, -1, 2, 0, -3, 1, 0.5f, 0}))
                 .message(11, port_message("a", {4}))
                 .message(12, port_message("b", {2})))
      .bytes;
}

/// The number in a JSON file's line of a method.
const Json& line_of(const Json& json, const std::string& method) {
  for (const Json& line : json.at("methods"))
    if (line.at("method") == method) return line;
  FAIL("no method " + method);
  return json;
}

/// Without what the clock says, and where files lie.
Json timeless(const std::filesystem::path& path) {
  Json json = Json::parse(bytes_of(path));
  for (Json& line : json.at("methods")) line.erase("ms");
  return json;
}

const std::string model = of_repository("examples/data/mnist_cnn.onnx"),
                  images = of_repository("examples/data/digits/test-images.idx3-ubyte.gz"),
                  labels = of_repository("examples/data/digits/test-labels.idx1-ubyte");

// By hand: features of 1, whose contributions to class 0 are the weights (1, 2, -3, 0.5). Most first the
// scores are 0.5, -1.5, -2.5, -3, 0, least first 0.5, 3.5, 3, 2, 0.
TEST_CASE("judge: a linear network's curves are those by hand", "[judge]") {
  const TemporaryFolder folder;
  const auto net = folder.write("linear.onnx", linear_model());
  ascribe::io::write_npy(folder / "x.npy", {2, 4}, std::vector<float>(8, 1.0f));
  folder.write("labels.csv", "0\n0\n");
  const Arguments basic{net.string(), (folder / "x.npy").string(),
                        "--labels",   (folder / "labels.csv").string(),
                        "--methods",  "gradient_times_input,occlusion"};
  const std::string printed =
      judged(basic + Arguments{"--erase", "0-vs-1", "--json", (folder / "out.json").string(), "--csv",
                               (folder / "out.csv").string()});
  CHECK(count_of(printed, "2 inputs; 4 steps of 1, of 4 regions of 1 x 1, replaced by 0") == 1);
  CHECK(count_of(printed, "of the label, which the network says of 2") == 1);
  const Json json = Json::parse(bytes_of(folder / "out.json"));
  for (const std::string method : {"gradient_times_input", "occlusion"}) {
    const Json& line = line_of(json, method);
    CHECK(line.at("most_first").at("mean") == Json({0.5, -1.5, -2.5, -3.0, 0.0}));
    CHECK(line.at("least_first").at("mean") == Json({0.5, 3.5, 3.0, 2.0, 0.0}));
    CHECK(std::abs(line.at("AOPC").at("mean").get<double>() - 1.8) < 1e-6);
    CHECK(std::abs(line.at("area").at("mean").get<double>() - 3.1) < 1e-6);
    // The two inputs are the same.
    CHECK(line.at("AOPC").at("low") == line.at("AOPC").at("high"));
    // One of four features is a fifth, to the nearest: the first, of those that speak for 0 over 1 by 2.
    CHECK(line.at("erasing").at("mean") == 2.0);
    CHECK(line.at("pairs").at("0-vs-1").at("mean") == 2.0);
    // Sizes of 0.5, 1, 2, 3: (-3·0.5 - 1 + 2 + 3·3)/4/6.5.
    CHECK(std::abs(line.at("gini").get<double>() - 8.5 / 26) < 1e-6);
    // The one layer is random, and the features are 1: another direction.
    CHECK(std::abs(line.at("sanity").get<double>()) < 1);
    CHECK(line.at("sanity_abs").get<double>() > 0);
    CHECK(line.contains("biases") == (method != "occlusion"));
  }
  CHECK(line_of(json, "gradient_times_input").at("biases") == 0.0);
  CHECK(line_of(json, "gradient_times_input").at("dropped") == 0.0);
  const std::string csv = bytes_of(folder / "out.csv");
  CHECK(
      csv.starts_with("method,AOPC,AOPC_low,AOPC_high,area,area_low,area_high,erasing,erasing_low,"
                      "erasing_high,sanity,sanity_abs,gini,biases,stabiliser,dropped,ms\n"));
  CHECK(count_of(csv, "\n(random order),") == 1);
  CHECK(count_of(csv, "\n") == 4);

  // The softmax of two logits, and another replacement: 1, which is what there is.
  judged(basic + Arguments{"--score", "softmax", "--replace", "1", "--orders", "most", "--json",
                           (folder / "soft.json").string()});
  const Json soft = Json::parse(bytes_of(folder / "soft.json"));
  const Json& line = line_of(soft, "occlusion");
  CHECK(line.at("AOPC").at("mean") == 0.0);
  CHECK(std::abs(line.at("most_first").at("mean")[0].get<double>() - 1 / (1 + std::exp(-0.5))) < 1e-6);
  CHECK(!line.contains("area"));
  CHECK(soft.at("methods").size() == 2);
}

// Regions of three and of one, whose features give 1 + 2 - 3 and 0.5: occlusion of a linear network is its
// gradient x input.
TEST_CASE("judge: occlusion is ranked by what a region takes, however large it is", "[judge]") {
  const TemporaryFolder folder;
  const auto net = folder.write("linear.onnx", linear_model());
  ascribe::io::write_npy(folder / "x.npy", {1, 4},
                         std::vector<float>{1, 2, 1, 6});  // 1 + 4 - 3 = 2 against 3
  folder.write("labels.csv", "0\n");
  judged({net.string(), (folder / "x.npy").string(), "--labels", (folder / "labels.csv").string(),
          "--methods", "gradient_times_input,occlusion", "--region", "3", "--sanity", "0", "--json",
          (folder / "out.json").string()});
  const Json json = Json::parse(bytes_of(folder / "out.json"));
  for (const std::string method : {"gradient_times_input", "occlusion"})
    CHECK(line_of(json, method).at("most_first").at("mean") == Json({5.0, 2.0, 0.0}));
}

// Two steps of two features of 1, which give 1 + 2 and -3 + 0.5 to class 0.
TEST_CASE("judge: a time step or a token is a region of one row", "[judge]") {
  const TemporaryFolder folder;
  const auto net = folder.write(
      "steps.onnx", ascribe::test::model_message(
                        Message()
                            .message(1, ascribe::test::node_message("Flatten", {"a"}, {"flat"}))
                            .message(1, ascribe::test::node_message("MatMul", {"flat", "w"}, {"b"}))
                            .message(5, ascribe::test::tensor_message("w", 1, {4, 2})
                                            .packed_floats(4, {1, -1, 2, 0, -3, 1, 0.5f, 0}))
                            .message(11, port_message("a", {2, 2}))
                            .message(12, port_message("b", {2})))
                        .bytes);
  ascribe::io::write_npy(folder / "x.npy", {1, 2, 2}, std::vector<float>(4, 1.0f));
  folder.write("labels.csv", "0\n");
  const std::string printed = judged({net.string(), (folder / "x.npy").string(), "--labels",
                                      (folder / "labels.csv").string(), "--methods", "lrp_q", "--region",
                                      "1,2", "--sanity", "0", "--json", (folder / "out.json").string()});
  CHECK(count_of(printed, "2 steps of 1, of 2 regions of 1 x 2, replaced by black") == 1);
  const Json json = Json::parse(bytes_of(folder / "out.json"));
  const Json& line = line_of(json, "lrp_q");
  CHECK(line.at("most_first").at("mean") == Json({0.5, -2.5, 0.0}));
  CHECK(line.at("least_first").at("mean") == Json({0.5, 3.0, 0.0}));
}

TEST_CASE("judge: labels are files of several kinds, or folders", "[judge]") {
  const TemporaryFolder folder;
  const auto net = folder.write("linear.onnx", linear_model());
  const std::string in = (folder / "in").string();
  const std::array<float, 4> first{1, 2, 3, 4}, second{-1, 1, 0, 2};
  for (const char* name : {"in", "in/cat", "in/dog"}) std::filesystem::create_directory(folder / name);
  ascribe::io::write_npy(folder / "in/cat/a.npy", {4}, std::span<const float>(first));
  ascribe::io::write_npy(folder / "in/dog/b.npy", {4}, std::span<const float>(second));
  folder.write("names.txt", "dog\ncat\n");  // so that a is of class 1, b of class 0
  ascribe::io::write_npy(folder / "labels.npy", {2}, std::vector<double>{1, 0});
  folder.write("rows.txt", "1\n0\n");
  folder.write("named.csv", "b.npy,dog\na.npy,cat\n");
  std::vector<Json> found;
  for (const Arguments& said : std::vector<Arguments>{{"folders", "names.txt"},
                                                      {(folder / "labels.npy").string(), ""},
                                                      {(folder / "rows.txt").string(), ""},
                                                      {(folder / "named.csv").string(), "names.txt"}}) {
    Arguments arguments{net.string(), in,      "--methods", "lrp_q",
                        "--labels",   said[0], "--json",    (folder / "out.json").string()};
    if (!said[1].empty()) arguments = arguments + Arguments{"--names", (folder / said[1]).string()};
    judged(arguments);
    Json json = timeless(folder / "out.json");
    json.erase("settings");
    found.push_back(std::move(json));
  }
  for (const Json& json : found) CHECK(json == found[0]);
  // Class 1 of a is -1·1 + 3 = 2, class 0 of b -1 + 2 + 1 = 2.
  CHECK(line_of(found[0], "lrp_q").at("most_first").at("mean")[0] == 2.0);

  const auto refused = [&](const std::string& given, const std::string& part) {
    check_refused({net.string(), in, "--labels", given, "--methods", "lrp_q"}, part);
  };
  refused("folders", "expected a class, a number; names need --names, found 'cat'");
  refused(folder.write("three.txt", "1\n0\n1\n").string(), "a label for each of 2 inputs, found 3");
  refused(folder.write("high.txt", "1\n2\n").string(), "line 2: expected a class in [0, 2), found 2");
  refused(folder.write("part.csv", "a.npy,1\n").string(), "expected a label of '" + in + "/dog/b.npy'");
  refused(folder.write("twice.csv", "a.npy,1\na.npy,0\n").string(), "a second label of 'a.npy'");
  refused((folder / "none.txt").string(), "expected a file of labels");
  ascribe::io::write_npy(folder / "half.npy", {2}, std::vector<double>{1, 0.5});
  refused((folder / "half.npy").string(), "whole numbers as labels, found 0.5");
  ascribe::io::write_npy(folder / "table.npy", {2, 2}, std::vector<double>(4));
  refused((folder / "table.npy").string(), "labels of shape (2), found 2 axes");
}

TEST_CASE("judge: digits are judged alike by any number of threads, and after being killed", "[judge]") {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& name) {
    return Arguments{model,       images,
                     "--labels",  labels,
                     "--samples", "6",
                     "--methods", "gradient,lrp_q,deep_lift",
                     "--erase",   "digits",
                     "--replace", "noise",
                     "--json",    (folder / name).string()};
  };
  judged(arguments("one.json") + Arguments{"--threads", "1"});
  judged(arguments("three.json") + Arguments{"--threads", "3"});
  const Json whole = timeless(folder / "one.json");
  CHECK(whole == timeless(folder / "three.json"));
  CHECK(line_of(whole, "lrp_q").at("most_first").at("mean").size() == 26);  // 49 blocks, two a step
  CHECK(whole.at("inputs") == 6);

  // A file beyond that length kills the program.
  const Arguments kept = arguments("killed.json") + Arguments{"--resume", (folder / "state").string()};
  const Outcome killed = run(kept, "ulimit -c 0; ulimit -f 24; ");
  CHECK(killed.exit_code > 128);
  CHECK(!std::filesystem::exists(folder / "killed.json"));
  const std::string state = bytes_of(folder / "state");
  CHECK(count_of(state, "\n") >= 2);
  CHECK(count_of(state, "\n") < 7);
  judged(kept);
  CHECK(timeless(folder / "killed.json") == whole);
  CHECK(bytes_of(folder / "state").starts_with(state.substr(0, state.rfind('\n') + 1)));
  // All is done: it is only printed again, the clock's numbers too.
  const std::string again = judged(kept);
  CHECK(again == judged(kept));
  check_refused(kept + Arguments{"--seed", "2"},
                "expected the run that was begun there, seed 1, found seed 2");
}

TEST_CASE("judge: all methods, and what replaces", "[judge]") {
  const TemporaryFolder folder;
  const Arguments two{model, images, "--samples", "2"};
  const std::string all =
      judged(two + Arguments{"--region", "14", "--sanity", "0", "--page", (folder / "page.html").string()});
  CHECK(count_of(all, "sanity") == 0);
  const std::string page = bytes_of(folder / "page.html");
  CHECK(count_of(page, "Which method is right about this network?") == 1);
  CHECK(count_of(page, "excitation_backprop") >= 3);  // the table, and two plots
  CHECK(count_of(all, "\n") == 3 + 1 + 23 + 1);       // 23 methods and the random order
  CHECK(count_of(all, "4 steps of 1, of 4 regions of 14 x 14, replaced by black") == 1);
  CHECK(count_of(all, "the network's own answer") == 1);
  const Arguments one = two + Arguments{"--methods", "lrp_q"};
  CHECK(count_of(judged(one + Arguments{"--preset", "digits_blocks"}),
                 "49 steps of 1, of 49 regions of 4 x 4, replaced by uniform noise in [0, 1)") == 1);
  CHECK(count_of(judged(one + Arguments{"--replace", "blur"}), "a blur of 1.75 pixels") == 1);
  CHECK(count_of(judged(one + Arguments{"--replace", "mean", "--baseline", "mean"}), "the inputs' mean") ==
        1);
  CHECK(count_of(judged(one + Arguments{"--region", "7,14", "--steps", "3"}), "3 steps of 1, of 8 regions") ==
        1);
}

/// The data that a page has.
Json data_of(const std::filesystem::path& path) {
  const std::string html = bytes_of(path), begin = "id=\"data\">";
  const std::size_t from = html.find(begin) + begin.size();
  return Json::parse(html.substr(from, html.find("</script>", from) - from));
}

// What the page shows is what was judged: `explain` says the same of the same inputs.
TEST_CASE("judge: the page shows inputs by all methods", "[judge][page]") {
  const TemporaryFolder folder;
  const std::string page = (folder / "page.html").string();
  const Arguments judging{model,       images,
                          "--labels",  labels,
                          "--samples", "20",
                          "--sanity",  "0",
                          "--region",  "14",
                          "--orders",  "most",
                          "--methods", "lrp_q,occlusion,grad_cam,score_cam,smoothgrad"};
  judged(judging + Arguments{"--page", page});
  const Json data = data_of(page);
  REQUIRE(data["inputs"].size() == 6);
  CHECK(data["methods"].size() == 5);
  CHECK(bytes_of(page).size() < 500'000);
  std::vector<std::string> classes;
  for (const Json& input : data["inputs"]) {
    REQUIRE(input["outputs"].size() == 1);
    classes.push_back(input["outputs"][0]["name"]);
    CHECK(input["outputs"][0]["views"].size() == 5);
    CHECK(input["width"] == 28);
    CHECK(input.contains("picture"));
    CHECK(count_of(input["name"].get<std::string>(), folder.path().string()) == 0);
  }
  std::sort(classes.begin(), classes.end());
  CHECK(std::adjacent_find(classes.begin(), classes.end()) == classes.end());  // each of another class
  // The methods stand in the table's order.
  CHECK(data["tables"][0]["rows"].size() == 5);
  for (std::size_t m = 0; m < 5; ++m) CHECK(data["tables"][0]["rows"][m][0] == data["methods"][m]["name"]);

  const Json& input = data["inputs"][3];
  const std::string name = input["name"],
                    number = name.substr(name.find('[') + 1, name.find(']') - name.find('[') - 1);
  const auto all = examples::read_images(images);
  std::vector<float> pixels;
  for (const unsigned char byte : all[std::size_t(std::stoi(number))]) pixels.push_back(float(byte) / 255);
  ascribe::io::write_npy(folder / "one.npy", {1, 28, 28}, std::span<const float>(pixels));
  for (std::size_t m = 0; m < 5; ++m) {
    const std::string method = data["methods"][m]["name"];
    INFO(method);
    Arguments arguments{
        model,      (folder / "one.npy").string(), "--method",    method,
        "--target", input["outputs"][0]["name"],   "--relevance", (folder / "r.npy").string()};
    if (method == "occlusion") arguments = arguments + Arguments{"--patch", "14"};
    ascribe::test::explain(arguments);
    double most = 0;
    for (const double value : ascribe::io::read_npy<double>(folder / "r.npy").values)
      most = std::max(most, std::abs(value));
    CHECK(std::abs(input["outputs"][0]["views"][m]["relevance"]["scale"].get<double>() - most) <=
          1e-5 * most);
    CHECK(data["methods"][m]["books"] == (method == "lrp_q" || method == "smoothgrad"));
  }
  judged(judging + Arguments{"--page", page, "--page-inputs", "0"});
  CHECK(data_of(page)["inputs"].empty());
  judged(judging + Arguments{"--page", page, "--page-inputs", "99"});
  CHECK(data_of(page)["inputs"].size() == 20);
}

TEST_CASE("judge: class activation maps are left out where there is no convolution", "[judge]") {
  const TemporaryFolder folder;
  const auto net = folder.write("linear.onnx", linear_model());
  ascribe::io::write_npy(folder / "x.npy", {1, 4}, std::vector<float>{1, 2, 3, 4});
  const std::string printed = judged({net.string(), (folder / "x.npy").string(), "--sanity", "0"});
  CHECK(count_of(printed, "note: grad_cam and score_cam are left out: there is no convolution") == 1);
  CHECK(count_of(printed, "\nscore_cam") == 0);
  CHECK(count_of(printed, "\nocclusion") == 1);
}

/// Two scores of a text: the sums over its pieces of their numbers in the vocabulary, and of half of those
/// less 20.
std::string text_model() {
  std::vector<float> table;
  for (int id = 0; id < 145; ++id) {
    table.push_back(float(id));
    table.push_back(0.5f * float(id) - 20);
  }
  Message sum = ascribe::test::node_message("ReduceSum", {"rows", "along"}, {"y"});
  sum.message(5, Message().text(1, "keepdims").integer(3, 0).integer(20, 2));
  const Message ids = Message().message(1, Message().text(2, "N")).message(1, Message().text(2, "T"));
  return ascribe::test::model_message(
             Message()
                 .message(5, ascribe::test::tensor_message("table", 1, {145, 2}).packed_floats(4, table))
                 .message(5, ascribe::test::tensor_message("along", 7, {1}).packed(7, {1}))
                 .message(1, ascribe::test::node_message("Gather", {"table", "input_ids"}, {"rows"}))
                 .message(1, sum)
                 .message(11, Message()
                                  .text(1, "input_ids")
                                  .message(2, Message().message(1, Message().integer(1, 7).message(2, ids))))
                 .message(12, port_message("y", {2})))
      .bytes;
}

// By hand: [CLS] the quick fox [SEP] are the pieces 2 5 6 8 3, of which 8 is replaced first, then 6, 5, 3 and
// 2; [CLS] quick [SEP] are 2 6 3. [MASK] is 4.
TEST_CASE("judge: the pieces of texts are replaced one by one", "[judge][text]") {
  const TemporaryFolder folder;
  const std::string net = folder.write("text.onnx", text_model()).string(),
                    vocabulary = of_repository("tests/golden/wordpiece/vocab.txt"),
                    texts = folder.write("texts.txt", "the quick fox\nquick\n").string(),
                    out = (folder / "out.json").string(), page = (folder / "page.html").string();
  const auto curves = [&](const Arguments& arguments) {
    judged(Arguments{net} + arguments + Arguments{"--methods", "lrp_q", "--json", out});
    return line_of(Json::parse(bytes_of(out)), "lrp_q");
  };
  const Arguments one{"the quick fox", "--vocabulary", vocabulary};
  const Json line = curves(one);
  CHECK(line.at("most_first").at("mean") == Json({24.0, 16.0, 10.0, 5.0, 2.0, 0.0}));
  CHECK(line.at("least_first").at("mean") == Json({24.0, 22.0, 19.0, 14.0, 8.0, 0.0}));
  CHECK(curves(one + Arguments{"--replace", "mask"}).at("most_first").at("mean") ==
        Json({24.0, 20.0, 18.0, 17.0, 18.0, 20.0}));
  CHECK(curves(one + Arguments{"--replace", "pad"}).at("most_first").at("mean") ==
        line.at("most_first").at("mean"));
  CHECK(curves(one + Arguments{"--region", "2", "--replace", "mask"}).at("most_first").at("mean") ==
        Json({24.0, 18.0, 19.0, 20.0}));  // quick fox, the two before them, [SEP]
  // Ids in a file are the same.
  ascribe::io::write_npy(folder / "ids.npy", {1, 5}, std::vector<float>{2, 5, 6, 8, 3});
  CHECK(curves({(folder / "ids.npy").string()}).at("most_first") == line.at("most_first"));

  // Texts of several lengths: the last steps are the longer one's alone.
  const std::string classes = folder.write("labels.txt", "0\n0\n").string();
  const Arguments two{texts,      "--vocabulary", vocabulary,
                      "--labels", classes,        "--page",
                      page,       "--resume",     (folder / "state").string()};
  const Json both = curves(two);
  CHECK(both.at("most_first").at("mean") == Json({17.5, 10.5, 6.0, 2.5, 2.0, 0.0}));
  // 24 less the mean of 24 16 10 5 2 0, and 11 less that of 11 5 2 0, is 14.5 and 6.5.
  CHECK(std::abs(both.at("AOPC").at("mean").get<double>() - 10.5) < 1e-6);
  const Json data = data_of(page);
  REQUIRE(data["inputs"].size() == 2);
  CHECK(data["inputs"][0]["name"] == "the quick fox");
  REQUIRE(data["inputs"][0]["words"].size() == 5);
  CHECK(data["inputs"][0]["words"][3]["piece"] == "fox");
  CHECK(data["inputs"][0]["outputs"][0]["views"][0]["relevance"]["scale"] == 8);
  CHECK(data["inputs"][1]["outputs"][0]["value"] == 11);
  CHECK(data["plots"][0]["note"] ==
        "95 % of the bootstrap's means; each step is over the inputs that are as long");
  CHECK_FALSE(both.contains("sanity"));  // no layer has weights that could be random
  CHECK(curves(two) == both);            // all is done
  check_refused(Arguments{net, folder.write("texts.txt", "the quick fox\nquick the\n").string()} +
                    Arguments(two.begin() + 1, two.end()) + Arguments{"--methods", "lrp_q", "--json", out},
                "expected the run that was begun there, inputs");

  check_refused({net, "fox", "--vocabulary", vocabulary, "--replace", "mean"},
                "--replace: mean has no meaning");
  check_refused({net, "fox", "--vocabulary", vocabulary, "--baseline", "mean"}, "--baseline: mean has no");
  check_refused({net, "fox", "--vocabulary", vocabulary, "--labels", "folders"},
                "--labels folders: expected files in folders, found texts");
  check_refused({net, (folder / "ids.npy").string(), "--replace", "mask"},
                "--replace: mask is a piece of a --vocabulary", 2);
  check_refused({net, texts}, texts + ": expected a .npy file of whole numbers for input 'input_ids'");
  ascribe::io::write_npy(folder / "ids.npy", {2, 2}, std::vector<float>{2, 5, 6, 8});
  check_refused({net, (folder / "ids.npy").string()}, "expected the whole numbers of one sample");
  check_refused({model, "fox", "--vocabulary", vocabulary}, "no text fills the input 'input'");
}

TEST_CASE("judge: an input that cannot be judged is left out, where that is asked for", "[judge]") {
  const TemporaryFolder folder;
  const auto net = folder.write("linear.onnx", linear_model());
  ascribe::io::write_npy(folder / "x.npy", {3, 4}, std::vector<float>{NAN, 2, 3, 4, 1, 1, 1, 1, 2, 2, 2, 2});
  const Arguments arguments{net.string(), (folder / "x.npy").string(),
                            "--methods",  "lrp_q",
                            "--sanity",   "0",
                            "--erase",    "0-vs-1,1-vs-0",
                            "--json",     (folder / "out.json").string()};
  check_refused(arguments, "x.npy[0]: ");
  for (const Arguments& more :
       {Arguments{}, Arguments{"--resume", (folder / "state").string()},
        Arguments{"--resume", (folder / "state").string(), "--page", (folder / "p.html").string()}}) {
    const Outcome outcome = run(arguments + Arguments{"--keep-going"} + more);
    CHECK(outcome.exit_code == 1);
    CHECK(count_of(outcome.err, "judge: " + (folder / "x.npy").string() + "[0]: ") == 1);
    CHECK(count_of(outcome.err, "judge: 1 of 3 inputs could not be judged\n") == 1);
    CHECK(count_of(outcome.out, "2 inputs; 4 steps") == 1);
    // The other two are of class 0.
    CHECK(count_of(outcome.out, "note: --erase 1-vs-0: no input is of class 1") == 1);
    CHECK(count_of(outcome.out, "note: --erase 0-vs-1") == 0);
    CHECK(Json::parse(bytes_of(folder / "out.json")).at("inputs") == 2);
  }
  CHECK(data_of(folder / "p.html")["inputs"].size() == 2);
  ascribe::io::write_npy(folder / "x.npy", {1, 4}, std::vector<float>{NAN, 2, 3, 4});
  CHECK(count_of(run(arguments + Arguments{"--keep-going"}).err, "none of 1 inputs could be judged") == 1);
}

TEST_CASE("judge: what it makes of the command line is said", "[judge]") {
  const TemporaryFolder folder;
  const auto net = folder.write("linear.onnx", linear_model());
  ascribe::io::write_npy(folder / "x.npy", {1, 4}, std::vector<float>{1, 2, 3, 4});
  const Arguments linear{net.string(), (folder / "x.npy").string(), "--sanity", "0"};
  // A box is for a first convolution.
  CHECK(count_of(judged(linear + Arguments{"--methods", "epsilon_gamma_box", "--low", "0", "--high", "1"}),
                 "note: epsilon_gamma_box: the first layer with learned weights is no convolution") == 1);
  CHECK(count_of(judged({model, images, "--samples", "1", "--methods", "epsilon_gamma_box", "--sanity", "0"}),
                 "note: ") == 0);
  for (const char* seed : {"-3", "99999999999999999999999", "1.5", ""})
    check_refused(linear + Arguments{"--seed", seed}, "--seed: expected a whole number from 0 to 2^64 - 1",
                  2);
  check_refused(linear + Arguments{"--size", "T=3"}, "--size: " + net.string() + " leaves no axis 'T' open");
  // An axis that is open, in the words of the command line.
  const auto open = folder.write(
      "open.onnx", ascribe::test::model_message(
                       Message()
                           .message(1, ascribe::test::node_message("Relu", {"a"}, {"b"}))
                           .message(
                               11, Message().text(1, "a").message(
                                       2, Message().message(
                                              1, Message().integer(1, 1).message(
                                                     2, Message()
                                                            .message(1, Message().text(2, "N"))
                                                            .message(1, Message().text(2, "T"))))))
                           .message(12, Message().text(1, "b")))
                       .bytes);
  check_refused({open.string(), (folder / "x.npy").string()}, "give it as 'T' by --size NAME=N");
  judged(
      {open.string(), (folder / "x.npy").string(), "--size", "T=4", "--methods", "lrp_q", "--sanity", "0"});
  // idx files are no files of a folder.
  std::filesystem::create_directory(folder / "in");
  std::filesystem::copy(images, folder / "in/test-images.idx3-ubyte.gz");
  check_refused({model, (folder / "in").string()},
                "test-images.idx3-ubyte.gz is left out: an idx file is judged by as INPUT itself");
  check_refused({model, images, images}, "expected an idx file alone as INPUT, found 2 inputs");
  // Help says what lists are, and no dots.
  const std::string help = judged({"--help"});
  CHECK(count_of(help, "] ...") == 0);
  CHECK(count_of(help, "of noise and random order [1]") == 1);
}

TEST_CASE("judge: what does not fit is refused in one line", "[judge]") {
  const TemporaryFolder folder;
  const Arguments digits{model, images, "--methods", "lrp_q"};
  std::filesystem::create_directory(folder / "empty");
  check_refused({model, (folder / "empty").string()}, "expected a folder with .npy, .png or .jpg files");
  check_refused(digits + Arguments{"--region", "29"}, "--region: expected at most the input's 28 x 28");
  check_refused(digits + Arguments{"--region", "7", "--steps", "17"},
                "--steps: expected at most 16, 16 regions of 7 x 7 in all, found 17");
  check_refused(digits + Arguments{"--preset", "samek"}, "--steps: expected at most 16");
  check_refused(digits + Arguments{"--erase", "8-vs-10"}, "classes in [0, 10), found 8-vs-10");
  check_refused(digits + Arguments{"--samples", "1001"}, "at most 1000 inputs, found 1001");
  check_refused(digits + Arguments{"--replace", "noise", "--low", "2"}, "lower one first, found 2 and 1");
  check_refused(digits + Arguments{"--replace", (folder / "none.npy").string()}, "found no such file");
  check_refused(digits + Arguments{"--json", (folder / "no/out.json").string()}, "a folder to write into");
  check_refused({(folder / "none.onnx").string(), images}, "expected an ONNX file");
  // A map of scores is none of classes.
  const auto map = folder.write(
      "map.onnx",
      ascribe::test::model_message(Message()
                                       .message(1, ascribe::test::node_message("Relu", {"a"}, {"b"}))
                                       .message(11, port_message("a", {2, 3}))
                                       .message(12, port_message("b", {2, 3})))
          .bytes);
  ascribe::io::write_npy(folder / "x.npy", {2, 3}, std::vector<float>(6, 1.0f));
  check_refused({map.string(), (folder / "x.npy").string()},
                "expected a score for each of two classes or more, (N, K), found 'b' of shape (N, 2, 3)");
  check_refused({model, (folder / "x.npy").string()}, "expected shape (N, 1, 28, 28)");
  check_refused(digits + Arguments{"--low", "0,-5", "--replace", "0"},
                "--low: expected one bound, or one for each of 1, found 2");
  // A score that is no number has no place in a mean.
  const auto exponential = folder.write(
      "exponential.onnx",
      ascribe::test::model_message(Message()
                                       .message(1, ascribe::test::node_message("Exp", {"a"}, {"b"}))
                                       .message(11, port_message("a", {2}))
                                       .message(12, port_message("b", {2})))
          .bytes);
  ascribe::io::write_npy(folder / "two.npy", {1, 2}, std::vector<float>{1, 2});
  const Arguments two{exponential.string(), (folder / "two.npy").string(), "--methods", "gradient"};
  check_refused(two + Arguments{"--replace", "1000"}, "once 1 steps of regions are replaced by 1000");
  check_refused(two + Arguments{"--replace", "blur"}, "--replace blur: expected images");
  // Somebody's files are not written over.
  check_refused(two + Arguments{"--csv", (folder / "two.npy").string()}, "found that it is read as");
  folder.write("mine.json", R"({"precious": 1})");
  check_refused(two + Arguments{"--resume", (folder / "mine.json").string()},
                "expected a record of what is done, found another file");
  CHECK(bytes_of(folder / "mine.json") == R"({"precious": 1})");
  // A state that is damaged.
  const Arguments kept = two + Arguments{"--resume", (folder / "state").string()};
  judged(kept);
  std::string state = bytes_of(folder / "state");
  state.insert(state.find("\"most\":[") + 8, "1,");
  folder.write("state", state);
  check_refused(kept, "found one that is damaged");
  // Numbers that are no floating-point ones are explained by `explain` alone.
  const auto whole = folder.write(
      "whole.onnx",
      ascribe::test::model_message(
          Message()
              .message(1, ascribe::test::node_message("Cast", {"a"}, {"b"})
                              .message(5, Message().text(1, "to").integer(3, 1).integer(20, 2)))
              .message(
                  11, Message().text(1, "a").message(
                          2, Message().message(
                                 1, Message().integer(1, 2).message(
                                        2, Message()
                                               .message(1, Message().text(2, "N"))
                                               .message(1, Message().integer(1, 2))))))
              .message(12, port_message("b", {2})))
          .bytes);
  check_refused({whole.string(), (folder / "two.npy").string()},
                "expected an input of floating-point numbers, found 'a' of uint8");
  // The command line contradicts itself.
  check_refused({model}, "INPUT (or --inputs-from) is required", 2);
  check_refused(digits + Arguments{"--gamma", "3"}, "--gamma: no method has one", 2);
  check_refused({model, images, "--methods", "lrp_z"}, "score_cam; found 'lrp_z'", 2);
  check_refused(digits + Arguments{"--layer", "/4/Relu"}, "--layer: no method is of a layer", 2);
  check_refused(digits + Arguments{"--page-inputs", "3"}, "--page-inputs: needs a --page", 2);
  check_refused({model, images, "--methods", "grad_cam", "--layer", "/7/Gemm"},
                "--layer '/7/Gemm': expected channels of a height and width, found shape (128)");
  check_refused({of_repository("examples/data/mnist_mlp.onnx"), images, "--methods", "grad_cam"},
                "--layer: expected the name of a node with channels");
  check_refused({model, images, "--methods", "lrp_q,lrp_q"}, "found lrp_q twice", 2);
  check_refused(digits + Arguments{"--erase", "8"}, "expected K-vs-L, found '8'", 2);
  check_refused(digits + Arguments{"--preset", "samek", "--region", "3"}, "--region: is said by --preset", 2);
  check_refused(digits + Arguments{"--orders", "least"}, "expected most among them", 2);
  check_refused(digits + Arguments{"--blur", "2"}, "--blur: needs --replace blur", 2);
}

}  // namespace
