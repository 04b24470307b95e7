#include "store/internal/folder_mark.h"

#include <rocksdb/env.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/internal/bytes.h"

namespace streamer::internal {
namespace {

constexpr std::uint8_t kVersion = 1;

std::string FileOf(const std::string& path) { return path + "/MARK"; }

std::string Describe(const FolderMark& mark) {
  return absl::StrCat("\"", mark.identity, "\" in epoch ", mark.epoch, " at ",
                      mark.head);
}

rocksdb::Status Replace(rocksdb::Env& env, const std::string& path,
                        const std::string& bytes) {
  const std::string unfinished = FileOf(path) + ".new";
  rocksdb::Status status =
      rocksdb::WriteStringToFile(&env, bytes, unfinished, /*should_sync=*/true);
  if (status.ok()) status = env.RenameFile(unfinished, FileOf(path));
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::Directory> folder;
  status = env.NewDirectory(path, &folder);
  return status.ok() ? folder->Fsync() : status;
}

}  // namespace

std::string Encode(const FolderMark& mark) {
  std::string bytes(1, kVersion);
  ByteWriter writer(bytes);
  writer.WriteText(mark.identity);
  writer.WriteNumber(mark.epoch);
  writer.WriteNumber(mark.head);
  writer.WriteByte(mark.is_closed ? 1 : 0);
  Seal(bytes, 0);
  return bytes;
}

Result<FolderMark> DecodeFolderMark(std::string_view bytes) {
  FolderMark mark;
  bool is_whole = Unseal(bytes, 0);
  ByteReader reader(bytes);
  is_whole = is_whole && reader.ReadByte() == kVersion;
  mark.identity = reader.ReadText();
  mark.epoch = reader.ReadNumber();
  mark.head = reader.ReadNumber();
  const std::uint8_t closed = reader.ReadByte();
  mark.is_closed = closed == 1;
  if (is_whole && reader.is_finished() && closed <= 1) return mark;
  return DataLoss("expected a mark, got other bytes");
}

Status WriteFolderMark(rocksdb::Env& env, const std::string& path,
                       const FolderMark& mark) {
  const rocksdb::Status status = Replace(env, path, Encode(mark));
  if (status.ok()) return OkStatus();
  return Unavailable(absl::StrCat(FileOf(path), ": expected to write it, got ",
                                  status.ToString()));
}

Result<FolderMark> ReadFolderMark(rocksdb::Env& env, const std::string& path) {
  std::string bytes;
  const rocksdb::Status status =
      rocksdb::ReadFileToString(&env, FileOf(path), &bytes);
  if (!status.ok()) {
    return DataLoss(absl::StrCat(FileOf(path), ": expected a mark, got ",
                                 status.ToString()));
  }
  Result<FolderMark> mark = DecodeFolderMark(bytes);
  if (mark.ok()) return mark;
  return DataLoss(
      absl::StrCat(FileOf(path), ": ", std::string(MessageOf(mark.status()))));
}

Status CheckAgainstMark(const std::string& path, const FolderMark& mark,
                        const FolderMark& found) {
  const bool is_right =
      mark.is_closed ? found.epoch == mark.epoch && found.head == mark.head
                     : found.epoch >= mark.epoch && found.head >= mark.head;
  if (is_right && found.identity == mark.identity) return OkStatus();
  return DataLoss(absl::StrCat(path, ": expected ", Describe(mark),
                               mark.is_closed ? "" : " or later", " (",
                               FileOf(path), "), got ", Describe(found)));
}

}  // namespace streamer::internal
