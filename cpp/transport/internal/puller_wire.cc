#include "transport/internal/puller_wire.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "event/decoder.h"

namespace streamer {
namespace {

namespace wire = syntrix::puller::v1;

constexpr std::size_t kLongestQuoted = 64;

Status ReadOperation(const std::string& text, SourceOperation& operation) {
  for (SourceOperation candidate :
       {SourceOperation::kInsert, SourceOperation::kUpdate,
        SourceOperation::kReplace, SourceOperation::kDelete}) {
    if (text != NameOf(candidate)) continue;
    operation = candidate;
    return OkStatus();
  }
  return InvalidArgument(absl::StrCat(
      R"(op_type: expected one of "insert", "update", "replace", "delete", )",
      "got \"", absl::CHexEscape(text.substr(0, kLongestQuoted)), "\""));
}

// Years 1 to 9999: what timestamps of CEL can hold. 0 is protobuf's "none".
Status ReadTimestamp(std::int64_t millis, WallTime& timestamp) {
  using std::chrono::sys_days;
  using std::chrono::year;
  constexpr WallTime kFirst = sys_days(year(1) / 1 / 1);
  constexpr WallTime kEnd = sys_days(year(10'000) / 1 / 1);
  if (millis == 0) return OkStatus();
  const WallTime time = FromUnixMillis(millis);
  if (time < kFirst || time >= kEnd) {
    return InvalidArgument(absl::StrCat(
        "timestamp: expected Unix milliseconds of a year from 1 to 9999, got ",
        millis));
  }
  timestamp = time;
  return OkStatus();
}

Status ReadIdentity(const wire::ChangeEvent& wire, SourceEvent& event) {
  event.event_id = wire.event_id();
  if (!event.event_id.empty()) {
    STREAMER_RETURN_IF_ERROR(CheckName("event_id", event.event_id));
  }
  event.tenant = wire.tenant();
  event.backend = wire.backend();
  if (event.backend.empty()) return OkStatus();
  return CheckName("backend", event.backend);
}

SourceEvent DecodeGap(const wire::Gap& wire) {
  SourceEvent gap;
  gap.backend = wire.backend();
  gap.loss = std::make_shared<const SourceLoss>(SourceLoss{
      .from = wire.from(), .to = wire.to(), .reason = wire.reason()});
  return gap;
}

// Stands for an event that cannot be read, with what it says all the same.
SourceEvent Unreadable(const wire::ChangeEvent& wire, const Status& problem) {
  StoredPlace place = FindStoredPlace(wire.tenant(), wire.mgo_doc_id(),
                                      wire.full_doc(), wire.before_doc());
  SourceEvent event;
  event.backend = wire.backend();
  event.event_id = wire.event_id();
  event.tenant = std::move(place.tenant);
  event.collection = std::move(place.collection);
  event.loss = std::make_shared<const SourceLoss>(
      SourceLoss{.kind = SourceLoss::Kind::kUnreadable,
                 .reason = std::string(MessageOf(problem))});
  return event;
}

}  // namespace

Result<SourceEvent> DecodeChangeEvent(const wire::ChangeEvent& wire,
                                      WallTime now) {
  SourceEvent event;
  event.timestamp = now;
  STREAMER_RETURN_IF_ERROR(ReadOperation(wire.op_type(), event.operation));
  STREAMER_RETURN_IF_ERROR(ReadIdentity(wire, event));
  STREAMER_RETURN_IF_ERROR(ReadTimestamp(wire.timestamp(), event.timestamp));
  if (wire.has_cluster_time()) {
    event.cluster_time = {.seconds = wire.cluster_time().t(),
                          .increment = wire.cluster_time().i()};
  }
  event.document = wire.full_doc();
  event.before = wire.before_doc();
  STREAMER_RETURN_IF_ERROR(ReadStoredEnvelope(wire.mgo_doc_id(), event));
  STREAMER_RETURN_IF_ERROR(ReadUpdateDescription(wire.update_desc(), event));
  return event;
}

SourceMessage DecodePullerEvent(const wire::PullerEvent& wire, WallTime now) {
  SourceMessage message;
  message.progress = wire.progress();
  if (wire.has_gap()) {
    message.gap = DecodeGap(wire.gap());
  }
  if (!wire.has_change_event()) return message;
  const wire::ChangeEvent& change = wire.change_event();
  Result<SourceEvent> event = DecodeChangeEvent(change, now);
  message.event =
      event.ok() ? *std::move(event) : Unreadable(change, event.status());
  message.event->upstream_marker = message.progress;
  return message;
}

}  // namespace streamer
