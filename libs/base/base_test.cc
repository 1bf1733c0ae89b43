#include <gtest/gtest.h>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/base/lane.h"
#include "libs/base/uuid.h"

namespace agentflow {
namespace {

TEST(Status, KeepsReasonMessageAndMetadata) {
  absl::Status status = Error(absl::StatusCode::kNotFound, "WORKFLOW_NOT_FOUND", "no such thing",
                              {{"field", "name"}, {"odd", "a:b\n3:c"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "WORKFLOW_NOT_FOUND");
  EXPECT_EQ(MessageOf(status), "no such thing");
  EXPECT_EQ(MetadataOf(status), (ErrorMetadata{{"field", "name"}, {"odd", "a:b\n3:c"}}));
}

TEST(Status, ReasonOfAForeignErrorIsItsCode) {
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), "INTERNAL");
}

TEST(Status, AnnotateKeepsEverythingElse) {
  absl::Status status = Annotate(InvalidArgument("BAD", "a.b", "wrong"), "nodes.x");
  EXPECT_EQ(MessageOf(status), "nodes.x: wrong");
  EXPECT_EQ(ReasonOf(status), "BAD");
  EXPECT_EQ(MetadataOf(status).at(kErrorField), "a.b");
}

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("ODD", "n", "n must be even");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  AF_ASSIGN_OR_RETURN(int half, Half(n));
  AF_ASSIGN_OR_RETURN(int quarter, Half(half));
  return quarter;
}

TEST(Status, MacrosPassValuesAndErrors) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(ReasonOf(Quarter(6).status()), "ODD");
}

TEST(Uuid, RoundTripsAndCarriesItsVersion) {
  SeededRandom random(1);
  Uuid id = Uuid::Make(random);
  EXPECT_EQ(Uuid::Parse(id.ToString()), id);
  EXPECT_EQ(id.ToString()[14], '4');
  EXPECT_EQ(Uuid::MakeOrdered(1, random).ToString()[14], '7');
  EXPECT_LT(Uuid::MakeOrdered(1, random), Uuid::MakeOrdered(2, random));
}

TEST(Uuid, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "00000000-0000-0000-0000-00000000000",
                           "00000000-0000-0000-0000-00000000000g",
                           "00000000+0000-0000-0000-000000000000"}) {
    EXPECT_EQ(Uuid::Parse(text), std::nullopt) << text;
  }
}

TEST(Random, SameSeedSameNumbers) {
  SeededRandom a(7), b(7);
  EXPECT_EQ(a.Next(), b.Next());
}

TEST(UuidTest, NamedIdsFollowRfc9562) {
  // RFC 9562, appendix A.4: www.example.com in the DNS namespace.
  const Uuid dns = *Uuid::Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(Uuid::MakeNamed(dns, "www.example.com").ToString(),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(LaneTest, RequestIdsAndLanesNeverChange) {
  const Uuid id = ExecutionIdForRequest("acme", "order-1");
  EXPECT_EQ(id.ToString(), "e633a2d9-8abd-5d24-8826-b4d318001420");
  EXPECT_EQ(id, ExecutionIdForRequest("acme", "order-1"));
  EXPECT_NE(id, ExecutionIdForRequest("acmeorder", "-1"));
  EXPECT_EQ(id.version(), 5);
}

TEST(LaneTest, NewIdsBelongToTheLaneAskedFor) {
  SeededRandom random(1);
  for (int lane : {0, 7, 255}) {
    EXPECT_EQ(LaneOf(MakeExecutionId(1'700'000'000'000, lane, random)), lane);
  }
  EXPECT_EQ(MakeExecutionId(1, 3, random).version(), 7);
}

}  // namespace
}  // namespace agentflow
