#include "match/match_input.h"

#include <chrono>

#include "base/time.h"

namespace streamer {
namespace {

Value TimestampOf(WallTime time) {
  const std::int64_t millis = ToUnixMillis(time);
  std::int64_t seconds = millis / 1000;
  std::int64_t rest = millis % 1000;
  if (rest < 0) {
    // Nanoseconds count forward from the second before.
    seconds -= 1;
    rest += 1000;
  }
  return Value::Timestamp(
      {seconds, static_cast<std::int32_t>(rest * 1'000'000)});
}

}  // namespace

MatchInput MakeMatchInput(const ChangeEvent& event, const EventBody& body) {
  MatchInput input = MakeMatchInput(event);
  input.unread = nullptr;
  input.values[FilterVariable::kDoc] = body.doc();
  input.values[FilterVariable::kData] = body.data();
  input.values[FilterVariable::kBefore] = body.before();
  return input;
}

MatchInput MakeMatchInput(const ChangeEvent& event) {
  MatchInput input;
  input.unread = &event;
  input.tenant = event.tenant();
  input.collection = event.collection();
  input.document_id = event.document_id();
  FilterInput& values = input.values;
  values[FilterVariable::kOp] = Value::String(NameOf(event.operation));
  values[FilterVariable::kTenant] = Value::String(event.tenant());
  values[FilterVariable::kCollection] = Value::String(event.collection());
  values[FilterVariable::kId] = Value::String(event.document_id());
  values[FilterVariable::kTimestamp] = TimestampOf(event.source->timestamp);
  return input;
}

MatchInput MakeBeforeInput(const ChangeEvent& event, const EventBody& body,
                           Arena& arena) {
  MatchInput input = MakeMatchInput(event);
  input.unread = nullptr;
  input.values[FilterVariable::kDoc] = body.before();
  input.values[FilterVariable::kData] = body.BeforeData(event, arena);
  input.values[FilterVariable::kOp] = Value::String(NameOf(Operation::kUpdate));
  return input;
}

FilterInput MakeTrialInput(const Value& document) {
  FilterInput input;
  input[FilterVariable::kDoc] = document;
  input[FilterVariable::kData] = document;
  input[FilterVariable::kOp] = Value::String(NameOf(Operation::kInsert));
  input[FilterVariable::kTenant] = Value::String("");
  input[FilterVariable::kCollection] = Value::String("");
  input[FilterVariable::kId] = Value::String("");
  input[FilterVariable::kTimestamp] = TimestampOf(WallTime{});
  return input;
}

}  // namespace streamer
