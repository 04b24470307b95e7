#include "transport/internal/filter_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace streamer {
namespace {

FilterSource Expression(std::string text) {
  return {.conditions = {}, .expression = std::move(text)};
}

FilterSource Conditions(std::initializer_list<Condition> conditions) {
  return {.conditions = conditions, .expression = ""};
}

Condition Equals(std::string field, const Value& value) {
  return {.field = std::move(field),
          .op = Operator::kEqual,
          .value = OwnedValue(value)};
}

TEST(FilterCacheTest, OneFilterIsCompiledOnceHoweverItIsWritten) {
  FilterCache cache(10);
  const auto filter = cache.Get(Expression("doc.a > 1 && doc.b")).value();
  EXPECT_EQ(cache.Get(Expression("doc.a > 1 && doc.b")).value(), filter);
  EXPECT_EQ(cache.Get(Expression("(doc.a>1) // why\n && (doc.b)")).value(),
            filter);
  EXPECT_NE(cache.Get(Expression("doc.a > 1u && doc.b")).value(), filter);
  EXPECT_EQ(cache.counts().hits, 1u);
  EXPECT_EQ(cache.counts().misses, 3u);
}

TEST(FilterCacheTest, ConditionsAreToldApartByFieldOperatorAndConstant) {
  FilterCache cache(100);
  std::vector<std::shared_ptr<const Filter>> filters;
  const FilterSource sources[] = {
      Conditions({Equals("a", Value::Int(1))}),
      Conditions({Equals("a", Value::Uint(1))}),
      Conditions({Equals("a", Value::Double(1))}),
      Conditions({Equals("a", Value::String("1"))}),
      Conditions({Equals("b", Value::Int(1))}),
      Conditions({{.field = "a",
                   .op = Operator::kLess,
                   .value = OwnedValue(Value::Int(1))}}),
      Conditions({Equals("a", Value::Int(1)), Equals("b", Value::Int(1))}),
      Conditions({}),
  };
  for (const FilterSource& source : sources) {
    const auto filter = cache.Get(source).value();
    EXPECT_EQ(filter->text(), Filter::Compile(source).value()->text());
    for (const auto& other : filters) EXPECT_NE(filter, other);
    filters.push_back(filter);
    EXPECT_EQ(cache.Get(source).value(), filter);
  }
  EXPECT_EQ(cache.Get(Expression("doc.a == 1")).value(), filters[0])
      << "a condition and an expression that are one filter";
}

TEST(FilterCacheTest, WhatNobodyHoldsIsNotKeptAlive) {
  FilterCache cache(10);
  std::weak_ptr<const Filter> filter =
      cache.Get(Expression("doc.a > 1")).value();
  EXPECT_TRUE(filter.expired());
  const auto again = cache.Get(Expression("doc.a > 1")).value();
  EXPECT_EQ(cache.Get(Expression("doc.a > 1")).value(), again);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(FilterCacheTest, TheLeastRecentlyUsedSourceMakesRoom) {
  FilterCache cache(2);
  const auto first = cache.Get(Expression("doc.a == 1")).value();
  const auto second = cache.Get(Expression("doc.a == 2")).value();
  EXPECT_EQ(cache.Get(Expression("doc.a == 1")).value(), first);
  const auto third = cache.Get(Expression("doc.a == 3")).value();
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.Get(Expression("doc.a == 1")).value(), first);
  EXPECT_NE(cache.Get(Expression("doc.a == 2")).value(), second)
      << "compiled anew";
}

TEST(FilterCacheTest, ManyOrLongSpellingsDoNotFillTheMemory) {
  FilterCache cache(3);
  const auto filter = cache.Get(Expression("doc.a == 1")).value();
  for (int i = 0; i < 100; ++i) {
    cache.Get(Expression("doc.a == 1" + std::string(i, ' '))).value();
  }
  EXPECT_EQ(cache.size(), 3u);
  FilterCache other(3);
  other.Get(Expression("doc.a == 1" + std::string(2000, ' '))).value();
  EXPECT_EQ(other.size(), 0u);
}

TEST(FilterCacheTest, WhatIsRefusedIsRefusedAsByCompile) {
  FilterCache cache(3);
  for (const char* text : {"doc.a >", "1 > 'x'", "doc.b.matches('(')"}) {
    EXPECT_EQ(cache.Get(Expression(text)).status(),
              Filter::Compile(Expression(text)).status());
  }
  EXPECT_EQ(cache.size(), 0u);
}

// Threads ask for the same few filters at once, and let go of them. Whoever
// holds one while another asks must give it the same, and nothing may be freed
// under anyone; the thread sanitizer watches.
TEST(FilterCacheTest, SeveralThreadsMayAskAtOnce) {
  FilterCache cache(4);
  const auto held = cache.Get(Expression("doc.a == 0")).value();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 300; ++i) {
        const std::string text =
            "doc.a == " + std::to_string((i + thread) % 7) +
            std::string(i % 2, ' ');
        const auto filter = cache.Get(Expression(text)).value();
        EXPECT_TRUE(text.starts_with(filter->text()));
        if (text == "doc.a == 0") {
          EXPECT_EQ(filter->canonical_key(), held->canonical_key());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.size(), 4u);
}

}  // namespace
}  // namespace streamer
