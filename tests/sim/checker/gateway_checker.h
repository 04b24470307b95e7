// GatewayChecker: judges what the user of one gateway saw.
//
// A *life* is a subscription from its answer to its end. Of each is kept what
// it got, and what it was told that it may miss.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_CHECKER_GATEWAY_CHECKER_H_
#define STREAMER_TESTS_SIM_CHECKER_GATEWAY_CHECKER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/checker/checker.h"
#include "sim/checker/holding.h"
#include "sim/checker/truth.h"

namespace streamer::sim {

class GatewayChecker {
 public:
  GatewayChecker(const History& history, const Truth& truth,
                 const GatewayHistory& gateway,
                 std::vector<Complaint>& complaints)
      : history_(history),
        truth_(truth),
        holding_(history, truth),
        gateway_(gateway),
        complaints_(complaints) {}

  void Run();

 private:
  static constexpr std::string_view kLostSession =
      "the service lost continuity of the session";

  struct Life {
    SubscriptionRequest request;
    std::shared_ptr<const Filter> filter;
    std::uint64_t from = 0;
    // An earlier process asked for it, from here or later, and was not
    // answered; the next was told where it is itself, not where the
    // subscription begins.
    std::uint64_t began_at = UINT64_MAX;
    MonotonicTime answered_at;
    // What may be missing: after, up to.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> declared;
    std::vector<MonotonicTime> noticed_at;
    // The last event before which nothing can be missing, when the process
    // heard of a loss; it says so later, and of no place.
    std::optional<std::uint64_t> lost_after;
    std::set<std::uint64_t> got;  // and processed
    // Of these, what came merged into a later event, and into which.
    std::map<std::uint64_t, std::uint64_t> within;
    std::uint64_t marked = 0;  // up to here, a saved marker was right
    // Up to the end of a stream that was drained, all came: after, up to.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> flushed;
    std::uint64_t newest = 0;  // of these, since the last break
    // By process and session epoch, or stream: what came, in order.
    std::map<std::pair<int, std::uint64_t>, std::uint64_t> last;
    // By process, and stream of a plain gateway: the offsets that came.
    std::set<std::tuple<int, std::uint64_t, std::uint64_t>> seen;
    // By session epoch: of what was told as it happened, a streamer that lives
    // on remembers the document.
    std::set<std::pair<std::uint64_t, std::uint64_t>> told;
  };
  // What a delivery speaks of: an event of the log, or of a lost tail.
  struct Spoken {
    const LogEntry* entry = nullptr;
    std::uint64_t offset = 0;  // 0: of a lost tail
    bool may_be_lost = false;  // one like it stood in a lost tail
    // Of a plain gateway, which is told no offsets: where the same stands
    // again, and may have gone out again.
    std::vector<std::uint64_t> repeats;
  };

  // What a delivery takes with it: earlier events of its document.
  struct Merged {
    std::vector<std::uint64_t> offsets;  // newest first
    // They are all, and these.
    bool is_sure = true;
  };

  void Take(const ProcessStarted& started);
  void Take(const Asked& asked);
  void Take(const Answered& answered);
  void KeepWhatCame(Life& life);
  void Take(const Ended& ended);
  void Take(const Delivered& delivered);
  void Take(const Noticed& noticed);
  void Take(const Welcomed& welcomed);
  void Take(const SequenceBroken& broken);
  void Take(const MarkerSaved& saved);
  void Take(const Drained& drained);
  void Take(const Flushed& flushed);

  [[nodiscard]] std::optional<Spoken> Identify(
      const Delivered& delivered) const;
  [[nodiscard]] std::optional<Spoken> IdentifyPlain(
      const Delivered& delivered) const;
  // Within which deliveries are in order.
  [[nodiscard]] std::uint64_t RunOf(const Delivered& delivered) const;
  [[nodiscard]] std::optional<Spoken> IdentifyMerging(
      const Delivered& delivered, Position after) const;
  void TakeFor(Life& life, const Delivered& delivered, Spoken spoken,
               const Merged& merged);
  [[nodiscard]] Merged FindMerged(const Delivered& delivered,
                                  const Spoken& spoken);
  // Whether an event that waited may have been merged into the one after it.
  enum class Share : std::uint8_t { kNobodys, kTheirs, kOthers, kUnsure };
  [[nodiscard]] Share ShareOf(const Delivered& delivered, const Spoken& spoken,
                              std::uint64_t offset) const;
  // What a subscription is told of, of all that came as one: the first.
  [[nodiscard]] static std::uint64_t FirstOf(const Life& life,
                                             std::uint64_t offset,
                                             const Merged& merged);
  void CheckMatch(const Life& life, const Delivered& delivered,
                  const Spoken& spoken, const Merged& merged);
  [[nodiscard]] std::string WhatIsWrong(const Life& life,
                                        const Delivered& delivered,
                                        const Spoken& spoken,
                                        const Merged& merged) const;
  void CheckMembership(Life& life, const Delivered& delivered,
                       const Spoken& spoken, const Merged& merged);
  [[nodiscard]] bool IsOfBeforeItsStart(const Life& life,
                                        std::uint64_t offset) const;
  [[nodiscard]] std::string WhatIsWrongWithUnknown(const Life& life,
                                                   const Delivered& delivered,
                                                   std::uint64_t offset) const;
  [[nodiscard]] bool IsForgotten(const std::string& tenant,
                                 MonotonicTime since) const;
  void CheckOrder(Life& life, const Delivered& delivered, const Spoken& spoken);
  void CheckNothingMissed(const Life& life, const Delivered& delivered,
                          const Spoken& spoken);
  void Declare(Life& life, const Noticed& noticed);
  // The last event before which nothing can be missing.
  [[nodiscard]] std::uint64_t LastSure(const Life& life) const;
  void CheckCause(const Noticed& noticed);
  [[nodiscard]] bool IsAtWork(const Cause& cause, Cause::Kind kind) const;
  [[nodiscard]] bool HasCause(Cause::Kind kind) const;
  [[nodiscard]] bool HasCauseOf(Cause::Kind kind, const Noticed& noticed) const;
  // Whether one of those that were told may be concerned.
  [[nodiscard]] bool MayConcern(const Noticed& noticed,
                                const Cause& cause) const;
  // Whether what was lost may be of `tenant`, as far as the streamer knows.
  [[nodiscard]] bool MayBeOf(const Cause& cause,
                             const std::string& tenant) const;
  // Whether the event at `offset` is for the subscription, for certain.
  [[nodiscard]] bool IsFor(const Life& life, std::uint64_t offset) const;
  // Whether the event at `offset` must have come, and has not.
  [[nodiscard]] bool IsMissing(const Life& life, std::uint64_t offset) const;
  void CheckComplete(const Life& life);
  void CheckTold(const Life& life);
  void CheckToldOfLosses(const Life& life);
  static bool IsLossFor(const Life& life, const Truth::Event& event);
  [[nodiscard]] bool MayBeUnnamed(const Noticed& noticed) const;
  void CheckExplained(const Life& life);
  // As an offset of the log at the end; nothing for no position.
  [[nodiscard]] std::optional<std::uint64_t> OffsetOf(
      const std::string& progress) const;
  void Complain(const char* invariant, std::string text);
  [[nodiscard]] std::string Name(const Life& life) const;

  const History& history_;
  const Truth& truth_;
  const Holding holding_;
  const GatewayHistory& gateway_;
  std::vector<Complaint>& complaints_;
  MonotonicTime now_;
  bool is_resumed_ = false;
  int process_ = 0;
  std::map<std::string, Life> lives_;
  // By the process that ended them.
  std::map<std::string, std::pair<int, Life>> ended_;
  // By the process that asked first.
  std::map<std::string, std::pair<int, Asked>> asked_;
  std::uint64_t lineage_ = 0;  // of its session
  // Came before the answer.
  std::map<std::string, std::vector<Delivered>> early_;
  std::map<std::string, std::vector<Noticed>> early_notices_;
  // Spoke of every subscription, whoever asked for it.
  std::vector<Noticed> notices_to_all_;
  // By session epoch and number of what came live and was processed: up to
  // where nothing was missing, as it said.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> progress_;
  // Subscriptions that ended may have had their part in what is merged.
  bool has_ended_any_ = false;
  // The process was told that what follows this is lost with the session, up to
  // where its subscriptions begin again; nothing when nobody knows from where.
  bool is_lost_ = false;
  std::optional<std::uint64_t> lost_from_;
  // The service said that nothing up to there was missed, to those lives.
  // By a welcome, in any process so far.
  bool was_told_of_loss_ = false;
  std::optional<std::uint64_t> nothing_missed_upto_;
  std::set<std::string> nothing_missed_of_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHECKER_GATEWAY_CHECKER_H_
