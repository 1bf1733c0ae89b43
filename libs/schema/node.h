#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/json/value.h"
#include "libs/schema/schema.h"
#include "re2/re2.h"

// The compiled form of a schema document. Internal to this library.
namespace agentflow::schema {

enum TypeBit : uint8_t {
  kNullBit = 1, kBoolBit = 2, kIntBit = 4, kNumberBit = 8, kStringBit = 16, kArrayBit = 32,
  kObjectBit = 64, kAllBits = 127
};

// Formats that are checked; the others are annotations.
enum class Format : uint8_t {
  kNone, kDateTime, kDate, kTime, kDuration, kUuid, kEmail, kUri, kIpv4, kIpv6
};
Format FormatNamed(std::string_view name);
bool Matches(Format format, std::string_view text);

struct Node {
  const json::Value* document = nullptr;  // the subschema, inside Schema::document()
  bool refuses_all = false;               // the schema `false`
  uint8_t types = 0;                      // 0: not said
  std::vector<json::Value> values;        // enum, or the one of const
  bool has_values = false;
  const Node* ref = nullptr;

  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  std::optional<int64_t> min_length, max_length, min_items, max_items, min_properties,
      max_properties, min_contains, max_contains;
  std::unique_ptr<RE2> pattern;
  Format format = Format::kNone;

  std::vector<std::pair<std::string, const Node*>> properties;  // sorted
  std::vector<std::pair<std::unique_ptr<RE2>, const Node*>> pattern_properties;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  const Node* additional = nullptr;  // null: not said
  const Node* property_names = nullptr;

  std::vector<const Node*> prefix_items;
  const Node* items = nullptr;
  const Node* contains = nullptr;
  bool unique_items = false;

  std::vector<const Node*> all_of, any_of, one_of;
  const Node* not_ = nullptr;
  const Node* if_ = nullptr;
  const Node* then_ = nullptr;
  const Node* else_ = nullptr;

  const Node* FindProperty(std::string_view name) const;
};

// Compiles `document`; what is wrong with it goes to `problems`. Null only with problems.
struct Graph {
  std::deque<Node> nodes;
  const Node* root = nullptr;
};
Graph CompileGraph(const json::Value& document, std::vector<Violation>& problems);

Type DeduceType(const Node& root);
json::Value CoerceTo(const Node& node, const json::Value& value);
// At most `max_violations`; takes what it uses from `steps`.
std::vector<Violation> ValidateWith(const Node& root, const json::Value& value,
                                    size_t max_violations, int64_t& steps);
uint8_t BitsOf(const json::Value& value);

}  // namespace agentflow::schema
