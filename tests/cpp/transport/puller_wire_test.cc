#include "transport/internal/puller_wire.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "event/decoder.h"
#include "puller/internal/wire.h"

namespace streamer {
namespace {

namespace wire = syntrix::puller::v1;

constexpr WallTime kNow = WallTime(std::chrono::milliseconds(99));

wire::ChangeEvent Change() {
  wire::ChangeEvent change;
  change.set_event_id("e");
  change.set_backend("b");
  change.set_mgo_doc_id("t:hash");
  change.set_op_type("update");
  change.set_full_doc(
      R"({"id":"t:hash","database":"t","collection":"c/x","version":4,)"
      R"("data":{"id":"d","n":1}})");
  return change;
}

SourceEvent Decode(const wire::ChangeEvent& change) {
  Result<SourceEvent> event = DecodeChangeEvent(change, kNow);
  EXPECT_TRUE(event.ok()) << event.status();
  return event.value_or(SourceEvent{});
}

// Field by field: a failure names what differs.
void ExpectEqual(const SourceEvent& got, const SourceEvent& expected) {
  EXPECT_EQ(got.backend, expected.backend);
  EXPECT_EQ(got.event_id, expected.event_id);
  EXPECT_EQ(got.tenant, expected.tenant);
  EXPECT_EQ(got.collection, expected.collection);
  EXPECT_EQ(got.document_id, expected.document_id);
  EXPECT_EQ(got.stored_key, expected.stored_key);
  EXPECT_EQ(got.operation, expected.operation);
  EXPECT_EQ(got.form, expected.form);
  EXPECT_EQ(got.document, expected.document);
  EXPECT_EQ(got.before, expected.before);
  EXPECT_EQ(got.is_deleted, expected.is_deleted);
  EXPECT_EQ(got.was_deleted, expected.was_deleted);
  EXPECT_EQ(got.version, expected.version);
  EXPECT_EQ(got.cluster_time, expected.cluster_time);
  EXPECT_EQ(got.timestamp, expected.timestamp);
}

TEST(PullerWireTest, ReadsTheEnvelopeOfTheStoredDocument) {
  wire::ChangeEvent change = Change();
  change.set_timestamp(1'700'000'000'123);
  change.mutable_cluster_time()->set_t(5);
  change.mutable_cluster_time()->set_i(2);
  change.set_before_doc(R"({"collection":"c/x","deleted":true,"data":{}})");
  change.set_txn_number(9);
  SourceEvent expected;
  expected.backend = "b";
  expected.event_id = "e";
  expected.tenant = "t";
  expected.collection = "c/x";
  expected.document_id = "d";
  expected.stored_key = "t:hash";
  expected.operation = SourceOperation::kUpdate;
  expected.form = BodyForm::kStored;
  expected.document = change.full_doc();
  expected.before = change.before_doc();
  expected.was_deleted = true;
  expected.version = 4;
  expected.cluster_time = ClusterTime{5, 2};
  expected.timestamp = FromUnixMillis(1'700'000'000'123);
  ExpectEqual(Decode(change), expected);
}

TEST(PullerWireTest, AnEventWithoutATimeGetsTheReadersTime) {
  const SourceEvent event = Decode(Change());
  EXPECT_EQ(event.timestamp, kNow);
  EXPECT_FALSE(event.cluster_time.has_value());
}

TEST(PullerWireTest, WhatCannotBeReadSaysWhy) {
  struct Case {
    void (*spoil)(wire::ChangeEvent&);
    std::string message;
  };
  const std::vector<Case> cases = {
      {[](wire::ChangeEvent& change) { change.set_op_type("drop\n"); },
       R"(op_type: expected one of "insert", "update", "replace", "delete", )"
       R"(got "drop\n")"},
      {[](wire::ChangeEvent& change) { change.set_event_id("a\tb"); },
       "event_id: expected a name without control characters, got \"a\\tb\""},
      {[](wire::ChangeEvent& change) {
         change.set_backend(std::string(1025, 'b'));
       },
       "backend: expected at most 1024 bytes, got 1025"},
      {[](wire::ChangeEvent& change) { change.set_full_doc(""); },
       R"(full_doc: expected the stored document for op_type "update", )"
       R"(got none)"},
      {[](wire::ChangeEvent& change) { change.set_tenant("other"); },
       R"(tenant: expected the event's, "other", got "t" in full_doc)"},
      {[](wire::ChangeEvent& change) {
         change.set_timestamp(253'402'300'800'000);
       },
       "timestamp: expected Unix milliseconds of a year from 1 to 9999, got "
       "253402300800000"},
      {[](wire::ChangeEvent& change) { change.set_update_desc("[1]"); },
       "update_desc: expected an object, got an array"},
  };
  for (const Case& one : cases) {
    wire::ChangeEvent change = Change();
    one.spoil(change);
    EXPECT_EQ(DecodeChangeEvent(change, kNow).status(),
              InvalidArgument(one.message));
  }
}

TEST(PullerWireTest, AMessageIsAnEventAHeartbeatAGapOrMalformed) {
  wire::PullerEvent message;
  message.set_progress("m1");
  SourceMessage heartbeat = DecodePullerEvent(message, kNow);
  EXPECT_EQ(heartbeat.progress, "m1");
  EXPECT_FALSE(heartbeat.event || heartbeat.gap);

  *message.mutable_change_event() = Change();
  message.mutable_gap()->set_backend("b");
  message.mutable_gap()->set_from("m0");
  message.mutable_gap()->set_to("m1");
  message.mutable_gap()->set_reason("the oplog rolled over");
  SourceMessage event = DecodePullerEvent(message, kNow);
  ASSERT_TRUE(event.event && event.gap && event.gap->loss);
  EXPECT_EQ(event.event->loss, nullptr);
  EXPECT_EQ(event.event->upstream_marker, "m1");
  const SourceLoss& gap = *event.gap->loss;
  EXPECT_EQ(gap.kind, SourceLoss::Kind::kGap);
  EXPECT_EQ(event.gap->backend + gap.from + gap.to, "bm0m1");
  EXPECT_EQ(gap.reason, "the oplog rolled over");

  message.mutable_change_event()->set_op_type("");
  message.mutable_change_event()->set_tenant("t");
  SourceMessage malformed = DecodePullerEvent(message, kNow);
  ASSERT_TRUE(malformed.event && malformed.event->loss);
  EXPECT_EQ(malformed.event->upstream_marker, "m1");
  EXPECT_EQ(malformed.event->backend, "b");
  EXPECT_EQ(malformed.event->event_id, "e");
  EXPECT_EQ(malformed.event->tenant, "t");
  EXPECT_EQ(malformed.event->collection, "c/x");
  EXPECT_EQ(malformed.event->loss->kind, SourceLoss::Kind::kUnreadable);
  EXPECT_EQ(malformed.event->loss->reason,
            R"(op_type: expected one of "insert", "update", "replace", )"
            R"("delete", got "")");
}

// Through the encoder of our own server and back.
SourceEvent SendAndReceive(const SourceEvent& event) {
  wire::PullerEvent message;
  internal::EncodeMessage({{3, 7}, std::make_shared<const SourceEvent>(event)},
                          message);
  EXPECT_EQ(message.progress(), "p1-3-7");
  return Decode(message.change_event());
}

TEST(PullerWireTest, AStoredEventArrivesAsItWas) {
  wire::ChangeEvent change = Change();
  change.mutable_cluster_time()->set_t(5);
  change.set_timestamp(1'700'000'000'123);
  change.set_before_doc(R"({"collection":"c/x","data":{"n":0}})");
  ExpectEqual(SendAndReceive(Decode(change)), Decode(change));

  change.set_update_desc(R"({"removedFields":["deleted"]})");
  EXPECT_TRUE(SendAndReceive(Decode(change)).was_deleted);
  ExpectEqual(SendAndReceive(Decode(change)), Decode(change));

  wire::ChangeEvent erased;
  erased.set_op_type("delete");
  erased.set_mgo_doc_id("a:b:hash");
  erased.set_timestamp(5);
  EXPECT_EQ(Decode(erased).collection, "");
  ExpectEqual(SendAndReceive(Decode(erased)), Decode(erased));
}

TEST(PullerWireTest, APlainEventArrivesInTheStoredForm) {
  const Result<SourceEvent> plain = DecodeLine(
      R"({"event_id":"e","tenant":"t","collection":"c/x","id":"d",)"
      R"("op":"update","doc":{"n":1.50,"version":2},"before":{"deleted":true},)"
      R"("timestamp":5})",
      kNow);
  ASSERT_TRUE(plain.ok());
  SourceEvent expected = *plain;
  expected.form = BodyForm::kStored;
  expected.stored_key = "t:d";
  expected.document =
      R"({"id":"t:d","database":"t","collection":"c/x","version":2,)"
      R"("data":{"n":1.50}})";
  expected.before =
      R"({"id":"t:d","database":"t","collection":"c/x","deleted":true,)"
      R"("data":{}})";
  ExpectEqual(SendAndReceive(*plain), expected);
}

// A puller that follows another tells what that lost, in markers of its own.
TEST(PullerWireTest, ALossIsSentOnAsAGap) {
  SourceEvent lost;
  lost.backend = "b";
  lost.loss = std::make_shared<const SourceLoss>(
      SourceLoss{.from = "token-1", .to = "token-9", .reason = "rolled over"});
  wire::PullerEvent message;
  internal::EncodeMessage({{3, 7}, std::make_shared<const SourceEvent>(lost)},
                          message);
  EXPECT_EQ(message.progress(), "p1-3-7");
  EXPECT_FALSE(message.has_change_event());
  EXPECT_EQ(message.gap().backend(), "b");
  EXPECT_EQ(message.gap().from(), "p1-3-6");
  EXPECT_EQ(message.gap().to(), "p1-3-7");
  EXPECT_EQ(message.gap().reason(), "rolled over");
}

TEST(PullerWireTest, AHeartbeatIsAMarkerAndNothingElse) {
  wire::PullerEvent message;
  message.mutable_change_event();
  internal::EncodeMessage({{3, 7}, nullptr}, message);
  EXPECT_EQ(message.progress(), "p1-3-7");
  EXPECT_FALSE(message.has_change_event());
}

}  // namespace
}  // namespace streamer
