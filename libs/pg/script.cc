#include "libs/pg/script.h"

#include "libs/base/status.h"
#include "libs/pg/connection.h"

namespace agentflow::pg {

absl::StatusOr<Result> RunScript(const std::string& url, std::string_view sql) {
  AF_ASSIGN_OR_RETURN(auto connection, Connection::Open({url, "agentflow-script"}));
  return connection->Script(sql, "script");
}

}  // namespace agentflow::pg
