#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "libs/base/status.h"
#include "libs/config/schema.h"

namespace agentflow::config {
namespace {

struct Settings {
  std::string listen = "127.0.0.1:7101";
  std::string format = "json";
  int pool = 8;
  int64_t bytes = 1 << 20;
  double share = 0.5;
  bool plain = false;
  std::chrono::milliseconds timeout{30000};
  std::vector<std::string> peers;
  crypto::Secret url;
};

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    schema_.Add("listen", &settings_.listen, "Address of the server.");
    schema_.Add("log.format", &settings_.format, "Form of the log.").OneOf({"json", "text"});
    schema_.Add("database.pool", &settings_.pool, "Connections.").Range(1, 200);
    schema_.Add("body.bytes", &settings_.bytes, "Largest body.");
    schema_.Add("share", &settings_.share, "A share.").Range(0, 1);
    schema_.Add("allow_plain", &settings_.plain, "Plain text.");
    schema_.Add("timeout", &settings_.timeout, "How long.").Range(1, 60000);
    schema_.Add("peers.executor", &settings_.peers, "Addresses.").Range(1, 3);
    schema_.Add("database.url", &settings_.url, "PostgreSQL.").Required();
  }
  std::string Load(std::string_view yaml, const Environment& environment = {}) {
    absl::Status status = schema_.LoadText(yaml, "test.yaml", environment);
    EXPECT_TRUE(status.ok() || ReasonOf(status) == "CONFIG_INVALID") << status;
    return MessageOf(status);
  }

  Settings settings_;
  Schema schema_{"my-tenant"};
};

constexpr char kUrl[] = "database: {url: 'postgres://secret'}\n";

TEST_F(ConfigTest, ReadsEveryType) {
  EXPECT_EQ(Load(R"(
listen: 0.0.0.0:1
log: {format: text}
database:
  pool: 9
  url: postgres://secret
body.bytes: 9000000000
share: 0.25
allow_plain: true
timeout: 2s
peers: {executor: [a:1, b:2]}
)"),
            "");
  EXPECT_EQ(settings_.listen, "0.0.0.0:1");
  EXPECT_EQ(settings_.format, "text");
  EXPECT_EQ(settings_.pool, 9);
  EXPECT_EQ(settings_.bytes, 9000000000);
  EXPECT_EQ(settings_.share, 0.25);
  EXPECT_TRUE(settings_.plain);
  EXPECT_EQ(settings_.timeout, std::chrono::seconds(2));
  EXPECT_EQ(settings_.peers, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(settings_.url.Reveal(), "postgres://secret");
}

TEST_F(ConfigTest, TheEnvironmentWins) {
  EXPECT_EQ(Load(kUrl, {{"AGENTFLOW_MY_TENANT_DATABASE_POOL", "3"},
                        {"AGENTFLOW_MY_TENANT_PEERS_EXECUTOR", "a:1, b:2"},
                        {"AGENTFLOW_MY_TENANT_DATABASE_URL", "other"},
                        {"AGENTFLOW_MY_TENANT_SERVICE_PORT_GRPC", "7101"},
                        {"AGENTFLOW_MY_TENANT_PORT", "tcp://10.0.0.1"},
                        {"AGENTFLOW_URL", "not ours"}}),
            "");
  EXPECT_EQ(settings_.pool, 3);
  EXPECT_EQ(settings_.peers.size(), 2u);
  EXPECT_EQ(settings_.url.Reveal(), "other");
  EXPECT_EQ(settings_.format, "json") << "what is not given keeps its default";
}

TEST_F(ConfigTest, SecretsMayComeFromFiles) {
  std::string path = ::testing::TempDir() + "/agentflow-config-test-secret";
  std::ofstream(path) << "from file\n";
  EXPECT_EQ(Load("database: {url_file: " + path + "}"), "");
  EXPECT_EQ(settings_.url.Reveal(), "from file");
  std::remove(path.c_str());
  EXPECT_NE(Load("database: {url_file: " + path + "}").find("database.url_file: cannot be read"),
            std::string::npos);
}

TEST_F(ConfigTest, OneErrorListsEverything) {
  std::string message = Load(R"(
listen: [a, b]
log: {format: xml}
database: {pool: 0}
body: {bytes: many}
share: 2
allow_plain: "yes"
timeout: 5 minutes
peers: {executor: []}
nonsense: 1
log.nonsense: {a: {b: 2}}
empty:
)",
                             {{"AGENTFLOW_MY_TENANT_NONSENSE", "1"}});
  for (const char* part :
       {"listen: must be one text", "log.format: must be one of json, text, not \"xml\"",
        "database.pool: must be 1 to 200, not \"0\"", "body.bytes: must be an integer",
        "share: must be 0 to 1", "allow_plain: must be true or false",
        "timeout: must be a duration", "peers.executor: must be 1 to 3",
        "database.url: is required (PostgreSQL.)", "nonsense: there is no such setting",
        "log.nonsense.a.b: there is no such setting", "empty: has no value",
        "AGENTFLOW_MY_TENANT_NONSENSE: there is no such setting"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in:\n" << message;
  }
}

TEST_F(ConfigTest, SecretsAreNotShown) {
  std::string message = Load("database: {url: [hunter2, hunter3]}");
  EXPECT_NE(message.find("database.url: must be one text"), std::string::npos) << message;
  EXPECT_EQ(message.find("hunter"), std::string::npos) << message;
}

TEST_F(ConfigTest, BrokenFilesAreExplained) {
  EXPECT_NE(Load("a: [").find("test.yaml: yaml-cpp: error at line 1"), std::string::npos)
      << Load("a: [");
  EXPECT_NE(Load("- a").find("test.yaml: not a YAML map"), std::string::npos);
  EXPECT_NE(MessageOf(schema_.Load("/nowhere.yaml", {})).find("/nowhere.yaml"), std::string::npos);
}

TEST_F(ConfigTest, PrintsATable) {
  std::string table = schema_.Markdown();
  EXPECT_NE(table.find("| `database.pool` | `AGENTFLOW_MY_TENANT_DATABASE_POOL` | integer: 1 to "
                       "200 | `8` | Connections. |"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("| duration: 1ms to 1m | `30s` |"), std::string::npos) << table;
  EXPECT_NE(table.find("| secret | required | PostgreSQL. |"), std::string::npos) << table;
}

}  // namespace
}  // namespace agentflow::config
