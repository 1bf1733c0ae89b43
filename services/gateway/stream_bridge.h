#pragma once

#include <memory>
#include <string>

#include "libs/http/server.h"
#include "libs/rpc/channel.h"
#include "services/gateway/caller.h"
#include "services/gateway/live_streams.h"
#include "services/gateway/method_table.h"

// Browsers' way to StreamService.Stream: JSON frames over WebSocket, or server-sent events.
namespace agentflow::gateway {

inline constexpr char kStreamMethod[] = "agentflow.api.v1.StreamService/Stream";

// WebSocket close codes beyond RFC 6455's own.
inline constexpr uint16_t kCloseCredentialEnded = 4401;

struct StreamCall {
  const Method* method = nullptr;
  CallerPtr caller;
  rpc::ChannelPtr channel;
  rpc::CallOptions options;
  LiveStreams* live = nullptr;
};

// The token in the subprotocols "agentflow.v1, bearer.<token>"; empty where there is none.
std::string TokenOfSubprotocols(std::string_view subprotocols);

// Each text message is one ClientFrame; a malformed one is answered with Failed, not with a close.
// Closes 1000 when the stream ends, 1012 when the backend goes, 4401 when the credential ends.
void OpenWebSocket(const StreamCall& call, std::string subprotocol,
                   const std::shared_ptr<http::Reply>& reply);

// Subscribes to one topic; each event is a ServerFrame with its position as the event's id.
void OpenEventStream(const StreamCall& call, const std::string& topic, const std::string& position,
                     const std::shared_ptr<http::Reply>& reply);

}  // namespace agentflow::gateway
