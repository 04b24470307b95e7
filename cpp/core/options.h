// CoreOptions: the bounds of the state machine. Every one is finite.
#ifndef STREAMER_CORE_OPTIONS_H_
#define STREAMER_CORE_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "cel/cost.h"
#include "event/duplicate_window.h"
#include "event/normalizer.h"
#include "index/bloom_summary.h"

namespace streamer {

struct QuotaOptions {
  std::size_t per_gateway = 10'000;
  std::size_t per_tenant = 50'000;
  std::size_t total = 100'000;  // of the node
  // Of one tenant and collection: what every event of it has to be tried
  // against, because no index can help, and derived values. Equal filters count
  // once, and each derived value.
  std::size_t scan_entries = 100'000;  // conjunctions and derived values
  cel::Units scan_cost = 10'000'000;   // estimated, of all together
  // Membership subscriptions of one tenant and collection whose events do not
  // say what a document was before: each of them is told of every event of a
  // document of which nothing is remembered.
  std::size_t memberships = 1'000;
};

// What is remembered for membership subscriptions; see
// core/internal/memberships.h.
struct MembershipOptions {
  // Events: of each, what it made of its document.
  std::size_t remembered_documents = 100'000;
  // Nothing is of a collection that has more membership subscriptions.
  std::size_t remembered_subscriptions = 10'000;
};

// When the subscriptions of one collection are too many for one shard.
struct SplitOptions {
  // With more than these, they are spread over all shards; with fewer than
  // half as many, they come together again.
  std::size_t above = 100'000;
  // So many at most move to another shard at each command or event.
  std::size_t slice = 32;
};

struct SessionBounds {
  // How long a session outlives its stream.
  Duration ttl = std::chrono::seconds(60);
  std::size_t max_total = 10'000;
  // Of the state that sessions are saved in: no two processes that a gateway
  // may meet have the same. 28 bits.
  std::uint64_t owner = 1;
};

// Of gateways without a session.
struct SoftStateBounds {
  // How long the subscriptions of a broken stream can be gone on with.
  Duration linger = std::chrono::seconds(30);
  std::size_t remembered = 100'000;  // of them
  // How long after an unclean start every subscription begins at the position
  // of the last save.
  Duration recovery_window = std::chrono::seconds(30);
};

struct CoreOptions {
  SoftStateBounds soft_state;
  SessionBounds session;
  QuotaOptions quota;
  SplitOptions split;
  MembershipOptions membership;
  BloomOptions bloom;
  DuplicateWindowOptions duplicates;
  NormalizerOptions normalizer;
  // Past events of which is kept what earlier events made of them.
  std::size_t remembered_verdicts = 1'000'000;
  // What a program may use up on one event before its subscriptions are
  // suspended.
  cel::Units evaluation_budget = cel::kEvaluationBudget;
};

}  // namespace streamer

#endif  // STREAMER_CORE_OPTIONS_H_
