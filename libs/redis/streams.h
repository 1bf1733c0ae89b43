#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/redis/client.h"

// Redis Streams as work queues: consumer groups, claims, acknowledgement with deletion.
namespace agentflow::redis {

struct StreamEntry {
  std::string id;
  std::vector<std::pair<std::string, std::string>> fields;

  // Empty where there is no such field.
  std::string_view Field(std::string_view name) const;
};

struct StreamBatch {
  std::string stream;
  std::vector<StreamEntry> entries;
};

// Queues XADD <stream> * <field> <value>.
void QueueAdd(Client& client, std::string_view stream, std::string_view field,
              std::string_view value);
// Queues XACK and XDEL of the entries.
void QueueAckDelete(Client& client, std::string_view stream, std::string_view group,
                    const std::vector<std::string>& ids);

// Makes the group (and the stream) where missing; it starts at the stream's first entry.
absl::Status EnsureGroup(Client& client, std::string_view stream, std::string_view group);

// New entries for this consumer, at most `count` of each stream. Waits up to `block_ms` when
// there are none (0: does not wait). Streams without entries are left out. A missing group or
// stream (after a flush) is NOT_FOUND, reason REDIS_GROUP_MISSING: call EnsureGroup.
absl::StatusOr<std::vector<StreamBatch>> ReadGroup(Client& client, std::string_view group,
                                                   std::string_view consumer,
                                                   const std::vector<std::string>& streams,
                                                   int count, int block_ms);

// Takes over entries that another consumer has held unacknowledged for `min_idle_ms`. Entries
// that were deleted meanwhile are left out.
absl::StatusOr<std::vector<StreamEntry>> AutoClaim(Client& client, std::string_view stream,
                                                   std::string_view group,
                                                   std::string_view consumer, int64_t min_idle_ms,
                                                   int count);

}  // namespace agentflow::redis
