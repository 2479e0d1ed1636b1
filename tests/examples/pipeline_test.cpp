#include "examples/support/pipeline.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"

namespace {

using examples::pipeline_room;
using examples::run_pipeline;
using Stages = examples::Stages<int, std::string>;

/// Items are numbers, results their names.
Stages naming(std::vector<std::string>& results) {
  Stages stages;
  stages.prepare = [](std::size_t k) { return static_cast<int>(k); };
  stages.work = [](std::size_t, std::size_t k, int item) {
    return std::to_string(item) + (std::size_t(item) == k ? "" : " is not its number");
  };
  stages.finish = [&results](std::size_t k, std::string result) {
    CHECK(k == results.size());
    results.push_back(std::move(result));
  };
  return stages;
}

TEST_CASE("a pipeline takes every item through its stages and finishes them in order", "[pipeline]") {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    for (const std::size_t count : {0u, 1u, 3u, 200u}) {
      std::vector<std::string> results;
      CHECK(run_pipeline(count, threads, naming(results)) == count);
      REQUIRE(results.size() == count);
      for (std::size_t k = 0; k < count; ++k) CHECK(results[k] == std::to_string(k));
    }
  }
}

TEST_CASE("a pipeline asks for its items, when it has room for them", "[pipeline]") {
  for (const std::size_t threads : {1u, 3u}) {
    std::vector<std::size_t> finished;
    Stages stages;
    stages.prepare = [](std::size_t k) { return static_cast<int>(k); };
    stages.work = [](std::size_t, std::size_t, int item) { return std::to_string(item); };
    stages.finish = [&](std::size_t k, const std::string& result) {
      CHECK(result == std::to_string(k));
      finished.push_back(k);
    };
    std::size_t asked = 0;
    // Every third number, of which there are forty.
    const examples::NextItem thirds = [&]() -> std::optional<std::size_t> {
      if (asked == 40) return std::nullopt;
      return 3 * asked++;
    };
    CHECK(run_pipeline(thirds, threads, stages) == 40);
    REQUIRE(finished.size() == 40);
    for (std::size_t k = 0; k < 40; ++k) CHECK(finished[k] == 3 * k);
    // What it throws comes when all before it has been finished.
    finished.clear();
    std::size_t k = 0;
    const examples::NextItem failing = [&]() -> std::optional<std::size_t> {
      if (k == 7) throw std::runtime_error("no more");
      return k++;
    };
    CHECK_THROWS_WITH(run_pipeline(failing, threads, stages), "no more");
    CHECK(finished.size() == 7);
  }
}

TEST_CASE("a pipeline reads ahead as far as there is room, and no further", "[pipeline]") {
  for (const std::size_t threads : {1u, 3u}) {
    std::vector<std::string> results;
    Stages stages = naming(results);
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t prepared = 0, finished = 0, most = 0;
    stages.prepare = [&](std::size_t k) {
      const std::lock_guard lock(mutex);
      most = std::max(most, ++prepared - finished);
      changed.notify_all();
      return static_cast<int>(k);
    };
    // The first item waits until all the others that there is room for are there.
    stages.work = [&](std::size_t, std::size_t k, int item) {
      std::unique_lock lock(mutex);
      if (k == 0) changed.wait(lock, [&] { return prepared == pipeline_room(threads); });
      return std::to_string(item);
    };
    stages.finish = [&](std::size_t, std::string) {
      const std::lock_guard lock(mutex);
      ++finished;
    };
    CHECK(run_pipeline(100, threads, stages) == 100);
    CHECK(most == pipeline_room(threads));
  }
}

TEST_CASE("threads of a pipeline work at the same time", "[pipeline]") {
  std::vector<std::string> results;
  Stages stages = naming(results);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<bool> here(3, false);
  bool twice = false;
  // Three items meet, each on a thread of its own.
  stages.work = [&](std::size_t thread, std::size_t, int item) {
    std::unique_lock lock(mutex);
    twice = twice || here.at(thread);
    here.at(thread) = true;
    changed.notify_all();
    changed.wait(lock, [&] { return here == std::vector<bool>(3, true); });
    return std::to_string(item);
  };
  CHECK(run_pipeline(3, 3, stages) == 3);
  CHECK_FALSE(twice);
}

TEST_CASE("the first item that fails in any stage ends a pipeline, behind those before it", "[pipeline]") {
  for (const char* stage : {"prepare", "work", "finish"}) {
    for (const std::size_t threads : {1u, 4u}) {
      INFO(stage << ", " << threads << " threads");
      std::vector<std::string> results;
      Stages stages = naming(results);
      const auto fails = [&](std::size_t k, const char* here) {
        if (stage == std::string(here) && k >= 7 && k % 2 == 1) throw std::runtime_error(std::to_string(k));
      };
      stages.prepare = [&](std::size_t k) {
        fails(k, "prepare");
        return static_cast<int>(k);
      };
      stages.work = [&](std::size_t, std::size_t k, int item) {
        fails(k, "work");
        return std::to_string(item);
      };
      stages.finish = [&](std::size_t k, std::string result) {
        fails(k, "finish");
        results.push_back(result);
      };
      CHECK_THROWS_WITH(run_pipeline(1000, threads, stages), "7");
      CHECK(results == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6"});
    }
  }
}

TEST_CASE("a pipeline that is stopped finishes what it has begun", "[pipeline]") {
  for (const std::size_t threads : {1u, 4u}) {
    std::vector<std::string> results;
    Stages stages = naming(results);
    std::atomic<std::size_t> begun = 0;
    std::atomic<bool> stop = false;
    stages.prepare = [&](std::size_t k) {
      ++begun;
      return static_cast<int>(k);
    };
    stages.finish = [&](std::size_t k, std::string result) {
      if (k == 20) stop = true;
      results.push_back(result);
    };
    stages.stop = [&] { return stop.load(); };
    const std::size_t finished = run_pipeline(1000, threads, stages);
    CHECK(finished == results.size());
    CHECK(finished == begun);
    CHECK(finished >= 21);
    CHECK(finished <= 21 + pipeline_room(threads));
  }
  std::vector<std::string> results;
  Stages stages = naming(results);
  stages.stop = [] { return true; };
  CHECK(run_pipeline(10, 2, stages) == 0);
}

}  // namespace
