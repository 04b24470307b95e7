// ServiceConfig: everything about streamerd that can be configured.
//
// A key has one dotted name, `subscription.quota.max_total`, and three places
// that can set it, of which the later wins:
//
//   file         streamer: {subscription: {quota: {max_total: 5000}}}
//   environment  STREAMER_SUBSCRIPTION_QUOTA_MAX_TOTAL=5000
//   flag         --subscription.quota.max_total 5000
//
// Nothing is guessed. An unknown key, a wrong type, an impossible value, or a
// key of a feature that this version lacks is an InvalidArgument that names
// file and line, variable or flag:
//
//   streamer.yaml:3: streamer.prot: unknown key; did you mean "port"?
//
// Thread-safety: plain data and pure functions.
#ifndef STREAMER_SERVICE_CONFIG_H_
#define STREAMER_SERVICE_CONFIG_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "runtime/threaded_engine.h"
#include "store/rocksdb_event_log.h"
#include "transport/grpc_server.h"
#include "transport/http_server.h"
#include "transport/log.h"
#include "transport/source_consumer.h"

namespace streamer {

// Where the log is kept, and how much of it.
struct LogConfig {
  std::string path;  // of a folder; empty: in memory
  LogSync sync = LogSync::kBatch;
  Duration retention_age = std::chrono::hours(24);
  std::uint64_t retention_bytes = std::uint64_t{8} << 30;
};

enum class StateBackend : std::uint8_t {
  kAuto,    // as durable as the log
  kMemory,  // sessions end with the process
  kRocksDb,
  kEtcd,
};

// Where what must survive a restart is kept, beside the log.
struct StateConfig {
  StateBackend backend = StateBackend::kAuto;
  std::string path;  // of a folder; empty: that of the log, with ".state"
  std::vector<std::string> etcd_endpoints;  // each host:port
  std::string etcd_prefix = "streamer";
};

// What a process does. Both by default: then what it ingests is its source.
struct Roles {
  bool puller = true;    // alone: serves its log over syntrix.puller.v1
  bool streamer = true;  // alone: follows a puller
};

// The puller that is followed.
struct SourceConfig {
  std::string address;  // empty: none
  SourceConsumerOptions consumer;
};

struct ServiceConfig {
  Roles roles;
  SourceConfig source;
  LogConfig log;
  StateConfig state;
  HttpServerOptions http;
  GrpcServerOptions grpc;
  // Of the engine: 0 shards are as many as there is room for, no lag is half
  // the retention of the log.
  ThreadedEngineOptions engine{.shards = 0, .max_lag = Duration::zero()};
  Duration drain_timeout = std::chrono::seconds(10);
  LogLevel log_level = LogLevel::kInfo;
};

// A key, or a variable, and its text.
using Setting = std::pair<std::string, std::string>;

struct ConfigSources {
  std::string file_name;  // how messages call the file
  std::string file_text;  // YAML; empty = no file
  // Variables of the environment; those that begin with STREAMER_ count.
  std::vector<Setting> environment;
  std::vector<Setting> flags;  // by key, without dashes
};

// The defaults, overridden by the sources.
Result<ServiceConfig> ReadConfig(const ConfigSources& sources);

// Variables that begin with STREAMER_ and name no key. They are no error:
// what runs containers makes such names up.
std::vector<std::string> UnknownVariables(
    const std::vector<Setting>& environment);

// YAML that ReadConfig reads back to the same configuration; every key.
std::string PrintConfig(const ServiceConfig& config);

// The names of all keys with a line of explanation, for --help.
struct ConfigKeyInfo {
  std::string_view name;
  std::string_view help;
};
std::vector<ConfigKeyInfo> ConfigKeys();

// Why `key` cannot be set: not known, with what it may have been meant to be,
// or not supported by this version. "" when it can.
std::string ProblemWithKey(std::string_view key);

}  // namespace streamer

#endif  // STREAMER_SERVICE_CONFIG_H_
