/// A node's attributes, read by type, and none overlooked.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "ascribe/core/error.hpp"
#include "ascribe/io/onnx/model.hpp"

namespace ascribe::onnx {

/// Reads a node's attributes by name. What was never asked for is an Error in `finish`: an attribute that
/// nobody knows changes what the node means.
/// Example: `Attributes a(node); const auto axis = a.integer("axis", -1); a.finish();`
class Attributes {
 public:
  /// `node` must outlive this.
  explicit Attributes(const Node& node) : node_(&node), read_(node.attributes.size(), false) {}

  /// Whether the node has the attribute.
  bool has(std::string_view name) const { return index_of(name) < read_.size(); }

  /// The value, or nothing where the node does not have the attribute. T is one of Attribute::Value's types.
  /// Throws Error, naming the node, if the attribute holds something else.
  template <class T>
  const T* find(std::string_view name) {
    const std::size_t i = index_of(name);
    if (i == read_.size()) {
      return nullptr;
    }
    read_[i] = true;
    const Attribute::Value& value = node_->attributes[i].value;
    const T* const result = std::get_if<T>(&value);
    if (result == nullptr) {
      fail(describe(*node_), ": attribute ", shown(name), ": expected ", kind_of(Attribute::Value(T{})),
           ", found ", kind_of(value));
    }
    return result;
  }

  /// An integer, or `otherwise` where the node has none. Throws Error for another type.
  std::int64_t integer(std::string_view name, std::int64_t otherwise) {
    const auto* const value = find<std::int64_t>(name);
    return value != nullptr ? *value : otherwise;
  }

  /// A float, or `otherwise`. Throws Error for another type.
  float real(std::string_view name, float otherwise) {
    const auto* const value = find<float>(name);
    return value != nullptr ? *value : otherwise;
  }

  /// A string, or `otherwise`. Throws Error for another type.
  std::string text(std::string_view name, std::string_view otherwise) {
    const auto* const value = find<std::string>(name);
    return value != nullptr ? *value : std::string(otherwise);
  }

  /// Integers, or nothing. Throws Error for another type.
  std::optional<std::vector<std::int64_t>> integers(std::string_view name) {
    const auto* const value = find<std::vector<std::int64_t>>(name);
    return value != nullptr ? std::optional(*value) : std::nullopt;
  }

  /// An integer of 0 or 1.
  bool flag(std::string_view name, bool otherwise) {
    const std::int64_t value = integer(name, otherwise ? 1 : 0);
    if (value != 0 && value != 1) {
      fail(describe(*node_), ": attribute ", shown(name), ": expected 0 or 1, found ", value);
    }
    return value == 1;
  }

  /// The value of an attribute that the node must have.
  template <class T>
  const T& required(std::string_view name) {
    const T* const value = find<T>(name);
    if (value == nullptr) {
      fail(describe(*node_), ": expected the attribute ", shown(name), ", found none");
    }
    return *value;
  }

  /// An attribute that changes nothing here.
  void ignore(std::string_view name) {
    if (const std::size_t i = index_of(name); i < read_.size()) {
      read_[i] = true;
    }
  }

  /// Throws Error, naming node and attribute, if the node has an attribute that was not read.
  void finish() const {
    if (const auto unread = std::find(read_.begin(), read_.end(), false); unread != read_.end()) {
      const Attribute& attribute = node_->attributes[static_cast<std::size_t>(unread - read_.begin())];
      fail(describe(*node_), ": expected no attribute ", shown(attribute.name), ", found ",
           kind_of(attribute.value));
    }
  }

 private:
  /// The number of attributes where there is none of that name.
  std::size_t index_of(std::string_view name) const {
    const auto found = std::find_if(node_->attributes.begin(), node_->attributes.end(),
                                    [&](const Attribute& attribute) { return attribute.name == name; });
    return static_cast<std::size_t>(found - node_->attributes.begin());
  }

  const Node* node_;
  std::vector<bool> read_;
};

}  // namespace ascribe::onnx
