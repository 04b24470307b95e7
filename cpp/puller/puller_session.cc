#include "puller/puller_session.h"

#include <algorithm>
#include <utility>

#include "puller/coalescing.h"

namespace streamer {
namespace {

// The first batch is small: nothing is known of the events yet.
constexpr std::size_t kFirstLimit = 16;

// Where a stream begins.
struct Beginning {
  PullerMarker marker;
  // What was asked for lay in a tail that the log has lost.
  bool is_cut_back = false;
};

// What `after` means in this log. Of a batch that the log has lost the end of,
// nothing counts as sent: what is left of it is not what it was.
Result<Beginning> Resolve(const std::string& after, const EventLog& log) {
  if (after.empty()) return Beginning{WholeMarker(log.head())};
  STREAMER_ASSIGN_OR_RETURN(PullerMarker marker, ParsePullerMarker(after));
  STREAMER_ASSIGN_OR_RETURN(const ResolvedPosition complete,
                            log.Resolve(marker.complete));
  if (complete.is_cut_back || !IsWithinBatch(marker)) {
    return Beginning{WholeMarker(complete.position), complete.is_cut_back};
  }
  STREAMER_ASSIGN_OR_RETURN(const ResolvedPosition read,
                            log.Resolve(marker.read));
  if (read.is_cut_back) marker.sent = complete.position;
  marker.complete = complete.position;
  marker.read = read.position;
  if (!IsWithinBatch(marker)) marker = WholeMarker(complete.position);
  return Beginning{marker, read.is_cut_back};
}

std::size_t SizeOf(const SourceEvent& event) {
  return sizeof(event) + event.document.size() + event.before.size();
}

}  // namespace

Position OldestPosition(const EventLog& log) {
  return log.history().At(log.first().offset - 1);
}

PullerSession::PullerSession(const PullerSessionOptions& options,
                             const EventLog& log, const PullerMarker& begin,
                             bool coalesces, MonotonicTime now)
    : options_(options),
      log_(&log),
      coalesces_(coalesces),
      read_(begin.complete),
      sent_(begin),
      is_catching_up_(begin.complete.offset < log.head().offset),
      limit_(std::min(kFirstLimit, options.batch_events)),
      heartbeat_at_(now) {
  if (IsWithinBatch(begin)) begun_ = begin;
}

Result<PullerSession> PullerSession::Open(const PullerRequest& request,
                                          const PullerSessionOptions& options,
                                          const EventLog& log,
                                          MonotonicTime now) {
  STREAMER_ASSIGN_OR_RETURN(const Beginning begin, Resolve(request.after, log));
  PullerSession session(options, log, begin.marker, request.coalesces, now);
  // The consumer remembers what it was sent of the tail.
  if (begin.is_cut_back) session.NoteForgotten(now);
  if (request.coalesces || session.begun_.has_value()) {
    STREAMER_RETURN_IF_ERROR(session.RememberEarlier(now));
  }
  return session;
}

// The age of what came before matters less than that none of it is missing:
// all of it counts as seen now.
Status PullerSession::RememberEarlier(MonotonicTime now) {
  repeats_.emplace(options_.repeats);
  STREAMER_ASSIGN_OR_RETURN(const Position needed,
                            log_->FindEarlier(read_, options_.consumer_memory));
  const std::uint64_t first = log_->first().offset;
  const std::uint64_t most = options_.repeats.count;
  Position from = log_->history().At(
      std::max(first - 1, read_.offset - std::min(read_.offset, most)));
  // Of the beginning of a log nothing is missing.
  const bool is_trimmed = first > 1 && needed.offset < first;
  if (is_trimmed || needed.offset < from.offset) NoteForgotten(now);
  std::vector<LoggedFingerprint> fingerprints;
  while (from.offset < read_.offset) {
    fingerprints.clear();
    const std::uint64_t left = read_.offset - from.offset;
    const Status status = log_->ReadFingerprints(
        from, std::min<std::uint64_t>(left, options_.batch_events),
        fingerprints);
    if (absl::IsOutOfRange(status) && from.offset + 1 < log_->first().offset) {
      // Trimmed meanwhile: what is left still tells what it can.
      from = OldestPosition(*log_);
      if (needed.offset < from.offset) NoteForgotten(now);
      continue;
    }
    STREAMER_RETURN_IF_ERROR(status);
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
    sent_ = batch_.front().progress;
    message = std::move(batch_.front());
    batch_.pop_front();
  } else {
    return message;
  }
  // What was read last and left out counts as sent once nothing before it is
  // left to send.
  if (batch_.empty() && !begun_.has_value()) sent_ = WholeMarker(read_);
  heartbeat_at_ = now + options_.heartbeat_interval;
  return message;
}

// Reads until there is something to send, for all of a batch may be left out.
Status PullerSession::FillBatch(MonotonicTime now) {
  std::vector<LogEntry> entries;
  while (batch_.empty()) {
    const Position head = log_->head();
    entries.clear();
    const Status status = log_->Read(read_, NextLimit(), entries);
    // What stands before a damaged place is sent before the damage is told.
    if (entries.empty()) return status;
    TakeBatch(entries, head, now);
  }
  return OkStatus();
}

// What was joined is read again as it was: whole.
std::size_t PullerSession::NextLimit() const {
  return begun_.has_value() ? begun_->read.offset - read_.offset : limit_;
}

void PullerSession::TakeBatch(std::vector<LogEntry>& entries, Position head,
                              MonotonicTime now) {
  read_ = entries.back().position;
  AdaptLimit(entries);
  const bool is_at_head = read_.offset >= head.offset;
  if (!is_at_head) is_catching_up_ = true;
  LeaveOutRepeats(entries, now);
  const bool joins = coalesces_ && is_catching_up_ && now > joins_after_;
  if (joins || begun_.has_value()) {
    QueueJoined(entries);
  } else {
    Queue(entries, {});
  }
  if (is_at_head) is_catching_up_ = false;
  if (begun_.has_value()) FinishBatchBegunBefore();
  if (batch_.empty()) sent_ = WholeMarker(read_);
}

void PullerSession::LeaveOutRepeats(std::vector<LogEntry>& entries,
                                    MonotonicTime now) {
  if (!repeats_.has_value()) return;
  coalesced_ += std::erase_if(entries, [&](const LogEntry& entry) {
    return IsRepeat(*entry.event, now);
  });
}

void PullerSession::QueueJoined(std::vector<LogEntry>& entries) {
  coalesced_ += entries.size();
  const std::vector<std::uint64_t> firsts = Coalesce(entries);
  coalesced_ -= entries.size();
  Queue(entries, firsts);
}

// With one of them, all before the first event of whatever is still to come was
// sent. `firsts` is empty when nothing was joined.
void PullerSession::Queue(std::vector<LogEntry>& entries,
                          const std::vector<std::uint64_t>& firsts) {
  const LogHistory history = log_->history();
  std::uint64_t complete = read_.offset;
  for (std::size_t i = entries.size(); i > 0; --i) {
    LogEntry& entry = entries[i - 1];
    PullerMarker marker = WholeMarker(entry.position);
    const bool is_held = complete < entry.position.offset;
    if (is_held) marker.complete = history.At(complete);
    // The rest of a batch begun before may have been sent, too.
    if (is_held || begun_.has_value()) marker.read = read_;
    batch_.push_front({marker, std::move(entry.event)});
    if (!firsts.empty()) complete = std::min(complete, firsts[i - 1] - 1);
  }
}

// Leaves out what the stream before this one sent, if the batch is as it was.
void PullerSession::FinishBatchBegunBefore() {
  if (read_.offset == begun_->read.offset) {
    while (!batch_.empty() &&
           batch_.front().progress.sent.offset <= begun_->sent.offset) {
      batch_.pop_front();
    }
  }
  begun_.reset();
  if (!coalesces_) repeats_.reset();
}

bool PullerSession::IsRepeat(const SourceEvent& event, MonotonicTime now) {
  repeats_->Expire(now);
  const bool has_room =
      repeats_->size() < options_.repeats.count || event.event_id.empty();
  const MonotonicTime oldest = repeats_->oldest().value_or(now);
  const bool is_repeat = repeats_->IsDuplicate(event, now);
  if (!has_room && !is_repeat) NoteForgotten(oldest);
  return is_repeat;
}

// Something is not remembered that the consumer may remember. It was seen by
// `seen`.
void PullerSession::NoteForgotten(MonotonicTime seen) {
  joins_after_ = std::max(joins_after_, seen + options_.consumer_memory);
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
