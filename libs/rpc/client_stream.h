#pragma once

// For the .cc files of this library only.

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "libs/rpc/stream.h"
#include "libs/rpc/wire.h"

namespace agentflow::rpc {

// The client's end of a stream over gRPC's callback interface. Holds itself until the stream is
// over. One hold on the call stands until no operation can start from outside any more.
class ClientStreamCall final : public RawClientStream,
                               public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                               public std::enable_shared_from_this<ClientStreamCall> {
 public:
  grpc::ClientContext& context() { return context_; }
  // Opens the call; nothing is read before Start. `path` with its leading slash.
  void Open(grpc::GenericStub& stub, const std::string& path);

  bool Write(const google::protobuf::MessageLite& message) override;
  bool WriteBytes(std::string message) override;
  bool WriteBuffer(grpc::ByteBuffer buffer);
  size_t queued_bytes() const override;
  void WritesDone() override;
  void OnEnd(std::function<void(const absl::Status&)> done) override;
  void OnDrained(std::function<void()> drained) override;
  void Start(OnMessage message, std::function<void()> half_closed, bool manual_reads) override;
  void ReadNext() override;
  void Cancel() override;

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnWritesDoneDone(bool) override {}
  void OnDone(const grpc::Status& status) override;

  // Starts the next write, or the half-close, where none is under way.
  void Pump();
  // Lets the call end once both directions are closed for us.
  void ReleaseHold();

  grpc::ClientContext context_;
  std::shared_ptr<ClientStreamCall> self_;

  mutable std::mutex mutex_;
  std::deque<grpc::ByteBuffer> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool writes_done_ = false;       // asked for
  bool writes_done_sent_ = false;  // and sent
  bool broken_ = false;            // a read or write failed: the status is on its way
  bool backlog_ = false;
  int starting_ = 0;  // threads inside a Start* function
  bool hold_released_ = false;
  bool over_ = false;
  absl::Status end_status_;
  std::function<void(const absl::Status&)> on_end_;
  std::function<void()> on_drained_;

  OnMessage on_message_;
  std::function<void()> on_half_close_;
  bool manual_reads_ = false;
  grpc::ByteBuffer read_buffer_;
  grpc::ByteBuffer write_buffer_;
};

}  // namespace agentflow::rpc
