#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/json/value.h"
#include "libs/workflow/string_map.h"

// Text of a workflow document, YAML or JSON, as a JSON value that knows where each part stood.
namespace agentflow::workflow {

// From 1; 0 where unknown.
struct Position {
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

// JSON Pointer -> position in the text.
class Positions {
 public:
  // `content_shift`: columns from the position to the first character of a text's content (1 for
  // a quoted one); negative where that is unknown.
  void Set(std::string pointer, Position position, int content_shift = 0) {
    map_[std::move(pointer)] = {position, content_shift};
  }
  // Of the value at `pointer`, else of the nearest value around it (the target of an alias, a
  // missing field), else {0, 0}.
  Position Find(std::string_view pointer) const;
  // Where the content of exactly that text begins; {0, 0} where unknown.
  Position FindContent(std::string_view pointer) const;
  bool empty() const { return map_.empty(); }
  size_t size() const { return map_.size(); }

 private:
  struct Entry {
    Position position;
    int content_shift = 0;
  };
  StringMap<Entry> map_;
};

enum class TextFormat { kYaml, kJson };

struct SourceText {
  json::Value value;
  Positions positions;
  TextFormat format = TextFormat::kYaml;
};

struct TextLimits {
  // A workflow travels as text and as a document in one message of at most 8 MiB.
  size_t bytes = 2u << 20;
  int depth = 32;
  // Aliases in one text, and values after all aliases are followed.
  int aliases = 100;
  size_t values = 1'000'000;
};

// Reads YAML 1.2 or JSON. Text whose first character other than white space is `{` or `[` and
// that is valid JSON is read as JSON, all other text as YAML.
//
// YAML: plain scalars have the types of the 1.2 core schema and nothing else (`no`, `12:30` and
// 2026-01-01 are strings, 0o17 and 0x1f are numbers); tags other than the core ones, merge keys
// (`<<`), keys that are not scalars, `.inf` and `.nan`, and a second document are refused. Keys
// are always text.
//
// Errors are INVALID_ARGUMENT with the position in message and metadata ("line", "column") and
// one of the reasons TEXT_TOO_LARGE, TEXT_NOT_UTF8, TEXT_EMPTY, JSON_MALFORMED, YAML_MALFORMED,
// YAML_TAG_UNKNOWN, YAML_MERGE_KEY, YAML_KEY_NOT_TEXT, YAML_ALIAS_LIMIT, YAML_NUMBER_NOT_JSON,
// YAML_MANY_DOCUMENTS, DUPLICATE_KEY, TEXT_TOO_DEEP.
absl::StatusOr<SourceText> ParseText(std::string_view text, const TextLimits& limits = {});

// The same for text known to be of one kind.
absl::StatusOr<SourceText> ParseYaml(std::string_view text, const TextLimits& limits = {});
absl::StatusOr<SourceText> ParseJson(std::string_view text, const TextLimits& limits = {});

}  // namespace agentflow::workflow
