#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "libs/rpc/channel.h"
#include "services/gateway/method_table.h"

namespace agentflow::gateway {

// Which channel a call takes: the backend of its method; and where executors have told who owns
// which lane, the owner's. Thread-safe.
class Backends {
 public:
  using Connect = std::function<rpc::ChannelPtr(const std::string& address)>;

  // `channels` by backend; `connect` reaches one instance of the executor, of which `executors`
  // are the addresses known from the start.
  Backends(std::map<std::string, rpc::ChannelPtr> channels, std::vector<std::string> executors,
           Connect connect)
      : channels_(std::move(channels)),
        executors_(std::move(executors)),
        connect_(std::move(connect)) {}

  // The lane map as the executor `source` tells it: the owner's address by lane. The newest word
  // counts; that of the others is remembered, because the newest may come from an executor that
  // is cut off from the database.
  void SetLanes(size_t source, std::vector<std::string> addresses);

  // Whether calls of this method go to one executor among several, so that For needs the message.
  bool Routed(const Method& method);

  // Where the `attempt`th try of a call goes, from 0. Never null for methods of the table.
  // `message` may be null: any instance. A read is answered rightly by every executor, so its
  // later tries go round all of them; others go round those that are said to own the lane.
  rpc::ChannelPtr For(const Method& method, std::string_view tenant,
                      const google::protobuf::Message* message, size_t attempt = 0);

  // Status of each backend's connection, without waiting: empty is all well.
  std::vector<std::string> Unreachable();

 private:
  using LaneMap = std::vector<std::string>;
  // Addresses of executors for a call, the likeliest first. Under the lock.
  std::vector<std::string> Candidates(std::optional<int> lane, bool read, size_t attempt);

  std::map<std::string, rpc::ChannelPtr> channels_;
  const std::vector<std::string> executors_;
  const Connect connect_;
  std::mutex mutex_;
  std::vector<std::pair<size_t, LaneMap>> maps_;  // by source, newest first
  size_t turn_ = 0;
  std::map<std::string, rpc::ChannelPtr> by_address_;
};

// Whether the method only reads, as its proto declares.
bool IsRead(const Method& method);

// The lane that `message` belongs to by the method's `lane_from`; nullopt where it names none
// (an empty request id, a malformed name: any instance gives the right answer).
std::optional<int> LaneFor(const Method& method, std::string_view tenant,
                           const google::protobuf::Message& message);

}  // namespace agentflow::gateway
