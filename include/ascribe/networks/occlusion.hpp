/// Occlusion: what the output loses where a part of the input is replaced.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <ascribe/core/error.hpp>
#include <ascribe/core/math.hpp>
#include <ascribe/core/start.hpp>
#include <ascribe/core/types.hpp>
#include <ascribe/core/workspace.hpp>
#include <ascribe/networks/feature_maps.hpp>
#include <ascribe/networks/passes.hpp>

namespace ascribe {

/// Rectangles of an image, all channels at once, one every so many pixels from the upper left corner on,
/// until all of the image is covered: those at the other borders may be smaller (as captum's Occlusion has
/// it).
class Patches {
 public:
  /// Throws Error for sizes below 1, and for a patch or a stride that is larger than the image or the patch,
  /// which would leave pixels out.
  Patches(const FeatureMaps& image, Index height, Index width, Index stride_down, Index stride_across)
      : image_(image), height_(height), width_(width), down_(stride_down), across_(stride_across) {
    image.check("Patches");
    for (const auto& [patch, stride, size] :
         {std::array{height, stride_down, image.height}, std::array{width, stride_across, image.width}})
      if (patch < 1 || patch > size || stride < 1 || stride > patch)
        fail("Patches: expected a patch of 1 to ", size,
             " pixels and a stride of 1 to the patch's size, found ", patch, " and ", stride);
    rows_ = (image.height - height + stride_down - 1) / stride_down + 1;
    columns_ = (image.width - width + stride_across - 1) / stride_across + 1;
  }

  /// How many rectangles there are.
  Index count() const { return rows_ * columns_; }
  /// The features of the image.
  Index features() const { return image_.size(); }
  /// Calls f(feature) for all features of part k; the parts go row by row.
  template <class F>
  void each(Index k, F&& f) const {
    const Index top = k / columns_ * down_, left = k % columns_ * across_;
    for (Index row = top; row < std::min(top + height_, image_.height); ++row)
      for (Index column = left; column < std::min(left + width_, image_.width); ++column)
        for (Index c = 0; c < image_.channels; ++c) f(image_.feature(c, row * image_.width + column));
  }

 private:
  FeatureMaps image_;
  Index height_, width_, down_, across_, rows_ = 0, columns_ = 0;
};

/// Parts by label: features of the same number belong together (superpixels, words, columns of a table). The
/// parts go by their labels.
class Segments {
 public:
  /// A label for each feature. Throws Error where there is none.
  explicit Segments(std::span<const Index> labels) : features_(Index(labels.size())) {
    if (labels.empty()) fail("Segments: expected a label for each feature, found none");
    std::map<Index, std::vector<Index>> parts;
    for (std::size_t i = 0; i < labels.size(); ++i) parts[labels[i]].push_back(Index(i));
    for (auto& [label, part] : parts) parts_.push_back(std::move(part));
  }
  /// A label for each pixel, row by row, and all of its channels. Throws Error for another number.
  static Segments of_pixels(std::span<const Index> labels, const FeatureMaps& image) {
    image.check("Segments");
    if (Index(labels.size()) != image.positions())
      fail("Segments: expected a label for each of ", image.positions(), " pixels, found ", labels.size());
    std::vector<Index> all(std::size_t(image.size()));
    for (Index c = 0; c < image.channels; ++c)
      for (Index p = 0; p < image.positions(); ++p)
        all[std::size_t(image.feature(c, p))] = labels[std::size_t(p)];
    return Segments(all);
  }

  /// How many parts there are.
  Index count() const { return Index(parts_.size()); }
  /// How many features have a label.
  Index features() const { return features_; }
  /// Calls f(feature) for all features of part k.
  template <class F>
  void each(Index k, F&& f) const {
    std::for_each(parts_[std::size_t(k)].begin(), parts_[std::size_t(k)].end(), f);
  }

 private:
  Index features_;
  std::vector<std::vector<Index>> parts_;
};

/// What occlusion says. It is no explanation with books: the relevances do not add up to the output, nor to
/// its difference from the baseline, unless the network is linear and the parts do not overlap and cover all.
template <class Scalar>
struct OcclusionResult {
  Batch<Scalar> relevance;  ///< features × samples: the mean of `drops` over the parts that a feature is in
  Batch<Scalar> drops;      ///< parts × samples: what is explained, less what it is without the part
  Batch<Scalar> output;     ///< the explained output × samples
};

namespace detail {

/// Runs inputs through a network, many at a time, in memory that is used again.
template <class Net, class Scalar>
class Groups {
 public:
  explicit Groups(const Net& net) : net_(net) {
    Index bytes = 0;
    if constexpr (requires { net.nodes(); })
      for (const auto& node : net.nodes()) bytes += node.size * Index(sizeof(Scalar));
    at_once_ = bytes == 0 ? 32 : std::clamp<Index>((Index(64) << 20) / bytes, 1, 64);
  }

  Index at_once() const { return at_once_; }

  /// Runs `count` inputs, made by make(k, column) in their order, in groups whose values of a graph's nodes
  /// take some 64 MB, and calls visit(trace, column, k) for each.
  template <class Make, class Visit>
  void run(Index features, Index count, const Make& make, const Visit& visit) {
    for (Index first = 0; first < count; first += at_once_) {
      const Index width = std::min(at_once_, count - first);
      inputs_.resize(features, width);
      for (Index k = 0; k < width; ++k) {
        auto column = inputs_.col(k);
        make(first + k, column);
      }
      if constexpr (requires { net_.nodes(); })
        net_.forward(inputs_, trace_, workspace_);
      else
        net_.forward(inputs_, trace_);
      for (Index k = 0; k < width; ++k) visit(trace_, k, first + k);
    }
  }

 private:
  const Net& net_;
  Index at_once_;
  Batch<Scalar> inputs_;
  decltype(std::declval<const Net&>().forward(std::declval<const Batch<Scalar>&>())) trace_;
  Workspace<Scalar> workspace_;
};

/// A start as weights of the outputs, and what is explained, Σ v·b, of other inputs too.
template <class Net, class Scalar>
class Explained {
 public:
  template <class Trace, class Start>
  Explained(const Net& net, const Trace& trace, const Start& start) : Explained(net, start) {
    output_ = value(trace);
    weigh(start);
  }
  /// Of an input whose trace, with all samples at once, would be too large to keep.
  template <class X, class Start>
  Explained(const Net& net, const Eigen::MatrixBase<X>& x, const Start& start, Groups<Net, Scalar>& groups)
      : Explained(net, start) {
    check_input("forward", x, -1);
    groups.run(
        x.rows(), x.cols(), [&](Index n, auto& column) { column = x.col(n); },
        [&](const auto& trace, Index column, Index n) {
          if (n == 0) output_.resize(value(trace).rows(), x.cols());
          output_.col(n) = value(trace).col(column);
        });
    weigh(start);
  }

  const Batch<Scalar>& output() const { return output_; }
  /// Column k of a trace as an input in the place of sample n.
  template <class Trace>
  Scalar operator()(const Trace& trace, Index k, Index n) const {
    return weights_.col(n).dot(value(trace).col(k));
  }
  /// The same of the softmax of the outputs, Σ v·p.
  template <class Trace>
  Scalar of_softmax(const Trace& trace, Index k, Index n) const {
    const auto b = value(trace).col(k);
    const Scalar most = b.maxCoeff();
    Scalar sum(0), explained(0);
    for (Index i = 0; i < b.size(); ++i) {
      const Scalar e = math::exp(Scalar(b(i) - most));
      sum += e;
      explained += weights_(i, n) * e;
    }
    return explained / sum;
  }

 private:
  template <class Start>
  Explained([[maybe_unused]] const Net& net, [[maybe_unused]] const Start& start) {
    if constexpr (requires { net.explained_node(start); }) node_ = net.explained_node(start);
  }
  template <class Start>
  void weigh(const Start& start) {
    weights_.resize(output_.rows(), output_.cols());
    Out<Scalar> to(weights_.data(), weights_.rows(), weights_.cols());
    start::as_start(start).fill(view(output_), Form::Q, BaselineValues<Scalar>{}, to);
  }
  template <class Trace>
  decltype(auto) value(const Trace& trace) const {
    if constexpr (requires { trace.value(node_); })
      return (trace.value(node_));
    else
      return (trace.output());
  }

  Index node_ = 0;
  Batch<Scalar> output_, weights_;
};

}  // namespace detail

/// What is explained less what it is where a part of the input has the baseline's values (Zeiler & Fergus
/// 1311.2901, §4.2, whose baseline is a grey square), for one part after the other: Patches, Segments, or a
/// type of one's own with their count(), features() and each(). A feature's relevance is the mean over the
/// parts that it is in, and 0 in none (as captum's Occlusion; of Segments its FeatureAblation). x is features
/// × samples, `baseline` one column or as many. `start` is a target, or weights of the outputs. Many copies
/// go through the network at once, in groups whose values take some 64 MB. For a Sequential or a Graph.
/// Throws Error as `forward`, and for a baseline or parts of another size.
///
///     occlusion(net, image, baseline::zero<float>(784), 3, Patches({1, 28, 28}, 5, 5, 2, 2)).relevance;
template <class Net, class X, class D, class Start, class Parts>
OcclusionResult<typename X::Scalar> occlusion(const Net& net, const Eigen::MatrixBase<X>& x,
                                              const Eigen::MatrixBase<D>& baseline, const Start& start,
                                              const Parts& parts) {
  using S = typename X::Scalar;
  if (baseline.rows() != x.rows() || (baseline.cols() != 1 && baseline.cols() != x.cols()))
    fail("occlusion: expected a baseline of ", x.rows(), " features x 1 or ", x.cols(), " samples, found ",
         baseline.rows(), " x ", baseline.cols());
  if (parts.features() != x.rows())
    fail("occlusion: expected parts of ", x.rows(), " features, found parts of ", parts.features());
  const auto trace = net.forward(x);
  const detail::Explained<Net, S> explained(net, trace, start);
  const Batch<S> base = baseline;
  OcclusionResult<S> result{Batch<S>::Zero(x.rows(), x.cols()), Batch<S>(parts.count(), x.cols()),
                            explained.output()};
  detail::Groups<Net, S> groups(net);
  Eigen::Matrix<S, Dynamic, 1> times = Eigen::Matrix<S, Dynamic, 1>::Zero(x.rows());
  for (Index k = 0; k < parts.count(); ++k) parts.each(k, [&](Index i) { times(i) += S(1); });
  for (Index n = 0; n < x.cols(); ++n) {
    const S whole = explained(trace, n, n);
    const Index from = base.cols() == 1 ? 0 : n;
    groups.run(
        x.rows(), parts.count(),
        [&](Index k, auto& column) {
          column = x.col(n);
          parts.each(k, [&](Index i) { column(i) = base(i, from); });
        },
        [&](const auto& occluded, Index column, Index k) {
          result.drops(k, n) = whole - explained(occluded, column, n);
          parts.each(k, [&](Index i) { result.relevance(i, n) += result.drops(k, n); });
        });
    for (Index i = 0; i < x.rows(); ++i)
      if (times(i) > S(0)) result.relevance(i, n) /= times(i);
  }
  return result;
}

}  // namespace ascribe
