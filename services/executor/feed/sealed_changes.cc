#include "services/executor/feed/sealed_changes.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace agentflow::executor {
namespace {

// No message of protocol buffers begins like this. Then, for each change: the tenant, with the
// size of its name before it; the execution's id; the sealed change, with its size before it.
// Sizes have four bytes, the first one lowest.
constexpr std::string_view kHead{"\0\2", 2};
constexpr size_t kSizeBytes = 4;
constexpr size_t kIdBytes = 16;

void AppendSized(std::string_view text, std::string* body) {
  for (size_t i = 0; i < kSizeBytes; ++i) {
    *body += static_cast<char>((text.size() >> (8 * i)) & 0xff);
  }
  *body += text;
}

bool Take(size_t size, std::string_view* rest, std::string_view* out) {
  if (rest->size() < size) return false;
  *out = rest->substr(0, size);
  rest->remove_prefix(size);
  return true;
}

bool TakeSized(std::string_view* rest, std::string_view* out) {
  std::string_view digits;
  if (!Take(kSizeBytes, rest, &digits)) return false;
  size_t size = 0;
  for (size_t i = 0; i < kSizeBytes; ++i) {
    size |= static_cast<size_t>(static_cast<uint8_t>(digits[i])) << (8 * i);
  }
  return Take(size, rest, out);
}

}  // namespace

void AppendSealedChange(const SealedChange& change, std::string* body) {
  if (body->empty()) *body += kHead;
  AppendSized(change.tenant, body);
  body->append(reinterpret_cast<const char*>(change.execution.bytes().data()), kIdBytes);
  AppendSized(change.sealed, body);
}

bool HoldsSealedChanges(std::string_view body) {
  return body.starts_with(kHead);
}

std::optional<std::vector<SealedChange>> SplitSealedChanges(std::string_view body) {
  std::vector<SealedChange> changes;
  body.remove_prefix(kHead.size());
  while (!body.empty()) {
    SealedChange change;
    std::string_view id;
    if (!TakeSized(&body, &change.tenant) || !Take(kIdBytes, &body, &id) ||
        !TakeSized(&body, &change.sealed)) {
      return std::nullopt;
    }
    std::array<uint8_t, kIdBytes> bytes;
    std::copy(id.begin(), id.end(), bytes.begin());
    change.execution = Uuid(bytes);
    changes.push_back(change);
  }
  return changes;
}

}  // namespace agentflow::executor
