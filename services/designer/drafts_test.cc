#include <atomic>
#include <thread>
#include <vector>

#include "services/designer/designer_fixture.h"

namespace agentflow::designer {
namespace {

TEST_F(DesignerTest, TheRoleCannotBypassRowSecurity) {
  EXPECT_TRUE(pg::CheckRowSecurity(*pool_, "designer").ok());
}

TEST_F(DesignerTest, ADraftKeepsItsTextAndKnowsItsDocument) {
  auto created = Create(acme_, Source("triage"));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->name(), "workflows/triage");
  EXPECT_EQ(created->title(), "The triage");
  EXPECT_EQ(created->labels().at("team"), "docs");
  EXPECT_EQ(created->latest_version(), 0);
  EXPECT_TRUE(created->draft_changed());
  auto got = Get(acme_, "workflows/triage");
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->source(), Source("triage"));
  EXPECT_EQ(got->document().fields().at("kind").string_value(), "Workflow");
  EXPECT_EQ(got->etag(), created->etag());
}

TEST_F(DesignerTest, ADocumentAsAValueIsWrittenAsYaml) {
  api::CreateWorkflowRequest request;
  request.set_workflow_id("by-value");
  auto& fields = *request.mutable_workflow()->mutable_document()->mutable_fields();
  fields["apiVersion"].set_string_value("agentflow/v1");
  fields["kind"].set_string_value("Workflow");
  fields["nodes"].mutable_struct_value();
  fields["edges"].mutable_list_value();
  auto created = rpc_->Create(acme_, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->source(), "apiVersion: agentflow/v1\nkind: Workflow\nnodes: {}\nedges: []\n");
}

TEST_F(DesignerTest, ANameAloneMakesAnEmptyDraft) {
  api::CreateWorkflowRequest request;
  request.set_workflow_id("fresh");
  request.mutable_workflow()->set_title("Fresh");
  auto created = rpc_->Create(acme_, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->title(), "Fresh");
  EXPECT_TRUE(created->document().fields().contains("nodes"));
}

struct Refused {
  std::string what, source, reason, line;
};

TEST_F(DesignerTest, ADraftMayHoldProblemsButMustBeADocument) {
  EXPECT_TRUE(Create(acme_,
                     "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: half}\n"
                     "nodes: {x: {type: no.such@9}}\n")
                  .ok());
  const Refused cases[] = {
      {"broken YAML", "a: [1\nb: 2\n", "YAML_MALFORMED", "2"},
      {"twice the same key", "a: 1\na: 2\n", "DUPLICATE_KEY", "2"},
      {"broken JSON", "{\"a\": 1 \"b\": 2}", "JSON_MALFORMED", "1"},
      {"another kind", "apiVersion: agentflow/v1\nkind: Agent\n", "DOCUMENT_KIND_UNKNOWN", "2"},
      {"another version", "apiVersion: agentflow/v9\nkind: Workflow\n", "DOCUMENT_KIND_UNKNOWN",
       "1"},
      {"no document", "just text", "DOCUMENT_KIND_UNKNOWN", "1"},
      {"no id", "apiVersion: agentflow/v1\nkind: Workflow\n", "WORKFLOW_ID_INVALID", ""},
      {"bad id", "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: Bad Name}\n",
       "WORKFLOW_ID_INVALID", ""},
  };
  for (const Refused& c : cases) {
    auto status = Create(acme_, c.source).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.what << status;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.what;
    EXPECT_EQ(MetadataOf(status)["line"], c.line) << c.what;
  }
}

TEST_F(DesignerTest, AnIdIsTakenOnce) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  auto again = Create(acme_, Source("triage")).status();
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(again), "WORKFLOW_EXISTS");
}

TEST_F(DesignerTest, ARequestIdIsAnsweredOnce) {
  auto first = Create(acme_, Source("triage"), "r1");
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage", 2)).ok());
  auto again = Create(acme_, Source("triage"), "r1");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(Same(*again, *first));
  auto other = Create(acme_, Source("another"), "r1").status();
  EXPECT_EQ(other.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(other), "REQUEST_ID_REUSED");
  // Another tenant's request ids are its own; and after a day they are forgotten.
  EXPECT_TRUE(Create(bolt_, Source("another"), "r1").ok());
  clock_.Advance(int64_t{25} * 3600 * 1'000'000);
  ASSERT_TRUE(Create(acme_, Source("later"), "r2").ok());
  EXPECT_TRUE(Create(acme_, Source("another"), "r1").ok());
}

TEST_F(DesignerTest, NamesAndIdsThatCannotBe) {
  EXPECT_EQ(ReasonOf(Get(acme_, "triage").status()), "NAME_INVALID");
  EXPECT_EQ(ReasonOf(Get(acme_, "workflows/").status()), "NAME_INVALID");
  EXPECT_EQ(ReasonOf(Get(acme_, "workflows/a/b").status()), "NAME_INVALID");
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  EXPECT_EQ(ReasonOf(Get(acme_, std::string("workflows/triage\0x", 18)).status()),
            "WORKFLOW_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get(acme_, "workflows/Triage").status()), "WORKFLOW_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Create(acme_, Source("x"), std::string("a\0b", 3)).status()),
            "REQUEST_ID_INVALID");
  EXPECT_EQ(ReasonOf(Create(acme_, Source("x"), std::string(129, 'a')).status()),
            "REQUEST_ID_INVALID");
}

TEST_F(DesignerTest, AStaleEtagIsRefused) {
  auto created = Create(acme_, Source("triage"));
  ASSERT_TRUE(created.ok());
  auto updated = Update(acme_, "workflows/triage", Source("triage", 2), created->etag());
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_NE(updated->etag(), created->etag());
  auto stale = Update(acme_, "workflows/triage", Source("triage", 3), created->etag()).status();
  EXPECT_EQ(stale.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(stale), "ETAG_MISMATCH");
  EXPECT_EQ(ReasonOf(Publish(acme_, "workflows/triage", created->etag()).status()),
            "ETAG_MISMATCH");
  // Without an etag the last writer wins; the same text again changes nothing.
  auto last = Update(acme_, "workflows/triage", Source("triage", 4));
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(Update(acme_, "workflows/triage", Source("triage", 4))->etag(), last->etag());
}

TEST_F(DesignerTest, OfManyWritersWithOneEtagOneWins) {
  auto created = Create(acme_, Source("triage"));
  ASSERT_TRUE(created.ok());
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < 6; ++i) {
    writers.emplace_back([&, i] {
      auto result = Update(acme_, "workflows/triage", Source("triage", 10 + i), created->etag());
      if (result.ok())
        ++won;
      else if (ReasonOf(result.status()) == "ETAG_MISMATCH")
        ++lost;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 5);
}

TEST_F(DesignerTest, AMaskChangesWhatItNames) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  api::UpdateWorkflowRequest request;
  request.mutable_workflow()->set_name("workflows/triage");
  request.mutable_workflow()->set_title("Ignored");
  request.mutable_update_mask()->add_paths("labels");
  auto updated = rpc_->Update(acme_, request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->title(), "The triage");
  EXPECT_TRUE(updated->labels().empty());
  request.mutable_update_mask()->set_paths(0, "create_time");
  EXPECT_EQ(ReasonOf(rpc_->Update(acme_, request).status()), "UPDATE_MASK_INVALID");
  request.mutable_update_mask()->set_paths(0, "source");
  EXPECT_EQ(ReasonOf(rpc_->Update(acme_, request).status()), "UPDATE_MASK_INVALID");
}

TEST_F(DesignerTest, AnotherTenantsWorkflowIsUnknown) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  std::string unknown = MessageOf(Get(bolt_, "workflows/nothing").status());
  auto expect_unknown = [&](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ReasonOf(status), "WORKFLOW_NOT_FOUND");
  };
  expect_unknown(Get(bolt_, "workflows/triage").status());
  expect_unknown(Update(bolt_, "workflows/triage", Source("triage", 2)).status());
  expect_unknown(Publish(bolt_, "workflows/triage").status());
  expect_unknown(Delete(bolt_, "workflows/triage"));
  api::ExportWorkflowRequest export_request;
  export_request.set_name("workflows/triage");
  expect_unknown(rpc_->Export(bolt_, export_request).status());
  api::ValidateWorkflowRequest validate;
  validate.set_name("workflows/triage");
  expect_unknown(rpc_->Validate(bolt_, validate).status());
  api::GetWorkflowVersionRequest version;
  version.set_name("workflows/triage/versions/1");
  expect_unknown(rpc_->GetVersion(bolt_, version).status());
  api::ListWorkflowVersionsRequest list;
  list.set_parent("workflows/triage");
  expect_unknown(rpc_->ListVersions(bolt_, list).status());
  EXPECT_EQ(rpc_->List(bolt_, {})->workflows_size(), 0);
  // The same answer as for an id that nobody has, but for the id itself.
  std::string theirs = MessageOf(Get(bolt_, "workflows/triage").status());
  theirs.replace(theirs.find("triage"), 6, "nothing");
  EXPECT_EQ(theirs, unknown);
  // And it may use the same id.
  EXPECT_TRUE(Create(bolt_, Source("triage")).ok());
  EXPECT_EQ(Get(acme_, "workflows/triage")->latest_version(), 1);
}

TEST_F(DesignerTest, ADeletedWorkflowIsHiddenAndItsNumbersGoOn) {
  auto created = Create(acme_, Source("triage"));
  ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  ASSERT_TRUE(Delete(acme_, "workflows/triage").ok());
  EXPECT_EQ(ReasonOf(Get(acme_, "workflows/triage").status()), "WORKFLOW_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(acme_, "workflows/triage")), "WORKFLOW_NOT_FOUND");
  auto again = Create(acme_, Source("triage"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_NE(again->etag(), created->etag());
  EXPECT_EQ(again->latest_version(), 0);
  auto published = Publish(acme_, "workflows/triage");
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->version(), 2);
}

TEST_F(DesignerTest, TheQuotaCountsWorkflows) {
  FixedQuotas two(2);
  WorkflowRpc rpc({.pool = *pool_, .clock = clock_, .quotas = two});
  auto create = [&](const rpc::Call& call, const std::string& name) {
    api::CreateWorkflowRequest request;
    request.mutable_workflow()->set_source(Source(name));
    return rpc.Create(call, request).status();
  };
  EXPECT_TRUE(create(acme_, "one").ok());
  EXPECT_TRUE(create(acme_, "two").ok());
  EXPECT_EQ(create(acme_, "three").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(create(acme_, "three")), "QUOTA_EXCEEDED");
  EXPECT_EQ(ReasonOf(create(acme_, "two")), "WORKFLOW_EXISTS");
  EXPECT_TRUE(create(bolt_, "three").ok());
  EXPECT_TRUE(Delete(acme_, "workflows/one").ok());
  EXPECT_TRUE(create(acme_, "three").ok());
}

TEST_F(DesignerTest, EveryChangeLeavesAnAuditRecord) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage", 2)).ok());
  ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  ASSERT_TRUE(Delete(acme_, "workflows/triage").ok());
  ASSERT_FALSE(Delete(acme_, "workflows/triage").ok());
  EXPECT_EQ(
      database_.Sql("SELECT string_agg(resource, ',' ORDER BY seq) FROM designer.audit_outbox "
                    "WHERE tenant_id = 'acme' AND principal = 'users/1' "
                    "AND method = 'agentflow.api.v1.WorkflowService.Test'"),
      "workflows/triage,workflows/triage,workflows/triage/versions/1,workflows/triage");
}

}  // namespace
}  // namespace agentflow::designer
