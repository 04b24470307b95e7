// The semantics of the language, as tables: text, and the value or error that
// both evaluators make of it.
#include "cel/functions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cel/internal/operators.h"
#include "support/evaluate_both.h"

namespace streamer::cel {
namespace {

constexpr std::string_view kDocument = R"({
  "price": 7, "big": 9223372036854775807, "huge": 18446744073709551615,
  "half": 0.5, "whole": 2.0, "name": "ada", "empty": "", "none": null,
  "yes": true, "no": false, "tags": ["a", "b"], "list": [1, 2.0, "x", null],
  "address": {"city": "Oslo", "zip": {"code": "0150"}}, "odd key": 1,
  "wide": {"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10}
})";

struct Case {
  std::string_view text;
  std::string_view result;
};

template <std::size_t count>
void Check(const Case (&cases)[count]) {
  for (const Case& c : cases) {
    EXPECT_EQ(support::EvaluateBoth(c.text, kDocument), c.result) << c.text;
  }
}

TEST(FunctionsTest, FieldsAreSelected) {
  Check({
      {"doc.price", "7"},
      {"doc.address.zip.code", "\"0150\""},
      {"doc.wide.j", "10"},
      {"doc.`odd key`", "1"},
      {"doc['odd key']", "1"},
      {"{'a': {'b': 1}}.a.b", "1"},
      {"(doc.yes ? doc.address : doc).city", "\"Oslo\""},
      {"(doc.yes ? doc.address : doc).nowhere", "error: no such key: nowhere"},
      {"doc.missing", "error: no such key: missing"},
      {"doc.wide.z", "error: no such key: z"},
      {"doc.missing.further", "error: no such key: missing"},
      {"doc.price.further", "error: no such overload: int.further"},
      {"doc.none.x", "error: no such overload: null_type.x"},
      {"doc.tags.x", "error: no such overload: list.x"},
      {"(1).x", "error: no such overload: int.x"},
      {"(1 / 0).x", "error: divide by zero"},
  });
}

TEST(FunctionsTest, HasAsksForPresence) {
  Check({
      {"has(doc.price)", "true"},
      {"has(doc.none)", "true"},
      {"has(doc.missing)", "false"},
      {"has(doc.address.city)", "true"},
      {"has(doc.address.street)", "false"},
      {"has(doc.wide.a) && !has(doc.wide.z)", "true"},
      {"has({'a': 1}.a)", "true"},
      {"has(doc.missing.x)", "error: no such key: missing"},
      {"has(doc.price.x)", "error: no such overload: has(int.x)"},
      {"has(doc.none.x)", "error: no such overload: has(null_type.x)"},
  });
}

TEST(FunctionsTest, IndexesFindElementsAndKeys) {
  Check({
      {"doc.tags[0]", "\"a\""},
      {"doc.tags[1u]", "\"b\""},
      {"doc.tags[1.0]", "\"b\""},
      {"[1, 2, 3][2]", "3"},
      {"doc['price']", "7"},
      {"{1: 'a'}[1u]", "\"a\""},
      {"{1u: 'a'}[1.0]", "\"a\""},
      {"{true: 'a'}[true]", "\"a\""},
      {"doc.tags[2]", "error: index out of bounds: 2"},
      {"doc.tags[-1]", "error: index out of bounds: -1"},
      {"doc.tags[18446744073709551615u]",
       "error: index out of bounds: 18446744073709551615"},
      {"doc.tags[-0.5]", "error: list index is not a whole number: -0.5"},
      {"doc.tags[1e300]", "error: index out of bounds: 1e+300"},
      {"doc.tags[-1.0]", "error: index out of bounds: -1.0"},
      {"doc.tags[double('NaN')]",
       "error: list index is not a whole number: \"NaN\""},
      {"doc['missing']", "error: no such key: missing"},
      {"{1: 'a'}[2]", "error: no such key: 2"},
      {"{1: 'a'}[1.5]", "error: no such key: 1.5"},
      {"doc.tags['a']", "error: no such overload: list[string]"},
      {"doc.price[0]", "error: no such overload: int[int]"},
      {"doc[null]", "error: no such overload: map[null_type]"},
  });
}

TEST(FunctionsTest, EqualityHoldsAcrossTypes) {
  Check({
      {"1 == 1", "true"},
      {"1 == 1u", "true"},
      {"1 == 1.0", "true"},
      {"2u == 2.0", "true"},
      {"1 != 1.0", "false"},
      {"1 == 'x'", "false"},
      {"1 != 'x'", "true"},
      {"null == null", "true"},
      {"null == 0", "false"},
      {"'a' == b'a'", "false"},
      {"[1, 2] == [1.0, 2u]", "true"},
      {"[1] == [1, 2]", "false"},
      {"{'a': 1} == {'a': 1.0}", "true"},
      {"{'a': 1} == {'b': 1}", "false"},
      {"double('NaN') == double('NaN')", "false"},
      {"double('NaN') != double('NaN')", "true"},
      {"0.0 == -0.0", "true"},
      {"doc.none == null", "true"},
      {"doc.missing == null", "error: no such key: missing"},
      {"int == int", "true"},
      {"int == uint", "false"},
      {"9223372036854775807 == 9223372036854775808.0", "true"},
      {"9007199254740993 == 9007199254740992.0", "true"},
      {"-1 == 18446744073709551615u", "false"},
  });
}

TEST(FunctionsTest, OrderIsWithinNumbersAndWithinTypes) {
  Check({
      {"1 < 2", "true"},
      {"1 < 1.5", "true"},
      {"2u > 1", "true"},
      {"-1 < 0u", "true"},
      {"doc.big < 9223372036854775808.0", "false"},
      {"doc.huge > doc.big", "true"},
      {"'a' < 'b'", "true"},
      {"'Z' < 'a'", "true"},
      {"'abc' >= 'ab'", "true"},
      {"b'a' <= b'a'", "true"},
      {"false < true", "true"},
      {"double('NaN') < 1.0", "false"},
      {"double('NaN') >= 1.0", "false"},
      {"duration('1s') < duration('1m')", "true"},
      {"timestamp('2013-01-01T00:00:00Z') > timestamp(0)", "true"},
      {"'1' < 1", "error: no such overload: string < int"},
      {"1 <= '1'", "error: no such overload: int <= string"},
      {"null > 0", "error: no such overload: null_type > int"},
      {"null >= null", "error: no such overload: null_type >= null_type"},
      {"[1] < [2]", "error: no such overload: list < list"},
      {"{} > {}", "error: no such overload: map > map"},
      {"doc.tags < 1", "error: no such overload: list < int"},
      {"timestamp(0) < duration('1s')",
       "error: no such overload: google.protobuf.Timestamp < "
       "google.protobuf.Duration"},
      {"doc.missing < 1", "error: no such key: missing"},
      {"1 < doc.missing", "error: no such key: missing"},
  });
}

TEST(FunctionsTest, LogicAbsorbsErrorsOnEitherSide) {
  Check({
      {"true && true", "true"},
      {"true && false", "false"},
      {"false || true", "true"},
      {"false || false", "false"},
      {"doc.missing == 1 && false", "false"},
      {"false && doc.missing == 1", "false"},
      {"doc.missing == 1 || true", "true"},
      {"true || doc.missing == 1", "true"},
      {"doc.missing == 1 && true", "error: no such key: missing"},
      {"true && doc.missing == 1", "error: no such key: missing"},
      {"doc.missing == 1 || false", "error: no such key: missing"},
      {"doc.x == 1 && doc.y == 1", "error: no such key: x"},
      {"doc.x == 1 || doc.y == 1", "error: no such key: x"},
      {"doc.x && (doc.y || doc.no)", "error: no such key: x"},
      {"doc.x && (doc.y && doc.no)", "false"},
      {"doc.price && true",
       "error: no such overload: && expects bool, got int"},
      {"true && doc.price",
       "error: no such overload: && expects bool, got int"},
      {"doc.price && false", "false"},
      {"false && doc.price", "false"},
      {"doc.price || true", "true"},
      {"doc.name || false",
       "error: no such overload: || expects bool, got string"},
      {"doc.price && doc.missing",
       "error: no such overload: && expects bool, got int"},
      {"!doc.yes", "false"},
      {"!doc.price", "error: no such overload: ! expects bool, got int"},
      {"!doc.missing", "error: no such key: missing"},
      {"doc.yes && doc.yes && doc.no && doc.missing", "false"},
      {"doc.no || doc.missing || doc.price || doc.yes", "true"},
      {"1 && 1", "error: no such overload: && expects bool, got int"},
      {"true && 1", "error: no such overload: && expects bool, got int"},
      {"false || 1", "error: no such overload: || expects bool, got int"},
  });
}

TEST(FunctionsTest, ConditionalEvaluatesOneBranch) {
  Check({
      {"doc.yes ? 1 : doc.missing", "1"},
      {"doc.no ? doc.missing : 2", "2"},
      {"doc.yes ? doc.missing : 2", "error: no such key: missing"},
      {"doc.missing ? 1 : 2", "error: no such key: missing"},
      {"doc.price ? 1 : 2",
       "error: no such overload: ?: expects bool, got int"},
      {"true ? doc.price : 1 / 0", "7"},
      {"false ? 1 / 0 : doc.price", "7"},
      {"1 ? 2 : 3", "error: no such overload: ?: expects bool, got int"},
      {"doc.yes ? doc.no ? 1 : 2 : 3",
       "refused: ERROR: 1:18: expected ':', "
       "got '?'"},
      {"doc.yes ? (doc.no ? 1 : 2) : 3", "2"},
  });
}

TEST(FunctionsTest, InFindsMembers) {
  Check({
      {"'a' in doc.tags", "true"},
      {"'c' in doc.tags", "false"},
      {"2 in doc.list", "true"},
      {"2u in doc.list", "true"},
      {"null in doc.list", "true"},
      {"1 in []", "false"},
      {"doc.price in [1, 2, 7]", "true"},
      {"doc.price in [1.0, 7.0]", "true"},
      {"doc.price in [1, 2, 3, 4, 5, 6]", "false"},
      {"doc.price in [1, 2, 3, 4, 5, 6, 7.0]", "true"},
      {"doc.name in ['x', 'y', 1, 2, 3, 'ada']", "true"},
      {"[1] in [[1.0], [2]]", "true"},
      {"doc.tags in [1, 2, 3, 4, 5, ['a', 'b']]", "true"},
      {"doc.big in [0, 1, 2, 3, 4, 9223372036854775808.0]", "true"},
      {"9007199254740992 in [9007199254740993, 9007199254740992.0, 1, 2, 3]",
       "true"},
      {"double('NaN') in [double('NaN')]", "false"},
      {"'city' in doc.address", "true"},
      {"'street' in doc.address", "false"},
      {"1 in {1u: 2}", "true"},
      {"[1] in {1: 2}", "false"},
      {"1 in doc.price", "error: no such overload: int in int"},
      {"'a' in 'abc'", "error: no such overload: string in string"},
      {"doc.missing in [1]", "error: no such key: missing"},
      {"1 in doc.missing", "error: no such key: missing"},
      {"doc.price in [1, doc.price]", "true"},
  });
}

TEST(FunctionsTest, ArithmeticStaysInItsTypeAndItsRange) {
  Check({
      {"1 + 2 * 3", "7"},
      {"7 / 2", "3"},
      {"-7 / 2", "-3"},
      {"7 % 3", "1"},
      {"-7 % 3", "-1"},
      {"1u + 2u", "3u"},
      {"7u / 2u * 2u % 5u", "1u"},
      {"1.5 + 2.0", "3.5"},
      {"1.0 / 0.0", "double(\"Infinity\")"},
      {"0.0 / 0.0", "double(\"NaN\")"},
      {"-doc.price", "-7"},
      {"-doc.half", "-0.5"},
      {"-(-9223372036854775807)", "9223372036854775807"},
      {"doc.price - 8", "-1"},
      {"'a' + 'b'", "\"ab\""},
      {"b'a' + b'b'", "b\"ab\""},
      {"[1] + [2, 'x']", "[1, 2, \"x\"]"},
      {"doc.tags + doc.tags", R"(["a", "b", "a", "b"])"},
      {"1 / 0", "error: divide by zero"},
      {"1 % 0", "error: modulus by zero"},
      {"1u / 0u", "error: divide by zero"},
      {"1u % 0u", "error: modulus by zero"},
      {"doc.big + 1", "error: return error for overflow"},
      {"-doc.big - 2", "error: return error for overflow"},
      {"doc.big * 2", "error: return error for overflow"},
      {"doc.huge + 1u", "error: return error for overflow"},
      {"doc.huge * 2u", "error: return error for overflow"},
      {"0u - 1u", "error: return error for overflow"},
      {"-9223372036854775808 / -1", "error: return error for overflow"},
      {"-9223372036854775808 % -1", "error: return error for overflow"},
      {"-(-9223372036854775808)", "error: return error for overflow"},
      {"1e308 * 10.0", "double(\"Infinity\")"},
      // No mixing of numeric types.
      {"1 + 1u", "error: no such overload: int + uint"},
      {"doc.price * 1.5", "error: no such overload: int * double"},
      {"double(doc.price) * 1.5", "10.5"},
      {"1 - 1.0", "error: no such overload: int - double"},
      {"1u / 1", "error: no such overload: uint / int"},
      {"1.0 % 1.0", "error: no such overload: double % double"},
      {"'a' + 1", "error: no such overload: string + int"},
      {"'a' * 2", "error: no such overload: string * int"},
      {"null + null", "error: no such overload: null_type + null_type"},
      {"-'a'", "error: no such overload: -string"},
      {"-1u", "error: no such overload: -uint"},
      {"doc.missing + 1", "error: no such key: missing"},
  });
}

TEST(FunctionsTest, TimesAddAndSubtractWithinTheirRange) {
  Check({
      {"timestamp('2013-01-01T00:00:00Z') + duration('1.5s')",
       "timestamp(\"2013-01-01T00:00:01.5Z\")"},
      {"duration('1h') + timestamp(0)", "timestamp(\"1970-01-01T01:00:00Z\")"},
      {"timestamp(0) - duration('0.5s')",
       "timestamp(\"1969-12-31T23:59:59.5Z\")"},
      {"timestamp(10) - timestamp(70)", "duration(\"-60s\")"},
      {"timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')",
       "error: return error for overflow"},
      {"timestamp(9223372036) - timestamp(0)", "duration(\"9223372036s\")"},
      {"timestamp(0) - timestamp(9223372037)",
       "error: return error for overflow"},
      {"duration('1s') - duration('1.25s')", "duration(\"-0.25s\")"},
      {"duration('-0.5s') + duration('0.25s')", "duration(\"-0.25s\")"},
      {"timestamp('9999-12-31T23:59:59Z') + duration('1s')",
       "error: return error for overflow"},
      {"timestamp('0001-01-01T00:00:00Z') - duration('1ns')",
       "error: return error for overflow"},
      {"duration('315576000000s') + duration('1ns')",
       "error: return error for overflow"},
      {"timestamp(0) + timestamp(0)",
       "error: no such overload: google.protobuf.Timestamp + "
       "google.protobuf.Timestamp"},
      {"duration('1s') - timestamp(0)",
       "error: no such overload: google.protobuf.Duration - "
       "google.protobuf.Timestamp"},
  });
}

TEST(FunctionsTest, SizeCountsCodePointsBytesAndMembers) {
  Check({
      {"size('')", "0"},
      {"size('aé日😀')", "4"},
      {"'aé日😀'.size()", "4"},
      {"size(b'aé')", "3"},
      {"size([1, [2, 3]])", "2"},
      {"doc.address.size()", "2"},
      {"size({})", "0"},
      {"size(doc.price)", "error: no such overload: size(int)"},
      {"doc.none.size()", "error: no such overload: size(null_type)"},
      {"size(doc.missing)", "error: no such key: missing"},
  });
}

TEST(FunctionsTest, TextIsTested) {
  Check({
      {"doc.name.startsWith('ad')", "true"},
      {"doc.name.startsWith('')", "true"},
      {"doc.name.startsWith('adam')", "false"},
      {"doc.name.endsWith('da')", "true"},
      {"doc.name.endsWith('x')", "false"},
      {"doc.name.contains('d')", "true"},
      {"doc.name.contains('dd')", "false"},
      {"'日本'.contains('本')", "true"},
      {"doc.name.matches('^a')", "true"},
      {"doc.name.matches('d')", "true"},
      {"doc.name.matches('^d')", "false"},
      {"matches(doc.name, '[a-d]{3}')", "true"},
      {"doc.name.matches(doc.name)", "true"},
      {"'日本'.matches('^.{2}$')", "true"},
      {"doc.name.matches(doc.name + '[')",
       "error: invalid pattern 'ada[': missing ]: ["},
      {"doc.price.startsWith('a')",
       "error: no such overload: int.startsWith(string)"},
      {"doc.name.endsWith(1)", "error: no such overload: string.endsWith(int)"},
      {"doc.tags.contains('a')",
       "error: no such overload: list.contains(string)"},
      {"doc.price.matches('7')",
       "error: no such overload: int.matches(string)"},
      {"doc.name.matches(7)", "error: no such overload: string.matches(int)"},
      {"doc.missing.contains('a')", "error: no such key: missing"},
  });
}

TEST(FunctionsTest, NumbersConvert) {
  Check({
      {"int(1)", "1"},
      {"int(1u)", "1"},
      {"int(-1.9)", "-1"},
      {"int('42')", "42"},
      {"int('+42')", "42"},
      {"int('-9223372036854775808')", "-9223372036854775808"},
      {"int(timestamp('1970-01-01T00:01:00.9Z'))", "60"},
      {"int(doc.huge)", "error: return error for overflow"},
      {"int(9223372036854775808.0)", "error: return error for overflow"},
      {"int(-9223372036854775808.0)", "error: return error for overflow"},
      {"int(double('NaN'))", "error: return error for overflow"},
      {"int('9223372036854775808')",
       "error: cannot convert the string '9223372036854775808' to int"},
      {"int('')", "error: cannot convert the string '' to int"},
      {"int(' 1')", "error: cannot convert the string ' 1' to int"},
      {"int('+-1')", "error: cannot convert the string '+-1' to int"},
      {"int('1.0')", "error: cannot convert the string '1.0' to int"},
      {"int(true)", "error: no such overload: int(bool)"},
      {"int(null)", "error: no such overload: int(null_type)"},
      {"uint(1)", "1u"},
      {"uint(1.9)", "1u"},
      {"uint('18446744073709551615')", "18446744073709551615u"},
      {"uint(-1)", "error: return error for overflow"},
      {"uint(-0.5)", "error: return error for overflow"},
      {"uint(18446744073709551616.0)", "error: return error for overflow"},
      {"uint('-1')", "error: cannot convert the string '-1' to uint"},
      {"uint('+1')", "error: cannot convert the string '+1' to uint"},
      {"uint([])", "error: no such overload: uint(list)"},
      {"double(1)", "1.0"},
      {"double(18446744073709551615u)", "18446744073709551616.0"},
      {"double('1.5e3')", "1500.0"},
      {"double('-.5')", "-0.5"},
      {"double('+1')", "1.0"},
      {"double('inf')", "double(\"Infinity\")"},
      {"double('-Infinity')", "double(\"-Infinity\")"},
      {"double('NaN')", "double(\"NaN\")"},
      {"double('1e-999')", "0.0"},
      {"double('-1e-999')", "-0.0"},
      {"double('1e999')", "error: cannot convert the string '1e999' to double"},
      {"double('0x10')", "error: cannot convert the string '0x10' to double"},
      {"double('')", "error: cannot convert the string '' to double"},
      {"double('1 ')", "error: cannot convert the string '1 ' to double"},
      {"double(b'1')", "error: no such overload: double(bytes)"},
  });
}

TEST(FunctionsTest, EverythingElseConverts) {
  Check({
      {"string(1)", "\"1\""},
      {"string(-1u == 1)", "error: no such overload: -uint"},
      {"string(18446744073709551615u)", "\"18446744073709551615\""},
      {"string(1.5)", "\"1.5\""},
      {"string(1.0)", "\"1\""},
      {"string(1e300)", "\"1e+300\""},
      {"string(double('-inf'))", "\"-Infinity\""},
      {"string(double('nan'))", "\"NaN\""},
      {"string(true)", "\"true\""},
      {"string(false)", "\"false\""},
      {"string('x')", "\"x\""},
      {"string(b'日')", "\"日\""},
      {"string(b'\\xff')", "error: cannot convert the bytes to string"},
      {"string(timestamp(0))", "\"1970-01-01T00:00:00Z\""},
      {"string(duration('1m'))", "\"60s\""},
      {"string(null)", "error: no such overload: string(null_type)"},
      {"string([])", "error: no such overload: string(list)"},
      {"bytes('é')", "b\"\\xc3\\xa9\""},
      {"bytes(b'a')", "b\"a\""},
      {"bytes(1)", "error: no such overload: bytes(int)"},
      {"bool(true)", "true"},
      {"bool('true')", "true"},
      {"bool('F')", "error: cannot convert the string 'F' to bool"},
      {"bool('f')", "false"},
      {"bool('1')", "true"},
      {"bool(1)", "error: no such overload: bool(int)"},
      {"dyn(1)", "1"},
      {"dyn(doc.missing)", "error: no such key: missing"},
      {"timestamp('2013-01-01T00:00:00Z')",
       "timestamp(\"2013-01-01T00:00:00Z\")"},
      {"timestamp(timestamp(5))", "timestamp(\"1970-01-01T00:00:05Z\")"},
      {"timestamp('yesterday')",
       "error: cannot convert the string 'yesterday' to timestamp"},
      {"timestamp(253402300800)", "error: return error for overflow"},
      {"timestamp(1.0)", "error: no such overload: timestamp(double)"},
      {"duration('90m')", "duration(\"5400s\")"},
      {"duration(duration('1s'))", "duration(\"1s\")"},
      {"duration('1d')", "error: cannot convert the string '1d' to duration"},
      {"duration(1)", "error: no such overload: duration(int)"},
      {"type(1)", "int"},
      {"type(doc)", "map"},
      {"type(null) == null_type", "true"},
      {"type(type(1)) == type", "true"},
      {"type(timestamp(0)) == google.protobuf.Timestamp", "true"},
      {"type(duration('1s')) == google.protobuf.Duration", "true"},
      {"[type(1u), type(1.0), type(''), type(b''), type([]), type(true)] == "
       "[uint, double, string, bytes, list, bool]",
       "true"},
      {"type(doc.missing)", "error: no such key: missing"},
      {"google.protobuf.Int64Value",
       "refused: ERROR: 1:1: undeclared reference to 'google': expected one "
       "of doc"},
      {".int(1.5) + .size('ab')", "3"},
  });
}

TEST(FunctionsTest, ListsAndMapsAreMade) {
  Check({
      {"[doc.price, 'x']", "[7, \"x\"]"},
      {"[doc.missing]", "error: no such key: missing"},
      {"{'a': doc.price, 2: [doc.name]}", "{\"a\": 7, 2: [\"ada\"]}"},
      {"{doc.name: 1, 'ada': 2}", "error: failed with repeated key"},
      {"{1: 1, 1u: 2}", "error: failed with repeated key"},
      {"{true: 1, 'true': 2}", "{true: 1, \"true\": 2}"},
      {"{1.5: 1}", "error: unsupported key type: double"},
      {"{null: 1}", "error: unsupported key type: null_type"},
      {"{[]: 1}", "error: unsupported key type: list"},
      {"{'a': doc.missing}", "error: no such key: missing"},
      {"{doc.missing: 1}", "error: no such key: missing"},
      {"size({'a':1,'b':1,'c':1,'d':1,'e':1,'f':1,'g':1,'h':1,'i':1})", "9"},
      {"{'a':1,'b':1,'c':1,'d':1,'e':1,'f':1,'g':1,'h':1,'i':1,'a':2}",
       "error: failed with repeated key"},
  });
}

TEST(FunctionsTest, WhatIsQuotedInAMessageIsShortened) {
  std::string key(150, 'k');
  std::string quoted(100, 'k');
  EXPECT_EQ(support::EvaluateBoth("{'a': 1}['" + key + "']", "{}"),
            "error: no such key: " + quoted);
  EXPECT_EQ(support::EvaluateBoth("int('" + key + "')", "{}"),
            "error: cannot convert the string '" + quoted + "' to int");
  // Never through the middle of a character.
  EXPECT_EQ(support::EvaluateBoth("int('x" + std::string(33, '\0') + "')", "{}")
                .substr(0, 6),
            "error:");
  std::string wide = "x";
  for (int i = 0; i < 60; ++i) wide += "é";
  std::string wide_quoted = "x";
  for (int i = 0; i < 49; ++i) wide_quoted += "é";
  EXPECT_EQ(support::EvaluateBoth("int('" + wide + "')", "{}"),
            "error: cannot convert the string '" + wide_quoted + "' to int");
}

TEST(FunctionsTest, NoOperatorMakesAValueLargerThanTheBound) {
  std::string half(internal::kLargestValue / 2, 'x');
  std::string document = R"({"half":")" + half + R"(","list":[)";
  std::size_t half_list = internal::kLargestValue / sizeof(Value) / 2;
  for (std::size_t i = 0; i < half_list; ++i) document += i > 0 ? ",1" : "1";
  document += "]}";
  auto evaluate = [&](std::string_view text) {
    return support::EvaluateBoth(text, document);
  };
  EXPECT_EQ(evaluate("size(doc.half + doc.half)"), "262144");
  EXPECT_EQ(evaluate("doc.half + doc.half + 'x'"),
            "error: value larger than 256 KiB");
  EXPECT_EQ(evaluate("bytes(doc.half) + bytes(doc.half) + b'x'"),
            "error: value larger than 256 KiB");
  EXPECT_EQ(evaluate("size(doc.list + doc.list)"), "16384");
  EXPECT_EQ(evaluate("doc.list + doc.list + [1]"),
            "error: value larger than 256 KiB");
}

TEST(FunctionsTest, TheTableHoldsEachFunctionOnce) {
  std::vector<std::string> keys;
  for (const FunctionEntry& entry : AllFunctions()) {
    EXPECT_EQ(FindFunction(entry.name, entry.style, entry.argument_count),
              &entry);
    EXPECT_TRUE(IsFunctionName(entry.name));
    EXPECT_TRUE(entry.argument_count <= kMostArguments ||
                entry.argument_count == kAnyNumber)
        << entry.name;
    EXPECT_TRUE(HasCost(entry.cost)) << entry.name;
  }
  EXPECT_EQ(FindFunction("size", CallStyle::kGlobal, 2), nullptr);
  EXPECT_EQ(FindFunction("startsWith", CallStyle::kGlobal, 2), nullptr);
  EXPECT_EQ(FindFunction("_&&_", CallStyle::kGlobal, 2), nullptr);
  EXPECT_NE(FindFunction(".size", CallStyle::kGlobal, 1), nullptr);
  EXPECT_FALSE(IsFunctionName("now"));
}

}  // namespace
}  // namespace streamer::cel
