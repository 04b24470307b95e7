#include "puller/coalescing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "puller/puller_events.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

SourceEvent With(SourceEvent event, const std::string& before) {
  event.before = before;
  return event;
}
SourceEvent SoftDelete(const std::string& id) {
  SourceEvent event = Update(id, 0);
  event.is_deleted = true;
  return event;
}
SourceEvent Recreation(const std::string& id, int n) {
  SourceEvent event = Update(id, n);
  event.was_deleted = true;
  return event;
}
SourceEvent Replace(const std::string& id, int n,
                    std::optional<std::int64_t> version = {}) {
  SourceEvent event = Change(SourceOperation::kReplace, id, n);
  event.version = version;
  return event;
}
SourceEvent Stored(SourceEvent event) {
  event.form = BodyForm::kStored;
  return event;
}

std::vector<LogEntry> Entries(std::vector<SourceEvent> events) {
  std::vector<LogEntry> entries;
  for (SourceEvent& event : events) {
    entries.push_back({{7, entries.size() + 1},
                       std::make_shared<const SourceEvent>(std::move(event)),
                       InstantAt(Duration(0))});
  }
  return entries;
}

// What is left, as "offset event".
std::vector<std::string> Coalesced(std::vector<SourceEvent> events) {
  std::vector<LogEntry> entries = Entries(std::move(events));
  const std::vector<std::uint64_t> firsts = Coalesce(entries);
  EXPECT_EQ(firsts.size(), entries.size());
  std::vector<std::string> text;
  for (const LogEntry& entry : entries) {
    text.push_back(std::to_string(entry.position.offset) + " " +
                   Describe(*entry.event));
  }
  return text;
}

TEST(CoalescingTest, TheLaterEventKeepsItsPlace) {
  EXPECT_THAT(Coalesced({Update("a", 1), Update("b", 1), Update("a", 2),
                         Update("c", 1), Update("b", 2)}),
              ElementsAre(R"(3 update a {"n":2})", R"(4 update c {"n":1})",
                          R"(5 update b {"n":2})"));
}

TEST(CoalescingTest, InsertAndUpdatesAreAnInsert) {
  EXPECT_THAT(Coalesced({Insert("a", 1), Update("a", 2), Replace("a", 3)}),
              ElementsAre(R"(3 insert a {"n":3})"));
}

TEST(CoalescingTest, TheFirstBeforeImageIsKept) {
  EXPECT_THAT(Coalesced({With(Update("a", 1), R"({"n":0})"),
                         With(Update("a", 2), R"({"n":1})")}),
              ElementsAre(R"(2 update a {"n":2} before {"n":0})"));
  // What the second one saw is no image of what was before both.
  EXPECT_THAT(Coalesced({Update("a", 1), With(Update("a", 2), R"({"n":1})")}),
              ElementsAre(R"(2 update a {"n":2})"));
}

TEST(CoalescingTest, NothingIsJoinedAcrossALoss) {
  SourceEvent unreadable = Update("b", 0);
  unreadable.loss = std::make_shared<const SourceLoss>(
      SourceLoss{.kind = SourceLoss::Kind::kUnreadable});
  EXPECT_THAT(Coalesced({Update("a", 1), unreadable, Update("a", 2)}),
              SizeIs(3));
}

TEST(CoalescingTest, TellsWhereWhatIsLeftBegan) {
  std::vector<LogEntry> entries =
      Entries({Insert("a", 1), Update("b", 1), Update("a", 2), Delete("a"),
               Insert("a", 3), Update("b", 2)});
  EXPECT_THAT(Coalesce(entries), ElementsAre(1, 4, 5, 2));
}

TEST(CoalescingTest, ADeleteStandsForItself) {
  EXPECT_THAT(Coalesced({Insert("a", 1), Update("a", 2), Delete("a"),
                         Insert("a", 3), Update("a", 4)}),
              ElementsAre(R"(2 insert a {"n":2})", "3 delete a",
                          R"(5 insert a {"n":4})"));
  EXPECT_THAT(
      Coalesced({Update("a", 1), SoftDelete("a"), Update("a", 2)}),
      ElementsAre(R"(1 update a {"n":1})", R"(2 update a {"n":0} deleted)",
                  R"(3 update a {"n":2})"));
}

TEST(CoalescingTest, ARecreationIsNotJoinedWithWhatWasBefore) {
  EXPECT_THAT(Coalesced({Update("a", 1), Recreation("a", 2), Update("a", 3)}),
              ElementsAre(R"(1 update a {"n":1})",
                          R"(3 update a {"n":3} was deleted)"));
  EXPECT_THAT(Coalesced({Update("a", 1), Replace("a", 2, 1), Update("a", 3)}),
              ElementsAre(R"(1 update a {"n":1})", R"(3 insert a {"n":3})"));
  EXPECT_THAT(Coalesced({Update("a", 1), Insert("a", 2)}),
              ElementsAre(R"(1 update a {"n":1})", R"(2 insert a {"n":2})"));
}

TEST(CoalescingTest, ADeleteKnownByItsKeyOnlyMayBeAnyones) {
  SourceEvent unresolved = Delete("");
  unresolved.collection.clear();
  unresolved.stored_key = "t:hash";
  EXPECT_THAT(Coalesced({Update("a", 1), unresolved, Update("a", 2)}),
              ElementsAre(R"(1 update a {"n":1})", "2 delete ",
                          R"(3 update a {"n":2})"));
}

TEST(CoalescingTest, OnlyWhatSpeaksOfOneDocumentInOneFormIsJoined) {
  SourceEvent other_tenant = Update("a", 2);
  other_tenant.tenant = "u";
  SourceEvent other_collection = Update("a", 3);
  other_collection.collection = "d";
  SourceEvent other_backend = Update("a", 4);
  other_backend.backend = "x";
  // Names that would be equal if they were just strung together.
  SourceEvent shifted = Update("a", 5);
  shifted.tenant = "b" + shifted.tenant;
  shifted.backend = "";
  EXPECT_EQ(Coalesced({Update("a", 1), other_tenant, other_collection,
                       other_backend, shifted, Stored(Update("a", 6))})
                .size(),
            6u);
}

// The slow truth: what a reader knows of each document up to `end`.
std::map<std::string, std::string> States(const std::vector<LogEntry>& entries,
                                          std::size_t end) {
  std::map<std::string, std::string> states;
  for (const LogEntry& entry : entries) {
    if (entry.position.offset > end) break;
    const SourceEvent& event = *entry.event;
    const bool is_gone =
        event.operation == SourceOperation::kDelete || event.is_deleted;
    states[event.document_id] = is_gone ? "gone" : event.document;
  }
  return states;
}

TEST(CoalescingTest, WhatIsLeftLeadsToTheSameDocuments) {
  std::mt19937 random(20240618);
  std::size_t left_out = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::vector<SourceEvent> events;
    std::map<std::string, bool> exists;
    const int count = 1 + static_cast<int>(random() % 30);
    for (int n = 0; n < count; ++n) {
      const std::string id(1, static_cast<char>('a' + random() % 4));
      if (!exists[id]) {
        events.push_back(random() % 2 == 0 ? Insert(id, n) : Recreation(id, n));
      } else if (random() % 5 == 0) {
        events.push_back(random() % 2 == 0 ? Delete(id) : SoftDelete(id));
      } else {
        events.push_back(random() % 2 == 0 ? Update(id, n) : Replace(id, n));
      }
      exists[id] = events.back().operation != SourceOperation::kDelete &&
                   !events.back().is_deleted;
    }
    const std::vector<LogEntry> all = Entries(events);
    std::vector<LogEntry> rest = all;
    Coalesce(rest);
    left_out += all.size() - rest.size();
    // Whoever stops after an event that was left in knows of its document what
    // a reader of all events knows there.
    for (const LogEntry& entry : rest) {
      const std::size_t offset = entry.position.offset;
      ASSERT_EQ(States(rest, offset)[entry.event->document_id],
                States(all, offset)[entry.event->document_id])
          << "round " << round;
    }
    ASSERT_EQ(States(rest, all.size()), States(all, all.size()));
    // Every delete is there, and every document that came to be, came to be.
    const auto count_of = [](const std::vector<LogEntry>& entries, auto is) {
      return std::count_if(
          entries.begin(), entries.end(),
          [&](const LogEntry& entry) { return is(*entry.event); });
    };
    const auto is_delete = [](const SourceEvent& event) {
      return event.operation == SourceOperation::kDelete || event.is_deleted;
    };
    const auto is_new = [](const SourceEvent& event) {
      return event.operation == SourceOperation::kInsert || event.was_deleted;
    };
    ASSERT_EQ(count_of(rest, is_delete), count_of(all, is_delete));
    ASSERT_EQ(count_of(rest, is_new), count_of(all, is_new));
  }
  EXPECT_GT(left_out, 10'000u);
}

}  // namespace
}  // namespace streamer
