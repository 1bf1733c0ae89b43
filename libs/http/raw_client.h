#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

// A socket for tests that want to see every byte. Header-only: for tests alone.
namespace agentflow::http {

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;

  bool connected() const { return connected_; }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  // Reads until `end` has come; everything up to and with it. Less when the peer closes.
  std::string ReadUntil(std::string_view end) {
    size_t at;
    while ((at = input_.find(end)) == std::string::npos && Fill()) {
    }
    return Take(at == std::string::npos ? input_.size() : at + end.size());
  }
  std::string ReadBytes(size_t count) {
    while (input_.size() < count && Fill()) {
    }
    return Take(std::min(count, input_.size()));
  }
  std::string ReadAll() {
    while (Fill()) {
    }
    return Take(input_.size());
  }
  // Head and body of one answer with a Content-Length.
  std::string ReadResponse() {
    std::string head = ReadUntil("\r\n\r\n");
    size_t at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    return head + ReadBytes(static_cast<size_t>(std::atoll(head.c_str() + at + 16)));
  }

  // --- WebSocket, RFC 6455 ---

  void SendFrame(int opcode, std::string_view payload) {
    std::string frame(1, static_cast<char>(0x80 | opcode));
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80 | payload.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(payload.size() >> 8);
      frame += static_cast<char>(payload.size() & 0xff);
    }
    frame.append(4, '\0');  // a mask of zeros leaves the payload as it is
    frame += payload;
    Send(frame);
  }
  struct Frame {
    int opcode = -1;  // -1: the connection is over
    std::string payload;
  };
  Frame ReadFrame() {
    std::string head = ReadBytes(2);
    if (head.size() < 2) return {};
    size_t size = static_cast<uint8_t>(head[1]) & 0x7f;
    for (int extra = size == 126 ? 2 : size == 127 ? 8 : 0; extra > 0;) {
      std::string more = ReadBytes(static_cast<size_t>(extra));
      size = 0;
      for (char c : more) size = size << 8 | static_cast<uint8_t>(c);
      break;
    }
    return {head[0] & 0x0f, ReadBytes(size)};
  }

 private:
  bool Fill() {
    char buffer[65536];
    ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    input_.append(buffer, static_cast<size_t>(count));
    return true;
  }
  std::string Take(size_t count) {
    std::string out = input_.substr(0, count);
    input_.erase(0, count);
    return out;
  }

  int socket_;
  bool connected_ = false;
  std::string input_;
};

// An upgrade request; `more` are further header lines, each with its line break.
inline std::string UpgradeRequest(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) +
         " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string(more) + "\r\n";
}

}  // namespace agentflow::http
