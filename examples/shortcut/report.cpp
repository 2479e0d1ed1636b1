#include "examples/shortcut/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "ascribe/core/error.hpp"
#include "ascribe/core/format.hpp"

namespace shortcut {
namespace {

std::string fixed(double value, int digits) {
  std::string text(64, '\0');
  text.resize(std::size_t(std::snprintf(text.data(), text.size(), "%.*f", digits, value)));
  return text;
}

std::string brief(double value) {
  std::string text(64, '\0');
  text.resize(std::size_t(std::snprintf(text.data(), text.size(), "%.3g", value)));
  return text;
}

bool same_but_seed(const Run& a, const Run& b) {
  return a.task == b.task && a.network == b.network && a.loss == b.loss && a.factor == b.factor;
}

/// Where a loss stands among the protocol's.
std::size_t number_of(const Protocol& protocol, const std::string& loss) {
  const auto found = std::find_if(protocol.losses.begin(), protocol.losses.end(),
                                  [&](const Loss& one) { return one.name == loss; });
  return std::size_t(found - protocol.losses.begin());
}

/// The group of the same task and network with another loss.
std::optional<Group> beside(const std::vector<Group>& groups, const Run& run, const char* loss) {
  for (const Group& group : groups)
    if (group.run.task == run.task && group.run.network == run.network && group.run.loss == loss)
      return group;
  return std::nullopt;
}

}  // namespace

Json to_json(const Row& row, const Protocol& protocol) {
  const auto& [run, outcome] = row;
  Json json{{"task", run.task},     {"network", run.network}, {"loss", run.loss},
            {"factor", run.factor}, {"seed", run.seed},       {"lambda", outcome.strength}};
  if (outcome.stopped) {
    json["stopped"] = *outcome.stopped;
    return json;
  }
  json["label_loss"] = outcome.loss;
  json["accuracy"] = outcome.accuracy;
  json["turns"] = outcome.turns;
  json["own"] = outcome.own;
  for (std::size_t k = 0; k < protocol.judges.size(); ++k)
    json["judges"][protocol.judges[k].name] = outcome.judged[k];
  return json;
}

Row from_json(const Json& json, const Protocol& protocol) try {
  Row row;
  row.run = {json.at("task"), json.at("network"), json.at("loss"), json.at("factor"), json.at("seed")};
  Outcome& outcome = row.outcome;
  outcome.strength = json.at("lambda");
  if (json.contains("stopped")) {
    outcome.stopped = json.at("stopped").get<std::string>();
    return row;
  }
  outcome.loss = json.at("label_loss");
  outcome.accuracy = json.at("accuracy");
  outcome.turns = json.at("turns");
  outcome.own = json.at("own").get<std::vector<double>>();
  for (const Loss& judge : protocol.judges) outcome.judged.push_back(json.at("judges").at(judge.name));
  const std::size_t own = row.run.loss == plain_name     ? protocol.losses.size()
                          : row.run.loss == ceiling_name ? 0
                                                         : 1;
  if (outcome.own.size() != own) throw std::out_of_range("a share is missing");
  return row;
} catch (const std::exception&) {
  ascribe::fail("expected a row of results, found one that is damaged: ", json.dump());
}

std::string verdict(const Group& group, const std::optional<Group>& plain,
                    const std::optional<Group>& ceiling, const Protocol& protocol) {
  if (!group.run.penalised()) return "";
  if (group.stopped > 0) return "diverged";
  if (!plain || !ceiling || !group.own || !group.own_of_plain) return "";
  if (group.turns < protocol.turns)
    return group.accuracy >= ceiling->accuracy - protocol.below
               ? "cured"
               : "weaker by " + fixed(100 * (ceiling->accuracy - group.accuracy), 1) + " points";
  return *group.own <= protocol.own * *group.own_of_plain ? "games the measure" : "not cured";
}

std::vector<Group> groups_of(const std::vector<Row>& rows, const Protocol& protocol) {
  std::vector<Group> groups;
  std::vector<std::vector<const Outcome*>> outcomes;
  for (const Row& row : rows) {
    std::size_t k = 0;
    while (k < groups.size() && !same_but_seed(groups[k].run, row.run)) ++k;
    if (k == groups.size()) {
      groups.emplace_back().run = row.run;
      outcomes.emplace_back();
    }
    ++groups[k].seeds;
    if (row.outcome.stopped)
      ++groups[k].stopped;
    else
      outcomes[k].push_back(&row.outcome);
  }
  // A mean of what was not stopped.
  const auto mean = [](const std::vector<const Outcome*>& all,
                       const std::function<double(const Outcome&)>& of) {
    double sum = 0;
    for (const Outcome* one : all) sum += of(*one);
    return sum / double(all.size());
  };
  for (std::size_t k = 0; k < groups.size(); ++k) {
    Group& group = groups[k];
    const auto& all = outcomes[k];
    if (all.empty()) continue;
    group.strength = mean(all, [](const Outcome& o) { return o.strength; });
    group.accuracy = mean(all, [](const Outcome& o) { return o.accuracy; });
    group.turns = mean(all, [](const Outcome& o) { return o.turns; });
    const auto [low, high] = std::minmax_element(
        all.begin(), all.end(), [](const Outcome* a, const Outcome* b) { return a->accuracy < b->accuracy; });
    group.low = (*low)->accuracy;
    group.high = (*high)->accuracy;
    if (group.run.penalised()) group.own = mean(all, [](const Outcome& o) { return o.own.front(); });
    for (std::size_t j = 0; j < protocol.judges.size(); ++j)
      group.judged.push_back(mean(all, [j](const Outcome& o) { return o.judged[j]; }));
  }
  for (std::size_t k = 0; k < groups.size(); ++k) {
    Group& group = groups[k];
    for (std::size_t p = 0; p < groups.size(); ++p) {
      const Run& plain = groups[p].run;
      if (plain.task != group.run.task || plain.network != group.run.network || plain.loss != plain_name ||
          outcomes[p].empty() || !group.run.penalised())
        continue;
      const std::size_t number = number_of(protocol, group.run.loss);
      group.own_of_plain = mean(outcomes[p], [number](const Outcome& o) { return o.own[number]; });
    }
    group.verdict = verdict(group, beside(groups, group.run, plain_name),
                            beside(groups, group.run, ceiling_name), protocol);
  }
  return groups;
}

std::string table(const std::vector<Group>& groups, const Protocol& protocol) {
  std::string text;
  std::string task, network;
  std::vector<std::vector<std::string>> rows;
  const auto print = [&] {
    if (rows.empty()) return;
    std::vector<std::size_t> widths(rows[0].size(), 0);
    for (const auto& row : rows)
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
    text += task + ", " + network + "\n";
    for (const auto& row : rows) {
      std::string line = "  " + row[0] + std::string(widths[0] - row[0].size(), ' ');
      for (std::size_t c = 1; c < row.size(); ++c) {
        const std::string space(widths[c] - row[c].size(), ' ');
        line += "  " + (c + 1 < row.size() ? space + row[c] : row[c]);
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    text += "\n";
    rows.clear();
  };
  for (const Group& group : groups) {
    if (group.run.task != task || group.run.network != network) print();
    task = group.run.task;
    network = group.run.network;
    if (rows.empty()) {
      rows.push_back({"in the loss", "x rule", "lambda", "seeds", "accuracy", "", "turns", "own", "was"});
      for (const Loss& judge : protocol.judges) rows[0].push_back(judge.name);
      rows[0].push_back("");
    }
    auto& row = rows.emplace_back(
        std::vector{group.run.loss, group.run.penalised() ? brief(group.run.factor) : "",
                    group.run.penalised() ? brief(group.strength) : "", std::to_string(group.seeds)});
    if (group.judged.empty()) {
      row.resize(rows[0].size() - 1);
    } else {
      row.push_back(fixed(group.accuracy, 3));
      row.push_back("[" + fixed(group.low, 3) + ", " + fixed(group.high, 3) + "]");
      row.push_back(fixed(100 * group.turns, 1) + " %");
      row.push_back(group.own ? fixed(*group.own, 4) : "");
      row.push_back(group.own_of_plain ? fixed(*group.own_of_plain, 4) : "");
      for (const double share : group.judged) row.push_back(fixed(share, 4));
    }
    row.push_back(group.verdict);
  }
  print();
  return text;
}

std::string csv(const std::vector<Row>& rows, const Protocol& protocol) {
  std::string text = "task,network,loss,factor,seed,lambda,label_loss,accuracy,turns,own";
  for (const Loss& judge : protocol.judges) text += "," + judge.name;
  text += ",stopped\n";
  using ascribe::to_text;
  for (const auto& [run, outcome] : rows) {
    text += run.task + "," + run.network + "," + run.loss + "," + to_text(run.factor) + "," +
            std::to_string(run.seed) + "," + to_text(outcome.strength);
    if (outcome.stopped) {
      std::string why = *outcome.stopped;
      std::replace(why.begin(), why.end(), '"', '\'');
      text += std::string(4 + protocol.judges.size(), ',') + ",\"" + why + "\"\n";
      continue;
    }
    for (const double value : {outcome.loss, outcome.accuracy, outcome.turns}) text += "," + to_text(value);
    text += "," + (run.penalised() ? to_text(outcome.own.front()) : std::string());
    for (const double share : outcome.judged) text += "," + to_text(share);
    text += ",\n";
  }
  return text;
}

Json json(const std::vector<Row>& rows, const std::vector<Group>& groups, const Protocol& protocol) {
  Json table = Json::array(), runs = Json::array();
  for (const Group& group : groups) {
    Json one{{"task", group.run.task},     {"network", group.run.network}, {"loss", group.run.loss},
             {"factor", group.run.factor}, {"seeds", group.seeds},         {"stopped", group.stopped}};
    if (!group.judged.empty()) {
      one["lambda"] = group.strength;
      one["accuracy"] = {{"mean", group.accuracy}, {"lowest", group.low}, {"highest", group.high}};
      one["turns"] = group.turns;
      if (group.own) one["own"] = *group.own;
      if (group.own_of_plain) one["own_of_plain"] = *group.own_of_plain;
      for (std::size_t k = 0; k < protocol.judges.size(); ++k)
        one["judges"][protocol.judges[k].name] = group.judged[k];
    }
    if (!group.verdict.empty()) one["verdict"] = group.verdict;
    table.push_back(std::move(one));
  }
  for (const Row& row : rows) runs.push_back(to_json(row, protocol));
  return {{"protocol", protocol.text}, {"table", std::move(table)}, {"runs", std::move(runs)}};
}

}  // namespace shortcut
