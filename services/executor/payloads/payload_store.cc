#include "services/executor/payloads/payload_store.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"

namespace agentflow::executor {
namespace {

constexpr size_t kMaxContentType = 127;
constexpr pg::Statement kPut = {
    "payload_put",
    "INSERT INTO payload AS p (tenant_id, payload_id, content_type, body, creator, kept_until) "
    "VALUES (af.tenant(), $1, $2, $3::bytea, $4, floor(extract(epoch FROM now()) / 86400)::int "
    "+ $5::int) ON CONFLICT (tenant_id, payload_id) DO UPDATE "
    "SET kept_until = greatest(p.kept_until, excluded.kept_until) "
    "RETURNING create_time, creator"};
constexpr pg::Statement kGet = {
    "payload_get",
    "SELECT content_type, body, create_time, creator FROM payload WHERE payload_id = $1"};

absl::Status CheckContentType(const std::string& type) {
  const bool plain = std::ranges::all_of(type, [](char c) { return c >= ' ' && c <= '~'; });
  if (plain && type.size() <= kMaxContentType && type.find('/') != std::string::npos) {
    return absl::OkStatus();
  }
  return InvalidArgument("CONTENT_TYPE_INVALID", "payload.contentType",
                         "A content type is a media type like application/json, of at most " +
                             std::to_string(kMaxContentType) + " ASCII characters.");
}

absl::Status PayloadNotFound() {
  return NotFound("PAYLOAD_NOT_FOUND", "There is no such payload, or it is kept no longer.");
}

std::string IdOf(const std::string& content_type, const std::string& data) {
  return crypto::Sha256Hex(content_type + "\n" + data);
}

absl::StatusOr<std::string> OpenPayload(const absl::StatusOr<TenantSealPtr>& seal,
                                        const StoredPayload& stored) {
  if (ReasonOf(seal.status()) == "TENANT_KEY_DESTROYED") return PayloadNotFound();
  // One of a version that did not seal may begin as any bytes do; its id tells it.
  if (crypto::IsSealed(stored.data) && IdOf(stored.content_type, stored.data) == stored.id) {
    return stored.data;
  }
  return OpenStored(seal, PayloadPlace(stored.id), stored.data);
}

}  // namespace

absl::StatusOr<StoredPayload> PayloadStore::Put(const std::string& tenant,
                                                const std::string& creator,
                                                std::string content_type,
                                                const std::string& data) {
  if (data.size() > limits_.bytes) {
    return Error(absl::StatusCode::kInvalidArgument, "PAYLOAD_TOO_LARGE",
                 "payload.data has " + std::to_string(data.size()) +
                     " bytes; a payload has at most " + std::to_string(limits_.bytes) +
                     ". Split it, or keep it elsewhere and pass its address.",
                 {{kErrorField, "payload.data"}, {kErrorLimit, "payload.bytes"}});
  }
  if (content_type.empty()) content_type = "application/octet-stream";
  AF_RETURN_IF_ERROR(CheckContentType(content_type));
  StoredPayload stored{.id = IdOf(content_type, data),
                       .content_type = std::move(content_type),
                       .size_bytes = static_cast<int64_t>(data.size())};
  AF_ASSIGN_OR_RETURN(const TenantSealPtr seal, keys_.Get(tenant));
  const std::string body = seal->Seal(PayloadPlace(stored.id), data);
  AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(const pg::Result rows,
                        tx.Exec(kPut, stored.id, stored.content_type, pg::Bytea{body}, creator,
                                limits_.unused_days));
    stored.create_time = rows[0].Time(0);
    stored.creator = rows[0].Text(1);
    return absl::OkStatus();
  }));
  return stored;
}

absl::StatusOr<StoredPayload> PayloadStore::Get(const std::string& tenant, const std::string& id) {
  StoredPayload stored;
  AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kGet, id));
    if (rows.empty()) return PayloadNotFound();
    stored = {.id = id,
              .content_type = std::string(rows[0].Text(0)),
              .data = rows[0].Bytes(1),
              .create_time = rows[0].Time(2),
              .creator = std::string(rows[0].Text(3))};
    return absl::OkStatus();
  }));
  AF_ASSIGN_OR_RETURN(stored.data, OpenPayload(keys_.Open(tenant), stored));
  stored.size_bytes = static_cast<int64_t>(stored.data.size());
  return stored;
}

}  // namespace agentflow::executor
