#include "tools/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace agentflow::cli {
namespace {

// Width of a text on the screen, a code point being one column.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool LooksPlain(const std::string& text) {
  static constexpr std::string_view kReserved[] = {"null", "true", "false", "yes", "no", "on",
                                                   "off",  "~",    "Null",  "True", "False"};
  if (text.empty() || std::find(std::begin(kReserved), std::end(kReserved), text) !=
                          std::end(kReserved)) {
    return false;
  }
  if (!std::isalpha(static_cast<unsigned char>(text[0])) && text[0] != '/' && text[0] != '_') {
    return false;
  }
  if (text.back() == ' ' || text.back() == ':' || text.find(": ") != std::string::npos ||
      text.find(" #") != std::string::npos) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

bool IsEmpty(const json::Value& value) {
  return (value.is_object() && value.as_object().empty()) ||
         (value.is_array() && value.as_array().empty());
}

bool IsBlock(const json::Value& value) {
  return (value.is_object() || value.is_array()) && !IsEmpty(value);
}

void AppendYaml(std::string& out, const json::Value& value, size_t indent);

void AppendText(std::string& out, const std::string& text, size_t indent) {
  bool literal = text.find('\n') != std::string::npos && text[0] != ' ' && text[0] != '\n' &&
                 text.find('\r') == std::string::npos && text.find('\t') == std::string::npos;
  if (!literal) {
    out += LooksPlain(text) ? text : json::Dump(json::Value(text));
    return;
  }
  size_t trailing = text.size() - (text.find_last_not_of('\n') + 1);
  out += trailing == 0 ? "|-" : trailing == 1 ? "|" : "|+";
  std::string_view rest = text;
  rest.remove_suffix(trailing > 1 ? 1 : trailing);
  while (true) {
    size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    out += '\n';
    if (!line.empty()) out.append(indent, ' ').append(line);
    if (end == std::string_view::npos) return;
    rest.remove_prefix(end + 1);
  }
}

// After "key:" or "-": on the same line, or below.
void AppendChild(std::string& out, const json::Value& value, size_t indent, bool in_list) {
  if (!IsBlock(value)) {
    out += ' ';
    AppendYaml(out, value, indent);
    out += '\n';
  } else if (in_list) {
    std::string block;
    AppendYaml(block, value, indent);
    out += ' ' + block.substr(indent);
  } else {
    out += '\n';
    AppendYaml(out, value, indent);
  }
}

void AppendYaml(std::string& out, const json::Value& value, size_t indent) {
  if (value.is_string()) return AppendText(out, value.as_string(), indent);
  if (!IsBlock(value)) {
    out += json::Dump(value);
    return;
  }
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) {
      out.append(indent, ' ').append("-");
      AppendChild(out, item, indent + 2, /*in_list=*/true);
    }
    return;
  }
  for (const auto& [key, member] : value.as_object()) {
    out.append(indent, ' ').append(LooksPlain(key) ? key : json::Dump(json::Value(key))) += ':';
    AppendChild(out, member, indent + 2, /*in_list=*/false);
  }
}

}  // namespace

std::string ToYaml(const json::Value& value) {
  std::string out;
  AppendYaml(out, value, 0);
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

std::string Cell(const json::Value* value) {
  if (!value || value->is_null()) return "";
  if (value->is_array() && std::all_of(value->as_array().begin(), value->as_array().end(),
                                       [](const json::Value& each) { return each.is_string(); })) {
    std::string list;
    for (const json::Value& each : value->as_array()) {
      list += (list.empty() ? "" : ", ") + each.as_string();
    }
    return list;
  }
  if (!value->is_string()) return json::Dump(*value);
  std::string text = value->as_string();
  bool is_time = text.size() >= 20 && text[4] == '-' && text[10] == 'T' && text.back() == 'Z';
  if (is_time) text = text.substr(0, 10) + " " + text.substr(11, 8);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string ToTable(const json::Array& rows, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines[0].push_back(column.heading);
  for (const json::Value& row : rows) {
    std::vector<std::string> line;
    for (const Column& column : columns) line.push_back(Cell(json::Resolve(row, column.pointer)));
    lines.push_back(std::move(line));
  }
  std::vector<size_t> widths(columns.size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      text += line[i] + std::string(widths[i] - Width(line[i]) + 2, ' ');
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

std::string Render(Format format, const json::Value& value, const std::vector<Column>& columns) {
  if (format == Format::kJson) return json::DumpPretty(value) + "\n";
  if (format == Format::kYaml || columns.empty()) return ToYaml(value);
  return ToTable(value.is_array() ? value.as_array() : json::Array{value}, columns);
}

bool UseColor() {
  static const bool use = isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  return use;
}

std::string StateText(std::string_view state) {
  struct Look {
    const char* sign;
    const char* color;
  };
  static const std::map<std::string_view, Look> kLooks = {
      {"COMPLETED", {"✓", "32"}}, {"FAILED", {"✗", "31"}},    {"TIMED_OUT", {"✗", "31"}},
      {"CANCELED", {"⊘", "33"}},  {"RUNNING", {"●", "36"}},   {"READY", {"◌", "36"}},
      {"WAITING", {"◷", "35"}},   {"SKIPPED", {"–", "2"}},    {"PENDING", {"·", "2"}},
      {"QUEUED", {"·", "2"}},     {"COMPENSATED", {"↶", "33"}},
      {"PAUSED", {"‖", "35"}},    {"COMPENSATING", {"↶", "36"}}};
  auto it = kLooks.find(state);
  std::string text = std::string(it == kLooks.end() ? "?" : it->second.sign) + " " +
                     std::string(state);
  if (!UseColor() || it == kLooks.end()) return text;
  return "\033[" + std::string(it->second.color) + "m" + text + "\033[0m";
}

}  // namespace agentflow::cli
