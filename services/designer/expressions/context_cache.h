#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/workflow/expression_context.h"

namespace agentflow::designer {

using ContextPtr = std::shared_ptr<const workflow::ExpressionContext>;

// Documents that were asked about lately, analysed, by the hash of their content: while somebody
// types, each key press is a question about the same document. Thread-safe.
class ContextCache {
 public:
  // `bytes`: of the canonical texts of the documents that are kept.
  ContextCache(int64_t bytes, const cel::TimeZones* time_zones)
      : limit_(bytes), time_zones_(time_zones) {}

  // The document with that hash; `load` gives it where it is not kept.
  absl::StatusOr<ContextPtr> Get(const std::string& content_hash,
                                 const std::function<absl::StatusOr<json::Value>()>& load);
  int64_t bytes() const;

 private:
  struct Entry {
    std::string content_hash;
    ContextPtr context;
    int64_t bytes;
  };
  using Entries = std::list<Entry>;

  ContextPtr Find(const std::string& content_hash);
  void Keep(Entry entry);

  const int64_t limit_;
  const cel::TimeZones* const time_zones_;
  mutable std::mutex mutex_;
  Entries entries_;  // used last first
  std::map<std::string, Entries::iterator> by_hash_;
  int64_t bytes_ = 0;
};

}  // namespace agentflow::designer
