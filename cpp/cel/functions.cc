#include "cel/functions.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "cel/expression.h"
#include "cel/internal/errors.h"
#include "cel/internal/libraries.h"
#include "cel/internal/optionals.h"

namespace streamer::cel {
namespace {

// Entries of one name stand together.
class FunctionTable {
 public:
  FunctionTable() {
    for (std::span<const FunctionEntry> library : internal::AllLibraries()) {
      entries_.insert(entries_.end(), library.begin(), library.end());
    }
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const FunctionEntry& left, const FunctionEntry& right) {
                       return left.name < right.name;
                     });
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      std::string_view name = entries_[i].name;
      first_of_name_.try_emplace(name, i);
      std::size_t dot = name.find('.');
      if (dot != name.npos) namespaces_.insert(name.substr(0, dot));
    }
  }

  [[nodiscard]] const FunctionEntry* Find(std::string_view name,
                                          CallStyle style,
                                          std::size_t argument_count) const {
    auto found = first_of_name_.find(name);
    if (found == first_of_name_.end()) return nullptr;
    const FunctionEntry* variadic = nullptr;
    for (std::uint32_t i = found->second;
         i < entries_.size() && entries_[i].name == name; ++i) {
      if (entries_[i].style != style) continue;
      if (entries_[i].argument_count == argument_count) return &entries_[i];
      if (entries_[i].argument_count == kAnyNumber) variadic = &entries_[i];
    }
    return argument_count > 0 ? variadic : nullptr;
  }
  [[nodiscard]] bool Has(std::string_view name) const {
    return first_of_name_.contains(name);
  }
  [[nodiscard]] bool IsNamespace(std::string_view name) const {
    return namespaces_.contains(name);
  }
  [[nodiscard]] std::span<const FunctionEntry> entries() const {
    return entries_;
  }

 private:
  std::vector<FunctionEntry> entries_;
  absl::flat_hash_map<std::string_view, std::uint32_t> first_of_name_;
  absl::flat_hash_set<std::string_view> namespaces_;
};

const FunctionTable& Table() {
  static const FunctionTable table;
  return table;
}

constexpr ValueKind kNamedKinds[] = {
    ValueKind::kNull,      ValueKind::kBool,     ValueKind::kInt,
    ValueKind::kUint,      ValueKind::kDouble,   ValueKind::kString,
    ValueKind::kBytes,     ValueKind::kList,     ValueKind::kMap,
    ValueKind::kTimestamp, ValueKind::kDuration, ValueKind::kType,
    ValueKind::kOptional};

// A call may be written .size(x), from the root of all names.
std::string_view WithoutLeadingDot(std::string_view name) {
  return name.substr(name.starts_with('.') ? 1 : 0);
}

}  // namespace

const FunctionEntry* FindFunction(std::string_view name, CallStyle style,
                                  std::size_t argument_count) {
  return Table().Find(WithoutLeadingDot(name), style, argument_count);
}

bool IsFunctionName(std::string_view name) {
  return Table().Has(WithoutLeadingDot(name));
}

bool IsFunctionNamespace(std::string_view name) {
  return Table().IsNamespace(name);
}

std::span<const FunctionEntry> AllFunctions() { return Table().entries(); }

std::optional<Value> FindTypeName(std::string_view name) {
  for (ValueKind kind : kNamedKinds) {
    if (NameOf(kind) == name) return Value::Type(NameOf(kind));
  }
  return std::nullopt;
}

Value SelectField(const Value& operand, std::string_view field, Arena& arena) {
  if (operand.is(ValueKind::kMap)) {
    const Value* found = operand.map().Find(field);
    if (found != nullptr) return *found;
    return internal::NoSuchKey(Value::String(field), arena);
  }
  if (operand.is(ValueKind::kOptional)) {
    return internal::SelectOptional(operand, field, arena);
  }
  std::string operation(NameOf(operand.kind()));
  operation.append(".").append(internal::Shorten(field));
  return Value::Error(arena, ErrorCode::kNoSuchOverload,
                      "no such overload: " + operation);
}

Value HasField(const Value& operand, std::string_view field, Arena& arena) {
  if (operand.is(ValueKind::kMap)) {
    return Value::Bool(operand.map().Find(field) != nullptr);
  }
  if (operand.is(ValueKind::kOptional)) {
    if (operand.optional() == nullptr) return Value::Bool(false);
    if (!operand.optional()->is(ValueKind::kOptional)) {
      return HasField(*operand.optional(), field, arena);
    }
  }
  std::string operation = "has(";
  operation.append(NameOf(operand.kind())).append(".");
  operation.append(internal::Shorten(field)).append(")");
  return Value::Error(arena, ErrorCode::kNoSuchOverload,
                      "no such overload: " + operation);
}

}  // namespace streamer::cel
