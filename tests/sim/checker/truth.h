// Truth: what became of each logged event, told slowly and without any of the
// code that is tested: which are repeats, what happened to each document as its
// users see it, and which filters that matches.
//
// Where the streamer may have forgotten what decided it (the log was trimmed
// past that before a restart), either answer is allowed.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_CHECKER_TRUTH_H_
#define STREAMER_TESTS_SIM_CHECKER_TRUTH_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/body.h"
#include "filter/filter.h"
#include "sim/checker/history.h"

namespace streamer::sim {

class Truth {
 public:
  enum class Outcome : std::uint8_t {
    kGoesOut,  // to whom it matches
    kDropped,  // a repeat, or a delete of what is known to be deleted, or of
               // nobody knows what
    kEither,
  };
  enum class Naming : std::uint8_t { kKnown, kUnknown, kEither };
  struct Event {
    LogEntry entry;
    Outcome outcome = Outcome::kGoesOut;
    Operation operation = Operation::kInsert;
    bool is_operation_sure = true;
    // The last event of the document that went out; 0: there is none. Not sure
    // when one between the two may have gone out as well.
    std::uint64_t before = 0;
    bool is_before_sure = true;
    // Of a delete that says no more than a key: whether that was known.
    Naming naming = Naming::kKnown;
  };

  explicit Truth(const History& history);

  // By offset, from 1.
  [[nodiscard]] const Event& At(std::uint64_t offset) const {
    return events_[offset - 1];
  }
  [[nodiscard]] std::uint64_t head() const { return events_.size(); }

  // Whether a delete of `tenant` (empty: any) after `from` and up to `to` was,
  // or may have been, of nobody knew which document.
  [[nodiscard]] bool HasUnnamed(const std::string& tenant, std::uint64_t from,
                                std::uint64_t to) const;

  // The offsets of the events with this identity.
  [[nodiscard]] const std::vector<std::uint64_t>& Find(
      const std::string& identity) const;

  // Whether `filter` is true of the event, had it done `operation`.
  static bool Matches(const Filter& filter, const LogEntry& entry,
                      Operation operation);
  // The same, as a user is told it.
  static bool IsExplainedAsMatch(const Filter& filter, const LogEntry& entry,
                                 Operation operation);

  // What tells an event from others, on either side of the wire.
  static std::string IdentityOf(const SourceEvent& event);
  static std::string IdentityOf(const Delivered& delivered);

 private:
  enum class Life : std::uint8_t { kUnknown, kLive, kDeleted };
  struct Known {
    Life life = Life::kUnknown;
    bool is_sure = true;
    std::uint64_t since = 0;  // offset
    std::uint64_t last = 0;   // offset of what went out
    bool is_last_sure = true;
  };
  // Where a key last came with names.
  struct Named {
    std::uint64_t at = 0;
    bool is_sure = true;
  };
  void Take(const LogEntry& entry);
  void TakeLoss(const LogEntry& entry);
  void TakeRepeat(Event& event, std::uint64_t first, Known& known);
  [[nodiscard]] Naming NamingOf(const LogEntry& entry) const;
  static std::string KeyOf(const SourceEvent& event);
  void TakeChange(Event& event, Known& known);
  void TakeDelete(Event& event, Known& known);
  static void FollowOn(Event& event, Known& known);
  // Whether what stood at `earlier` may be forgotten when `later` is read.
  [[nodiscard]] bool MayForget(std::uint64_t earlier,
                               std::uint64_t later) const;

  const std::vector<std::uint64_t> first_at_start_;
  std::vector<Event> events_;
  std::map<std::string, std::uint64_t> seen_;  // by everything in it
  std::map<std::string, Known> documents_;
  std::map<std::string, Named> named_;
  std::map<std::string, std::vector<std::uint64_t>> by_identity_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHECKER_TRUTH_H_
