#include "libs/contract/binding.h"

#include <algorithm>

#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/status.h"

namespace agentflow::contract {
namespace {

namespace pb = google::protobuf;

absl::Status Bad(const pb::MethodDescriptor& method, const std::string& what) {
  return InvalidArgument("HTTP_RULE_INVALID", "", method.full_name() + ": " + what);
}

absl::Status SetVerbAndPath(const google::api::HttpRule& rule, HttpBinding& binding) {
  std::string path;
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      binding.verb = "GET", path = rule.get();
      break;
    case google::api::HttpRule::kPut:
      binding.verb = "PUT", path = rule.put();
      break;
    case google::api::HttpRule::kPost:
      binding.verb = "POST", path = rule.post();
      break;
    case google::api::HttpRule::kDelete:
      binding.verb = "DELETE", path = rule.delete_();
      break;
    case google::api::HttpRule::kPatch:
      binding.verb = "PATCH", path = rule.patch();
      break;
    case google::api::HttpRule::kCustom:
      binding.verb = rule.custom().kind(), path = rule.custom().path();
      break;
    case google::api::HttpRule::PATTERN_NOT_SET:
      return Bad(*binding.method, "no path");
  }
  AF_ASSIGN_OR_RETURN(binding.path, PathTemplate::Parse(path));
  return absl::OkStatus();
}

absl::StatusOr<HttpBinding> BindingOf(const pb::MethodDescriptor& method,
                                      const google::api::HttpRule& rule) {
  HttpBinding binding;
  binding.method = &method;
  AF_RETURN_IF_ERROR(Annotate(SetVerbAndPath(rule, binding), method.full_name() + ": "));
  for (const PathVariable& variable : binding.path.variables()) {
    FieldPath fields = FindFieldPath(*method.input_type(), variable.field_path);
    if (fields.empty()) return Bad(method, "no field \"" + variable.field_path + "\"");
    const pb::FieldDescriptor& leaf = *fields.back();
    if (leaf.is_repeated() || leaf.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      return Bad(method, "\"" + variable.field_path + "\" cannot stand in a path");
    }
    binding.variables.push_back({variable, std::move(fields)});
  }
  if (rule.body() == "*") {
    binding.body = HttpBinding::Body::kWhole;
  } else if (!rule.body().empty()) {
    binding.body = HttpBinding::Body::kField;
    binding.body_field = method.input_type()->FindFieldByName(rule.body());
    if (binding.body_field == nullptr) return Bad(method, "no body field \"" + rule.body() + "\"");
  }
  if (binding.body != HttpBinding::Body::kNone && binding.verb == "GET") {
    return Bad(method, "GET has no body");
  }
  if (!rule.response_body().empty()) {
    binding.response_field = method.output_type()->FindFieldByName(rule.response_body());
    if (binding.response_field == nullptr) {
      return Bad(method, "no response field \"" + rule.response_body() + "\"");
    }
  }
  return binding;
}

}  // namespace

absl::StatusOr<std::vector<HttpBinding>> BindingsOf(const pb::MethodDescriptor& method) {
  std::vector<HttpBinding> bindings;
  if (!method.options().HasExtension(google::api::http)) return bindings;
  const google::api::HttpRule& rule = method.options().GetExtension(google::api::http);
  AF_ASSIGN_OR_RETURN(HttpBinding main, BindingOf(method, rule));
  bindings.push_back(std::move(main));
  for (const google::api::HttpRule& more : rule.additional_bindings()) {
    AF_ASSIGN_OR_RETURN(HttpBinding binding, BindingOf(method, more));
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

FieldPath FindFieldPath(const pb::Descriptor& message, std::string_view path) {
  FieldPath fields;
  const pb::Descriptor* here = &message;
  while (true) {
    size_t dot = path.find('.');
    std::string name(path.substr(0, dot));
    if (here == nullptr) return {};
    const pb::FieldDescriptor* field = here->FindFieldByName(name);
    if (field == nullptr) {
      for (int i = 0; i < here->field_count() && field == nullptr; ++i) {
        if (here->field(i)->json_name() == name) field = here->field(i);
      }
    }
    if (field == nullptr) return {};
    fields.push_back(field);
    if (dot == std::string_view::npos) return fields;
    if (field->is_repeated()) return {};
    here =
        field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE ? field->message_type() : nullptr;
    path.remove_prefix(dot + 1);
  }
}

std::vector<const pb::ServiceDescriptor*> PublicServices(const pb::DescriptorPool& pool,
                                                         const std::vector<std::string>& files) {
  std::vector<const pb::ServiceDescriptor*> services;
  for (const std::string& name : files) {
    const pb::FileDescriptor* file = pool.FindFileByName(name);
    if (file == nullptr || file->package().rfind("agentflow.api.", 0) != 0) continue;
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  std::sort(services.begin(), services.end(),
            [](const auto* a, const auto* b) { return a->full_name() < b->full_name(); });
  return services;
}

}  // namespace agentflow::contract
