#include "examples/groups/options.hpp"

#include <set>

#include "examples/support/classifier_options.hpp"

namespace groups {
namespace {

/// Class activation maps are of a layer, and occlusion of regions, which would have to be chosen.
bool serves(const Method& method) { return !method.layer && !method.parts; }

const Method* method_named(const std::string& name) {
  const Method* const method = find_method(name);
  if (method != nullptr && serves(*method)) return method;
  std::string known;
  for (const Method& one : methods())
    if (serves(one)) known += (known.empty() ? "" : ", ") + std::string(one.name);
  misused("--method", "expected one of " + known + "; found '" + name + "'");
}

}  // namespace

Parsed parse(int argc, char** argv, bool of_job) {
  Options o;
  std::string method = "lrp_q";
  CLI::App app{
      "Finds groups of inputs that a network recognises in ways of their own: spectral relevance analysis.\n"
      "Explains each input's class, groups the explanations of each class, and asks the network whether a "
      "group\n"
      "hangs on a region that it has in common: a shortcut. INPUT is .npy, images (PNG, JPEG), MNIST's\n"
      "idx3-ubyte, gzipped or not, or folders of such files."};
  app.name("groups");
  add_classifier_options(app, o, "group");
  const auto list = [&](const char* name, auto& to, const char* help, const char* type) {
    return add_list(app, name, to, help, type);
  };
  app.add_option("--method", method, "by which method inputs are explained")->capture_default_str();
  list("--class", o.classes, "group the inputs of these classes, by their numbers [all]", "K[,K...]")
      ->check(CLI::Range(Index(0), Index(1) << 40));
  list(
      "--pool", o.pool,
      "sum relevances to this many cells down and across, which are compared [a quarter of an image's sides, "
      "at most 16; else none are summed]",
      "N[,N]")
      ->check(CLI::Range(Index(1), Index(1) << 30));
  app.add_option("--neighbours", o.how.neighbours, "of each input in the graph")
      ->capture_default_str()
      ->check(CLI::Range(Index(1), Index(1) << 30));
  app.add_option("--most", o.how.most, "find at most so many groups in a class")
      ->capture_default_str()
      ->check(CLI::Range(Index(1), Index(1000)));
  app.add_option("--region", o.part,
                 "a group's region are the fewest pixels that hold this part of what its |relevance| has "
                 "beyond that of the rest")
      ->capture_default_str()
      ->type_name("PART");
  app.add_option("--others", o.others,
                 "put a group's region into so many inputs of other classes, evenly spaced, to see how many "
                 "turn; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(Index(0), Index(1) << 40))
      ->type_name("N");
  app.add_option("--members", o.members, "show so many typical inputs of a group on the page")
      ->capture_default_str()
      ->check(CLI::Range(Index(1), Index(1000)));
  add_seed(app, o.how.seed, "of k-means");
  app.add_option("--baseline", o.baseline, "what methods against a baseline compare with: zero, or a sample")
      ->capture_default_str()
      ->type_name("zero|FILE.npy");
  add_method_options(app, o);
  add_division_options(app, o, "group");
  app.add_option("--json", o.json, "write the table, the eigenvalues, and each input's group")
      ->type_name("OUT.json");
  app.add_option("--page", o.page, "write the groups as one page for a browser")->type_name("OUT.html");
  try {
    app.parse(argc, argv);
    o.method = method_named(method);
    check_classifier_options(app, o);
    check_division(o, of_job);
    if (app.count("--gamma") > 0 && !o.method->box) misused("--gamma", method + " has none");
    if (app.count("--baseline") > 0 && !o.method->baseline) misused("--baseline", method + " has none");
    if (o.pool.size() > 2) misused("--pool", "expected a size, or a height and a width");
    if (!(o.part > 0 && o.part <= 1)) misused("--region", "expected a part above 0 and at most 1");
    if (std::set<Index>(o.classes.begin(), o.classes.end()).size() != o.classes.size())
      misused("--class", "found a class twice");
    std::set<std::filesystem::path> places;
    for (const auto& path : {o.csv, o.json, o.page, o.resume})
      if (!path.empty() && !places.insert(std::filesystem::absolute(path).lexically_normal()).second)
        misused("--json", "expected files of different names, found " + path.string() + " twice");
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
  }
  return {std::move(o), 0};
}

}  // namespace groups
