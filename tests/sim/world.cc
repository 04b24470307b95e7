#include "sim/world.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "puller/puller_marker.h"
#include "sim/saved_places.h"

namespace streamer::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// The phases of a run.
constexpr Duration kCalm = seconds(3);
constexpr Duration kFaults = seconds(40);
constexpr Duration kQuiet = seconds(75);

std::vector<LogEntry> NamedEvents(std::vector<LogEntry> log) {
  for (LogEntry& entry : log) entry = ChangeGenerator::WithNames(entry);
  return log;
}

}  // namespace

World::World(std::uint64_t seed, Trace trace)
    : random_(seed),
      trace_(std::move(trace)),
      network_(random_),
      generator_(random_) {
  fault_mean_ = milliseconds(500 + random_.Below(6'000));
  write_mean_ = milliseconds(50 + random_.Below(300));
  source_log_ = std::make_shared<SimulatedLog>(SimulatedLog::Options{
      .identity = "source",
      .epoch = 3,
      .retention = DrawRetention(random_.Chance(1, 4), 20),
      .segment = DrawSegments()});
  MakeStreamer();
  MakeUsers();
}

// By one of the three limits.
RetentionOptions World::DrawRetention(bool trims, std::uint64_t least) {
  if (!trims) return {};
  const std::uint64_t events = least + random_.Below(150);
  constexpr std::uint64_t kBytesOfOne = 60;
  switch (random_.Below(3)) {
    case 0:
      return {.bytes = events * kBytesOfOne};
    case 1:
      return {.age = seconds(events / 4)};
    default:
      return {.events = events};
  }
}

internal::SegmentLimits World::DrawSegments() {
  return {.events = 1 + random_.Below(12),
          .bytes = 100 + random_.Below(2'000),
          .age = seconds(1 + random_.Below(10))};
}

void World::MakeStreamer() {
  const bool trims = random_.Chance(1, 2);
  log_ = std::make_shared<SimulatedLog>(
      SimulatedLog::Options{.identity = "streamer",
                            .epoch = 7,
                            .retention = DrawRetention(trims, 40),
                            .segment = DrawSegments(),
                            .syncs = random_.Chance(1, 3)});
  store_ = std::make_shared<SimulatedStateStore>(
      random_.Chance(1, 3) ? 1 + random_.Below(4) : 1'000);
  store_->OnCommit([this](const StateTransaction& transaction) {
    for (const StateChange& change : transaction.changes) {
      Note(absl::StrCat("state: ", static_cast<int>(change.key.kind), " ",
                        change.key.name, " ",
                        change.value ? *change.value : "removed"));
    }
    NoteSaved();
  });
  state_faults_ = std::make_unique<StateFaults>(
      random_.seed(), schedule_, store_->folder(),
      StateFaults::Surroundings{
          .kill_streamer = [this] { KillStreamer(random_.Chance(1, 2)); },
          .state_lost = [this] { AddCause({.kind = Cause::Kind::kStoreLost}); },
          .note = [this](const std::string& text) { Note(text); },
          .complain =
              [this](const char* invariant, std::string text) {
                Complain(invariant, std::move(text));
              }});
  StreamerProcess::Options& options = streamer_options_;
  // Longer than a run: what was seen is known.
  options.core.duplicates.age = hours(12);
  options.core.session.ttl = seconds(random_.Chance(1, 4) ? 15 : 60);
  // Some that are soon full, some in which much waits.
  const std::size_t size = random_.Below(4);
  options.outbox.deliveries = size < 2    ? 2 + random_.Below(30)
                              : size == 2 ? 30 + random_.Below(60)
                                          : 65'536;
  if (random_.Chance(1, 4)) {
    options.outbox.bytes = 500 + random_.Below(20'000);
  }
  if (random_.Chance(1, 2)) options.stream_window = 1 + random_.Below(32);
  // Collections are split over several as soon as they have a few.
  options.shards = 1 + random_.Below(4);
  if (random_.Chance(1, 2)) {
    options.core.split = {.above = 1 + random_.Below(4),
                          .slice = 1 + random_.Below(3)};
  }
  options.save_interval = seconds(1 + random_.Below(6));
  options.stall_timeout = seconds(random_.Chance(1, 2) ? 30 : 5);
  if (trims && random_.Chance(1, 3)) options.max_lag = 30 + random_.Below(60);
  options.coalesces = random_.Chance(1, 3);
  options.source_batch = 1 + random_.Below(64);
  history_.coalesces = options.coalesces;
  history_.max_lag = options.max_lag;
  streamer_ = std::make_unique<StreamerProcess>(
      options, schedule_, network_, random_, log_, store_,
      StreamerProcess::Surroundings{
          .open_source =
              [this](const source_action::OpenStream& request,
                     SourceLink::Listener listener) {
                return OpenSource(request, std::move(listener));
              },
          .loss_logged = [this](const SourceEvent& loss) { NoteLoss(loss); },
          .door_closed = [this] { NoteDoorClosed(); },
          .drained = [this](bool is_saved) { NoteDrained(is_saved); },
          .wall_offset = [this] { return wall_offset_; },
          .note = [this](const std::string& text) { Note(text); }});
  streamer_->fuse().OnBlow([this] {
    schedule_.After(Duration(0),
                    [this] { KillStreamer(random_.Chance(1, 3)); });
  });
}

void World::MakeUsers() {
  const std::size_t count = 2 + random_.Below(4);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string id = absl::StrCat("g", i + 1);
    users_.push_back(std::make_unique<GatewayUser>(
        id, random_.Chance(2, 3), schedule_, random_,
        GatewayUser::Surroundings{
            .process =
                {.connect =
                     [this](LinkUser* user, const std::string& credential) {
                       return streamer_->Connect(user, credential);
                     },
                 .log_bounds = [this] { return BoundsOfLog(); },
                 .note = [this](const std::string& text) { Note(text); }},
            .refuse =
                [this](LinkUser* user) { return streamer_->Refuse(user); },
            .old_place =
                [this] {
                  const std::uint64_t head = log_->head().offset;
                  const std::uint64_t back =
                      random_.Below(std::min<std::uint64_t>(head, 80) + 1);
                  return FormatProgress(log_->history().At(head - back));
                },
            .may_be_mute = streamer_options_.outbox.deliveries > 20 &&
                           streamer_options_.outbox.bytes > 20'000,
            .lost_place =
                [this, id] {
                  AddCause(
                      {.kind = Cause::Kind::kGatewayLost, .gateway_id = id});
                }}));
  }
}

std::vector<Complaint> World::Run() {
  StartStreamer();
  for (const auto& user : users_) user->Start();
  for (std::size_t i = 0; i < users_.size(); ++i) {
    Repeat(milliseconds(100), [this, i] {
      users_[i]->Step();
      return true;
    });
  }
  Repeat(seconds(1), [this] {
    Watch();
    return true;
  });
  const MonotonicTime start = schedule_.now();
  schedule_.After(seconds(1), [this] { WriteEvents(); });
  schedule_.After(kCalm, [this] {
    has_faults_ = true;
    DrawFault();
    state_faults_->Draw(kFaults);
    DrawTurns();
  });
  schedule_.RunUntil(start + kCalm + kFaults);
  Heal();
  schedule_.RunUntil(start + kCalm + kFaults + kQuiet);
  CheckWhole();
  return complaints_;
}

void World::Repeat(Duration mean, const std::function<bool()>& action) {
  schedule_.After(Around(mean), [this, mean, action] {
    if (action()) Repeat(mean, action);
  });
}

Duration World::Around(Duration mean) {
  const auto twice = static_cast<std::size_t>(mean.count()) * 2;
  return Duration(static_cast<std::int64_t>(random_.Below(twice) + 1));
}

void World::WriteEvents() {
  schedule_.After(Around(write_mean_), [this] {
    WriteSome();
    if (is_writing_ || !unwritten_.empty()) WriteEvents();
  });
}

// The database waits for its puller.
void World::WriteSome() {
  // A burst may be more than the source holds: that is a fault, too.
  const std::size_t count = !healed_at_ && random_.Chance(1, 20)
                                ? random_.Below(40)
                                : 1 + random_.Below(3);
  const auto wall = std::chrono::duration_cast<milliseconds>(
      schedule_.now().time_since_epoch());
  for (std::size_t i = 0; is_writing_ && i < count; ++i) {
    unwritten_.push_back(generator_.Next(WallTime(wall)));
  }
  if (!is_puller_up_ || unwritten_.empty()) return;
  std::vector<SourceEvent> events(unwritten_.begin(), unwritten_.end());
  const Instant now{schedule_.now(), WallTime(wall)};
  if (!source_log_->Append(std::move(events), now).ok()) return;
  unwritten_.clear();
  source_log_->Release(source_log_->head());
  source_log_->Trim(now).IgnoreError();
  for (const auto& link : source_links_) link->Pump();
}

void World::Watch() {
  std::erase_if(source_links_,
                [](const auto& link) { return link->is_over(); });
  for (const auto& user : users_) {
    // The service may have closed a stream that the gateway still believes in.
    const Link* link = user->process().link();
    const bool is_open = link != nullptr && link->stream() != nullptr;
    if (!is_open || !user->process().is_connected()) {
      AddCause({.kind = Cause::Kind::kExpired,
                .gateway_id = user->history().gateway_id});
    }
  }
  CheckCaps();
}

// What waits, on either side of the streams.
void World::CheckCaps() {
  if (streamer_->is_running()) {
    const EngineStatistics counts = streamer_->engine().Statistics();
    const std::uint64_t outboxes = counts.gateways_connected +
                                   counts.sessions_connected +
                                   counts.sessions_disconnected;
    const std::uint64_t most = outboxes * streamer_options_.outbox.deliveries;
    if (counts.outbox_depth > most) {
      Complain("I9", absl::StrCat(counts.outbox_depth, " deliveries wait in ",
                                  outboxes, " outboxes, for at most ", most));
    }
  }
  for (const auto& user : users_) {
    if (user->process().is_within_caps()) continue;
    Complain("I9", absl::StrCat(user->history().gateway_id, " has ",
                                user->process().queue().delivery_count(),
                                " deliveries that nobody has read"));
  }
}

void World::DrawFault() {
  schedule_.After(Around(fault_mean_), [this] {
    if (!has_faults_) return;
    DoFault();
    DrawFault();
  });
}

// From numbers of their own, so that the other seeds stay as they are.
void World::DrawTurns() {
  constexpr std::uint64_t kSeedOffset = 0x7A5;
  constexpr std::size_t kMost = 6;
  support::Random own(random_.seed() + kSeedOffset);
  if (!own.Chance(1, 4)) return;
  for (std::size_t i = 0; i < kMost; ++i) {
    const auto within = [&own](Duration span) {
      return Duration(static_cast<std::int64_t>(
          own.Below(static_cast<std::size_t>(span.count()))));
    };
    const Duration at = within(kFaults - seconds(5));
    schedule_.After(at, [this, user = own.Below(users_.size())] {
      users_[user]->StandIn();
    });
    schedule_.After(at + within(seconds(5)), [this] { KillStreamer(false); });
  }
}

void World::DoFault() {
  switch (random_.Below(13)) {
    case 0:
    case 1:
      return BreakStreams();
    case 2:
      return StallStreams();
    case 3:
      return FailDisk();
    case 4:
      return FailStore();
    case 5:
      return KillStreamer(random_.Chance(1, 2));
    case 6:
      Note("streamer: will be killed within some steps");
      return streamer_->fuse().Light(random_.Below(60));
    case 7:
      return RestartPuller();
    case 8:
      Note("the wall clock jumps");
      wall_offset_ += hours(random_.Between(-9, 9));
      return;
    case 9:
      return log_->Sync();
    case 10:
      return DrainStreamer();
    default:
      return users_[random_.Below(users_.size())]->DoFault();
  }
}

void World::BreakStreams() {
  Note("streams break");
  if (random_.Chance(1, 3)) {
    for (const auto& link : source_links_) link->Break();
    return;
  }
  streamer_->ForEachLink([this](Link& link) {
    if (random_.Chance(1, 2)) link.Break();
  });
}

void World::StallStreams() {
  Note("streams stall");
  const MonotonicTime until = schedule_.now() + seconds(random_.Below(50));
  if (random_.Chance(1, 3)) {
    for (const auto& link : source_links_) link->StallUntil(until);
    return;
  }
  streamer_->ForEachLink([&](Link& link) {
    if (random_.Chance(1, 2)) link.StallUntil(until);
  });
}

void World::FailDisk() {
  Note("a disk is full");
  const auto& disk = random_.Chance(1, 4) ? source_log_ : log_;
  disk->SetFull(true);
  schedule_.After(Around(seconds(5)), [disk] { disk->SetFull(false); });
}

void World::FailStore() {
  if (random_.Chance(1, 2)) return store_->HideNextOutcome();
  Note("the state store fails");
  store_->SetFailing(true);
  schedule_.After(Around(seconds(5)), [this] { store_->SetFailing(false); });
}

void World::KillStreamer(bool is_power_cut) {
  if (!streamer_->is_running()) return;
  const std::uint64_t unsynced = log_->unsynced();
  const std::uint64_t kept =
      is_power_cut ? random_.Below(unsynced + 1) : unsynced;
  const std::vector<LogEntry> before = log_->archive();
  streamer_->Kill(kept);
  for (std::uint64_t i = log_->archive().size(); i < before.size(); ++i) {
    history_.lost.emplace(before[i].position,
                          ChangeGenerator::WithNames(before[i]));
  }
  schedule_.After(Around(seconds(3)), [this] { StartStreamer(); });
}

// Another begins where it ended.
void World::DrainStreamer() {
  if (!streamer_->is_running()) return;
  streamer_->Drain(seconds(1 + random_.Below(10)));
}

// Where another process of the gateway may have the session, nobody knows which
// stream is the one whose acknowledgements count.
void World::NoteDoorClosed() {
  acknowledged_.clear();
  for (const auto& user : users_) {
    const Link* link = user->process().link();
    if (!user->is_session() || user->has_zombie() || link == nullptr) continue;
    if (!user->process().is_connected() || link->is_broken()) continue;
    if (link->stream() == nullptr) continue;
    acknowledged_.emplace(user.get(), link->acknowledged());
  }
}

void World::NoteDrained(bool is_saved) {
  if (is_saved) ++counts_.drains;
  for (const auto& [user, acknowledged] : acknowledged_) {
    if (!is_saved || acknowledged.session == 0) continue;
    user->Note(Drained{acknowledged.session, acknowledged.sequence,
                       SavedPlaces(store_->state(), log_->history(),
                                   user->history().gateway_id)});
  }
  schedule_.After(Around(seconds(3)), [this] { StartStreamer(); });
}

void World::StartStreamer() {
  if (streamer_->is_running()) return;
  history_.first_at_start.push_back(log_->first().offset);
  history_.starts.push_back(schedule_.now());
  ++counts_.streamer_starts;
  const Status started = streamer_->Start();
  state_faults_->JudgeStart(started);
  if (started.ok()) return;
  Note(absl::StrCat("streamer: no start: ", started.ToString()));
  schedule_.After(seconds(1), [this] { StartStreamer(); });
}

// Its log is synced: nothing of it is lost.
void World::RestartPuller() {
  if (!is_puller_up_) return;
  Note("puller: killed");
  is_puller_up_ = false;
  for (const auto& link : source_links_) link->Break();
  source_log_->Crash(0);
  schedule_.After(Around(seconds(5)), [this] { is_puller_up_ = true; });
}

void World::Heal() {
  Note("all is well again");
  has_faults_ = false;
  network_.Heal();
  healed_at_ = schedule_.now();
  Repeat(milliseconds(50), [this] { return !NoteWhole(); });
  streamer_->fuse().Replace();
  log_->SetFull(false);
  source_log_->SetFull(false);
  store_->SetFailing(false);
  is_puller_up_ = true;
  state_faults_->PutBack();
  StartStreamer();
  streamer_->ForEachLink([](Link& link) {
    if (link.is_stalled()) link.Break();
  });
  for (const auto& link : source_links_) {
    if (link->is_stalled()) link->Break();
  }
  for (const auto& user : users_) user->Heal();
  // Enough to see that nothing is late any more.
  write_mean_ = milliseconds(500);
  schedule_.After(seconds(60), [this] { is_writing_ = false; });
}

// That a stream is broken may be noticed late, and a backoff may have become as
// long as it ever is.
bool World::NoteWhole() {
  const bool is_whole =
      streamer_->is_running() && streamer_->source_link() != nullptr &&
      std::all_of(users_.begin(), users_.end(), [](const auto& user) {
        const Link* link = user->process().link();
        return user->process().is_connected() && link != nullptr &&
               link->stream() != nullptr && !link->is_broken();
      });
  if (is_whole) {
    Note("all are connected again");
    history_.whole_since = schedule_.now();
  } else if (schedule_.now() - *healed_at_ >
             Network::kLongestNotice + BackoffOptions().maximum + seconds(1)) {
    Complain("I8", "not all are connected, long after all was well");
    return true;
  }
  return is_whole;
}

void World::CheckWhole() {
  for (const auto& user : users_) {
    if (!user->is_settled()) {
      Complain("I8", absl::StrCat(user->history().gateway_id,
                                  " is not connected, or has not read all"));
    }
    user->process().ReadSome(0);
    history_.gateways.push_back(user->history());
  }
  history_.log = NamedEvents(log_->archive());
  for (const LogEntry& entry : history_.log) {
    NoteEntry(entry);
    counts_.bare_deletes += ChangeGenerator::IsBareDelete(*entry.event);
  }
  history_.log_history = log_->history();
  history_.source = NamedEvents(source_log_->archive());
  counts_.events = history_.log.size();
  counts_.refusals = state_faults_->refusals();
  counts_.log_cuts = log_->cuts();
  counts_.moved = streamer_->moved();
  counts_.source_losses = history_.source_losses.size();
  for (const GatewayHistory& gateway : history_.gateways) {
    for (const GatewayRecord& record : gateway.records) {
      if (const auto* delivered = std::get_if<Delivered>(&record.what)) {
        ++counts_.deliveries;
        counts_.merged += delivered->coalesced;
        counts_.memberships += delivered->memberships.size();
      }
      if (const auto* noticed = std::get_if<Noticed>(&record.what)) {
        ++counts_.notices;
        counts_.unnamed += noticed->gap.reason.find(
                               "could not be identified") != std::string::npos;
      }
      counts_.welcomes += std::holds_alternative<Welcomed>(record.what);
    }
  }
  for (Complaint& complaint : Check(history_)) {
    complaints_.push_back(std::move(complaint));
  }
}

std::shared_ptr<SourceLink> World::OpenSource(
    const source_action::OpenStream& request, SourceLink::Listener listener) {
  auto link = std::make_shared<SourceLink>(schedule_, network_, random_,
                                           std::move(listener));
  Note(absl::StrCat("source: stream after \"", request.after, "\""));
  if (is_puller_up_) {
    source_links_.push_back(link);
    link->Accept({.after = request.after, .coalesces = request.coalesces},
                 *source_log_);
  } else {
    link->Refuse(Unavailable("connection refused"));
  }
  return link;
}

void World::NoteLoss(const SourceEvent& event) {
  const SourceLoss& gap = *event.loss;
  if (gap.kind == SourceLoss::Kind::kUnreadable) {
    return AddCause({.kind = Cause::Kind::kUnreadable, .tenant = event.tenant});
  }
  Note(absl::StrCat("source: gap from \"", gap.from, "\" to \"", gap.to,
                    "\": ", gap.reason));
  const auto offset = [](const std::string& progress) {
    const Result<PullerMarker> marker = ParsePullerMarker(progress);
    return marker.ok() ? marker->complete.offset : 0;
  };
  history_.source_losses.push_back({.after = offset(gap.from),
                                    .upto = offset(gap.to),
                                    .first_held = source_log_->first().offset,
                                    .at = schedule_.now(),
                                    .backend = event.backend});
  // Whose tenants those are, the events before it say.
  const auto is_of_it = [&](const LogEntry& entry) {
    return entry.event->loss == nullptr &&
           entry.event->backend == event.backend;
  };
  const bool is_known =
      std::any_of(log_->archive().begin(), log_->archive().end(), is_of_it);
  AddCause({.kind = Cause::Kind::kSourceGap,
            .backend = is_known ? event.backend : ""});
}

void World::NoteSaved() {
  for (const auto& user : users_) {
    if (!user->is_session()) continue;
    MarkerSaved saved = SavedPlaces(store_->state(), log_->history(),
                                    user->history().gateway_id);
    if (!saved.places.empty()) user->Note(std::move(saved));
  }
}

LogBounds World::BoundsOfLog() const {
  return {.head = log_->head().offset,
          .newest_first = log_->newest_first(),
          .newest_head = log_->newest_head()};
}

void World::NoteEntry(const LogEntry& entry) {
  const SourceEvent& event = *entry.event;
  Note(absl::StrCat(
      "log: ", FormatProgress(entry.position), " ", event.event_id, " ",
      std::string(NameOf(event.operation)), event.is_deleted ? " deleted" : "",
      event.was_deleted ? " was deleted" : "", " ", event.tenant, " ",
      event.collection, " ", event.document_id, " ", event.document,
      event.before.empty() ? "" : " was ", event.before, " marker ",
      event.upstream_marker, event.loss == nullptr ? "" : " lost: ",
      event.loss == nullptr ? "" : event.loss->reason));
}

void World::AddCause(Cause cause) {
  cause.at = schedule_.now();
  history_.causes.push_back(std::move(cause));
}

void World::Note(const std::string& text) {
  if (!trace_) return;
  const auto since = schedule_.now().time_since_epoch() - hours(24);
  trace_(absl::StrCat(std::chrono::duration_cast<milliseconds>(since).count(),
                      " ms  ", text));
}

void World::Complain(const char* invariant, std::string text) {
  complaints_.push_back({invariant, std::move(text)});
}

}  // namespace streamer::sim
