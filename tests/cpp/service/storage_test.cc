#include "service/internal/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "store/temporary_folder.h"

namespace streamer {
namespace {

constexpr Instant kNow{MonotonicTime(std::chrono::seconds(7)),
                       WallTime(std::chrono::seconds(1'700'000'000))};

// Also when both begin within one second, or the clock was set back.
TEST(StorageTest, WithoutAPathTheLogIsInMemoryAndRefusesPositionsOfAnother) {
  const Storage one = OpenStorage({}, kNow).value();
  const Storage two = OpenStorage({}, kNow).value();
  EXPECT_EQ(one.durable, nullptr);
  EXPECT_EQ(one.log->head().offset, 0u);
  EXPECT_TRUE(one.log->Resolve(one.log->head()).ok());
  EXPECT_EQ(two.log->Resolve(one.log->head()).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(StorageTest, InMemoryTheLogKeepsNoMoreBytesThanItIsTold) {
  constexpr std::size_t kEventBytes = 1'000;
  const Storage storage =
      OpenStorage({.retention_bytes = 10 * kEventBytes}, kNow).value();
  SourceEvent event;
  event.document = std::string(kEventBytes, 'x');
  const Position head =
      storage.log->Append(std::vector<SourceEvent>(100, event), kNow).value();
  storage.log->Release(head);
  EXPECT_GT(storage.log->first().offset, 90u);
}

TEST(StorageTest, WithAPathTheLogOutlivesIt) {
  TemporaryFolder folder;
  const LogConfig config{.path = folder / "log"};
  Position head;
  {
    const Storage storage = OpenStorage(config, kNow).value();
    SourceEvent event;
    event.event_id = "e";
    head = storage.log->Append({event}, kNow).value();
    ASSERT_TRUE(storage.durable->Close().ok());
  }
  const Storage storage = OpenStorage(config, kNow).value();
  EXPECT_EQ(storage.log->head(), head);
}

TEST(StorageTest, EveryLogHasAnIdentityOfItsOwn) {
  TemporaryFolder folder;
  const Storage one = OpenStorage({.path = folder / "one"}, kNow).value();
  const Storage two = OpenStorage({.path = folder / "two"}, kNow).value();
  EXPECT_NE(one.log->history().identity(), two.log->history().identity());
  EXPECT_EQ(one.log->history().identity().size(), 32u);
}

TEST(StorageTest, AFolderThatHoldsSomethingElseIsRefused) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "log");
  std::ofstream(folder / "log/notes.txt") << "mine";
  const Result<Storage> opened = OpenStorage({.path = folder / "log"}, kNow);
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(opened.status().message()),
              ::testing::HasSubstr(folder / "log"));
}

}  // namespace
}  // namespace streamer
