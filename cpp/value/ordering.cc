#include "value/ordering.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "value/equal_text.h"

namespace streamer {
namespace {

// Seeds keep equal bytes of different kinds apart; text has none, so that the
// hash of a key is the hash of its bytes.
constexpr std::uint64_t kBytesSeed = 1;
constexpr std::uint64_t kTypeSeed = 2;
constexpr std::uint64_t kNumberSeed = 3;
constexpr std::uint64_t kBoolSeed = 4;
constexpr std::uint64_t kTimestampSeed = 5;
constexpr std::uint64_t kDurationSeed = 6;
constexpr std::uint64_t kListSeed = 7;
constexpr std::uint64_t kMapSeed = 8;
constexpr std::uint64_t kNullHash = 9;
constexpr std::uint64_t kOptionalSeed = 10;

double ToDouble(const Value& number) {
  switch (number.kind()) {
    case ValueKind::kInt:
      return static_cast<double>(number.int_value());
    case ValueKind::kUint:
      return static_cast<double>(number.uint_value());
    default:
      return number.double_value();
  }
}

std::partial_ordering CompareIntUint(std::int64_t left, std::uint64_t right) {
  if (left < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(left) <=> right;
}

std::partial_ordering Reverse(std::partial_ordering order) {
  return 0 <=> order;
}

std::partial_ordering CompareNumbers(const Value& left, const Value& right) {
  if (left.is(ValueKind::kDouble) || right.is(ValueKind::kDouble)) {
    return ToDouble(left) <=> ToDouble(right);
  }
  if (left.is(ValueKind::kInt) && right.is(ValueKind::kInt)) {
    return left.int_value() <=> right.int_value();
  }
  if (left.is(ValueKind::kUint) && right.is(ValueKind::kUint)) {
    return left.uint_value() <=> right.uint_value();
  }
  if (left.is(ValueKind::kInt)) {
    return CompareIntUint(left.int_value(), right.uint_value());
  }
  return Reverse(CompareIntUint(right.int_value(), left.uint_value()));
}

std::strong_ordering CompareTimes(SecondsAndNanos left, SecondsAndNanos right) {
  return std::pair(left.seconds, left.nanos) <=>
         std::pair(right.seconds, right.nanos);
}

bool EqualLists(const ListValue& left, const ListValue& right) {
  return std::equal(left.items().begin(), left.items().end(),
                    right.items().begin(), right.items().end(), Equal);
}

bool EqualMaps(const MapValue& left, const MapValue& right) {
  if (left.size() != right.size()) return false;
  return std::all_of(left.entries().begin(), left.entries().end(),
                     [&](const MapEntry& entry) {
                       const Value* other = right.Find(entry.key);
                       return other != nullptr && Equal(entry.value, *other);
                     });
}

std::uint64_t HashNumber(double number) {
  if (number == 0) number = 0;  // one hash for both zeros
  return MixHash(kNumberSeed, std::bit_cast<std::uint64_t>(number));
}

std::uint64_t HashTime(std::uint64_t seed, SecondsAndNanos time) {
  return MixHash(MixHash(seed, static_cast<std::uint64_t>(time.seconds)),
                 static_cast<std::uint64_t>(time.nanos));
}

std::uint64_t HashList(const ListValue& list) {
  std::uint64_t hash = kListSeed;
  for (const Value& item : list.items()) hash = MixHash(hash, Hash(item));
  return hash;
}

std::uint64_t HashMap(const MapValue& map) {
  std::uint64_t sum = 0;
  for (const MapEntry& entry : map.entries()) {
    sum += MixHash(Hash(entry.key), Hash(entry.value));
  }
  return MixHash(kMapSeed, sum);
}

bool EqualOptionals(const Value* left, const Value* right) {
  if (left == nullptr || right == nullptr) return left == right;
  return Equal(*left, *right);
}

void AppendBits(std::uint64_t bits, std::string& key) {
  for (int shift = 0; shift < 64; shift += 8) {
    key.push_back(static_cast<char>(bits >> shift));
  }
}

void AppendText(std::string_view text, std::string& key) {
  AppendBits(text.size(), key);
  key.append(text);
}

}  // namespace

bool Equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    return CompareNumbers(left, right) == 0;
  }
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case ValueKind::kNull:
      return true;
    case ValueKind::kBool:
      return left.bool_value() == right.bool_value();
    case ValueKind::kString:
    case ValueKind::kBytes:
    case ValueKind::kType:
      return EqualText(left.text(), right.text());
    case ValueKind::kList:
      return EqualLists(left.list(), right.list());
    case ValueKind::kMap:
      return EqualMaps(left.map(), right.map());
    case ValueKind::kTimestamp:
    case ValueKind::kDuration:
      return CompareTimes(left.time(), right.time()) == 0;
    case ValueKind::kOptional:
      return EqualOptionals(left.optional(), right.optional());
    default:
      return false;
  }
}

std::optional<std::partial_ordering> Compare(const Value& left,
                                             const Value& right) {
  if (left.is_number() && right.is_number()) {
    return CompareNumbers(left, right);
  }
  if (left.kind() != right.kind()) return std::nullopt;
  switch (left.kind()) {
    case ValueKind::kBool:
      return left.bool_value() <=> right.bool_value();
    case ValueKind::kString:
    case ValueKind::kBytes:
      return left.text() <=> right.text();
    case ValueKind::kTimestamp:
    case ValueKind::kDuration:
      return CompareTimes(left.time(), right.time());
    default:
      return std::nullopt;
  }
}

std::uint64_t Hash(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
    case ValueKind::kError:
      return kNullHash;
    case ValueKind::kBool:
      return MixHash(kBoolSeed, value.bool_value() ? 1 : 0);
    case ValueKind::kInt:
    case ValueKind::kUint:
    case ValueKind::kDouble:
      return HashNumber(ToDouble(value));
    case ValueKind::kString:
      return HashBytes(value.text());
    case ValueKind::kBytes:
      return HashBytes(value.text(), kBytesSeed);
    case ValueKind::kType:
      return HashBytes(value.text(), kTypeSeed);
    case ValueKind::kList:
      return HashList(value.list());
    case ValueKind::kMap:
      return HashMap(value.map());
    case ValueKind::kTimestamp:
      return HashTime(kTimestampSeed, value.time());
    case ValueKind::kDuration:
      return HashTime(kDurationSeed, value.time());
    case ValueKind::kOptional:
      if (value.optional() == nullptr) return kOptionalSeed;
      return MixHash(kOptionalSeed, Hash(*value.optional()));
  }
  return kNullHash;
}

// Each kind writes a fixed number of bytes, or says how many follow: no key
// is the beginning of another, so keys can be strung together.
void AppendIdentity(const Value& value, std::string& key) {
  key.push_back(static_cast<char>(value.kind()));
  switch (value.kind()) {
    case ValueKind::kNull:
      break;
    case ValueKind::kBool:
      key.push_back(value.bool_value() ? '\1' : '\0');
      break;
    case ValueKind::kInt:
      AppendBits(static_cast<std::uint64_t>(value.int_value()), key);
      break;
    case ValueKind::kUint:
      AppendBits(value.uint_value(), key);
      break;
    case ValueKind::kDouble:
      AppendBits(std::bit_cast<std::uint64_t>(value.double_value()), key);
      break;
    case ValueKind::kString:
    case ValueKind::kBytes:
    case ValueKind::kType:
      AppendText(value.text(), key);
      break;
    case ValueKind::kList:
      AppendBits(value.list().size(), key);
      for (const Value& item : value.list().items()) AppendIdentity(item, key);
      break;
    case ValueKind::kMap:
      AppendBits(value.map().size(), key);
      for (const MapEntry& entry : value.map().entries()) {
        AppendIdentity(entry.key, key);
        AppendIdentity(entry.value, key);
      }
      break;
    case ValueKind::kTimestamp:
    case ValueKind::kDuration:
      AppendBits(static_cast<std::uint64_t>(value.time().seconds), key);
      AppendBits(static_cast<std::uint64_t>(value.time().nanos), key);
      break;
    case ValueKind::kOptional:
      key.push_back(value.optional() != nullptr ? '\1' : '\0');
      if (value.optional() != nullptr) AppendIdentity(*value.optional(), key);
      break;
    case ValueKind::kError:
      AppendText(value.error().message, key);
      break;
  }
}

}  // namespace streamer
