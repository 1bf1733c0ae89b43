#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/json/value.h"
#include "libs/workflow/problem.h"
#include "libs/workflow/source_text.h"

namespace agentflow::designer {

using Labels = std::map<std::string, std::string>;

// What a draft says: the text as it was written and the document in it. The text always parses
// and always is a workflow document, whatever problems it holds.
struct DraftText {
  std::string source;
  json::Value document;
  std::string content_hash;  // "sha256:<hex>"
};

// A workflow as it is stored: its draft and where its versions stand.
struct Draft {
  std::string id;
  std::string title;
  Labels labels;
  DraftText text;
  int64_t revision = 0;
  int32_t latest_version = 0;
  std::string latest_hash;
  UnixMicros create_time = 0;
  UnixMicros update_time = 0;

  std::string etag() const { return "r" + std::to_string(revision); }
  bool changed() const { return latest_hash != text.content_hash; }
};

struct Version {
  int32_t version = 0;
  std::string content_hash;
  std::string source;
  json::Value document;
  std::string comment;
  std::string creator;
  UnixMicros create_time = 0;
};

// "sha256:<hex>" of the canonical content.
std::string ContentHash(const json::Value& document);

// YAML or JSON text. Errors: those of workflow::ParseText (line and column in the metadata),
// and DOCUMENT_KIND_UNKNOWN for text that is no `kind: Workflow` of agentflow/v1.
absl::StatusOr<DraftText> DraftFromSource(std::string_view source);
// The same for a document that comes as a value; its source is the readable YAML of it.
absl::StatusOr<DraftText> DraftFromDocument(const json::Value& document);
// A draft without nodes, for a workflow created from its name alone.
DraftText EmptyDraft(std::string_view id, std::string_view title);

// Title and labels that the document itself names.
std::string TitleOf(const json::Value& document);
Labels LabelsOf(const json::Value& document);

}  // namespace agentflow::designer
