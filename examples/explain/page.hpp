/// --page: every input by every method, for its largest outputs.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
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

}  // namespace explain
