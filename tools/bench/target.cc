#include "tools/bench/target.h"

#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include "agentflow/api/v1/execution.pb.h"
#include "libs/auth/user_context.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/crypto/jws.h"
#include "libs/json/value.h"

namespace agentflow::bench {
namespace {

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("FILE_NOT_FOUND", "cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<json::Value> ReadJson(const std::string& path) {
  AF_ASSIGN_OR_RETURN(std::string text, ReadText(path));
  return json::Parse(text);
}

constexpr std::string_view kScheme = "executions/";

}  // namespace

absl::StatusOr<StackFiles> StackFiles::Read(const std::string& folder) {
  AF_ASSIGN_OR_RETURN(json::Value made, ReadJson(folder + "/credentials.json"));
  AF_ASSIGN_OR_RETURN(json::Value ports, ReadJson(folder + "/ports.json"));
  return StackFiles{.folder = folder,
                    .url = made.StringOr("url"),
                    .grpc = made.StringOr("grpc"),
                    .api_key = made.StringOr("api_key"),
                    .tenant = made.StringOr("tenant"),
                    .executor = "127.0.0.1:" + std::to_string(ports.IntOr("executor", 0))};
}

absl::StatusOr<rpc::ChannelPtr> PublicChannel(const StackFiles& files) {
  return rpc::Channel::Make({.service = "gateway", .addresses = {files.grpc}});
}

absl::StatusOr<rpc::ChannelPtr> ExecutorChannel(const StackFiles& files, const std::string& as) {
  std::string folder = files.folder + "/certificates/";
  AF_ASSIGN_OR_RETURN(auto tls, rpc::Tls::Load({.ca = folder + "ca.pem",
                                                .cert = folder + as + ".pem",
                                                .key = folder + as + ".key"}));
  return rpc::Channel::Make(
      {.service = "executor", .addresses = {files.executor}, .tls = std::move(tls)});
}

absl::StatusOr<std::unique_ptr<Starter>> Starter::Make(const StackFiles& files, bool direct,
                                                       std::string workflow) {
  std::unique_ptr<Starter> starter(new Starter());
  starter->workflow_ = std::move(workflow);
  if (!direct) {
    AF_ASSIGN_OR_RETURN(starter->channel_, PublicChannel(files));
    starter->options_.metadata = {{"authorization", "Bearer " + files.api_key}};
    return starter;
  }
  AF_ASSIGN_OR_RETURN(starter->channel_, ExecutorChannel(files, "gateway"));
  AF_ASSIGN_OR_RETURN(std::string pem, ReadText(files.folder + "/certificates/context.key"));
  AF_ASSIGN_OR_RETURN(crypto::SigningKey key, crypto::SigningKey::FromPem(pem));
  static const SystemClock clock;
  auto minter = std::make_shared<auth::ContextMinter>(std::move(key), &clock);
  auth::Principal principal{.tenant = files.tenant, .name = "users/bench", .permissions = {"*"}};
  // As the gateway does: one context for 30 seconds.
  starter->context_ = [minter, principal, mutex = std::make_shared<std::mutex>(),
                       made = std::make_shared<std::pair<int64_t, std::string>>()] {
    std::lock_guard lock(*mutex);
    if (made->second.empty() || clock.Monotonic() - made->first > 30'000'000) {
      *made = {clock.Monotonic(), minter->Mint(principal)};
    }
    return made->second;
  };
  return starter;
}

rpc::CallOptions Starter::Options() const {
  rpc::CallOptions options = options_;
  if (context_) options.user_context = context_();
  return options;
}

void Starter::Signal(const std::string& execution_id, const std::string& signal,
                     std::function<void(const absl::Status&)> done) {
  api::v1::SignalExecutionRequest request;
  request.set_name(std::string(kScheme) + execution_id);
  request.set_signal(signal);
  channel_->UnaryAsync<api::v1::SignalExecutionRequest, api::v1::Execution>(
      "agentflow.api.v1.ExecutionService/SignalExecution", request, Options(),
      [done = std::move(done)](const absl::StatusOr<api::v1::Execution>& execution) {
        done(execution.status());
      });
}

void Starter::Start(Done done) {
  google::protobuf::Value input;
  auto& fields = *input.mutable_struct_value()->mutable_fields();
  fields["n"].set_number_value(7);
  fields["text"].set_string_value("a text of ordinary length, as people send it");
  Start(input, "", std::move(done));
}

void Starter::Start(const google::protobuf::Value& input, const std::string& request_id,
                    Done done) {
  api::v1::StartExecutionRequest request;
  request.set_workflow("workflows/" + workflow_);
  request.set_request_id(request_id);
  *request.mutable_input() = input;
  channel_->UnaryAsync<api::v1::StartExecutionRequest, api::v1::Execution>(
      "agentflow.api.v1.ExecutionService/StartExecution", request, Options(),
      [done = std::move(done)](absl::StatusOr<api::v1::Execution> execution) {
        if (!execution.ok()) return done(execution.status());
        done(execution->name().substr(kScheme.size()));
      });
}

}  // namespace agentflow::bench
