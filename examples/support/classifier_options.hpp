/// The part of a command line that says which classifier and which inputs.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "examples/support/classifier.hpp"
#include "examples/support/division_options.hpp"

namespace examples {

[[noreturn]] inline void misused(const char* option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

inline Index whole(const char* option, std::string_view text) {
  Index value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 0)
    misused(option, "expected a whole number that is not negative, found '" + std::string(text) + "'");
  return value;
}

/// Help, in which a list is one word: CLI11 would put dots behind it.
class Help : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::string dots = " ...";
    if (option->get_delimiter() != '\0' && text.ends_with(dots)) text.resize(text.size() - dots.size());
    return text;
  }
};

/// Numbers or names with commas between.
template <class List>
CLI::Option* add_list(CLI::App& app, const char* name, List& to, const std::string& help, const char* type) {
  return app.add_option(name, to, help)->delimiter(',')->allow_extra_args(false)->type_name(type);
}

/// What says how a model and its images are read: --output, --size, --mean and --std.
inline void add_reading_options(CLI::App& app, ClassifierOptions& o) {
  app.add_option("--output", o.output,
                 "the output with a score for each class, by its name or number [the first]")
      ->type_name("NAME|N");
  app.add_option_function<std::vector<std::string>>(
         "--size",
         [&o](const std::vector<std::string>& sizes) {
           for (const std::string& size : sizes) {
             const std::size_t at = size.rfind('=');
             if (at == std::string::npos || at == 0)
               misused("--size", "expected NAME=N, found '" + size + "'");
             o.sizes.emplace_back(size.substr(0, at), whole("--size", std::string_view(size).substr(at + 1)));
           }
         },
         "the size of an axis that the model leaves open, by its name")
      ->type_name("NAME=N")
      ->allow_extra_args(false);
  add_list(app, "--mean", o.mean, "what is taken off an image's pixels in 0..1, one or one a channel [0]",
           "X[,X...]");
  add_list(app, "--std", o.deviation, "what they are divided by then [1]", "X[,X...]");
}

/// MODEL, INPUT and the options that both need. `what` is done with the inputs; both outlive the parsing.
inline void add_classifier_options(CLI::App& app, ClassifierOptions& o, const std::string& what) {
  app.formatter(std::make_shared<Help>());
  app.add_option("MODEL", o.model, "the ONNX file of a classifier")->required();
  app.add_option("INPUT", o.inputs, "what to " + what + ", one or more files or folders");
  app.add_option("--inputs-from", o.inputs_from, "more inputs, one path a line; - is standard input")
      ->type_name("FILE");
  app.add_option(
         "--labels", o.labels,
         "each input's class: .npy; MNIST's idx1-ubyte; a text file with a class a line, or FILE,CLASS "
         "with the input's name; or folders, each input's being that of its folder's name "
         "[the network's own answers]")
      ->type_name("FILE|folders");
  app.add_option("--names", o.names, "the classes' names, one a line, where labels are names")
      ->type_name("FILE");
  app.add_option("--samples", o.samples, what + " so many inputs, evenly spaced [all]")
      ->check(CLI::Range(Index(1), Index(1) << 40))
      ->type_name("N");
  add_reading_options(app, o);
}

/// What the methods are told. `black_for`: what else than epsilon_gamma_box reads the bounds.
inline void add_rule_options(CLI::App& app, ClassifierOptions& o, const std::string& black_for = "") {
  add_list(app, "--low", o.low, "what black is, for " + black_for + "epsilon_gamma_box [-mean/std]",
           "X[,X...]");
  add_list(app, "--high", o.high, "what white is [(1 - mean)/std]", "X[,X...]");
  app.add_option("--epsilon", o.epsilon, "the stabiliser of divisions")->capture_default_str();
  app.add_option("--gamma", o.gamma, "how much epsilon_gamma_box prefers positive weights")
      ->capture_default_str();
}

/// The same, --threads and --csv.
inline void add_method_options(CLI::App& app, ClassifierOptions& o, const std::string& black_for = "") {
  add_rule_options(app, o, black_for);
  app.add_option("--threads", o.threads, "as many inputs at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--csv", o.csv, "write the table")->type_name("OUT.csv");
}

/// --resume and --shard: `what` is done with the inputs.
inline void add_division_options(CLI::App& app, ClassifierOptions& o, const std::string& what) {
  app.add_option(
         "--resume", o.resume,
         "keep what is done in this file; the same command goes on where it was, and when all is done "
         "prints it again; several processes keep it beside the file, each its own")
      ->type_name("STATE");
  add_shard(app, o.shard, what);
  add_share_weights(app, o.weight_folder);
}

/// --seed: CLI11 by itself takes -3 and what does not fit for numbers, too.
inline void add_seed(CLI::App& app, std::uint64_t& to, const std::string& of) {
  app.add_option_function<std::string>(
         "--seed",
         [&to](const std::string& text) {
           const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), to);
           if (error != std::errc() || stop != text.data() + text.size())
             misused("--seed", "expected a whole number from 0 to 2^64 - 1, found '" + text + "'");
         },
         of + " [" + std::to_string(to) + "]")
      ->type_name("N");
}

/// What the parsed options contradict. `of_job`: this process is one of a job's, which share out the inputs.
inline void check_division(const ClassifierOptions& o, bool of_job) {
  if (o.shard && of_job) misused("--shard", "mpirun's processes share out the inputs already");
  if ((o.shard || of_job) && o.resume.empty())
    misused(o.shard ? "--shard" : "mpirun", "needs --resume STATE, where what each process has done is kept");
}
inline void check_finite(const char* option, const std::vector<double>& numbers) {
  if (std::any_of(numbers.begin(), numbers.end(), [](double v) { return !std::isfinite(v); }))
    misused(option, "expected finite numbers");
}
inline void check_reading_options(const ClassifierOptions& o) {
  check_finite("--mean", o.mean);
  check_finite("--low", o.low);
  check_finite("--high", o.high);
  if (std::any_of(o.deviation.begin(), o.deviation.end(), [](double d) { return !(d > 0); }))
    misused("--std", "expected numbers above 0");
}
inline void check_classifier_options(const CLI::App& app, const ClassifierOptions& o) {
  if (app.count("--inputs-from") > 0 && o.inputs_from.empty()) misused("--inputs-from", "expected a file");
  if (o.inputs.empty() && o.inputs_from.empty()) throw CLI::RequiredError("INPUT (or --inputs-from)");
  if (app.count("--names") > 0 && o.labels.empty()) misused("--names", "needs --labels");
  check_reading_options(o);
}

}  // namespace examples
