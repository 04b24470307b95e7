#include "value/value.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace streamer {
namespace {

static_assert(sizeof(Value) == 16, "two registers, four to a cache line");
static_assert(std::is_trivially_copyable_v<Value>);
static_assert(!std::is_convertible_v<const char*, Value>,
              "text must be named as string or bytes");

TEST(ValueTest, IsNullUnlessSaidOtherwise) {
  EXPECT_TRUE(Value().is(ValueKind::kNull));
  EXPECT_TRUE(Value::Null().is(ValueKind::kNull));
}

TEST(ValueTest, GivesBackWhatItWasMadeOf) {
  Arena arena;
  EXPECT_EQ(Value::Int(-7).int_value(), -7);
  EXPECT_EQ(Value::Uint(~0ull).uint_value(), ~0ull);
  EXPECT_EQ(Value::Double(-1.5).double_value(), -1.5);
  EXPECT_TRUE(Value::Bool(true).bool_value());
  EXPECT_EQ(Value::String("text").text(), "text");
  EXPECT_EQ(Value::Bytes(std::string_view("\0b", 2)).text().size(), 2u);
  EXPECT_EQ(Value::Type("int").text(), "int");
  EXPECT_EQ(Value::Timestamp({-5, 7}).time().seconds, -5);
  EXPECT_EQ(Value::Timestamp({-5, 7}).time().nanos, 7);
  EXPECT_EQ(Value::Duration({-5, -7}).time().nanos, -7);
  Value one = Value::Int(1);
  ListValue list(std::span<const Value>(&one, 1));
  EXPECT_EQ(&Value::List(&list).list(), &list);
  EXPECT_EQ(Value::Map(MapValue::Make(arena, {})).map().size(), 0u);
}

TEST(ValueTest, TrueAndFalseAreBoolsOnly) {
  EXPECT_TRUE(Value::Bool(true).is_true());
  EXPECT_FALSE(Value::Bool(true).is_false());
  EXPECT_TRUE(Value::Bool(false).is_false());
  EXPECT_FALSE(Value::Int(1).is_true());
  EXPECT_FALSE(Value::Int(0).is_false());
  EXPECT_FALSE(Value::Null().is_false());
}

TEST(ValueTest, ExactlyThreeKindsAreNumbers) {
  EXPECT_TRUE(Value::Int(1).is_number());
  EXPECT_TRUE(Value::Uint(1).is_number());
  EXPECT_TRUE(Value::Double(1).is_number());
  EXPECT_FALSE(Value::Bool(true).is_number());
  EXPECT_FALSE(Value::String("1").is_number());
}

TEST(ValueTest, AnErrorKeepsItsMessageInTheArena) {
  Arena arena;
  Value error = Value::Null();
  {
    std::string message = "no such key: price";
    error = Value::Error(arena, ErrorCode::kNoSuchField, message);
  }
  ASSERT_TRUE(error.is_error());
  EXPECT_EQ(error.error().code, ErrorCode::kNoSuchField);
  EXPECT_EQ(error.error().message, "no such key: price");
}

TEST(ValueTest, KindsHaveTheNamesOfCel) {
  const std::pair<ValueKind, std::string_view> cases[] = {
      {ValueKind::kNull, "null_type"},
      {ValueKind::kBool, "bool"},
      {ValueKind::kInt, "int"},
      {ValueKind::kUint, "uint"},
      {ValueKind::kDouble, "double"},
      {ValueKind::kString, "string"},
      {ValueKind::kBytes, "bytes"},
      {ValueKind::kList, "list"},
      {ValueKind::kMap, "map"},
      {ValueKind::kTimestamp, "google.protobuf.Timestamp"},
      {ValueKind::kDuration, "google.protobuf.Duration"},
      {ValueKind::kType, "type"},
      {ValueKind::kError, "error"},
  };
  for (const auto& [kind, name] : cases) EXPECT_EQ(NameOf(kind), name);
}

}  // namespace
}  // namespace streamer
