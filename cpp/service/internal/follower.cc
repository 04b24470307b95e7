#include "service/internal/follower.h"

#include <chrono>
#include <string>
#include <utility>

#include "transport/log.h"

namespace streamer {
namespace {

PullerClientOptions ClientOptions(const FollowerOptions& options,
                                  const EventLog& log) {
  return {.target = options.address,
          .consumer = options.consumer,
          .start = {.marker = log.markers().last,
                    .is_log_empty = log.head().offset == 0}};
}

}  // namespace

Result<Position> Follower::Intake::Append(std::vector<SourceEvent> events) {
  const std::size_t count = events.size();
  Result<Position> appended = engine_.Ingest(std::move(events));
  if (appended.ok() && on_append_) on_append_(count);
  return appended;
}

Status Follower::Intake::RecordMarker(std::string_view backend,
                                      std::string_view marker) {
  return log_.RecordMarker(backend, marker);
}

void Follower::Intake::OnGap(const SourceGap& gap) {
  Log(LogLevel::kError, "the source lost events",
      {{"backend", gap.backend},
       {"from", gap.from},
       {"to", gap.to},
       {"reason", gap.reason}});
  // An engine that is stopping has closed, or is about to close, everybody.
  engine_.Submit(ReportSourceGap{gap.backend, gap.reason}, nullptr)
      .IgnoreError();
}

void Follower::Intake::OnMalformed(const MalformedSourceEvent& event) {
  Log(LogLevel::kWarning, "an event of the source could not be read",
      {{"backend", event.backend},
       {"event_id", event.event_id},
       {"tenant", event.tenant},
       {"collection", event.collection},
       {"reason", event.reason}});
  engine_.Submit(ReportUnreadable{event.tenant, event.collection}, nullptr)
      .IgnoreError();
}

// Of an engine that is stopping, it never runs: the next process asks again.
void Follower::Intake::WhenSaved(std::function<void()> saved) {
  engine_.Submit(AwaitSaved{std::move(saved)}, nullptr).IgnoreError();
}

Follower::Follower(const FollowerOptions& options, Engine& engine,
                   EventLog& log)
    : options_(options),
      intake_(engine, log, options.on_append),
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
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    const bool is_ready = client_.IsReady();
    if (is_ready != was_ready) {
      was_ready = is_ready;
      const Status failure = client_.LastFailure();
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
