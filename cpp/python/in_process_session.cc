#include "python/in_process_session.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace streamer::python {

// Hands the effects of the stream to its session, as long as there is one.
// Runs within a call on the engine, so the mutex is held.
class InProcessSession::Sink final : public GatewaySink {
 public:
  explicit Sink(InProcessSession& session) : session_(session) {}

  void OnEffects(std::vector<GatewayEffect> effects) override {
    for (GatewayEffect& effect : effects) session_.Collect(std::move(effect));
  }

 private:
  InProcessSession& session_;
};

InProcessSession::InProcessSession(Engine& engine, std::mutex& mutex,
                                   const std::string& gateway_id)
    : engine_(engine),
      mutex_(mutex),
      gateway_id_(std::make_shared<const std::string>(gateway_id)),
      sink_(std::make_shared<Sink>(*this)) {}

InProcessSession::~InProcessSession() { Close(); }

Result<std::shared_ptr<InProcessSession>> InProcessSession::Open(
    Engine& engine, std::mutex& mutex, SessionRequest request) {
  std::shared_ptr<InProcessSession> session(
      new InProcessSession(engine, mutex, request.gateway_id));
  session->stream_ = engine.OpenSession(std::move(request), session->sink_);
  if (!session->end_.ok()) {
    // Nothing is left to break, and the mutex is held.
    session->sink_.reset();
    return session->end_;
  }
  return session;
}

Status InProcessSession::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

Status InProcessSession::CheckOpen() const {
  if (end_.ok()) return OkStatus();
  return Status(absl::StatusCode::kCancelled,
                "the stream has ended: " + std::string(MessageOf(end_)));
}

void InProcessSession::Collect(GatewayEffect effect) {
  if (auto* delivery = std::get_if<SharedDelivery>(&effect)) {
    entries_.push_back(std::make_shared<const CoreDeliveryRecord>(
        gateway_id_, std::move(*delivery)));
  } else if (auto* closed = std::get_if<SubscriptionClosed>(&effect)) {
    entries_.push_back(Notice{*gateway_id_, std::move(*closed)});
  } else if (auto* resync = std::get_if<ResyncRequired>(&effect)) {
    entries_.push_back(Notice{*gateway_id_, std::move(*resync)});
  } else if (auto* gone = std::get_if<GatewayClosed>(&effect)) {
    end_ = gone->status;
  } else if (auto* opened = std::get_if<SessionOpened>(&effect)) {
    opened_ = *opened;
  } else if (std::holds_alternative<SubscribeResponse>(effect) ||
             std::holds_alternative<UnsubscribeResponse>(effect)) {
    answers_.push_back(std::move(effect));
  }
}

template <typename Response>
Result<Response> InProcessSession::Ask(Command command) {
  STREAMER_RETURN_IF_ERROR(CheckOpen());
  answers_.clear();
  STREAMER_RETURN_IF_ERROR(engine_.Submit(std::move(command), nullptr));
  for (GatewayEffect& answer : answers_) {
    auto* response = std::get_if<Response>(&answer);
    if (response != nullptr) return std::move(*response);
  }
  return end_.ok() ? Internal("the core did not answer") : end_;
}

Result<SubscribeResponse> InProcessSession::AddSubscription(
    Subscribe subscribe, const std::string& resume_after) {
  const std::lock_guard lock(mutex_);
  subscribe.gateway = stream_;
  if (!resume_after.empty()) {
    const Result<ResumePoint> point = engine_.Resolve(resume_after);
    if (!point.ok()) {
      return Status(point.status().code(),
                    "resume_after: " + std::string(MessageOf(point.status())));
    }
    subscribe.resume_after = point->after;
    subscribe.redelivered_upto = point->redelivered_upto;
  }
  return Ask<SubscribeResponse>(std::move(subscribe));
}

Result<UnsubscribeResponse> InProcessSession::RemoveSubscription(
    const std::string& id) {
  const std::lock_guard lock(mutex_);
  return Ask<UnsubscribeResponse>(Unsubscribe{stream_, id});
}

std::vector<InProcessSession::Entry> InProcessSession::Take(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto count =
      static_cast<std::ptrdiff_t>(std::min(limit, entries_.size()));
  std::vector<Entry> taken(std::make_move_iterator(entries_.begin()),
                           std::make_move_iterator(entries_.begin() + count));
  entries_.erase(entries_.begin(), entries_.begin() + count);
  return taken;
}

Status InProcessSession::Acknowledge(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  STREAMER_RETURN_IF_ERROR(CheckOpen());
  engine_.Acknowledge(stream_, sequence, nullptr);
  return end_;
}

void InProcessSession::Close() {
  // Without the sink there is no stream, and nobody to wait for.
  if (sink_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (end_.ok()) {
    engine_.Break(stream_, {});
    end_ = Status(absl::StatusCode::kCancelled, "it was closed");
  }
}

}  // namespace streamer::python
