#include "store/rocksdb_state_store.h"

#include <rocksdb/write_batch.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/internal/database.h"
#include "store/internal/folder_mark.h"
#include "store/internal/revision_file.h"
#include "store/internal/state_layout.h"

namespace streamer {
namespace {

using internal::Database;
using internal::FolderMark;
using internal::RevisionFile;
using internal::StateHead;
using internal::ToText;

constexpr char kRevisionFile[] = "/REVISION";

FolderMark MarkOf(const StateHead& head, bool is_closed) {
  return {"state", head.owner, head.revision, is_closed};
}

internal::DatabaseOptions MakeDatabaseOptions(
    const RocksDbStateStoreOptions& options) {
  rocksdb::Options rocksdb = internal::MakeOptions(options.env);
  rocksdb.write_buffer_size = 8u << 20;
  // The last commit may be cut short by a crash; it was not acknowledged. What
  // is not as it was written, anywhere else, is damage.
  rocksdb.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::Env* env = rocksdb.env;
  return {"state",
          options.path,
          rocksdb,
          {"default"},
          [env](const std::string& path) {
            return RevisionFile::Create(*env, path + kRevisionFile);
          }};
}

// Null when nobody is to look.
Result<std::unique_ptr<RevisionFile>> OpenWitness(const Database& database,
                                                  const std::string& file,
                                                  std::uint64_t revision) {
  if (file.empty()) return std::unique_ptr<RevisionFile>();
  STREAMER_RETURN_IF_ERROR(RevisionFile::CreateIfMissing(database.env(), file));
  return RevisionFile::OpenBeside(database.env(), file, database.path(),
                                  revision);
}

Status InFile(const Database& database, std::string_view key,
              const Status& status) {
  return DataLoss(absl::StrCat("state ",
                               database.FileOf(database.family(0), key), ": ",
                               std::string(MessageOf(status))));
}

Result<StateHead> ReadHead(const Database& database) {
  STREAMER_ASSIGN_OR_RETURN(std::string bytes,
                            database.Get(internal::kStateHeadKey));
  if (bytes.empty()) {
    return DataLoss(absl::StrCat("state ", database.path(),
                                 ": expected a state, got a database without "
                                 "the head of one"));
  }
  Result<StateHead> head = internal::DecodeStateHead(bytes);
  if (head.ok()) return head;
  return InFile(database, internal::kStateHeadKey, head.status());
}

}  // namespace

Result<std::unique_ptr<RocksDbStateStore>> RocksDbStateStore::Open(
    const RocksDbStateStoreOptions& options) {
  const StateHead none = internal::NewStateHead(options.first_owner);
  STREAMER_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(MakeDatabaseOptions(options), MarkOf(none, true),
                     [&none](rocksdb::WriteBatch& batch) {
                       batch.Put(internal::kStateHeadKey,
                                 internal::Encode(none));
                     }));
  STREAMER_ASSIGN_OR_RETURN(StateHead head, ReadHead(*database));
  STREAMER_ASSIGN_OR_RETURN(
      FolderMark mark,
      internal::ReadFolderMark(database->env(), database->path()));
  STREAMER_RETURN_IF_ERROR(
      internal::CheckAgainstMark(database->path(), mark, MarkOf(head, false)));
  STREAMER_ASSIGN_OR_RETURN(
      std::unique_ptr<RevisionFile> noted,
      RevisionFile::OpenBeside(database->env(),
                               database->path() + kRevisionFile,
                               database->path(), head.revision));
  STREAMER_ASSIGN_OR_RETURN(
      std::unique_ptr<RevisionFile> witness,
      OpenWitness(*database, options.witness, head.revision));
  STREAMER_RETURN_IF_ERROR(internal::WriteFolderMark(
      database->env(), database->path(), MarkOf(head, false)));
  return std::unique_ptr<RocksDbStateStore>(new RocksDbStateStore(
      std::move(database), std::move(noted), std::move(witness), head));
}

RocksDbStateStore::RocksDbStateStore(std::unique_ptr<Database> database,
                                     std::unique_ptr<RevisionFile> noted,
                                     std::unique_ptr<RevisionFile> witness,
                                     const StateHead& head)
    : database_(std::move(database)),
      noted_(std::move(noted)),
      witness_(std::move(witness)),
      owner_(head.owner),
      revision_(head.revision) {}

RocksDbStateStore::~RocksDbStateStore() { Close().IgnoreError(); }

Status RocksDbStateStore::Close() {
  std::lock_guard lock(mutex_);
  if (database_ == nullptr) return OkStatus();
  const std::unique_ptr<Database> database = std::move(database_);
  // An empty write, in case the last one failed: then it resumes.
  rocksdb::WriteBatch nothing;
  STREAMER_RETURN_IF_ERROR(database->Write(nothing, true));
  STREAMER_RETURN_IF_ERROR(database->Flush());
  return internal::WriteFolderMark(database->env(), database->path(),
                                   MarkOf({owner_, revision_}, true));
}

Result<std::uint64_t> RocksDbStateStore::Claim() {
  std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  batch.Put(internal::kStateHeadKey,
            internal::Encode(StateHead{owner_ + 1, revision_}));
  STREAMER_RETURN_IF_ERROR(database_->Write(batch, true));
  return ++owner_;
}

Result<std::uint64_t> RocksDbStateStore::Commit(
    const StateTransaction& transaction) {
  std::lock_guard lock(mutex_);
  STREAMER_RETURN_IF_ERROR(
      CheckTransaction(transaction, owner_, revision_, max_changes()));
  rocksdb::WriteBatch batch;
  for (const StateChange& change : transaction.changes) {
    const std::string key = internal::EncodeStateKey(change.key);
    if (change.value) {
      batch.Put(key, internal::EncodeStateValue(key, *change.value));
    } else {
      batch.Delete(key);
    }
  }
  batch.Put(internal::kStateHeadKey,
            internal::Encode(StateHead{owner_, revision_ + 1}));
  STREAMER_RETURN_IF_ERROR(database_->Write(batch, true));
  noted_->Note(++revision_);
  if (witness_ != nullptr) witness_->Note(revision_);
  return revision_;
}

Result<StateSnapshot> RocksDbStateStore::Load() const {
  std::lock_guard lock(mutex_);
  StateSnapshot state{.revision = revision_};
  std::unique_ptr<rocksdb::Iterator> records(database_->db().NewIterator({}));
  for (records->Seek(internal::kStateRecordPrefix);
       records->Valid() &&
       ToText(records->key()).starts_with(internal::kStateRecordPrefix);
       records->Next()) {
    const std::string_view key = ToText(records->key());
    const Status added =
        internal::AddRecord(key, ToText(records->value()), state);
    if (!added.ok()) return InFile(*database_, key, added);
  }
  STREAMER_RETURN_IF_ERROR(database_->Translate(records->status()));
  return state;
}

}  // namespace streamer
