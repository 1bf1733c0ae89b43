#include "libs/rpc/stream.h"

#include "libs/base/status.h"

namespace agentflow::rpc {

absl::Status MalformedMessageError() {
  return Error(absl::StatusCode::kInvalidArgument, "MESSAGE_MALFORMED",
               "the bytes are not a message of this method's type");
}

}  // namespace agentflow::rpc
