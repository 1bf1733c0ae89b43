#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

// URL path templates as google/api/http.proto defines them:
//
//   /v1/{name=workflows/*/versions/*}:publish
//
//   Template  = "/" Segments [ ":" LITERAL ]
//   Segments  = Segment { "/" Segment }
//   Segment   = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}"
//
// "*" is one segment, "**" (last only) none or more. "{x}" means "{x=*}".
namespace agentflow::contract {

struct PathSegment {
  enum class Kind { kLiteral, kOne, kRest };
  Kind kind = Kind::kLiteral;
  std::string literal;

  bool operator==(const PathSegment&) const = default;
};

// A variable covers segments [begin, end) of its template.
struct PathVariable {
  std::string field_path;  // as written: "workflow.name"
  size_t begin = 0;
  size_t end = 0;
};

class PathTemplate {
 public:
  // Errors: INVALID_ARGUMENT, reason PATH_TEMPLATE_INVALID.
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);

  const std::vector<PathSegment>& segments() const { return segments_; }
  const std::vector<PathVariable>& variables() const { return variables_; }
  // Without the colon; empty where there is none.
  const std::string& verb() const { return verb_; }
  const std::string& text() const { return text_; }

  // The template without its variables, "/v1/workflows/*:publish": two templates with the same
  // shape match the same paths.
  std::string Shape() const;

  // The value of `variable` on a path that matched, from its raw segments. A variable of one
  // segment is decoded whole; in longer ones "%2F" stays, so that slashes keep their meaning.
  // Errors: INVALID_ARGUMENT, reason PATH_INVALID, for a broken percent escape.
  absl::StatusOr<std::string> Extract(const PathVariable& variable,
                                      const std::vector<std::string_view>& raw_segments) const;

 private:
  std::string text_;
  std::vector<PathSegment> segments_;
  std::vector<PathVariable> variables_;
  std::string verb_;
};

// Decodes %XX; with `keep_slash`, "%2F" is left as it is. Plus signs become spaces when
// `plus_is_space` (query strings only).
// Errors: INVALID_ARGUMENT, reason PATH_INVALID.
absl::StatusOr<std::string> PercentDecode(std::string_view text, bool keep_slash,
                                          bool plus_is_space = false);

// "a=1&b=x%20y" -> {{"a","1"},{"b","x y"}}, in order. The same error as PercentDecode.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view query);

}  // namespace agentflow::contract
