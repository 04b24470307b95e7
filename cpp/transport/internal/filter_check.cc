#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/arena.h"
#include "cel/parser.h"
#include "filter/condition.h"
#include "filter/explain.h"
#include "filter/filter.h"
#include "match/match_input.h"
#include "transport/internal/control_plane.h"
#include "value/json.h"

namespace streamer {
namespace {

Status Expected(const std::string& where, std::string_view what,
                const Value& got) {
  return InvalidArgument(where + ": expected " + std::string(what) + ", got " +
                         std::string(NameOf(got.kind())));
}

Result<std::string> ReadText(const std::string& where, const Value& value) {
  if (!value.is(ValueKind::kString)) {
    return Expected(where, "a string", value);
  }
  return std::string(value.text());
}

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
    return Expected(where, "an object {field, op, value}", value);
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

Result<std::vector<Condition>> ReadConditions(const Value& value) {
  if (!value.is(ValueKind::kList)) {
    return Expected("filters", "a list", value);
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

struct FilterQuestion {
  FilterSource source;
  std::optional<Value> document;
};

Status ReadMember(std::string_view key, const Value& value,
                  FilterQuestion& question) {
  if (key == "filters") {
    STREAMER_ASSIGN_OR_RETURN(question.source.conditions,
                              ReadConditions(value));
  } else if (key == "expression") {
    STREAMER_ASSIGN_OR_RETURN(question.source.expression,
                              ReadText("expression", value));
  } else if (key == "document") {
    if (!value.is(ValueKind::kMap)) {
      return Expected("document", "an object", value);
    }
    question.document = value;
  } else {
    return InvalidArgument(
        "body: expected filters, expression or document, got \"" +
        std::string(key) + "\"");
  }
  return OkStatus();
}

// `arena` holds the document of the question.
Result<FilterQuestion> ReadQuestion(std::string_view body, Arena& arena) {
  Result<Value> value = ParseJson(body, arena);
  if (!value.ok()) {
    return InvalidArgument("body: " + std::string(MessageOf(value.status())));
  }
  if (!value->is(ValueKind::kMap)) return Expected("body", "an object", *value);
  FilterQuestion question;
  for (const MapEntry& entry : value->map().entries()) {
    STREAMER_RETURN_IF_ERROR(
        ReadMember(entry.key.text(), entry.value, question));
  }
  return question;
}

// The part of the request that `message` speaks of.
std::string FieldOf(std::string_view message) {
  const std::size_t colon = message.find(": ");
  if (message.starts_with("ERROR") || colon == std::string_view::npos) {
    return "expression";
  }
  return std::string(message.substr(0, colon));
}

HttpResponse Refusal(const Status& status) {
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

nlohmann::json ToJson(const ExplainedNode& node) {
  nlohmann::json tree = {{"text", node.text}};
  if (node.value.has_value()) {
    tree["value"] = nlohmann::json::parse(FormatJson(node.value->value()));
  }
  if (!node.error.empty()) tree["error"] = node.error;
  if (node.is_indexed) tree["indexed"] = true;
  if (node.is_access) tree["access"] = true;
  if (!node.turn.empty()) tree["turn"] = node.turn;
  for (const ExplainedNode& child : node.children) {
    tree["children"].push_back(ToJson(child));
  }
  return tree;
}

nlohmann::json Explained(const Filter& filter, const Value& document) {
  const Explanation explanation = Explain(filter, MakeTrialInput(document));
  return {{"matches", explanation.is_match},
          {"sentence", explanation.sentence},
          {"tree", ToJson(explanation.root)},
          {"measuredCost", explanation.measured_cost},
          {"estimatedCost", explanation.estimated_cost},
          {"warnings", explanation.warnings}};
}

// Every way to satisfy the filter starts with something that the index looks up
// in the event: nothing is evaluated for events that lack it.
bool IsIndexable(const Filter& filter) {
  for (const Conjunction& conjunction : filter.conjunctions()) {
    if (conjunction.predicates.empty()) return false;
    for (const Predicate& predicate : conjunction.predicates) {
      if (predicate.variable == FilterVariable::kDerived) return false;
    }
  }
  return true;
}

}  // namespace

HttpResponse CheckFilter(const HttpRequest& request) {
  Arena arena;
  const Result<FilterQuestion> question = ReadQuestion(request.body, arena);
  if (!question.ok()) return Refusal(question.status());
  const auto filter = Filter::Compile(question->source);
  if (!filter.ok()) return Refusal(filter.status());
  nlohmann::json answer = {{"filter", (*filter)->text()},
                           {"matchAll", (*filter)->is_match_all()},
                           {"conjunctions", (*filter)->conjunctions().size()},
                           {"exact", (*filter)->is_exact()},
                           {"indexable", IsIndexable(**filter)}};
  if (question->document.has_value()) {
    answer["explanation"] = Explained(**filter, *question->document);
  }
  return JsonResponse(200, answer);
}

}  // namespace streamer
