#include "examples/judge/options.hpp"

#include <cmath>
#include <set>
#include <string_view>

#include <CLI/CLI.hpp>

#include "ascribe/evaluate/class_erasing.hpp"
#include "examples/support/classifier_options.hpp"

namespace judge {
namespace {

std::vector<const Method*> methods_named(const std::vector<std::string>& names) {
  std::vector<const Method*> found;
  if (names.size() == 1 && names[0] == "all") {
    for (const Method& method : methods()) found.push_back(&method);
    return found;
  }
  for (const std::string& name : names) {
    const Method* method = find_method(name);
    if (method == nullptr) {
      std::string known;
      for (const Method& one : methods()) known += (known.empty() ? "" : ", ") + std::string(one.name);
      misused("--methods", "expected all, or some of " + known + "; found '" + name + "'");
    }
    if (std::find(found.begin(), found.end(), method) != found.end())
      misused("--methods", "found " + name + " twice");
    found.push_back(method);
  }
  return found;
}

std::vector<std::pair<Index, Index>> pairs(const std::vector<std::string>& texts) {
  if (texts.size() == 1 && texts[0] == "digits")
    return {ascribe::evaluate::digit_pairs.begin(), ascribe::evaluate::digit_pairs.end()};
  std::vector<std::pair<Index, Index>> found;
  for (const std::string& text : texts) {
    const std::size_t at = text.find("-vs-");
    if (at == std::string::npos) misused("--erase", "expected K-vs-L, found '" + text + "'");
    const std::string_view all = text;
    found.emplace_back(whole("--erase", all.substr(0, at)), whole("--erase", all.substr(at + 4)));
    if (found.back().first == found.back().second)
      misused("--erase", "expected two classes, found '" + text + "'");
  }
  return found;
}

void set_preset(Options& o, const ascribe::evaluate::Preset& preset) {
  o.region = {preset.region};
  o.how.steps = preset.steps;
  if (o.replacement.empty()) o.replacement = "noise";
  o.by_shape = false;
}

}  // namespace

Parsed parse(int argc, char** argv, bool of_job) {
  namespace evaluate = ascribe::evaluate;
  Options o;
  std::vector<std::string> methods{"all"}, erase, orders{"most", "least", "random"};
  std::string score = "logit", preset;
  CLI::App app{
      "Judges explanations: which method is right about this network? Replaces regions of each input in the "
      "order of\n"
      "their relevance, and watches how fast the network changes its mind.\n"
      "INPUT is .npy (one sample or a batch as the model takes it), images (PNG, JPEG), MNIST's "
      "idx3-ubyte, gzipped or\n"
      "not, or folders of such files; or texts, with --vocabulary. AOPC is the mean fall of the score, most "
      "relevant first: the more, "
      "the better;\n"
      "'area' is that between "
      "most and least relevant first."};
  app.name("judge");
  add_classifier_options(app, o, "judge by");
  const auto list = [&](const char* name, auto& to, const char* help, const char* type) {
    return add_list(app, name, to, help, type);
  };
  app.add_option("--vocabulary", o.vocabulary,
                 "the model's WordPiece vocabulary: INPUT is a text then, or a .txt file of texts, one a "
                 "line, as for "
                 "explain, and pieces are replaced one by one. Without it, ids are judged from .npy files of "
                 "one sample")
      ->type_name("FILE");
  app.add_flag("--keep-case", o.keep_case, "capitals and accents of texts stay");
  list("--methods", methods, "which methods, or all", "M[,M...]")->capture_default_str();
  app.add_option(
         "--layer", o.layer,
         "the node whose channels grad_cam and score_cam weigh, as explain --describe names it [the last "
         "convolution over several positions, or what follows it in the same shape]")
      ->type_name("NODE");
  app.add_option(
         "--preset", preset,
         "regions and steps of a paper: samek, 9 x 9 pixels and 100 steps; digits_pixels, one pixel a "
         "step; digits_blocks, 4 x 4")
      ->check(CLI::IsMember({"samek", "digits_pixels", "digits_blocks"}))
      ->type_name("NAME");
  list("--region", o.region,
       "replace regions of this many pixels, or of this height and width (1,F: steps or tokens of F numbers) "
       "[9 "
       "for images of 90 pixels and more, else a seventh]",
       "N[,N]")
      ->check(CLI::Range(Index(1), Index(1) << 30));
  app.add_option(
         "--steps", o.how.steps,
         "how many steps [until all is replaced; for images of 90 pixels and more 100, unless --region or "
         "--regions-a-step is said]")
      ->check(CLI::Range(Index(1), Index(1) << 30))
      ->type_name("L");
  app.add_option("--regions-a-step", o.how.regions_a_step,
                 "how many regions each step replaces [1; for smaller images and other inputs as many as "
                 "make at most "
                 "25 steps, unless --region or --steps is said]")
      ->check(CLI::Range(Index(1), Index(1) << 30))
      ->type_name("N");
  app.add_option(
         "--replace", o.replacement,
         "by what: of a text's pieces, mask ([MASK]), pad ([PAD]) or zeros; noise (uniform between --low and "
         "--high), black (--low), mean (of all inputs that are "
         "judged "
         "by), blur, a number, or a sample [black for grey images of less than 90 pixels, noise for other "
         "images, else 0]")
      ->type_name("noise|black|mean|blur|mask|pad|X|FILE.npy");
  app.add_option("--blur", o.blur, "the blur's deviation in pixels [a sixteenth of the smaller side]")
      ->check(CLI::PositiveNumber)
      ->type_name("X");
  app.add_option("--score", score, "what is followed: the class's logit, or its softmax")
      ->capture_default_str()
      ->check(CLI::IsMember({"logit", "softmax"}))
      ->type_name("logit|softmax");
  list(
      "--orders", orders,
      "most relevant first, and besides it least relevant first (for the area between) and random (a line of "
      "its own)",
      "ORDER[,ORDER...]")
      ->capture_default_str()
      ->check(CLI::IsMember({"most", "least", "random"}));
  list(
      "--erase", erase,
      "DeepLIFT's class erasing: of inputs of class K, the fifth of the pixels that speaks most for K over L "
      "takes "
      "the baseline's values; or digits, the paper's four pairs",
      "K-vs-L[,K-vs-L...]|digits");
  app.add_option(
         "--sanity", o.sanity,
         "explain so many of the inputs, evenly spaced, with random weights in all layers but the first, "
         "too: "
         "how similar that stays (cosine, with signs and without) is what a method says without knowing the "
         "network; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(Index(0), Index(1) << 40))
      ->type_name("N");
  app.add_option(
         "--baseline", o.baseline,
         "what methods against a baseline and class erasing compare with: zero, mean (of all inputs), "
         "or a sample")
      ->capture_default_str()
      ->type_name("zero|mean|FILE.npy");
  add_seed(app, o.how.seed, "of noise and random order");
  add_method_options(app, o, "noise and ");
  app.add_option("--json", o.json, "write the table, the curves and their intervals")->type_name("OUT.json");
  app.add_option("--page", o.page,
                 "write the table, the curves and a few inputs by all methods as one page for a browser")
      ->type_name("OUT.html");
  app.add_option("--page-inputs", o.page_inputs,
                 "show so many inputs on the page, the first of each class, then the second")
      ->capture_default_str()
      ->check(CLI::Range(Index(0), Index(1) << 20))
      ->type_name("N");
  app.add_flag("--keep-going", o.keep_going,
               "judge by the other inputs where one cannot be read or explained; all such inputs are named "
               "at the end, "
               "and the exit code is 1 [stop at the first]");
  add_division_options(app, o, "judge by");
  try {
    app.parse(argc, argv);
    o.methods = methods_named(methods);
    o.all_methods = methods.size() == 1 && methods[0] == "all";
    o.erasures = pairs(erase);
    o.how.score = score == "logit" ? evaluate::Score::logit : evaluate::Score::softmax;
    const auto ordered = [&](const char* order) {
      return std::find(orders.begin(), orders.end(), order) != orders.end();
    };
    if (!ordered("most")) misused("--orders", "expected most among them");
    o.least_first = ordered("least");
    o.random = ordered("random");
    if (o.region.size() > 2) misused("--region", "expected a size, or a height and a width");
    for (const char* option : {"--region", "--steps", "--regions-a-step"})
      if (app.count(option) > 0) {
        if (!preset.empty()) misused(option, "is said by --preset");
        o.by_shape = false;
      }
    if (preset == "samek") set_preset(o, evaluate::preset::samek);
    if (preset == "digits_pixels") set_preset(o, evaluate::preset::digits_pixels);
    if (preset == "digits_blocks") set_preset(o, evaluate::preset::digits_blocks);
    std::set<std::filesystem::path> places;
    for (const auto& path : {o.csv, o.json, o.page, o.resume})
      if (!path.empty() && !places.insert(std::filesystem::absolute(path).lexically_normal()).second)
        misused("--json", "expected files of different names, found " + path.string() + " twice");
    const auto some = [&](bool Method::*what) {
      return std::any_of(o.methods.begin(), o.methods.end(), [&](const Method* m) { return m->*what; });
    };
    if (app.count("--gamma") > 0 && !some(&Method::box)) misused("--gamma", "no method has one");
    if (app.count("--layer") > 0 && !some(&Method::layer)) misused("--layer", "no method is of a layer");
    if (app.count("--page-inputs") > 0 && o.page.empty()) misused("--page-inputs", "needs a --page");
    if (o.keep_case && o.vocabulary.empty()) misused("--keep-case", "needs a --vocabulary");
    if ((o.replacement == "mask" || o.replacement == "pad") && o.vocabulary.empty())
      misused("--replace", o.replacement + " is a piece of a --vocabulary");
    check_classifier_options(app, o);
    check_division(o, of_job);
    if (app.count("--blur") > 0 && o.replacement != "blur") misused("--blur", "needs --replace blur");
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
  }
  return {std::move(o), 0};
}

}  // namespace judge
