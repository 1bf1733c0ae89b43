#include "libs/http/problem.h"

#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/json/value.h"

namespace agentflow::http {
namespace {

TEST(HttpStatusOf, MapsCodesAndSomeReasons) {
  struct Case {
    absl::StatusCode code;
    const char* reason;
    int status;
  } cases[] = {
      {absl::StatusCode::kInvalidArgument, "X", 400},
      {absl::StatusCode::kFailedPrecondition, "X", 400},
      {absl::StatusCode::kOutOfRange, "X", 400},
      {absl::StatusCode::kUnauthenticated, "X", 401},
      {absl::StatusCode::kPermissionDenied, "X", 403},
      {absl::StatusCode::kNotFound, "X", 404},
      {absl::StatusCode::kAlreadyExists, "X", 409},
      {absl::StatusCode::kAborted, "ETAG_MISMATCH", 409},
      {absl::StatusCode::kResourceExhausted, "X", 429},
      {absl::StatusCode::kCancelled, "X", 499},
      {absl::StatusCode::kInternal, "X", 500},
      {absl::StatusCode::kUnknown, "X", 500},
      {absl::StatusCode::kUnimplemented, "X", 501},
      {absl::StatusCode::kUnavailable, "X", 503},
      {absl::StatusCode::kDeadlineExceeded, "X", 504},
      {absl::StatusCode::kInvalidArgument, "BODY_TOO_LARGE", 413},
      {absl::StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE", 413},
      {absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED", 405},
      {absl::StatusCode::kInvalidArgument, "MEDIA_TYPE_UNSUPPORTED", 415},
      {absl::StatusCode::kInvalidArgument, "HEADER_TOO_LARGE", 431},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(HttpStatusOf(Error(c.code, c.reason, "m")), c.status) << c.reason;
  }
}

TEST(ProblemResponse, HoldsEverythingThatTheErrorSays) {
  Response response =
      ProblemResponse(Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED", "slow down",
                            {{kErrorRetryAfterMs, "1200"}, {"limit", "requests_per_second"}}),
                      "/v1/workflows", "req-1");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.Get("content-type"), "application/problem+json");
  EXPECT_EQ(response.headers.Get("retry-after"), "2");
  json::Value problem = *json::Parse(response.body);
  EXPECT_EQ(problem.StringOr("title"), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(problem.IntOr("status", 0), 429);
  EXPECT_EQ(problem.StringOr("detail"), "slow down");
  EXPECT_EQ(problem.StringOr("instance"), "/v1/workflows");
  EXPECT_EQ(problem.StringOr("reason"), "RATE_LIMITED");
  EXPECT_EQ(problem.StringOr("requestId"), "req-1");
  EXPECT_EQ(problem.StringOr("limit"), "requests_per_second");
}

TEST(ProblemResponse, SetsTheHeadersThatHttpWants) {
  EXPECT_EQ(ProblemResponse(Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED", "no",
                                  {{"allow", "GET, POST"}}),
                            "/", "")
                .headers.Get("allow"),
            "GET, POST");
  EXPECT_FALSE(ProblemResponse(Error(absl::StatusCode::kUnauthenticated, "X", "no"), "/", "")
                   .headers.Get("www-authenticate")
                   .empty());
}

}  // namespace
}  // namespace agentflow::http
