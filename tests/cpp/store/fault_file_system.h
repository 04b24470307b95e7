// FaultFileSystem: the real file system, with a disk that can be full, fail,
// or lose power, exactly when a test says so.
//
// Full: a write that does not fit in `room` writes what fits and fails, as on
// a real disk. Power cut: nothing works any more, and RestorePower leaves of
// every file what had been synced. Late: what a compaction writes is refused
// when somebody else has found already that there is room again.
//
// Thread-safety: any thread.
#ifndef STREAMER_TESTS_STORE_FAULT_FILE_SYSTEM_H_
#define STREAMER_TESTS_STORE_FAULT_FILE_SYSTEM_H_

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <condition_variable>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace streamer {

class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultFileSystem"; }

  // Bytes that may still be written.
  void SetRoom(std::uint64_t bytes);
  // From now on fsync fails, or works again.
  void SetSyncFails(bool fails);
  // From now on compactions wait, and find the disk full once they are told to,
  // or the log has probed the disk, or the power is cut.
  void HoldCompactions();
  // Waits until one does.
  void AwaitHeldCompaction();
  void FailHeldCompaction();
  // From now on nothing is written or removed.
  void CutPower();
  // Ends what CutPower began as if only the process had died: each file is as
  // it was then.
  void Revive();
  // Ends what CutPower began, once all files are closed: cuts each file that
  // was written to what was synced of it.
  void RestorePower();

  rocksdb::IOStatus NewWritableFile(
      const std::string& name, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  // For the files it makes. TakeRoom: how much of `size` may be written.
  rocksdb::IOStatus TakeRoom(std::uint64_t size, std::uint64_t& granted);
  // For a compaction: as TakeRoom, if they are not held.
  rocksdb::IOStatus TakeRoomLate(std::uint64_t size, std::uint64_t& granted);
  rocksdb::IOStatus NoteSync(const std::string& name, std::uint64_t size);

 private:
  void LockedFailHeldCompaction();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::uint64_t room_ = std::numeric_limits<std::uint64_t>::max();
  bool sync_fails_ = false;
  bool has_power_ = true;
  bool holds_compactions_ = false;
  bool has_held_compaction_ = false;
  std::map<std::string, std::uint64_t> synced_;  // of every file written
};

}  // namespace streamer

#endif  // STREAMER_TESTS_STORE_FAULT_FILE_SYSTEM_H_
