#include "cel/internal/errors.h"

#include <algorithm>
#include <array>
#include <string>

#include "value/json.h"
#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

constexpr std::size_t kLongestQuotation = 100;
constexpr std::string_view kSymbols[] = {"<", "<=", ">", ">=", "in",
                                         "+", "-",  "*", "/",  "%"};
constexpr std::size_t kKinds = static_cast<std::size_t>(ValueKind::kError) + 1;

constexpr ErrorValue kDivideByZero = {ErrorCode::kDivisionByZero,
                                      "divide by zero"};
constexpr ErrorValue kModulusByZero = {ErrorCode::kDivisionByZero,
                                       "modulus by zero"};
constexpr ErrorValue kOverflow = {ErrorCode::kOverflow,
                                  "return error for overflow"};
constexpr ErrorValue kOverBudget = {ErrorCode::kOverBudget,
                                    "the evaluation used up its budget"};
constexpr ErrorValue kTooLarge = {ErrorCode::kOverflow,
                                  "value larger than 256 KiB"};

Value OverloadError(const std::string& operation, Arena& arena) {
  return Value::Error(arena, ErrorCode::kNoSuchOverload,
                      "no such overload: " + operation);
}

// A message for every operator between every two kinds.
class OverloadTable {
 public:
  OverloadTable() {
    for (std::size_t symbol = 0; symbol < std::size(kSymbols); ++symbol) {
      for (std::size_t left = 0; left < kKinds; ++left) {
        for (std::size_t right = 0; right < kKinds; ++right) {
          entries_[symbol][left][right] = Make(symbol, left, right);
        }
      }
    }
  }

  [[nodiscard]] Value Find(BinarySymbol symbol, ValueKind left,
                           ValueKind right) const {
    return entries_[static_cast<std::size_t>(symbol)][static_cast<std::size_t>(
        left)][static_cast<std::size_t>(right)];
  }

 private:
  Value Make(std::size_t symbol, std::size_t left, std::size_t right) {
    std::string operation(NameOf(static_cast<ValueKind>(left)));
    operation.append(" ").append(kSymbols[symbol]).append(" ");
    operation.append(NameOf(static_cast<ValueKind>(right)));
    return OverloadError(operation, arena_);
  }

  Arena arena_;
  std::array<std::array<std::array<Value, kKinds>, kKinds>, std::size(kSymbols)>
      entries_;
};

std::string NamesOf(std::span<const Value> arguments) {
  std::string names;
  for (const Value& argument : arguments) {
    if (!names.empty()) names.append(", ");
    names.append(NameOf(argument.kind()));
  }
  return names;
}

}  // namespace

Value NoSuchOverload(BinarySymbol symbol, const Value& left,
                     const Value& right) {
  static const OverloadTable table;
  return table.Find(symbol, left.kind(), right.kind());
}

Value NoSuchUnary(std::string_view symbol, const Value& operand, Arena& arena) {
  return OverloadError(
      std::string(symbol) + std::string(NameOf(operand.kind())), arena);
}

Value NoSuchCall(std::string_view function, std::span<const Value> arguments,
                 Arena& arena) {
  return OverloadError(std::string(function) + "(" + NamesOf(arguments) + ")",
                       arena);
}

Value NoSuchMemberCall(std::string_view function,
                       std::span<const Value> arguments, Arena& arena) {
  return OverloadError(std::string(NameOf(arguments[0].kind())) + "." +
                           std::string(function) + "(" +
                           NamesOf(arguments.subspan(1)) + ")",
                       arena);
}

Value BoolExpected(std::string_view construct, const Value& got, Arena& arena) {
  return OverloadError(std::string(construct) + " expects bool, got " +
                           std::string(NameOf(got.kind())),
                       arena);
}

Value NotIterable(const Value& range, Arena& arena) {
  return OverloadError(
      "cannot iterate over " + std::string(NameOf(range.kind())), arena);
}

Value NoSuchKey(const Value& key, Arena& arena) {
  constexpr std::string_view kProblem = "no such key: ";
  if (!key.is(ValueKind::kString)) {
    return Value::Error(arena, ErrorCode::kNoSuchField,
                        std::string(kProblem) + FormatJson(key));
  }
  // Every field of a program has this error at hand: no text is made of it but
  // the one that stays.
  std::string_view name = Shorten(key.text());
  std::size_t size = kProblem.size() + name.size();
  char* message = static_cast<char*>(arena.Allocate(size, 1));
  std::copy(name.begin(), name.end(),
            std::copy(kProblem.begin(), kProblem.end(), message));
  return Value::Error(arena.New<ErrorValue>(ErrorCode::kNoSuchField,
                                            std::string_view(message, size)));
}

Value DivideByZero() { return Value::Error(&kDivideByZero); }
Value ModulusByZero() { return Value::Error(&kModulusByZero); }
Value Overflow() { return Value::Error(&kOverflow); }
Value OverBudget() { return Value::Error(&kOverBudget); }
Value TooLarge() { return Value::Error(&kTooLarge); }

Value CannotConvert(const Value& from, std::string_view to, Arena& arena) {
  std::string message = "cannot convert the ";
  message.append(NameOf(from.kind()));
  if (from.is(ValueKind::kString)) {
    message.append(" '").append(Shorten(from.text())).append("'");
  } else if (from.is_number()) {
    message.append(" ").append(FormatJson(from));
  }
  message.append(" to ").append(to);
  return Value::Error(arena, ErrorCode::kInvalidArgument, message);
}

std::string_view Shorten(std::string_view text) {
  if (text.size() <= kLongestQuotation) return text;
  std::string_view start = text.substr(0, kLongestQuotation);
  return start.substr(0, FindMalformed(start));
}

}  // namespace streamer::cel::internal
