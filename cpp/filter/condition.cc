#include "filter/condition.h"

#include <array>

namespace streamer {
namespace {

struct Spelling {
  Operator op;
  std::string_view symbol;
  std::string_view word;
};

// In the order of Operator, so that Format is a lookup.
constexpr std::array<Spelling, 8> kSpellings = {{
    {Operator::kEqual, "==", "eq"},
    {Operator::kNotEqual, "!=", "ne"},
    {Operator::kGreater, ">", "gt"},
    {Operator::kGreaterEqual, ">=", "gte"},
    {Operator::kLess, "<", "lt"},
    {Operator::kLessEqual, "<=", "lte"},
    {Operator::kIn, "in", "in"},
    {Operator::kContains, "contains", "array-contains"},
}};

void AppendQuoted(std::string_view text, std::string& list) {
  if (!list.empty()) list += ", ";
  list += '"';
  list += text;
  list += '"';
}

std::string AllSpellings() {
  std::string list;
  for (const Spelling& spelling : kSpellings) {
    AppendQuoted(spelling.symbol, list);
    if (spelling.word != spelling.symbol) AppendQuoted(spelling.word, list);
  }
  return list;
}

}  // namespace

Result<Operator> ParseOperator(std::string_view text) {
  for (const Spelling& spelling : kSpellings) {
    if (text == spelling.symbol || text == spelling.word) return spelling.op;
  }
  std::string message = "expected one of " + AllSpellings() + ", got \"";
  message += text;
  message += '"';
  return InvalidArgument(message);
}

std::string_view Format(Operator op) {
  return kSpellings[static_cast<std::size_t>(op)].symbol;
}

}  // namespace streamer
