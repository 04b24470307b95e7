#include "sim/checker/checker.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "event/joining.h"
#include "puller/puller_marker.h"
#include "sim/change_generator.h"
#include "sim/checker/gateway_checker.h"
#include "sim/checker/truth.h"

namespace streamer::sim {
namespace {

// How long after the world is whole nothing is late any more, and what is.
constexpr Duration kRecovery = std::chrono::seconds(10);
constexpr Duration kMostLag = std::chrono::milliseconds(100);

// The last that came with it, if it is the puller's.
std::uint64_t OffsetOf(const std::string& progress) {
  const Result<PullerMarker> marker = ParsePullerMarker(progress);
  return marker.ok() ? marker->sent.offset : 0;
}

std::int64_t Millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration)
      .count();
}

// The entry at the place that `progress` names; null: there is none.
const LogEntry* Find(const std::vector<LogEntry>& log,
                     const std::string& progress) {
  const std::uint64_t offset = OffsetOf(progress);
  return offset == 0 || offset > log.size() ? nullptr : &log[offset - 1];
}

// From the source's log to the reader.
void CheckLag(const History& history, const GatewayHistory& gateway,
              std::vector<Complaint>& complaints) {
  if (!history.whole_since) return;
  for (const GatewayRecord& record : gateway.records) {
    const auto* delivered = std::get_if<Delivered>(&record.what);
    if (delivered == nullptr) continue;
    const Duration since = record.at - *history.whole_since;
    const LogEntry* logged = Find(history.log, delivered->progress);
    if (since <= kRecovery || logged == nullptr) continue;
    const LogEntry* from = Find(history.source, logged->event->upstream_marker);
    if (from == nullptr) continue;
    const Duration lag = record.at - from->logged_at.monotonic;
    if (lag <= kMostLag) continue;
    complaints.push_back(
        {"I8",
         absl::StrCat(gateway.gateway_id, " received ", delivered->event_id,
                      " ", Millis(lag), " ms after the source had it, ",
                      Millis(since), " ms after all was whole")});
  }
}

// Whether each event of the source came into the streamer's log once, in its
// order, or is known to be missing.
class SourceChecker {
 public:
  SourceChecker(const History& history, const Truth& truth,
                std::vector<Complaint>& complaints)
      : history_(history), truth_(truth), complaints_(complaints) {}

  void Run() {
    std::uint64_t last = 0;
    for (const LogEntry& entry : history_.log) {
      const std::uint64_t marker = OffsetOf(entry.event->upstream_marker);
      if (IsGap(entry)) {
        CheckMissing(last, marker);
        last = std::max(last, marker);
        continue;
      }
      if (marker <= last || marker > history_.source.size()) {
        Complain("I4", absl::StrCat("event ", entry.event->event_id, " at ",
                                    entry.position.offset, " has marker ",
                                    marker, " after ", last));
        continue;
      }
      CheckMissing(last, marker);
      last = marker;
    }
    CheckMissing(last, history_.source.size() + 1);
    for (const History::SourceLoss& loss : history_.source_losses) {
      if (loss.first_held > loss.after + 1) continue;
      if (loss.upto == loss.after + 1 && IsGap(loss.upto)) continue;
      Complain("I11", absl::StrCat("the source still held what follows ",
                                   loss.after, ", and a gap was reported"));
    }
  }

 private:
  void Complain(const char* invariant, std::string text) {
    complaints_.push_back({invariant, std::move(text)});
  }

  static bool IsGap(const LogEntry& entry) {
    return entry.event->loss != nullptr &&
           entry.event->loss->kind == SourceLoss::Kind::kGap;
  }

  // Whether the source says at `offset` that it lost something.
  [[nodiscard]] bool IsGap(std::uint64_t offset) const {
    return offset > 0 && offset <= history_.source.size() &&
           IsGap(history_.source[offset - 1]);
  }

  // Whether a gap in the log covers `offset`: a tail that was lost may have had
  // one, and then it must have come again.
  [[nodiscard]] bool IsLogged(std::uint64_t offset) const {
    return std::any_of(
        history_.log.begin(), history_.log.end(), [&](const LogEntry& entry) {
          return IsGap(entry) && OffsetOf(entry.event->loss->from) < offset &&
                 offset <= OffsetOf(entry.event->loss->to);
        });
  }

  // Between two that came.
  void CheckMissing(std::uint64_t after, std::uint64_t before) {
    for (std::uint64_t offset = after + 1; offset < before; ++offset) {
      if (MayBeMissing(offset)) continue;
      Complain(
          "I1",
          absl::StrCat("event ", history_.source[offset - 1].event->event_id,
                       " at ", offset, " of the source never came to the log"));
    }
  }

  [[nodiscard]] bool MayBeMissing(std::uint64_t offset) const {
    if (IsGap(offset)) return IsLogged(offset);
    if (IsDeclared(offset)) return true;
    return history_.coalesces && (IsRepeat(offset) || IsSuperseded(offset));
  }

  [[nodiscard]] bool IsRepeat(std::uint64_t offset) const {
    const std::string identity =
        Truth::IdentityOf(*history_.source[offset - 1].event);
    for (std::uint64_t i = 1; i < offset; ++i) {
      if (Truth::IdentityOf(*history_.source[i - 1].event) == identity) {
        return true;
      }
    }
    return false;
  }

  // A later event of the document came with what this one said of what was
  // before, or was declared lost. A delete is never left out.
  [[nodiscard]] bool IsSuperseded(std::uint64_t offset) const {
    const SourceEvent& event = *history_.source[offset - 1].event;
    if (IsDelete(event)) return false;
    const auto is_of_document = [&](const LogEntry& entry) {
      return entry.event->tenant == event.tenant &&
             entry.event->collection == event.collection &&
             entry.event->document_id == event.document_id;
    };
    // The first that came is the one to which this was joined.
    const LogEntry* joined = nullptr;
    for (const LogEntry& entry : history_.log) {
      const std::uint64_t marker = OffsetOf(entry.event->upstream_marker);
      if (joined == nullptr && marker > offset && !IsGap(entry) &&
          is_of_document(history_.source[marker - 1]) && !IsRepeated(entry)) {
        joined = &entry;
      }
    }
    if (joined != nullptr) return TellsOf(*joined, offset);
    const auto later =
        history_.source.begin() + static_cast<std::ptrdiff_t>(offset);
    return std::any_of(
        later, history_.source.end(), [&](const LogEntry& entry) {
          return is_of_document(entry) && IsDeclared(entry.position.offset);
        });
  }

  // Whether `joined` still says that the document was new, if the event at
  // `offset` did. What cannot be read says nothing, and is told.
  [[nodiscard]] bool TellsOf(const LogEntry& joined,
                             std::uint64_t offset) const {
    if (joined.event->loss != nullptr) return true;
    const SourceEvent& event = *history_.source[offset - 1].event;
    return event.operation != SourceOperation::kInsert ||
           joined.event->operation == SourceOperation::kInsert;
  }

  // It goes nowhere, and so does what was joined to it.
  [[nodiscard]] bool IsRepeated(const LogEntry& entry) const {
    return entry.event->loss == nullptr &&
           entry.event->operation != SourceOperation::kDelete &&
           truth_.At(entry.position.offset).outcome == Truth::Outcome::kDropped;
  }

  [[nodiscard]] bool IsDeclared(std::uint64_t offset) const {
    return std::any_of(history_.source_losses.begin(),
                       history_.source_losses.end(), [&](const auto& loss) {
                         return loss.after < offset && offset <= loss.upto;
                       });
  }

  const History& history_;
  const Truth& truth_;
  std::vector<Complaint>& complaints_;
};

}  // namespace

std::vector<Complaint> Check(const History& history) {
  std::vector<Complaint> complaints;
  const Truth truth(history);
  if (history.is_source_known) {
    SourceChecker(history, truth, complaints).Run();
  }
  for (const GatewayHistory& gateway : history.gateways) {
    GatewayChecker(history, truth, gateway, complaints).Run();
    CheckLag(history, gateway, complaints);
  }
  return complaints;
}

}  // namespace streamer::sim
