#pragma once

#include "absl/status/statusor.h"
#include "agentflow/internal/designer/v1/versions.pb.h"
#include "libs/pg/pool.h"
#include "libs/rpc/call.h"

namespace agentflow::rpc {
class Server;
}

namespace agentflow::designer {

// VersionService: what the executor and the scheduler ask. Thread-safe.
class VersionRpc {
 public:
  explicit VersionRpc(pg::Pool& pool) : pool_(pool) {}
  void Register(rpc::Server& server);

  absl::StatusOr<internal::designer::v1::ResolveVersionsResponse> Resolve(
      const rpc::Call&, const internal::designer::v1::ResolveVersionsRequest&);
  absl::StatusOr<internal::designer::v1::GetDocumentResponse> GetDocument(
      const rpc::Call&, const internal::designer::v1::GetDocumentRequest&);

 private:
  pg::Pool& pool_;
};

}  // namespace agentflow::designer
