#pragma once

#include <string>

#include "absl/status/status.h"

namespace google::rpc {
class Status;
}

// Errors on the wire: google.rpc.Status with one google.rpc.ErrorInfo {reason, domain
// "agentflow", metadata}. Loses nothing either way.
namespace agentflow::rpc {

inline constexpr char kErrorDomain[] = "agentflow";

void StatusToProto(const absl::Status& status, google::rpc::Status* out);
absl::Status StatusFromProto(const google::rpc::Status& status);

// `details` is a serialized google.rpc.Status, as in grpc-status-details-bin; it may be empty.
absl::Status StatusFromWire(int code, const std::string& message, const std::string& details);
std::string StatusDetails(const absl::Status& status);

}  // namespace agentflow::rpc
