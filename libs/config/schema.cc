#include "libs/config/schema.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::config {
namespace {

using Texts = std::vector<std::string>;
// Key to its text; lists have one per item.
using Values = std::map<std::string, Texts>;

constexpr int kMaxDepth = 8;

void Flatten(const YAML::Node& node, const std::string& prefix, int depth, Values* out,
             Texts* problems) {
  if (depth > kMaxDepth) {
    problems->push_back(prefix + ": nested too deep");
    return;
  }
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      problems->push_back(prefix + ": a key is not a plain text");
      continue;
    }
    std::string key = prefix + entry.first.Scalar();
    const YAML::Node& value = entry.second;
    Texts texts;
    if (value.IsMap()) {
      Flatten(value, key + ".", depth + 1, out, problems);
      continue;
    }
    if (value.IsScalar()) {
      texts.push_back(value.Scalar());
    } else if (value.IsSequence()) {
      for (const YAML::Node& item : value) {
        if (item.IsScalar()) {
          texts.push_back(item.Scalar());
        } else {
          problems->push_back(key + ": a list holds plain values only");
        }
      }
    } else {
      problems->push_back(key + ": has no value");
      continue;
    }
    if (!out->emplace(key, std::move(texts)).second) problems->push_back(key + ": given twice");
  }
}

void ReadYaml(std::string_view yaml, std::string_view name, Values* out, Texts* problems) {
  try {
    YAML::Node root = YAML::Load(std::string(yaml));
    if (root.IsNull()) return;
    if (!root.IsMap()) {
      problems->push_back(std::string(name) + ": not a YAML map of settings");
      return;
    }
    Flatten(root, "", 0, out, problems);
  } catch (const YAML::Exception& error) {
    problems->push_back(std::string(name) + ": " + error.what());
  }
}

std::string Upper(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '.' || c == '-') c = '_';
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

// Kubernetes sets these for a Service called agentflow-<program>; they are not ours.
bool IsKubernetesVariable(std::string_view rest) {
  return rest.starts_with("SERVICE_HOST") || rest.starts_with("SERVICE_PORT") || rest == "PORT" ||
         rest.starts_with("PORT_");
}

std::string Trim(std::string_view text) {
  size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(" \t") - from + 1));
}

template <typename T>
bool ToNumber(const std::string& text, T* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool ToDuration(const std::string& text, std::chrono::milliseconds* out) {
  size_t unit_at = text.find_first_not_of("0123456789");
  int64_t count = 0;
  if (unit_at == std::string::npos || !ToNumber(text.substr(0, unit_at), &count)) return false;
  static const std::map<std::string, int64_t> units = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  auto unit = units.find(text.substr(unit_at));
  if (unit == units.end() || count > 1'000'000'000) return false;
  *out = std::chrono::milliseconds(count * unit->second);
  return true;
}

std::string DurationText(std::chrono::milliseconds duration) {
  int64_t ms = duration.count();
  for (auto [unit, size] :
       {std::pair{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}) {
    if (ms >= size && ms % size == 0) return std::to_string(ms / size) + unit;
  }
  return std::to_string(ms) + "ms";
}

std::string NumberText(double number) {
  char buffer[32];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

}  // namespace

Setting& Setting::Required() {
  required_ = true;
  return *this;
}

Setting& Setting::Range(double least, double most) {
  bounded_ = true;
  least_ = least;
  most_ = most;
  return *this;
}

Setting& Setting::OneOf(std::vector<std::string> choices) {
  choices_ = std::move(choices);
  return *this;
}

Setting& Setting::Hidden() {
  hidden_ = true;
  return *this;
}

std::string Setting::Bounds() const {
  std::string out;
  if (bounded_) {
    bool duration = type_ == "duration";
    auto text = [&](double bound) {
      return duration ? DurationText(std::chrono::milliseconds(static_cast<int64_t>(bound)))
                      : NumberText(bound);
    };
    out = text(least_) + " to " + text(most_);
  }
  for (const std::string& choice : choices_) out += (out.empty() ? "" : ", ") + choice;
  return out;
}

std::string Setting::CheckBounds(double number) const {
  if (!bounded_ || (number >= least_ && number <= most_)) return {};
  return "must be " + Bounds();
}

Schema::Schema(std::string program) : program_(std::move(program)) {}
Schema::~Schema() = default;

std::string Schema::Variable(std::string_view key) const {
  return "AGENTFLOW_" + Upper(program_) + "_" + Upper(key);
}

Setting& Schema::AddSetting(std::string_view key, std::string_view type, std::string_view doc,
                            std::string default_text) {
  for (const auto& setting : settings_) AF_CHECK(setting->key_ != key);
  auto setting = std::make_unique<Setting>();
  setting->key_ = key;
  setting->type_ = type;
  setting->doc_ = doc;
  setting->default_ = std::move(default_text);
  settings_.push_back(std::move(setting));
  return *settings_.back();
}

Setting& Schema::Add(std::string_view key, std::string* target, std::string_view doc) {
  Setting& setting = AddSetting(key, "text", doc, *target);
  setting.read_ = [target](const Texts& texts, const Setting& self) -> std::string {
    if (texts.size() != 1) return "must be one text";
    const auto& choices = self.choices_;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), texts[0]) == choices.end()) {
      return "must be one of " + self.Bounds();
    }
    *target = texts[0];
    return {};
  };
  return setting;
}

Setting& Schema::Add(std::string_view key, crypto::Secret* target, std::string_view doc) {
  Setting& setting = AddSetting(key, "secret", doc, "");
  setting.hidden_ = true;
  setting.secret_ = true;
  setting.read_ = [target](const Texts& texts, const Setting&) -> std::string {
    if (texts.size() != 1) return "must be one text";
    *target = crypto::Secret(texts[0]);
    return {};
  };
  return setting;
}

Setting& Schema::Add(std::string_view key, bool* target, std::string_view doc) {
  Setting& setting = AddSetting(key, "true or false", doc, *target ? "true" : "false");
  setting.read_ = [target](const Texts& texts, const Setting&) -> std::string {
    if (texts.size() != 1 || (texts[0] != "true" && texts[0] != "false")) {
      return "must be true or false";
    }
    *target = texts[0] == "true";
    return {};
  };
  return setting;
}

Setting& Schema::Add(std::string_view key, int* target, std::string_view doc) {
  Setting& setting = AddSetting(key, "integer", doc, std::to_string(*target));
  setting.read_ = [target](const Texts& texts, const Setting& self) -> std::string {
    int number = 0;
    if (texts.size() != 1 || !ToNumber(texts[0], &number)) return "must be an integer";
    std::string problem = self.CheckBounds(number);
    if (problem.empty()) *target = number;
    return problem;
  };
  return setting;
}

Setting& Schema::Add(std::string_view key, int64_t* target, std::string_view doc) {
  Setting& setting = AddSetting(key, "integer", doc, std::to_string(*target));
  setting.read_ = [target](const Texts& texts, const Setting& self) -> std::string {
    int64_t number = 0;
    if (texts.size() != 1 || !ToNumber(texts[0], &number)) return "must be an integer";
    std::string problem = self.CheckBounds(static_cast<double>(number));
    if (problem.empty()) *target = number;
    return problem;
  };
  return setting;
}

Setting& Schema::Add(std::string_view key, double* target, std::string_view doc) {
  Setting& setting = AddSetting(key, "number", doc, NumberText(*target));
  setting.read_ = [target](const Texts& texts, const Setting& self) -> std::string {
    double number = 0;
    if (texts.size() != 1 || !ToNumber(texts[0], &number) || !std::isfinite(number)) {
      return "must be a number";
    }
    std::string problem = self.CheckBounds(number);
    if (problem.empty()) *target = number;
    return problem;
  };
  return setting;
}

Setting& Schema::Add(std::string_view key, std::chrono::milliseconds* target,
                     std::string_view doc) {
  Setting& setting = AddSetting(key, "duration", doc, DurationText(*target));
  setting.read_ = [target](const Texts& texts, const Setting& self) -> std::string {
    std::chrono::milliseconds duration{0};
    if (texts.size() != 1 || !ToDuration(texts[0], &duration)) {
      return "must be a duration such as 250ms, 30s, 5m, 2h or 7d";
    }
    std::string problem = self.CheckBounds(static_cast<double>(duration.count()));
    if (problem.empty()) *target = duration;
    return problem;
  };
  return setting;
}

Setting& Schema::Add(std::string_view key, std::vector<std::string>* target, std::string_view doc) {
  std::string default_text;
  for (const std::string& item : *target) default_text += (default_text.empty() ? "" : ",") + item;
  Setting& setting = AddSetting(key, "list", doc, default_text);
  setting.read_ = [target](const Texts& texts, const Setting& self) -> std::string {
    Texts items;
    for (const std::string& text : texts) {
      std::stringstream parts(text);
      for (std::string part; std::getline(parts, part, ',');) {
        if (std::string item = Trim(part); !item.empty()) items.push_back(std::move(item));
      }
    }
    const auto& choices = self.choices_;
    for (const std::string& item : items) {
      if (!choices.empty() && std::find(choices.begin(), choices.end(), item) == choices.end()) {
        return "items must be of " + self.Bounds();
      }
    }
    std::string problem =
        self.choices_.empty() ? self.CheckBounds(static_cast<double>(items.size())) : std::string();
    if (problem.empty()) *target = std::move(items);
    return problem;
  };
  return setting;
}

absl::Status Schema::Load(const std::string& path, const Environment& environment) {
  if (path.empty()) return LoadText("", "settings", environment);
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in.good()) {
    return InvalidArgument("CONFIG_INVALID", "config", "cannot read the file " + path);
  }
  return LoadText(text.str(), path, environment);
}

absl::Status Schema::LoadText(std::string_view yaml, std::string_view name,
                              const Environment& environment) {
  Values values;
  Texts problems;
  ReadYaml(yaml, name, &values, &problems);
  ReadVariables(environment, &values, &problems);
  for (const auto& setting : settings_) {
    auto value = values.extract(setting->key_);
    auto file = setting->secret_ ? values.extract(setting->key_ + "_file") : Values::node_type();
    if (!file.empty() && value.empty()) {
      std::ifstream in(file.mapped().empty() ? "" : file.mapped()[0], std::ios::binary);
      std::stringstream text;
      text << in.rdbuf();
      if (!in.good()) {
        problems.push_back(setting->key_ + "_file: cannot be read");
        continue;
      }
      std::string secret = text.str();
      if (secret.ends_with('\n')) secret.pop_back();
      if (std::string wrong = setting->read_({secret}, *setting); !wrong.empty()) {
        problems.push_back(setting->key_ + "_file: " + wrong);
      }
      continue;
    }
    if (value.empty()) {
      if (setting->required_) {
        problems.push_back(setting->key_ + ": is required (" + setting->doc_ + ")");
      }
      continue;
    }
    std::string wrong = setting->read_(value.mapped(), *setting);
    if (wrong.empty()) continue;
    std::string shown = setting->hidden_ || value.mapped().empty() ? "" : value.mapped()[0];
    problems.push_back(setting->key_ + ": " + wrong +
                       (shown.empty() ? "" : ", not \"" + shown + "\""));
  }
  for (const auto& [key, texts] : values) problems.push_back(key + ": there is no such setting");
  if (problems.empty()) return absl::OkStatus();
  std::string message = "the settings of " + program_ + " are not usable:";
  for (const std::string& problem : problems) message += "\n  " + problem;
  return InvalidArgument("CONFIG_INVALID", "config", message);
}

void Schema::ReadVariables(const Environment& environment, Values* values, Texts* problems) const {
  std::map<std::string, std::string> keys;
  for (const auto& setting : settings_) {
    keys[Variable(setting->key_)] = setting->key_;
    if (setting->secret_) keys[Variable(setting->key_ + "_file")] = setting->key_ + "_file";
  }
  std::string prefix = Variable("");
  for (auto at = environment.lower_bound(prefix);
       at != environment.end() && at->first.starts_with(prefix); ++at) {
    auto key = keys.find(at->first);
    if (key != keys.end()) {
      (*values)[key->second] = {at->second};
    } else if (!IsKubernetesVariable(std::string_view(at->first).substr(prefix.size()))) {
      problems->push_back(at->first + ": there is no such setting");
    }
  }
}

std::string Schema::Markdown() const {
  std::string out = "| setting | variable | type | default | meaning |\n|---|---|---|---|---|\n";
  auto cell = [](std::string text) {
    for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
      text.insert(at, "\\");
    }
    return text;
  };
  for (const auto& setting : settings_) {
    std::string type = setting->type_;
    std::string bounds = setting->Bounds();
    if (!bounds.empty()) type += ": " + bounds;
    std::string value = setting->required_          ? "required"
                        : setting->default_.empty() ? "-"
                        : setting->hidden_          ? "-"
                                                    : "`" + setting->default_ + "`";
    out += "| `" + setting->key_ + "` | `" + Variable(setting->key_) + "` | " + cell(type) + " | " +
           cell(value) + " | " + cell(setting->doc_) + " |\n";
  }
  return out;
}

}  // namespace agentflow::config
