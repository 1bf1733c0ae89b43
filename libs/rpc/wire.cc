#include "libs/rpc/wire.h"

#include <grpcpp/support/proto_buffer_writer.h>
#include <grpcpp/support/slice.h>

#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/status.h"

namespace agentflow::rpc {

bool Serialize(const google::protobuf::MessageLite& message, grpc::ByteBuffer* out) {
  size_t size = message.ByteSizeLong();
  if (size > INT_MAX) return false;
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  grpc::ByteBuffer buffer(&slice, 1);
  out->Swap(&buffer);
  return true;
}

grpc::ByteBuffer BufferFromString(std::string text) {
  if (text.size() < 256) {
    grpc::Slice slice(text);
    return grpc::ByteBuffer(&slice, 1);
  }
  auto* owned = new std::string(std::move(text));
  grpc::Slice slice(
      owned->data(), owned->size(), [](void* data) { delete static_cast<std::string*>(data); },
      owned);
  return grpc::ByteBuffer(&slice, 1);
}

bool BufferPayload::ParseTo(google::protobuf::MessageLite* message) const {
  if (!buffer_->Valid()) return false;
  grpc::ProtoBufferReader reader(buffer_);
  return reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
}

std::string BufferPayload::ToString() const {
  std::string out;
  std::vector<grpc::Slice> slices;
  if (!buffer_->Valid() || !buffer_->Dump(&slices).ok()) return out;
  out.reserve(buffer_->Length());
  for (const grpc::Slice& slice : slices) {
    out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return out;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), MessageOf(status),
                      StatusDetails(status));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return StatusFromWire(status.error_code(), status.error_message(), status.error_details());
}

absl::Status BacklogError() {
  return Error(absl::StatusCode::kResourceExhausted, "STREAM_BACKLOG",
               "the receiver does not read as fast as messages come; open the stream again",
               {{kErrorLimit, "stream_queued_bytes"}});
}

}  // namespace agentflow::rpc
