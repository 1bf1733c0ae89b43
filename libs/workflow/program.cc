#include "libs/workflow/program.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace agentflow::workflow {
namespace {

using Values = std::span<const json::Value* const>;

const json::Value* ValueAt(Values values, int reference) {
  if (reference < 0 || static_cast<size_t>(reference) >= values.size()) return nullptr;
  return values[static_cast<size_t>(reference)];
}

// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
int64_t DaysFromCivil(int64_t y, int m, int d) {
  y -= m <= 2;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t yoe = y - era * 400;
  int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

// "2026-11-22T16:49:23[.fraction]Z", as the engine writes it.
std::optional<cel::Value> Timestamp(const std::string& text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kShape.size() + 1 || text.back() != 'Z') return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return std::nullopt;
  }
  auto number = [&text](size_t at, size_t size) { return std::stoi(text.substr(at, size)); };
  int64_t seconds = DaysFromCivil(number(0, 4), number(5, 2), number(8, 2)) * 86400 +
                    number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2);
  int32_t nanos = 0;
  int32_t unit = 100'000'000;
  for (size_t i = kShape.size() + 1; i + 1 < text.size() && unit > 0; ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    nanos += (text[i] - '0') * unit;
  }
  return cel::Value::Timestamp(seconds, nanos);
}

class NodeMap final : public cel::HostMap {
 public:
  NodeMap(const CelProgram::NodeSource& source, Values values)
      : source_(source),
        output_(ValueAt(values, source.output)),
        error_(ValueAt(values, source.error)) {}

  const std::string& id() const { return source_.id; }
  bool there() const { return source_.always || output_ != nullptr || error_ != nullptr; }

  bool Find(std::string_view key, cel::Value& value) const override {
    const json::Value* found = key == "output" ? output_ : key == "error" ? error_ : nullptr;
    if (found == nullptr) return false;
    value = cel::Value::Json(*found);
    return true;
  }
  std::vector<std::string> Keys() const override {
    std::vector<std::string> keys;
    if (error_ != nullptr) keys.emplace_back("error");
    if (output_ != nullptr) keys.emplace_back("output");
    return keys;
  }

 private:
  const CelProgram::NodeSource& source_;
  const json::Value* output_;
  const json::Value* error_;
};

class NodesMap final : public cel::HostMap {
 public:
  NodesMap(const std::vector<CelProgram::NodeSource>& sources, Values values) {
    nodes_.reserve(sources.size());
    for (const auto& source : sources) nodes_.emplace_back(source, values);
  }
  bool Find(std::string_view key, cel::Value& value) const override {
    for (const NodeMap& node : nodes_) {
      if (node.id() != key) continue;
      if (node.there()) value = cel::Value::Host(node);
      return node.there();
    }
    return false;
  }
  std::vector<std::string> Keys() const override {
    std::vector<std::string> keys;
    for (const NodeMap& node : nodes_) {
      if (node.there()) keys.push_back(node.id());
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

 private:
  std::vector<NodeMap> nodes_;
};

class SlotsActivation final : public cel::Activation {
 public:
  SlotsActivation(const std::vector<CelProgram::Source>& sources,
                  const std::vector<CelProgram::NodeSource>& nodes, Values values)
      : sources_(sources), nodes_(nodes, values), values_(values) {}

  bool Find(int slot, std::string_view, cel::Value& value) const override {
    if (slot < 0 || static_cast<size_t>(slot) >= sources_.size()) return false;
    const CelProgram::Source& source = sources_[static_cast<size_t>(slot)];
    if (source.kind == CelProgram::Source::Kind::kNodes) {
      value = cel::Value::Host(nodes_);
      return true;
    }
    const json::Value* found = ValueAt(values_, source.reference);
    if (found == nullptr) {
      value = cel::Value::Null();
      return source.null_when_missing;
    }
    if (source.kind == CelProgram::Source::Kind::kTimestamp && found->is_string()) {
      if (auto time = Timestamp(found->as_string())) {
        value = *time;
        return true;
      }
    }
    value = cel::Value::Json(*found);
    return true;
  }

 private:
  const std::vector<CelProgram::Source>& sources_;
  NodesMap nodes_;
  Values values_;
};

}  // namespace

CelProgram::CelProgram(std::shared_ptr<const cel::Program> program, std::vector<Source> sources,
                       std::vector<NodeSource> nodes, const cel::TimeZones* time_zones)
    : program_(std::move(program)),
      sources_(std::move(sources)),
      nodes_(std::move(nodes)),
      time_zones_(time_zones) {}

absl::StatusOr<json::Value> CelProgram::Evaluate(std::span<const json::Value* const> values) const {
  return program_->Evaluate(SlotsActivation(sources_, nodes_, values), {.time_zones = time_zones_});
}

std::unique_ptr<cel::Activation> CelProgram::Bind(Values values) const {
  return std::make_unique<SlotsActivation>(sources_, nodes_, values);
}

}  // namespace agentflow::workflow
