#include "transport/source_consumer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

using source_action::Append;
using source_action::CancelStream;
using source_action::OpenStream;
using source_action::Read;
using source_action::RecordMarker;

// A stream that lasted so long was a good one: the next failure is a new one.
// A source that accepts and breaks at once is not asked ever faster.
constexpr Duration kStableAfter = std::chrono::seconds(5);

std::int64_t Millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration)
      .count();
}

std::size_t SizeOf(const SourceEvent& event) {
  return sizeof(event) + event.document.size() + event.before.size();
}

// Of what the source did not say itself.
SourceEvent MakeGap(const std::string& backend, SourceLoss loss) {
  SourceEvent gap;
  gap.backend = backend;
  gap.loss = std::make_shared<const SourceLoss>(std::move(loss));
  return gap;
}

}  // namespace

SourceConsumer::SourceConsumer(const SourceConsumerOptions& options,
                               const SourceStart& start)
    : options_(options),
      backoff_(options.backoff, options.backoff_seed),
      marker_(start.marker),
      queued_marker_(start.marker),
      is_new_(start.is_new) {}

SourceActions SourceConsumer::Start(MonotonicTime now) {
  SourceActions actions;
  Open(now, actions);
  return actions;
}

void SourceConsumer::Open(MonotonicTime now, SourceActions& actions) {
  is_stream_open_ = true;
  is_reading_ = false;
  has_heard_ = has_brought_ = false;
  ++statistics_.streams_opened;
  actions.emplace_back(
      OpenStream{absl::StrCat(options_.consumer_id, "-", options_.instance, "-",
                              statistics_.streams_opened),
                 marker_, options_.coalesces});
  GoOn(now, actions);
}

SourceActions SourceConsumer::Received(SourceMessage message,
                                       MonotonicTime now) {
  SourceActions actions;
  if (is_closed_ || !is_stream_open_) return actions;
  is_reading_ = false;
  if (!has_heard_) BeginHearing(message, now);
  const bool is_event = message.event.has_value();
  const bool is_gap = message.gap.has_value();
  if (is_gap) {
    // In one write with its marker, or it would be read again.
    if (!is_event) message.gap->upstream_marker = message.progress;
    PushGap(*std::move(message.gap));
  }
  has_brought_ |= is_event;
  if (is_event) {
    ++(message.event->loss == nullptr ? statistics_.events
                                      : statistics_.malformed);
    Push(*std::move(message.event));
  } else {
    ++statistics_.heartbeats;
  }
  if (!message.progress.empty()) {
    const bool is_new = message.progress != queued_marker_;
    has_brought_ |= is_new;
    marker_ = queued_marker_ = message.progress;
    if (!is_event && !is_gap && is_new) Push(Marker{marker_});
  }
  GoOn(now, actions);
  return actions;
}

// What a stream that began nowhere in particular has missed is known now that
// it has begun.
void SourceConsumer::BeginHearing(const SourceMessage& message,
                                  MonotonicTime now) {
  has_heard_ = has_ever_heard_ = true;
  was_refused_ = false;
  heard_since_ = now;
  const bool is_beginning = is_new_ && statistics_.streams_opened == 1;
  if (marker_.empty() && !is_beginning) {
    PushGap(MakeGap(
        options_.backend,
        {.from = std::exchange(lost_marker_, {}),
         .to = message.event ? std::string() : message.progress,
         .reason = lost_reason_.empty() ? "there was no marker to go on from"
                                        : std::exchange(lost_reason_, {})}));
  }
}

SourceActions SourceConsumer::StreamBroken(const Status& status,
                                           const std::string& oldest,
                                           MonotonicTime now) {
  SourceActions actions;
  if (is_closed_ || !is_stream_open_) return actions;
  const bool is_marker_refused =
      absl::IsOutOfRange(status) ||
      (absl::IsInvalidArgument(status) && !has_heard_);
  Break(status, now);
  if (is_marker_refused && !marker_.empty()) {
    LoseMarker(status, oldest);
    // The source is there, and may drop more while one waits.
    backoff_.Reset();
    retry_at_ = now;
    if (std::exchange(was_refused_, true)) retry_at_ += backoff_.Next();
  }
  GoOn(now, actions);
  return actions;
}

void SourceConsumer::Break(const Status& status, MonotonicTime now) {
  is_stream_open_ = false;
  is_reading_ = false;
  last_failure_ = status;
  if (has_heard_) {
    const bool must_prove = std::exchange(must_prove_, !HasProvenItself(now));
    if (!must_prove || !must_prove_) lost_at_ = now;
    if (now - heard_since_ >= kStableAfter) backoff_.Reset();
  }
  retry_at_ = now + backoff_.Next();
}

bool SourceConsumer::HasProvenItself(MonotonicTime now) const {
  return has_brought_ || now - heard_since_ >= kStableAfter;
}

// With another marker to begin after, all that is missing lies before it, and
// is told at once; the log goes on from there. Without, it goes on until the
// next stream is heard.
void SourceConsumer::LoseMarker(const Status& status,
                                const std::string& oldest) {
  const std::string reason(MessageOf(status));
  if (oldest.empty() || oldest == marker_) {
    lost_marker_ = std::exchange(marker_, {});
    lost_reason_ = reason;
    return;
  }
  SourceEvent gap = MakeGap(options_.backend,
                            {.from = marker_, .to = oldest, .reason = reason});
  gap.upstream_marker = marker_ = queued_marker_ = oldest;
  PushGap(std::move(gap));
}

void SourceConsumer::Push(Item item) {
  if (const auto* event = std::get_if<SourceEvent>(&item)) {
    waiting_bytes_ += SizeOf(*event);
  }
  waiting_.push_back(std::move(item));
}

void SourceConsumer::PushGap(SourceEvent gap) {
  ++statistics_.gaps;
  Push(std::move(gap));
}

void SourceConsumer::Pop() {
  if (const auto* event = std::get_if<SourceEvent>(&waiting_.front())) {
    waiting_bytes_ -= SizeOf(*event);
  }
  waiting_.pop_front();
}

SourceActions SourceConsumer::Stored(const Status& status, MonotonicTime now) {
  SourceActions actions;
  if (is_closed_ || storing_ == 0) return actions;
  const std::size_t count = std::exchange(storing_, 0);
  if (status.ok()) {
    for (std::size_t i = 0; i < count; ++i) Pop();
  } else {
    ++statistics_.store_failures;
    store_retry_at_ = now + options_.store_retry;
  }
  is_store_refused_ = !status.ok();
  GoOn(now, actions);
  return actions;
}

// Stores what can be, then reads if there is room.
void SourceConsumer::GoOn(MonotonicTime now, SourceActions& actions) {
  if (!is_store_refused_ || now >= store_retry_at_) StoreNext(actions);
  if (!MayRead()) return;
  is_reading_ = true;
  read_since_ = now;
  actions.emplace_back(Read{});
}

void SourceConsumer::StoreNext(SourceActions& actions) {
  while (storing_ == 0 && !waiting_.empty()) {
    const Item& item = waiting_.front();
    if (std::holds_alternative<SourceEvent>(item)) {
      StoreEvents(actions);
    } else if (IsSuperseded()) {
      Pop();
    } else {
      storing_ = 1;
      actions.emplace_back(
          RecordMarker{options_.backend, std::get<Marker>(item).text});
    }
  }
}

// They stay here until they are stored, for they may have to be offered again.
void SourceConsumer::StoreEvents(SourceActions& actions) {
  Append append;
  for (const Item& item : waiting_) {
    const auto* event = std::get_if<SourceEvent>(&item);
    if (event == nullptr || storing_ == options_.batch_events) break;
    append.events.push_back(*event);
    ++storing_;
  }
  actions.emplace_back(std::move(append));
}

// Whether what follows the marker at the front brings a later one.
bool SourceConsumer::IsSuperseded() const {
  if (waiting_.size() < 2) return false;
  const Item& next = waiting_[1];
  if (std::holds_alternative<Marker>(next)) return true;
  const auto* event = std::get_if<SourceEvent>(&next);
  return event != nullptr && !event->upstream_marker.empty();
}

bool SourceConsumer::MayRead() const {
  return is_stream_open_ && !is_reading_ && !is_store_refused_ &&
         waiting_.size() < options_.max_waiting_events &&
         waiting_bytes_ < options_.max_waiting_bytes;
}

SourceActions SourceConsumer::Tick(MonotonicTime now) {
  SourceActions actions;
  if (is_closed_) return actions;
  if (is_stream_open_ && is_reading_ && now >= PatienceEnd()) {
    actions.emplace_back(CancelStream{});
    Break(Unavailable(absl::StrCat("no message within ",
                                   Millis(PatienceEnd() - read_since_), " ms")),
          now);
  } else if (!is_stream_open_ && now >= retry_at_) {
    Open(now, actions);
  }
  GoOn(now, actions);
  return actions;
}

MonotonicTime SourceConsumer::PatienceEnd() const {
  return read_since_ +
         (has_heard_ ? options_.silence_limit : options_.attempt_timeout);
}

std::optional<MonotonicTime> SourceConsumer::NextDeadline() const {
  if (is_closed_) return std::nullopt;
  std::optional<MonotonicTime> next;
  const auto take = [&next](MonotonicTime time) {
    next = next.has_value() ? std::min(*next, time) : time;
  };
  if (is_store_refused_ && storing_ == 0) take(store_retry_at_);
  if (!is_stream_open_) take(retry_at_);
  if (is_stream_open_ && is_reading_) take(PatienceEnd());
  return next;
}

SourceActions SourceConsumer::Close() {
  SourceActions actions;
  if (is_closed_) return actions;
  if (is_stream_open_) actions.emplace_back(CancelStream{});
  is_closed_ = true;
  is_stream_open_ = false;
  waiting_.clear();
  storing_ = 0;
  return actions;
}

bool SourceConsumer::IsReady(MonotonicTime now) const {
  if (!has_ever_heard_ || is_closed_) return false;
  const bool counts =
      is_stream_open_ && has_heard_ && (!must_prove_ || HasProvenItself(now));
  return counts || now - lost_at_ <= options_.unready_after;
}

}  // namespace streamer
