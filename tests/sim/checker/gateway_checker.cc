#include "sim/checker/gateway_checker.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/saved_state.h"
#include "sim/change_generator.h"

namespace streamer::sim {
namespace {

bool IsWithin(
    const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges,
    std::uint64_t offset) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return range.first < offset && offset <= range.second;
  });
}

}  // namespace

void GatewayChecker::Run() {
  for (const GatewayRecord& record : gateway_.records) {
    now_ = record.at;
    std::visit([this](const auto& one) { Take(one); }, record.what);
  }
  for (const auto& [id, life] : lives_) {
    CheckComplete(life);
    CheckTold(life);
    CheckExplained(life);
  }
}

void GatewayChecker::Complain(const char* invariant, std::string text) {
  complaints_.push_back(
      {invariant,
       absl::StrCat(gateway_.gateway_id, " at ",
                    std::chrono::duration_cast<std::chrono::milliseconds>(
                        now_.time_since_epoch())
                        .count(),
                    " ms: ", text)});
}

std::string GatewayChecker::Name(const Life& life) const {
  return absl::StrCat("subscription ", life.request.id, " (",
                      life.request.tenant, " ", life.request.collection, " ",
                      life.filter->text(),
                      life.request.membership ? ", membership" : "", ", after ",
                      life.from, ")");
}

std::optional<std::uint64_t> GatewayChecker::OffsetOf(
    const std::string& progress) const {
  const Result<Position> position = ParseProgress(progress);
  if (!position.ok()) return std::nullopt;
  const auto resolved = history_.log_history.Resolve(*position);
  // A notice may name an offset of before the epoch it was given in.
  if (!resolved.ok()) return position->offset;
  if (gateway_.is_session || !resolved->is_cut_back) {
    return resolved->position.offset;
  }
  // A plain gateway goes on from nowhere: what it had of a lost tail is what
  // came in its place.
  const auto lost = history_.lost.find(*position);
  if (lost == history_.lost.end()) return resolved->position.offset;
  const auto& same = truth_.Find(Truth::IdentityOf(*lost->second.event));
  const std::uint64_t kept = resolved->position.offset;
  const auto again = std::upper_bound(same.begin(), same.end(), kept);
  return again == same.end() ? kept : *again;
}

// A process that begins anew has nothing of before.
void GatewayChecker::Take(const ProcessStarted& started) {
  is_resumed_ = started.is_resumed;
  process_ = started.process;
  nothing_missed_upto_.reset();
  is_lost_ = false;
  lost_from_.reset();
  if (!is_resumed_) {
    lives_.clear();
    ended_.clear();
    asked_.clear();
    early_.clear();
    early_notices_.clear();
    notices_to_all_.clear();
  }
  if (!started.is_exact) return;
  // What was processed does not come again, but where that is said.
  for (auto& [id, life] : lives_) {
    for (const std::uint64_t offset : life.got) {
      life.seen.emplace(process_, 0, offset);
    }
  }
}

void GatewayChecker::Take(const Asked& asked) {
  asked_.try_emplace(asked.subscription_id, process_, asked);
}

void GatewayChecker::Take(const Answered& answered) {
  const std::string& id = answered.request.id;
  const auto filter =
      Filter::Compile({.conditions = answered.request.conditions,
                       .expression = answered.request.expression});
  const auto from = OffsetOf(answered.from_progress);
  if (!filter.ok() || !from) {
    return Complain("I2",
                    absl::StrCat("subscription ", id, " was answered with \"",
                                 answered.from_progress, "\""));
  }
  const auto [found, is_new] = lives_.try_emplace(id);
  if (!is_new) {
    if (is_lost_) {
      found->second.declared.emplace_back(
          lost_from_.value_or(LastSure(found->second)), *from);
    }
    return;
  }
  found->second.request = answered.request;
  found->second.filter = *filter;
  found->second.from = *from;
  found->second.answered_at = now_;
  // What was lost may have been its own: the service had it before the answer.
  if (is_lost_) found->second.lost_after = *from;
  const auto first = asked_.find(id);
  if (first != asked_.end() && first->second.first != process_) {
    const Asked& asked = first->second.second;
    found->second.began_at = asked.resume_after.empty()
                                 ? asked.head
                                 : OffsetOf(asked.resume_after).value_or(*from);
    if (!history_.lost.empty()) {
      found->second.began_at = std::min(
          found->second.began_at, history_.lost.begin()->first.offset - 1);
    }
  }
  KeepWhatCame(found->second);
  for (const auto& notices : {early_notices_[id], notices_to_all_}) {
    for (const Noticed& noticed : notices) Declare(found->second, noticed);
  }
  early_notices_.erase(id);
  const auto early = early_.extract(id);
  if (early.empty()) return;
  for (const Delivered& delivered : early.mapped()) {
    if (const auto spoken = Identify(delivered)) {
      TakeFor(found->second, delivered, *spoken,
              FindMerged(delivered, *spoken));
    }
  }
}

// What a process ended and did not live to say goes on with the next process,
// if that asks for the same. Nobody can tell it from a new one, which would
// begin where the answer says; what came before it does not get again.
void GatewayChecker::KeepWhatCame(Life& life) {
  const auto ended = ended_.extract(life.request.id);
  if (ended.empty() || !is_resumed_ || ended.mapped().first == process_) return;
  const Life& before = ended.mapped().second;
  if (before.request.tenant == life.request.tenant &&
      before.request.collection == life.request.collection &&
      before.request.membership == life.request.membership &&
      before.filter->text() == life.filter->text()) {
    life.got = before.got;
    life.declared.insert(life.declared.end(), before.declared.begin(),
                         before.declared.end());
    life.began_at = std::min(life.began_at, before.from);
  }
}

void GatewayChecker::Take(const Ended& ended) {
  has_ended_any_ = true;
  const auto life = lives_.find(ended.subscription_id);
  if (life != lives_.end()) {
    ended_.insert_or_assign(ended.subscription_id,
                            std::pair(process_, std::move(life->second)));
    lives_.erase(life);
  } else {
    ended_.erase(ended.subscription_id);
  }
  asked_.erase(ended.subscription_id);
  early_.erase(ended.subscription_id);
  early_notices_.erase(ended.subscription_id);
}

std::optional<GatewayChecker::Spoken> GatewayChecker::Identify(
    const Delivered& delivered) const {
  if (!gateway_.is_session) return IdentifyPlain(delivered);
  const Result<Position> position = ParseProgress(delivered.progress);
  if (!position.ok()) return std::nullopt;
  if (position->offset >= 1 && position->offset <= truth_.head()) {
    const LogEntry& entry = truth_.At(position->offset).entry;
    const bool is_there =
        entry.position == *position &&
        (!gateway_.allows_merging ||
         Truth::IdentityOf(*entry.event) == Truth::IdentityOf(delivered));
    if (is_there) return Spoken{&entry, position->offset, false, {}};
  }
  if (gateway_.allows_merging) return IdentifyMerging(delivered, *position);
  const auto lost = history_.lost.find(*position);
  if (lost == history_.lost.end()) return std::nullopt;
  return Spoken{&lost->second, 0, false, {}};
}

std::optional<GatewayChecker::Spoken> GatewayChecker::IdentifyPlain(
    const Delivered& delivered) const {
  const std::string identity = Truth::IdentityOf(delivered);
  const LogEntry* lost_entry = nullptr;
  for (const auto& [position, entry] : history_.lost) {
    if (Truth::IdentityOf(*entry.event) == identity) lost_entry = &entry;
  }
  Spoken spoken{lost_entry, 0, lost_entry != nullptr, {}};
  for (const std::uint64_t offset : truth_.Find(identity)) {
    const Truth::Event& event = truth_.At(offset);
    if (event.outcome == Truth::Outcome::kDropped) continue;
    if (spoken.offset != 0) {
      spoken.repeats.push_back(offset);
    } else {
      spoken.entry = &event.entry;
      spoken.offset = offset;
    }
  }
  if (spoken.entry == nullptr) return std::nullopt;
  return spoken;
}

void GatewayChecker::Take(const Delivered& delivered) {
  const auto spoken = Identify(delivered);
  if (!spoken) {
    return Complain("I2", absl::StrCat("event ", delivered.event_id, " at \"",
                                       delivered.progress,
                                       "\" was delivered, and is none that "
                                       "goes out"));
  }
  if (Truth::IdentityOf(*spoken->entry->event) !=
      Truth::IdentityOf(delivered)) {
    Complain("I2",
             absl::StrCat("at \"", delivered.progress, "\" stands ",
                          Truth::IdentityOf(*spoken->entry->event),
                          ", delivered was ", Truth::IdentityOf(delivered)));
  }
  if (delivered.is_processed && !delivered.is_catching_up) {
    progress_[{delivered.session, delivered.sequence}] = delivered.progress;
  }
  const Merged merged = FindMerged(delivered, *spoken);
  for (const std::string& id : delivered.subscription_ids) {
    const auto life = lives_.find(id);
    if (life != lives_.end()) {
      TakeFor(life->second, delivered, *spoken, merged);
    } else if (is_resumed_ || asked_.contains(id)) {
      // A reader that is slow reads what came before the session was lost.
      const bool is_of_lost_one =
          gateway_.is_session &&
          LineageOf(SessionNumber(delivered.session)) != lineage_;
      if (!is_of_lost_one) early_[id].push_back(delivered);
    } else {
      Complain("I2", absl::StrCat("event ", delivered.event_id,
                                  " was delivered to subscription ", id,
                                  ", which is not live"));
    }
  }
}

std::uint64_t GatewayChecker::RunOf(const Delivered& delivered) const {
  return gateway_.is_session ? delivered.session : delivered.stream;
}

void GatewayChecker::TakeFor(Life& life, const Delivered& delivered,
                             Spoken spoken, const Merged& merged) {
  const std::uint64_t last = life.last[{delivered.process, RunOf(delivered)}];
  for (const std::uint64_t repeat : spoken.repeats) {
    if (spoken.offset > std::max(life.from, last)) break;
    spoken.offset = repeat;
    spoken.entry = &truth_.At(repeat).entry;
  }
  if (delivered.tenant != life.request.tenant) {
    Complain("I5",
             absl::StrCat("event ", delivered.event_id, " of tenant ",
                          delivered.tenant, " was delivered to ", Name(life)));
  }
  CheckMatch(life, delivered, spoken, merged);
  CheckMembership(life, delivered, spoken, merged);
  CheckOrder(life, delivered, spoken);
  CheckNothingMissed(life, delivered, spoken);
  if (!delivered.is_processed) return;
  for (const std::uint64_t offset : merged.offsets) {
    if (life.got.insert(offset).second) life.within[offset] = spoken.offset;
  }
  if (spoken.offset == 0) return;
  life.got.insert(spoken.offset);
  life.newest = std::max(life.newest, spoken.offset);
}

// A plain gateway's subscription begins anew with each stream, after what came
// before: so nothing comes twice, either.
void GatewayChecker::CheckOrder(Life& life, const Delivered& delivered,
                                const Spoken& spoken) {
  if (spoken.offset == 0) return;
  const std::uint64_t run = RunOf(delivered);
  std::uint64_t& last = life.last[{delivered.process, run}];
  // A plain gateway's next stream may begin a little before the end of the
  // last.
  const std::uint64_t within = gateway_.is_session ? 0 : run;
  const bool is_again =
      !life.seen.emplace(delivered.process, within, spoken.offset).second;
  // A plain gateway cannot be told that it had something of a lost tail, nor
  // is that in the order of what came in its place.
  const bool may_be_lost = !gateway_.is_session && spoken.may_be_lost;
  const bool may_repeat = delivered.is_redelivered || may_be_lost;
  if (is_again && (!may_repeat || spoken.offset == last)) {
    Complain("I3",
             absl::StrCat("event ", delivered.event_id, " at ", spoken.offset,
                          " was delivered again to ", Name(life)));
  } else if (spoken.offset <= last && !may_be_lost) {
    Complain("I4", absl::StrCat("event ", delivered.event_id, " at ",
                                spoken.offset, " was delivered to ", Name(life),
                                " after the one at ", last));
  }
  last = std::max(last, spoken.offset);
}

void GatewayChecker::CheckNothingMissed(const Life& life,
                                        const Delivered& delivered,
                                        const Spoken& spoken) {
  if (!nothing_missed_upto_ || spoken.offset == 0) return;
  if (spoken.offset > *nothing_missed_upto_) return;
  if (!nothing_missed_of_.contains(life.request.id)) return;
  if (life.got.contains(spoken.offset)) return;
  Complain("I7",
           absl::StrCat("nothing was missed up to ", *nothing_missed_upto_,
                        ", then event ", delivered.event_id, " at ",
                        spoken.offset, " was delivered to ", Name(life)));
}

void GatewayChecker::Take(const Noticed& noticed) {
  const ReceivedGap& gap = noticed.gap;
  if (gateway_.is_session && gap.end == ReceivedGap::End::kNone) {
    CheckCause(noticed);
  }
  std::vector<std::string> ids = gap.subscription_ids;
  if (ids.empty()) {
    notices_to_all_.push_back(noticed);
    for (const auto& [id, life] : lives_) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    const auto life = lives_.find(id);
    if (life == lives_.end()) {
      early_notices_[id].push_back(noticed);
      continue;
    }
    Declare(life->second, noticed);
    if (gap.end == ReceivedGap::End::kNone) continue;
    has_ended_any_ = true;
    lives_.erase(life);
  }
}

// What came of a tail that was lost says nothing of what stands there now.
std::uint64_t GatewayChecker::LastSure(const Life& life) const {
  const std::uint64_t last = std::max(life.newest, life.from);
  if (history_.lost.empty()) return last;
  return std::min(last, history_.lost.begin()->first.offset - 1);
}

// Where it does not say from where, nothing after the last that came is sure.
void GatewayChecker::Declare(Life& life, const Noticed& noticed) {
  const auto from = OffsetOf(noticed.gap.from_progress);
  const auto to = OffsetOf(noticed.gap.to_progress);
  life.declared.emplace_back(
      from.value_or(life.lost_after.value_or(LastSure(life))),
      to.value_or(noticed.log.head));
  if (!from || noticed.gap.reason == kLostSession) life.lost_after.reset();
  life.noticed_at.push_back(now_);
  // A plain gateway's begins anew, perhaps earlier: then it is promised again
  // what it had before.
  if (gateway_.is_session || !to) return;
  life.from = std::min(life.from, *to);
  life.newest = *to;
}

void GatewayChecker::Take(const Welcomed& welcomed) {
  using Continuity = SessionWelcome::Continuity;
  nothing_missed_upto_.reset();
  const bool is_loss =
      welcomed.continuity == Continuity::kLost && !welcomed.is_all_received;
  was_told_of_loss_ |= is_loss;
  // Another session: what came early was of subscriptions that are gone.
  if (LineageOf(SessionNumber(welcomed.session)) !=
      LineageOf(SessionNumber(welcomed.asked_session))) {
    early_.clear();
  }
  lineage_ = LineageOf(SessionNumber(welcomed.session));
  if (welcomed.continuity == Continuity::kNew && welcomed.asked_session != 0) {
    Complain("I7", "a session was asked for and answered as new");
  }
  if (is_loss) {
    is_lost_ = true;
    lost_from_ = OffsetOf(welcomed.from_progress);
    for (auto& [id, life] : lives_) {
      if (!life.lost_after) life.lost_after = LastSure(life);
    }
  }
  if (welcomed.continuity != Continuity::kNothingMissed) return;
  nothing_missed_upto_ = OffsetOf(welcomed.to_progress);
  nothing_missed_of_.clear();
  for (const auto& [id, life] : lives_) nothing_missed_of_.insert(id);
}

void GatewayChecker::Take(const SequenceBroken& broken) {
  Complain("I4", absl::StrCat("expected the entry numbered ", broken.expected,
                              ", got ", broken.got));
}

bool GatewayChecker::IsMissing(const Life& life, std::uint64_t offset) const {
  const Truth::Event& event = truth_.At(offset);
  const SourceEvent& source = *event.entry.event;
  return source.tenant == life.request.tenant &&
         source.collection == life.request.collection &&
         event.outcome == Truth::Outcome::kGoesOut && event.is_operation_sure &&
         !life.got.contains(offset) &&
         (!IsWithin(life.declared, offset) || IsWithin(life.flushed, offset)) &&
         IsFor(life, offset);
}

// Of a gateway that came back with less than it had, another process has the
// rest; of one that was told of a loss, its reader may not know yet.
void GatewayChecker::Take(const MarkerSaved& saved) {
  if (HasCause(Cause::Kind::kGatewayLost) || is_lost_) return;
  for (auto& [id, life] : lives_) {
    const auto place = saved.places.find(id);
    if (place == saved.places.end()) continue;
    // Another life of the id, whose answer is still to come.
    const auto begun = saved.begun.find(id);
    if (begun != saved.begun.end() && begun->second > life.from) continue;
    const std::uint64_t upto = std::min(place->second, truth_.head());
    for (std::uint64_t offset = std::max(life.from, life.marked) + 1;
         offset <= upto; ++offset) {
      const LogEntry& entry = truth_.At(offset).entry;
      // It stands there since the log lost its tail.
      if (entry.logged_at.monotonic > now_) break;
      if (IsWithin(saved.noticed, offset) || !IsMissing(life, offset)) continue;
      Complain("I6", absl::StrCat("the saved marker is at ", place->second,
                                  ", and event ", entry.event->event_id, " at ",
                                  offset, " is not taken by ", Name(life)));
    }
    life.marked = std::max(life.marked, upto);
  }
}

// What was acknowledged before a drain need not come again after it.
void GatewayChecker::Take(const Drained& drained) {
  if (drained.saved.begun.empty()) return;  // the session has ended
  auto newest = progress_.upper_bound({drained.session, drained.sequence});
  if (newest == progress_.begin()) return;
  --newest;
  if (newest->first.first != drained.session) return;
  const std::uint64_t had = OffsetOf(newest->second).value_or(0);
  if (drained.saved.acknowledged >= had) return;
  Complain("I6", absl::StrCat("a drain saved ", drained.saved.acknowledged,
                              ", and ", had, " was acknowledged"));
}

// What comes of a tail that is lost later says nothing of what stands there.
void GatewayChecker::Take(const Flushed& flushed) {
  if (gateway_.is_session) return;
  const std::uint64_t upto =
      history_.lost.empty()
          ? flushed.upto
          : std::min(flushed.upto, history_.lost.begin()->first.offset - 1);
  for (const auto& [id, progress] : flushed.begun) {
    const auto life = lives_.find(id);
    const auto after = OffsetOf(progress);
    if (life == lives_.end() || !after) continue;
    life->second.flushed.emplace_back(*after, upto);
  }
}

void GatewayChecker::CheckComplete(const Life& life) {
  for (std::uint64_t offset = life.from + 1; offset <= truth_.head();
       ++offset) {
    if (!IsMissing(life, offset)) continue;
    const LogEntry& entry = truth_.At(offset).entry;
    Complain("I1", absl::StrCat("event ", entry.event->event_id, " at ",
                                FormatProgress(entry.position),
                                " did not come to ", Name(life)));
  }
}

// What the source lost stands in no log: who subscribed before must be told.
// To a plain gateway the stream that ends is the notice: who goes on from
// before that has had it.
void GatewayChecker::CheckTold(const Life& life) {
  if (gateway_.is_session) return CheckToldOfLosses(life);
  for (const History::SourceLoss& loss : history_.source_losses) {
    if (life.answered_at >= loss.at) continue;
    if (!ChangeGenerator::IsFrom(loss.backend, life.request.tenant)) continue;
    const bool is_told =
        std::any_of(life.noticed_at.begin(), life.noticed_at.end(),
                    [&](MonotonicTime noticed) { return noticed >= loss.at; });
    if (is_told) continue;
    Complain("I1", absl::StrCat("events ", loss.after + 1, " to ", loss.upto,
                                " of the source were lost, and nobody told ",
                                Name(life)));
  }
}

// From wherever it began.
void GatewayChecker::CheckToldOfLosses(const Life& life) {
  for (std::uint64_t offset = life.from + 1; offset <= truth_.head();
       ++offset) {
    const Truth::Event& event = truth_.At(offset);
    if (!IsLossFor(life, event) || IsWithin(life.declared, offset)) continue;
    const std::string place = FormatProgress(event.entry.position);
    const std::string what =
        event.entry.event->loss == nullptr
            ? absl::StrCat("the delete at ", place, " could not be named")
            : absl::StrCat("events were lost at ", place);
    Complain("I1", absl::StrCat(what, ", and nobody told ", Name(life)));
  }
}

// A gap is of the tenants of its backend. Who would see every change is told of
// one that nobody can read, and of a delete that nobody can name.
bool GatewayChecker::IsLossFor(const Life& life, const Truth::Event& event) {
  const SourceEvent& source = *event.entry.event;
  const bool is_loss = source.loss != nullptr;
  if (is_loss && source.loss->kind == SourceLoss::Kind::kGap) {
    return ChangeGenerator::IsFrom(source.backend, life.request.tenant);
  }
  if (!is_loss && event.naming != Truth::Naming::kUnknown) return false;
  const bool sees_all = life.request.membership ||
                        life.filter->is_match_all() ||
                        life.filter->document_id().has_value();
  return sees_all && source.tenant == life.request.tenant &&
         (source.collection.empty() ||
          source.collection == life.request.collection || !is_loss);
}

// Of one event in so many, for it takes long.
void GatewayChecker::CheckExplained(const Life& life) {
  constexpr std::uint64_t kStep = 29;
  for (std::uint64_t offset = 1 + life.from % kStep; offset <= truth_.head();
       offset += kStep) {
    const Truth::Event& event = truth_.At(offset);
    if (event.entry.event->loss != nullptr) continue;
    const bool is_match =
        Truth::Matches(*life.filter, event.entry, event.operation);
    if (Truth::IsExplainedAsMatch(*life.filter, event.entry, event.operation) ==
        is_match) {
      continue;
    }
    Complain("I10",
             absl::StrCat("event ", event.entry.event->event_id, " at ", offset,
                          is_match ? " matches " : " is none of ", Name(life),
                          ", and explain says otherwise"));
  }
}

}  // namespace streamer::sim
