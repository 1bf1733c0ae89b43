// kill -9 of the real process in the middle of its work.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libs/testing/process.h"
#include "libs/testing/temp_dir.h"
#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kThreeTasks[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: three}
outputs: {last: "=nodes.c.output"}
nodes:
  a: {type: ai.agent@1, with: {agent: writer, input: "=inputs"}}
  b: {type: ai.agent@1, with: {agent: writer, input: "=nodes.a.output"}}
  c: {type: ai.agent@1, with: {agent: writer, input: "=nodes.b.output"}}
edges: [start -> a, a -> b, b -> c]
)";

// A port that was free a moment ago; the same one serves all processes of the test.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  AF_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  AF_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

class ExecutorCrashTest : public ExecutorServiceTest {
 protected:
  ExecutorCrashTest() : port_(FreePort()) {
    running_.reset();  // the process takes its place
    std::ofstream(folder_.path() + "/executor.yaml") << Settings(1, port_);
    Connect(port_);
  }
  ~ExecutorCrashTest() override { testing::Kill(pid_, SIGKILL); }

  void Launch() {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    const std::string binary = self.parent_path() / "../../bin/agentflow-executor";
    pid_ = testing::Spawn({binary, "--config", folder_.path() + "/executor.yaml"},
                          folder_.path() + "/executor.log");
    ASSERT_TRUE(
        Eventually([&] { return Get(kNobody).status().code() == absl::StatusCode::kNotFound; }));
  }
  void KillNine() { testing::Kill(pid_, SIGKILL); }
  bool AllCompleted(const std::vector<std::string>& names) {
    // The database says it faster than a call for each.
    return database_.Sql("SELECT count(*) FROM executor.closed_execution") ==
           std::to_string(names.size());
  }

  static constexpr char kNobody[] = "executions/0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
  testing::TempDir folder_;
  const int port_;
  int pid_ = 0;
};

TEST_F(ExecutorCrashTest, EveryAcknowledgedExecutionCompletesOnce) {
  designer_.Publish("three", kThreeTasks);
  Launch();
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) {
    // Repeated under its request id until the lanes are there.
    absl::StatusOr<api::Execution> started = absl::UnknownError("");
    ASSERT_TRUE(Eventually([&] {
      started = Start("three", R"({"n": )" + std::to_string(i) + "}", "n" + std::to_string(i));
      return started.ok();
    })) << started.status();
    names.push_back(started->name());
  }
  // Workers answer while the executor dies twice more.
  int done = 0;
  for (int life = 0; life < 3; ++life) {
    FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c" + std::to_string(life));
    const int until = life == 2 ? 1'000'000 : done + 25;
    while (done < until && !AllCompleted(names)) {
      internal::QueuedTask task;
      if (!coordinator.TryTake("writer", &task)) continue;
      coordinator.Claim(task);
      coordinator.Complete(task, std::to_string(++done));
    }
    if (life < 2) {
      KillNine();
      Launch();
    }
  }
  EXPECT_TRUE(AllCompleted(names));
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM executor.closed_execution"), "40");
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM executor.live_execution"), "0");
  // Three results each, whatever was repeated on the way: start, 3 x (offer, result), end.
  for (const std::string& name : names) {
    api::ListEventsRequest request;
    request.set_parent(name);
    auto events = Call<api::ListEventsResponse>("ListEvents", request);
    ASSERT_TRUE(events.ok()) << events.status();
    int completed = 0;
    for (const auto& event : events->events()) completed += event.type() == "StepCompleted";
    EXPECT_EQ(completed, 3) << name;
  }
}

}  // namespace
}  // namespace agentflow::executor
