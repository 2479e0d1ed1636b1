#include "examples/explain/tokens.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "ascribe/core/error.hpp"
#include "ascribe/io/npy.hpp"

namespace explain {
namespace {

namespace onnx = ascribe::onnx;

/// Whether a file is of ids of this shape, with their batch or without.
bool is_of_shape(const std::string& file, const onnx::Dims& dims) {
  const ascribe::io::NpyReader array{std::filesystem::path(file)};
  const onnx::Dims found(array.shape().begin(), array.shape().end());
  return found == dims ||
         (!dims.empty() && dims[0] == 1 && found == onnx::Dims(dims.begin() + 1, dims.end()));
}

/// What --baseline says of each of `pieces.ids`, zero where it says nothing.
std::vector<std::vector<std::string>> names_of_baselines(const Options& options, const Pieces& pieces) {
  for (const auto& [name, baseline] : options.baselines)
    if (!name.empty() && std::find(pieces.ids.begin(), pieces.ids.end(), name) == pieces.ids.end())
      ascribe::fail("--baseline: expected the name of an input that is explained, found '", name, "'");
  std::vector<std::vector<std::string>> all;
  for (const std::string& input : pieces.ids) {
    all.emplace_back();
    for (const auto& [name, baseline] : options.baselines)
      if (name.empty() || name == input) all.back().push_back(baseline);
    if (all.back().empty()) all.back() = {"zero"};
  }
  return all;
}

/// Where the words of each of `pieces.ids` begin, and behind the last one's.
std::vector<std::size_t> first_words(const Pieces& pieces) {
  std::vector<std::size_t> first{0};
  for (const std::string& input : pieces.ids)
    first.push_back(first.back() + static_cast<std::size_t>(pieces.input(input).size()));
  return first;
}

/// The ids of one of the inputs, whose words are first … last − 1, by a word of --baseline or a file.
void put_ids(const std::string& said, const std::string& input, std::size_t first, std::size_t last,
             const ModelFile& model, const Pieces& pieces, std::vector<std::int64_t>& ids) {
  if (is_npy(said)) {
    const onnx::Tensor in_file =
        ids_in(model.named("--baseline", input), said, pieces.input(input).rank() > 1);
    if (in_file.size() != static_cast<Index>(last - first))
      ascribe::fail(said, ": expected ", last - first, " ids, one for each of '", input, "', found ",
                    in_file.size());
    const auto values = in_file.values<std::int64_t>();
    std::copy(values.begin(), values.end(), ids.begin() + static_cast<std::ptrdiff_t>(first));
    return;
  }
  const std::string option = "--baseline " + said;
  std::int64_t id = 0;
  if (said.starts_with(baseline_ids))
    std::from_chars(said.data() + baseline_ids.size(), said.data() + said.size(), id);
  else
    id = model.id_of(option, said == "mask" ? "[MASK]" : "[PAD]");
  for (std::size_t word = first; word < last; ++word)
    if (!pieces.words[word].special) ids[word] = id;
}

/// Calls act(number of the network's input, word, first value, behind the last) for every row.
template <class Act>
void each_row(const std::vector<NetworkInput>& inputs, const WordsOfRows& words, const Act& act) {
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const auto width = static_cast<std::size_t>(inputs[k].shape.back());
    std::size_t begin = inputs[k].first;
    for (const std::size_t word : words[k]) {
      act(k, word, begin, begin + width);
      begin += width;
    }
  }
}

}  // namespace

WordsOfRows words_of_rows(const ModelFile& model, const std::vector<NetworkInput>& inputs,
                          const Pieces& pieces) {
  const std::vector<RowChoice> choices = model.choices(pieces);
  const std::vector<std::size_t> first = first_words(pieces);
  WordsOfRows all;
  for (const NetworkInput& input : inputs) {
    const auto choice = std::find_if(choices.begin(), choices.end(),
                                     [&](const RowChoice& one) { return one.rows == input.name; });
    std::vector<std::size_t> words;
    if (choice != choices.end())
      for (const std::string& name : choice->ids) {
        const auto place = std::find(pieces.ids.begin(), pieces.ids.end(), name) - pieces.ids.begin();
        for (auto k = static_cast<std::size_t>(place), word = first[k]; word < first[k + 1]; ++word)
          words.push_back(word);
      }
    const Index rows = count_of(input.shape) / std::max<Index>(1, input.shape.back());
    if (choice == choices.end() || static_cast<Index>(words.size()) != rows)
      ascribe::fail("input '", input.name, "' of shape ", text_of(input.shape, true),
                    ": expected a row for each id of '", pieces.ids.front(),
                    "', found a value whose rows are not known to be theirs; --input holds an input of the "
                    "model, and --output may name a value that does not depend on it");
    all.push_back(std::move(words));
  }
  return all;
}

bool are_ids(const Options& options, const Pieces& pieces) {
  const auto is_one = [&](const std::string& said) {
    return is_baseline_word(said) ||
           (is_npy(said) && std::any_of(pieces.ids.begin(), pieces.ids.end(), [&](const auto& input) {
              return is_of_shape(said, pieces.input(input).dims());
            }));
  };
  const auto other = std::find_if(options.baselines.begin(), options.baselines.end(),
                                  [&](const auto& one) { return !is_one(one.second); });
  if (other == options.baselines.end()) return true;
  for (const auto& [name, said] : options.baselines)
    if (said != "zero" && is_one(said))
      ascribe::fail("--baseline ", other->second, ": expected ids of shape ",
                    onnx::shown(pieces.input(pieces.ids.front()).dims()), " beside ", said,
                    ", found a file of others");
  return false;
}

Beside baselines_of_ids(const Options& options, const ModelFile& model,
                        const std::vector<NetworkInput>& inputs, const Pieces& pieces,
                        const WordsOfRows& words) {
  const auto names = names_of_baselines(options, pieces);
  const std::vector<std::size_t> first = first_words(pieces);
  std::size_t count = 1;
  for (const auto& of_one : names) count = std::max(count, of_one.size());
  std::vector<Sample> all;
  for (std::size_t k = 0; k < count; ++k) {
    std::vector<std::int64_t> ids;
    for (const Word& word : pieces.words) ids.push_back(word.id);
    std::vector<bool> is_zero(ids.size());
    std::string called;
    for (std::size_t j = 0; j < names.size(); ++j) {
      if (names[j].size() != 1 && names[j].size() != count)
        ascribe::fail("--baseline: expected as many for each input of the network, found ", names[j].size(),
                      " for one and ", count, " for another");
      const std::string& said = names[j][names[j].size() == 1 ? 0 : k];
      called += (j > 0 ? ", " : "") + said;
      if (said == "zero")
        std::fill(is_zero.begin() + static_cast<std::ptrdiff_t>(first[j]),
                  is_zero.begin() + static_cast<std::ptrdiff_t>(first[j + 1]), true);
      else
        put_ids(said, pieces.ids[j], first[j], first[j + 1], model, pieces, ids);
    }
    std::vector<double> rows;
    try {
      rows = model.rows(pieces.with_ids(ids), inputs);
    } catch (const ascribe::Error& error) {
      ascribe::fail("--baseline ", called, ": ", error.what());
    }
    each_row(inputs, words, [&](std::size_t, std::size_t word, std::size_t begin, std::size_t end) {
      if (is_zero[word])
        std::fill(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                  rows.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
    });
    all.push_back({std::move(called), std::move(rows)});
  }
  return Beside(std::move(all));
}

Beside parts_of_words(const std::vector<NetworkInput>& inputs, const WordsOfRows& words, Index together) {
  Sample parts{"--patch", {}};
  each_row(inputs, words, [&](std::size_t, std::size_t word, std::size_t begin, std::size_t end) {
    parts.values.insert(parts.values.end(), end - begin,
                        static_cast<double>(static_cast<Index>(word) / together));
  });
  return Beside(std::vector<Sample>{std::move(parts)});
}

std::vector<double> relevance_of_words(const std::vector<NetworkInput>& inputs, const WordsOfRows& words,
                                       std::size_t count, const std::vector<double>& relevance, bool occluded,
                                       std::optional<std::size_t> table) {
  std::vector<double> sums(count);
  std::vector<std::size_t> values(count);
  each_row(inputs, words, [&](std::size_t input, std::size_t word, std::size_t begin, std::size_t end) {
    if (table && input != *table) return;
    for (std::size_t i = begin; i < end; ++i) sums[word] += relevance[i];
    values[word] += end - begin;
  });
  if (occluded)
    for (std::size_t i = 0; i < count; ++i)
      if (values[i] > 0) sums[i] /= static_cast<double>(values[i]);
  return sums;
}

bool share_words(const WordsOfRows& words) {
  std::set<std::size_t> seen;
  for (const std::vector<std::size_t>& of_one : words) {
    const std::set<std::size_t> own(of_one.begin(), of_one.end());
    for (const std::size_t word : own)
      if (!seen.insert(word).second) return true;
  }
  return false;
}

}  // namespace explain
