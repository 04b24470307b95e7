// RevisionFile: the last revision that was committed, noted after every commit,
// beside the database or elsewhere.
//
// Beside it: a write-ahead file that was damaged in one length reads like one
// that a crash cut short, and RocksDB then drops the rest without a word. Since
// a revision is noted only once its commit is on the disk, a database that
// holds less than what is noted was damaged, or swapped for an older one.
//
// Elsewhere it is a witness: it stays behind when the whole state, wherever
// that is kept, is swapped for an older one.
//
// Two slots take turns, so that one torn by a power cut leaves the other. A
// note is not synced: after a power cut it may be an older one.
//
// Cost: one write of 16 bytes into the page cache.
// Thread-safety: none; owned by a store.
#ifndef STREAMER_STORE_INTERNAL_REVISION_FILE_H_
#define STREAMER_STORE_INTERNAL_REVISION_FILE_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"

namespace streamer::internal {

class RevisionFile {
 public:
  // Makes the file, with revision 0, so that a crash leaves all of it or none.
  static Status Create(rocksdb::Env& env, const std::string& name);
  // The same, unless there is one.
  static Status CreateIfMissing(rocksdb::Env& env, const std::string& name);
  // DataLoss, naming the file, when it is missing or damaged.
  static Result<std::unique_ptr<RevisionFile>> Open(rocksdb::Env& env,
                                                    const std::string& name);

  // The same, beside a database in `path` that holds `revision`: DataLoss when
  // that is less than what is noted.
  static Result<std::unique_ptr<RevisionFile>> OpenBeside(
      rocksdb::Env& env, const std::string& name, const std::string& path,
      std::uint64_t revision);

  // The latest revision noted.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

  // Notes a higher revision. A failure leaves an older note, which is right
  // too, so there is none.
  void Note(std::uint64_t revision);

 private:
  RevisionFile(std::unique_ptr<rocksdb::RandomRWFile> file,
               std::uint64_t revision)
      : file_(std::move(file)), revision_(revision) {}

  std::unique_ptr<rocksdb::RandomRWFile> file_;
  std::uint64_t revision_;
};

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_REVISION_FILE_H_
