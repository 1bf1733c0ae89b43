#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/json/value.h"
#include "libs/schema/type.h"

// JSON Schema 2020-12, the part that matters for data between nodes:
// type, enum, const, properties, required, additionalProperties, patternProperties,
// propertyNames, dependentRequired, min/maxProperties, items, prefixItems, contains, uniqueItems,
// min/maxItems, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, min/maxLength,
// pattern (RE2), format (date-time, date, time, duration, uuid, email, uri, ipv4, ipv6),
// anyOf, oneOf, allOf, not, if/then/else, $defs and local $ref.
// Annotations (title, description, default, examples) and unknown keywords, `x-...` among them,
// are kept in document() and otherwise ignored.
namespace agentflow::schema {

// One thing that is wrong, with the place in the value as a JSON Pointer ("" is the value).
struct Violation {
  std::string pointer;
  std::string message;  // "expected integer, got string"; "missing required property 'ticket'"
  std::string keyword;  // of the schema: "type", "required", ...
};

struct ValidateLimits {
  size_t violations = 50;     // stops after so many
  int64_t steps = 2'000'000;  // schema applications; more is a violation of its own
};

// A compiled schema. Immutable, thread-safe, cheap to copy.
class Schema {
 public:
  Schema();  // accepts everything

  // `document` is an object or a boolean.
  // Errors: INVALID_ARGUMENT with reason SCHEMA_INVALID, field = pointer of the first problem,
  // and all problems in the message (a document beyond 64 levels is one).
  static absl::StatusOr<Schema> Compile(const json::Value& document);

  // What is wrong with the document as a schema; empty when Compile() takes it.
  static std::vector<Violation> Problems(const json::Value& document);

  // All violations, in the order of the value. Empty: valid.
  std::vector<Violation> Validate(const json::Value& value,
                                  const ValidateLimits& limits = {}) const;

  // The number rule: a declared `number` becomes a double, a declared `integer` an int.
  // What does not fit stays as it is, for Validate() to say.
  json::Value Coerce(const json::Value& value) const;

  // Coerces and validates.
  // Errors: INVALID_ARGUMENT, reason SCHEMA_VIOLATION; the message names each place (`what` +
  // pointer), metadata field = the first pointer.
  absl::StatusOr<json::Value> Accept(const json::Value& value, std::string_view what) const;

  // What the schema promises about its values. Recursive references end as "any".
  // An object schema with `properties` and without `additionalProperties` counts as closed here:
  // people list what they mean, and a misspelt name should be found before anything runs.
  const Type& type() const;

  const json::Value& document() const;

  // The part of document() that describes the value at `pointer` of an instance, local references
  // followed; null where nothing is said. {"x-expression": true} and titles are read from it.
  const json::Value* DescribesAt(std::string_view pointer) const;

 private:
  struct Rep;
  explicit Schema(std::nullptr_t) {}
  std::shared_ptr<const Rep> rep_;
};

}  // namespace agentflow::schema
