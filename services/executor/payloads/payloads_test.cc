// Payloads through the real executor, with its housekeeping told another day.
#include "agentflow/api/v1/payload.pb.h"
#include "services/executor/payloads/payload_references.h"
#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

const std::string kId(64, 'a');
const std::string kOther = std::string(63, '0') + "f";

TEST(PayloadReferences, AreFoundWhereverANameStands) {
  struct Case {
    std::string bytes;
    std::set<std::string> named;
  } cases[] = {
      {"", {}},
      {"payloads/", {}},
      {"payloads/" + kId.substr(1), {}},
      {"payloads/" + std::string(64, 'A'), {}},
      {"payloads/" + kId, {kId}},
      {"\x0a\x49payloads/" + kId + "\x12 payloads/" + kOther + " payloads/" + kId, {kId, kOther}},
      {"payloads/payloads/" + kOther, {kOther}},
  };
  for (const Case& c : cases) EXPECT_EQ(PayloadsNamedIn(c.bytes), c.named) << c.bytes;
}

constexpr char kEcho[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: echo}
inputs: {type: object}
outputs: {size: "=nodes.a.output.size"}
nodes:
  a: {type: data.transform@1, with: {value: "=inputs.text"}}
edges: [start -> a]
)";
constexpr char kPatient[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: patient, retention: 1d}
inputs: {type: object}
nodes:
  s: {type: flow.signal@1, with: {name: go}}
edges: [start -> s]
)";

class PayloadsTest : public ExecutorServiceTest {
 protected:
  template <typename Request>
  absl::StatusOr<api::Payload> Ask(const std::string& method, const Request& request,
                                   const std::string& tenant,
                                   const std::vector<std::string>& permissions) {
    return gateway_->Unary<Request, api::Payload>("agentflow.api.v1.PayloadService/" + method,
                                                  request, network_.As(tenant, permissions));
  }
  absl::StatusOr<api::Payload> Put(const std::string& data,
                                   const std::string& type = "application/json",
                                   const std::string& tenant = "acme") {
    api::CreatePayloadRequest request;
    request.mutable_payload()->set_data(data);
    request.mutable_payload()->set_content_type(type);
    return Ask("CreatePayload", request, tenant, {"payloads.create"});
  }
  absl::StatusOr<api::Payload> Download(const std::string& name,
                                        const std::string& tenant = "acme") {
    api::GetPayloadRequest request;
    request.set_name(name);
    return Ask("GetPayload", request, tenant, {"payloads.get"});
  }
  int Today() {
    return std::stoi(database_.Sql("SELECT floor(extract(epoch FROM now()) / 86400)::int"));
  }
  static std::string Reference(const api::Payload& payload) {
    return R"({"text": {"$payload": ")" + payload.name() + R"(", "size": )" +
           std::to_string(payload.size_bytes()) + "}}";
  }
};

TEST_F(PayloadsTest, AreStoredOnceAndGivenToTheirTenantAlone) {
  const std::string large(8 << 20, '\xff');
  const auto first = Put(large, "image/png");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->size_bytes(), 8 << 20);
  EXPECT_EQ(first->data(), "");
  EXPECT_NE(first->creator(), "");
  EXPECT_EQ(Put(large, "image/png")->name(), first->name());
  EXPECT_NE(Put(large, "image/jpeg")->name(), first->name()) << "the type is part of it";
  EXPECT_EQ(Put("x", "")->content_type(), "application/octet-stream");
  const auto got = Download(first->name());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(got->data() == large);
  EXPECT_EQ(got->content_type(), "image/png");
  EXPECT_GT(got->create_time().seconds(), 0);
  EXPECT_EQ(ReasonOf(Download(first->name(), "other").status()), "PAYLOAD_NOT_FOUND");
  const auto theirs = Put(large, "image/png", "other");
  ASSERT_TRUE(theirs.ok()) << theirs.status();
  EXPECT_EQ(database_.Sql("SELECT count(DISTINCT tenant_id) FROM executor.payload "
                          "WHERE content_type = 'image/png'"),
            "2");
}

TEST_F(PayloadsTest, RefusalsSayWhatIsWrong) {
  const absl::Status large = Put(std::string((8 << 20) + 1, 'x')).status();
  EXPECT_EQ(ReasonOf(large), "PAYLOAD_TOO_LARGE");
  EXPECT_EQ(MetadataOf(large)[kErrorField], "payload.data");
  EXPECT_EQ(MetadataOf(large)[kErrorLimit], "payload.bytes");
  EXPECT_NE(MessageOf(large).find("8388609"), std::string::npos) << large;
  EXPECT_NE(MessageOf(large).find("8388608"), std::string::npos) << large;
  EXPECT_EQ(ReasonOf(Put("x", "text").status()), "CONTENT_TYPE_INVALID");
  EXPECT_EQ(ReasonOf(Put("x", "text/\nplain").status()), "CONTENT_TYPE_INVALID");
  EXPECT_EQ(ReasonOf(Put("x", "text/" + std::string(200, 'x')).status()), "CONTENT_TYPE_INVALID");
  EXPECT_EQ(ReasonOf(Download("payloads/" + kId).status()), "PAYLOAD_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Download("payloads/1").status()), "NAME_INVALID");
  EXPECT_EQ(ReasonOf(Download(kId).status()), "NAME_INVALID");
  api::GetPayloadRequest request;
  request.set_name("payloads/" + kId);
  EXPECT_EQ(ReasonOf(Ask("GetPayload", request, "acme", {"payloads.create"}).status()),
            "PERMISSION_MISSING");
}

TEST_F(PayloadsTest, AreKeptAsLongAsAnExecutionThatNamesThem) {
  designer_.Publish("echo", kEcho);
  const auto used = Put("used");
  const auto unused = Put("unused");
  const auto theirs = Put("used", "application/json", "other");
  ASSERT_TRUE(used.ok() && unused.ok() && theirs.ok()) << used.status();
  const auto started = Start("echo", Reference(*used));
  ASSERT_TRUE(started.ok()) << started.status();
  ASSERT_TRUE(Eventually([&] { return IsCompleted(started->name()); }));
  EXPECT_EQ(Get(started->name())->output().struct_value().fields().at("size").number_value(), 4)
      << "an expression sees the reference";
  const int today = Today();
  ASSERT_TRUE(app_->KeepHouse(today + 7).ok());
  EXPECT_TRUE(Download(unused->name()).ok());
  ASSERT_TRUE(app_->KeepHouse(today + 8).ok());
  EXPECT_EQ(ReasonOf(Download(unused->name()).status()), "PAYLOAD_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Download(theirs->name(), "other").status()), "PAYLOAD_NOT_FOUND")
      << "another tenant's reference keeps nothing";
  ASSERT_TRUE(app_->KeepHouse(today + 30).ok());
  EXPECT_TRUE(Get(started->name()).ok());
  EXPECT_TRUE(Download(used->name()).ok());
  ASSERT_TRUE(app_->KeepHouse(today + 31).ok());
  EXPECT_EQ(ReasonOf(Get(started->name()).status()), "EXECUTION_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Download(used->name()).status()), "PAYLOAD_NOT_FOUND");
}

TEST_F(PayloadsTest, AnUploadSentAgainIsKeptOnFromThen) {
  const auto payload = Put("again");
  ASSERT_TRUE(payload.ok()) << payload.status();
  database_.Sql("UPDATE executor.payload SET kept_until = kept_until - 5");
  ASSERT_TRUE(Put("again").ok());
  ASSERT_TRUE(app_->KeepHouse(Today() + 7).ok());
  EXPECT_TRUE(Download(payload->name()).ok());
}

TEST_F(PayloadsTest, AllThatAreKeptNoLongerGo) {
  database_.Sql("INSERT INTO executor.payload (tenant_id, payload_id, content_type, body, creator, "
                "kept_until) SELECT 'acme', i::text, 'a/b', '', '', " +
                std::to_string(Today()) + " - i % 2 FROM generate_series(0, 300) AS i");
  ASSERT_TRUE(app_->KeepHouse(Today()).ok());
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM executor.payload"), "151");
}

TEST_F(PayloadsTest, OfAnExecutionThatOutlivesItsClassAreNeverLost) {
  designer_.Publish("patient", kPatient);
  const auto payload = Put("needed");
  ASSERT_TRUE(payload.ok()) << payload.status();
  const auto started = Start("patient", Reference(*payload));
  ASSERT_TRUE(started.ok()) << started.status();
  const int today = Today();
  for (int later : {9, 20}) {
    ASSERT_TRUE(Eventually([&] {
      return app_->KeepHouse(today + later).ok() &&
             database_.Sql("SELECT start_day FROM executor.live_execution") ==
                 std::to_string(today + later);
    }));
    ASSERT_TRUE(app_->KeepHouse(today + later).ok());
    EXPECT_TRUE(Download(payload->name()).ok()) << later;
  }
  EXPECT_EQ(database_.Sql("SELECT kept_until FROM executor.payload"), std::to_string(today + 21));
  api::SignalExecutionRequest signal;
  signal.set_name(started->name());
  signal.set_signal("go");
  ASSERT_TRUE(Call<api::Execution>("SignalExecution", signal).ok());
  ASSERT_TRUE(Eventually([&] { return IsCompleted(started->name()); }));
  ASSERT_TRUE(app_->KeepHouse(today + 22).ok());
  EXPECT_EQ(ReasonOf(Download(payload->name()).status()), "PAYLOAD_NOT_FOUND");
}

}  // namespace
}  // namespace agentflow::executor
