#include "libs/obs/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

namespace agentflow::obs {
namespace {

// Hands whole lines to a function; for tests.
class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> sink) : sink_(std::move(sink)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    sink_(std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> sink_;
};

struct Output {
  LogOptions options;
  std::shared_ptr<spdlog::logger> logger;
};

std::shared_ptr<const Output> MakeOutput(LogOptions options) {
  auto output = std::make_shared<Output>();
  spdlog::sink_ptr sink;
  if (options.sink) {
    sink = std::make_shared<FunctionSink>(options.sink);
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  output->logger = std::make_shared<spdlog::logger>(options.service, std::move(sink));
  output->logger->set_pattern("%v");
  output->logger->set_level(spdlog::level::trace);
  output->logger->flush_on(spdlog::level::trace);
  output->options = std::move(options);
  return output;
}

// The process has one log, as it has one stderr.
std::atomic<int> g_level{static_cast<int>(Level::kInfo)};
std::atomic<std::shared_ptr<const Output>>& Current() {
  static std::atomic<std::shared_ptr<const Output>> output{MakeOutput({})};
  return output;
}

struct OwnedField {
  std::string key;
  std::string text;  // as it appears in a line
  std::string json;
};
thread_local std::vector<OwnedField> t_scope;

void AppendJsonText(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void AppendNumber(std::string& out, double number) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  out.append(buffer, end);
}

void AppendValue(std::string& out, const Field& field, bool json) {
  switch (field.kind) {
    case Field::Kind::kText:
      // Text for people is quoted only where it must be.
      if (!json && !field.text.empty() &&
          field.text.find_first_of(" \"\\\n\t=") == std::string_view::npos) {
        out += field.text;
      } else {
        AppendJsonText(out, field.text);
      }
      break;
    case Field::Kind::kInt:
      out += std::to_string(field.integer);
      break;
    case Field::Kind::kDouble:
      if (json && !std::isfinite(field.number)) {
        out += "null";
      } else {
        AppendNumber(out, field.number);
      }
      break;
    case Field::Kind::kBool:
      out += field.integer != 0 ? "true" : "false";
      break;
  }
}

// A line has each key once; the call's own field wins over the scope's.
bool Holds(Fields fields, std::string_view key) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Field& field) { return field.key == key; });
}

void AppendTime(std::string& out) {
  auto now = std::chrono::system_clock::now();
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  time_t seconds = micros.count() / 1000000;
  tm parts;
  gmtime_r(&seconds, &parts);
  char buffer[40];
  size_t size = strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
  size += static_cast<size_t>(snprintf(buffer + size, sizeof buffer - size, ".%06dZ",
                                       static_cast<int>(micros.count() % 1000000)));
  out.append(buffer, size);
}

std::string JsonLine(const std::string& service, std::string_view level, std::string_view message,
                     Fields fields) {
  std::string out = "{\"time\":\"";
  AppendTime(out);
  out += "\",\"level\":\"";
  out += level;
  out += '"';
  if (!service.empty()) {
    out += ",\"service\":";
    AppendJsonText(out, service);
  }
  out += ",\"message\":";
  AppendJsonText(out, message);
  for (const OwnedField& field : t_scope) {
    if (Holds(fields, field.key)) continue;
    out += ',';
    AppendJsonText(out, field.key);
    out += ':';
    out += field.json;
  }
  for (const Field& field : fields) {
    out += ',';
    AppendJsonText(out, field.key);
    out += ':';
    AppendValue(out, field, true);
  }
  out += '}';
  return out;
}

std::string TextLine(const std::string& service, std::string_view level, std::string_view message,
                     Fields fields) {
  std::string out;
  AppendTime(out);
  out += ' ';
  out += level;
  out.append(level.size() < 5 ? 6 - level.size() : 1, ' ');
  if (!service.empty()) out += service + ": ";
  out += message;
  for (const OwnedField& field : t_scope) {
    if (!Holds(fields, field.key)) out += " " + field.key + "=" + field.text;
  }
  for (const Field& field : fields) {
    out += ' ';
    out += field.key;
    out += '=';
    AppendValue(out, field, false);
  }
  return out;
}

void Write(Level level, std::string_view name, spdlog::level::level_enum severity,
           std::string_view message, Fields fields) {
  if (!Enabled(level)) return;
  std::shared_ptr<const Output> output = Current().load();
  const LogOptions& options = output->options;
  std::string line = options.json ? JsonLine(options.service, name, message, fields)
                                  : TextLine(options.service, name, message, fields);
  output->logger->log(severity, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void Debug(std::string_view message, Fields fields) {
  Write(Level::kDebug, "debug", spdlog::level::debug, message, fields);
}
void Info(std::string_view message, Fields fields) {
  Write(Level::kInfo, "info", spdlog::level::info, message, fields);
}
void Warn(std::string_view message, Fields fields) {
  Write(Level::kWarn, "warn", spdlog::level::warn, message, fields);
}
void Error(std::string_view message, Fields fields) {
  Write(Level::kError, "error", spdlog::level::err, message, fields);
}

bool Enabled(Level level) {
  return static_cast<int>(level) >= g_level.load(std::memory_order_relaxed);
}

void InitLogging(LogOptions options) {
  g_level.store(static_cast<int>(options.level));
  Current().store(MakeOutput(std::move(options)));
}

Level LevelFromName(std::string_view name) {
  if (name == "debug") return Level::kDebug;
  if (name == "warn") return Level::kWarn;
  if (name == "error") return Level::kError;
  if (name == "off") return Level::kOff;
  return Level::kInfo;
}

ScopedFields::ScopedFields(Fields fields) : before_(t_scope.size()) {
  for (const Field& field : fields) {
    OwnedField owned;
    owned.key = field.key;
    AppendValue(owned.text, field, false);
    AppendValue(owned.json, field, true);
    t_scope.push_back(std::move(owned));
  }
}

ScopedFields::~ScopedFields() {
  t_scope.resize(before_);
}

}  // namespace agentflow::obs
