#include "services/executor/payloads/payload_references.h"

#include <algorithm>

namespace agentflow::executor {

bool IsPayloadId(std::string_view id) {
  return id.size() == kPayloadIdSize && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::set<std::string> PayloadsNamedIn(std::string_view bytes) {
  std::set<std::string> ids;
  size_t at = 0;
  while ((at = bytes.find(kPayloadPrefix, at)) != std::string_view::npos) {
    at += kPayloadPrefix.size();
    const std::string_view id = bytes.substr(at, kPayloadIdSize);
    if (IsPayloadId(id)) ids.emplace(id);
  }
  return ids;
}

void KeepReferencedPayloads(pg::Pipeline& db, size_t statement,
                            const std::vector<WritePtr>& writes) {
  pg::TextArray tenant, id;
  pg::IntArray until;
  for (const WritePtr& w : writes) {
    for (const std::string& payload : PayloadsNamedIn(w->events)) {
      tenant.Append(w->facts->tenant);
      id.Append(payload);
      until.Append(w->facts->start_day + w->facts->retention_days);
    }
  }
  if (id.size() == 0) return;
  db.Add(statement, pg::BinaryParams().Array(tenant).Array(id).Array(until));
}

}  // namespace agentflow::executor
