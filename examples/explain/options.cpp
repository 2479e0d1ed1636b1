#include "examples/explain/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "examples/support/division_options.hpp"
#include "examples/support/pdf.hpp"

namespace explain {
namespace {

/// The numbers of a list with commas between. A list is one word of the command line, so that
/// it cannot swallow the input behind it.
template <class Number>
std::vector<Number> numbers(const char* option, std::string_view text) {
  std::vector<Number> found;
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    Number value{};
    const char* const end = part.data() + part.size();
    const auto [stop, error] = std::from_chars(part.data(), end, value);
    if (error != std::errc() || stop != end || part.empty() || !std::isfinite(static_cast<double>(value)))
      throw CLI::ValidationError(option,
                                 "expected numbers with commas between, found '" + std::string(part) + "'");
    found.push_back(value);
    if (part.size() == text.size()) return found;
    text.remove_prefix(part.size() + 1);
  }
}

Kinds kinds(const char* option, std::string_view text) {
  Kinds found;
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    if (part == "relevance")
      found.relevance = true;
    else if (part == "outputs")
      found.output_values = true;
    else if (part == "multipliers")
      found.multipliers = true;
    else if (part == "ledger")
      found.ledger = true;
    else if (part == "heatmap")
      found.heatmap = true;
    else
      throw CLI::ValidationError(
          option,
          "expected relevance, outputs, multipliers, ledger or heatmap, found '" + std::string(part) + "'");
    if (part.size() == text.size()) return found;
    text.remove_prefix(part.size() + 1);
  }
}

[[noreturn]] void misused(const std::string& option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

/// NAME=VALUE, at the last =: a name in a file may hold others.
std::pair<std::string, std::string> named(const std::string& option, const std::string& text) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    misused(option, "expected NAME=VALUE, found '" + text + "'");
  return {text.substr(0, at), text.substr(at + 1)};
}

/// What --explain and --baseline name. Without an INPUT, the files of the first input that --explain names
/// are it.
void take_inputs(const std::vector<std::string>& explained, const std::vector<std::string>& baselines,
                 Options& o) {
  for (const std::string& one : explained) {
    auto [name, file] = named("--explain", one);
    const auto found = std::find_if(o.with_them.begin(), o.with_them.end(),
                                    [&, &wanted = name](const InputFiles& i) { return i.name == wanted; });
    if (found == o.with_them.end())
      o.with_them.push_back({std::move(name), {std::move(file)}});
    else
      found->files.emplace_back(std::move(file));
  }
  if (!o.explains() && !o.with_them.empty()) {
    o.input_name = std::move(o.with_them.front().name);
    o.inputs = std::move(o.with_them.front().files);
    o.with_them.erase(o.with_them.begin());
  }
  if (o.with_them.empty())
    for (const std::string& baseline : baselines) o.baselines.emplace_back("", baseline);
  else if (baselines != std::vector<std::string>{"zero"})
    for (const std::string& baseline : baselines) o.baselines.push_back(named("--baseline", baseline));
}

/// Everything that the options must be for each other.
void check(const CLI::App& app, const Options& o, bool of_job) {
  const auto given = [&](const std::string& option) { return app.count(option) > 0; };
  if (o.list_methods || o.list_operators) return;
  if (o.model.empty()) throw CLI::RequiredError("MODEL");
  const auto outputs = o.files(), arrays = o.arrays();
  const auto is_given = [](const auto& file) { return !file.second.empty(); };
  if (given("--inputs-from") && o.inputs_from.empty()) misused("--inputs-from", "expected a file");
  if (given("--output-folder") && o.output_folder.empty()) misused("--output-folder", "expected a folder");
  if (given("--vocabulary") && o.vocabulary.empty()) misused("--vocabulary", "expected a file");
  if (given("--keep-case") && o.vocabulary.empty()) misused("--keep-case", "needs a --vocabulary");
  if (!o.explains()) {
    if (!o.describe && !o.list_values)
      throw CLI::RequiredError("INPUT (or --explain, --inputs-from, --list or --describe)");
    for (const char* option :
         {"--vocabulary", "--keep-case",         "--target",    "--weights",  "--top",
          "--baseline",   "--average-baselines", "--steps",     "--segments", "--warn-above",
          "--labels",     "--threads",           "--relevance", "--ledger",   "--output-values",
          "--heatmap",    "--output-folder",     "--write",     "--resume",   "--keep-going",
          "--page",       "--methods",           "--colours",   "--contour",  "--channels",
          "--shard",      "--store",             "--index",     "--compress", "--rows-per-file"})
      if (given(option)) misused(option, "needs an INPUT");
  }
  if (given("--output-folder")) {
    for (const auto& [option, path] : outputs)
      if (given(option) && option != "--at")
        misused(option, "goes to one file; in --output-folder, --write says what to write");
    for (const auto& [node, path] : o.at)
      if (!path.empty())
        misused("--at", "expected NODE alone with --output-folder, found a file for '" + node + "'");
    if (given("--top")) misused("--top", "nothing is printed of each input with --output-folder");
    if (given("--resume")) misused("--resume", "--output-folder always goes on where it was");
    if (given("--rows-per-file"))
      misused("--rows-per-file", "in --output-folder each input file has its own");
    if (o.compress && !o.write.relevance && !o.write.output_values && !o.write.multipliers && o.at.empty())
      misused("--compress",
              "there is no .npy file: needs relevance, outputs or multipliers in --write, or --at");
  } else {
    if (given("--write")) misused("--write", "needs an --output-folder");
    for (const char* option : {"--rows-per-file", "--compress"})
      if (given(option) && std::none_of(arrays.begin(), arrays.end(), is_given))
        misused(option, "there is no .npy file: needs --relevance, --output-values, --multipliers or --at");
    const std::string keeping = given("--resume") ? "--resume"
                                : o.shard         ? "--shard"
                                : of_job          ? "mpirun"
                                                  : "--rows-per-file";
    if (o.resume && !o.heatmap.empty())
      misused(keeping, "the one picture of --heatmap is drawn at the end; --output-folder has one for each");
    if (o.resume && !o.page.empty()) misused(keeping, "the one page of --page is made at the end");
    if (o.resume && std::none_of(outputs.begin(), outputs.end(), is_given))
      misused(keeping, "needs --relevance, --output-values, --multipliers, --at or --ledger" +
                           std::string(given("--resume") ? "" : ", or an --output-folder"));
  }
  if (o.shard && of_job) misused("--shard", "mpirun's processes share out the inputs already");
  if (of_job && o.inputs_from == "-" && !o.vocabulary.empty())
    misused("--inputs-from",
            "of mpirun's processes only the first has a standard input: expected a file of texts");
  for (const auto& [option, path] : outputs)
    if (given(option) && path.empty() && !(option == "--at" && given("--output-folder")))
      misused(option,
              option == "--at" ? "expected NODE=FILE.npy" : "expected a file to write, found an empty name");
  std::set<std::filesystem::path> places;
  for (const auto& [option, path] : outputs)
    if (!path.empty() && !places.insert(std::filesystem::absolute(path).lexically_normal()).second)
      misused(option, "another output goes to " + path.string());
  if (o.compress)
    for (const auto& [option, path] : arrays)
      if (has_extension(path, {".gz"}))
        misused(option, "--compress adds .gz to the names, found " + path.string());

  if (has_extension(o.heatmap, {".pdf"}) && !examples::writes_pdf) misused("--heatmap", examples::no_pdf);
  if (given("--methods") && given("--method")) misused("--methods", "says what --method does, of several");
  if (given("--methods") && !given("--page")) misused("--methods", "needs a --page, which shows several");
  if (given("--colours") && !given("--heatmap") && !o.write.heatmap && !given("--page"))
    misused("--colours", "needs a --heatmap or a --page");
  if (o.contour && !(*o.contour > 0 && *o.contour <= 100))
    misused("--contour", "expected a share above 0 and up to 100 %");
  for (const char* option : {"--contour", "--channels"})
    if (given(option) &&
        (o.heatmap_is_page() || (!given("--heatmap") && !o.write.heatmap) || !o.vocabulary.empty()))
      misused(option, "needs a --heatmap of images, as a picture");
  // What no method has a use for is a mistake, and so is what one of several needs and has not got.
  const Method& method = *o.method;
  const bool several = o.methods.size() > 1;
  const std::string name(several ? "each of --methods" : method.name),
      needing(several ? "one of --methods" : method.name);
  const auto some = [&](bool Method::*has) {
    return std::any_of(o.methods.begin(), o.methods.end(), [&](const Method* m) { return m->*has; });
  };
  for (const auto& [option, value] : {std::pair("--epsilon", o.epsilon), std::pair("--gamma", o.gamma)})
    if (!(value >= 0) || !std::isfinite(value)) misused(option, "expected a finite number of at least 0");
  if (given("--epsilon") && !some(&Method::epsilon)) misused("--epsilon", name + " has no epsilon");
  for (const char* option : {"--gamma", "--low", "--high"})
    if (given(option) && !some(&Method::box))
      misused(option, name + " has no use for it; epsilon_gamma_box has");
  if ((given("--multipliers") || o.write.multipliers) && !method.multipliers)
    misused(given("--multipliers") ? "--multipliers" : "--write",
            std::string(method.name) +
                " has none: it hands on relevance, and not a multiplier of the input; --list-methods says "
                "which have");
  if (given("--at") && !method.by_rules)
    misused("--at", std::string(method.name) + " knows no relevance of inner values");
  for (const char* option : {"--patch", "--stride", "--segments"})
    if (given(option) && !some(&Method::parts)) misused(option, name + " has no use for it; occlusion has");
  if (given("--layer") && !some(&Method::layer))
    misused("--layer", name + " has no use for it; grad_cam and score_cam have");
  if (some(&Method::parts) && given("--patch") == given("--segments") && o.explains())
    misused("--patch", needing + " needs it or --segments, and one of them alone");
  if (given("--stride") && !given("--patch")) misused("--stride", "needs a --patch");
  for (const auto& [option, sizes] : {std::pair("--patch", &o.patch), std::pair("--stride", &o.stride)})
    if (given(option) &&
        (sizes->size() > 2 || std::any_of(sizes->begin(), sizes->end(), [](Index s) { return s < 1; })))
      misused(option, "expected a size above 0, or a height and a width");
  if (given("--warn-above") && !some(&Method::books)) misused("--warn-above", name + " has no books");
  if (given("--steps") &&
      std::all_of(o.methods.begin(), o.methods.end(), [](const Method* m) { return m->steps == 0; }))
    misused("--steps", name + " takes no mean of gradients");
  if (!(o.warn_above > 0)) misused("--warn-above", "expected a number above 0");
  for (const char* option : {"--baseline", "--average-baselines"})
    if (given(option) && !some(&Method::baseline)) misused(option, name + " is not against a baseline");
  for (const auto& [input, baseline] : o.baselines) {
    if ((baseline == "pad" || baseline == "mask") && o.vocabulary.empty())
      misused("--baseline", baseline + " is a piece of a --vocabulary; ids:N names an id");
    if (baseline.starts_with(baseline_ids) && !is_baseline_word(baseline))
      misused("--baseline", "expected an id behind ids:, found '" + baseline + "'");
  }
  if (given("--average-baselines") && !given("--baseline"))
    misused("--average-baselines", "needs a --baseline");
  if (!o.with_them.empty() && (some(&Method::box) || some(&Method::parts) || some(&Method::layer) ||
                               std::any_of(o.methods.begin(), o.methods.end(),
                                           [](const Method* m) { return m->name == "smoothgrad"; })))
    misused("--explain", name + " explains one input; --input NAME=FILE.npy holds the others");
  if (given("--explain") && !o.vocabulary.empty())
    misused("--explain", "texts are explained by themselves; --input NAME=FILE.npy holds other inputs");
  const auto is_held = [&](const std::string& input) {
    return std::any_of(o.other_inputs.begin(), o.other_inputs.end(),
                       [&](const auto& held) { return held.first == input; });
  };
  if (is_held(o.input_name)) misused("--explain", "--input holds '" + o.input_name + "'");
  for (const InputFiles& input : o.with_them)
    if (is_held(input.name)) misused("--explain", "--input holds '" + input.name + "'");
  if (given("--max-rule") && several) misused("--max-rule", "--methods has several, each with its own");
  if (given("--max-rule")) {
    std::string_view known = names_of(method.max_rules);
    if (known.empty()) misused("--max-rule", name + " has no choice of one");
    if ((", " + std::string(known) + ",").find(" " + o.max_rule + ",") == std::string::npos)
      misused("--max-rule", name + " takes " + std::string(known) + ", not " + o.max_rule);
  }
  // What black and white are also decides epsilon_gamma_box's bounds.
  const bool images =
      (o.vocabulary.empty() &&
       (std::any_of(o.inputs.begin(), o.inputs.end(), [](const auto& p) { return !is_npy(p); }) ||
        !o.inputs_from.empty() || o.write.heatmap || given("--heatmap"))) ||
      std::any_of(o.with_them.begin(), o.with_them.end(),
                  [](const InputFiles& input) {
                    return !std::all_of(input.files.begin(), input.files.end(), is_npy);
                  }) ||
      std::any_of(o.baselines.begin(), o.baselines.end(),
                  [](const auto& b) { return !is_baseline_word(b.second) && !is_npy(b.second); }) ||
      some(&Method::box);
  for (const char* option : {"--mean", "--std"})
    if (given(option) && !images) misused(option, "there is no image that it could be for");
  if (std::any_of(o.deviation.begin(), o.deviation.end(), [](double d) { return d <= 0; }))
    misused("--std", "expected numbers above 0");
  const auto fit = [](const auto& a, const auto& b) {
    return a.size() <= 1 || b.size() <= 1 || a.size() == b.size();
  };
  if (!fit(o.mean, o.deviation)) misused("--std", "expected one number, or as many as for --mean");
  if (!fit(o.low, o.high)) misused("--high", "expected one number, or as many as for --low");
  if (o.low.size() == o.high.size())
    for (std::size_t c = 0; c < o.low.size(); ++c)
      if (!(o.low[c] < o.high[c])) misused("--low", "expected numbers below those of --high");
  if (given("--weights") && given("--target"))
    misused("--weights", "says what is explained, as --target does");
  if (given("--weights") && !is_npy(o.weights)) misused("--weights", "expected a .npy file");
}

}  // namespace

Parsed parse(int argc, char** argv, bool of_job) {
  Options o;
  std::string method = "lrp_q", methods, precision = "float", store;
  std::vector<std::string> explained, baselines = {"zero"};
  CLI::App app{
      "Explains outputs of a network in an ONNX file: which inputs, and how much the biases, speak for "
      "them.\n"
      "INPUT is .npy, one sample or a batch as the model takes it, or images (PNG, JPEG): the largest "
      "centred part\n"
      "of the model's shape, resized, scaled to 0..1, less --mean, over --std; or a folder of such files.\n"
      "For many inputs: explain MODEL FOLDER --output-folder DIR. Interrupted, the same command goes on "
      "where it "
      "was."};
  app.name("explain");
  app.add_option("MODEL", o.model, "the ONNX file");
  app.add_option("INPUT", o.inputs, "what to explain, one or more files or folders");
  app.add_option("--inputs-from", o.inputs_from, "more inputs, one path a line; - is standard input")
      ->type_name("FILE")
      ->group("Many inputs");
  app.add_option(
         "--vocabulary", o.vocabulary,
         "the model's WordPiece vocabulary (vocab.txt, one piece a line): INPUT is a text then, or a .txt "
         "file of texts, one a line; a tab parts two. Of models with other tokenizers (byte pairs, "
         "tokenizer.json), only ids are explained, in .npy, as the model's own tokenizer makes them")
      ->type_name("FILE")
      ->group("Texts");
  app.add_flag("--keep-case", o.keep_case,
               "capitals and accents stay, as models that are called cased have it")
      ->group("Texts");
  app.add_option("--method", method, "how to explain; --list-methods says which there are")
      ->capture_default_str();
  // One function for all lists; CLI's own would take the words behind the option.
  const auto list = [&](const char* option, std::vector<double>& to, const char* help) {
    app.add_option_function<std::string>(
           option, [&to, option](const std::string& text) { to = numbers<double>(option, text); }, help)
        ->type_name("X[,X...]");
  };
  app.add_option_function<std::string>(
         "--target",
         [&](const std::string& text) {
           if (text != "top") try {
               o.targets = targets_in(text);
             } catch (const std::invalid_argument& error) {
               misused("--target", error.what());
             }
         },
         "the output to explain, counted from 0: one for all inputs, or one each; or top, each one's "
         "largest. In "
         "an output's place may stand A-B, the sum of a range with both of its ends; K-vs-L, output K less "
         "output L; or '[I,A:B,:]', the sum of a region of the outputs' axes, of which each has an index, a "
         "range without its end, or all [top]")
      ->type_name("T[,T...]|top");
  app.add_option(
         "--weights", o.weights,
         "explain the sum of all outputs times these weights, in the outputs' shape: one array for all "
         "inputs, or one each")
      ->type_name("FILE.npy");
  app.add_option(
         "--output", o.output,
         "the output to explain, or any value inside, by its name in the file, or the output by its number, "
         "counted from 0; what it does not depend on is not read [the first output]")
      ->type_name("NAME|N");
  app.add_flag("--no-batch", o.no_batch,
               "the first axis of the model's arrays is none of samples, but time, say: one whole array is a "
               "sample, and a .npy with an axis more has many");
  app.add_flag(
      "--probability", o.probability,
      "explain probabilities, where the output is one: otherwise what Softmax and Sigmoid are made of");
  app.add_option(
         "--explain", explained,
         "an input of the model to explain, by its name: with INPUT, which is then the one that is "
         "left, or without INPUT, all of them. Each has as many samples, which go together; given "
         "several times for one NAME, its files are one behind the other. --relevance and "
         "--multipliers OUT.npy then go to an OUT.NAME.npy for each. Where two inputs are multiplied, "
         "LRP gives all to one (the other is its gate); attn_lrp and deep_lift share it evenly")
      ->type_name("NAME=FILE.npy|IMAGE")
      ->allow_extra_args(false);
  app.add_option_function<std::vector<std::string>>(
         "--input",
         [&](const std::vector<std::string>& all) {
           for (const std::string& one : all) o.other_inputs.emplace_back(named("--input", one));
         },
         "another input of the model, held at what the file says: masks, ids, states")
      ->type_name("NAME=FILE.npy")
      ->allow_extra_args(false);
  app.add_option_function<std::vector<std::string>>(
         "--size",
         [&](const std::vector<std::string>& all) {
           for (const std::string& one : all) {
             const auto [name, text] = named("--size", one);
             const auto sizes = numbers<Index>("--size", text);
             if (sizes.size() != 1 || sizes[0] < 1)
               misused("--size", "expected a size above 0, found '" + one + "'");
             o.sizes.emplace_back(name, sizes[0]);
           }
         },
         "the size of an axis that the model leaves open, by the name in the file, or the input's and its "
         "number (x[2]); without it, what the inputs have")
      ->type_name("NAME=N")
      ->allow_extra_args(false);
  app.add_flag("--keep-branches", o.keep_branches,
               "leave parallel convolutions that end in a sum as they are, in place of one convolution");
  app.add_option("--top", o.top, "how many of the largest outputs to print")
      ->capture_default_str()
      ->check(CLI::Range(std::ptrdiff_t(1), std::ptrdiff_t(1) << 31));
  app.add_option(
         "--baseline", baselines,
         "what inputs are compared with: zero, one sample for all, or one each; given several times, or a "
         "folder: all samples of all, and the mean over them is what is said. Of several inputs, each has "
         "its "
         "own, NAME=FILE.npy, the first of one going with the first of another. Texts and ids are compared "
         "with zero, or with other pieces in their table: pad and mask put the vocabulary's [PAD] or [MASK] "
         "in place of each piece but [CLS] and [SEP], ids:N puts id N there, and a .npy of ids says each "
         "[zero]")
      ->type_name("[NAME=]zero|FILE.npy|IMAGE|DIR|pad|mask|ids:N")
      ->allow_extra_args(false);
  app.add_flag("--average-baselines", o.average_baselines,
               "take the mean over all samples of one file of baselines, too");
  app.add_option("--max-rule", o.max_rule, "how relevance passes a maximum [the method's own]")
      ->check(CLI::IsMember({"gradient", "winner", "fold", "radial"}))
      ->type_name("gradient|winner|fold|radial");
  app.add_option("--epsilon", o.epsilon, "the stabiliser of divisions")->capture_default_str();
  app.add_option("--gamma", o.gamma, "how much epsilon_gamma_box prefers positive weights")
      ->capture_default_str();
  app.add_option("--steps", o.given_steps,
                 "how many gradients the mean is taken of [integrated_gradients 64, smoothgrad 50]")
      ->check(CLI::Range(1, 1 << 24))
      ->type_name("N");
  const auto sizes = [&](const char* option, std::vector<Index>& to, const char* help) {
    app.add_option_function<std::string>(
           option, [&to, option](const std::string& text) { to = numbers<Index>(option, text); }, help)
        ->type_name("N[,N]");
  };
  sizes("--patch", o.patch, "occlude rectangles of this many pixels, or of this height and width");
  sizes("--stride", o.stride, "one rectangle every so many pixels [the patch's size: none overlap]");
  app.add_option(
         "--segments", o.segments,
         "occlude the pixels, or values, of one label after the other: whole numbers in the image's or the "
         "input's shape, for all inputs or one each, or a picture for all, of one colour a part")
      ->type_name("FILE.npy|IMAGE");
  app.add_option(
         "--layer", o.layer,
         "the node whose channels are the map, as --describe names it [the last convolution over several "
         "positions, or what follows it in the same shape]")
      ->type_name("NODE");
  app.add_option("--warn-above", o.warn_above,
                 "warn where the relevance that moved, the inputs' without signs or a line of the books, is "
                 "more than so many times the start; inf: never")
      ->capture_default_str()
      ->type_name("X");
  list("--low", o.low,
       "epsilon_gamma_box's lower bound of inputs, one or one a channel [what black is: -mean/std]");
  list("--high", o.high, "the upper bound [what white is: (1 - mean)/std]");
  list("--mean", o.mean, "what is taken off an image's pixels in 0..1, one or one a channel [0]");
  list("--std", o.deviation, "what they are divided by then [1]");
  app.add_option("--labels", o.labels, "the outputs' names, one a line");
  app.add_option("--precision", precision, "of all numbers")
      ->capture_default_str()
      ->check(CLI::IsMember({"float", "double"}))
      ->type_name("float|double");
  app.add_option("--threads", o.threads, "how many to explain with: as many inputs at once, or one by all")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024))
      ->group("Many inputs");
  app.add_option("--relevance", o.relevance, "write each input's relevance, in the inputs' shape")
      ->type_name("OUT.npy");
  app.add_option("--ledger", o.ledger, "write where the relevance went, at each layer and in all")
      ->type_name("OUT.json");
  app.add_option("--output-values", o.output_values, "write the network's outputs")->type_name("OUT.npy");
  app.add_option(
         "--multipliers", o.multipliers,
         "write what relevance is, over the input or its difference from the baseline: the gradient, Q or "
         "DeepLIFT's multiplier, in the inputs' shape")
      ->type_name("OUT.npy");
  app.add_option_function<std::vector<std::string>>(
         "--at",
         [&](const std::vector<std::string>& all) {
           for (const std::string& one : all) {
             const std::size_t at = one.rfind('=');
             if (at == std::string::npos)
               o.at.emplace_back(one, "");
             else
               o.at.emplace_back(named("--at", one));
           }
         },
         "write the relevance of a node's values, in the file's order of their axes; --describe says the "
         "nodes, and "
         "with --output-folder its name is enough")
      ->type_name("NODE[=OUT.npy]")
      ->allow_extra_args(false);
  app.add_option(
         "--heatmap", o.heatmap,
         "draw image, heatmap and both, or the words on their colours, a row for each input; or as one "
         "page for any browser, of all images or texts, whatever their sizes")
      ->type_name("OUT.png|OUT.svg|OUT.pdf|OUT.html");
  app.add_option(
         "--contour", o.contour,
         "in --heatmap, a line around the pixels that speak the most for the output, so many per cent "
         "of them")
      ->type_name("X");
  app.add_flag("--channels", o.by_channel, "in --heatmap, a heatmap of each channel, too");
  app.add_option(
         "--page", o.page,
         "one page for any browser, without a network: every input by the method or the --methods, for "
         "its --top largest outputs, with the books node by node")
      ->type_name("OUT.html");
  app.add_option("--methods", methods,
                 "several methods for --page, side by side; other outputs are the first one's")
      ->type_name("M[,M...]");
  app.add_option_function<std::string>(
         "--colours",
         [&](const std::string& text) {
           std::string known;
           for (const auto& [name, colours] : ascribe::colours_by_name) {
             if (name == text) {
               o.colours = colours;
               return;
             }
             known += (known.empty() ? "" : ", ") + std::string(name);
           }
           misused("--colours", "expected one of " + known + ", found '" + text + "'");
         },
         "of heatmaps, all safe for the colour-blind: negative-positive, or the magnitude alone [blue-red]")
      ->type_name("blue-red|purple-orange|teal-brown|magnitude");
  app.add_option(
         "--output-folder", o.output_folder,
         "write files of its own for each input file, named after it; what is there already is not done "
         "again")
      ->type_name("DIR")
      ->group("Many inputs");
  app.add_option_function<std::string>(
         "--write", [&](const std::string& text) { o.write = kinds("--write", text); },
         "what to write to the output folder: relevance (.npy), outputs (.npy), multipliers (.npy), ledger "
         "(.json), heatmap "
         "(.png) "
         "[relevance,ledger]")
      ->type_name("KIND[,KIND...]")
      ->group("Many inputs");
  app.add_flag("--resume", o.resume,
               "keep what is done when the run is interrupted or fails, beside the outputs (OUT.partial), "
               "and go on "
               "there when the same command is given again")
      ->group("Many inputs");
  app.add_option("--store", store,
                 "how numbers are stored in .npy files: as they are, or float16, half as long and to 3 digits")
      ->check(CLI::IsMember({"float16"}))
      ->type_name("float16")
      ->group("Many inputs");
  app.add_option(
         "--rows-per-file", o.rows_per_file,
         "write the .npy files of all inputs as OUT.00000.npy, OUT.00001.npy, ..., each with the rows of so "
         "many inputs, the last with fewer; what is done is kept, as by --resume")
      ->check(CLI::Range(std::size_t(1), std::size_t(1) << 31))
      ->type_name("N")
      ->group("Many inputs");
  app.add_flag("--compress", o.compress,
               "write .npy.gz files in place of .npy: in Python numpy.load(gzip.open(\"OUT.npy.gz\"))")
      ->group("Many inputs");
  app.add_option("--index", o.index,
                 "write a line of JSON for each input: the files that what is said of it is in, and its row there")
      ->type_name("OUT.jsonl")
      ->group("Many inputs");
  add_shard(app, o.shard, "explain")->group("Many inputs");
  add_share_weights(app, o.weight_folder)->group("Many inputs");
  app.add_flag(
         "--keep-going", o.keep_going,
         "explain the other inputs when one cannot be read or explained; what is missing of it is NaN in a "
         ".npy, all such inputs are named at the end, and the exit code is 1 [stop at the first]")
      ->group("Many inputs");
  app.add_flag("--list-methods", o.list_methods, "print the methods and stop");
  app.add_flag("--list-operators", o.list_operators, "print the operators that are read and stop");
  app.add_flag("--list", o.list_values,
               "print the model's inputs, outputs and inner values by name and stop");
  app.add_flag("--describe", o.describe,
               "print the network's nodes, and the rule that the method gives each");
  try {
    app.parse(argc, argv);
    take_inputs(explained, baselines, o);
    const char* const said = methods.empty() ? "--method" : "--methods";
    for (std::string_view rest = methods.empty() ? method : methods;;) {
      const std::string_view one = rest.substr(0, rest.find(','));
      o.methods.push_back(find_method(one));
      if (o.methods.back() == nullptr)
        misused(said, "there is no '" + std::string(one) + "'; --list-methods says which there are");
      if (std::count(o.methods.begin(), o.methods.end(), o.methods.back()) > 1)
        misused(said, "expected every method once, found '" + std::string(one) + "' twice");
      if (one.size() == rest.size()) break;
      rest.remove_prefix(one.size() + 1);
    }
    o.take(*o.methods[0]);
    o.in_double = precision == "double";
    o.halves = store == "float16";
    // What one of several processes does is a part, which is kept; so is what goes to many files.
    const bool kept = o.shard || of_job || o.rows_per_file > 0;
    o.resume = o.resume || (kept && o.explains() && o.output_folder.empty());
    check(app, o, of_job);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
  }
  return {std::move(o), 0};
}

}  // namespace explain
