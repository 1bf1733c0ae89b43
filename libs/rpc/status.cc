#include "libs/rpc/status.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/status.h"

namespace agentflow::rpc {

void StatusToProto(const absl::Status& status, google::rpc::Status* out) {
  out->set_code(static_cast<int>(status.code()));
  out->set_message(MessageOf(status));
  if (status.ok()) return;
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonOf(status));
  info.set_domain(kErrorDomain);
  for (const auto& [key, value] : MetadataOf(status)) (*info.mutable_metadata())[key] = value;
  out->add_details()->PackFrom(info);
}

absl::Status StatusFromProto(const google::rpc::Status& status) {
  if (status.code() == 0) return absl::OkStatus();
  auto code = static_cast<absl::StatusCode>(status.code());
  google::rpc::ErrorInfo info;
  for (const google::protobuf::Any& detail : status.details()) {
    if (!detail.UnpackTo(&info)) continue;
    return Error(code, info.reason(), status.message(),
                 ErrorMetadata(info.metadata().begin(), info.metadata().end()));
  }
  return Error(code, absl::StatusCodeToString(code), status.message());
}

absl::Status StatusFromWire(int code, const std::string& message, const std::string& details) {
  if (code == 0) return absl::OkStatus();
  google::rpc::Status status;
  if (!details.empty() && status.ParseFromString(details) && status.code() == code) {
    return StatusFromProto(status);
  }
  // Not from a handler: from the way there.
  switch (static_cast<absl::StatusCode>(code)) {
    case absl::StatusCode::kUnavailable:
      return Unavailable("PEER_UNAVAILABLE", message);
    case absl::StatusCode::kDeadlineExceeded:
      return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                   "no answer within the call's deadline");
    case absl::StatusCode::kUnimplemented:
      return Error(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN",
                   message.empty() ? "the server has no such method" : message);
    case absl::StatusCode::kResourceExhausted:
      if (message.find("larger than max") != std::string::npos) {
        return Error(absl::StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE", message,
                     {{kErrorLimit, "max_message_bytes"}});
      }
      break;
    default:
      break;
  }
  auto absl_code = static_cast<absl::StatusCode>(code);
  return Error(absl_code, absl::StatusCodeToString(absl_code), message);
}

std::string StatusDetails(const absl::Status& status) {
  google::rpc::Status proto;
  StatusToProto(status, &proto);
  return proto.SerializeAsString();
}

}  // namespace agentflow::rpc
