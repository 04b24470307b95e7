#include "core/internal/verdicts.h"

#include <utility>

namespace streamer::internal {
namespace {

constexpr std::size_t kMostGaps = 1'024;

}  // namespace

void Verdicts::NoteDuplicate(const LogEntry& entry) {
  Keep(entry, {.is_dropped = true});
}

void Verdicts::Note(const LogEntry& entry, const NormalizedEvent& normalized) {
  const NormalizedEvent alone = Normalizer::NormalizeAlone(entry.event);
  const bool is_own_source = normalized.source == entry.event;
  if (alone.outcome == normalized.outcome &&
      alone.operation == normalized.operation && is_own_source) {
    return;
  }
  Keep(entry, {.is_dropped = normalized.outcome != NormalizeOutcome::kChanged,
               .operation = normalized.operation,
               .source = is_own_source ? nullptr : normalized.source});
}

std::optional<NormalizedEvent> Verdicts::Recall(const LogEntry& entry) const {
  const auto kept = kept_.find(entry.position.offset);
  if (kept == kept_.end()) {
    NormalizedEvent alone = Normalizer::NormalizeAlone(entry.event);
    if (alone.outcome == NormalizeOutcome::kDeletedAgain) return std::nullopt;
    return alone;
  }
  const Verdict& verdict = kept->second;
  if (verdict.is_dropped) return std::nullopt;
  return NormalizedEvent{
      .operation = verdict.operation,
      .source = verdict.source == nullptr ? entry.event : verdict.source};
}

void Verdicts::NoteGap(const LogEntry& entry, Gap gap) {
  if (gaps_.size() == kMostGaps) gaps_.erase(gaps_.begin());
  gaps_.emplace_hint(gaps_.end(), entry.position.offset, std::move(gap));
}

const Gap* Verdicts::GapAt(const LogEntry& entry) const {
  const auto found = gaps_.find(entry.position.offset);
  return found == gaps_.end() ? nullptr : &found->second;
}

void Verdicts::Keep(const LogEntry& entry, Verdict verdict) {
  if (limit_ == 0) return;
  if (kept_.size() == limit_) kept_.erase(kept_.begin());
  kept_.emplace_hint(kept_.end(), entry.position.offset, std::move(verdict));
}

}  // namespace streamer::internal
