// What the durable log costs beside what it is made of: the same events,
// already encoded, put into RocksDB with the same options and batches. Both
// write in turn, so that whatever else the machine does falls on both; `ratio`
// is the log's events a second over RocksDB's. And what reading costs.
//
// The folder lies where TMPDIR says: fsync is a property of its disk.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event/decoder.h"
#include "store/internal/database.h"
#include "store/internal/log_layout.h"
#include "store/log_record.h"
#include "store/rocksdb_event_log.h"

namespace streamer {
namespace {

using Clock = std::chrono::steady_clock;

// A flight, about 400 bytes in all.
constexpr char kLine[] =
    R"({"event_id":"2013-01-01-UA-1545-EWR-dep","tenant":"airports",)"
    R"("collection":"flights","id":"2013-01-01-UA-1545-EWR","op":"update",)"
    R"("doc":{"year":2013,"month":1,"day":1,"dep_time":517,)"
    R"("sched_dep_time":515,"dep_delay":2.0,"sched_arr_time":819,)"
    R"("carrier":"UA","flight":1545,"tailnum":"N14228","origin":"EWR",)"
    R"("dest":"IAH","distance":1400,"status":"departed",)"
    R"("route":{"from":"EWR","to":"IAH"}},"timestamp":1357034220000})";

class BenchFolder {
 public:
  BenchFolder() {
    std::string name = std::filesystem::temp_directory_path() / "bench_XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~BenchFolder() { std::filesystem::remove_all(path_); }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

Instant Now() {
  return {MonotonicTime(Clock::now().time_since_epoch()), WallTime()};
}

std::unique_ptr<RocksDbEventLog> OpenLog(const BenchFolder& folder,
                                         LogSync sync,
                                         std::size_t tail_events) {
  RocksDbEventLogOptions options;
  options.path = folder / "log";
  options.identity = "bench";
  options.sync = sync;
  options.tail.events = tail_events;
  return RocksDbEventLog::Open(options, Now()).value();
}

std::vector<SourceEvent> MakeEvents(std::size_t count, std::uint64_t first) {
  static const SourceEvent event = DecodeLine(kLine, WallTime()).value();
  std::vector<SourceEvent> events(count, event);
  for (SourceEvent& each : events) {
    each.event_id = std::to_string(first++);
    each.upstream_marker = each.event_id;
  }
  return events;
}

// RocksDB as it comes, with our options.
class RawDatabase {
 public:
  RawDatabase(const std::string& path, bool is_synced) {
    rocksdb::Options options = internal::MakeOptions(nullptr);
    options.create_if_missing = true;
    options.write_buffer_size = RocksDbEventLogOptions().write_buffer_bytes;
    rocksdb::DB* db = nullptr;
    if (!rocksdb::DB::Open(options, path, &db).ok()) std::abort();
    db_.reset(db);
    write_options_.sync = is_synced;
  }
  void Put(const std::vector<std::string>& records, std::uint64_t first) {
    rocksdb::WriteBatch batch;
    for (const std::string& record : records) {
      batch.Put(internal::EventKey(first++), record);
    }
    if (!db_->Write(write_options_, &batch).ok()) std::abort();
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_options_;
};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void BM_AppendBesideRawRocksDb(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const bool is_synced = state.range(1) != 0;
  BenchFolder folder;
  auto log = OpenLog(folder, is_synced ? LogSync::kBatch : LogSync::kNone,
                     internal::LogTail::Limits().events);
  RawDatabase raw(folder / "raw", is_synced);
  std::uint64_t next = 1;
  double log_seconds = 0;
  double raw_seconds = 0;
  for (auto _ : state) {
    std::vector<SourceEvent> events = MakeEvents(count, next);
    std::vector<std::string> records(count);
    for (std::size_t i = 0; i < count; ++i) {
      EncodeLogRecord(events[i], Instant(), next + i, records[i]);
    }
    Clock::time_point start = Clock::now();
    raw.Put(records, next);
    raw_seconds += SecondsSince(start);
    start = Clock::now();
    if (!log->Append(std::move(events), Now()).ok()) std::abort();
    const double seconds = SecondsSince(start);
    log_seconds += seconds;
    state.SetIterationTime(seconds);
    next += count;
  }
  const auto events = static_cast<double>(next - 1);
  state.counters["log_events/s"] = events / log_seconds;
  state.counters["raw_events/s"] = events / raw_seconds;
  state.counters["ratio"] = raw_seconds / log_seconds;
}
BENCHMARK(BM_AppendBesideRawRocksDb)
    ->ArgNames({"batch", "sync"})
    ->ArgsProduct({{1, 16, 256}, {0, 1}})
    ->UseManualTime();

// Of a log of 100,000 events: from memory those that are new, from the
// database the others.
void BM_Read(benchmark::State& state) {
  constexpr std::uint64_t kEvents = 100'000;
  constexpr std::size_t kBatch = 256;
  BenchFolder folder;
  auto log = OpenLog(folder, LogSync::kNone, state.range(0) != 0 ? kEvents : 0);
  while (log->head().offset < kEvents) {
    if (!log->Append(MakeEvents(kBatch, log->head().offset + 1), Now()).ok()) {
      std::abort();
    }
  }
  std::uint64_t after = 0;
  std::vector<LogEntry> entries;
  for (auto _ : state) {
    entries.clear();
    if (!log->Read(log->history().At(after), kBatch, entries).ok()) {
      std::abort();
    }
    after = entries.size() < kBatch ? 0 : after + kBatch;
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t{kBatch});
}
BENCHMARK(BM_Read)->ArgName("tail")->Arg(1)->Arg(0);

// What loading a duplicate window takes of the log: all of 100,000.
void BM_ReadFingerprints(benchmark::State& state) {
  constexpr std::uint64_t kEvents = 100'000;
  BenchFolder folder;
  auto log = OpenLog(folder, LogSync::kNone, 0);
  while (log->head().offset < kEvents) {
    if (!log->Append(MakeEvents(16, log->head().offset + 1), Now()).ok()) {
      std::abort();
    }
  }
  std::vector<LoggedFingerprint> fingerprints;
  for (auto _ : state) {
    fingerprints.clear();
    if (!log->ReadFingerprints(log->history().At(0), kEvents, fingerprints)
             .ok()) {
      std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t{kEvents});
}
BENCHMARK(BM_ReadFingerprints)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace streamer
