// A deleted tenant leaves nothing in the executor, and another one loses nothing.
#include "services/executor/erasing/tenant_erasing.h"

#include "agentflow/api/v1/payload.pb.h"
#include "libs/erasure/tenant_eraser.h"
#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kUndone[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: undone}
nodes:
  t:
    type: flow.transaction@1
    nodes:
      a: {type: data.transform@1, with: {value: 1}, policy: {compensate: undo}}
      undo: {type: ai.agent@1, with: {agent: nobody}}
      s: {type: flow.signal@1, with: {name: go}}
      ask: {type: flow.approval@1, with: {title: Sign}}
    edges: [start -> a, a -> s, a -> ask]
edges: [start -> t]
)";
constexpr char kOver[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: over, retention: 1d}
nodes:
  a: {type: data.transform@1, with: {value: 1}}
edges: [start -> a]
)";

class ErasingTest : public ExecutorServiceTest {
 protected:
  // Rows of the tenant in every table of the schema.
  std::string Rows(const std::string& tenant) {
    return database_.Sql(
        "SELECT coalesce(string_agg(name || ' ' || n, ', ' ORDER BY name), '') FROM ("
        "SELECT c.relname AS name, (xpath('/row/n/text()', query_to_xml(format("
        "'SELECT count(*) AS n FROM %s WHERE tenant_id = ''" +
        tenant +
        "''', c.oid::regclass), false, true, '')))[1]::text::int AS n "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "WHERE c.relnamespace = 'executor'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND NOT c.relispartition) AS t WHERE n > 0");
  }
};

TEST_F(ErasingTest, ADeletedTenantLeavesNothingAndAnotherOneLosesNothing) {
  designer_.Publish("undone", kUndone);
  designer_.Publish("over", kOver);
  for (const char* tenant : {"acme", "other"}) {
    ASSERT_TRUE(Start("undone", "{}", "", tenant).ok());
    ASSERT_TRUE(Start("undone", "{}", "key", tenant).ok());
    ASSERT_TRUE(Start("over", "{}", "", tenant).ok());
    api::CreatePayloadRequest upload;
    upload.mutable_payload()->set_data("x");
    const auto stored = gateway_->Unary<api::CreatePayloadRequest, api::Payload>(
        "agentflow.api.v1.PayloadService/CreatePayload", upload,
        network_.As(tenant, {"payloads.create"}));
    ASSERT_TRUE(stored.ok()) << stored.status();
  }
  const std::string others = Rows("other");
  EXPECT_NE(others.find("live_execution 2"), std::string::npos) << others;
  EXPECT_NE(others.find("approval 2"), std::string::npos) << others;
  EXPECT_NE(others.find("payload 1"), std::string::npos) << others;
  tenants_.Delete("acme");
  // The first look may be twenty seconds away; the third one finds nothing live.
  ASSERT_TRUE(Eventually([&] { return tenants_.Erased("acme"); }));
  EXPECT_EQ(Rows("acme"), "");
  EXPECT_EQ(Rows("other"), others);
}

// Rows that are there still are as good as gone.
TEST_F(ErasingTest, WithoutItsKeyATenantsExecutionsAndPayloadsAreNotFound) {
  designer_.Publish("undone", kUndone);
  designer_.Publish("over", kOver);
  api::CreatePayloadRequest upload;
  upload.mutable_payload()->set_data("x");
  const auto stored = gateway_->Unary<api::CreatePayloadRequest, api::Payload>(
      "agentflow.api.v1.PayloadService/CreatePayload", upload,
      network_.As("acme", {"payloads.create"}));
  ASSERT_TRUE(stored.ok()) << stored.status();
  const auto over = Start("over");
  ASSERT_TRUE(over.ok()) << over.status();
  const auto others = Start("over", "{}", "", "other");
  ASSERT_TRUE(others.ok()) << others.status();
  database_.Sql("UPDATE executor.tenant_key SET sealed = '', key_id = '', destroy_time = now() "
                "WHERE tenant_id = 'acme'");
  ASSERT_TRUE(Eventually([&] { return !Get(over->name()).ok(); }));
  EXPECT_EQ(ReasonOf(Get(over->name()).status()), "EXECUTION_NOT_FOUND");
  api::GetPayloadRequest download;
  download.set_name(stored->name());
  EXPECT_EQ(ReasonOf(gateway_
                         ->Unary<api::GetPayloadRequest, api::Payload>(
                             "agentflow.api.v1.PayloadService/GetPayload", download,
                             network_.As("acme", {"payloads.get"}))
                         .status()),
            "PAYLOAD_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Start("over").status()), "TENANT_KEY_DESTROYED");
  EXPECT_TRUE(Get(others->name(), "other").ok());
  EXPECT_TRUE(Start("over", "{}", "", "other").ok());
}

}  // namespace
}  // namespace agentflow::executor
