#include "tools/openapi/document.h"

#include <map>
#include <set>

#include "agentflow/options/v1/options.pb.h"
#include "libs/base/status.h"
#include "libs/contract/binding.h"
#include "tools/openapi/naming.h"
#include "tools/openapi/schema.h"

namespace agentflow::openapi {
namespace {

namespace pb = google::protobuf;
namespace options = agentflow::options::v1;
using contract::HttpBinding;
using json::Array;
using json::Object;
using json::Value;

Value JsonContent(Value schema) {
  return Object{{"application/json", Object{{"schema", std::move(schema)}}}};
}

Value SchemaRef(const std::string& name) {
  return Object{{"$ref", "#/components/schemas/" + name}};
}

class Generator {
 public:
  absl::Status Add(const pb::ServiceDescriptor& service) {
    std::string tag = service.name();
    if (tag.ends_with("Service")) tag.resize(tag.size() - 7);
    tags_.push_back(Object{{"name", tag}, {"description", CommentOf(service)}});
    for (int i = 0; i < service.method_count(); ++i) {
      const pb::MethodDescriptor& method = *service.method(i);
      AF_ASSIGN_OR_RETURN(std::vector<HttpBinding> bindings, contract::BindingsOf(method));
      for (size_t at = 0; at < bindings.size(); ++at) {
        std::string id = LowerFirst(method.name()) + (at == 0 ? "" : std::to_string(at + 1));
        AF_RETURN_IF_ERROR(AddOperation(tag, id, bindings[at]));
      }
      if (method.client_streaming() && method.name() == "Stream") AddStream(tag, method);
    }
    return absl::OkStatus();
  }

  Value Document() {
    Object paths;
    for (auto& [path, operations] : paths_) paths.Set(path, operations);
    Object schemas;
    for (const auto& [name, schema] : schemas_.components()) schemas.Set(name, schema);
    schemas.Set("ProblemDetails", ProblemDetails());
    return Object{
        {"openapi", "3.1.0"},
        {"info",
         Object{{"title", "AgentFlow"},
                {"version", "v1"},
                {"license", Object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}},
                {"description",
                 "Made from proto/: do not edit. Fields are lowerCamelCase in answers; requests "
                 "may use either spelling, and an unknown field is refused. 64-bit integers are "
                 "strings. A field that is not set is left out."}}},
        {"servers", Array{Object{{"url", "/"}}}},
        {"security", Array{Object{{"bearer", Array{}}}}},
        {"tags", tags_},
        {"paths", paths},
        {"components",
         Object{
             {"schemas", schemas},
             {"securitySchemes",
              Object{
                  {"bearer", Object{{"type", "http"},
                                    {"scheme", "bearer"},
                                    {"description",
                                     "An access token of POST /v1/auth/login, or an API key."}}}}},
             {"responses",
              Object{{"Error",
                      Object{{"description", "Anything but success: problem details (RFC 9457)."},
                             {"content",
                              Object{{"application/problem+json",
                                      Object{{"schema", SchemaRef("ProblemDetails")}}}}}}}}}}},
    };
  }

 private:
  absl::Status AddOperation(const std::string& tag, const std::string& id,
                            const HttpBinding& binding) {
    const pb::MethodDescriptor& method = *binding.method;
    const options::Access& access = method.options().GetExtension(options::access);
    OpenApiPath path = PathOf(binding);
    std::string comment = CommentOf(method);
    if (comment.empty()) comment = StandardSentence(method);
    Object operation{{"operationId", id},
                     {"tags", Array{tag}},
                     {"summary", FirstSentence(comment)},
                     {"x-rpc", method.service()->full_name() + "/" + method.name()},
                     {"x-cost", access.cost() == 0 ? 1 : access.cost()}};
    if (comment != FirstSentence(comment)) operation.Set("description", comment);
    if (!access.permission().empty()) operation.Set("x-permission", access.permission());
    if (access.public_()) operation.Set("security", Array{});
    Array parameters = Parameters(binding, path);
    if (!parameters.empty()) operation.Set("parameters", parameters);
    if (binding.body != HttpBinding::Body::kNone) operation.Set("requestBody", Body(binding));
    Value answer = binding.response_field != nullptr ? schemas_.Of(*binding.response_field)
                                                     : schemas_.Of(*method.output_type());
    operation.Set(
        "responses",
        Object{{"200", Object{{"description", "Success."}, {"content", JsonContent(answer)}}},
               {"default", Object{{"$ref", "#/components/responses/Error"}}}});
    std::string verb = LowerFirst(binding.verb);
    for (char& c : verb) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (paths_[path.path].Find(verb) != nullptr || !ids_.insert(id).second) {
      return Error(
          absl::StatusCode::kAlreadyExists, "OPERATION_CONFLICT",
          method.full_name() + ": another method is " + verb + " " + path.path + " or " + id);
    }
    paths_[path.path].Set(verb, operation);
    return absl::OkStatus();
  }

  Array Parameters(const HttpBinding& binding, const OpenApiPath& path) {
    Array parameters;
    for (const PathParameter& parameter : path.parameters) {
      Object entry{{"name", parameter.name},
                   {"in", "path"},
                   {"required", true},
                   {"schema", Object{{"type", "string"}}}};
      if (!parameter.field.empty()) {
        entry.Set("x-field", CamelPath(parameter.field));
        entry.Set("x-pattern", parameter.pattern);
        if (parameter.pattern != "*") {
          entry.Set("description", "Id; the resource name is " + parameter.pattern + ".");
        }
      }
      parameters.push_back(entry);
    }
    if (binding.body != HttpBinding::Body::kWhole) {
      AddQuery(binding, *binding.method->input_type(), "", 0, parameters);
    }
    return parameters;
  }

  // Every field that is neither in the path nor the body can be given as ?a.b=value.
  void AddQuery(const HttpBinding& binding, const pb::Descriptor& message,
                const std::string& prefix, int depth, Array& parameters) {
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      if (depth == 0 && &field == binding.body_field) continue;
      std::string name = prefix + field.name();
      bool in_path = false;
      for (const auto& bound : binding.variables) {
        in_path |= bound.variable.field_path == name;
      }
      if (in_path || field.is_map()) continue;
      if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        const std::string& type = field.message_type()->full_name();
        bool scalar = type == "google.protobuf.Timestamp" || type == "google.protobuf.Duration" ||
                      type == "google.protobuf.FieldMask";
        if (!scalar) {
          if (type.rfind("google.protobuf.", 0) != 0 && !field.is_repeated() && depth < 3) {
            AddQuery(binding, *field.message_type(), name + ".", depth + 1, parameters);
          }
          continue;
        }
      }
      parameters.push_back(QueryParameter(field, CamelPath(name)));
    }
  }

  Value QueryParameter(const pb::FieldDescriptor& field, const std::string& name) {
    Object schema = schemas_.Of(field).as_object();
    Object parameter{{"name", name}, {"in", "query"}};
    if (const Value* description = schema.Find("description")) {
      parameter.Set("description", *description);
      schema.Erase("description");
    }
    if (field.options().GetExtension(options::required)) parameter.Set("required", true);
    parameter.Set("schema", schema);
    return parameter;
  }

  Value Body(const HttpBinding& binding) {
    const pb::Descriptor& request = *binding.method->input_type();
    if (binding.body == HttpBinding::Body::kField) {
      Value schema = binding.body_field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE
                         ? schemas_.Of(*binding.body_field->message_type())
                         : schemas_.Of(*binding.body_field);
      return Object{{"required", true}, {"content", JsonContent(schema)}};
    }
    std::set<std::string> in_path;
    for (const auto& bound : binding.variables) in_path.insert(bound.variable.field_path);
    Value schema = in_path.empty() ? schemas_.Of(request) : schemas_.Without(request, in_path);
    const Value* own = schema.Find("required");
    if (const Value* ref = schema.Find("$ref")) {
      own = schemas_.components().at(ref->as_string().substr(21)).Find("required");
    }
    return Object{{"required", own != nullptr}, {"content", JsonContent(schema)}};
  }

  // The one stream browsers can reach: frames over WebSocket, events over SSE.
  void AddStream(const std::string& tag, const pb::MethodDescriptor& method) {
    const options::Access& access = method.options().GetExtension(options::access);
    Value client = schemas_.Of(*method.input_type());
    Value server = schemas_.Of(*method.output_type());
    Object topic{{"name", "topic"},
                 {"in", "query"},
                 {"description", "Without WebSocket: what to subscribe to."},
                 {"schema", Object{{"type", "string"}}}};
    Object position{{"name", "position"},
                    {"in", "query"},
                    {"description", "Without WebSocket: of the last event seen."},
                    {"schema", Object{{"type", "string"}}}};
    Object operation{
        {"operationId", "stream"},
        {"tags", Array{tag}},
        {"summary", FirstSentence(CommentOf(*method.service()))},
        {"description",
         CommentOf(*method.service()) +
             "\n\nAs WebSocket: each text message is a ClientFrame or a ServerFrame in JSON. A "
             "browser gives its token as the subprotocols \"agentflow.v1\" and \"bearer.<token>\". "
             "As server-sent events (Accept: text/event-stream): each event's data is a "
             "ServerFrame and its id the position."},
        {"x-rpc", method.service()->full_name() + "/" + method.name()},
        {"x-permission", access.permission()},
        {"x-websocket", Object{{"client", client}, {"server", server}}},
        {"parameters", Array{topic, position}},
        {"responses",
         Object{{"101", Object{{"description", "The WebSocket is open."}}},
                {"200",
                 Object{{"description", "Server-sent events."},
                        {"content", Object{{"text/event-stream", Object{{"schema", server}}}}}}},
                {"default", Object{{"$ref", "#/components/responses/Error"}}}}}};
    paths_["/v1/stream"].Set("get", operation);
  }

  static Value ProblemDetails() {
    auto text = [](const char* description) {
      return Object{{"type", "string"}, {"description", description}};
    };
    return Object{
        {"type", "object"},
        {"description", "What went wrong (RFC 9457). Programs match on `reason`."},
        {"required", Array{"type", "title", "status", "detail", "reason", "requestId"}},
        {"additionalProperties", true},
        {"properties",
         Object{{"type", text("URI of the reason's help page.")},
                {"title", text("The canonical code: \"INVALID_ARGUMENT\".")},
                {"status", Object{{"type", "integer"}, {"description", "The HTTP status."}}},
                {"detail", text("What happened and what to do about it.")},
                {"instance", text("Path of the request.")},
                {"reason", text("UPPER_SNAKE, stable.")},
                {"requestId", text("Name it when asking for help.")},
                {"field", text("Path of the field at fault, where there is one.")},
                {"retryAfterMs", text("When trying again makes sense.")}}}};
  }

  SchemaCollector schemas_;
  std::map<std::string, Object> paths_;
  std::set<std::string> ids_;
  Array tags_;
};

}  // namespace

absl::StatusOr<Value> Generate(const pb::DescriptorPool& pool,
                               const std::vector<std::string>& files) {
  Generator generator;
  for (const pb::ServiceDescriptor* service : contract::PublicServices(pool, files)) {
    AF_RETURN_IF_ERROR(generator.Add(*service));
  }
  return generator.Document();
}

}  // namespace agentflow::openapi
