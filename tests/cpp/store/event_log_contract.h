// The contract of EventLog (store/event_log.h) as tests, run against every
// implementation:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, EventLogContract,
//                            ::testing::Values(MakeMemoryLog));
//
// The factory makes an empty log that keeps `retained_events` released events,
// or those of the last minute, which must fit.
#ifndef STREAMER_TESTS_STORE_EVENT_LOG_CONTRACT_H_
#define STREAMER_TESTS_STORE_EVENT_LOG_CONTRACT_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "store/event_log.h"

namespace streamer {

using EventLogFactory =
    std::unique_ptr<EventLog> (*)(std::size_t retained_events);

class EventLogContract : public ::testing::TestWithParam<EventLogFactory> {
 protected:
  void SetUp() override { Open(100); }
  void Open(std::size_t retained_events) {
    log_ = GetParam()(retained_events);
    epoch_ = log_->head().epoch;
  }

  static std::vector<SourceEvent> Events(std::vector<std::string> ids);
  // Appends an event for each id; the position of the last.
  Position Append(std::vector<std::string> ids);
  // The ids of what is read.
  std::vector<std::string> Read(std::uint64_t after, std::size_t limit = 100);
  [[nodiscard]] Position At(std::uint64_t offset) const {
    return {epoch_, offset};
  }
  [[nodiscard]] Status ReadStatus(Position after) const;
  // Releases events up to `offset`, and has what is beyond retention dropped.
  void ReleaseAndTrim(std::uint64_t offset);

  std::unique_ptr<EventLog> log_;
  std::uint32_t epoch_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_STORE_EVENT_LOG_CONTRACT_H_
