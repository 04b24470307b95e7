#include "event/decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace streamer {
namespace {

constexpr WallTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

SourceEvent Decode(const std::string& line) {
  Result<SourceEvent> event = DecodeLine(line, kNow);
  EXPECT_TRUE(event.ok()) << event.status() << " for " << line;
  return event.ok() ? *event : SourceEvent();
}

struct Refusal {
  std::string line;
  std::string message;
};
void ExpectRefused(const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    EXPECT_EQ(DecodeLine(refusal.line, kNow).status(),
              InvalidArgument(refusal.message))
        << refusal.line;
  }
}

std::string Encode(const std::string& text) {
  std::string encoded;
  absl::Base64Escape(text, &encoded);
  return "\"" + encoded + "\"";
}

TEST(DecoderTest, PlainLineGivesEveryMember) {
  SourceEvent event = Decode(
      R"({"event_id": "e1", "tenant": "t", "collection": "a/b", "id": "d",)"
      R"( "op": "update", "doc": {"n": 1.50, "version": 3, "deleted": true},)"
      R"( "before": { "deleted":true}, "timestamp": 1234})");
  EXPECT_EQ(event.event_id, "e1");
  EXPECT_EQ(event.tenant, "t");
  EXPECT_EQ(event.collection, "a/b");
  EXPECT_EQ(event.document_id, "d");
  EXPECT_EQ(event.operation, SourceOperation::kUpdate);
  EXPECT_EQ(event.form, BodyForm::kPlain);
  EXPECT_EQ(event.document, R"({"n": 1.50, "version": 3, "deleted": true})");
  EXPECT_EQ(event.before, R"({ "deleted":true})");
  EXPECT_TRUE(event.is_deleted);
  EXPECT_TRUE(event.was_deleted);
  EXPECT_EQ(event.version, 3);
  EXPECT_EQ(event.timestamp, FromUnixMillis(1234));
  EXPECT_EQ(event.stored_key, "");
}

TEST(DecoderTest, OptionalMembersMayBeMissingOrNull) {
  for (const char* line :
       {R"({"tenant":"t","collection":"c","id":"d","op":"delete"})",
        R"({"tenant":"t","collection":"c","id":"d","op":"delete","doc":null,)"
        R"("before":null,"event_id":null,"timestamp":null})"}) {
    SourceEvent event = Decode(line);
    EXPECT_EQ(event.event_id, "");
    EXPECT_EQ(event.document, "");
    EXPECT_EQ(event.before, "");
    EXPECT_EQ(event.timestamp, kNow);
    EXPECT_FALSE(event.is_deleted);
    EXPECT_FALSE(event.was_deleted);
    EXPECT_EQ(event.version, std::nullopt);
  }
}

TEST(DecoderTest, BodyTextIsKeptAsTheSourceWroteIt) {
  const std::string body =
      R"({ "a" : 1.0e2 ,"b":[1 , {"x":"]}\"\\"}],"c":123456789012345678901,)"
      R"("d":"caf\u00e9", "e":{}})";
  SourceEvent event = Decode(
      R"( { "tenant":"t","collection":"c","id":"d","op":"insert", "doc" : )" +
      body + " } ");
  EXPECT_EQ(event.document, body);
}

TEST(DecoderTest, ADeeplyNestedBodyIsReadUpToTheLimitOfJson) {
  auto line = [](int depth) {
    std::string body = std::string(depth, '[') + std::string(depth, ']');
    return R"({"tenant":"t","collection":"c","id":"d","op":"insert",)"
           R"("doc":{"deleted":false,"a":)" +
           body + R"(,"version":5}})";
  };
  for (int depth : {10, 62, 63, 100, 126}) {
    SourceEvent event = Decode(line(depth));
    EXPECT_EQ(event.version, 5) << depth;
    EXPECT_TRUE(event.document.ends_with(R"(]],"version":5})")) << depth;
  }
  EXPECT_EQ(DecodeLine(line(127), kNow).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DecoderTest, OfARepeatedMemberTheLastOneCounts) {
  SourceEvent event = Decode(
      R"({"tenant":"t","tenant":"u","collection":"c","id":"d","op":"insert",)"
      R"("doc":{"n":1},"\u0064oc":{"n":2},"before":{"n":0},"before":null})");
  EXPECT_EQ(event.tenant, "u");
  EXPECT_EQ(event.document, R"({"n":2})");
  EXPECT_EQ(event.before, "");
}

TEST(DecoderTest, EscapesInNamesAreResolved) {
  SourceEvent event = Decode(
      R"({"tenant":"caf\u00e9","collection":"a\/b","id":"x\"y","op":"delete"})");
  EXPECT_EQ(event.tenant, "café");
  EXPECT_EQ(event.collection, "a/b");
  EXPECT_EQ(event.document_id, "x\"y");
}

TEST(DecoderTest, BadPlainLinesSayExpectedGotAndWhere) {
  const std::string head = R"({"tenant":"t","collection":"c","id":"d",)";
  ExpectRefused({
      {"[]", "line: expected a JSON object, got an array"},
      {"3", "line: expected a JSON object, got a number"},
      {head + R"("op":"delete","color":1})",
       R"(line: expected the keys "event_id", "tenant", "collection", "id", )"
       R"("op", "doc", "before", "timestamp", got "color")"},
      {R"({"collection":"c","id":"d","op":"delete"})",
       "tenant: expected a string, got none"},
      {R"({"tenant":7,"collection":"c","id":"d","op":"delete"})",
       "tenant: expected a string, got a number"},
      {R"({"tenant":"","collection":"c","id":"d","op":"delete"})",
       "tenant: expected a non-empty name, got \"\""},
      {R"({"tenant":"t","id":"d","op":"delete"})",
       "collection: expected a string, got none"},
      {R"({"tenant":"t","collection":"a//b","id":"d","op":"delete"})",
       R"(collection: expected a path without empty segments, got "a//b")"},
      {R"({"tenant":"t","collection":"c","op":"delete"})",
       "id: expected a string, got none"},
      {R"({"tenant":"t","collection":"c","id":"a\nb","op":"delete"})",
       R"(id: expected a name without control characters, got "a\nb")"},
      {head + R"("event_id":"","op":"delete"})",
       "event_id: expected a non-empty name, got \"\""},
      {head + R"("doc":{}})",
       R"(op: expected one of "insert", "update", "replace", "delete", )"
       "got none"},
      {head + R"("op":"upsert","doc":{}})",
       R"(op: expected one of "insert", "update", "replace", "delete", )"
       R"(got "upsert")"},
      {head + R"("op":true,"doc":{}})",
       R"(op: expected one of "insert", "update", "replace", "delete", )"
       "got a boolean"},
      {head + R"("op":"insert"})",
       R"(doc: expected an object for op "insert", got none)"},
      {head + R"("op":"replace","doc":null})",
       R"(doc: expected an object for op "replace", got none)"},
      {head + R"("op":"insert","doc":[1]})",
       "doc: expected an object, got an array"},
      {head + R"("op":"insert","doc":{"deleted":"yes"}})",
       "doc.deleted: expected a boolean, got a string"},
      {head + R"("op":"delete","before":"x"})",
       "before: expected an object, got a string"},
      {head + R"("op":"delete","before":{"deleted":1}})",
       "before.deleted: expected a boolean, got a number"},
      {head + R"("op":"delete","timestamp":"2013-01-01T00:00:00Z"})",
       "timestamp: expected an integer of Unix milliseconds, got a string"},
      {head + R"("op":"delete","timestamp":1.5})",
       "timestamp: expected an integer of Unix milliseconds in the years 1 to "
       "9999, got 1.5"},
      {head + R"("op":"delete","timestamp":253402300800000})",
       "timestamp: expected an integer of Unix milliseconds in the years 1 to "
       "9999, got 253402300800000"},
  });
}

TEST(DecoderTest, TextThatIsNotJsonIsRefusedWithThePlace) {
  for (const char* line : {"", "{", R"({"tenant":"t"} x)",
                           R"({"doc":{"a":tru}})", "{\"a\":\"\xFF\"}"}) {
    Status status = DecodeLine(line, kNow).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_NE(MessageOf(status).find("at byte"), std::string_view::npos)
        << status;
  }
}

TEST(DecoderTest, TheVersionIsReadOnlyWhenItIsAnInteger) {
  const std::string head =
      R"({"tenant":"t","collection":"c","id":"d","op":"update","doc":)";
  EXPECT_EQ(Decode(head + R"({"version":4}})").version, 4);
  EXPECT_EQ(Decode(head + R"({"version":"4.1"}})").version, std::nullopt);
  EXPECT_EQ(Decode(head + R"({"deleted":null}})").is_deleted, false);
}

constexpr char kStored[] =
    R"({"id":"t:9f","database":"t","collection":"rooms/r1","version":2,)"
    R"("updatedAt":1,"data":{"id":"m1","text":"hi"}})";

TEST(DecoderTest, WireLineGivesTheStoredDocumentsNames) {
  SourceEvent event = Decode(
      R"({"eventId":"e1","tenant":"t","mgoColl":"documents",)"
      R"("mgoDocId":"t:9f","opType":"replace","fullDoc":)" +
      Encode(kStored) +
      R"(,"clusterTime":{"t":5,"i":"6"},"timestamp":"1234","txnNumber":"1",)"
      R"("backend":"b1","beforeDoc":)" +
      Encode(R"({"collection":"rooms/r1","deleted":true})") + "}");
  EXPECT_EQ(event.event_id, "e1");
  EXPECT_EQ(event.backend, "b1");
  EXPECT_EQ(event.tenant, "t");
  EXPECT_EQ(event.collection, "rooms/r1");
  EXPECT_EQ(event.document_id, "m1");
  EXPECT_EQ(event.stored_key, "t:9f");
  EXPECT_EQ(event.operation, SourceOperation::kReplace);
  EXPECT_EQ(event.form, BodyForm::kStored);
  EXPECT_EQ(event.document, kStored);
  EXPECT_EQ(event.version, 2);
  EXPECT_TRUE(event.was_deleted);
  EXPECT_EQ(event.cluster_time, (ClusterTime{5, 6}));
  EXPECT_EQ(event.timestamp, FromUnixMillis(1234));
}

TEST(DecoderTest, WireLineMayUseTheNamesOfTheProtoFile) {
  SourceEvent event =
      Decode(R"({"event_id":"e1","mgo_doc_id":"t:9f","op_type":"update",)"
             R"("timestamp":0,"full_doc":)" +
             Encode(kStored) + R"(,"update_desc":)" +
             Encode(R"({"updatedFields":{"deleted":false}})") + "}");
  EXPECT_EQ(event.event_id, "e1");
  EXPECT_EQ(event.document_id, "m1");
  EXPECT_EQ(event.timestamp, kNow);
  EXPECT_TRUE(event.was_deleted);
}

TEST(DecoderTest, BadWireLinesSayExpectedGotAndWhere) {
  const std::string head = R"({"opType":"insert","mgoDocId":"t:9f",)";
  ExpectRefused({
      {head + R"("fulldoc":""})",
       R"(line: expected the members of a ChangeEvent, got "fulldoc")"},
      {head + R"("fullDoc":"***"})", R"(full_doc: expected base64, got "***")"},
      {head + R"("fullDoc":7})", "full_doc: expected a string, got a number"},
      {R"({"opType":"insert","mgoDocId":"t:9f"})",
       R"(full_doc: expected the stored document for op_type "insert", )"
       "got none"},
      {head + R"("fullDoc":)" + Encode("[]") + "}",
       "full_doc: expected an object, got an array"},
      {head + R"("fullDoc":)" + Encode(R"({"collection":"c","data":3})") + "}",
       "full_doc.data: expected an object, got a number"},
      {head + R"("fullDoc":)" + Encode(R"({"collection":4})") + "}",
       "full_doc.collection: expected a string, got a number"},
      {head + R"("tenant":"t","fullDoc":)" +
           Encode(R"({"tenant":"u","collection":"c"})") + "}",
       R"(tenant: expected the event's, "t", got "u" in full_doc)"},
      {head + R"("fullDoc":)" + Encode("{}") + "}",
       R"(collection: expected a path without empty segments, got "")"},
      {R"({"opType":"upsert"})",
       R"(op_type: expected one of "insert", "update", "replace", "delete", )"
       R"(got "upsert")"},
      {R"({"opType":"delete"})", "tenant: expected a non-empty name, got \"\""},
      {R"({"opType":"delete","tenant":"t"})",
       "mgo_doc_id: expected a non-empty name, got \"\""},
      {R"({"opType":"delete","mgoDocId":"t:1","clusterTime":{"t":-1}})",
       "cluster_time.t: expected an integer of 32 bits, got -1"},
      {R"({"opType":"delete","mgoDocId":"t:1","timestamp":"soon"})",
       R"(timestamp: expected an integer, got "soon")"},
  });
}

struct Naming {
  std::string key;
  std::string stored;
  std::string tenant;
  std::string document_id;
};

TEST(DecoderTest, StoredEnvelopeFindsTenantAndIdWhereTheyStand) {
  const std::vector<Naming> cases = {
      {"a:b:h", R"({"collection":"c","data":{"id":"d"}})", "a:b", "d"},
      {"a:h", R"({"tenant_id":"x","collection":"c","data":{"id":""}})", "x",
       "h"},
      {"a:h", R"({"tenant":"x","collection":"c","fullpath":"c/d/e"})", "x",
       "e"},
      {"a:h", R"({"collection":"c","data":{"id":7}})", "a", "h"},
      {"", R"({"id":"a:h","tenant":"a","collection":"c"})", "a", "h"},
  };
  for (const Naming& naming : cases) {
    SourceEvent event;
    event.document = naming.stored;
    ASSERT_EQ(ReadStoredEnvelope(naming.key, event), OkStatus())
        << naming.stored;
    EXPECT_EQ(event.tenant, naming.tenant) << naming.stored;
    EXPECT_EQ(event.document_id, naming.document_id) << naming.stored;
    EXPECT_EQ(event.collection, "c");
  }
}

TEST(DecoderTest, ADeleteWithoutBodyLeavesTheNamesToTheNormalizer) {
  SourceEvent event = Decode(R"({"opType":"delete","mgoDocId":"t:9f"})");
  EXPECT_EQ(event.tenant, "t");
  EXPECT_EQ(event.collection, "");
  EXPECT_EQ(event.document_id, "");
  EXPECT_EQ(event.stored_key, "t:9f");
}

TEST(DecoderTest, ADeleteTakesItsNamesFromTheBeforeImage) {
  SourceEvent event =
      Decode(R"({"opType":"delete","mgoDocId":"t:9f","beforeDoc":)" +
             Encode(kStored) + "}");
  EXPECT_EQ(event.collection, "rooms/r1");
  EXPECT_EQ(event.document_id, "m1");
}

TEST(DecoderTest, UpdateDescriptionTellsThatDeletedWasCleared) {
  const std::pair<std::string, bool> cases[] = {
      {"", false},
      {R"({"updatedFields":{"deleted":false}})", true},
      {R"({"updatedFields":{"deleted":true}})", false},
      {R"({"removedFields":["x","deleted"]})", true},
      {R"({"removedFields":["data.deleted"]})", false},
      {"{}", false},
  };
  for (const auto& [json, was_deleted] : cases) {
    SourceEvent event;
    EXPECT_EQ(ReadUpdateDescription(json, event), OkStatus());
    EXPECT_EQ(event.was_deleted, was_deleted) << json;
  }
  SourceEvent event;
  EXPECT_EQ(ReadUpdateDescription("[]", event),
            InvalidArgument("update_desc: expected an object, got an array"));
}

TEST(DecoderTest, NamesAreBoundedAndFreeOfControlCharacters) {
  EXPECT_EQ(CheckName("id", std::string(1024, 'x')), OkStatus());
  EXPECT_EQ(CheckName("id", std::string(1025, 'x')),
            InvalidArgument("id: expected at most 1024 bytes, got 1025"));
  EXPECT_EQ(CheckName("id", "é.*> "), OkStatus());
  EXPECT_EQ(CheckName("id", "\x7F").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckCollection("rooms/room-1/messages"), OkStatus());
  for (const char* path : {"", "/", "/a", "a/", "a//b"}) {
    EXPECT_EQ(CheckCollection(path),
              InvalidArgument("collection: expected a path without empty "
                              "segments, got \"" +
                              std::string(path) + "\""));
  }
}

TEST(DecoderTest, LongTextIsCutInErrorsBetweenCharacters) {
  std::string name(63, 'x');
  name.append("é\n");
  EXPECT_EQ(CheckName("id", name),
            InvalidArgument("id: expected a name without control characters, "
                            "got \"" +
                            std::string(63, 'x') + "\"…"));
}

}  // namespace
}  // namespace streamer
