#include "ascribe/io/onnx/tensor.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/onnx.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace ascribe;
using onnx::Dims;
using onnx::ElementType;
using onnx::Tensor;
using test::message_of;

template <class T>
Tensor of(std::vector<T> values) {
  const auto count = static_cast<Index>(values.size());
  return Tensor::of("t", {count}, std::move(values));
}

}  // namespace

TEST_CASE("onnx::ElementType: names, sizes and kinds, by ONNX's numbers") {
  CHECK(name(static_cast<ElementType>(1)) == "float");
  CHECK(name(static_cast<ElementType>(16)) == "bfloat16");
  CHECK(name(static_cast<ElementType>(28)) == "float6e3m2");
  CHECK(name(static_cast<ElementType>(29)) == "unknown");
  CHECK(onnx::item_size(ElementType::float64) == 8);
  CHECK(onnx::item_size(ElementType::boolean) == 1);
  CHECK(onnx::item_size(ElementType::string) == 0);
  CHECK(onnx::item_size(ElementType::int4) == 0);
  CHECK(is_floating(ElementType::bfloat16));
  CHECK(!is_floating(ElementType::int8));
  CHECK(is_integer(ElementType::uint64));
  CHECK(!is_integer(ElementType::boolean));
  CHECK(!is_integer(ElementType::string));
}

TEST_CASE("onnx::Tensor: values of one type read as another, or an Error where that is not exact") {
  CHECK(of<float>({1.5f, -2}).values<double>() == std::vector<double>{1.5, -2});
  CHECK(of<float>({3, -2}).values<std::int8_t>() == std::vector<std::int8_t>{3, -2});
  CHECK(of<double>({0.1}).values<float>() == std::vector<float>{0.1f});
  CHECK(of<std::uint8_t>({255}).values<float>() == std::vector<float>{255});
  CHECK(of<onnx::Half>({{0x3e00}}).values<float>() == std::vector<float>{1.5f});
  CHECK(of<onnx::Bfloat16>({{0xc040}}).values<double>() == std::vector<double>{-3});
  CHECK(of<std::int64_t>({7}).value<unsigned>() == 7);
  CHECK(std::isnan(of<float>({std::nanf("")}).value<double>()));

  CHECK_THAT(
      message_of([] {
        of<float>({1, 1.5f}).values<int>();
      }),
      Contains("tensor 't': element 1: expected a value that a 32-bit signed integer can hold, found 1.5"));
  CHECK_THAT(message_of([] { of<std::int64_t>({-1}).values<std::uint64_t>(); }), Contains("found -1"));
  CHECK_THAT(message_of([] { of<std::uint8_t>({200}).values<std::int8_t>(); }), Contains("found 200"));
  CHECK_THAT(message_of([] { of<double>({1e300}).values<float>(); }), Contains("found 1e+300"));
  CHECK_THAT(message_of([] { of<std::int64_t>({(1LL << 53) + 1}).values<double>(); }),
             Contains("9007199254740993"));
  CHECK_THAT(message_of([] { of<float>({1, 2}).value<float>(); }), Contains("one element, found shape (2)"));
}

TEST_CASE("onnx::Tensor: booleans are 0 or 1") {
  const auto booleans = [](std::vector<std::byte> bytes) {
    const auto count = static_cast<Index>(bytes.size());
    return Tensor::of_bytes("b", ElementType::boolean, {count}, std::move(bytes));
  };
  CHECK(booleans({std::byte{0}, std::byte{1}}).values<std::uint8_t>() == std::vector<std::uint8_t>{0, 1});
  CHECK(booleans({std::byte{1}}).value<float>() == 1);
  CHECK_THAT(message_of([&] { booleans({std::byte{2}}).values<std::uint8_t>(); }),
             Contains("0 or 1, found 2"));
}

TEST_CASE("onnx::Tensor: shapes and numbers of values agree") {
  CHECK(Tensor::of("s", {}, std::vector<float>{3}).value<float>() == 3);
  CHECK(Tensor::of("e", {3, 0}, std::vector<float>{}).values<float>().empty());
  CHECK_THAT(message_of([] {
               Tensor::of("t", {2, 2}, std::vector<float>{1, 2});
             }),
             Contains("expected 16 bytes for shape (2, 2) of float, found 8"));
  CHECK_THAT(message_of([] { Tensor::of_bytes("t", ElementType::string, {0}, std::vector<std::byte>{}); }),
             Contains("string"));
  const Tensor t = Tensor::of("t", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(t.rank() == 2);
  CHECK(t.size() == 6);
  CHECK(t.reshaped({3, 1, 2}).dims() == Dims{3, 1, 2});
  CHECK(t.reshaped({6}).bytes().data() == t.bytes().data());
  CHECK(t.renamed("u").name() == "u");
  CHECK_THAT(message_of([&] { t.reshaped({4}); }), Contains("6 elements, found (4)"));
  CHECK_THAT(message_of([&] { t.reshaped({-2, -3}); }), Contains("0 or more, found shape (-2, -3)"));
  std::vector<float> too_few(5);
  CHECK_THAT(message_of([&] { t.copy_to(std::span(too_few)); }), Contains("a place for 6 values, found 5"));
  t.copy_to(std::span(too_few), 1);
  CHECK(too_few == std::vector<float>{2, 3, 4, 5, 6});
  CHECK_THAT(message_of([&] { t.copy_to(std::span(too_few), 2); }),
             Contains("expected a part of 6 values, found 5 from 2 on"));
  CHECK_THAT(message_of([&] { t.copy_to(std::span(too_few), 7); }), Contains("found 5 from 7 on"));
}

TEST_CASE("onnx::Tensor: large ones are read by parts, from a file whose bytes leave memory") {
  constexpr std::size_t count = (std::size_t(1) << 20) + 5;
  std::vector<std::int16_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<std::int16_t>(i * 7);
  const ascribe::test::TemporaryFolder folder;
  const auto path = folder.write("t", {reinterpret_cast<const char*>(numbers.data()), 2 * count});
  const auto file = std::make_shared<const ascribe::io::FileBytes>(path, "a file");
  const Tensor t =
      Tensor::of_bytes("t", ElementType::int16, {static_cast<Index>(count)},
                       std::make_shared<onnx::TensorBytes>(onnx::TensorBytes{file, file->bytes(), file}));
  CHECK(t.values<std::int16_t>() == numbers);
  CHECK(t.values<std::int32_t>() == std::vector<std::int32_t>(numbers.begin(), numbers.end()));
  std::vector<std::int32_t> small(count, 3);
  small[count - 2] = 1000;
  const Tensor bad = Tensor::of("t", {static_cast<Index>(count)}, small);
  CHECK_THAT(message_of([&] { bad.values<std::int8_t>(); }),
             Contains("element 1048579: ") && Contains("1000"));
}

TEST_CASE("onnx::Tensor: without values") {
  const Tensor shape = Tensor::without_values("x", ElementType::float32, {2});
  CHECK(!shape.has_values());
  CHECK_THAT(message_of([&] { shape.values<float>(); }), Contains("tensor 'x'") && Contains("shape alone"));
  CHECK_THAT(message_of([] { Tensor::without_values("x", ElementType::complex64, {}).bytes(); }),
             Contains("unsupported type complex64"));
  CHECK_THAT(message_of([] { Tensor().values<float>(); }), Contains("undefined"));
}

TEST_CASE("onnx::element_count: no overflow") {
  const Index largest = std::numeric_limits<Index>::max();
  CHECK(onnx::element_count(Dims{}, "x") == 1);
  CHECK(onnx::element_count(Dims{2, 3}, "x") == 6);
  CHECK(onnx::element_count(Dims{largest, 0, largest}, "x") == 0);
  CHECK(onnx::element_count(Dims{Index{1} << 58}, "x") == Index{1} << 58);
  CHECK_THROWS_WITH(onnx::element_count(Dims{Index{1} << 59}, "x"), Contains("x: expected a size that fits"));
  CHECK_THROWS_WITH(onnx::element_count(Dims{Index{1} << 32, Index{1} << 32}, "x"),
                    Contains("fits in memory"));
  CHECK_THROWS_WITH(onnx::element_count(Dims{0, -1}, "x"), Contains("0 or more"));
}

TEST_CASE("onnx: a hostile name does not steer a terminal or fill it") {
  const std::string message =
      message_of([] { Tensor::without_values(std::string(5000, '\x1b'), ElementType::string, {}).bytes(); });
  CHECK(message.size() < 300);
  CHECK(message.find('\x1b') == std::string::npos);
}
