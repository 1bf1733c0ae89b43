#include "libs/pg/result.h"

#include <charconv>

#include "libs/base/status.h"
#include "libs/pg/connection.h"
#include "libs/pg/param.h"

namespace agentflow::pg {
namespace {

template <typename T>
T Number(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  AF_CHECK(error == std::errc() && end == text.data() + text.size());
  return value;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  AF_CHECK(c >= 'a' && c <= 'f');
  return c - 'a' + 10;
}

}  // namespace

Result::Result() = default;
Result::Result(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
size_t Result::size() const {
  return impl_ ? impl_->rows() : 0;
}
int64_t Result::affected() const {
  return impl_ ? impl_->affected() : 0;
}

Row Result::operator[](size_t row) const {
  AF_CHECK(row < size());
  return Row(this, static_cast<int>(row));
}

bool Row::IsNull(int column) const {
  return !result_->impl_->Cell(row_, column).has_value();
}

std::string_view Row::Text(int column) const {
  std::optional<std::string_view> cell = result_->impl_->Cell(row_, column);
  AF_CHECK(cell.has_value());
  return *cell;
}

int64_t Row::Int(int column) const {
  return Number<int64_t>(Text(column));
}
double Row::Double(int column) const {
  return Number<double>(Text(column));
}

bool Row::Bool(int column) const {
  std::string_view text = Text(column);
  AF_CHECK(text == "t" || text == "f");
  return text == "t";
}

std::string Row::Bytes(int column) const {
  std::string_view text = Text(column);
  AF_CHECK(text.starts_with("\\x") && text.size() % 2 == 0);
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 2; i < text.size(); i += 2) {
    out += static_cast<char>(HexDigit(text[i]) << 4 | HexDigit(text[i + 1]));
  }
  return out;
}

UnixMicros Row::Time(int column) const {
  std::optional<UnixMicros> micros = ParseTimestamp(Text(column));
  AF_CHECK(micros.has_value());
  return *micros;
}

Uuid Row::Id(int column) const {
  std::optional<Uuid> id = Uuid::Parse(Text(column));
  AF_CHECK(id.has_value());
  return *id;
}

// One dimension without nulls: {a,"b c","d\"e"}
std::vector<std::string> Row::TextArray(int column) const {
  std::string_view text = Text(column);
  AF_CHECK(text.size() >= 2 && text.front() == '{' && text.back() == '}');
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> out;
  if (text.empty()) return out;
  std::string element;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '\\' && i + 1 < text.size()) {
      element += text[++i];
    } else if (c == ',' && !quoted) {
      out.push_back(std::move(element));
      element.clear();
    } else {
      element += c;
    }
  }
  out.push_back(std::move(element));
  return out;
}

std::optional<std::string> Row::OptionalText(int column) const {
  if (IsNull(column)) return std::nullopt;
  return std::string(Text(column));
}

std::optional<int64_t> Row::OptionalInt(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

std::optional<UnixMicros> Row::OptionalTime(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

}  // namespace agentflow::pg
