#pragma once

// For the .cc files of this library only.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/rpc/server.h"
#include "libs/runtime/thread_pool.h"

namespace google::protobuf {
class MethodDescriptor;
}

namespace agentflow::rpc {

// What a method tells about itself over time. Handles are made once.
class MethodMetrics {
 public:
  MethodMetrics() = default;
  MethodMetrics(obs::Registry* registry, const std::string& service, const std::string& method);

  void Record(int code, double seconds);

 private:
  obs::Histogram seconds_;
  std::array<obs::Counter, 17> calls_;
};

// One registered method.
struct MethodEntry {
  std::string path;
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  MethodAccess access;
  // Reflection: no caller is asked for.
  bool open = false;
  bool blocking = false;
  const google::protobuf::Message* request = nullptr;
  const google::protobuf::Message* response = nullptr;
  std::function<void(CallPtr, std::unique_ptr<google::protobuf::Message>,
                     std::function<void(const absl::Status&, const google::protobuf::Message*)>)>
      unary;
  std::function<void(std::shared_ptr<RawServerStream>, const google::protobuf::Message*)> stream;
  bool client_streams = false;
  MethodMetrics metrics;
};

struct ServerRep final : public grpc::CallbackGenericService {
  explicit ServerRep(ServerOptions server_options);

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  // The chain. Fills `call` from the context; the status says whether the call may go on.
  void Describe(grpc::GenericCallbackServerContext& context, Call* call) const;
  absl::Status Admit(const MethodEntry& method, grpc::GenericCallbackServerContext& context,
                     Call* call) const;
  // The other end of the chain: metrics, audit.
  void Ended(MethodEntry* method, const Call& call, const absl::Status& status, double seconds);
  // What the caller may see of an error; the rest is logged.
  absl::Status Outward(const Call& call, const absl::Status& status) const;

  absl::Status CheckMethods() const;
  void RegisterReflection(Server* server);

  ServerOptions options;
  std::unordered_map<std::string, std::unique_ptr<MethodEntry>> methods;
  std::vector<std::string> problems;
  Server::Decide fallback;
  MethodMetrics fallback_metrics;
  std::unique_ptr<runtime::ThreadPool> pool;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::atomic<int> in_flight{0};
  obs::Gauge in_flight_gauge;
  std::mutex drain_mutex;
  bool drained = false;
};

// Reactors; each deletes itself when its call is over.
grpc::ServerGenericBidiReactor* MakeUnaryReactor(ServerRep* server, MethodEntry* method,
                                                 grpc::GenericCallbackServerContext* context);
grpc::ServerGenericBidiReactor* MakeStreamReactor(ServerRep* server, MethodEntry* method,
                                                  grpc::GenericCallbackServerContext* context);
grpc::ServerGenericBidiReactor* MakeForwardReactor(ServerRep* server,
                                                   grpc::GenericCallbackServerContext* context);

// Counts a call from here to its end.
class InFlight {
 public:
  explicit InFlight(ServerRep* server) : server_(server) {
    server_->in_flight.fetch_add(1, std::memory_order_relaxed);
    server_->in_flight_gauge.Add(1);
  }
  ~InFlight() {
    server_->in_flight_gauge.Add(-1);
    server_->in_flight.fetch_sub(1, std::memory_order_relaxed);
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  ServerRep* server_;
};

}  // namespace agentflow::rpc
