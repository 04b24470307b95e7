// FolderMark: a small file beside a database that says how far it had come.
//
// A database whose manifest lost its end opens as what it was before, and looks
// whole. So each folder has a file of its own, MARK, replaced when the folder
// is opened and when it is closed: what the database then holds must reach as
// far, and exactly as far if it was closed properly.
//
// Thread-safety: pure data; functions on different folders.
#ifndef STREAMER_STORE_INTERNAL_FOLDER_MARK_H_
#define STREAMER_STORE_INTERNAL_FOLDER_MARK_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace streamer::internal {

struct FolderMark {
  std::string identity;     // of the log, of the state
  std::uint64_t epoch = 0;  // of the log, of the owner
  std::uint64_t head = 0;   // the newest event, the revision
  bool is_closed = false;   // properly, with nothing left to write
  friend bool operator==(const FolderMark&, const FolderMark&) = default;
};

std::string Encode(const FolderMark& mark);
Result<FolderMark> DecodeFolderMark(std::string_view bytes);

// Replaces the mark of `path`, so that a power cut leaves the old or the new.
Status WriteFolderMark(rocksdb::Env& env, const std::string& path,
                       const FolderMark& mark);
// DataLoss, naming the file, when there is none or a damaged one.
Result<FolderMark> ReadFolderMark(rocksdb::Env& env, const std::string& path);

// DataLoss unless `found`, which is what the folder holds, is what the mark
// allows.
Status CheckAgainstMark(const std::string& path, const FolderMark& mark,
                        const FolderMark& found);

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_FOLDER_MARK_H_
