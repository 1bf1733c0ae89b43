#include "services/designer/designer_fixture.h"

namespace agentflow::designer {
namespace {

class ListsTest : public DesignerTest {
 protected:
  ListsTest() {
    for (const char* name : {"delta", "alpha", "echo", "bravo", "charlie"}) {
      clock_.Advance(1'000'000);
      AF_CHECK(Create(acme_, Source(name)).ok());
    }
    AF_CHECK(Create(bolt_, Source("zulu")).ok());
  }

  static std::string Names(const api::ListWorkflowsResponse& response) {
    std::string names;
    for (const api::Workflow& workflow : response.workflows()) {
      names += (names.empty() ? "" : " ") + workflow.name().substr(10);
    }
    return names;
  }
  std::string List(const std::string& filter, const std::string& order_by = "") {
    api::ListWorkflowsRequest request;
    request.set_filter(filter);
    request.set_order_by(order_by);
    auto response = rpc_->List(acme_, request);
    return response.ok() ? Names(*response) : ReasonOf(response.status());
  }
};

TEST_F(ListsTest, OrdersByAField) {
  EXPECT_EQ(List(""), "alpha bravo charlie delta echo");
  EXPECT_EQ(List("", "name desc"), "echo delta charlie bravo alpha");
  EXPECT_EQ(List("", "create_time"), "delta alpha echo bravo charlie");
  EXPECT_EQ(List("", "update_time desc"), "charlie bravo echo alpha delta");
  EXPECT_EQ(List("", "title, name"), "alpha bravo charlie delta echo");
  EXPECT_EQ(List("", "source"), "ORDER_BY_INVALID");
  EXPECT_EQ(List("", "title, update_time"), "ORDER_BY_INVALID");
}

TEST_F(ListsTest, FiltersByFieldsAndLabels) {
  ASSERT_TRUE(Publish(acme_, "workflows/echo").ok());
  EXPECT_EQ(List("title : \"ALPHA\""), "alpha");
  EXPECT_EQ(List("name = \"workflows/bravo\""), "bravo");
  EXPECT_EQ(List("name > \"bravo\" AND name <= \"delta\""), "charlie delta");
  EXPECT_EQ(List("labels.team = \"docs\" AND name != \"alpha\""), "bravo charlie delta echo");
  EXPECT_EQ(List("labels.team = \"other\""), "");
  EXPECT_EQ(List("labels.none != \"x\" AND title : \"echo\""), "echo");
  EXPECT_EQ(List("latest_version >= 1"), "echo");
  EXPECT_EQ(List("create_time < \"2001-01-01\""), "");
  EXPECT_EQ(List("create_time > \"2001-01-01T00:00:00Z\" AND name : \"a\""),
            "alpha bravo charlie delta");
  EXPECT_EQ(List("create_time > \"yesterday\""), "FILTER_INVALID");
  EXPECT_EQ(List("source = \"x\""), "FILTER_INVALID");
  EXPECT_EQ(List("title ="), "FILTER_INVALID");
  EXPECT_EQ(List("title = \"'; DROP TABLE designer.workflow; --\""), "");
}

TEST_F(ListsTest, PagesWithoutGapsAndDoubles) {
  for (const char* order : {"name", "create_time desc", "title desc"}) {
    api::ListWorkflowsRequest request;
    request.set_page_size(2);
    request.set_order_by(order);
    std::string all;
    int pages = 0;
    do {
      auto response = rpc_->List(acme_, request);
      ASSERT_TRUE(response.ok()) << response.status();
      all += (all.empty() ? "" : " ") + Names(*response);
      request.set_page_token(response->next_page_token());
      ++pages;
    } while (!request.page_token().empty());
    EXPECT_EQ(pages, 3) << order;
    EXPECT_EQ(all, List("", order)) << order;
  }
}

TEST_F(ListsTest, APageTokenBelongsToItsQuery) {
  api::ListWorkflowsRequest request;
  request.set_page_size(2);
  std::string token = rpc_->List(acme_, request)->next_page_token();
  ASSERT_FALSE(token.empty());
  request.set_page_token(token);
  EXPECT_EQ(ReasonOf(rpc_->List(bolt_, request).status()), "PAGE_TOKEN_INVALID");
  request.set_order_by("title");
  auto other = rpc_->List(acme_, request).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(other), "PAGE_TOKEN_INVALID");
  request.set_order_by("");
  request.set_page_token("nonsense");
  EXPECT_EQ(ReasonOf(rpc_->List(acme_, request).status()), "PAGE_TOKEN_INVALID");
  request.set_page_token("");
  request.set_page_size(-1);
  EXPECT_EQ(ReasonOf(rpc_->List(acme_, request).status()), "PAGE_SIZE_INVALID");
}

TEST_F(ListsTest, ListsAreBasicUnlessAsked) {
  api::ListWorkflowsRequest request;
  EXPECT_FALSE(rpc_->List(acme_, request)->workflows(0).has_document());
  EXPECT_EQ(rpc_->List(acme_, request)->workflows(0).source(), "");
  request.set_view(api::FULL);
  EXPECT_EQ(rpc_->List(acme_, request)->workflows(0).source(), Source("alpha"));
}

TEST_F(ListsTest, AFullPageIsCutWhereItWouldGetTooLarge) {
  for (const char* name : {"alpha", "bravo"}) {
    std::string large = Source(name) + "# " + std::string(1'500'000, 'x') + "\n";
    ASSERT_TRUE(Update(acme_, std::string("workflows/") + name, large).ok());
  }
  api::ListWorkflowsRequest request;
  request.set_view(api::FULL);
  std::string pages;
  do {
    auto response = rpc_->List(acme_, request);
    ASSERT_TRUE(response.ok()) << response.status();
    pages += Names(*response) + "|";
    request.set_page_token(response->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, "alpha|bravo charlie delta echo|");
}

TEST_F(ListsTest, NodeTypes) {
  NodeTypeRpc types(*pool_);
  api::ListNodeTypesRequest request;
  request.set_page_size(4);
  auto first = types.List(acme_, request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->node_types_size(), 4);
  EXPECT_EQ(first->node_types(0).name(), "nodeTypes/ai.agent@1");
  EXPECT_TRUE(first->node_types(0).config_schema().fields().contains("properties"));
  request.set_page_token(first->next_page_token());
  EXPECT_EQ(types.List(acme_, request)->node_types_size(), 4);
  api::GetNodeTypeRequest get;
  get.set_name("nodeTypes/flow.switch@1");
  EXPECT_TRUE(types.Get(acme_, get)->dynamic_ports());
  get.set_name("nodeTypes/flow.none@1");
  EXPECT_EQ(ReasonOf(types.Get(acme_, get).status()), "NODE_TYPE_NOT_FOUND");
}

TEST_F(ListsTest, PublishedPatternsAreNodeTypesOfTheirTenant) {
  std::string pattern =
      "apiVersion: agentflow/v1\nkind: Workflow\n"
      "metadata: {name: review-board, title: Review board, pattern: true}\n"
      "inputs: {type: object, required: [text], properties: {text: {type: string}}}\n"
      "nodes: {a: {type: data.transform@1, with: {value: =inputs.text}}}\nedges: [start -> a]\n";
  ASSERT_TRUE(Create(acme_, pattern).ok());
  NodeTypeRpc types(*pool_);
  api::GetNodeTypeRequest get;
  get.set_name("nodeTypes/custom.review_board@1");
  EXPECT_EQ(ReasonOf(types.Get(acme_, get).status()), "NODE_TYPE_NOT_FOUND");
  ASSERT_TRUE(Publish(acme_, "workflows/review-board").ok());
  auto found = types.Get(acme_, get);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->title(), "Review board");
  EXPECT_TRUE(found->config_schema().fields().contains("required"));
  EXPECT_EQ(ReasonOf(types.Get(bolt_, get).status()), "NODE_TYPE_NOT_FOUND");

  api::ValidateWorkflowRequest validate;
  validate.set_source(
      "apiVersion: agentflow/v1\nkind: Workflow\n"
      "nodes: {a: {type: custom.review_board@1, with: {txet: 1}}}\nedges: [start -> a]\n");
  auto reasons = [&](const rpc::Call& call) {
    std::string all;
    auto response = rpc_->Validate(call, validate);
    if (!response.ok()) return response.status().ToString();
    for (const auto& problem : response->problems()) all += problem.reason() + " ";
    return all;
  };
  EXPECT_NE(reasons(acme_).find("FIELD_REQUIRED"), std::string::npos) << reasons(acme_);
  EXPECT_EQ(reasons(bolt_), "NODE_TYPE_UNKNOWN ");
}

}  // namespace
}  // namespace agentflow::designer
