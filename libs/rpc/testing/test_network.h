#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "libs/auth/user_context.h"
#include "libs/base/clock.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/server.h"
#include "libs/rpc/tls.h"

namespace agentflow::rpc {

// A private authority and a gateway key, for tests that want real mutual TLS and real user
// contexts between servers on loopback. Files live in a temporary folder that ends with it.
//
//   rpc::TestNetwork network;
//   rpc::Server server(network.ServerOptionsFor("designer"));
//   ...
//   auto channel = network.Connect("gateway", "designer", server.port());
//   channel->Unary<Request, Response>(method, request,
//                                     network.As("acme", {"workflows.*"}));
class TestNetwork {
 public:
  TestNetwork();
  ~TestNetwork();
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;

  // Certificate and key for `service`, made at first use.
  TlsFiles FilesFor(const std::string& service);
  TlsPtr TlsFor(const std::string& service);
  // Replaces the files of `service` by new ones; `common_name` other than the service's for
  // impostors.
  void Renew(const std::string& service, const std::string& common_name = "");

  // Options of a server of `service` on a free port with mutual TLS and user contexts.
  ServerOptions ServerOptionsFor(const std::string& service);
  // A channel of `from` to `to`.
  ChannelPtr Connect(const std::string& from, const std::string& to, int port);

  // A user context as the gateway would mint it.
  std::string UserContext(const std::string& tenant, const std::vector<std::string>& permissions,
                          const std::string& principal = "users/test");
  // Call options with such a context.
  CallOptions As(const std::string& tenant, const std::vector<std::string>& permissions,
                 const std::string& principal = "users/test");

  std::shared_ptr<auth::ContextVerifier> verifier() const { return verifier_; }
  // Paths of the gateway's keys: for settings `context_keys` and the gateway's own.
  std::string context_public_key_file() const { return folder_ + "/context.pub.pem"; }
  std::string context_private_key_file() const { return folder_ + "/context.key.pem"; }
  // The `tls:` and `context_keys:` lines of the YAML settings of `service`.
  std::string SettingsFor(const std::string& service);
  const std::string& folder() const { return folder_; }

 private:
  void Issue(const std::string& service, const std::string& common_name);

  struct Authority;
  std::string folder_;
  SystemClock clock_;
  crypto::SigningKey context_key_;
  std::shared_ptr<auth::ContextVerifier> verifier_;
  std::unique_ptr<Authority> authority_;
  std::mutex mutex_;
  std::map<std::string, TlsPtr> identities_;
};

}  // namespace agentflow::rpc
