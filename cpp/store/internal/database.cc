#include "store/internal/database.h"

#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <condition_variable>
#include <cstdarg>
#include <filesystem>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer::internal {
namespace {

// Written to every new memtable, without the write-ahead file. It means
// nothing; see Database::Write.
constexpr char kCushionKey[] = "cushion";

// What an entry of a memtable takes beside key and value, generously.
constexpr std::size_t kEntryBytes = 100;

// What there must be space for before RocksDB is resumed.
constexpr std::size_t kProbeBytes = 64u << 10;

// Whether the disk takes anything: cheaper to find out than with a resumption
// that fails halfway.
rocksdb::Status ProbeDisk(rocksdb::Env& env, const std::string& path) {
  const std::string probe = path + "/PROBE";
  rocksdb::Status status = rocksdb::WriteStringToFile(
      &env, std::string(kProbeBytes, '\0'), probe, /*should_sync=*/true);
  env.DeleteFile(probe).PermitUncheckedError();
  return status;
}

// RocksDB's own log would be a file on the same disk: once that is full, the
// second line that cannot be written aborts the process (RocksDB 7.8, built
// with its assertions, as Debian does). What went wrong is in the statuses.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

bool HasAnything(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> children;
  if (!env.GetChildren(path, &children).ok()) return false;
  for (const std::string& child : children) {
    if (child != "." && child != "..") return true;
  }
  return false;
}

Status RemoveFolder(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> children;
  if (!env.GetChildren(path, &children).ok()) return OkStatus();
  for (const std::string& child : children) {
    if (child != "." && child != "..")
      env.DeleteFile(absl::StrCat(path, "/", child));
  }
  const rocksdb::Status removed = env.DeleteDir(path);
  if (removed.ok()) return OkStatus();
  return Unavailable(
      absl::StrCat(path, ": expected to remove it, got ", removed.ToString()));
}

// Makes the new name of a folder survive a power cut.
void SyncParent(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> parent;
  const std::string name = std::filesystem::path(path).parent_path().string();
  if (env.NewDirectory(name.empty() ? "." : name, &parent).ok()) {
    parent->Fsync();
  }
}

// The manifest that CURRENT names; CURRENT itself, if it names none.
std::string ManifestOf(rocksdb::Env& env, const std::string& path) {
  std::string name;
  rocksdb::ReadFileToString(&env, path + "/CURRENT", &name)
      .PermitUncheckedError();
  if (!name.empty()) name.pop_back();
  const std::string manifest = path + "/" + name;
  return !name.empty() && env.FileExists(manifest).ok() ? manifest
                                                        : path + "/CURRENT";
}

Status TranslateStatus(rocksdb::Env& env, std::string_view what,
                       const std::string& path, const rocksdb::Status& status) {
  if (status.ok()) return OkStatus();
  std::string message =
      absl::StrCat(std::string(what), " ", path, ": expected to use it, got ",
                   status.ToString());
  const bool names_file =
      status.ToString().find(path + "/") != std::string::npos;
  // A file that the manifest names and that is gone is damage too.
  if (status.IsCorruption() || status.IsPathNotFound()) {
    if (!names_file) {
      absl::StrAppend(&message, " (reading ", ManifestOf(env, path), ")");
    }
    return DataLoss(message);
  }
  if (status.IsIOError() || status.IsNoSpace() || status.IsBusy() ||
      status.IsIncomplete() || status.IsTryAgain() || status.IsTimedOut() ||
      status.IsAborted() || status.IsShutdownInProgress()) {
    return Unavailable(message);
  }
  return FailedPrecondition(message);
}

}  // namespace

// What RocksDB's threads do, as far as it concerns who writes.
class Database::Jobs final : public rocksdb::EventListener {
 public:
  // The number of the last flush that began.
  int last_flush() const {
    std::lock_guard lock(mutex_);
    return last_flush_;
  }
  // Waits for the beginning of a flush later than `flush`, or for an error.
  void AwaitFlushAfter(int flush) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return last_flush_ > flush || has_error_; });
  }
  void ForgetError() {
    std::lock_guard lock(mutex_);
    has_error_ = false;
  }

  void OnFlushBegin(rocksdb::DB*, const rocksdb::FlushJobInfo& flush) override {
    std::lock_guard lock(mutex_);
    last_flush_ = std::max(last_flush_, flush.job_id);
    changed_.notify_all();
  }
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                         rocksdb::Status* error) override {
    // It stops what writes to the disk, but no write: memtables would pile up
    // until a write waits for ever. Without it the compaction is tried again.
    if (reason == rocksdb::BackgroundErrorReason::kCompaction &&
        error->IsNoSpace()) {
      *error = rocksdb::Status::OK();
      return;
    }
    std::lock_guard lock(mutex_);
    has_error_ = true;
    changed_.notify_all();
  }
  // RocksDB would poll a full disk from a thread of its own, every five
  // seconds, and let nobody else resume it meanwhile. Write does it, in time.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int last_flush_ = 0;
  bool has_error_ = false;
};

rocksdb::Options MakeOptions(rocksdb::Env* env) {
  rocksdb::Options options;
  if (env != nullptr) options.env = env;
  // Column families are one state: what recovery finds of one, it finds of all.
  options.atomic_flush = true;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  options.compression = rocksdb::kLZ4Compression;
  // Files are as large as what is in them: a full disk is full of data.
  options.allow_fallocate = false;
  // Background writes go to the disk bit by bit, not all at an fsync.
  options.bytes_per_sync = 1u << 20;
  options.wal_bytes_per_sync = 1u << 20;
  options.max_bgerror_resume_count = 0;
  // A cushion is not worth it; what is, was flushed or is in the log.
  options.avoid_flush_during_shutdown = true;
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16u << 10;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  table.verify_compression = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Database::Database(rocksdb::Env& env, std::string what, std::string path)
    : env_(env),
      what_(std::move(what)),
      path_(std::move(path)),
      jobs_(std::make_shared<Jobs>()) {}

Database::~Database() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family);
  }
  db_->Close();
}

Result<std::unique_ptr<Database>> Database::Open(
    const DatabaseOptions& options, const FolderMark& mark,
    const std::function<void(rocksdb::WriteBatch&)>& fill) {
  rocksdb::Env& env = *options.rocksdb.env;
  if (HasAnything(env, options.path)) {
    if (!env.FileExists(options.path + "/CURRENT").ok()) {
      return DataLoss(
          absl::StrCat(options.what, " ", options.path,
                       ": expected an empty folder or one with a file ",
                       options.path, "/CURRENT, got one with other files"));
    }
    return OpenFolder(options, options.path, false);
  }
  const std::string unfinished = options.path + ".creating";
  STREAMER_RETURN_IF_ERROR(RemoveFolder(env, unfinished));
  {
    STREAMER_ASSIGN_OR_RETURN(std::unique_ptr<Database> made,
                              OpenFolder(options, unfinished, true));
    rocksdb::WriteBatch batch;
    fill(batch);
    STREAMER_RETURN_IF_ERROR(made->Write(batch, true));
    STREAMER_RETURN_IF_ERROR(made->Flush());
    STREAMER_RETURN_IF_ERROR(WriteFolderMark(env, unfinished, mark));
    if (options.make_beside) {
      STREAMER_RETURN_IF_ERROR(options.make_beside(unfinished));
    }
  }
  if (rocksdb::Status renamed = env.RenameFile(unfinished, options.path);
      !renamed.ok()) {
    return TranslateStatus(env, options.what, options.path, renamed);
  }
  SyncParent(env, options.path);
  return OpenFolder(options, options.path, false);
}

Result<std::unique_ptr<Database>> Database::OpenFolder(
    const DatabaseOptions& options, const std::string& path, bool is_new) {
  rocksdb::Options rocksdb_options = options.rocksdb;
  // More than Write ever lets it come to.
  rocksdb_options.write_buffer_size *= 4;
  rocksdb_options.create_if_missing = is_new;
  rocksdb_options.error_if_exists = is_new;
  rocksdb_options.create_missing_column_families = is_new;
  std::unique_ptr<Database> database(
      new Database(*options.rocksdb.env, options.what, path));
  rocksdb_options.listeners.push_back(database->jobs_);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.reserve(options.column_families.size());
  for (const std::string& name : options.column_families) {
    families.emplace_back(name, rocksdb_options);
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(
      rocksdb_options, path, families, &database->families_, &db);
  database->db_.reset(db);
  if (!opened.ok() && is_new) {
    return Unavailable(absl::StrCat(options.what, " ", path,
                                    ": expected to make it, got ",
                                    opened.ToString()));
  }
  if (!opened.ok()) return database->Translate(opened);
  database->flush_bytes_ = options.rocksdb.write_buffer_size;
  return database;
}

Status Database::Write(rocksdb::WriteBatch& batch, bool is_synced) {
  rocksdb::WriteOptions options;
  options.sync = is_synced;
  rocksdb::Status status = Prepare();
  if (status.ok()) status = db_->Write(options, &batch);
  has_failed_ = !status.ok();
  unflushed_bytes_ += batch.GetDataSize() + batch.Count() * kEntryBytes;
  return Translate(status);
}

rocksdb::Status Database::Resume() {
  rocksdb::Status status = ProbeDisk(env_, path_);
  // Waits for all jobs: one that failed now would fail the resumption, whose
  // flush would be lost (see BeginFlush).
  if (status.ok()) status = db_->PauseBackgroundWork();
  if (status.ok()) status = db_->ContinueBackgroundWork();
  jobs_->ForgetError();
  if (status.ok()) status = db_->Resume();
  if (status.ok()) has_cushion_ = false;
  return status;
}

// A flush that has not begun when something fails stays in RocksDB's queue,
// but nobody is sent to do it: each one after it does the one before, and who
// waits for the last waits for ever (RocksDB 7.8). So nothing is written before
// it has begun. What can still fail just then is a compaction at the manifest.
rocksdb::Status Database::BeginFlush() {
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  const int last_flush = jobs_->last_flush();
  rocksdb::Status status = db_->Flush(options, families_);
  if (!status.ok()) return status;
  jobs_->AwaitFlushAfter(last_flush);
  has_cushion_ = false;
  unflushed_bytes_ = 0;
  return status;
}

rocksdb::Status Database::Prepare() {
  if (has_failed_) {
    rocksdb::Status status = Resume();
    if (!status.ok()) return status;
  }
  // Without a cushion the memtable may be empty, and no flush would begin.
  if (has_cushion_ && unflushed_bytes_ >= flush_bytes_) {
    rocksdb::Status status = BeginFlush();
    if (!status.ok()) return status;
  }
  if (has_cushion_) return rocksdb::Status::OK();
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  rocksdb::Status status = db_->Put(unlogged, kCushionKey, "");
  has_cushion_ = status.ok();
  return status;
}

Status Database::Flush() {
  const rocksdb::Status status = db_->Flush({}, families_);
  has_failed_ = has_failed_ || !status.ok();
  has_cushion_ = false;
  unflushed_bytes_ = 0;
  return Translate(status);
}

Result<std::string> Database::Get(std::string_view key) const {
  std::string value;
  const rocksdb::Status got = db_->Get({}, ToSlice(key), &value);
  if (!got.ok() && !got.IsNotFound()) return Translate(got);
  return value;
}

Status Database::Translate(const rocksdb::Status& status) const {
  return TranslateStatus(env_, what_, path_, status);
}

std::string Database::FileOf(rocksdb::ColumnFamilyHandle* family,
                             std::string_view key) const {
  const std::string after = std::string(key) + '\0';
  const rocksdb::Range range(ToSlice(key), after);
  rocksdb::TablePropertiesCollection tables;
  if (db_->GetPropertiesOfTablesInRange(family, &range, 1, &tables).ok() &&
      !tables.empty()) {
    return tables.begin()->first;
  }
  return path_;
}

}  // namespace streamer::internal
