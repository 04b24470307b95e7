#include "store/internal/revision_file.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/internal/bytes.h"

namespace streamer::internal {
namespace {

// Each slot lies in a sector of its own.
constexpr std::size_t kSlotBytes = 512;
constexpr std::size_t kNoteBytes = 8 + kSealBytes;

std::string EncodeNote(std::uint64_t revision) {
  std::string bytes;
  ByteWriter(bytes).WriteFixed(revision);
  Seal(bytes, 0);
  return bytes;
}

std::optional<std::uint64_t> DecodeNote(std::string_view bytes,
                                        std::size_t slot) {
  if (bytes.size() < slot * kSlotBytes + kNoteBytes) return std::nullopt;
  bytes = bytes.substr(slot * kSlotBytes, kNoteBytes);
  if (!Unseal(bytes, 0)) return std::nullopt;
  return ByteReader(bytes).ReadFixed();
}

}  // namespace

Status RevisionFile::Create(rocksdb::Env& env, const std::string& name) {
  std::string bytes = EncodeNote(0);
  bytes.resize(kSlotBytes, '\0');
  bytes.append(EncodeNote(0));
  const std::string unfinished = name + ".new";
  rocksdb::Status status =
      rocksdb::WriteStringToFile(&env, bytes, unfinished, true);
  if (status.ok()) status = env.RenameFile(unfinished, name);
  if (status.ok()) return OkStatus();
  return Unavailable(
      absl::StrCat(name, ": expected to write it, got ", status.ToString()));
}

Status RevisionFile::CreateIfMissing(rocksdb::Env& env,
                                     const std::string& name) {
  return env.FileExists(name).IsNotFound() ? Create(env, name) : OkStatus();
}

Result<std::unique_ptr<RevisionFile>> RevisionFile::Open(
    rocksdb::Env& env, const std::string& name) {
  std::string bytes;
  rocksdb::Status status = rocksdb::ReadFileToString(&env, name, &bytes);
  std::unique_ptr<rocksdb::RandomRWFile> file;
  if (status.ok()) status = env.NewRandomRWFile(name, &file, {});
  if (!status.ok()) {
    return DataLoss(
        absl::StrCat(name, ": expected a revision, got ", status.ToString()));
  }
  const std::optional<std::uint64_t> first = DecodeNote(bytes, 0);
  const std::optional<std::uint64_t> second = DecodeNote(bytes, 1);
  if (!first && !second) {
    return DataLoss(
        absl::StrCat(name, ": expected a revision, got other bytes"));
  }
  return std::unique_ptr<RevisionFile>(new RevisionFile(
      std::move(file), std::max(first.value_or(0), second.value_or(0))));
}

Result<std::unique_ptr<RevisionFile>> RevisionFile::OpenBeside(
    rocksdb::Env& env, const std::string& name, const std::string& path,
    std::uint64_t revision) {
  STREAMER_ASSIGN_OR_RETURN(std::unique_ptr<RevisionFile> noted,
                            Open(env, name));
  if (revision >= noted->revision()) return noted;
  return DataLoss(absl::StrCat("state ", path, ": expected revision ",
                               noted->revision(), " (", name, "), got ",
                               revision));
}

void RevisionFile::Note(std::uint64_t revision) {
  revision_ = revision;
  file_->Write(revision % 2 * kSlotBytes, EncodeNote(revision))
      .PermitUncheckedError();
}

}  // namespace streamer::internal
