#include "store/memory_event_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "store/event_log_contract.h"

namespace streamer {
namespace {

std::unique_ptr<EventLog> MakeMemoryLog(std::size_t retained_events) {
  return std::make_unique<MemoryEventLog>(
      MemoryEventLogOptions{.epoch = 7,
                            .retained_events = retained_events,
                            .retained_age = std::chrono::minutes(1)});
}

INSTANTIATE_TEST_SUITE_P(MemoryEventLog, EventLogContract,
                         ::testing::Values(MakeMemoryLog));

SourceEvent EventOfSize(std::size_t size) {
  SourceEvent event;
  event.document = std::string(size, 'x');
  return event;
}

TEST(MemoryEventLogTest, TheEpochIsTheOneGiven) {
  MemoryEventLog log({.epoch = 7});
  EXPECT_EQ(log.head(), (Position{7, 0}));
}

TEST(MemoryEventLogTest, RetentionCountsBytesToo) {
  MemoryEventLog log({.retained_bytes = 10'000});
  std::vector<SourceEvent> events;
  for (int i = 0; i < 5; ++i) events.push_back(EventOfSize(4000));
  ASSERT_TRUE(log.Append(std::move(events), {}).ok());
  EXPECT_EQ(log.first(), (Position{1, 1}));
  log.Release({1, 5});
  EXPECT_EQ(log.first(), (Position{1, 4}));
}

TEST(MemoryEventLogTest, AReaderKeepsWhatItReadAfterItIsDropped) {
  MemoryEventLog log({.retained_events = 0});
  ASSERT_TRUE(log.Append({EventOfSize(3)}, {}).ok());
  std::vector<LogEntry> entries;
  ASSERT_TRUE(log.Read({1, 0}, 10, entries).ok());
  log.Release({1, 1});
  EXPECT_EQ(log.first(), (Position{1, 2}));
  EXPECT_EQ(entries[0].event->document, "xxx");
}

}  // namespace
}  // namespace streamer
