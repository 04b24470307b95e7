#include "core/internal/sessions.h"

#include <algorithm>
#include <cassert>

namespace streamer::internal {
namespace {

constexpr std::uint64_t kEpochMask =
    (std::uint64_t{1} << kSessionEpochBits) - 1;
constexpr std::uint64_t kCountMask =
    (std::uint64_t{1} << kSessionCountBits) - 1;

// Epochs begin at 1, so that no number is null.
SessionNumber FirstNumber(std::uint64_t owner, std::uint64_t count) {
  const std::uint64_t lineage =
      owner << static_cast<unsigned>(kSessionCountBits) | (count & kCountMask);
  return SessionNumber(lineage << static_cast<unsigned>(kSessionEpochBits) | 1);
}

}  // namespace

const Sessions::Session* Sessions::Find(std::string_view gateway_id) const {
  const auto found = by_gateway_id_.find(gateway_id);
  return found == by_gateway_id_.end() ? nullptr : &found->second;
}

Sessions::Session& Sessions::Store(Session session) {
  const auto [found, is_new] =
      by_gateway_id_.try_emplace(session.saved.gateway_id, session);
  assert(is_new);
  (void)is_new;
  by_home_.emplace(session.home, &found->second);
  return found->second;
}

const Sessions::Session& Sessions::Add(GatewayHandle home,
                                       std::string gateway_id,
                                       std::optional<std::string> credential,
                                       MonotonicTime now) {
  const bool is_unclaimed = !credential.has_value();
  Session& added =
      Store({.saved = {.gateway_id = std::move(gateway_id),
                       .credential = std::move(credential),
                       .number = FirstNumber(bounds_.owner, ++count_),
                       .is_unclaimed = is_unclaimed},
             .home = home});
  SetExpiry(added, now + bounds_.ttl);
  return added;
}

const Sessions::Session& Sessions::Restore(GatewayHandle home,
                                           SavedSession saved,
                                           MonotonicTime now) {
  const bool is_last = (saved.number.value() & kEpochMask) == kEpochMask;
  saved.number = is_last ? FirstNumber(bounds_.owner, ++count_)
                         : SessionNumber(saved.number.value() + 1);
  Session& restored = Store({.saved = std::move(saved), .home = home});
  SetExpiry(restored, now + bounds_.ttl);
  return restored;
}

void Sessions::Attach(std::string_view gateway_id, GatewayHandle stream) {
  Session& session = by_gateway_id_.find(gateway_id)->second;
  by_stream_.erase(session.stream);
  session.stream = stream;
  by_stream_.emplace(stream, &session);
  SetExpiry(session, std::nullopt);
}

void Sessions::SetCredential(std::string_view gateway_id,
                             std::string credential) {
  by_gateway_id_.find(gateway_id)->second.saved.credential =
      std::move(credential);
}

void Sessions::KeepUntil(std::string_view gateway_id, MonotonicTime at) {
  SetExpiry(by_gateway_id_.find(gateway_id)->second, at);
}

void Sessions::KeepNoLonger(std::string_view gateway_id, MonotonicTime now) {
  Session& session = by_gateway_id_.find(gateway_id)->second;
  if (!session.expires_at) return;
  SetExpiry(session, std::min(*session.expires_at, now + bounds_.ttl));
}

void Sessions::Claim(std::string_view gateway_id) {
  by_gateway_id_.find(gateway_id)->second.saved.is_unclaimed = false;
}

void Sessions::NoteTaken(std::string_view gateway_id, std::uint64_t sequence) {
  Session& session = by_gateway_id_.find(gateway_id)->second;
  if (sequence <= session.taken) return;
  session.taken = sequence;
  session.managed = 0;
}

void Sessions::CountManaged(std::string_view gateway_id) {
  ++by_gateway_id_.find(gateway_id)->second.managed;
}

void Sessions::Remove(std::string_view gateway_id) {
  const auto found = by_gateway_id_.find(gateway_id);
  Session& session = found->second;
  SetExpiry(session, std::nullopt);
  by_stream_.erase(session.stream);
  by_home_.erase(session.home);
  by_gateway_id_.erase(found);
}

const Sessions::Session* Sessions::OfStream(GatewayHandle stream) const {
  const auto found = by_stream_.find(stream);
  return found == by_stream_.end() ? nullptr : found->second;
}

std::optional<GatewayHandle> Sessions::HomeOf(GatewayHandle stream) const {
  if (const Session* session = OfStream(stream)) return session->home;
  if (by_home_.contains(stream)) return std::nullopt;
  return stream;
}

const Sessions::Session* Sessions::AtHome(GatewayHandle home) const {
  const auto found = by_home_.find(home);
  return found == by_home_.end() ? nullptr : found->second;
}

void Sessions::NotePastAsked(GatewayHandle home) {
  const auto found = by_home_.find(home);
  if (found != by_home_.end()) found->second->has_asked_past = true;
}

void Sessions::Detach(GatewayHandle stream, MonotonicTime now) {
  const auto found = by_stream_.find(stream);
  if (found == by_stream_.end()) return;
  Session& session = *found->second;
  by_stream_.erase(found);
  session.stream = GatewayHandle();
  SetExpiry(session, now + bounds_.ttl);
}

std::vector<std::string> Sessions::Expired(MonotonicTime now) const {
  std::vector<std::string> expired;
  for (const auto& [at, home] : expiries_) {
    if (at > now) break;
    expired.push_back(by_home_.at(home)->saved.gateway_id);
  }
  return expired;
}

void Sessions::SetExpiry(Session& session, std::optional<MonotonicTime> at) {
  if (session.expires_at) expiries_.erase({*session.expires_at, session.home});
  session.expires_at = at;
  if (at) expiries_.emplace(*at, session.home);
}

}  // namespace streamer::internal
