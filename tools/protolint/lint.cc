#include "tools/protolint/lint.h"

#include <algorithm>
#include <set>

#include "agentflow/options/v1/options.pb.h"
#include "google/api/annotations.pb.h"
#include "libs/base/status.h"
#include "libs/contract/binding.h"
#include "libs/contract/route_table.h"
#include "re2/re2.h"

namespace agentflow::protolint {
namespace {

namespace pb = google::protobuf;
namespace options = agentflow::options::v1;

const std::set<std::string>& Services() {
  static const std::set<std::string> names = {"gateway",     "designer", "executor", "scheduler",
                                              "coordinator", "monitor",  "tenant"};
  return names;
}

bool IsPublic(const pb::FileDescriptor& file) {
  return file.package().starts_with("agentflow.api.");
}

class Linter {
 public:
  void File(const pb::FileDescriptor& file) {
    std::string folder = file.package();
    std::replace(folder.begin(), folder.end(), '.', '/');
    if (!file.name().starts_with(folder + "/")) {
      findings_.push_back(
          {file.name(), 0, "package " + file.package() + " belongs into the folder " + folder});
    }
    for (int i = 0; i < file.dependency_count(); ++i) {
      if (IsPublic(file) && file.dependency(i)->package().starts_with("agentflow.internal.")) {
        findings_.push_back(
            {file.name(), 0, "a public proto imports " + file.dependency(i)->name()});
      }
    }
    for (int i = 0; i < file.service_count(); ++i) Service(*file.service(i));
    for (int i = 0; i < file.message_type_count(); ++i) Message(*file.message_type(i));
    for (int i = 0; i < file.enum_type_count(); ++i) Enum(*file.enum_type(i));
  }

  std::vector<Finding> Take() {
    std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
      return std::tie(a.file, a.line) < std::tie(b.file, b.line);
    });
    return std::move(findings_);
  }

 private:
  template <typename D>
  void ReportAt(const D& descriptor, const std::string& message) {
    pb::SourceLocation location;
    int line = descriptor.GetSourceLocation(&location) ? location.start_line + 1 : 0;
    findings_.push_back({FileOf(descriptor).name(), line, descriptor.full_name() + ": " + message});
  }
  template <typename D>
  static const pb::FileDescriptor& FileOf(const D& descriptor) {
    return *descriptor.file();
  }
  static const pb::FileDescriptor& FileOf(const pb::EnumValueDescriptor& value) {
    return *value.type()->file();
  }

  template <typename D>
  static bool HasComment(const D& descriptor) {
    pb::SourceLocation location;
    // Without source info there is nothing to complain about.
    return !descriptor.GetSourceLocation(&location) || !location.leading_comments.empty();
  }

  void Service(const pb::ServiceDescriptor& service) {
    const std::string& backend = service.options().GetExtension(options::backend);
    if (!service.name().ends_with("Service")) ReportAt(service, "its name must end in Service");
    if (!Services().contains(backend)) ReportAt(service, "needs a backend, one of the services");
    if (!HasComment(service)) ReportAt(service, "needs a comment");
    for (int i = 0; i < service.method_count(); ++i) {
      Access(*service.method(i));
      Http(*service.method(i));
      MethodShape(*service.method(i));
    }
  }

  void Access(const pb::MethodDescriptor& method) {
    static const RE2 kPermission("[a-z][A-Za-z]*\\.[a-z][A-Za-z]*");
    const options::Access& access = method.options().GetExtension(options::access);
    int ways = !access.permission().empty() + access.public_() + access.authenticated() +
               (access.callers_size() > 0);
    if (ways != 1) {
      ReportAt(method, "must declare one of permission, public, authenticated and callers");
    }
    if (!access.permission().empty() && !RE2::FullMatch(access.permission(), kPermission)) {
      ReportAt(method, "permission must be <collection>.<verb>");
    }
    if (access.cost() < 0) ReportAt(method, "cost must not be negative");
    for (const std::string& caller : access.callers()) {
      if (!Services().contains(caller)) ReportAt(method, "unknown caller " + caller);
    }
    bool internal = !IsPublic(*method.file());
    if (internal != (access.callers_size() > 0)) {
      ReportAt(method, internal ? "an internal method names its callers"
                                : "callers are for internal methods");
    }
    if (!internal && access.audit() == options::AUDIT_UNSPECIFIED) {
      ReportAt(method, "must declare its audit");
    }
  }

  void Http(const pb::MethodDescriptor& method) {
    bool streams = method.client_streaming() || method.server_streaming();
    bool has_rule = method.options().HasExtension(google::api::http);
    if (IsPublic(*method.file()) && !streams && !has_rule) ReportAt(method, "needs an HTTP rule");
    if (has_rule && (streams || !IsPublic(*method.file()))) {
      ReportAt(method, "must have no HTTP rule");
    }
    absl::StatusOr<std::vector<contract::HttpBinding>> bindings = contract::BindingsOf(method);
    if (!bindings.ok()) {
      ReportAt(method, MessageOf(bindings.status()));
      return;
    }
    for (contract::HttpBinding& binding : *bindings) {
      if (!binding.path.text().starts_with("/v1/")) ReportAt(method, "paths begin with /v1/");
      if (absl::Status added = routes_.Add(std::move(binding)); !added.ok()) {
        ReportAt(method, MessageOf(added));
      }
    }
    const std::string& lane = method.options().GetExtension(options::route).lane_from();
    if (!lane.empty() && contract::FindFieldPath(*method.input_type(), lane).empty()) {
      ReportAt(method, "lane_from: no field " + lane);
    }
  }

  void MethodShape(const pb::MethodDescriptor& method) {
    static const RE2 kStandard("(Get|List|Create|Update|Delete)[A-Z].*");
    if (!RE2::FullMatch(method.name(), kStandard) && !HasComment(method)) {
      ReportAt(method, "needs a comment");
    }
    if (method.input_type()->FindFieldByName("page_size") != nullptr &&
        (method.input_type()->FindFieldByName("page_token") == nullptr ||
         method.output_type()->FindFieldByName("next_page_token") == nullptr)) {
      ReportAt(method, "page_size needs page_token, and next_page_token in the answer");
    }
    bool may_name_tenants = method.service()->name() == "TenantService" ||
                            method.full_name() == "agentflow.api.v1.AuthService.Login";
    if (IsPublic(*method.file()) && !may_name_tenants) {
      std::set<const pb::Descriptor*> seen;
      NoTenant(method, *method.input_type(), "", seen);
    }
  }

  void NoTenant(const pb::MethodDescriptor& method, const pb::Descriptor& message,
                const std::string& prefix, std::set<const pb::Descriptor*>& seen) {
    if (!seen.insert(&message).second || !IsPublic(*message.file())) return;
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      if (field.name() == "tenant" || field.name() == "tenant_id" || field.name() == "tenants") {
        ReportAt(method,
                 "the tenant comes from the credential alone, not from " + prefix + field.name());
      }
      if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        NoTenant(method, *field.message_type(), prefix + field.name() + ".", seen);
      }
    }
  }

  void Message(const pb::Descriptor& message) {
    static const RE2 kPascal("[A-Z][A-Za-z0-9]*");
    static const RE2 kSnake("[a-z][a-z0-9]*(_[a-z0-9]+)*");
    static const RE2 kSecret("(.*_)?(password|secret)");
    if (message.options().map_entry()) return;
    if (!RE2::FullMatch(message.name(), kPascal)) ReportAt(message, "must be PascalCase");
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      if (!RE2::FullMatch(field.name(), kSnake)) ReportAt(field, "must be lower_snake_case");
      if (field.type() == pb::FieldDescriptor::TYPE_STRING &&
          RE2::FullMatch(field.name(), kSecret) && !field.options().GetExtension(options::secret)) {
        ReportAt(field, "must be marked secret");
      }
    }
    for (int i = 0; i < message.nested_type_count(); ++i) Message(*message.nested_type(i));
    for (int i = 0; i < message.enum_type_count(); ++i) Enum(*message.enum_type(i));
  }

  void Enum(const pb::EnumDescriptor& type) {
    static const RE2 kUpper("[A-Z][A-Z0-9]*(_[A-Z0-9]+)*");
    for (int i = 0; i < type.value_count(); ++i) {
      const pb::EnumValueDescriptor& value = *type.value(i);
      if (!RE2::FullMatch(value.name(), kUpper)) ReportAt(value, "must be UPPER_SNAKE_CASE");
      if (value.number() == 0 && !value.name().ends_with("_UNSPECIFIED")) {
        ReportAt(value, "the zero value must end in _UNSPECIFIED");
      }
    }
  }

  std::vector<Finding> findings_;
  contract::RouteTable routes_;
};

}  // namespace

std::vector<Finding> Lint(const pb::DescriptorPool& pool, const std::vector<std::string>& files) {
  Linter linter;
  for (const std::string& name : files) {
    const pb::FileDescriptor* file = pool.FindFileByName(name);
    if (file != nullptr && file->package().starts_with("agentflow.")) linter.File(*file);
  }
  return linter.Take();
}

}  // namespace agentflow::protolint
