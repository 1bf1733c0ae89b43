#include <grpc/support/time.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/rpc/server_impl.h"

// The chain that every call passes: who, in which trace, until when, and whether it may.
namespace agentflow::rpc {
namespace {

constexpr size_t kMaxRequestIdSize = 128;

Random& ThreadRandom() {
  thread_local SeededRandom random(EntropySeed());
  return random;
}

std::string_view View(grpc::string_ref text) {
  return {text.data(), text.size()};
}

std::string_view Find(grpc::GenericCallbackServerContext& context, const char* key) {
  const auto& metadata = context.client_metadata();
  auto found = metadata.find(key);
  return found == metadata.end() ? std::string_view() : View(found->second);
}

std::string NewRequestId() {
  constexpr char kDigits[] = "0123456789abcdef";
  uint64_t number = ThreadRandom().Next();
  std::string out(16, '0');
  for (char& digit : out) {
    digit = kDigits[number & 15];
    number >>= 4;
  }
  return out;
}

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdSize &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.' || c == ':';
         });
}

runtime::Deadline DeadlineOf(grpc::GenericCallbackServerContext& context) {
  gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return {};
  gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return runtime::Deadline::After(std::chrono::milliseconds(gpr_time_to_millis(left)));
}

// The service named in the peer's verified certificate.
std::string CallerOf(grpc::GenericCallbackServerContext& context) {
  std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) return {};
  std::vector<grpc::string_ref> names = peer->FindPropertyValues("x509_common_name");
  return names.empty() ? std::string() : std::string(View(names[0]));
}

auth::PrincipalPtr ServicePrincipal(grpc::GenericCallbackServerContext& context,
                                    const std::string& caller) {
  auto principal = std::make_shared<auth::Principal>();
  principal->tenant = Find(context, kTenantKey);
  principal->name = Find(context, kPrincipalKey);
  if (principal->name.empty()) principal->name = "services/" + caller;
  principal->by_service = true;
  return principal;
}

}  // namespace

void ServerRep::Describe(grpc::GenericCallbackServerContext& context, Call* call) const {
  std::string_view path = context.method();
  call->method = path.starts_with('/') ? path.substr(1) : path;
  call->caller = CallerOf(context);
  call->deadline = DeadlineOf(context);
  call->peer = context.peer();
  // The gateway alone stands between us and the world; it says who is on the other side.
  if (call->caller == "gateway") {
    std::string_view remote = Find(context, kRemoteAddressKey);
    if (!remote.empty()) call->peer = remote;
  }
  std::string_view request_id = Find(context, kRequestIdKey);
  call->request_id = IsRequestId(request_id) ? std::string(request_id) : NewRequestId();
  auto trace = obs::TraceContext::Parse(Find(context, kTraceparentKey));
  call->trace = trace ? *std::move(trace) : obs::TraceContext::Make(ThreadRandom());
}

absl::Status ServerRep::Admit(const MethodEntry& method,
                              grpc::GenericCallbackServerContext& context, Call* call) const {
  if (method.open) return absl::OkStatus();
  const MethodAccess& access = method.access;
  call->user_context = Find(context, kContextKey);
  bool known_caller =
      !call->caller.empty() &&
      std::find(access.callers.begin(), access.callers.end(), call->caller) != access.callers.end();
  bool for_users = !access.permission.empty() || access.authenticated || access.is_public;
  if (!known_caller && !for_users) {
    return Error(absl::StatusCode::kPermissionDenied, "CALLER_NOT_ALLOWED",
                 "only named services may call " + call->method,
                 {{"caller", call->caller.empty() ? "unknown" : call->caller}});
  }
  if (!call->user_context.empty() && options.contexts != nullptr) {
    absl::StatusOr<auth::PrincipalPtr> principal = options.contexts->Verify(call->user_context);
    if (!principal.ok() && !access.is_public) return std::move(principal).status();
    if (principal.ok()) call->identity = *std::move(principal);
  } else if (known_caller) {
    call->identity = ServicePrincipal(context, call->caller);
    return absl::OkStatus();
  }
  if (access.is_public) return absl::OkStatus();
  if (!call->identity->authenticated()) {
    return Error(absl::StatusCode::kUnauthenticated, "CONTEXT_MISSING",
                 "the call carries no user context; call through the gateway");
  }
  if (access.permission.empty()) return absl::OkStatus();
  return auth::RequirePermission(*call->identity, access.permission);
}

absl::Status ServerRep::Outward(const Call& call, const absl::Status& status) const {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      break;
    default:
      return status;
  }
  obs::Error("call failed", {{"method", call.method},
                             {"request", call.request_id},
                             {"trace", call.trace.trace_id},
                             {"tenant", call.tenant()},
                             {"reason", ReasonOf(status)},
                             {"error", MessageOf(status)}});
  return Error(status.code(), ReasonOf(status),
               "something went wrong inside; the logs know it as request " + call.request_id,
               {{"requestId", call.request_id}});
}

void ServerRep::Ended(MethodEntry* method, const Call& call, const absl::Status& status,
                      double seconds) {
  MethodMetrics& metrics = method != nullptr ? method->metrics : fallback_metrics;
  metrics.Record(static_cast<int>(status.code()), seconds);
  if (!options.audit || method == nullptr) return;
  bool changes = method->access.audit == MethodAccess::Audit::kWrite ||
                 method->access.audit == MethodAccess::Audit::kSecurity;
  bool refused = status.code() == absl::StatusCode::kPermissionDenied ||
                 status.code() == absl::StatusCode::kUnauthenticated;
  if (changes || refused) options.audit(call, method->access, status);
}

}  // namespace agentflow::rpc
