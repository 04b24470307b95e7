#include "store/fault_file_system.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

namespace streamer {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// By its name: a compaction's priority is that of a flush at times.
bool IsThreadForCompactions() {
  std::array<char, 16> name{};
  return pthread_getname_np(pthread_self(), name.data(), name.size()) == 0 &&
         std::string_view(name.data()) == "rocksdb:low";
}

// Counts what is written, and asks before.
class FaultFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultFile(FaultFileSystem& disk, std::string name,
            std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)),
        disk_(disk),
        name_(std::move(name)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    std::uint64_t granted = 0;
    IOStatus status = is_compaction_ ? disk_.TakeRoomLate(data.size(), granted)
                                     : disk_.TakeRoom(data.size(), granted);
    IOStatus written = FSWritableFileOwnerWrapper::Append(
        rocksdb::Slice(data.data(), granted), options, debug);
    size_ += granted;
    return written.ok() ? status : written;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = disk_.NoteSync(name_, size_);
    return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug)
                       : status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultFileSystem& disk_;
  const std::string name_;
  std::uint64_t size_ = 0;
  const bool is_compaction_ = IsThreadForCompactions();
};

IOStatus DiskFull() {
  IOStatus status = IOStatus::NoSpace("disk full");
  status.SetRetryable(true);  // as the real one does
  return status;
}

}  // namespace

void FaultFileSystem::SetRoom(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  room_ = bytes;
}

void FaultFileSystem::SetSyncFails(bool fails) {
  std::lock_guard lock(mutex_);
  sync_fails_ = fails;
}

void FaultFileSystem::HoldCompactions() {
  std::lock_guard lock(mutex_);
  holds_compactions_ = true;
  has_held_compaction_ = false;
}

void FaultFileSystem::AwaitHeldCompaction() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return has_held_compaction_; });
}

void FaultFileSystem::FailHeldCompaction() {
  std::lock_guard lock(mutex_);
  LockedFailHeldCompaction();
}

void FaultFileSystem::LockedFailHeldCompaction() {
  holds_compactions_ = false;
  changed_.notify_all();
}

void FaultFileSystem::CutPower() {
  std::lock_guard lock(mutex_);
  has_power_ = false;
  LockedFailHeldCompaction();
}

void FaultFileSystem::Revive() {
  std::lock_guard lock(mutex_);
  has_power_ = true;
}

void FaultFileSystem::RestorePower() {
  std::lock_guard lock(mutex_);
  has_power_ = true;
  for (const auto& [name, size] : synced_) {
    std::error_code error;
    if (std::filesystem::file_size(name, error) > size && !error) {
      std::filesystem::resize_file(name, size);
    }
  }
  synced_.clear();
}

IOStatus FaultFileSystem::NewWritableFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  {
    std::lock_guard lock(mutex_);
    if (!has_power_) return IOStatus::IOError(name, "no power");
    synced_[name] = 0;
  }
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus status = target()->NewWritableFile(name, options, &file, debug);
  if (status.ok()) {
    *result = std::make_unique<FaultFile>(*this, name, std::move(file));
  }
  return status;
}

IOStatus FaultFileSystem::RenameFile(const std::string& from,
                                     const std::string& to,
                                     const IOOptions& options,
                                     IODebugContext* debug) {
  std::lock_guard lock(mutex_);
  if (!has_power_) return IOStatus::IOError(from, "no power");
  if (auto found = synced_.find(from); found != synced_.end()) {
    synced_[to] = found->second;
    synced_.erase(found);
  }
  return target()->RenameFile(from, to, options, debug);
}

IOStatus FaultFileSystem::DeleteFile(const std::string& name,
                                     const IOOptions& options,
                                     IODebugContext* debug) {
  std::lock_guard lock(mutex_);
  if (!has_power_) return IOStatus::IOError(name, "no power");
  synced_.erase(name);
  if (name.ends_with("/PROBE")) LockedFailHeldCompaction();
  return target()->DeleteFile(name, options, debug);
}

IOStatus FaultFileSystem::TakeRoom(std::uint64_t size, std::uint64_t& granted) {
  std::lock_guard lock(mutex_);
  if (!has_power_) return IOStatus::IOError("no power");
  granted = std::min(size, room_);
  room_ -= granted;
  return granted == size ? IOStatus::OK() : DiskFull();
}

IOStatus FaultFileSystem::TakeRoomLate(std::uint64_t size,
                                       std::uint64_t& granted) {
  {
    std::unique_lock lock(mutex_);
    if (holds_compactions_) {
      has_held_compaction_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !holds_compactions_; });
      return DiskFull();
    }
  }
  return TakeRoom(size, granted);
}

IOStatus FaultFileSystem::NoteSync(const std::string& name,
                                   std::uint64_t size) {
  std::lock_guard lock(mutex_);
  if (!has_power_) return IOStatus::IOError(name, "no power");
  if (sync_fails_) return IOStatus::IOError(name, "fsync failed");
  synced_[name] = size;
  return IOStatus::OK();
}

}  // namespace streamer
