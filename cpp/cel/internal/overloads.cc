#include "cel/internal/overloads.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "cel/expression.h"

namespace streamer::cel::internal {
namespace {

constexpr std::string_view kEllipsis = "...";

bool HasParameter(const Type* type) {
  return type->kind == TypeKind::kParameter ||
         std::any_of(type->parameters.begin(), type->parameters.end(),
                     HasParameter);
}

// Where the parenthesis closes that `text` begins with.
std::size_t CloseOf(std::string_view text) {
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++open;
    if (text[i] == ')' && --open == 0) return i;
  }
  return text.npos;
}

// The texts between commas that are in no parentheses.
std::vector<std::string_view> SplitArguments(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int open = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    bool is_end = i == text.size() || (text[i] == ',' && open == 0);
    if (is_end && i > begin) parts.push_back(text.substr(begin, i - begin));
    if (is_end) begin = i + 1;
    if (i < text.size() && text[i] == '(') ++open;
    if (i < text.size() && text[i] == ')') --open;
  }
  return parts;
}

Result<Overload> ReadOverload(std::string_view text, Arena& arena) {
  std::size_t close = CloseOf(text);
  std::size_t arrow = text.find("->", close == text.npos ? 0 : close);
  if (!text.starts_with('(') || close == text.npos || arrow == text.npos) {
    return InvalidArgument("expected an overload such as (int) -> bool, got " +
                           std::string(text));
  }
  Overload overload;
  std::vector<const Type*> arguments;
  for (std::string_view part : SplitArguments(text.substr(1, close - 1))) {
    if (part.ends_with(kEllipsis)) {
      overload.is_variadic = true;
      part.remove_suffix(kEllipsis.size());
    }
    STREAMER_ASSIGN_OR_RETURN(const Type* type, ParseType(part, arena));
    overload.has_parameters |= HasParameter(type);
    arguments.push_back(type);
  }
  STREAMER_ASSIGN_OR_RETURN(overload.result,
                            ParseType(text.substr(arrow + 2), arena));
  overload.has_parameters |= HasParameter(overload.result);
  std::span<const Type*> kept = arena.NewArray<const Type*>(arguments.size());
  std::copy(arguments.begin(), arguments.end(), kept.begin());
  overload.arguments = kept;
  return overload;
}

struct Construct {
  std::string_view name;
  std::string_view overloads;
};

constexpr Construct kConstructs[] = {
    {operators::kAnd, "(bool, bool) -> bool"},
    {operators::kOr, "(bool, bool) -> bool"},
    {operators::kConditional, "(bool, A, A) -> A"},
    {operators::kNotStrictlyFalse, "(bool) -> bool"},
};

// Every overload of the table, in the order of AllFunctions().
class OverloadTable {
 public:
  OverloadTable() {
    for (const FunctionEntry& entry : AllFunctions()) {
      of_entries_.push_back(ReadOverloads(entry.overloads, arena_).value());
    }
    for (const Construct& construct : kConstructs) {
      of_constructs_.push_back(
          ReadOverloads(construct.overloads, arena_).value());
    }
  }
  [[nodiscard]] std::span<const Overload> Of(const FunctionEntry& entry) const {
    auto index = &entry - AllFunctions().data();
    return of_entries_[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] std::span<const Overload> Of(std::string_view name) const {
    for (std::size_t i = 0; i < std::size(kConstructs); ++i) {
      if (kConstructs[i].name == name) return of_constructs_[i];
    }
    return {};
  }

 private:
  Arena arena_;
  std::vector<std::vector<Overload>> of_entries_;
  std::vector<std::vector<Overload>> of_constructs_;
};

const OverloadTable& Table() {
  static const OverloadTable table;
  return table;
}

}  // namespace

std::span<const Overload> OverloadsOf(const FunctionEntry& entry) {
  return Table().Of(entry);
}

std::span<const Overload> OverloadsOfConstruct(std::string_view name) {
  return Table().Of(name);
}

Result<std::vector<Overload>> ReadOverloads(std::string_view text,
                                            Arena& arena) {
  std::vector<Overload> overloads;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(';'), text.size());
    std::string_view one = text.substr(0, end);
    while (one.starts_with(' ')) one.remove_prefix(1);
    STREAMER_ASSIGN_OR_RETURN(Overload overload, ReadOverload(one, arena));
    overloads.push_back(overload);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return overloads;
}

}  // namespace streamer::cel::internal
