#include "event/stored_form.h"

#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "event/body.h"
#include "event/decoder.h"
#include "event/normalizer.h"
#include "value/json.h"

namespace streamer {
namespace {

SourceEvent Decode(const std::string& line) {
  Result<SourceEvent> event = DecodeLine(line, FromUnixMillis(7));
  EXPECT_TRUE(event.ok()) << event.status() << "\n" << line;
  return event.value_or(SourceEvent{});
}

// What a consumer reads of what is sent to it.
SourceEvent ReadBack(const SourceEvent& stored) {
  SourceEvent event;
  event.backend = stored.backend;
  event.event_id = stored.event_id;
  event.tenant = stored.tenant;
  event.operation = stored.operation;
  event.document = stored.document;
  event.before = stored.before;
  const Status status = ReadStoredEnvelope(stored.stored_key, event);
  EXPECT_EQ(status, OkStatus()) << stored.document;
  return event;
}

ChangeEvent Normalized(const SourceEvent& source) {
  Normalizer normalizer{NormalizerOptions()};
  const NormalizedEvent normalized =
      normalizer.Normalize(std::make_shared<SourceEvent>(source));
  ChangeEvent event;
  event.operation = normalized.operation;
  event.source = normalized.source;
  return event;
}

// Everything that matters of an event but the order of its members.
std::string Meaning(const SourceEvent& source, bool with_data = true) {
  const ChangeEvent event = Normalized(source);
  const auto body = EventBody::Parse(event);
  EXPECT_TRUE(body.ok()) << body.status();
  if (!body.ok()) return "";
  std::string text;
  text.append(NameOf(source.operation)).append(" as ");
  text.append(NameOf(event.operation)).append(" of ");
  text.append(source.tenant).append(" ").append(source.collection);
  text.append(" ").append(source.document_id);
  text.append(source.is_deleted ? " deleted" : "");
  text.append(source.was_deleted ? " was deleted" : "");
  if (source.version) text.append(" v").append(std::to_string(*source.version));
  text.append("\ndoc ").append(FormatJson((*body)->doc()));
  if (with_data) text.append("\ndata ").append(FormatJson((*body)->data()));
  text.append("\nbefore ").append(FormatJson((*body)->before()));
  text.append(DeliveredJson(event).empty() ? "\ndelivers nothing" : "");
  return text;
}

TEST(StoredFormTest, WrapsTheUsersFieldsAndLiftsTheSystems) {
  const SourceEvent stored = ToStoredForm(
      Decode(R"({"tenant":"t","collection":"rooms/1","id":"d","op":"update",)"
             R"("doc":{"n":1.50,"version":3,"deleted":false},)"
             R"("before":{"n":1e2,"version":2}})"));
  EXPECT_EQ(stored.form, BodyForm::kStored);
  EXPECT_EQ(stored.stored_key, "t:d");
  EXPECT_EQ(stored.document,
            R"({"id":"t:d","database":"t","collection":"rooms/1",)"
            R"("version":3,"deleted":false,"data":{"n":1.50}})");
  EXPECT_EQ(stored.before,
            R"({"id":"t:d","database":"t","collection":"rooms/1",)"
            R"("version":2,"data":{"n":1e2}})");
}

TEST(StoredFormTest, ReadsBackToTheSameMeaning) {
  const std::vector<std::string> changes = {
      R"("id":"d","op":"insert","doc":{"n":1})",
      R"("id":"d","op":"insert","doc":{"deleted":true,"id":"d"})",
      R"("id":"d","op":"update","doc":{"id":"d","n":[1,{"id":2}]})",
      R"("id":"d","op":"update","doc":{"id":7,"collection":"x","n":"\u00e9"})",
      R"("id":"d","op":"update","doc":{"i\u0064":"d","v\u0065rsion":4})",
      R"("id":"d","op":"update","doc":{"n":1},"before":{"deleted":true})",
      R"("id":"d","op":"update","doc":{"n":1},"before":{"id":"x","n":0})",
      R"("id":"d","op":"update","doc":{"deleted":true,"n":1})",
      R"("id":"d","op":"update","doc":{"deleted":true,"id":"d","version":2})",
      R"("id":"d","op":"replace","doc":{"version":1,"updatedAt":5,"data":{}})",
      R"("id":"d","op":"replace","doc":{"version":null,"createdAt":5})",
      R"("id":"d","op":"delete")",
      R"("id":"d","op":"delete","doc":{"id":"d","version":3})",
      R"("id":"d","op":"delete","doc":{"n":1},"before":{"n":0,"id":"e"})",
      R"("id":"d","op":"delete","before":{"n":0})",
      R"("id":"a/b:c","op":"delete")",
      R"("id":"a/b:c","op":"update","doc":{"id":""})",
      R"("id":"q\"\\","op":"update","doc":{"id":"q\"\\"})",
  };
  for (const char* tenant : {"t", "a:b", ":", "q\\\"/"}) {
    for (const std::string& change : changes) {
      const std::string line = std::string(R"({"tenant":")") + tenant +
                               R"(","collection":"c/x",)" + change + "}";
      SCOPED_TRACE(line);
      const SourceEvent event = Decode(line);
      EXPECT_EQ(Meaning(ReadBack(ToStoredForm(event))), Meaning(event));
    }
  }
}

TEST(StoredFormTest, ADocumentThatCallsItselfOtherwiseKeepsTheEventsId) {
  const SourceEvent event =
      Decode(R"({"tenant":"t","collection":"c","id":"d","op":"update",)"
             R"("doc":{"id":"other","n":1}})");
  const SourceEvent read = ReadBack(ToStoredForm(event));
  EXPECT_EQ(read.document_id, "d");
  EXPECT_EQ(Meaning(read, false), Meaning(event, false));
  EXPECT_EQ(FormatJson((*EventBody::Parse(Normalized(read)))->data()),
            R"({"n":1,"id":"d"})");
}

TEST(StoredFormTest, RandomDocumentsReadBackToTheSameMeaning) {
  const char* keys[] = {
      "id", "collection", "version", "updatedAt", "deleted",      "createdAt",
      "n",  "i\\u0064",   "x y",     "data",      "\\u0076ersion"};
  const char* values[] = {"1",       "2.50",  "\"d\"",        "\"c/x\"",
                          "true",    "false", "{\"a\":[{}]}", "\"q\\\"}\"",
                          "[ 1 ,2]", "null"};
  const char* operations[] = {"insert", "update", "replace", "delete"};
  std::mt19937 random(20240617);
  const auto object = [&] {
    std::string text = "{";
    for (unsigned i = random() % 5; i > 0; --i) {
      if (text.size() > 1) text.append(random() % 2 ? "," : " , ");
      text.append("\"").append(keys[random() % std::size(keys)]);
      text.append("\" :").append(values[random() % std::size(values)]);
    }
    return text + "}";
  };
  int readable = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string line =
        std::string(R"({"tenant":"t","collection":"c/x","id":"d","op":")") +
        operations[random() % std::size(operations)] + R"(","doc":)" +
        object() + (random() % 2 ? R"(,"before":)" + object() : "") + "}";
    const Result<SourceEvent> event = DecodeLine(line, FromUnixMillis(7));
    if (!event.ok()) continue;  // a `deleted` that is no boolean
    ++readable;
    const SourceEvent read = ReadBack(ToStoredForm(*event));
    // `id` is the one member that may change.
    const bool has_id = line.find("\"id\" :") != std::string::npos ||
                        line.find("i\\u0064") != std::string::npos;
    ASSERT_EQ(Meaning(read, !has_id), Meaning(*event, !has_id)) << line;
  }
  EXPECT_GT(readable, 10'000);
}

}  // namespace
}  // namespace streamer
