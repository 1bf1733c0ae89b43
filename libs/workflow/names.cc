#include "libs/workflow/names.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace agentflow::workflow {
namespace {

// Reserved words and literals of the CEL language definition.
constexpr std::array<std::string_view, 24> kCelKeywords = {
    "as",     "break",  "const", "continue", "else",  "false",      "for",      "function",
    "if",     "import", "in",    "let",      "loop",  "namespace",  "null",     "package",
    "return", "true",   "var",   "void",     "while", "__result__", "__iter__", "__accu__"};

bool IsId(std::string_view text, char extra) {
  if (text.empty() || text.size() > 63 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [extra](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == extra;
  });
}

std::string_view Trim(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool ParseEnd(std::string_view text, std::string& id, std::string& port) {
  text = Trim(text);
  size_t dot = text.find('.');
  id = std::string(text.substr(0, dot));
  if (dot != text.npos) port = std::string(text.substr(dot + 1));
  return !id.empty() && !port.empty() && id.find_first_of(" \t") == id.npos &&
         port.find_first_of(" \t.") == port.npos;
}

// "HTTP_5*", "TIMEOUT", "*"
bool IsReason(std::string_view text) {
  bool rest = text.ends_with('*');
  if (rest) text.remove_suffix(1);
  if (text.empty()) return rest;
  return text[0] >= 'A' && text[0] <= 'Z' && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// Takes "[A, B*]" off the end of an edge's source.
bool ParseReasons(std::string_view& source, std::vector<std::string>& reasons) {
  source = Trim(source);
  if (!source.ends_with(']')) return true;
  size_t open = source.find('[');
  if (open == source.npos) return false;
  std::string_view list = source.substr(open + 1, source.size() - open - 2);
  source = source.substr(0, open);
  while (true) {
    size_t comma = list.find(',');
    std::string_view reason = Trim(list.substr(0, comma));
    if (!IsReason(reason)) return false;
    reasons.emplace_back(reason);
    if (comma == list.npos) return true;
    list.remove_prefix(comma + 1);
  }
}

int EditDistance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      int above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

bool IsSlug(std::string_view text) {
  return IsId(text, '_');
}
bool IsResourceId(std::string_view text) {
  return IsId(text, '-');
}

bool IsCelKeyword(std::string_view text) {
  return std::find(kCelKeywords.begin(), kCelKeywords.end(), text) != kCelKeywords.end();
}

std::string SlugFrom(std::string_view text) {
  std::string slug;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    bool letter = c >= 'a' && c <= 'z';
    bool digit = c >= '0' && c <= '9';
    if (slug.empty() && !letter) continue;
    if (letter || digit)
      slug += c;
    else if (slug.back() != '_')
      slug += '_';
  }
  while (!slug.empty() && slug.back() == '_') slug.pop_back();
  slug = slug.substr(0, 63);
  return slug.empty() ? "node" : IsCelKeyword(slug) || slug == kStartId ? slug + "_node" : slug;
}

std::optional<EdgeText> ParseEdge(std::string_view text) {
  size_t arrow = text.find("->");
  if (arrow == text.npos || text.find("->", arrow + 2) != text.npos) return std::nullopt;
  EdgeText edge;
  std::string_view source = text.substr(0, arrow);
  if (!ParseReasons(source, edge.reasons) || !ParseEnd(source, edge.source, edge.source_port) ||
      !ParseEnd(text.substr(arrow + 2), edge.target, edge.target_port)) {
    return std::nullopt;
  }
  return edge;
}

std::string FormatEdge(const EdgeText& edge) {
  std::string text = edge.source;
  if (edge.source_port != kOutPortId) text += "." + edge.source_port;
  for (size_t i = 0; i < edge.reasons.size(); ++i) {
    text += (i == 0 ? "[" : ",") + edge.reasons[i];
  }
  if (!edge.reasons.empty()) text += "]";
  text += " -> " + edge.target;
  if (edge.target_port != kInPortId) text += "." + edge.target_port;
  return text;
}

FieldText ReadFieldText(std::string_view text) {
  if (text.empty() || text[0] != '=') return {.literal = text};
  if (text.size() > 1 && text[1] == '=') return {.literal = text.substr(1)};
  return {.is_expression = true, .expression = text.substr(1)};
}

std::string Closest(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > 63) return "";
  std::string best;
  int best_distance = std::max<int>(2, static_cast<int>(name.size()) / 3) + 1;
  for (const std::string& candidate : candidates) {
    int length_gap = std::abs(static_cast<int>(candidate.size()) - static_cast<int>(name.size()));
    if (length_gap >= best_distance || candidate == name) continue;
    int distance = EditDistance(name, candidate);
    if (distance < best_distance && distance < static_cast<int>(name.size())) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace agentflow::workflow
