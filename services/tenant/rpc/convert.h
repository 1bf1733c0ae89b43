#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agentflow/api/v1/tenant.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/rpc/call.h"
#include "services/tenant/actor.h"
#include "services/tenant/tenants/quotas.h"

// What the handlers share: from messages to plain values and back.
namespace agentflow::tenant {

Actor ActorOf(const rpc::Call& call);

// "users/{uuid}" -> the id; the nil id, which belongs to nothing, for any other text, so that a
// malformed name gets the same answer as an unknown one.
Uuid IdIn(std::string_view name, std::string_view collection);
// "tenants/acme" -> "acme"; empty for any other text.
std::string SlugIn(std::string_view name);

std::string EtagOf(int64_t version);
// 0 for an empty etag (no condition), -1 (which no version is) for one that is none of ours.
int64_t VersionIn(std::string_view etag);

void SetTime(UnixMicros micros, google::protobuf::Timestamp* out);
UnixMicros TimeIn(const google::protobuf::Timestamp& time);

Quotas QuotasIn(const api::v1::Quotas& quotas);
void SetQuotas(const Quotas& quotas, api::v1::Quotas* out);

// Whether an update is meant to change `path`: named by the mask or by "*", or, without a mask,
// when the request has a value for it.
bool Names(const google::protobuf::FieldMask& mask, std::string_view path, bool has_value);
// UPDATE_MASK_INVALID when the mask names anything but `known` (and "*").
absl::Status CheckMask(const google::protobuf::FieldMask& mask,
                       std::initializer_list<std::string_view> known);

}  // namespace agentflow::tenant
