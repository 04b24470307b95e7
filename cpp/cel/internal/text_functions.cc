#include "cel/internal/text_functions.h"

#include "cel/internal/errors.h"
#include "cel/internal/pattern.h"
#include "cel/internal/text_search.h"
#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

template <typename Test>
Value TestTexts(std::string_view function, std::span<const Value> arguments,
                Arena& arena, Test test) {
  if (!arguments[0].is(ValueKind::kString) ||
      !arguments[1].is(ValueKind::kString)) {
    return NoSuchMemberCall(function, arguments, arena);
  }
  return Value::Bool(test(arguments[0].text(), arguments[1].text()));
}

Value SizeOf(std::size_t size) {
  return Value::Int(static_cast<std::int64_t>(size));
}

}  // namespace

Value FunctionSize(std::span<const Value> arguments, Arena& arena) {
  const Value& value = arguments[0];
  switch (value.kind()) {
    case ValueKind::kString:
      return SizeOf(CountCodePoints(value.text()));
    case ValueKind::kBytes:
      return SizeOf(value.text().size());
    case ValueKind::kList:
      return SizeOf(value.list().size());
    case ValueKind::kMap:
      return SizeOf(value.map().size());
    default:
      return NoSuchCall("size", arguments, arena);
  }
}

Value FunctionStartsWith(std::span<const Value> arguments, Arena& arena) {
  return TestTexts("startsWith", arguments, arena,
                   [](std::string_view text, std::string_view start) {
                     return text.starts_with(start);
                   });
}

Value FunctionEndsWith(std::span<const Value> arguments, Arena& arena) {
  return TestTexts("endsWith", arguments, arena,
                   [](std::string_view text, std::string_view end) {
                     return text.ends_with(end);
                   });
}

Value FunctionContains(std::span<const Value> arguments, Arena& arena) {
  return TestTexts("contains", arguments, arena,
                   [](std::string_view text, std::string_view part) {
                     return FindText(text, part) != std::string_view::npos;
                   });
}

Value FunctionMatches(std::span<const Value> arguments, Arena& arena) {
  if (!arguments[0].is(ValueKind::kString) ||
      !arguments[1].is(ValueKind::kString)) {
    return NoSuchMemberCall("matches", arguments, arena);
  }
  auto pattern = Pattern::CompileWithRe2(arguments[1].text());
  if (!pattern.ok()) {
    return Value::Error(arena, ErrorCode::kInvalidArgument,
                        MessageOf(pattern.status()));
  }
  return Value::Bool(pattern->Matches(arguments[0].text()));
}

}  // namespace streamer::cel::internal
