// StateFaults: somebody harms the folder of the state while no process has it
// open, in every second world, and puts the good copy back once a start was
// refused; or there is none, and the state is removed and lost.
//
// A process that starts on it all the same, a refusal that does not say of
// what, and a refusal of the good copy are what is wrong. Numbers of its own:
// the other worlds are as if there were no such faults.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_STATE_FAULTS_H_
#define STREAMER_TESTS_SIM_STATE_FAULTS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "sim/schedule.h"
#include "sim/state_folder.h"
#include "support/random.h"

namespace streamer::sim {

class StateFaults {
 public:
  struct Surroundings {
    std::function<void()> kill_streamer;
    std::function<void()> state_lost;
    std::function<void(const std::string&)> note;
    std::function<void(const char* invariant, std::string text)> complain;
  };

  StateFaults(std::uint64_t seed, Schedule& schedule, StateFolder& folder,
              Surroundings surroundings);

  // Draws those of the next `span`.
  void Draw(Duration span);
  // What came of starting the streamer.
  void JudgeStart(const Status& started);
  // If anything is harmed.
  void PutBack();

  // How often harm was refused.
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }

 private:
  void Harm();
  void GiveUp();
  void JudgeRefusal(const Status& refused);
  [[nodiscard]] Duration Within(Duration span);

  support::Random random_;
  Schedule& schedule_;
  StateFolder& folder_;
  const Surroundings surroundings_;
  std::string harm_;  // empty: none
  std::uint64_t harms_ = 0;
  bool is_refused_ = false;
  std::uint64_t refusals_ = 0;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_STATE_FAULTS_H_
