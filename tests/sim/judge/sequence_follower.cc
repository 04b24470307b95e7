#include "sim/judge/sequence_follower.h"

#include <utility>

namespace streamer::sim {

void SequenceFollower::Start(const std::optional<SessionPlace>& place) {
  sessions_.clear();
  notices_ = 0;
  has_ended_any_ = false;
  was_welcomed_ = false;
  if (!place || place->session == 0) return;
  sessions_[place->session] = {.next = place->seq + 1, .is_dense = true};
}

// The first of a process goes on by number, if it goes on. Each other of the
// same session may leave out what the client had by position.
void SequenceFollower::Welcome(const SessionWelcome& welcome) {
  const auto [found, is_new] = sessions_.try_emplace(welcome.session);
  Numbers& numbers = found->second;
  const bool is_first = !std::exchange(was_welcomed_, true);
  if (!is_new) {
    numbers.may_skip |= !is_first;
  } else if (welcome.continuity == SessionWelcome::Continuity::kNew) {
    numbers.next = welcome.next_seq;
    numbers.is_dense = true;
  }
}

std::optional<SequenceBroken> SequenceFollower::Take(
    const Delivered& delivered) {
  Numbers& numbers = sessions_[delivered.session];
  const std::uint64_t expected = numbers.next;
  const std::uint64_t got = delivered.sequence;
  const std::uint64_t notices = std::exchange(notices_, 0);
  // Parts of one delivery have one number.
  const bool is_part =
      got + 1 == expected && delivered.event_id == numbers.last_event;
  numbers.next = got + 1;
  numbers.last_event = delivered.event_id;
  if (expected == 0 || is_part) {
    numbers.is_dense |= !delivered.is_catching_up;
    return std::nullopt;
  }
  const bool is_within_reach = got >= expected && got - expected <= notices;
  bool is_excused = got > expected && (!numbers.is_dense || has_ended_any_);
  if (got > expected && !is_within_reach && !is_excused && numbers.may_skip) {
    numbers.may_skip = false;
    numbers.is_dense = false;
    is_excused = true;
  }
  numbers.is_dense |= !delivered.is_catching_up;
  if (is_within_reach || is_excused) return std::nullopt;
  return SequenceBroken{expected, got};
}

}  // namespace streamer::sim
