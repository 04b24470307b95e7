#include "event/joining.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

namespace streamer {
namespace {

SourceEvent Source(SourceOperation operation, const std::string& document,
                   const std::string& before = "") {
  SourceEvent event;
  event.event_id = "id of " + document;
  event.tenant = "t";
  event.collection = "c";
  event.document_id = "d";
  event.operation = operation;
  event.document = document;
  event.before = before;
  return event;
}

ChangeEvent Change(Operation operation, std::uint64_t offset,
                   const std::string& before = "") {
  ChangeEvent event;
  event.position = {1, offset};
  event.operation = operation;
  event.source = std::make_shared<const SourceEvent>(Source(
      SourceOperation::kUpdate, "version " + std::to_string(offset), before));
  return event;
}

ChangeEvent With(ChangeEvent event, auto&& change) {
  SourceEvent source = *event.source;
  change(source);
  event.source = std::make_shared<const SourceEvent>(std::move(source));
  return event;
}

TEST(JoiningTest, WhatMakesADocumentAnewIsNoPlainChange) {
  SourceEvent event = Source(SourceOperation::kUpdate, "a");
  EXPECT_TRUE(IsPlainChange(event));
  event.was_deleted = true;
  EXPECT_FALSE(IsPlainChange(event));
  EXPECT_FALSE(IsPlainChange(Source(SourceOperation::kInsert, "a")));
  EXPECT_FALSE(IsPlainChange(Source(SourceOperation::kDelete, "")));
  event = Source(SourceOperation::kReplace, "a");
  event.version = 2;
  EXPECT_TRUE(IsPlainChange(event));
  event.version = 1;
  EXPECT_FALSE(IsPlainChange(event));
}

TEST(JoiningTest, TheLastStandsWithWhatWasBeforeTheFirst) {
  const auto joined = Join(Source(SourceOperation::kUpdate, "a", "before a"),
                           Source(SourceOperation::kReplace, "b", "before b"));
  EXPECT_EQ(joined->event_id, "id of b");
  EXPECT_EQ(joined->document, "b");
  EXPECT_EQ(joined->before, "before a");
  EXPECT_EQ(joined->operation, SourceOperation::kReplace);
}

TEST(JoiningTest, ADeletedDocumentIsNoInsertThoughItWasNew) {
  const auto joined = Join(Source(SourceOperation::kInsert, "a"),
                           Source(SourceOperation::kDelete, "", "a"));
  EXPECT_EQ(joined->operation, SourceOperation::kDelete);
  EXPECT_EQ(joined->before, "");
}

TEST(JoiningTest, InsertAndUpdateAreAnInsertAndADeleteIsADelete) {
  const auto join = [](Operation first, Operation last) {
    const ChangeEvent joined = Join(Change(first, 3), Change(last, 5));
    EXPECT_EQ(joined.position, (Position{1, 5}));
    EXPECT_EQ(joined.source->document, "version 5");
    return joined.operation;
  };
  EXPECT_EQ(join(Operation::kInsert, Operation::kUpdate), Operation::kInsert);
  EXPECT_EQ(join(Operation::kUpdate, Operation::kUpdate), Operation::kUpdate);
  EXPECT_EQ(join(Operation::kInsert, Operation::kDelete), Operation::kDelete);
  EXPECT_EQ(join(Operation::kUpdate, Operation::kDelete), Operation::kDelete);
}

TEST(JoiningTest, TheFirstBeforeImageIsKeptAndBodiesAreSharedWithoutOne) {
  const ChangeEvent plain = Change(Operation::kUpdate, 5);
  EXPECT_EQ(Join(Change(Operation::kUpdate, 3), plain).source, plain.source);
  EXPECT_EQ(Join(Change(Operation::kUpdate, 3, "version 2"),
                 Change(Operation::kUpdate, 5, "version 3"))
                .source->before,
            "version 2");
  // What the second one saw is no image of what was before both.
  EXPECT_EQ(Join(Change(Operation::kUpdate, 3),
                 Change(Operation::kUpdate, 5, "version 3"))
                .source->before,
            "");
}

TEST(JoiningTest, NeitherADeleteNorWhatFollowsItIsTakenAway) {
  const auto can_join = [](Operation first, Operation last) {
    return CanJoin(Change(first, 3), Change(last, 5));
  };
  EXPECT_TRUE(can_join(Operation::kInsert, Operation::kUpdate));
  EXPECT_TRUE(can_join(Operation::kUpdate, Operation::kDelete));
  EXPECT_FALSE(can_join(Operation::kDelete, Operation::kInsert));
  EXPECT_FALSE(can_join(Operation::kDelete, Operation::kUpdate));
  EXPECT_FALSE(can_join(Operation::kDelete, Operation::kDelete));
  EXPECT_FALSE(can_join(Operation::kUpdate, Operation::kInsert));
}

TEST(JoiningTest, OnlyWhatSpeaksOfOneDocumentInOneFormIsJoined) {
  const ChangeEvent first = Change(Operation::kUpdate, 3, "version 2");
  const ChangeEvent last = Change(Operation::kUpdate, 5);
  EXPECT_TRUE(CanJoin(first, last));
  EXPECT_FALSE(CanJoin(
      first, With(last, [](SourceEvent& event) { event.tenant = "u"; })));
  EXPECT_FALSE(CanJoin(
      first, With(last, [](SourceEvent& event) { event.collection = "e"; })));
  EXPECT_FALSE(CanJoin(
      first, With(last, [](SourceEvent& event) { event.document_id = "e"; })));
  const ChangeEvent stored =
      With(last, [](SourceEvent& event) { event.form = BodyForm::kStored; });
  EXPECT_FALSE(CanJoin(first, stored));
  // Without images there is nothing to be read in the other's form.
  EXPECT_TRUE(CanJoin(Change(Operation::kUpdate, 3), stored));
}

}  // namespace
}  // namespace streamer
