#include "examples/judge/bench.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "ascribe/compiled.hpp"
#include "ascribe/core/format.hpp"
#include "ascribe/evaluate/book_shares.hpp"
#include "ascribe/evaluate/class_erasing.hpp"
#include "ascribe/evaluate/complexity.hpp"
#include "ascribe/evaluate/perturbation.hpp"
#include "ascribe/evaluate/randomisation.hpp"
#include "ascribe/evaluate/similarity.hpp"
#include "examples/support/model_options.hpp"
#include "examples/support/page_values.hpp"

namespace judge {
namespace {

namespace evaluate = ascribe::evaluate;
using evaluate::Order;

std::vector<double> numbers_of(const ascribe::Batch<float>& values) {
  return {values.data(), values.data() + values.size()};
}

/// Occlusion gives each value of a region the region's whole drop: divided among them it adds up to that,
/// also where a region is cut off at the border.
Column parts_of(Column relevance, const ascribe::Patches& regions) {
  for (Index k = 0; k < regions.count(); ++k) {
    Index values = 0;
    regions.each(k, [&](Index) { ++values; });
    regions.each(k, [&](Index i) { relevance(i) /= float(values); });
  }
  return relevance;
}

/// A number as JSON has it, which has no NaN.
Json known(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
double known(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

}  // namespace

Json to_json(const Verdict& verdict) {
  if (!verdict.error.empty()) return {{"error", verdict.error}};
  Json methods = Json::array();
  for (const Judgement& one : verdict.methods) {
    Json measured = Json::array(), erased = Json::array();
    for (const double value : one.measured) measured.push_back(known(value));
    for (const double value : one.erased) erased.push_back(known(value));
    methods.push_back({{"most", one.most},
                       {"least", one.least},
                       {"measured", std::move(measured)},
                       {"erased", std::move(erased)},
                       {"milliseconds", one.milliseconds}});
  }
  return {{"target", verdict.target},
          {"answer", verdict.answer},
          {"random", verdict.random},
          {"methods", std::move(methods)}};
}

Verdict from_json(const Json& json, const Options& options) try {
  if (json.contains("error")) {
    Verdict none;
    none.error = json.at("error");
    return none;
  }
  Verdict verdict{json.at("target"), json.at("answer"), json.at("random")};
  for (const Json& one : json.at("methods")) {
    Judgement& method = verdict.methods.emplace_back();
    method.most = one.at("most").get<std::vector<double>>();
    method.least = one.at("least").get<std::vector<double>>();
    for (const Json& value : one.at("measured")) method.measured.push_back(known(value));
    for (const Json& value : one.at("erased")) method.erased.push_back(known(value));
    method.milliseconds = one.at("milliseconds");
  }
  bool whole = verdict.methods.size() == options.methods.size();
  for (const Judgement& one : verdict.methods)
    whole = whole && one.measured.size() == measures().size() &&
            one.erased.size() == options.erasures.size() && !one.most.empty() &&
            one.most.size() == verdict.methods.front().most.size() &&
            one.least.size() == (options.least_first ? one.most.size() : 0) &&
            verdict.random.size() == (options.random ? one.most.size() : 0);
  if (!whole) throw std::out_of_range("a part is missing");
  return verdict;
} catch (const std::exception&) {
  ascribe::fail(options.resume.string(), ": expected a line with the judgements of ", options.methods.size(),
                " methods on each input, found one that is damaged");
}

const std::vector<Measure>& measures() {
  namespace ev = ascribe::evaluate;
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  static const std::vector<Measure> all{
      {"sanity",
       [](const Seen& s) {
         return s.of_random ? ev::cosine(s.explanation.relevance, s.of_random->relevance)(0) : nothing;
       }},
      {"sanity_abs",
       [](const Seen& s) {
         return s.of_random
                    ? ev::cosine(s.explanation.relevance, s.of_random->relevance, ev::Sign::dropped)(0)
                    : nothing;
       }},
      {"gini", [](const Seen& s) { return ev::gini(s.explanation.relevance)(0); }},
      {"biases",
       [](const Seen& s) { return s.books ? ev::size_shares(s.explanation.ledger).biases(0) : nothing; }},
      {"stabiliser",
       [](const Seen& s) { return s.books ? ev::size_shares(s.explanation.ledger).stabiliser(0) : nothing; }},
      {"dropped",
       [](const Seen& s) { return s.books ? ev::size_shares(s.explanation.ledger).dropped(0) : nothing; }}};
  return all;
}

std::vector<std::string> Bench::notes() const {
  std::vector<std::string> all;
  for (std::size_t m = 0; m < explainers_.size(); ++m)
    if (options_.methods[m]->box && !explainers_[m]->has_box()) all.push_back(no_box);
  return all;
}

void Bench::leave_out_maps(Options& options, const Network& network, std::vector<std::string>& notes) {
  if (!options.all_methods || !options.layer.empty() || last_map_layer(network.graph)) return;
  std::erase_if(options.methods, [](const Method* method) { return method->layer; });
  notes.push_back(
      "grad_cam and score_cam are left out: there is no convolution over several positions; --layer names a "
      "node");
}

Bench::Bench(Network network, const Options& options, const Data& data)
    : network_(std::move(network)), options_(options), data_(data), how_(options.how) {
  const ascribe::FeatureMaps& maps = data.maps();
  const Index side = data.is_image() ? std::min(maps.height, maps.width) : 1;
  // Samek's regions and steps need an image of their size; of a smaller one all is replaced.
  const bool large = data.is_image() && side >= 90;
  height_ = large ? evaluate::preset::samek.region : std::max<Index>(1, side / 7);
  width_ = height_;
  if (!options.region.empty()) height_ = options.region.front(), width_ = options.region.back();
  if (data.are_rows())
    height_ = options.region.empty() ? 1 : options.region.front(), width_ = 1;
  else if (!data.is_image())
    height_ = 1;
  if (height_ > maps.height || width_ > maps.width)
    ascribe::fail("--region: expected at most the input's ", maps.height, " x ", maps.width, ", found ",
                  height_, " x ", width_);
  regions_.emplace(maps, height_, width_, height_, width_);
  pixels_.emplace(maps, 1, 1, 1, 1);
  constexpr Index most_steps = 25;
  if (options.by_shape && large) how_.steps = std::min(evaluate::preset::samek.steps, regions_->count());
  if (options.by_shape && !large && !data.are_rows())
    how_.regions_a_step = (regions_->count() - 1) / most_steps + 1;

  if (const Index most = (regions_->count() - 1) / how_.regions_a_step + 1; how_.steps > most)
    ascribe::fail("--steps: expected at most ", most, ", ", regions_->count(), " regions of ", height_, " x ",
                  width_, " in all, found ", how_.steps);

  const ascribe::composite::Options by = composite_options(options);
  low_ = by.low;
  high_ = by.high;
  const Shape input(network_.inputs[0].shape.begin(), network_.inputs[0].shape.end());
  const Index features = network_.graph.input_size();
  check_bounds(low_, high_, data.is_image() ? maps.channels : features);
  // What a small grey image has beside its strokes is black: noise there would draw others.
  const bool strokes = data.is_image() && !large && maps.channels == 1;
  replaced_by_ = !options.replacement.empty() ? options.replacement
                 : strokes                    ? "black"
                 : data.is_image()            ? "noise"
                                              : "0";
  double value = 0;
  const char* const end = replaced_by_.data() + replaced_by_.size();
  if (const auto [stop, error] = std::from_chars(replaced_by_.data(), end, value);
      error == std::errc() && stop == end) {
    if (!std::isfinite(value)) ascribe::fail("--replace: expected a finite number, found ", value);
    constant_ = evaluate::replacement::constant<float>(features, value);
  } else if (!data.row_instead().empty()) {
    const auto& row = data.row_instead();
    constant_.resize(features, 1);
    for (Index i = 0; i < features; ++i) constant_(i, 0) = row[std::size_t(i) % row.size()];
  } else if (replaced_by_ == "black") {
    constant_ = evaluate::replacement::uniform_noise<float>(maps, 1, low_, low_);
  } else if (replaced_by_ == "mean") {
    constant_ = data.mean();
  } else if (replaced_by_ == "blur") {
    if (!data.is_image())
      ascribe::fail("--replace blur: expected images, found inputs of ", text_of(input, true));
    deviation_ = options.blur > 0 ? options.blur : double(side) / 16;
  } else if (replaced_by_ != "noise") {
    constant_ = sample_in("--replace", replaced_by_, input, options);
  }
  replacement(0, Column::Zero(features, 1));  // says now what is wrong with bounds

  Column baseline = Column::Zero(features, 1);
  if (options.baseline == "mean")
    baseline = data.mean();
  else if (options.baseline != "zero")
    baseline = sample_in("--baseline", options.baseline, input, options);
  erased_to_ = baseline;
  for (const auto& [from, to] : options.erasures)
    if (from >= classes() || to >= classes())
      ascribe::fail("--erase: expected classes in [0, ", classes(), "), found ", from, "-vs-", to);
  if (std::any_of(options.methods.begin(), options.methods.end(), [](const Method* m) { return m->layer; }))
    layer_ = map_layer(network_.graph, options.layer);
  const auto make = [&](const ascribe::Graph<float>& net, auto& into, bool audited) {
    for (const Method* method : options.methods)
      into.push_back(std::make_unique<const Explainer>(net, *method, by, baseline,
                                                       Explainer::Where{&*regions_, &layer_, maps}, audited));
  };
  make(network_.graph, explainers_, true);
  if (options.sanity == 0) return;
  random_ = network_.graph;
  auto learned = evaluate::learned_from_the_top(random_);
  if (learned.empty()) return;  // nothing could be random
  if (learned.size() > 1) learned.pop_back();
  for (const Index node : learned)
    random_ = evaluate::randomised(random_, node, evaluate::Draw::normal, options.how.seed);
  make(random_, of_random_, false);
}

std::string Bench::first_scores() const {
  ascribe::Batch<float> y;
  for (std::size_t k = 0; y.size() == 0 && k < data_.size(); ++k) try {
      y = network_.graph.forward(data_.read(k)).output();
    } catch (const ascribe::Error& error) {
      const std::string said = error.what(), name = data_.name(k);
      if (!options_.keep_going) ascribe::fail(said.starts_with(name) ? "" : name + ": ", said);
    }
  return fingerprint_of({reinterpret_cast<const char*>(y.data()), std::size_t(y.size()) * sizeof(float)});
}

std::string Bench::described() const {
  using ascribe::to_text;
  const Index steps = how_.steps > 0 ? how_.steps : (regions_->count() - 1) / how_.regions_a_step + 1;
  std::string text = data_.are_rows() && how_.regions_a_step == 1 && how_.steps == 0
                         ? "a piece a step, replaced by "
                         : std::to_string(steps) + " steps of " + std::to_string(how_.regions_a_step) +
                               ", of " + std::to_string(regions_->count()) + " regions of " +
                               std::to_string(height_) + " x " + std::to_string(width_) + ", replaced by ";
  if (replaced_by_ == "noise")
    text += "uniform noise in [" + to_text(low_) + ", " + to_text(high_) + ")";
  else if (replaced_by_ == "blur")
    text += "a blur of " + to_text(deviation_) + " pixels";
  else
    text += replaced_by_ == "mean" ? "the inputs' mean" : replaced_by_;
  return text;
}

Column Bench::replacement(std::size_t k, const Column& x) const {
  if (constant_.size() > 0) return constant_;
  if (replaced_by_ == "blur") return evaluate::replacement::blur(x, data_.maps(), deviation_);
  return evaluate::replacement::uniform_noise<float>(data_.maps(), 1, low_, high_, options_.how.seed,
                                                     Index(data_.number(k)));
}

Verdict Bench::judge(std::size_t k, std::optional<Index> label) const try {
  ascribe::set_thread_count(1);  // the others have inputs of their own
  const Column x = data_.read(k), replaced = replacement(k, x);
  const Column output = network_.graph.forward(x).output();
  Verdict verdict;
  output.col(0).maxCoeff(&verdict.answer);
  verdict.target = label.value_or(verdict.answer);
  // Methods that agree on the order have the same curve: gradient x input, LRP and AttnLRP of ReLUs, say.
  std::map<std::vector<Index>, std::vector<double>> curves;
  const auto curve = [&](const Column& relevance, Order order) {
    evaluate::Perturbation how = how_;
    how.order = order;
    how.first_sample = Index(data_.number(k));
    const auto scores = [&] {
      const auto all = numbers_of(evaluate::perturbation_curves(network_.graph, x, relevance, *regions_,
                                                                replaced, verdict.target, how)
                                      .scores);
      for (std::size_t step = 0; step < all.size(); ++step)
        if (!std::isfinite(all[step]))
          ascribe::fail("the score of class ", verdict.target, " is ", all[step], " once ", step,
                        " steps of regions are replaced by ", replaced_by_);
      return all;
    };
    if (order == Order::random) return scores();
    const auto [found, first] =
        curves.try_emplace(evaluate::ranking(evaluate::region_sums(relevance, *regions_), order));
    if (first) found->second = scores();
    return found->second;
  };
  if (options_.random) verdict.random = curve(Column::Zero(x.rows(), 1), Order::random);
  // Every so many-th input is explained with random weights, too.
  const auto sane = [&](std::size_t inputs) {
    return inputs * std::min(std::size_t(options_.sanity), data_.size()) / data_.size();
  };
  const bool with_random = !of_random_.empty() && sane(k) != sane(k + 1);
  for (std::size_t m = 0; m < explainers_.size(); ++m) {
    const Explainer* const explain = explainers_[m].get();
    Judgement& one = verdict.methods.emplace_back();
    using Clock = std::chrono::steady_clock;
    const auto before = Clock::now();
    const auto explanation = (*explain)(x, verdict.target);
    one.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - before).count();
    const Column by_part =
        options_.methods[m]->parts ? parts_of(explanation.relevance, *regions_) : explanation.relevance;
    one.most = curve(by_part, Order::most_first);
    if (options_.least_first) one.least = curve(by_part, Order::least_first);
    std::optional<Explainer::Explanation> of_random;
    if (with_random) of_random = (*of_random_[m])(x, verdict.target);
    for (const Measure& measure : measures())
      one.measured.push_back(
          measure.of({explanation, options_.methods[m]->books, of_random ? &*of_random : nullptr}));
    for (const auto& [from, to] : options_.erasures) {
      if (verdict.target != from) {
        one.erased.push_back(std::numeric_limits<double>::quiet_NaN());
        continue;
      }
      const auto other = (*explain)(x, to);
      one.erased.push_back(double(evaluate::class_erasing(network_.graph, x, explanation.relevance,
                                                          other.relevance, from, to, *pixels_, erased_to_)
                                      .change()(0)));
    }
  }
  return verdict;
} catch (const ascribe::Error& error) {
  ascribe::fail(data_.name(k), ": ", error.what());
}

PageInput Bench::shown(std::size_t k, const Verdict& verdict, const std::vector<std::string>& names) const
    try {
  ascribe::set_thread_count(options_.threads);
  const auto name = [&](Index output) {
    const std::string number = std::to_string(output);
    return names.empty() ? number : number + " " + names[std::size_t(output)];
  };
  const Column x = data_.read(k);
  const Shape shape(network_.inputs[0].shape.begin(), network_.inputs[0].shape.end());
  PageInput input{
      page_values(numbers_of(x), data_.are_rows() ? Shape{data_.maps().height} : shape, data_.layout())};
  input.words = data_.words();
  // A text is its own name; of a file, the folder is nobody's business.
  input.name = input.words.empty() ? std::filesystem::path(data_.name(k)).filename().string() : data_.name(k);
  if (verdict.answer != verdict.target) input.name += ", taken for " + name(verdict.answer);
  PageOutput& output = input.outputs.emplace_back();
  output.name = name(verdict.target);
  output.value = double(network_.graph.forward(x).output()(verdict.target, 0));
  for (std::size_t m = 0; m < explainers_.size(); ++m) {
    const Method& method = *options_.methods[m];
    const auto explanation = (*explainers_[m])(x, verdict.target);
    PageView& view = output.views.emplace_back();
    const auto relevance = numbers_of(explanation.relevance);
    view.relevance = data_.are_rows() ? relevance_of_rows(relevance, data_.maps().channels, method.parts)
                                      : relevance_of_pixels(data_.layout(), relevance, method.parts);
    const auto& books = explanation.ledger;
    if (method.books)
      view.books = {double(books.enter(0)), double(books.leave(0)), double(books.bias(0)),
                    double(books.stabiliser(0)), double(books.dropped(0))};
    else
      view.books.leave = double(explanation.relevance.sum());
  }
  return input;
} catch (const ascribe::Error& error) {
  ascribe::fail(data_.name(k), ": ", error.what());
}

}  // namespace judge
