#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace agentflow::rpc {

// Paths of PEM files: the authority that signs all services, this service's certificate chain
// (CN = SAN DNS = service name) and its private key.
struct TlsFiles {
  std::string ca;
  std::string cert;
  std::string key;
};

// This process's identity towards other services, shared by its server and its channels. The
// files are watched: a renewed certificate is used for new connections without a restart.
class Tls {
 public:
  // INVALID_ARGUMENT, reason TLS_FILES_INVALID, names the file that cannot be read or used.
  static absl::StatusOr<std::shared_ptr<const Tls>> Load(
      const TlsFiles& files, std::chrono::seconds reload = std::chrono::seconds(10));
  ~Tls();

  // CN of the certificate as it was at Load.
  const std::string& name() const { return name_; }

  // For the .cc files of this library.
  struct Rep;
  const Rep& rep() const { return *rep_; }

 private:
  Tls();

  std::string name_;
  std::unique_ptr<Rep> rep_;
};

using TlsPtr = std::shared_ptr<const Tls>;

}  // namespace agentflow::rpc
