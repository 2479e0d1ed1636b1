#include "examples/shortcut/data.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "ascribe/core/error.hpp"
#include "ascribe/evaluate/random.hpp"
#include "examples/support/idx.hpp"

namespace shortcut {
namespace {

using ascribe::evaluate::Random;

/// Streams of a task's seed: each image of each kind has numbers of its own.
enum class Draw : std::uint64_t { training, without, test, redrawn };
Random random_of(std::uint64_t seed, Draw draw, Index sample) {
  return Random(seed, std::uint64_t(sample) * 4 + std::uint64_t(draw));
}

constexpr Index patch = 4;
constexpr Index digits = 10;

/// Puts a decoy into a corner of one image, whose grey level is that of a label.
void add_decoy(Index height, Index width, Index label, Random& random, float* pixels, float* allowed) {
  const Index corner = random.below(4);
  const Index top = corner / 2 == 0 ? 0 : height - patch, left = corner % 2 == 0 ? 0 : width - patch;
  for (Index y = top; y < top + patch; ++y)
    for (Index x = left; x < left + patch; ++x) {
      pixels[y * width + x] = float(255 - 25 * label) / 255;
      if (allowed) allowed[y * width + x] = 0;
    }
}

struct Plain {
  Index height = 0, width = 0;
  Values pixels;
  std::vector<Index> labels;
};

Plain read(const std::filesystem::path& images_path, const std::filesystem::path& labels_path, Index count) {
  const examples::Images images = examples::read_images(images_path);
  const std::vector<unsigned char> labels = examples::read_labels(labels_path);
  if (labels.size() != images.count)
    ascribe::fail(labels_path.string(), ": expected a label for each of ", images.count, " images, found ",
                  labels.size());
  if (count > Index(images.count))
    ascribe::fail(images_path.string(), ": expected at least ", count, " images, found ", images.count);
  if (images.height < 2 * patch || images.width < 2 * patch)
    ascribe::fail(images_path.string(), ": expected images of at least ", 2 * patch, " x ", 2 * patch,
                  " pixels, found ", images.height, " x ", images.width);
  Plain plain{images.height, images.width, {}, {}};
  const Index samples = count == 0 ? Index(images.count) : count;
  plain.pixels.resize(Index(images.pixels()), samples);
  for (Index n = 0; n < samples; ++n) {
    const auto bytes = images[std::size_t(n)];
    for (std::size_t i = 0; i < bytes.size(); ++i) plain.pixels(Index(i), n) = float(bytes[i]) / 255;
    const Index label = labels[std::size_t(n)];
    if (label >= digits)
      ascribe::fail(labels_path.string(), ": expected labels below ", digits, ", found ", label);
    plain.labels.push_back(label);
  }
  return plain;
}

constexpr Index side = 20, animal = 9;

/// An animal's fur: brown, with a darker cross or ring of two pixels' strength.
void paint_animal(Index label, Index top, Index left, Random& random, float* rgb, float* allowed) {
  const double shade = 0.5 + 0.2 * random.uniform(), dark = 0.4 * shade;
  constexpr Index middle = animal / 2;
  for (Index y = 0; y < animal; ++y)
    for (Index x = 0; x < animal; ++x) {
      const Index far = std::max(std::abs(y - middle), std::abs(x - middle));
      const bool cross = std::abs(y - middle) < 2 || std::abs(x - middle) < 2, ring = far == 2 || far == 3;
      const double grey = ((label == 0 ? cross : ring) ? dark : shade) + 0.08 * random.normal();
      float* pixel = rgb + ((top + y) * side + left + x) * 3;
      for (int c = 0; c < 3; ++c) {
        pixel[c] = float(std::clamp(grey * (c == 0 ? 1.1 : c == 1 ? 0.9 : 0.7), 0.0, 1.0));
        if (allowed) allowed[pixel - rgb + c] = 1;
      }
    }
}

/// Snow, bright and bluish, or grass, whose blades are columns.
void paint_background(Index which, Random& random, float* rgb) {
  std::array<double, side> blades{};
  for (double& blade : blades) blade = 0.15 * random.normal();
  for (Index y = 0; y < side; ++y)
    for (Index x = 0; x < side; ++x) {
      const double noise = 0.06 * random.normal(), blade = blades[std::size_t(x)];
      const std::array<double, 3> colour =
          which == 0 ? std::array{0.86 + noise, 0.88 + noise, 0.94 + noise}
                     : std::array{0.25 + noise + blade, 0.5 + noise + blade, 0.2 + noise};
      for (std::size_t c = 0; c < 3; ++c)
        rgb[(y * side + x) * 3 + Index(c)] = float(std::clamp(colour[c], 0.0, 1.0));
    }
}

}  // namespace

Task decoys(const std::string& name, const std::filesystem::path& training_images,
            const std::filesystem::path& training_labels, const std::filesystem::path& test_images,
            const std::filesystem::path& test_labels, Index training, Index test, std::uint64_t seed) {
  const Plain learned = read(training_images, training_labels, training),
              asked = read(test_images, test_labels, test);
  if (learned.height != asked.height || learned.width != asked.width)
    ascribe::fail(test_images.string(), ": expected images of ", learned.height, " x ", learned.width,
                  " as in ", training_images.string(), ", found ", asked.height, " x ", asked.width);
  Task task{name, learned.height, learned.width, 1, digits, {}, {}, {}, {}};
  const auto draw = [&](const Plain& plain, Draw which, bool tells, Values* allowed) {
    Values inputs = plain.pixels;
    if (allowed) allowed->setOnes(inputs.rows(), inputs.cols());
    for (Index n = 0; n < inputs.cols(); ++n) {
      Random random = random_of(seed, which, n);
      const Index label = tells ? plain.labels[std::size_t(n)] : random.below(digits);
      add_decoy(task.height, task.width, label, random, inputs.col(n).data(),
                allowed ? allowed->col(n).data() : nullptr);
    }
    return inputs;
  };
  task.training.labels = learned.labels;
  task.training.inputs = draw(learned, Draw::training, true, &task.training.allowed);
  task.without = draw(learned, Draw::without, false, nullptr);
  task.test.labels = asked.labels;
  task.test.inputs = draw(asked, Draw::test, false, &task.test.allowed);
  task.redrawn = draw(asked, Draw::redrawn, false, nullptr);
  return task;
}

Task backgrounds(Index training, Index test, std::uint64_t seed) {
  Task task{"backgrounds", side, side, 3, 2, {}, {}, {}, {}};
  // The animal and its place follow from the image's number, whatever is behind it.
  const auto draw = [&](Index count, Draw objects, Draw behind, const auto& background, Values* allowed,
                        std::vector<Index>* labels) {
    Values inputs(task.features(), count);
    if (allowed) allowed->setZero(task.features(), count);
    for (Index n = 0; n < count; ++n) {
      const Index label = n % 2;
      Random random = random_of(seed, behind, n), object = random_of(seed + 1, objects, n);
      float* const rgb = inputs.col(n).data();
      paint_background(background(label, random), random, rgb);
      const Index top = 3 + object.below(6), left = 3 + object.below(6);
      paint_animal(label, top, left, object, rgb, allowed ? allowed->col(n).data() : nullptr);
      if (labels) labels->push_back(label);
    }
    return inputs;
  };
  const auto with = [](Index label, Random&) { return label; };
  const auto against = [](Index label, Random&) { return 1 - label; };
  const auto any = [](Index, Random& random) { return random.below(2); };
  task.training.inputs =
      draw(training, Draw::training, Draw::training, with, &task.training.allowed, &task.training.labels);
  task.without = draw(training, Draw::training, Draw::without, any, nullptr, nullptr);
  task.test.inputs = draw(test, Draw::test, Draw::test, against, &task.test.allowed, &task.test.labels);
  task.redrawn = draw(test, Draw::test, Draw::redrawn, with, nullptr, nullptr);
  return task;
}

}  // namespace shortcut
