/// What came of the runs, as tables and files.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/shortcut/experiment.hpp"

namespace shortcut {

/// A run and what came of it, as a row of a results file has it.
struct Row {
  Run run;
  Outcome outcome;
};
Json to_json(const Row& row, const Protocol& protocol);
/// Throws ascribe::Error for a row that is damaged.
Row from_json(const Json& json, const Protocol& protocol);

/// What a loss came to: means over the seeds.
struct Group {
  Run run;  ///< the first seed's
  Index seeds = 0, stopped = 0;
  double strength = 0, accuracy = 0, low = 0, high = 0;  ///< the smallest and the largest accuracy
  double turns = 0;
  std::optional<double> own;           ///< share on the shortcut by the loss's own method
  std::optional<double> own_of_plain;  ///< the same of the networks that learned labels alone
  std::vector<double> judged;
  std::string verdict;
};

/// "cured" where the answers that turn and the accuracy below the ceiling are within the protocol's limits;
/// "weaker by so many points" where the answers stay and accuracy is not within its limit; "games the
/// measure" where answers turn, though the share that was trained on has fallen to the protocol's part of the
/// plain network's; "not cured" where that has not fallen either; "diverged" where a training was stopped.
/// Empty where there is nothing to compare with.
std::string verdict(const Group& group, const std::optional<Group>& plain,
                    const std::optional<Group>& ceiling, const Protocol& protocol);

/// Rows of one task, network, loss and factor, in the order of their first.
std::vector<Group> groups_of(const std::vector<Row>& rows, const Protocol& protocol);

std::string table(const std::vector<Group>& groups, const Protocol& protocol);
std::string csv(const std::vector<Row>& rows, const Protocol& protocol);
Json json(const std::vector<Row>& rows, const std::vector<Group>& groups, const Protocol& protocol);

}  // namespace shortcut
