#include "value/owned_value.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/random_value.h"
#include "value/json.h"
#include "value/ordering.h"

namespace streamer {
namespace {

std::string IdentityOf(const Value& value) {
  std::string key;
  AppendIdentity(value, key);
  return key;
}

TEST(OwnedValueTest, IsNullUnlessSaidOtherwise) {
  EXPECT_TRUE(OwnedValue().value().is(ValueKind::kNull));
}

TEST(OwnedValueTest, OutlivesItsSource) {
  support::Random random(support::SeedOf("OutlivesItsSource"));
  SCOPED_TRACE(random.seed_note());
  for (int i = 0; i < 2000; ++i) {
    auto source = std::make_unique<Arena>();
    support::RandomValues values(random, *source, support::ValueRange::kCel);
    Value value = values.Any(3);
    std::string identity = IdentityOf(value);
    OwnedValue owned(value);
    OwnedValue copy = owned;
    owned = OwnedValue();
    source.reset();
    ASSERT_EQ(IdentityOf(copy.value()), identity);
  }
}

TEST(OwnedValueTest, CopiesAnErrorWithItsMessage) {
  OwnedValue owned;
  {
    Arena arena;
    owned = OwnedValue(Value::Error(arena, ErrorCode::kOverflow, "too large"));
  }
  EXPECT_EQ(owned.value().error().code, ErrorCode::kOverflow);
  EXPECT_EQ(owned.value().error().message, "too large");
}

TEST(OwnedValueTest, TakesAnArenaWithoutCopying) {
  auto arena = std::make_shared<Arena>();
  Value value = Value::String(arena->CopyText("kept"));
  OwnedValue owned(arena, value);
  EXPECT_EQ(owned.value().text().data(), value.text().data());
  arena.reset();
  EXPECT_EQ(owned.value().text(), "kept");
}

TEST(OwnedValueTest, ACopiedMapFindsItsKeys) {
  Arena source;
  Value map = ParseJson(R"({"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,
                            "i":{"j":[9]}})",
                        source)
                  .value();
  Arena arena;
  Value copy = CopyValue(arena, map);
  EXPECT_EQ(copy.map().Find("h")->int_value(), 8);
  EXPECT_EQ(
      copy.map().Find("i")->map().Find("j")->list().items()[0].int_value(), 9);
}

}  // namespace
}  // namespace streamer
