// History: what a run of the world did, as the checker judges it: what the log
// came to hold, what each gateway's user saw, and what may excuse a loss.
//
// It is plain data, so that a test of the checker can write a wrong one.
#ifndef STREAMER_TESTS_SIM_CHECKER_HISTORY_H_
#define STREAMER_TESTS_SIM_CHECKER_HISTORY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "client/session_receiver.h"
#include "client/subscription.h"
#include "event/log_entry.h"
#include "store/log_history.h"

namespace streamer::sim {

// A process of the gateway began; it goes on where an earlier one was, or anew.
struct ProcessStarted {
  int process = 0;
  bool is_resumed = false;
  // It goes on exactly where the one before was, with all that processed.
  bool is_exact = false;
};
// The user asked for a subscription. Deliveries may come before the answer,
// when that was lost with a stream.
struct Asked {
  std::string subscription_id;
  std::string resume_after;
  std::uint64_t head = 0;  // newest event logged
};
// The service said that the subscription exists.
struct Answered {
  SubscriptionRequest request;
  std::string from_progress;
};
// The user ended it.
struct Ended {
  std::string subscription_id;
};
// One delivery, as a reader of the client took it.
struct Delivered {
  int process = 0;
  std::uint64_t stream = 0;   // of all the process opened
  std::uint64_t session = 0;  // 0: a plain gateway
  std::uint64_t sequence = 0;
  std::uint32_t part = 0;
  std::string progress;
  std::vector<std::string> subscription_ids;
  std::vector<std::string> memberships;  // of each; none when nobody asked
  std::string event_id;
  std::string tenant;
  std::string collection;
  std::string document_id;
  Operation operation = Operation::kInsert;
  std::string document;
  bool is_redelivered = false;
  bool is_catching_up = false;
  std::uint32_t coalesced = 0;  // earlier events merged into it
  MonotonicTime received;
  // The reader came back for more. If not, its process was killed before.
  bool is_processed = true;
};
// How far the log reached, when the reader was told: later than when the notice
// was made, and perhaps the log has lost its tail since.
struct LogBounds {
  std::uint64_t head = 0;          // newest event logged
  std::uint64_t newest_first = 1;  // what was ever the oldest event held
  std::uint64_t newest_head = 0;
};
// The client said that something may be missing.
struct Noticed {
  ReceivedGap gap;
  LogBounds log;
  bool is_processed = true;
};
// The answer to "did I miss anything?".
struct Welcomed {
  std::uint64_t asked_session = 0;
  std::uint64_t session = 0;
  SessionWelcome::Continuity continuity = SessionWelcome::Continuity::kNew;
  std::string from_progress;  // of what is lost
  std::string to_progress;
  // Whatever the service thinks: the process has all that came before.
  bool is_all_received = false;
};

// A numbered entry came that was not the next.
struct SequenceBroken {
  std::uint64_t expected = 0;
  std::uint64_t got = 0;
};

// What a restart would find of the gateway's session from here on.
struct MarkerSaved {
  // Of what comes live: up to where all is done with.
  std::uint64_t acknowledged = 0;
  // Where each subscription would go on.
  std::map<std::string, std::uint64_t> places;
  // Where each began.
  std::map<std::string, std::uint64_t> begun;
  // What it would be told of first: after, up to.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> noticed;
};

// The streamer was drained and has saved all: what it had been told to be
// processed by then, and what a restart would find.
struct Drained {
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  MarkerSaved saved;
};
// A drain ended the stream, after everything up to there.
struct Flushed {
  // Where each subscription began on this stream.
  std::map<std::string, std::string> begun;
  std::uint64_t upto = 0;  // 0: nobody knows
};

struct GatewayRecord {
  MonotonicTime at;
  std::variant<ProcessStarted, Asked, Answered, Ended, Delivered, Noticed,
               Welcomed, SequenceBroken, MarkerSaved, Drained, Flushed>
      what;
};

struct GatewayHistory {
  std::string gateway_id;
  bool is_session = false;
  bool allows_merging = false;
  std::vector<GatewayRecord> records;
};

// Something that a resync may be for.
struct Cause {
  enum class Kind : std::uint8_t {
    kSourceGap,    // the source reported one
    kUnreadable,   // an event could not be read
    kGatewayLost,  // the gateway came back with less than it acknowledged
    kExpired,      // the session was without a stream for its time to live
    kStoreLost,    // files of the log or the state were damaged
  };
  Kind kind = Kind::kSourceGap;
  MonotonicTime at;
  std::string gateway_id;  // empty: any
  std::string tenant;      // empty: any
  std::string backend;     // empty: any
};

struct History {
  // The streamer's log as it was at the end, trimmed or not, from offset 1. As
  // of the other logs below, a delete that says no more than its key has the
  // names of the document all the same.
  std::vector<LogEntry> log;
  LogHistory log_history{"", {{1, 1}}};
  // What stood in a tail that was lost.
  std::map<Position, LogEntry> lost;
  // The first event that was held when a process of the streamer started.
  std::vector<std::uint64_t> first_at_start;
  std::vector<MonotonicTime> starts;
  // The puller's log, from offset 1, and the ranges that the streamer was told
  // to have lost: after, up to.
  std::vector<LogEntry> source;
  bool is_source_known = true;
  struct SourceLoss {
    std::uint64_t after = 0;
    std::uint64_t upto = 0;
    std::uint64_t first_held = 0;  // by the source, then
    MonotonicTime at;
    std::string backend;  // whose events; empty: any
  };
  std::vector<SourceLoss> source_losses;
  bool coalesces = false;
  // From when on nothing went wrong any more, and all were connected; none:
  // never.
  std::optional<MonotonicTime> whole_since;
  // How far a session may be behind before it is given up.
  std::uint64_t max_lag = 1'000'000;
  std::vector<GatewayHistory> gateways;
  std::vector<Cause> causes;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHECKER_HISTORY_H_
