#include "cel/internal/check_report.h"

#include <vector>

#include "cel/checker.h"
#include "cel/parser.h"

namespace streamer::cel {
namespace internal {
namespace {

constexpr std::size_t kLongestType = 200;
constexpr std::size_t kMostOverloads = 8;

}  // namespace

std::string DescribeArguments(std::span<const std::string> types,
                              bool has_receiver) {
  std::string text;
  if (has_receiver && !types.empty()) {
    text = types[0] + ".";
    types = types.subspan(1);
  }
  text.push_back('(');
  for (const std::string& type : types) {
    if (&type != &types.front()) text.append(", ");
    text.append(type);
  }
  return text + ")";
}

std::string DescribeOverloads(std::span<const Overload> overloads,
                              bool has_receiver) {
  std::string text;
  std::size_t shown = std::min(overloads.size(), kMostOverloads);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text.append(i + 1 == overloads.size() ? " or " : ", ");
    std::vector<std::string> types;
    for (const Type* argument : overloads[i].arguments) {
      types.push_back(FormatType(*argument));
    }
    text.append(DescribeArguments(types, has_receiver));
  }
  if (shown < overloads.size()) text.append(", …");
  return text;
}

std::string DescribeCalls(std::string_view name) {
  std::string text;
  for (const FunctionEntry& entry : AllFunctions()) {
    if (entry.name != name) continue;
    if (!text.empty()) text.append(" or ");
    text += DescribeOverloads(OverloadsOf(entry),
                              entry.style == CallStyle::kMember);
  }
  return text;
}

// An operator is named _+_, -_, _[_], _?_:_, @in.
std::string SymbolOf(std::string_view function) {
  const bool is_operator = function.starts_with('_') ||
                           function.ends_with('_') ||
                           function == operators::kIn;
  std::string symbol;
  for (char byte : function) {
    if (!is_operator || (byte != '_' && byte != '@')) symbol.push_back(byte);
  }
  return symbol;
}

std::string ShortenType(std::string type) {
  if (type.size() <= kLongestType) return type;
  type.resize(kLongestType);
  return type + "…";
}

}  // namespace internal

std::string_view NameOf(ProblemCode code) {
  switch (code) {
    case ProblemCode::kUndeclaredReference:
      return "undeclared_reference";
    case ProblemCode::kUndeclaredFunction:
      return "undeclared_function";
    case ProblemCode::kNoMatchingOverload:
      return "no_matching_overload";
    case ProblemCode::kUnexpectedType:
      return "unexpected_type";
    case ProblemCode::kNoFields:
      return "no_fields";
    case ProblemCode::kNotIterable:
      return "not_iterable";
    case ProblemCode::kUnknownMessage:
      return "unknown_message";
    case ProblemCode::kTooComplex:
      return "too_complex";
    case ProblemCode::kMixedNumbers:
      return "mixed_numbers";
  }
  return "";
}

Status ReportOf(const Tree& tree, const CheckResult& result) {
  Status first;
  std::string message;
  for (const CheckProblem& problem : result.problems) {
    Status one =
        ExpressionError(tree.text(), problem.position, problem.message);
    if (first.ok()) first = one;
    if (!message.empty()) message.push_back('\n');
    message.append(MessageOf(one));
  }
  if (first.ok()) return first;
  if (result.more_problems > 0) {
    message += "\nand " + std::to_string(result.more_problems) + " more";
  }
  Status all = InvalidArgument(message);
  first.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    all.SetPayload(type, payload);
  });
  return all;
}

}  // namespace streamer::cel
