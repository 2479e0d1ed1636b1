#include "ascribe/io/onnx/attributes.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"

using namespace ascribe;
using test::message_of;

TEST_CASE("onnx::Attributes: read by type, with what holds where there is none") {
  const onnx::Node node{"n",
                        "Op",
                        {},
                        {"y"},
                        {{"i", std::int64_t{3}},
                         {"f", 1.5f},
                         {"s", std::string("text")},
                         {"is", std::vector<std::int64_t>{1, 2}},
                         {"yes", std::int64_t{1}}}};
  onnx::Attributes attributes(node);
  CHECK(attributes.has("i"));
  CHECK(!attributes.has("j"));
  CHECK(attributes.integer("i", 7) == 3);
  CHECK(attributes.integer("j", 7) == 7);
  CHECK(attributes.real("f", 0) == 1.5f);
  CHECK(attributes.real("g", 0.5f) == 0.5f);
  CHECK(attributes.text("s", "x") == "text");
  CHECK(attributes.text("t", "x") == "x");
  CHECK(attributes.integers("is") == std::vector<std::int64_t>{1, 2});
  CHECK(!attributes.integers("js"));
  CHECK(attributes.flag("yes", false));
  CHECK(attributes.flag("no", true));
  CHECK(attributes.required<std::int64_t>("i") == 3);
  attributes.finish();

  CHECK_THAT(message_of([&] { attributes.flag("i", false); }), Contains("expected 0 or 1, found 3"));
  CHECK_THAT(message_of([&] { attributes.integer("f", 0); }),
             Contains("node 'n' (Op): attribute 'f': expected an integer, found a float"));
  CHECK_THAT(message_of([&] { attributes.real("is", 0); }),
             Contains("expected a float, found a list of integers"));
  CHECK_THAT(message_of([&] { attributes.required<float>("g"); }), Contains("attribute 'g', found none"));
}

TEST_CASE("onnx::Attributes: what nobody asked for is an Error, unless it was said to change nothing") {
  const onnx::Node node{
      "n", "Op", {}, {"y"}, {{"a", std::int64_t{3}}, {"then", onnx::UnsupportedAttribute{"a sub-graph"}}}};
  onnx::Attributes attributes(node);
  attributes.integer("a", 0);
  CHECK_THAT(message_of([&] { attributes.finish(); }),
             Contains("node 'n' (Op)") && Contains("no attribute 'then', found a sub-graph"));
  attributes.ignore("then");
  attributes.ignore("not there");
  attributes.finish();
}
