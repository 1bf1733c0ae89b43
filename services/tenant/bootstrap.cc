#include "services/tenant/bootstrap.h"

#include <algorithm>

#include "libs/base/status.h"

namespace agentflow::tenant {
namespace {

constexpr char kKeyTitle[] = "bootstrap";
constexpr int kPage = 1000;

absl::StatusOr<bool> HasKey(ApiKeys& keys, const std::string& tenant) {
  Uuid after;
  for (;;) {
    AF_ASSIGN_OR_RETURN(std::vector<ApiKey> page, keys.List(tenant, after, kPage));
    bool found = std::any_of(page.begin(), page.end(), [](const ApiKey& key) {
      return key.title == kKeyTitle && !key.revoke_time;
    });
    if (found) return true;
    if (page.size() < kPage) return false;
    after = page.back().id;
  }
}

}  // namespace

absl::StatusOr<BootstrapResult> Bootstrap(Tenants& tenants, ApiKeys& keys,
                                          const BootstrapRequest& request) {
  const std::vector<std::string> roles = {"admin", "platform-admin"};
  const Actor actor{.tenant = request.tenant,
                    .principal = "services/tenant",
                    .permissions = {"*", "tenants.*"},
                    .method = "agentflow.tenant.Bootstrap"};
  absl::Status there = tenants.Get(request.tenant).status();
  if (ReasonOf(there) == "TENANT_NOT_FOUND") {
    there = tenants
                .Create(actor, {.slug = request.tenant,
                                .title = "Default",
                                .admin_email = request.email,
                                .admin_password = request.password,
                                .admin_roles = roles})
                .status();
  }
  // Another bootstrap may have been faster.
  if (!there.ok() && ReasonOf(there) != "TENANT_EXISTS") return there;
  BootstrapResult result{.tenant = request.tenant, .email = request.email};
  if (!request.new_key) {
    AF_ASSIGN_OR_RETURN(bool has_key, HasKey(keys, request.tenant));
    if (has_key) return result;
  }
  AF_ASSIGN_OR_RETURN(ApiKeys::Created created,
                      keys.Create(actor, {.title = kKeyTitle, .roles = roles}));
  result.api_key = created.secret;
  return result;
}

}  // namespace agentflow::tenant
