#include "sim/source_link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "puller/internal/wire.h"
#include "syntrix/puller/v1/puller.pb.h"
#include "transport/internal/puller_wire.h"

namespace streamer::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace wire = syntrix::puller::v1;

void SourceLink::Accept(const PullerRequest& request, const EventLog& log) {
  log_ = &log;
  PullerSessionOptions options;
  options.batch_events = 1 + random_.Below(32);
  auto opened = PullerSession::Open(request, options, log, schedule_.now());
  if (!opened.ok()) return EndSession(opened.status());
  session_.emplace(*std::move(opened));
  Pump();
}

void SourceLink::Refuse(const Status& status) {
  end_.emplace(status, "");
  schedule_.After(milliseconds(1),
                  [self = shared_from_this()] { self->Arrive(); });
}

void SourceLink::Pump() {
  while (session_ && !is_broken_ && on_the_way_.size() < kWindow) {
    auto next = session_->Next(schedule_.now());
    if (!next.ok()) return EndSession(next.status());
    if (!next->has_value()) return WakeForHeartbeat();
    Send(**next);
  }
}

void SourceLink::WakeForHeartbeat() {
  const MonotonicTime due = session_->next_heartbeat();
  if (due <= wake_at_) return;
  wake_at_ = due;
  schedule_.At(due, [self = shared_from_this()] { self->Pump(); });
}

void SourceLink::Send(const PullerMessage& message) {
  wire::PullerEvent encoded;
  internal::EncodeMessage(message, encoded);
  on_the_way_.push_back(encoded.SerializeAsString());
  const Duration delay = network_.DrawDelay(300);
  last_ = std::max({last_, stalled_until_, schedule_.now() + delay});
  schedule_.At(last_, [self = shared_from_this()] {
    ++self->arrived_;
    self->Arrive();
  });
}

// As the shipped server says it in its trailer.
void SourceLink::EndSession(const Status& status) {
  session_.reset();
  const bool is_marker_refused =
      absl::IsOutOfRange(status) || absl::IsInvalidArgument(status);
  end_.emplace(status, is_marker_refused ? FormatProgress(OldestPosition(*log_))
                                         : std::string());
  schedule_.At(std::max(last_, stalled_until_),
               [self = shared_from_this()] { self->Arrive(); });
}

void SourceLink::Read() {
  is_reading_ = true;
  schedule_.After(Duration(0), [self = shared_from_this()] { self->Arrive(); });
}

void SourceLink::Arrive() {
  if (!listener_ || is_broken_) return;
  if (on_the_way_.empty() && end_) return TellEnd(end_->first, end_->second);
  if (!is_reading_ || arrived_ == 0) return;
  is_reading_ = false;
  --arrived_;
  wire::PullerEvent decoded;
  decoded.ParseFromString(on_the_way_.front());
  on_the_way_.pop_front();
  const Listener listener = *listener_;
  listener.received(DecodePullerEvent(decoded, WallTime()));
  Pump();
}

void SourceLink::Break() {
  if (std::exchange(is_broken_, true)) return;
  session_.reset();
  schedule_.After(milliseconds(random_.Below(20)), [self = shared_from_this()] {
    self->TellEnd(Unavailable("the network broke the stream"), "");
  });
}

void SourceLink::StallUntil(MonotonicTime time) {
  stalled_until_ = std::max(stalled_until_, time);
}

void SourceLink::TellEnd(const Status& status, const std::string& oldest) {
  if (!listener_) return;
  const Listener listener = *std::exchange(listener_, std::nullopt);
  listener.ended(status, oldest);
}

}  // namespace streamer::sim
