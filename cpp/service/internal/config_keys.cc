#include "service/internal/config_keys.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <limits>
#include <numeric>
#include <type_traits>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "event/decoder.h"
#include "service/internal/config_text.h"

namespace streamer {
namespace {

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();

// How the table below reaches a member: both ways through one function.
template <typename T>
using Access = T& (*)(ServiceConfig&);

template <typename T>
std::string Read(Access<T> access, const ServiceConfig& config) {
  // Access hands out a reference to write through; here it is only read.
  const T& value = access(const_cast<ServiceConfig&>(config));
  if constexpr (std::is_same_v<T, Duration>) {
    return FormatDurationText(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return FormatFraction(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else {
    return std::to_string(value);
  }
}

template <typename T>
ConfigKey NumberKey(std::string_view name, std::string_view help,
                    Access<T> access, std::uint64_t least, std::uint64_t most) {
  return {name, help, KeyKind::kNumber,
          [=](std::string_view text, ServiceConfig& config) -> Status {
            STREAMER_ASSIGN_OR_RETURN(const std::uint64_t number,
                                      ParseNumber(text, least, most));
            access(config) = static_cast<T>(number);
            return OkStatus();
          },
          [=](const ServiceConfig& config) { return Read(access, config); }};
}

ConfigKey FractionKey(std::string_view name, std::string_view help,
                      Access<double> access, double least, double most) {
  return {name, help, KeyKind::kNumber,
          [=](std::string_view text, ServiceConfig& config) -> Status {
            STREAMER_ASSIGN_OR_RETURN(access(config),
                                      ParseFraction(text, least, most));
            return OkStatus();
          },
          [=](const ServiceConfig& config) { return Read(access, config); }};
}

ConfigKey DurationKey(std::string_view name, std::string_view help,
                      Access<Duration> access, Duration least, Duration most) {
  return {name, help, KeyKind::kText,
          [=](std::string_view text, ServiceConfig& config) -> Status {
            STREAMER_ASSIGN_OR_RETURN(access(config),
                                      ParseDurationText(text, least, most));
            return OkStatus();
          },
          [=](const ServiceConfig& config) { return Read(access, config); }};
}

// A time on paper: units of cost in truth, so that the outcome never depends
// on how fast a machine is.
ConfigKey EvaluationTimeoutKey() {
  constexpr Duration kUnit = std::chrono::nanoseconds(10);
  return {
      "cel.evaluation_timeout",
      "What a filter may cost on one event, at 100 units for each us",
      KeyKind::kText,
      [=](std::string_view text, ServiceConfig& config) -> Status {
        STREAMER_ASSIGN_OR_RETURN(
            const Duration time,
            ParseDurationText(text, std::chrono::microseconds(10),
                              std::chrono::seconds(1)));
        config.engine.core.evaluation_budget =
            static_cast<cel::Units>(time / kUnit);
        return OkStatus();
      },
      [=](const ServiceConfig& config) {
        const cel::Units budget = config.engine.core.evaluation_budget;
        return FormatDurationText(static_cast<Duration::rep>(budget) * kUnit);
      }};
}

ConfigKey BooleanKey(std::string_view name, std::string_view help,
                     Access<bool> access) {
  return {name, help, KeyKind::kBoolean,
          [=](std::string_view text, ServiceConfig& config) -> Status {
            STREAMER_ASSIGN_OR_RETURN(access(config), ParseBoolean(text));
            return OkStatus();
          },
          [=](const ServiceConfig& config) { return Read(access, config); }};
}

// One address for both servers.
ConfigKey ListenKey() {
  return {"listen", "IP address that HTTP and gRPC listen on", KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            boost::system::error_code error;
            boost::asio::ip::make_address(std::string(text), error);
            if (error) {
              return InvalidArgument("expected an IP address, got \"" +
                                     std::string(text) + "\"");
            }
            config.http.listen = text;
            config.grpc.listen = text;
            return OkStatus();
          },
          [](const ServiceConfig& config) { return config.http.listen; }};
}

struct SyncName {
  LogSync sync;
  std::string_view name;
};
constexpr std::array<SyncName, 2> kSyncs = {
    {{LogSync::kBatch, "batch"}, {LogSync::kNone, "none"}}};

ConfigKey LogSyncKey() {
  return {"log.sync",
          "When an event counts as logged: batch, once the disk has it (one "
          "fsync for all that wait); none, once the system has",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            for (const SyncName& sync : kSyncs) {
              if (sync.name != text) continue;
              config.log.sync = sync.sync;
              return OkStatus();
            }
            return InvalidArgument("expected batch or none, got \"" +
                                   std::string(text) + "\"");
          },
          [](const ServiceConfig& config) {
            return std::string(config.log.sync == LogSync::kBatch
                                   ? kSyncs[0].name
                                   : kSyncs[1].name);
          }};
}

ConfigKey LogPathKey() {
  return {"log.path",
          "Folder of the log, made if its parent exists; empty: in memory",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            config.log.path = text;
            return OkStatus();
          },
          [](const ServiceConfig& config) { return config.log.path; }};
}

struct BackendName {
  StateBackend backend;
  std::string_view name;
};
constexpr std::array<BackendName, 4> kBackends = {
    {{StateBackend::kAuto, "auto"},
     {StateBackend::kMemory, "memory"},
     {StateBackend::kRocksDb, "rocksdb"},
     {StateBackend::kEtcd, "etcd"}}};

ConfigKey StateBackendKey() {
  return {"state.backend",
          "Where sessions and progress are kept: memory, rocksdb or etcd; "
          "auto: rocksdb if the log is on disk, else memory",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            for (const BackendName& backend : kBackends) {
              if (backend.name != text) continue;
              config.state.backend = backend.backend;
              return OkStatus();
            }
            return InvalidArgument(
                "expected auto, memory, rocksdb or etcd, got \"" +
                std::string(text) + "\"");
          },
          [](const ServiceConfig& config) {
            return std::string(
                kBackends[static_cast<std::size_t>(config.state.backend)].name);
          }};
}

ConfigKey StatePathKey() {
  return {"state.path",
          "Folder of the state in rocksdb; empty: that of the log, with "
          ".state behind it",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            config.state.path = text;
            return OkStatus();
          },
          [](const ServiceConfig& config) { return config.state.path; }};
}

ConfigKey EtcdEndpointsKey() {
  return {"state.etcd_endpoints",
          "The etcd servers of one cluster, each host:port, with commas "
          "between",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            config.state.etcd_endpoints =
                absl::StrSplit(absl::string_view(text.data(), text.size()), ',',
                               absl::SkipEmpty());
            return OkStatus();
          },
          [](const ServiceConfig& config) {
            return absl::StrJoin(config.state.etcd_endpoints, ",");
          }};
}

ConfigKey EtcdPrefixKey() {
  return {"state.etcd_prefix",
          "What the keys of this node begin with in etcd; no other node has it",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            STREAMER_RETURN_IF_ERROR(CheckName("prefix", text));
            config.state.etcd_prefix = text;
            return OkStatus();
          },
          [](const ServiceConfig& config) { return config.state.etcd_prefix; }};
}

std::string NameOf(const Roles& roles) {
  if (!roles.streamer) return "puller";
  return roles.puller ? "puller,streamer" : "streamer";
}

ConfigKey RolesKey() {
  return {"roles",
          "What this process does: puller,streamer; puller, which serves its "
          "log on grpc.port; or streamer, which follows puller.address",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            for (const Roles roles :
                 {Roles{true, true}, Roles{true, false}, Roles{false, true}}) {
              if (text != NameOf(roles)) continue;
              config.roles = roles;
              return OkStatus();
            }
            return InvalidArgument(
                "expected puller,streamer or one of them, got \"" +
                std::string(text) + "\"");
          },
          [](const ServiceConfig& config) { return NameOf(config.roles); }};
}

ConfigKey PullerAddressKey() {
  return {"puller.address",
          "Where the puller is that a streamer follows, as host:port",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            const std::size_t colon = text.rfind(':');
            if (!text.empty() && (colon == std::string_view::npos ||
                                  colon == 0 || colon + 1 == text.size())) {
              return InvalidArgument("expected host:port, got \"" +
                                     std::string(text) + "\"");
            }
            config.source.address = text;
            return OkStatus();
          },
          [](const ServiceConfig& config) { return config.source.address; }};
}

ConfigKey ConsumerIdKey() {
  return {"puller.consumer_id",
          "How this streamer is called at the puller, before a suffix of its "
          "own for each stream",
          KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            STREAMER_RETURN_IF_ERROR(CheckName("name", text));
            config.source.consumer.consumer_id = text;
            return OkStatus();
          },
          [](const ServiceConfig& config) {
            return config.source.consumer.consumer_id;
          }};
}

struct LevelName {
  LogLevel level;
  std::string_view name;
};
constexpr std::array<LevelName, 4> kLevels = {{{LogLevel::kDebug, "debug"},
                                               {LogLevel::kInfo, "info"},
                                               {LogLevel::kWarning, "warning"},
                                               {LogLevel::kError, "error"}}};

ConfigKey LogLevelKey() {
  return {"logging.level", "Least level that is logged", KeyKind::kText,
          [](std::string_view text, ServiceConfig& config) -> Status {
            for (const LevelName& level : kLevels) {
              if (level.name != text) continue;
              config.log_level = level.level;
              return OkStatus();
            }
            return InvalidArgument(
                "expected debug, info, warning or error, got \"" +
                std::string(text) + "\"");
          },
          [](const ServiceConfig& config) {
            return std::string(
                kLevels[static_cast<std::size_t>(config.log_level)].name);
          }};
}

using Hours = std::chrono::hours;
using Minutes = std::chrono::minutes;
using Seconds = std::chrono::seconds;
using Millis = std::chrono::milliseconds;

// One line a key, so that it reads as the table it is.
#define STREAMER_MEMBER(path) \
  +[](ServiceConfig& config) -> auto& { return config.path; }

std::vector<ConfigKey> SourceKeys() {
  return {
      RolesKey(),
      PullerAddressKey(),
      ConsumerIdKey(),
      BooleanKey("puller.coalesce_on_catch_up",
                 "Whether the puller may merge updates of a document while "
                 "this streamer is behind",
                 STREAMER_MEMBER(source.consumer.coalesces)),
      DurationKey("puller.reconnect_backoff_min",
                  "Shortest wait before the puller is tried again",
                  STREAMER_MEMBER(source.consumer.backoff.minimum), Millis(1),
                  Hours(1)),
      DurationKey("puller.reconnect_backoff_max", "Longest wait",
                  STREAMER_MEMBER(source.consumer.backoff.maximum), Millis(1),
                  Hours(1)),
  };
}

std::vector<ConfigKey> ServerKeys() {
  return {
      ListenKey(),
      NumberKey<int>("port", "HTTP port; 0 for any that is free",
                     STREAMER_MEMBER(http.port), 0, 65'535),
      DurationKey("drain_timeout", "Time to end in after SIGTERM",
                  STREAMER_MEMBER(drain_timeout), Millis(100), Hours(1)),
      NumberKey<int>("grpc.port", "gRPC port; 0 for any that is free",
                     STREAMER_MEMBER(grpc.port), 0, 65'535),
      NumberKey<std::size_t>("grpc.max_streams", "gRPC streams open at once",
                             STREAMER_MEMBER(grpc.max_streams), 1, 1u << 20),
      NumberKey<std::size_t>("http.threads", "Threads that serve HTTP",
                             STREAMER_MEMBER(http.threads), 1, 64),
      NumberKey<std::size_t>("http.max_connections",
                             "HTTP connections open at once",
                             STREAMER_MEMBER(http.max_connections), 1, 65'536),
      NumberKey<std::size_t>(
          "http.max_buffered_bytes", "Bytes of HTTP bodies in memory",
          STREAMER_MEMBER(http.max_buffered_bytes), 1u << 16, kAny),
      LogLevelKey(),
  };
}

std::vector<ConfigKey> CoreKeys() {
  return {
      NumberKey<std::size_t>(
          "ingest.max_body_bytes", "Largest body of POST /v1/events",
          STREAMER_MEMBER(http.max_body_bytes), 1u << 10, 1u << 30),
      NumberKey<std::size_t>(
          "ingest.backlog", "Events logged and not taken until ingest waits",
          STREAMER_MEMBER(engine.ingest_backlog), 1'024, 1u << 24),
      BooleanKey("engine.single_thread", "Run all stages in one thread",
                 STREAMER_MEMBER(engine.single_thread)),
      NumberKey<std::size_t>(
          "engine.shards", "Threads that match; 0 for one less than processors",
          STREAMER_MEMBER(engine.shards), 0, 256),
      NumberKey<std::size_t>(
          "engine.split_above",
          "Subscriptions of one collection before it is split over all shards",
          STREAMER_MEMBER(engine.core.split.above), 1, kAny),
      NumberKey<std::size_t>("engine.queue_size",
                             "Items in each queue between two stages",
                             STREAMER_MEMBER(engine.queue_size), 64, 1u << 20),
      DurationKey("subscription.default_ttl",
                  "How long what is registered over HTTP lives without renewal",
                  STREAMER_MEMBER(http.default_ttl), Minutes(1), Hours(1)),
      DurationKey("subscription.expiry_check", "How often expiry is looked at",
                  STREAMER_MEMBER(engine.tick), Millis(1), Minutes(1)),
      NumberKey<std::size_t>(
          "subscription.quota.max_per_gateway", "Subscriptions of one gateway",
          STREAMER_MEMBER(engine.core.quota.per_gateway), 1, kAny),
      NumberKey<std::size_t>(
          "subscription.quota.max_per_tenant", "Subscriptions of one tenant",
          STREAMER_MEMBER(engine.core.quota.per_tenant), 1, kAny),
      NumberKey<std::size_t>("subscription.quota.max_total",
                             "Subscriptions of this node",
                             STREAMER_MEMBER(engine.core.quota.total), 1, kAny),
      NumberKey<std::size_t>(
          "subscription.quota.max_scan_filters",
          "Filters of one collection that no index can help with",
          STREAMER_MEMBER(engine.core.quota.scan_entries), 1, kAny),
      NumberKey<cel::Units>("subscription.quota.max_scan_cost",
                            "What they may cost each event, in units",
                            STREAMER_MEMBER(engine.core.quota.scan_cost), 1,
                            kAny),
      NumberKey<std::size_t>(
          "subscription.quota.max_memberships",
          "Membership subscriptions of one collection without before-images",
          STREAMER_MEMBER(engine.core.quota.memberships), 1, kAny),
      NumberKey<std::size_t>(
          "membership.remembered_documents",
          "Events of which is remembered what they made of their documents",
          STREAMER_MEMBER(engine.core.membership.remembered_documents), 0,
          1u << 30),
      EvaluationTimeoutKey(),
      FractionKey("bloom.fp_rate",
                  "Events that a Bloom summary may let through in vain",
                  STREAMER_MEMBER(engine.core.bloom.false_positive_rate),
                  0.0001, 0.5),
      NumberKey<std::size_t>(
          "bloom.rebuild_interval",
          "Removals, of half its keys at least, before it is built anew",
          STREAMER_MEMBER(engine.core.bloom.rebuild_interval), 1, 1u << 30),
      NumberKey<std::size_t>(
          "dedup.cache_size", "Events in the duplicate window",
          STREAMER_MEMBER(engine.core.duplicates.count), 1, 1u << 30),
      DurationKey("dedup.ttl", "Length of the duplicate window",
                  STREAMER_MEMBER(engine.core.duplicates.age), Seconds(1),
                  Hours(24)),
  };
}

std::vector<ConfigKey> LogKeys() {
  return {
      LogPathKey(),
      LogSyncKey(),
      DurationKey("log.retention_age", "How long events are kept in the log",
                  STREAMER_MEMBER(log.retention_age), Minutes(1),
                  Hours(24 * 365)),
      NumberKey<std::uint64_t>(
          "log.retention_bytes",
          "How many bytes of events are kept in the log; in memory never more "
          "than 256 MiB",
          STREAMER_MEMBER(log.retention_bytes), 1u << 20, kAny),
  };
}

std::vector<ConfigKey> StateKeys() {
  return {
      StateBackendKey(),
      StatePathKey(),
      EtcdEndpointsKey(),
      EtcdPrefixKey(),
      DurationKey("state.save_interval", "How often progress is saved",
                  STREAMER_MEMBER(engine.save_interval), Seconds(1), Hours(1)),
      NumberKey<std::uint64_t>(
          "state.save_events",
          "Events after which it is saved already, at most once a second",
          STREAMER_MEMBER(engine.save_events), 1, kAny),
  };
}

std::vector<ConfigKey> GatewayKeys() {
  return {
      DurationKey("session.ttl", "How long a session outlives its stream",
                  STREAMER_MEMBER(engine.core.session.ttl), Seconds(1),
                  Hours(24)),
      DurationKey("session.max_lag",
                  "How far a session may be behind before it gets a resync; "
                  "0s: half of log.retention_age",
                  STREAMER_MEMBER(engine.max_lag), Seconds(0), Hours(24 * 365)),
      NumberKey<std::size_t>("session.max_total", "Sessions of this node",
                             STREAMER_MEMBER(engine.core.session.max_total), 1,
                             1u << 24),
      DurationKey("soft_state.linger",
                  "How long the subscriptions of a broken stream without a "
                  "session can be gone on with",
                  STREAMER_MEMBER(engine.core.soft_state.linger), Seconds(0),
                  Hours(1)),
      DurationKey("soft_state.recovery_window",
                  "How long after an unclean start subscriptions without a "
                  "session begin where progress was last saved",
                  STREAMER_MEMBER(engine.core.soft_state.recovery_window),
                  Seconds(0), Hours(1)),
      FractionKey("catchup.share",
                  "Of all events that are matched, those that are read again "
                  "for gateways that catch up",
                  STREAMER_MEMBER(engine.past_share), 0.01, 0.99),
      DurationKey("gateway.stall_timeout",
                  "How long a gateway may take nothing",
                  STREAMER_MEMBER(grpc.stall_timeout), Millis(100), Hours(1)),
      NumberKey<std::size_t>(
          "outbox.max_deliveries", "Deliveries that wait for one gateway",
          STREAMER_MEMBER(grpc.outbox.deliveries), 1, 1u << 30),
      NumberKey<std::size_t>(
          "outbox.max_bytes", "Bytes that wait for one gateway",
          STREAMER_MEMBER(grpc.outbox.bytes), 1u << 10, kAny),
  };
}

#undef STREAMER_MEMBER

std::vector<ConfigKey> MakeKeys() {
  std::vector<ConfigKey> keys = ServerKeys();
  for (auto& section :
       {SourceKeys(), CoreKeys(), LogKeys(), StateKeys(), GatewayKeys()}) {
    keys.insert(keys.end(), section.begin(), section.end());
  }
  return keys;
}

// Keys of 5-interfaces.md whose feature is still to come. Accepting one
// would promise what does not happen.
constexpr std::array<std::string_view, 2> kUnsupported = {
    "nats.urls",
    "nats.output_stream",
};

// Levenshtein's distance, one row at a time.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::span<const ConfigKey> AllConfigKeys() {
  static const std::vector<ConfigKey> keys = MakeKeys();
  return keys;
}

const ConfigKey* FindConfigKey(std::string_view name) {
  for (const ConfigKey& key : AllConfigKeys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

bool IsUnsupportedKey(std::string_view name) {
  return std::any_of(kUnsupported.begin(), kUnsupported.end(),
                     [name](std::string_view key) { return key == name; });
}

bool IsConfigSection(std::string_view name) {
  const auto is_inside = [name](std::string_view key) {
    return key.size() > name.size() && key[name.size()] == '.' &&
           key.starts_with(name);
  };
  const std::span<const ConfigKey> keys = AllConfigKeys();
  return std::any_of(
             keys.begin(), keys.end(),
             [&](const ConfigKey& key) { return is_inside(key.name); }) ||
         std::any_of(kUnsupported.begin(), kUnsupported.end(), is_inside);
}

std::string_view NearestKey(std::string_view name) {
  std::string_view nearest;
  // A third of the letters may be wrong, but never more than three.
  std::size_t least = std::min<std::size_t>(3, name.size() / 3 + 1) + 1;
  const auto consider = [&](std::string_view candidate) {
    const std::size_t distance = EditDistance(name, candidate);
    if (distance >= least) return;
    least = distance;
    nearest = candidate;
  };
  for (const ConfigKey& key : AllConfigKeys()) {
    consider(key.name);
    for (std::size_t dot = key.name.find('.'); dot != std::string_view::npos;
         dot = key.name.find('.', dot + 1)) {
      consider(key.name.substr(0, dot));
    }
  }
  return nearest;
}

}  // namespace streamer
