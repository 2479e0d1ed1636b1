#include "examples/support/page.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "examples/support/idx.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace examples;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::explain;
using ascribe::test::of_repository;
using ascribe::test::TemporaryFolder;
using Json = nlohmann::json;

const std::string evil = "</script><script>alert(1)</script>&\"'@data@\xef";

/// Two methods, and a network of an input and one layer.
Page small_page() {
  Page page;
  page.title = evil;
  page.methods = {{"lrp", "a summary", {"", "Normalized"}}, {evil, "", {}}};
  page.nodes = {{"in", "input", "(3,)"}, {evil, "MatMul", "(2,)", {0}, true}};
  return page;
}

PageInput small_input() {
  PageInput input;
  input.name = evil;
  input.height = 1;
  input.width = 3;
  input.picture = ascribe::Picture{3, 1, {0, 0, 0, 255, 255, 255, 9, 9, 9}};
  input.outputs = {{evil,
                    2.5,
                    {{{1, -0.5, 0.25}, {2, 1.5, 0.5, 0, 0}, {{1.5, 1.5, 0, 0, 0}, {2, 1.5, 0.5, 0, 0}}},
                     {{0, 0, 0}, {}}}}};
  return input;
}

/// The data that a page has.
Json data_of(const std::string& html) {
  const std::string begin = "id=\"data\">";
  const std::size_t from = html.find(begin) + begin.size();
  return Json::parse(html.substr(from, html.find("</script>", from) - from));
}

/// The bytes that stand in base64 from `from` on.
std::string from_base64(const std::string& text, std::size_t from = 0) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned held = 0, bits = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    const std::size_t digit = digits.find(text[i]);
    if (digit == std::string::npos) break;
    held = (held << 6 | static_cast<unsigned>(digit)) & 0xfffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 255U);
  }
  return bytes;
}

/// What a view's relevances are, read as the page says it: 16 bits, the lower byte first, 32767 for the
/// scale.
std::vector<double> relevances(const Json& view) {
  const std::string bytes = from_base64(view["relevance"]["values"].get<std::string>());
  std::vector<double> values;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const int whole = static_cast<unsigned char>(bytes[i]) + 256 * static_cast<signed char>(bytes[i + 1]);
    values.push_back(whole / 32767.0 * view["relevance"]["scale"].get<double>());
  }
  return values;
}

/// The six digits and eleven methods of docs/digits_cnn.png.
const std::string eleven =
    "gradient,gradient_times_input,deconvnet,guided_backprop,lrp_q,lrp_radial,deep_lift,epsilon_plus,epsilon_"
    "alpha2_beta1,epsilon_gamma_box,excitation_backprop";
const std::string model = of_repository("examples/data/mnist_cnn.onnx");

std::string six_digits(const TemporaryFolder& folder) {
  const auto images = read_images(of_repository("examples/data/digits/test-images.idx3-ubyte.gz"));
  std::vector<float> pixels;
  for (const std::size_t digit : {1U, 2U, 4U, 7U, 11U, 17U})
    for (const unsigned char byte : images[digit]) pixels.push_back(static_cast<float>(byte) / 255);
  ascribe::io::write_npy(folder / "six.npy", {6, 1, 28, 28}, std::span<const float>(pixels));
  return (folder / "six.npy").string();
}

TEST_CASE("A name stays a name, whatever it is", "[page]") {
  const Page page = small_page();
  const std::string html = page_html(page, std::vector{page_input(page, small_input())});
  CHECK(count_of(html, "<script") == 2);
  CHECK(count_of(html, "</script") == 2);
  CHECK(count_of(html, "alert(1)<") == 0);
  CHECK(count_of(html, "<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;\"'@data@") == 1);
  const Json data = data_of(html);
  // What is no UTF-8 becomes the sign for that.
  const std::string shown = evil.substr(0, evil.size() - 1) + "\xef\xbf\xbd";
  CHECK(data["methods"][1]["name"] == shown);
  CHECK(data["nodes"][1]["name"] == shown);
  CHECK(data["inputs"][0]["name"] == shown);
  CHECK(data["inputs"][0]["outputs"][0]["name"] == shown);
}

TEST_CASE("A page needs no network, and forbids it", "[page]") {
  const std::string html = page_html(small_page());
  CHECK(count_of(html, "default-src 'none'") == 1);
  // The one address is the name of SVG.
  CHECK(count_of(html, "http://") == 1);
  CHECK(count_of(html, "https://") == 0);
  CHECK(count_of(html, " src=") == 0);
  CHECK(count_of(html, "@style@") + count_of(html, "@script@") + count_of(html, "@detail@") == 0);
}

TEST_CASE("Relevances are in 16 bits, by hand", "[page]") {
  const Page page = small_page();
  const Json input = Json::parse(page_input(page, small_input()));
  const Json& view = input["outputs"][0]["views"][0];
  // 32767, -16383.5 and 8191.75, rounded away from 0: ff 7f, 00 c0, 00 20.
  CHECK(view["relevance"]["values"] == "/38AwAAg");
  CHECK(view["relevance"]["scale"] == 1);
  CHECK(view["moved"] == 1.75);
  CHECK(view["books"] == Json({2, 1.5, 0.5, 0, 0}));
  CHECK(view["nodes"] == Json({1.5, 1.5, 0, 0, 0, 2, 1.5, 0.5, 0, 0}));
  CHECK(view["paths"] == Json({1.5}));
  const Json& zeros = input["outputs"][0]["views"][1];
  CHECK(relevances(zeros) == std::vector<double>{0, 0, 0});
  CHECK_FALSE(zeros.contains("nodes"));
  CHECK(input["outputs"][0]["value"] == 2.5);
  // "\x89PNG\r\n" in base64.
  CHECK(input["picture"].get<std::string>().starts_with("data:image/png;base64,iVBORw0K"));
}

TEST_CASE("The page has the heatmaps' colours, by name", "[page]") {
  const Json maps = data_of(page_html(small_page()))["maps"];
  REQUIRE(maps.size() == 4);
  CHECK(maps[0]["name"] == "blue-red");
  CHECK(maps[0]["chosen"] == true);
  CHECK(maps[1]["chosen"] == false);
  for (const Json& map : maps) {
    const auto colours = map["colours"].get<std::string>();
    REQUIRE(colours.size() == 6 * 41);
    CHECK(colours.substr(6 * 20, 6) == "ffffff");
  }
  // heatmap_test.cpp: the ends, and the middles at a half.
  const auto colours = maps[0]["colours"].get<std::string>();
  CHECK(colours.substr(0, 6) == "14328c");
  CHECK(colours.substr(6 * 10, 6) == "5a96e1");
  CHECK(colours.substr(6 * 30, 6) == "f0785a");
  CHECK(colours.substr(6 * 40, 6) == "82001e");
}

TEST_CASE("Paths follow from the books of the nodes", "[page]") {
  const auto node = [](std::vector<std::size_t> inputs, bool explained = false) {
    return PageNode{"n", "", "", std::move(inputs), explained};
  };
  // x -> conv -> sum, x -> sum: of 7 that leave the sum 4 come to conv, 1 stays there, and the rest skips it.
  const std::vector residual{node({}), node({0}), node({1, 0}, true)};
  CHECK(page_edges(residual) == std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}, {2, 0}, {2, 1}});
  CHECK(page_paths(residual, std::vector<PageBooks>{{6, 6}, {4, 3, 1}, {8, 7, 1}}) ==
        std::vector<double>{3, 3, 4});
  // A node that reads another twice has one edge to it; and one that nothing explains carries nothing.
  const std::vector square{node({}), node({0, 0}, true), node({1, 0})};
  CHECK(page_paths(square, std::vector<PageBooks>{{5, 5}, {5, 5}, {}}) == std::vector<double>{5, 0, 0});
  // Two nodes that both read the same two, whose relevances cancel: nobody knows.
  const std::vector both{node({}), node({}), node({0, 1}), node({0, 1}), node({2, 3}, true)};
  const auto paths = page_paths(both, std::vector<PageBooks>{{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}});
  REQUIRE(paths.size() == 6);
  for (std::size_t e = 0; e < 4; ++e) CHECK(std::isnan(paths[e]));
  CHECK(paths[4] == 0);
  CHECK(paths[5] == 0);
}

TEST_CASE("A page refuses numbers that don't fit", "[page]") {
  const Page page = small_page();
  const auto refused = [](const auto& make, const char* why) { CHECK_THROWS_WITH(make(), Contains(why)); };
  const auto input = [&](const auto& change) {
    return [&] {
      PageInput one = small_input();
      change(one);
      return page_input(page, one);
    };
  };
  refused(input([](auto& i) { i.width = 2; }), "expected a picture of 1 x 2 pixels, found 1 x 3");
  refused(input([](auto& i) { i.outputs[0].views[1].relevance.pop_back(); }),
          "expected 1 x 3 relevances, found 2");
  refused(input([](auto& i) { i.outputs[0].views[1].relevance[2] = INFINITY; }),
          "expected finite relevances, found inf");
  refused(input([](auto& i) { i.outputs[0].views.pop_back(); }), "expected 2 methods, found 1");
  refused(input([](auto& i) { i.outputs[0].views[0].nodes.pop_back(); }),
          "expected the books of 2 nodes, found 1");
  refused(input([](auto& i) { i.words.resize(2); }), "expected 3 words, found 2");
  refused(input([](auto& i) { i.others.resize(1); }), "expected relevances of 1 other inputs, found 0");
  refused(input([](auto& i) {
            i.others.resize(1);
            for (PageView& view : i.outputs[0].views) view.others = {{1}};
          }),
          "expected 0 x 0 relevances, found 1");
  const auto whole = [&](const auto& change) {
    return [&] {
      Page one = small_page();
      change(one);
      return page_html(one);
    };
  };
  refused(whole([](auto& p) { p.methods[0].rules.pop_back(); }), "expected the rules of 2 nodes, found 1");
  refused(whole([](auto& p) { p.nodes[0].inputs = {1}; }),
          "expected to read nodes before it, found number 1");
  refused(whole([](auto& p) { p.plots = {{"t", "", "", {{"c", {0, 1}, {1}}}}}; }), "found 2, 1, 0 and 0");
  refused(whole([](auto& p) {
            p.plots = {{"t", "", "", {{"c", {0, 1}, {1, 2}, {1, 2}}}}};
          }),
          "found 2, 2, 2 and 0");
  refused(whole([](auto& p) {
            p.tables = {{"t", {"a", "b"}, {{{"1", 1}}}}};
          }),
          "expected 2 cells in a row, found 1");
  PageGallery gallery{"t", {{"a", 1, 2, {1, -2}}}, {2}};
  refused(whole([&](auto& p) { p.galleries = {gallery}; }), "expected pixels of 1 x 2, found 2");
  gallery.region = {1};
  gallery.tiles[0].relevance.pop_back();
  refused(whole([&](auto& p) { p.galleries = {gallery}; }), "a: expected 1 x 2 relevances, found 1");
  gallery.tiles[0] = {"a", 1, 2, {1, -2}, ascribe::Picture{1, 1, {0, 0, 0}}};
  refused(whole([&](auto& p) { p.galleries = {gallery}; }),
          "expected a picture of 1 x 2 pixels, found 1 x 1");
}

TEST_CASE("What is not finite is not there", "[page]") {
  Page page = small_page();
  page.plots = {{"t", "x", "y", {{"c", {0, 1}, {1, std::numeric_limits<double>::quiet_NaN()}}}, "n"}};
  page.tables = {{"t", {"a"}, {{{"-", INFINITY}}, {{"text"}}}}};
  const Json data = data_of(page_html(page));
  CHECK(data["plots"][0]["curves"][0]["y"] == Json({1, nullptr}));
  CHECK(data["tables"][0]["rows"] == Json::parse(R"([[["-", null]], ["text"]])"));
}

TEST_CASE("explain's page has the relevances and the books", "[page][explain]") {
  const TemporaryFolder folder;
  const std::string input = six_digits(folder), html = (folder / "why.html").string();
  explain({model, input, "--methods", eleven, "--page", html, "--threads", "1"});
  const std::string bytes = bytes_of(html);
  CHECK(bytes.size() < 3'000'000);
  const Json data = data_of(bytes);
  CHECK(data["inputs"].size() == 6);
  CHECK(data["methods"].size() == 11);
  CHECK(data["edges"].size() == 10);
  CHECK(count_of(bytes, folder.path().string()) == 0);

  explain({model, input, "--methods", eleven, "--page", (folder / "again.html").string(), "--threads", "3"});
  CHECK(bytes_of(folder / "again.html") == bytes);

  // By one method each, for the largest output and for the second.
  for (const std::size_t m : {4U, 7U})
    for (const std::size_t output : {0U, 1U}) {
      const std::string method = data["methods"][m]["name"].get<std::string>();
      std::string targets;
      for (const Json& one : data["inputs"])
        targets += (targets.empty() ? "" : ",") + one["outputs"][output]["name"].get<std::string>();
      INFO(method << ", " << targets);
      explain({model, input, "--method", method, "--target", targets, "--relevance", (folder / "r").string(),
               "--ledger", (folder / "l").string()});
      const auto expected = ascribe::io::read_npy<double>(folder / "r").values;
      const Json ledger = Json::parse(bytes_of(folder / "l"));
      for (std::size_t n = 0; n < 6; ++n) {
        const Json& view = data["inputs"][n]["outputs"][output]["views"][m];
        const auto found = relevances(view);
        REQUIRE(found.size() == 784);
        const double within = view["relevance"]["scale"].get<double>() / 65534 * (1 + 1e-6);
        double most = 0;
        for (std::size_t p = 0; p < 784; ++p)
          most = std::max(most, std::abs(found[p] - expected[784 * n + p]));
        CHECK(most <= within);
        const Json &sample = ledger["samples"][n], &totals = sample["totals"];
        CHECK(data["inputs"][n]["outputs"][output]["value"].get<double>() ==
              Approx(sample["output"].get<double>()));
        CHECK(view["books"][0].get<double>() == Approx(totals["enter"].get<double>()));
        CHECK(view["books"][2].get<double>() == Approx(totals["biases"].get<double>()));
        REQUIRE(sample["nodes"].size() == 11);
        for (std::size_t i = 0; i < 11; ++i) {
          CHECK(view["nodes"][5 * i].get<double>() == Approx(sample["nodes"][i]["enter"].get<double>()));
          // A chain: what leaves a node is what its one path carries.
          if (i > 0)
            CHECK(view["paths"][i - 1].get<double>() == Approx(sample["nodes"][i]["leave"].get<double>()));
        }
      }
    }
}

TEST_CASE("explain's page takes methods of every kind, and says what they ask for", "[page][explain]") {
  const TemporaryFolder folder;
  const std::string input = of_repository("tests/golden/input.npy"), html = (folder / "why.html").string();
  explain({model, input, "--methods", "occlusion,grad_cam,smoothgrad,integrated_gradients", "--patch", "7",
           "--layer", "/4/Relu", "--steps", "3", "--top", "1", "--target", "3-vs-8", "--page", html,
           "--colours", "purple-orange"});
  const Json data = data_of(bytes_of(html));
  CHECK(data["maps"][1]["chosen"] == true);
  CHECK(data["methods"][0]["books"] == false);
  CHECK(data["methods"][2]["books"] == true);
  REQUIRE(data["inputs"][0]["outputs"].size() == 2);
  CHECK(data["inputs"][0]["outputs"][0]["name"] == "3-vs-8");
  CHECK(data["inputs"][0]["outputs"][1]["name"] == "3");
  CHECK_THAT(data["inputs"][0]["outputs"][0]["views"][2]["note"].get<std::string>(), Contains("of 3 noisy"));
  CHECK_THAT(data["inputs"][0]["outputs"][0]["views"][3]["note"].get<std::string>(), Contains("--steps 3 "));

  // Without --steps, each takes as many as it does alone.
  explain({model, input, "--methods", "smoothgrad,integrated_gradients", "--top", "1", "--page", html});
  const Json views = data_of(bytes_of(html))["inputs"][0]["outputs"][0]["views"];
  CHECK_THAT(views[0]["note"].get<std::string>(), Contains("of 50 noisy"));
  CHECK_THAT(views[1]["note"].get<std::string>(), Contains("--steps 64 "));

  const auto refused = [&](const ascribe::test::Arguments& options, const char* why) {
    const auto outcome = ascribe::test::run(ascribe::test::operator+({model, input}, options));
    INFO(why);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err + outcome.out, Contains(why));
  };
  refused({"--methods", "lrp,gradient"}, "--methods: needs a --page");
  refused({"--page", html, "--methods", "lrp", "--method", "lrp"}, "says what --method does");
  refused({"--page", html, "--methods", "lrp,,gradient"}, "there is no ''");
  refused({"--page", html, "--methods", "lrp,lrp"}, "found 'lrp' twice");
  refused({"--page", html, "--methods", "lrp_q,gradient", "--epsilon", "1"}, "each of --methods has no eps");
  refused({"--page", html, "--methods", "lrp,occlusion"}, "one of --methods needs it");
  refused({"--page", html, "--methods", "lrp,lrp_q", "--max-rule", "radial"}, "--max-rule");
  refused({"--page", html, "--resume"}, "--page is made at the end");
  refused({"--colours", "blue-red"}, "--colours: needs");
  refused({"--page", html, "--colours", "red"}, "expected one of blue-red, ");
}

TEST_CASE("explain's page shows numbers that are no image, and the paths of a sum", "[page][explain]") {
  using ascribe::test::Message;
  const auto value = [](const std::string& name, const std::vector<std::int64_t>& sizes) {
    Message shape;
    shape.message(1, Message().text(2, "N"));
    for (const std::int64_t size : sizes) shape.message(1, Message().integer(1, size));
    return Message().text(1, name).message(2,
                                           Message().message(1, Message().integer(1, 1).message(2, shape)));
  };
  // c = relu(a) + a, d = c·w: of a = 1, -2, 3, 1, 0, 2, the weights being 1, 1, 2, 2, 3, 3.
  const std::string bytes =
      ascribe::test::model_message(
          Message()
              .message(1, ascribe::test::node_message("Relu", {"a"}, {"b"}, "relu"))
              .message(1, ascribe::test::node_message("Add", {"b", "a"}, {"c"}, "sum"))
              .message(1, ascribe::test::node_message("Flatten", {"c"}, {"f"}, "flat"))
              .message(1, ascribe::test::node_message("MatMul", {"f", "w"}, {"d"}, "product"))
              .message(5, ascribe::test::tensor_message("w", 1, {6, 1}).packed_floats(4, {1, 1, 2, 2, 3, 3}))
              .message(11, value("a", {6}))
              .message(12, value("d", {1})))
          .bytes;
  const TemporaryFolder folder;
  const std::string network = folder.write("sum.onnx", bytes).string();
  const std::vector<double> a{1, -2, 3, 1, 0, 2};
  ascribe::io::write_npy(folder / "<script>.npy", {6}, std::span<const double>(a));
  explain({network, (folder / "<script>.npy").string(), "--method", "gradient_times_input", "--precision",
           "double", "--page", (folder / "why.html").string()});
  const std::string html = bytes_of(folder / "why.html");
  CHECK(count_of(html, "<script") == 2);
  const Json data = data_of(html), input = data["inputs"][0];
  CHECK(input["name"] == "<script>.npy");
  CHECK(input["height"] == 1);
  CHECK(input["width"] == 6);
  CHECK_FALSE(input.contains("picture"));
  REQUIRE(input["outputs"].size() == 1);
  CHECK(input["outputs"][0]["name"] == "d");
  // 2·1 - 2 + 2·(6 + 2) + 3·4 = 28.
  CHECK(input["outputs"][0]["value"] == 28);
  const Json& view = input["outputs"][0]["views"][0];
  const std::vector<double> expected{2, -2, 12, 4, 0, 12}, found = relevances(view);
  REQUIRE(found.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(found[i] == Approx(expected[i]).margin(12.0 / 65534));
  // Through the function go 1 + 6 + 2 + 6 = 15, beside it 13.
  std::vector<double> into_input;
  for (std::size_t e = 0; e < data["edges"].size(); ++e)
    if (data["edges"][e][1] == 0) into_input.push_back(view["paths"][e].get<double>());
  CHECK(into_input == std::vector<double>{15, 13});
}

TEST_CASE("explain's page says which inputs it has not got", "[page][explain]") {
  const TemporaryFolder folder;
  auto images = ascribe::io::read_npy<float>(of_repository("tests/golden/input.npy"));
  images.values[784] = NAN;
  ascribe::io::write_npy(folder / "four.npy", images.shape, std::span<const float>(images.values));
  const auto outcome = ascribe::test::run(
      {model, (folder / "four.npy").string(), "--keep-going", "--page", (folder / "why.html").string()});
  CHECK(outcome.exit_code == 1);
  const Json data = data_of(bytes_of(folder / "why.html"));
  CHECK(data["inputs"].size() == 3);
  REQUIRE(!data["notes"].empty());
  CHECK_THAT(data["notes"].back().get<std::string>(), Contains("four.npy[1]"));
  CHECK(count_of(bytes_of(folder / "why.html"), "<p>3 of 4 inputs explained by 1 method,") == 1);
}

/// Whether there is a browser; says so where there is none.
bool browser_is_there() {
  if (std::system("command -v chromium >/dev/null 2>&1") == 0) return true;
  std::cout << "The page in a browser is left out: there is no chromium\n";
  return false;
}

/// What a script behind a page's own puts into `found`, in a browser.
Json visited(std::string html, const std::string& script) {
  const TemporaryFolder folder;
  html.insert(html.find("<style>"),
              "<script>const begun = performance.now(), faults = []; for (const kind of ['error', "
              "'unhandledrejection', 'securitypolicyviolation']) addEventListener(kind, event => "
              "faults.push(String(event.message || event.reason || event.violatedDirective)));</script>");
  html.insert(html.find("</body>"), R"js(<script>
const wait = ms => new Promise(done => setTimeout(done, ms));
// The clock is a virtual one, which leaps where nothing is to be done; pictures are decoded beside the script in real
// time, which work takes.
const until = async ready => {
  for (let i = 0; i < 500 && !ready(); ++i) {
    window.sum = 0;
    for (let k = 0; k < 3e6; ++k) window.sum += Math.sqrt(k);
    await wait(10);
  }
};
(async () => {
  const found = {milliseconds: performance.now() - begun};
)js" + script + R"js(
  found.faults = faults;
  const place = document.createElement("pre");
  place.id = "found";
  place.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
  document.body.append(place);
})();
</script>)js");
  const std::string page = folder.write("visited.html", html).string(), out = (folder / "out").string(),
                    err = (folder / "err").string();
  const std::string command = "chromium --headless --no-sandbox --disable-gpu --user-data-dir='" +
                              (folder / "profile").string() +
                              "' --window-size=1400,1000 --virtual-time-budget=60000 "
                              "--enable-logging=stderr --dump-dom 'file://" +
                              page + "' >'" + out + "' 2>'" + err + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  const std::string log = bytes_of(err);
  INFO(log);
  CHECK(count_of(log, "Uncaught") == 0);
  CHECK(count_of(log, "ERROR:CONSOLE") == 0);
  const std::string dom = bytes_of(out), begin = "<pre id=\"found\">";
  REQUIRE(count_of(dom, begin) == 1);
  const Json found = Json::parse(from_base64(dom, dom.find(begin) + begin.size()));
  CHECK(found["faults"].empty());
  // 0.25 s on a slow core; a machine that does much else has its time.
  CHECK(found["milliseconds"].get<double>() < 3000);
  return found;
}

TEST_CASE("A browser shows the page, its sliders move the pictures and its table sorts", "[page][explain]") {
  if (!browser_is_there()) return;
  const TemporaryFolder folder;
  explain({model, six_digits(folder), "--methods", eleven, "--page", (folder / "why.html").string()});
  const Json found = visited(bytes_of(folder / "why.html"), R"js(
  await until(() => document.querySelector(".scale span").textContent !== "");
  const canvas = document.querySelector("canvas");
  const pixels = () => canvas.getContext("2d").getImageData(0, 0, 28, 28).data.join();
  const move = (id, value) => {
    const slider = document.getElementById(id);
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
    return wait(50);
  };
  const seen = [pixels()];
  await move("strength", 0); seen.push(pixels());
  await move("strength", 100); seen.push(pixels());
  await move("clipping", 60); seen.push(pixels());
  const outline = () => document.querySelector(".contour path").getAttribute("d").length;
  found.outline = [outline()];
  await move("contour", 5); found.outline.push(outline());
  await move("contour", 0); found.outline.push(outline());
  const colours = document.getElementById("colours");
  colours.selectedIndex = 1;
  colours.dispatchEvent(new Event("change"));
  await wait(50); seen.push(pixels());
  document.querySelectorAll("input[type=radio]")[1].click();
  await wait(50); seen.push(pixels());
  found.pictures = new Set(seen).size;
  canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  found.values = [...document.querySelectorAll(".value")].slice(0, 2).map(value => value.textContent);
  document.querySelectorAll("figure button")[1].click();
  found.books = document.querySelectorAll("section")[0].querySelectorAll("table.nodes tbody tr").length;
  found.paths = document.querySelectorAll("section")[0].querySelectorAll("svg.plot path").length;
  const table = document.querySelector("table.sortable"), column = 3;
  const cells = () => [...table.tBodies[0].rows].map(row => row.cells[column].textContent);
  found.table = [cells()];
  for (let i = 0; i < 2; ++i) {
    table.querySelectorAll("th button")[column].click();
    found.table.push(cells());
  }
  found.names = document.querySelectorAll("[alt], canvas[aria-label]").length;
)js");
  CHECK(found["pictures"] == 6);
  CHECK(found["outline"][0] == 0);
  CHECK(found["outline"][1] > 40);
  CHECK(found["outline"][2] == 0);
  CHECK(found["values"][0].get<std::string>().starts_with("(15, 14): "));
  CHECK(found["values"][1].get<std::string>().starts_with("(15, 14): "));
  CHECK(found["books"] == 11);
  CHECK(found["paths"] == 10);
  CHECK(found["names"].get<int>() >= 12);
  auto cells = found["table"];
  REQUIRE(cells[0].size() == 6 * 3 * 11);
  const auto number = [](const Json& cell) {
    std::string digits = cell.get<std::string>();
    if (const std::size_t at = digits.find("\u2212"); at != std::string::npos) digits.replace(at, 3, "-");
    return std::stod(digits);
  };
  CHECK(cells[0] != cells[1]);
  for (std::size_t i = 1; i < cells[1].size(); ++i) {
    CHECK(number(cells[1][i - 1]) >= number(cells[1][i]));
    CHECK(number(cells[2][i - 1]) <= number(cells[2][i]));
  }
}

TEST_CASE("A browser shows each of several inputs", "[page][explain]") {
  if (!browser_is_there()) return;
  const Page page = small_page();
  PageInput input = small_input();
  input.input = "first";
  PageValues& other = input.others.emplace_back();
  other.name = evil;
  other.height = 1;
  other.width = 2;
  for (PageView& view : input.outputs[0].views) view.others = {{0.5, -3}};
  const Json found = visited(page_html(page, std::vector{page_input(page, input)}), R"js(
  await until(() => document.querySelector(".scale span").textContent !== "");
  const section = document.querySelector("section");
  found.canvases = [...section.querySelectorAll("canvas")].map(canvas => canvas.width);
  found.names = [...section.querySelectorAll("h3")].map(name => name.textContent);
  found.sums = [...section.querySelectorAll(".note")].map(note => note.textContent).filter(text => text.startsWith("adds up to"));
  section.querySelectorAll("figure button")[3].click();
  found.pressed = [...section.querySelectorAll("figure button")].map(button => button.getAttribute("aria-pressed"));
  section.querySelectorAll("canvas")[2].dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  found.values = [...section.querySelectorAll(".value")].map(value => value.textContent);
)js");
  CHECK(found["canvases"] == Json({3, 3, 2, 2}));
  CHECK(found["names"][0] == "first");
  CHECK(found["names"][1].get<std::string>().starts_with("</script>"));
  CHECK(found["sums"] ==
        Json({"adds up to 0.75", "adds up to 0", "adds up to \u22122.5", "adds up to \u22122.5"}));
  CHECK(found["pressed"] == Json({"false", "true", "false", "true"}));
  CHECK(found["values"] == Json({"", "", "(1, 0): \u22123", "(1, 0): \u22123"}));
}

TEST_CASE("A browser shows curves and tables, and what is missing sorts last", "[page][explain]") {
  if (!browser_is_there()) return;
  Page page = small_page();
  page.plots = {{"t",
                 "steps",
                 "logit",
                 {{evil, {0, 1, 2}, {3, 2, 1}, {2.5, 1.5, 0.5}, {3.5, 2.5, 1.5}}, {"b", {0, 2}, {3, -1}}}}};
  page.tables = {{"t", {"method", "AOPC"}, {{{"b"}, {"2.0", 2}}, {{"a"}, {"-"}}, {{"c"}, {"10.0", 10}}}}};
  const Json found = visited(page_html(page), R"js(
  const plot = document.querySelector("svg.plot"), words = () => [...plot.querySelectorAll("text")].slice(-2).map(text => text.textContent);
  found.curves = plot.querySelectorAll("g > path").length;
  found.words = [words()];
  for (let i = 0; i < 2; ++i) plot.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  found.words.push(words());
  const table = document.querySelector("table.sortable"), rows = () => [...table.tBodies[0].rows].map(row => row.cells[0].textContent).join("");
  found.rows = [rows()];
  for (const column of [1, 1, 0, 0]) {
    table.querySelectorAll("th button")[column].click();
    found.rows.push(rows());
  }
)js");
  CHECK(found["curves"] == 3);  // a band, and two lines
  CHECK(found["words"][0][1] == "b");
  CHECK_THAT(found["words"][1][0].get<std::string>(), Contains(": 2 (1.5 to 2.5)"));
  CHECK(found["words"][1][1] == "b: 3");  // of two as near, the first
  CHECK(found["rows"] == Json({"bac", "cba", "bca", "abc", "cba"}));
}

TEST_CASE("A browser shows galleries with their region, and plots of points", "[page][explain]") {
  if (!browser_is_there()) return;
  Page page;
  page.plots = {{"t", "x", "y", {{evil, {0, 1, 2}, {3, 2, 1}, {}, {}, true}, {"b", {0, 2}, {3, -1}}}}};
  const ascribe::Picture picture{2, 2, {0, 0, 0, 255, 255, 255, 9, 9, 9, 90, 90, 90}};
  page.galleries = {{evil, {{evil, 2, 2, {1, -2, 0, 0}, picture}, {"b", 2, 2, {0, 0, 0, 3}}}, {0, 1}, "n"}};
  const Json found = visited(page_html(page), R"js(
  const drawn = canvas => canvas.getContext("2d").getImageData(0, 0, 1, 1).data[3] > 0;
  await until(() => [...document.querySelectorAll("section figure canvas")].every(drawn));
  found.circles = document.querySelectorAll("svg.plot g > circle").length;
  found.lines = document.querySelectorAll("svg.plot g > path").length;
  const figures = [...document.querySelectorAll("section figure")];
  found.figures = figures.map(figure => [figure.querySelectorAll("img").length, figure.querySelectorAll("canvas").length]);
  found.region = figures[1].querySelector(".contour path").getAttribute("d");
  const pixel = (figure, x, y) => [...figure.querySelector("canvas").getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
  const slide = async value => {
    const slider = document.getElementById("strength");
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
    await wait(100);
  };
  await slide(0);
  found.image = pixel(figures[0], 1, 0);
  await slide(100);
  found.heat = [pixel(figures[0], 1, 0), pixel(figures[0], 0, 1), pixel(figures[1], 1, 1)];
)js");
  CHECK(found["circles"] == 3 + 1);  // one in the legend
  CHECK(found["lines"] == 1);
  CHECK(found["figures"] == Json::parse("[[1, 1], [0, 1]]"));
  CHECK(found["region"] == "M0 0h1M0 0v1M1 0h1M2 0v1M0 1h1M1 1h1");
  CHECK(found["image"] == Json({255, 255, 255}));
  CHECK(found["heat"][1] == Json({255, 255, 255}));
  CHECK(found["heat"][0][0] < found["heat"][0][2]);  // blue: against
  CHECK(found["heat"][2][0] > found["heat"][2][2]);  // red: for
}

}  // namespace
