#include "libs/rpc/paging.h"

#include <optional>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/encoding.h"

namespace agentflow::rpc {
namespace {

constexpr size_t kBindingSize = 12;

// What the token is bound to. Parts are preceded by their lengths, so none can pose as another.
std::string Binding(const PageQuery& query, std::string_view position) {
  std::string text = "agentflow page 1";
  for (std::string_view part :
       {query.tenant, query.method, query.parent, query.filter, query.order_by, position}) {
    text += '\n' + std::to_string(part.size()) + ':';
    text += part;
  }
  return std::string(crypto::AsText(crypto::Sha256(text)).substr(0, kBindingSize));
}

}  // namespace

absl::StatusOr<int> PageSize(int32_t requested, int default_size, int max_size) {
  if (requested < 0) {
    return InvalidArgument("PAGE_SIZE_INVALID", "pageSize",
                           "a page has at least one item; leave pageSize out for the default");
  }
  if (requested == 0) return default_size;
  return requested < max_size ? requested : max_size;
}

std::string MakePageToken(const PageQuery& query, std::string_view position) {
  return crypto::Base64UrlEncode(Binding(query, position) + std::string(position));
}

absl::StatusOr<std::string> ReadPageToken(const PageQuery& query, std::string_view token) {
  if (token.empty()) return std::string();
  std::optional<std::string> decoded = crypto::Base64UrlDecode(token);
  if (decoded && decoded->size() >= kBindingSize) {
    std::string position = decoded->substr(kBindingSize);
    if (Binding(query, position) == decoded->substr(0, kBindingSize)) return position;
  }
  return InvalidArgument("PAGE_TOKEN_INVALID", "pageToken",
                         "the page token belongs to another query; list again without it, or "
                         "with the filter and order it came from");
}

}  // namespace agentflow::rpc
