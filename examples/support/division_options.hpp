/// The part of a command line that says which part of the inputs a process does.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include <CLI/CLI.hpp>

#include "examples/support/division.hpp"

namespace examples {

/// --shard: `what` is done with the inputs. `to` outlives the parsing.
inline CLI::Option* add_shard(CLI::App& app, std::optional<Shard>& to, const std::string& what) {
  return app
      .add_option_function<std::string>(
          "--shard",
          [&to](const std::string& text) {
            try {
              to = shard_in(text);
            } catch (const std::invalid_argument& error) {
              throw CLI::ValidationError("--shard", error.what());
            }
          },
          what +
              " part i of n of the inputs, counted from 0, and keep what is done; the same command without "
              "--shard puts the parts together")
      ->type_name("I/N");
}

/// --share-weights.
inline CLI::Option* add_share_weights(CLI::App& app, std::filesystem::path& to) {
  return app
      .add_option("--share-weights", to,
                  "keep the network's weights as files in this folder, which all processes of a machine that are "
                  "given it map: they stand in its memory once; remove it when they are done")
      ->type_name("FOLDER");
}

}  // namespace examples
