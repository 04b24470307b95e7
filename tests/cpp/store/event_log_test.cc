#include "store/event_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>

#include "store/event_log_contract.h"

namespace streamer {

using std::chrono::minutes;
using std::chrono::seconds;

const Instant kNow{MonotonicTime(seconds(5)), FromUnixMillis(1234)};

std::vector<SourceEvent> EventLogContract::Events(
    std::vector<std::string> ids) {
  std::vector<SourceEvent> events;
  for (std::string& id : ids) {
    SourceEvent event;
    event.tenant = "t";
    event.collection = "c";
    event.document_id = std::move(id);
    events.push_back(std::move(event));
  }
  return events;
}

Position EventLogContract::Append(std::vector<std::string> ids) {
  Result<Position> position = log_->Append(Events(std::move(ids)), kNow);
  EXPECT_TRUE(position.ok()) << position.status();
  return position.value_or(Position{});
}

std::vector<std::string> EventLogContract::Read(std::uint64_t after,
                                                std::size_t limit) {
  std::vector<LogEntry> entries;
  EXPECT_EQ(log_->Read(At(after), limit, entries), OkStatus());
  std::vector<std::string> ids;
  for (const LogEntry& entry : entries) {
    EXPECT_EQ(entry.position, At(after + 1 + ids.size()));
    ids.push_back(entry.event->document_id);
  }
  return ids;
}

Status EventLogContract::ReadStatus(Position after) const {
  std::vector<LogEntry> entries;
  Status status = log_->Read(after, 10, entries);
  EXPECT_TRUE(status.ok() || entries.empty());
  return status;
}

void EventLogContract::ReleaseAndTrim(std::uint64_t offset) {
  log_->Release(At(offset));
  EXPECT_EQ(log_->Trim(kNow), OkStatus());
}

using Ids = std::vector<std::string>;

TEST_P(EventLogContract, AnEmptyLogHasItsHeadAtZero) {
  EXPECT_EQ(log_->head(), At(0));
  EXPECT_EQ(log_->first(), At(1));
  EXPECT_EQ(Read(0), Ids());
}

TEST_P(EventLogContract, OffsetsAreDenseFromOne) {
  EXPECT_EQ(Append({"a", "b"}), At(2));
  EXPECT_EQ(Append({"c"}), At(3));
  EXPECT_EQ(log_->first(), At(1));
  EXPECT_EQ(log_->head(), At(3));
}

TEST_P(EventLogContract, AnEmptyBatchReturnsTheHead) {
  EXPECT_EQ(Append({}), At(0));
  EXPECT_EQ(Append({"a"}), At(1));
  EXPECT_EQ(Append({}), At(1));
}

TEST_P(EventLogContract, ReadGivesWhatFollowsInOrderUpToTheLimit) {
  Append({"a", "b", "c", "d"});
  EXPECT_EQ(Read(0), (Ids{"a", "b", "c", "d"}));
  EXPECT_EQ(Read(1, 2), (Ids{"b", "c"}));
  EXPECT_EQ(Read(3), Ids{"d"});
  EXPECT_EQ(Read(4), Ids());
  EXPECT_EQ(Read(0, 0), Ids());
}

TEST_P(EventLogContract, ReadAppendsToWhatTheCallerHas) {
  Append({"a", "b"});
  std::vector<LogEntry> entries;
  EXPECT_EQ(log_->Read(At(0), 1, entries), OkStatus());
  EXPECT_EQ(log_->Read(At(1), 1, entries), OkStatus());
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].event->document_id, "b");
}

TEST_P(EventLogContract, AnEntryKnowsWhenItWasLogged) {
  Append({"a"});
  std::vector<LogEntry> entries;
  ASSERT_EQ(log_->Read(At(0), 1, entries), OkStatus());
  EXPECT_EQ(entries[0].logged_at.monotonic, kNow.monotonic);
  EXPECT_EQ(entries[0].logged_at.wall, kNow.wall);
}

TEST_P(EventLogContract, APositionPastTheHeadIsOutOfRange) {
  Append({"a"});
  EXPECT_EQ(ReadStatus(At(2)),
            OutOfRange("log: expected a position from " +
                       FormatProgress(At(0)) + " to " + FormatProgress(At(1)) +
                       ", got " + FormatProgress(At(2))));
}

TEST_P(EventLogContract, APositionOfAnotherEpochIsOutOfRange) {
  Append({"a"});
  for (std::uint32_t epoch : {epoch_ - 1, epoch_ + 1}) {
    EXPECT_EQ(ReadStatus({epoch, 0}).code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(ReadStatus({epoch, 1}).code(), absl::StatusCode::kOutOfRange);
  }
}

TEST_P(EventLogContract, RetentionDropsReleasedEventsOnly) {
  Open(2);
  Append({"a", "b", "c", "d"});
  EXPECT_EQ(Read(0), (Ids{"a", "b", "c", "d"}));
  ReleaseAndTrim(1);
  EXPECT_EQ(log_->first(), At(2));
  ReleaseAndTrim(4);
  EXPECT_EQ(log_->first(), At(3));
  EXPECT_EQ(Read(2), (Ids{"c", "d"}));
  Append({"e"});
  ReleaseAndTrim(4);
  EXPECT_EQ(log_->first(), At(4));
  EXPECT_EQ(log_->head(), At(5));
}

TEST_P(EventLogContract, APositionThatWasDroppedIsOutOfRange) {
  Open(1);
  Append({"a", "b", "c"});
  ReleaseAndTrim(3);
  EXPECT_EQ(log_->first(), At(3));
  EXPECT_EQ(ReadStatus(At(1)),
            OutOfRange("log: expected a position from " +
                       FormatProgress(At(2)) + " to " + FormatProgress(At(3)) +
                       ", got " + FormatProgress(At(1))));
  EXPECT_EQ(Read(2), Ids{"c"});
}

TEST_P(EventLogContract, ALogThatDroppedEverythingKeepsItsHead) {
  Open(0);
  Append({"a", "b"});
  ReleaseAndTrim(2);
  EXPECT_EQ(log_->head(), At(2));
  EXPECT_EQ(log_->first(), At(3));
  EXPECT_EQ(Read(2), Ids());
  EXPECT_EQ(ReadStatus(At(1)).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Append({"c"}), At(3));
  EXPECT_EQ(Read(2), Ids{"c"});
}

TEST_P(EventLogContract, ReleaseNeverGoesBackNorPastTheHead) {
  Open(0);
  Append({"a"});
  log_->Release(At(900));
  Append({"b"});
  ReleaseAndTrim(0);
  EXPECT_EQ(log_->first(), At(2));
  log_->Release({epoch_ + 1, 2});
  ReleaseAndTrim(0);
  EXPECT_EQ(log_->first(), At(2));
}

TEST_P(EventLogContract, ReleasedEventsAreDroppedOnceTheyAreTooOld) {
  Append({"a"});
  ASSERT_TRUE(log_->Append(Events({"b"}), kNow.After(seconds(30))).ok());
  log_->Release(At(2));
  ASSERT_EQ(log_->Trim(kNow.After(seconds(60))), OkStatus());
  EXPECT_EQ(log_->first(), At(1));
  ASSERT_EQ(log_->Trim(kNow.After(seconds(61))), OkStatus());
  EXPECT_EQ(log_->first(), At(2));
  ASSERT_EQ(log_->Trim(kNow.After(minutes(5))), OkStatus());
  EXPECT_EQ(log_->first(), At(3));
}

// Somebody sets the clock ahead by a day.
TEST_P(EventLogContract, RetentionByAgeIsNotDisturbedByTheWallClock) {
  Append({"a"});
  log_->Release(At(1));
  Instant later = kNow.After(seconds(1));
  later.wall += std::chrono::hours(24);
  ASSERT_EQ(log_->Trim(later), OkStatus());
  EXPECT_EQ(log_->first(), At(1));
}

TEST_P(EventLogContract, EveryFieldOfAnEventIsReadAsItWasAppended) {
  SourceEvent event;
  event.backend = "backend";
  event.event_id = "id";
  event.tenant = "tenant";
  event.collection = "rooms/1";
  event.document_id = "document";
  event.stored_key = "tenant:hash";
  event.operation = SourceOperation::kReplace;
  event.form = BodyForm::kStored;
  event.document = R"({"n":1})";
  event.before = R"({"n":0})";
  event.is_deleted = true;
  event.was_deleted = true;
  event.version = -3;
  event.cluster_time = ClusterTime{7, 8};
  event.timestamp = FromUnixMillis(-5);
  event.upstream_marker = std::string("m\0n", 3);
  ASSERT_TRUE(log_->Append({event}, kNow).ok());
  std::vector<LogEntry> entries;
  ASSERT_EQ(log_->Read(At(0), 1, entries), OkStatus());
  const SourceEvent& read = *entries.at(0).event;
  EXPECT_EQ(read.backend, event.backend);
  EXPECT_EQ(read.event_id, event.event_id);
  EXPECT_EQ(read.tenant, event.tenant);
  EXPECT_EQ(read.collection, event.collection);
  EXPECT_EQ(read.document_id, event.document_id);
  EXPECT_EQ(read.stored_key, event.stored_key);
  EXPECT_EQ(read.operation, event.operation);
  EXPECT_EQ(read.form, event.form);
  EXPECT_EQ(read.document, event.document);
  EXPECT_EQ(read.before, event.before);
  EXPECT_EQ(read.is_deleted, event.is_deleted);
  EXPECT_EQ(read.was_deleted, event.was_deleted);
  EXPECT_EQ(read.version, event.version);
  EXPECT_EQ(read.cluster_time, event.cluster_time);
  EXPECT_EQ(read.timestamp, event.timestamp);
  EXPECT_EQ(read.upstream_marker, event.upstream_marker);
}

SourceEvent Marked(std::string backend, std::string marker) {
  SourceEvent event;
  event.backend = std::move(backend);
  event.upstream_marker = std::move(marker);
  return event;
}

TEST_P(EventLogContract, MarkersAreTheLastOfEachBackendAndOfAll) {
  EXPECT_EQ(log_->markers().last, "");
  std::vector<SourceEvent> events;
  events.push_back(Marked("b1", "m1"));
  events.push_back(Marked("b2", "m2"));
  events.push_back(Marked("b1", "m3"));
  events.push_back(Marked("b2", ""));
  ASSERT_TRUE(log_->Append(std::move(events), kNow).ok());
  UpstreamMarkers markers = log_->markers();
  EXPECT_EQ(markers.last, "m3");
  EXPECT_EQ(markers.by_backend,
            (TextMap<std::string>{{"b1", "m3"}, {"b2", "m2"}}));
}

TEST_P(EventLogContract, AMarkerWithoutAnEventIsRecordedAndMakesNoPosition) {
  ASSERT_TRUE(log_->Append({Marked("b1", "m1")}, kNow).ok());
  EXPECT_EQ(log_->RecordMarker("b1", "m2"), OkStatus());
  EXPECT_EQ(log_->RecordMarker("", "m3"), OkStatus());
  EXPECT_EQ(log_->RecordMarker("b1", ""), OkStatus());
  EXPECT_EQ(log_->head(), At(1));
  EXPECT_EQ(log_->markers().last, "m3");
  EXPECT_EQ(log_->markers().by_backend,
            (TextMap<std::string>{{"b1", "m2"}, {"", "m3"}}));
}

TEST_P(EventLogContract, FingerprintsAreThoseOfTheEvents) {
  std::vector<SourceEvent> events = Events({"a", "b", "c"});
  events[0].event_id = "e1";
  events[2].event_id = "e3";
  std::string scratch;
  std::vector<EventFingerprint> expected;
  expected.reserve(events.size());
  for (const SourceEvent& event : events) {
    expected.push_back(FingerprintOf(event, scratch));
  }
  ASSERT_TRUE(log_->Append(std::move(events), kNow).ok());
  Append({"d"});
  std::vector<LoggedFingerprint> read;
  ASSERT_EQ(log_->ReadFingerprints(At(0), 3, read), OkStatus());
  ASSERT_EQ(read.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read[i].position, At(i + 1));
    EXPECT_EQ(read[i].fingerprint, expected[i]);
  }
  read.clear();
  ASSERT_EQ(log_->ReadFingerprints(At(2), 1, read), OkStatus());
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].fingerprint, expected[2]);
  EXPECT_EQ(log_->ReadFingerprints(At(5), 1, read),
            OutsideOfLog(At(5), At(1), At(4)));
}

TEST_P(EventLogContract, FindEarlierReachesBackByAgeFromAPosition) {
  for (int second : {0, 100, 100, 200, 300}) {
    ASSERT_TRUE(
        log_->Append(Events({"x", "y"}), kNow.After(seconds(second))).ok());
  }
  // Logged at 0: 1, 2; at 100: 3 to 6; at 200: 7, 8; at 300: 9, 10.
  EXPECT_EQ(log_->FindEarlier(At(10), seconds(0)).value(), At(8));
  EXPECT_EQ(log_->FindEarlier(At(10), seconds(99)).value(), At(8));
  EXPECT_EQ(log_->FindEarlier(At(10), seconds(100)).value(), At(6));
  EXPECT_EQ(log_->FindEarlier(At(10), seconds(200)).value(), At(2));
  EXPECT_EQ(log_->FindEarlier(At(8), seconds(100)).value(), At(2));
  EXPECT_EQ(log_->FindEarlier(At(7), seconds(99)).value(), At(6));
  EXPECT_EQ(log_->FindEarlier(At(10), seconds(300)).value(), At(0));
  EXPECT_EQ(log_->FindEarlier(At(10), Duration::max()).value(), At(0));
  EXPECT_EQ(log_->FindEarlier(At(0), seconds(1)).value(), At(0));
  EXPECT_EQ(log_->FindEarlier(At(11), seconds(1)).status(),
            OutsideOfLog(At(11), At(1), At(10)));
}

TEST_P(EventLogContract, FindEarlierStopsAtTheFirstEventHeld) {
  Open(1);
  Append({"a", "b", "c"});
  ReleaseAndTrim(3);
  EXPECT_EQ(log_->FindEarlier(At(3), seconds(9)).value(), At(2));
  EXPECT_EQ(log_->FindEarlier(At(2), seconds(9)).value(), At(2));
}

TEST_P(EventLogContract, ResolveKeepsWhatTheLogReachesAndRefusesTheRest) {
  Open(1);
  Append({"a", "b", "c"});
  ReleaseAndTrim(3);
  EXPECT_EQ(log_->Resolve(At(2)).value(), (ResolvedPosition{At(2), false}));
  EXPECT_EQ(log_->Resolve(At(3)).value(), (ResolvedPosition{At(3), false}));
  EXPECT_EQ(log_->Resolve(At(1)).status(), OutsideOfLog(At(1), At(3), At(3)));
  EXPECT_EQ(log_->Resolve(At(4)).status(), OutsideOfLog(At(4), At(3), At(3)));
  const std::string epoch = std::to_string(epoch_);
  EXPECT_EQ(
      log_->Resolve({epoch_ + 1, 3}).status(),
      OutOfRange("log: expected a position of one of its epochs, " + epoch +
                 " to " + epoch + ", got " + FormatProgress({epoch_ + 1, 3})));
}

// Two writers and a reader at once. Each writer's events carry its name and a
// counter; a batch is two events. If positions were given twice, left out or
// out of order, the reader, which checks that positions are dense (Read) and
// that each writer's counters are, would see it; were batches not all or
// nothing in one place, a pair would be torn apart.
TEST_P(EventLogContract, ConcurrentAppendsAreReadDenselyAndWhole) {
  constexpr int kBatches = 2000;
  auto write = [this](const std::string& name) {
    for (int i = 0; i < kBatches; ++i) {
      std::string id = name + std::to_string(i);
      EXPECT_TRUE(log_->Append(Events({id + "x", id + "y"}), kNow).ok());
    }
  };
  std::thread first(write, "a");
  std::thread second(write, "b");
  Ids seen;
  while (seen.size() < std::size_t{4} * kBatches) {
    for (std::string& id : Read(seen.size(), 64)) {
      seen.push_back(std::move(id));
    }
  }
  first.join();
  second.join();
  int next[2] = {0, 0};
  for (std::size_t i = 0; i < seen.size(); i += 2) {
    int& counter = next[seen[i].front() == 'a' ? 0 : 1];
    std::string id = seen[i].substr(0, 1) + std::to_string(counter++);
    ASSERT_EQ(seen[i], id + "x");
    ASSERT_EQ(seen[i + 1], id + "y");
  }
}

}  // namespace streamer
