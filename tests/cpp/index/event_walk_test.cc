#include "index/internal/event_walk.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event/body.h"
#include "support/random_value.h"
#include "value/json.h"

namespace streamer {
namespace {

using support::Random;
using support::RandomValues;

ChangeEvent EventOf(std::string document, BodyForm form = BodyForm::kPlain,
                    bool is_deleted = false) {
  auto source = std::make_shared<SourceEvent>();
  source->collection = "rooms";
  source->document_id = "r1";
  source->document = std::move(document);
  source->form = form;
  source->is_deleted = is_deleted;
  ChangeEvent event;
  event.operation = Operation::kUpdate;
  event.source = std::move(source);
  return event;
}

class EventWalkTest : public testing::Test {
 protected:
  void Acquire(FilterVariable variable, const std::string& path) {
    paths_.push_back(trie_.Acquire(
        variable, path.empty() ? FieldPath() : FieldPath::Parse(path).value()));
  }
  // Keeps the event: what is found points into it.
  bool Walk(ChangeEvent event) {
    event_ = std::move(event);
    scratch_.BeginEvent(trie_.bound());
    return EventWalk(trie_, event_, scratch_).Run(values_);
  }
  // What the walk found at each acquired path, "-" for nothing.
  std::vector<std::string> Found(IndexScratch& scratch) {
    std::vector<std::string> found;
    for (PathId path : paths_) {
      const auto* slot = scratch.FindPath(path);
      found.push_back(slot == nullptr ? "-" : FormatJson(*slot->value));
    }
    return found;
  }
  std::vector<std::string> Found() { return Found(scratch_); }
  // The same by way of the whole document; and the kinds of all nodes.
  std::vector<std::string> FoundInBody(const ChangeEvent& event) {
    body_ = EventBody::Parse(event).value();
    whole_values_ = values_;
    whole_values_[FilterVariable::kDoc] = body_->doc();
    whole_values_[FilterVariable::kData] = body_->data();
    whole_values_[FilterVariable::kBefore] = body_->before();
    whole_.BeginEvent(trie_.bound());
    trie_.Walk(whole_values_, whole_);
    return Found(whole_);
  }
  void ExpectSameKinds() {
    EXPECT_EQ(scratch_.visited().size(), whole_.visited().size());
    for (PathId path : whole_.visited()) {
      ASSERT_NE(scratch_.FindPath(path), nullptr);
      EXPECT_EQ(scratch_.FindPath(path)->value->kind(),
                whole_.FindPath(path)->value->kind());
    }
  }

  PathTrie trie_;
  ChangeEvent event_;
  std::vector<PathId> paths_;
  FilterInput values_;
  FilterInput whole_values_;
  IndexScratch scratch_;
  IndexScratch whole_;
  std::unique_ptr<const EventBody> body_;
};

using Lines = std::vector<std::string>;

TEST_F(EventWalkTest, SystemFieldsAreTheEventsOwn) {
  for (const char* path : {"id", "collection", "deleted", "version", "a"}) {
    Acquire(FilterVariable::kDoc, path);
    Acquire(FilterVariable::kData, path);
  }
  ASSERT_TRUE(Walk(EventOf(
      R"({"a":1,"id":"mine","collection":7,"deleted":true,"version":3})",
      BodyForm::kPlain, true)));
  EXPECT_EQ(Found(), (Lines{R"("r1")", R"("mine")", R"("rooms")", "7", "true",
                            "-", "3", "-", "1", "1"}));
  ASSERT_TRUE(Walk(
      EventOf(R"({"version":3,"data":{"a":1,"id":"mine","version":9},"a":5})",
              BodyForm::kStored)));
  EXPECT_EQ(Found(), (Lines{R"("r1")", R"("mine")", R"("rooms")", "-", "-", "-",
                            "3", "9", "1", "1"}));
}

TEST_F(EventWalkTest, GivesUpWhereTheWholeDocumentMustDecide) {
  Acquire(FilterVariable::kDoc, "a.b");
  EXPECT_FALSE(Walk(EventOf(R"({"a":{"b":1},"a":2})")));
  EXPECT_FALSE(Walk(EventOf(R"({"a":{"b":1,"b":2}})")));
  EXPECT_FALSE(Walk(EventOf(R"({"data":{},"data":{}})", BodyForm::kStored)));
  EXPECT_FALSE(Walk(EventOf(R"({"data":[]})", BodyForm::kStored)));
  EXPECT_FALSE(Walk(EventOf("[]")));
  ChangeEvent deleted = EventOf(R"({"a":{"b":1}})");
  deleted.operation = Operation::kDelete;
  EXPECT_FALSE(Walk(deleted));
  EXPECT_TRUE(Walk(EventOf(R"({"a":{"b":1}})")));
  Acquire(FilterVariable::kDoc, "");
  EXPECT_FALSE(Walk(EventOf(R"({"a":{"b":1}})")));
}

TEST_F(EventWalkTest, ADerivedValueNeedsTheWholeDocument) {
  Acquire(FilterVariable::kDoc, "a");
  EXPECT_TRUE(Walk(EventOf(R"({"a":1})")));
  Acquire(FilterVariable::kDerived, "size(doc)");
  EXPECT_FALSE(Walk(EventOf(R"({"a":1})")));
}

TEST_F(EventWalkTest, TheDocumentBeforeIsReadWhole) {
  Acquire(FilterVariable::kBefore, "a");
  ChangeEvent event = EventOf("{}");
  EXPECT_TRUE(Walk(event));
  EXPECT_EQ(Found(), Lines{"-"});
  auto source = std::make_shared<SourceEvent>(*event.source);
  source->before = R"({"a":1})";
  event.source = source;
  EXPECT_FALSE(Walk(event));
}

TEST_F(EventWalkTest, AgreesWithTheWalkThroughTheWholeDocument) {
  Random random(support::SeedOf("EventWalkTest"));
  SCOPED_TRACE(random.seed_note());
  std::vector<std::string> names = RandomValues::field_names();
  names.insert(names.end(), {"id", "deleted", "version", "createdAt"});
  int walked = 0;
  for (int round = 0; round < 400; ++round) {
    trie_ = PathTrie();
    paths_.clear();
    for (std::size_t k = 0; k < 1 + random.Below(6); ++k) {
      std::string path = random.Pick(names);
      while (random.Chance(1, 3)) path += "." + random.Pick(names);
      Acquire(random.Pick({FilterVariable::kDoc, FilterVariable::kDoc,
                           FilterVariable::kData, FilterVariable::kOp}),
              path);
    }
    values_[FilterVariable::kOp] = Value::String("update");
    for (int i = 0; i < 50; ++i) {
      Arena arena;
      RandomValues drawn(random, arena, support::ValueRange::kJson);
      std::string text = SpellJson(drawn.Document(3), random);
      if (random.Chance(1, 2)) {
        const std::size_t first = text.find_first_not_of("{ \t\r\n");
        text.insert(text.find('{') + 1, R"("version":)" +
                                            FormatJson(drawn.Number()) +
                                            (text[first] == '}' ? "" : ","));
      }
      const BodyForm form =
          random.Chance(1, 3) ? BodyForm::kStored : BodyForm::kPlain;
      if (form == BodyForm::kStored) {
        text = R"({"createdAt":5,"data":)" + text + R"(,"a":1})";
      }
      const ChangeEvent event = EventOf(text, form, random.Chance(1, 4));
      if (!Walk(event)) continue;
      ++walked;
      ASSERT_EQ(Found(), FoundInBody(event)) << text;
      ExpectSameKinds();
    }
  }
  EXPECT_GT(walked, 5'000);
}

}  // namespace
}  // namespace streamer
