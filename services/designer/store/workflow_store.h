#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pg/pool.h"
#include "services/designer/workflows/draft.h"

// SQL of drafts. All functions see the transaction's tenant only.
namespace agentflow::designer {

// The draft; nothing where there is none or it was deleted. `lock`: nobody else changes it until
// the transaction ends.
absl::StatusOr<std::optional<Draft>> FindDraft(pg::TenantTx& tx, std::string_view id, bool lock);

// Inserts, or takes up the name of a deleted workflow, whose revisions and version numbers go on.
// Gives the stored draft; nothing where a workflow of that id exists.
absl::StatusOr<std::optional<Draft>> InsertDraft(pg::TenantTx& tx, const Draft& draft);

// Writes title, labels and text, raises the revision. Updates `draft` to what is stored.
// REQUIRES: the draft is locked.
absl::Status UpdateDraft(pg::TenantTx& tx, UnixMicros now, Draft& draft);

// Hides the workflow and its versions. REQUIRES: the draft is locked.
absl::Status DeleteDraft(pg::TenantTx& tx, std::string_view id, UnixMicros now);

// Workflows that are not deleted. While it counts, no other transaction of the tenant adds one.
absl::StatusOr<int64_t> CountForInsert(pg::TenantTx& tx);

struct ListQuery {
  struct Term {
    std::string field, op, value;
  };
  std::vector<Term> terms;
  std::string order_field = "name";
  bool descending = false;
  // The last row of the page before: its order key and id.
  std::optional<std::pair<std::string, std::string>> after;
  int limit = 50;
  bool with_text = false;  // else source and document are empty
};
struct ListedDraft {
  Draft draft;
  std::string order_key;
};
absl::StatusOr<std::vector<ListedDraft>> ListDrafts(pg::TenantTx& tx, const ListQuery& query);

struct StoredAnswer {
  std::string request_hash;
  std::string response;  // bytes of the proto
};
// What a request id was answered with. Two transactions with one id run one after the other.
absl::StatusOr<std::optional<StoredAnswer>> FindAnswer(pg::TenantTx& tx,
                                                       std::string_view request_id);
// Keeps an answer for a day, and forgets those that are older.
absl::Status StoreAnswer(pg::TenantTx& tx, std::string_view request_id, const StoredAnswer& answer,
                         UnixMicros now);

}  // namespace agentflow::designer
