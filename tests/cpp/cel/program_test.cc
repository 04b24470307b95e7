#include "cel/program.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/printer.h"
#include "cel/tree_builder.h"
#include "support/evaluate_both.h"
#include "support/random_expression.h"
#include "value/json.h"

namespace streamer::cel {
namespace {

static_assert(std::is_nothrow_move_constructible_v<Program>);
static_assert(!std::is_copy_constructible_v<Program>);

Result<Program> Compile(std::string_view text) {
  return Program::Compile(Parse(text).value(), Variables({"doc", "op"}));
}

TEST(VariablesTest, FindGivesThePlaceOfAName) {
  Variables variables({"doc", "op"});
  EXPECT_EQ(variables.Find("doc"), 0u);
  EXPECT_EQ(variables.Find("op"), 1u);
  EXPECT_EQ(variables.Find("o"), std::nullopt);
}

TEST(ProgramTest, WhatCannotRunIsRefusedWithItsPlace) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      {"doc.a == dco.b",
       "ERROR: 1:10: undeclared reference to 'dco': expected one of doc, op\n"
       " | doc.a == dco.b\n"
       " | .........^"},
      {"doc.a.upper()",
       "ERROR: 1:7: undeclared reference to function 'upper'\n"
       " | doc.a.upper()\n"
       " | ......^"},
      {"now() > 1",
       "ERROR: 1:1: undeclared reference to function 'now'\n"
       " | now() > 1\n"
       " | ^"},
      {"size(doc, op)",
       "ERROR: 1:1: no function 'size' that is called by itself with 2 "
       "arguments\n"
       " | size(doc, op)\n"
       " | ^"},
      {"startsWith('a', 'b')",
       "ERROR: 1:1: no function 'startsWith' that is called by itself with 2 "
       "arguments\n"
       " | startsWith('a', 'b')\n"
       " | ^"},
      {"op.startsWith()",
       "ERROR: 1:4: no function 'startsWith' that is called on a value with 0 "
       "arguments\n"
       " | op.startsWith()\n"
       " | ...^"},
      {"op.matches('(a')",
       "ERROR: 1:12: invalid pattern '(a': missing ): (a\n"
       " | op.matches('(a')\n"
       " | ...........^"},
      {"op.matches('a{600}b{600}')",
       "ERROR: 1:12: expected a pattern of at most 1000 instructions, got "
       "1204\n"
       " | op.matches('a{600}b{600}')\n"
       " | ...........^"},
      // A branch that never runs is still read.
      {"true || x",
       "ERROR: 1:9: undeclared reference to 'x': expected one of doc, op\n"
       " | true || x\n"
       " | ........^"},
  };
  for (const Case& c : cases) {
    Status status = Compile(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(MessageOf(status), c.message);
    EXPECT_TRUE(PositionOf(status).has_value());
  }
}

TEST(ProgramTest, TheSizeOfAPatternIsBounded) {
  std::string pattern(5000, 'a');
  Status status = Compile("op.matches('" + pattern + "')").status();
  std::string_view message = MessageOf(status);
  EXPECT_EQ(message.substr(0, message.find('\n')),
            "ERROR: 1:12: expected a pattern of at most 4096 bytes, got 5000");
}

TEST(ProgramTest, ATreeDeeperThanAWalkMayGoIsRefused) {
  TreeBuilder builder;
  const Expr* node = builder.Literal(Value::Bool(true));
  for (int i = 1; i < kMaxTreeDepth; ++i) {
    node = builder.Call(operators::kNot, {node});
  }
  const Expr* deeper = builder.Call(operators::kNot, {node});
  Tree tree = std::move(builder).Finish(deeper, "");
  Arena arena;
  auto accepted = Program::Compile(tree, *node, Variables({}));
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_TRUE(accepted->Evaluate({}, arena).is_false());
  EXPECT_EQ(MessageOf(Program::Compile(tree, Variables({})).status()),
            "ERROR: 1:1: expected a tree of at most 1000 levels, got more");
  Value slow = SlowEvaluate(tree.root(), Variables({}), {}, arena);
  EXPECT_EQ(support::Show(slow), "error: expression is nested too deep");
}

TEST(ProgramTest, PartOfATreeCanRunAlone) {
  Tree tree = Parse("doc.a > 1 && op == 'insert'").value();
  const Expr& right = *tree.root().arguments[1];
  Program program =
      Program::Compile(tree, right, Variables({"doc", "op"})).value();
  Arena arena;
  const Value bindings[] = {Value::Null(), Value::String("insert")};
  EXPECT_TRUE(program.Evaluate(bindings, arena).is_true());
}

TEST(ProgramTest, AProgramOutlivesItsTreeAndText) {
  Result<Program> program = Compile("doc.name + '!' + string(size([1, 2]))");
  Arena arena;
  const Value bindings[] = {ParseJson(R"({"name":"ada"})", arena).value(),
                            Value::Null()};
  EXPECT_EQ(program->Evaluate(bindings, arena).text(), "ada!2");
  EXPECT_EQ(program->Trace(bindings, arena).size(), 8u);
  program->DropTree();
  EXPECT_EQ(program->Evaluate(bindings, arena).text(), "ada!2");
}

TEST(ProgramTest, OrdinaryFiltersTakeNoMemory) {
  const std::string_view filters[] = {
      "doc.status == 'active' && doc.priority > 5",
      "doc.missing == 1 || doc.status.startsWith('act')",
      "doc.priority in [1, 2, 3, 4, 5, 6, 7] || 'sale' in doc.tags",
      "doc.status < 1 || has(doc.a) || doc.priority + 1 > 3",
      "doc.status.matches('^a.*e$') ? size(doc.tags) == 1 : false",
  };
  Arena document;
  const Value bindings[] = {
      ParseJson(R"({"status":"active","priority":6,"tags":["sale"]})", document)
          .value(),
      Value::String("update")};
  for (std::string_view filter : filters) {
    Program program = Compile(filter).value();
    Arena arena;
    EXPECT_FALSE(program.Evaluate(bindings, arena).is_error()) << filter;
    EXPECT_EQ(arena.capacity_bytes(), 0u) << filter;
  }
}

// What a program is charged beyond the evaluation itself, on a document.
Units UnitsOf(const Program& program, Value& value, Arena& arena) {
  const Value bindings[] = {ParseJson(R"({"n":2})", arena).value(),
                            Value::String("insert")};
  Meter meter;
  value = program.Evaluate(bindings, arena, meter);
  return meter.used() - 1;
}

TEST(ProgramTest, MacrosThatReadOnlyConstantsRunWhenCompiled) {
  struct Case {
    std::string_view text;
    std::string_view value;
  };
  const Case cases[] = {
      {"[1, 2, 3].exists(x, x == 2)", "true"},
      {"[1, 2, 3].map(x, x * 2) == [2, 4, 6]", "true"},
      {"[1, 2].all(x, [3, 4].exists(y, x < y))", "true"},
      {"{'a': 1}.transformMap(k, v, v + 1) == {'a': 2}", "true"},
      {"cel.bind(x, 'a', x + x)", "\"aa\""},
      {"optional.of(3).optMap(x, x + 1).value()", "4"},
      {"[1].all(x, 1 / 0 == x)", "error: divide by zero"},
      {"[1, 2, 3].filter(x, x > 1)[0]", "2"},
  };
  for (const Case& folded : cases) {
    Program program = Compile(folded.text).value();
    Arena arena;
    Value value;
    EXPECT_LE(UnitsOf(program, value, arena), 1u) << folded.text;
    EXPECT_EQ(value.is_error() ? "error: " + std::string(value.error().message)
                               : FormatJson(value),
              folded.value)
        << folded.text;
  }
}

TEST(ProgramTest, MacrosThatReadMoreOrTakeLongRunWhenEvaluated) {
  for (std::string_view text : {
           "[1, 2, 3].exists(x, x == doc.n)",
           "[doc.n].exists(x, [1, 2].exists(y, x == y))",
           "[1, 2].exists(x, [1, 2].exists(y, x == y) && op == 'insert')",
           "cel.bind(x, doc.n, [1, 2].exists(y, x == y))",
           "lists.range(9000).exists(x, x == 8999)",
       }) {
    Program program = Compile(text).value();
    Arena arena;
    Value value;
    EXPECT_GT(UnitsOf(program, value, arena), 3u) << text;
    EXPECT_TRUE(value.is_true()) << text;
  }
}

TEST(ProgramTest, SeveralThreadsMayRunOneProgram) {
  // Evaluate only reads the program; each thread brings its own arena. What
  // could be shared by mistake is RE2's cache of a pattern or a table of
  // errors.
  Program program =
      Compile("doc.name.matches('^(a|c)+b') && doc.n > 'x' || doc.n == 3")
          .value();
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::vector<int> matches(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      Arena arena;
      for (int i = 0; i < 2000; ++i) {
        arena.Reset();
        std::string json =
            R"({"name":"aaab","n":)" + std::to_string(i % 4) + "}";
        const Value bindings[] = {ParseJson(json, arena).value(),
                                  Value::Null()};
        if (program.Evaluate(bindings, arena).is_true()) ++matches[thread];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(matches, std::vector<int>(4, 500));
}

std::vector<std::string> TraceOf(std::string_view text,
                                 std::string_view document) {
  Tree tree = Parse(text).value();
  Program program = Program::Compile(tree, Variables({"doc"})).value();
  Arena arena;
  const Value bindings[] = {ParseJson(document, arena).value()};
  std::vector<std::string> lines;
  for (const Program::NodeValue& step : program.Trace(bindings, arena)) {
    lines.push_back(Print(*step.node) + " = " + support::Show(step.value));
  }
  return lines;
}

TEST(ProgramTest, TraceShowsEveryNodeThatWasEvaluated) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(TraceOf("doc.a >= 10 && doc.b == 1", R"({"a":7})"),
            Lines({"doc = {\"a\": 7}", "doc.a = 7", "10 = 10",
                   "doc.a >= 10 = false", "doc.a >= 10 && doc.b == 1 = false"}))
      << "what && did not need is absent";
  EXPECT_EQ(TraceOf("doc.b ? 1 : 2", R"({"a":7})"),
            Lines({"doc = {\"a\": 7}", "doc.b = error: no such key: b",
                   "doc.b ? 1 : 2 = error: no such key: b"}));
}

TEST(ProgramTest, TraceShowsOneTurnOfEachLoop) {
  const auto turn_of = [](std::string_view text, std::string_view document) {
    Tree tree = Parse(text).value();
    Program program = Program::Compile(tree, Variables({"doc"})).value();
    Arena arena;
    const Value bindings[] = {ParseJson(document, arena).value()};
    return program.Trace(bindings, arena).back().turn;
  };
  EXPECT_EQ(turn_of("doc.exists(x, x > 1)", "[1, 2, 3]"), 1);
  EXPECT_EQ(turn_of("doc.exists(x, x > 9)", "[1, 2, 3]"), 2);
  EXPECT_EQ(turn_of("doc.exists(x, x > 9)", R"([1, "a", "b", 3])"), 1)
      << "the first that failed";
  EXPECT_EQ(turn_of("doc.exists(x, x > 2)", R"([1, "a", 3])"), 2);
  EXPECT_EQ(turn_of("doc.all(x, x < 2)", "[1, 2, 3]"), 1);
  EXPECT_EQ(turn_of("doc.exists_one(x, x == 2)", "[1, 2, 3]"), 1);
  EXPECT_EQ(turn_of("doc.filter(x, x < 3)", "[1, 2, 3]"), 1);
  EXPECT_EQ(turn_of("doc.map(x, x)", "[1, 2, 3]"), 2);
  EXPECT_EQ(turn_of("doc.map(x, x)", "[]"), -1);
  EXPECT_EQ(turn_of("doc.exists(x, [1].exists(y, y == x))", "[3, 1, 2]"), 1);
  EXPECT_EQ(turn_of("cel.bind(x, doc, x.exists(y, y == 1))", "[3, 1]"), -1);
  std::string range = "lists.range(2000).all(x, lists.range(5).all(y, y < 9))";
  EXPECT_LT(TraceOf(range, "{}").size(), 30u) << "all others are forgotten";
}

// So large that only what has no end is cut off: budgets are for other tests.
constexpr Units kGenerousBudget = 400'000;

// Millions of pairs; a tenth of them where each is watched by a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kExpressions = 15'000;
#else
constexpr int kExpressions = 150'000;
#endif
// One pair in so many is traced as well, which takes as long as all else.
constexpr int kTracedShare = 16;

// The heart of this folder's tests: the compiled program and the plain
// evaluator agree on everything.
void ComparePairs(support::ExpressionStyle style, support::ValueRange range,
                  int expressions, int documents, int depth) {
  support::Random random(support::SeedOf("ComparePairs"));
  SCOPED_TRACE(random.seed_note());
  support::RandomExpressions generator(random, style);
  const Variables& variables = support::RandomExpressions::variables();
  std::set<ErrorCode> errors;
  int trues = 0;
  int falses = 0;
  int compiled = 0;
  int over_budget = 0;
  int compared = 0;
  for (int i = 0; i < expressions; ++i) {
    Tree tree = generator.Draw(depth);
    auto program = Program::Compile(tree, variables);
    if (!program.ok()) {
      ASSERT_NE(MessageOf(program.status()).find("invalid pattern"),
                std::string_view::npos)
          << program.status() << " of " << Print(tree.root());
      continue;
    }
    ++compiled;
    for (int j = 0; j < documents; ++j) {
      Arena arena;
      support::RandomValues values(random, arena, range);
      std::vector<Value> bindings = generator.DrawBindings(values);
      Meter fast_meter(kGenerousBudget);
      Meter slow_meter(kGenerousBudget);
      Value fast = program->Evaluate(bindings, arena, fast_meter);
      Value slow =
          SlowEvaluate(tree.root(), variables, bindings, arena, slow_meter);
      if (fast_meter.is_exhausted() || slow_meter.is_exhausted()) {
        ++over_budget;
        continue;
      }
      ASSERT_TRUE(support::MeanTheSame(fast, slow))
          << Print(tree.root()) << "\nof " << FormatJson(bindings[0]) << "\nis "
          << support::Show(fast) << "\nand slowly " << support::Show(slow);
      if (++compared % kTracedShare == 0) {
        auto trace = program->Trace(bindings, arena);
        ASSERT_EQ(trace.back().node, &tree.root());
        ASSERT_TRUE(support::MeanTheSame(trace.back().value, slow));
      }
      if (slow.is_true()) ++trues;
      if (slow.is_false()) ++falses;
      if (slow.is_error()) errors.insert(slow.error().code);
    }
  }
  std::printf(
      "seed %llu: %d pairs compared, %d of %d expressions compiled, %d true, "
      "%d false\n",
      static_cast<unsigned long long>(random.seed()), compared, compiled,
      expressions, trues, falses);
  EXPECT_GT(compiled, expressions * 9 / 10);
  EXPECT_LT(over_budget, expressions * documents / 1000);
  EXPECT_GT(trues, expressions * documents / 50);
  EXPECT_GT(falses, expressions * documents / 50);
  EXPECT_GE(errors.size(), 2u);
}

TEST(ProgramTest, FiltersMeanWhatThePlainEvaluatorSays) {
  ComparePairs(support::ExpressionStyle::kFilter, support::ValueRange::kJson,
               kExpressions, 7, 4);
}

TEST(ProgramTest, AnythingMeansWhatThePlainEvaluatorSays) {
  ComparePairs(support::ExpressionStyle::kAnything, support::ValueRange::kCel,
               kExpressions, 7, 4);
}

}  // namespace
}  // namespace streamer::cel
