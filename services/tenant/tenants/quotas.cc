#include "services/tenant/tenants/quotas.h"

namespace agentflow::tenant {

Quotas Effective(const Quotas& own, const Quotas& defaults) {
  Quotas effective = own;
  for (const QuotaField& field : kQuotaFields) {
    if (own.*field.value == 0) effective.*field.value = defaults.*field.value;
  }
  return effective;
}

json::Value ToJson(const Quotas& quotas) {
  json::Object object;
  for (const QuotaField& field : kQuotaFields) {
    object.Set(field.name, int64_t{quotas.*field.value});
  }
  return object;
}

Quotas QuotasFromText(std::string_view text) {
  Quotas quotas;
  auto stored = json::Parse(text);
  if (!stored.ok()) return quotas;
  for (const QuotaField& field : kQuotaFields) {
    quotas.*field.value = static_cast<int>(stored->IntOr(field.name, 0));
  }
  return quotas;
}

}  // namespace agentflow::tenant
