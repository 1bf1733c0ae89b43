#include "libs/redis/streams.h"

#include <utility>

#include "libs/base/status.h"

namespace agentflow::redis {
namespace {

// [id, [field, value, ...]]; nothing for an entry that was deleted meanwhile.
bool ToEntry(const Reply& raw, StreamEntry* entry) {
  if (raw.items.size() != 2 || raw.items[1].is_nil()) return false;
  entry->id = raw.items[0].text;
  const std::vector<Reply>& flat = raw.items[1].items;
  for (size_t i = 0; i + 1 < flat.size(); i += 2) {
    entry->fields.emplace_back(flat[i].text, flat[i + 1].text);
  }
  return true;
}

}  // namespace

std::string_view StreamEntry::Field(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (field == name) return value;
  }
  return {};
}

void QueueAdd(Client& client, std::string_view stream, std::string_view field,
              std::string_view value) {
  client.Queue({"XADD", stream, "*", field, value});
}

void QueueAckDelete(Client& client, std::string_view stream, std::string_view group,
                    const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  Client::Arguments acknowledge = {"XACK", stream, group};
  Client::Arguments erase = {"XDEL", stream};
  acknowledge.insert(acknowledge.end(), ids.begin(), ids.end());
  erase.insert(erase.end(), ids.begin(), ids.end());
  client.Queue(acknowledge);
  client.Queue(erase);
}

absl::Status EnsureGroup(Client& client, std::string_view stream, std::string_view group) {
  absl::StatusOr<Reply> made = client.Call({"XGROUP", "CREATE", stream, group, "0", "MKSTREAM"});
  if (made.ok() || MessageOf(made.status()).find("BUSYGROUP") != std::string::npos) {
    return absl::OkStatus();
  }
  return made.status();
}

absl::StatusOr<std::vector<StreamBatch>> ReadGroup(Client& client, std::string_view group,
                                                   std::string_view consumer,
                                                   const std::vector<std::string>& streams,
                                                   int count, int block_ms) {
  const std::string count_text = std::to_string(count);
  const std::string block_text = std::to_string(block_ms);
  Client::Arguments arguments = {"XREADGROUP", "GROUP", group, consumer, "COUNT", count_text};
  if (block_ms > 0) arguments.insert(arguments.end(), {"BLOCK", block_text});
  arguments.push_back("STREAMS");
  arguments.insert(arguments.end(), streams.begin(), streams.end());
  for (size_t i = 0; i < streams.size(); ++i) arguments.push_back(">");
  absl::StatusOr<Reply> reply = client.Call(arguments, block_ms);
  if (!reply.ok()) {
    if (MessageOf(reply.status()).find("NOGROUP") != std::string::npos) {
      return NotFound("REDIS_GROUP_MISSING", "A stream or its consumer group is gone.");
    }
    return reply.status();
  }
  std::vector<StreamBatch> batches;
  for (const Reply& raw : reply->items) {
    if (raw.items.size() != 2) continue;
    StreamBatch batch{.stream = raw.items[0].text};
    for (const Reply& item : raw.items[1].items) {
      StreamEntry entry;
      if (ToEntry(item, &entry)) batch.entries.push_back(std::move(entry));
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

absl::StatusOr<std::vector<StreamEntry>> AutoClaim(Client& client, std::string_view stream,
                                                   std::string_view group,
                                                   std::string_view consumer, int64_t min_idle_ms,
                                                   int count) {
  const std::string idle = std::to_string(min_idle_ms);
  const std::string count_text = std::to_string(count);
  AF_ASSIGN_OR_RETURN(const Reply reply, client.Call({"XAUTOCLAIM", stream, group, consumer, idle,
                                                      "0", "COUNT", count_text}));
  std::vector<StreamEntry> entries;
  if (reply.items.size() < 2) return entries;
  for (const Reply& item : reply.items[1].items) {
    StreamEntry entry;
    if (ToEntry(item, &entry)) entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace agentflow::redis
