#include <algorithm>
#include <iostream>
#include <vector>

#include "libs/base/status.h"
#include "tools/cli/commands.h"

namespace agentflow::cli {
namespace {

// One collection of the API as the CLI shows it.
struct Resource {
  std::vector<std::string> names;  // the first is the collection's own
  std::vector<Column> columns;
  // Child collections are listed under a parent: steps of an execution.
  std::string parent;
  // What has no name of its own is chosen by this parameter of the list: the figures of a workflow.
  std::string selector;
};

const std::vector<Resource>& Resources() {
  static const auto& resources = *new std::vector<Resource>{
      {{"workflows", "workflow", "wf"},
       {{"NAME", "/name"}, {"TITLE", "/title"}, {"VERSION", "/latestVersion"},
        {"UPDATED", "/updateTime"}}},
      {{"versions", "version"},
       {{"NAME", "/name"}, {"HASH", "/contentHash"}, {"CREATED", "/createTime"},
        {"BY", "/creator"}},
       "workflows"},
      {{"executions", "execution", "ex"},
       {{"NAME", "/name"}, {"WORKFLOW", "/workflow"}, {"VERSION", "/version"},
        {"STATE", "/state"}, {"STARTED", "/startTime"}, {"ENDED", "/endTime"},
        {"BUSINESS KEY", "/businessKey"}}},
      {{"steps", "step"},
       {{"NODE", "/node"}, {"ITERATION", "/iteration"}, {"STATE", "/state"},
        {"WAITS FOR", "/wait/kind"}, {"ATTEMPT", "/attempt"}, {"STARTED", "/startTime"},
        {"ENDED", "/endTime"}, {"ERROR", "/error/reason"}},
       "executions"},
      {{"events", "event"},
       {{"SEQ", "/sequence"}, {"TIME", "/time"}, {"TYPE", "/type"}, {"NODE", "/node"},
        {"ATTEMPT", "/attempt"}},
       "executions"},
      {{"checkpoints", "checkpoint"},
       {{"SEQ", "/sequence"}, {"TIME", "/time"}, {"WHAT", "/what"}, {"STEP", "/step"}},
       "executions"},
      {{"approvals", "approval"},
       {{"NAME", "/name"}, {"STATE", "/state"}, {"TITLE", "/title"}, {"FOR", "/approvers"},
        {"EXECUTION", "/execution"}, {"STEP", "/step"}, {"CREATED", "/createTime"},
        {"BY", "/decider"}}},
      {{"migrations", "migration"},
       {{"NAME", "/name"}, {"FROM", "/fromVersion"}, {"TO", "/toVersion"}, {"STATE", "/state"},
        {"MOVED", "/migratedCount"}, {"REFUSED", "/refusedCount"}, {"PREVIEW", "/validateOnly"}},
       "workflows"},
      {{"agents", "agent"},
       {{"NAME", "/name"}, {"TITLE", "/title"}, {"VERSION", "/latestVersion"},
        {"ENDPOINT", "/endpoints/0/id"}}},
      {{"nodeTypes", "nodeType", "nodetypes"},
       {{"TYPE", "/type"}, {"CATEGORY", "/category"}, {"SUMMARY", "/summary"}}},
      {{"schedules", "schedule"},
       {{"NAME", "/name"}, {"WORKFLOW", "/workflow"}, {"CRON", "/cron"}, {"ZONE", "/timeZone"},
        {"NEXT", "/nextFireTime"}, {"PAUSED", "/paused"}}},
      {{"workflowStats", "stats"},
       {{"WORKFLOW", "/workflow"}, {"EXECUTIONS", "/executionsByState"},
        {"P50", "/durationP50"}, {"P95", "/durationP95"}},
       "",
       "workflow"},
      {{"users", "user"}, {{"NAME", "/name"}, {"EMAIL", "/email"}, {"ROLES", "/roles"}}},
      {{"apiKeys", "apiKey", "apikeys"},
       {{"NAME", "/name"}, {"TITLE", "/title"}, {"ROLES", "/roles"}, {"HINT", "/hint"},
        {"CREATED", "/createTime"}, {"REVOKED", "/revokeTime"}}},
      {{"tenants", "tenant"}, {{"NAME", "/name"}, {"TITLE", "/title"}, {"STATE", "/state"}}},
      {{"auditEvents", "auditEvent", "audit"},
       {{"TIME", "/time"}, {"PRINCIPAL", "/principal"}, {"METHOD", "/method"},
        {"RESOURCE", "/resource"}, {"OUTCOME", "/outcome"}}},
  };
  return resources;
}

absl::StatusOr<const Resource*> Find(const std::string& name) {
  std::string known;
  for (const Resource& resource : Resources()) {
    if (std::find(resource.names.begin(), resource.names.end(), name) != resource.names.end()) {
      return &resource;
    }
    known += (known.empty() ? "" : ", ") + resource.names[0];
  }
  return InvalidArgument("RESOURCE_UNKNOWN", "resource",
                         "'" + name + "' is no resource; there are " + known);
}

std::string FullName(const std::string& collection, const std::string& name) {
  return name.find('/') == std::string::npos ? collection + "/" + name : name;
}

absl::StatusOr<json::Value> Fetch(Session& session, const Resource& resource,
                                  const std::string& name, const std::string& filter, int limit) {
  const std::string& collection = resource.names[0];
  Session::Query query{{"filter", filter}};
  if (!resource.parent.empty()) {
    if (name.empty()) {
      return InvalidArgument("NAME_MISSING", "name", collection + " are listed under one of the " +
                                                         resource.parent + ": give its name");
    }
    std::string path = "/v1/" + FullName(resource.parent, name) + "/" + collection;
    AF_ASSIGN_OR_RETURN(json::Array items, session.List(path, collection, query,
                                                        static_cast<size_t>(limit)));
    return json::Value(std::move(items));
  }
  if (!name.empty() && !resource.selector.empty()) {
    query[resource.selector] = FullName(resource.selector + "s", name);
  } else if (!name.empty()) {
    return session.Get("/v1/" + FullName(collection, name));
  }
  AF_ASSIGN_OR_RETURN(json::Array items, session.List("/v1/" + collection, collection, query,
                                                      static_cast<size_t>(limit)));
  return json::Value(std::move(items));
}

}  // namespace

absl::StatusOr<std::string> PathOf(const std::string& resource, const std::string& name) {
  AF_ASSIGN_OR_RETURN(const Resource* found, Find(resource));
  return "/v1/" + FullName(found->names[0], name);
}

absl::StatusOr<int> Get(Session& session, const std::string& resource, const std::string& name,
                        const std::string& filter, int limit, Format format) {
  AF_ASSIGN_OR_RETURN(const Resource* found, Find(resource));
  AF_ASSIGN_OR_RETURN(json::Value value, Fetch(session, *found, name, filter, limit));
  std::cout << Render(format, value, found->columns);
  return kOk;
}

absl::StatusOr<int> Delete(Session& session, const std::string& resource,
                           const std::string& name) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf(resource, name));
  AF_ASSIGN_OR_RETURN(json::Value answer, session.Send("DELETE", path, {}, nullptr));
  // What takes its time says so: a tenant is DELETING until all services have erased what is its.
  const std::string state = answer.StringOr("state", "deleted");
  std::cout << (state == "DELETING" ? "deleting " : "deleted ") << path.substr(4) << "\n";
  return kOk;
}

absl::StatusOr<int> Describe(Session& session, const std::string& resource,
                             const std::string& name, Format format) {
  AF_ASSIGN_OR_RETURN(const Resource* found, Find(resource));
  AF_ASSIGN_OR_RETURN(std::string path, PathOf(resource, name));
  AF_ASSIGN_OR_RETURN(json::Value value, session.Get(path));
  json::Object whole = value.is_object() ? value.as_object() : json::Object();
  if (found->names[0] == "executions") {
    AF_ASSIGN_OR_RETURN(json::Array steps, session.List(path + "/steps", "steps", {}));
    whole.Set("steps", std::move(steps));
  } else if (found->names[0] == "workflows") {
    AF_ASSIGN_OR_RETURN(json::Array versions, session.List(path + "/versions", "versions", {}, 10));
    whole.Set("versions", std::move(versions));
    whole.Erase("source");
  }
  std::cout << Render(format == Format::kTable ? Format::kYaml : format, json::Value(whole), {});
  return kOk;
}

absl::StatusOr<int> Call(Session& session, const std::string& method, const std::string& path,
                         const std::string& data, Format format) {
  json::Value body;
  if (!data.empty()) {
    std::string text = data;
    if (data[0] == '@') {
      AF_ASSIGN_OR_RETURN(text, ReadFile(data.substr(1)));
    }
    AF_ASSIGN_OR_RETURN(body, json::Parse(text));
  }
  AF_ASSIGN_OR_RETURN(json::Value answer,
                      session.Send(method, path, {}, data.empty() ? nullptr : &body));
  std::cout << Render(format == Format::kTable ? Format::kJson : format, answer, {});
  return kOk;
}

}  // namespace agentflow::cli
