#include "event/recent_map.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "support/random.h"

namespace streamer {
namespace {

TEST(RecentMapTest, TheOldestGoesWhenThereAreTooMany) {
  RecentMap<int> map(2);
  map.Put("a", 1);
  map.Put("b", 2);
  map.Put("c", 3);
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_EQ(*map.Find("b"), 2);
  EXPECT_EQ(*map.Oldest(), 2);
  map.RemoveOldest();
  EXPECT_EQ(*map.Oldest(), 3);
  map.RemoveOldest();
  EXPECT_EQ(map.Oldest(), nullptr);
  EXPECT_EQ(map.size(), 0u);
}

TEST(RecentMapTest, WhatIsTouchedOrPutAgainIsTheNewest) {
  RecentMap<int> map(2);
  map.Put("a", 1);
  map.Put("b", 2);
  EXPECT_EQ(*map.Touch("a"), 1);
  map.Put("c", 3);
  EXPECT_EQ(map.Find("b"), nullptr);
  map.Put("a", 4);
  map.Put("d", 5);
  EXPECT_EQ(map.Find("c"), nullptr);
  EXPECT_EQ(*map.Find("a"), 4);
  EXPECT_EQ(map.Touch("nothing"), nullptr);
}

TEST(RecentMapTest, OneOfNoEntriesKeepsNone) {
  RecentMap<int> map(0);
  map.Put("a", 1);
  EXPECT_EQ(map.size(), 0u);
  EXPECT_FALSE(map.Remove("a"));
}

TEST(RecentMapTest, KeepsWhatAListWould) {
  support::Random random(support::SeedOf("RecentMapTest"));
  SCOPED_TRACE(random.seed_note());
  constexpr std::size_t kMost = 20;
  RecentMap<std::size_t> map(kMost);
  std::deque<std::pair<std::string, std::size_t>> list;
  for (std::size_t step = 0; step < 20'000; ++step) {
    const std::string key = absl::StrCat("k", random.Below(40));
    std::optional<std::size_t> known;
    for (const auto& [name, value] : list) {
      if (name == key) known = value;
    }
    const std::size_t* found = map.Find(key);
    ASSERT_EQ(found == nullptr ? std::nullopt : std::optional(*found), known);
    if (random.Chance(1, 3)) {
      ASSERT_EQ(map.Remove(key), known.has_value());
      std::erase_if(list, [&](const auto& one) { return one.first == key; });
    } else {
      map.Put(key, step);
      std::erase_if(list, [&](const auto& one) { return one.first == key; });
      list.emplace_back(key, step);
      if (list.size() > kMost) list.pop_front();
    }
    ASSERT_EQ(map.size(), list.size());
    ASSERT_EQ(map.Oldest() == nullptr, list.empty());
    if (list.empty()) continue;
    ASSERT_EQ(*map.Oldest(), list.front().second);
  }
}

}  // namespace
}  // namespace streamer
