#include "sim/judge/record_fields.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "value/containers.h"
#include "value/json.h"

namespace streamer::sim {

RecordFields::RecordFields(std::string name, const Value& value)
    : name_(std::move(name)), value_(value) {
  if (!value_.is(ValueKind::kMap)) {
    Fail(absl::StrCat("expected an object, got ", FormatJson(value_)));
  }
}

void RecordFields::Fail(const std::string& message) {
  if (status_.ok())
    status_ = InvalidArgument(absl::StrCat(name_, ": ", message));
}

void RecordFields::Refuse(std::string_view field, const std::string& expected,
                          const std::string& got) {
  Fail(
      absl::StrCat(std::string(field), ": expected ", expected, ", got ", got));
}

const Value* RecordFields::Find(std::string_view field, ValueKind kind) {
  if (!status_.ok()) return nullptr;
  asked_.emplace(field);
  const Value* const found = value_.map().Find(field);
  if (found != nullptr && found->is(kind)) return found;
  Refuse(field, absl::StrCat("a value of type ", std::string(NameOf(kind))),
         found == nullptr ? "none" : FormatJson(*found));
  return nullptr;
}

std::string RecordFields::Text(std::string_view field) {
  const Value* const found = Find(field, ValueKind::kString);
  return found == nullptr ? "" : std::string(found->text());
}

std::uint64_t RecordFields::Number(std::string_view field) {
  // Beyond the half of its range JSON's numbers are of another kind.
  const Value* const large =
      value_.is(ValueKind::kMap) ? value_.map().Find(field) : nullptr;
  if (large != nullptr && large->is(ValueKind::kUint)) {
    asked_.emplace(field);
    return large->uint_value();
  }
  const Value* const found = Find(field, ValueKind::kInt);
  if (found == nullptr) return 0;
  if (found->int_value() < 0) {
    Refuse(field, "a number from 0", FormatJson(*found));
    return 0;
  }
  return static_cast<std::uint64_t>(found->int_value());
}

bool RecordFields::Flag(std::string_view field) {
  const Value* const found = Find(field, ValueKind::kBool);
  return found != nullptr && found->bool_value();
}

std::vector<std::string> RecordFields::Texts(std::string_view field) {
  std::vector<std::string> texts;
  const Value* const found = Find(field, ValueKind::kList);
  if (found == nullptr) return texts;
  for (const Value& item : found->list().items()) {
    if (!item.is(ValueKind::kString)) {
      Refuse(field, "a list of texts", FormatJson(*found));
      return {};
    }
    texts.emplace_back(item.text());
  }
  return texts;
}

std::vector<Condition> RecordFields::Conditions(std::string_view field) {
  std::vector<Condition> conditions;
  const Value* const found = Find(field, ValueKind::kList);
  if (found == nullptr) return conditions;
  for (const Value& item : found->list().items()) {
    const bool is_triple = item.is(ValueKind::kList) &&
                           item.list().size() == 3 &&
                           item.list().items()[0].is(ValueKind::kString) &&
                           item.list().items()[1].is(ValueKind::kString);
    if (!is_triple) {
      Refuse(field, "[field, operator, constant]", FormatJson(item));
      return {};
    }
    const auto parts = item.list().items();
    const Result<Operator> op = ParseOperator(parts[1].text());
    if (!op.ok()) {
      Fail(absl::StrCat(std::string(field), ": ", op.status().message()));
      return {};
    }
    conditions.push_back(
        {std::string(parts[0].text()), *op, OwnedValue(parts[2])});
  }
  return conditions;
}

Status RecordFields::Finish() {
  if (!status_.ok()) return status_;
  for (const MapEntry& entry : value_.map().entries()) {
    if (asked_.contains(entry.key.text())) continue;
    Fail(absl::StrCat("expected no such field, got ", FormatJson(entry.key)));
  }
  return status_;
}

}  // namespace streamer::sim
