/// Words of a text, or ids, and the rows of tables that they choose.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "examples/explain/options.hpp"
#include "examples/explain/reading.hpp"
#include "examples/support/samples.hpp"
#include "examples/support/text.hpp"

namespace explain {

/// For each of the network's inputs, which are rows of a table each, the word of every row: where it stands
/// among `pieces.words`. Throws ascribe::Error for an input of which that is not known.
using WordsOfRows = std::vector<std::vector<std::size_t>>;
WordsOfRows words_of_rows(const ModelFile& model, const std::vector<NetworkInput>& inputs,
                          const Pieces& pieces);

/// Whether --baseline names ids: words for them, or .npy files in the shape of those of an input. Otherwise
/// it names rows. Throws ascribe::Error where it names both.
bool are_ids(const Options& options, const Pieces& pieces);

/// The rows that texts or ids are compared with, for all of the network's inputs: zero, or those of other
/// ids. The first for one of `pieces.ids` goes with the first for another; what there is one of goes with
/// all. Special pieces of a text keep their own, unless a file says which. Throws ascribe::Error for a piece
/// that the vocabulary has not, an id that a table has not, and numbers that do not fit each other.
Beside baselines_of_ids(const Options& options, const ModelFile& model,
                        const std::vector<NetworkInput>& inputs, const Pieces& pieces,
                        const WordsOfRows& words);

/// Which part each value of the network's inputs is of, where so many words behind one another are occluded
/// together, in every table.
Beside parts_of_words(const std::vector<NetworkInput>& inputs, const WordsOfRows& words, Index together);

/// What each of so many words has got: the sum over its rows in all tables, or in one of them. `occluded`: a
/// word's values have one number together, which each of them bears.
std::vector<double> relevance_of_words(const std::vector<NetworkInput>& inputs, const WordsOfRows& words,
                                       std::size_t count, const std::vector<double>& relevance, bool occluded,
                                       std::optional<std::size_t> table = {});

/// Whether a word has rows in several tables.
bool share_words(const WordsOfRows& words);

}  // namespace explain
