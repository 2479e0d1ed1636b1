#include "examples/explain/reading.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"
#include "ascribe/io/onnx.hpp"
#include "examples/support/model_options.hpp"

namespace explain {
namespace {

namespace onnx = ascribe::onnx;

/// A .npy file as one.
onnx::Tensor constant(const onnx::ValueInfo& input, const std::filesystem::path& path) {
  const ascribe::io::NpyReader file(path);
  return constant_of(input, onnx::Dims(file.shape().begin(), file.shape().end()), numbers_in(path),
                     path.string());
}

}  // namespace

ModelFile::ModelFile(const Options& options) : options_(options), model_(onnx::read(options.model)) {
  std::set<std::string> stored;
  for (const onnx::Tensor& tensor : model_.graph.initializers) stored.insert(tensor.name());
  for (const onnx::ValueInfo& input : model_.graph.inputs)
    if (stored.count(input.name) == 0) inputs_.push_back(&input);
  if (!options.output.empty()) given_.outputs = {options.output};
  given_.scores = !options.probability;
  given_.merge_branches = !options.keep_branches;
  given_.batched = !options.no_batch;
  check_sizes(model_, options.model, options.sizes);
  for (const auto& [name, size] : options.sizes) given_.sizes.emplace(name, size);
  for (const auto& [name, path] : options.other_inputs)
    given_.constants.emplace(name, constant(named("--input", name), path));
  if (!options.input_name.empty()) named("--explain", options.input_name);
  for (const InputFiles& input : options.with_them) {
    const onnx::ValueInfo& value = named("--explain", input.name);
    if (is_open(value)) given_.shapes[input.name] = shape_in(input.files.front().string(), value);
  }
}

const onnx::ValueInfo& ModelFile::named(const char* option, const std::string& name) const {
  const auto found =
      std::find_if(inputs_.begin(), inputs_.end(), [&](const auto* i) { return i->name == name; });
  if (found != inputs_.end()) return **found;
  std::string known;
  for (const auto* input : inputs_) known += (known.empty() ? "'" : ", '") + input->name + "'";
  ascribe::fail(option, ": ", options_.model.string(), " has no input '", name, "'; it has ", known);
}

onnx::ElementType ModelFile::type_of(const std::string& input) const {
  const auto found =
      std::find_if(inputs_.begin(), inputs_.end(), [&](const auto* i) { return i->name == input; });
  return found == inputs_.end() ? onnx::ElementType::float32 : (*found)->type;
}

const onnx::ValueInfo* ModelFile::explained() const {
  if (!options_.input_name.empty()) return &named("--explain", options_.input_name);
  const auto& others = options_.with_them;
  const onnx::ValueInfo* only = nullptr;
  for (const onnx::ValueInfo* input : inputs_) {
    if (given_.constants.count(input->name) > 0 ||
        std::any_of(others.begin(), others.end(), [&](const auto& i) { return i.name == input->name; }))
      continue;
    if (only) return nullptr;
    only = input;
  }
  return only;
}

bool ModelFile::is_open(const onnx::ValueInfo& input) const {
  if (!input.dims) return false;
  for (std::size_t axis = options_.no_batch ? 0 : 1; axis < input.dims->size(); ++axis) {
    const onnx::Dimension& d = (*input.dims)[axis];
    const std::string key = d.name.empty() ? input.name + "[" + std::to_string(axis) + "]" : d.name;
    if (!d.size && given_.sizes.count(key) == 0) return true;
  }
  return false;
}

onnx::Dims ModelFile::shape_in(const std::string& path, const onnx::ValueInfo& input) const {
  const std::vector<onnx::Dimension>& dims = *input.dims;
  if (!is_npy(path))
    ascribe::fail(path, ": an image takes the model's size, and that is open, ", onnx::shown(dims),
                  ": --size NAME=N gives it");
  const ascribe::io::NpyReader file{std::filesystem::path(path)};
  onnx::Dims shape(file.shape().begin(), file.shape().end());
  if (given_.batched && shape.size() + 1 == dims.size()) shape.insert(shape.begin(), 1);
  if (!given_.batched && shape.size() == dims.size() + 1) shape.erase(shape.begin());
  if (shape.size() != dims.size())
    ascribe::fail(path, ": expected a shape that fits ", onnx::shown(dims), ", found ", onnx::shown(shape));
  if (given_.batched) shape[0] = 1;  // whatever the batch
  return shape;
}

std::vector<std::string> ModelFile::choosing_rows() const {
  std::set<std::string> held;
  for (const auto& [name, tensor] : given_.constants) held.insert(name);
  return examples::choosing_rows(model_, held);
}

onnx::ReadOptions ModelFile::reading(const Group& group) const {
  onnx::ReadOptions options = given_;
  if (group.pieces) {
    give_pieces(*group.pieces, model_.graph.inputs, group.files.front().shown, options);
    return options;
  }
  const onnx::ValueInfo* input = explained();
  if (input && !group.files.empty() && !choosing_rows().empty()) {
    const std::string& path = group.files.front().path;
    onnx::Tensor ids = constant(*input, path);
    onnx::Dims dims = ids.dims();
    const bool batched = given_.batched;
    if (batched && input->dims && dims.size() + 1 == input->dims->size()) dims.insert(dims.begin(), 1);
    if ((input->dims && dims.size() != input->dims->size()) || (batched && (dims.empty() || dims[0] != 1)))
      ascribe::fail(path, ": expected the whole numbers of one sample, found shape ", onnx::shown(dims));
    options.constants.insert_or_assign(input->name, ids.reshaped(dims));
    options.lookups = {input->name};
  } else if (input && !group.shape.empty()) {
    options.shapes[input->name] = group.shape;
  }
  return options;
}

std::vector<onnx::NodeReport> ModelFile::survey(const Group& group) const {
  std::vector<onnx::NodeReport> nodes = onnx::survey(model_, reading(group));
  for (onnx::NodeReport& node : nodes) node.fault = in_options(node.fault);
  return nodes;
}

std::vector<Group> ModelFile::by_shape(std::vector<Place> files) const {
  std::vector<Group> groups;
  const std::vector<std::string> rows = choosing_rows();
  if (!rows.empty())
    for (const Place& place : files)
      if (!is_npy(place.path))
        ascribe::fail(place.path, ": expected a .npy file of whole numbers for input '", rows.front(),
                      "'; --vocabulary FILE reads texts");
  const std::string& alone = options_.input_name;
  if (!rows.empty() && (!options_.with_them.empty() || (!alone.empty() && alone != rows.front())))
    ascribe::fail("--explain: the numbers of input '", rows.front(),
                  "' choose rows of a table, which makes a network of each sample: its rows are explained by "
                  "themselves, and --input NAME=FILE.npy holds the other inputs, or these numbers");
  if (explained() && !rows.empty()) {
    for (Place& place : files) groups.push_back({{std::move(place)}});
    return groups;
  }
  const onnx::ValueInfo* input = explained();
  if (!input || !is_open(*input)) {
    groups.push_back({std::move(files), {}});
    return groups;
  }
  for (Place& place : files) {
    onnx::Dims shape = shape_in(place.path, *input);
    const auto found =
        std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.shape == shape; });
    if (found == groups.end())
      groups.push_back({{std::move(place)}, std::move(shape)});
    else
      found->files.push_back(std::move(place));
  }
  return groups;
}

std::vector<Group> ModelFile::by_text() const {
  std::vector<const onnx::ValueInfo*> open;
  for (const onnx::ValueInfo* input : inputs_)
    if (given_.constants.count(input->name) == 0) open.push_back(input);
  const TextCutter cutter(options_.model, options_.vocabulary, options_.keep_case, open);
  const std::vector<std::string> rows = choosing_rows();
  std::vector<Group> groups;
  for (auto& [place, text] : find_texts(options_.inputs, options_.inputs_from)) {
    Pieces pieces = cutter.cut(text);
    if (pieces.ids != rows)
      ascribe::fail(options_.model.string(), ": expected a Gather that takes rows of a table by ",
                    pieces.ids.front(),
                    pieces.ids.size() > 1 ? " and " + pieces.ids.back() + " behind it" : "",
                    ", found none whose rows are known to be theirs: ids in .npy can be explained");
    groups.push_back({{std::move(place)}, {}, std::move(pieces)});
  }
  return groups;
}

std::string ModelFile::list() const {
  std::string text;
  const auto line = [&](std::string_view what, const onnx::ValueInfo& value) {
    text += std::string(what) + "  " + value.name + "  " + std::string(onnx::name(value.type)) + " " +
            (value.dims ? onnx::shown(*value.dims) : std::string("(shape not said)")) + "\n";
  };
  for (const onnx::ValueInfo* input : inputs_) line("input ", *input);
  std::set<std::string> outputs;
  for (const onnx::ValueInfo& output : model_.graph.outputs) {
    line("output", output);
    outputs.insert(output.name);
  }
  for (const onnx::Node& node : model_.graph.nodes)
    for (const std::string& output : node.outputs)
      if (!output.empty() && outputs.count(output) == 0)
        text += "inner   " + output + "  of " + onnx::describe(node) + "\n";
  return text;
}

std::vector<double> numbers_in(const std::filesystem::path& path) {
  const ascribe::io::NpyReader file(path);
  const onnx::Dims dims(file.shape().begin(), file.shape().end());
  std::vector<double> values(static_cast<std::size_t>(onnx::element_count(dims, path.string())));
  file.read(0, std::span<double>(values));
  return values;
}

std::string operators_text() {
  std::set<std::string> names;
  for (const std::string_view name : onnx::operator_names()) names.emplace(name);
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

}  // namespace explain
