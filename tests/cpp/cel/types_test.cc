#include "cel/types.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace streamer::cel {
namespace {

TEST(TypesTest, WhatIsReadIsWrittenBack) {
  Arena arena;
  for (std::string_view text :
       {"dyn", "null", "bool", "int", "uint", "double", "string", "bytes",
        "timestamp", "duration", "list(int)", "map(string, list(dyn))",
        "type(int)", "type", "optional_type(map(int, bool))", "A", "my.Thing",
        "tuple(int, A, list(B))"}) {
    auto type = ParseType(text, arena);
    ASSERT_TRUE(type.ok()) << type.status();
    EXPECT_EQ(FormatType(**type), text);
  }
}

TEST(TypesTest, ParametersLeftOutAreDyn) {
  Arena arena;
  EXPECT_EQ(FormatType(*ParseType("list", arena).value()), "list(dyn)");
  EXPECT_EQ(FormatType(*ParseType(" map ", arena).value()), "map(dyn, dyn)");
}

TEST(TypesTest, WhatIsNoTypeIsRefused) {
  struct Case {
    std::string text;
    std::string_view message;
  };
  const Case cases[] = {
      {"", "expected the name of a type, got end of text"},
      {"list(", "expected the name of a type, got end of text"},
      {"list(int", "expected ',' or ')', got end of text"},
      {"int)", "expected the end of the type, got ')'"},
      {"map(int)", "expected 2 parameters of map, got 1"},
      {"int(int)", "expected 0 parameters of int, got 1"},
  };
  Arena arena;
  for (const Case& one : cases) {
    auto type = ParseType(one.text, arena);
    ASSERT_FALSE(type.ok()) << one.text;
    EXPECT_EQ(MessageOf(type.status()), one.message) << one.text;
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "list(";
  EXPECT_EQ(MessageOf(ParseType(deep, arena).status()),
            "expected at most 16 nested types, got 'l'");
}

TEST(TypesTest, TheNamesOfValuesKindsAreTypes) {
  EXPECT_EQ(TypeOfName("int"), SimpleType(TypeKind::kInt));
  EXPECT_EQ(FormatType(*TypeOfName("google.protobuf.Duration")), "duration");
  EXPECT_EQ(FormatType(*TypeOfName("list")), "list(dyn)");
  EXPECT_EQ(TypeOfName("nothing"), nullptr);
}

}  // namespace
}  // namespace streamer::cel
