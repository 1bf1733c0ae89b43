// Content that executions name by reference.
#include <fstream>
#include <iostream>

#include "libs/base/status.h"
#include "libs/crypto/encoding.h"
#include "tools/cli/commands.h"

namespace agentflow::cli {

absl::StatusOr<int> PutPayload(Session& session, const std::string& file,
                               const std::string& content_type) {
  AF_ASSIGN_OR_RETURN(const std::string data, ReadFile(file));
  const json::Object payload{{"contentType", content_type}, {"data", crypto::Base64Encode(data)}};
  AF_ASSIGN_OR_RETURN(const json::Value stored,
                      session.Post("/v1/payloads", json::Value(payload)));
  const json::Object reference{{"$payload", stored.StringOr("name")},
                               {"size", static_cast<int64_t>(data.size())},
                               {"contentType", stored.StringOr("contentType")}};
  std::cout << json::Dump(json::Value(reference)) << "\n";
  return kOk;
}

absl::StatusOr<int> GetPayload(Session& session, const std::string& name, const std::string& file) {
  const std::string full = name.starts_with("payloads/") ? name : "payloads/" + name;
  AF_ASSIGN_OR_RETURN(const json::Value stored, session.Get("/v1/" + full));
  const std::optional<std::string> data = crypto::Base64Decode(stored.StringOr("data"));
  if (!data) return Internal("ANSWER_MALFORMED", "The platform's answer holds no base64.");
  if (file.empty()) {
    std::cout.write(data->data(), static_cast<std::streamsize>(data->size()));
    return kOk;
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(data->data(), static_cast<std::streamsize>(data->size()));
  if (!out.flush()) {
    return FailedPrecondition("FILE_NOT_WRITABLE", file + " cannot be written.");
  }
  return kOk;
}

}  // namespace agentflow::cli
