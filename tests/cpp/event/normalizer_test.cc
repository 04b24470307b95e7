#include "event/normalizer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace streamer {
namespace {

constexpr SourceOperation kInsert = SourceOperation::kInsert;
constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
constexpr SourceOperation kReplace = SourceOperation::kReplace;
constexpr SourceOperation kDelete = SourceOperation::kDelete;

SourceEvent Change(SourceOperation operation, std::string id = "d") {
  SourceEvent event;
  event.tenant = "t";
  event.collection = "c";
  event.document_id = std::move(id);
  event.operation = operation;
  return event;
}
SourceEvent Deleted(SourceEvent event) {
  event.is_deleted = true;
  return event;
}
SourceEvent AfterDeletion(SourceEvent event) {
  event.was_deleted = true;
  return event;
}
SourceEvent Stored(SourceEvent event, std::string key) {
  event.stored_key = std::move(key);
  return event;
}
// A delete that names nothing but the stored document's key.
SourceEvent BareDelete(std::string key) {
  SourceEvent event = Stored(Change(kDelete, ""), std::move(key));
  event.collection.clear();
  return event;
}

class NormalizerTest : public ::testing::Test {
 protected:
  // The operation, or why there is none.
  std::string Take(SourceEvent event) {
    NormalizedEvent result =
        normalizer_.Normalize(std::make_shared<SourceEvent>(std::move(event)));
    last_ = result.source;
    switch (result.outcome) {
      case NormalizeOutcome::kChanged:
        return std::string(NameOf(result.operation));
      case NormalizeOutcome::kDeletedAgain:
        return "deleted again";
      case NormalizeOutcome::kDeleteUnresolved:
        return "unresolved";
    }
    return "";
  }

  Normalizer normalizer_{{.remembered_deletes = 3, .remembered_documents = 3}};
  std::shared_ptr<const SourceEvent> last_;
};

TEST_F(NormalizerTest, PlainOperationsKeepTheirName) {
  EXPECT_EQ(Take(Change(kInsert)), "insert");
  EXPECT_EQ(Take(Change(kUpdate)), "update");
  EXPECT_EQ(Take(Change(kReplace)), "update");
  EXPECT_EQ(Take(Change(kDelete)), "delete");
}

TEST_F(NormalizerTest, UpdateOrReplaceThatMarksDeletedIsADelete) {
  EXPECT_EQ(Take(Deleted(Change(kUpdate, "a"))), "delete");
  EXPECT_EQ(Take(Deleted(Change(kReplace, "b"))), "delete");
}

TEST_F(NormalizerTest, AnInsertIsAnInsertEvenOfATombstone) {
  EXPECT_EQ(Take(Deleted(Change(kInsert))), "insert");
  EXPECT_EQ(Take(Change(kDelete)), "delete");
}

TEST_F(NormalizerTest, ADocumentRememberedAsDeletedComesBackAsInsert) {
  for (SourceOperation operation : {kUpdate, kReplace}) {
    EXPECT_EQ(Take(Deleted(Change(kUpdate))), "delete");
    EXPECT_EQ(Take(Change(operation)), "insert");
    EXPECT_EQ(Take(Change(operation)), "update");
  }
  EXPECT_EQ(Take(Change(kDelete)), "delete");
  EXPECT_EQ(Take(Change(kReplace)), "insert");
}

TEST_F(NormalizerTest, TheSourcesWordThatItWasDeletedSuffices) {
  EXPECT_EQ(Take(AfterDeletion(Change(kUpdate, "a"))), "insert");
  EXPECT_EQ(Take(AfterDeletion(Change(kReplace, "b"))), "insert");
}

TEST_F(NormalizerTest, OnlyAReplaceOfVersionOneIsAnInsert) {
  SourceEvent replace = Change(kReplace);
  replace.version = 1;
  EXPECT_EQ(Take(replace), "insert");
  replace.version = 2;
  EXPECT_EQ(Take(replace), "update");
  SourceEvent update = Change(kUpdate);
  update.version = 1;
  EXPECT_EQ(Take(update), "update");
}

TEST_F(NormalizerTest, AHardDeleteOfADocumentKnownDeletedIsDropped) {
  EXPECT_EQ(Take(Deleted(Change(kUpdate))), "delete");
  EXPECT_EQ(Take(Change(kDelete)), "deleted again");
  EXPECT_EQ(Take(Change(kDelete)), "deleted again");
  EXPECT_EQ(Take(AfterDeletion(Change(kDelete, "other"))), "deleted again");
}

// It may have come back in what was lost.
TEST_F(NormalizerTest, ALossMakesDeletionsOfItsTenantUnknown) {
  EXPECT_EQ(Take(Change(kDelete)), "delete");
  normalizer_.Lose("u");
  EXPECT_EQ(Take(Change(kDelete)), "deleted again");
  normalizer_.Lose("t");
  EXPECT_EQ(Take(Change(kDelete)), "delete");
  EXPECT_EQ(Take(Change(kDelete)), "deleted again");
  normalizer_.Lose("");
  EXPECT_EQ(Take(Change(kUpdate)), "update");
}

TEST_F(NormalizerTest, MoreTenantsThanAreRememberedLoseTogether) {
  EXPECT_EQ(Take(Change(kDelete)), "delete");
  for (int i = 0; i < 1'024; ++i) normalizer_.Lose("u" + std::to_string(i));
  EXPECT_EQ(Take(Change(kDelete)), "deleted again");
  normalizer_.Lose("one more");
  EXPECT_EQ(Take(Change(kDelete)), "delete");
}

TEST_F(NormalizerTest, DeletionIsRememberedPerTenantCollectionAndId) {
  EXPECT_EQ(Take(Change(kDelete)), "delete");
  SourceEvent event = Change(kDelete);
  event.tenant = "u";
  EXPECT_EQ(Take(event), "delete");
  event = Change(kDelete);
  event.collection = "e";
  EXPECT_EQ(Take(event), "delete");
  // Joined without lengths, this would be the first document again.
  event = Change(kDelete, "");
  event.collection = "cd";
  EXPECT_EQ(Take(event), "delete");
}

TEST_F(NormalizerTest, TheOldestDeletionIsForgottenFirst) {
  for (const char* id : {"a", "b", "c", "e"}) {
    EXPECT_EQ(Take(Change(kDelete, id)), "delete");
  }
  EXPECT_EQ(Take(Change(kDelete, "b")), "deleted again");
  EXPECT_EQ(Take(Change(kDelete, "a")), "delete");
}

TEST_F(NormalizerTest, ABareDeleteTakesItsNamesFromADocumentSeen) {
  EXPECT_EQ(Take(Stored(Change(kInsert), "t:1")), "insert");
  EXPECT_EQ(Take(BareDelete("t:1")), "delete");
  EXPECT_EQ(last_->collection, "c");
  EXPECT_EQ(last_->document_id, "d");
  EXPECT_EQ(Take(BareDelete("t:1")), "deleted again");
}

TEST_F(NormalizerTest, ABareDeleteOfADocumentNeverSeenIsUnresolved) {
  EXPECT_EQ(Take(Stored(Change(kInsert), "t:1")), "insert");
  EXPECT_EQ(Take(BareDelete("t:2")), "unresolved");
  SourceEvent other_backend = BareDelete("t:1");
  other_backend.backend = "b2";
  EXPECT_EQ(Take(other_backend), "unresolved");
}

TEST_F(NormalizerTest, NamesOfDocumentsSeenRecentlyAreKept) {
  for (const char* key : {"1", "2", "3"}) {
    Take(Stored(Change(kInsert, key), key));
  }
  Take(Stored(Change(kUpdate, "1"), "1"));
  Take(Stored(Change(kInsert, "4"), "4"));
  EXPECT_EQ(Take(BareDelete("1")), "delete");
  EXPECT_EQ(Take(BareDelete("2")), "unresolved");
}

}  // namespace
}  // namespace streamer
