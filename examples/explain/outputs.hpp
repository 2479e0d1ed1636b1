/// What goes out of each explanation, as text and as pictures.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ascribe/io/onnx/node_report.hpp"
#include "examples/explain/engine.hpp"
#include "examples/explain/tokens.hpp"
#include "examples/support/figure.hpp"
#include "examples/support/page.hpp"
#include "examples/support/words.hpp"

namespace explain {

/// Numbers of each input that go to a .npy file.
struct NumbersFile {
  enum class Kind { relevance, outputs, multipliers, at };
  Kind kind;
  std::size_t place;           ///< of `at` which of them, of relevance and multipliers of which input
  Shape shape;                 ///< of one input's
  std::filesystem::path path;  ///< of all inputs
  std::string ending;          ///< behind an input's name in an output folder
};

/// What is the same for all samples.
struct Report {
  const Options& options;
  const Engine& engine;
  std::vector<NetworkInput> inputs;        ///< all that are explained
  std::size_t of_files = 0;                ///< the one whose files the samples are named after
  std::vector<std::string> labels = {};    ///< empty, or one for each output
  std::vector<NodeText> nodes = {};        ///< those that the ledger has books of
  std::optional<ImageLayout> layout = {};  ///< how to read the inputs as images
  std::vector<NumbersFile> numbers = {};   ///< those that are asked for
  std::vector<examples::Word> words = {};  ///< a text's pieces, or ids, where those choose what is explained
  std::vector<std::string> ids = {};       ///< the inputs whose numbers they are: Word::part says which
  WordsOfRows words_of_rows = {};          ///< for each of `inputs`, where those are rows of tables
  bool coloured = false;                   ///< whether what is printed goes to a terminal that shows colours
  std::optional<examples::Page> page = {};  ///< what --page says besides the inputs
};

/// Those that the options ask for: of several inputs, one for each of relevance and multipliers. Throws
/// ascribe::Error where --at names no node, or two that would go to one place.
std::vector<NumbersFile> numbers_files(const Options& options, const Engine& engine,
                                       const std::vector<NetworkInput>& inputs);

/// --list-methods.
std::string methods_text();

/// --describe.
std::string description(const Engine& engine, const Options& options);

/// --describe of a file that does not load: its nodes, and which of them cannot be read.
std::string description(const std::vector<ascribe::onnx::NodeReport>& nodes);

/// What is printed before everything else: what the reader of the file has to say.
std::string notes(const std::vector<std::string>& all);

/// What is printed of an input: its largest outputs, and where the relevance went.
std::string summary(const Report& report, const Sample& sample, const Explanation& explanation);

/// --ledger: what stands before the samples, one of them, what stands between two, and what behind them.
std::string ledger_begin(const Report& report);
std::string ledger_sample(const Report& report, const Sample& sample, const Explanation& explanation);
std::string ledger_failure(const std::string& name, const std::string& error);
inline constexpr const char* ledger_between = ",\n";
inline constexpr const char* ledger_end = "\n ]\n}\n";

/// The largest outputs, --top of them, the largest first.
std::vector<Index> largest_outputs(const Report& report, const Explanation& explanation);

/// An output's name and label.
std::string name_of_output(const Report& report, Index output);

/// The mean and deviation by which an image's pixels in 0..1 become an input's numbers: those of the command
/// line, or for whole numbers what makes 0..255 of them.
std::pair<std::vector<double>, std::vector<double>> scale_of(const Options& options,
                                                             const NetworkInput& input);

/// How one of the network's inputs is read as an image.
std::optional<ImageLayout> layout_of(const Options& options, const NetworkInput& input);
std::optional<ImageLayout> layout_of(const Report& report, std::size_t input);

/// What each word has got: the sum over its features in all tables, or in one of them.
std::vector<double> relevance_by_word(const Report& report, const Explanation& explanation,
                                      const Method& method, std::optional<std::size_t> table = {});

/// What each pixel of the network's input of that number has got, in their order: the sum over its channels;
/// of other inputs each value's.
std::vector<double> relevance_by_position(const Report& report, const Explanation& explanation,
                                          const Method& method, std::size_t input);

/// --heatmap: the row of one input.
examples::Row heatmap_row(const Report& report, const Sample& sample, const Explanation& explanation);

}  // namespace explain
