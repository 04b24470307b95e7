#include "store/internal/revision_file.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <cstdint>
#include <memory>
#include <string>

namespace streamer::internal {
namespace {

class WithoutRenames : public rocksdb::EnvWrapper {
 public:
  using EnvWrapper::EnvWrapper;
  rocksdb::Status RenameFile(const std::string&, const std::string&) override {
    return rocksdb::Status::IOError("killed");
  }
};

class RevisionFileTest : public ::testing::Test {
 protected:
  RevisionFileTest() : env_(rocksdb::NewMemEnv(rocksdb::Env::Default())) {
    EXPECT_EQ(RevisionFile::Create(*env_, kFile), OkStatus());
  }

  void Note(std::uint64_t revision) {
    RevisionFile::Open(*env_, kFile).value()->Note(revision);
  }
  std::string Read() {
    std::string bytes;
    EXPECT_TRUE(rocksdb::ReadFileToString(env_.get(), kFile, &bytes).ok());
    return bytes;
  }
  void Replace(const std::string& bytes) {
    EXPECT_TRUE(rocksdb::WriteStringToFile(env_.get(), bytes, kFile).ok());
  }
  // Beside a database that holds `revision`.
  Result<std::unique_ptr<RevisionFile>> OpenBeside(std::uint64_t revision) {
    return RevisionFile::OpenBeside(*env_, kFile, "/state", revision);
  }

  static constexpr char kFile[] = "/state/REVISION";
  std::unique_ptr<rocksdb::Env> env_;
};

TEST_F(RevisionFileTest, TheLatestRevisionIsNoted) {
  EXPECT_EQ(OpenBeside(0).value()->revision(), 0u);
  for (std::uint64_t revision = 1; revision <= 5; ++revision) {
    Note(revision);
    EXPECT_EQ(RevisionFile::Open(*env_, kFile).value()->revision(), revision);
  }
}

TEST_F(RevisionFileTest, WhatHoldsAsMuchOrMoreIsOpened) {
  Note(7);
  // A note may be an older one.
  for (const std::uint64_t revision : {7u, 8u, 100u}) {
    EXPECT_EQ(OpenBeside(revision).value()->revision(), 7u);
  }
}

TEST_F(RevisionFileTest, WhatHoldsLessThanIsNotedIsRefused) {
  Note(7);
  EXPECT_EQ(OpenBeside(6).status(),
            DataLoss("state /state: expected revision 7 (/state/REVISION), "
                     "got 6"));
  EXPECT_EQ(OpenBeside(0).status(),
            DataLoss("state /state: expected revision 7 (/state/REVISION), "
                     "got 0"));
}

TEST_F(RevisionFileTest, WhatIsThereIsNotMadeAnew) {
  Note(7);
  EXPECT_EQ(RevisionFile::CreateIfMissing(*env_, kFile), OkStatus());
  EXPECT_EQ(RevisionFile::Open(*env_, kFile).value()->revision(), 7u);
  ASSERT_TRUE(env_->DeleteFile(kFile).ok());
  EXPECT_EQ(RevisionFile::CreateIfMissing(*env_, kFile), OkStatus());
  EXPECT_EQ(RevisionFile::Open(*env_, kFile).value()->revision(), 0u);
}

// A process that is killed before the last step of it.
TEST_F(RevisionFileTest, AFileThatIsNotFinishedIsNotSeen) {
  ASSERT_TRUE(env_->DeleteFile(kFile).ok());
  WithoutRenames until_killed(env_.get());
  EXPECT_EQ(RevisionFile::CreateIfMissing(until_killed, kFile),
            Unavailable("/state/REVISION: expected to write it, got IO error: "
                        "killed"));
  EXPECT_TRUE(env_->FileExists(kFile).IsNotFound());
  EXPECT_EQ(RevisionFile::CreateIfMissing(*env_, kFile), OkStatus());
  EXPECT_EQ(RevisionFile::Open(*env_, kFile).value()->revision(), 0u);
}

TEST_F(RevisionFileTest, ANoteOfOneSlotIsEnough) {
  Note(6);
  Note(7);
  const std::string whole = Read();
  for (const std::size_t slot : {0u, 1u}) {
    std::string bytes = whole;
    bytes[slot * 512] ^= 1;
    Replace(bytes);
    // The note of 7 lies in the second.
    EXPECT_EQ(OpenBeside(7).value()->revision(), slot == 0 ? 7u : 6u);
  }
}

TEST_F(RevisionFileTest, ADamagedNoteIsRefusedWhateverTheRevision) {
  Note(7);
  const std::string whole = Read();
  std::string flipped = whole;
  flipped[0] ^= 1;
  flipped[512] ^= 1;
  for (const std::string& bytes :
       {flipped, whole.substr(0, 15), std::string()}) {
    Replace(bytes);
    EXPECT_EQ(
        OpenBeside(100).status(),
        DataLoss("/state/REVISION: expected a revision, got other bytes"));
  }
}

TEST_F(RevisionFileTest, AMissingNoteIsRefusedByName) {
  ASSERT_TRUE(env_->DeleteFile(kFile).ok());
  const Status refused = OpenBeside(100).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(std::string(MessageOf(refused))
                  .starts_with("/state/REVISION: expected a revision, got "));
}

}  // namespace
}  // namespace streamer::internal
