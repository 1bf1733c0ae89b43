#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/random.h"

namespace agentflow::obs {

// W3C Trace Context, level 1: "00-<32 hex trace id>-<16 hex span id>-<2 hex flags>".
struct TraceContext {
  std::string trace_id;  // 32 lower-case hex digits; empty: no trace
  std::string span_id;   // 16
  bool sampled = true;

  bool empty() const { return trace_id.empty(); }
  bool operator==(const TraceContext&) const = default;
  // The header's value; empty for an empty context.
  std::string ToTraceparent() const;
  // The same trace with a span of its own.
  TraceContext Child(Random& random) const;

  static TraceContext Make(Random& random);
  // nullopt for anything malformed, all-zero ids included.
  static std::optional<TraceContext> Parse(std::string_view traceparent);
};

}  // namespace agentflow::obs
