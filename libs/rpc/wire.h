#pragma once

// For the .cc files of this library only: the border to gRPC.

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "libs/rpc/stream.h"

namespace agentflow::rpc {

// False when the message has no wire form (over 2 GiB).
bool Serialize(const google::protobuf::MessageLite& message, grpc::ByteBuffer* out);
// Takes the text over without a copy.
grpc::ByteBuffer BufferFromString(std::string text);

class BufferPayload final : public Payload {
 public:
  explicit BufferPayload(grpc::ByteBuffer* buffer) : buffer_(buffer) {}

  bool ParseTo(google::protobuf::MessageLite* message) const override;
  std::string ToString() const override;
  size_t size() const override { return buffer_->Length(); }
  // The bytes themselves, shared.
  const grpc::ByteBuffer& buffer() const { return *buffer_; }

 private:
  grpc::ByteBuffer* buffer_;
};

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

// Writes may wait for the transport up to this many bytes a stream.
inline constexpr size_t kMaxQueuedBytes = 16u << 20;
absl::Status BacklogError();

}  // namespace agentflow::rpc
