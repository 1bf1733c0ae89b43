#include "libs/rpc/server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "libs/rpc/testdata/echo_server.h"

namespace agentflow::rpc {
namespace {

TEST_F(ServerTest, UnaryCarriesTheWholeCall) {
  CallOptions options = User();
  options.trace =
      *obs::TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  options.request_id = "request-1";
  for (const char* method : {kEcho, kEchoAsync}) {
    absl::StatusOr<EchoResponse> response = Ask(method, "hi", options);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->text(), "hi");
    EXPECT_EQ(response->tenant(), "acme");
    EXPECT_EQ(response->principal(), "users/test");
    EXPECT_EQ(response->caller(), "gateway");
    EXPECT_EQ(response->trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(response->request_id(), "request-1");
  }
}

TEST_F(ServerTest, TraceAndRequestIdAreMadeWhereMissingOrMalformed) {
  CallOptions options = User();
  options.request_id = "no good\"";
  options.metadata = {{"traceparent", "garbage"}};
  absl::StatusOr<EchoResponse> response = Ask(kEcho, "hi", options);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->trace_id().size(), 32u);
  EXPECT_EQ(response->request_id().size(), 16u);
}

TEST_F(ServerTest, ErrorsTravelWhole) {
  absl::Status status = Ask(kEcho, "fail", User()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "ECHO_BROKEN");
  EXPECT_EQ(MessageOf(status), "mend the echo");
  EXPECT_EQ(MetadataOf(status), (ErrorMetadata{{"field", "text"}, {"a", "b"}}));
}

TEST_F(ServerTest, InternalErrorsKeepTheirMessageInside) {
  for (const char* text : {"internal", "throw"}) {
    absl::Status status = Ask(kEcho, text, User()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(MessageOf(status).find("hunter2"), std::string::npos);
    EXPECT_EQ(MessageOf(status).find("thrown"), std::string::npos);
    EXPECT_FALSE(MetadataOf(status)["requestId"].empty());
  }
}

TEST_F(ServerTest, AHandlerThatForgetsToAnswerIsAnError) {
  EXPECT_EQ(ReasonOf(Ask(kEchoAsync, "drop", User()).status()), "HANDLER_DROPPED_CALL");
}

TEST_F(ServerTest, RefusesCallersByTheDeclaredAccess) {
  struct Case {
    const char* method;
    CallOptions options;
    absl::StatusCode code;
    std::string reason;
  };
  CallOptions forged;
  forged.user_context = "forged";
  CallOptions pretender;
  pretender.tenant = "acme";
  pretender.principal = "users/boss";
  for (const Case& c : std::vector<Case>{
           {kEcho, {}, absl::StatusCode::kUnauthenticated, "CONTEXT_MISSING"},
           {kEcho, forged, absl::StatusCode::kUnauthenticated, "CONTEXT_INVALID"},
           {kEcho, pretender, absl::StatusCode::kUnauthenticated, "CONTEXT_MISSING"},
           {kEcho, network_.As("acme", {"other.*"}), absl::StatusCode::kPermissionDenied,
            "PERMISSION_MISSING"},
           {kCount, network_.As("acme", {}), absl::StatusCode::kPermissionDenied,
            "PERMISSION_MISSING"},
           {kEchoAsync, network_.As("acme", {}), absl::StatusCode::kOk, ""},
           {kHello, {}, absl::StatusCode::kOk, ""},
           {kHello, forged, absl::StatusCode::kOk, ""},
           {kInternal, {}, absl::StatusCode::kOk, ""},
       }) {
    absl::Status status = Ask(c.method, "hi", c.options).status();
    EXPECT_EQ(status.code(), c.code) << c.method << " " << c.reason;
    if (!status.ok()) {
      EXPECT_EQ(ReasonOf(status), c.reason);
    }
  }
  absl::Status denied = Ask(kEcho, "hi", network_.As("acme", {})).status();
  EXPECT_EQ(MetadataOf(denied)["permission"], "echoes.send");
}

TEST_F(ServerTest, ServiceContextIsForNamedCallersOnly) {
  CallOptions options = CallOptions::ForService("acme", "users/7");
  auto executor = network_.Connect("executor", "echo", server_->port());
  auto response = executor->Unary<EchoRequest, EchoResponse>(kInternal, Say("x"), options);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->tenant(), "acme");
  EXPECT_EQ(response->principal(), "users/7");
  EXPECT_TRUE(response->by_service());

  auto own = executor->Unary<EchoRequest, EchoResponse>(kInternal, Say("x"));
  EXPECT_EQ(own->principal(), "services/executor");

  auto monitor = network_.Connect("monitor", "echo", server_->port());
  absl::Status status =
      monitor->Unary<EchoRequest, EchoResponse>(kInternal, Say("x"), options).status();
  EXPECT_EQ(ReasonOf(status), "CALLER_NOT_ALLOWED");
  EXPECT_EQ(MetadataOf(status)["caller"], "monitor");
  // A user context does not open internal methods.
  status = monitor->Unary<EchoRequest, EchoResponse>(kInternal, Say("x"), User()).status();
  EXPECT_EQ(ReasonOf(status), "CALLER_NOT_ALLOWED");
}

TEST_F(ServerTest, AChannelRefusesAPeerOfAnotherName) {
  auto confused = network_.Connect("gateway", "tenant", server_->port());
  CallOptions options = User();
  options.wait_for_ready = false;
  absl::Status status =
      confused->Unary<EchoRequest, EchoResponse>(kEcho, Say("x"), options).status();
  EXPECT_EQ(ReasonOf(status), "PEER_UNAVAILABLE") << status;
}

TEST_F(ServerTest, AStrangersCertificateIsRefused) {
  TestNetwork other;
  auto stranger = other.Connect("gateway", "echo", server_->port());
  CallOptions options;
  options.wait_for_ready = false;
  EXPECT_EQ(
      ReasonOf(stranger->Unary<EchoRequest, EchoResponse>(kHello, Say("x"), options).status()),
      "PEER_UNAVAILABLE");
  ChannelOptions plain;
  plain.service = "echo";
  plain.addresses = {"127.0.0.1:" + std::to_string(server_->port())};
  auto bare = *Channel::Make(plain);
  EXPECT_EQ(ReasonOf(bare->Unary<EchoRequest, EchoResponse>(kHello, Say("x"), options).status()),
            "PEER_UNAVAILABLE");
}

TEST_F(ServerTest, ServerStreaming) {
  Collector collector;
  auto stream = channel_->ServerStreaming<EchoRequest, EchoResponse>(kCount, Say("n", 100), User());
  collector.Attach(stream);
  EXPECT_TRUE(collector.WaitEnd().ok());
  std::vector<EchoResponse> messages = collector.WaitMessages(100);
  ASSERT_EQ(messages.size(), 100u);
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(messages[i].text(), "n" + std::to_string(i));
}

TEST_F(ServerTest, BidiStreamingInStep) {
  Collector collector;
  auto stream = channel_->Bidi<EchoRequest, EchoResponse>(kChat, User());
  collector.Attach(stream);
  for (size_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(stream.Write(Say(std::to_string(i))));
    EXPECT_EQ(collector.WaitMessages(i + 1)[i].text(), std::to_string(i));
  }
  EXPECT_EQ(collector.WaitMessages(1)[0].tenant(), "acme");
  stream.WritesDone();
  EXPECT_TRUE(collector.WaitEnd().ok());
  EXPECT_FALSE(stream.Write(Say("late")));
}

TEST_F(ServerTest, StreamsEndWithTheServersError) {
  Collector collector;
  auto stream = channel_->Bidi<EchoRequest, EchoResponse>(kChat, User());
  collector.Attach(stream);
  stream.Write(Say("fail"));
  EXPECT_EQ(ReasonOf(collector.WaitEnd()), "ECHO_BROKEN");

  Collector refused;
  auto denied = channel_->Bidi<EchoRequest, EchoResponse>(kChat, network_.As("acme", {}));
  refused.Attach(denied);
  EXPECT_EQ(ReasonOf(refused.WaitEnd()), "PERMISSION_MISSING");
}

TEST_F(ServerTest, CancelEndsAStreamOnBothSides) {
  Collector collector;
  auto stream =
      channel_->ServerStreaming<EchoRequest, EchoResponse>(kCount, Say("stay", 1), User());
  collector.Attach(stream);
  EXPECT_EQ(collector.WaitMessages(1).size(), 1u);
  stream.Cancel();
  EXPECT_EQ(collector.WaitEnd().code(), absl::StatusCode::kCancelled);
  server_->Drain(std::chrono::seconds(10));
  EXPECT_EQ(server_->in_flight(), 0);
}

TEST_F(ServerTest, AsyncCallsAndBytes) {
  std::promise<absl::StatusOr<EchoResponse>> answer;
  channel_->UnaryAsync<EchoRequest, EchoResponse>(
      kEcho, Say("async"), User(),
      [&](absl::StatusOr<EchoResponse> response) { answer.set_value(std::move(response)); });
  EXPECT_EQ(answer.get_future().get()->text(), "async");

  std::string large(1 << 20, 'x');
  auto bytes = channel_->UnaryBytes(kEcho, Say(large).SerializeAsString(), User());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EchoResponse response;
  ASSERT_TRUE(response.ParseFromString(*bytes));
  EXPECT_EQ(response.text(), large);

  EXPECT_EQ(ReasonOf(channel_->UnaryBytes(kEcho, "\xff\xff\xff", User()).status()),
            "MESSAGE_MALFORMED");
  EXPECT_EQ(ReasonOf(channel_->UnaryBytes("a.B/C", "", User()).status()), "METHOD_UNKNOWN");
}

TEST_F(ServerTest, MessagesBeyondTheLimitAreRefused) {
  absl::Status status = Ask(kEcho, std::string(10 << 20, 'x'), User()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE");
}

TEST_F(ServerTest, HealthIsPerServiceAndEndsWithTheDrain) {
  EXPECT_TRUE(channel_->CheckHealth("").ok());
  EXPECT_TRUE(channel_->CheckHealth("agentflow.rpc.testdata.EchoService").ok());
  EXPECT_EQ(channel_->CheckHealth("unknown.Service").code(), absl::StatusCode::kNotFound);
  server_->SetServing(false);
  EXPECT_EQ(ReasonOf(channel_->CheckHealth("")), "PEER_NOT_SERVING");
}

TEST_F(ServerTest, CountsAndAudits) {
  ASSERT_TRUE(Ask(kEcho, "hi", User()).ok());
  ASSERT_FALSE(Ask(kEcho, "hi", network_.As("acme", {})).ok());
  ASSERT_TRUE(Ask(kEchoAsync, "hi", User()).ok());
  server_->Drain(std::chrono::seconds(10));
  std::string text = metrics_.Text();
  EXPECT_NE(text.find("agentflow_echo_rpc_calls_total{code=\"OK\",method=\"" + std::string(kEcho) +
                      "\"} 1"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("{code=\"PERMISSION_DENIED\",method=\"" + std::string(kEcho) + "\"} 1"),
            std::string::npos);
  EXPECT_NE(text.find("agentflow_echo_rpc_in_flight 0"), std::string::npos);
  // In the order the calls ended, which is not that of the answers.
  EXPECT_EQ(audited_, (std::multiset<std::string>{std::string(kEcho) + " OK",
                                                  std::string(kEcho) + " PERMISSION_DENIED"}));
}

TEST_F(ServerTest, ReflectionTellsServicesAndFiles) {
  namespace reflection = grpc::reflection::v1alpha;
  using Stream =
      ClientStream<reflection::ServerReflectionRequest, reflection::ServerReflectionResponse>;
  Stream stream =
      channel_->Bidi<reflection::ServerReflectionRequest, reflection::ServerReflectionResponse>(
          "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  std::vector<std::promise<reflection::ServerReflectionResponse>> answers(3);
  size_t next = 0;
  stream.Start([&](reflection::ServerReflectionResponse response) {
    answers[next++].set_value(std::move(response));
  });
  reflection::ServerReflectionRequest request;
  request.set_list_services("");
  stream.Write(request);
  request.set_file_containing_symbol("agentflow.rpc.testdata.EchoService");
  stream.Write(request);
  request.set_file_containing_symbol("agentflow.rpc.testdata.Nothing");
  stream.Write(request);
  auto services = answers[0].get_future().get().list_services_response();
  ASSERT_EQ(services.service_size(), 2);
  EXPECT_EQ(services.service(0).name(), "agentflow.rpc.testdata.EchoService");
  auto files = answers[1].get_future().get().file_descriptor_response();
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(files.file_descriptor_proto(0)));
  EXPECT_EQ(file.name(), "libs/rpc/testdata/echo.proto");
  EXPECT_EQ(answers[2].get_future().get().error_response().error_code(), 5);
  std::promise<void> ended;
  stream.OnEnd([&](const absl::Status&) { ended.set_value(); });
  stream.WritesDone();
  ended.get_future().wait();
}

TEST(ServerStartTest, RefusesIncompleteRegistrations) {
  TestNetwork network;
  Server missing(network.ServerOptionsFor("echo"));
  missing.Unary<EchoRequest, EchoResponse>(kEcho, AnswerEcho);
  absl::Status status = missing.Start();
  EXPECT_EQ(ReasonOf(status), "METHODS_INCOMPLETE");
  EXPECT_NE(MessageOf(status).find("EchoService/Chat has no handler"), std::string::npos) << status;

  Server undeclared(network.ServerOptionsFor("forgetful"));
  undeclared.Unary<EchoRequest, EchoResponse>("agentflow.rpc.testdata.ForgetfulService/Declared",
                                              AnswerEcho);
  undeclared.Unary<EchoRequest, EchoResponse>("agentflow.rpc.testdata.ForgetfulService/Undeclared",
                                              AnswerEcho);
  status = undeclared.Start();
  EXPECT_EQ(ReasonOf(status), "METHODS_INCOMPLETE");
  EXPECT_NE(MessageOf(status).find("Undeclared declares no"), std::string::npos) << status;

  ServerOptions options = network.ServerOptionsFor("echo");
  options.require_all_methods = false;
  Server mistyped(std::move(options));
  mistyped.Unary<EchoResponse, EchoRequest>(
      kEcho, [](const Call&, const EchoResponse&) { return EchoRequest(); });
  mistyped.Unary<EchoRequest, EchoResponse>(kChat, AnswerEcho);
  mistyped.Unary<EchoRequest, EchoResponse>("a.B/C", AnswerEcho);
  status = mistyped.Start();
  for (const char* part : {"other message types", "another kind of streaming", "a.B/C is in no"}) {
    EXPECT_NE(MessageOf(status).find(part), std::string::npos) << status;
  }
}

TEST(ServerStartTest, RefusesATakenPortAndPlainTextOutside) {
  TestNetwork network;
  ServerOptions options = network.ServerOptionsFor("nobody");
  Server first(options);
  ASSERT_TRUE(first.Start().ok());
  options.listen = "127.0.0.1:" + std::to_string(first.port());
  Server second(options);
  EXPECT_EQ(ReasonOf(second.Start()), "LISTEN_FAILED");
  ServerOptions plain;
  plain.service = "nobody";
  plain.listen = "0.0.0.0:0";
  Server outside(plain);
  EXPECT_EQ(ReasonOf(outside.Start()), "LISTEN_PLAIN_REFUSED");
}

// A handler that waits until told, to fill pools and to be drained.
class GatedServerTest : public ::testing::Test {
 protected:
  void Start(int threads, size_t queue) {
    ServerOptions options = network_.ServerOptionsFor("echo");
    options.require_all_methods = false;
    options.threads = threads;
    options.queue_limit = queue;
    server_ = std::make_unique<Server>(std::move(options));
    server_->Unary<EchoRequest, EchoResponse>(
        kHello,
        [this](const Call& call, const EchoRequest& request) -> absl::StatusOr<EchoResponse> {
          std::unique_lock lock(mutex_);
          ++running_;
          changed_.notify_all();
          changed_.wait(lock, [&] { return open_; });
          return Describe(call, request.text());
        });
    server_->BidiStreaming<EchoRequest, EchoResponse>(
        kChat, [](ServerStream<EchoRequest, EchoResponse> stream) {
          stream.Write(EchoResponse());
          stream.Start([](EchoRequest) {});
        });
    ASSERT_TRUE(server_->Start().ok());
    channel_ = network_.Connect("gateway", "echo", server_->port());
  }
  std::future<absl::Status> CallAsync() {
    auto promise = std::make_shared<std::promise<absl::Status>>();
    channel_->UnaryAsync<EchoRequest, EchoResponse>(
        kHello, Say("x"), {}, [promise](absl::StatusOr<EchoResponse> response) {
          promise->set_value(response.status());
        });
    return promise->get_future();
  }
  void WaitRunning(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_ >= count; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

  TestNetwork network_;
  std::unique_ptr<Server> server_;
  ChannelPtr channel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int running_ = 0;
  bool open_ = false;
};

TEST_F(GatedServerTest, AnswersOverloadAtOnce) {
  Start(1, 1);
  auto running = CallAsync();
  WaitRunning(1);
  // One may wait; of two more at least one is one too many.
  auto second = CallAsync();
  auto third = CallAsync();
  auto fourth = CallAsync();
  absl::Status refused = fourth.get();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "SERVER_OVERLOADED");
  EXPECT_EQ(MetadataOf(refused)["retryAfterMs"], "200");
  Open();
  EXPECT_TRUE(running.get().ok());
  second.wait();
  third.wait();
}

TEST_F(GatedServerTest, DrainFinishesWhatRunsAndRefusesTheRest) {
  Start(2, 2);
  auto running = CallAsync();
  WaitRunning(1);
  std::thread drain([&] { server_->Drain(std::chrono::seconds(30)); });
  // The drain has begun once a new call is not taken any more.
  CallOptions impatient;
  impatient.wait_for_ready = false;
  while (true) {
    auto late = network_.Connect("gateway", "echo", server_->port());
    absl::Status health = late->CheckHealth("", impatient);
    if (ReasonOf(health) == "PEER_UNAVAILABLE" || ReasonOf(health) == "PEER_NOT_SERVING") break;
  }
  Open();
  drain.join();
  EXPECT_TRUE(running.get().ok());
  EXPECT_EQ(server_->in_flight(), 0);
}

TEST_F(GatedServerTest, DrainCancelsWhatOutlastsItsPatience) {
  Start(1, 1);
  Collector collector;
  auto stream = channel_->Bidi<EchoRequest, EchoResponse>(kChat, network_.As("a", {"echoes.send"}));
  collector.Attach(stream);
  ASSERT_EQ(collector.WaitMessages(1).size(), 1u);
  server_->Drain(std::chrono::milliseconds(10));
  EXPECT_FALSE(collector.WaitEnd().ok());
  EXPECT_EQ(server_->in_flight(), 0);
}

TEST_F(GatedServerTest, TheDeadlineTravels) {
  Start(1, 1);
  CallOptions options;
  options.deadline = runtime::Deadline::After(std::chrono::milliseconds(50));
  absl::Status status =
      channel_->Unary<EchoRequest, EchoResponse>(kHello, Say("x"), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), "DEADLINE_EXCEEDED");
  Open();
}

TEST_F(ServerTest, AUserContextIsHandedOnFromServiceToService) {
  ServerOptions options = network_.ServerOptionsFor("relay");
  options.require_all_methods = false;
  Server relay(std::move(options));
  ChannelPtr onward = network_.Connect("relay", "echo", server_->port());
  relay.Unary<EchoRequest, EchoResponse>(
      kEcho, [&](const rpc::Call& call, const EchoRequest& request) {
        return onward->Unary<EchoRequest, EchoResponse>(kEcho, request, CallOptions::ForUser(call));
      });
  ASSERT_TRUE(relay.Start().ok());
  ChannelPtr channel = network_.Connect("gateway", "relay", relay.port());
  CallOptions user = User();
  user.request_id = "request-7";
  auto response = channel->Unary<EchoRequest, EchoResponse>(kEcho, Say("x"), user);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->tenant(), "acme");
  EXPECT_EQ(response->principal(), "users/test");
  EXPECT_EQ(response->caller(), "relay");
  EXPECT_EQ(response->request_id(), "request-7");
  EXPECT_EQ(ReasonOf(channel->Unary<EchoRequest, EchoResponse>(kEcho, Say("fail"), user).status()),
            "ECHO_BROKEN");
}

TEST_F(ServerTest, AChannelUsesTheAddressThatAnswers) {
  ChannelOptions options;
  options.service = "echo";
  options.tls = network_.TlsFor("gateway");
  // Nothing listens on port 1.
  options.addresses = {"127.0.0.1:1", "127.0.0.1:" + std::to_string(server_->port()),
                       "127.0.0.1:1"};
  ChannelPtr channel = *Channel::Make(options);
  ASSERT_TRUE(channel->WaitConnected(runtime::Deadline::After(std::chrono::seconds(30))));
  for (int i = 0; i < 10; ++i) {
    CallOptions impatient = User();
    impatient.wait_for_ready = false;
    auto response = channel->Unary<EchoRequest, EchoResponse>(kEcho, Say("x"), impatient);
    EXPECT_TRUE(response.ok()) << response.status();
  }
  EXPECT_EQ(ReasonOf(Channel::Make({.service = "echo"}).status()), "PEER_ADDRESS_MISSING");
}

TEST(TlsTest, ExplainsUnusableFiles) {
  TestNetwork network;
  TlsFiles files = network.FilesFor("a");
  TlsFiles other = network.FilesFor("b");
  EXPECT_EQ((*Tls::Load(files))->name(), "a");
  for (const TlsFiles& bad :
       {TlsFiles{files.ca, files.cert, other.key}, TlsFiles{"/nowhere", files.cert, files.key},
        TlsFiles{files.ca, files.key, files.key}}) {
    EXPECT_EQ(ReasonOf(Tls::Load(bad).status()), "TLS_FILES_INVALID");
  }
}

TEST(TlsTest, ARenewedCertificateIsUsedWithoutARestart) {
  TestNetwork network;
  ServerOptions options = network.ServerOptionsFor("echo");
  options.require_all_methods = false;
  Server server(std::move(options));
  server.Unary<EchoRequest, EchoResponse>(kHello, AnswerEcho);
  ASSERT_TRUE(server.Start().ok());
  auto name_now = [&] {
    CallOptions impatient;
    impatient.wait_for_ready = false;
    auto channel = network.Connect("gateway", "renamed", server.port());
    return channel->Unary<EchoRequest, EchoResponse>(kHello, Say("x"), impatient).ok();
  };
  EXPECT_FALSE(name_now());
  network.Renew("echo", "renamed");
  // Seen at the next look at the files, a second at most; the loop ends by that event.
  while (!name_now()) std::this_thread::yield();
}

}  // namespace
}  // namespace agentflow::rpc
