#include "services/coordinator/rpc/agents.h"

#include "agentflow/api/v1/agent.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/base/status.h"
#include "libs/json/value.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/paging.h"

namespace agentflow::coordinator {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kCollection[] = "agents/";

absl::StatusOr<std::string> IdOf(const std::string& name) {
  if (name.rfind(kCollection, 0) != 0 || !IsAgentId(name.substr(sizeof(kCollection) - 1))) {
    return InvalidArgument("NAME_INVALID", "name", "'" + name + "' is not of the form agents/{id}");
  }
  return name.substr(sizeof(kCollection) - 1);
}

void FillSchema(const std::string& text, google::protobuf::Struct* out) {
  auto schema = json::Parse(text);
  if (schema.ok() && schema->is_object()) rpc::ToProto(*schema, out).IgnoreError();
}

api::v1::Agent ToProto(const Agent& agent) {
  api::v1::Agent out;
  out.set_name(kCollection + agent.description.id);
  out.set_title(agent.description.title);
  out.set_description(agent.description.description);
  if (!agent.description.input_schema.empty()) {
    FillSchema(agent.description.input_schema, out.mutable_input_schema());
  }
  if (!agent.description.output_schema.empty()) {
    FillSchema(agent.description.output_schema, out.mutable_output_schema());
  }
  out.set_latest_version(agent.latest_version);
  *out.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(agent.create_time);
  *out.mutable_update_time() = TimeUtil::MicrosecondsToTimestamp(agent.update_time);
  for (const Endpoint& endpoint : agent.endpoints) {
    auto* added = out.add_endpoints();
    added->set_id(endpoint.worker_id);
    added->set_capacity(endpoint.capacity);
    added->set_held(endpoint.held);
    added->set_client(endpoint.client);
    *added->mutable_connect_time() = TimeUtil::MicrosecondsToTimestamp(endpoint.connect_time);
    *added->mutable_last_heartbeat_time() =
        TimeUtil::MicrosecondsToTimestamp(endpoint.last_heartbeat_time);
  }
  return out;
}

absl::StatusOr<api::v1::ListAgentsResponse> List(Registry& registry, const rpc::Call& call,
                                                 const api::v1::ListAgentsRequest& request) {
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
  rpc::PageQuery query{.tenant = call.tenant(), .method = "ListAgents"};
  AF_ASSIGN_OR_RETURN(std::string after, rpc::ReadPageToken(query, request.page_token()));
  AF_ASSIGN_OR_RETURN(std::vector<Agent> agents, registry.List(call.tenant(), after, size + 1));
  api::v1::ListAgentsResponse response;
  bool more = static_cast<int>(agents.size()) > size;
  if (more) agents.resize(static_cast<size_t>(size));
  for (const Agent& agent : agents) *response.add_agents() = ToProto(agent);
  if (more) response.set_next_page_token(rpc::MakePageToken(query, agents.back().description.id));
  return response;
}

}  // namespace

void RegisterAgentService(rpc::Server& server, Registry& registry) {
  server.Unary<api::v1::GetAgentRequest, api::v1::Agent>(
      "agentflow.api.v1.AgentService/GetAgent",
      [&](const rpc::Call& call,
          const api::v1::GetAgentRequest& request) -> absl::StatusOr<api::v1::Agent> {
        AF_ASSIGN_OR_RETURN(std::string id, IdOf(request.name()));
        AF_ASSIGN_OR_RETURN(Agent agent, registry.Get(call.tenant(), id));
        return ToProto(agent);
      });
  server.Unary<api::v1::ListAgentsRequest, api::v1::ListAgentsResponse>(
      "agentflow.api.v1.AgentService/ListAgents",
      [&](const rpc::Call& call, const api::v1::ListAgentsRequest& request) {
        return List(registry, call, request);
      });
  server.Unary<api::v1::DeleteAgentRequest, google::protobuf::Empty>(
      "agentflow.api.v1.AgentService/DeleteAgent",
      [&](const rpc::Call& call, const api::v1::DeleteAgentRequest& request)
          -> absl::StatusOr<google::protobuf::Empty> {
        AF_ASSIGN_OR_RETURN(std::string id, IdOf(request.name()));
        AF_RETURN_IF_ERROR(registry.Delete(
            call.tenant(), id,
            {.principal = call.principal().name,
             .method = "agentflow.api.v1.AgentService.DeleteAgent",
             .resource = request.name(),
             .trace_id = call.trace.trace_id,
             .remote_address = call.peer}));
        return google::protobuf::Empty();
      });
}

}  // namespace agentflow::coordinator
