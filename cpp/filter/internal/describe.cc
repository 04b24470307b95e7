#include "filter/internal/describe.h"

#include <string_view>

#include "cel/printer.h"
#include "value/json.h"

namespace streamer {
namespace {

constexpr std::size_t kShownBytes = 80;
constexpr std::size_t kShownExpressionBytes = 200;

// The largest part of `text` of at most `limit` bytes that cuts no character.
std::string_view HeadOf(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 &&
         (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) {
    --limit;
  }
  return text.substr(0, limit);
}

// AppendJson, as far as it will be shown.
class Describer {
 public:
  std::string Describe(const Value& value) {
    Append(value);
    return Shortened(std::move(text_), kShownBytes);
  }

 private:
  [[nodiscard]] bool IsFull() const { return text_.size() > kShownBytes; }

  void Append(const Value& value) {
    switch (value.kind()) {
      case ValueKind::kString:
        return AppendJsonString(HeadOf(value.text(), kShownBytes + 1), text_);
      case ValueKind::kBytes:
        return AppendJson(Value::Bytes(value.text().substr(0, kShownBytes)),
                          text_);
      case ValueKind::kList:
        return AppendList(value.list());
      case ValueKind::kMap:
        return AppendMap(value.map());
      case ValueKind::kOptional:
        return Append(value.optional() == nullptr ? Value::Null()
                                                  : *value.optional());
      default:
        return AppendJson(value, text_);
    }
  }

  void AppendList(const ListValue& list) {
    text_ += '[';
    for (const Value& item : list.items()) {
      if (IsFull()) return;
      if (&item != &list.items().front()) text_ += ',';
      Append(item);
    }
    text_ += ']';
  }

  void AppendMap(const MapValue& map) {
    text_ += '{';
    for (const MapEntry& entry : map.entries()) {
      if (IsFull()) return;
      if (&entry != &map.entries().front()) text_ += ',';
      if (entry.key.is(ValueKind::kString)) {
        Append(entry.key);
      } else {
        AppendJsonString(FormatJson(entry.key), text_);
      }
      text_ += ':';
      Append(entry.value);
    }
    text_ += '}';
  }

  std::string text_;
};

}  // namespace

std::string Shortened(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  text.resize(HeadOf(text, limit).size());
  return text + "…";
}

std::string Quoted(const cel::Expr& expression) {
  return '`' + Shortened(cel::Print(expression), kShownExpressionBytes) + '`';
}

std::string DescribeValue(const Value& value) {
  if (value.is_error()) {
    return Shortened(std::string(value.error().message), kShownExpressionBytes);
  }
  return Describer().Describe(value);
}

}  // namespace streamer
