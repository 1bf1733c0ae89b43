#include "libs/rpc/client_stream.h"

#include <algorithm>
#include <utility>

namespace agentflow::rpc {

void ClientStreamCall::Open(grpc::GenericStub& stub, const std::string& path) {
  self_ = shared_from_this();
  stub.PrepareBidiStreamingCall(&context_, path, {}, this);
  AddHold();
  StartCall();
}

bool ClientStreamCall::Write(const google::protobuf::MessageLite& message) {
  grpc::ByteBuffer buffer;
  return Serialize(message, &buffer) && WriteBuffer(std::move(buffer));
}

bool ClientStreamCall::WriteBytes(std::string message) {
  return WriteBuffer(BufferFromString(std::move(message)));
}

bool ClientStreamCall::WriteBuffer(grpc::ByteBuffer buffer) {
  bool fits = false;
  {
    std::lock_guard lock(mutex_);
    if (over_ || broken_ || writes_done_) return false;
    queued_bytes_ += buffer.Length();
    fits = queued_bytes_ <= kMaxQueuedBytes;
    backlog_ = !fits;
    if (fits) queue_.push_back(std::move(buffer));
  }
  fits ? Pump() : Cancel();
  return fits;
}

void ClientStreamCall::Cancel() {
  context_.TryCancel();
  {
    std::lock_guard lock(mutex_);
    broken_ = true;
  }
  ReleaseHold();
}

size_t ClientStreamCall::queued_bytes() const {
  std::lock_guard lock(mutex_);
  return queued_bytes_;
}

void ClientStreamCall::WritesDone() {
  {
    std::lock_guard lock(mutex_);
    if (over_ || writes_done_) return;
    writes_done_ = true;
  }
  Pump();
}

void ClientStreamCall::OnEnd(std::function<void(const absl::Status&)> done) {
  {
    std::lock_guard lock(mutex_);
    if (!over_) {
      on_end_ = std::move(done);
      return;
    }
  }
  done(end_status_);
}

void ClientStreamCall::OnDrained(std::function<void()> drained) {
  std::lock_guard lock(mutex_);
  if (!over_) on_drained_ = std::move(drained);
}

void ClientStreamCall::Start(OnMessage message, std::function<void()> half_closed,
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

void ClientStreamCall::ReadNext() {
  {
    std::lock_guard lock(mutex_);
    if (over_ || hold_released_) return;
    ++starting_;
  }
  StartRead(&read_buffer_);
  {
    std::lock_guard lock(mutex_);
    --starting_;
  }
  ReleaseHold();
}

void ClientStreamCall::OnReadDone(bool ok) {
  if (!ok) {
    if (on_half_close_) on_half_close_();
    {
      std::lock_guard lock(mutex_);
      broken_ = true;
    }
    return ReleaseHold();
  }
  // With manual reads the handler may have asked for the next message before it returns.
  grpc::ByteBuffer buffer;
  buffer.Swap(&read_buffer_);
  BufferPayload payload(&buffer);
  on_message_(payload);
  if (!manual_reads_) ReadNext();
}

void ClientStreamCall::Pump() {
  bool half_close = false;
  {
    std::lock_guard lock(mutex_);
    if (over_ || broken_ || writing_ || hold_released_) return;
    if (!queue_.empty()) {
      writing_ = true;
      write_buffer_ = std::move(queue_.front());
      queue_.pop_front();
    } else if (writes_done_ && !writes_done_sent_) {
      writes_done_sent_ = true;
      half_close = true;
    } else {
      return;
    }
    ++starting_;
  }
  half_close ? StartWritesDone() : StartWrite(&write_buffer_);
  {
    std::lock_guard lock(mutex_);
    --starting_;
  }
  ReleaseHold();
}

void ClientStreamCall::OnWriteDone(bool ok) {
  std::function<void()> drained;
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    queued_bytes_ -= std::min(queued_bytes_, write_buffer_.Length());
    write_buffer_.Clear();
    // A failed write is no end yet: answers sent before may still be read. The read side tells.
    if (!ok) {
      queue_.clear();
      queued_bytes_ = 0;
      writes_done_ = true;
      writes_done_sent_ = true;
      return;
    }
    if (queue_.empty() && !writes_done_) drained = on_drained_;
  }
  Pump();
  if (drained) drained();
}

void ClientStreamCall::ReleaseHold() {
  {
    std::lock_guard lock(mutex_);
    if (!broken_ || starting_ > 0 || hold_released_) return;
    hold_released_ = true;
  }
  RemoveHold();
}

void ClientStreamCall::OnDone(const grpc::Status& status) {
  std::function<void(const absl::Status&)> on_end;
  std::shared_ptr<ClientStreamCall> self;
  {
    std::lock_guard lock(mutex_);
    over_ = true;
    end_status_ = backlog_ ? BacklogError() : FromGrpc(status);
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
}

}  // namespace agentflow::rpc
