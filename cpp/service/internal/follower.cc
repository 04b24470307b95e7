#include "service/internal/follower.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "service/internal/failure_log.h"
#include "transport/log.h"

namespace streamer {
namespace {

PullerClientOptions ClientOptions(const FollowerOptions& options,
                                  const EventLog& log) {
  return {.target = options.address,
          .consumer = options.consumer,
          .start = {.marker = log.markers().last,
                    .is_new = log.head().offset == 0 && !options.has_sessions}};
}

std::vector<SourceEvent> LossesAmong(const std::vector<SourceEvent>& events) {
  std::vector<SourceEvent> losses;
  std::copy_if(events.begin(), events.end(), std::back_inserter(losses),
               [](const SourceEvent& one) { return one.loss != nullptr; });
  return losses;
}

void LogLoss(const SourceEvent& event) {
  const SourceLoss& loss = *event.loss;
  if (loss.kind == SourceLoss::Kind::kGap) {
    return Log(LogLevel::kError, "the source lost events",
               {{"backend", event.backend},
                {"from", loss.from},
                {"to", loss.to},
                {"reason", loss.reason}});
  }
  Log(LogLevel::kWarning, "an event of the source could not be read",
      {{"backend", event.backend},
       {"event_id", event.event_id},
       {"tenant", event.tenant},
       {"collection", event.collection},
       {"reason", loss.reason}});
}

}  // namespace

Result<Position> Follower::Intake::Append(std::vector<SourceEvent> events) {
  const std::vector<SourceEvent> losses = LossesAmong(events);
  const std::size_t count = events.size() - losses.size();
  Result<Position> appended = engine_.Ingest(std::move(events));
  if (!appended.ok()) return appended;
  for (const SourceEvent& loss : losses) LogLoss(loss);
  if (on_append_) on_append_(count);
  return appended;
}

Status Follower::Intake::RecordMarker(std::string_view backend,
                                      std::string_view marker) {
  return engine_.RecordMarker(backend, marker);
}

Follower::Follower(const FollowerOptions& options, Engine& engine,
                   const EventLog& log)
    : options_(options),
      intake_(engine, options.on_append),
      client_(ClientOptions(options, log), intake_),
      watch_([this] { Watch(); }) {}

Follower::~Follower() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  watch_.join();
  client_.Close();
}

void Follower::Watch() {
  bool was_ready = false;
  FailureLog failures("a stream of the source broke");
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    const bool is_ready = client_.IsReady();
    const Status failure = client_.LastFailure();
    failures.Note(failure);
    if (is_ready != was_ready) {
      was_ready = is_ready;
      options_.on_change(is_ready
                             ? OkStatus()
                             : Unavailable("the source is lost: " +
                                           std::string(MessageOf(failure))));
    }
    lock.lock();
    wake_.wait_for(lock, options_.check, [this] { return is_stopping_; });
  }
}

}  // namespace streamer
