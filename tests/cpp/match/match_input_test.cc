#include "match/match_input.h"

#include <gtest/gtest.h>

#include <memory>

#include "value/document.h"

namespace streamer {
namespace {

ChangeEvent EventOf(const std::string& document, std::int64_t millis) {
  auto source = std::make_shared<SourceEvent>();
  source->tenant = "acme";
  source->collection = "rooms/1/messages";
  source->document_id = "m1";
  source->document = document;
  source->before = R"({"text": "old"})";
  source->timestamp = FromUnixMillis(millis);
  ChangeEvent event;
  event.operation = Operation::kUpdate;
  event.source = source;
  return event;
}

TEST(MatchInputTest, FillsEveryVariableFromTheEvent) {
  const ChangeEvent event = EventOf(R"({"text": "new"})", 1'357'034'400'250);
  auto body = EventBody::Parse(event).value();
  const MatchInput input = MakeMatchInput(event, *body);
  EXPECT_EQ(input.tenant, "acme");
  EXPECT_EQ(input.collection, "rooms/1/messages");
  EXPECT_EQ(input.document_id, "m1");
  const FilterInput& values = input.values;
  const Value& doc = values[FilterVariable::kDoc];
  EXPECT_EQ(doc.map().Find("text")->text(), "new");
  EXPECT_EQ(doc.map().Find("id")->text(), "m1");
  EXPECT_EQ(values[FilterVariable::kData].map().Find("id"), nullptr);
  EXPECT_EQ(values[FilterVariable::kBefore].map().Find("text")->text(), "old");
  EXPECT_EQ(values[FilterVariable::kOp].text(), "update");
  EXPECT_EQ(values[FilterVariable::kTenant].text(), "acme");
  EXPECT_EQ(values[FilterVariable::kCollection].text(), "rooms/1/messages");
  EXPECT_EQ(values[FilterVariable::kId].text(), "m1");
  const SecondsAndNanos time = values[FilterVariable::kTimestamp].time();
  EXPECT_EQ(time.seconds, 1'357'034'400);
  EXPECT_EQ(time.nanos, 250'000'000);
}

TEST(MatchInputTest, NanosecondsCountForwardBefore1970) {
  const ChangeEvent event = EventOf("{}", -1);
  auto body = EventBody::Parse(event).value();
  const MatchInput input = MakeMatchInput(event, *body);
  const SecondsAndNanos time = input.values[FilterVariable::kTimestamp].time();
  EXPECT_EQ(time.seconds, -1);
  EXPECT_EQ(time.nanos, 999'000'000);
}

TEST(MatchInputTest, ATrialSeesTheDocumentAsInserted) {
  auto document = Document::Parse(R"({"a": 1})").value();
  const FilterInput input = MakeTrialInput(document->root());
  EXPECT_EQ(input[FilterVariable::kDoc].map().Find("a")->int_value(), 1);
  EXPECT_EQ(input[FilterVariable::kData].map().Find("a")->int_value(), 1);
  EXPECT_TRUE(input[FilterVariable::kBefore].is(ValueKind::kNull));
  EXPECT_EQ(input[FilterVariable::kOp].text(), "insert");
  EXPECT_EQ(input[FilterVariable::kId].text(), "");
}

TEST(MatchInputTest, TheImageStandsWhereTheDocumentStood) {
  ChangeEvent event = EventOf("", 1);
  event.operation = Operation::kDelete;
  auto body = EventBody::Parse(event).value();
  Arena arena;
  const MatchInput input = MakeBeforeInput(event, *body, arena);
  EXPECT_EQ(input.unread, nullptr);
  EXPECT_EQ(input.document_id, "m1");
  const FilterInput& values = input.values;
  EXPECT_EQ(values[FilterVariable::kDoc].map().Find("text")->text(), "old");
  EXPECT_EQ(values[FilterVariable::kDoc].map().Find("id")->text(), "m1");
  EXPECT_EQ(values[FilterVariable::kData].map().Find("text")->text(), "old");
  EXPECT_EQ(values[FilterVariable::kData].map().size(), 1u);
  EXPECT_TRUE(values[FilterVariable::kBefore].is(ValueKind::kNull));
  EXPECT_EQ(values[FilterVariable::kOp].text(), "update");
  EXPECT_EQ(values[FilterVariable::kTenant].text(), "acme");
}

}  // namespace
}  // namespace streamer
