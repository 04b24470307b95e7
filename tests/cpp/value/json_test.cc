#include "value/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "support/random_value.h"
#include "value/internal/strict_json.h"
#include "value/ordering.h"

namespace streamer {
namespace {

std::string IdentityOf(const Value& value) {
  std::string key;
  AppendIdentity(value, key);
  return key;
}

std::string Nested(int depth, std::string_view inside) {
  return std::string(depth, '[') + std::string(inside) +
         std::string(depth, ']');
}

TEST(JsonTest, NumbersTakeTheFirstTypeThatFits) {
  struct Case {
    std::string_view json;
    Value value;
  };
  const Case cases[] = {
      {"0", Value::Int(0)},
      {"-0", Value::Int(0)},
      {"-0.0", Value::Double(-0.0)},
      {"7", Value::Int(7)},
      {"9223372036854775807", Value::Int(9223372036854775807)},
      {"9223372036854775808", Value::Uint(9223372036854775808u)},
      {"18446744073709551615", Value::Uint(18446744073709551615u)},
      {"18446744073709551616", Value::Double(18446744073709551616.0)},
      {"-9223372036854775808",
       Value::Int(std::numeric_limits<std::int64_t>::min())},
      {"-9223372036854775809", Value::Double(-9223372036854775808.0)},
      {"123456789012345678901234567890", Value::Double(1.2345678901234568e29)},
      {"1.0", Value::Double(1)},
      {"1e2", Value::Double(100)},
      {"1E+2", Value::Double(100)},
      {"0.1", Value::Double(0.1)},
      {"1e-400", Value::Double(0)},
      {"0e99999999999999999999", Value::Double(0)},
      {"1.7976931348623157e308", Value::Double(1.7976931348623157e308)},
      {"5e-324", Value::Double(5e-324)},
  };
  for (const Case& c : cases) {
    Arena arena;
    auto value = ParseJson(c.json, arena);
    ASSERT_TRUE(value.ok()) << c.json << value.status();
    EXPECT_EQ(IdentityOf(*value), IdentityOf(c.value)) << c.json;
    auto slow = internal::ReadStrictJson(c.json, arena);
    ASSERT_TRUE(slow.ok()) << c.json << slow.status();
    EXPECT_EQ(IdentityOf(*slow), IdentityOf(c.value)) << c.json;
  }
}

TEST(JsonTest, StringsAreUnescaped) {
  Arena arena;
  auto value = ParseJson(R"("\"\\\/\b\f\n\r\té\ud83d\ude00\u0000x")", arena);
  EXPECT_EQ(value->text(),
            std::string_view("\"\\/\b\f\n\r\t\u00e9\U0001F600\0x", 16));
}

TEST(JsonTest, KeysCompareUnescapedAndTheLastRepeatedOneCounts) {
  Arena arena;
  Value value =
      ParseJson(R"({"a":1,"b":2,"\u0061":3,"c":{"b":4}})", arena).value();
  EXPECT_EQ(FormatJson(value), R"({"a":3,"b":2,"c":{"b":4}})");
}

TEST(JsonTest, TheValueSharesNothingWithTheText) {
  Arena arena;
  std::string text = R"({"name":"ada"})";
  Value value = ParseJson(text, arena).value();
  text.assign(text.size(), '#');
  EXPECT_EQ(FormatJson(value), R"({"name":"ada"})");
}

TEST(JsonTest, WrongTextIsRefusedWithWhatWasExpectedWhere) {
  struct Case {
    std::string_view json;
    std::string_view message;
  };
  const Case cases[] = {
      {"", "expected a value, got end of text, at byte 0"},
      {" \n", "expected a value, got end of text, at byte 2"},
      {"\xef\xbb\xbf{}", "expected a value, got '\ufeff', at byte 0"},
      {"nul", "expected a value, got 'n', at byte 0"},
      {"nulls", "expected end of text, got 's', at byte 4"},
      {"NaN", "expected a value, got 'N', at byte 0"},
      {"+1", "expected a value, got '+', at byte 0"},
      {".5", "expected a value, got '.', at byte 0"},
      {"1.", "expected a digit, got end of text, at byte 2"},
      {"1.e5", "expected a digit, got 'e', at byte 2"},
      {"-", "expected a digit, got end of text, at byte 1"},
      {"1e+", "expected a digit, got end of text, at byte 3"},
      {"01", "expected end of text, got '1', at byte 1"},
      {"1 2", "expected end of text, got '2', at byte 2"},
      {"{} {}", "expected end of text, got '{', at byte 3"},
      {"[1]]", "expected end of text, got ']', at byte 3"},
      {"[1,]", "expected a value, got ']', at byte 3"},
      {"[1 2]", "expected ',' or ']', got '2', at byte 3"},
      {"[1", "expected ',' or ']', got end of text, at byte 2"},
      {"{\"a\":1", "expected ',' or '}', got end of text, at byte 6"},
      {"{\"a\":1,}", "expected a key in quotes, got '}', at byte 7"},
      {"{a:1}", "expected a key in quotes, got 'a', at byte 1"},
      {"{\"a\" 1}", "expected ':', got '1', at byte 5"},
      {"{\"a\"", "expected ':', got end of text, at byte 4"},
      {"\"abc", "expected '\"', got end of text, at byte 4"},
      {"\"a\nb\"",
       "expected an escape for a control character, got byte 0x0A, at byte 2"},
      {"\"\\x\"", "expected an escape, got 'x', at byte 2"},
      {"\"\\u00g0\"", "expected four hexadecimal digits, got 'g', at byte 5"},
      {"\"\\u00",
       "expected four hexadecimal digits, got end of text, "
       "at byte 5"},
      {"\"\\ud800\"",
       "expected a pair of surrogates, got one alone, at byte 1"},
      {"\"\\udc00\"",
       "expected a pair of surrogates, got one alone, at byte 1"},
      {"\"\\ud800\\u0041\"",
       "expected a pair of surrogates, got one alone, at byte 1"},
      {"\"\xff\"", "expected UTF-8, got byte 0xFF, at byte 1"},
      {"\"\xed\xa0\x80\"", "expected UTF-8, got byte 0xED, at byte 1"},
      {"[1e400]",
       "expected a number within the range of a double, got 1e400, at byte 1"},
      {"-1e99999999999999999999",
       "expected a number within the range of a double, got "
       "-1e99999999999999999999, at byte 0"},
  };
  for (const Case& c : cases) {
    Arena arena;
    EXPECT_EQ(ParseJson(c.json, arena).status(),
              InvalidArgument(std::string(c.message)))
        << c.json;
  }
}

TEST(JsonTest, ALongNumberOutOfRangeIsQuotedInPart) {
  Arena arena;
  std::string number(400, '9');
  EXPECT_EQ(ParseJson(number, arena).status(),
            InvalidArgument("expected a number within the range of a double, "
                            "got " +
                            std::string(40, '9') + "…, at byte 0"));
}

TEST(JsonTest, DepthIsBoundedExactly) {
  Arena arena;
  for (std::string_view inside : {"", "1", "{}"}) {
    int inner = inside == "{}" ? 1 : 0;
    EXPECT_TRUE(ParseJson(Nested(kMaxJsonDepth - inner, inside), arena).ok());
    EXPECT_EQ(
        ParseJson(Nested(kMaxJsonDepth + 1 - inner, inside), arena).status(),
        InvalidArgument("expected at most 128 nested levels, got one "
                        "more, at byte 128"));
  }
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '['), arena).ok());
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(ParseJson(objects, arena).ok());
}

TEST(JsonTest, AParserThatReadLargeTextReadsOnCorrectly) {
  Arena arena;
  std::string large = "[";
  for (int i = 0; i < 400'000; ++i) large += "1234,";
  large += "{\"end\":true}]";
  Value value = ParseJson(large, arena).value();
  EXPECT_EQ(value.list().size(), 400'001u);
  EXPECT_EQ(FormatJson(ParseJson("[1]", arena).value()), "[1]");
}

TEST(JsonTest, ValuesAreWrittenCompactly) {
  Arena arena;
  const MapEntry entries[] = {{Value::Int(1), Value::Double(1)},
                              {Value::Bool(true), Value::Bytes("\xff\x00x")},
                              {Value::String("k\n"), Value::Null()}};
  struct Case {
    Value value;
    std::string_view json;
  };
  const Case cases[] = {
      {Value::Double(1), "1.0"},
      {Value::Double(-0.0), "-0.0"},
      {Value::Double(1e300), "1e+300"},
      {Value::Double(0.1), "0.1"},
      {Value::Double(std::nan("")), "\"NaN\""},
      {Value::Double(HUGE_VAL), "\"Infinity\""},
      {Value::Double(-HUGE_VAL), "\"-Infinity\""},
      {Value::Uint(~0ull), "18446744073709551615"},
      {Value::String("a\"\\\b\f\n\r\t\x01/é"), R"("a\"\\\b\f\n\r\t\u0001/é")"},
      {Value::Bytes("abcd"), "\"YWJjZA==\""},
      {Value::Timestamp({0, 1000}), "\"1970-01-01T00:00:00.000001Z\""},
      {Value::Duration({1, 500'000'000}), "\"1.5s\""},
      {Value::Type("int"), "\"int\""},
      {Value::Error(arena, ErrorCode::kOverflow, "too \"large\""),
       R"("too \"large\"")"},
      {Value::Map(MapValue::Make(arena, entries)),
       R"({"1":1.0,"true":"/w==","k\n":null})"},
  };
  for (const Case& c : cases) EXPECT_EQ(FormatJson(c.value), c.json);
}

TEST(JsonTest, EveryDoubleReadsBackToItsBits) {
  support::Random random(support::SeedOf("EveryDoubleReadsBackToItsBits"));
  SCOPED_TRACE(random.seed_note());
  Arena arena;
  for (int i = 0; i < 50'000; ++i) {
    arena.Reset();
    Value value = Value::Double(std::bit_cast<double>(random.Bits()));
    if (!std::isfinite(value.double_value())) continue;
    std::string text = FormatJson(value);
    ASSERT_EQ(IdentityOf(ParseJson(text, arena).value()), IdentityOf(value))
        << text;
  }
}

TEST(JsonTest, RandomValuesSurviveEverySpelling) {
  support::Random random(support::SeedOf("RandomValuesSurviveEverySpelling"));
  SCOPED_TRACE(random.seed_note());
  for (int i = 0; i < 10'000; ++i) {
    Arena arena;
    support::RandomValues values(random, arena, support::ValueRange::kJson);
    Value value = values.Any(4);
    std::string compact = FormatJson(value);
    std::string spelt = support::SpellJson(value, random);
    for (const std::string& text : {compact, spelt}) {
      auto fast = ParseJson(text, arena);
      ASSERT_TRUE(fast.ok()) << text << fast.status();
      ASSERT_EQ(IdentityOf(*fast), IdentityOf(value)) << text;
      auto slow = internal::ReadStrictJson(text, arena);
      ASSERT_TRUE(slow.ok()) << text << slow.status();
      ASSERT_EQ(IdentityOf(*slow), IdentityOf(value)) << text;
    }
  }
}

// simdjson and the plain reader must accept the same texts, or a text's fate
// would depend on which of them saw it first.
TEST(JsonTest, DamagedTextMeansTheSameToBothReaders) {
  support::Random random(support::SeedOf("DamagedText"));
  SCOPED_TRACE(random.seed_note());
  int refused = 0;
  for (int i = 0; i < 40'000; ++i) {
    Arena arena;
    support::RandomValues values(random, arena, support::ValueRange::kJson);
    std::string text =
        support::DamageText(support::SpellJson(values.Any(3), random), random);
    auto fast = ParseJson(text, arena);
    auto slow = internal::ReadStrictJson(text, arena);
    ASSERT_EQ(fast.status(), slow.status()) << text;
    if (!fast.ok()) {
      ++refused;
    } else {
      ASSERT_EQ(IdentityOf(*fast), IdentityOf(*slow)) << text;
    }
  }
  EXPECT_GT(refused, 10'000);
  EXPECT_LT(refused, 39'000);
}

}  // namespace
}  // namespace streamer
