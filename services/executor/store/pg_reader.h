#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pg/pipeline.h"
#include "services/executor/store/pg_store.h"

namespace agentflow::executor {

// The reading half of PgStore: one connection, made at first use and again after it broke.
// Blocking; one thread.
class PgReader {
 public:
  explicit PgReader(const PgStoreOptions& options);

  // `anew`: over a new connection.
  absl::StatusOr<ReadResult> Read(const ReadRequest& request, bool anew);

 private:
  absl::StatusOr<ReadResult> TryRead(const ReadRequest& request);
  absl::Status ReadKeys(const pg::BinaryParams& lanes, ReadResult* result);
  absl::Status ReadHolders(const std::vector<std::pair<std::string, std::string>>& keys,
                           ReadResult* result);
  absl::Status ReadMail(const ReadRequest& request, ReadResult* result);
  absl::Status ReadLive(size_t live_statement, size_t record_statement,
                        const pg::BinaryParams& params, ReadResult* result);

  const PgStoreOptions options_;
  int answer_timeout_ms_;  // of the next connection
  std::unique_ptr<pg::Pipeline> db_;
};

}  // namespace agentflow::executor
