#include <future>

#include "gtest/gtest.h"
#include "libs/http/raw_client.h"
#include "libs/http/server.h"

namespace agentflow::http {
namespace {

// A server that gives its WebSockets to the test, and what arrives back to them.
class WebSocketTest : public testing::Test {
 protected:
  void Serve(ServerOptions options = {}) {
    auto server = Server::Start(options, [this](Request request, std::shared_ptr<Reply> reply) {
      ASSERT_TRUE(request.websocket);
      reply->Accept("agentflow.v1", [this](std::shared_ptr<WebSocket> socket) {
        opened_.set_value(socket);
        return WebSocketEvents{[socket](std::string text) { socket->Send("you said " + text); },
                               [this] { closed_.set_value(); }};
      });
    });
    ASSERT_TRUE(server.ok());
    server_ = *std::move(server);
  }
  std::unique_ptr<RawClient> Connect() {
    auto client = std::make_unique<RawClient>(server_->port());
    client->Send(UpgradeRequest("/v1/stream", "Sec-WebSocket-Protocol: agentflow.v1, x\r\n"));
    head_ = client->ReadUntil("\r\n\r\n");
    return client;
  }

  std::string head_;
  std::promise<std::shared_ptr<WebSocket>> opened_;
  std::promise<void> closed_;
  std::unique_ptr<Server> server_;
};

TEST_F(WebSocketTest, SpeaksBothWays) {
  Serve();
  auto client = Connect();
  EXPECT_TRUE(head_.starts_with("HTTP/1.1 101")) << head_;
  EXPECT_NE(head_.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);  // RFC 6455, 1.3
  EXPECT_NE(head_.find("Sec-WebSocket-Protocol: agentflow.v1\r\n"), std::string::npos) << head_;
  client->SendFrame(1, "hello");
  EXPECT_EQ(client->ReadFrame().payload, "you said hello");
  auto socket = opened_.get_future().get();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(socket->Send(std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client->ReadFrame().payload, std::to_string(i));
}

TEST_F(WebSocketTest, ClosesAfterWhatIsQueued) {
  Serve();
  auto client = Connect();
  auto socket = opened_.get_future().get();
  socket->Send("last");
  socket->Close(1008, "because");
  EXPECT_EQ(client->ReadFrame().payload, "last");
  RawClient::Frame close = client->ReadFrame();
  EXPECT_EQ(close.opcode, 8);
  EXPECT_EQ(close.payload, std::string("\x03\xf0", 2) + "because");
  client->SendFrame(8, close.payload);
  client.reset();
  closed_.get_future().get();
  EXPECT_FALSE(socket->Send("x"));
}

TEST_F(WebSocketTest, NoticesAPeerThatGoes) {
  Serve();
  auto client = Connect();
  client.reset();
  closed_.get_future().get();
}

TEST_F(WebSocketTest, DropsAPeerThatDoesNotRead) {
  ServerOptions options;
  options.max_queued_bytes = 100'000;
  Serve(options);
  auto client = Connect();
  auto socket = opened_.get_future().get();
  while (socket->Send(std::string(50'000, 'x'))) {
  }
  closed_.get_future().get();
}

TEST_F(WebSocketTest, RefusesBinaryMessages) {
  Serve();
  auto client = Connect();
  client->SendFrame(2, "binary");
  EXPECT_EQ(client->ReadFrame().payload.substr(0, 2), std::string("\x03\xeb", 2));
}

TEST_F(WebSocketTest, RefusesLargeMessages) {
  ServerOptions options;
  options.max_message_bytes = 100;
  Serve(options);
  auto client = Connect();
  client->SendFrame(1, std::string(101, 'x'));
  EXPECT_EQ(client->ReadFrame().payload.substr(0, 2), std::string("\x03\xf1", 2));
}

TEST_F(WebSocketTest, PingsAndDropsTheSilent) {
  ServerOptions options;
  options.websocket_ping = std::chrono::milliseconds(50);
  Serve(options);
  auto client = Connect();
  EXPECT_EQ(client->ReadFrame().opcode, 9);
  closed_.get_future().get();
}

TEST_F(WebSocketTest, DrainSaysGoodbye) {
  Serve();
  auto client = Connect();
  opened_.get_future().get();
  server_->Drain(std::chrono::milliseconds(0));
  EXPECT_EQ(client->ReadFrame().payload.substr(0, 2), std::string("\x03\xe9", 2));
}

}  // namespace
}  // namespace agentflow::http
