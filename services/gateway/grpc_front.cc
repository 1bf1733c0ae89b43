#include "services/gateway/grpc_front.h"

#include <functional>
#include <mutex>

#include "libs/base/status.h"
#include "services/gateway/call_options.h"

namespace agentflow::gateway {
namespace {

// A forwarded stream that ends with its credential.
class LiveGrpcStream final : public LiveStream {
 public:
  void SetEnd(std::function<void(const absl::Status&)> end) {
    std::lock_guard lock(mutex_);
    end_ = std::move(end);
  }
  void End(const absl::Status& why) override {
    std::function<void(const absl::Status&)> end;
    {
      std::lock_guard lock(mutex_);
      end = end_;
    }
    if (end) end(why);
  }
  void Tick() override {}  // gRPC shows signs of life by itself

 private:
  std::mutex mutex_;
  std::function<void(const absl::Status&)> end_;
};

}  // namespace

std::string AddressOfPeer(std::string_view peer) {
  size_t scheme = peer.find(':');
  if (scheme == std::string_view::npos) return std::string(peer);
  peer.remove_prefix(scheme + 1);
  peer = peer.substr(0, peer.rfind(':'));
  auto strip = [&](std::string_view open, std::string_view close) {
    if (peer.starts_with(open) && peer.ends_with(close)) {
      peer.remove_prefix(open.size());
      peer.remove_suffix(close.size());
    }
  };
  strip("%5B", "%5D");
  strip("[", "]");
  return std::string(peer);
}

void GrpcFront::Decide(rpc::CallPtr call, std::optional<std::string> first_message,
                       rpc::Server::ForwardDone done) {
  const Method* method = methods_->Find(call->method);
  if (method == nullptr) {
    return done(agentflow::Error(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN",
                                 "there is no method " + call->method));
  }
  Incoming incoming;
  incoming.method = method;
  incoming.credential = BearerOf(call->Find("authorization"));
  incoming.remote_address = AddressOfPeer(call->peer);
  incoming.request_id = call->request_id;
  incoming.trace = call->trace;
  incoming.protocol = "grpc";
  incoming.begin = clock_->Monotonic();
  chain_->Admit(incoming, [this, call, incoming, first = std::move(first_message),
                           done = std::move(done)](absl::StatusOr<CallerPtr> caller) {
    absl::StatusOr<rpc::Forward> forward = caller.ok()
                                               ? ForwardOf(*call, incoming, *caller, first)
                                               : absl::StatusOr<rpc::Forward>(caller.status());
    if (!forward.ok()) chain_->Ended(incoming, forward.status());
    done(std::move(forward));
  });
}

absl::StatusOr<rpc::Forward> GrpcFront::ForwardOf(const rpc::Call& call, const Incoming& incoming,
                                                  const CallerPtr& caller,
                                                  const std::optional<std::string>& first) {
  const Method& method = *incoming.method;
  runtime::Deadline deadline = call.deadline;
  if (!method.streaming) {
    if (deadline.is_never()) deadline = runtime::Deadline::After(default_timeout_);
    deadline = Earlier(deadline, runtime::Deadline::After(max_timeout_));
  }
  const std::string& tenant = caller->principal->tenant;
  rpc::Forward forward;
  if (first && !method.streaming && backends_->Routed(method)) {
    std::shared_ptr<google::protobuf::Message> message(method.request->New());
    if (!message->ParseFromString(*first)) return rpc::MalformedMessageError();
    forward.unary = [this, &method, tenant, message](std::string bytes, rpc::CallOptions options,
                                                     rpc::Forward::UnaryDone done) {
      delivery_->Bring({&method, tenant, message, std::move(bytes), std::move(options)},
                       std::move(done));
    };
  }
  forward.channel = backends_->For(method, tenant, nullptr);
  forward.options = OptionsFor(incoming, *caller, deadline);
  if (!method.streaming) {
    forward.ended = [this, incoming](const absl::Status& status) {
      chain_->Ended(incoming, status);
    };
  } else {
    auto stream = std::make_shared<LiveGrpcStream>();
    live_->Add(stream, caller);
    forward.opened = [stream](std::function<void(const absl::Status&)> end) {
      stream->SetEnd(std::move(end));
    };
    forward.ended = [this, incoming, stream](const absl::Status& status) {
      live_->Remove(stream.get());
      chain_->Ended(incoming, status);
    };
  }
  return forward;
}

}  // namespace agentflow::gateway
