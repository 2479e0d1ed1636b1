#include "examples/support/explainer.hpp"

#include <string>
#include <utility>

#include "ascribe/compiled.hpp"
#include "ascribe/core/error.hpp"
#include "ascribe/networks/baselines.hpp"
#include "ascribe/networks/integrated_gradients.hpp"
#include "ascribe/networks/reveal_cancel.hpp"

namespace examples {

Explainer::Explainer(const Graph& net, const Method& method, const ascribe::composite::Options& by,
                     const Column& baseline, const Where& where, bool audited)
    : net_(net), method_(method), where_(where), baseline_(baseline) {
  std::optional<ascribe::Composite<float>> rules;
  if (method.by_rules) {
    rules = ascribe::composite::by_name<float>(method.name, by);
    plan_ = net.plan(*rules);
  }
  const bool reads_trace = method.by_rules || method.name == "deep_lift_reveal_cancel";
  if (method.baseline && reads_trace)
    baseline_trace_ = plan_ ? net.forward(baseline, *plan_) : net.forward(baseline);
  const bool times_input =
      rules ? rules->times_input || rules->form == ascribe::Form::R : method.name != "smoothgrad";
  if (audited) audit_.emplace(net, std::move(rules), times_input);
}

bool Explainer::has_box() const {
  for (Index node = 0; plan_ && node < Index(net_.nodes().size()); ++node)
    if (const auto* rule = plan_->rule(node); rule && rule->describe().starts_with("ZBox")) return true;
  return false;
}

Explainer::Explanation Explainer::operator()(const Column& x, ascribe::Index target) const try {
  Explanation explanation;
  const ascribe::start::Target start{target};
  if (plan_) {
    Graph::Trace trace;
    ascribe::Workspace<float> workspace;
    net_.forward(x, trace, workspace, *plan_);
    net_.explain(trace, start, *plan_, explanation, workspace, baseline_trace_ ? &*baseline_trace_ : nullptr);
  } else if (method_.parts) {
    explanation.relevance = ascribe::occlusion(net_, x, baseline_, start, *where_.regions).relevance;
  } else if (method_.layer) {
    explanation.relevance =
        activation_map(net_, method_, x, net_.forward(x), start, *where_.layer, where_.maps);
    if (!explanation.relevance.allFinite())
      ascribe::fail("expected finite relevances, found one that is not");
  } else if (method_.name == "deep_lift_reveal_cancel") {
    explanation = ascribe::reveal_cancel(net_, net_.forward(x), start, *baseline_trace_);
  } else if (method_.name == "integrated_gradients") {
    explanation = ascribe::integrated_gradients(net_, x, baseline_, start, method_.steps);
  } else if (method_.name == "smoothgrad") {
    explanation = ascribe::smoothgrad(net_, x, start, method_.steps);
  } else {
    ascribe::fail("expected a method that can be judged");
  }
  // What an integral leaves open is no fault, and occlusion and maps have no books.
  if (audit_ && method_.books && method_.name != "integrated_gradients")
    (*audit_)(explanation, 0, x, start, method_.baseline ? &baseline_ : nullptr);
  return explanation;
} catch (const ascribe::Error& error) {
  ascribe::fail(std::string(method_.name), ": ", error.what());
}

}  // namespace examples
