#include "filter/predicate.h"

#include <gtest/gtest.h>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cel/evaluator.h"
#include "cel/parser.h"
#include "filter/internal/atom.h"
#include "support/random_filter.h"
#include "value/document.h"
#include "value/json.h"

namespace streamer {
namespace {

using support::Random;
using support::RandomFilters;
using support::RandomInputs;
using support::SeedOf;
using support::ValueRange;

// The predicate that `expression` is, for the answer `wanted`.
Predicate Read(const std::string& expression, Answer wanted) {
  cel::Tree tree = cel::Parse(expression).value();
  AtomReader reader(tree.arena());
  std::optional<Predicate> predicate = reader.Read(tree.root(), wanted);
  EXPECT_TRUE(predicate.has_value()) << expression;
  return predicate.value_or(Predicate());
}

bool IsPredicate(const std::string& expression) {
  cel::Tree tree = cel::Parse(expression).value();
  return AtomReader(tree.arena()).Read(tree.root(), Answer::kTrue).has_value();
}

FilterInput InputOf(const Document& document) {
  FilterInput input;
  input[FilterVariable::kDoc] = document.root();
  return input;
}

struct HoldsCase {
  std::string expression;
  std::string document;
  bool is_true;
  bool is_false;
};

// Where F is not the negated test, as 3-matching.md has it, and its edges.
const std::vector<HoldsCase>& HoldsCases() {
  static const std::vector<HoldsCase> kCases = {
      {"doc.x == 5", R"({"x": 5})", true, false},
      {"doc.x == 5", R"({"x": 5.0})", true, false},
      {"doc.x == 5", R"({"x": 6})", false, true},
      {"doc.x == 5", R"({"x": "5"})", false, true},
      {"doc.x == 5", R"({"x": null})", false, true},
      {"doc.x == 5", R"({"x": [5]})", false, true},
      {"doc.x == 5", R"({})", false, false},
      {"doc.x == null", R"({"x": null})", true, false},
      {"doc.x == null", R"({})", false, false},
      {"doc.x == -0.0", R"({"x": 0})", true, false},
      {"doc.x.y == 5", R"({"x": 5})", false, false},
      {"doc.x != 5", R"({"x": 5})", false, true},
      {"doc.x != 5", R"({"x": "a"})", true, false},
      {"doc.x != 5", R"({})", false, false},
      {"doc.x < 5", R"({"x": 4.5})", true, false},
      {"doc.x < 5", R"({"x": 5})", false, true},
      {"doc.x < 5", R"({"x": "4"})", false, false},
      {"doc.x < 5", R"({"x": null})", false, false},
      {"5 < doc.x", R"({"x": 6})", true, false},
      {"5 <= doc.x", R"({"x": 5})", true, false},
      {"5 > doc.x", R"({"x": 5})", false, true},
      {"5 >= doc.x", R"({"x": 5})", true, false},
      {"doc.x > 'b'", R"({"x": "c"})", true, false},
      {"doc.x > 'b'", R"({"x": 7})", false, false},
      {"doc.x in [1, 'a']", R"({"x": 1.0})", true, false},
      {"doc.x in [1, 'a']", R"({"x": "b"})", false, true},
      {"doc.x in [1, 'a']", R"({})", false, false},
      {"doc.x in []", R"({"x": 1})", false, true},
      {"'a' in doc.x", R"({"x": ["b", "a"]})", true, false},
      {"'a' in doc.x", R"({"x": {"a": 1}})", true, false},
      {"'a' in doc.x", R"({"x": {"b": "a"}})", false, true},
      {"'a' in doc.x", R"({"x": []})", false, true},
      {"'a' in doc.x", R"({"x": "a"})", false, false},
      {"1 in doc.x", R"({"x": {"1": 1}})", false, true},
      {"doc.x.startsWith('ab')", R"({"x": "abc"})", true, false},
      {"doc.x.startsWith('ab')", R"({"x": "a"})", false, true},
      {"doc.x.startsWith('ab')", R"({"x": 1})", false, false},
      {"doc.x.endsWith('')", R"({"x": ""})", true, false},
      {"doc.x.contains('bc')", R"({"x": "abcd"})", true, false},
      {"doc.x.contains('bc')", R"({"x": ["bc"]})", false, false},
      {"has(doc.x)", R"({"x": null})", true, false},
      {"has(doc.x)", R"({})", false, true},
      {"has(doc.x.y)", R"({"x": {}})", false, true},
      {"has(doc.x.y)", R"({"x": 1})", false, false},
      {"has(doc.x.y)", R"({})", false, false},
      {"doc.x", R"({"x": true})", true, false},
      {"doc.x", R"({"x": false})", false, true},
      {"doc.x", R"({"x": 1})", false, false},
      {"doc['x']", R"({"x": true})", true, false},
      {"doc['x'].y == 1", R"({"x": {"y": 1}})", true, false},
      {"doc.x == 9007199254740993", R"({"x": 9007199254740993})", true, false},
      {"doc.x == 9007199254740993", R"({"x": 9007199254740992})", false, true},
      {"doc.x == 9007199254740993", R"({"x": 9007199254740992.0})", true,
       false},
      {"doc.x < 9223372036854775808.0", R"({"x": 9223372036854775807})", false,
       true},
  };
  return kCases;
}

TEST(PredicateTest, TrueAndFalseAreTwoQuestions) {
  for (const HoldsCase& test : HoldsCases()) {
    SCOPED_TRACE(test.expression + " on " + test.document);
    auto document = Document::Parse(test.document).value();
    FilterInput input = InputOf(*document);
    EXPECT_EQ(Read(test.expression, Answer::kTrue).Holds(input), test.is_true);
    EXPECT_EQ(Read(test.expression, Answer::kFalse).Holds(input),
              test.is_false);
  }
}

TEST(PredicateTest, NothingIsEqualToNanAndEveryNumberIsNotLess) {
  FilterInput input;
  input[FilterVariable::kOp] = Value::Double(std::nan(""));
  EXPECT_TRUE(Read("op < 5", Answer::kFalse).Holds(input));
  EXPECT_FALSE(Read("op < 5", Answer::kTrue).Holds(input));
  EXPECT_TRUE(Read("op >= 5", Answer::kFalse).Holds(input));
  EXPECT_TRUE(Read("op == 5", Answer::kFalse).Holds(input));
}

// Recognition, truth and falsity against the plain evaluator, on the same
// random tests of every form.
TEST(PredicateTest, HoldsAgreesWithTheEvaluatorOnRandomTests) {
  Random random(SeedOf("PredicateTest.Agrees"));
  SCOPED_TRACE(random.seed_note());
  RandomFilters filters(random);
  RandomInputs inputs(random, ValueRange::kCel);
  Arena arena;
  int recognised = 0;
  int derived = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string expression = filters.Atom();
    cel::Tree tree = cel::Parse(expression).value();
    AtomReader reader(tree.arena());
    auto is_true = reader.Read(tree.root(), Answer::kTrue);
    auto is_false = reader.Read(tree.root(), Answer::kFalse);
    ASSERT_EQ(is_true.has_value(), is_false.has_value());
    if (!is_true.has_value()) {
      is_true = reader.ReadDerived(tree.root(), Answer::kTrue);
      is_false = reader.ReadDerived(tree.root(), Answer::kFalse);
      ASSERT_EQ(is_true.has_value(), is_false.has_value());
      derived += is_true.has_value() ? 1 : 0;
    }
    if (!is_true.has_value()) continue;
    ++recognised;
    for (int j = 0; j < 40; ++j) {
      arena.Reset();
      const FilterInput input = inputs.Next();
      const Value value = cel::SlowEvaluate(tree.root(), FilterVariables(),
                                            input.values, arena);
      ASSERT_EQ(is_true->Holds(input), value.is_true())
          << expression << " on " << FormatJson(input[FilterVariable::kDoc]);
      ASSERT_EQ(is_false->Holds(input), value.is_false())
          << expression << " on " << FormatJson(input[FilterVariable::kDoc]);
    }
  }
  EXPECT_GT(recognised, 2500);
  EXPECT_GT(derived, 250);
}

TEST(PredicateTest, AListOfManyItemsIsFoundByHashAndAgreesAboveTwoTo53) {
  std::string list = "[9007199254740993";
  for (int i = 0; i < 20; ++i) list += ", " + std::to_string(i);
  Predicate predicate = Read("op in " + list + "]", Answer::kTrue);
  predicate.IndexOperand();
  ASSERT_NE(predicate.members, nullptr);
  auto holds = [&](Value value) { return predicate.HoldsFor(&value); };
  EXPECT_TRUE(holds(Value::Int(9007199254740993)));
  EXPECT_FALSE(holds(Value::Int(9007199254740992)));
  EXPECT_TRUE(holds(Value::Double(9007199254740992.0)));
  EXPECT_TRUE(holds(Value::Uint(19)));
  EXPECT_FALSE(holds(Value::Int(20)));
  EXPECT_FALSE(holds(Value::String("1")));
}

TEST(AtomReaderTest, LeavesToAResidualWhatNoPredicateSays) {
  for (const char* expression :
       {"size(doc.x) > 1", "doc.x == doc.y", "doc.x + 1 == 2", "doc.x in doc.y",
        "1 == 1", "doc[0] == 1", "doc.x[0] == 1", "doc[doc.x] == 1",
        "'abc'.startsWith(doc.x)", "doc.x.startsWith(doc.y)",
        "doc.x in {'a': 1}", "doc.x == {'a': 1}", "doc.x.matches('a+')",
        "doc.x in [doc.y]"}) {
    EXPECT_FALSE(IsPredicate(expression)) << expression;
  }
}

TEST(AtomReaderTest, ATestOfADerivedValueIsReadWhenAskedFor) {
  struct Case {
    std::string expression;
    std::string derived;  // empty: it is none
    PredicateKind kind = PredicateKind::kEqual;
  };
  for (const Case& c : {
           Case{"(doc.a+doc.b) % 7 == 3", "(doc.a + doc.b) % 7"},
           Case{"3 != doc.x[0]", "doc.x[0]"},
           Case{"3 < size(doc.x)", "size(doc.x)", PredicateKind::kGreater},
           Case{"doc.a + 1 in [2, 1]", "doc.a + 1", PredicateKind::kIn},
           Case{"2 in doc.a + doc.b", "doc.a + doc.b",
                PredicateKind::kContains},
           Case{"doc.a.lowerAscii().startsWith('x')", "doc.a.lowerAscii()",
                PredicateKind::kStartsWith},
           Case{"doc.a + 1 == doc.b + 1", ""},
           Case{"doc.a == doc.b", ""},
           Case{"1 + 1 == 2", ""},
           Case{"doc.l.exists(x, x == 1)", ""},
           Case{"doc.l[0]", ""},
           Case{"doc.s.matches('a') == true", ""},
       }) {
    const cel::Tree tree = cel::Parse(c.expression).value();
    const std::optional<Predicate> predicate =
        AtomReader(tree.arena()).ReadDerived(tree.root(), Answer::kTrue);
    ASSERT_EQ(predicate.has_value(), !c.derived.empty()) << c.expression;
    if (!predicate.has_value()) continue;
    EXPECT_EQ(predicate->variable, FilterVariable::kDerived) << c.expression;
    EXPECT_EQ(predicate->path, FieldPath({c.derived})) << c.expression;
    EXPECT_EQ(predicate->kind, c.kind) << c.expression;
  }
}

TEST(AtomReaderTest, SpellingsOfOneTestAreOnePredicate) {
  auto identity = [](const std::string& expression, Answer wanted) {
    std::string key;
    Read(expression, wanted).AppendIdentity(key);
    return key;
  };
  auto same = [&](const std::string& a, const std::string& b) {
    return identity(a, Answer::kTrue) == identity(b, Answer::kTrue);
  };
  EXPECT_TRUE(same("doc.x < 5", "5 > doc.x"));
  EXPECT_TRUE(same("doc.x == 5", "5 == doc['x']"));
  EXPECT_TRUE(same("doc.x in [5]", "doc.x == 5"));
  EXPECT_TRUE(same("doc.x in [2, 1, 2]", "doc.x in [1, 2]"));
  EXPECT_EQ(identity("doc.x != 5", Answer::kTrue),
            identity("doc.x == 5", Answer::kFalse));
  EXPECT_FALSE(same("doc.x == 1", "doc.x == 1.0"));
  EXPECT_FALSE(same("doc.x == 1", "doc.x == 1u"));
  EXPECT_FALSE(same("doc.x == 0.0", "doc.x == -0.0"));
  EXPECT_FALSE(same("doc.x == 'a'", "data.x == 'a'"));
  EXPECT_FALSE(same("doc['a.b'] == 1", "doc.a.b == 1"));
  EXPECT_NE(identity("doc.x == 5", Answer::kTrue),
            identity("doc.x == 5", Answer::kFalse));
}

}  // namespace
}  // namespace streamer
