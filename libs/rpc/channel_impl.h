#pragma once

// For the .cc files of this library only.

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/rpc/channel.h"
#include "libs/rpc/client_stream.h"

namespace agentflow::rpc {

class ChannelImpl final : public Channel {
 public:
  explicit ChannelImpl(const ChannelOptions& options);

  bool WaitConnected(runtime::Deadline deadline) override;

  using BufferDone = std::function<void(const absl::Status&, grpc::ByteBuffer* answer)>;
  // A unary call with bytes that are shared, not copied.
  PendingCallPtr StartUnaryBuffer(std::string_view method, grpc::ByteBuffer request,
                                  const CallOptions& options, BufferDone done);
  absl::Status BlockingUnaryBuffer(std::string_view method, const grpc::ByteBuffer& request,
                                   const CallOptions& options, grpc::ByteBuffer* answer);
  std::shared_ptr<ClientStreamCall> OpenStreamCall(std::string_view method,
                                                   const CallOptions& options);

 protected:
  PendingCallPtr StartUnary(std::string_view method, const google::protobuf::MessageLite* message,
                            std::string* bytes, const CallOptions& options,
                            UnaryDone done) override;
  std::shared_ptr<RawClientStream> OpenStream(std::string_view method,
                                              const CallOptions& options) override;

 private:
  struct Connection {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<grpc::GenericStub> stub;
  };

  // The next connection in turn that is not known to be broken.
  Connection& Pick();
  void Prepare(grpc::ClientContext& context, const CallOptions& options, bool unary) const;
  absl::Status Explain(const grpc::Status& status) const;

  const ChannelOptions options_;
  std::vector<Connection> connections_;
  std::atomic<size_t> turn_{0};
};

}  // namespace agentflow::rpc
