// CheckerTest: what the tests of the checker write wrong histories with.
#ifndef STREAMER_TESTS_SIM_CHECKER_CHECKER_FIXTURE_H_
#define STREAMER_TESTS_SIM_CHECKER_CHECKER_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/checker/checker.h"

namespace streamer::sim {

inline std::string Place(std::uint64_t offset) {
  return FormatProgress(Position{1, offset});
}

inline std::shared_ptr<const SourceEvent> Event(std::uint64_t number) {
  auto event = std::make_shared<SourceEvent>();
  event->event_id = absl::StrCat("e", number);
  event->tenant = "t";
  event->collection = "c";
  event->document_id = absl::StrCat("d", number);
  event->document = absl::StrCat(R"({"n":)", number, "}");
  event->upstream_marker = Place(number);
  return event;
}

// A log of five events that came as they were, and one session that asked for
// the odd ones.
class CheckerTest : public ::testing::Test {
 protected:
  CheckerTest() {
    history_.first_at_start = {1};
    for (std::uint64_t i = 1; i <= 5; ++i) {
      history_.log.push_back({{1, i}, Event(i), {}});
      history_.source.push_back({{1, i}, Event(i), {}});
    }
    history_.gateways.push_back({.gateway_id = "g", .is_session = true});
    Note(ProcessStarted{1, false});
    Note(Answered{{.id = "s",
                   .tenant = "t",
                   .collection = "c",
                   .expression = "doc.n % 2 == 1"},
                  Place(0)});
  }
  template <typename Record>
  void Note(Record record) {
    history_.gateways[0].records.push_back(
        {MonotonicTime(std::chrono::seconds(++second_)), std::move(record)});
  }
  Delivered Delivery(std::uint64_t offset) {
    return {.process = 1,
            .session = 1,
            .sequence = ++sequence_,
            .progress = Place(offset),
            .subscription_ids = {"s"},
            .event_id = absl::StrCat("e", offset),
            .tenant = "t",
            .collection = "c",
            .document_id = absl::StrCat("d", offset),
            .document = absl::StrCat(R"({"n":)", offset, "}")};
  }
  void Deliver(const std::vector<std::uint64_t>& offsets) {
    for (const std::uint64_t offset : offsets) Note(Delivery(offset));
  }
  Noticed Notice(std::uint64_t from, std::uint64_t to, std::string reason) {
    Noticed noticed;
    noticed.gap.subscription_ids = {"s"};
    noticed.gap.from_progress = Place(from);
    noticed.gap.to_progress = Place(to);
    noticed.gap.reason = std::move(reason);
    noticed.log = {.head = 5, .newest_head = 5};
    return noticed;
  }
  // The invariants that are broken, in the order of the history.
  std::vector<std::string> Broken() {
    std::vector<std::string> broken;
    complaints_ = Check(history_);
    for (const Complaint& complaint : complaints_) {
      broken.push_back(complaint.invariant);
    }
    return broken;
  }

  History history_;
  std::vector<Complaint> complaints_;
  int second_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHECKER_CHECKER_FIXTURE_H_
