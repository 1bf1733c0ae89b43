#include "libs/crypto/digest.h"
#include "services/designer/designer_fixture.h"

namespace agentflow::designer {
namespace {

namespace v1 = ::agentflow::internal::designer::v1;

class VersionsTest : public DesignerTest {
 protected:
  struct Asked {
    std::string tenant, workflow;
    int version = 0;
  };

  // "version hash" or the reason, for each question.
  std::vector<std::string> Resolve(const std::vector<Asked>& names) {
    v1::ResolveVersionsRequest request;
    for (const Asked& name : names) {
      v1::VersionQuestion* question = request.add_questions();
      question->set_tenant(name.tenant);
      question->set_workflow(name.workflow);
      question->set_version(name.version);
    }
    auto response = versions_->Resolve({}, request);
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> answers;
    for (const v1::VersionAnswer& answer : response->answers()) {
      answers.push_back(answer.error_reason().empty() ? std::to_string(answer.version())
                                                      : answer.error_reason());
    }
    return answers;
  }
  absl::StatusOr<std::string> Export(int version, api::ExportWorkflowRequest::Format format) {
    api::ExportWorkflowRequest request;
    request.set_name("workflows/triage");
    request.set_version(version);
    request.set_format(format);
    AF_ASSIGN_OR_RETURN(api::ExportWorkflowResponse response, rpc_->Export(acme_, request));
    return response.source();
  }
};

TEST_F(VersionsTest, APublishedVersionNeverChanges) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  auto first = Publish(acme_, "workflows/triage");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->name(), "workflows/triage/versions/1");
  EXPECT_EQ(first->creator(), "users/1");
  EXPECT_EQ(first->comment(), "because");
  EXPECT_EQ(first->content_hash().substr(0, 7), "sha256:");
  EXPECT_FALSE(Get(acme_, "workflows/triage")->draft_changed());

  ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage", 2)).ok());
  EXPECT_TRUE(Get(acme_, "workflows/triage")->draft_changed());
  auto second = Publish(acme_, "workflows/triage");
  EXPECT_EQ(second->version(), 2);
  api::GetWorkflowVersionRequest request;
  request.set_name("workflows/triage/versions/1");
  auto got = rpc_->GetVersion(acme_, request);
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(Same(*got, *first));
  request.set_name("workflows/triage/versions/3");
  EXPECT_EQ(ReasonOf(rpc_->GetVersion(acme_, request).status()), "VERSION_NOT_FOUND");
  for (const char* name :
       {"workflows/triage/versions/0", "workflows/triage/versions/x", "triage"}) {
    request.set_name(name);
    EXPECT_EQ(ReasonOf(rpc_->GetVersion(acme_, request).status()), "NAME_INVALID") << name;
  }
}

TEST_F(VersionsTest, TheSameContentIsTheSameVersion) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  ASSERT_EQ(Publish(acme_, "workflows/triage")->version(), 1);
  EXPECT_EQ(Publish(acme_, "workflows/triage")->version(), 1);
  // Comments, layout and titles are no content.
  ASSERT_TRUE(Update(acme_, "workflows/triage",
                     Source("triage") + "ui: {layout: {a: [1, 2]}}\n# another comment\n")
                  .ok());
  EXPECT_FALSE(Get(acme_, "workflows/triage")->draft_changed());
  EXPECT_EQ(Publish(acme_, "workflows/triage")->version(), 1);
  // Back to an earlier content: that version is the newest again.
  ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage", 2)).ok());
  ASSERT_EQ(Publish(acme_, "workflows/triage")->version(), 2);
  ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage")).ok());
  EXPECT_EQ(Publish(acme_, "workflows/triage")->version(), 1);
  EXPECT_EQ(Resolve({{"acme", "workflows/triage"}}), (std::vector<std::string>{"1"}));
}

TEST_F(VersionsTest, ADraftWithProblemsIsNotPublished) {
  ASSERT_TRUE(Create(acme_,
                     "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: triage}\n"
                     "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges: []\n")
                  .ok());
  auto refused = Publish(acme_, "workflows/triage").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), "WORKFLOW_INVALID");
  EXPECT_EQ(MetadataOf(refused)["problem"], "NODE_UNREACHABLE");
  EXPECT_EQ(MessageOf(refused).substr(0, 7), "Line 5:");
}

TEST_F(VersionsTest, ManyNamesAreResolvedAtOnce) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage", 2)).ok());
  ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  ASSERT_TRUE(Create(acme_, Source("draft")).ok());
  ASSERT_TRUE(Create(bolt_, Source("theirs")).ok());
  ASSERT_TRUE(Publish(bolt_, "workflows/theirs").ok());
  EXPECT_EQ(Resolve({{"acme", "workflows/triage"},
                     {"acme", "workflows/triage", 1},
                     {"acme", "workflows/triage", 9},
                     {"acme", "workflows/draft"},
                     {"acme", "workflows/theirs"},
                     {"bolt", "workflows/theirs"},
                     {"bolt", "workflows/triage"},
                     {"acme", "nonsense"},
                     {"", "workflows/triage"}}),
            (std::vector<std::string>{"2", "1", "VERSION_NOT_FOUND", "WORKFLOW_NOT_PUBLISHED",
                                      "WORKFLOW_NOT_FOUND", "1", "WORKFLOW_NOT_FOUND",
                                      "WORKFLOW_NOT_FOUND", "WORKFLOW_NOT_FOUND"}));
  EXPECT_TRUE(Resolve({}).empty());
}

TEST_F(VersionsTest, TheDocumentBehindAHashOutlivesItsWorkflow) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  auto version = Publish(acme_, "workflows/triage");
  ASSERT_TRUE(Delete(acme_, "workflows/triage").ok());
  EXPECT_EQ(Resolve({{"acme", "workflows/triage"}}),
            (std::vector<std::string>{"WORKFLOW_NOT_FOUND"}));
  v1::GetDocumentRequest request;
  request.set_tenant("acme");
  request.set_content_hash(version->content_hash());
  auto document = versions_->GetDocument({}, request);
  ASSERT_TRUE(document.ok()) << document.status();
  EXPECT_EQ("sha256:" + crypto::Sha256Hex(document->document_json()), version->content_hash());
  request.set_tenant("bolt");
  EXPECT_EQ(ReasonOf(versions_->GetDocument({}, request).status()), "DOCUMENT_NOT_FOUND");
  request.set_tenant("");
  EXPECT_EQ(ReasonOf(versions_->GetDocument({}, request).status()), "TENANT_MISSING");
}

TEST_F(VersionsTest, VersionsAreListedNewestFirst) {
  ASSERT_TRUE(Create(acme_, Source("triage", 0)).ok());
  ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  for (int i = 1; i < 5; ++i) {
    ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage", i)).ok());
    ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  }
  api::ListWorkflowVersionsRequest request;
  request.set_parent("workflows/triage");
  request.set_page_size(3);
  std::string numbers;
  do {
    auto response = rpc_->ListVersions(acme_, request);
    ASSERT_TRUE(response.ok()) << response.status();
    for (const auto& version : response->versions()) {
      numbers += std::to_string(version.version());
      EXPECT_FALSE(version.has_document());
    }
    request.set_page_token(response->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(numbers, "54321");
}

TEST_F(VersionsTest, ExportGivesTheTextBackOrTheOtherForm) {
  ASSERT_TRUE(Create(acme_, Source("triage")).ok());
  ASSERT_TRUE(Publish(acme_, "workflows/triage").ok());
  ASSERT_TRUE(Update(acme_, "workflows/triage", Source("triage", 2)).ok());
  EXPECT_EQ(*Export(0, api::ExportWorkflowRequest::FORMAT_UNSPECIFIED), Source("triage", 2));
  EXPECT_EQ(*Export(1, api::ExportWorkflowRequest::YAML), Source("triage"));
  EXPECT_EQ(ReasonOf(Export(7, api::ExportWorkflowRequest::YAML).status()), "VERSION_NOT_FOUND");
  auto as_json = Export(1, api::ExportWorkflowRequest::JSON);
  ASSERT_TRUE(as_json.ok());
  EXPECT_EQ(as_json->substr(0, 2), "{\n");

  api::ImportWorkflowRequest import;
  import.set_source(*as_json);
  import.set_workflow_id("copy");
  auto imported = rpc_->Import(acme_, import);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->problems_size(), 0);
  EXPECT_EQ(Publish(acme_, "workflows/copy")->content_hash(),
            Publish(acme_, "workflows/triage").ok()
                ? [&] {
                    api::GetWorkflowVersionRequest request;
                    request.set_name("workflows/triage/versions/1");
                    return rpc_->GetVersion(acme_, request)->content_hash();
                  }()
                : "");
}

TEST_F(VersionsTest, ImportReplacesOnlyWhenAskedAndReports) {
  api::ImportWorkflowRequest request;
  request.set_source(
      "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: triage}\n"
      "nodes:\n  vote: {type: ai.vote@3, with: {voters: [a]}}\nedges: [start -> vote]\n");
  auto imported = rpc_->Import(acme_, request);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ASSERT_EQ(imported->problems_size(), 1);
  EXPECT_EQ(imported->problems(0).reason(), "NODE_TYPE_UNKNOWN");
  EXPECT_EQ(imported->problems(0).line(), 5);
  EXPECT_EQ(imported->problems(0).node(), "vote");
  EXPECT_EQ(imported->workflow().source(), request.source());
  EXPECT_EQ(ReasonOf(rpc_->Import(acme_, request).status()), "WORKFLOW_EXISTS");
  request.set_replace(true);
  EXPECT_TRUE(rpc_->Import(acme_, request).ok());
}

TEST_F(VersionsTest, ValidateAnswersProblemsAndChangesNothing) {
  api::ValidateWorkflowRequest request;
  EXPECT_EQ(ReasonOf(rpc_->Validate(acme_, request).status()), "VALIDATE_TARGET");
  request.set_source(Source("triage"));
  auto valid = rpc_->Validate(acme_, request);
  ASSERT_TRUE(valid.ok());
  EXPECT_TRUE(valid->valid());
  EXPECT_EQ(valid->content_hash().substr(0, 7), "sha256:");
  request.set_source("a: [\n");
  auto broken = rpc_->Validate(acme_, request);
  ASSERT_TRUE(broken.ok());
  EXPECT_FALSE(broken->valid());
  ASSERT_EQ(broken->problems_size(), 1);
  EXPECT_EQ(broken->problems(0).reason(), "YAML_MALFORMED");
  EXPECT_EQ(broken->problems(0).line(), 2);
  EXPECT_EQ(rpc_->List(acme_, {})->workflows_size(), 0);
}

}  // namespace
}  // namespace agentflow::designer
