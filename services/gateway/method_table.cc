#include "services/gateway/method_table.h"

#include "agentflow/options/v1/options.pb.h"
#include "libs/base/status.h"

namespace agentflow::gateway {

namespace pb = google::protobuf;

absl::StatusOr<std::unique_ptr<MethodTable>> MethodTable::Build(
    const std::vector<std::string>& backends) {
  auto table = std::make_unique<MethodTable>();
  for (const std::string& backend : backends) {
    for (const pb::ServiceDescriptor* service : rpc::LinkedServices(backend)) {
      if (service->file()->package().rfind("agentflow.api.", 0) != 0) continue;
      table->services_.push_back(service->full_name());
      for (int i = 0; i < service->method_count(); ++i) {
        AF_RETURN_IF_ERROR(table->Add(*service->method(i)));
      }
    }
  }
  return table;
}

absl::Status MethodTable::Add(const pb::MethodDescriptor& descriptor) {
  auto method = std::make_unique<Method>();
  method->descriptor = &descriptor;
  method->path = rpc::MethodPath(descriptor);
  method->name = descriptor.service()->name() + "." + descriptor.name();
  method->backend = rpc::BackendOf(*descriptor.service());
  AF_ASSIGN_OR_RETURN(method->access, rpc::AccessOf(descriptor));
  method->streaming = descriptor.client_streaming() || descriptor.server_streaming();
  const std::string& lane_from = descriptor.options().GetExtension(options::v1::route).lane_from();
  if (!lane_from.empty()) {
    method->lane_from = contract::FindFieldPath(*descriptor.input_type(), lane_from);
    if (method->lane_from.empty()) {
      return InvalidArgument("HTTP_RULE_INVALID", "", method->path + ": no field " + lane_from);
    }
  }
  auto* factory = pb::MessageFactory::generated_factory();
  method->request = factory->GetPrototype(descriptor.input_type());
  method->response = factory->GetPrototype(descriptor.output_type());
  AF_ASSIGN_OR_RETURN(std::vector<contract::HttpBinding> bindings,
                      contract::BindingsOf(descriptor));
  for (contract::HttpBinding& binding : bindings) {
    if (binding.body == contract::HttpBinding::Body::kField &&
        binding.body_field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      return InvalidArgument("HTTP_RULE_INVALID", "", method->path + ": the body is no message");
    }
    AF_RETURN_IF_ERROR(routes_.Add(std::move(binding)));
  }
  by_path_[method->path] = method.get();
  by_descriptor_[&descriptor] = method.get();
  methods_.push_back(std::move(method));
  return absl::OkStatus();
}

const Method* MethodTable::Find(std::string_view grpc_path) const {
  if (!grpc_path.empty() && grpc_path[0] == '/') grpc_path.remove_prefix(1);
  auto it = by_path_.find(std::string(grpc_path));
  return it == by_path_.end() ? nullptr : it->second;
}

const Method& MethodTable::Of(const contract::HttpBinding& binding) const {
  return *by_descriptor_.at(binding.method);
}

}  // namespace agentflow::gateway
