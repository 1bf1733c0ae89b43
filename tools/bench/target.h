#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/struct.pb.h"
#include "libs/rpc/channel.h"

namespace agentflow::bench {

// The stack under test, from its state folder: credentials.json, ports.json, certificates/.
struct StackFiles {
  std::string folder;
  std::string url;        // http://127.0.0.1:8080
  std::string grpc;       // 127.0.0.1:8081
  std::string api_key;
  std::string tenant;
  std::string executor;   // 127.0.0.1:7103

  static absl::StatusOr<StackFiles> Read(const std::string& folder);
};

// A channel to the gateway's public port.
absl::StatusOr<rpc::ChannelPtr> PublicChannel(const StackFiles& files);
// A channel to the executor as one of the services that may call it.
absl::StatusOr<rpc::ChannelPtr> ExecutorChannel(const StackFiles& files, const std::string& as);

// Starts executions of one workflow: by public gRPC with the API key, or straight at the executor
// with a user context as the gateway makes it. Thread-safe.
class Starter {
 public:
  static absl::StatusOr<std::unique_ptr<Starter>> Make(const StackFiles& files, bool direct,
                                                       std::string workflow);
  using Done = std::function<void(absl::StatusOr<std::string> execution_id)>;
  // With the input that most rows use.
  void Start(Done done);
  void Start(const google::protobuf::Value& input, const std::string& request_id, Done done);
  // Sends an execution a signal without a payload.
  void Signal(const std::string& execution_id, const std::string& signal,
              std::function<void(const absl::Status&)> done);

 private:
  Starter() = default;
  rpc::CallOptions Options() const;

  rpc::ChannelPtr channel_;
  rpc::CallOptions options_;
  std::function<std::string()> context_;  // empty for public calls
  std::string workflow_;
};

}  // namespace agentflow::bench
