#include "services/executor/sealing/tenant_seal.h"

#include <algorithm>
#include <array>

#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

// The kinds of scopes; no scope of one kind is one of another.
constexpr char kExecution = 'x';
constexpr char kPayload = 'p';
constexpr char kDocument = 'd';

std::string ScopeOf(const Uuid& execution) {
  std::string scope(1, kExecution);
  scope.append(reinterpret_cast<const char*>(execution.bytes().data()), execution.bytes().size());
  return scope;
}

std::string BoundTo(const Place& place) {
  return std::string(place.table) + "/" + place.row;
}

// "execution 0198a1b2-...", "payload 3a5f..."
std::string NameOf(const Place& place) {
  const std::string id = place.scope.substr(1);
  switch (place.scope[0]) {
    case kPayload:
      return "payload " + id;
    case kDocument:
      return "document " + id;
    default:
      break;
  }
  std::array<uint8_t, 16> bytes{};
  std::copy_n(id.begin(), std::min(id.size(), bytes.size()), bytes.begin());
  return "execution " + Uuid(bytes).ToString();
}

}  // namespace

Place JournalPlace(const Uuid& execution, int64_t first_sequence) {
  return {"journal", ScopeOf(execution), std::to_string(first_sequence)};
}

Place SnapshotPlace(const Uuid& execution, int64_t sequence) {
  return {"snapshot", ScopeOf(execution), std::to_string(sequence)};
}

Place PayloadPlace(const std::string& id) {
  return {"payload", kPayload + id, ""};
}

Place DocumentPlace(const std::string& content_hash) {
  return {"document", kDocument + content_hash, ""};
}

Place ChangePlace(const Uuid& execution, std::string_view committer, int64_t sequence) {
  return {"event_batch", ScopeOf(execution),
          std::string(committer) + "/" + std::to_string(sequence)};
}

Place ApprovalPlace(const Uuid& execution, const Uuid& approval, std::string_view column) {
  return {"approval", ScopeOf(execution), approval.ToString() + "/" + std::string(column)};
}

Place FailurePlace(const Uuid& execution) {
  return {"closed_execution", ScopeOf(execution), ""};
}

std::string TenantSeal::Seal(const Place& place, std::string_view body) const {
  return key_.Derive(place.scope).Seal(body, BoundTo(place));
}

absl::StatusOr<std::string> TenantSeal::Open(const Place& place, std::string_view sealed) const {
  absl::StatusOr<std::string> body = key_.Derive(place.scope).Open(sealed, BoundTo(place));
  if (body.ok()) return body;
  ++*broken_;
  const std::string name = NameOf(place);
  obs::Error("a body cannot be opened", {{"tenant", tenant_},
                                         {"of", name},
                                         {"place", BoundTo(place)}});
  return Error(absl::StatusCode::kDataLoss, "SEAL_BROKEN",
               "What is stored of " + name + " (" + BoundTo(place) +
                   ") cannot be opened: it was changed, moved here from another row, or sealed "
                   "with another key. Restore the row.");
}

absl::StatusOr<std::string> OpenStored(const absl::StatusOr<TenantSealPtr>& seal,
                                       const Place& place, std::string_view stored) {
  if (!crypto::IsSealed(stored)) return std::string(stored);
  if (!seal.ok()) return seal.status();
  return (*seal)->Open(place, stored);
}

}  // namespace agentflow::executor
