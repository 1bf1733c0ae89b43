#include "libs/lanes/lane_watch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "libs/rpc/testing/test_network.h"

namespace agentflow::lanes {
namespace {

namespace pb = internal::executor::v1;

// An executor that only knows lane maps.
class FakeExecutor {
 public:
  explicit FakeExecutor(rpc::TestNetwork& network) : server_(Options(network)) {
    server_.ServerStreaming<pb::WatchLanesRequest, pb::LaneMap>(
        "agentflow.internal.executor.v1.DispatchService/WatchLanes",
        [this](Stream stream, const pb::WatchLanesRequest&) {
          std::lock_guard lock(mutex_);
          if (map_.address_size() > 0) stream.Write(map_);
          streams_.push_back(stream);
        });
    EXPECT_TRUE(server_.Start().ok());
  }
  ~FakeExecutor() {
    for (Stream& stream : streams_) stream.Finish();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  void Tell(const std::string& owner, int64_t time) {
    std::lock_guard lock(mutex_);
    map_.Clear();
    for (int lane = 0; lane < 256; ++lane) map_.add_address(owner);
    map_.set_time(time);
    for (Stream& stream : streams_) stream.Write(map_);
  }

 private:
  using Stream = rpc::ServerStream<pb::WatchLanesRequest, pb::LaneMap>;
  static rpc::ServerOptions Options(rpc::TestNetwork& network) {
    rpc::ServerOptions options = network.ServerOptionsFor("executor");
    options.require_all_methods = false;
    return options;
  }
  std::mutex mutex_;
  pb::LaneMap map_;
  std::vector<Stream> streams_;
  rpc::Server server_;
};

class LaneWatchTest : public ::testing::Test {
 protected:
  LaneWatchTest()
      : watch_(
            [this](const std::string& address) {
              return network_.Connect("gateway", "executor",
                                      std::stoi(address.substr(address.rfind(':') + 1)));
            },
            {.changed =
                 [this](const LaneMap::Owners& owners) {
                   std::lock_guard lock(mutex_);
                   seen_.push_back(owners[0]);
                   changed_.notify_all();
                 },
             .link =
                 [this](const std::string& address, bool up) {
                   std::lock_guard lock(mutex_);
                   links_[address] = up;
                   changed_.notify_all();
                 }}) {}
  ~LaneWatchTest() override { watch_.Stop(); }
  template <typename Condition>
  bool Await(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }
  bool Up(const std::string& address) { return links_.contains(address) && links_[address]; }

  rpc::TestNetwork network_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
  std::map<std::string, bool> links_;
  LaneWatch watch_;
};

TEST_F(LaneWatchTest, TheNewestMapOfAnyExecutorHolds) {
  FakeExecutor a(network_), b(network_);
  a.Tell("x:1", 10);
  b.Tell("x:1", 11);
  watch_.Start({a.address(), b.address()});
  ASSERT_TRUE(Await([&] { return Up(a.address()) && Up(b.address()); }));
  EXPECT_TRUE(watch_.known());
  EXPECT_EQ(seen_, std::vector<std::string>{"x:1"});
  b.Tell("y:1", 20);
  ASSERT_TRUE(Await([&] { return seen_.back() == "y:1"; }));
  a.Tell("x:1", 15);  // of before: it was stopped meanwhile
  a.Tell("z:1", 21);
  ASSERT_TRUE(Await([&] { return seen_.back() == "z:1"; }));
  EXPECT_EQ(seen_, (std::vector<std::string>{"x:1", "y:1", "z:1"}));
}

TEST_F(LaneWatchTest, OwnersAreFollowedAndBrokenStreamsAreTold) {
  FakeExecutor a(network_);
  auto b = std::make_unique<FakeExecutor>(network_);
  const std::string b_address = b->address();
  b->Tell(b_address, 5);
  a.Tell(b_address, 1);
  watch_.Start({a.address()});
  ASSERT_TRUE(Await([&] { return Up(b_address); }));
  b.reset();
  ASSERT_TRUE(Await([&] { return !Up(b_address); }));
  EXPECT_TRUE(Up(a.address()));
}

}  // namespace
}  // namespace agentflow::lanes
