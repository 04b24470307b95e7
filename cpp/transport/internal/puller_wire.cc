#include "transport/internal/puller_wire.h"

#include <chrono>
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
    message.gap = SourceGap{.backend = wire.gap().backend(),
                            .from = wire.gap().from(),
                            .to = wire.gap().to(),
                            .reason = wire.gap().reason()};
  }
  if (!wire.has_change_event()) return message;
  const wire::ChangeEvent& change = wire.change_event();
  Result<SourceEvent> event = DecodeChangeEvent(change, now);
  if (event.ok()) {
    event->upstream_marker = message.progress;
    message.event = *std::move(event);
  } else {
    StoredPlace place = FindStoredPlace(change.tenant(), change.mgo_doc_id(),
                                        change.full_doc(), change.before_doc());
    message.malformed =
        MalformedSourceEvent{.backend = change.backend(),
                             .event_id = change.event_id(),
                             .tenant = std::move(place.tenant),
                             .collection = std::move(place.collection),
                             .reason = std::string(MessageOf(event.status()))};
  }
  return message;
}

}  // namespace streamer
