#include "runtime/recollection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using support::MakeEvent;

Instant At(Duration since_start) {
  return Instant{MonotonicTime(), WallTime()}.After(since_start);
}

SourceEvent Deletion(std::int64_t number) {
  SourceEvent event = MakeEvent(number, "c");
  event.operation = SourceOperation::kDelete;
  event.document.clear();
  return event;
}

// A log, and a sequencer that begins at its head after a restart.
class RecollectionTest : public ::testing::Test {
 protected:
  static constexpr Duration kWindow = seconds(180);

  void Append(SourceEvent event, Duration at) {
    log_.Append({std::move(event)}, At(at)).value();
  }

  Sequencer Restart(Duration at) {
    const Recollection past = Recollect(log_, log_.head(), options_).value();
    Sequencer sequencer(options_, 1, past.start);
    Remember(past, At(at).monotonic, sequencer);
    return sequencer;
  }

  // Takes one more event, and tells how many duplicates were seen then.
  std::uint64_t CountDuplicates(Sequencer& sequencer, SourceEvent event,
                                Duration at) {
    SequencerOutput output(1);
    Append(std::move(event), at);
    std::vector<LogEntry> entries;
    EXPECT_TRUE(log_.Read(sequencer.position(), 1, entries).ok());
    sequencer.Accept(entries.at(0), At(at), output);
    return sequencer.statistics().duplicate_events;
  }

  MemoryEventLog log_;
  CoreOptions options_{.duplicates = {.age = kWindow}};
};

TEST_F(RecollectionTest, AnEmptyLogIsNothing) {
  const Recollection past = Recollect(log_, log_.head(), options_).value();
  EXPECT_EQ(past.start, log_.head());
  EXPECT_TRUE(past.fingerprints.empty());
  EXPECT_TRUE(past.entries.empty());
}

TEST_F(RecollectionTest, WhatIsSentAgainAfterARestartIsADuplicate) {
  for (int i = 1; i <= 9; ++i) Append(MakeEvent(i, "c"), seconds(i));
  Sequencer sequencer = Restart(seconds(10));
  EXPECT_EQ(sequencer.position().offset, 9u);
  EXPECT_EQ(CountDuplicates(sequencer, MakeEvent(9, "c"), seconds(11)), 1u);
  EXPECT_EQ(CountDuplicates(sequencer, MakeEvent(1, "c"), seconds(11)), 2u);
  EXPECT_EQ(CountDuplicates(sequencer, MakeEvent(10, "c"), seconds(11)), 2u);
}

// The source goes on at its last marker, not at the time of the restart.
TEST_F(RecollectionTest, TheWindowReachesItsLengthBackFromTheNewestEvent) {
  Append(MakeEvent(1, "c"), seconds(0));
  Append(MakeEvent(2, "c"), seconds(30));
  Append(MakeEvent(3, "c"), seconds(200));
  // Read whole are the last two only.
  options_.normalizer = {.remembered_deletes = 2, .remembered_documents = 2};
  Sequencer sequencer = Restart(hours(10));
  EXPECT_EQ(CountDuplicates(sequencer, MakeEvent(1, "c"), hours(10)), 0u);
  EXPECT_EQ(CountDuplicates(sequencer, MakeEvent(2, "c"), hours(10)), 1u);
}

TEST_F(RecollectionTest, WhatIsRememberedGrowsOldAsIfItHadBeenSeenThen) {
  Append(MakeEvent(1, "c"), seconds(0));
  Append(MakeEvent(2, "c"), seconds(100));
  Sequencer sequencer = Restart(hours(1));
  EXPECT_EQ(
      CountDuplicates(sequencer, MakeEvent(1, "c"), hours(1) + seconds(80)),
      1u);
  EXPECT_EQ(
      CountDuplicates(sequencer, MakeEvent(1, "c"), hours(1) + seconds(81)),
      1u);
  EXPECT_EQ(
      CountDuplicates(sequencer, MakeEvent(2, "c"), hours(1) + seconds(180)),
      2u);
}

TEST_F(RecollectionTest, FingerprintsAloneAreEnoughForDuplicates) {
  for (int i = 1; i <= 9; ++i) Append(MakeEvent(i, "c"), seconds(i));
  options_.normalizer = {.remembered_deletes = 1, .remembered_documents = 1};
  const Recollection past = Recollect(log_, log_.head(), options_).value();
  EXPECT_EQ(past.fingerprints.size(), 9u);
  EXPECT_EQ(past.entries.size(), 1u);
  Sequencer sequencer = Restart(seconds(10));
  for (int i = 1; i <= 9; ++i) {
    EXPECT_EQ(CountDuplicates(sequencer, MakeEvent(i, "c"), seconds(11)), i);
  }
}

TEST_F(RecollectionTest, ADeletionIsRememberedLongerThanADuplicate) {
  Append(MakeEvent(1, "c"), seconds(0));
  Append(Deletion(1), seconds(1));
  Append(MakeEvent(2, "c"), hours(1));
  Sequencer sequencer = Restart(hours(1));
  SourceEvent again = Deletion(1);
  again.event_id = "another";
  CountDuplicates(sequencer, again, hours(1));
  EXPECT_EQ(sequencer.statistics().skipped_deleted_again, 1u);
}

// Taken a second time, the old insert would make the document live again.
TEST_F(RecollectionTest, ADuplicateInTheLogSaysNothingOfItsDocument) {
  Append(MakeEvent(1, "c"), seconds(0));
  Append(Deletion(1), seconds(1));
  SourceEvent repeated = MakeEvent(1, "c");
  Append(repeated, seconds(2));
  Sequencer sequencer = Restart(seconds(3));
  SourceEvent again = Deletion(1);
  again.event_id = "another";
  CountDuplicates(sequencer, again, seconds(4));
  EXPECT_EQ(sequencer.statistics().skipped_deleted_again, 1u);
}

TEST_F(RecollectionTest, AGapAfterARestartConcernsEverybody) {
  SourceEvent late = MakeEvent(1, "c");
  late.cluster_time = ClusterTime{10'000, 1};
  Append(late, seconds(0));
  Sequencer sequencer = Restart(seconds(1));
  SequencerOutput output(1);
  const GatewayHandle gateway(1);
  sequencer.Accept(Command(ConnectGateway{gateway, "g"}), At(seconds(1)),
                   output);
  Subscribe other = support::MakeSubscribe(gateway, "s", "c", "true");
  other.tenant = "never-seen";
  sequencer.Accept(Command(other), At(seconds(1)), output);
  output.Clear();
  SourceEvent early = MakeEvent(2, "c");
  early.cluster_time = ClusterTime{1, 1};
  Append(early, seconds(2));
  std::vector<LogEntry> entries;
  ASSERT_TRUE(log_.Read(sequencer.position(), 1, entries).ok());
  sequencer.Accept(entries.at(0), At(seconds(2)), output);
  const auto* gap = std::get_if<AnnounceGap>(&output.steps.at(0).work);
  ASSERT_NE(gap, nullptr);
  ASSERT_EQ(gap->targets.size(), 1u);
  EXPECT_THAT(gap->targets[0].subscription_ids, ::testing::ElementsAre("s"));
}

TEST_F(RecollectionTest, WhatTheLogNoLongerHoldsIsNotAskedFor) {
  MemoryEventLog log({.retained_events = 2});
  for (int i = 1; i <= 9; ++i) {
    log.Append({MakeEvent(i, "c")}, At(seconds(i))).value();
  }
  log.Release(log.head());
  ASSERT_TRUE(log.Trim(At(seconds(9))).ok());
  const Recollection past = Recollect(log, log.head(), options_).value();
  ASSERT_EQ(past.entries.size(), 2u);
  EXPECT_EQ(past.entries[0].position.offset, 8u);
  EXPECT_EQ(past.fingerprints.size(), 2u);
}

TEST_F(RecollectionTest, APositionThatTheLogDoesNotReachIsRefused) {
  Append(MakeEvent(1, "c"), seconds(0));
  const Position beyond{log_.head().epoch, 5};
  EXPECT_EQ(Recollect(log_, beyond, options_).status().code(),
            absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace streamer
