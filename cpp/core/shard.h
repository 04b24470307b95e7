// Shard: matches the events of the collections it owns.
//
// Takes its tasks in order, so a filter added before an event sees it and one
// added after does not. Events that follow one another are matched together,
// since most of matching is waiting for memory. Bodies are parsed here, and
// only when the collection has subscriptions.
//
// A filter that uses up its evaluation budget on an event is removed there and
// then: from that event on its subscriptions are suspended, and the result
// says so.
//
// Subscriptions that ask for membership stand apart from the others
// (core/internal/memberships.h).
//
// Invariant: every MatchEvent yields exactly one result.
// Thread-safety: none; owned by one thread.
#ifndef STREAMER_CORE_SHARD_H_
#define STREAMER_CORE_SHARD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cel/cost.h"
#include "core/internal/memberships.h"
#include "core/options.h"
#include "core/sequenced.h"
#include "match/matcher.h"

namespace streamer {

struct ShardStatistics {
  std::uint64_t distinct_filters = 0;
  MatchStatistics match;
};

class Shard {
 public:
  explicit Shard(cel::Units evaluation_budget = cel::kEvaluationBudget,
                 const BloomOptions& bloom = {},
                 const MembershipOptions& membership = {})
      : evaluation_budget_(evaluation_budget),
        matcher_(evaluation_budget, bloom),
        memberships_(evaluation_budget, membership) {}

  // Takes the first task, and when that is to match an event as many of those
  // that follow it as can be matched together. Appends their results; returns
  // how many were taken. REQUIRES: there is one.
  std::size_t ProcessSome(std::span<ShardTask> tasks,
                          std::vector<ShardResult>& results);

  // One task. Nothing unless it was to match.
  std::optional<ShardResult> Process(ShardTask task);

  [[nodiscard]] ShardStatistics statistics() const;

 private:
  static constexpr std::size_t kMostTogether = 16;

  void Apply(ShardTask& task);
  void Remove(SubscriptionHandle handle);
  std::string Summary(const std::string& tenant, const std::string& collection);
  // How many of the tasks are to match an event, before any other.
  static std::size_t CountEvents(std::span<const ShardTask> tasks);
  void PrepareInputs(std::span<const ShardTask> tasks);
  std::size_t Match(std::span<ShardTask> tasks,
                    std::vector<ShardResult>& results);
  ShardResult ResultOf(Ordinal ordinal, MatchEvent& work,
                       MatchScratch& scratch);
  std::shared_ptr<const MalformedEvent> MakeMalformed(MatchEvent& work,
                                                      Status problem);
  // Whether the event has membership subscriptions here.
  [[nodiscard]] bool HasMemberships(const MatchEvent& work) const;
  void MatchMemberships(const MatchEvent& work, MatchScratch& scratch,
                        ShardResult& result);
  std::shared_ptr<const Suspension> Suspend(
      const ChangeEvent& event, std::span<const SubscriptionHandle> handles);

  const cel::Units evaluation_budget_;
  Matcher matcher_;
  internal::Memberships memberships_;
  // Handed out for membership subscriptions, and their events that no other
  // subscription could have cared for.
  std::uint64_t given_memberships_ = 0;
  std::uint64_t membership_events_ = 0;
  std::vector<MatchInput> inputs_;
  std::array<MatchScratch, kMostTogether> scratches_;
};

}  // namespace streamer

#endif  // STREAMER_CORE_SHARD_H_
