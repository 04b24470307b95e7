#include "store/event_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>

#include "store/event_log_contract.h"

namespace streamer {

const Instant kNow{MonotonicTime(std::chrono::seconds(5)),
                   FromUnixMillis(1234)};

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
  log_->Release(At(1));
  EXPECT_EQ(log_->first(), At(2));
  log_->Release(At(4));
  EXPECT_EQ(log_->first(), At(3));
  EXPECT_EQ(Read(2), (Ids{"c", "d"}));
  Append({"e"});
  EXPECT_EQ(log_->first(), At(4));
  EXPECT_EQ(log_->head(), At(5));
}

TEST_P(EventLogContract, APositionThatWasDroppedIsOutOfRange) {
  Open(1);
  Append({"a", "b", "c"});
  log_->Release(At(3));
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
  log_->Release(At(2));
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
  EXPECT_EQ(log_->first(), At(2));
  log_->Release(At(0));
  log_->Release({epoch_ + 1, 2});
  EXPECT_EQ(log_->first(), At(2));
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
