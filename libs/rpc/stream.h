#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "google/protobuf/message_lite.h"
#include "libs/rpc/call.h"

// Streams of messages, both sides. Everything here is thread-safe.
//
// Order of use: set OnEnd and OnDrained, then Start. A client's stream must be started or
// cancelled, or it stays for ever. Callbacks come on threads of the library and must not block;
// messages come one at a time and in order, OnDrained may come beside them, OnEnd exactly once
// and last. All callbacks are dropped after it, so they may hold the stream.
namespace agentflow::rpc {

// A message as it came over the wire, not parsed yet. Good during the callback only.
class Payload {
 public:
  virtual ~Payload() = default;
  virtual bool ParseTo(google::protobuf::MessageLite* message) const = 0;
  virtual std::string ToString() const = 0;
  virtual size_t size() const = 0;
};

class RawStream {
 public:
  using OnMessage = std::function<void(const Payload& message)>;

  virtual ~RawStream() = default;

  // Queues a message. False when the stream is over or half-closed, or when more than the limit
  // waits to be sent (16 MiB); the latter also ends the stream with RESOURCE_EXHAUSTED, reason
  // STREAM_BACKLOG.
  virtual bool Write(const google::protobuf::MessageLite& message) = 0;
  virtual bool WriteBytes(std::string message) = 0;
  // Bytes queued and not yet taken by the transport.
  virtual size_t queued_bytes() const = 0;

  // After OnEnd has come already, `done` is called at once.
  virtual void OnEnd(std::function<void(const absl::Status&)> done) = 0;
  // Called each time the queue of writes has become empty.
  virtual void OnDrained(std::function<void()> drained) = 0;
  // Starts reading. `half_closed` comes when the other side will send no more. With
  // `manual_reads` one message is read per ReadNext(), otherwise the next one is read as soon as
  // the callback returns.
  virtual void Start(OnMessage message, std::function<void()> half_closed = {},
                     bool manual_reads = false) = 0;
  virtual void ReadNext() = 0;

  // Breaks the stream off; OnEnd comes with CANCELLED.
  virtual void Cancel() = 0;
};

class RawServerStream : public RawStream {
 public:
  virtual const Call& call() const = 0;
  // Ends the stream after what is queued was sent. Only the first Finish counts.
  virtual void Finish(const absl::Status& status) = 0;
};

class RawClientStream : public RawStream {
 public:
  // No more messages from this side, after what is queued.
  virtual void WritesDone() = 0;
};

// The server's end of a stream with types. A value that is cheap to copy.
template <class In, class Out>
class ServerStream {
 public:
  ServerStream() = default;
  explicit ServerStream(std::shared_ptr<RawServerStream> raw) : raw_(std::move(raw)) {}

  const Call& call() const { return raw_->call(); }
  bool Write(const Out& message) const { return raw_->Write(message); }
  size_t queued_bytes() const { return raw_->queued_bytes(); }
  void Finish(const absl::Status& status = absl::OkStatus()) const { raw_->Finish(status); }
  void OnEnd(std::function<void(const absl::Status&)> done) const { raw_->OnEnd(std::move(done)); }
  void OnDrained(std::function<void()> drained) const { raw_->OnDrained(std::move(drained)); }
  // A message that does not parse ends the stream with INVALID_ARGUMENT, MESSAGE_MALFORMED.
  // Not for server streaming methods, whose one request comes as an argument.
  void Start(std::function<void(In)> message, std::function<void()> half_closed = {}) const {
    RawServerStream* raw = raw_.get();
    raw_->Start(
        [raw, message = std::move(message)](const Payload& payload) {
          In parsed;
          if (!payload.ParseTo(&parsed)) return raw->Finish(MalformedMessage());
          message(std::move(parsed));
        },
        std::move(half_closed));
  }
  explicit operator bool() const { return raw_ != nullptr; }
  const std::shared_ptr<RawServerStream>& raw() const { return raw_; }

 private:
  static absl::Status MalformedMessage();

  std::shared_ptr<RawServerStream> raw_;
};

// The client's end of a stream with types. A value that is cheap to copy.
template <class Out, class In>
class ClientStream {
 public:
  ClientStream() = default;
  explicit ClientStream(std::shared_ptr<RawClientStream> raw) : raw_(std::move(raw)) {}

  bool Write(const Out& message) const { return raw_->Write(message); }
  size_t queued_bytes() const { return raw_->queued_bytes(); }
  void WritesDone() const { raw_->WritesDone(); }
  void Cancel() const { raw_->Cancel(); }
  void OnEnd(std::function<void(const absl::Status&)> done) const { raw_->OnEnd(std::move(done)); }
  void OnDrained(std::function<void()> drained) const { raw_->OnDrained(std::move(drained)); }
  // A message that does not parse cancels the stream.
  void Start(std::function<void(In)> message) const {
    RawClientStream* raw = raw_.get();
    raw_->Start([raw, message = std::move(message)](const Payload& payload) {
      In parsed;
      if (!payload.ParseTo(&parsed)) return raw->Cancel();
      message(std::move(parsed));
    });
  }
  explicit operator bool() const { return raw_ != nullptr; }
  const std::shared_ptr<RawClientStream>& raw() const { return raw_; }

 private:
  std::shared_ptr<RawClientStream> raw_;
};

// INVALID_ARGUMENT, reason MESSAGE_MALFORMED.
absl::Status MalformedMessageError();

template <class In, class Out>
absl::Status ServerStream<In, Out>::MalformedMessage() {
  return MalformedMessageError();
}

}  // namespace agentflow::rpc
