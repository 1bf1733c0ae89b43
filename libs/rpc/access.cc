#include "libs/rpc/access.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>

#include "agentflow/options/v1/options.pb.h"
#include "libs/base/status.h"

namespace agentflow::rpc {
namespace {

namespace pb = google::protobuf;
namespace options = agentflow::options::v1;

MethodAccess::Audit ToAudit(options::Audit audit) {
  switch (audit) {
    case options::READ:
      return MethodAccess::Audit::kRead;
    case options::WRITE:
      return MethodAccess::Audit::kWrite;
    case options::SECURITY:
      return MethodAccess::Audit::kSecurity;
    default:
      return MethodAccess::Audit::kNone;
  }
}

// Options of another pool hold our extensions as unknown fields; writing and reading them makes
// these known.
template <typename Options>
Options Known(const Options& from) {
  Options out;
  out.ParsePartialFromString(from.SerializePartialAsString());
  return out;
}

}  // namespace

absl::StatusOr<MethodAccess> AccessOf(const pb::MethodDescriptor& method) {
  pb::MethodOptions known = Known(method.options());
  const options::Access& access = known.GetExtension(options::access);
  MethodAccess out;
  out.permission = access.permission();
  out.audit = ToAudit(access.audit());
  out.cost = access.cost() > 0 ? access.cost() : 1;
  out.is_public = access.public_();
  out.authenticated = access.authenticated();
  out.callers.assign(access.callers().begin(), access.callers().end());
  if (out.permission.empty() && !out.is_public && !out.authenticated && out.callers.empty()) {
    return FailedPrecondition("ACCESS_UNDECLARED",
                              MethodPath(method) +
                                  " declares no (agentflow.options.v1.access): add a permission, "
                                  "callers, authenticated or public");
  }
  return out;
}

std::string BackendOf(const pb::ServiceDescriptor& service) {
  return Known(service.options()).GetExtension(options::backend);
}

std::string MethodPath(const pb::MethodDescriptor& method) {
  return method.service()->full_name() + "/" + method.name();
}

const pb::MethodDescriptor* FindMethod(const pb::DescriptorPool& pool, std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  std::string name(path);
  std::replace(name.begin(), name.end(), '/', '.');
  return pool.FindMethodByName(name);
}

std::vector<const pb::ServiceDescriptor*> LinkedServices(std::string_view backend) {
  std::vector<std::string> files;
  std::vector<const pb::ServiceDescriptor*> out;
  // The one list of what was linked; the pool itself cannot be enumerated.
  if (!pb::DescriptorPool::internal_generated_database()->FindAllFileNames(&files)) return out;
  std::sort(files.begin(), files.end());
  for (const std::string& name : files) {
    if (!name.starts_with("agentflow/") && !name.starts_with("libs/")) continue;
    const pb::FileDescriptor* file = pb::DescriptorPool::generated_pool()->FindFileByName(name);
    if (file == nullptr) continue;
    for (int i = 0; i < file->service_count(); ++i) {
      if (BackendOf(*file->service(i)) == backend) out.push_back(file->service(i));
    }
  }
  return out;
}

}  // namespace agentflow::rpc
