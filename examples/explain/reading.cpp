#include "examples/explain/reading.hpp"

#include <algorithm>
#include <map>
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

/// The inputs whose numbers choose rows.
std::set<std::string> choosing(const std::vector<RowChoice>& choices) {
  std::set<std::string> names;
  for (const RowChoice& choice : choices) names.insert(choice.ids.begin(), choice.ids.end());
  return names;
}

/// What --input holds an input at. Ids, masks and their like may lack the batch's axis. Throws ascribe::Error
/// where those have another number of axes than the input.
onnx::Tensor held(const onnx::ValueInfo& input, const std::filesystem::path& file, bool batched) {
  const onnx::Tensor tensor = tensor_in(input, file);
  if (onnx::is_floating(input.type) || !input.dims) return tensor;
  onnx::Dims dims = tensor.dims();
  if (batched && dims.size() + 1 == input.dims->size()) dims.insert(dims.begin(), 1);
  if (dims.size() != input.dims->size())
    ascribe::fail("--input ", input.name, ": ", file.string(), ": expected shape ", onnx::shown(*input.dims),
                  ", found ", onnx::shown(dims));
  return tensor.reshaped(dims);
}

std::set<std::string> names_of(const std::map<std::string, onnx::Tensor>& constants) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : constants) names.insert(name);
  return names;
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
    given_.constants.emplace(name, held(named("--input", name), path, given_.batched));
  if (!options.input_name.empty()) named("--explain", options.input_name);
  for (const InputFiles& input : options.with_them) {
    const onnx::ValueInfo& value = named("--explain", input.name);
    if (is_open(value)) given_.shapes[input.name] = shape_in(input.files.front().string(), value);
  }
  if (!options.vocabulary.empty() && options.explains() && !options.list_values) {
    std::vector<const onnx::ValueInfo*> open;
    for (const onnx::ValueInfo* input : inputs_)
      if (given_.constants.count(input->name) == 0) open.push_back(input);
    cutter_.emplace(options.model, options.vocabulary, options.keep_case, std::move(open));
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

onnx::ReadOptions ModelFile::reading(const Group& group) const {
  onnx::ReadOptions options = given_;
  if (group.pieces) {
    give_pieces(*group.pieces, options);
    check_axes(options.constants);
    return options;
  }
  const onnx::ValueInfo* input = explained();
  if (input && !group.shape.empty()) options.shapes[input->name] = group.shape;
  return options;
}

void ModelFile::check_axes(const std::map<std::string, onnx::Tensor>& constants) const {
  std::map<std::string, std::pair<Index, std::string>> known;  // by an axis's name: its size, and whose it is
  for (const onnx::ValueInfo* input : inputs_) {
    const auto found = constants.find(input->name);
    if (found == constants.end() || !input->dims || input->dims->size() != found->second.dims().size())
      continue;
    for (std::size_t axis = given_.batched ? 1 : 0; axis < input->dims->size(); ++axis) {
      const std::string& name = (*input->dims)[axis].name;
      const Index size = found->second.dims()[axis];
      if (name.empty()) continue;
      const auto [first, is_new] = known.try_emplace(name, size, input->name);
      if (!is_new && first->second.first != size)
        ascribe::fail("input '", input->name, "': expected size ", first->second.first, " along axis ", axis,
                      ", '", name, "', which '", first->second.second, "' has, found ", size);
    }
  }
}

std::vector<RowChoice> ModelFile::choices(const Pieces& pieces) const {
  std::set<std::string> held = names_of(given_.constants);
  held.merge(pieces.data());
  return row_choices(model_, held);
}

std::vector<double> ModelFile::rows(const Pieces& pieces, const std::vector<NetworkInput>& inputs) const {
  onnx::ReadOptions options = given_;
  give_pieces(pieces, options);
  options.outputs.clear();
  for (const NetworkInput& input : inputs) options.outputs.push_back(input.name);
  const auto net = onnx::network<double>(model_, options);
  std::vector<double> all;
  for (const NetworkInput& input : inputs) {
    const auto port = std::find_if(net.inputs.begin(), net.inputs.end(),
                                   [&](const onnx::Port& one) { return one.name == input.name; });
    all.insert(all.end(), port->values.begin(), port->values.end());
  }
  return all;
}

std::int64_t ModelFile::id_of(const std::string& what, const std::string& piece) const {
  const auto id = cutter_->pieces().id(piece);
  if (!id) ascribe::fail(what, ": ", options_.vocabulary.string(), " has no ", piece);
  return *id;
}

std::vector<onnx::NodeReport> ModelFile::survey(const Group& group) const {
  std::vector<onnx::NodeReport> nodes = onnx::survey(model_, reading(group));
  for (onnx::NodeReport& node : nodes) node.fault = in_options(node.fault);
  return nodes;
}

std::vector<Group> ModelFile::by_shape(std::vector<Place> files) const {
  const std::set<std::string> rows = choosing(row_choices(model_, names_of(given_.constants)));
  if (!rows.empty()) return by_ids(std::move(files), rows);
  std::vector<Group> groups;
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

std::string ModelFile::open_inputs() const {
  std::string names;
  for (const onnx::ValueInfo* input : inputs_)
    if (given_.constants.count(input->name) == 0) names += (names.empty() ? "'" : ", '") + input->name + "'";
  return names;
}

std::vector<Group> ModelFile::by_ids(std::vector<Place> files, const std::set<std::string>& choosing) const {
  const std::string& some = *choosing.begin();
  for (const Place& place : files)
    if (!is_npy(place.path))
      ascribe::fail(place.path, ": expected a .npy file of whole numbers for input '", some,
                    "'; --vocabulary FILE reads texts, where the model has a vocab.txt");
  const onnx::ValueInfo* const first = explained();
  if (!first)
    ascribe::fail(options_.model.string(), ": expected to be told what ", files.front().path, " is of ",
                  open_inputs(), ": --explain NAME=FILE.npy explains an input of whole numbers, --input ",
                  "NAME=FILE.npy holds one at what the file says");
  std::vector<const onnx::ValueInfo*> all{first};
  std::set<std::string> left = choosing;
  for (const InputFiles& input : options_.with_them) {
    all.push_back(&named("--explain", input.name));
    if (input.files.size() != files.size())
      ascribe::fail("--explain: expected a file for '", input.name, "' to go with each of ", files.size(),
                    ", found ", input.files.size());
  }
  for (const onnx::ValueInfo* input : all)
    if (left.erase(input->name) == 0)
      ascribe::fail("--explain: the numbers of input '", some, "' choose rows of a table, and those of '",
                    input->name, "' do not: such rows are explained by themselves; --input NAME=FILE.npy ",
                    "holds the other inputs, or these numbers");
  if (!left.empty())
    ascribe::fail(options_.model.string(), ": the numbers of input '", *left.begin(),
                  "' choose rows of a table, too: --explain ", *left.begin(),
                  "=FILE.npy explains them, --input ", *left.begin(), "=FILE.npy holds them");
  for (const onnx::ValueInfo* input : inputs_)
    if (options_.output.empty() && given_.constants.count(input->name) == 0 &&
        std::find(all.begin(), all.end(), input) == all.end())
      ascribe::fail(options_.model.string(), ": the model takes '", input->name, "', too: --input ",
                    input->name, "=FILE.npy says what that is");
  std::vector<Group> groups;
  for (std::size_t n = 0; n < files.size(); ++n) {
    std::vector<onnx::Tensor> ids{ids_in(*first, files[n].path, given_.batched)};
    for (std::size_t k = 1; k < all.size(); ++k)
      ids.push_back(ids_in(*all[k], options_.with_them[k - 1].files[n], given_.batched));
    groups.push_back({{std::move(files[n])}, {}, pieces_of(std::move(ids))});
  }
  return groups;
}

std::vector<Group> ModelFile::by_text() const {
  std::vector<Group> groups;
  for (auto& [place, text] : find_texts(options_.inputs, options_.inputs_from)) {
    Pieces pieces = cutter_->cut(text);
    if (choosing(choices(pieces)) != std::set<std::string>(pieces.ids.begin(), pieces.ids.end()))
      ascribe::fail(options_.model.string(), ": expected a Gather that takes rows of a table by ",
                    pieces.ids.front(), pieces.ids.size() > 1 ? " and one by " + pieces.ids.back() : "",
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

std::string operators_text() {
  std::set<std::string> names;
  for (const std::string_view name : onnx::operator_names()) names.emplace(name);
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

}  // namespace explain
