#include "libs/cel/regex.h"

#include <string>

#include "libs/cel/text.h"

namespace agentflow::cel {
namespace {

constexpr int64_t kMaxMemory = 512 * 1024;  // of a compiled pattern with its automaton
constexpr size_t kMaxPattern = 4096;        // bytes of a pattern's text
constexpr int64_t kCompileCost = 1000;      // a compilation, in operations
constexpr int64_t kRefusedCost = 50'000;    // one that was given up when it grew too large

}  // namespace

std::unique_ptr<RE2> CompileRegex(std::string_view pattern, int64_t& cost) {
  if (pattern.size() > kMaxPattern) return nullptr;
  // RE2 unrolls counted repetition, so that a short pattern may be costly to compile.
  cost -= kCompileCost + static_cast<int64_t>(pattern.size()) * 4;
  if (cost < 0) return nullptr;
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMaxMemory);
  auto compiled = std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  cost -= compiled->ok() ? compiled->ProgramSize() * int64_t{4} : kRefusedCost;
  return compiled->ok() ? std::move(compiled) : nullptr;
}

Value MatchRegex(Context& context, std::string_view text, std::string_view pattern) {
  std::unique_ptr<RE2> compiled = CompileRegex(pattern, context.cost);
  if (context.cost < 0) return context.OutOfCost();
  if (!compiled) {
    return context.Invalid("'" + Shorten(pattern) +
                           "' is no regular expression of RE2, or too large a one");
  }
  return MatchRegex(context, text, *compiled);
}

Value MatchRegex(Context& context, std::string_view text, const RE2& pattern) {
  // Mostly RE2 takes the same time for every byte. But where the states of its automaton are too
  // many to keep, every byte takes a time that grows with the program, and nothing tells before.
  int64_t program = pattern.ProgramSize();
  if (!context.Charge(1 + static_cast<int64_t>(text.size()) * program / 32)) {
    return context.OutOfCost();
  }
  return Value::Bool(RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern));
}

}  // namespace agentflow::cel
