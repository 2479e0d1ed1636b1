/// What explain writes as HTML. --page: every input by every method, for its largest outputs, with the books
/// node by node. --heatmap: what is asked of every input, by the one method.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "examples/explain/outputs.hpp"

namespace explain {

/// What the page says besides its inputs. Throws ascribe::Error where a method cannot serve a node.
examples::Page page_of(const Report& report);

/// The line under its title: how many inputs have been explained, of all that there are.
std::string page_detail(const Options& options, std::size_t explained, std::size_t all);

/// Explains inputs once more, by all methods.
class PageMaker {
 public:
  /// `report` has its page. It and the companions outlive this.
  PageMaker(const Report& report, const Companions& companions);

  /// An input's part of the page, by the thread of that number. `explanation` says what was asked for, which
  /// is the first output there; the other largest ones follow. Throws ascribe::Error as Explainer, with the
  /// method behind it.
  std::string input(std::size_t thread, const Sample& sample, std::size_t n, const Own& own,
                    const Explanation& explanation) const;

 private:
  examples::PageView view(Explainer& explainer, const Method& method, const Sample& sample, std::size_t n,
                          const Own& own) const;

  const Report& report_;
  std::deque<Options> options_;  // one for each method, which stay where they are
  std::vector<std::vector<std::unique_ptr<Explainer>>> explainers_;  // method by method, one for each thread
};

/// --heatmap OUT.html, of all inputs: images of several sizes and texts too, each of which has a network of
/// its own.
class HeatmapPage {
 public:
  /// `options` outlives it.
  explicit HeatmapPage(const Options& options);

  /// An input's part of it. Called by several threads.
  std::string input(const Report& report, const Sample& sample, const Explanation& explanation) const;

  /// In the inputs' order: what came of one, or why nothing did.
  void add(std::string part) { inputs_.push_back(std::move(part)); }
  void add_failure(std::string error) { failures_.push_back(std::move(error)); }
  /// A line under the title, each of which is said once.
  void note(const std::string& line);

  /// Writes the file whole. Throws ascribe::Error where that cannot be.
  void write() const;

 private:
  const Options& options_;
  examples::Page page_;
  std::vector<std::string> inputs_, failures_;
};

}  // namespace explain
