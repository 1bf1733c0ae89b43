#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "libs/rpc/server_impl.h"

// Server reflection over the descriptor pool: there are no generated services that gRPC's own
// plugin could list. Only the listed services' files, and what these import, are told.
namespace agentflow::rpc {
namespace {

namespace pb = google::protobuf;
namespace reflection = grpc::reflection::v1alpha;

using Request = reflection::ServerReflectionRequest;
using Response = reflection::ServerReflectionResponse;

class Reflection {
 public:
  explicit Reflection(const std::set<std::string>& services) : services_(services) {
    for (const std::string& name : services) {
      const auto* service = pool_->FindServiceByName(name);
      if (service != nullptr) AddFile(service->file());
    }
  }

  Response Answer(const Request& request) const {
    Response response;
    *response.mutable_original_request() = request;
    switch (request.message_request_case()) {
      case Request::kListServices:
        for (const std::string& name : services_) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        break;
      case Request::kFileByFilename:
        AnswerFile(pool_->FindFileByName(request.file_by_filename()), &response);
        break;
      case Request::kFileContainingSymbol:
        AnswerFile(pool_->FindFileContainingSymbol(request.file_containing_symbol()), &response);
        break;
      case Request::kFileContainingExtension:
        AnswerExtension(request.file_containing_extension(), &response);
        break;
      case Request::kAllExtensionNumbersOfType:
        AnswerExtensionNumbers(request.all_extension_numbers_of_type(), &response);
        break;
      case Request::MESSAGE_REQUEST_NOT_SET:
        SetError(grpc::StatusCode::INVALID_ARGUMENT, "no request is set", &response);
        break;
    }
    return response;
  }

 private:
  void AddFile(const pb::FileDescriptor* file) {
    if (!files_.insert(file).second) return;
    for (int i = 0; i < file->dependency_count(); ++i) AddFile(file->dependency(i));
  }

  static void SetError(int code, const char* message, Response* response) {
    response->mutable_error_response()->set_error_code(code);
    response->mutable_error_response()->set_error_message(message);
  }

  // The file and its imports, each once, imports first.
  static void Collect(const pb::FileDescriptor* file, std::set<const pb::FileDescriptor*>* seen,
                      reflection::FileDescriptorResponse* out) {
    if (!seen->insert(file).second) return;
    for (int i = 0; i < file->dependency_count(); ++i) Collect(file->dependency(i), seen, out);
    pb::FileDescriptorProto proto;
    file->CopyTo(&proto);
    out->add_file_descriptor_proto(proto.SerializeAsString());
  }

  void AnswerFile(const pb::FileDescriptor* file, Response* response) const {
    if (file == nullptr || !files_.contains(file)) {
      return SetError(grpc::StatusCode::NOT_FOUND, "there is no such file or symbol", response);
    }
    std::set<const pb::FileDescriptor*> seen;
    reflection::FileDescriptorResponse all;
    Collect(file, &seen, &all);
    // Clients take the first one for the file they asked for.
    auto* out = response->mutable_file_descriptor_response();
    for (int i = all.file_descriptor_proto_size() - 1; i >= 0; --i) {
      out->add_file_descriptor_proto(all.file_descriptor_proto(i));
    }
  }

  void AnswerExtension(const reflection::ExtensionRequest& request, Response* response) const {
    const auto* type = pool_->FindMessageTypeByName(request.containing_type());
    const auto* extension =
        type == nullptr ? nullptr : pool_->FindExtensionByNumber(type, request.extension_number());
    AnswerFile(extension == nullptr ? nullptr : extension->file(), response);
  }

  void AnswerExtensionNumbers(const std::string& name, Response* response) const {
    const auto* type = pool_->FindMessageTypeByName(name);
    if (type == nullptr) {
      return SetError(grpc::StatusCode::NOT_FOUND, "there is no such type", response);
    }
    auto* out = response->mutable_all_extension_numbers_response();
    out->set_base_type_name(name);
    std::vector<const pb::FieldDescriptor*> extensions;
    pool_->FindAllExtensions(type, &extensions);
    for (const auto* extension : extensions) {
      if (files_.contains(extension->file())) out->add_extension_number(extension->number());
    }
  }

  const pb::DescriptorPool* const pool_ = pb::DescriptorPool::generated_pool();
  const std::set<std::string> services_;
  std::set<const pb::FileDescriptor*> files_;
};

}  // namespace

void ServerRep::RegisterReflection(Server* server) {
  std::set<std::string> services(options.reflected_services.begin(),
                                 options.reflected_services.end());
  for (const auto& [path, method] : methods) services.insert(path.substr(0, path.find('/')));
  services.insert("grpc.reflection.v1alpha.ServerReflection");
  auto reflection = std::make_shared<const Reflection>(services);
  server->BidiStreaming<Request, Response>(
      "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      [reflection](ServerStream<Request, Response> stream) {
        RawServerStream* raw = stream.raw().get();
        stream.Start(
            [reflection, raw](Request request) { raw->Write(reflection->Answer(request)); },
            [raw] { raw->Finish(absl::OkStatus()); });
      });
}

}  // namespace agentflow::rpc
