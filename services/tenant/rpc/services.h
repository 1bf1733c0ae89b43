#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "libs/rpc/server.h"
#include "services/tenant/audit/audit_trail.h"
#include "services/tenant/identity/identities.h"
#include "services/tenant/identity/revocations.h"
#include "services/tenant/keys/api_keys.h"
#include "services/tenant/sessions/sessions.h"
#include "services/tenant/tenants/erasures.h"
#include "services/tenant/tenants/tenants.h"
#include "services/tenant/users/users.h"

// The gRPC methods of this service; each file beside registers one service of proto/.
namespace agentflow::tenant {

void RegisterAuthService(rpc::Server& server, Sessions& sessions);
void RegisterTenantService(rpc::Server& server, Tenants& tenants);
void RegisterErasureService(rpc::Server& server, Erasures& erasures);
void RegisterUserService(rpc::Server& server, Users& users);
void RegisterApiKeyService(rpc::Server& server, ApiKeys& keys);
// AuditService and AuditSinkService.
void RegisterAuditServices(rpc::Server& server, AuditTrail& audit);

// IdentityService, with the streams of those who watch for revocations.
class IdentityService {
 public:
  IdentityService(Identities& identities, Tenants& tenants, RevocationFeed& feed)
      : identities_(identities), tenants_(tenants), feed_(feed) {}

  void Register(rpc::Server& server);
  // Ends the streams, for draining.
  void EndStreams();

 private:
  void Watch(std::shared_ptr<rpc::RawServerStream> stream);

  Identities& identities_;
  Tenants& tenants_;
  RevocationFeed& feed_;
  std::mutex mutex_;
  std::map<int64_t, std::shared_ptr<rpc::RawServerStream>> streams_;
};

}  // namespace agentflow::tenant
