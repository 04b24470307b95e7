#include "event/duplicate_window.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace streamer {
namespace {

using std::chrono::seconds;

SourceEvent MakeEvent(std::string event_id) {
  SourceEvent event;
  event.backend = "b";
  event.event_id = std::move(event_id);
  event.tenant = "t";
  event.collection = "c";
  event.document_id = "d";
  event.document = R"({"n":1})";
  return event;
}

MonotonicTime At(std::int64_t second) { return MonotonicTime(seconds(second)); }

TEST(DuplicateWindowTest, TheSameEventIsTakenOnce) {
  DuplicateWindow window({});
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(0)));
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e1"), At(1)));
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e1"), At(2)));
  EXPECT_EQ(window.size(), 1u);
}

TEST(DuplicateWindowTest, AnyDifferenceInIdentityOrPayloadIsAnotherEvent) {
  const std::function<void(SourceEvent&)> changes[] = {
      [](SourceEvent& event) { event.backend = "b2"; },
      [](SourceEvent& event) { event.event_id = "e2"; },
      [](SourceEvent& event) { event.tenant = "t2"; },
      [](SourceEvent& event) { event.collection = "c2"; },
      [](SourceEvent& event) { event.document_id = "d2"; },
      [](SourceEvent& event) { event.stored_key = "k"; },
      [](SourceEvent& event) { event.document = R"({"n":2})"; },
      [](SourceEvent& event) { event.before = "{}"; },
      [](SourceEvent& event) { event.operation = SourceOperation::kUpdate; },
      // The same text, cut elsewhere.
      [](SourceEvent& event) {
        event.tenant = "tc";
        event.collection = "";
      },
  };
  DuplicateWindow window({});
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(0)));
  for (const auto& change : changes) {
    SourceEvent event = MakeEvent("e1");
    change(event);
    EXPECT_FALSE(window.IsDuplicate(event, At(0)));
    EXPECT_TRUE(window.IsDuplicate(event, At(0)));
  }
}

TEST(DuplicateWindowTest, AnEventWithoutIdIsNeverADuplicate) {
  DuplicateWindow window({});
  EXPECT_FALSE(window.IsDuplicate(MakeEvent(""), At(0)));
  EXPECT_FALSE(window.IsDuplicate(MakeEvent(""), At(0)));
  EXPECT_EQ(window.size(), 0u);
}

TEST(DuplicateWindowTest, AgeCountsFromTheFirstTime) {
  DuplicateWindow window({.age = seconds(10), .count = 100});
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(0)));
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e1"), At(10)));
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(11)));
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e1"), At(21)));
}

TEST(DuplicateWindowTest, ExpireForgetsWithoutAnEvent) {
  DuplicateWindow window({.age = seconds(10), .count = 100});
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(0)));
  window.Expire(At(10));
  EXPECT_EQ(window.size(), 1u);
  window.Expire(At(11));
  EXPECT_EQ(window.size(), 0u);
}

TEST(DuplicateWindowTest, AboveTheCountTheOldestIsForgotten) {
  DuplicateWindow window({.age = seconds(10), .count = 2});
  for (const char* id : {"e1", "e2", "e3"}) {
    EXPECT_FALSE(window.IsDuplicate(MakeEvent(id), At(0)));
  }
  EXPECT_EQ(window.size(), 2u);
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e2"), At(0)));
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(0)));
}

TEST(DuplicateWindowTest, ACountOfZeroRemembersNothing) {
  DuplicateWindow window({.age = seconds(10), .count = 0});
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(0)));
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(0)));
}

TEST(DuplicateWindowTest, TimeThatGoesBackStandsStill) {
  DuplicateWindow window({.age = seconds(10), .count = 100});
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(100)));
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e2"), At(50)));
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e2"), At(110)));
}

TEST(DuplicateWindowTest, WhatIsRememberedIsADuplicateUntilItIsTooOld) {
  DuplicateWindow window({.age = seconds(180)});
  std::string scratch;
  window.Remember(FingerprintOf(MakeEvent("e1"), scratch), At(0));
  window.Remember(FingerprintOf(MakeEvent("e2"), scratch), At(100));
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e1"), At(180)));
  EXPECT_FALSE(window.IsDuplicate(MakeEvent("e1"), At(181)));
  EXPECT_TRUE(window.IsDuplicate(MakeEvent("e2"), At(280)));
}

TEST(DuplicateWindowTest, AnEventWithoutAnIdIsNotRemembered) {
  DuplicateWindow window({});
  std::string scratch;
  window.Remember(FingerprintOf(MakeEvent(""), scratch), At(0));
  EXPECT_EQ(window.size(), 0u);
}

}  // namespace
}  // namespace streamer
