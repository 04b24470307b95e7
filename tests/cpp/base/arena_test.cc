#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace streamer {
namespace {

constexpr std::size_t kLargestKept = std::size_t{64} * 1024;

TEST(ArenaTest, EveryAlignmentIsHonoured) {
  Arena arena;
  for (std::size_t alignment : {1, 2, 4, 8, 16}) {
    for (std::size_t size : {1, 3, 7, 2000}) {
      auto address =
          reinterpret_cast<std::uintptr_t>(arena.Allocate(size, alignment));
      EXPECT_EQ(address % alignment, 0u) << size << " at " << alignment;
    }
  }
}

TEST(ArenaTest, PiecesStayWhereTheyAreAndDoNotOverlap) {
  std::mt19937_64 random(1);
  Arena arena;
  std::vector<std::pair<std::string_view, std::string>> pieces;
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 300, static_cast<char>('a' + i % 26));
    pieces.emplace_back(arena.CopyText(text), text);
  }
  for (const auto& [piece, text] : pieces) ASSERT_EQ(piece, text);
}

TEST(ArenaTest, APieceLargerThanEveryBlockFits) {
  Arena arena;
  std::string text(1 << 20, 'x');
  EXPECT_EQ(arena.CopyText(text), text);
  EXPECT_GE(arena.capacity_bytes(), text.size());
}

TEST(ArenaTest, AnArenaToldItsSizeTakesNoMore) {
  Arena arena(80);
  void* first = arena.Allocate(64, 8);
  EXPECT_NE(arena.Allocate(16, 8), first);
  EXPECT_EQ(arena.capacity_bytes(), 80u);
  arena.Allocate(1, 1);
  EXPECT_EQ(arena.capacity_bytes(), 80u + 160u);
}

TEST(ArenaTest, NewConstructsAndNewArrayZeroes) {
  struct Point {
    int x;
    int y;
  };
  Arena arena;
  for (int i = 0; i < 64; ++i) arena.CopyText("dirt dirt dirt");
  Point* point = arena.New<Point>(3, 4);
  EXPECT_EQ(point->x, 3);
  EXPECT_EQ(point->y, 4);
  for (int number : arena.NewArray<int>(100)) EXPECT_EQ(number, 0);
  EXPECT_TRUE(arena.NewArray<int>(0).empty());
}

TEST(ArenaTest, EmptyTextTakesNoMemory) {
  Arena arena;
  EXPECT_EQ(arena.CopyText(""), "");
  EXPECT_EQ(arena.capacity_bytes(), 0u);
}

TEST(ArenaTest, AReusedArenaStopsAskingTheHeap) {
  Arena arena;
  for (int i = 0; i < 20; ++i) arena.Allocate(1000, 8);
  arena.Reset();
  for (int i = 0; i < 20; ++i) arena.Allocate(1000, 8);
  arena.Reset();
  std::size_t settled = arena.capacity_bytes();
  for (int i = 0; i < 20; ++i) arena.Allocate(1000, 8);
  EXPECT_EQ(arena.capacity_bytes(), settled);
}

TEST(ArenaTest, ResetDropsWhatALargePieceTook) {
  Arena arena;
  arena.Allocate(1 << 20, 1);
  arena.Reset();
  EXPECT_LE(arena.capacity_bytes(), kLargestKept);
  EXPECT_EQ(arena.CopyText("still usable"), "still usable");
}

TEST(ArenaTest, ResetOfAnUnusedArenaIsNothing) {
  Arena arena;
  arena.Reset();
  EXPECT_EQ(arena.capacity_bytes(), 0u);
}

TEST(ArenaTest, AMovedFromArenaIsEmptyAndUsable) {
  Arena first;
  std::string_view kept = first.CopyText("kept");
  Arena second(std::move(first));
  // The point of this test is what is left behind.
  first.CopyText("new");  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(kept, "kept");
  EXPECT_GT(second.capacity_bytes(), 0u);
  second = Arena();
  EXPECT_EQ(second.capacity_bytes(), 0u);
}

}  // namespace
}  // namespace streamer
