// Database: a RocksDB folder that is opened only if it is what it should be.
//
// RocksDB makes a database where it finds no file CURRENT, whatever else lies
// there: a log that lost that one file would come up empty. Here a folder is
// either made, from nothing, or opened, and then must hold what a database
// made here holds: Open never makes anything. A folder is made under another
// name and renamed when it is whole, so that a crash leaves nothing half made.
//
// After a failed write (disk full) RocksDB refuses all others until it is
// resumed; the next Write does that. Resuming begins a new write-ahead file,
// for the old one may end in half a record, but only together with a new
// memtable, and that only if the old one is not empty (RocksDB 7.8; else every
// write fails from then on). So a memtable here is never empty when something
// is logged: each begins with a cushion, a record that means nothing. And so
// that a memtable is never exchanged in the middle of a write, this class says
// when it is full, not RocksDB.
//
// Thread-safety: as rocksdb::DB, except Write, which one thread calls at a
// time.
#ifndef STREAMER_STORE_INTERNAL_DATABASE_H_
#define STREAMER_STORE_INTERNAL_DATABASE_H_

#include <rocksdb/db.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "store/internal/folder_mark.h"

namespace streamer::internal {

struct DatabaseOptions {
  std::string what;  // "log", "state": begins every message
  std::string path;  // a folder that is not a mount point
  rocksdb::Options rocksdb;
  // "default" is the first; the second, if any, holds bulk.
  std::vector<std::string> column_families;
  // Makes what else belongs into the folder of a new database; may be empty.
  std::function<Status(const std::string& path)> make_beside;
};

// What all our databases have in common; `env` may be null.
rocksdb::Options MakeOptions(rocksdb::Env* env);

class Database {
 public:
  // Makes the database, if there is no folder or an empty one, with what
  // `fill` writes and with `mark`; then opens it. DataLoss, naming the file,
  // when one is damaged or missing; FailedPrecondition when the folder holds
  // something else; Unavailable when it cannot be read, or another process has
  // it.
  static Result<std::unique_ptr<Database>> Open(
      const DatabaseOptions& options, const FolderMark& mark,
      const std::function<void(rocksdb::WriteBatch&)>& fill);
  ~Database();

  // Writes all of `batch` or nothing of it; `is_synced`: and it survives a
  // power cut. Unavailable when it cannot.
  Status Write(rocksdb::WriteBatch& batch, bool is_synced);
  // Moves all that was written into table files, which are named in the
  // manifest: they cannot be lost without being missed.
  Status Flush();

  // The value of `key` in the default column family; empty when there is none.
  Result<std::string> Get(std::string_view key) const;

  // `status` as ours, with the folder in its message and the file it is about.
  [[nodiscard]] Status Translate(const rocksdb::Status& status) const;
  // The file in which `key` lies, as far as one can tell; else the folder.
  [[nodiscard]] std::string FileOf(rocksdb::ColumnFamilyHandle* family,
                                   std::string_view key) const;

  [[nodiscard]] rocksdb::DB& db() const { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(std::size_t index) const {
    return families_[index];
  }
  [[nodiscard]] rocksdb::Env& env() const { return env_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  class Jobs;

  Database(rocksdb::Env& env, std::string what, std::string path);
  static Result<std::unique_ptr<Database>> OpenFolder(
      const DatabaseOptions& options, const std::string& path, bool is_new);
  // Makes RocksDB ready for a write.
  rocksdb::Status Prepare();
  // Makes it go on after a failed write, if the disk takes something again.
  rocksdb::Status Resume();
  // Begins to move what was written into table files.
  rocksdb::Status BeginFlush();

  rocksdb::Env& env_;
  const std::string what_;
  const std::string path_;
  const std::shared_ptr<Jobs> jobs_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::size_t flush_bytes_ = 0;
  // Touched by who writes.
  std::size_t unflushed_bytes_ = 0;
  bool has_cushion_ = false;
  bool has_failed_ = false;
};

inline rocksdb::Slice ToSlice(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view ToText(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_DATABASE_H_
