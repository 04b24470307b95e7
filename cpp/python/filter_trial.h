// FilterTrial: a filter with its source, and what it says about documents and
// events that nobody subscribed to.
//
// An event is tried as a core would see it: normalised, with the deletions
// among the events tried before it remembered.
//
// Thread-safety: const use from any thread; a Trial has one owner.
#ifndef STREAMER_PYTHON_FILTER_TRIAL_H_
#define STREAMER_PYTHON_FILTER_TRIAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "event/body.h"
#include "event/normalizer.h"
#include "filter/explain.h"
#include "filter/filter.h"
#include "match/match_input.h"

namespace streamer::python {

// A compiled filter and what it was compiled from.
struct SourcedFilter {
  FilterSource source;
  std::shared_ptr<const Filter> compiled;

  static Result<SourcedFilter> Compile(FilterSource source);
  // Both must hold.
  static Result<SourcedFilter> And(const SourcedFilter& left,
                                   const SourcedFilter& right);
};

// One event as a core would see it that never saw another.
class LoneEvent {
 public:
  // InvalidArgument when its body is malformed.
  static Result<LoneEvent> Make(std::shared_ptr<const SourceEvent> source);
  static Result<LoneEvent> Make(NormalizedEvent normalized);

  // Valid as long as this.
  [[nodiscard]] FilterInput Input() const {
    return MakeMatchInput(event_, *body_).values;
  }

 private:
  LoneEvent() = default;
  ChangeEvent event_;
  std::unique_ptr<const EventBody> body_;
};

enum class TrialOutcome : std::uint8_t {
  kMatch,
  kNoMatch,
  kError,    // the filter failed, or gave no boolean
  kSkipped,  // no event for subscribers: a document deleted again
};

// "match", "no match", "error", "skipped".
std::string_view NameOf(TrialOutcome outcome);

struct TrialResult {
  TrialOutcome outcome = TrialOutcome::kNoMatch;
  Operation operation = Operation::kInsert;
  std::string error;  // with kError
};

class FilterTrial {
 public:
  explicit FilterTrial(std::shared_ptr<const Filter> filter);

  // Tries the next event. InvalidArgument when its body is malformed.
  Result<TrialResult> TryEvent(std::shared_ptr<const SourceEvent> event);

 private:
  TrialResult Evaluate(const FilterInput& input);

  const std::shared_ptr<const Filter> filter_;
  Normalizer normalizer_;
  Arena arena_;
};

// The value of JSON text, built in `arena`. InvalidArgument when it is not the
// text of an object.
Result<Value> ReadDocument(std::string_view json, Arena& arena);

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_FILTER_TRIAL_H_
