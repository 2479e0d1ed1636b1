#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "ascribe/io/npy.hpp"
#include "examples/support/idx.hpp"
#include "examples/support/image.hpp"
#include "examples/support/png.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/explain.hpp"
#include "tests/support/temporary_folder.hpp"

// The program as its users run it. Nothing of its source is in here.
namespace {

using ascribe::test::Arguments;
using ascribe::test::bytes_of;
using ascribe::test::of_repository;
using ascribe::test::Outcome;
using ascribe::test::run_program;
using ascribe::test::TemporaryFolder;
using ascribe::test::operator+;

Outcome run(const Arguments& arguments, const std::string& before = "") {
  return run_program(ASCRIBE_STREAM_PROGRAM, arguments, before);
}

/// What the program prints, which has to succeed. On a machine that is slow enough it says how far it is,
/// too.
std::string streamed(const Arguments& arguments, const std::string& before = "") {
  const Outcome outcome = run(arguments, before);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return outcome.out;
}

void check_refused(const Arguments& arguments, const std::string& part, int exit_code = 1,
                   const std::string& before = "") {
  const Outcome outcome = run(arguments, before);
  INFO(outcome.err);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, Contains(part));
}

std::string piped(const std::filesystem::path& file) { return "cat '" + file.string() + "' | "; }

std::vector<double> numbers_in(const std::filesystem::path& file) {
  return ascribe::io::read_npy<double>(file).values;
}

const std::string model = of_repository("examples/data/mnist_cnn.onnx"),
                  images = of_repository("examples/data/digits/test-images.idx3-ubyte.gz");

/// The first digits as PNG files in a folder of their own, and as the bytes of a camera.
struct Digits {
  std::vector<std::string> files;
  std::filesystem::path folder, raw;

  Digits(const TemporaryFolder& in, std::size_t count) : folder(in / "digits"), raw(in / "digits.raw") {
    std::filesystem::create_directory(folder);
    const examples::Images all = examples::read_images(std::filesystem::path(images));
    std::string bytes;
    for (std::size_t n = 0; n < count; ++n) {
      bytes.append(all[n].begin(), all[n].end());
      files.push_back((folder / (std::to_string(n) + ".png")).string());
      examples::write_png(files.back(), ascribe::picture(all[n], 28, 28, 1));
    }
    in.write("digits.raw", bytes);
  }
};

/// What `explain` says of the files, one after the other.
std::vector<double> explained(const std::vector<std::string>& files, const TemporaryFolder& folder,
                              const Arguments& how) {
  const std::string relevance = (folder / "explained.npy").string();
  ascribe::test::explain(Arguments{model} + files + Arguments{"--relevance", relevance} + how);
  return numbers_in(relevance);
}

TEST_CASE("stream: frames of files and of standard input are explained as explain does", "[stream]") {
  const TemporaryFolder folder;
  const Digits digits(folder, 3);
  const std::string out = (folder / "why.npy").string();
  for (const Arguments& how :
       {Arguments{"--method", "lrp_q"}, Arguments{"--method", "deep_lift", "--target", "3"},
        Arguments{"--method", "epsilon_gamma_box", "--mean", "0.5", "--std", "0.25"},
        Arguments{"--method", "epsilon_plus", "--epsilon", "0.01"}}) {
    INFO(how[1]);
    const std::vector<double> expected = explained(digits.files, folder, how);
    REQUIRE(expected.size() == 3 * 784);
    const Arguments written{"--frames", "2", "--every", "1", "--relevance", out};
    const auto check = [&] {
      for (std::size_t n = 0; n < 3; ++n) {
        const auto found = numbers_in(folder / ("why." + std::to_string(n) + ".npy"));
        const auto first = expected.begin() + static_cast<std::ptrdiff_t>(784 * n);
        CHECK(found == std::vector<double>(first, first + 784));
        std::filesystem::remove(folder / ("why." + std::to_string(n) + ".npy"));
      }
    };
    streamed(Arguments{model, digits.folder.string()} + written + how);
    check();
    streamed(Arguments{model, "--raw", "28x28x1"} + written + how, piped(digits.raw));
    check();
    streamed(Arguments{model, images} + written + how);  // MNIST's own file
    check();
  }
}

TEST_CASE("stream: frames of another size than the network's are cut and resized as pictures are",
          "[stream]") {
  const TemporaryFolder folder;
  constexpr int width = 61, height = 40;
  std::string bytes;
  for (int k = 0; k < width * height * 3; ++k) bytes += static_cast<char>((7 * k * k + k / 5) % 256);
  const auto raw = folder.write("camera.raw", bytes + bytes);
  const std::string png = (folder / "camera.png").string(), out = (folder / "why.npy").string();
  examples::write_png(png, {width, height, {bytes.begin(), bytes.end()}});
  const auto expected = explained({png}, folder, {});
  streamed({model, "--raw", "61x40x3", "--relevance", out}, piped(raw));
  CHECK(numbers_in(out) == expected);
  CHECK(ascribe::io::read_npy<double>(out).shape == std::vector<std::size_t>{1, 28, 28});
  streamed({model, png, "--frames", "1", "--relevance", out});
  CHECK(numbers_in(out) == expected);
}

TEST_CASE("stream: nothing is asked of the heap after the first frame", "[stream]") {
  const TemporaryFolder folder;
  const std::string photo = of_repository("examples/data/photos/cat.jpg");
  for (const std::string method : {"lrp_q", "gradient", "epsilon_plus", "epsilon_gamma_box", "deep_lift"})
    for (const std::string threads : {"1", "2"}) {
      INFO(method << " on " << threads);
      const std::string said = streamed({model, photo, photo, images, "--frames", "8", "--method", method,
                                         "--threads", threads, "--fail-on-allocation"});
      CHECK_THAT(said, Contains("8 frames behind it"));
#ifdef __SANITIZE_ADDRESS__
      CHECK_THAT(said, Contains("allocations are not counted in this build"));
#else
      CHECK_THAT(said, Contains("allocations after the first frame: 0\n"));
#endif
    }
}

TEST_CASE("stream: percentiles are in their order, and a budget is counted", "[stream]") {
  const auto numbers = [](const std::string& said) {
    std::vector<double> found;
    for (const std::string name : {"in ms: 50 % ", "   99 % ", "99.9 % ", "largest "}) {
      const std::size_t at = said.find(name);
      REQUIRE(at != std::string::npos);
      found.push_back(std::stod(said.substr(at + name.size())));
    }
    return found;
  };
  const std::string within = streamed({model, images, "--frames", "30", "--budget-ms", "1e9"});
  const auto times = numbers(within);
  CHECK(times.front() > 0);
  CHECK(std::is_sorted(times.begin(), times.end()));
  CHECK_THAT(within, Contains("over the budget of 1e+09 ms: 0 of 30\n"));
  CHECK_THAT(streamed({model, images, "--frames", "30", "--budget-ms", "1e-9"}),
             Contains("over the budget of 1e-09 ms: 30 of 30\n"));
}

TEST_CASE("stream: raw frames may end before --frames, and one is enough", "[stream]") {
  const TemporaryFolder folder;
  const Digits three(folder, 3);
  CHECK_THAT(streamed({model, "--raw", "28x28x1"}, piped(three.raw)), Contains("2 frames behind it"));
  CHECK_THAT(streamed({model, "--raw", "28x84x1"}, piped(three.raw)),
             Contains("no frames behind it") && Contains("allocations after the first frame: 0"));
}

TEST_CASE("stream: heatmaps of each so manieth frame, or of the last", "[stream]") {
  const TemporaryFolder folder;
  const std::string heatmap = (folder / "why.png").string();
  streamed({model, images, "--frames", "4", "--heatmap", heatmap});
  CHECK(folder.file_count() == 1);
  CHECK(examples::read_image(heatmap).width > 3 * 28);
  streamed({model, images, "--frames", "4", "--every", "2", "--heatmap", heatmap});
  for (const char* number : {"0", "2", "4"})
    CHECK(std::filesystem::exists(folder / ("why." + std::string(number) + ".png")));
  CHECK(folder.file_count() == 4);
  CHECK(bytes_of(folder / "why.4.png") == bytes_of(heatmap));
}

TEST_CASE("stream: what is wrong with frames is said, and where", "[stream]") {
  const TemporaryFolder folder;
  const Digits two(folder, 2);
  const auto cut = folder.write("cut.raw", bytes_of(two.raw).substr(0, 784 + 392));
  const std::string out = (folder / "why.npy").string();
  check_refused({model, "--raw", "28x28x1", "--relevance", out},
                "standard input, frame 1: expected 784 bytes, as --raw says, found 392 before the end", 1,
                piped(cut));
  CHECK_FALSE(std::filesystem::exists(out));
  check_refused({model, "--raw", "28x28x1"}, "standard input: expected a frame, found none", 1,
                piped(folder.write("empty.raw", "")));
  check_refused({model, "--raw", "28x28"}, "expected WIDTHxHEIGHTxCHANNELS, found '28x28'", 2);
  check_refused({model, "--raw", "28x28x2"}, "expected 1 or 3 channels, found 2", 2);
  check_refused({model, "--raw", "0x28x1"}, "pixels a side, found 0", 2);
  check_refused({model, "--raw", "28x28x1", two.files[0]}, "expected no INPUT", 2);
  check_refused({model}, "expected pictures, or --raw", 2);
  check_refused({model, two.files[0], "--method", "occlusion"}, "expected one of gradient", 2);
  check_refused({model, two.files[0], "--every", "2"}, "needs --heatmap or --relevance", 2);
  check_refused({model, two.files[0], "--target", "10"}, "--target: expected an output in [0, 10), found 10");
  check_refused({model, two.raw.string()}, "digits.raw");
  ascribe::io::write_npy(folder / "x.npy", {1, 28, 28}, std::vector<float>(784));
  check_refused({model, (folder / "x.npy").string()}, "x.npy: expected a picture, found an array");
  check_refused({of_repository("examples/data/mnist_mlp.onnx"), two.files[0], "--heatmap", two.files[0]},
                "0.png");
}

}  // namespace
