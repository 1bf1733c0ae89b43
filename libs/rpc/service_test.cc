#include "libs/rpc/service.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/status.h"
#include "libs/rpc/testdata/echo.pb.h"
#include "libs/rpc/testing/test_network.h"

namespace agentflow::rpc {
namespace {

using testdata::EchoRequest;
using testdata::EchoResponse;

constexpr char kDeclared[] = "agentflow.rpc.testdata.ForgetfulService/Declared";

// GET over plain HTTP; the whole response.
std::string Get(int port, const std::string& path, const std::string& method = "GET") {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string response;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::string request = method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t size; (size = read(fd, buffer, sizeof buffer)) > 0;) {
      response.append(buffer, static_cast<size_t>(size));
    }
  }
  close(fd);
  return response;
}

// Writes down what the skeleton does with it.
class ProbeService final : public Service {
 public:
  std::vector<std::string> Peers() const override { return {"echo"}; }
  void Configure(config::Schema& schema) override {
    schema.Add("greeting", &greeting, "What is said.").Required();
  }
  void ConfigureServer(ServerOptions& options) override { options.require_all_methods = false; }
  absl::Status Start(ServiceParts& parts) override {
    log += "start ";
    if (greeting == "fail") return Unavailable("DATABASE_UNAVAILABLE", "no database");
    parts.server().Unary<EchoRequest, EchoResponse>(
        kDeclared, [this](const Call&, const EchoRequest&) -> absl::StatusOr<EchoResponse> {
          EchoResponse response;
          response.set_text(greeting);
          return response;
        });
    parts.AddReadinessCheck("database", [this] {
      return ready ? absl::OkStatus() : Unavailable("DOWN", "no connection");
    });
    EXPECT_EQ(parts.Peer("echo"), parts.Peer("echo"));
    EXPECT_EQ(parts.PeerAddresses("echo").size(), 2u);
    EXPECT_NE(parts.PeerAt("echo", "127.0.0.1:1"), parts.Peer("echo"));
    return absl::OkStatus();
  }
  void Serving() override { log += "serving "; }
  void Drain() override { log += "drain "; }
  void Stop() override { log += "stop"; }

  std::string greeting;
  std::string log;
  std::atomic<bool> ready{true};
};

class ServiceTest : public ::testing::Test {
 protected:
  std::string Settings(const std::string& greeting) {
    return network_.SettingsFor("probe") +
           "admin_listen: 127.0.0.1:0\n"
           "peers: {echo: '127.0.0.1:1,127.0.0.1:2'}\n"
           "greeting: " +
           greeting + "\n";
  }

  TestNetwork network_;
  ProbeService service_;
};

TEST_F(ServiceTest, RunsThroughItsLife) {
  auto running = RunningService::Start("probe", service_, Settings("hello"));
  ASSERT_TRUE(running.ok()) << running.status();
  auto channel = network_.Connect("gateway", "probe", (*running)->port());
  auto response = channel->Unary<EchoRequest, EchoResponse>(kDeclared, EchoRequest());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->text(), "hello");
  EXPECT_EQ(service_.log, "start serving ");
  running->reset();
  EXPECT_EQ(service_.log, "start serving drain stop");
}

TEST_F(ServiceTest, AnswersProbes) {
  auto running = RunningService::Start("probe", service_, Settings("hello"));
  ASSERT_TRUE(running.ok()) << running.status();
  int port = (*running)->admin_port();
  EXPECT_TRUE(Get(port, "/healthz").starts_with("HTTP/1.1 200 OK"));
  EXPECT_TRUE(Get(port, "/readyz").starts_with("HTTP/1.1 200 OK"));
  std::string metrics = Get(port, "/metrics");
  EXPECT_NE(metrics.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(metrics.find("agentflow_probe_rpc_in_flight 0"), std::string::npos) << metrics;
  EXPECT_TRUE(Get(port, "/etc/passwd").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Get(port, "/healthz", "POST").starts_with("HTTP/1.1 405"));
  service_.ready = false;
  std::string not_ready = Get(port, "/readyz");
  EXPECT_TRUE(not_ready.starts_with("HTTP/1.1 503")) << not_ready;
  EXPECT_NE(not_ready.find("database: no connection"), std::string::npos) << not_ready;
}

TEST_F(ServiceTest, AFailedStartIsUndone) {
  EXPECT_EQ(ReasonOf(RunningService::Start("probe", service_, Settings("fail")).status()),
            "DATABASE_UNAVAILABLE");
  EXPECT_EQ(service_.log, "start stop");
}

TEST_F(ServiceTest, WrongSettingsStopItBeforeAnythingStarts) {
  absl::Status status = RunningService::Start("probe", service_, "log: {level: loud}").status();
  EXPECT_EQ(ReasonOf(status), "CONFIG_INVALID");
  for (const char* part : {"greeting: is required", "peers.echo: is required", "log.level"}) {
    EXPECT_NE(MessageOf(status).find(part), std::string::npos) << status;
  }
  EXPECT_EQ(service_.log, "");
  std::string settings = Settings("hello") + "context_keys: [/nowhere]\n";
  settings.erase(settings.find("context_keys"),
                 settings.find("admin_listen") - settings.find("context_keys"));
  EXPECT_EQ(ReasonOf(RunningService::Start("probe", service_, settings).status()),
            "CONFIG_INVALID");
}

TEST_F(ServiceTest, TheCommandLineIsChecked) {
  std::string program = "agentflow-probe";
  std::string wrong = "--wrong";
  char* argv[] = {program.data(), wrong.data()};
  EXPECT_EQ(ServiceMain("probe", service_, 2, argv), 2);
  std::string print = "--print-settings";
  argv[1] = print.data();
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(ServiceMain("probe", service_, 2, argv), 0);
  std::string table = ::testing::internal::GetCapturedStdout();
  for (const char* part : {"| `listen` |", "| `peers.echo` |", "AGENTFLOW_PROBE_GREETING"}) {
    EXPECT_NE(table.find(part), std::string::npos) << table;
  }
}

}  // namespace
}  // namespace agentflow::rpc
