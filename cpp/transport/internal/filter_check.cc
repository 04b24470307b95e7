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
#include "transport/internal/json_body.h"
#include "value/json.h"

namespace streamer {
namespace {

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
      return ExpectedValue("document", "an object", value);
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
  STREAMER_ASSIGN_OR_RETURN(const Value value, ReadObject(body, arena));
  FilterQuestion question;
  for (const MapEntry& entry : value.map().entries()) {
    STREAMER_RETURN_IF_ERROR(
        ReadMember(entry.key.text(), entry.value, question));
  }
  return question;
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
  if (!question.ok()) return RefuseBody(question.status());
  const auto filter = Filter::Compile(question->source);
  if (!filter.ok()) return RefuseBody(filter.status());
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
