#include "cel/program_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace streamer::cel {
namespace {

Variables Declared() {
  return Variables::Declare({{"a", "int"}, {"b", "dyn"}}).value();
}

TEST(ProgramCacheTest, OneExpressionIsOneProgramHoweverItIsWritten) {
  ProgramCache cache(Declared(), 10);
  auto program = cache.Get("a > 1 && b").value();
  EXPECT_EQ(cache.Get("a > 1 && b").value(), program);
  EXPECT_EQ(cache.Get("(a>1) // why\n && (b)").value(), program);
  EXPECT_NE(cache.Get("a > 1u && b").ok(), true) << "no int against uint";
  EXPECT_NE(cache.Get("a > 2 && b").value(), program);
  EXPECT_EQ(cache.size(), 2u);
}

TEST(ProgramCacheTest, TheLeastRecentlyUsedMakesRoom) {
  ProgramCache cache(Declared(), 2);
  auto first = cache.Get("a == 1").value();
  auto second = cache.Get("a == 2").value();
  EXPECT_EQ(cache.Get("a == 1").value(), first);
  cache.Get("a == 3").value();
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.Get("a == 1").value(), first);
  EXPECT_NE(cache.Get("a == 2").value(), second) << "compiled anew";
}

TEST(ProgramCacheTest, WhatIsRefusedIsNotKept) {
  ProgramCache cache(Declared(), 2, {.loops = 1});
  for (const char* text :
       {"a >", "a > 'x'", "b.all(x, x.all(y, y))", "b.matches('(')"}) {
    EXPECT_FALSE(cache.Get(text).ok()) << text;
  }
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(MessageOf(cache.Get("a > 'x'").status()),
            "ERROR: 1:3: no overload of '>' takes (int, string): expected "
            "(bool, bool), (int, int), (uint, uint), (double, double), "
            "(string, string), (bytes, bytes), (timestamp, timestamp) or "
            "(duration, duration)\n"
            " | a > 'x'\n"
            " | ..^");
}

TEST(ProgramCacheTest, ManySpellingsDoNotFillTheMemory) {
  ProgramCache cache(Declared(), 3);
  auto program = cache.Get("a == 1").value();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(cache.Get("a == 1" + std::string(i, ' ')).value(), program);
  }
  EXPECT_EQ(cache.size(), 1u);
}

}  // namespace
}  // namespace streamer::cel
