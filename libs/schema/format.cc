#include "libs/schema/node.h"

// The formats that are checked, as regular expressions of the standards that JSON Schema names.
namespace agentflow::schema {
namespace {

struct FormatRule {
  std::string_view name;
  Format format;
  const char* pattern;
};

// RFC 3339 (dates, times, durations), RFC 9562 (uuid), RFC 5321 (email, the usual part),
// RFC 3986 (uri), RFC 2673 and 4291 (addresses).
#define AF_DATE R"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))"
#define AF_TIME R"(([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d))"
constexpr FormatRule kRules[] = {
    {"date-time", Format::kDateTime, AF_DATE "[tT]" AF_TIME},
    {"date", Format::kDate, AF_DATE},
    {"time", Format::kTime, AF_TIME},
    {"duration", Format::kDuration,
     R"(P(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?))"},
    {"uuid", Format::kUuid, R"((?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"},
    {"email", Format::kEmail, R"([^\s@"(),:;<>\[\]\\]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)"},
    {"uri", Format::kUri, R"([A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*)"},
    {"ipv4", Format::kIpv4,
     R"(((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))"},
    {"ipv6", Format::kIpv6, R"([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)"},
};

}  // namespace

Format FormatNamed(std::string_view name) {
  for (const FormatRule& rule : kRules) {
    if (rule.name == name) return rule.format;
  }
  return Format::kNone;
}

bool Matches(Format format, std::string_view text) {
  static const auto* const kCompiled = [] {
    auto* all = new std::map<Format, std::unique_ptr<RE2>>();
    for (const FormatRule& rule : kRules) (*all)[rule.format] = std::make_unique<RE2>(rule.pattern);
    return all;
  }();
  auto it = kCompiled->find(format);
  return it == kCompiled->end() ||
         RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *it->second);
}

}  // namespace agentflow::schema
