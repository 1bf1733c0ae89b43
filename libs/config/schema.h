#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/crypto/secret.h"

// The settings of one program: each declared once, with its key, meaning, default and bounds.
//
//   struct Settings { std::string listen = "127.0.0.1:7101"; int pool = 8; crypto::Secret url; };
//   Settings settings;
//   config::Schema schema("tenant");
//   schema.Add("listen", &settings.listen, "Address of the gRPC server.");
//   schema.Add("database.pool", &settings.pool, "Connections kept open.").Range(1, 200);
//   schema.Add("database.url", &settings.url, "PostgreSQL, role tenant_app.").Required();
//   AF_RETURN_IF_ERROR(schema.Load(path, config::ProcessEnvironment()));
//
// Values come from a YAML file (nested maps make dotted keys), and over it from the environment:
// AGENTFLOW_<PROGRAM>_<KEY>, upper case, dots and dashes as underscores. A setting's default is
// what its target holds when it is added. A secret may also be given as `<key>_file`, the path of
// a file that holds it (one trailing newline is cut).
namespace agentflow::config {

using Environment = std::map<std::string, std::string>;

// The variables of this process.
Environment ProcessEnvironment();

// How one setting is read, checked and described.
class Setting {
 public:
  // No default: it must be given.
  Setting& Required();
  // Inclusive bounds of a number, of a duration in milliseconds, of a list's size.
  Setting& Range(double least, double most);
  Setting& OneOf(std::vector<std::string> choices);
  // Kept out of the printed table and of error messages. Implied for crypto::Secret.
  Setting& Hidden();

 private:
  friend class Schema;
  // "1 to 200", "json, text"; empty where anything goes.
  std::string Bounds() const;
  // What is wrong with `number`, or "".
  std::string CheckBounds(double number) const;

  std::string key_;
  std::string doc_;
  std::string type_;
  std::string default_;
  bool required_ = false;
  bool hidden_ = false;
  bool secret_ = false;
  bool bounded_ = false;
  double least_ = 0;
  double most_ = 0;
  std::vector<std::string> choices_;
  // Takes the text (lists: one per item) into the target; gives what is wrong, or "".
  std::function<std::string(const std::vector<std::string>&, const Setting&)> read_;
};

// Not thread-safe; targets must outlive it. A reference returned by Add stays good.
class Schema {
 public:
  // `program`: "tenant", "gateway", ...
  explicit Schema(std::string program);
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  Setting& Add(std::string_view key, std::string* target, std::string_view doc);
  Setting& Add(std::string_view key, crypto::Secret* target, std::string_view doc);
  Setting& Add(std::string_view key, bool* target, std::string_view doc);
  Setting& Add(std::string_view key, int* target, std::string_view doc);
  Setting& Add(std::string_view key, int64_t* target, std::string_view doc);
  Setting& Add(std::string_view key, double* target, std::string_view doc);
  // "250ms", "30s", "5m", "2h", "7d".
  Setting& Add(std::string_view key, std::chrono::milliseconds* target, std::string_view doc);
  // A YAML list, or one text with commas.
  Setting& Add(std::string_view key, std::vector<std::string>* target, std::string_view doc);

  // Reads the file (none when the path is empty) and the environment into the targets.
  // INVALID_ARGUMENT, reason CONFIG_INVALID: a list of everything wrong, one line each, unknown
  // keys and variables included. Then the targets may hold a part of the new values.
  absl::Status Load(const std::string& path, const Environment& environment);
  // The same with the file's text in hand; `name` is for messages.
  absl::Status LoadText(std::string_view yaml, std::string_view name,
                        const Environment& environment);

  // A Markdown table of all settings in the order they were added: key, variable, type, default,
  // meaning.
  std::string Markdown() const;

  const std::string& program() const { return program_; }

 private:
  Setting& AddSetting(std::string_view key, std::string_view type, std::string_view doc,
                      std::string default_text);
  std::string Variable(std::string_view key) const;
  void ReadVariables(const Environment& environment,
                     std::map<std::string, std::vector<std::string>>* values,
                     std::vector<std::string>* problems) const;

  std::string program_;
  std::vector<std::unique_ptr<Setting>> settings_;
};

}  // namespace agentflow::config
