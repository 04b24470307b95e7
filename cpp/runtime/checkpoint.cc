#include "runtime/checkpoint.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "runtime/internal/state_records.h"

namespace streamer {
namespace {

// Whether it tells of a change of the state, or that there is none to save.
bool IsAnswer(const GatewayEffect& effect) {
  return std::holds_alternative<SubscribeResponse>(effect) ||
         std::holds_alternative<UnsubscribeResponse>(effect) ||
         std::holds_alternative<RenewResponse>(effect) ||
         std::holds_alternative<SubscriptionClosed>(effect) ||
         std::holds_alternative<SessionOpened>(effect);
}

std::size_t SizeOf(const StateChange& change) {
  return change.key.name.size() + (change.value ? change.value->size() : 0);
}

}  // namespace

Checkpoint::Checkpoint(const Options& options, const LogHistory& history)
    : owner_(options.owner),
      revision_(options.revision),
      max_changes_(options.max_changes),
      max_bytes_(options.max_bytes) {
  Add(KeepHistory(history));
  Add(internal::EncodeWatermark(options.start));
  for (const StateDelta& delta : options.leftovers) Add(delta);
}

void Checkpoint::Add(StateChange change) {
  if (lost_.ok()) changes_.push_back(std::move(change));
}

void Checkpoint::Add(const StateDelta& delta) {
  for (StateChange& change : internal::EncodeDelta(delta)) {
    Add(std::move(change));
  }
}

// A session that is told of much is one record all the same, and what its
// store does not take would be the end of saving for all.
void Checkpoint::Add(const SavedCursor& cursor) {
  std::vector<StateChange> changes = internal::EncodeDelta(cursor);
  if (SizeOf(changes.front()) > max_bytes_) {
    changes = internal::EncodeDelta(internal::Shortened(cursor));
  }
  for (StateChange& change : changes) Add(std::move(change));
}

void Checkpoint::Accept(std::vector<Effect>& effects) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (const auto* state = std::get_if<StateChanged>(&effects[i].what)) {
      for (const StateDelta& delta : state->changes) Add(delta);
    } else if (MustWait(effects[i])) {
      Hold(std::move(effects[i]));
    } else {
      if (kept < i) effects[kept] = std::move(effects[i]);
      ++kept;
    }
  }
  effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(kept),
                effects.end());
  if (!lost_.ok()) CloseHeld(lost_, effects);
}

void Checkpoint::Accept(const RouterProgress& progress) {
  for (const SavedCursor& cursor : progress.cursors) {
    Add(cursor);
  }
  Add(internal::EncodeWatermark(progress.watermark));
}

// An answer waits for every change before it, not only its own: a repeated
// request is answered without a change, and its promise needs the first one's.
bool Checkpoint::MustWait(const Effect& effect) const {
  if (!effect.is_session) return false;
  if (held_by_stream_.contains(effect.gateway)) return true;
  return IsAnswer(effect.what) && !(changes_.empty() && lost_.ok());
}

void Checkpoint::Hold(Effect effect) {
  ++held_by_stream_[effect.gateway];
  held_.push_back({std::move(effect), committed_ + changes_.size()});
}

std::optional<StateTransaction> Checkpoint::Next() {
  if (!lost_.ok() || under_way_ > 0 || changes_.empty()) return std::nullopt;
  under_way_ = to_repeat_ > 0 ? std::exchange(to_repeat_, 0) : CountForOne();
  StateTransaction transaction{.owner = owner_, .revision = revision_};
  transaction.changes.assign(
      changes_.begin(),
      changes_.begin() + static_cast<std::ptrdiff_t>(under_way_));
  return transaction;
}

// One at least: what does not fit alone is the store's to refuse.
std::size_t Checkpoint::CountForOne() const {
  const std::size_t most = std::min(changes_.size(), max_changes_);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < most; ++i) {
    bytes += SizeOf(changes_[i]);
    if (i > 0 && bytes > max_bytes_) return i;
  }
  return most;
}

void Checkpoint::Committed(const Result<std::uint64_t>& outcome,
                           std::vector<Effect>& effects) {
  const std::size_t count = std::exchange(under_way_, 0);
  if (outcome.ok()) {
    revision_ = *outcome;
    committed_ += count;
    changes_.erase(changes_.begin(),
                   changes_.begin() + static_cast<std::ptrdiff_t>(count));
    Release(effects);
  } else if (absl::IsUnavailable(outcome.status())) {
    to_repeat_ = count;
    CloseHeld(outcome.status(), effects);
  } else {
    lost_ = outcome.status();
    changes_.clear();
    CloseHeld(lost_, effects);
  }
}

void Checkpoint::CloseHeld(const Status& reason, std::vector<Effect>& effects) {
  for (Held& held : std::exchange(held_, {})) {
    const GatewayHandle stream = held.effect.gateway;
    if (held_by_stream_.erase(stream) == 0) continue;
    effects.push_back(
        {stream,
         GatewayClosed{Unavailable("the state cannot be saved: " +
                                   std::string(MessageOf(reason)))},
         true});
  }
}

void Checkpoint::Release(std::vector<Effect>& effects) {
  while (!held_.empty() && held_.front().until <= committed_) {
    Effect& effect = held_.front().effect;
    const auto count = held_by_stream_.find(effect.gateway);
    if (--count->second == 0) held_by_stream_.erase(count);
    effects.push_back(std::move(effect));
    held_.pop_front();
  }
}

}  // namespace streamer
