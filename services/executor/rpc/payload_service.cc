#include "services/executor/rpc/payload_service.h"

#include "agentflow/api/v1/payload.pb.h"
#include "libs/base/status.h"
#include "services/executor/payloads/payload_references.h"
#include "services/executor/rpc/convert.h"

namespace agentflow::executor {
namespace {

api::Payload ToProto(StoredPayload stored) {
  api::Payload out;
  out.set_name(std::string(kPayloadPrefix) + stored.id);
  out.set_content_type(stored.content_type);
  out.set_data(std::move(stored.data));
  out.set_size_bytes(stored.size_bytes);
  Set(stored.create_time, out.mutable_create_time());
  out.set_creator(stored.creator);
  return out;
}

absl::StatusOr<api::Payload> CreatePayload(PayloadStore& payloads, const rpc::Call& call,
                                           const api::CreatePayloadRequest& request) {
  const api::Payload& given = request.payload();
  AF_ASSIGN_OR_RETURN(StoredPayload stored,
                      payloads.Put(call.tenant(), call.principal().name, given.content_type(),
                                   given.data()));
  return ToProto(std::move(stored));
}

absl::StatusOr<api::Payload> GetPayload(PayloadStore& payloads, const rpc::Call& call,
                                        const api::GetPayloadRequest& request) {
  const std::string& name = request.name();
  if (!name.starts_with(kPayloadPrefix) || !IsPayloadId(name.substr(kPayloadPrefix.size()))) {
    return InvalidArgument("NAME_INVALID", "name",
                           "A payload's name is payloads/ and 64 hex digits (0-9, a-f).");
  }
  AF_ASSIGN_OR_RETURN(StoredPayload stored,
                      payloads.Get(call.tenant(), name.substr(kPayloadPrefix.size())));
  return ToProto(std::move(stored));
}

}  // namespace

void RegisterPayloadService(rpc::Server& server, PayloadStore& payloads) {
  const std::string service = "agentflow.api.v1.PayloadService/";
  server.Unary<api::CreatePayloadRequest, api::Payload>(
      service + "CreatePayload", [&payloads](const auto& call, const auto& request) {
        return CreatePayload(payloads, call, request);
      });
  server.Unary<api::GetPayloadRequest, api::Payload>(
      service + "GetPayload", [&payloads](const auto& call, const auto& request) {
        return GetPayload(payloads, call, request);
      });
}

}  // namespace agentflow::executor
