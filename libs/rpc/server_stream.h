#pragma once

// For the .cc files of this library only.

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "libs/rpc/server_impl.h"
#include "libs/rpc/stream.h"
#include "libs/rpc/wire.h"

namespace agentflow::rpc {

// The server's end of a stream over gRPC's callback interface. Holds itself until gRPC is done
// with it; afterwards it only answers that it is over.
class ServerStreamCall final : public RawServerStream,
                               public grpc::ServerGenericBidiReactor,
                               public std::enable_shared_from_this<ServerStreamCall> {
 public:
  // `method` is null for forwarded calls.
  ServerStreamCall(ServerRep* server, MethodEntry* method)
      : server_(server),
        method_(method),
        began_(std::chrono::steady_clock::now()),
        in_flight_(std::make_unique<InFlight>(server)),
        call_(std::make_shared<Call>()) {}

  // Call before the reactor is handed to gRPC.
  void HoldSelf() { self_ = shared_from_this(); }
  const std::shared_ptr<Call>& shared_call() const { return call_; }

  const Call& call() const override { return *call_; }
  bool Write(const google::protobuf::MessageLite& message) override;
  bool WriteBytes(std::string message) override;
  bool WriteBuffer(grpc::ByteBuffer buffer);
  // The last message and the end in one; for forwarded unary calls.
  void WriteAndEnd(grpc::ByteBuffer buffer);
  size_t queued_bytes() const override;
  void Finish(const absl::Status& status) override;
  void OnEnd(std::function<void(const absl::Status&)> done) override;
  void OnDrained(std::function<void()> drained) override;
  void Start(OnMessage message, std::function<void()> half_closed, bool manual_reads) override;
  void ReadNext() override;
  void Cancel() override;

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // Starts the next write, or the end, where none is under way.
  void Pump();

  ServerRep* const server_;
  MethodEntry* const method_;
  const std::chrono::steady_clock::time_point began_;
  std::unique_ptr<InFlight> in_flight_;
  const std::shared_ptr<Call> call_;
  std::shared_ptr<ServerStreamCall> self_;

  mutable std::mutex mutex_;
  std::deque<grpc::ByteBuffer> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  int starting_ = 0;                    // threads inside a Start* function
  std::optional<absl::Status> finish_;  // asked for
  bool finish_sent_ = false;
  bool end_with_write_ = false;
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
