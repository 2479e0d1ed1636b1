#include "examples/stream/options.hpp"

#include <string>
#include <string_view>

#include "examples/support/classifier_options.hpp"

namespace stream {
namespace {

/// One pass of rules, whose plan says beforehand what memory it takes.
const Method* method_named(const std::string& name) {
  const Method* const method = find_method(name);
  if (method != nullptr && method->by_rules) return method;
  std::string known;
  for (const Method& one : methods())
    if (one.by_rules) known += (known.empty() ? "" : ", ") + std::string(one.name);
  misused("--method", "expected one of " + known + "; found '" + name + "'");
}

RawFormat raw_format(const std::string& text) {
  const std::size_t first = text.find('x'), last = text.rfind('x');
  if (first == std::string::npos || first == last)
    misused("--raw", "expected WIDTHxHEIGHTxCHANNELS, found '" + text + "'");
  const std::string_view all(text);
  constexpr Index most = 1 << 14;
  const auto side = [&](std::string_view part) {
    const Index size = whole("--raw", part);
    if (size < 1 || size > most)
      misused("--raw",
              "expected 1 to " + std::to_string(most) + " pixels a side, found " + std::string(part));
    return static_cast<int>(size);
  };
  const RawFormat format{side(all.substr(0, first)), side(all.substr(first + 1, last - first - 1)),
                         static_cast<int>(whole("--raw", all.substr(last + 1)))};
  if (format.channels != 1 && format.channels != 3)
    misused("--raw", "expected 1 or 3 channels, found " + std::string(all.substr(last + 1)));
  return format;
}

}  // namespace

Parsed parse(int argc, char** argv) {
  Options o;
  std::string method = "lrp_q";
  CLI::App app{
      "Explains one frame after the other, as a camera gives them, in memory that is asked for once, and "
      "says\n"
      "how long they took. INPUT is pictures (PNG, JPEG), folders of them or MNIST's idx3-ubyte, gzipped or\n"
      "not: all are decoded first, and are taken again from the first one on. With --raw there is no INPUT,\n"
      "and frames come on standard input."};
  app.name("stream");
  app.formatter(std::make_shared<Help>());
  app.add_option("MODEL", o.model, "the ONNX file of a classifier of images")->required();
  app.add_option("INPUT", o.inputs, "one or more pictures or folders");
  app.add_option_function<std::string>(
         "--raw", [&o](const std::string& text) { o.raw = raw_format(text); },
         "frames are bytes on standard input, from the top row, a pixel's 1 or 3 channels (RGB) together")
      ->type_name("WIDTHxHEIGHTxCHANNELS");
  app.add_option("--frames", o.frames, "time so many frames behind the first, fewer where raw ones end")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t(1), std::size_t(1) << 32))
      ->type_name("N");
  app.add_option("--budget-ms", o.budget, "count the frames that take longer")
      ->check(CLI::PositiveNumber)
      ->type_name("MS");
  app.add_option("--method", method, "by which method, one of rules, frames are explained")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--target", [&o](const std::string& text) { o.target = whole("--target", text); },
         "the output to explain, by its number [each frame's largest]")
      ->type_name("K");
  app.add_option("--baseline", o.baseline, "what methods against a baseline compare with: zero, or a sample")
      ->capture_default_str()
      ->type_name("zero|FILE");
  add_reading_options(app, o);
  add_rule_options(app, o);
  o.threads = 1;
  app.add_option("--threads", o.threads, "threads that work on a frame")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--heatmap", o.heatmap, "draw the last frame's relevance")->type_name("OUT.png");
  app.add_option("--relevance", o.relevance, "write the last frame's relevance, in the input's shape")
      ->type_name("OUT.npy");
  app.add_option("--every", o.every,
                 "write these of each so manieth frame, with its number in front of the ending")
      ->check(CLI::Range(std::size_t(1), std::size_t(1) << 32))
      ->type_name("K");
  app.add_flag("--fail-on-allocation", o.fail_on_allocation,
               "exit code 1 if memory was asked for after the first frame");
  try {
    app.parse(argc, argv);
    o.method = method_named(method);
    check_reading_options(o);
    if (o.raw && !o.inputs.empty()) misused("--raw", "frames come on standard input: expected no INPUT");
    if (!o.raw && o.inputs.empty())
      misused("INPUT", "expected pictures, or --raw and frames on standard input");
    if (app.count("--baseline") > 0 && !o.method->baseline) misused("--baseline", method + " has none");
    for (const char* option : {"--gamma", "--low", "--high"})
      if (app.count(option) > 0 && !o.method->box) misused(option, method + " has none");
    if (app.count("--epsilon") > 0 && !o.method->epsilon) misused("--epsilon", method + " has none");
    if (app.count("--every") > 0 && o.heatmap.empty() && o.relevance.empty())
      misused("--every", "needs --heatmap or --relevance");
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
  }
  return {std::move(o), 0};
}

}  // namespace stream
