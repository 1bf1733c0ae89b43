#pragma once

#include <string>
#include <utility>

namespace agentflow::crypto {

// Text that must never be printed, logged or compared byte by byte. It has no formatter; who
// needs the text says so with Reveal(). Wiped when destroyed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() { Wipe(); }

  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  // In constant time for equal lengths.
  bool Equals(const Secret& other) const;

 private:
  void Wipe();

  std::string text_;
};

}  // namespace agentflow::crypto
