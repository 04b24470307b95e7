// SequenceFollower: whether the numbers of a gateway's deliveries are dense, as
// far as its reader can see.
//
// Numbers count within one session number. Not every number comes to a reader:
// notices take one each, the client drops what it had already when a session
// goes on by position, and what was sent to subscriptions it has ended.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_JUDGE_SEQUENCE_FOLLOWER_H_
#define STREAMER_TESTS_SIM_JUDGE_SEQUENCE_FOLLOWER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "client/session_receiver.h"
#include "sim/checker/history.h"

namespace streamer::sim {

class SequenceFollower {
 public:
  // A process goes on from `place`, or anew.
  void Start(const std::optional<SessionPlace>& place);
  void Welcome(const SessionWelcome& welcome);
  void Notice() { ++notices_; }
  void End() { has_ended_any_ = true; }
  // What is wrong with its number, if anything.
  std::optional<SequenceBroken> Take(const Delivered& delivered);

 private:
  struct Numbers {
    std::uint64_t next = 0;  // 0: any
    std::string last_event;
    // From here on nothing may be left out.
    bool is_dense = false;
    bool may_skip = false;  // once, after another welcome
  };

  std::map<std::uint64_t, Numbers> sessions_;
  std::uint64_t notices_ = 0;  // since the last delivery
  bool has_ended_any_ = false;
  bool was_welcomed_ = false;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_JUDGE_SEQUENCE_FOLLOWER_H_
