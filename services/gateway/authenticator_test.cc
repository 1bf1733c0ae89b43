#include "services/gateway/authenticator.h"

#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::gateway {
namespace {

// Keeps every question until the test answers it.
class HeldSource final : public IdentitySource {
 public:
  void Authenticate(std::string credential, Done done) override {
    asked.push_back(credential);
    waiting.push_back(std::move(done));
  }
  void Answer(absl::StatusOr<Identity> identity) {
    auto dones = std::move(waiting);
    waiting.clear();
    for (Done& done : dones) done(identity);
  }

  std::vector<std::string> asked;
  std::vector<Done> waiting;
};

class AuthenticatorTest : public testing::Test {
 protected:
  Identity Who(const std::string& name, int64_t cache_seconds = 600) {
    auto principal = std::make_shared<auth::Principal>();
    principal->tenant = "acme";
    principal->name = name;
    Identity identity;
    identity.principal = principal;
    identity.cache_micros = cache_seconds * 1'000'000;
    return identity;
  }
  void Ask(const std::string& credential) {
    authenticator_.Authenticate(credential, [this](absl::StatusOr<CallerPtr> caller) {
      answers_.push_back(caller.ok() ? (*caller)->principal->name : ReasonOf(caller.status()));
      if (caller.ok()) contexts_.push_back((*caller)->context);
    });
  }

  ManualClock clock_;
  HeldSource source_;
  auth::ContextMinter minter_{crypto::SigningKey::Generate(), &clock_};
  Authenticator authenticator_{&source_, &minter_, &clock_};
  std::vector<std::string> answers_;
  std::vector<std::string> contexts_;
};

using Answers = std::vector<std::string>;

TEST_F(AuthenticatorTest, ManyAskersAreOneQuestion) {
  for (int i = 0; i < 5; ++i) Ask("token");
  EXPECT_EQ(source_.asked.size(), 1u);
  EXPECT_TRUE(answers_.empty());
  source_.Answer(Who("users/1"));
  EXPECT_EQ(answers_, Answers(5, "users/1"));
  Ask("token");
  EXPECT_EQ(source_.asked.size(), 1u);
  EXPECT_EQ(contexts_.front(), contexts_.back());
}

TEST_F(AuthenticatorTest, AnswersEndInTime) {
  struct Case {
    const char* credential;
    Identity identity;
    int64_t believed_seconds;
  } cases[] = {
      {"token", Who("users/1"), 30},
      {"af_key", Who("apiKeys/1"), 10},
      {"short", Who("users/2", 5), 5},
  };
  for (const Case& c : cases) {
    source_.asked.clear();
    Ask(c.credential);
    source_.Answer(c.identity);
    clock_.Advance(c.believed_seconds * 1'000'000 - 1);
    Ask(c.credential);
    EXPECT_EQ(source_.asked.size(), 1u) << c.credential;
    clock_.Advance(1);
    Ask(c.credential);
    EXPECT_EQ(source_.asked.size(), 2u) << c.credential;
    source_.Answer(c.identity);
  }
}

TEST_F(AuthenticatorTest, NoAnswerOutlivesItsCredential) {
  Identity identity = Who("users/1");
  identity.expires = clock_.Now() + 3'000'000;
  Ask("token");
  source_.Answer(identity);
  clock_.Advance(3'000'000);
  Ask("token");
  EXPECT_EQ(source_.asked.size(), 2u);
}

TEST_F(AuthenticatorTest, RefusalsAreRememberedBrieflyAndFailuresNotAtAll) {
  Ask("bad");
  source_.Answer(Error(absl::StatusCode::kUnauthenticated, "KEY_REVOKED", "revoked"));
  Ask("bad");
  EXPECT_EQ(source_.asked.size(), 1u);
  clock_.Advance(5'000'000);
  Ask("bad");
  EXPECT_EQ(source_.asked.size(), 2u);
  source_.Answer(Unavailable("PEER_UNAVAILABLE", "down"));
  Ask("bad");
  EXPECT_EQ(source_.asked.size(), 3u);
  source_.Answer(Who("users/1"));
  EXPECT_EQ(answers_, (Answers{"KEY_REVOKED", "KEY_REVOKED", "PEER_UNAVAILABLE", "users/1"}));
}

TEST_F(AuthenticatorTest, ARevocationIsFeltAtOnce) {
  Ask("one");
  source_.Answer(Who("users/1"));
  Ask("two");
  source_.Answer(Who("users/2"));
  authenticator_.Forget("acme", "users/1");
  authenticator_.Forget("other", "users/2");
  Ask("one");
  Ask("two");
  EXPECT_EQ(source_.asked, (Answers{"one", "two", "one"}));
  source_.Answer(Who("users/1"));
  authenticator_.Forget("acme", "");
  Ask("two");
  EXPECT_EQ(source_.asked.size(), 4u);
}

TEST_F(AuthenticatorTest, AnAnswerFromBeforeARevocationIsNotKept) {
  Ask("token");
  authenticator_.Forget("acme", "users/1");
  source_.Answer(Who("users/1"));
  EXPECT_EQ(answers_, Answers{"users/1"});
  Ask("token");
  EXPECT_EQ(source_.asked.size(), 2u);
}

TEST_F(AuthenticatorTest, WhatCannotBeACredentialIsNotAskedFor) {
  for (const std::string& text : {std::string(), std::string("a b"), std::string("a\nb"),
                                  std::string("\xff"), std::string(5000, 'x')}) {
    Ask(text);
  }
  EXPECT_TRUE(source_.asked.empty());
  EXPECT_EQ(answers_, Answers(5, "CREDENTIALS_INVALID"));
}

TEST(Authenticator, ForgetsOldAnswersRatherThanGrow) {
  ManualClock clock;
  HeldSource source;
  auth::ContextMinter minter(crypto::SigningKey::Generate(), &clock);
  AuthenticatorOptions options;
  options.max_entries = 3;
  Authenticator authenticator(&source, &minter, &clock, options);
  auto ask = [&](int i) {
    authenticator.Authenticate(std::to_string(i), [](absl::StatusOr<CallerPtr>) {});
    source.Answer(Error(absl::StatusCode::kUnauthenticated, "CREDENTIALS_INVALID", "no"));
  };
  for (int i = 0; i < 4; ++i) ask(i);
  ask(0);
  EXPECT_EQ(source.asked.size(), 5u);  // 0 had been forgotten
}

}  // namespace
}  // namespace agentflow::gateway
