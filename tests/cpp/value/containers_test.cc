#include "value/containers.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/hash.h"
#include "support/random.h"
#include "value/ordering.h"

namespace streamer {
namespace {

constexpr std::int64_t kExactDoubles = std::int64_t{1} << 53;

// Keys "k0", "k1", … with their numbers as values.
std::vector<MapEntry> NumberedEntries(Arena& arena, int count) {
  std::vector<MapEntry> entries;
  for (int i = 0; i < count; ++i) {
    entries.push_back({Value::String(arena.CopyText("k" + std::to_string(i))),
                       Value::Int(i)});
  }
  return entries;
}

// Distinct keys whose hashes fall into a small part of any table up to
// 65,536 slots: what an adversary who knows the hash would send.
std::vector<MapEntry> CollidingEntries(Arena& arena, std::size_t count) {
  std::vector<MapEntry> entries;
  for (std::uint64_t i = 0; entries.size() < count; ++i) {
    std::string key = "key" + std::to_string(i);
    if ((HashBytes(key) & 0xFFFF) >= 64) continue;
    entries.push_back({Value::String(arena.CopyText(key)),
                       Value::Int(static_cast<std::int64_t>(i))});
  }
  return entries;
}

TEST(MapValueTest, EverySizeFindsItsKeysAndNoOthers) {
  for (int size = 0; size <= 100; ++size) {
    Arena arena;
    auto entries = NumberedEntries(arena, size);
    const MapValue* map = MapValue::Make(arena, entries);
    ASSERT_EQ(map->size(), static_cast<std::size_t>(size));
    for (const MapEntry& entry : entries) {
      const Value* by_value = map->Find(entry.key);
      ASSERT_NE(by_value, nullptr);
      EXPECT_TRUE(Equal(*by_value, entry.value));
      EXPECT_EQ(map->Find(entry.key.text()), by_value);
      EXPECT_EQ(map->Find(HashedText(entry.key.text())), by_value);
    }
    EXPECT_EQ(map->Find("absent"), nullptr);
    EXPECT_EQ(map->Find(Value::Int(1)), nullptr);
    EXPECT_EQ(map->Find(Value::Null()), nullptr);
  }
}

TEST(MapValueTest, EntriesKeepTheirOrder) {
  Arena arena;
  auto entries = NumberedEntries(arena, 50);
  const MapValue* map = MapValue::Make(arena, entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(map->entries()[i].key.text(), entries[i].key.text());
  }
}

TEST(MapValueTest, NumericKeysAreFoundAcrossNumericTypes) {
  for (std::size_t padding : {0, 20}) {  // searched in order, and hashed
    Arena arena;
    auto entries = NumberedEntries(arena, static_cast<int>(padding));
    entries.push_back({Value::Int(1), Value::String("one")});
    entries.push_back({Value::Uint(2), Value::String("two")});
    entries.push_back({Value::Bool(true), Value::String("yes")});
    const MapValue* map = MapValue::Make(arena, entries);
    EXPECT_EQ(map->Find(Value::Uint(1))->text(), "one");
    EXPECT_EQ(map->Find(Value::Double(1.0))->text(), "one");
    EXPECT_EQ(map->Find(Value::Double(2.0))->text(), "two");
    EXPECT_EQ(map->Find(Value::Int(2))->text(), "two");
    EXPECT_EQ(map->Find(Value::Bool(true))->text(), "yes");
    EXPECT_EQ(map->Find(Value::Double(1.5)), nullptr);
    EXPECT_EQ(map->Find(Value::Bool(false)), nullptr);
    EXPECT_EQ(map->Find("1"), nullptr);
  }
}

TEST(MapValueTest, LargeIntegerKeysThatRoundAlikeAreToldApart) {
  Arena arena;
  std::vector<MapEntry> entries;
  for (int i = 0; i < 12; ++i) {
    entries.push_back({Value::Int(kExactDoubles + i), Value::Int(i)});
  }
  const MapValue* map = MapValue::Make(arena, entries);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(map->Find(Value::Int(kExactDoubles + i))->int_value(), i);
    EXPECT_EQ(map->Find(Value::Uint(kExactDoubles + i))->int_value(), i);
  }
}

TEST(MapValueTest, OfARepeatedKeyTheLastValueCountsAtThePlaceOfTheFirst) {
  for (std::size_t padding : {0, 20}) {
    Arena arena;
    auto entries = NumberedEntries(arena, static_cast<int>(padding));
    entries.insert(entries.begin(), {Value::String("twice"), Value::Int(1)});
    entries.push_back({Value::String("twice"), Value::Int(2)});
    entries.push_back({Value::String("end"), Value::Int(3)});
    const MapValue* map = MapValue::MakeLastWins(arena, entries);
    EXPECT_EQ(map->size(), padding + 2);
    EXPECT_EQ(map->Find("twice")->int_value(), 2);
    EXPECT_EQ(map->entries()[0].key.text(), "twice");
    EXPECT_EQ(map->entries().back().key.text(), "end");
  }
}

TEST(MapValueTest, MakeIfDistinctRefusesAKeyRepeatedInAnotherType) {
  for (std::size_t padding : {0, 20}) {
    Arena arena;
    auto entries = NumberedEntries(arena, static_cast<int>(padding));
    entries.push_back({Value::Int(1), Value::Null()});
    EXPECT_NE(MapValue::MakeIfDistinct(arena, entries), nullptr);
    entries.push_back({Value::Uint(1), Value::Null()});
    EXPECT_EQ(MapValue::MakeIfDistinct(arena, entries), nullptr);
  }
}

TEST(MapValueTest, CollidingKeysAreStillFound) {
  Arena arena;
  auto entries = CollidingEntries(arena, 3000);
  const MapValue* map = MapValue::Make(arena, entries);
  ASSERT_EQ(map->size(), entries.size());
  for (const MapEntry& entry : entries) {
    const Value* found = map->Find(entry.key);
    ASSERT_NE(found, nullptr);
    ASSERT_TRUE(Equal(*found, entry.value));
  }
  EXPECT_EQ(map->Find("absent"), nullptr);
  EXPECT_EQ(map->Find(Value::Int(3)), nullptr);
  EXPECT_EQ(map->entries()[7].key.text(), entries[7].key.text());
}

TEST(MapValueTest, CollidingKeysMayRepeat) {
  support::Random random(support::SeedOf("CollidingKeysMayRepeat"));
  SCOPED_TRACE(random.seed_note());
  Arena arena;
  auto distinct = CollidingEntries(arena, 400);
  std::vector<MapEntry> entries;
  std::map<std::string_view, std::int64_t> model;
  std::vector<std::string_view> order;
  for (int i = 0; i < 2000; ++i) {
    std::string_view key = random.Pick(distinct).key.text();
    if (model.find(key) == model.end()) order.push_back(key);
    model[key] = i;
    entries.push_back({Value::String(key), Value::Int(i)});
  }
  const MapValue* map = MapValue::MakeLastWins(arena, entries);
  ASSERT_EQ(map->size(), order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    ASSERT_EQ(map->entries()[i].key.text(), order[i]);
    ASSERT_EQ(map->Find(order[i])->int_value(), model[order[i]]);
  }
}

TEST(ListValueTest, ShowsItsItems) {
  const Value items[] = {Value::Int(1), Value::Null()};
  ListValue list(items);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(list.items().data(), items);
}

}  // namespace
}  // namespace streamer
