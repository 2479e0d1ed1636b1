#include "examples/shortcut/report.hpp"

#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/core/error.hpp"
#include "examples/shortcut/data.hpp"
#include "examples/shortcut/experiment.hpp"
#include "examples/shortcut/protocol.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using ascribe::Index;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::run_program;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;
using Json = nlohmann::ordered_json;

Outcome run(const Arguments& arguments) { return run_program(ASCRIBE_SHORTCUT_PROGRAM, arguments, ""); }

void check_refused(const Arguments& arguments, const std::string& part, int exit_code = 1) {
  ascribe::test::check_refused_by(ASCRIBE_SHORTCUT_PROGRAM, arguments, part, exit_code);
}

/// A protocol whose runs take milliseconds: 60 images, one epoch or two.
Json small_protocol() {
  Json json = Json::parse(bytes_of(of_repository("examples/data/shortcut.json")));
  json["tasks"] = {{"backgrounds", {{"training", 60}, {"test", 20}}},
                   {"digits", {{"training", 40}, {"test", 20}}}};
  json["networks"] = {{"mlp", {{"epochs", 2}, {"rate", 0.001}}}, {"cnn", {{"epochs", 1}, {"rate", 0.001}}}};
  json["batch"] = 16;
  json["early"]["samples"] = 32;
  json["picture"] = {"none", "z_plus"};
  json["standard"] = Json::array({{{"task", "backgrounds"},
                                   {"network", "mlp"},
                                   {"factors", {1, 10}},
                                   {"seeds", {1, 2}},
                                   {"losses", {"gradient", "z_plus"}}}});
  json["full"] = json["standard"];
  return json;
}

Arguments with(const TemporaryFolder& folder, const Json& protocol) {
  return {"--protocol", folder.write("protocol.json", protocol.dump()).string(), "--data",
          of_repository("examples/data")};
}

TEST_CASE("shortcut: decoys are where the masks say, and what they say", "[shortcut]") {
  const std::string folder = of_repository("examples/data/digits/");
  const auto task =
      shortcut::decoys("digits", folder + "train-images.idx3-ubyte.gz", folder + "train-labels.idx1-ubyte",
                       folder + "test-images.idx3-ubyte.gz", folder + "test-labels.idx1-ubyte", 200, 200, 1);
  REQUIRE(task.features() == 784);
  REQUIRE(task.training.inputs.cols() == 200);
  REQUIRE(task.redrawn.cols() == 200);
  std::set<Index> corners;
  int grey_of_label = 0, moved = 0, wrong = 0;
  for (const bool training : {true, false}) {
    const auto& images = training ? task.training : task.test;
    const auto& others = training ? task.without : task.redrawn;
    for (Index n = 0; n < 200; ++n) {
      Index count = 0, corner = -1;
      const float level = float(255 - 25 * images.labels[std::size_t(n)]) / 255;
      for (Index y = 0; y < 28; ++y)
        for (Index x = 0; x < 28; ++x) {
          const Index i = y * 28 + x;
          const bool in_corner = (y < 4 || y >= 24) && (x < 4 || x >= 24);
          if (images.allowed(i, n) == 0) {
            wrong += !in_corner;
            ++count;
            if (corner < 0) corner = i;
            wrong += images.inputs(i, n) != (training ? level : images.inputs(corner, n));
            moved += others(i, n) != images.inputs(i, n);
          } else {
            wrong += images.allowed(i, n) != 1;
            // The digit is the same; a corner that neither image has a decoy in is too.
            wrong += !in_corner && others(i, n) != images.inputs(i, n);
          }
        }
      CHECK(count == 16);
      corners.insert(corner);
      if (!training) grey_of_label += images.inputs(corner, n) == level;
    }
  }
  CHECK(wrong == 0);
  CHECK(corners.size() == 4);
  // A tenth of 200 by chance.
  CHECK(grey_of_label > 5);
  CHECK(grey_of_label < 40);
  CHECK(moved > 2 * 200 * 16 * 7 / 10);
}

TEST_CASE("shortcut: an animal is the same on another background", "[shortcut]") {
  const auto task = shortcut::backgrounds(40, 40, 3);
  int swapped = 0;
  for (const bool training : {true, false}) {
    const auto& images = training ? task.training : task.test;
    const auto& others = training ? task.without : task.redrawn;
    for (Index n = 0; n < 40; ++n) {
      CHECK(images.allowed.col(n).sum() == 9 * 9 * 3);
      double blue = 0, blue_of_other = 0, changed = 0;
      int wrong = 0;
      for (Index i = 0; i < task.features(); ++i) {
        if (images.allowed(i, n) == 1)
          wrong += images.inputs(i, n) != others(i, n);
        else
          changed += images.inputs(i, n) != others(i, n);
        if (images.allowed(i, n) == 0 && i % 3 == 2) {
          blue += double(images.inputs(i, n)) / (400 - 81);
          blue_of_other += double(others(i, n)) / (400 - 81);
        }
      }
      CHECK(wrong == 0);
      // Snow is bright in blue, grass is not: label 0 stands on snow in training, and on grass in test.
      const Index label = images.labels[std::size_t(n)];
      CHECK((blue > 0.5) == ((label == 0) == training));
      if (!training) CHECK((blue_of_other > 0.5) == (label == 0));
      if (training) swapped += (blue_of_other > 0.5) != (label == 0);
      CHECK(changed > 0.8 * (1200 - 243));
    }
  }
  // Half of 40 by chance.
  CHECK(swapped > 8);
  CHECK(swapped < 32);
}

TEST_CASE("shortcut: the strength makes the term as large as guessing", "[shortcut]") {
  CHECK(shortcut::strength_of(0.5, 10, 1) == std::log(10.0) / 0.5);
  CHECK(shortcut::strength_of(0.25, 2, 10) == 10 * std::log(2.0) / 0.25);
  CHECK_THROWS_AS(shortcut::strength_of(0, 10, 1), ascribe::Error);
  CHECK_THROWS_AS(shortcut::strength_of(std::nan(""), 10, 1), ascribe::Error);
}

TEST_CASE("shortcut: the verdict is that of the rule", "[shortcut]") {
  const auto protocol = shortcut::read_protocol(of_repository("examples/data/shortcut.json"));
  shortcut::Group ceiling, group;
  ceiling.run.loss = shortcut::ceiling_name;
  ceiling.accuracy = 0.92;
  group.run.loss = "z_plus";
  group.own_of_plain = 0.2;
  const auto says = [&](double accuracy, double turns, double own) {
    group.accuracy = accuracy;
    group.turns = turns;
    group.own = own;
    return shortcut::verdict(group, group, ceiling, protocol);
  };
  CHECK(says(0.91, 0.01, 0.19) == "cured");
  CHECK(says(0.90 + 1e-9, 0.0299, 0) == "cured");
  CHECK(says(0.87, 0.01, 0) == "weaker by 5.0 points");
  CHECK(says(0.91, 0.03, 0.05) == "games the measure");
  CHECK(says(0.91, 0.03, 0.051) == "not cured");
  CHECK(shortcut::verdict(group, std::nullopt, ceiling, protocol).empty());
  group.stopped = 1;
  CHECK(says(0.91, 0.01, 0) == "diverged");
}

TEST_CASE("shortcut: an interrupted run goes on to the same rows", "[shortcut]") {
  const TemporaryFolder folder;
  const Arguments basic = with(folder, small_protocol());
  const auto files = [&](const std::string& name) {
    return Arguments{"--csv",     (folder / (name + ".csv")).string(),
                     "--json",    (folder / (name + ".json")).string(),
                     "--results", (folder / (name + ".rows")).string()};
  };
  const Outcome whole = run(basic + files("whole") + Arguments{"--threads", "2"});
  INFO(whole.err);
  REQUIRE(whole.exit_code == 0);
  CHECK(count_of(whole.out, "backgrounds, mlp\n") == 1);
  const std::string rows = bytes_of(folder / "whole.rows"), csv = bytes_of(folder / "whole.csv");
  CHECK(count_of(rows, "\n") == 1 + 2 + 2 + 2 * 4);
  CHECK(count_of(csv, "\n") == 1 + 2 + 2 + 2 * 4);

  // Killed while it wrote the sixth row.
  std::size_t end = 0;
  for (int line = 0; line < 6; ++line) end = rows.find('\n', end) + 1;
  folder.write("cut.rows", rows.substr(0, end + 20));
  const Outcome again = run(basic + files("cut") + Arguments{"--threads", "1"});
  INFO(again.err);
  REQUIRE(again.exit_code == 0);
  CHECK(again.out == whole.out);
  CHECK(bytes_of(folder / "cut.csv") == csv);
  CHECK(bytes_of(folder / "cut.json") == bytes_of(folder / "whole.json"));
  CHECK(bytes_of(folder / "cut.rows") == rows);

  // lambda goes with the factor; of one seed, networks start alike and differ by the loss alone.
  const Json json = Json::parse(bytes_of(folder / "whole.json"));
  double strength = 0;
  std::set<double> label_losses;
  for (const Json& one : json.at("runs")) {
    if (one.at("seed") != 1) continue;
    label_losses.insert(one.at("label_loss").get<double>());
    if (one.at("loss") != "gradient") continue;
    if (one.at("factor") == 1.0) strength = one.at("lambda");
    if (one.at("factor") == 10.0)
      CHECK(std::abs(one.at("lambda").get<double>() - 10 * strength) < 1e-9 * strength);
    CHECK(one.at("own").size() == 1);
  }
  CHECK(strength > 0);
  CHECK(label_losses.size() == 6);

  Json other = small_protocol();
  other["batch"] = 8;
  check_refused(with(folder, other) + files("whole"), "whole.rows");
  folder.write("damaged.rows", rows.substr(0, rows.find('\n') + 1) + "{\"task\":\"backgrounds\"}\n");
  check_refused(basic + Arguments{"--results", (folder / "damaged.rows").string()}, "damaged");
}

TEST_CASE("shortcut: a loss that diverges stops its run, and the table says where", "[shortcut]") {
  const TemporaryFolder folder;
  Json protocol = small_protocol();
  protocol["networks"]["mlp"]["rate"] = 1e30;
  protocol["early"]["epochs"] = 0;
  const Outcome outcome =
      run(with(folder, protocol) + Arguments{"--loss", "none,z_plus", "--seed", "1", "--factor", "1", "--csv",
                                             (folder / "out.csv").string()});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(count_of(outcome.out, "stopped: backgrounds, mlp, z_plus x 1, seed 1: epoch 0, batch ") == 1);
  CHECK(count_of(outcome.out, "stopped: backgrounds, mlp, none, seed 1: epoch 0, batch ") == 1);
  CHECK(count_of(outcome.out, "diverged") >= 1);
  CHECK(count_of(bytes_of(folder / "out.csv"), "epoch 0, batch ") == 2);
}

TEST_CASE("shortcut: what does not fit is refused", "[shortcut]") {
  const TemporaryFolder folder;
  const Arguments basic = with(folder, small_protocol());
  check_refused(basic + Arguments{"--loss", "magic"},
                "--loss: expected what the protocol's runs have, found 'magic'");
  check_refused(basic + Arguments{"--seed", "9"}, "--seed: expected");
  check_refused(basic + Arguments{"--factor", "2"}, "--factor: expected");
  check_refused(basic + Arguments{"--task", "digits"}, "--task: expected");
  check_refused(basic + Arguments{"--threads", "0"}, "--threads", 2);
  const std::string out = (folder / "out").string();
  check_refused(basic + Arguments{"--csv", out, "--json", out}, "twice", 2);
  check_refused({"--protocol", (folder / "absent.json").string()}, "none that can be read");
  check_refused(basic + Arguments{"--csv", (folder / "absent/out.csv").string()}, "expected a folder");

  const auto refused = [&](const auto& change, const std::string& part) {
    Json protocol = small_protocol();
    change(protocol);
    check_refused(with(folder, protocol), part);
  };
  refused([](Json& p) { p.erase("batch"); }, "'batch'");
  refused([](Json& p) { p["batch"] = 0; }, "\"batch\": expected at least 1");
  refused([](Json& p) { p["networks"]["mlp"]["rate"] = -1; }, "\"rate\"");
  refused([](Json& p) { p["losses"][0]["term"] = "cubed"; }, "expected share or squared, found 'cubed'");
  refused([](Json& p) { p["losses"][0]["name"] = "a,b"; }, "without commas");
  refused([](Json& p) { p["losses"][0]["asked"] = "all"; }, "expected label or margin, found 'all'");
  refused([](Json& p) { p["standard"][0]["factors"] = {-1}; }, "\"factors\": expected numbers above 0");
  refused([](Json& p) { p["standard"][0]["losses"] = {"magic"}; }, "found 'magic'");
  refused([](Json& p) { p["standard"][0]["network"] = "rnn"; }, "found 'rnn'");
  refused([](Json& p) { p["losses"][0]["method"] = "magic"; }, "magic");
  refused(
      [](Json& p) {
        p["tasks"]["digits"]["training"] = 5000;
        p["standard"][0]["task"] = "digits";
      },
      "expected at least 5000 images, found 4000");

  // Clothes are left out where there are none, but not where they are asked for.
  Json clothes = small_protocol();
  clothes["tasks"]["clothes"] = {{"training", 10}, {"test", 10}};
  clothes["full"].push_back(clothes["full"][0]);
  clothes["full"][1]["task"] = "clothes";
  const Arguments no_clothes =
      with(folder, clothes) + Arguments{"--full", "--seed", "1", "--clothes", (folder / "absent").string()};
  const Outcome outcome = run(no_clothes);
  CHECK(outcome.exit_code == 0);
  CHECK(count_of(outcome.out, "note: clothes are left out") == 1);
  CHECK(count_of(outcome.out, "dataset-fashion-mnist") == 1);
  check_refused(no_clothes + Arguments{"--task", "clothes"}, "found none that can be read");
}

TEST_CASE("shortcut: a picture of what networks look at", "[shortcut]") {
  const TemporaryFolder folder;
  const Outcome outcome =
      run(with(folder, small_protocol()) +
          Arguments{"--seed", "1", "--factor", "1", "--picture", (folder / "out.png").string()});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(bytes_of(folder / "out.png").starts_with("\x89PNG"));
}

}  // namespace
