#include "runtime/internal/past_reader.h"

#include <algorithm>
#include <optional>

namespace streamer::internal {

Status FeedPast(const EventLog& log, std::size_t limit, Sequencer& sequencer,
                std::vector<LogEntry>& scratch, SequencerOutput& output) {
  std::optional<Sequencer::PastWanted> wanted = sequencer.NextPast();
  if (!wanted) return OkStatus();
  scratch.clear();
  if (wanted->limit > 0) {
    wanted->limit = std::min(wanted->limit, limit);
    const LogHistory history = log.history();
    const Position after = history.At(wanted->after);
    Status status = log.Read(after, wanted->limit, scratch);
    if (absl::IsOutOfRange(status)) {
      sequencer.LosePast(*wanted, after, history.At(log.first().offset - 1),
                         output);
      return OkStatus();
    }
    if (scratch.empty()) return status;
  }
  sequencer.AcceptPast(*wanted, scratch, output);
  scratch.clear();
  return OkStatus();
}

}  // namespace streamer::internal
