#include "cel/functions.h"

#include <algorithm>
#include <string>

#include "cel/expression.h"
#include "cel/internal/conversions.h"
#include "cel/internal/errors.h"
#include "cel/internal/operators.h"
#include "cel/internal/text_functions.h"

namespace streamer::cel {
namespace {

constexpr FunctionEntry kEntries[] = {
    {operators::kEqual, CallStyle::kGlobal, 2, internal::OperatorEqual},
    {operators::kNotEqual, CallStyle::kGlobal, 2, internal::OperatorNotEqual},
    {operators::kLess, CallStyle::kGlobal, 2, internal::OperatorLess},
    {operators::kLessEqual, CallStyle::kGlobal, 2, internal::OperatorLessEqual},
    {operators::kGreater, CallStyle::kGlobal, 2, internal::OperatorGreater},
    {operators::kGreaterEqual, CallStyle::kGlobal, 2,
     internal::OperatorGreaterEqual},
    {operators::kIn, CallStyle::kGlobal, 2, internal::OperatorIn},
    {operators::kAdd, CallStyle::kGlobal, 2, internal::OperatorAdd},
    {operators::kSubtract, CallStyle::kGlobal, 2, internal::OperatorSubtract},
    {operators::kMultiply, CallStyle::kGlobal, 2, internal::OperatorMultiply},
    {operators::kDivide, CallStyle::kGlobal, 2, internal::OperatorDivide},
    {operators::kModulo, CallStyle::kGlobal, 2, internal::OperatorModulo},
    {operators::kNegate, CallStyle::kGlobal, 1, internal::OperatorNegate},
    {operators::kNot, CallStyle::kGlobal, 1, internal::OperatorNot},
    {operators::kIndex, CallStyle::kGlobal, 2, internal::OperatorIndex},
    {"size", CallStyle::kGlobal, 1, internal::FunctionSize},
    {"size", CallStyle::kMember, 1, internal::FunctionSize},
    {"startsWith", CallStyle::kMember, 2, internal::FunctionStartsWith},
    {"endsWith", CallStyle::kMember, 2, internal::FunctionEndsWith},
    {"contains", CallStyle::kMember, 2, internal::FunctionContains},
    {"matches", CallStyle::kMember, 2, internal::FunctionMatches},
    {"matches", CallStyle::kGlobal, 2, internal::FunctionMatches},
    {"bool", CallStyle::kGlobal, 1, internal::ConvertToBool},
    {"bytes", CallStyle::kGlobal, 1, internal::ConvertToBytes},
    {"double", CallStyle::kGlobal, 1, internal::ConvertToDouble},
    {"duration", CallStyle::kGlobal, 1, internal::ConvertToDuration},
    {"dyn", CallStyle::kGlobal, 1, internal::ConvertToDyn},
    {"int", CallStyle::kGlobal, 1, internal::ConvertToInt},
    {"string", CallStyle::kGlobal, 1, internal::ConvertToString},
    {"timestamp", CallStyle::kGlobal, 1, internal::ConvertToTimestamp},
    {"type", CallStyle::kGlobal, 1, internal::ConvertToType},
    {"uint", CallStyle::kGlobal, 1, internal::ConvertToUint},
};

// A call may be written .size(x), from the root of all names.
std::string_view WithoutLeadingDot(std::string_view name) {
  return name.substr(name.starts_with('.') ? 1 : 0);
}

}  // namespace

const FunctionEntry* FindFunction(std::string_view name, CallStyle style,
                                  std::size_t argument_count) {
  name = WithoutLeadingDot(name);
  for (const FunctionEntry& entry : kEntries) {
    if (entry.name == name && entry.style == style &&
        entry.argument_count == argument_count) {
      return &entry;
    }
  }
  return nullptr;
}

bool IsFunctionName(std::string_view name) {
  name = WithoutLeadingDot(name);
  return std::any_of(
      std::begin(kEntries), std::end(kEntries),
      [&](const FunctionEntry& entry) { return entry.name == name; });
}

std::span<const FunctionEntry> AllFunctions() { return kEntries; }

Value SelectField(const Value& operand, std::string_view field, Arena& arena) {
  if (!operand.is(ValueKind::kMap)) {
    std::string operation(NameOf(operand.kind()));
    operation.append(".").append(internal::Shorten(field));
    return Value::Error(arena, ErrorCode::kNoSuchOverload,
                        "no such overload: " + operation);
  }
  const Value* found = operand.map().Find(field);
  if (found != nullptr) return *found;
  return internal::NoSuchKey(Value::String(field), arena);
}

Value HasField(const Value& operand, std::string_view field, Arena& arena) {
  if (operand.is(ValueKind::kMap)) {
    return Value::Bool(operand.map().Find(field) != nullptr);
  }
  std::string operation = "has(";
  operation.append(NameOf(operand.kind())).append(".");
  operation.append(internal::Shorten(field)).append(")");
  return Value::Error(arena, ErrorCode::kNoSuchOverload,
                      "no such overload: " + operation);
}

}  // namespace streamer::cel
