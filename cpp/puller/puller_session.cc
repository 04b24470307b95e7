#include "puller/puller_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "puller/coalescing.h"

namespace streamer {
namespace {

// The first batch is small: nothing is known of the events yet.
constexpr std::size_t kFirstLimit = 16;
constexpr std::size_t kLongestQuoted = 64;

Result<Position> Resolve(const std::string& after, const EventLog& log) {
  if (after.empty()) return log.head();
  const Result<Position> position = ParseProgress(after);
  if (!position.ok()) {
    return InvalidArgument(
        absl::StrCat("after: expected a progress marker of this server, got \"",
                     absl::CHexEscape(after.substr(0, kLongestQuoted)), "\""));
  }
  STREAMER_ASSIGN_OR_RETURN(ResolvedPosition resolved, log.Resolve(*position));
  return resolved.position;
}

std::size_t SizeOf(const SourceEvent& event) {
  return sizeof(event) + event.document.size() + event.before.size();
}

}  // namespace

Position OldestPosition(const EventLog& log) {
  return log.history().At(log.first().offset - 1);
}

PullerSession::PullerSession(const PullerSessionOptions& options,
                             const EventLog& log, Position position,
                             MonotonicTime now)
    : options_(options),
      log_(&log),
      read_(position),
      sent_(position),
      is_catching_up_(position.offset < log.head().offset),
      limit_(std::min(kFirstLimit, options.batch_events)),
      heartbeat_at_(now) {}

Result<PullerSession> PullerSession::Open(const PullerRequest& request,
                                          const PullerSessionOptions& options,
                                          const EventLog& log,
                                          MonotonicTime now) {
  STREAMER_ASSIGN_OR_RETURN(const Position position,
                            Resolve(request.after, log));
  PullerSession session(options, log, position, now);
  if (request.coalesces) {
    STREAMER_RETURN_IF_ERROR(session.RememberEarlier(now));
  }
  return session;
}

// The age of what came before matters less than that none of it is missing:
// all of it counts as seen now.
Status PullerSession::RememberEarlier(MonotonicTime now) {
  repeats_.emplace(options_.repeats);
  STREAMER_ASSIGN_OR_RETURN(Position from,
                            log_->FindEarlier(read_, options_.repeats.age));
  // Of the beginning of a log nothing is missing.
  const std::uint64_t first = log_->first().offset;
  if (first > 1 && from.offset < first) NoteForgotten(now);
  const std::uint64_t most = options_.repeats.count;
  if (read_.offset > most && from.offset < read_.offset - most) {
    from = log_->history().At(read_.offset - most);
    NoteForgotten(now);
  }
  std::vector<LoggedFingerprint> fingerprints;
  while (from.offset < read_.offset) {
    fingerprints.clear();
    const std::uint64_t left = read_.offset - from.offset;
    STREAMER_RETURN_IF_ERROR(log_->ReadFingerprints(
        from, std::min<std::uint64_t>(left, options_.batch_events),
        fingerprints));
    for (const LoggedFingerprint& one : fingerprints) {
      repeats_->Remember(one.fingerprint, now);
    }
    from = fingerprints.back().position;
  }
  return OkStatus();
}

Result<std::optional<PullerMessage>> PullerSession::Next(MonotonicTime now) {
  if (now < heartbeat_at_) STREAMER_RETURN_IF_ERROR(FillBatch(now));
  std::optional<PullerMessage> message;
  if (now >= heartbeat_at_) {
    message = PullerMessage{sent_, nullptr};
  } else if (!batch_.empty()) {
    sent_ = batch_.front().position;
    message = PullerMessage{sent_, std::move(batch_.front().event)};
    batch_.pop_front();
  } else {
    return message;
  }
  // What was read last and left out counts as sent once nothing before it is
  // left to send.
  if (batch_.empty()) sent_ = read_;
  heartbeat_at_ = now + options_.heartbeat_interval;
  return message;
}

// Reads until there is something to send, for all of a batch may be left out.
Status PullerSession::FillBatch(MonotonicTime now) {
  std::vector<LogEntry> entries;
  while (batch_.empty()) {
    const Position head = log_->head();
    entries.clear();
    const Status status = log_->Read(read_, limit_, entries);
    // What stands before a damaged place is sent before the damage is told.
    if (entries.empty()) return status;
    TakeBatch(entries, head, now);
  }
  return OkStatus();
}

void PullerSession::TakeBatch(std::vector<LogEntry>& entries, Position head,
                              MonotonicTime now) {
  read_ = entries.back().position;
  AdaptLimit(entries);
  const bool is_at_head = read_.offset >= head.offset;
  if (!is_at_head) is_catching_up_ = true;
  LeaveOut(entries, now);
  if (is_at_head) is_catching_up_ = false;
  batch_.assign(std::make_move_iterator(entries.begin()),
                std::make_move_iterator(entries.end()));
  if (batch_.empty()) sent_ = read_;
}

void PullerSession::LeaveOut(std::vector<LogEntry>& entries,
                             MonotonicTime now) {
  if (!repeats_.has_value()) return;
  coalesced_ += std::erase_if(entries, [&](const LogEntry& entry) {
    return IsRepeat(*entry.event, now);
  });
  if (is_catching_up_ && now > joins_after_) coalesced_ += Coalesce(entries);
}

bool PullerSession::IsRepeat(const SourceEvent& event, MonotonicTime now) {
  repeats_->Expire(now);
  const bool has_room = repeats_->size() < options_.repeats.count;
  const bool is_repeat = repeats_->IsDuplicate(event, now);
  if (!has_room && !is_repeat) NoteForgotten(now);
  return is_repeat;
}

// Something is not remembered that the consumer may remember: it was seen by
// now, and for the age of the window what comes may repeat it.
void PullerSession::NoteForgotten(MonotonicTime now) {
  joins_after_ = now + options_.repeats.age;
}

void PullerSession::AdaptLimit(const std::vector<LogEntry>& entries) {
  std::size_t bytes = 0;
  for (const LogEntry& entry : entries) bytes += SizeOf(*entry.event);
  const std::size_t fitting =
      options_.batch_bytes / std::max<std::size_t>(bytes / entries.size(), 1);
  const std::size_t most = std::min(options_.batch_events, limit_ * 2);
  limit_ = std::clamp<std::size_t>(fitting, 1, most);
}

}  // namespace streamer
