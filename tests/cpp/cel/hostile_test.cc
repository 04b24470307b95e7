// Expressions made to crash, hang or balloon: every one is refused before it
// runs, or ends within its budget of time and memory.
//
// The corpus is made by tables: what is repeated, nested or doubled, and how
// often. Nothing here measures time: cost is counted, and the memory of an
// evaluation is that of its arena.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/arena.h"
#include "cel/checker.h"
#include "cel/cost.h"
#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "cel/variables.h"

namespace streamer::cel {
namespace {

using Texts = std::vector<std::string>;

// What a budget of 50,000 units can make, with room for the arena's blocks.
constexpr std::size_t kMostMemory = std::size_t{8} << 20;

std::string Repeat(const std::string& text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

std::string Nest(const std::string& open, const std::string& inner,
                 const std::string& close, int depth) {
  return Repeat(open, depth) + inner + Repeat(close, depth);
}

struct Nesting {
  std::string open;
  std::string inner;
  std::string close;
};

// Constructs within themselves.
void AddNestings(Texts& texts) {
  const Nesting nestings[] = {{"(", "1", ")"},
                              {"[", "", "]"},
                              {"{1: ", "1", "}"},
                              {"size(", "doc", ")"},
                              {"!(", "true", ")"},
                              {"-(", "1", ")"},
                              {"(1 + ", "1", ")"},
                              {"true ? 1 : (", "1", ")"},
                              {"doc", "", ".a"},
                              {"doc", "", "[0]"},
                              {"doc", "", ".?a"},
                              {"doc", "", ".f()"},
                              {"optional.of(", "1", ")"},
                              {"[?", "doc", "]"},
                              {"a.B{c: ", "1", "}"},
                              {"\"%s\".format([", "1", "])"},
                              {"cel.bind(x, ", "1", ", x)"},
                              {"cel.bind(x, 1, ", "x", ")"},
                              {"cel.block([", "1", "], cel.index(0))"},
                              {"[1].map(x, ", "x", ")"},
                              {"[1].all(x, ", "true", ")"},
                              {"", "[1]", ".map(x, x)"},
                              {"", "doc.list", ".filter(x, true)"},
                              {"optional.of(1).optMap(x, ", "x", ")"},
                              {"", "optional.of(1)", ".optMap(x, x)"}};
  for (const Nesting& nesting : nestings) {
    for (int depth : {63, 200, 5'000}) {
      texts.push_back(
          nesting.open == "doc"
              ? "doc" + Repeat(nesting.close, depth)
              : Nest(nesting.open, nesting.inner, nesting.close, depth));
    }
  }
}

void AddChains(Texts& texts) {
  for (const char* link : {" && doc", " || doc", " + doc.n", " - 1", " * 3",
                           " == 1", " < 1", " in doc", ".a", "[0]"}) {
    for (int length : {60, 3'000, 20'000}) {
      texts.push_back("doc" + Repeat(link, length));
    }
  }
  for (int length : {3'000, 60'000}) {
    texts.push_back(Repeat("!", length) + "doc");
    texts.push_back(Repeat("-", length) + "1");
    texts.push_back("[" + Repeat("1,", length) + "1]");
    texts.push_back("doc.n in [" + Repeat("[1],", length) + "1]");
    texts.push_back("{" + Repeat("1:1,", length) + "2:2}");
    texts.push_back("'" + Repeat("x", length) + "'");
  }
}

// Loops within loops, over what the document holds and what can be made.
void AddLoops(Texts& texts) {
  const char* macros[] = {".all(V, BODY)",
                          ".exists(V, BODY)",
                          ".exists_one(V, BODY)",
                          ".map(V, BODY)",
                          ".filter(V, BODY)",
                          ".all(V, W, BODY)",
                          ".transformList(V, W, BODY)",
                          ".transformMap(V, W, BODY)"};
  const char* ranges[] = {"doc.list", "lists.range(10000)"};
  for (std::string macro : macros) {
    for (const char* range : ranges) {
      for (int depth : {2, 3, 4}) {
        std::string text = macro.find(".map") == 0 ? "1" : "doc.n != 0";
        for (int level = 0; level < depth; ++level) {
          std::string loop = range + macro;
          std::string number = std::to_string(level);
          auto replace = [&](const std::string& from, const std::string& to) {
            loop.replace(loop.find(from), from.size(), to);
          };
          replace("BODY", text);
          replace("(V", "(v" + number);
          if (loop.find(", W") != loop.npos) replace(", W", ", w" + number);
          bool is_test = macro.find("transform") == macro.npos &&
                         macro.find(".map") == macro.npos &&
                         macro.find(".filter") == macro.npos;
          text = is_test ? loop : "size(" + loop + ") >= 0";
        }
        texts.push_back(text);
      }
    }
  }
}

// cel.bind(x, value, body)
std::string Bind(const std::string& value, const std::string& body) {
  std::string text = "cel.bind(x, ";
  return text.append(value).append(", ").append(body).append(")");
}

// Values that double at every step, and then something that walks them.
void AddDoublings(Texts& texts) {
  const char* steps[] = {"x + x",           "[x, x]",
                         "{1: x, 2: x}",    "optional.of([x, x])",
                         "[x, [x]]",        "[x].map(y, [y, y])",
                         "x.reverse() + x", "x.replace('a', 'aa')",
                         "x.join(x)",       "x.split('').join(x)"};
  const char* starts[] = {"'ab'", "[1, 2]", "[]", "doc.list", "doc.text"};
  const char* ends[] = {"x",
                        "x == x",
                        "x in [x, x]",
                        "'%s'.format([x])",
                        "sets.equivalent([x, x], [x])",
                        "[x, x].distinct().size()",
                        "x == [1]",
                        "size(string(x)) > 0",
                        "{'a': x} == {'a': x}",
                        "x.flatten(50)"};
  for (const char* step : steps) {
    for (const char* start : starts) {
      std::string text = ends[texts.size() % std::size(ends)];
      for (int i = 0; i < 30; ++i) {
        text = Bind(step, text);
      }
      texts.push_back(Bind(start, text));
    }
  }
  for (const char* end : ends) {
    std::string entries = "[0]";
    for (int i = 0; i < 60; ++i) {
      std::string index = "cel.index(" + std::to_string(i) + ")";
      entries.append(", [").append(index).append(", ");
      entries.append(index).append("]");
    }
    texts.push_back("cel.block([" + entries + "], cel.bind(x, cel.index(60), " +
                    end + "))");
  }
  texts.push_back("'" + Repeat("a", 1000) + "'" +
                  Repeat(".replace('a', 'aaaaaaaaaa')", 30));
  texts.push_back("doc.text" + Repeat(".replace('', doc.text)", 5));
  texts.push_back("doc.text" + Repeat(".split('').join(doc.text)", 5));
  texts.push_back("'" + Repeat("%.100f", 5000) + "'.format(doc.list)");
}

void AddRanges(Texts& texts) {
  const char* uses[] = {
      "R",
      "size(R)",
      "R.sort()",
      "R.distinct()",
      "R.reverse().first().hasValue()",
      "sets.contains(R, R)",
      "R.map(x, R)",
      "R.map(x, [x]).flatten()",
      "R.exists(x, R.exists(y, x + y < 0))",
      "R == R",
      "(doc.n - 1) in R",
      "R.transformMapEntry(i, v, {v: R})",
      "R.map(x, string(x)).join('-----------------------')",
      "R.sortBy(x, -x)",
      "R + R + R + R",
      "R.slice(0, 1) == [R]",
  };
  for (std::string use : uses) {
    for (const char* count : {"10000", "16384", "9223372036854775807"}) {
      std::string range = "lists.range(" + std::string(count) + ")";
      for (std::size_t at = use.find('R'); at != use.npos;
           at = use.find('R', at + range.size())) {
        use.replace(at, 1, range);
      }
      texts.push_back(use);
      use = uses[texts.size() % std::size(uses)];
    }
  }
}

void AddPatterns(Texts& texts) {
  const std::string patterns[] = {
      "(a*)*b",
      "(a|a)*b",
      "(a+)+$",
      "(.*)(.*)(.*)(.*)(.*)(.*)b",
      Repeat("a?", 100) + Repeat("a", 100),
      "(x{1000}){1000}",
      "((a{100}){100}){100}",
      Nest("(", "a", "*)", 500),
      Nest("(?i:", "a", ")", 300),
      "[^a]{1000}[^b]{1000}",
      Repeat("\\\\pL", 300),
      Repeat("(\\\\w+)", 100),
      ".*" + Repeat("a.{30}", 20),
      Repeat("a|", 2000) + "b",
      Repeat("[a-z]{1,50}", 50),
      "(?s).{0,1000}" + Repeat(".", 900),
      "a{1,1000}b{1,1000}",
      "[",
      "(?P<n>a)(?P=n)",
      Repeat("x", 5000),
  };
  for (const std::string& pattern : patterns) {
    std::string quoted = "'" + pattern + "'";
    texts.push_back("doc.text.matches(" + quoted + ")");
    texts.push_back("doc.list.exists(x, doc.text.matches(" + quoted +
                    " + string(x)))");
    texts.push_back("doc.text.matches(doc.pattern + " + quoted + ")");
  }
}

// Ways to spend without being charged, or to hide that the budget is used up.
void AddBypasses(Texts& texts) {
  const std::string spend = "doc.list.map(x, doc.list.map(y, x)).size() == 1";
  const std::string templates[] = {
      "S || doc.n == 7",
      "doc.n == 7 && (S || doc.n == 7)",
      "!(S && doc.n == 8)",
      "(S ? 1 : 1) == 1",
      "[S, S].size() == 2",
      "optional.of(S).hasValue()",
      "optional.none().orValue(S) || doc.n == 7",
      "cel.bind(x, S, true)",
      "cel.block([S], true)",
      "[1].all(x, S || x == 1)",
      "[1, 2].exists(x, S || x == 2)",
      "{'a': S}.a || doc.n == 7",
      "has({'a': S}.a) || doc.n == 7",
      "type(S) == bool",
      "dyn(S) == true || doc.n == 7",
      "[S].exists_one(x, x) || doc.n == 7",
      "'%s'.format([S]) != ''",
      "{?'a': optional.of(S)} != {}",
      "[?optional.of(S)].size() == 1",
      "(doc.n == 7 ? S : true) || doc.n == 7",
  };
  for (std::string text : templates) {
    for (std::size_t at = text.find('S'); at != text.npos;
         at = text.find('S', at + spend.size() + 2)) {
      text.replace(at, 1, "(" + spend + ")");
    }
    texts.push_back(text);
  }
}

// One call each, on a document's large texts and lists.
void AddLargeOperands(Texts& texts) {
  const char* calls[] = {
      "doc.text.contains(doc.half)",
      "doc.text.indexOf(doc.half)",
      "doc.text.lastIndexOf(doc.half)",
      "doc.text.replace(doc.half, doc.text)",
      "doc.text.replace('', doc.text)",
      "doc.text.split('')",
      "doc.text.reverse() + doc.text",
      "doc.text.lowerAscii() == doc.text",
      "doc.text.contains('aab')",
      "doc.list.exists(x, doc.text.contains('aab'))",
      "doc.list.exists(x, doc.text.lastIndexOf('ba') >= 0)",
      "doc.list.all(x, doc.text.trim() != '')",
      "doc.list.all(x, doc.text.reverse() != '')",
      "doc.list.all(x, doc.text.replace('a', 'b') != '')",
      "doc.list.all(x, double(doc.text) > 0.0)",
      "doc.list.all(x, doc.text.charAt(100000) == 'a')",
      "strings.quote(doc.text) + strings.quote(doc.text)",
      "doc.text < doc.text + 'a'",
      "strings.quote(doc.text)",
      "base64.encode(bytes(doc.text))",
      "doc.list.distinct()",
      "doc.list.sort() == doc.list",
      "sets.intersects(doc.list, doc.list)",
      "doc.list.exists(x, x in doc.list)",
      "doc.list.map(x, doc.list)",
      "doc.list.map(x, doc.text)",
      "doc.list.map(x, doc.text + doc.text)",
      "doc.list.all(x, doc.text.contains(doc.half))",
      "doc.list.all(x, timestamp(x).getHours('America/New_York') >= 0)",
      "doc.list.all(x, timestamp(x).getHours(doc.pattern + string(x)) >= 0)",
      "doc.deep == doc.deep",
      "doc.deep in [doc.deep]",
      "doc.deep in doc.list",
      "'%s'.format([doc.deep])",
      "[doc.deep, doc.deep].distinct()",
      "doc == doc",
      "doc",
  };
  texts.insert(texts.end(), std::begin(calls), std::end(calls));
}

Texts Corpus() {
  Texts texts;
  AddNestings(texts);
  AddChains(texts);
  AddLoops(texts);
  AddDoublings(texts);
  AddRanges(texts);
  AddPatterns(texts);
  AddBypasses(texts);
  AddLargeOperands(texts);
  return texts;
}

// 128 KiB of text, a list of 12,000 numbers, and lists 100 deep.
Value Document(Arena& arena) {
  std::string text(std::size_t{128} << 10, 'a');
  std::string half(std::size_t{64} << 10, 'a');
  half.back() = 'b';
  std::span<Value> numbers = arena.NewArray<Value>(12'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = Value::Int(static_cast<std::int64_t>(i));
  }
  Value deep = Value::List(arena.New<ListValue>(numbers));
  for (int i = 0; i < 100; ++i) {
    std::span<Value> item = arena.NewArray<Value>(1);
    item[0] = deep;
    deep = Value::List(arena.New<ListValue>(item));
  }
  const std::pair<const char*, Value> fields[] = {
      {"text", Value::String(arena.CopyText(text))},
      {"half", Value::String(arena.CopyText(half))},
      {"pattern", Value::String("a")},
      {"list", Value::List(arena.New<ListValue>(numbers))},
      {"deep", deep},
      {"n", Value::Int(7)}};
  std::span<MapEntry> entries = arena.NewArray<MapEntry>(std::size(fields));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i] = {Value::String(fields[i].first), fields[i].second};
  }
  return Value::Map(MapValue::Make(arena, entries));
}

struct Outcome {
  bool is_refused = false;      // by Parse, Check, CheckCost or Compile
  bool is_over_budget = false;  // when run all the same
};

// Runs whatever can be compiled, even if CheckCost refused it.
Outcome RunAnyway(const std::string& text, const Value& document,
                  const Variables& variables) {
  Outcome outcome;
  auto tree = Parse(text);
  if (!tree.ok()) return {true, false};
  outcome.is_refused = !Check(*tree, variables).problems.empty() ||
                       !CheckCost(*tree, variables).ok();
  auto program = Program::Compile(*tree, variables);
  if (!program.ok()) return {true, false};
  Arena arena;
  Meter meter;
  Value value = program->Evaluate(std::span(&document, 1), arena, meter);
  EXPECT_LE(meter.used(), kEvaluationBudget) << text.substr(0, 200);
  EXPECT_LE(arena.capacity_bytes(), kMostMemory) << text.substr(0, 200);
  outcome.is_over_budget = meter.is_exhausted();
  EXPECT_EQ(outcome.is_over_budget,
            value.is_error() && value.error().code == ErrorCode::kOverBudget)
      << text.substr(0, 200);
  Arena slow_arena;
  Meter slow_meter;
  SlowEvaluate(tree->root(), variables, std::span(&document, 1), slow_arena,
               slow_meter);
  EXPECT_LE(slow_arena.capacity_bytes(), kMostMemory) << text.substr(0, 200);
  return outcome;
}

TEST(HostileTest, EveryExpressionIsRefusedOrEndsWithinItsBudget) {
  Arena arena;
  Value document = Document(arena);
  const Variables variables({"doc"});
  Texts texts = Corpus();
  EXPECT_GE(std::set<std::string>(texts.begin(), texts.end()).size(), 300u);
  int refused = 0;
  int over_budget = 0;
  for (const std::string& text : texts) {
    Outcome outcome = RunAnyway(text, document, variables);
    if (outcome.is_refused) ++refused;
    if (outcome.is_over_budget) ++over_budget;
  }
  std::printf("%zu expressions: %d refused, %d over budget\n", texts.size(),
              refused, over_budget);
  EXPECT_GT(refused, 150);
  EXPECT_GT(over_budget, 100);
}

TEST(HostileTest, NothingHidesThatTheBudgetIsUsedUp) {
  Arena arena;
  Value document = Document(arena);
  const Variables variables({"doc"});
  Texts texts;
  AddBypasses(texts);
  for (const std::string& text : texts) {
    auto program = Program::Compile(Parse(text).value(), variables);
    ASSERT_TRUE(program.ok()) << program.status();
    Arena scratch;
    Value value = program->Evaluate(std::span(&document, 1), scratch);
    ASSERT_TRUE(value.is_error()) << text;
    EXPECT_EQ(value.error().code, ErrorCode::kOverBudget) << text;
    EXPECT_EQ(value.error().message, "the evaluation used up its budget");
  }
}

TEST(HostileTest, FoldingConstantsEndsToo) {
  const Variables variables({"doc"});
  for (const char* text :
       {"lists.range(16384).map(x, x).size()",
        "lists.range(16000) + lists.range(16000) == lists.range(3)",
        "'aaaaaaaaaa'.replace('', 'bbbbbbbbbb').replace('', 'cccccccccc')"
        ".replace('', 'dddddddddd').replace('', 'eeeeeeeeee') == 'x'"}) {
    auto program = Program::Compile(Parse(text).value(), variables);
    ASSERT_TRUE(program.ok()) << program.status();
    Arena arena;
    Value null;
    EXPECT_LE(arena.capacity_bytes(), kMostMemory);
    program->Evaluate(std::span(&null, 1), arena);
  }
}

}  // namespace
}  // namespace streamer::cel
