#include "libs/http/client.h"

#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/http/server.h"

namespace agentflow::http {
namespace {

TEST(IsAllowed, DeniesEverythingThatIsNotPublic) {
  for (const char* address : {"127.0.0.1",
                              "127.9.9.9",
                              "10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "192.0.2.1",
                              "::1",
                              "::",
                              "fe80::1",
                              "fc00::1",
                              "fd12::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "nonsense",
                              ""}) {
    EXPECT_FALSE(IsAllowed({}, address)) << address;
  }
  for (const char* address : {"8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(IsAllowed({}, address)) << address;
  }
}

TEST(IsAllowed, TheAllowListOpensNetworks) {
  AddressPolicy policy{false, {"10.1.0.0/16", "fd00:1::/32", "127.0.0.1"}};
  for (const char* address : {"10.1.2.3", "fd00:1::5", "127.0.0.1", "::ffff:10.1.0.1"}) {
    EXPECT_TRUE(IsAllowed(policy, address)) << address;
  }
  for (const char* address : {"10.2.0.1", "fd00:2::5", "127.0.0.2"}) {
    EXPECT_FALSE(IsAllowed(policy, address)) << address;
  }
}

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    server_ = *Server::Start({}, [this](Request request, std::shared_ptr<Reply> reply) {
      if (request.path == "/redirect") {
        // To the same server by an address that is not on the allow list.
        return reply->Send({302, {{"Location", Url("127.0.0.2", "/hello")}}, ""});
      }
      if (request.path == "/loop") return reply->Send({302, {{"Location", "/loop"}}, ""});
      if (request.path == "/file") {
        return reply->Send({302, {{"Location", "file:///etc/passwd"}}, ""});
      }
      if (request.path == "/silent") {
        silent_.push_back(reply);
        return;
      }
      if (request.path == "/large") return reply->Send(TextResponse(200, std::string(1000, 'x')));
      reply->Send(TextResponse(
          request.path == "/teapot" ? 418 : 200,
          request.method + " " + std::string(request.headers.Get("x-a")) + " " + request.body));
    });
  }
  std::string Url(const std::string& host, const std::string& path) {
    return "http://" + host + ":" + std::to_string(server_->port()) + path;
  }
  std::string Local(const std::string& path) { return Url("127.0.0.1", path); }

  std::vector<std::shared_ptr<Reply>> silent_;
  std::unique_ptr<Server> server_;
  Client client_{AddressPolicy{false, {"127.0.0.1"}}};
};

TEST_F(ClientTest, SendsAndReceives) {
  OutboundRequest request{"POST", Local("/hello"), {{"X-A", "b"}}, "body"};
  auto response = client_.Send(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "POST b body");
  EXPECT_EQ(response->headers.Get("content-type"), "text/plain; charset=utf-8");
  request.url = Local("/teapot");
  EXPECT_EQ(client_.Send(request)->status, 418);
}

TEST_F(ClientTest, RefusesAddressesHoweverTheyAreNamed) {
  Client strict{AddressPolicy{}};
  for (const char* host :
       {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"}) {
    OutboundRequest request{"GET", Url(host, "/hello"), {}, ""};
    EXPECT_EQ(ReasonOf(strict.Send(request).status()), "ADDRESS_DENIED") << host;
  }
}

TEST_F(ClientTest, ChecksRedirectsAgain) {
  OutboundRequest request{"GET", Local("/redirect"), {}, ""};
  EXPECT_EQ(client_.Send(request)->status, 302);
  request.max_redirects = 3;
  EXPECT_EQ(ReasonOf(client_.Send(request).status()), "ADDRESS_DENIED");
  request.url = Local("/loop");
  EXPECT_EQ(ReasonOf(client_.Send(request).status()), "TOO_MANY_REDIRECTS");
  request.url = Local("/file");
  EXPECT_EQ(ReasonOf(client_.Send(request).status()), "URL_INVALID");
}

TEST_F(ClientTest, SaysWhatWentWrong) {
  OutboundRequest request{"GET", "file:///etc/passwd", {}, ""};
  EXPECT_EQ(ReasonOf(client_.Send(request).status()), "URL_INVALID");
  request.url = Local("/large");
  request.max_response_bytes = 999;
  EXPECT_EQ(ReasonOf(client_.Send(request).status()), "RESPONSE_TOO_LARGE");
  request.url = Local("/silent");
  request.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(ReasonOf(client_.Send(request).status()), "OUTBOUND_TIMEOUT");
  request.url = "http://127.0.0.1:1/";
  EXPECT_EQ(ReasonOf(client_.Send(request).status()), "CONNECT_FAILED");
}

}  // namespace
}  // namespace agentflow::http
