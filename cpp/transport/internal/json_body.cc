#include "transport/internal/json_body.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "cel/parser.h"
#include "value/json.h"
#include "value/time_text.h"

namespace streamer {
namespace {

// The value under `key` of a condition, which must be there.
Result<Value> Member(const MapValue& map, const std::string& where,
                     std::string_view key) {
  const Value* value = map.Find(key);
  if (value != nullptr) return *value;
  return InvalidArgument(where + "." + std::string(key) +
                         ": expected a value, got nothing");
}

Result<Condition> ReadCondition(const Value& value, const std::string& where) {
  if (!value.is(ValueKind::kMap)) {
    return ExpectedValue(where, "an object {field, op, value}", value);
  }
  const MapValue& map = value.map();
  for (const MapEntry& entry : map.entries()) {
    const std::string_view key = entry.key.text();
    if (key == "field" || key == "op" || key == "value") continue;
    return InvalidArgument(where + ": expected field, op and value, got \"" +
                           std::string(key) + "\"");
  }
  STREAMER_ASSIGN_OR_RETURN(Value field, Member(map, where, "field"));
  STREAMER_ASSIGN_OR_RETURN(Value op, Member(map, where, "op"));
  STREAMER_ASSIGN_OR_RETURN(Value operand, Member(map, where, "value"));
  Condition condition;
  STREAMER_ASSIGN_OR_RETURN(condition.field, ReadText(where + ".field", field));
  STREAMER_ASSIGN_OR_RETURN(std::string spelling, ReadText(where + ".op", op));
  Result<Operator> parsed = ParseOperator(spelling);
  if (!parsed.ok()) {
    return InvalidArgument(where +
                           ".op: " + std::string(MessageOf(parsed.status())));
  }
  condition.op = *parsed;
  condition.value = OwnedValue(operand);
  return condition;
}

// The part of the request that `message` speaks of.
std::string FieldOf(std::string_view message) {
  const std::size_t colon = message.find(": ");
  if (message.starts_with("ERROR") || colon == std::string_view::npos) {
    return "expression";
  }
  return std::string(message.substr(0, colon));
}

}  // namespace

Status ExpectedValue(const std::string& where, std::string_view what,
                     const Value& got) {
  return InvalidArgument(where + ": expected " + std::string(what) + ", got " +
                         std::string(NameOf(got.kind())));
}

Result<std::string> ReadText(const std::string& where, const Value& value) {
  if (!value.is(ValueKind::kString)) {
    return ExpectedValue(where, "a string", value);
  }
  return std::string(value.text());
}

Result<Value> ReadObject(std::string_view body, Arena& arena) {
  Result<Value> value = ParseJson(body, arena);
  if (!value.ok()) {
    return InvalidArgument("body: " + std::string(MessageOf(value.status())));
  }
  if (value->is(ValueKind::kMap)) return value;
  return ExpectedValue("body", "an object", *value);
}

Result<std::vector<Condition>> ReadConditions(const Value& value) {
  if (!value.is(ValueKind::kList)) {
    return ExpectedValue("filters", "a list", value);
  }
  std::vector<Condition> conditions;
  for (const Value& item : value.list().items()) {
    const std::string where =
        "filters[" + std::to_string(conditions.size()) + "]";
    STREAMER_ASSIGN_OR_RETURN(Condition condition, ReadCondition(item, where));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

HttpResponse RefuseBody(const Status& status) {
  const std::string_view message = MessageOf(status);
  nlohmann::json members = {{"field", FieldOf(message)}};
  if (const auto position = cel::PositionOf(status)) {
    members["field"] = "expression";
    members["position"] = {{"offset", position->offset},
                           {"line", position->line},
                           {"column", position->column}};
  }
  return ProblemResponse(400, message, members);
}

nlohmann::json TimestampJson(const std::optional<Instant>& at) {
  if (!at.has_value()) return nullptr;
  const std::int64_t millis = ToUnixMillis(at->wall);
  return FormatTimestamp(
      {.seconds = millis / 1000,
       .nanos = static_cast<int>(millis % 1000) * 1'000'000});
}

}  // namespace streamer
