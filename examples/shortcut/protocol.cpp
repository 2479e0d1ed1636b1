#include "examples/shortcut/protocol.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "ascribe/core/error.hpp"
#include "ascribe/core/format.hpp"

namespace shortcut {
namespace {

using ascribe::train::Asked;

Asked asked_of(const std::string& name) {
  if (name == "label") return Asked::label;
  if (name == "margin") return Asked::margin;
  ascribe::fail("\"asked\": expected label or margin, found '", name, "'");
}

Loss loss_of(const Json& json) {
  Loss loss;
  loss.name = json.at("name");
  if (loss.name.empty() || loss.name.find_first_of(",\"\n") != std::string::npos)
    ascribe::fail("expected a loss's name without commas, quotes and line ends, found '", loss.name, "'");
  loss.method = json.at("method");
  const std::string term = json.at("term"), asked = json.at("asked");
  if (term != "share" && term != "squared")
    ascribe::fail("loss '", loss.name, "': \"term\": expected share or squared, found '", term, "'");
  loss.squared = term == "squared";
  loss.asked = asked_of(asked);
  loss.epsilon = json.value("epsilon", loss.epsilon);
  loss.gamma = json.value("gamma", loss.gamma);
  return loss;
}

double positive(const Json& json, const char* name) {
  const double value = json.at(name);
  if (!(value > 0 && std::isfinite(value)))
    ascribe::fail('"', name, "\": expected a number above 0, found ", value);
  return value;
}
Index count(const Json& json, const char* name, Index least) {
  const Index value = json.at(name);
  if (value < least) ascribe::fail('"', name, "\": expected at least ", least, ", found ", value);
  return value;
}

std::vector<Block> blocks_of(const Json& json, const Protocol& protocol) {
  std::vector<Block> blocks;
  for (const Json& one : json) {
    Block& block = blocks.emplace_back();
    block.task = Protocol::size(protocol.tasks, one.at("task")).name;
    block.network = Protocol::size(protocol.networks, one.at("network")).name;
    block.losses = {plain_name, ceiling_name};
    if (one.at("losses") == "all")
      for (const Loss& loss : protocol.losses) block.losses.push_back(loss.name);
    else
      for (const std::string name : one.at("losses")) block.losses.push_back(protocol.loss(name).name);
    block.factors = one.at("factors").get<std::vector<double>>();
    for (const double factor : block.factors)
      if (!(factor > 0 && std::isfinite(factor)))
        ascribe::fail("\"factors\": expected numbers above 0, found ", factor);
    block.seeds = one.at("seeds").get<std::vector<std::uint64_t>>();
  }
  return blocks;
}

}  // namespace

const Loss& Protocol::loss(const std::string& name) const {
  for (const Loss& loss : losses)
    if (loss.name == name) return loss;
  ascribe::fail("expected one of the protocol's losses, found '", name, "'");
}

const Size& Protocol::size(const std::vector<Size>& sizes, const std::string& name) {
  for (const Size& size : sizes)
    if (size.name == name) return size;
  ascribe::fail("expected one of the protocol's tasks or networks, found '", name, "'");
}

Protocol read_protocol(const std::filesystem::path& path) try {
  std::ifstream file(path);
  if (!file) ascribe::fail("expected a protocol, found none that can be read");
  Protocol protocol;
  protocol.text = Json::parse(file);
  const Json& json = protocol.text;
  protocol.data_seed = json.at("data_seed");
  for (const auto& [name, one] : json.at("tasks").items())
    protocol.tasks.push_back({name, count(one, "training", 0), count(one, "test", 0), 0, 0});
  for (const auto& [name, one] : json.at("networks").items())
    protocol.networks.push_back({name, 0, 0, count(one, "epochs", 1), positive(one, "rate")});
  protocol.batch = count(json, "batch", 1);
  protocol.early_epochs = count(json.at("early"), "epochs", 0);
  protocol.early_samples = count(json.at("early"), "samples", 1);
  for (const Json& one : json.at("losses")) protocol.losses.push_back(loss_of(one));
  for (const Json& one : json.at("judges")) protocol.judges.push_back(loss_of(one));
  protocol.turns = positive(json.at("cured"), "turns_below");
  protocol.below = positive(json.at("cured"), "below_ceiling_at_most");
  protocol.own = positive(json.at("gamed"), "own_share_at_most");
  for (const std::string name : json.at("picture"))
    protocol.picture.push_back(name == plain_name ? name : protocol.loss(name).name);
  protocol.standard = blocks_of(json.at("standard"), protocol);
  protocol.full = blocks_of(json.at("full"), protocol);
  return protocol;
} catch (const std::exception& error) {
  ascribe::fail(path.string(), ": ", error.what());
}

std::string text_of(const Run& run) {
  return run.task + ", " + run.network + ", " + run.loss +
         (run.penalised() ? " x " + ascribe::to_text(run.factor) : "") + ", seed " + std::to_string(run.seed);
}

std::vector<Run> runs_of(const std::vector<Block>& blocks) {
  std::vector<Run> runs;
  for (const Block& block : blocks)
    for (const std::string& loss : block.losses) {
      Run run{block.task, block.network, loss, 0, 0};
      for (const double factor : run.penalised() ? block.factors : std::vector<double>{0.0})
        for (const std::uint64_t seed : block.seeds) {
          run.factor = factor;
          run.seed = seed;
          if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
        }
    }
  return runs;
}

}  // namespace shortcut
