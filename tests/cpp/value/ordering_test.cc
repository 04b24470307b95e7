#include "value/ordering.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/random_value.h"
#include "value/json.h"
#include "value/owned_value.h"

namespace streamer {
namespace {

constexpr std::int64_t kLeastInt = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatestInt = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kExactDoubles = std::int64_t{1} << 53;

enum class Relation { kLess, kEqual, kGreater, kUnordered, kNone };

Relation RelationOf(const Value& left, const Value& right) {
  auto order = Compare(left, right);
  if (!order) return Relation::kNone;
  if (*order < 0) return Relation::kLess;
  if (*order > 0) return Relation::kGreater;
  return *order == 0 ? Relation::kEqual : Relation::kUnordered;
}

struct OrderCase {
  Value left;
  Value right;
  Relation relation;
  bool equal;
};

TEST(OrderingTest, PairsCompareAsCelSays) {
  const double nan = std::nan("");
  const OrderCase cases[] = {
      // Within one type.
      {Value::Int(1), Value::Int(2), Relation::kLess, false},
      {Value::Uint(3), Value::Uint(3), Relation::kEqual, true},
      {Value::Double(2.5), Value::Double(-1), Relation::kGreater, false},
      {Value::Double(0.0), Value::Double(-0.0), Relation::kEqual, true},
      {Value::Bool(false), Value::Bool(true), Relation::kLess, false},
      {Value::String("a"), Value::String("ab"), Relation::kLess, false},
      {Value::String("Z"), Value::String("a"), Relation::kLess, false},
      {Value::String("\u00e9"), Value::String("z"), Relation::kGreater, false},
      {Value::String("\U0001F600"), Value::String("\uFFFD"), Relation::kGreater,
       false},
      {Value::Bytes("\x80"), Value::Bytes("\x7f"), Relation::kGreater, false},
      {Value::Timestamp({1, 5}), Value::Timestamp({1, 6}), Relation::kLess,
       false},
      {Value::Duration({-1, -5}), Value::Duration({-1, 0}), Relation::kLess,
       false},
      {Value::Duration({7, 0}), Value::Duration({7, 0}), Relation::kEqual,
       true},
      // Across numeric types.
      {Value::Int(1), Value::Uint(1), Relation::kEqual, true},
      {Value::Int(-1), Value::Uint(0), Relation::kLess, false},
      {Value::Int(-1), Value::Uint(~0ull), Relation::kLess, false},
      {Value::Uint(~0ull), Value::Int(-1), Relation::kGreater, false},
      {Value::Uint(1ull << 63), Value::Int(kGreatestInt), Relation::kGreater,
       false},
      {Value::Int(1), Value::Double(1.0), Relation::kEqual, true},
      {Value::Int(1), Value::Double(1.5), Relation::kLess, false},
      {Value::Double(0.5), Value::Uint(0), Relation::kGreater, false},
      {Value::Double(-HUGE_VAL), Value::Int(kLeastInt), Relation::kLess, false},
      {Value::Double(HUGE_VAL), Value::Uint(~0ull), Relation::kGreater, false},
      // Against double by conversion to double: what rounds alike is equal.
      {Value::Int(kExactDoubles + 1), Value::Double(9007199254740992.0),
       Relation::kEqual, true},
      {Value::Int(kExactDoubles + 1), Value::Int(kExactDoubles),
       Relation::kGreater, false},
      {Value::Int(kGreatestInt), Value::Double(9223372036854775808.0),
       Relation::kEqual, true},
      {Value::Uint(~0ull), Value::Double(18446744073709551616.0),
       Relation::kEqual, true},
      // NaN is beside every number and equals none.
      {Value::Double(nan), Value::Double(nan), Relation::kUnordered, false},
      {Value::Double(nan), Value::Int(1), Relation::kUnordered, false},
      {Value::Uint(1), Value::Double(nan), Relation::kUnordered, false},
      // No order between types, nor within these.
      {Value::String("1"), Value::Int(1), Relation::kNone, false},
      {Value::String("a"), Value::Bytes("a"), Relation::kNone, false},
      {Value::Bool(true), Value::Int(1), Relation::kNone, false},
      {Value::Null(), Value::Int(0), Relation::kNone, false},
      {Value::Null(), Value::Null(), Relation::kNone, true},
      {Value::Type("int"), Value::Type("int"), Relation::kNone, true},
      {Value::Type("int"), Value::Type("uint"), Relation::kNone, false},
      {Value::Type("int"), Value::String("int"), Relation::kNone, false},
      {Value::Timestamp({1, 0}), Value::Duration({1, 0}), Relation::kNone,
       false},
  };
  for (const OrderCase& c : cases) {
    SCOPED_TRACE(FormatJson(c.left) + " and " + FormatJson(c.right));
    EXPECT_EQ(RelationOf(c.left, c.right), c.relation);
    EXPECT_EQ(Equal(c.left, c.right), c.equal);
    EXPECT_EQ(Equal(c.right, c.left), c.equal);
  }
}

TEST(OrderingTest, ListsAndMapsCompareDeeply) {
  Arena arena;
  auto parse = [&](std::string_view json) {
    return ParseJson(json, arena).value();
  };
  struct Case {
    std::string_view left;
    std::string_view right;
    bool equal;
  };
  const Case cases[] = {
      {"[]", "[]", true},
      {"[1]", "[1.0]", true},
      {"[1,2]", "[2,1]", false},
      {"[1]", "[1,1]", false},
      {"[[1],{}]", "[[1.0],{}]", true},
      {"{}", "{}", true},
      {R"({"a":1,"b":2})", R"({"b":2.0,"a":1})", true},
      {R"({"a":1})", R"({"a":2})", false},
      {R"({"a":1})", R"({"b":1})", false},
      {R"({"a":1})", R"({"a":1,"b":1})", false},
      {R"({"a":null})", R"({"b":null})", false},
      {"[]", "{}", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.left) + " and " + std::string(c.right));
    EXPECT_EQ(Equal(parse(c.left), parse(c.right)), c.equal);
    EXPECT_EQ(RelationOf(parse(c.left), parse(c.right)), Relation::kNone);
    if (c.equal) {
      EXPECT_EQ(Hash(parse(c.left)), Hash(parse(c.right)));
    }
  }
}

TEST(OrderingTest, RandomPairsObeyTheLaws) {
  support::Random random(support::SeedOf("RandomPairsObeyTheLaws"));
  SCOPED_TRACE(random.seed_note());
  Arena arena;
  support::RandomValues values(random, arena, support::ValueRange::kCel);
  int equal_pairs = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (i % 1000 == 0) arena.Reset();
    Value left = values.Any(2);
    Value right = random.Chance(1, 4) ? CopyValue(arena, left) : values.Any(2);
    SCOPED_TRACE(FormatJson(left) + " and " + FormatJson(right));
    bool equal = Equal(left, right);
    Relation relation = RelationOf(left, right);
    ASSERT_EQ(equal, Equal(right, left));
    if (relation != Relation::kNone) {
      ASSERT_EQ(equal, relation == Relation::kEqual);
    }
    Relation back = RelationOf(right, left);
    ASSERT_EQ(relation == Relation::kLess, back == Relation::kGreater);
    ASSERT_EQ(relation == Relation::kNone, back == Relation::kNone);
    if (equal) {
      ++equal_pairs;
      ASSERT_EQ(Hash(left), Hash(right));
    }
    std::string left_key;
    std::string right_key;
    AppendIdentity(left, left_key);
    AppendIdentity(right, right_key);
    if (left_key == right_key) {
      ASSERT_EQ(Hash(left), Hash(right));
    }
  }
  EXPECT_GT(equal_pairs, 10'000);
}

TEST(OrderingTest, IdentityTellsTypesAndBitsApart) {
  Arena arena;
  const Value values[] = {
      Value::Int(1),
      Value::Uint(1),
      Value::Double(1),
      Value::Double(0.0),
      Value::Double(-0.0),
      Value::Int(0),
      Value::Bool(true),
      Value::Bool(false),
      Value::Null(),
      Value::String("1"),
      Value::Bytes("1"),
      Value::Type("1"),
      Value::String(""),
      Value::Timestamp({1, 0}),
      Value::Duration({1, 0}),
      Value::Timestamp({1, 1}),
      ParseJson("[]", arena).value(),
      ParseJson("{}", arena).value(),
      ParseJson("[1]", arena).value(),
      ParseJson("[[1]]", arena).value(),
      ParseJson("[1.0]", arena).value(),
      ParseJson("[[],1]", arena).value(),
      ParseJson("[[1],2]", arena).value(),
      ParseJson("[[1,2]]", arena).value(),
      ParseJson(R"(["a","b"])", arena).value(),
      ParseJson(R"(["ab"])", arena).value(),
      ParseJson(R"({"a":1})", arena).value(),
      ParseJson(R"({"a":1.0})", arena).value(),
  };
  std::vector<std::string> keys;
  for (const Value& value : values) {
    std::string key;
    AppendIdentity(value, key);
    keys.push_back(key);
    std::string copied;
    AppendIdentity(CopyValue(arena, value), copied);
    EXPECT_EQ(copied, key) << FormatJson(value);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(keys[i], keys[j])
          << FormatJson(values[i]) << " and " << FormatJson(values[j]);
      EXPECT_FALSE(keys[i].starts_with(keys[j]))
          << "a key must not begin another: strings of keys stay distinct";
    }
  }
}

}  // namespace
}  // namespace streamer
