#include "value/field_path.h"

#include <gtest/gtest.h>

#include "absl/container/flat_hash_set.h"
#include "value/json.h"

namespace streamer {
namespace {

FieldPath Path(std::string_view text) { return FieldPath::Parse(text).value(); }

TEST(FieldPathTest, DotsSeparateAndBackslashesEscape) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(Path("status").segments(), Segments({"status"}));
  EXPECT_EQ(Path("address.city").segments(), Segments({"address", "city"}));
  EXPECT_EQ(Path(R"(a\.b.c)").segments(), Segments({"a.b", "c"}));
  EXPECT_EQ(Path(R"(a\\.b)").segments(), Segments({R"(a\)", "b"}));
  EXPECT_EQ(Path("größe. ").segments(), Segments({"größe", " "}));
}

TEST(FieldPathTest, FormatIsReadBackByParse) {
  const std::vector<std::vector<std::string>> cases = {
      {"a"}, {"a.b"}, {"a", "b"}, {R"(\)"}, {".", R"(\.)", "..."}, {"é", "\n"}};
  for (const auto& segments : cases) {
    FieldPath path(segments);
    EXPECT_EQ(Path(path.Format()), path) << path.Format();
  }
  EXPECT_EQ(FieldPath({"a.b", "c"}).Format(), R"(a\.b.c)");
  EXPECT_EQ(FieldPath().Format(), "");
}

TEST(FieldPathTest, WrongTextIsRefusedWithItsPlace) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      {"", "field path '': expected a name, got end of text, at byte 0"},
      {".a", "field path '.a': expected a name, got '.', at byte 0"},
      {"a..b", "field path 'a..b': expected a name, got '.', at byte 2"},
      {"a.", "field path 'a.': expected a name, got end of text, at byte 2"},
      {R"(a\n)", R"(field path 'a\n': expected '.' or '\' after '\', got 'n', )"
                 "at byte 2"},
      {R"(é\)", R"(field path 'é\': expected '.' or '\' after '\', got )"
                "end of text, at byte 3"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FieldPath::Parse(c.text).status(),
              InvalidArgument(std::string(c.message)));
  }
}

TEST(FieldPathTest, FindWalksMapsOnly) {
  Arena arena;
  Value root =
      ParseJson(R"({"a":{"b":[{"c":1}],"d.e":null},"f":"x"})", arena).value();
  EXPECT_EQ(FieldPath().Find(root), &root);
  EXPECT_EQ(Path("f").Find(root)->text(), "x");
  EXPECT_TRUE(Path("a.b").Find(root)->is(ValueKind::kList));
  EXPECT_TRUE(Path(R"(a.d\.e)").Find(root)->is(ValueKind::kNull));
  EXPECT_EQ(Path("a.x").Find(root), nullptr);
  EXPECT_EQ(Path("x.a").Find(root), nullptr);
  EXPECT_EQ(Path("f.x").Find(root), nullptr) << "text has no fields";
  EXPECT_EQ(Path("a.b.c").Find(root), nullptr) << "lists have no fields";
  EXPECT_EQ(Path("a.b.0").Find(root), nullptr);
}

TEST(FieldPathTest, PathsAreEqualBySegments) {
  absl::flat_hash_set<FieldPath> paths = {Path("a.b"), FieldPath({"a", "b"}),
                                          FieldPath({"a.b"})};
  EXPECT_EQ(paths.size(), 2u);
  EXPECT_LT(Path("a"), Path("a.b"));
}

}  // namespace
}  // namespace streamer
