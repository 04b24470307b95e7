#include "index/internal/path_trie.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "index/scratch.h"
#include "value/document.h"

namespace streamer {
namespace {

FieldPath PathOf(const std::string& text) {
  return text.empty() ? FieldPath() : FieldPath::Parse(text).value();
}

// The paths of `trie` that the walk over a document finds, as JSON-ish text.
class TrieTest : public testing::Test {
 protected:
  PathId Acquire(const std::string& path) {
    return trie_.Acquire(FilterVariable::kDoc, PathOf(path));
  }
  // Walks over `json`; afterwards Finds tells what was found.
  void Walk(const std::string& json) {
    document_ = Document::Parse(json).value();
    input_[FilterVariable::kDoc] = document_->root();
    input_[FilterVariable::kOp] = Value::String("insert");
    scratch_.BeginEvent(trie_.bound());
    trie_.Walk(input_, scratch_);
  }
  const Value* Find(PathId path) {
    IndexScratch::PathSlot* slot = scratch_.FindPath(path);
    return slot == nullptr ? nullptr : slot->value;
  }

  PathTrie trie_;
  IndexScratch scratch_;
  std::shared_ptr<const Document> document_;
  FilterInput input_;  // what was found points into it
};

TEST_F(TrieTest, FindsTheValuesOfMentionedPathsOnly) {
  const PathId city = Acquire("address.city");
  const PathId price = Acquire("price");
  const PathId street = Acquire("address.street.name");
  Walk(R"({"address": {"city": "x", "street": 5}, "price": 7, "other": 1})");
  EXPECT_EQ(Find(city)->text(), "x");
  EXPECT_EQ(Find(price)->int_value(), 7);
  EXPECT_EQ(Find(street), nullptr);
  // doc, address, city, street, price: nothing else is entered.
  EXPECT_EQ(scratch_.visited().size(), 5u);
}

TEST_F(TrieTest, APathIsOneNodeForAllWhoReferToIt) {
  const PathId first = Acquire("a.b");
  EXPECT_EQ(Acquire("a.b"), first);
  EXPECT_EQ(trie_.Find(FilterVariable::kDoc, PathOf("a.b")), first);
  EXPECT_EQ(trie_.Find(FilterVariable::kData, PathOf("a.b")), PathTrie::kNone);
  EXPECT_EQ(trie_.Find(FilterVariable::kDoc, PathOf("a.c")), PathTrie::kNone);
}

TEST_F(TrieTest, ANodeGoesWithItsLastReferenceAndItsParentsWithIt) {
  const PathId deep = Acquire("a.b.c");
  const PathId shallow = Acquire("a");
  Acquire("a.b.c");
  EXPECT_EQ(trie_.size(), 4u);
  trie_.Release(deep);
  EXPECT_EQ(trie_.size(), 4u);
  trie_.Release(deep);
  EXPECT_EQ(trie_.size(), 2u);
  trie_.Release(shallow);
  EXPECT_EQ(trie_.size(), 0u);
  EXPECT_EQ(trie_.memory_bytes(), 0u);
}

TEST_F(TrieTest, ChildrenAreFoundInSmallAndInLargeMaps) {
  std::vector<PathId> paths;
  std::string json = "{";
  for (int i = 0; i < 50; ++i) {
    const std::string name = "f" + std::to_string(i);
    paths.push_back(Acquire(name));
    if (i > 0) json += ", ";
    json += "\"" + name + "\": " + std::to_string(i);
  }
  // As many fields as paths, fewer, and more.
  Walk(json + "}");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(Find(paths[static_cast<std::size_t>(i)])->int_value(), i);
  }
  Walk(R"({"f7": 1, "x": 2})");
  EXPECT_EQ(Find(paths[7])->int_value(), 1);
  EXPECT_EQ(Find(paths[8]), nullptr);
  for (int i = 0; i < 50; ++i) json += ", \"g" + std::to_string(i) + "\": 0";
  Walk(json + "}");
  EXPECT_EQ(Find(paths[49])->int_value(), 49);
}

TEST_F(TrieTest, AVariableIsAPathOfNoSegments) {
  const PathId op = trie_.Acquire(FilterVariable::kOp, FieldPath());
  Walk("{}");
  EXPECT_EQ(Find(op)->text(), "insert");
}

TEST_F(TrieTest, ADerivedValueIsANodeThatTheWalkEvaluatesOnce) {
  const FieldPath sum({"doc.a + doc.b"});
  const PathId path = trie_.Acquire(FilterVariable::kDerived, sum);
  EXPECT_EQ(trie_.Acquire(FilterVariable::kDerived, sum), path);
  const PathId other =
      trie_.Acquire(FilterVariable::kDerived, FieldPath({"size(doc.l)"}));
  Walk(R"({"a": 1, "b": 2})");
  EXPECT_EQ(scratch_.derived, 2u);
  EXPECT_EQ(Find(path)->int_value(), 3);
  EXPECT_EQ(Find(other), nullptr);
  EXPECT_TRUE(scratch_.cut_off.empty());
  trie_.Release(path);
  trie_.Release(other);
  Walk(R"({"a": 1, "b": 2})");
  EXPECT_EQ(scratch_.derived, 1u);
  trie_.Release(path);
  EXPECT_EQ(trie_.size(), 0u);
  EXPECT_EQ(trie_.memory_bytes(), 0u);
}

TEST_F(TrieTest, ADerivedValueThatUsesUpTheBudgetIsAbsentAndNoted) {
  const PathId path = trie_.Acquire(FilterVariable::kDerived,
                                    FieldPath({"size(lists.range(doc.n))"}));
  scratch_.evaluation_budget = 500;
  Walk(R"({"n": 10})");
  EXPECT_EQ(Find(path)->int_value(), 10);
  EXPECT_TRUE(scratch_.cut_off.empty());
  Walk(R"({"n": 5000})");
  EXPECT_EQ(Find(path), nullptr);
  EXPECT_EQ(scratch_.cut_off, std::vector{path});
}

TEST_F(TrieTest, SiblingsSurviveTheRemovalOfAnyOfThem) {
  std::vector<PathId> paths;
  for (const char* name : {"a", "b", "c", "d"}) paths.push_back(Acquire(name));
  Acquire("e");
  for (std::size_t removed : {1u, 3u, 0u}) {
    trie_.Release(paths[removed]);
    Walk(R"({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1})");
    EXPECT_NE(Find(paths[2]), nullptr);
    EXPECT_EQ(scratch_.visited().size(), trie_.size());
  }
}

}  // namespace
}  // namespace streamer
