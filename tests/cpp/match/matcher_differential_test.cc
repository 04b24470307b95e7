// Matcher against ScanMatcher, which evaluates every filter with the plain
// evaluator: they must give the same handles on every event.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "match/matched.h"
#include "match/matcher.h"
#include "match/scan_matcher.h"
#include "support/random_filter.h"
#include "value/json.h"

namespace streamer {
namespace {

using support::Random;
using support::RandomFilters;
using support::RandomInputs;
using support::SeedOf;
using support::ValueRange;

ChangeEvent InsertionOf(std::string json) {
  auto source = std::make_shared<SourceEvent>();
  source->tenant = "acme";
  source->collection = "rooms";
  source->document_id = "r1";
  source->document = std::move(json);
  ChangeEvent event;
  event.source = std::move(source);
  return event;
}

// The two matchers with the same subscriptions.
class Pair {
 public:
  void Add(std::uint64_t handle, const std::string& tenant,
           const std::string& collection,
           const std::shared_ptr<const Filter>& filter) {
    matcher_.Add(SubscriptionHandle(handle), tenant, collection, filter);
    scan_.Add(SubscriptionHandle(handle), tenant, collection, filter);
  }
  void Add(const std::string& expression) {
    Add(++last_, "acme", "rooms", CompileText(expression));
  }
  void Remove(std::uint64_t handle) {
    matcher_.Remove(SubscriptionHandle(handle));
    scan_.Remove(SubscriptionHandle(handle));
  }

  // The number of matches, which both agree on.
  std::size_t Check(const MatchInput& input) {
    const Handles expected = MatchedBy(scan_, input, scan_scratch_);
    const Handles got = MatchedBy(matcher_, input, scratch_);
    EXPECT_EQ(got, expected)
        << FormatJson(input.values[FilterVariable::kDoc]) << " before "
        << FormatJson(input.values[FilterVariable::kBefore]);
    return expected.size();
  }
  // The same of an event whose documents are text, for the matcher to read as
  // far as it likes.
  std::size_t Check(const ChangeEvent& event) {
    const auto body = EventBody::Parse(event).value();
    const Handles expected =
        MatchedBy(scan_, MakeMatchInput(event, *body), scan_scratch_);
    EXPECT_EQ(MatchedBy(matcher_, MakeMatchInput(event), scratch_), expected)
        << event.source->document << " before " << event.source->before;
    EXPECT_TRUE(scratch_.problem.ok());
    return expected.size();
  }
  // Both of an insertion of `json`.
  std::size_t Check(const std::string& json) {
    auto document = Document::Parse(json).value();
    Check(InsertionOf(json));
    return Check(InputOf(document->root()));
  }

  // The same of events that are matched together.
  std::size_t Check(const std::vector<MatchInput>& inputs) {
    std::vector<MatchScratch> scratches(inputs.size());
    EXPECT_EQ(matcher_.MatchBatch(inputs, scratches), inputs.size());
    std::size_t matches = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Handles expected = MatchedBy(matcher_, inputs[i], scratch_);
      EXPECT_EQ(ToHandles(scratches[i].matches), expected) << "event " << i;
      EXPECT_EQ(scratches[i].problem, scratch_.problem) << "event " << i;
      matches += expected.size();
    }
    return matches;
  }

  const Matcher& matcher() const { return matcher_; }
  std::size_t size() const { return scan_.size(); }

 private:
  Matcher matcher_;
  ScanMatcher scan_;
  MatchScratch scratch_;
  MatchScratch scan_scratch_;
  std::uint64_t last_ = 0;
};

// Random churn between events: subscriptions come and go one by one and, now
// and then, nearly all at once.
class Churn {
 public:
  Churn(Random& random, Pair& pair)
      : random_(random), filters_(random), pair_(pair) {}

  void Step(std::size_t target) {
    if (live_.size() < target || random_.Chance(1, 2)) {
      AddOne();
    }
    while (live_.size() > target && random_.Chance(3, 4)) RemoveOne();
  }

  void Thin() {
    while (live_.size() > 3) RemoveOne();
  }

 private:
  void AddOne() {
    // Every third filter is one that somebody has already.
    const bool is_shared = !seen_.empty() && random_.Chance(1, 3);
    if (!is_shared) {
      seen_.push_back(Filter::Compile(filters_.Source()).value());
    }
    const auto& filter = is_shared ? random_.Pick(seen_) : seen_.back();
    live_.push_back(++last_);
    pair_.Add(last_, random_.Chance(1, 5) ? "other" : "acme",
              random_.Chance(1, 5) ? "halls" : "rooms", filter);
  }

  void RemoveOne() {
    const std::size_t place = random_.Below(live_.size());
    pair_.Remove(live_[place]);
    live_[place] = live_.back();
    live_.pop_back();
  }

  Random& random_;
  RandomFilters filters_;
  Pair& pair_;
  std::vector<std::uint64_t> live_;
  std::vector<std::shared_ptr<const Filter>> seen_;
  std::uint64_t last_ = 0;
};

void CheckUnderChurn(ValueRange range, std::string_view seed_name) {
  Random random(SeedOf(seed_name));
  SCOPED_TRACE(random.seed_note());
  Pair pair;
  Churn churn(random, pair);
  RandomInputs inputs(random, range);
  std::size_t matches = 0;
  std::size_t pairs = 0;
  for (int i = 0; i < 2'500; ++i) {
    churn.Step(300);
    if (i % 900 == 899) churn.Thin();
    MatchInput input;
    input.tenant = random.Chance(1, 5) ? "other" : "acme";
    input.collection = random.Chance(1, 5) ? "halls" : "rooms";
    input.values = inputs.Next();
    matches += pair.Check(input);
    pairs += pair.size();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(pairs, 400'000u);
  EXPECT_GT(matches, 10'000u);
}

TEST(MatcherDifferentialTest, RandomFiltersUnderChurnOnJsonDocuments) {
  CheckUnderChurn(ValueRange::kJson, "MatcherDifferentialTest.Json");
}

TEST(MatcherDifferentialTest, RandomFiltersUnderChurnOnAnyValues) {
  CheckUnderChurn(ValueRange::kCel, "MatcherDifferentialTest.Cel");
}

// Events as they come from outside: text, in either form, with repeated keys,
// escapes and documents before the change.
ChangeEvent RandomEvent(Random& random) {
  Arena arena;
  support::RandomValues values(random, arena, ValueRange::kJson);
  auto spell = [&] { return SpellJson(values.Document(2), random); };
  auto source = std::make_shared<SourceEvent>();
  source->tenant = "acme";
  source->collection = "rooms";
  source->document_id = values.Text().text();
  source->document = spell();
  if (random.Chance(1, 3)) {
    source->form = BodyForm::kStored;
    source->document = R"({"version":1,"data":)" + source->document + "}";
  }
  if (random.Chance(1, 3)) {
    source->before = source->form == BodyForm::kPlain
                         ? spell()
                         : R"({"data":)" + spell() + "}";
  }
  ChangeEvent event;
  event.operation = random.Pick({Operation::kInsert, Operation::kUpdate,
                                 Operation::kUpdate, Operation::kDelete});
  event.source = std::move(source);
  return event;
}

TEST(MatcherDifferentialTest, RandomFiltersUnderChurnOnUnreadEvents) {
  Random random(SeedOf("MatcherDifferentialTest.Unread"));
  SCOPED_TRACE(random.seed_note());
  Pair pair;
  Churn churn(random, pair);
  std::size_t matches = 0;
  for (int i = 0; i < 2'500; ++i) {
    churn.Step(300);
    if (i % 900 == 899) churn.Thin();
    matches += pair.Check(RandomEvent(random));
    if (HasFailure()) return;
  }
  EXPECT_GT(matches, 10'000u);
}

// Some are read already, some are text, some are no JSON, some are of
// collections that nobody subscribes to.
TEST(MatcherDifferentialTest, RandomBatchesUnderChurnAreAsEachEventAlone) {
  Random random(SeedOf("MatcherDifferentialTest.Batches"));
  SCOPED_TRACE(random.seed_note());
  Pair pair;
  Churn churn(random, pair);
  RandomInputs values(random, ValueRange::kJson);
  std::size_t matches = 0;
  for (int i = 0; i < 400; ++i) {
    for (int step = 0; step < 6; ++step) churn.Step(300);
    if (i % 150 == 149) churn.Thin();
    std::vector<ChangeEvent> events;
    for (std::size_t n = random.Below(20); n > 0; --n) {
      events.push_back(random.Chance(1, 20) ? InsertionOf(R"({"a": 1,)")
                                            : RandomEvent(random));
    }
    std::vector<MatchInput> inputs;
    for (const ChangeEvent& event : events) {
      inputs.push_back(MakeMatchInput(event));
      inputs.back().tenant = random.Pick({"acme", "acme", "other", "nobody"});
    }
    if (random.Chance(1, 2)) {
      MatchInput read;
      read.tenant = "acme";
      read.collection = "rooms";
      read.values = values.Next();
      inputs.insert(inputs.begin() + static_cast<std::ptrdiff_t>(
                                         random.Below(inputs.size() + 1)),
                    read);
    }
    matches += pair.Check(inputs);
    if (HasFailure()) return;
  }
  EXPECT_GT(matches, 10'000u);
}

// Every test of one field.
std::vector<std::string> SmallTests(const std::string& field) {
  const std::string path = "doc." + field;
  return {path,
          path + " == 1",
          path + " != 1",
          path + " == 'x'",
          path + " == null",
          path + " < 2",
          path + " >= 1.5",
          path + " <= 'x'",
          path + " in [1, 'x']",
          "'x' in " + path,
          "1 in " + path,
          path + ".startsWith('x')",
          path + ".endsWith('y')",
          path + ".contains('xy')",
          path + ".matches('^x.*y$')",
          path + ".matches('x+')",
          "has(" + path + ")",
          "has(" + path + ".x)",
          "size(" + path + ") == 1",
          path + " + 1 == 2"};
}

std::vector<std::string> SmallDocuments() {
  const std::vector<std::string> values = {
      "",        "1",          "1.0",  "2",     "\"x\"",
      "\"xy\"",  "[]",         "null", "true",  "[1]",
      "[\"x\"]", "{\"x\": 1}", "{}",   "false", "[1, 1, \"x\"]"};
  std::vector<std::string> documents;
  for (const std::string& a : values) {
    for (const std::string& b : values) {
      std::string json = "{\"c\": 0";
      if (!a.empty()) json += ", \"a\": " + a;
      if (!b.empty()) json += ", \"b\": " + b;
      documents.push_back(json + "}");
    }
  }
  return documents;
}

// All filters of up to two tests, negated or not, joined in every way, on all
// documents of two fields of every type.
TEST(MatcherDifferentialTest, AllSmallFiltersOnAllSmallDocuments) {
  Pair pair;
  const std::vector<std::string> on_a = SmallTests("a");
  const std::vector<std::string> on_b = SmallTests("b");
  for (const std::string& a : on_a) {
    pair.Add(a);
    pair.Add("!(" + a + ")");
    for (const std::string& b : on_b) {
      pair.Add(a + " && " + b);
      pair.Add(a + " || " + b);
      pair.Add("!(" + a + ") && " + b);
      pair.Add("!(" + a + " && " + b + ")");
      pair.Add(a + " ? " + b + " : !(" + b + ")");
    }
  }
  ASSERT_GT(pair.size(), 1'000u);
  for (const std::string& document : SmallDocuments()) {
    pair.Check(document);
    if (HasFailure()) return;
  }
}

// Filters and documents that are alike where it hurts.
TEST(MatcherDifferentialTest, EverybodyAsksForTheSameValue) {
  Pair pair;
  for (int i = 0; i < 500; ++i) {
    const std::string n = std::to_string(i);
    pair.Add("doc.status == 'active' && doc.price > " + n);
    pair.Add("doc.status == 'active' && doc.n != " + n);
    pair.Add("doc.status == 'active' && doc.n == " + n);
  }
  for (int i = 0; i < 500; i += 9) {
    const std::string n = std::to_string(i);
    pair.Check(R"({"status": "active", "price": )" + n + R"(, "n": )" + n +
               "}");
    pair.Check(R"({"status": "gone", "price": )" + n + "}");
  }
  // The equality that all share must not be what they all hang on.
  const std::uint64_t before = pair.matcher().statistics().candidates;
  pair.Check(R"({"status": "active", "n": 7})");
  // Twice: of the text and of the parsed event.
  EXPECT_LT(pair.matcher().statistics().candidates - before, 1'400u);
}

TEST(MatcherDifferentialTest, AllRangesAreNested) {
  Pair pair;
  for (int i = 0; i < 400; ++i) {
    const std::string n = std::to_string(i);
    pair.Add("doc.x >= -" + n + " && doc.x <= " + n);
    pair.Add("doc.x > -" + n + " && doc.x < " + n);
    pair.Add("doc.s >= '" + std::string(i % 40, 'a') + "' && doc.s < '" +
             std::string(40 - i % 40, 'b') + "'");
    pair.Add("!(doc.x < " + n + ")");
  }
  for (int i = -401; i <= 401; i += 7) {
    const std::string n = std::to_string(i);
    pair.Check("{\"x\": " + n + "}");
    pair.Check("{\"x\": " + n + ".5}");
  }
  for (int i = 0; i < 45; ++i) {
    pair.Check(R"({"s": ")" + std::string(i, 'a') + "\"}");
    pair.Check(R"({"s": ")" + std::string(i, 'b') + "\"}");
  }
}

TEST(MatcherDifferentialTest, FiveTypesUnderOnePath) {
  Pair pair;
  const std::vector<std::string> constants = {"1",    "1u",   "1.0", "'1'",
                                              "true", "null", "[1]", "b'1'",
                                              "''",   "-0.0", "0",   "0u"};
  for (const std::string& constant : constants) {
    const bool has_order = constant != "null" && constant != "[1]";
    for (const char* op : {"==", "!=", "<", "<=", ">", ">="}) {
      // A filter that can only fail is refused.
      if (!has_order && (op[0] == '<' || op[0] == '>')) continue;
      pair.Add("doc.x " + std::string(op) + " " + constant);
      pair.Add("!(doc.x " + std::string(op) + " " + constant + ")");
    }
    pair.Add(constant + " in doc.x");
    pair.Add("!(" + constant + " in doc.x)");
    pair.Add("doc.x in [" + constant + ", 7]");
    pair.Add("!(doc.x in [" + constant + ", 7])");
  }
  for (const char* value : {"1", "1.0", "\"1\"", "true", "null", "[1]",
                            "[1.0, \"1\"]", "\"\"", "-0.0", "0", "{\"1\": 1}",
                            "{\"\": 0}", "[]", "7", "[[1]]", "[null, true]"}) {
    pair.Check("{\"x\": " + std::string(value) + "}");
  }
  pair.Check("{}");
}

// What expressions make is of more types than what documents hold.
TEST(MatcherDifferentialTest, DerivedValuesOfEveryType) {
  Pair pair;
  const std::vector<std::string> derived = {"dyn(doc.x)",
                                            "doc.x + doc.x",
                                            "doc.l[0]",
                                            "double(doc.x)",
                                            "uint(doc.x)",
                                            "string(doc.x)",
                                            "[doc.x]",
                                            "doc.?x",
                                            "bytes(doc.x)",
                                            "{'x': doc.x}",
                                            "type(doc.x)",
                                            "size(doc.x)",
                                            "-doc.x",
                                            "doc.x / 0.0",
                                            "0.0 / doc.x",
                                            "1 / doc.x",
                                            "doc.x == 1",
                                            "duration(doc.x)",
                                            "doc.?x.orValue(7)",
                                            "doc.x ? 1 : 2",
                                            "doc.l.map(x, x + 1)",
                                            "timestamp(doc.x)"};
  const std::vector<std::string> tests = {
      "$ == 1",        "$ == 2.0",
      "$ == '1'",      "$ == [1]",
      "$ == true",     "$ == null",
      "$ != 1",        "$ != 'x'",
      "$ in [1, 'x']", "1 in $",
      "'x' in $",      "$ == b'1'",
      "dyn($) < 2",    "dyn($) >= 1u",
      "dyn($) <= 'x'", "dyn($).startsWith('x')",
      "dyn($) > -1.5"};
  for (const std::string& value : derived) {
    for (const std::string& test : tests) {
      const std::size_t place = test.find('$');
      const std::string atom =
          test.substr(0, place) + "(" + value + ")" + test.substr(place + 1);
      // A filter that can only fail is refused.
      if (!Filter::Compile({.expression = atom}).ok()) continue;
      pair.Add(atom);
      pair.Add("!(" + atom + ")");
      pair.Add("doc.y != 2 && !(" + atom + ")");
    }
  }
  ASSERT_GT(pair.size(), 600u);
  for (const char* value :
       {"1", "1.0", "\"1\"", "true", "null", "[1]", "\"x\"", "\"\"", "0",
        "-0.0", "{\"x\": 1}", "[]", "9007199254740993", "9223372036854775807",
        "18446744073709551615", "\"1s\"", "\"2026-01-01T00:00:00Z\""}) {
    const std::string x = value;
    pair.Check("{\"x\": " + x + ", \"l\": [" + x + ", 1], \"y\": 1}");
    pair.Check("{\"x\": " + x + ", \"l\": " + x + "}");
  }
  pair.Check("{}");
}

TEST(MatcherDifferentialTest, NumbersAroundTwoTo53AndTheEndsOfTheTypes) {
  Pair pair;
  const std::vector<std::string> numbers = {"9007199254740991",
                                            "9007199254740992",
                                            "9007199254740993",
                                            "9007199254740994",
                                            "9007199254740992.0",
                                            "-9007199254740993",
                                            "9223372036854775807",
                                            "9223372036854775806",
                                            "9223372036854775808.0",
                                            "9223372036854775808u",
                                            "18446744073709551615u",
                                            "18446744073709551614u",
                                            "18446744073709551616.0",
                                            "-9223372036854775808",
                                            "0.0",
                                            "-0.0"};
  std::string list;
  for (const std::string& number : numbers) {
    for (const char* op : {"==", "!=", "<", "<=", ">", ">="}) {
      pair.Add("doc.x " + std::string(op) + " " + number);
    }
    pair.Add("doc.x == " + number + " && doc.y == 1");
    pair.Add("doc.x in [" + number + ", 1]");
    pair.Add(number + " in doc.l");
    list += (list.empty() ? "" : ", ") + number;
  }
  pair.Add("doc.x in [" + list + "]");
  for (std::string number : numbers) {
    if (number.back() == 'u') number.pop_back();
    pair.Check("{\"x\": " + number + ", \"y\": 1, \"l\": [" + number + "]}");
  }
}

TEST(MatcherDifferentialTest, NotANumberAndTheInfinities) {
  Pair pair;
  for (const char* number :
       {"5", "-5.5", "double('NaN')", "double('Infinity')"}) {
    for (const char* op : {"==", "!=", "<", "<=", ">", ">="}) {
      const std::string test = "doc.x " + std::string(op) + " " + number;
      pair.Add(test);
      pair.Add("!(" + test + ")");
      pair.Add("!(" + test + ") && !(doc.x > 100)");
    }
  }
  pair.Add("doc.x in [1, 2]");
  pair.Add("!(doc.x in [1, 2])");
  pair.Add("!(doc.x < 3) && !(doc.x > 2)");
  for (double number : {std::nan(""), HUGE_VAL, -HUGE_VAL, 5.0, 2.5}) {
    Arena arena;
    std::span<MapEntry> entries = arena.NewArray<MapEntry>(1);
    entries[0] = {Value::String("x"), Value::Double(number)};
    pair.Check(InputOf(Value::Map(MapValue::Make(arena, entries))));
  }
}

TEST(MatcherDifferentialTest, LargeDisjunctionsAndDeepNegation) {
  Pair pair;
  std::string one_path;
  std::string many_paths;
  std::string mixed;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    const char* separator = i == 0 ? "" : " || ";
    one_path += separator + ("doc.a == " + n);
    many_paths += separator + ("doc.f" + n + " == 1");
    mixed += separator + ("(doc.a == " + n + " && doc.b < " + n + ")");
  }
  for (const std::string& expression : {one_path, many_paths, mixed}) {
    pair.Add(expression);
    pair.Add("!(" + expression + ")");
    pair.Add("doc.c == 1 && (" + expression + ")");
  }
  std::string negated = "doc.a == 1";
  for (int i = 0; i < 50; ++i) negated = "!(" + negated + ")";
  pair.Add(negated);
  pair.Add("!(" + negated + ")");
  for (int i = -1; i < 101; i += 3) {
    const std::string n = std::to_string(i);
    pair.Check("{\"a\": " + n + ", \"b\": 10, \"c\": 1, \"f" + n + "\": 1}");
    pair.Check("{\"a\": \"x\", \"f" + n + "\": 1}");
  }
}

TEST(MatcherDifferentialTest, EmptyAndUnicodeTextKeysAndRepeatedMembers) {
  Pair pair;
  for (const char* text : {"", "ü", "日本", "a", "\\u0000", "😀"}) {
    const std::string quoted = "'" + std::string(text) + "'";
    pair.Add("doc[" + quoted + "] == " + quoted);
    pair.Add("doc.s == " + quoted);
    pair.Add("doc.s.startsWith(" + quoted + ")");
    pair.Add("doc.s >= " + quoted);
    pair.Add("!(doc.s >= " + quoted + ")");
    pair.Add(quoted + " in doc.l");
    pair.Add(quoted + " in doc");
  }
  for (const char* text : {"", "ü", "üx", "日本", "日", "a", "\\u0000", "😀"}) {
    const std::string quoted = "\"" + std::string(text) + "\"";
    std::string json = "{\"s\": " + quoted + ", \"l\": [" + quoted + ", " +
                       quoted + ", 1, 1.0]";
    if (std::string(text) != "s") json += ", " + quoted + ": " + quoted;
    pair.Check(json + "}");
  }
}

}  // namespace
}  // namespace streamer
