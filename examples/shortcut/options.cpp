#include "examples/shortcut/options.hpp"

#include <set>
#include <utility>

#include <CLI/CLI.hpp>

#include "ascribe/core/error.hpp"
#include "ascribe/core/format.hpp"

namespace shortcut {
namespace {

/// Keeps the runs whose `value` is one of `wanted`, all for none, and those that have none.
template <class T, class Value>
void keep(std::vector<Run>& runs, const char* option, const std::vector<T>& wanted, const Value& value) {
  if (wanted.empty()) return;
  for (const T& one : wanted)
    if (std::none_of(runs.begin(), runs.end(),
                     [&](const Run& run) { return value(run) == std::optional(one); }))
      ascribe::fail(option, ": expected what the protocol's runs have, found '", one, "'");
  std::erase_if(runs, [&](const Run& run) {
    const std::optional<T> own = value(run);
    return own && std::find(wanted.begin(), wanted.end(), *own) == wanted.end();
  });
}

}  // namespace

Parsed parse(int argc, char** argv) {
  Options o;
  CLI::App app{
      "Trains networks that may look at the wrong thing, with relevance in the loss that keeps them from it, "
      "and "
      "says\n"
      "whether that cured them or only the measure: by other methods, and by drawing the shortcut once "
      "more.\n"
      "What is run, and by which rules it is judged, is said by a protocol; the default is one network's "
      "headline, "
      "in\n"
      "less than three minutes."};
  app.name("shortcut");
  const auto list = [&](const char* name, auto& to, const char* help, const char* type) {
    return app.add_option(name, to, help)->delimiter(',')->allow_extra_args(false)->type_name(type);
  };
  app.add_flag("--full", o.full, "run all of the protocol's sweep");
  list("--task", o.tasks, "of these runs only those of a task: digits, clothes, backgrounds",
       "TASK[,TASK...]");
  list("--network", o.networks, "of a network: mlp, cnn", "NET[,NET...]");
  list("--loss", o.losses, "of a loss, by its name in the protocol; none, ceiling: without one",
       "LOSS[,LOSS...]");
  list("--factor", o.factors, "with these multiples of the strength that the rule gives", "X[,X...]");
  list("--seed", o.seeds, "with these seeds", "N[,N...]");
  app.add_option("--protocol", o.protocol, "what is run [shortcut.json of --data]")->type_name("FILE.json");
  app.add_option("--data", o.data, "the folder of the digits")->capture_default_str()->type_name("DIR");
  app.add_option("--clothes", o.clothes, "the folder of Fashion-MNIST (Debian: dataset-fashion-mnist)")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option(
         "--results", o.results,
         "keep each run's row in this file; the same command goes on where it was, and runs nothing twice")
      ->type_name("FILE");
  app.add_option("--csv", o.csv, "write a line for every run")->type_name("OUT.csv");
  app.add_option("--json", o.json, "write the protocol, the table and every run")->type_name("OUT.json");
  app.add_option("--picture", o.picture, "draw what networks of the first task look at, before and after")
      ->type_name("OUT.png");
  app.add_option("--threads", o.threads, "as many runs at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  try {
    app.parse(argc, argv);
    if (o.protocol.empty()) o.protocol = o.data / "shortcut.json";
    std::set<std::filesystem::path> places;
    for (const auto& path : {o.results, o.csv, o.json, o.picture})
      if (!path.empty() && !places.insert(std::filesystem::absolute(path).lexically_normal()).second)
        throw CLI::ValidationError("--json",
                                   "expected files of different names, found " + path.string() + " twice");
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
  }
  return {std::move(o), 0};
}

std::vector<Run> chosen_runs(const Options& options, const Protocol& protocol) {
  std::vector<Run> runs = runs_of(options.full ? protocol.full : protocol.standard);
  keep(runs, "--task", options.tasks, [](const Run& run) { return std::optional(run.task); });
  keep(runs, "--network", options.networks, [](const Run& run) { return std::optional(run.network); });
  keep(runs, "--loss", options.losses, [](const Run& run) { return std::optional(run.loss); });
  keep(runs, "--factor", options.factors,
       [](const Run& run) { return run.penalised() ? std::optional(run.factor) : std::nullopt; });
  keep(runs, "--seed", options.seeds, [](const Run& run) { return std::optional(run.seed); });
  return runs;
}

}  // namespace shortcut
