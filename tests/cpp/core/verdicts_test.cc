#include "core/internal/verdicts.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "support/core_events.h"
#include "support/random.h"

namespace streamer::internal {
namespace {

using support::MakeEvent;

LogEntry Entry(std::uint64_t offset, SourceEvent event) {
  return {Position{1, offset},
          std::make_shared<const SourceEvent>(std::move(event)),
          {}};
}

SourceEvent Change(std::int64_t number, SourceOperation operation) {
  SourceEvent event = MakeEvent(number, "c");
  event.operation = operation;
  return event;
}

TEST(VerdictsTest, AnOrdinaryEventCostsNothingAndIsWhatItIs) {
  Normalizer normalizer({});
  Verdicts verdicts(10);
  const LogEntry entry = Entry(1, MakeEvent(1, "c"));
  verdicts.Note(entry, normalizer.Normalize(entry.event));
  EXPECT_EQ(verdicts.size(), 0u);
  const std::optional<NormalizedEvent> recalled = verdicts.Recall(entry);
  ASSERT_TRUE(recalled.has_value());
  EXPECT_EQ(recalled->operation, Operation::kInsert);
  EXPECT_EQ(recalled->source, entry.event);
}

TEST(VerdictsTest, ADuplicateGoesNowhereAgain) {
  Verdicts verdicts(10);
  const LogEntry entry = Entry(1, MakeEvent(1, "c"));
  verdicts.NoteDuplicate(entry);
  EXPECT_FALSE(verdicts.Recall(entry).has_value());
}

TEST(VerdictsTest, ADeleteThatFoundItsNameHasItAgain) {
  Normalizer normalizer({});
  Verdicts verdicts(10);
  SourceEvent stored = MakeEvent(1, "rooms");
  stored.stored_key = "t:hash";
  normalizer.Normalize(std::make_shared<const SourceEvent>(stored));
  SourceEvent nameless = Change(2, SourceOperation::kDelete);
  nameless.stored_key = "t:hash";
  nameless.collection.clear();
  nameless.document_id.clear();
  const LogEntry entry = Entry(2, nameless);
  verdicts.Note(entry, normalizer.Normalize(entry.event));
  const std::optional<NormalizedEvent> recalled = verdicts.Recall(entry);
  ASSERT_TRUE(recalled.has_value());
  EXPECT_EQ(recalled->source->collection, "rooms");
  EXPECT_EQ(recalled->source->document_id, "d1");
  EXPECT_EQ(recalled->operation, Operation::kDelete);
}

TEST(VerdictsTest, TheOldestIsForgottenAndThenIsWhatItIsByItself) {
  Verdicts verdicts(2);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    verdicts.NoteDuplicate(Entry(i, MakeEvent(1, "c")));
  }
  EXPECT_EQ(verdicts.size(), 2u);
  EXPECT_TRUE(verdicts.Recall(Entry(1, MakeEvent(1, "c"))).has_value());
  EXPECT_FALSE(verdicts.Recall(Entry(2, MakeEvent(1, "c"))).has_value());
}

// Few documents and every kind of event: most of what is said here follows
// from memory.
TEST(VerdictsTest, EveryEventIsRecalledAsItWasTaken) {
  support::Random random(support::SeedOf("VerdictsTest"));
  Normalizer normalizer({});
  Verdicts verdicts(1'000'000);
  std::vector<LogEntry> entries;
  std::vector<NormalizedEvent> taken;
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    SourceEvent event = MakeEvent(static_cast<std::int64_t>(i), "c");
    event.document_id = "d" + std::to_string(random.Below(5));
    event.stored_key = "t:" + event.document_id;
    event.operation = static_cast<SourceOperation>(random.Below(4));
    if (event.operation == SourceOperation::kDelete && random.Chance(1, 2)) {
      event.collection.clear();
      event.document_id.clear();
    }
    event.is_deleted = event.operation != SourceOperation::kDelete &&
                       event.operation != SourceOperation::kInsert &&
                       random.Chance(1, 3);
    event.was_deleted = random.Chance(1, 8);
    if (random.Chance(1, 4)) event.version = 1;
    entries.push_back(Entry(i, event));
    taken.push_back(normalizer.Normalize(entries.back().event));
    verdicts.Note(entries.back(), taken.back());
  }
  std::size_t dropped = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::optional<NormalizedEvent> recalled = verdicts.Recall(entries[i]);
    const bool is_kept = taken[i].outcome != NormalizeOutcome::kDeletedAgain;
    ASSERT_EQ(recalled.has_value(), is_kept) << i;
    if (!is_kept) {
      ++dropped;
      continue;
    }
    EXPECT_EQ(recalled->outcome, taken[i].outcome) << i;
    EXPECT_EQ(recalled->operation, taken[i].operation) << i;
    EXPECT_EQ(recalled->source->collection, taken[i].source->collection) << i;
    EXPECT_EQ(recalled->source->document_id, taken[i].source->document_id) << i;
  }
  EXPECT_GT(dropped, 100u);
  EXPECT_GT(verdicts.size(), dropped);
}

}  // namespace
}  // namespace streamer::internal
