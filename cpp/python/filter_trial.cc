#include "python/filter_trial.h"

#include <utility>

#include "cel/parser.h"
#include "cel/printer.h"
#include "cel/tree_builder.h"
#include "value/json.h"

namespace streamer::python {
namespace {

// `left && right` as text, through the tree.
Result<std::string> AndText(const std::string& left, const std::string& right) {
  if (left.empty()) return right;
  if (right.empty()) return left;
  STREAMER_ASSIGN_OR_RETURN(const cel::Tree left_tree, cel::Parse(left));
  STREAMER_ASSIGN_OR_RETURN(const cel::Tree right_tree, cel::Parse(right));
  cel::TreeBuilder builder;
  return cel::Print(*builder.Call(
      cel::operators::kAnd,
      {builder.Copy(left_tree.root()), builder.Copy(right_tree.root())}));
}

}  // namespace

Result<SourcedFilter> SourcedFilter::Compile(FilterSource source) {
  STREAMER_ASSIGN_OR_RETURN(auto compiled, Filter::Compile(source));
  return SourcedFilter{std::move(source), std::move(compiled)};
}

Result<SourcedFilter> SourcedFilter::And(const SourcedFilter& left,
                                         const SourcedFilter& right) {
  FilterSource source = left.source;
  source.conditions.insert(source.conditions.end(),
                           right.source.conditions.begin(),
                           right.source.conditions.end());
  STREAMER_ASSIGN_OR_RETURN(
      source.expression,
      AndText(left.source.expression, right.source.expression));
  return Compile(std::move(source));
}

Result<LoneEvent> LoneEvent::Make(NormalizedEvent normalized) {
  LoneEvent lone;
  lone.event_.operation = normalized.operation;
  lone.event_.source = std::move(normalized.source);
  STREAMER_ASSIGN_OR_RETURN(lone.body_, EventBody::Parse(lone.event_));
  return lone;
}

Result<LoneEvent> LoneEvent::Make(std::shared_ptr<const SourceEvent> source) {
  Normalizer normalizer(NormalizerOptions{});
  return Make(normalizer.Normalize(std::move(source)));
}

std::string_view NameOf(TrialOutcome outcome) {
  switch (outcome) {
    case TrialOutcome::kMatch:
      return "match";
    case TrialOutcome::kNoMatch:
      return "no match";
    case TrialOutcome::kError:
      return "error";
    case TrialOutcome::kSkipped:
      break;
  }
  return "skipped";
}

FilterTrial::FilterTrial(std::shared_ptr<const Filter> filter)
    : filter_(std::move(filter)), normalizer_(NormalizerOptions{}) {}

Result<TrialResult> FilterTrial::TryEvent(
    std::shared_ptr<const SourceEvent> event) {
  NormalizedEvent normalized = normalizer_.Normalize(std::move(event));
  const Operation operation = normalized.operation;
  if (normalized.outcome != NormalizeOutcome::kChanged) {
    return TrialResult{TrialOutcome::kSkipped, operation, ""};
  }
  STREAMER_ASSIGN_OR_RETURN(const LoneEvent lone,
                            LoneEvent::Make(std::move(normalized)));
  TrialResult result = Evaluate(lone.Input());
  result.operation = operation;
  return result;
}

TrialResult FilterTrial::Evaluate(const FilterInput& input) {
  arena_.Reset();
  const Value value = filter_->Evaluate(input, arena_);
  TrialResult result;
  if (value.is_error()) {
    result.outcome = TrialOutcome::kError;
    result.error = value.error().message;
  } else if (!value.is(ValueKind::kBool)) {
    result.outcome = TrialOutcome::kError;
    result.error =
        "expected a boolean, got " + std::string(NameOf(value.kind()));
  } else if (value.is_true()) {
    result.outcome = TrialOutcome::kMatch;
  }
  return result;
}

Result<Value> ReadDocument(std::string_view json, Arena& arena) {
  STREAMER_ASSIGN_OR_RETURN(const Value document, ParseJson(json, arena));
  if (document.is(ValueKind::kMap)) return document;
  return InvalidArgument("document: expected a JSON object, got " +
                         std::string(NameOf(document.kind())));
}

}  // namespace streamer::python
