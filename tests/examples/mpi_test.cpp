#include "examples/mpi/job.hpp"

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

// The programs under mpirun, on one machine with fewer processors than ranks: results are one process's to
// the last bit.
namespace {

namespace fs = std::filesystem;
using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::count_of;
using ascribe::test::differences;
using ascribe::test::explain;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::printed_by;
using ascribe::test::run_program;
using ascribe::test::TemporaryFolder;
using ascribe::test::tree;
using ascribe::test::write_picture;
using ascribe::test::write_samples;
using ascribe::test::operator+;
using Json = nlohmann::json;

const std::string model = of_repository("examples/data/mnist_mlp.onnx"),
                  images = of_repository("examples/data/digits/test-images.idx3-ubyte.gz"),
                  labels = of_repository("examples/data/digits/test-labels.idx1-ubyte");

/// `script` is what each rank runs in place of the program, which it is handed with its arguments.
Outcome mpirun(std::size_t ranks, const std::string& program, const Arguments& arguments,
               const std::string& script = "") {
  std::string command =
      ASCRIBE_MPIRUN " -n " + std::to_string(ranks) + " --oversubscribe --allow-run-as-root ";
  if (!script.empty()) command += "sh -c '" + script + "' ";
  return run_program(program, arguments, command);
}

std::string printed(std::size_t ranks, const std::string& program, const Arguments& arguments) {
  const Outcome outcome = mpirun(ranks, program, arguments);
  INFO(outcome.err);
  CHECK(outcome.err.empty());
  REQUIRE(outcome.exit_code == 0);
  return outcome.out;
}

Arguments to_files(const fs::path& in, const fs::path& folder) {
  return {model,         in.string(),
          "--relevance", (folder / "r.npy").string(),
          "--ledger",    (folder / "l.json").string()};
}

TEST_CASE("without mpirun nothing of MPI is asked for", "[mpi]") { CHECK_FALSE(mpi::launched()); }

TEST_CASE("ranks write what one process writes", "[mpi]") {
  const TemporaryFolder folder;
  write_samples(folder / "in.npy", 23);
  fs::create_directory(folder / "whole");
  explain(to_files(folder / "in.npy", folder / "whole"));
  for (int n = 0; n < 4; ++n) write_picture(folder / "in" / (std::to_string(n) + ".png"), n);
  write_samples(folder / "in/b.npy", 3);
  const auto in_folder = [&](const std::string& out) {
    return Arguments{model, (folder / "in").string(), "--output-folder", (folder / out).string()};
  };
  explain(in_folder("whole_folder"));
  for (const std::size_t ranks : {2u, 3u, 5u}) {
    INFO(ranks);
    const std::string n = std::to_string(ranks);
    fs::create_directory(folder / n);
    CHECK(printed(ranks, ASCRIBE_EXPLAIN_PROGRAM, to_files(folder / "in.npy", folder / n)) ==
          "23 inputs: 23 explained, 0 were done before\n");
    CHECK(differences(tree(folder / n), tree(folder / "whole")).empty());
    CHECK(printed(ranks, ASCRIBE_EXPLAIN_PROGRAM, in_folder(n + "_folder")) ==
          "7 inputs: 7 explained, 0 were done before\n");
    CHECK(differences(tree(folder / (n + "_folder")), tree(folder / "whole_folder")).empty());
  }
  CHECK(printed(2, ASCRIBE_EXPLAIN_PROGRAM, in_folder("3_folder")) ==
        "7 inputs: 0 explained, 7 were done before\n");
}

TEST_CASE("ranks write the files of rows that one process writes", "[mpi]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy";
  write_samples(in, 23);
  for (const char* rows : {"1", "4", "23"})
    for (const Arguments& compress : {Arguments{}, Arguments{"--compress"}}) {
      const auto arguments = [&](const std::string& name) {
        fs::create_directory(folder / name);
        return to_files(in, folder / name) + Arguments{"--rows-per-file", rows} + compress;
      };
      explain(arguments("whole"));
      for (const std::size_t ranks : {2u, 3u}) {
        INFO(rows << " rows in each file, " << ranks << " ranks");
        CHECK(printed(ranks, ASCRIBE_EXPLAIN_PROGRAM, arguments("ranks")) ==
              "23 inputs: 23 explained, 0 were done before\n");
        CHECK(differences(tree(folder / "ranks"), tree(folder / "whole")).empty());
        fs::remove_all(folder / "ranks");
      }
      fs::remove_all(folder / "whole");
    }
}

TEST_CASE("what is wrong is said once, whoever finds it", "[mpi]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in.npy", out = folder / "out";
  fs::create_directory(out);
  write_samples(in, 12, 7);
  const auto said_once = [&](const Outcome& outcome, const std::string& part, int exit_code) {
    INFO(outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK(outcome.out.empty());
    CHECK(count_of(outcome.err, "explain: ") == 1);
    CHECK(count_of(outcome.err, part) == 1);
  };
  // By all: of the command line, and of what all look at.
  const Outcome misused = mpirun(3, ASCRIBE_EXPLAIN_PROGRAM, to_files(in, out) + Arguments{"--shard", "0/2"});
  CHECK(misused.exit_code == 2);
  CHECK(count_of(misused.err, "--shard: mpirun's processes share out the inputs already") == 1);
  said_once(mpirun(3, ASCRIBE_EXPLAIN_PROGRAM, to_files(folder / "none.npy", out)), "none.npy", 1);
  // By one, while the others work; what is done stays, and the same command goes on.
  said_once(mpirun(3, ASCRIBE_EXPLAIN_PROGRAM, to_files(in, out)), "in.npy[7]: ", 1);
  CHECK(fs::exists(out / "r.npy.partial"));
  const Outcome going = mpirun(3, ASCRIBE_EXPLAIN_PROGRAM, to_files(in, out) + Arguments{"--keep-going"});
  INFO(going.err);
  CHECK(going.exit_code == 1);
  CHECK(count_of(going.err, "in.npy[7]: ") == 1);
  CHECK(count_of(going.err, "explain: 1 of 12 inputs could not be explained\n") == 1);
  CHECK(count_of(going.out, "12 inputs: ") == 1);
  fs::create_directory(folder / "whole");
  ascribe::test::run(to_files(in, folder / "whole") + Arguments{"--keep-going"});
  CHECK(differences(tree(out), tree(folder / "whole")).empty());
}

TEST_CASE("a rank that is killed ends the job, and the same command goes on", "[mpi]") {
  const TemporaryFolder folder;
  const fs::path in = folder / "in", out = folder / "out";
  for (int n = 0; n < 40; ++n) write_picture(in / (std::to_string(n) + ".png"), n);
  const auto arguments = [&](const fs::path& to) {
    return Arguments{
        model,     in.string(), "--output-folder", to.string(), "--method",  "integrated_gradients",
        "--steps", "2000",      "--write",         "relevance", "--threads", "1"};
  };
  // The second rank is killed once something is done, by a shell that does not wait between two looks.
  const std::string script = "if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then (set -- \"" + out.string() +
                             "\"/*.relevance.npy; until [ -e \"$1\" ]; do set -- \"" + out.string() +
                             "\"/*.relevance.npy; done; kill -9 $$) & fi; exec \"$0\" \"$@\"";
  const Outcome killed = mpirun(3, ASCRIBE_EXPLAIN_PROGRAM, arguments(out), script);
  INFO(killed.err);
  CHECK(killed.exit_code != 0);
  // What the others say of it ("another process of the job is gone ...") mpirun may drop on its way out.
  CHECK_THAT(killed.err, Contains("exited on signal 9"));
  const auto kept = tree(out);
  CHECK(kept.count("explain.json") == 1);
  CHECK(kept.size() > 1);
  CHECK(kept.size() < 41);
  const std::string again = printed(3, ASCRIBE_EXPLAIN_PROGRAM, arguments(out));
  CHECK_THAT(again, Contains("40 inputs: "));
  CHECK_THAT(again, !Contains("40 explained"));
  explain(arguments(folder / "whole"));
  CHECK(differences(tree(out), tree(folder / "whole")).empty());
}

/// Without what the clock says.
Json timeless(const fs::path& path) {
  Json json = Json::parse(bytes_of(path));
  for (Json& line : json.at("methods")) line.erase("ms");
  return json;
}

TEST_CASE("judge: ranks judge as one process does", "[mpi]") {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& name) {
    return Arguments{model,       images,
                     "--labels",  labels,
                     "--samples", "9",
                     "--methods", "gradient,lrp_q",
                     "--replace", "noise",
                     "--sanity",  "2",
                     "--json",    (folder / (name + ".json")).string()};
  };
  printed_by(ASCRIBE_JUDGE_PROGRAM, arguments("whole"));
  for (const std::size_t ranks : {2u, 3u, 5u}) {
    const std::string name = std::to_string(ranks);
    const Arguments kept = arguments(name) + Arguments{"--resume", (folder / (name + ".state")).string()};
    const std::string table = printed(ranks, ASCRIBE_JUDGE_PROGRAM, kept);
    CHECK(count_of(table, "9 inputs; ") == 1);
    CHECK(timeless(folder / (name + ".json")) == timeless(folder / "whole.json"));
    // All is done: one process prints it again.
    CHECK(printed_by(ASCRIBE_JUDGE_PROGRAM, kept) == table);
  }
  const Outcome outcome = mpirun(2, ASCRIBE_JUDGE_PROGRAM, arguments("none"));
  CHECK(outcome.exit_code == 2);
  CHECK(count_of(outcome.err, "mpirun: needs --resume STATE") == 1);
}

#ifdef ASCRIBE_GROUPS_PROGRAM
TEST_CASE("groups: ranks group as one process does", "[mpi]") {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& name) {
    return Arguments{model,       images, "--labels",     labels,
                     "--samples", "120",  "--neighbours", "4",
                     "--class",   "1,7",  "--json",       (folder / (name + ".json")).string()};
  };
  const std::string expected = printed_by(ASCRIBE_GROUPS_PROGRAM, arguments("whole"));
  for (const std::size_t ranks : {2u, 3u, 5u}) {
    const std::string name = std::to_string(ranks);
    CHECK(printed(ranks, ASCRIBE_GROUPS_PROGRAM,
                  arguments(name) + Arguments{"--resume", (folder / (name + ".state")).string()}) ==
          expected);
    CHECK(bytes_of(folder / (name + ".json")) == bytes_of(folder / "whole.json"));
  }
}
#endif

}  // namespace
