#include "libs/testing/postgres_proxy.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "libs/base/status.h"
#include "libs/testing/temp_dir.h"

namespace agentflow::testing {
namespace {

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  AF_CHECK(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int ConnectUnix(const std::string& path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = UnixAddress(path);
  AF_CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

int ConnectTcp(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  AF_CHECK(getaddrinfo(host.c_str(), port.c_str(), &hints, &found) == 0);
  int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  AF_CHECK(connect(fd, found->ai_addr, found->ai_addrlen) == 0);
  freeaddrinfo(found);
  return fd;
}

// To the server that a URL of PostgresForTest means.
int ConnectTo(const std::string& url) {
  if (size_t at = url.find("host=/"); at != std::string::npos) {
    std::string folder = url.substr(at + 5, url.find('&', at) - at - 5);
    return ConnectUnix(folder + "/.s.PGSQL.5432");
  }
  size_t start = url.find('@') + 1;
  std::string host = url.substr(start, url.find('/', start) - start);
  size_t colon = host.find(':');
  return colon == std::string::npos ? ConnectTcp(host, "5432")
                                    : ConnectTcp(host.substr(0, colon), host.substr(colon + 1));
}

bool SendAll(int fd, const char* data, ssize_t size) {
  while (size > 0) {
    ssize_t sent = send(fd, data, static_cast<size_t>(size), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= sent;
  }
  return true;
}

}  // namespace

struct PostgresProxy::State {
  TempDir dir;
  std::string database_url, database;
  int listener = -1;
  std::atomic<bool> swallow{false};
  std::mutex mutex;
  std::vector<int> open;  // sockets of both sides
  std::vector<std::thread> threads;

  void Accept() {
    for (;;) {
      int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      int server = ConnectTo(database_url);
      std::lock_guard lock(mutex);
      open.insert(open.end(), {client, server});
      threads.emplace_back([this, client, server] { Carry(client, server); });
    }
  }

  void Carry(int client, int server) {
    char buffer[65536];
    pollfd sides[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    while (poll(sides, 2, -1) >= 0) {
      for (int i = 0; i < 2; ++i) {
        if (sides[i].revents == 0) continue;
        ssize_t got = recv(sides[i].fd, buffer, sizeof(buffer), 0);
        bool vanish = i == 1 && swallow;
        if (got <= 0 || (!vanish && !SendAll(sides[1 - i].fd, buffer, got))) {
          shutdown(client, SHUT_RDWR);
          shutdown(server, SHUT_RDWR);
          return;
        }
      }
    }
  }

  void CutAll() {
    std::lock_guard lock(mutex);
    for (int fd : open) shutdown(fd, SHUT_RDWR);
  }
};

PostgresProxy::PostgresProxy(const PostgresForTest& database) : state_(std::make_shared<State>()) {
  state_->database_url = database.SuperuserUrl();
  state_->database = database.database();
  state_->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = UnixAddress(state_->dir.path() + "/.s.PGSQL.5432");
  AF_CHECK(bind(state_->listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  AF_CHECK(listen(state_->listener, 64) == 0);
  std::lock_guard lock(state_->mutex);
  state_->threads.emplace_back([state = state_.get()] { state->Accept(); });
}

PostgresProxy::~PostgresProxy() {
  shutdown(state_->listener, SHUT_RDWR);
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(state_->mutex);
    threads.push_back(std::move(state_->threads.front()));
  }
  threads.front().join();  // nothing is accepted any more
  state_->CutAll();
  for (size_t i = 1; i < state_->threads.size(); ++i) state_->threads[i].join();
  for (int fd : state_->open) close(fd);
  close(state_->listener);
}

std::string PostgresProxy::Url(std::string_view role) const {
  return "postgresql://" + std::string(role) + "@/" + state_->database +
         "?host=" + state_->dir.path();
}

void PostgresProxy::SwallowAnswers() {
  state_->swallow = true;
}

void PostgresProxy::Cut() {
  state_->CutAll();
  state_->swallow = false;
}

}  // namespace agentflow::testing
