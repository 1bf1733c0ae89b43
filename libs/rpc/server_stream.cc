#include "libs/rpc/server_stream.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::rpc {
namespace {

absl::Status Broken() {
  return Error(absl::StatusCode::kCancelled, "STREAM_CANCELLED", "the stream was broken off");
}

}  // namespace

bool ServerStreamCall::Write(const google::protobuf::MessageLite& message) {
  grpc::ByteBuffer buffer;
  return Serialize(message, &buffer) && WriteBuffer(std::move(buffer));
}

bool ServerStreamCall::WriteBytes(std::string message) {
  return WriteBuffer(BufferFromString(std::move(message)));
}

bool ServerStreamCall::WriteBuffer(grpc::ByteBuffer buffer) {
  bool fits = false;
  {
    std::lock_guard lock(mutex_);
    if (over_ || finish_) return false;
    queued_bytes_ += buffer.Length();
    fits = queued_bytes_ <= kMaxQueuedBytes;
    if (fits) {
      queue_.push_back(std::move(buffer));
    } else {
      queue_.clear();
      finish_ = BacklogError();
    }
  }
  Pump();
  return fits;
}

void ServerStreamCall::WriteAndEnd(grpc::ByteBuffer buffer) {
  {
    std::lock_guard lock(mutex_);
    if (over_ || finish_) return;
    finish_ = absl::OkStatus();
    end_with_write_ = true;
    queue_.push_back(std::move(buffer));
  }
  Pump();
}

size_t ServerStreamCall::queued_bytes() const {
  std::lock_guard lock(mutex_);
  return queued_bytes_;
}

void ServerStreamCall::Finish(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (over_ || finish_) return;
    finish_ = method_ != nullptr ? server_->Outward(*call_, status) : status;
  }
  Pump();
}

void ServerStreamCall::Cancel() {
  {
    std::lock_guard lock(mutex_);
    if (over_ || finish_) return;
    queue_.clear();
    finish_ = Broken();
  }
  Pump();
}

void ServerStreamCall::OnEnd(std::function<void(const absl::Status&)> done) {
  {
    std::lock_guard lock(mutex_);
    if (!over_) {
      on_end_ = std::move(done);
      return;
    }
  }
  done(end_status_);
}

void ServerStreamCall::OnDrained(std::function<void()> drained) {
  std::lock_guard lock(mutex_);
  if (!over_) on_drained_ = std::move(drained);
}

void ServerStreamCall::Start(OnMessage message, std::function<void()> half_closed,
                             bool manual_reads) {
  {
    std::lock_guard lock(mutex_);
    if (over_) return;
    on_message_ = std::move(message);
    on_half_close_ = std::move(half_closed);
    manual_reads_ = manual_reads;
  }
  if (!manual_reads) ReadNext();
}

void ServerStreamCall::ReadNext() {
  {
    std::lock_guard lock(mutex_);
    if (over_ || finish_sent_) return;
    ++starting_;
  }
  StartRead(&read_buffer_);
  {
    std::lock_guard lock(mutex_);
    --starting_;
  }
  Pump();
}

void ServerStreamCall::OnReadDone(bool ok) {
  try {
    if (!ok) {
      if (on_half_close_) on_half_close_();
      return;
    }
    // With manual reads the handler may have asked for the next message before it returns.
    grpc::ByteBuffer buffer;
    buffer.Swap(&read_buffer_);
    BufferPayload payload(&buffer);
    on_message_(payload);
  } catch (const std::exception& error) {
    obs::Error("a stream handler threw", {{"method", call_->method}, {"error", error.what()}});
    return Finish(Internal("HANDLER_THREW", "the handler of a message threw"));
  }
  if (!manual_reads_) ReadNext();
}

void ServerStreamCall::Pump() {
  bool end = false;
  bool end_with_write = false;
  grpc::Status status;
  {
    std::lock_guard lock(mutex_);
    if (over_ || writing_ || finish_sent_) return;
    end_with_write = end_with_write_;
    if (!queue_.empty() && !end_with_write) {
      writing_ = true;
      write_buffer_ = std::move(queue_.front());
      queue_.pop_front();
      ++starting_;
    } else if (finish_ && starting_ == 0) {
      // gRPC may end the call as soon as this is sent, so no other operation may be starting.
      finish_sent_ = true;
      end = true;
      status = ToGrpc(*finish_);
      if (end_with_write) write_buffer_ = std::move(queue_.front());
    } else {
      return;
    }
  }
  if (end) {
    end_with_write ? StartWriteAndFinish(&write_buffer_, grpc::WriteOptions(), status)
                   : grpc::ServerGenericBidiReactor::Finish(status);
    return;
  }
  StartWrite(&write_buffer_);
  {
    std::lock_guard lock(mutex_);
    --starting_;
    if (writing_) return;
  }
  // The write was done before this thread came back: whoever saw `starting_` left the rest to us.
  Pump();
}

void ServerStreamCall::OnWriteDone(bool ok) {
  std::function<void()> drained;
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    queued_bytes_ -= std::min(queued_bytes_, write_buffer_.Length());
    write_buffer_.Clear();
    if (!ok) {
      queue_.clear();
      queued_bytes_ = 0;
      if (!finish_) finish_ = Broken();
    } else if (queue_.empty() && !finish_) {
      drained = on_drained_;
    }
  }
  Pump();
  if (drained) drained();
}

void ServerStreamCall::OnCancel() {
  call_->cancelled.store(true, std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    queue_.clear();
    queued_bytes_ = 0;
    end_with_write_ = false;
    if (!finish_) finish_ = Broken();
  }
  Pump();
}

void ServerStreamCall::OnDone() {
  std::function<void(const absl::Status&)> on_end;
  std::shared_ptr<ServerStreamCall> self;
  {
    std::lock_guard lock(mutex_);
    over_ = true;
    end_status_ = finish_ ? *finish_ : Broken();
    if (end_status_.ok() && call_->cancelled.load()) end_status_ = Broken();
    on_end = std::move(on_end_);
    on_end_ = nullptr;
    on_drained_ = nullptr;
    queue_.clear();
    queued_bytes_ = 0;
    self = std::move(self_);
  }
  if (on_end) on_end(end_status_);
  on_message_ = nullptr;
  on_half_close_ = nullptr;
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  server_->Ended(method_, *call_, end_status_, seconds);
  in_flight_.reset();
}

namespace {

// A server streaming method: its one request is read first and handed to the handler.
void StartServerStreaming(const std::shared_ptr<ServerStreamCall>& stream, MethodEntry* method) {
  ServerStreamCall* raw = stream.get();
  stream->Start(
      [raw, method, seen = false](const Payload& payload) mutable {
        if (std::exchange(seen, true)) return;
        std::unique_ptr<google::protobuf::Message> request(method->request->New());
        if (!payload.ParseTo(request.get())) return raw->Finish(MalformedMessageError());
        method->stream(raw->shared_from_this(), request.get());
      },
      {}, /*manual_reads=*/true);
  stream->ReadNext();
}

}  // namespace

grpc::ServerGenericBidiReactor* MakeStreamReactor(ServerRep* server, MethodEntry* method,
                                                  grpc::GenericCallbackServerContext* context) {
  auto stream = std::make_shared<ServerStreamCall>(server, method);
  stream->HoldSelf();
  server->Describe(*context, stream->shared_call().get());
  absl::Status admitted = server->Admit(*method, *context, stream->shared_call().get());
  if (!admitted.ok()) {
    stream->Finish(admitted);
  } else if (method->client_streams) {
    method->stream(stream, nullptr);
  } else {
    StartServerStreaming(stream, method);
  }
  return stream.get();
}

}  // namespace agentflow::rpc
