#include "event/body.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "value/json.h"
#include "value/ordering.h"

namespace streamer {
namespace {

ChangeEvent MakeEvent(BodyForm form, Operation operation, std::string document,
                      std::string before = "") {
  auto source = std::make_shared<SourceEvent>();
  source->tenant = "t";
  source->collection = "c/x";
  source->document_id = "d";
  source->form = form;
  source->document = std::move(document);
  source->before = std::move(before);
  ChangeEvent event;
  event.operation = operation;
  event.source = std::move(source);
  return event;
}

struct Flattening {
  BodyForm form;
  Operation operation;
  std::string document;
  std::string doc;
  std::string data;
  std::string delivered;
};

TEST(BodyTest, FlattensAsDocumented) {
  constexpr BodyForm kPlain = BodyForm::kPlain;
  constexpr BodyForm kStored = BodyForm::kStored;
  constexpr Operation kUpdate = Operation::kUpdate;
  constexpr Operation kDelete = Operation::kDelete;
  const std::vector<Flattening> cases = {
      {kPlain, kUpdate, R"({"n":1.50})",
       R"({"n":1.5,"id":"d","collection":"c/x"})", R"({"n":1.5})",
       R"({"n":1.50,"id":"d","collection":"c/x"})"},
      {kPlain, kUpdate, "{ }", R"({"id":"d","collection":"c/x"})", "{}",
       R"({"id":"d","collection":"c/x"})"},
      // A user's id that agrees is left where it stands.
      {kPlain, kUpdate, R"({"id":"d","n":1e2 } )",
       R"({"n":100.0,"id":"d","collection":"c/x"})", R"({"id":"d","n":100.0})",
       R"({"id":"d","n":1e2,"collection":"c/x"})"},
      // One that does not is hidden, and readable under data.
      {kPlain, kUpdate, R"({"id":7,"n":1.0})",
       R"({"n":1.0,"id":"d","collection":"c/x"})", R"({"id":7,"n":1.0})",
       R"({"n":1.0,"id":"d","collection":"c/x"})"},
      {kPlain, kUpdate, R"({"version":3,"n":1,"updatedAt":5,"deleted":false})",
       R"({"n":1,"id":"d","collection":"c/x","version":3,"updatedAt":5})",
       R"({"n":1})",
       R"({"version":3,"n":1,"updatedAt":5,"id":"d","collection":"c/x"})"},
      {kPlain, kDelete, R"({"deleted":true,"n":1})",
       R"({"n":1,"id":"d","collection":"c/x","deleted":true})", R"({"n":1})",
       R"({"deleted":true,"n":1,"id":"d","collection":"c/x"})"},
      {kPlain, kDelete, R"({"n":1})",
       R"({"n":1,"id":"d","collection":"c/x","deleted":true})", R"({"n":1})",
       R"({"n":1,"id":"d","collection":"c/x","deleted":true})"},
      {kPlain, kDelete, "", R"({"id":"d","collection":"c/x","deleted":true})",
       "{}", ""},
      {kPlain, kDelete, R"({"deleted":true,"version":2})",
       R"({"id":"d","collection":"c/x","deleted":true})", "{}", ""},
      {kStored, kUpdate,
       R"({"id":"t:9","version": 7 ,"updatedAt":1.0,"createdAt":2,)"
       R"("collectionHash":"h","data":{"n":[1,2.50]}})",
       R"({"n":[1,2.5],"id":"d","collection":"c/x","version":7,)"
       R"("updatedAt":1.0,"createdAt":2})",
       R"({"n":[1,2.5]})",
       R"({"n":[1,2.50],"id":"d","collection":"c/x","version":7,)"
       R"("updatedAt":1.0,"createdAt":2})"},
      // System names in the data never reach doc, even where the system has
      // nothing to say.
      {kStored, kUpdate,
       R"({"data":{"id":"d","version":"x","deleted":true,"n":1e0}})",
       R"({"n":1.0,"id":"d","collection":"c/x"})",
       R"({"id":"d","version":"x","deleted":true,"n":1.0})",
       R"({"n":1e0,"id":"d","collection":"c/x"})"},
      {kStored, kUpdate, R"({"version":1})",
       R"({"id":"d","collection":"c/x","version":1})", "{}",
       R"({"id":"d","collection":"c/x","version":1})"},
      {kStored, kDelete, R"({"version":2,"deleted":true,"data":{}})",
       R"({"id":"d","collection":"c/x","deleted":true})", "{}", ""},
      {kStored, kDelete, R"({"version":2,"deleted":true,"data":{"n":1}})",
       R"({"n":1,"id":"d","collection":"c/x","version":2,"deleted":true})",
       R"({"n":1})",
       R"({"n":1,"id":"d","collection":"c/x","version":2,"deleted":true})"},
      // Keys compare unescaped; of a repeated key the last one counts.
      {kPlain, kUpdate, R"({"\u0069d":1,"a\u0062":1,"v\u0065rsion":2})",
       R"({"ab":1,"id":"d","collection":"c/x","version":2})",
       R"({"id":1,"ab":1})",
       R"({"a\u0062":1,"v\u0065rsion":2,"id":"d","collection":"c/x"})"},
      {kPlain, kUpdate, R"({"id":1,"id":"d"})",
       R"({"id":"d","collection":"c/x"})", R"({"id":"d"})",
       R"({"id":1,"id":"d","collection":"c/x"})"},
  };
  for (const Flattening& expected : cases) {
    SCOPED_TRACE(expected.document);
    ChangeEvent event =
        MakeEvent(expected.form, expected.operation, expected.document);
    auto body = EventBody::Parse(event);
    ASSERT_TRUE(body.ok()) << body.status();
    EXPECT_EQ(FormatJson((*body)->doc()), expected.doc);
    EXPECT_EQ(FormatJson((*body)->data()), expected.data);
    EXPECT_TRUE((*body)->before().is(ValueKind::kNull));
    EXPECT_EQ(DeliveredJson(event, **body), expected.delivered);
    EXPECT_EQ(DeliveredJson(event), expected.delivered);
  }
}

TEST(BodyTest, AnInsertedTombstoneSaysSo) {
  ChangeEvent event =
      MakeEvent(BodyForm::kPlain, Operation::kInsert, R"({"deleted":true})");
  auto source = std::make_shared<SourceEvent>(*event.source);
  source->is_deleted = true;
  event.source = source;
  auto body = EventBody::Parse(event);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(FormatJson((*body)->doc()),
            R"({"id":"d","collection":"c/x","deleted":true})");
  EXPECT_EQ(DeliveredJson(event),
            R"({"deleted":true,"id":"d","collection":"c/x"})");
}

TEST(BodyTest, BeforeIsFlattenedLikeTheDocument) {
  ChangeEvent event =
      MakeEvent(BodyForm::kStored, Operation::kInsert, R"({"data":{"n":2}})",
                R"({"version":4,"deleted":true,"data":{"n":1}})");
  auto body = EventBody::Parse(event);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(FormatJson((*body)->before()),
            R"({"n":1,"id":"d","collection":"c/x","version":4,)"
            R"("deleted":true})");
}

TEST(BodyTest, TheBodyOutlivesTheEvent) {
  std::unique_ptr<const EventBody> body;
  {
    ChangeEvent event =
        MakeEvent(BodyForm::kPlain, Operation::kUpdate, R"({"s":"text"})");
    body = std::move(*EventBody::Parse(event));
  }
  EXPECT_EQ(FormatJson(body->doc()),
            R"({"s":"text","id":"d","collection":"c/x"})");
}

TEST(BodyTest, ABodyThatIsNoObjectIsRefused) {
  auto parse = [](BodyForm form, std::string document, std::string before) {
    return EventBody::Parse(MakeEvent(form, Operation::kUpdate,
                                      std::move(document), std::move(before)))
        .status();
  };
  EXPECT_EQ(parse(BodyForm::kPlain, "[1]", ""),
            InvalidArgument("document: expected an object, got an array"));
  EXPECT_EQ(parse(BodyForm::kStored, R"({"data":3})", ""),
            InvalidArgument("document.data: expected an object, got a number"));
  EXPECT_EQ(parse(BodyForm::kPlain, "{}", "true"),
            InvalidArgument("before: expected an object, got a boolean"));
  EXPECT_EQ(parse(BodyForm::kPlain, "", "").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(parse(BodyForm::kPlain, "{]", "").code(),
            absl::StatusCode::kInvalidArgument);
}

// What is delivered and what filters see are made by two different ways: from
// the text and from the values. They must agree on every document.
TEST(BodyTest, WhatIsDeliveredIsWhatFiltersSee) {
  const char* keys[] = {
      "id", "collection", "version", "updatedAt", "deleted",      "createdAt",
      "n",  "i\\u0064",   "x y",     "data",      "\\u0076ersion"};
  const char* values[] = {"1",       "2.50",  "\"d\"",        "\"c/x\"",
                          "true",    "false", "{\"a\":[{}]}", "\"q\\\"}\"",
                          "[ 1 ,2]", "null"};
  std::mt19937 random(20240601);
  auto object = [&] {
    std::string text = "{";
    for (unsigned i = random() % 5; i > 0; --i) {
      if (text.size() > 1) text.append(random() % 2 ? "," : " , ");
      text.append("\"").append(keys[random() % std::size(keys)]);
      text.append("\" :").append(values[random() % std::size(values)]);
    }
    return text + "}";
  };
  for (int round = 0; round < 20'000; ++round) {
    bool is_plain = random() % 2 == 0;
    std::string document =
        is_plain ? object()
                 : R"({"version":2,"createdAt":1.0,"data":)" + object() + "}";
    ChangeEvent event = MakeEvent(
        is_plain ? BodyForm::kPlain : BodyForm::kStored,
        random() % 3 == 0 ? Operation::kDelete : Operation::kUpdate, document);
    auto body = EventBody::Parse(event);
    ASSERT_TRUE(body.ok()) << document << body.status();
    std::string delivered = DeliveredJson(event, **body);
    if (delivered.empty()) continue;
    Arena arena;
    Result<Value> parsed = ParseJson(delivered, arena);
    ASSERT_TRUE(parsed.ok()) << document << " -> " << delivered;
    EXPECT_TRUE(Equal(*parsed, (*body)->doc()))
        << document << " -> " << delivered << " but "
        << FormatJson((*body)->doc());
  }
}

TEST(BodyTest, TheDataOfTheImageIsTheUsersAlone) {
  ChangeEvent event = MakeEvent(BodyForm::kPlain, Operation::kUpdate, "{}");
  auto source = std::make_shared<SourceEvent>(*event.source);
  source->before = R"({"n":1,"version":2,"deleted":true})";
  event.source = source;
  Arena arena;
  const auto plain = EventBody::Parse(event).value();
  EXPECT_EQ(FormatJson(plain->BeforeData(event, arena)), R"({"n":1})");
  source = std::make_shared<SourceEvent>(*source);
  source->form = BodyForm::kStored;
  source->before = R"({"version":2,"data":{"n":1,"version":3}})";
  event.source = source;
  const auto stored = EventBody::Parse(event).value();
  EXPECT_EQ(FormatJson(stored->BeforeData(event, arena)),
            R"({"n":1,"version":3})");
}

}  // namespace
}  // namespace streamer
