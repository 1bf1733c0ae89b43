#include "libs/base/status.h"
#include "libs/rpc/paging.h"
#include "services/tenant/rpc/convert.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {
namespace {

namespace pb = api::v1;

pb::Tenant ToProto(const Tenant& tenant) {
  pb::Tenant out;
  out.set_name("tenants/" + tenant.slug);
  out.set_title(tenant.title);
  out.set_state(tenant.deleting    ? pb::Tenant::DELETING
                : tenant.suspended ? pb::Tenant::SUSPENDED
                                   : pb::Tenant::ACTIVE);
  SetQuotas(tenant.quotas, out.mutable_quotas());
  out.set_etag(EtagOf(tenant.version));
  SetTime(tenant.create_time, out.mutable_create_time());
  SetTime(tenant.update_time, out.mutable_update_time());
  return out;
}

absl::StatusOr<pb::Tenant> Create(Tenants& tenants, const rpc::Call& call,
                                  const pb::CreateTenantRequest& request) {
  AF_ASSIGN_OR_RETURN(Tenant tenant,
                      tenants.Create(ActorOf(call), {.slug = request.tenant_id(),
                                                     .title = request.tenant().title(),
                                                     .quotas = QuotasIn(request.tenant().quotas()),
                                                     .admin_email = request.admin_email(),
                                                     .admin_password = request.admin_password()}));
  return ToProto(tenant);
}

absl::StatusOr<pb::ListTenantsResponse> List(Tenants& tenants,
                                             const pb::ListTenantsRequest& request) {
  const rpc::PageQuery query{.method = "ListTenants"};
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
  AF_ASSIGN_OR_RETURN(std::string after, rpc::ReadPageToken(query, request.page_token()));
  AF_ASSIGN_OR_RETURN(std::vector<Tenant> page, tenants.List(after, size + 1));
  pb::ListTenantsResponse response;
  if (page.size() > static_cast<size_t>(size)) {
    page.pop_back();
    response.set_next_page_token(rpc::MakePageToken(query, page.back().slug));
  }
  for (const Tenant& tenant : page) *response.add_tenants() = ToProto(tenant);
  return response;
}

absl::StatusOr<pb::Tenant> Update(Tenants& tenants, const rpc::Call& call,
                                  const pb::UpdateTenantRequest& request) {
  const pb::Tenant& wanted = request.tenant();
  const auto& mask = request.update_mask();
  AF_RETURN_IF_ERROR(CheckMask(mask, {"title", "state", "quotas", "etag"}));
  TenantChange change;
  if (Names(mask, "title", !wanted.title().empty())) change.title = wanted.title();
  if (Names(mask, "state", wanted.state() != pb::Tenant::STATE_UNSPECIFIED)) {
    if (wanted.state() != pb::Tenant::ACTIVE && wanted.state() != pb::Tenant::SUSPENDED) {
      return InvalidArgument("STATE_INVALID", "tenant.state", "choose ACTIVE or SUSPENDED");
    }
    change.suspended = wanted.state() == pb::Tenant::SUSPENDED;
  }
  if (Names(mask, "quotas", wanted.has_quotas())) change.quotas = QuotasIn(wanted.quotas());
  AF_ASSIGN_OR_RETURN(Tenant tenant, tenants.Update(ActorOf(call), SlugIn(wanted.name()), change,
                                                    VersionIn(wanted.etag())));
  return ToProto(tenant);
}

absl::StatusOr<pb::Tenant> Delete(Tenants& tenants, const rpc::Call& call,
                                  const pb::DeleteTenantRequest& request) {
  AF_ASSIGN_OR_RETURN(Tenant tenant, tenants.Delete(ActorOf(call), SlugIn(request.name()),
                                                    VersionIn(request.etag())));
  return ToProto(tenant);
}

}  // namespace

void RegisterTenantService(rpc::Server& server, Tenants& tenants) {
  server.Unary<pb::CreateTenantRequest, pb::Tenant>(
      "agentflow.api.v1.TenantService/CreateTenant",
      [&](const rpc::Call& call, const pb::CreateTenantRequest& request) {
        return Create(tenants, call, request);
      });
  server.Unary<pb::GetTenantRequest, pb::Tenant>(
      "agentflow.api.v1.TenantService/GetTenant",
      [&](const rpc::Call&, const pb::GetTenantRequest& request) -> absl::StatusOr<pb::Tenant> {
        AF_ASSIGN_OR_RETURN(Tenant tenant, tenants.Get(SlugIn(request.name())));
        return ToProto(tenant);
      });
  server.Unary<pb::ListTenantsRequest, pb::ListTenantsResponse>(
      "agentflow.api.v1.TenantService/ListTenants",
      [&](const rpc::Call&, const pb::ListTenantsRequest& request) {
        return List(tenants, request);
      });
  server.Unary<pb::UpdateTenantRequest, pb::Tenant>(
      "agentflow.api.v1.TenantService/UpdateTenant",
      [&](const rpc::Call& call, const pb::UpdateTenantRequest& request) {
        return Update(tenants, call, request);
      });
  server.Unary<pb::DeleteTenantRequest, pb::Tenant>(
      "agentflow.api.v1.TenantService/DeleteTenant",
      [&](const rpc::Call& call, const pb::DeleteTenantRequest& request) {
        return Delete(tenants, call, request);
      });
}

}  // namespace agentflow::tenant
