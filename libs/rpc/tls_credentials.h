#pragma once

// For the .cc files of this library only.

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "libs/rpc/tls.h"

namespace agentflow::rpc {

std::shared_ptr<grpc::ServerCredentials> ServerCredentialsOf(const Tls& tls);
// The peer's name is checked against the channel's GRPC_SSL_TARGET_NAME_OVERRIDE_ARG.
std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsOf(const Tls& tls);

}  // namespace agentflow::rpc
