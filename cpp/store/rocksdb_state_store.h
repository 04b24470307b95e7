// RocksDbStateStore: a StateStore in a folder of one process.
//
// Every commit is synced, so all that a crash can leave undone is the commit
// that it interrupted. Damage is a refusal to open, or DataLoss from Load; it
// never looks like absence. A disk that is full is Unavailable until there is
// space; one that failed to sync, until the store is opened anew.
//
// Cost: a commit is one write and one fsync; Load reads everything.
// Thread-safety: as StateStore promises.
#ifndef STREAMER_STORE_ROCKSDB_STATE_STORE_H_
#define STREAMER_STORE_ROCKSDB_STATE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>

#include "store/state_store.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace streamer {

namespace internal {
class Database;
class RevisionFile;
struct StateHead;
}  // namespace internal

struct RocksDbStateStoreOptions {
  // A folder, made if there is none; its parent exists. It is not itself where
  // a disk is mounted.
  std::string path;
  // A file elsewhere that notes how far the state has come, too, made if there
  // is none: it tells a folder that was swapped for an older one. Empty: none.
  std::string witness;
  // Of a state that is made. Numbers that a state before it gave, which was
  // removed, must not come again.
  std::uint64_t first_owner = 1;
  // Null: the system's.
  rocksdb::Env* env = nullptr;
};

class RocksDbStateStore final : public StateStore {
 public:
  // DataLoss when the folder is damaged, FailedPrecondition when it holds
  // something else, Unavailable when it cannot be read or is in use.
  static Result<std::unique_ptr<RocksDbStateStore>> Open(
      const RocksDbStateStoreOptions& options);
  ~RocksDbStateStore() override;

  // Moves all into table files, from which nothing can be lost unnoticed. No
  // other call may be running, and none may follow.
  Status Close();

  Result<std::uint64_t> Claim() override;
  Result<StateSnapshot> Load() const override;
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override;
  std::size_t max_changes() const override {
    return std::numeric_limits<std::size_t>::max();
  }

 private:
  RocksDbStateStore(std::unique_ptr<internal::Database> database,
                    std::unique_ptr<internal::RevisionFile> noted,
                    std::unique_ptr<internal::RevisionFile> witness,
                    const internal::StateHead& head);

  mutable std::mutex mutex_;
  // Guarded by mutex_. The database is null once the store is closed.
  std::unique_ptr<internal::Database> database_;
  std::unique_ptr<internal::RevisionFile> noted_;
  std::unique_ptr<internal::RevisionFile> witness_;  // null: nobody is to look
  std::uint64_t owner_;
  std::uint64_t revision_;
};

}  // namespace streamer

#endif  // STREAMER_STORE_ROCKSDB_STATE_STORE_H_
