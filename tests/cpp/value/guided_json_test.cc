#include "value/guided_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/random_value.h"
#include "value/json.h"
#include "value/ordering.h"

namespace streamer {
namespace {

using support::Random;
using support::RandomValues;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Follows some dotted paths; keeps what it is given as "path=json".
class PathGuide final : public JsonGuide {
 public:
  explicit PathGuide(std::vector<std::string> wanted)
      : wanted_(wanted.begin(), wanted.end()) {}

  Step Enter(Node node, std::string_view key) override {
    std::string path = names_[node];
    path.append(path.empty() ? "" : ".").append(key);
    const bool leads_on =
        wanted_.lower_bound(path + ".") != wanted_.lower_bound(path + "/");
    if (!wanted_.contains(path) && !leads_on) return {};
    names_.push_back(path);
    return {static_cast<Node>(names_.size() - 1), wanted_.contains(path)};
  }
  bool Set(Node node, const Value& value) override {
    found.push_back(names_[node] + "=" + FormatJson(value));
    return ++sets_ != gives_up_after;
  }

  std::vector<std::string> found;
  int gives_up_after = 0;

 private:
  std::set<std::string> wanted_;
  std::vector<std::string> names_ = {""};
  int sets_ = 0;
};

class GuidedJsonTest : public testing::Test {
 protected:
  bool Read(std::string_view text, PathGuide& guide) {
    Arena arena;
    return reader_.Read(text, 0, guide, arena);
  }
  GuidedJson reader_;
};

TEST_F(GuidedJsonTest, GivesWhatIsAskedForInTheOrderOfTheText) {
  PathGuide guide({"b.c", "a", "l", "z.y", "n"});
  EXPECT_TRUE(Read(R"({"x": {"a": 1}, "a": 1.50, "b": {"d": [1], "c": "é\n"},
                       "l": [1, {"k": null}], "z": 7, "n": null, "t": true})",
                   guide));
  EXPECT_THAT(guide.found, ElementsAre("a=1.5", "b={}", R"(b.c="é\n")",
                                       R"(l=[1,{"k":null}])", "z=7", "n=null"));
}

TEST_F(GuidedJsonTest, AContainerThatIsNotWantedWholeIsGivenEmpty) {
  PathGuide guide({"list.x", "map.x"});
  EXPECT_TRUE(Read(R"({"list": [{"x": 1}], "map": {"y": 1}})", guide));
  EXPECT_THAT(guide.found, ElementsAre("list=[]", "map={}"));
}

TEST_F(GuidedJsonTest, NumbersAreWhatParseJsonMakesOfThem) {
  for (const char* number :
       {"0", "-0", "-0.0", "1", "-7", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "-9223372036854775808",
        "0.1", "1e2", "5e-324", "1.7976931348623157e308", "1E+2"}) {
    PathGuide guide({"n"});
    const std::string text = std::string("{\"n\":") + number + "}";
    ASSERT_TRUE(Read(text, guide)) << number;
    Arena arena;
    const Value whole = ParseJson(text, arena).value();
    EXPECT_THAT(guide.found,
                ElementsAre("n=" + FormatJson(*whole.map().Find("n"))));
  }
}

TEST_F(GuidedJsonTest, GivesUpAtWhatItLeavesToOthers) {
  for (const char* text :
       {"", "[1]", "7", "{", R"({"a":1)", R"({"a":1}})", R"({"a":1} x)",
        R"({"a":1}{"a":2})", R"({"\u0061":1})", R"({"a":18446744073709551616})",
        R"({"a":tru})", R"({"a":"\ud800"})", R"({"a" 1})", "{\"a\":\"\xff\"}",
        R"({"a":[1,]})"}) {
    PathGuide guide({"a"});
    EXPECT_FALSE(Read(text, guide)) << text;
  }
  PathGuide refusing({"a", "b"});
  refusing.gives_up_after = 1;
  EXPECT_FALSE(Read(R"({"a":1,"b":2})", refusing));
  EXPECT_THAT(refusing.found, ElementsAre("a=1"));
  // It can be used again.
  PathGuide guide({"a"});
  EXPECT_TRUE(Read(R"({"a":1})", guide));
}

TEST_F(GuidedJsonTest, NestingIsBoundedAsInParseJson) {
  for (int depth : {kMaxJsonDepth, kMaxJsonDepth + 1}) {
    std::string text;
    std::string path;
    for (int i = 1; i < depth; ++i) {
      text += R"({"a":)";
      path += path.empty() ? "a" : ".a";
    }
    text += "{}" + std::string(depth - 1, '}');
    PathGuide guide({path});
    EXPECT_EQ(Read(text, guide), depth <= kMaxJsonDepth) << depth;
  }
}

TEST_F(GuidedJsonTest, ALongTextDoesNotStay) {
  PathGuide guide({"a"});
  const std::string long_text = "{\"b\":\"" + std::string(3 << 20, 'x') + "\"}";
  EXPECT_TRUE(Read(long_text, guide));
  EXPECT_TRUE(Read("{}", guide));
  EXPECT_THAT(guide.found, IsEmpty());
}

const Value* FindPath(const Value& root, const std::string& path) {
  const Value* value = &root;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    if (!value->is(ValueKind::kMap)) return nullptr;
    value =
        value->map().Find(std::string_view(path).substr(begin, end - begin));
    if (value == nullptr) return nullptr;
    begin = end + 1;
  }
  return value;
}

// Repeated keys are the guide's to notice: where it saw none, what it was
// given is what the whole document has.
TEST_F(GuidedJsonTest, AgreesWithParseJsonOnRandomDocuments) {
  Random random(support::SeedOf("GuidedJsonTest"));
  SCOPED_TRACE(random.seed_note());
  const auto& names = RandomValues::field_names();
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    Arena arena;
    RandomValues values(random, arena, support::ValueRange::kJson);
    const std::string text = SpellJson(values.Document(3), random);
    std::vector<std::string> wanted;
    for (int k = 0; k < 3; ++k) {
      std::string path = random.Pick(names);
      if (random.Chance(1, 2)) path += "." + random.Pick(names);
      wanted.push_back(path);
    }
    PathGuide guide(wanted);
    if (!reader_.Read(text, 0, guide, arena)) continue;
    std::map<std::string, std::string> found;
    bool has_repeated = false;
    for (const std::string& line : guide.found) {
      const std::size_t cut = line.find('=');
      has_repeated |=
          !found.emplace(line.substr(0, cut), line.substr(cut + 1)).second;
    }
    if (has_repeated) continue;
    ++read;
    const Value whole = ParseJson(text, arena).value();
    for (const std::string& path : wanted) {
      // The members of what is wanted whole are not asked for.
      const std::size_t dot = path.find('.');
      if (dot != path.npos && found.contains(path.substr(0, dot)) &&
          std::count(wanted.begin(), wanted.end(), path.substr(0, dot)) > 0) {
        continue;
      }
      const Value* expected = FindPath(whole, path);
      const auto got = found.find(path);
      ASSERT_EQ(got != found.end(), expected != nullptr) << text << path;
      if (expected == nullptr) continue;
      ASSERT_EQ(got->second, FormatJson(*expected)) << text << path;
    }
  }
  EXPECT_GT(read, 3'000);
}

}  // namespace
}  // namespace streamer
