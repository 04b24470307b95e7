#include "store/rocksdb_event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/event_log_contract.h"
#include "store/fault_file_system.h"
#include "store/temporary_folder.h"

namespace streamer {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Ids = std::vector<std::string>;

constexpr Instant kNow{MonotonicTime(seconds(100)), WallTime(seconds(5000))};

// A log that keeps its folder for as long as it lives.
class LogInFolder final : public EventLog {
 public:
  explicit LogInFolder(RocksDbEventLogOptions options) {
    options.path = folder_ / "log";
    // Before the time of the contract.
    log_ = RocksDbEventLog::Open(options, Instant()).value();
  }
  Result<Position> Append(std::vector<SourceEvent> events,
                          Instant now) override {
    return log_->Append(std::move(events), now);
  }
  Status RecordMarker(std::string_view backend,
                      std::string_view marker) override {
    return log_->RecordMarker(backend, marker);
  }
  UpstreamMarkers markers() const override { return log_->markers(); }
  Status Read(Position after, std::size_t limit,
              std::vector<LogEntry>& entries) const override {
    return log_->Read(after, limit, entries);
  }
  Status ReadFingerprints(
      Position after, std::size_t limit,
      std::vector<LoggedFingerprint>& fingerprints) const override {
    return log_->ReadFingerprints(after, limit, fingerprints);
  }
  Result<Position> FindEarlier(Position position, Duration age) const override {
    return log_->FindEarlier(position, age);
  }
  LogHistory history() const override { return log_->history(); }
  Position first() const override { return log_->first(); }
  Position head() const override { return log_->head(); }
  void Release(Position position) override { log_->Release(position); }
  Status Trim(Instant now) override { return log_->Trim(now); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<RocksDbEventLog> log_;
};

RocksDbEventLogOptions ContractOptions(std::size_t retained_events) {
  RocksDbEventLogOptions options;
  options.identity = "contract";
  options.sync = LogSync::kNone;
  options.retention = {.events = retained_events, .age = minutes(1)};
  options.segment.events = 1;
  return options;
}

std::unique_ptr<EventLog> MakeLog(std::size_t retained_events) {
  return std::make_unique<LogInFolder>(ContractOptions(retained_events));
}

// Nothing is read but what the database gives back, and each write is synced.
std::unique_ptr<EventLog> MakeLogWithoutTail(std::size_t retained_events) {
  RocksDbEventLogOptions options = ContractOptions(retained_events);
  options.tail.events = 0;
  options.sync = LogSync::kBatch;
  return std::make_unique<LogInFolder>(options);
}

INSTANTIATE_TEST_SUITE_P(RocksDbEventLog, EventLogContract,
                         ::testing::Values(MakeLog, MakeLogWithoutTail));

class RocksDbEventLogTest : public ::testing::Test {
 protected:
  RocksDbEventLogTest()
      : disk_(std::make_shared<FaultFileSystem>()),
        env_(rocksdb::NewCompositeEnv(disk_)) {
    options_.env = env_.get();
    options_.path = folder_ / "log";
    options_.identity = "first";
    options_.tail.events = 0;
    options_.segment.events = 1;
  }

  Status TryOpen() {
    log_.reset();
    auto log = RocksDbEventLog::Open(options_, kNow);
    if (!log.ok()) return log.status();
    log_ = std::move(*log);
    return OkStatus();
  }
  void Open() { ASSERT_EQ(TryOpen(), OkStatus()); }
  void Close() {
    ASSERT_EQ(log_->Close(), OkStatus());
    log_.reset();
  }
  // With a to h, each in a table file: enough for a compaction, which waits.
  void OpenWithHeldCompaction() {
    options_.write_buffer_bytes = 1;
    disk_->HoldCompactions();
    Open();
    for (const char* id : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
      Append({id});
    }
    disk_->AwaitHeldCompaction();
  }
  // What was written is still there, and the log is not open.
  void Kill() {
    disk_->CutPower();
    log_.reset();
    disk_->Revive();
  }
  // Only what was synced is still there, and the log is not open.
  void CutPower() {
    disk_->CutPower();
    log_.reset();
    disk_->RestorePower();
  }
  Result<Position> TryAppend(const Ids& ids) {
    std::vector<SourceEvent> events;
    for (const std::string& id : ids) {
      SourceEvent event;
      event.event_id = id;
      event.backend = "b";
      event.document = std::string(document_bytes_, 'x');
      event.upstream_marker = "after " + id;
      events.push_back(std::move(event));
    }
    return log_->Append(std::move(events), kNow);
  }
  Position Append(const Ids& ids) {
    Result<Position> position = TryAppend(ids);
    EXPECT_EQ(position.status(), OkStatus());
    return position.value_or(Position());
  }
  Ids Read(Position after) {
    std::vector<LogEntry> entries;
    EXPECT_EQ(log_->Read(after, 1000, entries), OkStatus());
    Ids ids;
    for (const LogEntry& entry : entries) ids.push_back(entry.event->event_id);
    return ids;
  }
  [[nodiscard]] Position Before() const {
    return log_->history().At(log_->first().offset - 1);
  }
  Ids ReadAll() { return Read(Before()); }

  TemporaryFolder folder_;
  std::shared_ptr<FaultFileSystem> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  RocksDbEventLogOptions options_;
  std::size_t document_bytes_ = 10;
  std::unique_ptr<RocksDbEventLog> log_;
};

TEST_F(RocksDbEventLogTest, AfterACleanCloseTheEpochGoesOn) {
  Open();
  const Position before = Append({"a", "b"});
  const LogHistory history = log_->history();
  Close();
  Open();
  EXPECT_EQ(log_->history(), history);
  EXPECT_EQ(log_->head(), before);
  EXPECT_EQ(Append({"c"}), (Position{before.epoch, 3}));
  EXPECT_EQ(ReadAll(), (Ids{"a", "b", "c"}));
  EXPECT_EQ(log_->Resolve(before).value(), (ResolvedPosition{before, false}));
}

TEST_F(RocksDbEventLogTest, AfterAKillANewEpochBeginsAtWhatIsThere) {
  Open();
  const Position before = Append({"a", "b"});
  Kill();
  Open();
  EXPECT_EQ(log_->history().epochs(),
            (std::vector<LogEpoch>{{before.epoch, 1}, {before.epoch + 1, 3}}));
  EXPECT_EQ(log_->head(), before);
  EXPECT_EQ(Append({"c"}), (Position{before.epoch + 1, 3}));
  EXPECT_EQ(ReadAll(), (Ids{"a", "b", "c"}));
}

TEST_F(RocksDbEventLogTest, EveryKillBeginsAnEpochEvenWithoutAnEvent) {
  Open();
  Kill();
  Open();
  Kill();
  Open();
  const std::uint32_t epoch = log_->history().epoch();
  EXPECT_EQ(
      log_->history().epochs(),
      (std::vector<LogEpoch>{{epoch - 2, 1}, {epoch - 1, 1}, {epoch, 1}}));
  EXPECT_EQ(Append({"a"}), (Position{epoch, 1}));
}

TEST_F(RocksDbEventLogTest, EventsKeepTheirPositionsThroughEpochs) {
  Open();
  const Position a = Append({"a"});
  Kill();
  Open();
  const Position b = Append({"b"});
  Close();
  Open();
  std::vector<LogEntry> entries;
  ASSERT_EQ(log_->Read(Before(), 10, entries), OkStatus());
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].position, a);
  EXPECT_EQ(entries[1].position, b);
  EXPECT_EQ(entries[1].logged_at.wall, kNow.wall);
}

TEST_F(RocksDbEventLogTest, ALostTailIsCutBackAndNeverReusedInSilence) {
  options_.sync = LogSync::kBatch;
  Open();
  const Position kept = Append({"a", "b"});
  Close();
  options_.sync = LogSync::kNone;
  Open();
  const Position lost = Append({"c", "d"});
  CutPower();
  Open();
  EXPECT_EQ(ReadAll(), (Ids{"a", "b"}));
  EXPECT_EQ(log_->head(), kept);
  EXPECT_EQ(log_->markers().last, "after b");
  EXPECT_EQ(log_->Resolve(lost).value(), (ResolvedPosition{kept, true}));
  EXPECT_EQ(log_->Resolve({lost.epoch, 3}).value(),
            (ResolvedPosition{kept, true}));
  EXPECT_EQ(log_->Resolve(kept).value(), (ResolvedPosition{kept, false}));
  std::vector<LogEntry> entries;
  EXPECT_EQ(log_->Read(lost, 1, entries),
            OutsideOfLog(lost, log_->first(), kept));
  // Other events take the offsets, not the positions.
  Append({"e", "f"});
  EXPECT_EQ(log_->Resolve(lost).value(), (ResolvedPosition{kept, true}));
  EXPECT_EQ(Read(kept), (Ids{"e", "f"}));
}

TEST_F(RocksDbEventLogTest, WhatWasSyncedSurvivesAPowerCut) {
  options_.sync = LogSync::kBatch;
  Open();
  Ids expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back("e" + std::to_string(i));
    Append({expected.back()});
    CutPower();
    Open();
    ASSERT_EQ(ReadAll(), expected);
  }
  EXPECT_EQ(log_->history().epochs().size(), 21u);
}

// The system had written what a killed process had not synced. A power cut
// right after the next open must not take it back.
TEST_F(RocksDbEventLogTest, WhatAnOpenFoundIsNotLostToThePowerCutAfterIt) {
  options_.sync = LogSync::kNone;
  Open();
  const Position last = Append({"a", "b"});
  Kill();
  Open();
  ASSERT_EQ(ReadAll(), (Ids{"a", "b"}));
  CutPower();
  Open();
  EXPECT_EQ(ReadAll(), (Ids{"a", "b"}));
  EXPECT_EQ(log_->Resolve(last).value(), (ResolvedPosition{last, false}));
}

// The files that a trim removes are gone at once.
TEST_F(RocksDbEventLogTest, APowerCutRightAfterATrimIsGotOver) {
  options_.sync = LogSync::kNone;
  options_.retention.events = 4;
  options_.write_buffer_bytes = 1;
  for (int round = 0; round < 3; ++round) {
    Open();
    for (int i = 0; i < 12; ++i) Append({std::to_string(i)});
    log_->Release(log_->head());
    ASSERT_EQ(log_->Trim(kNow), OkStatus());
    CutPower();
    ASSERT_EQ(TryOpen(), OkStatus()) << "in round " << round;
    Close();
  }
}

TEST_F(RocksDbEventLogTest, ALogMadeAnewRefusesThePositionsOfTheOldOne) {
  Open();
  const Position old = Append({"a", "b"});
  log_.reset();
  std::filesystem::remove_all(options_.path);
  options_.identity = "second";
  Open();
  Append({"x", "y", "z"});
  const std::string epoch = std::to_string(log_->history().epoch());
  EXPECT_EQ(
      log_->Resolve(old).status(),
      OutOfRange("log: expected a position of one of its epochs, " + epoch +
                 " to " + epoch + ", got " + FormatProgress(old)));
  EXPECT_EQ(log_->history().CheckContinues(LogHistory("first", {{1, 1}})),
            FailedPrecondition("state: expected that of log \"second\", got "
                               "that of log \"first\""));
}

TEST_F(RocksDbEventLogTest, TheIdentityIsTheOneGivenWhenTheLogWasMade) {
  Open();
  Close();
  options_.identity = "another";
  Open();
  EXPECT_EQ(log_->history().identity(), "first");
}

TEST_F(RocksDbEventLogTest, MarkersAndFingerprintsSurviveAKill) {
  Open();
  Append({"a", "b"});
  ASSERT_EQ(log_->RecordMarker("c", "m"), OkStatus());
  std::vector<LoggedFingerprint> before;
  ASSERT_EQ(log_->ReadFingerprints(Before(), 10, before), OkStatus());
  Kill();
  Open();
  EXPECT_EQ(log_->markers().last, "m");
  EXPECT_EQ(log_->markers().by_backend,
            (TextMap<std::string>{{"b", "after b"}, {"c", "m"}}));
  std::vector<LoggedFingerprint> after;
  ASSERT_EQ(log_->ReadFingerprints(Before(), 10, after), OkStatus());
  ASSERT_EQ(after.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(after[i].position, before[i].position);
    EXPECT_EQ(after[i].fingerprint, before[i].fingerprint);
    EXPECT_EQ(after[i].logged_at, kNow.wall);
  }
}

// Recorded alone they have a record of their own, which must not outlive the
// next append; and that one may bring none.
TEST_F(RocksDbEventLogTest, TheNewestMarkersAreFoundWhereverTheyAre) {
  Open();
  Append({"a"});
  ASSERT_EQ(log_->RecordMarker("c", "m"), OkStatus());
  SourceEvent unmarked;
  unmarked.event_id = "u";
  ASSERT_EQ(log_->Append({unmarked}, kNow).status(), OkStatus());
  Kill();
  Open();
  EXPECT_EQ(log_->markers().last, "m");
  EXPECT_EQ(log_->markers().by_backend,
            (TextMap<std::string>{{"b", "after a"}, {"c", "m"}}));
  Append({"d"});
  Kill();
  Open();
  EXPECT_EQ(log_->markers().last, "after d");
  EXPECT_EQ(log_->markers().by_backend,
            (TextMap<std::string>{{"b", "after d"}, {"c", "m"}}));
}

TEST_F(RocksDbEventLogTest, WhatWasDroppedStaysDroppedAndTheHeadStays) {
  options_.retention.events = 1;
  Open();
  Append({"a", "b", "c"});
  log_->Release(log_->head());
  ASSERT_EQ(log_->Trim(kNow), OkStatus());
  EXPECT_EQ(ReadAll(), Ids{"c"});
  Close();
  Open();
  EXPECT_EQ(log_->first().offset, 3u);
  EXPECT_EQ(ReadAll(), Ids{"c"});
  options_.retention.events = 0;
  Close();
  Open();
  ASSERT_EQ(log_->Trim(kNow), OkStatus());
  EXPECT_EQ(log_->first().offset, 3u);  // nobody has released it again
  log_->Release(log_->head());
  ASSERT_EQ(log_->Trim(kNow), OkStatus());
  Kill();
  Open();
  EXPECT_EQ(log_->first().offset, 4u);
  EXPECT_EQ(log_->head().offset, 3u);
  EXPECT_EQ(log_->markers().last, "after c");
  EXPECT_EQ(Append({"d"}).offset, 4u);
  EXPECT_EQ(ReadAll(), Ids{"d"});
}

TEST_F(RocksDbEventLogTest, RetentionByBytesKeepsWhatItPromises) {
  document_bytes_ = 1000;
  options_.retention.bytes = 2500;
  Open();
  Append({"a", "b", "c", "d", "e"});
  log_->Release(log_->head());
  ASSERT_EQ(log_->Trim(kNow), OkStatus());
  EXPECT_EQ(ReadAll(), (Ids{"c", "d", "e"}));
}

TEST_F(RocksDbEventLogTest, RetentionByAgeCountsFromOneLifeToTheNext) {
  options_.retention.age = minutes(10);
  Open();
  Append({"a"});
  Close();
  // A process, and a machine, that started a minute ago.
  const Instant restart{MonotonicTime(seconds(60)), kNow.wall + minutes(9)};
  log_ = RocksDbEventLog::Open(options_, restart).value();
  log_->Release(log_->head());
  ASSERT_EQ(log_->Trim(restart), OkStatus());
  EXPECT_EQ(ReadAll(), Ids{"a"});
  ASSERT_EQ(log_->Trim(restart.After(minutes(2))), OkStatus());
  EXPECT_EQ(ReadAll(), Ids());
}

std::uintmax_t SizeOf(const std::string& folder) {
  std::uintmax_t size = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".sst") size += file.file_size();
  }
  return size;
}

TEST_F(RocksDbEventLogTest, WhatIsDroppedGivesItsSpaceBack) {
  options_.sync = LogSync::kNone;
  options_.write_buffer_bytes = 64u << 10;
  options_.retention.events = 0;
  Open();
  std::uint32_t random = 1;
  for (int i = 0; i < 200; ++i) {
    std::vector<SourceEvent> events(10);
    for (SourceEvent& event : events) {
      for (int n = 0; n < 1000; ++n) {
        event.document.push_back(static_cast<char>(
            (random = random * 1664525u + 1013904223u) >> 24));
      }
    }
    ASSERT_TRUE(log_->Append(std::move(events), kNow).ok());
  }
  Close();
  ASSERT_GT(SizeOf(options_.path), 1'900'000u);
  Open();
  log_->Release(log_->head());
  ASSERT_EQ(log_->Trim(kNow), OkStatus());
  Close();
  Open();
  // A file that is being moved down meanwhile stays until it is moved again.
  EXPECT_LT(SizeOf(options_.path), 1'000'000u);
}

TEST_F(RocksDbEventLogTest, AReaderOvertakenByRetentionIsToldTheRange) {
  options_.retention.events = 1;
  Open();
  const Position a = Append({"a"});
  const Position d = Append({"b", "c", "d"});
  log_->Release(d);
  ASSERT_EQ(log_->Trim(kNow), OkStatus());
  std::vector<LogEntry> entries;
  EXPECT_EQ(log_->Read(a, 10, entries),
            OutsideOfLog(a, log_->first(), log_->head()));
  std::vector<LoggedFingerprint> fingerprints;
  EXPECT_EQ(log_->ReadFingerprints(a, 10, fingerprints),
            OutsideOfLog(a, log_->first(), log_->head()));
  EXPECT_EQ(log_->Resolve(a).status(),
            OutsideOfLog(a, log_->first(), log_->head()));
}

TEST_F(RocksDbEventLogTest, ASecondOpenOfAnOpenLogIsRefused) {
  Open();
  Append({"a"});
  auto second = RocksDbEventLog::Open(options_, kNow);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(second.status())),
              HasSubstr(options_.path + "/LOCK"));
  EXPECT_EQ(ReadAll(), Ids{"a"});
}

TEST_F(RocksDbEventLogTest, AFolderWithOtherFilesIsNotMadeALog) {
  std::filesystem::create_directory(options_.path);
  std::ofstream(options_.path + "/notes.txt") << "mine";
  EXPECT_EQ(TryOpen(),
            DataLoss("log " + options_.path +
                     ": expected an empty folder or one with a file " +
                     options_.path + "/CURRENT, got one with other files"));
}

TEST_F(RocksDbEventLogTest, AnEmptyFolderBecomesALog) {
  std::filesystem::create_directory(options_.path);
  Open();
  EXPECT_EQ(log_->head().offset, 0u);
}

TEST_F(RocksDbEventLogTest, AFolderThatCannotBeMadeIsNoDamage) {
  options_.path = folder_ / "missing/log";
  const Status status = TryOpen();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(status)),
              HasSubstr("log " + options_.path +
                        ".creating: expected to make it, got IO error: No "
                        "such file or directory"));
}

TEST_F(RocksDbEventLogTest, ALogThatWasHalfMadeIsMadeAgain) {
  Open();
  Append({"a"});
  Close();
  std::filesystem::rename(options_.path, options_.path + ".creating");
  Open();
  EXPECT_EQ(ReadAll(), Ids());
}

TEST_F(RocksDbEventLogTest, AMissingFileIsNamed) {
  Open();
  Append({"a"});
  Close();
  for (const char* name : {"CURRENT", "MARK"}) {
    CopyFolder(options_.path, folder_ / "kept");
    std::filesystem::remove(options_.path + "/" + name);
    Status status = TryOpen();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(MessageOf(status)),
                HasSubstr(options_.path + "/" + name));
    CopyFolder(folder_ / "kept", options_.path);
  }
}

TEST_F(RocksDbEventLogTest, AFullDiskLeavesTheLogAsItWasUntilThereIsSpace) {
  for (LogSync sync : {LogSync::kNone, LogSync::kBatch}) {
    options_.sync = sync;
    Open();
    Ids expected = ReadAll();
    const Position before = log_->head();
    // Everywhere a batch can be torn.
    for (std::uint64_t room : {0, 5, 30, 150}) {
      disk_->SetRoom(room);
      Result<Position> refused = TryAppend({"x", "y", "z"});
      ASSERT_EQ(refused.status().code(), absl::StatusCode::kUnavailable)
          << room << " " << refused.status();
      EXPECT_THAT(std::string(MessageOf(refused.status())),
                  HasSubstr("disk full"));
      EXPECT_EQ(log_->RecordMarker("b", "lost").code(),
                absl::StatusCode::kUnavailable);
      EXPECT_EQ(ReadAll(), expected);
      disk_->SetRoom(100'000'000);
      expected.push_back("r" + std::to_string(expected.size()));
      EXPECT_EQ(Append({expected.back()}).offset, expected.size());
      EXPECT_EQ(log_->markers().last, "after " + expected.back());
    }
    EXPECT_EQ(log_->history().At(before.offset), before);
    // And what was appended after the torn batches is there after a kill.
    Kill();
    Open();
    EXPECT_EQ(ReadAll(), expected);
    Close();
  }
}

TEST_F(RocksDbEventLogTest, ACompactionThatFailsLateDoesNotSpoilAResumption) {
  OpenWithHeldCompaction();
  Ids expected = ReadAll();
  disk_->SetRoom(0);
  EXPECT_EQ(TryAppend({"x"}).status().code(), absl::StatusCode::kUnavailable);
  disk_->SetRoom(100'000'000);
  // It fails when the log has found that there is room again.
  Append({"i"});
  expected.push_back("i");
  EXPECT_EQ(ReadAll(), expected);
  Close();
}

TEST_F(RocksDbEventLogTest, ACompactionThatFindsNoSpaceStopsNobody) {
  OpenWithHeldCompaction();
  Ids expected = ReadAll();
  disk_->FailHeldCompaction();
  while (expected.size() < 50) {
    expected.push_back("r" + std::to_string(expected.size()));
    Append({expected.back()});
  }
  EXPECT_EQ(ReadAll(), expected);
  Close();
}

TEST_F(RocksDbEventLogTest, AfterAFailedSyncNothingIsAppendedUntilItIsOpened) {
  Open();
  Append({"a"});
  disk_->SetSyncFails(true);
  EXPECT_EQ(TryAppend({"b"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(TryAppend({"b"}).status().code(), absl::StatusCode::kUnavailable);
  disk_->SetSyncFails(false);
  EXPECT_EQ(TryAppend({"b"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReadAll(), Ids{"a"});
  CutPower();
  Open();
  EXPECT_EQ(ReadAll(), Ids{"a"});
  EXPECT_EQ(log_->history().epochs().size(), 2u);
  EXPECT_EQ(Append({"c"}).offset, 2u);
}

// RocksDB aborts the process when it cannot write to its own one for want of
// space, but only after seconds; tests/py/chaos/test_full_disk.py waits for it.
TEST_F(RocksDbEventLogTest, NothingIsWrittenForPeopleBesideTheLog) {
  Open();
  Append({"a"});
  Close();
  EXPECT_FALSE(std::filesystem::exists(options_.path + "/LOG"));
}

TEST_F(RocksDbEventLogTest, AFullDiskWhileClosingLosesNothing) {
  Open();
  Append({"a"});
  disk_->SetRoom(0);
  EXPECT_EQ(log_->Close().code(), absl::StatusCode::kUnavailable);
  disk_->SetRoom(100'000'000);
  Open();
  EXPECT_EQ(ReadAll(), Ids{"a"});
  EXPECT_EQ(log_->history().epochs().size(), 2u);
}

}  // namespace
}  // namespace streamer
