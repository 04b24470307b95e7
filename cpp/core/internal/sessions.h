// Sessions: which there are, which stream each has at present, and until when
// those without one are kept.
//
// A session keeps the handle of what made it (its *home*: the first stream, or
// the restart); subscriptions and outbox belong to that. Streams come and go.
// To take the session over is to make the older stream nobody's: what it still
// sends finds no session.
//
// Cost: a look-up for each call.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_INTERNAL_SESSIONS_H_
#define STREAMER_CORE_INTERNAL_SESSIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/time.h"
#include "core/options.h"
#include "core/saved_state.h"

namespace streamer::internal {

class Sessions {
 public:
  struct Session {
    SavedSession saved;
    GatewayHandle home;
    GatewayHandle stream;                     // null: it has none
    std::optional<MonotonicTime> expires_at;  // while it has none
    // A subscription of it began with events of before it was added.
    bool has_asked_past = false;
    // Subscriptions that others added while it had no stream, since its gateway
    // acknowledged anything new: up to `taken` when it last came back.
    std::size_t managed = 0;
    std::uint64_t taken = 0;
  };

  explicit Sessions(const SessionBounds& bounds) : bounds_(bounds) {}

  [[nodiscard]] bool is_full() const {
    return by_gateway_id_.size() >= bounds_.max_total;
  }
  [[nodiscard]] const Session* Find(std::string_view gateway_id) const;

  // A new session, without a stream yet; without a credential it is unclaimed.
  // REQUIRES: there is none of that gateway id.
  const Session& Add(GatewayHandle home, std::string gateway_id,
                     std::optional<std::string> credential, MonotonicTime now);
  // A session of before the restart, in its next epoch, without a stream. One
  // that has no next epoch is of another lineage from here on: it ends as any
  // other that its gateway does not go on with.
  const Session& Restore(GatewayHandle home, SavedSession saved,
                         MonotonicTime now);

  // REQUIRES, for these: the session is there.
  void Attach(std::string_view gateway_id, GatewayHandle stream);
  void SetCredential(std::string_view gateway_id, std::string credential);
  void Claim(std::string_view gateway_id);
  // Without a stream, it is kept until then. REQUIRES: it has none.
  void KeepUntil(std::string_view gateway_id, MonotonicTime at);
  // As if its stream had gone at `now`, if that is earlier. Ignored while it
  // has one.
  void KeepNoLonger(std::string_view gateway_id, MonotonicTime now);
  void CountManaged(std::string_view gateway_id);
  // Its gateway has acknowledged up to `sequence`, and so what was managed.
  void NoteTaken(std::string_view gateway_id, std::uint64_t sequence);
  void Remove(std::string_view gateway_id);

  // The session that `stream` has; null when it has none.
  [[nodiscard]] const Session* OfStream(GatewayHandle stream) const;
  // Whose subscriptions a command of `stream` concerns: itself, when it is a
  // gateway of its own; nothing, when a newer stream has taken its place.
  [[nodiscard]] std::optional<GatewayHandle> HomeOf(GatewayHandle stream) const;
  [[nodiscard]] const Session* AtHome(GatewayHandle home) const;
  // Ignored of a gateway that is no session.
  void NotePastAsked(GatewayHandle home);

  // `stream` is gone: its session waits for the next one. Ignored when it has
  // no session.
  void Detach(GatewayHandle stream, MonotonicTime now);

  // Gateway ids of those that waited for too long.
  [[nodiscard]] std::vector<std::string> Expired(MonotonicTime now) const;

  [[nodiscard]] std::size_t size() const { return by_gateway_id_.size(); }

 private:
  Session& Store(Session session);
  void SetExpiry(Session& session, std::optional<MonotonicTime> at);

  const SessionBounds bounds_;
  std::uint64_t count_ = 0;  // made by this owner
  // Nodes of their own: the other tables point to them.
  absl::node_hash_map<std::string, Session, TextHash, std::equal_to<>>
      by_gateway_id_;
  absl::flat_hash_map<GatewayHandle, Session*> by_stream_;
  absl::flat_hash_map<GatewayHandle, Session*> by_home_;
  std::set<std::pair<MonotonicTime, GatewayHandle>> expiries_;  // by home
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_SESSIONS_H_
