/// Changes to ONNX files that leave them readable: random bytes seldom get past the lengths of protocol
/// buffers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// libFuzzer's own changes to bytes.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace ascribe::fuzz {

/// The messages of onnx.proto that are taken apart; everything else is a number or a string.
enum class Kind {
  model,
  opset,
  function,
  graph,
  node,
  attribute,
  tensor,
  entry,
  value,
  type,
  tensor_type,
  shape,
  dim,
  leaf
};

inline Kind kind_of_field(Kind kind, std::uint64_t tag) {
  struct Child {
    Kind parent;
    std::uint64_t tag;
    Kind kind;
  };
  constexpr std::array<Child, 19> children{{{Kind::model, 7, Kind::graph},
                                            {Kind::model, 8, Kind::opset},
                                            {Kind::model, 25, Kind::function},
                                            {Kind::function, 7, Kind::node},
                                            {Kind::function, 9, Kind::opset},
                                            {Kind::function, 11, Kind::attribute},
                                            {Kind::graph, 1, Kind::node},
                                            {Kind::graph, 5, Kind::tensor},
                                            {Kind::graph, 11, Kind::value},
                                            {Kind::graph, 12, Kind::value},
                                            {Kind::graph, 13, Kind::value},
                                            {Kind::node, 5, Kind::attribute},
                                            {Kind::attribute, 5, Kind::tensor},
                                            {Kind::attribute, 6, Kind::graph},
                                            {Kind::tensor, 13, Kind::entry},
                                            {Kind::value, 2, Kind::type},
                                            {Kind::type, 1, Kind::tensor_type},
                                            {Kind::tensor_type, 2, Kind::shape},
                                            {Kind::shape, 1, Kind::dim}}};
  for (const Child& child : children)
    if (child.parent == kind && child.tag == tag) return child.kind;
  return Kind::leaf;
}

/// A field of a message: a number, bytes, or fields of its own.
struct Field {
  std::uint64_t tag = 0;
  unsigned wire = 0;  ///< 0: varint, 1: 8 bytes, 2: so many bytes, 5: 4 bytes
  std::uint64_t number = 0;
  std::string bytes;
  Kind kind = Kind::leaf;
  std::vector<Field> fields;
};

inline std::optional<std::uint64_t> take_varint(std::string_view& from) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= std::uint64_t(byte & 127u) << shift;
    if (byte < 128) return value;
  }
  return std::nullopt;
}

inline void put_varint(std::string& to, std::uint64_t value) {
  for (; value > 127; value >>= 7) to += static_cast<char>(value | 128);
  to += static_cast<char>(value);
}

/// The fields of a message; none where it is malformed.
inline std::optional<std::vector<Field>> take_apart(std::string_view from, Kind kind) {
  std::vector<Field> fields;
  while (!from.empty()) {
    const auto key = take_varint(from);
    if (!key) return std::nullopt;
    Field field;
    field.tag = *key >> 3;
    field.wire = unsigned(*key & 7);
    std::uint64_t length = field.wire == 1 ? 8 : 4;
    if (field.wire == 0 || field.wire == 2) {
      const auto number = take_varint(from);
      if (!number) return std::nullopt;
      field.number = length = *number;
    } else if (field.wire != 1 && field.wire != 5) {
      return std::nullopt;
    }
    if (field.wire != 0) {
      if (length > from.size()) return std::nullopt;
      field.bytes = std::string(from.substr(0, std::size_t(length)));
      from.remove_prefix(std::size_t(length));
    }
    const Kind child = field.wire == 2 ? kind_of_field(kind, field.tag) : Kind::leaf;
    if (child != Kind::leaf)
      if (auto inside = take_apart(field.bytes, child)) {
        field.kind = child;
        field.fields = std::move(*inside);
      }
    fields.push_back(std::move(field));
  }
  return fields;
}

inline std::string put_together(const std::vector<Field>& fields) {
  std::string to;
  for (const Field& field : fields) {
    put_varint(to, field.tag << 3 | field.wire);
    if (field.wire == 0) {
      put_varint(to, field.number);
      continue;
    }
    const std::string bytes = field.kind == Kind::leaf ? field.bytes : put_together(field.fields);
    if (field.wire == 2) put_varint(to, bytes.size());
    to += bytes;
  }
  return to;
}

/// One field's place: the list that it is in, and its index there.
struct Place {
  std::vector<Field>* list;
  std::size_t index;
  Kind parent;

  Field& field() const { return (*list)[index]; }
};

inline void find_places(std::vector<Field>& fields, Kind kind, std::vector<Place>& places) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    places.push_back({&fields, i, kind});
    find_places(fields[i].fields, fields[i].kind, places);
  }
}

/// Sizes, axes and counts that code trips over.
inline std::uint64_t interesting_number(std::minstd_rand& random) {
  constexpr std::array<std::int64_t, 20> numbers{
      0, 1,  2,  3,       4,         5,         -1,        -2,        -3,        7,
      8, 13, 64, 1 << 16, 1ll << 30, 1ll << 31, 1ll << 32, 1ll << 60, INT64_MAX, INT64_MIN};
  return static_cast<std::uint64_t>(numbers[random() % numbers.size()]);
}

/// One change to a field: to a neighbouring number, to what another field of its kind has, to random bytes;
/// or it goes, or comes twice, or two change places.
inline void change(std::vector<Field>& model, std::minstd_rand& random) {
  std::vector<Place> places;
  find_places(model, Kind::model, places);
  if (places.empty()) return;
  const Place place = places[random() % places.size()];
  std::vector<Place> alike;
  for (const Place& other : places)
    if (other.parent == place.parent && other.field().tag == place.field().tag) alike.push_back(other);
  Field& field = place.field();
  switch (random() % 8) {
    case 0:
      place.list->erase(place.list->begin() + std::ptrdiff_t(place.index));
      return;
    case 1: {
      Field copy = field;
      place.list->insert(place.list->begin() + std::ptrdiff_t(place.index), std::move(copy));
      return;
    }
    case 2:
      std::swap((*place.list)[random() % place.list->size()], field);
      return;
    case 3:
    case 4: {
      Field copy = alike[random() % alike.size()].field();  // it may contain this one, or be inside it
      field = std::move(copy);
      return;
    }
    default:
      break;
  }
  if (field.wire == 0) {
    field.number = random() % 2 == 0 ? interesting_number(random) : field.number + random() % 5 - 2;
  } else if (field.kind == Kind::leaf && field.tag == 7 && place.parent == Kind::tensor) {
    field.bytes.clear();  // int64_data
    for (std::size_t left = random() % 5; left > 0; --left)
      put_varint(field.bytes, interesting_number(random));
  } else if (field.kind == Kind::leaf) {
    std::string bytes = field.bytes;
    bytes.resize(field.bytes.size() + (field.wire == 2 ? 8 : 0));
    bytes.resize(
        LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), field.bytes.size(), bytes.size()));
    if (field.wire != 2) bytes.resize(field.bytes.size());
    field.bytes = std::move(bytes);
  } else {
    field.fields.clear();
  }
}

}  // namespace ascribe::fuzz
