#include "puller/coalescing.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "event/joining.h"

namespace streamer {
namespace {

// Changes of one document that become one: the first of them, where it stands
// in the log, and the place of the last so far.
struct Run {
  std::shared_ptr<const SourceEvent> first;
  std::uint64_t first_offset = 0;
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

// Puts the event at `place` into the run of its document. Returns the offset of
// the run's first event.
std::uint64_t Follow(std::vector<LogEntry>& entries, std::size_t place,
                     Runs& runs, std::string& key) {
  const std::uint64_t offset = entries[place].position.offset;
  const std::shared_ptr<const SourceEvent>& event = entries[place].event;
  if (event->collection.empty() || event->loss != nullptr) {
    // A delete that names its document by a key only: it may be anyone's. So
    // may what was lost.
    runs.clear();
    return offset;
  }
  WriteKey(*event, key);
  if (IsDelete(*event)) {
    runs.erase(key);
    return offset;
  }
  Run& run = runs[key];
  const bool is_joined = run.first != nullptr && IsPlainChange(*event) &&
                         run.first->form == event->form;
  if (!is_joined) {
    run = {event, offset, place};
    return offset;
  }
  entries[place].event = Join(*run.first, *event);
  entries[run.last].event = nullptr;
  run.last = place;
  return run.first_offset;
}

}  // namespace

std::vector<std::uint64_t> Coalesce(std::vector<LogEntry>& entries) {
  Runs runs;
  std::string key;
  std::vector<std::uint64_t> firsts;
  firsts.reserve(entries.size());
  for (std::size_t place = 0; place < entries.size(); ++place) {
    firsts.push_back(Follow(entries, place, runs, key));
  }
  std::size_t left = 0;
  for (std::size_t place = 0; place < entries.size(); ++place) {
    if (entries[place].event == nullptr) continue;
    firsts[left] = firsts[place];
    if (left != place) entries[left] = std::move(entries[place]);
    ++left;
  }
  entries.resize(left);
  firsts.resize(left);
  return firsts;
}

}  // namespace streamer
