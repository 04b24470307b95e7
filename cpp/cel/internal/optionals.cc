#include "cel/internal/optionals.h"

#include "cel/expression.h"
#include "cel/internal/libraries.h"
#include "cel/internal/made_values.h"
#include "cel/internal/operators.h"

namespace streamer::cel::internal {
namespace {

using Arguments = std::span<const Value>;

Value None() { return Value::Optional(nullptr); }

// A value found is present, an error of absence is none, any other an error.
Value Lookup(const Value& found, Arena& arena) {
  if (!found.is_error()) return MakeOptional(found, arena);
  if (found.error().code == ErrorCode::kNoSuchField) return None();
  return found;
}

bool IsZero(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return true;
    case ValueKind::kBool:
      return !value.bool_value();
    case ValueKind::kInt:
      return value.int_value() == 0;
    case ValueKind::kUint:
      return value.uint_value() == 0;
    case ValueKind::kDouble:
      return value.double_value() == 0;
    case ValueKind::kString:
    case ValueKind::kBytes:
      return value.text().empty();
    case ValueKind::kList:
      return value.list().size() == 0;
    case ValueKind::kMap:
      return value.map().size() == 0;
    case ValueKind::kDuration:
    case ValueKind::kTimestamp:
      return value.time().seconds == 0 && value.time().nanos == 0;
    case ValueKind::kOptional:
      return value.optional() == nullptr;
    default:
      return false;
  }
}

Value OptionalOf(Arguments arguments, Arena& arena) {
  return MakeOptional(arguments[0], arena);
}

Value OptionalNone(Arguments, Arena&) { return None(); }

Value OptionalOfNonZero(Arguments arguments, Arena& arena) {
  return IsZero(arguments[0]) ? None() : MakeOptional(arguments[0], arena);
}

Value HasValue(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(ValueKind::kOptional)) {
    return NoSuchMemberCall("hasValue", arguments, arena);
  }
  return Value::Bool(arguments[0].optional() != nullptr);
}

Value ValueOf(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(ValueKind::kOptional)) {
    return NoSuchMemberCall("value", arguments, arena);
  }
  if (arguments[0].optional() != nullptr) return *arguments[0].optional();
  return Invalid("optional.none() dereference", arena);
}

// Of both of these the evaluators evaluate the second argument only if the
// first holds nothing.
Value Or(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {ValueKind::kOptional, ValueKind::kOptional})) {
    return NoSuchMemberCall("or", arguments, arena);
  }
  return arguments[0].optional() != nullptr ? arguments[0] : arguments[1];
}

Value OrValue(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(ValueKind::kOptional)) {
    return NoSuchMemberCall("orValue", arguments, arena);
  }
  return arguments[0].optional() != nullptr ? *arguments[0].optional()
                                            : arguments[1];
}

Value SelectIfPresent(Arguments arguments, Arena& arena) {
  const Value& operand = arguments[0];
  std::string_view field = arguments[1].text();
  if (operand.is(ValueKind::kOptional)) {
    return SelectOptional(operand, field, arena);
  }
  if (operand.is(ValueKind::kMap)) {
    const Value* found = operand.map().Find(field);
    return found != nullptr ? Value::Optional(found) : None();
  }
  return Lookup(SelectField(operand, field, arena), arena);
}

Value IndexIfPresent(Arguments arguments, Arena& arena) {
  if (arguments[0].is(ValueKind::kOptional)) {
    return IndexOptional(arguments[0], arguments[1], arena);
  }
  return Lookup(OperatorIndex(arguments, arena), arena);
}

constexpr CallStyle kGlobal = CallStyle::kGlobal;
constexpr CallStyle kMember = CallStyle::kMember;
constexpr Cost kOne = {CostRule::kFixed, 1};
constexpr Cost kMake = {CostRule::kFixed, 2};

constexpr FunctionEntry kEntries[] = {
    {"optional.of", kGlobal, 1, OptionalOf, kMake, "(A) -> optional_type(A)"},
    {"optional.ofNonZeroValue", kGlobal, 1, OptionalOfNonZero, kMake,
     "(A) -> optional_type(A)"},
    {"optional.none", kGlobal, 0, OptionalNone, kOne, "() -> optional_type(A)"},
    {"hasValue", kMember, 1, HasValue, kOne, "(optional_type(A)) -> bool"},
    {"value", kMember, 1, ValueOf, kOne, "(optional_type(A)) -> A"},
    {"or", kMember, 2, Or, kOne,
     "(optional_type(A), optional_type(A)) -> optional_type(A)"},
    {"orValue", kMember, 2, OrValue, kOne, "(optional_type(A), A) -> A"},
    {operators::kOptionalSelect, kGlobal, 2, SelectIfPresent, kMake,
     "(optional_type(map(A, B)), string) -> optional_type(B); "
     "(map(A, B), string) -> optional_type(B)"},
    {operators::kOptionalIndex,
     kGlobal,
     2,
     IndexIfPresent,
     {CostRule::kText, 2},
     "(list(A), int) -> optional_type(A); (map(A, B), A) -> optional_type(B); "
     "(optional_type(list(A)), int) -> optional_type(A); "
     "(optional_type(map(A, B)), A) -> optional_type(B)"},
};
static_assert(AreComplete(kEntries));

}  // namespace

Value SelectOptional(const Value& optional, std::string_view field,
                     Arena& arena) {
  if (optional.optional() == nullptr) return None();
  const Value& content = *optional.optional();
  if (content.is(ValueKind::kOptional)) {
    const Value arguments[] = {content, Value::String(field)};
    return NoSuchMemberCall("select", arguments, arena);
  }
  return Lookup(SelectField(content, field, arena), arena);
}

Value IndexOptional(const Value& optional, const Value& key, Arena& arena) {
  if (optional.optional() == nullptr) return None();
  const Value arguments[] = {*optional.optional(), key};
  if (arguments[0].is(ValueKind::kOptional)) {
    return NoSuchMemberCall("index", arguments, arena);
  }
  return Lookup(OperatorIndex(arguments, arena), arena);
}

bool IsOrElse(const FunctionEntry& entry) {
  return entry.function == Or || entry.function == OrValue;
}

Value OptionalExpected(const Value& got, Arena& arena) {
  return Value::Error(arena, ErrorCode::kNoSuchOverload,
                      "no such overload: an optional entry expects an "
                      "optional_type, got " +
                          std::string(NameOf(got.kind())));
}

std::span<const FunctionEntry> OptionalFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
