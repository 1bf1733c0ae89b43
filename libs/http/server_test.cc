#include "libs/http/server.h"

#include <future>
#include <thread>

#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/http/raw_client.h"

namespace agentflow::http {
namespace {

std::unique_ptr<Server> Serve(Handler handler, ServerOptions options = {}) {
  auto server = Server::Start(std::move(options), std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

Handler Echo() {
  return [](Request request, std::shared_ptr<Reply> reply) {
    reply->Send(TextResponse(
        200, request.method + " " + request.path + "?" + request.query + " " + request.body));
  };
}

TEST(Server, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  auto server = Serve(Echo());
  RawClient client(server->port());
  client.Send(
      "GET /a?x=1 HTTP/1.1\r\nHost: t\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_NE(client.ReadResponse().find("GET /a?x=1 "), std::string::npos);
  EXPECT_NE(client.ReadResponse().find("POST /b? body"), std::string::npos);
  client.Send("GET /c HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  std::string last = client.ReadAll();
  EXPECT_NE(last.find("GET /c"), std::string::npos);
  EXPECT_NE(last.find("Connection: close"), std::string::npos);
}

TEST(Server, AnswersFromAnotherThread) {
  std::thread worker;
  auto server = Serve([&](Request, std::shared_ptr<Reply> reply) {
    worker = std::thread([reply] { reply->Send(TextResponse(201, "later")); });
  });
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  std::string answer = client.ReadResponse();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 201 Created")) << answer;
  EXPECT_TRUE(answer.ends_with("later"));
  worker.join();
}

TEST(Server, ADroppedReplyIsA500) {
  auto server = Serve([](Request, std::shared_ptr<Reply>) {});
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_NE(client.ReadResponse().find("NO_ANSWER"), std::string::npos);
}

TEST(Server, HeadHasNoBodyAnd304NoLength) {
  auto server = Serve([](Request request, std::shared_ptr<Reply> reply) {
    Response response = TextResponse(request.path == "/304" ? 304 : 200, "12345");
    reply->Send(std::move(response));
  });
  RawClient client(server->port());
  client.Send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("Content-Length: 5"), std::string::npos);
  client.Send("GET /304 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  std::string answer = client.ReadAll();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 304")) << answer;
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
}

TEST(Server, LineBreaksInHeadersAreNoNewHeaders) {
  auto server = Serve([](Request, std::shared_ptr<Reply> reply) {
    reply->Send({200, {{"X-Name", "a\r\nSet-Cookie: b"}}, ""});
  });
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().find("\r\nSet-Cookie"), std::string::npos);
}

TEST(Server, RefusesWhatIsTooLargeOrNoHttp) {
  ServerOptions options;
  options.max_body_bytes = 100;
  options.max_header_bytes = 1000;
  auto server = Serve(Echo(), options);
  struct Case {
    std::string request;
    const char* status;
    const char* reason;
  } cases[] = {
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 101\r\n\r\n", "413", "BODY_TOO_LARGE"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n78\r\n" +
           std::string(120, 'x') + "\r\n0\r\n\r\n",
       "413", "BODY_TOO_LARGE"},
      {"GET / HTTP/1.1\r\nHost: t\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", "431",
       "HEADER_TOO_LARGE"},
      {"nonsense\r\n\r\n", "400", "HTTP_MALFORMED"},
      {"GET / HTTP/9.9\r\n\r\n", "400", "HTTP_MALFORMED"},
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "400",
       "HTTP_MALFORMED"},
  };
  for (const Case& c : cases) {
    RawClient client(server->port());
    client.Send(c.request);
    std::string answer = client.ReadAll();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(c.status))) << answer;
    EXPECT_NE(answer.find(c.reason), std::string::npos) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  }
}

TEST(Server, TheAnswerToAnOversizedUploadArrivesAlthoughItIsStillBeingSent) {
  ServerOptions options;
  options.max_body_bytes = 3'000'000;
  auto server = Serve(Echo(), options);
  RawClient client(server->port());
  client.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000\r\n\r\n");
  client.Send(std::string(9000000, 'x'));
  EXPECT_TRUE(client.ReadAll().starts_with("HTTP/1.1 413"));
}

TEST(Server, SaysContinueToThoseWhoAsk) {
  auto server = Serve(Echo());
  RawClient client(server->port());
  client.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hi");
  EXPECT_TRUE(client.ReadResponse().ends_with("hi"));
}

TEST(Server, ClosesThoseWhoSendSlowly) {
  ServerOptions options;
  options.header_timeout = options.body_timeout = options.idle_timeout =
      std::chrono::milliseconds(50);
  auto server = Serve(Echo(), options);
  for (const char* part : {"", "GET / HTTP/1.1\r\nHo",
                           "POST / HTTP/1.1\r\nHost: t\r\n"
                           "Content-Length: 9\r\n\r\nabc"}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.connected());
    client.Send(part);
    EXPECT_EQ(client.ReadAll(), "") << part;
  }
}

TEST(Server, StreamsPieces) {
  std::promise<std::shared_ptr<BodyWriter>> promise;
  std::promise<void> closed;
  auto server = Serve([&](Request, std::shared_ptr<Reply> reply) {
    promise.set_value(reply->Stream({200, {{"Content-Type", "text/event-stream"}}, ""},
                                    [&] { closed.set_value(); }));
  });
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  auto writer = promise.get_future().get();
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_TRUE(writer->Write("data: 1\n\n"));
  EXPECT_EQ(client.ReadUntil("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  writer->Finish();
  EXPECT_EQ(client.ReadAll(), "0\r\n\r\n");
  writer.reset();
  server.reset();
  closed.get_future().get();
}

TEST(Server, AStreamsEndIsNoticedAndAPeerThatDoesNotReadIsDropped) {
  std::promise<std::shared_ptr<BodyWriter>> promise;
  std::promise<void> closed;
  ServerOptions options;
  options.max_queued_bytes = 100'000;
  auto server = Serve(
      [&](Request, std::shared_ptr<Reply> reply) {
        promise.set_value(reply->Stream({200, {}, ""}, [&] { closed.set_value(); }));
      },
      options);
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  auto writer = promise.get_future().get();
  while (writer->Write(std::string(50'000, 'x'))) {
  }
  closed.get_future().get();
  EXPECT_FALSE(writer->Write("x"));
}

TEST(Server, DrainEndsIdleConnectionsAndFinishesBusyOnes) {
  std::promise<std::shared_ptr<Reply>> promise;
  auto server = Serve([&](Request request, std::shared_ptr<Reply> reply) {
    if (request.path == "/busy") return promise.set_value(reply);
    reply->Send(TextResponse(200, ""));
  });
  RawClient idle(server->port());
  idle.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  idle.ReadResponse();
  RawClient busy(server->port());
  busy.Send("GET /busy HTTP/1.1\r\nHost: t\r\n\r\n");
  auto reply = promise.get_future().get();
  std::thread drain([&] { server->Drain(std::chrono::seconds(10)); });
  EXPECT_EQ(idle.ReadAll(), "");
  reply->Send(TextResponse(200, "done"));
  reply.reset();
  EXPECT_TRUE(busy.ReadAll().ends_with("done"));
  drain.join();
}

TEST(Server, AnAnswerAfterTheServersEndIsHarmless) {
  std::promise<std::shared_ptr<Reply>> promise;
  auto server = Serve([&](Request, std::shared_ptr<Reply> reply) { promise.set_value(reply); });
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  auto reply = promise.get_future().get();
  server.reset();
  reply->Send(TextResponse(200, ""));
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(Server, RefusesBadAddresses) {
  for (const char* listen : {"", "localhost", "host:1", "127.0.0.1:", "127.0.0.1:x", "1.2.3:4:5"}) {
    ServerOptions options;
    options.listen = listen;
    auto server = Server::Start(options, Echo());
    EXPECT_EQ(ReasonOf(server.status()), "LISTEN_INVALID") << listen;
  }
  auto first = Serve(Echo());
  ServerOptions taken;
  taken.listen = "127.0.0.1:" + std::to_string(first->port());
  EXPECT_EQ(ReasonOf(Server::Start(taken, Echo()).status()), "LISTEN_FAILED");
}

}  // namespace
}  // namespace agentflow::http
