/// The order of a graph's nodes, and whether its names fit together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/model.hpp"
#include "ascribe/io/onnx/subgraphs.hpp"

namespace ascribe::onnx::parse_detail {

/// Puts nodes behind those whose outputs they take, by themselves or in sub-graphs. Among those that could
/// come next it takes the first: an order that is right already stays. Gives what an `inner` graph takes from
/// those around it. Throws Error for values that are defined twice or never, and for a cycle.
inline std::vector<std::string> check_and_sort(Graph& graph, bool inner = false) {
  constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
  // Which node makes a value; nobody: it is there from the start.
  std::unordered_map<std::string_view, std::size_t> makers;
  for (const Tensor& initializer : graph.initializers) {
    if (!makers.try_emplace(initializer.name(), nobody).second) {
      fail("initializer ", shown(initializer.name()), ": expected one of that name, found two");
    }
  }
  std::unordered_set<std::string_view> inputs;
  for (const ValueInfo& input : graph.inputs) {
    if (!inputs.insert(input.name).second) {
      fail("graph input ", shown(input.name), ": expected one of that name, found two");
    }
    makers.try_emplace(input.name, nobody);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& output : graph.nodes[i].outputs) {
      if (!output.empty() && !makers.try_emplace(output, i).second) {
        fail(describe(graph.nodes[i]), ": expected a name of its own for its output ", shown(output),
             ", found that another value has it");
      }
    }
  }

  std::vector<std::string> captured;
  const auto capture = [&](const std::string& name) {
    makers.emplace(name, nobody);
    captured.push_back(name);
  };
  std::vector<std::vector<std::size_t>> takers(graph.nodes.size());
  std::vector<std::size_t> missing(graph.nodes.size(), 0);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto wait_for = [&](const std::string& input) {
      if (const std::size_t maker = makers.at(input); maker != nobody) {
        takers[maker].push_back(i);
        ++missing[i];
      }
    };
    for (const std::string& input : graph.nodes[i].inputs) {
      if (input.empty()) {
        continue;
      }
      if (!makers.contains(input)) {
        if (!inner) {
          fail(describe(graph.nodes[i]), ": expected its input ", shown(input),
               " to be an initializer, an input of the graph or a node's output, found none of that name");
        }
        capture(input);
      }
      wait_for(input);
    }
    // A name that nobody has is an Error where a sub-graph is needed, and not before.
    each_subgraph(graph.nodes[i], [&](const Subgraph& one) {
      for (const std::string& name : one.captured) {
        if (makers.contains(name)) {
          wait_for(name);
        } else if (inner) {
          capture(name);
        }
      }
    });
  }
  for (const ValueInfo& output : graph.outputs) {
    if (!makers.contains(output.name)) {
      if (!inner) {
        fail("graph output ", shown(output.name), ": expected a value of that name, found none");
      }
      capture(output.name);
    }
  }

  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i] == 0) {
      ready.push(i);
    }
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    const std::size_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const std::size_t taker : takers[next]) {
      if (--missing[taker] == 0) {
        ready.push(taker);
      }
    }
  }
  if (order.size() < graph.nodes.size()) {
    // Whoever waits takes from one that waits: who is met a second time on the way back is in a cycle, not
    // behind it.
    std::size_t node = 0;
    while (missing[node] == 0) {
      ++node;
    }
    const auto waits_for = [&](const std::vector<std::string>& names) {
      for (const std::string& name : names) {
        const auto maker = makers.find(name);
        if (maker != makers.end() && maker->second != nobody && missing[maker->second] > 0) {
          return maker->second;
        }
      }
      return nobody;
    };
    for (std::vector<bool> met(graph.nodes.size(), false); !met[node];) {
      met[node] = true;
      std::size_t next = waits_for(graph.nodes[node].inputs);
      each_subgraph(graph.nodes[node],
                    [&](const Subgraph& one) { next = next == nobody ? waits_for(one.captured) : next; });
      node = next;
    }
    fail(describe(graph.nodes[node]),
         ": expected a graph without cycles, found that it needs its own output");
  }
  if (!std::is_sorted(order.begin(), order.end())) {
    std::vector<Node> sorted;
    sorted.reserve(order.size());
    for (const std::size_t i : order) {
      sorted.push_back(std::move(graph.nodes[i]));
    }
    graph.nodes = std::move(sorted);
  }
  return captured;
}

/// The same for the sub-graphs first, from the innermost on, whose Errors become their faults.
inline std::vector<std::string> settle(Graph& graph, bool inner = false) {
  for (Node& node : graph.nodes) {
    each_subgraph(node, [](Subgraph& one) {
      if (!one.graph) {
        return;
      }
      try {
        Graph settled = *one.graph;
        one.captured = settle(settled, true);
        one.graph = std::make_shared<const Graph>(std::move(settled));
      } catch (const Error& error) {
        one = {nullptr, {}, error.what()};
      }
    });
  }
  return check_and_sort(graph, inner);
}

}  // namespace ascribe::onnx::parse_detail
