// A process that appends is killed, again and again, at moments that fall
// wherever they fall: into a batch, a flush, a compaction, an open. What it
// said was appended is there; what is there is a prefix of what it appended,
// whole batches of it; each life is an epoch of its own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "store/rocksdb_event_log.h"
#include "store/temporary_folder.h"

extern char** environ;

namespace streamer {
namespace {

constexpr Instant kNow{MonotonicTime(std::chrono::seconds(1)),
                       WallTime(std::chrono::seconds(1))};

// The process that appends; killed, at the latest, with this object.
class CrashWriter {
 public:
  CrashWriter(std::string path, std::string sync) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = STREAMER_CRASH_WRITER;
    std::array<char*, 4> arguments = {program.data(), path.data(), sync.data(),
                                      nullptr};
    EXPECT_EQ(posix_spawn(&process_, program.c_str(), &actions, nullptr,
                          arguments.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
  }
  ~CrashWriter() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    std::fclose(output_);
  }
  CrashWriter(const CrashWriter&) = delete;
  CrashWriter& operator=(const CrashWriter&) = delete;

  // Waits for `count` acknowledgements, kills it, and returns the last one it
  // gave; the null position when it gave none.
  Position KillAfter(int count) {
    Position last;
    std::array<char, 64> line{};
    for (int i = 0; i < count; ++i) last = ReadLine(line, last);
    kill(process_, SIGKILL);
    // What it said before it died counts as said.
    for (Position next; (next = ReadLine(line, Position())) != Position();) {
      last = next;
    }
    return last;
  }

 private:
  Position ReadLine(std::array<char, 64>& line, Position otherwise) {
    if (std::fgets(line.data(), line.size(), output_) == nullptr) {
      return otherwise;
    }
    std::string text = line.data();
    if (text.back() != '\n') return otherwise;
    text.pop_back();
    return ParseProgress(text).value();
  }

  pid_t process_ = 0;
  FILE* output_ = nullptr;
};

class RocksDbEventLogCrashTest : public ::testing::TestWithParam<const char*> {
};

TEST_P(RocksDbEventLogCrashTest, WhatWasAcknowledgedIsThereAfterEveryKill) {
  TemporaryFolder folder;
  RocksDbEventLogOptions options;
  options.path = folder / "log";
  options.identity = "crash test";
  std::uint32_t random = 7;
  constexpr int kKills = 12;
  for (int round = 1; round <= kKills; ++round) {
    random = random * 1664525u + 1013904223u;
    const int count = static_cast<int>((random >> 16) % 400);
    SCOPED_TRACE("kill " + std::to_string(round) + " after " +
                 std::to_string(count));
    const Position acknowledged =
        CrashWriter(options.path, GetParam()).KillAfter(count);
    ASSERT_TRUE(count == 0 || acknowledged != Position());

    auto log = RocksDbEventLog::Open(options, kNow).value();
    const std::uint64_t head = log->head().offset;
    ASSERT_GE(head, acknowledged.offset);
    if (acknowledged != Position()) {
      EXPECT_EQ(log->Resolve(acknowledged).value(),
                (ResolvedPosition{acknowledged, false}));
      EXPECT_EQ(log->history().epoch(), acknowledged.epoch + 1);
      EXPECT_EQ(log->history().epochs().back().first_offset, head + 1);
      // Of what was lost to the kill, nothing may look like progress.
      EXPECT_EQ(log->Resolve({acknowledged.epoch, head + 5}).value(),
                (ResolvedPosition{log->head(), true}));
    }
    EXPECT_EQ(log->markers().last, head == 0 ? "" : std::to_string(head));
    std::vector<LogEntry> entries;
    ASSERT_EQ(log->Read(log->history().At(0), head + 1, entries), OkStatus());
    ASSERT_EQ(entries.size(), head);
    for (std::uint64_t offset = 1; offset <= head; ++offset) {
      const SourceEvent& event = *entries[offset - 1].event;
      ASSERT_EQ(event.event_id, std::to_string(offset));
      ASSERT_EQ(event.document.size(), offset % 300);
    }
    ASSERT_EQ(log->Close(), OkStatus());
  }
}

INSTANTIATE_TEST_SUITE_P(Sync, RocksDbEventLogCrashTest,
                         ::testing::Values("none", "batch"),
                         [](const auto& test) {
                           return std::string(test.param);
                         });

}  // namespace
}  // namespace streamer
