#include "puller/coalescing.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "event/joining.h"

namespace streamer {
namespace {

// Changes of one document that become one: the first of them, and the place of
// the last so far.
struct Run {
  std::shared_ptr<const SourceEvent> first;
  std::size_t last = 0;
};
using Runs = TextMap<Run>;

// The length in front keeps ("a", "bc") and ("ab", "c") apart.
void AppendPart(std::string_view part, std::string& key) {
  const std::size_t size = part.size();
  key.append(reinterpret_cast<const char*>(&size), sizeof(size));
  key.append(part);
}

void WriteKey(const SourceEvent& event, std::string& key) {
  key.clear();
  AppendPart(event.backend, key);
  AppendPart(event.tenant, key);
  AppendPart(event.collection, key);
  AppendPart(event.document_id, key);
}

// Puts the event at `place` into the run of its document.
void Follow(std::vector<LogEntry>& entries, std::size_t place, Runs& runs,
            std::string& key) {
  const std::shared_ptr<const SourceEvent>& event = entries[place].event;
  if (event->collection.empty() || event->loss != nullptr) {
    // A delete that names its document by a key only: it may be anyone's. So
    // may what was lost.
    runs.clear();
    return;
  }
  WriteKey(*event, key);
  if (IsDelete(*event)) {
    runs.erase(key);
    return;
  }
  Run& run = runs[key];
  const bool is_joined = run.first != nullptr && IsPlainChange(*event) &&
                         run.first->form == event->form;
  if (!is_joined) {
    run = {event, place};
    return;
  }
  entries[place].event = Join(*run.first, *event);
  entries[run.last].event = nullptr;
  run.last = place;
}

}  // namespace

std::size_t Coalesce(std::vector<LogEntry>& entries) {
  Runs runs;
  std::string key;
  for (std::size_t place = 0; place < entries.size(); ++place) {
    Follow(entries, place, runs, key);
  }
  return std::erase_if(
      entries, [](const LogEntry& entry) { return entry.event == nullptr; });
}

}  // namespace streamer
