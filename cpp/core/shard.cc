#include "core/shard.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "event/body.h"
#include "index/bloom_summary.h"
#include "index/hash_index.h"
#include "match/match_input.h"

namespace streamer {
namespace {

bool IsLong(const SourceEvent& source) {
  constexpr std::size_t kLong = 64 * 1024;
  return source.document.size() + source.before.size() > kLong;
}

void MergeInto(const std::vector<SubscriptionHandle>& from,
               std::vector<SubscriptionHandle>& into) {
  if (from.empty()) return;
  into.insert(into.end(), from.begin(), from.end());
  std::sort(into.begin(), into.end());
}

}  // namespace

std::size_t Shard::ProcessSome(std::span<ShardTask> tasks,
                               std::vector<ShardResult>& results) {
  const std::size_t events =
      CountEvents(tasks.first(std::min(tasks.size(), kMostTogether)));
  if (events > 0) return Match(tasks.first(events), results);
  Apply(tasks.front());
  return 1;
}

std::optional<ShardResult> Shard::Process(ShardTask task) {
  std::vector<ShardResult> results;
  ProcessSome({&task, 1}, results);
  if (results.empty()) return std::nullopt;
  return std::move(results.front());
}

void Shard::Apply(ShardTask& task) {
  if (auto* add = std::get_if<AddFilter>(&task.work)) {
    if (add->membership) {
      memberships_.Add(add->handle, add->tenant, add->collection,
                       std::move(add->filter));
    } else {
      matcher_.Add(add->handle, add->tenant, add->collection,
                   std::move(add->filter));
    }
  } else if (const auto* remove = std::get_if<RemoveFilters>(&task.work)) {
    for (SubscriptionHandle handle : remove->handles) Remove(handle);
  } else if (const auto* question = std::get_if<Summarize>(&task.work)) {
    question->answer(Summary(question->tenant, question->collection));
  }
}

void Shard::Remove(SubscriptionHandle handle) {
  matcher_.Remove(handle);
  memberships_.Remove(handle);
}

// An event that no filter matches may take a document out of one.
std::string Shard::Summary(const std::string& tenant,
                           const std::string& collection) {
  if (memberships_.HasCollection(tenant, collection)) {
    return BloomSummary::BytesOfMaybe();
  }
  return matcher_.Summary(tenant, collection);
}

std::size_t Shard::CountEvents(std::span<const ShardTask> tasks) {
  const auto end =
      std::find_if(tasks.begin(), tasks.end(), [](const ShardTask& task) {
        return !std::holds_alternative<MatchEvent>(task.work);
      });
  return static_cast<std::size_t>(end - tasks.begin());
}

std::size_t Shard::Match(std::span<ShardTask> tasks,
                         std::vector<ShardResult>& results) {
  PrepareInputs(tasks);
  const std::size_t matched = matcher_.MatchBatch(inputs_, scratches_);
  for (std::size_t i = 0; i < matched; ++i) {
    auto& work = std::get<MatchEvent>(tasks[i].work);
    results.push_back(ResultOf(tasks[i].ordinal, work, scratches_[i]));
  }
  return matched;
}

// Of as many events as are matched together. A long document gains nothing
// from company, and would leave its size behind in each scratch it comes to.
void Shard::PrepareInputs(std::span<const ShardTask> tasks) {
  for (const ShardTask& task : tasks) {
    PrefetchMatchInput(std::get<MatchEvent>(task.work).event);
  }
  inputs_.clear();
  for (const ShardTask& task : tasks) {
    const ChangeEvent& event = std::get<MatchEvent>(task.work).event;
    const bool is_long = IsLong(*event.source);
    if (is_long && !inputs_.empty()) return;
    inputs_.push_back(MakeMatchInput(event));
    if (is_long) return;
  }
}

// Takes the event out of `work`.
ShardResult Shard::ResultOf(Ordinal ordinal, MatchEvent& work,
                            MatchScratch& scratch) {
  ShardResult result;
  result.ordinal = ordinal;
  const bool has_memberships = HasMemberships(work);
  if ((has_memberships || !scratch.matches.empty()) &&
      scratch.body == nullptr && scratch.problem.ok()) {
    Result<std::unique_ptr<const EventBody>> body =
        EventBody::Parse(work.event);
    scratch.problem = body.status();
    if (body.ok()) scratch.body = *std::move(body);
  }
  if (!scratch.problem.ok()) {
    result.malformed = MakeMalformed(work, scratch.problem);
    return result;
  }
  result.handles.assign(scratch.matches.begin(), scratch.matches.end());
  if (has_memberships) MatchMemberships(work, scratch, result);
  result.suspension = Suspend(work.event, scratch.over_budget);
  if (result.handles.empty()) return result;
  std::string document = DeliveredJson(work.event, *scratch.body);
  result.event = std::make_shared<const OutgoingEvent>(
      OutgoingEvent{std::move(work.event), std::move(document)});
  return result;
}

std::shared_ptr<const MalformedEvent> Shard::MakeMalformed(MatchEvent& work,
                                                           Status problem) {
  std::vector<SubscriptionHandle> unsure;
  if (HasMemberships(work)) {
    unsure = memberships_.Forget(work.event, *work.membership);
  }
  return std::make_shared<const MalformedEvent>(MalformedEvent{
      std::move(work.event), std::move(problem), std::move(unsure)});
}

bool Shard::HasMemberships(const MatchEvent& work) const {
  return work.membership && memberships_.HasCollection(work.event.tenant(),
                                                       work.event.collection());
}

// Puts them among the others, in order of handle.
void Shard::MatchMemberships(const MatchEvent& work, MatchScratch& scratch,
                             ShardResult& result) {
  const internal::Memberships::Found& found =
      memberships_.Match(work.event, *scratch.body, *work.membership);
  if (scratch.collection == HashIndex::kNone) ++membership_events_;
  given_memberships_ += found.handles.size();
  MergeInto(found.over_budget, scratch.over_budget);
  if (found.handles.empty()) return;
  const std::vector<SubscriptionHandle> others = std::move(result.handles);
  result.handles.clear();
  auto other = others.begin();
  const auto append = [&](SubscriptionHandle handle, Membership membership) {
    result.handles.push_back(handle);
    result.memberships.push_back(membership);
  };
  for (std::size_t i = 0; i < found.handles.size(); ++i) {
    for (; other != others.end() && *other < found.handles[i]; ++other) {
      append(*other, Membership::kNone);
    }
    append(found.handles[i], found.memberships[i]);
  }
  for (; other != others.end(); ++other) append(*other, Membership::kNone);
}

// Null when no filter was cut off.
std::shared_ptr<const Suspension> Shard::Suspend(
    const ChangeEvent& event, std::span<const SubscriptionHandle> handles) {
  if (handles.empty()) return nullptr;
  for (SubscriptionHandle handle : handles) Remove(handle);
  return std::make_shared<const Suspension>(Suspension{
      {handles.begin(), handles.end()},
      absl::StrCat("its filter was cut off after ", evaluation_budget_,
                   " units of cost at event \"", event.source->event_id,
                   "\", which it may have matched")});
}

ShardStatistics Shard::statistics() const {
  ShardStatistics sum{matcher_.filter_count() + memberships_.filter_count(),
                      matcher_.statistics()};
  const MatchStatistics& other = memberships_.statistics();
  sum.match.events += membership_events_;
  sum.match.matches += given_memberships_;
  sum.match.candidates += other.candidates;
  sum.match.evaluated_true += other.evaluated_true;
  sum.match.evaluated_false += other.evaluated_false;
  sum.match.evaluated_error += other.evaluated_error;
  sum.match.over_budget += other.over_budget;
  sum.match.derived += other.derived;
  return sum;
}

}  // namespace streamer
