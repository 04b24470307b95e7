#include "core/shard.h"

#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "event/body.h"
#include "match/match_input.h"

namespace streamer {

std::optional<ShardResult> Shard::Process(ShardTask task) {
  if (auto* add = std::get_if<AddFilter>(&task.work)) {
    matcher_.Add(add->handle, add->tenant, add->collection,
                 std::move(add->filter));
    return std::nullopt;
  }
  if (const auto* remove = std::get_if<RemoveFilters>(&task.work)) {
    for (SubscriptionHandle handle : remove->handles) matcher_.Remove(handle);
    return std::nullopt;
  }
  if (const auto* question = std::get_if<Summarize>(&task.work)) {
    question->answer(matcher_.Summary(question->tenant, question->collection));
    return std::nullopt;
  }
  return Match(task.ordinal, std::move(std::get<MatchEvent>(task.work).event));
}

ShardResult Shard::Match(Ordinal ordinal, ChangeEvent event) {
  ShardResult result{ordinal, nullptr, {}, nullptr, nullptr};
  if (!matcher_.HasCollection(event.tenant(), event.collection())) {
    return result;
  }
  const std::span<const SubscriptionHandle> matches =
      matcher_.Match(MakeMatchInput(event), scratch_);
  if (!matches.empty() && scratch_.body == nullptr) {
    Result<std::unique_ptr<const EventBody>> body = EventBody::Parse(event);
    scratch_.problem = body.status();
    if (body.ok()) scratch_.body = *std::move(body);
  }
  if (!scratch_.problem.ok()) {
    result.malformed = std::make_shared<const MalformedEvent>(
        MalformedEvent{std::move(event), scratch_.problem});
    return result;
  }
  result.suspension = Suspend(event);
  if (matches.empty()) return result;
  result.handles.assign(matches.begin(), matches.end());
  std::string document = DeliveredJson(event, *scratch_.body);
  result.event = std::make_shared<const OutgoingEvent>(
      OutgoingEvent{std::move(event), std::move(document)});
  return result;
}

// Null when no filter was cut off.
std::shared_ptr<const Suspension> Shard::Suspend(const ChangeEvent& event) {
  if (scratch_.over_budget.empty()) return nullptr;
  for (SubscriptionHandle handle : scratch_.over_budget) {
    matcher_.Remove(handle);
  }
  return std::make_shared<const Suspension>(Suspension{
      scratch_.over_budget,
      absl::StrCat("its filter was cut off after ", evaluation_budget_,
                   " units of cost at event \"", event.source->event_id,
                   "\", which it may have matched")});
}

ShardStatistics Shard::statistics() const {
  return {matcher_.filter_count(), matcher_.statistics()};
}

}  // namespace streamer
