// Events for the tests of puller/: short to write, short to read in a failure.
#ifndef STREAMER_TESTS_PULLER_PULLER_EVENTS_H_
#define STREAMER_TESTS_PULLER_PULLER_EVENTS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "event/change_event.h"
#include "store/event_log.h"

namespace streamer {

inline MonotonicTime At(Duration since_start) {
  return MonotonicTime(since_start + std::chrono::hours(1));
}

inline Instant InstantAt(Duration since_start) {
  return {At(since_start), FromUnixMillis(1'700'000'000'000)};
}

// A change of document `id`, whose body has `n`.
inline SourceEvent Change(SourceOperation operation, const std::string& id,
                          int n, const std::string& event_id = "") {
  SourceEvent event;
  event.backend = "b";
  event.event_id = event_id;
  event.tenant = "t";
  event.collection = "c";
  event.document_id = id;
  event.operation = operation;
  if (operation != SourceOperation::kDelete) {
    event.document = R"({"n":)" + std::to_string(n) + "}";
  }
  event.timestamp = FromUnixMillis(1'700'000'000'000 + n);
  return event;
}

inline SourceEvent Insert(const std::string& id, int n) {
  return Change(SourceOperation::kInsert, id, n);
}
inline SourceEvent Update(const std::string& id, int n) {
  return Change(SourceOperation::kUpdate, id, n);
}
inline SourceEvent Delete(const std::string& id) {
  return Change(SourceOperation::kDelete, id, 0);
}

// "insert a {"n":1}", with what else there is.
inline std::string Describe(const SourceEvent& event) {
  std::string text(NameOf(event.operation));
  text += " " + event.document_id;
  if (!event.document.empty()) text += " " + event.document;
  if (!event.before.empty()) text += " before " + event.before;
  if (event.is_deleted) text += " deleted";
  if (event.was_deleted) text += " was deleted";
  return text;
}

inline Position AppendTo(EventLog& log, std::vector<SourceEvent> events,
                         Instant now = InstantAt(Duration(0))) {
  const Result<Position> position = log.Append(std::move(events), now);
  EXPECT_TRUE(position.ok()) << position.status();
  return position.value_or(Position{});
}

}  // namespace streamer

#endif  // STREAMER_TESTS_PULLER_PULLER_EVENTS_H_
