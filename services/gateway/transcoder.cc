#include "services/gateway/transcoder.h"

#include "libs/base/status.h"
#include "libs/contract/path_template.h"
#include "libs/json/value.h"
#include "libs/rpc/proto_json.h"

namespace agentflow::gateway {
namespace {

namespace pb = google::protobuf;
using contract::HttpBinding;

bool IsJson(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return type.empty() || http::EqualIgnoringCase(type, "application/json");
}

absl::Status ReadBody(const http::Request& request, const HttpBinding& binding,
                      pb::Message& message) {
  if (binding.body == HttpBinding::Body::kNone) {
    if (request.body.empty() || request.method == "DELETE") return absl::OkStatus();
    return InvalidArgument("BODY_UNEXPECTED", "",
                           "this method takes no body: give its fields in the query");
  }
  if (!IsJson(request.headers.Get("content-type"))) {
    return InvalidArgument("MEDIA_TYPE_UNSUPPORTED", "",
                           "the body must be JSON: send Content-Type: application/json");
  }
  if (request.body.empty()) return absl::OkStatus();
  if (binding.body == HttpBinding::Body::kWhole) {
    return rpc::JsonTextToMessage(request.body, &message);
  }
  pb::Message* field = message.GetReflection()->MutableMessage(&message, binding.body_field);
  return rpc::JsonTextToMessage(request.body, field);
}

// A field that the path or the body holds cannot be given in the query as well.
absl::Status ReadQuery(const http::Request& request, const HttpBinding& binding,
                       pb::Message& message) {
  if (request.query.empty()) return absl::OkStatus();
  AF_ASSIGN_OR_RETURN(auto query, contract::ParseQuery(request.query));
  for (const auto& [key, value] : query) {
    if (binding.body == HttpBinding::Body::kWhole) {
      return InvalidArgument(
          "QUERY_INVALID", key,
          "this method takes its fields in the body, not \"" + key + "\" in the query");
    }
    contract::FieldPath path = contract::FindFieldPath(*message.GetDescriptor(), key);
    bool in_body = binding.body_field != nullptr && !path.empty() && path[0] == binding.body_field;
    bool in_path = false;
    for (const contract::BoundVariable& bound : binding.variables) in_path |= bound.fields == path;
    if (in_body || (in_path && !path.empty())) {
      return InvalidArgument("QUERY_INVALID", key,
                             "\"" + key + "\" belongs into the " + (in_body ? "body" : "path"));
    }
    AF_RETURN_IF_ERROR(rpc::SetFieldFromText(&message, key, value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<pb::Message>> ToMessage(const http::Request& request,
                                                       const contract::RouteTable::Match& match,
                                                       const Method& method) {
  std::unique_ptr<pb::Message> message(method.request->New());
  const HttpBinding& binding = *match.binding;
  AF_RETURN_IF_ERROR(ReadBody(request, binding, *message));
  AF_RETURN_IF_ERROR(ReadQuery(request, binding, *message));
  for (size_t i = 0; i < binding.variables.size(); ++i) {
    AF_RETURN_IF_ERROR(rpc::SetFieldFromText(
        message.get(), binding.variables[i].variable.field_path, match.values[i]));
  }
  return message;
}

absl::StatusOr<std::string> ToJsonText(const std::string& bytes, const HttpBinding& binding,
                                       const Method& method) {
  std::unique_ptr<pb::Message> message(method.response->New());
  if (!message->ParseFromString(bytes)) {
    return Internal("ANSWER_MALFORMED", method.backend + " answered something else than " +
                                            method.response->GetTypeName());
  }
  if (binding.response_field == nullptr) return rpc::MessageToJsonText(*message);
  AF_ASSIGN_OR_RETURN(json::Value value, rpc::MessageToJson(*message));
  const json::Value* field = value.Find(binding.response_field->json_name());
  return field == nullptr ? std::string("null") : json::Dump(*field);
}

}  // namespace agentflow::gateway
