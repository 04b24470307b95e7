#include "sim/link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

void Link::Later(Duration delay, void (Link::*what)()) {
  schedule_.After(delay,
                  [self = shared_from_this(), what] { ((*self).*what)(); });
}

// Most messages are quick, some are not; none overtakes another.
MonotonicTime Link::ArrivalAfter(MonotonicTime& last) {
  const Duration delay = network_.DrawDelay(500);
  last = std::max({last, stalled_until_, schedule_.now() + delay});
  return last;
}

void Link::Refuse() {
  broken_with_ = Unavailable("connection refused");
  is_broken_ = true;
  Later(milliseconds(1), &Link::TellUserBroken);
}

void Link::Send(std::string bytes) {
  if (is_broken_) return;
  up_.emplace_back(std::move(bytes));
  schedule_.At(ArrivalAfter(last_up_), [self = shared_from_this()] {
    ++self->up_arrived_;
    self->ArriveUp();
  });
}

void Link::FinishSending() {
  if (is_broken_) return;
  up_.emplace_back(std::nullopt);
  schedule_.At(ArrivalAfter(last_up_), [self = shared_from_this()] {
    ++self->up_arrived_;
    self->ArriveUp();
  });
}

void Link::ArriveUp() {
  if (!is_reading_ || up_arrived_ == 0 || stream_ == nullptr || is_broken_) {
    return;
  }
  is_reading_ = false;
  --up_arrived_;
  const Message message = std::move(up_.front());
  up_.pop_front();
  const std::shared_ptr<GatewayStream> stream = stream_;
  if (!message) return stream->OnReadEnd(ReadEnd::kHalfClosed);
  pb::GatewayMessage parsed;
  if (!parsed.ParseFromString(*message)) {
    return stream->OnMalformed(message->size());
  }
  if (parsed.has_ack()) {
    acknowledged_ = {parsed.ack().session(), parsed.ack().seq()};
  }
  stream->OnMessage(parsed);
}

void Link::Read() {
  is_reading_ = true;
  Later(Duration(0), &Link::ArriveUp);
}

void Link::Write(std::string message, Flush) {
  is_writing_ = true;
  if (is_broken_ || !fuse_->Holds()) return;
  down_.emplace_back(std::move(message));
  Later(microseconds(10), &Link::CompleteWrite);
  schedule_.At(ArrivalAfter(last_down_), [self = shared_from_this()] {
    ++self->down_arrived_;
    self->ArriveDown();
  });
}

// A write is done once the network has taken it.
void Link::CompleteWrite() {
  if (!is_writing_ || stream_ == nullptr || is_broken_) return;
  if (down_.size() > kWindow) return;
  is_writing_ = false;
  const std::shared_ptr<GatewayStream> stream = stream_;
  stream->OnWritten(true);
}

void Link::ArriveDown() {
  if (is_delivering_) return;
  is_delivering_ = true;
  DeliverDown();
  is_delivering_ = false;
}

void Link::DeliverDown() {
  while (user_ != nullptr && user_reads_ && down_arrived_ > 0 && !is_broken_) {
    --down_arrived_;
    const Message message = std::move(down_.front());
    down_.pop_front();
    if (!message) return EndUser(*finished_with_);
    user_reads_ = user_->OnMessage(*message);
    CompleteWrite();
  }
}

void Link::ResumeReading() {
  user_reads_ = true;
  Later(Duration(0), &Link::ArriveDown);
}

// What is on its way is still delivered, then the end.
void Link::Finish(const Status& status) {
  if (!is_broken_ && fuse_->Holds()) {
    finished_with_ = status;
    down_.emplace_back(std::nullopt);
    schedule_.At(ArrivalAfter(last_down_), [self = shared_from_this()] {
      ++self->down_arrived_;
      self->ArriveDown();
    });
  }
  Later(microseconds(10), &Link::EndServer);
}

void Link::Cancel(const Status& status) {
  if (!fuse_->Holds()) return;
  broken_with_ = status;
  Break();
}

void Link::Abandon() {
  user_ = nullptr;
  Break();
}

// Each side notices in its own time.
void Link::Break() {
  if (std::exchange(is_broken_, true)) return;
  up_.clear();
  down_.clear();
  up_arrived_ = 0;
  down_arrived_ = 0;
  Later(network_.DrawNotice(), &Link::LoseServer);
  Later(network_.DrawNotice(), &Link::TellUserBroken);
}

void Link::StallUntil(MonotonicTime time) {
  stalled_until_ = std::max(stalled_until_, time);
}

void Link::TellUserBroken() { EndUser(broken_with_); }

void Link::EndUser(const Status& status) {
  if (LinkUser* user = std::exchange(user_, nullptr)) user->OnEnd(status);
}

// As gRPC tells it: what is outstanding fails, and the stream is cancelled, in
// any order.
void Link::LoseServer() {
  const std::shared_ptr<GatewayStream> stream = stream_;
  if (stream == nullptr) return;
  const bool is_cancelled_first = network_.DrawOrder();
  const bool is_read_first = network_.DrawOrder();
  if (is_cancelled_first) stream->OnCancelled();
  if (is_read_first) FailRead(*stream);
  if (std::exchange(is_writing_, false)) stream->OnWritten(false);
  FailRead(*stream);
  if (!is_cancelled_first) stream->OnCancelled();
}

void Link::FailRead(GatewayStream& stream) {
  if (std::exchange(is_reading_, false)) stream.OnReadEnd(ReadEnd::kBroken);
}

void Link::EndServer() {
  const std::shared_ptr<GatewayStream> stream = std::exchange(stream_, nullptr);
  if (stream == nullptr) return;
  FailRead(*stream);
  stream->OnDone();
}

void Link::KillServer() {
  stream_ = nullptr;
  if (!finished_with_) Break();
}

}  // namespace streamer::sim
