#include "ascribe/io/onnx/external.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace ascribe;
using test::Message;
using test::message_of;
using test::tensor_message;

Message entry(std::string_view key, std::string_view value) { return Message().text(1, key).text(2, value); }

/// A float tensor of two numbers in an external file.
Message external(std::string_view name, std::string_view location) {
  return tensor_message(name, 1, {2}).integer(14, 1).message(13, entry("location", location));
}

onnx::Model parse(const std::vector<Message>& tensors, const std::filesystem::path& folder) {
  Message graph;
  for (const Message& tensor : tensors) {
    graph.message(5, tensor);
  }
  return test::parse(test::model_message(graph), folder);
}

std::string complaint(const Message& tensor, const std::filesystem::path& folder) {
  return message_of([&] { parse({tensor}, folder); });
}

/// 1, 2, 3, 4 as floats.
const std::string four("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40", 16);

}  // namespace

TEST_CASE("onnx::ExternalData: tensors in files beside the model, which may share them") {
  const test::TemporaryFolder folder;
  folder.write("w.bin", four);
  std::filesystem::create_directory(folder / "sub");
  folder.write("sub/w.bin", four.substr(8));
  const onnx::Model model = parse(
      {external("a", "w.bin"), external("b", "w.bin").message(13, entry("offset", "8")),
       external("c", "./sub/../w.bin").message(13, entry("offset", "4")).message(13, entry("length", "8")),
       external("d", "sub/w.bin").message(13, entry("checksum", "not looked at")),
       tensor_message("e", 1, {0}).integer(14, 1).message(13, entry("location", "w.bin"))},
      folder.path());
  const auto& tensors = model.graph.initializers;
  CHECK(tensors[0].values<float>() == std::vector<float>{1, 2});
  CHECK(tensors[1].values<float>() == std::vector<float>{3, 4});
  CHECK(tensors[2].values<float>() == std::vector<float>{2, 3});
  CHECK(tensors[3].values<float>() == std::vector<float>{3, 4});
  CHECK(tensors[4].values<float>().empty());
  // Bytes that two tensors share are in memory once.
  CHECK(tensors[2].bytes().data() == tensors[0].bytes().data() + 4);
}

TEST_CASE("onnx::ExternalData: attributes may lie outside too, and read knows the folder") {
  const test::TemporaryFolder folder;
  folder.write("w.bin", four);
  Message node = test::node_message("Constant", {}, {"y"});
  node.message(5, Message().text(1, "value").message(5, external("t", "w.bin")).integer(20, 4));
  const auto path = folder.write("m.onnx", test::model_message(Message().message(1, node)).bytes);
  const onnx::Model model = onnx::read(path);
  const auto& value = std::get<onnx::Tensor>(model.graph.nodes[0].attributes[0].value);
  CHECK(value.values<float>() == std::vector<float>{1, 2});
}

TEST_CASE("onnx::ExternalData: a path that leaves the folder is an Error") {
  const test::TemporaryFolder outside;
  outside.write("secret.bin", four);
  std::filesystem::create_directory(outside / "model");
  std::filesystem::create_directory(outside / "model-2");
  outside.write("model-2/secret.bin", four);
  outside.write("model/w.bin", four);
  const std::filesystem::path folder = outside / "model";
  CHECK(complaint(external("w", "w.bin"), folder) == "no error");

  for (const std::string& location :
       {std::string("../secret.bin"), std::string("../model-2/secret.bin"), std::string("x/../../secret.bin"),
        std::string("../none.bin"), std::string("..")}) {
    INFO(location);
    CHECK_THAT(complaint(external("w", location), folder),
               Contains("tensor 'w'") && Contains("inside the model's folder") && Contains("leaves"));
  }
  CHECK(complaint(external("w", "../model/w.bin"), folder) == "no error");
  CHECK_THAT(complaint(external("w", (outside / "secret.bin").string()), folder),
             Contains("an absolute one"));
  CHECK_THAT(complaint(external("w", (outside / "model/w.bin").string()), folder),
             Contains("an absolute one"));
  CHECK_THAT(complaint(external("w", std::string_view("w.bin\0/x", 8)), folder), Contains("a path"));
  CHECK_THAT(complaint(external("w", ""), folder), Contains("a path"));
  CHECK_THAT(complaint(external("w", "."), folder), Contains("not a file"));

  SECTION("by a symbolic link to a file or to a folder; one that stays inside is no harm") {
    std::filesystem::create_symlink(outside / "secret.bin", folder / "link.bin");
    std::filesystem::create_directory_symlink(outside / "model-2", folder / "sub");
    std::filesystem::create_symlink("w.bin", folder / "inside.bin");
    CHECK_THAT(complaint(external("w", "link.bin"), folder), Contains("leaves"));
    CHECK_THAT(complaint(external("w", "sub/secret.bin"), folder), Contains("leaves"));
    CHECK(complaint(external("w", "inside.bin"), folder) == "no error");
    std::filesystem::create_directory_symlink(folder, outside / "other-name");
    CHECK(complaint(external("w", "w.bin"), outside / "other-name") == "no error");
  }
}

TEST_CASE("onnx::ExternalData: what the file does not have is not allocated") {
  const test::TemporaryFolder folder;
  folder.write("w.bin", four);
  const auto at = [&](const std::string& offset) {
    return complaint(external("w", "w.bin").message(13, entry("offset", offset)), folder.path());
  };
  CHECK(at("8") == "no error");
  CHECK_THAT(at("9"), Contains("expected 8 bytes at offset 9") && Contains("a file of 16 bytes"));
  CHECK_THAT(at("18446744073709551615"), Contains("offset 18446744073709551615"));
  for (const char* const number : {"-1", "", "8x", "0x8", " 8", "18446744073709551616", "1e1"}) {
    INFO(number);
    CHECK_THAT(at(number), Contains("expected a number as offset"));
  }
  CHECK_THAT(complaint(external("w", "w.bin").message(13, entry("length", "12")), folder.path()),
             Contains("expected 8 bytes of external data for shape (2) of float, found a length of 12"));
  CHECK_THAT(complaint(tensor_message("w", 1, {std::int64_t{1} << 50})
                           .integer(14, 1)
                           .message(13, entry("location", "w.bin")),
                       folder.path()),
             Contains("a file of 16 bytes"));
  CHECK_THAT(complaint(external("w", "none.bin"), folder.path()), Contains("'none.bin'"));
  CHECK_THAT(complaint(external("w", "w.bin").text(9, "12345678"), folder.path()), Contains("in one place"));
  CHECK_THAT(complaint(tensor_message("w", 1, {2}).integer(14, 1), folder.path()),
             Contains("a path, found none"));
  CHECK_THAT(complaint(external("w", "w.bin"), {}), Contains("no folder is given"));
}
