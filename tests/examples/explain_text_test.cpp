#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <pty.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/id_models.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

// The program on texts, as its users run it. Nothing of its source is in here.
namespace {

using ascribe::test::along_message;
using ascribe::test::Arguments;
using ascribe::test::axes_message;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::explain;
using ascribe::test::floats;
using ascribe::test::integer_attribute;
using ascribe::test::Message;
using ascribe::test::node_message;
using ascribe::test::Outcome;
using ascribe::test::run;
using ascribe::test::sum_message;
using ascribe::test::table_message;
using ascribe::test::TemporaryFolder;
using ascribe::test::tensor_message;
using ascribe::test::whole_numbers;
using ascribe::test::written;
using ascribe::test::operator+;
using Json = nlohmann::json;

const std::string vocabulary = ascribe::test::of_repository("tests/golden/wordpiece/vocab.txt");
constexpr std::int64_t pieces = 145;  // in it

/// The row of a piece: nothing that two pieces share.
std::vector<float> row(std::int64_t id) { return {float(id), 0.5f * float(id) - 20}; }

/// What all of the models share: the table, one row a piece, and the numbers of axes.
Message tables() {
  std::vector<float> table;
  for (std::int64_t id = 0; id < pieces; ++id)
    for (const float v : row(id)) table.push_back(v);
  return Message()
      .message(5, table_message("table", 2, table))
      .message(5, tensor_message("last", whole_numbers, {1}).packed(7, {2}))
      .message(5, along_message());
}

/// y = Σ over the pieces of mask·(1 + type)·table[id], for each of the two columns.
std::string masked_model(const TemporaryFolder& folder, std::int64_t size = -1, bool mask = true) {
  Message graph = tables();
  graph.message(5, tensor_message("one", whole_numbers, {}).packed(7, {1}))
      .message(1, node_message("Gather", {"table", "input_ids"}, {"rows"}))
      .message(1, node_message("Add", {"token_type_ids", "one"}, {"types"}));
  if (mask)
    graph.message(1, node_message("Mul", {"types", "attention_mask"}, {"weights"}));
  else
    graph.message(1, node_message("Identity", {"types"}, {"weights"}));
  Message cast = node_message("Cast", {"weights"}, {"real"});
  cast.message(5, integer_attribute("to", floats));
  graph.message(1, cast)
      .message(1, node_message("Unsqueeze", {"real", "last"}, {"column"}))
      .message(1, node_message("Mul", {"rows", "column"}, {"weighted"}));
  graph.message(1, sum_message("weighted", "y"))
      .message(11, axes_message("input_ids", whole_numbers, {size}));
  if (mask) graph.message(11, axes_message("attention_mask", whole_numbers, {size}));
  graph.message(11, axes_message("token_type_ids", whole_numbers, {size}))
      .message(12, axes_message("y", floats, {2}));
  return written(folder, "masked.onnx", graph);
}

/// Rows of two texts' pieces behind one another, in this order, as they are: an output for each.
std::string two_texts_model(const TemporaryFolder& folder, const std::vector<std::string>& order) {
  Message joined = node_message("Concat", order, {"ids"});
  joined.message(5, integer_attribute("axis", 1));
  Message graph = tables();
  graph.message(1, joined)
      .message(1, node_message("Gather", {"table", "ids"}, {"rows"}))
      .message(1, node_message("Relu", {"rows"}, {"y"}))
      .message(11, axes_message("input_ids_a", whole_numbers, {-1}))
      .message(11, axes_message("input_ids_b", whole_numbers, {-1}))
      .message(12, axes_message("y", floats, {-1, 2}));
  return written(folder, "two.onnx", graph);
}

Json ledger_of(const Arguments& arguments, const TemporaryFolder& folder) {
  const std::string path = (folder / "ledger.json").string();
  explain(arguments + Arguments{"--vocabulary", vocabulary, "--precision", "double", "--ledger", path});
  return Json::parse(bytes_of(path))["samples"][0];
}

std::string refusal(const Arguments& arguments) {
  const Outcome outcome = run(arguments + Arguments{"--vocabulary", vocabulary});
  CHECK(outcome.exit_code == 1);
  CHECK(count_of(outcome.err, "\n") == 1);
  return outcome.err;
}

TEST_CASE("explain gives each piece of a text its share, special ones too", "[explain][text]") {
  const TemporaryFolder folder;
  const std::string model = masked_model(folder);
  const Json sample = ledger_of({model, "The unaffable caf\u00e9!", "--target", "1"}, folder);
  CHECK(sample["input"] == "The unaffable caf\u00e9!");
  // [CLS] the un ##aff ##able cafe ! [SEP], as the file has their numbers.
  const std::vector<std::int64_t> ids{2, 5, 13, 14, 15, 17, 35, 3};
  const std::vector<std::string> names{"[CLS]", "the", "un", "##aff", "##able", "cafe", "!", "[SEP]"};
  REQUIRE(sample["pieces"].size() == ids.size());
  double sum = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Json& piece = sample["pieces"][i];
    CHECK(piece["id"] == ids[i]);
    CHECK(piece["piece"] == names[i]);
    CHECK(piece["relevance"] == row(ids[i])[1]);
    sum += row(ids[i])[1];
  }
  CHECK(sample["totals"]["input"] == Approx(sum));
  CHECK(sample["totals"]["enter"] == Approx(sum));
  // Printed plainly, where nothing says that it is a terminal.
  const std::string printed = explain({model, "The unaffable caf\u00e9!", "--vocabulary", vocabulary});
  CHECK_THAT(printed, Contains("position         id    relevance  piece") && Contains(" 5.0000  the") &&
                          Contains(" 14.0000  ##aff"));
  CHECK(printed.find('\033') == std::string::npos);
}

TEST_CASE("explain colours a text on a terminal", "[explain][text]") {
  const TemporaryFolder folder;
  const std::string model = masked_model(folder);
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) {
    execl(ASCRIBE_EXPLAIN_PROGRAM, "explain", model.c_str(), "the fox", "--vocabulary", vocabulary.c_str(),
          static_cast<char*>(nullptr));
    _exit(127);
  }
  std::string printed;
  char bytes[4096];
  for (ssize_t n; (n = read(terminal, bytes, sizeof bytes)) > 0;)
    printed.append(bytes, static_cast<std::size_t>(n));
  close(terminal);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  // The largest share has the strongest red; each of four pieces a colour, and an end of it.
  CHECK_THAT(printed, Contains("mfox\033[0m"));
  CHECK(count_of(printed, ";48;2;") == 4);
}

TEST_CASE("explain leaves out a text's pieces, one after the other", "[explain][text]") {
  // Of a sum each loses its own row, against rows of zeros; two at once, both.
  const TemporaryFolder folder;
  const std::string model = masked_model(folder);
  const auto shares = [&](const std::string& patch) {
    const Json sample =
        ledger_of({model, "the fox", "--target", "0", "--method", "occlusion", "--patch", patch}, folder);
    CHECK(sample["books"] == "not applicable");
    std::vector<double> found;
    for (const Json& piece : sample["pieces"]) found.push_back(piece["relevance"]);
    return found;
  };
  CHECK(shares("1") == std::vector<double>{2, 5, 8, 3});
  CHECK(shares("2,1") == std::vector<double>{7, 7, 11, 11});
  CHECK_THAT(explain({model, "the fox", "--vocabulary", vocabulary, "--method", "occlusion", "--patch", "1",
                      "--target", "0"}),
             Contains("add up to 18\n") && Contains(" 8.0000  fox"));
}

TEST_CASE("explain takes two texts with a tab between, by types or by inputs of their own",
          "[explain][text]") {
  const TemporaryFolder folder;
  // [CLS] the [SEP] fox [SEP]: the second text's rows count twice.
  const Json typed = ledger_of({masked_model(folder), "the\tfox", "--target", "0"}, folder);
  const std::vector<double> expected{2, 5, 3, 2 * 8, 2 * 3};
  REQUIRE(typed["pieces"].size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(typed["pieces"][i]["relevance"] == expected[i]);
  // [CLS] the [SEP] [CLS] quick fox [SEP], position 5 is the fox, which alone its output is of.
  const std::string two = two_texts_model(folder, {"input_ids_a", "input_ids_b"});
  const Json apart = ledger_of({two, "the\tquick fox", "--target", "[5,0]"}, folder);
  REQUIRE(apart["pieces"].size() == 7);
  CHECK(apart["output"] == 8);
  for (std::size_t i = 0; i < 7; ++i) CHECK(apart["pieces"][i]["relevance"] == (i == 5 ? 8 : 0));
  CHECK(apart["pieces"][3]["piece"] == "[CLS]");
  CHECK(apart["pieces"][5]["piece"] == "fox");
  CHECK_THAT(refusal({two, "the quick fox"}), Contains("expected two texts with a tab between"));
  CHECK_THAT(refusal({two, "a\tb\tc"}), Contains("found another tab"));
  // Rows that stand otherwise than their pieces are theirs all the same: [CLS] quick fox [SEP] [CLS] the
  // [SEP].
  const Json turned = ledger_of(
      {two_texts_model(folder, {"input_ids_b", "input_ids_a"}), "the\tquick fox", "--target", "[2,0]"},
      folder);
  REQUIRE(turned["pieces"].size() == 7);
  for (std::size_t i = 0; i < 7; ++i) CHECK(turned["pieces"][i]["relevance"] == (i == 5 ? 8 : 0));
}

TEST_CASE("explain fills texts up with [PAD] where the model says how long they are", "[explain][text]") {
  const TemporaryFolder folder;
  const std::string model = masked_model(folder, 6);
  const Json sample = ledger_of({model, "the fox", "--target", "1"}, folder);
  REQUIRE(sample["pieces"].size() == 6);
  CHECK(sample["pieces"][1]["relevance"] == row(5)[1]);
  CHECK(sample["pieces"][4]["piece"] == "[PAD]");
  CHECK(sample["pieces"][4]["relevance"] == 0);
  CHECK_THAT(refusal({model, "the the the the the"}), Contains("expected 6 pieces") && Contains("found 7"));
  CHECK_THAT(refusal({masked_model(folder, 6, false), "the fox"}),
             Contains("found 4, and no mask that leaves others out"));
}

TEST_CASE("explain reads texts from files and from standard input, a line each", "[explain][text]") {
  const TemporaryFolder folder;
  const std::string model = masked_model(folder), out = (folder / "out").string(),
                    list = folder.write("list.txt", "the fox\r\n\nthe\tquick/fox\n").string();
  const std::string printed = explain({model, list, "--vocabulary", vocabulary});
  CHECK_THAT(printed, Contains("the fox\n") && Contains("the | quick/fox\n"));
  const Outcome piped =
      run({model, "--vocabulary", vocabulary, "--inputs-from", "-"}, "printf 'the fox\\nthe' | ");
  CHECK(piped.exit_code == 0);
  CHECK_THAT(piped.out, Contains("the fox\n") && Contains("\nthe\n"));
  // Files of their own, named after the texts; the same command has nothing to do.
  const Arguments many{model, list,      "--vocabulary",     vocabulary, "--output-folder",
                       out,   "--write", "relevance,heatmap"};
  REQUIRE(run(many).exit_code == 0);
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(out))
    names.push_back(file.path().filename().string());
  std::sort(names.begin(), names.end());
  REQUIRE(names.size() == 5);
  CHECK(names[0] == "explain.json");
  CHECK_THAT(names[1], Catch::StartsWith("the-fox-") && Catch::EndsWith(".heatmap.png"));
  CHECK_THAT(names[4], Catch::StartsWith("the-quick-fox-") && Catch::EndsWith(".relevance.npy"));
  CHECK_THAT(run(many).out, Contains("1 were done before"));
  CHECK_THAT(run(many + Arguments{"--keep-case"}).err, Contains("--keep-case"));
  CHECK_THAT(refusal({model, list, "--ledger", (folder / "l.json").string()}),
             Contains("each text has a network of its own"));
  CHECK_THAT(refusal({model, folder.write("empty.txt", "\n").string()}), Contains("one a line, found none"));
  CHECK_THAT(refusal({model, (folder / "none.txt").string()}), Contains("expected a file of texts"));
  CHECK_THAT(refusal({model, model}), Contains("with --vocabulary an INPUT is a text"));
}

TEST_CASE("explain keeps capitals where it is told to", "[explain][text]") {
  const TemporaryFolder folder;
  const std::string model = masked_model(folder);
  CHECK(ledger_of({model, "The", "--keep-case"}, folder)["pieces"][1]["id"] != 5);
  CHECK(ledger_of({model, "The"}, folder)["pieces"][1]["id"] == 5);
  CHECK(run({model, "x.npy", "--keep-case"}).exit_code == 2);
}

TEST_CASE("explain draws the words of a text", "[explain][text]") {
  const TemporaryFolder folder;
  const std::string picture = (folder / "why.png").string();
  explain({masked_model(folder), "the quick fox", "--vocabulary", vocabulary, "--heatmap", picture});
  CHECK(bytes_of(picture).substr(0, 8) == "\x89PNG\r\n\x1a\n");
}

TEST_CASE("explain says which texts and models do not go together", "[explain][text]") {
  const TemporaryFolder folder;
  const std::string model = masked_model(folder);
  CHECK_THAT(
      run({model, "the fox"}).err,
      Contains("the fox: expected a .npy file of whole numbers for input 'input_ids'; --vocabulary FILE"));
  // A text is named by its beginning where it is long, and by no half of a letter.
  std::string lengthy(119, 'a');
  lengthy += "\u00e9\u00e9";
  CHECK_THAT(explain({model, lengthy, "--vocabulary", vocabulary}),
             Contains(std::string(119, 'a') + "\u2026\n"));
  // A piece that the table has no row for.
  const std::string longer = folder.write("longer.txt", bytes_of(vocabulary) + "zebra\n").string();
  const Outcome outside = run({model, "the zebra", "--vocabulary", longer});
  CHECK(outside.exit_code == 1);
  CHECK_THAT(outside.err, Contains("the zebra: ") && Contains("Gather") && Contains("145") &&
                              Contains("the text is 4 pieces long"));
  CHECK_THAT(refusal({model, "caf\xE9"}), Contains("expected text in UTF-8, found none at byte 3"));
  Message graph = tables();
  graph.message(1, node_message("Gather", {"table", "input_ids"}, {"rows"}))
      .message(1, node_message("Mul", {"rows", "speakers"}, {"y"}))
      .message(11, axes_message("input_ids", whole_numbers, {-1}))
      .message(11, axes_message("speakers", floats, {1, 2}))
      .message(12, axes_message("y", floats, {-1, 2}));
  CHECK_THAT(refusal({written(folder, "other.onnx", graph), "the"}),
             Contains("no text fills the input 'speakers'"));
  // By itself, an input of whole numbers may have any name; without a vocabulary, ids are what it takes.
  Message alone = tables();
  alone.message(1, node_message("Gather", {"table", "words"}, {"rows"}))
      .message(1, node_message("Relu", {"rows"}, {"y"}))
      .message(11, axes_message("words", whole_numbers, {-1}))
      .message(12, axes_message("y", floats, {-1, 2}));
  const std::string words = written(folder, "alone.onnx", alone);
  CHECK_THAT(explain({words, "the", "--vocabulary", vocabulary, "--target", "[1,0]"}),
             Contains("5.0000  the"));
  CHECK_THAT(run({words, "the"}).err, Contains("--vocabulary FILE reads texts"));
}

TEST_CASE("explain takes one position's class as a target, which depends on what its network lets it see",
          "[explain][text]") {
  const TemporaryFolder folder;
  const std::string relevances = (folder / "r.npy").string();
  const auto shares = [&](const std::string& network, const std::string& hidden, const std::string& target) {
    const std::string path = ascribe::test::of_repository("tests/golden/transformers/" + network + "/");
    explain({path + "model.onnx", path + "input.npy", "--output", hidden, "--target", target, "--method",
             "attn_lrp", "--precision", "double", "--relevance", relevances});
    const auto found = ascribe::io::read_npy<double>(relevances);
    std::vector<double> largest(9);  // of the first sample's nine positions, 24 features each
    for (std::size_t i = 0; i < 9 * 24; ++i)
      largest[i / 24] = std::max(largest[i / 24], std::abs(found.values[i]));
    return largest;
  };
  // A decoder's positions see what stands before them, an encoder's see all.
  for (const std::size_t position : {0u, 3u, 8u}) {
    const std::string target = "[" + std::to_string(position) + ",5]";
    const auto causal = shares("decoder", "/n/Mul_1_output_0", target),
               whole = shares("encoder", "/b/b.1/n2/LayerNormalization_output_0", target);
    for (std::size_t i = 0; i < 9; ++i) {
      CHECK((causal[i] > 0) == (i <= position));
      CHECK(whole[i] > 0);
    }
  }
}

TEST_CASE("a text's page has its pieces and their shares", "[explain]") {
  const TemporaryFolder folder;
  const std::string network = masked_model(folder), html = (folder / "why.html").string();
  const Json pieces_of =
      ledger_of({network, "the cat </script>", "--method", "lrp_q", "--page", html}, folder)["pieces"];
  const std::string page = bytes_of(html), begin = "id=\"data\">";
  const std::size_t from = page.find(begin) + begin.size();
  const Json input = Json::parse(page.substr(from, page.find("</script>", from) - from))["inputs"][0];
  REQUIRE(input["words"].size() == pieces_of.size());
  CHECK(input["height"] == 1);
  CHECK(input["width"] == pieces_of.size());
  double largest = 0;
  for (std::size_t i = 0; i < pieces_of.size(); ++i) {
    CHECK(input["words"][i]["piece"] == pieces_of[i]["piece"]);
    largest = std::max(largest, std::abs(pieces_of[i]["relevance"].get<double>()));
  }
  CHECK(input["outputs"][0]["views"][0]["relevance"]["scale"].get<double>() == Approx(largest));
}

}  // namespace
