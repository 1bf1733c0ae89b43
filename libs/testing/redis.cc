#include "libs/testing/redis.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "libs/base/status.h"
#include "libs/testing/process.h"

namespace agentflow::testing {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "RedisForTest: %s\n", what.c_str());
  std::abort();
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

int FreePort() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  AF_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  AF_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

// One inline command and the first bytes of its answer; empty when there is no server.
std::string Command(in_addr host, int port, const std::string& command) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  address.sin_addr = host;
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      send(fd, command.data(), command.size(), MSG_NOSIGNAL) > 0) {
    char buffer[256];
    ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    if (got > 0) answer.assign(buffer, static_cast<size_t>(got));
  }
  close(fd);
  return answer;
}

}  // namespace

RedisForTest::RedisForTest() {
  if (const char* given = std::getenv("AGENTFLOW_TEST_REDIS"); given && *given) {
    // redis://HOST:PORT, with databases 1..15 for the instances of this process.
    static std::atomic<int> next{0};
    int database = 1 + (static_cast<int>(getpid()) + next++) % 15;
    char host[64] = "";
    int port = 6379;
    if (std::sscanf(given, "redis://%63[^:/]:%d", host, &port) < 1) {
      Fail(std::string("AGENTFLOW_TEST_REDIS is not redis://HOST:PORT: ") + given);
    }
    in_addr address = Loopback(0).sin_addr;
    if (std::strcmp(host, "localhost") != 0 && inet_pton(AF_INET, host, &address) != 1) {
      Fail("the host of AGENTFLOW_TEST_REDIS must be an IPv4 address");
    }
    std::string select = "SELECT " + std::to_string(database) + "\r\nFLUSHDB\r\n";
    if (!Command(address, port, select).starts_with("+OK"))
      Fail("no answer from " + std::string(given));
    url_ = "redis://" + std::string(host) + ":" + std::to_string(port) + "/" +
           std::to_string(database);
    return;
  }
  // Another process may take the port between looking and starting; then look again.
  for (int attempt = 0; attempt < 5 && pid_ == 0; ++attempt) {
    port_ = FreePort();
    Launch();
  }
  if (pid_ == 0) Fail("redis-server does not start; is it installed?");
  url_ = "redis://127.0.0.1:" + std::to_string(port_) + "/0";
}

RedisForTest::~RedisForTest() {
  if (pid_ > 0) Kill(pid_, SIGKILL);
}

void RedisForTest::Launch() {
  int pid = Spawn({"/usr/bin/redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1",
                   "--save", "", "--appendonly", "no", "--dir", "/tmp", "--loglevel", "warning"},
                  "/dev/null");
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (!IsRunning(pid)) return;
    if (Command(Loopback(0).sin_addr, port_, "PING\r\n").starts_with("+PONG")) {
      pid_ = pid;
      return;
    }
    usleep(5'000);
  }
  Kill(pid, SIGKILL);
}

void RedisForTest::Restart() {
  if (pid_ == 0) Fail("only a private server can be restarted");
  Kill(pid_, SIGKILL);
  pid_ = 0;
  Launch();
  if (pid_ == 0) Fail("redis-server does not start again");
}

}  // namespace agentflow::testing
