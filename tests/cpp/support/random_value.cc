#include "support/random_value.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "value/json.h"

namespace streamer::support {
namespace {

constexpr std::int64_t kExactDoubles = std::int64_t{1} << 53;

const std::vector<std::int64_t>& NotableInts() {
  static const std::vector<std::int64_t> kInts = {
      std::numeric_limits<std::int64_t>::min(),
      std::numeric_limits<std::int64_t>::min() + 1,
      -kExactDoubles - 1,
      -kExactDoubles,
      kExactDoubles - 1,
      kExactDoubles,
      kExactDoubles + 1,
      kExactDoubles + 2,
      std::numeric_limits<std::int64_t>::max() - 1,
      std::numeric_limits<std::int64_t>::max(),
  };
  return kInts;
}

const std::vector<double>& NotableDoubles() {
  static const std::vector<double> kDoubles = {
      -0.0,
      0.5,
      -1.5,
      9007199254740992.0,
      9223372036854775808.0,
      18446744073709551616.0,
      -9223372036854775808.0,
      std::numeric_limits<double>::max(),
      std::numeric_limits<double>::denorm_min(),
      1e-7,
      1e22,
  };
  return kDoubles;
}

const std::vector<std::string>& Words() {
  static const std::vector<std::string> kWords = {
      "",       "a",       "b",
      "active", "sale",    "Zebra",
      "zeb",    "ünïcødé", "日本語",
      "😀x",    "a\"b\\",  "line\nbreak",
      "true",   "1",       "-12.5",
      "NaN",    "a.b",     "0123456789abcdef",
      "\x7f",   "tab\t",   std::string("\0x", 2),
  };
  return kWords;
}

}  // namespace

const std::vector<std::string>& RandomValues::field_names() {
  static const std::vector<std::string> kNames = {"a",     "b",    "c",
                                                  "price", "tags", "name"};
  return kNames;
}

Value RandomValues::Number() {
  std::int64_t small = random_.Between(-3, 8);
  switch (random_.Below(range_ == ValueRange::kCel ? 8 : 7)) {
    case 0:
    case 1:
      return Value::Int(small);
    case 2:
      return Value::Double(static_cast<double>(small));
    case 3:
      return Value::Int(random_.Pick(NotableInts()));
    case 4:
      return Value::Double(random_.Pick(NotableDoubles()));
    case 5:
      // JSON has uint only where int ends.
      return Value::Uint(std::numeric_limits<std::uint64_t>::max() -
                         random_.Below(3));
    case 6:
      return Value::Double(static_cast<double>(random_.Between(-99, 99)) / 8);
    default:
      return random_.Pick({Value::Uint(random_.Below(9)),
                           Value::Uint(std::uint64_t{1} << 63),
                           Value::Double(std::nan("")), Value::Double(HUGE_VAL),
                           Value::Double(-HUGE_VAL)});
  }
}

Value RandomValues::Text() {
  return Value::String(arena_.CopyText(random_.Pick(Words())));
}

Value RandomValues::Time() {
  std::int64_t seconds =
      random_.Pick({std::int64_t{0}, std::int64_t{1}, std::int64_t{-1},
                    std::int64_t{1357034400}, random_.Between(-100, 100)});
  auto nanos = static_cast<std::int32_t>(
      random_.Pick({0, 0, 1, 500'000'000, 999'999'999}));
  if (random_.Chance(1, 2)) return Value::Timestamp({seconds, nanos});
  return Value::Duration({seconds, seconds < 0 ? -nanos : nanos});
}

Value RandomValues::Scalar() {
  switch (random_.Below(range_ == ValueRange::kCel ? 10 : 7)) {
    case 0:
      return Value::Null();
    case 1:
      return Value::Bool(random_.Chance(1, 2));
    case 2:
    case 3:
    case 4:
      return Number();
    case 5:
    case 6:
      return Text();
    case 7:
      return Time();
    case 8:
      return Value::Bytes(Text().text());
    default:
      return Value::Type(
          NameOf(random_.Pick({ValueKind::kInt, ValueKind::kString})));
  }
}

Value RandomValues::List(int depth) {
  std::span<Value> items = arena_.NewArray<Value>(random_.Below(4));
  for (Value& item : items) item = Any(depth - 1);
  return Value::List(arena_.New<ListValue>(items));
}

Value RandomValues::Any(int depth) {
  if (depth <= 0 || random_.Chance(3, 5)) return Scalar();
  return random_.Chance(1, 2) ? List(depth) : Document(depth - 1);
}

Value RandomValues::Document(int depth) {
  std::vector<MapEntry> entries;
  for (const std::string& name : field_names()) {
    if (random_.Chance(1, 3)) continue;
    entries.push_back({Value::String(name), Any(depth)});
  }
  // Enough further fields, at times, for a map that hashes its keys.
  std::size_t further = random_.Chance(1, 4) ? 9 : 0;
  for (std::size_t i = 0; i < further; ++i) {
    entries.push_back(
        {Value::String(arena_.CopyText("field" + std::to_string(i))),
         Scalar()});
  }
  std::span<MapEntry> kept = arena_.NewArray<MapEntry>(entries.size());
  std::copy(entries.begin(), entries.end(), kept.begin());
  return Value::Map(MapValue::Make(arena_, kept));
}

namespace {

class JsonSpeller {
 public:
  explicit JsonSpeller(Random& random) : random_(random) {}

  std::string Spell(const Value& value) {
    Space();
    switch (value.kind()) {
      case ValueKind::kList:
        SpellList(value.list());
        break;
      case ValueKind::kMap:
        SpellMap(value.map());
        break;
      case ValueKind::kString:
        SpellString(value.text());
        break;
      default:
        AppendJson(value, text_);
    }
    Space();
    return text_;
  }

 private:
  void Space() {
    while (random_.Chance(1, 6))
      text_.push_back(random_.Pick({' ', '\t', '\n', '\r'}));
  }

  void SpellList(const ListValue& list) {
    text_.push_back('[');
    for (const Value& item : list.items()) {
      if (&item != &list.items().front()) text_.push_back(',');
      Spell(item);
    }
    Space();
    text_.push_back(']');
  }

  void SpellMap(const MapValue& map) {
    text_.push_back('{');
    for (const MapEntry& entry : map.entries()) {
      if (&entry != &map.entries().front()) text_.push_back(',');
      if (random_.Chance(1, 8)) {
        SpellEntry(entry.key.text(), Value::String("superseded"));
        text_.push_back(',');
      }
      SpellEntry(entry.key.text(), entry.value);
    }
    Space();
    text_.push_back('}');
  }

  void SpellEntry(std::string_view key, const Value& value) {
    Space();
    SpellString(key);
    Space();
    text_.push_back(':');
    Spell(value);
  }

  // ASCII may be escaped by number; what follows a non-ASCII byte is left.
  void SpellString(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
    text_.push_back('"');
    for (char byte : text) {
      auto code = static_cast<unsigned char>(byte);
      if (code < 0x20 || code == '"' || code == '\\' ||
          (code < 0x80 && random_.Chance(1, 10))) {
        text_.append("\\u00");
        text_.push_back(kDigits[code >> 4]);
        text_.push_back(kDigits[code & 15]);
      } else {
        text_.push_back(byte);
      }
    }
    text_.push_back('"');
  }

  Random& random_;
  std::string text_;
};

}  // namespace

std::string SpellJson(const Value& value, Random& random) {
  return JsonSpeller(random).Spell(value);
}

std::string DamageText(std::string_view text, Random& random) {
  static constexpr std::string_view kBytes =
      "{}[]\",:.-+eE0123456789\\utrfnal \n\xff\xc3\xed\xa0\x80\x01";
  std::string damaged(text);
  for (std::size_t changes = 1 + random.Below(3); changes > 0; --changes) {
    if (damaged.empty()) return damaged;
    std::size_t place = random.Below(damaged.size());
    switch (random.Below(3)) {
      case 0:
        damaged[place] = kBytes[random.Below(kBytes.size())];
        break;
      case 1:
        damaged.erase(place, 1 + random.Below(4));
        break;
      default:
        damaged.insert(place, damaged.substr(place, 1 + random.Below(8)));
    }
  }
  return damaged;
}

}  // namespace streamer::support
