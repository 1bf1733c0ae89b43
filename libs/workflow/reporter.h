#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "libs/workflow/problem.h"
#include "libs/workflow/source_text.h"

namespace agentflow::workflow {

// Collects problems while a document is analyzed. Beyond its bound it only counts.
class Reporter {
 public:
  Reporter(const Positions& positions, size_t bound) : positions_(positions), bound_(bound) {}

  void Error(std::string_view reason, std::string_view node, std::string_view pointer,
             std::string message) {
    Add(Severity::kError, reason, node, pointer, positions_.Find(pointer), std::move(message));
  }
  void Warning(std::string_view reason, std::string_view node, std::string_view pointer,
               std::string message) {
    Add(Severity::kWarning, reason, node, pointer, positions_.Find(pointer), std::move(message));
  }
  void Add(Severity severity, std::string_view reason, std::string_view node,
           std::string_view pointer, Position position, std::string message);

  // Whether more problems are only counted: then costly suggestions are not worth making.
  bool full() const { return problems_.size() >= bound_; }
  bool has_errors() const { return errors_ > 0; }
  const Positions& positions() const { return positions_; }
  // By position, and one that counts what was left out.
  Problems Take();

 private:
  const Positions& positions_;
  size_t bound_;
  size_t errors_ = 0;
  size_t left_out_ = 0;
  Problems problems_;
};

// "`a`, `b` and `c`", at most `most` of them.
std::string Quoted(const std::vector<std::string>& names, size_t most = 8);
// "; did you mean `x`?" or "".
std::string DidYouMean(const std::string& suggestion);

}  // namespace agentflow::workflow
