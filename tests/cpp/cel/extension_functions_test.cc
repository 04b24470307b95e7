// The extension libraries: a table of calls and what they yield, of both
// evaluators. What the public vectors hold is not repeated here.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cel/parser.h"
#include "cel/program.h"
#include "support/evaluate_both.h"

namespace streamer::cel {
namespace {

struct Case {
  std::string_view text;
  std::string_view value;
};

void ExpectValues(std::span<const Case> cases) {
  for (const Case& one : cases) {
    EXPECT_EQ(support::EvaluateBoth(one.text, R"({"s":"Grüße","l":[3,1,2]})"),
              one.value)
        << one.text;
  }
}

// Every short text of two letters, sought in every other: what is found, and
// where, is what the standard library says.
TEST(ExtensionFunctionsTest, TextIsFoundWhereItStands) {
  std::vector<std::string> texts = {""};
  for (std::size_t i = 0; texts[i].size() < 5; ++i) {
    texts.push_back(texts[i] + "a");
    texts.push_back(texts[i] + "b");
  }
  const Variables variables({"t", "s"});
  auto program = Program::Compile(
      Parse("[t.contains(s), t.indexOf(s), t.lastIndexOf(s)]").value(),
      variables);
  Arena arena;
  for (const std::string& text : texts) {
    for (const std::string& sought : texts) {
      const Value bindings[] = {Value::String(text), Value::String(sought)};
      arena.Reset();
      const auto found = program->Evaluate(bindings, arena).list().items();
      EXPECT_EQ(found[0].bool_value(), text.find(sought) != text.npos);
      EXPECT_EQ(found[1].int_value(),
                static_cast<std::int64_t>(text.find(sought)))
          << text << " " << sought;
      EXPECT_EQ(found[2].int_value(),
                static_cast<std::int64_t>(text.rfind(sought)))
          << text << " " << sought;
    }
  }
}

TEST(ExtensionFunctionsTest, StringsCountCodePoints) {
  const Case cases[] = {
      {"doc.s.charAt(2)", "\"ü\""},
      {"doc.s.charAt(5)", "\"\""},
      {"doc.s.charAt(6)", "error: index out of range: 6"},
      {"doc.s.indexOf('ß')", "3"},
      {"doc.s.lastIndexOf('e')", "4"},
      {"doc.s.substring(2, 4)", "\"üß\""},
      {"doc.s.reverse()", "\"eßürG\""},
      {"doc.s.split('')", R"(["G", "r", "ü", "ß", "e"])"},
      {"doc.s.replace('', '-')", "\"-G-r-ü-ß-e-\""},
      {"doc.s.upperAscii()", "\"GRüßE\""},
      {"'\u00A0 a \u2003'.trim()", "\"a\""},
      {"'\\t a\u00E0 \\u3000\\n'.trim()", "\"a\u00E0\""},
      {"' \u2003 '.trim()", "\"\""},
      {"'\U0001F600a\u00E9'.reverse()", "\"\u00E9a\U0001F600\""},
      {"'aXbXX'.replace('X', '--')", "\"a--b----\""},
      {"'aaaa'.replace('aa', 'b')", "\"bb\""},
      {"'a,b,c'.split(',', 2)", R"(["a", "b,c"])"},
      {"'a,b'.split(',', 0)", "[]"},
      {"['a', 'b'].join('-')", "\"a-b\""},
      {"['a', 1].join()", "error: no such overload: list.join()"},
      {"strings.quote('a\"b\\n')", R"("\"a\\\"b\\n\"")"},
  };
  ExpectValues(cases);
}

TEST(ExtensionFunctionsTest, FormatReplacesClauses) {
  const Case cases[] = {
      {"'%s is %d (%.2f)'.format(['x', 3, 1.5])", "\"x is 3 (1.50)\""},
      {"'%x %X %o %b'.format([255, 'k', 8u, true])", "\"ff 6B 10 1\""},
      {"'%s'.format([{'b': [1], 'a': null}])", "\"{a: null, b: [1]}\""},
      {"'%e'.format([1500.0])", "\"1.500000e+03\""},
      {"'%s'.format([b'\\xff'])", "\"\uFFFD\""},
      {"'%'.format([])",
       "error: could not parse formatting clause: unexpected end of the "
       "format"},
      {"'%.101f'.format([1.0])",
       "error: could not parse formatting clause: expected a precision of at "
       "most 100"},
      {"'%s'.format([optional.of(1)])",
       "error: error during formatting: string clause can only be used on "
       "strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
       "and timestamps, was given optional_type"},
  };
  ExpectValues(cases);
}

TEST(ExtensionFunctionsTest, ListsAreCutSortedAndFlattened) {
  const Case cases[] = {
      {"doc.l.slice(1, 3)", "[1, 2]"},
      {"doc.l.slice(2, 1)", "error: cannot slice(2, 1) a list of size 3"},
      {"doc.l.sort()", "[1, 2, 3]"},
      {"[1, 'a'].sort()",
       "error: list elements must have the same type, one with an order"},
      {"[double('NaN'), 1.0].sort()[0]", "1.0"},
      {"[1, 1.0, 2u, 2].distinct()", "[1, 2u]"},
      {"[1, [2, [3]]].flatten()", "[1, 2, [3]]"},
      {"[1, [2, [3]]].flatten(2)", "[1, 2, 3]"},
      {"[[1]].flatten(-1)", "error: level must be non-negative"},
      {"lists.range(3)", "[0, 1, 2]"},
      {"lists.range(-3)", "[]"},
      {"doc.l.reverse()", "[2, 1, 3]"},
      {"doc.l.first().value() + doc.l.last().value()", "5"},
      {"[].first().hasValue()", "false"},
  };
  ExpectValues(cases);
}

TEST(ExtensionFunctionsTest, SetsIgnoreOrderAndRepetition) {
  const Case cases[] = {
      {"sets.contains(doc.l, [1, 1.0])", "true"},
      {"sets.contains([1], doc.l)", "false"},
      {"sets.equivalent([1, 2, 2], [2u, 1])", "true"},
      {"sets.intersects(doc.l, [9, 2])", "true"},
      {"sets.intersects(doc.l, [])", "false"},
      {"sets.contains(1, [])",
       "error: no such overload: sets.contains(int, list)"},
  };
  ExpectValues(cases);
}

TEST(ExtensionFunctionsTest, OptionalsTellAbsentFromNull) {
  const Case cases[] = {
      {"doc.?s.orValue('')", "\"Grüße\""},
      {"doc.?nothing.orValue('none')", "\"none\""},
      {"doc.?s.?length.hasValue()", "error: no such overload: string.length"},
      {"doc.l[?1].value()", "1"},
      {"doc.l[?9].hasValue()", "false"},
      {"doc.?l[0].value()", "3"},
      {"optional.of(null).value()", "null"},
      {"optional.none().value()", "error: optional.none() dereference"},
      {"optional.ofNonZeroValue('').hasValue()", "false"},
      {"optional.none().or(optional.of(1))", "optional.of(1)"},
      {"optional.of(1).orValue(1 / 0)", "1"},
      {"optional.of(1).or(1)", "optional.of(1)"},
      {"optional.none().orValue(1 / 0)", "error: divide by zero"},
      {"optional.none().or(1)",
       "error: no such overload: optional_type.or(int)"},
      {"[?doc.?s, ?doc.?nothing]", "[\"Grüße\"]"},
      {"{?'a': doc.?nothing, 'b': 1}", "{\"b\": 1}"},
      {"[?1]",
       "error: no such overload: an optional entry expects an optional_type, "
       "got int"},
      {"type(optional.none())", "optional_type"},
      {"optional.of(1) == optional.of(1.0)", "true"},
      {"optional.of(1) < optional.of(2)",
       "error: no such overload: optional_type < optional_type"},
  };
  ExpectValues(cases);
}

TEST(ExtensionFunctionsTest, TimesAreReadInTheirZone) {
  const Case cases[] = {
      {"timestamp('2024-02-29T23:30:00Z').getDate('Asia/Tokyo')", "1"},
      {"timestamp('2024-02-29T23:30:00Z').getHours('-05:30')", "18"},
      {"timestamp('2024-07-01T00:00:00Z').getHours('Europe/Oslo')", "2"},
      {"timestamp(0).getHours('Europe/Nowhere')",
       "error: expected a time zone, got 'Europe/Nowhere'"},
      {"timestamp(0).getHours('../../../etc/passwd')",
       "error: expected a time zone, got '../../../etc/passwd'"},
      {"timestamp(0).getHours('/dev/stdin')",
       "error: expected a time zone, got '/dev/stdin'"},
      {"timestamp(0).getHours('24:00')",
       "error: expected a time zone, got '24:00'"},
      {"duration('90m').getHours()", "1"},
      {"duration('1.5s').getMilliseconds()", "500"},
      {"duration('1h').getDate()",
       "error: no such overload: google.protobuf.Duration.getDate()"},
  };
  ExpectValues(cases);
}

TEST(ExtensionFunctionsTest, NumbersKeepTheirKind) {
  const Case cases[] = {
      {"math.greatest(1, 2u, 1.5)", "2u"},
      {"math.least([3, 1, 2])", "1"},
      {"math.least([])", "error: math.least expects at least one number"},
      {"math.round(2.5)", "3.0"},
      {"math.sqrt(16)", "4.0"},
      {"math.sign(-0.5)", "-1.0"},
      {"math.bitShiftRight(-1, 63)", "1"},
      {"base64.encode(b'hi')", "\"aGk=\""},
      {"base64.decode('aGk')", "b\"hi\""},
      {"base64.decode('?')",
       "error: cannot convert the string '?' to bytes from base64"},
  };
  ExpectValues(cases);
}

}  // namespace
}  // namespace streamer::cel
