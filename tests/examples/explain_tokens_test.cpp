#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ascribe/io/npy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/id_models.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

// The program on ids: several tables, baselines made of ids, pages. Nothing of its source is in here.
namespace {

using ascribe::test::along_message;
using ascribe::test::Arguments;
using ascribe::test::axes_message;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::explain;
using ascribe::test::floats;
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
using Numbers = std::vector<double>;

const std::string vocabulary = ascribe::test::of_repository("tests/golden/wordpiece/vocab.txt");

/// The pieces of a text in the vocabulary above: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, the 5, quick
/// 6, fox 8.
constexpr std::int64_t pieces = 145;

/// The first number of each piece's row is its id, what is behind follows from it.
std::vector<float> table(std::int64_t width) {
  std::vector<float> numbers;
  for (std::int64_t id = 0; id < pieces; ++id)
    for (std::int64_t k = 0; k < width; ++k)
      numbers.push_back(k == 0 ? float(id) : float(std::sin(double(id * width + k))));
  return numbers;
}

std::string ids_file(const TemporaryFolder& folder, const std::string& name, const Numbers& ids,
                     std::vector<std::size_t> sizes = {}) {
  if (sizes.empty()) sizes = {1, ids.size()};
  ascribe::io::write_npy(folder / name, sizes, std::span<const double>(ids));
  return (folder / name).string();
}

Json ledger_of(const Arguments& arguments, const TemporaryFolder& folder) {
  const std::string path = (folder / "ledger.json").string();
  explain(arguments + Arguments{"--precision", "double", "--ledger", path});
  return Json::parse(bytes_of(path))["samples"][0];
}

Numbers shares(const Json& sample) {
  Numbers all;
  for (const Json& piece : sample["pieces"]) all.push_back(piece["relevance"]);
  return all;
}

/// Each text's rows by a table of its own, of 2 and 3 numbers: y = Σ over the first numbers of a's rows
/// + 10·Σ over those of b's.
std::string two_towers(const TemporaryFolder& folder) {
  Message graph;
  graph.message(5, table_message("table_a", 2, table(2)))
      .message(5, table_message("table_b", 3, table(3)))
      .message(5, tensor_message("first", floats, {2, 1}).packed_floats(4, {1, 0}))
      .message(5, tensor_message("ten", floats, {3, 1}).packed_floats(4, {10, 0, 0}))
      .message(5, along_message())
      .message(1, node_message("Gather", {"table_b", "input_ids_b"}, {"rows_b"}))
      .message(1, node_message("Gather", {"table_a", "input_ids_a"}, {"rows_a"}))
      .message(1, node_message("MatMul", {"rows_a", "first"}, {"numbers_a"}))
      .message(1, node_message("MatMul", {"rows_b", "ten"}, {"numbers_b"}))
      .message(1, sum_message("numbers_a", "y_a"))
      .message(1, sum_message("numbers_b", "y_b"))
      .message(1, node_message("Add", {"y_a", "y_b"}, {"y"}))
      .message(11, axes_message("input_ids_a", whole_numbers, {-1}))
      .message(11, axes_message("input_ids_b", whole_numbers, {-1}))
      .message(12, axes_message("y", floats, {1}));
  return written(folder, "towers.onnx", graph);
}

/// One text's ids choose rows of two tables: y = Σ over the first numbers of the one, 3 times that of the
/// other's.
std::string wide_and_deep(const TemporaryFolder& folder) {
  Message graph;
  graph.message(5, table_message("wide", 1, table(1)))
      .message(5, table_message("deep", 2, table(2)))
      .message(5, tensor_message("three", floats, {2, 1}).packed_floats(4, {3, 0}))
      .message(5, along_message())
      .message(1, node_message("Gather", {"wide", "input_ids"}, {"wide_rows"}))
      .message(1, node_message("Gather", {"deep", "input_ids"}, {"deep_rows"}))
      .message(1, node_message("MatMul", {"deep_rows", "three"}, {"deep_numbers"}))
      .message(1, node_message("Add", {"wide_rows", "deep_numbers"}, {"numbers"}))
      .message(1, sum_message("numbers", "y"))
      .message(11, axes_message("input_ids", whole_numbers, {-1}))
      .message(12, axes_message("y", floats, {1}));
  return written(folder, "wide.onnx", graph);
}

/// What BERT begins with, its types first: y = Σ over the pieces of mask·(type's row + piece's row +
/// position's row), of numbers alone. Types have 100 and 200, positions 1000, 2000, … 8000.
std::string typed_model(const TemporaryFolder& folder) {
  Message graph;
  graph.message(5, table_message("types", 1, {100, 200}))
      .message(5, table_message("words", 1, table(1)))
      .message(5, table_message("positions", 1, {1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000}))
      .message(5, tensor_message("last", whole_numbers, {1}).packed(7, {2}))
      .message(5, along_message())
      .message(1, node_message("Gather", {"types", "token_type_ids"}, {"type_rows"}))
      .message(1, node_message("Gather", {"words", "input_ids"}, {"word_rows"}))
      .message(1, node_message("Gather", {"positions", "position_ids"}, {"position_rows"}))
      .message(1, node_message("Add", {"type_rows", "word_rows"}, {"placed"}))
      .message(1, node_message("Add", {"placed", "position_rows"}, {"all"}))
      .message(1, node_message("Cast", {"attention_mask"}, {"real"})
                      .message(5, ascribe::test::integer_attribute("to", floats)))
      .message(1, node_message("Unsqueeze", {"real", "last"}, {"column"}))
      .message(1, node_message("Mul", {"all", "column"}, {"seen"}))
      .message(1, sum_message("seen", "y"));
  for (const char* name : {"input_ids", "attention_mask", "token_type_ids", "position_ids"})
    graph.message(11, axes_message(name, whole_numbers, {-1}));
  graph.message(12, axes_message("y", floats, {1}));
  return written(folder, "typed.onnx", graph);
}

TEST_CASE("explain: each of two texts may have a table of its own", "[explain][tokens]") {
  const TemporaryFolder folder;
  const std::string model = two_towers(folder);
  // [CLS] the [SEP], [CLS] quick fox [SEP].
  const Json sample = ledger_of({model, "the\tquick fox", "--vocabulary", vocabulary}, folder);
  CHECK(shares(sample) == Numbers{2, 5, 3, 20, 60, 80, 30});
  CHECK(sample["output"] == 200);
  CHECK(sample["totals"]["input"] == 200);
  CHECK(sample["inputs"] == Json{{"rows_a", 10.0}, {"rows_b", 190.0}});
  CHECK_FALSE(sample["pieces"][0].contains("tables"));  // each piece has one
  // A file of relevances for each, whose rows are as wide as the tables'.
  const std::string relevances = (folder / "r.npy").string();
  const std::string printed =
      explain({model, "the\tquick fox", "--vocabulary", vocabulary, "--relevance", relevances});
  CHECK_THAT(printed, Contains("rows_a") && Contains("190.0000") && Contains(" 80.0000  fox"));
  CHECK(ascribe::io::read_npy<float>(folder / "r.rows_a.npy").values == std::vector<float>{2, 0, 5, 0, 3, 0});
  CHECK(ascribe::io::read_npy<float>(folder / "r.rows_b.npy").shape == std::vector<std::size_t>{1, 4, 3});
  // Pieces that are left out are so wherever they have a row.
  const Json occluded = ledger_of(
      {model, "the\tfox", "--vocabulary", vocabulary, "--method", "occlusion", "--patch", "1"}, folder);
  CHECK(shares(occluded) == Numbers{2, 5, 3, 20, 80, 30});
}

TEST_CASE("explain adds up what a piece has got in several tables, and says each", "[explain][tokens]") {
  const TemporaryFolder folder;
  const std::string model = wide_and_deep(folder);
  const Json sample = ledger_of({model, "the fox", "--vocabulary", vocabulary}, folder);
  CHECK(shares(sample) == Numbers{4 * 2, 4 * 5, 4 * 8, 4 * 3});
  CHECK(sample["pieces"][2]["tables"] == Json{{"wide_rows", 8.0}, {"deep_rows", 24.0}});
  CHECK(sample["totals"]["input"] == 72);
  CHECK_THAT(explain({model, "the fox", "--vocabulary", vocabulary}),
             Contains("relevance     wide_rows     deep_rows  piece") &&
                 Contains(" 32.0000        8.0000       24.0000  fox"));
  // The same of ids in a file; left out one after the other, and two at a time.
  const std::string ids = ids_file(folder, "ids.npy", {2, 5, 8, 3});
  CHECK(shares(ledger_of({model, ids}, folder)) == Numbers{8, 20, 32, 12});
  const Arguments occlusion{model, ids, "--method", "occlusion", "--patch"};
  CHECK(shares(ledger_of(occlusion + Arguments{"1"}, folder)) == Numbers{8, 20, 32, 12});
  CHECK(shares(ledger_of(occlusion + Arguments{"2"}, folder)) == Numbers{28, 28, 44, 44});
  CHECK_THAT(run(occlusion + Arguments{"2", "--stride", "1"}).err, Contains("expected --patch N alone"));
  CHECK_THAT(run({model, ids, "--method", "smoothgrad"}).err,
             Contains("smoothgrad explains one input, found rows of 2 tables, wide_rows to deep_rows"));
}

TEST_CASE("explain takes types and positions for data, unless they are explained", "[explain][tokens]") {
  const TemporaryFolder folder;
  const std::string model = typed_model(folder);
  // [CLS] the [SEP] fox [SEP], types 0 0 0 1 1: rows that the data have chosen are in the books as biases.
  const Json text = ledger_of({model, "the\tfox", "--vocabulary", vocabulary}, folder);
  CHECK(shares(text) == Numbers{2, 5, 3, 8, 3});
  CHECK(text["totals"]["input"] == 21);
  CHECK(text["totals"]["biases"] == 3 * 100 + 2 * 200 + 1000 + 2000 + 3000 + 4000 + 5000);
  CHECK(text["totals"]["enter"] == 21 + 700 + 15000);
  // The same ids with their types: each under its own name, at its own position.
  const std::string ids = ids_file(folder, "ids.npy", {2, 5, 3, 8, 3}),
                    types = ids_file(folder, "types.npy", {0, 0, 0, 1, 1}),
                    places = ids_file(folder, "places.npy", {0, 1, 2, 3, 4}),
                    mask = ids_file(folder, "mask.npy", {1, 1, 1, 1, 1});
  const Arguments data{"--input", "position_ids=" + places, "--input", "attention_mask=" + mask};
  const Arguments both =
      Arguments{model, "--explain", "input_ids=" + ids, "--explain", "token_type_ids=" + types} + data;
  const Json typed = ledger_of(both, folder);
  CHECK(shares(typed) == Numbers{2, 5, 3, 8, 3, 100, 100, 100, 200, 200});
  CHECK(typed["pieces"][0]["input"] == "input_ids");
  CHECK(typed["pieces"][9] == Json{{"input", "token_type_ids"}, {"id", 1}, {"relevance", 200.0}});
  CHECK(typed["totals"]["biases"] == 15000);
  CHECK_THAT(explain(both),
             Contains("position         id    relevance  input") && Contains(" 200.0000  token_type_ids"));
  // Each has a baseline of its own.
  const Json against = ledger_of(both + Arguments{"--method", "deep_lift", "--baseline", "input_ids=ids:0",
                                                  "--baseline", "token_type_ids=ids:1"},
                                 folder);
  CHECK(shares(against) == Numbers{2, 5, 3, 8, 3, -100, -100, -100, 0, 0});
  CHECK(against["totals"]["enter"] == 21 - 300);

  const auto refused = [&](const Arguments& arguments, const std::string& part) {
    const Outcome outcome = run(arguments);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK(count_of(outcome.err, "\n") == 1);
    CHECK_THAT(outcome.err, Contains(part));
  };
  refused({model, ids}, "expected to be told what " + ids +
                            " is of 'input_ids', 'attention_mask', 'token_type_ids', 'position_ids'");
  refused(Arguments{model, "--explain", "input_ids=" + ids} + data,
          "the numbers of input 'token_type_ids' choose rows of a table, too: --explain");
  refused(
      Arguments{model, ids, "--explain", "token_type_ids=" + types, "--explain", "token_type_ids=" + types,
                "--explain", "attention_mask=" + mask, "--input", "position_ids=" + places},
      "expected a file for 'token_type_ids' to go with each of 1, found 2");
  refused(both + Arguments{"--method", "deep_lift", "--baseline", "words=ids:0"},
          "--baseline: expected the name of an input that is explained, found 'words'");
}

/// y = tanh of a sum over the pieces of a matrix times their rows, and a weighted sum of that: not linear.
struct Nonlinear {
  static constexpr std::size_t width = 3;
  std::vector<float> rows = table(width);

  std::string model(const TemporaryFolder& folder) const {
    Message graph;
    graph.message(5, table_message("table", width, rows))
        .message(
            5, tensor_message("w", floats, {3, 2}).packed_floats(4, {0.01f, -0.02f, 0.5f, 0.25f, -1, 0.75f}))
        .message(5, tensor_message("b", floats, {2}).packed_floats(4, {0.125f, -0.5f}))
        .message(5, tensor_message("v", floats, {2, 1}).packed_floats(4, {2, -3}))
        .message(5, along_message())
        .message(1, node_message("Gather", {"table", "input_ids"}, {"rows"}))
        .message(1, node_message("MatMul", {"rows", "w"}, {"product"}))
        .message(1, node_message("Add", {"product", "b"}, {"sum"}))
        .message(1, node_message("Tanh", {"sum"}, {"hidden"}))
        .message(1, node_message("MatMul", {"hidden", "v"}, {"scores"}))
        .message(1, sum_message("scores", "y"))
        .message(11, axes_message("input_ids", whole_numbers, {-1}))
        .message(12, axes_message("y", floats, {1}));
    return written(folder, "nonlinear.onnx", graph);
  }

  /// What the network says of these ids, computed here.
  double operator()(const Numbers& ids) const {
    double y = 0;
    for (const double id : ids) {
      const float* const r = &rows[static_cast<std::size_t>(id) * width];
      y += 2 * std::tanh(0.01f * double(r[0]) + 0.5 * double(r[1]) - double(r[2]) + 0.125) -
           3 * std::tanh(-0.02f * double(r[0]) + 0.25 * double(r[1]) + 0.75 * double(r[2]) - 0.5);
    }
    return y;
  }
};

TEST_CASE("explain compares a text with one of other pieces, and the books close", "[explain][tokens]") {
  const TemporaryFolder folder;
  const Nonlinear network;
  const std::string model = network.model(folder), ids = ids_file(folder, "ids.npy", {2, 5, 6, 8, 3}),
                    other = ids_file(folder, "other.npy", {2, 9, 10, 11, 3}),
                    flat = ids_file(folder, "flat.npy", {2, 9, 10, 11, 3}, {5});
  const double y = network({2, 5, 6, 8, 3});
  struct Case {
    Arguments input;
    std::string baseline;
    double start;
  };
  const Arguments text{"the quick fox", "--vocabulary", vocabulary}, numbers{ids};
  // [CLS] and [SEP] stay in a text; of ids nobody knows which those are.
  const std::vector<Case> cases{
      {text, "pad", y - network({2, 0, 0, 0, 3})},      {text, "mask", y - network({2, 4, 4, 4, 3})},
      {text, "ids:7", y - network({2, 7, 7, 7, 3})},    {text, other, y - network({2, 9, 10, 11, 3})},
      {numbers, "ids:0", y - network({0, 0, 0, 0, 0})}, {numbers, other, y - network({2, 9, 10, 11, 3})},
      {numbers, flat, y - network({2, 9, 10, 11, 3})}};
  for (const Case& one : cases)
    for (const Arguments& method : {Arguments{"deep_lift"}, Arguments{"deep_lift_reveal_cancel"},
                                    Arguments{"integrated_gradients", "--steps", "2000"}}) {
      INFO(one.baseline << " by " << method[0]);
      const Json sample = ledger_of(
          Arguments{model} + one.input + Arguments{"--baseline", one.baseline, "--method"} + method, folder);
      CHECK(sample["output"].get<double>() == Approx(y).epsilon(1e-12));
      CHECK(sample["totals"]["enter"].get<double>() == Approx(one.start).epsilon(1e-12));
      double sum = 0;
      const Numbers found = shares(sample);
      for (const double share : found) sum += share;
      CHECK(std::abs(sum - one.start) < (method.size() > 1 ? 1e-6 : 1e-12));
      CHECK(std::abs(sample["totals"]["biases"].get<double>()) < 1e-12);
      // What is the same in both has no share.
      if (one.baseline != "ids:0") CHECK((found.front() == 0 && found.back() == 0));
    }
  // The mean over several, and a piece in place of another.
  const Arguments lift{model, "the quick fox", "--vocabulary", vocabulary, "--method"};
  const Json mean =
      ledger_of(lift + Arguments{"deep_lift", "--baseline", "pad", "--baseline", "mask"}, folder);
  CHECK(mean["totals"]["enter"].get<double>() ==
        Approx(y - (network({2, 0, 0, 0, 3}) + network({2, 4, 4, 4, 3})) / 2).epsilon(1e-12));
  const Json occluded =
      ledger_of(lift + Arguments{"occlusion", "--patch", "1", "--baseline", "mask"}, folder);
  CHECK(shares(occluded)[2] == Approx(network({6}) - network({4})).epsilon(1e-12));
}

TEST_CASE("explain says which baselines and ids do not go together", "[explain][tokens]") {
  const TemporaryFolder folder;
  const std::string model = Nonlinear().model(folder), ids = ids_file(folder, "ids.npy", {2, 5, 3}),
                    longer = ids_file(folder, "longer.npy", {2, 5, 5, 3}),
                    rows = ids_file(folder, "rows.npy", Numbers(9, 0.5), {3, 3});
  const auto refused = [&](const Arguments& arguments, const std::string& part, int exit_code = 1) {
    const Outcome outcome = run(arguments + Arguments{"--method", "deep_lift"});
    INFO(outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK_THAT(outcome.err, Contains(part));
    if (exit_code == 1) CHECK(count_of(outcome.err, "\n") == 1);
  };
  refused({model, ids, "--baseline", "pad"}, "pad is a piece of a --vocabulary; ids:N names an id", 2);
  refused({model, ids, "--baseline", "ids:few"}, "expected an id behind ids:, found 'ids:few'", 2);
  refused({model, ids, "--baseline", "ids:-1"}, "expected an id behind ids:", 2);
  refused({model, ids, "--baseline", "ids:145"}, "--baseline ids:145: node of 'rows' (Gather)");
  refused({model, ids, "--baseline", longer},
          "longer.npy: expected shape (N, 3, 3) or (3, 3), found (1, 4); ids have shape (1, 3)");
  refused({model, ids, "--baseline", rows, "--baseline", "ids:0"},
          "rows.npy: expected ids of shape (1, 3) beside ids:0");
  const std::string bare = folder.write("bare.txt", "[UNK]\n[CLS]\n[SEP]\nthe\n").string();
  refused({model, "the", "--vocabulary", bare, "--baseline", "mask"},
          "--baseline mask: " + bare + " has no [MASK]");
  // Rows are a baseline, too.
  CHECK(run({model, ids, "--baseline", rows, "--method", "deep_lift"}).exit_code == 0);
  // What takes no ids has no pieces.
  const std::string digits = ascribe::test::of_repository("examples/data/mnist_cnn.onnx"),
                    x = ids_file(folder, "x.npy", Numbers(784, 0.5), {1, 1, 28, 28});
  refused({digits, x, "--baseline", "ids:0"}, "--baseline ids:0: expected an input of texts or ids");
}

/// y = Σ over the pieces of mask·row, two inputs of one length.
std::string same_axis_model(const TemporaryFolder& folder) {
  const auto input = [](const std::string& name, std::int64_t type) {
    const Message shape = Message().message(1, Message().text(2, "N")).message(1, Message().text(2, "T"));
    return Message().text(1, name).message(
        2, Message().message(1, Message().integer(1, type).message(2, shape)));
  };
  Message graph;
  graph.message(5, table_message("table", 1, table(1)))
      .message(5, tensor_message("last", whole_numbers, {1}).packed(7, {2}))
      .message(5, along_message())
      .message(1, node_message("Gather", {"table", "input_ids"}, {"rows"}))
      .message(1, node_message("Unsqueeze", {"attention_mask", "last"}, {"column"}))
      .message(1, node_message("Mul", {"rows", "column"}, {"seen"}))
      .message(1, sum_message("seen", "y"))
      .message(11, input("input_ids", whole_numbers))
      .message(11, input("attention_mask", floats))
      .message(12, axes_message("y", floats, {1}));
  return written(folder, "tokens.onnx", graph);
}

TEST_CASE("explain says what is wrong with ids", "[explain][tokens]") {
  const TemporaryFolder folder;
  const std::string nonlinear = Nonlinear().model(folder), model = typed_model(folder),
                    ids = ids_file(folder, "ids.npy", {2, 5, 3}),
                    beyond = ids_file(folder, "beyond.npy", {2, 145, 3}),
                    types = ids_file(folder, "types.npy", {0, 0, 0}),
                    mask = ids_file(folder, "mask.npy", {1, 1, 1}),
                    places = ids_file(folder, "places.npy", {0, 1, 2});
  const auto said = [&](const Arguments& arguments) {
    const Outcome outcome = run(arguments);
    CHECK(outcome.exit_code == 1);
    CHECK(count_of(outcome.err, "\n") == 1);
    return outcome.err;
  };
  // Outside of the table.
  CHECK_THAT(said({nonlinear, beyond}), Contains("beyond.npy: ") && Contains("node of 'rows' (Gather)") &&
                                            Contains("145") && Contains("(of 3 ids)"));
  // A mask of another length.
  const auto with = [&](const std::string& given_mask, const std::string& given_places) {
    return said({model, "--explain", "input_ids=" + ids, "--input", "attention_mask=" + given_mask, "--input",
                 "token_type_ids=" + types, "--input", "position_ids=" + given_places});
  };
  const std::string four = ids_file(folder, "four.npy", {1, 1, 1, 1});
  CHECK_THAT(with(four, places), Contains("ids.npy: ") && Contains("(1, 3, 1)") && Contains("(1, 4, 1)") &&
                                     Contains("(of 3 ids)"));
  CHECK_THAT(with(ids_file(folder, "deep.npy", {1, 1, 1}, {1, 1, 3}), places),
             Contains("--input attention_mask: ") &&
                 Contains("deep.npy: expected shape (N, Tattention_mask), found (1, 1, 3)"));
  explain({model, "--explain", "input_ids=" + ids, "--input",
           "attention_mask=" + ids_file(folder, "flat.npy", {1, 1, 1}, {3}), "--input",
           "token_type_ids=" + types, "--input", "position_ids=" + places});
  // Where the file gives both axes one name, it is the inputs that are named.
  const std::string tokens = same_axis_model(folder);
  CHECK_THAT(said({tokens, "--explain", "input_ids=" + ids, "--input", "attention_mask=" + four}),
             Contains("input 'attention_mask': expected size 3 along axis 1, 'T', which 'input_ids' has, "
                      "found 4"));
  CHECK_THAT(said({tokens, "--explain", "input_ids=" + ids}),
             Contains("the model takes 'attention_mask', too: --input attention_mask=FILE.npy says what that "
                      "is"));
  // Longer than the positions are.
  CHECK_THAT(with(mask, ids_file(folder, "far.npy", {0, 7, 8})),
             Contains("position_rows") && Contains("Gather") && Contains("8"));
  CHECK_THAT(said({model, "the the the the the the the", "--vocabulary", vocabulary}),
             Contains("position_rows") && Contains("the text is 9 pieces long"));
  // A target outside.
  CHECK_THAT(said({nonlinear, ids, "--target", "1"}),
             Contains("--target: expected targets in [0, 1), found 1"));
  // Text for a model of byte pairs.
  const std::string json =
      folder.write("tokenizer.json", "{\n  \"model\": {\"type\": \"BPE\"}\n}\n").string();
  CHECK_THAT(said({nonlinear, "the", "--vocabulary", json}),
             Contains("tokenizer.json: expected a WordPiece vocabulary") && Contains("in a .npy file"));
  CHECK_THAT(said({nonlinear, "the fox"}), Contains("--vocabulary FILE reads texts"));
}

TEST_CASE("explain draws texts and ids on one page", "[explain][tokens]") {
  const TemporaryFolder folder;
  const std::string model = wide_and_deep(folder), page = (folder / "why.html").string();
  const auto data = [&] {
    const std::string html = bytes_of(page), begin = "id=\"data\">";
    const std::size_t from = html.find(begin) + begin.size();
    return Json::parse(html.substr(from, html.find("</script>", from) - from));
  };
  // Texts of several lengths, each of which has a network of its own.
  explain({model, "the fox", "the quick </script> fox", "--vocabulary", vocabulary, "--heatmap", page});
  Json found = data();
  REQUIRE(found["inputs"].size() == 2);
  CHECK(found["nodes"].empty());
  CHECK(found["inputs"][0]["name"] == "the fox");
  CHECK(found["inputs"][1]["words"].size() == 9);
  CHECK(found["inputs"][0]["words"][2]["text"] == "fox");
  const Json& output = found["inputs"][0]["outputs"][0];
  CHECK(output["name"] == "y");
  CHECK(output["value"] == 72);
  CHECK(output["views"][0]["relevance"]["scale"] == 32);
  CHECK(output["views"][0]["books"] == Json({72, 72, 0, 0, 0}));
  // What the pieces have got in each of the tables stands below.
  CHECK(found["inputs"][0]["input"] == "all tables");
  REQUIRE(found["inputs"][0]["others"].size() == 2);
  CHECK(found["inputs"][0]["others"][1]["name"] == "deep_rows");
  CHECK(output["views"][0]["others"][1]["scale"] == 24);
  // Ids are shown as their numbers.
  explain({model, ids_file(folder, "ids.npy", {2, 5, 8, 3}), "--heatmap", page});
  found = data();
  CHECK(found["inputs"][0]["name"] == "ids.npy");
  CHECK(found["inputs"][0]["words"][2]["text"] == "8");
  // Nothing is written where one of them cannot be explained; with --keep-going, what that was.
  std::filesystem::remove(page);
  const std::string beyond = ids_file(folder, "beyond.npy", {2, 145, 3});
  CHECK(run({model, ids_file(folder, "ids.npy", {2, 5, 8, 3}), beyond, "--heatmap", page}).exit_code == 1);
  CHECK_FALSE(std::filesystem::exists(page));
}

TEST_CASE("explain draws images of several sizes on one page", "[explain][tokens]") {
  const TemporaryFolder folder;
  const std::string digits = ascribe::test::of_repository("examples/data/mnist_cnn.onnx"),
                    x = ids_file(folder, "x.npy", Numbers(2 * 784, 0.5), {2, 1, 28, 28}),
                    page = (folder / "why.html").string();
  explain({digits, x, "--heatmap", page, "--target", "3"});
  const std::string html = bytes_of(page);
  CHECK(count_of(html, "data:image/png;base64,") == 2);
  CHECK(count_of(html, "\"height\":28") == 2);
  CHECK_THAT(html, Contains("2 inputs explained by 1 method"));
}

}  // namespace
