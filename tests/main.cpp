#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ASCRIBE_TEST_NAMES_AT_DEATH
#endif
#endif

#ifdef ASCRIBE_TEST_NAMES_AT_DEATH
#include <sanitizer/common_interface_defs.h>

namespace {

/// A sanitizer ends the program without a word to Catch: this says in which test case. Never destroyed: leaks are found
/// behind everything else.
std::string& running = *new std::string;
struct Running : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testCaseStarting(const Catch::TestCaseInfo& test) override { running = test.name; }
};
CATCH_REGISTER_LISTENER(Running)

void name_running_test() { std::fprintf(stderr, "ended in the test case: %s\n", running.c_str()); }

}  // namespace
#endif

namespace {

std::vector<Catch::TestCase> chosen_by(const Catch::Config& config) {
  return Catch::filterTests(Catch::getAllTestCasesSorted(config), config.testSpec(), config);
}

/// Names every count-th of the test cases from `index` on, since neighbours take about as long as each other: as
/// Catch reads them, with its own marks escaped.
std::string names_of_shard(const std::vector<Catch::TestCase>& tests, std::size_t index, std::size_t count) {
  std::string names;
  for (std::size_t i = index; i < tests.size(); i += count) {
    if (!names.empty()) names += ',';
    for (const char c : tests[i].name) {
      if (std::string_view(",[]\\\"").find(c) != std::string_view::npos) names += '\\';
      names += c;
    }
  }
  return names;
}

/// Leaves the shard of what the session would run. Returns how many test cases that is.
std::size_t choose_shard(Catch::Session& session, std::size_t index, std::size_t count) {
  const auto tests = chosen_by(session.config());
  const std::size_t expected = index < tests.size() ? (tests.size() - index + count - 1) / count : 0;
  if (expected > 0) {
    Catch::ConfigData data = session.configData();
    data.testsOrTags = {names_of_shard(tests, index, count)};
    session.useConfigData(data);
    if (const auto found = chosen_by(session.config()).size(); found != expected) {
      throw std::runtime_error("--shard-index " + std::to_string(index) + ": expected " + std::to_string(expected) +
                               " test cases, found " + std::to_string(found) + " by their names");
    }
  }
  return expected;
}

}  // namespace

/// Catch's own, with the two options that Catch2 3 has and 2 has not.
int main(int argc, char* argv[]) {
#ifdef ASCRIBE_TEST_NAMES_AT_DEATH
  __sanitizer_set_death_callback(name_running_test);
#endif
  Catch::Session session;
  std::size_t count = 1, index = 0;
  session.cli(session.cli() |
              Catch::clara::Opt(count, "count")["--shard-count"]("the test cases are run in so many parts") |
              Catch::clara::Opt(index, "index")["--shard-index"]("and this is the part to run, from 0"));
  if (const int status = session.applyCommandLine(argc, argv)) return status;
  if (index >= count) {
    std::fprintf(stderr, "--shard-index %zu: expected one below --shard-count %zu\n", index, count);
    return 1;
  }
  if (count > 1 && choose_shard(session, index, count) == 0) {
    std::puts("No test cases in this part");
    return 0;
  }
  return session.run();
}
#endif
