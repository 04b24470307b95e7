// The math extension.
#include <bit>
#include <cmath>
#include <limits>

#include "cel/internal/libraries.h"
#include "cel/internal/made_values.h"
#include "value/ordering.h"

namespace streamer::cel::internal {
namespace {

using Arguments = std::span<const Value>;

// The element of `values` that comes last in the order, the first of equals;
// nothing when one of them is no number.
const Value* Extreme(std::span<const Value> values, bool is_greatest) {
  const Value* best = nullptr;
  for (const Value& value : values) {
    if (!value.is_number()) return nullptr;
    if (best == nullptr) {
      best = &value;
      continue;
    }
    auto order = Compare(value, *best);
    if (is_greatest ? *order > 0 : *order < 0) best = &value;
  }
  return best;
}

Value FindExtreme(std::string_view name, Arguments arguments, Arena& arena,
                  bool is_greatest) {
  bool is_list = arguments.size() == 1 && arguments[0].is(ValueKind::kList);
  std::span<const Value> values =
      is_list ? arguments[0].list().items() : arguments;
  if (values.empty()) {
    return Invalid(std::string(name) + " expects at least one number", arena);
  }
  const Value* best = Extreme(values, is_greatest);
  return best != nullptr ? *best : NoSuchCall(name, arguments, arena);
}

Value Greatest(Arguments arguments, Arena& arena) {
  return FindExtreme("math.greatest", arguments, arena, true);
}

Value Least(Arguments arguments, Arena& arena) {
  return FindExtreme("math.least", arguments, arena, false);
}

template <typename Round>
Value RoundDouble(std::string_view name, Arguments arguments, Arena& arena,
                  Round round) {
  if (!arguments[0].is(ValueKind::kDouble)) {
    return NoSuchCall(name, arguments, arena);
  }
  return Value::Double(round(arguments[0].double_value()));
}

Value Ceil(Arguments arguments, Arena& arena) {
  return RoundDouble("math.ceil", arguments, arena,
                     [](double number) { return std::ceil(number); });
}
Value Floor(Arguments arguments, Arena& arena) {
  return RoundDouble("math.floor", arguments, arena,
                     [](double number) { return std::floor(number); });
}
// Half goes away from zero.
Value Round(Arguments arguments, Arena& arena) {
  return RoundDouble("math.round", arguments, arena,
                     [](double number) { return std::round(number); });
}
Value Trunc(Arguments arguments, Arena& arena) {
  return RoundDouble("math.trunc", arguments, arena,
                     [](double number) { return std::trunc(number); });
}

template <typename Test>
Value TestDouble(std::string_view name, Arguments arguments, Arena& arena,
                 Test test) {
  if (!arguments[0].is(ValueKind::kDouble)) {
    return NoSuchCall(name, arguments, arena);
  }
  return Value::Bool(test(arguments[0].double_value()));
}

Value IsNan(Arguments arguments, Arena& arena) {
  return TestDouble("math.isNaN", arguments, arena,
                    [](double number) { return std::isnan(number); });
}
Value IsInf(Arguments arguments, Arena& arena) {
  return TestDouble("math.isInf", arguments, arena,
                    [](double number) { return std::isinf(number); });
}
Value IsFinite(Arguments arguments, Arena& arena) {
  return TestDouble("math.isFinite", arguments, arena,
                    [](double number) { return std::isfinite(number); });
}

Value Abs(Arguments arguments, Arena& arena) {
  const Value& number = arguments[0];
  switch (number.kind()) {
    case ValueKind::kUint:
      return number;
    case ValueKind::kDouble:
      return Value::Double(std::abs(number.double_value()));
    case ValueKind::kInt:
      if (number.int_value() == std::numeric_limits<std::int64_t>::min()) {
        return Overflow();
      }
      return Value::Int(std::abs(number.int_value()));
    default:
      return NoSuchCall("math.abs", arguments, arena);
  }
}

Value Sign(Arguments arguments, Arena& arena) {
  const Value& number = arguments[0];
  switch (number.kind()) {
    case ValueKind::kUint:
      return Value::Uint(number.uint_value() == 0 ? 0 : 1);
    case ValueKind::kInt:
      return Value::Int((number.int_value() > 0) - (number.int_value() < 0));
    case ValueKind::kDouble: {
      double content = number.double_value();
      if (content == 0 || std::isnan(content)) return number;
      return Value::Double(content > 0 ? 1 : -1);
    }
    default:
      return NoSuchCall("math.sign", arguments, arena);
  }
}

Value Sqrt(Arguments arguments, Arena& arena) {
  const Value& number = arguments[0];
  switch (number.kind()) {
    case ValueKind::kInt:
      return Value::Double(std::sqrt(static_cast<double>(number.int_value())));
    case ValueKind::kUint:
      return Value::Double(std::sqrt(static_cast<double>(number.uint_value())));
    case ValueKind::kDouble:
      return Value::Double(std::sqrt(number.double_value()));
    default:
      return NoSuchCall("math.sqrt", arguments, arena);
  }
}

// The bits of an int or uint, and a value of the same kind made of bits.
std::uint64_t BitsOf(const Value& number) {
  return number.is(ValueKind::kInt)
             ? static_cast<std::uint64_t>(number.int_value())
             : number.uint_value();
}
Value OfBits(ValueKind kind, std::uint64_t bits) {
  return kind == ValueKind::kInt ? Value::Int(static_cast<std::int64_t>(bits))
                                 : Value::Uint(bits);
}
bool IsInteger(const Value& number) {
  return number.is(ValueKind::kInt) || number.is(ValueKind::kUint);
}

template <typename Combine>
Value CombineBits(std::string_view name, Arguments arguments, Arena& arena,
                  Combine combine) {
  ValueKind kind = arguments[0].kind();
  if (!IsInteger(arguments[0]) || !arguments[1].is(kind)) {
    return NoSuchCall(name, arguments, arena);
  }
  return OfBits(kind, combine(BitsOf(arguments[0]), BitsOf(arguments[1])));
}

Value BitAnd(Arguments arguments, Arena& arena) {
  return CombineBits(
      "math.bitAnd", arguments, arena,
      [](std::uint64_t left, std::uint64_t right) { return left & right; });
}
Value BitOr(Arguments arguments, Arena& arena) {
  return CombineBits(
      "math.bitOr", arguments, arena,
      [](std::uint64_t left, std::uint64_t right) { return left | right; });
}
Value BitXor(Arguments arguments, Arena& arena) {
  return CombineBits(
      "math.bitXor", arguments, arena,
      [](std::uint64_t left, std::uint64_t right) { return left ^ right; });
}

Value BitNot(Arguments arguments, Arena& arena) {
  if (!IsInteger(arguments[0])) {
    return NoSuchCall("math.bitNot", arguments, arena);
  }
  return OfBits(arguments[0].kind(), ~BitsOf(arguments[0]));
}

// Shifts move bits, whatever the sign.
template <typename Move>
Value Shift(std::string_view name, Arguments arguments, Arena& arena,
            Move move) {
  if (!IsInteger(arguments[0]) || !arguments[1].is(ValueKind::kInt)) {
    return NoSuchCall(name, arguments, arena);
  }
  std::int64_t distance = arguments[1].int_value();
  if (distance < 0) {
    return Invalid(
        std::string(name) + " negative offset: " + std::to_string(distance),
        arena);
  }
  std::uint64_t moved =
      distance >= 64 ? 0 : move(BitsOf(arguments[0]), distance);
  return OfBits(arguments[0].kind(), moved);
}

Value ShiftLeft(Arguments arguments, Arena& arena) {
  return Shift("math.bitShiftLeft", arguments, arena,
               [](std::uint64_t bits, std::int64_t distance) {
                 return bits << distance;
               });
}
Value ShiftRight(Arguments arguments, Arena& arena) {
  return Shift("math.bitShiftRight", arguments, arena,
               [](std::uint64_t bits, std::int64_t distance) {
                 return bits >> distance;
               });
}

constexpr CallStyle kGlobal = CallStyle::kGlobal;
constexpr Cost kOne = {CostRule::kFixed, 1};
constexpr Cost kEach = {CostRule::kElements, 2};
constexpr std::string_view kExtreme =
    "(int) -> int; (uint) -> uint; (double) -> double; "
    "(list(int)) -> int; (list(uint)) -> uint; (list(double)) -> double; "
    "(list(dyn)) -> dyn";
constexpr std::string_view kExtremeOfTwo =
    "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double; "
    "(int, uint) -> dyn; (int, double) -> dyn; (uint, int) -> dyn; "
    "(uint, double) -> dyn; (double, int) -> dyn; (double, uint) -> dyn";
constexpr std::string_view kNumbers =
    "(int) -> int; (uint) -> uint; (double) -> double";
constexpr std::string_view kBits = "(int, int) -> int; (uint, uint) -> uint";
constexpr std::string_view kShifts = "(int, int) -> int; (uint, int) -> uint";
constexpr std::string_view kRounding = "(double) -> double";
constexpr std::string_view kTest = "(double) -> bool";

constexpr FunctionEntry kEntries[] = {
    {"math.greatest", kGlobal, 1, Greatest, kEach, kExtreme},
    {"math.greatest", kGlobal, 2, Greatest, kOne, kExtremeOfTwo},
    {"math.greatest", kGlobal, kAnyNumber, Greatest, kEach, "(dyn...) -> dyn"},
    {"math.least", kGlobal, 1, Least, kEach, kExtreme},
    {"math.least", kGlobal, 2, Least, kOne, kExtremeOfTwo},
    {"math.least", kGlobal, kAnyNumber, Least, kEach, "(dyn...) -> dyn"},
    {"math.ceil", kGlobal, 1, Ceil, kOne, kRounding},
    {"math.floor", kGlobal, 1, Floor, kOne, kRounding},
    {"math.round", kGlobal, 1, Round, kOne, kRounding},
    {"math.trunc", kGlobal, 1, Trunc, kOne, kRounding},
    {"math.isNaN", kGlobal, 1, IsNan, kOne, kTest},
    {"math.isInf", kGlobal, 1, IsInf, kOne, kTest},
    {"math.isFinite", kGlobal, 1, IsFinite, kOne, kTest},
    {"math.abs", kGlobal, 1, Abs, kOne, kNumbers},
    {"math.sign", kGlobal, 1, Sign, kOne, kNumbers},
    {"math.sqrt", kGlobal, 1, Sqrt, kOne,
     "(int) -> double; (uint) -> double; (double) -> double"},
    {"math.bitAnd", kGlobal, 2, BitAnd, kOne, kBits},
    {"math.bitOr", kGlobal, 2, BitOr, kOne, kBits},
    {"math.bitXor", kGlobal, 2, BitXor, kOne, kBits},
    {"math.bitNot", kGlobal, 1, BitNot, kOne, "(int) -> int; (uint) -> uint"},
    {"math.bitShiftLeft", kGlobal, 2, ShiftLeft, kOne, kShifts},
    {"math.bitShiftRight", kGlobal, 2, ShiftRight, kOne, kShifts},
};
static_assert(AreComplete(kEntries));

}  // namespace

std::span<const FunctionEntry> MathFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
