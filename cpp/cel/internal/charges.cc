// What a call is charged for its arguments.
#include <algorithm>

#include "cel/cost.h"
#include "cel/internal/operators.h"

namespace streamer::cel {
namespace {

constexpr std::size_t kBytesReadPerUnit = 64;
constexpr std::size_t kBytesMadePerUnit = 32;
// Text sought in text: the product of the lengths, in the worst case.
constexpr std::size_t kProductPerUnit = 1024;
// Text walked by code points, and text made of them.
constexpr std::size_t kPointBytesPerUnit = 4;
constexpr std::size_t kCountedBytesPerUnit = 16;
constexpr std::size_t kOccurrencesPerUnit = 2;
constexpr std::size_t kBytesSearchedPerUnit = 16;
constexpr std::size_t kBytesSearchedBackPerUnit = 8;
constexpr std::size_t kDigitsThatMatter = 800;
constexpr std::size_t kDigitsPerUnit = 4;
// Elements looked at, copied or compared without going into them.
constexpr std::size_t kElementsPerUnit = 2;
constexpr std::size_t kComparisonsPerUnit = 8;
constexpr Units kTimeZoneUnits = 300;
// RE2 compiles a byte of pattern in about 1 µs; a class of Unicode stands for
// many instructions, a repetition for as many as RE2's memory holds.
constexpr Units kCompilationUnits = 500;
constexpr Units kUnitsPerPatternByte = 50;
constexpr Units kLargePatternUnits = 10'000;
constexpr Units kRepeatedPatternUnits = 40'000;
// For the patterns that are worst: those whose states do not fit the memory
// that RE2 is given, so that it tries each instruction on each byte.
constexpr std::size_t kInstructionBytesPerUnit = 16;
constexpr int kAssumedInstructions = 200;
constexpr std::size_t kMostMadeUnits =
    internal::kLargestValue / kBytesMadePerUnit;

std::size_t TextSize(const Value& value) {
  bool is_text = value.is(ValueKind::kString) || value.is(ValueKind::kBytes);
  return is_text ? value.text().size() : 0;
}

std::size_t TextSize(std::span<const Value> arguments) {
  std::size_t size = 0;
  for (const Value& argument : arguments) size += TextSize(argument);
  return size;
}

std::size_t ElementCount(const Value& value) {
  if (value.is(ValueKind::kList)) return value.list().size();
  if (value.is(ValueKind::kMap)) return value.map().size();
  return 0;
}

std::size_t ElementCount(std::span<const Value> arguments) {
  std::size_t count = 0;
  for (const Value& argument : arguments) count += ElementCount(argument);
  return count;
}

bool IsContainer(const Value& value) {
  return value.is(ValueKind::kList) || value.is(ValueKind::kMap) ||
         value.is(ValueKind::kOptional);
}

// Adds up sizes until they pass the limit.
class SizeCount {
 public:
  explicit SizeCount(Units limit) : limit_(limit) {}

  void Add(const Value& value) {
    units_ += 1 + TextSize(value) / kBytesReadPerUnit;
    if (units_ > limit_) return;
    if (value.is(ValueKind::kList)) {
      for (const Value& item : value.list().items()) {
        if (units_ > limit_) return;
        Add(item);
      }
    } else if (value.is(ValueKind::kMap)) {
      for (const MapEntry& entry : value.map().entries()) {
        if (units_ > limit_) return;
        Add(entry.key);
        Add(entry.value);
      }
    } else if (value.is(ValueKind::kOptional) && value.optional() != nullptr) {
      Add(*value.optional());
    }
  }
  [[nodiscard]] Units units() const { return units_; }

 private:
  Units limit_;
  Units units_ = 0;
};

Units SizeOfAll(std::span<const Value> values, Units limit) {
  SizeCount count(limit);
  for (const Value& value : values) count.Add(value);
  return count.units();
}

Units ChargeOfEqual(const Value& left, const Value& right, Units limit) {
  if (left.kind() != right.kind()) return 0;
  if (IsContainer(left)) {
    Units smaller = DeepSize(left, limit);
    return std::min(smaller, DeepSize(right, std::min(smaller, limit)));
  }
  if (TextSize(left) != TextSize(right)) return 0;
  return TextSize(left) / kBytesReadPerUnit;
}

// The wanted value is compared with every element: shallowly, unless it is
// itself a container or a long text.
Units ChargeOfMember(const Value& wanted, const Value& container, Units limit) {
  if (container.is(ValueKind::kMap)) {
    return TextSize(wanted) / kBytesReadPerUnit;
  }
  Units each = IsContainer(wanted) ? DeepSize(wanted, limit) : 0;
  each += TextSize(wanted) / kBytesReadPerUnit;
  Units count = ElementCount(container);
  return count / kElementsPerUnit + count * each;
}

Units ChargeOfSearch(std::size_t text, std::size_t sought) {
  return text / kBytesSearchedPerUnit + text * sought / kProductPerUnit;
}

// Code points are counted up to the place that is found.
Units ChargeOfIndex(std::size_t text, std::size_t sought) {
  return text / kCountedBytesPerUnit + ChargeOfSearch(text, sought);
}

// Backwards, every place is looked at by itself.
Units ChargeOfSearchBack(std::size_t text, std::size_t sought) {
  return text / kBytesSearchedBackPerUnit + ChargeOfIndex(text, sought);
}

// Digits beyond those that a double can tell apart are only passed over.
Units ChargeOfNumber(std::size_t text) {
  return std::min(text, kDigitsThatMatter) / kDigitsPerUnit +
         text / kBytesReadPerUnit;
}

// Every occurrence replaced: what can be made at most.
Units ChargeOfReplace(std::span<const Value> arguments) {
  std::size_t text = TextSize(arguments[0]);
  std::size_t old_size = TextSize(arguments[1]);
  std::size_t replacement = TextSize(arguments[2]);
  std::size_t occurrences = text / std::max<std::size_t>(old_size, 1) + 1;
  std::size_t made = text + occurrences * replacement;
  return ChargeOfSearch(text, old_size) + occurrences / kOccurrencesPerUnit +
         std::min(made / kBytesMadePerUnit, kMostMadeUnits);
}

Units ChargeOfSplit(std::span<const Value> arguments) {
  std::size_t text = TextSize(arguments[0]);
  std::size_t separator = TextSize(arguments[1]);
  std::size_t pieces = text / std::max<std::size_t>(separator, 1) + 1;
  return ChargeOfSearch(text, separator) + pieces / kElementsPerUnit;
}

Units ChargeOfJoin(std::span<const Value> arguments, Units limit) {
  std::size_t separator = arguments.size() > 1 ? TextSize(arguments[1]) : 0;
  std::size_t made = ElementCount(arguments[0]) * separator;
  if (made / kBytesMadePerUnit > limit) return made / kBytesMadePerUnit;
  return DeepSize(arguments[0], limit) +
         std::min(made / kBytesMadePerUnit, kMostMadeUnits);
}

Units Logarithm(std::size_t count) {
  Units result = 1;
  while (count > 1) {
    count /= 2;
    ++result;
  }
  return result;
}

Units ChargeOfPairs(std::span<const Value> arguments, Units limit) {
  const Value& left = arguments[0];
  const Value& right = arguments[1];
  Units left_size = DeepSize(left, limit);
  Units right_size = DeepSize(right, limit);
  Units products = std::min(ElementCount(left) * right_size,
                            ElementCount(right) * left_size);
  return left_size + right_size + products / kComparisonsPerUnit;
}

Units ChargeOfDistinct(const Value& list, Units limit) {
  Units size = DeepSize(list, limit);
  return size + ElementCount(list) * size / kComparisonsPerUnit;
}

Units ChargeOfPattern(std::span<const Value> arguments) {
  const Value& pattern = arguments[1];
  if (!pattern.is(ValueKind::kString)) return 0;
  Units units = kCompilationUnits + kUnitsPerPatternByte * TextSize(pattern);
  if (pattern.text().find('{') != std::string_view::npos) {
    units += kRepeatedPatternUnits;
  } else if (pattern.text().find_first_of("\\(") != std::string_view::npos) {
    units += kLargePatternUnits;
  }
  return units + ChargeOfMatch(kAssumedInstructions, TextSize(arguments[0]));
}

Units ChargeOfRange(const Value& count) {
  if (!count.is(ValueKind::kInt) || count.int_value() < 0) return 0;
  return static_cast<Units>(count.int_value()) / kElementsPerUnit;
}

Units ChargeOfAdd(std::span<const Value> arguments) {
  return TextSize(arguments) / kBytesMadePerUnit +
         ElementCount(arguments) / kElementsPerUnit;
}

}  // namespace

Units DeepSize(const Value& value, Units limit) {
  return SizeOfAll(std::span(&value, 1), limit);
}

Units ChargeOfMatch(int instructions, std::size_t text_bytes) {
  return text_bytes * static_cast<Units>(instructions) /
         kInstructionBytesPerUnit;
}

Units ChargeOf(Cost cost, std::span<const Value> arguments, Units limit) {
  switch (cost.rule) {
    case CostRule::kNone:
    case CostRule::kFixed:
      return 0;
    case CostRule::kText:
      return TextSize(arguments) / kBytesReadPerUnit;
    case CostRule::kNumber:
      return ChargeOfNumber(TextSize(arguments));
    case CostRule::kMakeText:
      return TextSize(arguments) / kBytesMadePerUnit;
    case CostRule::kElements:
      return ElementCount(arguments) / kElementsPerUnit;
    case CostRule::kEqual:
      return ChargeOfEqual(arguments[0], arguments[1], limit);
    case CostRule::kOrder:
      return std::min(TextSize(arguments[0]), TextSize(arguments[1])) /
             kBytesReadPerUnit;
    case CostRule::kAdd:
      return ChargeOfAdd(arguments);
    case CostRule::kMember:
      return ChargeOfMember(arguments[0], arguments[1], limit);
    case CostRule::kPoints:
      return TextSize(arguments) / kPointBytesPerUnit +
             ElementCount(arguments) / kElementsPerUnit;
    case CostRule::kIndex:
      return ChargeOfIndex(TextSize(arguments[0]), TextSize(arguments[1]));
    case CostRule::kSearch:
      return ChargeOfSearch(TextSize(arguments[0]), TextSize(arguments[1]));
    case CostRule::kSearchBack:
      return ChargeOfSearchBack(TextSize(arguments[0]), TextSize(arguments[1]));
    case CostRule::kReplace:
      return ChargeOfReplace(arguments);
    case CostRule::kSplit:
      return ChargeOfSplit(arguments);
    case CostRule::kJoin:
      return ChargeOfJoin(arguments, limit);
    case CostRule::kFormat:
      return TextSize(arguments[0]) / kBytesMadePerUnit +
             8 * SizeOfAll(arguments.subspan(1), limit);
    case CostRule::kDeep:
      return SizeOfAll(arguments, limit);
    case CostRule::kSort:
      return SizeOfAll(arguments, limit) *
             Logarithm(ElementCount(arguments[0])) / kElementsPerUnit;
    case CostRule::kDistinct:
      return ChargeOfDistinct(arguments[0], limit);
    case CostRule::kPairs:
      return ChargeOfPairs(arguments, limit);
    case CostRule::kPattern:
      return ChargeOfPattern(arguments);
    case CostRule::kRange:
      return ChargeOfRange(arguments[0]);
    case CostRule::kTimeZone:
      return arguments.size() > 1 ? kTimeZoneUnits : 0;
  }
  return 0;
}

}  // namespace streamer::cel
