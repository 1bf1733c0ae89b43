#include <filesystem>
#include <fstream>

#include "libs/http/raw_client.h"
#include "services/gateway/fake_services.h"

namespace agentflow::gateway {
namespace {

using GatewayTest = FakeServices;

TEST_F(GatewayTest, RestCallsReachTheirServiceInTheCallersName) {
  StartGateway();
  http::Response response =
      Get("/v1/workflows/a",
          {{"X-Request-Id", "my-request"},
           {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Get("content-type"), "application/json");
  EXPECT_EQ(response.headers.Get("x-request-id"), "my-request");
  EXPECT_EQ(response.body, R"({"etag":"0af7651916cd43dd8448eb211c80319c","name":"workflows/a",)"
                           R"("title":"acme users/1 my-request"})");
  response = Call("POST", "/v1/workflows?workflowId=b", R"({"title": "T", "document": {"x": 1}})");
  EXPECT_EQ(response.body, R"({"document":{"x":1},"name":"workflows/b","title":"T"})");
}

TEST_F(GatewayTest, ServicesSeeTheUsersAddressAndNobodyElseCanNameOne) {
  StartGateway();
  EXPECT_EQ(Get("/v1/auth/me", {{"af-remote-address", "6.6.6.6"}}).body,
            R"({"email":"127.0.0.1","principal":"users/1","tenant":"acme"})");
}

TEST_F(GatewayTest, ErrorsAreProblemDetails) {
  StartGateway();
  http::Response response = Get("/v1/workflows/missing", {{"X-Request-Id", "r1"}});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.Get("content-type"), "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"detail":"there is no workflow missing","instance":"/v1/workflows/missing",)"
            R"("reason":"WORKFLOW_UNKNOWN","requestId":"r1","status":404,"title":"NOT_FOUND",)"
            R"("type":"https://agentflow.dev/errors/WORKFLOW_UNKNOWN"})");
}

TEST_F(GatewayTest, RefusesWithAClearAnswer) {
  StartGateway("http_max_body_bytes: 2000\n");
  struct Case {
    const char* method;
    const char* target;
    std::string body;
    http::Headers headers;
    int status;
    const char* reason;
  } cases[] = {
      {"GET", "/v1/workflows/a", "", {{"Authorization", ""}}, 401, "CREDENTIALS_MISSING"},
      {"GET", "/v1/workflows/a", "", {{"Authorization", "Basic x"}}, 401, "CREDENTIALS_MISSING"},
      {"GET",
       "/v1/workflows/a",
       "",
       {{"Authorization", "Bearer nope"}},
       401,
       "CREDENTIALS_INVALID"},
      {"GET", "/v1/workflows/a", "", {{"Authorization", "Bearer a b"}}, 401, "CREDENTIALS_INVALID"},
      {"GET", "/v1/workflows/a", "", {{"Authorization", "Bearer expired"}}, 401, "TOKEN_EXPIRED"},
      {"POST",
       "/v1/workflows",
       "{}",
       {{"Authorization", "Bearer viewer"}},
       403,
       "PERMISSION_MISSING"},
      {"POST", "/v1/workflows", "{", {}, 400, "JSON_MALFORMED"},
      {"POST", "/v1/workflows", R"({"nope": 1})", {}, 400, "FIELD_UNKNOWN"},
      {"POST",
       "/v1/workflows",
       "{}",
       {{"Content-Type", "text/yaml"}},
       415,
       "MEDIA_TYPE_UNSUPPORTED"},
      {"POST", "/v1/workflows", std::string(3000, ' '), {}, 413, "BODY_TOO_LARGE"},
      {"GET", "/v1/workflows/a?nope=1", "", {}, 400, "FIELD_UNKNOWN"},
      {"GET", "/v1/nothing", "", {}, 404, "ROUTE_UNKNOWN"},
      {"GET", "/nothing", "", {}, 404, "ROUTE_UNKNOWN"},
      {"PUT", "/v1/workflows/a", "", {}, 405, "METHOD_NOT_ALLOWED"},
      {"OPTIONS", "/v1/workflows/a", "", {}, 405, "METHOD_NOT_ALLOWED"},
      {"GET", "/v1/workflows/a", "", {{"Request-Timeout", "soon"}}, 400, "TIMEOUT_INVALID"},
      {"GET", "/v1/stream", "", {}, 400, "STREAM_EXPECTED"},
  };
  for (const Case& c : cases) {
    http::Response response = Call(c.method, c.target, c.body, c.headers);
    EXPECT_EQ(response.status, c.status) << c.reason << response.body;
    EXPECT_EQ(ReasonIn(response), c.reason);
  }
}

TEST_F(GatewayTest, ACredentialIsAskedForOnceAndForgottenWhenRevoked) {
  StartGateway();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Get("/v1/workflows/a").status, 200);
  EXPECT_EQ(authentications_, 1);
  {
    std::lock_guard lock(mutex_);
    revoked_ = true;
  }
  Revoke("acme", "users/1");
  while (Get("/v1/workflows/a").status == 200) {
  }
  EXPECT_EQ(ReasonIn(Get("/v1/workflows/a")), "CREDENTIALS_INVALID");
}

TEST_F(GatewayTest, TenantsHaveARateAndSoHaveSignIns) {
  requests_per_second_ = 5;
  StartGateway("rate:\n  address: 1\n  address_burst: 20\n");
  int allowed = 0;
  http::Response response;
  while ((response = Get("/v1/workflows/a")).status == 200) ++allowed;
  EXPECT_GE(allowed, 5);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(ReasonIn(response), "RATE_LIMITED");
  EXPECT_EQ(response.headers.Get("retry-after"), "1");

  token_.clear();
  auto sign_in = [&] {
    return Call("POST", "/v1/auth/login", R"({"email": "a", "password": "wrong"})");
  };
  EXPECT_EQ(ReasonIn(sign_in()), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonIn(sign_in()), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonIn(sign_in()), "RATE_LIMITED");
}

TEST_F(GatewayTest, SignInNeedsNoCredential) {
  StartGateway();
  token_.clear();
  EXPECT_EQ(Call("POST", "/v1/auth/login", R"({"email": "a", "password": "right"})").body,
            R"({"accessToken":"good"})");
}

TEST_F(GatewayTest, RefusalsAreAudited) {
  StartGateway();
  token_ = "viewer";
  EXPECT_EQ(Call("POST", "/v1/workflows", "{}").status, 403);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !audited_.empty(); });
  EXPECT_EQ(audited_[0].tenant(), "acme");
  EXPECT_EQ(audited_[0].principal(), "users/2");
  EXPECT_EQ(audited_[0].method(), "agentflow.api.v1.WorkflowService.CreateWorkflow");
  EXPECT_EQ(audited_[0].outcome(), "PERMISSION_DENIED");
  EXPECT_EQ(audited_[0].remote_address(), "127.0.0.1");
}

TEST_F(GatewayTest, AMissingBackendIsUnavailableAndSaidByReadyz) {
  StartGateway();
  EXPECT_EQ(Get("/healthz").status, 200);
  while (Get("/readyz").status != 200) {
  }
  servers_["designer"].reset();
  http::Response response;
  while ((response = Get("/v1/workflows/a")).status == 200) {
  }
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(ReasonIn(response), "PEER_UNAVAILABLE");
  EXPECT_EQ(response.body.find("127.0.0.1"), std::string::npos) << response.body;
  while (Get("/readyz").status == 200) {
  }
  EXPECT_NE(Get("/readyz").body.find("designer"), std::string::npos);
  servers_.erase("designer");
}

TEST_F(GatewayTest, DescribesAndMeasuresItself) {
  StartGateway();
  Get("/v1/workflows/a");
  EXPECT_NE(
      Get("/metrics")
          .body.find(
              R"(agentflow_gateway_requests_total{code="OK",method="WorkflowService.GetWorkflow")"),
      std::string::npos)
      << Get("/metrics").body;
  auto document = json::Parse(Get("/openapi.json").body);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->StringOr("openapi"), "3.1.0");
}

TEST_F(GatewayTest, ServesTheCanvas) {
  std::string folder = network_.folder() + "/canvas";
  std::filesystem::create_directories(folder + "/assets");
  std::ofstream(folder + "/index.html") << "<html>";
  std::ofstream(folder + "/assets/a-12.js") << "js";
  StartGateway("canvas:\n  dir: " + folder + "\n");
  EXPECT_EQ(Get("/").body, "<html>");
  EXPECT_EQ(Get("/executions/1").body, "<html>");
  EXPECT_EQ(Get("/assets/a-12.js").body, "js");
  EXPECT_FALSE(Get("/").headers.Get("content-security-policy").empty());
  EXPECT_EQ(Get("/assets/nope.js").status, 404);
  EXPECT_EQ(Get("/v1/nothing").status, 404);
}

TEST_F(GatewayTest, OtherOriginsAreAllowedOnlyWhenNamed) {
  StartGateway("cors_origins: [https://app.example]\n");
  http::Headers headers{{"Origin", "https://app.example"}};
  EXPECT_EQ(Get("/v1/workflows/a", headers).headers.Get("access-control-allow-origin"),
            "https://app.example");
  EXPECT_EQ(Call("OPTIONS", "/v1/workflows", "", headers).status, 204);
  EXPECT_EQ(Get("/v1/workflows/a", {{"Origin", "https://evil.example"}})
                .headers.Get("access-control-allow-origin"),
            "");
}

TEST_F(GatewayTest, WebSocketsCarryFramesBothWays) {
  StartGateway();
  http::RawClient client(service_.http_port());
  client.Send(
      http::UpgradeRequest("/v1/stream", "Sec-WebSocket-Protocol: agentflow.v1, bearer.good\r\n"));
  std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101")) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Protocol: agentflow.v1\r\n"), std::string::npos);
  client.SendFrame(1, R"({"subscribe": {"id": "s", "topic": "executions/1", "position": "7"}})");
  EXPECT_EQ(client.ReadFrame().payload,
            R"({"event":{"execution":{"name":"executions/1"},"id":"s","position":"p7"}})");
  client.SendFrame(1, R"({"nope": {}})");
  auto failed = json::Parse(client.ReadFrame().payload);
  EXPECT_EQ(failed->Find("failed")->StringOr("reason"), "FIELD_UNKNOWN");
  client.SendFrame(1, R"({"ping": {}})");
  EXPECT_EQ(client.ReadFrame().payload, R"({"pong":{}})");
  client.SendFrame(1, R"({"subscribe": {"id": "s", "topic": "broken"}})");
  EXPECT_NE(client.ReadFrame().payload.find("MONITOR_DOWN"), std::string::npos);
  EXPECT_EQ(client.ReadFrame().payload.substr(0, 2), std::string("\x03\xf4", 2));  // 1012
}

TEST_F(GatewayTest, WebSocketsNeedACredentialAndEndWithIt) {
  StartGateway();
  http::RawClient nobody(service_.http_port());
  nobody.Send(http::UpgradeRequest("/v1/stream"));
  EXPECT_TRUE(nobody.ReadResponse().starts_with("HTTP/1.1 401"));
  http::RawClient viewer(service_.http_port());
  viewer.Send(http::UpgradeRequest("/v1/stream", "Authorization: Bearer viewer\r\n"));
  EXPECT_TRUE(viewer.ReadResponse().starts_with("HTTP/1.1 403"));
  http::RawClient client(service_.http_port());
  client.Send(http::UpgradeRequest("/v1/stream", "Authorization: Bearer good\r\n"));
  client.ReadUntil("\r\n\r\n");
  client.SendFrame(1, R"({"ping": {}})");
  EXPECT_EQ(client.ReadFrame().payload, R"({"pong":{}})");
  Revoke("acme", "users/1");
  EXPECT_EQ(client.ReadFrame().payload.substr(0, 2), std::string("\x11\x31", 2));  // 4401
}

TEST_F(GatewayTest, EventsAlsoComeWithoutWebSocket) {
  StartGateway();
  http::RawClient client(service_.http_port());
  client.Send(
      "GET /v1/stream?topic=executions/1&position=7 HTTP/1.1\r\nHost: t\r\n"
      "Accept: text/event-stream\r\nAuthorization: Bearer good\r\n\r\n");
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("Content-Type: text/event-stream"),
            std::string::npos);
  EXPECT_NE(client.ReadUntil("\n\n").find(
                "id: p7\ndata: "
                R"({"event":{"execution":{"name":"executions/1"},"id":"sse","position":"p7"}})"),
            std::string::npos);
}

}  // namespace
}  // namespace agentflow::gateway
