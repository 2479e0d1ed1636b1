/// From a Graph to an ONNX file: what training made goes back to where networks come from.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ascribe/functions/abs.hpp>
#include <ascribe/functions/celu.hpp>
#include <ascribe/functions/clip.hpp>
#include <ascribe/functions/elu.hpp>
#include <ascribe/functions/exponential.hpp>
#include <ascribe/functions/gelu.hpp>
#include <ascribe/functions/hard_sigmoid.hpp>
#include <ascribe/functions/hard_swish.hpp>
#include <ascribe/functions/identity.hpp>
#include <ascribe/functions/leaky_relu.hpp>
#include <ascribe/functions/mish.hpp>
#include <ascribe/functions/prelu.hpp>
#include <ascribe/functions/relu.hpp>
#include <ascribe/functions/scale.hpp>
#include <ascribe/functions/selu.hpp>
#include <ascribe/functions/sigmoid.hpp>
#include <ascribe/functions/silu.hpp>
#include <ascribe/functions/softplus.hpp>
#include <ascribe/functions/softsign.hpp>
#include <ascribe/functions/swish.hpp>
#include <ascribe/functions/tanh.hpp>
#include <ascribe/io/onnx.hpp>
#include <ascribe/io/onnx/activation.hpp>
#include <ascribe/io/onnx/model_writer.hpp>
#include <ascribe/io/whole_file.hpp>
#include <ascribe/maps/average_pool.hpp>
#include <ascribe/maps/channel_scale.hpp>
#include <ascribe/maps/convolution.hpp>
#include <ascribe/maps/dense.hpp>
#include <ascribe/maps/selection.hpp>
#include <ascribe/maps/sum.hpp>
#include <ascribe/networks/graph.hpp>
#include <ascribe/version.hpp>
#include <ascribe/windows/pool.hpp>

namespace ascribe::onnx {

/// Writes a graph's nodes as ONNX's. A value of the graph is a tensor of the file, whose axes may lie
/// otherwise in memory: an image is N × C × H × W there. So a dense layer's columns are moved, and not the
/// image before it, and what only moves axes in memory is nothing at all in the file.
template <class Scalar>
class GraphWriter {
 public:
  /// `net` must outlive this.
  explicit GraphWriter(const ascribe::Graph<Scalar>& net) : net_(net), values_(net.nodes().size()) {}

  /// The file's bytes, with names and shapes of the outputs; none: the graph's own. Throws Error as
  /// onnx::save.
  std::string model(std::span<const Port> outputs) {
    if (!outputs.empty() && outputs.size() != net_.outputs().size())
      fail("onnx::save: expected a name for each of ", net_.outputs().size(), " outputs, found ",
           outputs.size());
    for (Index i = 0; i < net_.input_count(); ++i) {
      const Node& node = net_.node(i);
      values_[std::size_t(i)] = {file_.name(node.name), form_of(node)};
      file_.template input<Scalar>(node.name, form_of(node).sample_dims());
    }
    for (const Port& port : outputs)
      if (file_.name(port.name) != port.name)
        fail("onnx::save: output '", port.name, "': expected a name that no other input or output has");
    for (Index i = net_.input_count(); i < Index(values_.size()); ++i) {
      const Node& node = net_.node(i);
      values_[std::size_t(i)] =
          std::visit([&](const auto& layer) { return written(node, layer); }, *node.layer);
    }
    for (std::size_t k = 0; k < net_.outputs().size(); ++k) {
      const Node& node = net_.node(net_.outputs()[k]);
      Value value = in_form(values_[std::size_t(net_.outputs()[k])], form_of(node), node.name);
      std::string name;
      if (outputs.empty()) {
        name = file_.name(node.name + "/output");
      } else {
        name = outputs[k].name;
        Dims dims{1};
        dims.insert(dims.end(), outputs[k].shape.begin(), outputs[k].shape.end());
        const Activation as = form(dims, c_order(Index(dims.size())));
        if (as.size() != node.size)
          fail("onnx::save: output '", name, "': expected a shape of node '", node.name, "', which has ",
               node.size, " features, found one of ", as.size());
        value = reshaped(value, as, node.name);
      }
      file_.add(name, "Identity", {value.name});
      file_.template output<Scalar>(name, value.form.sample_dims());
    }
    const std::string version = std::to_string(ASCRIBE_VERSION_MAJOR) + "." +
                                std::to_string(ASCRIBE_VERSION_MINOR) + "." +
                                std::to_string(ASCRIBE_VERSION_PATCH);
    return file_.model("ascribe", version);
  }

 private:
  using Node = ascribe::Node<Scalar>;
  using Constant = std::vector<Scalar>;

  struct Value {
    std::string name;
    Activation form = {};  ///< its axes, the batch first, and how the graph's features lie in them
  };

  // --- Tensors -----------------------------------------------------------------------------------

  static Activation form(Dims dims, AxisOrder order) { return {-1, std::move(dims), std::move(order), 0}; }
  static Activation flat(Index features) { return form({1, features}, c_order(2)); }
  /// 1 × C × (D ×) H × W, pixel by pixel in memory.
  static Activation image(Index channels, const Extent& extent, bool is_flat) {
    Dims dims{1, channels};
    if (!is_flat) dims.push_back(extent.depth);
    dims.push_back(extent.height);
    dims.push_back(extent.width);
    const Index rank = Index(dims.size());
    return form(std::move(dims), channels_last(rank));
  }
  /// As the graph's builder gave a node's shape; else flat.
  static Activation form_of(const Node& node) {
    if (node.shape.empty()) return flat(node.size);
    Dims dims{1};
    dims.insert(dims.end(), node.shape.begin(), node.shape.end());
    AxisOrder order = c_order(Index(dims.size()));
    for (std::size_t k = 0; k < node.origin.order.size(); ++k) order[k + 1] = node.origin.order[k] + 1;
    Activation found = form(std::move(dims), std::move(order));
    return found.size() == node.size ? found : flat(node.size);
  }

  /// The features of a form in the order of a file, which is that of its axes.
  static std::vector<Index> in_file_order(const Activation& form) {
    std::vector<Index> features(std::size_t(form.size()));
    const Activation file = GraphWriter::form(form.dims, c_order(form.rank()));
    const std::vector<Index> strides = form.strides();
    std::size_t next = 0;
    each_index(file, [&](const std::vector<Index>& at) {
      features[next++] = std::inner_product(at.begin(), at.end(), strides.begin(), Index(0));
    });
    return features;
  }

  std::string shape_constant(const std::string& wanted, const Dims& dims) {
    std::vector<std::int64_t> sizes(dims.begin(), dims.end());
    sizes[0] = 0;  // the batch stays as it is
    return file_.template constant<std::int64_t>(wanted, {Index(sizes.size())}, sizes);
  }
  /// The same elements of a file under other axes.
  Value reshaped(const Value& value, Activation to, const std::string& where) {
    if (value.form.dims == to.dims) return {value.name, std::move(to)};
    const std::string shape = shape_constant(where + "/shape", to.dims);
    return {file_.node(where + "/reshaped", "Reshape", {value.name, shape}), std::move(to)};
  }
  /// A tensor whose axis k is the value's axis axes[k].
  Value transposed(const Value& value, const AxisOrder& axes, const std::string& where) {
    Dims dims;
    for (const Index axis : axes) dims.push_back(value.form.dims[std::size_t(axis)]);
    std::vector<std::int64_t> permutation(axes.begin(), axes.end());
    return {file_.node(where + "/transposed", "Transpose", {value.name}, {{"perm", std::move(permutation)}}),
            form(std::move(dims), c_order(Index(axes.size())))};
  }

  /// A value with other axes: the graph's features are the same.
  Value in_form(const Value& value, Activation to, const std::string& where) {
    if (in_file_order(value.form) == in_file_order(to)) return reshaped(value, std::move(to), where);
    Value laid = value;  // as it lies in memory
    if (!same_in_memory(value.form, c_order(value.form.rank())))
      laid = transposed(value, value.form.order, where);
    Dims dims;
    AxisOrder back(to.order.size());
    for (std::size_t k = 0; k < to.order.size(); ++k) {
      dims.push_back(to.dims[std::size_t(to.order[k])]);
      back[std::size_t(to.order[k])] = Index(k);
    }
    laid = reshaped(laid, form(std::move(dims), c_order(to.rank())), where);
    return {same_in_memory(to, c_order(to.rank())) ? reshaped(laid, to, where).name
                                                   : transposed(laid, back, where).name,
            to};
  }
  /// N × features in the order of the graph.
  Value flattened(const Value& value, const std::string& where) {
    return in_form(value, flat(value.form.size()), where);
  }
  /// All that a node reads, as one value.
  Value read(const Node& node) {
    if (node.inputs.size() == 1) return values_[std::size_t(node.inputs[0])];
    std::vector<std::string> parts;
    Index features = 0;
    for (const Index input : node.inputs) {
      parts.push_back(flattened(values_[std::size_t(input)], node.name).name);
      features += net_.node(input).size;
    }
    return {file_.node(node.name + "/joined", "Concat", parts, {{"axis", std::int64_t(1)}}), flat(features)};
  }

  /// A number for each feature, feature i having number(i mod period), which broadcasts to a value's tensor.
  template <class Number>
  std::string features_constant(const std::string& wanted, const Activation& form, Index period,
                                const Number& number) {
    Constant values;
    const Index fastest = form.order.back();
    if (period == 1 || period == form.dims[std::size_t(fastest)]) {
      Dims dims(form.dims.size(), 1);
      dims[std::size_t(fastest)] = period;
      for (Index k = 0; k < period; ++k) values.push_back(number(k));
      return file_.template constant<Scalar>(wanted, dims, values);
    }
    for (const Index feature : in_file_order(form)) values.push_back(number(feature % period));
    return file_.template constant<Scalar>(wanted, form.dims, values);
  }

  // --- Layers ------------------------------------------------------------------------------------

  [[noreturn]] void refuse(const Node& node) const {
    fail("onnx::save: node '", node.name, "': ", node.describe(), " is not written");
  }

  Value written(const Node& node, const kind::MatMul<map::AnyMap<Scalar>>& layer) {
    const auto& map = layer.map;
    if (const auto* m = map.template as<map::Convolution<Scalar>>()) return convolution(node, *m, layer.bias);
    if (map.role() == map::Role::dense && std::string_view(map.name()) == "Dense")
      return dense(node, map, layer.bias);
    Value value;
    if (const auto* scaling = map.template as<map::ChannelScale<Scalar>>())
      value = scale(node, *scaling);
    else if (const auto* pool = map.template as<map::AveragePool<Scalar>>())
      value = average(node, *pool);
    else if (const auto* branches = map.template as<map::Sum<Scalar>>())
      value = sum(node, *branches);
    else if (const auto* moved = map.template as<map::Selection<Scalar>>())
      value = selection(node, *moved);
    else
      refuse(node);
    return biased(node, std::move(value), layer.bias);
  }

  template <class Bias>
  Value biased(const Node& node, Value value, const Bias& bias) {
    if (bias.size() == 0) return value;
    const std::string shift =
        features_constant(node.name + ".bias", value.form, bias.size(), [&](Index k) { return bias(k); });
    return {file_.node(node.name, "Add", {value.name, shift}), std::move(value.form)};
  }

  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
  static Matrix matrix(const map::AnyMap<Scalar>& map) {
    using RowMajor = Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>;
    if (const auto* m = map.template as<map::StoredDense<Scalar>>()) return m->weights();
    if (const auto* m = map.template as<map::DenseOf<Matrix>>()) return m->weights();
    if (const auto* m = map.template as<map::DenseOf<RowMajor>>()) return m->weights();
    // Of sizes that are known when compiling, or in the host's memory: W·e_i is column i.
    Matrix all(map.output_size(), map.input_size());
    Batch<Scalar> unit(map.input_size(), 1), column(map.output_size(), 1);
    for (Index i = 0; i < map.input_size(); ++i) {
      unit.setZero();
      unit(i, 0) = Scalar(1);
      ascribe::apply(map, view(unit), out(column), Weights::as_is);
      all.col(i) = column;
    }
    return all;
  }

  /// Gemm behind a Flatten: the columns go with the axes of the file.
  template <class Bias>
  Value dense(const Node& node, const map::AnyMap<Scalar>& map, const Bias& bias) {
    const Value given = read(node);
    const std::vector<Index> columns = in_file_order(given.form);
    const Index inputs = map.input_size(), outputs = map.output_size();
    const Matrix stored = matrix(map);
    Constant weights(std::size_t(inputs * outputs));
    for (Index k = 0; k < inputs; ++k)
      for (Index o = 0; o < outputs; ++o)
        weights[std::size_t(o * inputs + k)] = stored(o, columns[std::size_t(k)]);
    const Value x = reshaped(given, flat(inputs), node.name);
    std::vector<std::string> reads{
        x.name, file_.template constant<Scalar>(node.name + ".weight", {outputs, inputs}, weights)};
    if (bias.size() > 0)
      reads.push_back(features_constant(node.name + ".bias", flat(outputs), bias.size(),
                                        [&](Index k) { return bias(k); }));
    return {file_.node(node.name, "Gemm", reads, {{"transB", std::int64_t(1)}}), flat(outputs)};
  }

  using Integers = std::vector<std::int64_t>;
  /// A window's attributes: of two axes, or of three.
  static std::vector<WrittenAttribute> window(const Spatial& g) {
    const bool is_flat = g.is_flat();
    const auto axes = [&](const Extent& e) {
      return is_flat ? Integers{e.height, e.width} : Integers{e.depth, e.height, e.width};
    };
    const Pads& p = g.pads;
    return {{"kernel_shape", axes(g.kernel)},
            {"strides", axes(g.stride)},
            {"pads", is_flat ? Integers{p.top, p.left, p.bottom, p.right}
                             : Integers{p.front, p.top, p.left, p.back, p.bottom, p.right}}};
  }
  static WrittenAttribute dilations(const Spatial& g) {
    return {"dilations", g.is_flat() ? Integers{g.dilation.height, g.dilation.width}
                                     : Integers{g.dilation.depth, g.dilation.height, g.dilation.width}};
  }
  Value read_image(const Node& node, Index channels, const Spatial& g) {
    return in_form(read(node), image(channels, g.input, g.is_flat()), node.name);
  }

  template <class Bias>
  Value convolution(const Node& node, const map::Convolution<Scalar>& map, const Bias& bias) {
    const Spatial& g = map.geometry();
    const Value x = read_image(node, map.channels(), g);
    Constant weights(std::size_t(map.weight_count()));
    map.copy_weights(weights.data());
    Dims dims{map.filters(), map.channels() / map.groups()};
    if (!g.is_flat()) dims.push_back(g.kernel.depth);
    dims.push_back(g.kernel.height);
    dims.push_back(g.kernel.width);
    std::vector<std::string> reads{x.name,
                                   file_.template constant<Scalar>(node.name + ".weight", dims, weights)};
    const bool by_filter = bias.size() == map.filters();
    if (by_filter)
      reads.push_back(
          file_.template constant<Scalar>(node.name + ".bias", {map.filters()},
                                          std::span<const Scalar>(bias.data(), std::size_t(bias.size()))));
    std::vector<WrittenAttribute> attributes = window(g);
    attributes.push_back(dilations(g));
    attributes.push_back({"group", std::int64_t(map.groups())});
    Value value{file_.node(node.name, "Conv", reads, attributes),
                image(map.filters(), g.output(), g.is_flat())};
    return by_filter ? value : biased(node, std::move(value), bias);
  }

  Value average(const Node& node, const map::AveragePool<Scalar>& map) {
    const Spatial& g = map.geometry();
    const Pads all = g.pads, counted = map.counted_padding();
    if (!(counted == all) && !counted.none()) refuse(node);
    const Value x = read_image(node, map.channels(), g);
    std::vector<WrittenAttribute> attributes = window(g);
    attributes.push_back({"count_include_pad", std::int64_t(counted == all ? 1 : 0)});
    for (const Index step : {g.dilation.height, g.dilation.width, g.dilation.depth})
      if (step != 1) refuse(node);
    return {file_.node(node.name, "AveragePool", {x.name}, attributes),
            image(map.channels(), g.output(), g.is_flat())};
  }

  Value written(const Node& node, const kind::Max<window::AnyWindows>& layer) {
    const auto* pool = layer.windows.template as<window::Pool>();
    if (!pool) refuse(node);
    const Spatial& g = pool->geometry();
    const Value x = read_image(node, pool->lanes(), g);
    std::vector<WrittenAttribute> attributes = window(g);
    attributes.push_back(dilations(g));
    return {file_.node(node.name, "MaxPool", {x.name}, attributes),
            image(pool->lanes(), g.output(), g.is_flat())};
  }

  Value scale(const Node& node, const map::ChannelScale<Scalar>& map) {
    const Value x = read(node);
    const std::string factors = features_constant(node.name + ".weight", x.form, map.scale().size(),
                                                  [&](Index k) { return map.scale()(k); });
    return {file_.node(node.name, "Mul", {x.name, factors}), x.form};
  }

  Value sum(const Node& node, const map::Sum<Scalar>& map) {
    Value total;
    bool by_node = Index(node.inputs.size()) == map.branches();
    for (const Index input : node.inputs) by_node = by_node && net_.node(input).size == map.output_size();
    if (by_node) {
      total = values_[std::size_t(node.inputs[0])];
      for (std::size_t k = 1; k < node.inputs.size(); ++k) {
        const Value next = in_form(values_[std::size_t(node.inputs[k])], total.form, node.name);
        total.name = file_.node(node.name, "Add", {total.name, next.name});
      }
    } else {
      const Value branches = reshaped(flattened(read(node), node.name),
                                      form({1, map.branches(), map.output_size()}, c_order(3)), node.name);
      const std::array<std::int64_t, 1> axis{1};
      const std::string axes = file_.template constant<std::int64_t>(node.name + "/axes", {1}, axis);
      total = {file_.node(node.name, "ReduceSum", {branches.name, axes}, {{"keepdims", std::int64_t(0)}}),
               flat(map.output_size())};
    }
    if (map.weight() == Scalar(1)) return total;
    const std::string weight =
        features_constant(node.name + ".weight", total.form, 1, [&](Index) { return map.weight(); });
    return {file_.node(node.name, "Mul", {total.name, weight}), total.form};
  }

  Value selection(const Node& node, const map::Selection<Scalar>& map) {
    const Value given = read(node);
    const Activation to = form_of(node);
    const std::vector<Index> sources = map.sources(), from = in_file_order(given.form);
    std::vector<Index> place(from.size());  // of a feature in the file
    for (std::size_t k = 0; k < from.size(); ++k) place[std::size_t(from[k])] = Index(k);
    const std::int64_t nothing = std::int64_t(from.size());  // a 0 behind the features
    std::vector<std::int64_t> chosen;
    bool moves = from.size() != sources.size(), gaps = false;
    for (const Index feature : in_file_order(to)) {
      const Index source = sources[std::size_t(feature)];
      const std::int64_t at = source < 0 ? nothing : place[std::size_t(source)];
      moves = moves || at != std::int64_t(chosen.size());
      gaps = gaps || source < 0;
      chosen.push_back(at);
    }
    if (!moves) return reshaped(given, to, node.name);
    Value x = reshaped(given, flat(given.form.size()), node.name);
    if (gaps) {
      const std::array<std::int64_t, 4> pads{0, 0, 0, 1};
      const std::string by = file_.template constant<std::int64_t>(node.name + "/pads", {4}, pads);
      x.name = file_.node(node.name + "/padded", "Pad", {x.name, by});
    }
    const std::string which =
        file_.template constant<std::int64_t>(node.name + "/sources", {Index(chosen.size())}, chosen);
    const Value picked{file_.node(node.name, "Gather", {x.name, which}, {{"axis", std::int64_t(1)}}),
                       flat(map.output_size())};
    return reshaped(picked, to, node.name);
  }

  Value written(const Node& node, const kind::Product&) { refuse(node); }
  Value written(const Node& node, const kind::Softmax&) { refuse(node); }

  // --- Functions ---------------------------------------------------------------------------------

  Value written(const Node& node, const kind::Elementwise<fn::AnyFunction<Scalar>>& layer) {
    const Value x = read(node);
    std::optional<std::string> value;
    const auto number = [&](double v) {
      return file_.template constant<Scalar>(node.name + "/number", {}, std::array<Scalar, 1>{Scalar(v)});
    };
    const auto op = [&](std::string_view name, const std::vector<WrittenAttribute>& attributes = {},
                        Index since = 13) {
      value = file_.node(node.name, name, {x.name}, attributes, since);
    };
    const auto write = overloaded{
        [&](const fn::Relu&) { op("Relu"); },
        [&](const fn::Identity&) { op("Identity"); },
        [&](const fn::Sigmoid&) { op("Sigmoid"); },
        [&](const fn::Tanh&) { op("Tanh"); },
        [&](const fn::Softplus&) { op("Softplus"); },
        [&](const fn::Softsign&) { op("Softsign"); },
        [&](const fn::Abs&) { op("Abs"); },
        [&](const fn::Exp&) { op("Exp"); },
        [&](const fn::LeakyRelu& f) {
          op("LeakyRelu", {{"alpha", f.slope}});
        },
        [&](const fn::Elu& f) {
          op("Elu", {{"alpha", f.alpha}});
        },
        [&](const fn::Celu& f) {
          op("Celu", {{"alpha", f.alpha}});
        },
        [&](const fn::Selu& f) {
          op("Selu", {{"alpha", f.alpha}, {"gamma", f.gamma}});
        },
        [&](const fn::HardSigmoid& f) {
          op("HardSigmoid", {{"alpha", f.slope}, {"beta", f.offset}});
        },
        [&](const fn::HardSwish&) { op("HardSwish", {}, 14); },
        [&](const fn::Mish&) { op("Mish", {}, 18); },
        [&](const fn::Gelu&) { op("Gelu", {}, 20); },
        [&](const fn::GeluTanh&) {
          op("Gelu", {{"approximate", std::string_view("tanh")}}, 20);
        },
        [&](const fn::Silu&) {
          const std::string gate = file_.node(node.name + "/gate", "Sigmoid", {x.name});
          value = file_.node(node.name, "Mul", {x.name, gate});
        },
        [&](const fn::Swish& f) {
          const std::string steep = file_.node(node.name + "/steep", "Mul", {x.name, number(f.gate.alpha)});
          const std::string gate = file_.node(node.name + "/gate", "Sigmoid", {steep});
          value = file_.node(node.name, "Mul", {x.name, gate});
        },
        [&](const fn::Scale& f) {
          value = file_.node(node.name, "Mul", {x.name, number(f.alpha)});
        },
        [&](const fn::Relu6&) {
          value = file_.node(node.name, "Clip", {x.name, number(0), number(6)});
        },
        [&](const fn::Clip& f) {
          const auto bound = [&](double at) { return std::isinf(at) ? std::string() : number(at); };
          value = file_.node(node.name, "Clip", {x.name, bound(f.low), bound(f.high)});
        },
        [&](const fn::Prelu<Scalar>& f) {
          const auto& slopes = f.slopes();
          value = file_.node(
              node.name, "PRelu",
              {x.name, features_constant(node.name + ".slope", x.form, Index(slopes.size()),
                                         [&](Index k) { return Scalar(slopes[std::size_t(k)]); })});
        },
    };
    each_of<fn::Relu, fn::Identity, fn::Sigmoid, fn::Tanh, fn::Softplus, fn::Softsign, fn::Abs, fn::Exp,
            fn::LeakyRelu, fn::Elu, fn::Celu, fn::Selu, fn::HardSigmoid, fn::HardSwish, fn::Mish, fn::Gelu,
            fn::GeluTanh, fn::Silu, fn::Swish, fn::Scale, fn::Relu6, fn::Clip, fn::Prelu<Scalar>>(layer.f,
                                                                                                  write);
    if (!value) refuse(node);
    return {*value, x.form};
  }

  template <class... F>
  struct overloaded : F... {
    using F::operator()...;
  };
  template <class... F>
  overloaded(F...) -> overloaded<F...>;

  /// Calls write with the function inside, where it is one of these.
  template <class... Known, class Write>
  static void each_of(const fn::AnyFunction<Scalar>& f, const Write& write) {
    const auto attempt = [&](const auto* known) {
      if (known) write(*known);
    };
    (attempt(f.template as<Known>()), ...);
  }

  const ascribe::Graph<Scalar>& net_;
  ModelWriter file_;
  std::vector<Value> values_;  ///< of the nodes that are written
};

template <class Scalar>
void save(const ascribe::Graph<Scalar>& net, const std::filesystem::path& path,
          std::span<const Port> outputs) {
  if (net.outputs().empty()) fail("onnx::save: expected a network with an output, found none");
  const std::string bytes = GraphWriter<Scalar>(net).model(outputs);
  const std::string_view whole = bytes;
  io::write_whole(path, {&whole, 1});
}

}  // namespace ascribe::onnx
