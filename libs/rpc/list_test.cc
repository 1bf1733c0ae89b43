#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"

namespace agentflow::rpc {
namespace {

TEST(PageSizeTest, Table) {
  EXPECT_EQ(*PageSize(0), 50);
  EXPECT_EQ(*PageSize(7), 7);
  EXPECT_EQ(*PageSize(100000), 1000);
  EXPECT_EQ(*PageSize(0, 10, 20), 10);
  EXPECT_EQ(ReasonOf(PageSize(-1).status()), "PAGE_SIZE_INVALID");
}

TEST(PageTokenTest, BelongsToItsQuery) {
  PageQuery query{"acme", "ListWorkflows", "", "title : \"x\"", "name"};
  std::string token = MakePageToken(query, "position \xff");
  EXPECT_EQ(*ReadPageToken(query, token), "position \xff");
  EXPECT_EQ(*ReadPageToken(query, ""), "");
  for (PageQuery other : {PageQuery{"other", "ListWorkflows", "", "title : \"x\"", "name"},
                          PageQuery{"acme", "ListOthers", "", "title : \"x\"", "name"},
                          PageQuery{"acme", "ListWorkflows", "a", "title : \"x\"", "name"},
                          PageQuery{"acme", "ListWorkflows", "", "", "name"},
                          PageQuery{"acme", "ListWorkflows", "", "title : \"x\"", "title"}}) {
    absl::Status status = ReadPageToken(other, token).status();
    EXPECT_EQ(ReasonOf(status), "PAGE_TOKEN_INVALID");
    EXPECT_EQ(MetadataOf(status)["field"], "pageToken");
  }
  for (const std::string& bad : {std::string("x"), std::string("!!!!"), token + "A",
                                 token.substr(0, token.size() - 2), std::string("AAAA")}) {
    EXPECT_EQ(ReasonOf(ReadPageToken(query, bad).status()), "PAGE_TOKEN_INVALID") << bad;
  }
}

TEST(FilterTest, ParsesTerms) {
  auto terms =
      *ParseFilter(R"(state = "FAI\"LED" AND labels.team:'sup' AND count >= 12.5 AND live != true)"
                   R"( AND name<workflows/a)");
  ASSERT_EQ(terms.size(), 5u);
  EXPECT_EQ(terms[0].field, "state");
  EXPECT_EQ(terms[0].Text(), "FAI\"LED");
  EXPECT_EQ(terms[1].field, "labels.team");
  EXPECT_EQ(terms[1].op, FilterTerm::Op::kHas);
  EXPECT_EQ(std::get<double>(terms[2].value), 12.5);
  EXPECT_EQ(terms[2].Text(), "12.5");
  EXPECT_EQ(std::get<bool>(terms[3].value), true);
  EXPECT_EQ(OpText(terms[3].op), "!=");
  EXPECT_EQ(terms[4].Text(), "workflows/a");
  EXPECT_TRUE(ParseFilter("")->empty());
  EXPECT_TRUE(ParseFilter("   ")->empty());
}

TEST(FilterTest, ExplainsWhatItRefuses) {
  std::string many = "a = 1";
  for (int i = 0; i < 20; ++i) many += " AND a = 1";
  for (const std::string& bad :
       {std::string("state"), std::string("= 1"), std::string("a = "), std::string("a = \"x"),
        std::string("a = 1 b = 2"), std::string("a = 1 AND"), std::string("a = 1 OR b = 2"),
        std::string("a ~ 1"), std::string("a = 1; DROP"), many, std::string(3000, 'a')}) {
    absl::Status status = ParseFilter(bad).status();
    EXPECT_EQ(ReasonOf(status), "FILTER_INVALID") << bad;
    EXPECT_EQ(MetadataOf(status)["field"], "filter");
  }
  EXPECT_NE(MessageOf(ParseFilter("a = 1 b").status()).find("character 8"), std::string::npos)
      << ParseFilter("a = 1 b").status();
}

TEST(OrderByTest, ParsesAndRefuses) {
  auto terms = *ParseOrderBy("update_time desc, name");
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0].field, "update_time");
  EXPECT_TRUE(terms[0].descending);
  EXPECT_FALSE(terms[1].descending);
  EXPECT_TRUE(ParseOrderBy("")->empty());
  for (const char* bad : {"name down", ",", "a b c", "a;"}) {
    EXPECT_EQ(ReasonOf(ParseOrderBy(bad).status()), "ORDER_BY_INVALID") << bad;
  }
}

}  // namespace
}  // namespace agentflow::rpc
