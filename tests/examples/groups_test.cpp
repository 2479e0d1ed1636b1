#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
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
using ascribe::test::port_message;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;
using Json = nlohmann::json;

std::string grouped(const Arguments& arguments) {
  return ascribe::test::printed_by(ASCRIBE_GROUPS_PROGRAM, arguments);
}
void check_refused(const Arguments& arguments, const std::string& part, int exit_code = 1) {
  ascribe::test::check_refused_by(ASCRIBE_GROUPS_PROGRAM, arguments, part, exit_code);
}

/// A grey image of 4 × 4 to three classes: 0 looks at pixels 5 and 10, and at 15, the corner; 1 at 6; 2 at
/// none. The first row speaks a little for 0.
std::string model() {
  std::vector<float> weights(48, 0);
  weights[5 * 3] = 1, weights[10 * 3] = 1, weights[15 * 3] = 2, weights[6 * 3 + 1] = 2;
  for (std::size_t q = 0; q < 4; ++q) weights[q * 3] = 0.4f;
  return ascribe::test::model_message(
             Message()
                 .message(1, ascribe::test::node_message("Flatten", {"a"}, {"flat"}, "flat"))
                 .message(1, ascribe::test::node_message("MatMul", {"flat", "w"}, {"b"}, "product"))
                 .message(5, ascribe::test::tensor_message("w", 1, {16, 3}).packed_floats(4, weights))
                 .message(11, port_message("a", {1, 4, 4}))
                 .message(12, port_message("b", {3})))
      .bytes;
}

/// Sixty inputs: 24 of class 0 have more of pixel 5, 16 of 10, 8 both alike and the corner besides; 12 are of
/// class 1.
struct Data {
  TemporaryFolder folder;
  std::string net, images, labels;
  static constexpr std::size_t count = 60;

  explicit Data(double corner = 1) {
    std::vector<float> x(count * 16, 0);
    std::string of;
    for (std::size_t n = 0; n < count; ++n) {
      float* const pixels = x.data() + 16 * n;
      const auto varied = [&](double size) { return float(size + 0.03 * std::sin(double(7 * n) + size)); };
      if (n < 48) pixels[5] = varied(n < 24 ? 1 : n < 40 ? 0.3 : 0.65);
      if (n < 48) pixels[10] = varied(n < 24 ? 0.3 : n < 40 ? 1 : 0.66);
      if (n >= 40 && n < 48) pixels[15] = float(corner) * varied(1);
      if (n >= 48) pixels[6] = varied(1);
      for (std::size_t q = 0; q < 4; ++q)
        pixels[q] = 0.3f + 0.1f * float(std::sin(1.7 * double(n * (q + 2))));
      of += n < 48 ? "0\n" : "1\n";
    }
    net = folder.write("net.onnx", model()).string();
    labels = folder.write("labels.csv", of).string();
    images = (folder / "x.npy").string();
    ascribe::io::write_npy(images, {count, 1, 4, 4}, x);
  }
  Arguments all() const { return {net, images, "--labels", labels, "--pool", "4"}; }
  Arguments few() const { return all() + Arguments{"--neighbours", "7"}; }
};

TEST_CASE("groups: finds those that hang on a corner, and says by what", "[groups]") {
  const Data data;
  const std::string printed = grouped(data.few() + Arguments{"--json", (data.folder / "out.json").string(),
                                                             "--csv", (data.folder / "out.csv").string(),
                                                             "--page", (data.folder / "out.html").string()});
  CHECK(count_of(printed,
                 "60 inputs, of which the network says 60 right; explained by lrp_q, summed to 4 x 4") == 1);
  CHECK(count_of(printed, "hang on 1 pixels, rows 3, columns 3") == 1);
  CHECK(count_of(printed, "8 inputs (17 % of the class)") == 1);
  CHECK(count_of(printed, "HANGS ON ITS REGION") == 1);
  CHECK(count_of(printed, "nothing is claimed") == 0);
  const Json json = Json::parse(bytes_of(data.folder / "out.json"));
  const Json& zero = json.at("classes").at(0);
  CHECK(zero.at("groups").size() == 3);
  for (std::size_t n = 0; n < 48; ++n)
    CHECK(zero.at("members").at(n).at("group") == (n < 24 ? 0 : n < 40 ? 1 : 2));
  const Json& group = zero.at("groups").at(2);
  CHECK(group.at("found") == true);
  CHECK(group.at("region").at("pixels") == Json({15}));
  CHECK(std::abs(group.at("of_group").at("logit_fall").get<double>() - 2) < 0.05);  // the corner's weight
  CHECK(std::abs(group.at("of_rest").at("logit_fall").get<double>()) < 1e-6);
  CHECK(group.at("of_others").at("right_after") == 1.0);
  CHECK(zero.at("eigenvalues").size() == 6);
  const std::string csv = bytes_of(data.folder / "out.csv");
  CHECK(csv.starts_with("class,group,inputs,share,region_pixels,"));
  CHECK(count_of(csv, "\n0,2,8,") == 1);
  const std::string page = bytes_of(data.folder / "out.html");
  CHECK(count_of(page, "\"region\":[15]") == 1);
  CHECK(count_of(page, "Class 0, group 2: 8 inputs, hangs on its region") == 1);
  CHECK(count_of(page, "\"points\":true") == 3);
  // The same for one thread and for three; class 1 by itself.
  const Arguments alone{"--class", "0"};
  CHECK(grouped(data.few() + alone + Arguments{"--threads", "1"}) ==
        grouped(data.few() + alone + Arguments{"--threads", "3"}));
}

TEST_CASE("groups: nothing is claimed where there is nothing", "[groups]") {
  const Data data(0);
  const std::string printed = grouped(data.few());
  CHECK(count_of(printed, "nothing is claimed: no group hangs on a region of its own") == 1);
  CHECK(count_of(printed, "HANGS") == 0);
  // Without labels by the network's answers, which are the same here.
  const std::string own = grouped({data.net, data.images, "--neighbours", "7", "--pool", "4"});
  CHECK(count_of(own, "of which the network says what they are grouped by") == 1);
}

TEST_CASE("groups: bad input gets one line", "[groups]") {
  const Data data;
  const auto path = [&](const char* name) { return (data.folder / name).string(); };
  check_refused(data.all() + Arguments{"--neighbours", "48"}, "expected a class of more than 48 inputs");
  check_refused({data.net, data.images, "--neighbours", "0"}, "--neighbours", 2);
  check_refused({data.net, data.images, "--pool", "5"},
                "--pool: expected at most the input's 4 x 4, found 5 x 5");
  check_refused(data.all() + Arguments{"--class", "2"},
                "--class 2: expected inputs of that class, found none");
  check_refused(data.all() + Arguments{"--class", "3"}, "--class: expected classes in [0, 3), found 3");
  check_refused(data.all() + Arguments{"--class", "1,1"}, "found a class twice", 2);
  check_refused(data.all() + Arguments{"--seed", "-3"}, "--seed: expected a whole number from 0 to 2^64 - 1",
                2);
  check_refused(data.all() + Arguments{"--region", "0"}, "expected a part above 0", 2);
  check_refused(data.all() + Arguments{"--method", "occlusion"}, "found 'occlusion'", 2);
  check_refused(data.all() + Arguments{"--json", data.images}, "expected another place");
  data.folder.write("short.csv", "0\n1\n");
  check_refused({data.net, data.images, "--labels", path("short.csv")},
                "expected a label for each of 60 inputs, found 2");
  std::vector<float> broken(16 * 60, 1);
  broken[77] = std::nanf("");
  ascribe::io::write_npy(path("nan.npy"), {60, 1, 4, 4}, broken);
  check_refused({data.net, path("nan.npy"), "--labels", data.labels}, "nan.npy[4]");
}

}  // namespace
