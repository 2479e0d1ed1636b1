#include "examples/support/text.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>

#include "ascribe/core/error.hpp"
#include "examples/support/files.hpp"
#include "examples/support/model_options.hpp"

namespace examples {
namespace {

namespace onnx = ascribe::onnx;

Text text_of(const std::string& line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string::npos) return {line, std::nullopt};
  return {line.substr(0, tab), line.substr(tab + 1)};
}

/// What a text is called on the screen: its beginning, where it is long.
std::string shown(const Text& text) {
  constexpr std::size_t longest = 120;
  std::string all = text.second ? text.first + " | " + *text.second : text.first;
  if (all.size() > longest) {
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(all[end]) & 0xC0) == 0x80) --end;  // no half character
    all = all.substr(0, end) + "\u2026";
  }
  for (char& c : all)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return all;
}

/// What a text's files are called: its first letters, and what tells it from others that have the same.
std::string file_name(const std::string& line) {
  std::string name;
  for (const char c : line) {
    if (name.size() == 32) break;
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (letter) name += c;
    if (!letter && !name.empty() && name.back() != '-') name += '-';
  }
  return name + (name.empty() || name.back() == '-' ? "" : "-") + fingerprint_of(line);
}

bool is_whole(onnx::ElementType type) {
  return type == onnx::ElementType::int64 || type == onnx::ElementType::int32;
}

}  // namespace

std::vector<std::pair<Place, Text>> find_texts(const std::vector<std::filesystem::path>& inputs,
                                               const std::filesystem::path& inputs_from) {
  std::vector<std::pair<Place, Text>> found;
  const auto add = [&](const std::string& line) {
    if (line.find_first_not_of(" \t") == std::string::npos) return;
    const Text text = text_of(line);
    if (text.second && text.second->find('\t') != std::string::npos)
      ascribe::fail(shown(text), ": expected a text, or two with a tab between, found another tab");
    found.push_back({{file_name(line), 0, shown(text)}, text});
  };
  for (const auto& input : inputs) {
    std::error_code error;
    if (has_extension(input, {".txt"})) {
      const std::size_t before = found.size();
      for (const std::string& line : lines_of(input, "texts")) add(line);
      if (found.size() == before) ascribe::fail(input.string(), ": expected texts, one a line, found none");
    } else if (std::filesystem::exists(input, error)) {
      ascribe::fail(
          input.string(),
          ": a file, but with --vocabulary an INPUT is a text, or a .txt file of texts, one a line");
    } else {
      const std::size_t before = found.size();
      add(input.string());
      if (found.size() == before) ascribe::fail("INPUT: expected a text, found an empty one");
    }
  }
  if (!inputs_from.empty())
    for (const std::string& line : lines_of(inputs_from, "texts")) add(line);
  if (found.empty()) ascribe::fail(inputs_from.string(), ": expected texts, one a line, found none");
  return found;
}

TextCutter::TextCutter(const std::filesystem::path& model, const std::filesystem::path& vocabulary,
                       bool keep_case, std::vector<const onnx::ValueInfo*> inputs)
    : model_(model.string()),
      pieces_(vocabulary, keep_case ? WordPiece::Case::kept : WordPiece::Case::lowered) {
  const auto known = [&](const onnx::ValueInfo& input) -> std::optional<Filled> {
    for (const auto& [name, part] :
         {std::pair("input_ids", Part::ids), std::pair("attention_mask", Part::mask),
          std::pair("token_type_ids", Part::types), std::pair("position_ids", Part::positions)})
      for (const auto& [end, text] : {std::pair("", -1), std::pair("_a", 0), std::pair("_b", 1)})
        if (input.name == std::string(name) + end) return Filled{&input, part, text};
    if (inputs.size() == 1 && is_whole(input.type)) return Filled{&input, Part::ids, -1};
    return std::nullopt;
  };
  bool ids[3] = {}, others[3] = {};  // of all, of the first and of the second
  for (const onnx::ValueInfo* input : inputs) {
    const auto filled = known(*input);
    if (!filled)
      ascribe::fail(model_, ": no text fills the input '", input->name,
                    "': input_ids, attention_mask, token_type_ids and position_ids are filled, or those with "
                    "_a and _b behind them; --input ",
                    input->name, "=FILE.npy gives it");
    (filled->part == Part::ids ? ids : others)[filled->text + 1] = true;
    filled_.push_back(*filled);
  }
  const bool one = ids[0] && !ids[1] && !ids[2] && !others[1] && !others[2],
             two = !ids[0] && ids[1] && ids[2] && !others[0];
  if (!one && !two)
    ascribe::fail(model_,
                  ": expected a model that takes input_ids, or input_ids_a and input_ids_b, found another");
}

Pieces TextCutter::cut(const Text& text) const {
  const bool two = filled_.front().text >= 0;
  if (two && !text.second)
    ascribe::fail(shown(text), ": expected two texts with a tab between, which ", model_,
                  " takes, found one");
  std::vector<Token> all, each[2];
  if (two) {
    each[0] = pieces_.encode(text.first);
    each[1] = pieces_.encode(*text.second);
  } else {
    all = text.second ? pieces_.encode(text.first, *text.second) : pieces_.encode(text.first);
  }
  // What [PAD] fills up, where the model says how many pieces there are.
  const auto pad = [&](std::vector<Token>& tokens, int number) {
    std::optional<Index> size;
    std::string name;
    bool masked = false;
    for (const Filled& filled : filled_) {
      if (filled.text != number) continue;
      masked = masked || filled.part == Part::mask;
      if (filled.input->dims && !filled.input->dims->empty() && filled.input->dims->back().size)
        size = filled.input->dims->back().size, name = filled.input->name;
    }
    const std::size_t real = tokens.size();
    if (!size || static_cast<std::size_t>(*size) == real) return real;
    const auto padding = pieces_.id("[PAD]");
    if (static_cast<std::size_t>(*size) < real || !masked || !padding)
      ascribe::fail(shown(text), ": expected ", *size, " pieces, which ", model_, " takes as ", name,
                    ", found ", real,
                    static_cast<std::size_t>(*size) < real ? "" : ", and no mask that leaves others out");
    tokens.resize(static_cast<std::size_t>(*size), {*padding, 0, 0, tokens.back().text, true});
    return real;
  };
  Pieces found;
  std::size_t real[3] = {};
  if (two) {
    for (int part = 0; part < 2; ++part) {
      real[part + 1] = pad(each[part], part);
      std::vector<Word> words = words_of(pieces_, each[part], part == 0 ? text.first : *text.second);
      for (Word& word : words) word.part = part;
      found.words.insert(found.words.end(), words.begin(), words.end());
    }
  } else {
    real[0] = pad(all, -1);
    found.words = words_of(pieces_, all, text.first, text.second.value_or(""));
  }
  for (const Filled& filled : filled_) {
    const auto& tokens = filled.text < 0 ? all : each[filled.text];
    std::vector<double> values;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool padded = i >= real[filled.text + 1];
      switch (filled.part) {
        case Part::ids:
          values.push_back(static_cast<double>(tokens[i].id));
          break;
        case Part::mask:
          values.push_back(padded ? 0 : 1);
          break;
        case Part::types:
          values.push_back(padded ? 0 : tokens[i].text);
          break;
        case Part::positions:
          values.push_back(static_cast<double>(i));
          break;
      }
    }
    onnx::Dims dims{static_cast<Index>(values.size())};
    if (!filled.input->dims || filled.input->dims->size() > 1) dims.insert(dims.begin(), 1);
    found.inputs.push_back(constant_of(*filled.input, std::move(dims), std::move(values), shown(text)));
  }
  // The first text's pieces stand first, whatever the order of the inputs.
  for (const int part : {-1, 0, 1})
    for (const Filled& filled : filled_)
      if (filled.part == Part::ids && filled.text == part) found.ids.push_back(filled.input->name);
  return found;
}

const onnx::Tensor& Pieces::input(const std::string& name) const {
  return *std::find_if(inputs.begin(), inputs.end(),
                       [&](const onnx::Tensor& input) { return input.name() == name; });
}

std::set<std::string> Pieces::data() const {
  std::set<std::string> names;
  for (const onnx::Tensor& input : inputs) names.insert(input.name());
  for (const std::string& name : ids) names.erase(name);
  return names;
}

Pieces Pieces::with_ids(const std::vector<std::int64_t>& all) const {
  Pieces other = *this;
  auto next = all.begin();
  for (const std::string& name : ids) {
    const auto place = std::find_if(other.inputs.begin(), other.inputs.end(),
                                    [&](const onnx::Tensor& input) { return input.name() == name; });
    const auto end = next + place->size();
    *place = onnx::Tensor::of(name, place->dims(), std::vector<std::int64_t>(next, end));
    next = end;
  }
  return other;
}

onnx::Tensor ids_in(const onnx::ValueInfo& input, const std::filesystem::path& file, bool batched) {
  const onnx::Tensor ids = tensor_in(input, file);
  onnx::Dims dims = ids.dims();
  if (batched && input.dims && dims.size() + 1 == input.dims->size()) dims.insert(dims.begin(), 1);
  if ((input.dims && dims.size() != input.dims->size()) || (batched && (dims.empty() || dims[0] != 1)))
    ascribe::fail(file.string(), ": expected the whole numbers of one sample, found shape ",
                  onnx::shown(ids.dims()), " for input '", input.name, "'");
  return ids.reshaped(dims);
}

Pieces pieces_of(std::vector<onnx::Tensor> ids) {
  Pieces pieces;
  for (const onnx::Tensor& one : ids) {
    const int part = static_cast<int>(pieces.ids.size());
    pieces.ids.push_back(one.name());
    for (const std::int64_t id : one.values<std::int64_t>()) {
      const std::string number = std::to_string(id);
      pieces.words.push_back({number, number, id, false, false, part});
    }
  }
  pieces.inputs = std::move(ids);
  return pieces;
}

void give_pieces(const Pieces& pieces, onnx::ReadOptions& to) {
  for (const onnx::Tensor& input : pieces.inputs) to.constants.insert_or_assign(input.name(), input);
  to.lookups = pieces.ids;
}

}  // namespace examples
