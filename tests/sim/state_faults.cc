#include "sim/state_faults.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace streamer::sim {
namespace {

constexpr std::size_t kMostFaults = 3;
// How long it takes somebody to find the good copy, at most.
constexpr Duration kRepair = std::chrono::seconds(6);
// Other numbers than the world's of the same seed.
constexpr std::uint64_t kSeedOffset = 0x57A7E;

// Of a new state: as the service draws it.
constexpr std::size_t kFirstOwners = std::size_t{1} << 27u;

// Nobody gets over it by waiting.
bool IsRefusal(const Status& status) {
  return status.code() == absl::StatusCode::kDataLoss ||
         status.code() == absl::StatusCode::kFailedPrecondition;
}

}  // namespace

StateFaults::StateFaults(std::uint64_t seed, Schedule& schedule,
                         StateFolder& folder, Surroundings surroundings)
    : random_(seed + kSeedOffset),
      schedule_(schedule),
      folder_(folder),
      surroundings_(std::move(surroundings)) {}

void StateFaults::Draw(Duration span) {
  if (random_.Chance(1, 2)) return;
  const std::size_t count = 1 + random_.Below(kMostFaults);
  for (std::size_t i = 0; i < count; ++i) {
    schedule_.After(Within(span), [this] { Harm(); });
  }
  // Else the copy is the empty state of the beginning.
  if (random_.Chance(1, 3)) return;
  schedule_.After(Within(span), [this] {
    if (harm_.empty()) folder_.Copy();
  });
}

void StateFaults::Harm() {
  if (!harm_.empty()) return;
  surroundings_.kill_streamer();
  harm_ = folder_.Harm(
      random_.Pick({StateHarm::kFlippedBit, StateHarm::kCutValue,
                    StateHarm::kLostRecord, StateHarm::kLostNote,
                    StateHarm::kLostCommits, StateHarm::kOlderCopy}),
      random_);
  if (harm_.empty()) return;
  ++harms_;
  is_refused_ = false;
  surroundings_.note(absl::StrCat("state: ", harm_));
}

void StateFaults::JudgeStart(const Status& started) {
  if (started.ok() && !harm_.empty()) {
    surroundings_.complain(
        "I1", absl::StrCat("the streamer started although ", harm_));
    harm_.clear();
  }
  if (IsRefusal(started)) JudgeRefusal(started);
}

void StateFaults::JudgeRefusal(const Status& refused) {
  const std::string text = refused.ToString();
  if (harm_.empty()) {
    surroundings_.complain(
        "I8", absl::StrCat("the state is as it was, and is refused: ", text));
    return;
  }
  if (!absl::StrContains(text, "state") ||
      !absl::StrContains(text, ": expected ")) {
    surroundings_.complain(
        "I1", absl::StrCat(harm_, ", and the streamer says only: ", text));
  }
  if (std::exchange(is_refused_, true)) return;
  ++refusals_;
  schedule_.After(Within(kRepair), [this, harm = harms_] {
    if (harm != harms_) return;
    if (random_.Chance(1, 4)) return GiveUp();
    PutBack();
  });
}

void StateFaults::PutBack() {
  if (harm_.empty()) return;
  surroundings_.note("state: the good copy is put back");
  folder_.PutBack();
  harm_.clear();
}

void StateFaults::GiveUp() {
  if (harm_.empty()) return;
  surroundings_.note("state: there is no good copy, and it is removed");
  folder_.Renew(1 + random_.Below(kFirstOwners));
  harm_.clear();
  surroundings_.state_lost();
}

Duration StateFaults::Within(Duration span) {
  return Duration(static_cast<std::int64_t>(
      random_.Below(static_cast<std::size_t>(span.count()))));
}

}  // namespace streamer::sim
