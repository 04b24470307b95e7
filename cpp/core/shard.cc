#include "core/shard.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "event/body.h"
#include "match/match_input.h"

namespace streamer {
namespace {

bool IsLong(const SourceEvent& source) {
  constexpr std::size_t kLong = 64 * 1024;
  return source.document.size() + source.before.size() > kLong;
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
    matcher_.Add(add->handle, add->tenant, add->collection,
                 std::move(add->filter));
  } else if (const auto* remove = std::get_if<RemoveFilters>(&task.work)) {
    for (SubscriptionHandle handle : remove->handles) matcher_.Remove(handle);
  } else if (const auto* question = std::get_if<Summarize>(&task.work)) {
    question->answer(matcher_.Summary(question->tenant, question->collection));
  }
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
    ChangeEvent& event = std::get<MatchEvent>(tasks[i].work).event;
    results.push_back(
        ResultOf(tasks[i].ordinal, std::move(event), scratches_[i]));
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

ShardResult Shard::ResultOf(Ordinal ordinal, ChangeEvent event,
                            MatchScratch& scratch) {
  ShardResult result{ordinal, nullptr, {}, nullptr, nullptr};
  if (!scratch.matches.empty() && scratch.body == nullptr) {
    Result<std::unique_ptr<const EventBody>> body = EventBody::Parse(event);
    scratch.problem = body.status();
    if (body.ok()) scratch.body = *std::move(body);
  }
  if (!scratch.problem.ok()) {
    result.malformed = std::make_shared<const MalformedEvent>(
        MalformedEvent{std::move(event), scratch.problem});
    return result;
  }
  result.suspension = Suspend(event, scratch);
  if (scratch.matches.empty()) return result;
  result.handles.assign(scratch.matches.begin(), scratch.matches.end());
  std::string document = DeliveredJson(event, *scratch.body);
  result.event = std::make_shared<const OutgoingEvent>(
      OutgoingEvent{std::move(event), std::move(document)});
  return result;
}

// Null when no filter was cut off.
std::shared_ptr<const Suspension> Shard::Suspend(const ChangeEvent& event,
                                                 const MatchScratch& scratch) {
  if (scratch.over_budget.empty()) return nullptr;
  for (SubscriptionHandle handle : scratch.over_budget) {
    matcher_.Remove(handle);
  }
  return std::make_shared<const Suspension>(Suspension{
      scratch.over_budget,
      absl::StrCat("its filter was cut off after ", evaluation_budget_,
                   " units of cost at event \"", event.source->event_id,
                   "\", which it may have matched")});
}

ShardStatistics Shard::statistics() const {
  return {matcher_.filter_count(), matcher_.statistics()};
}

}  // namespace streamer
