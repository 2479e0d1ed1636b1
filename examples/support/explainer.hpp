/// A method that can explain inputs one at a time, whatever kind it is.
#pragma once

#include <optional>

#include "ascribe/methods/composites.hpp"
#include "ascribe/networks/graph.hpp"
#include "ascribe/networks/occlusion.hpp"
#include "examples/support/activation_map.hpp"
#include "examples/support/audit.hpp"
#include "examples/support/methods.hpp"

namespace examples {

/// One method, made ready for one network. Const, and shared between threads.
class Explainer {
 public:
  using Graph = ascribe::Graph<float>;
  using Column = ascribe::Batch<float>;
  using Explanation = ascribe::GraphExplanation<float>;

  /// What methods of parts and of a layer are told besides.
  struct Where {
    const ascribe::Patches* regions = nullptr;  ///< not null for methods of parts
    const MapLayer* layer = nullptr;            ///< not null for class activation maps
    ascribe::FeatureMaps maps{1, 1, 1};         ///< how the input lies
  };

  /// `by`: what the methods of rules are told; `audited`: whether the books have to close. The network, the
  /// method, the regions and the layer outlive it.
  Explainer(const Graph& net, const Method& method, const ascribe::composite::Options& by,
            const Column& baseline, const Where& where, bool audited);

  /// Whether a layer has the rule that --low and --high are for.
  bool has_box() const;

  /// Of x for one class. Throws ascribe::Error where the books do not close to rounding.
  Explanation operator()(const Column& x, ascribe::Index target) const;

 private:
  const Graph& net_;
  const Method& method_;
  Where where_;
  Column baseline_;
  std::optional<Graph::Plan> plan_;
  std::optional<Graph::Trace> baseline_trace_;
  std::optional<Audit<float>> audit_;
};

}  // namespace examples
