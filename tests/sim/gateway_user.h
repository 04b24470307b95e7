// GatewayUser: whoever runs a gateway: which subscriptions it wants, how it
// reads, what it keeps when its process is gone, and how it starts another.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_GATEWAY_USER_H_
#define STREAMER_TESTS_SIM_GATEWAY_USER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/checker/history.h"
#include "sim/gateway_process.h"
#include "sim/schedule.h"
#include "support/random.h"

namespace streamer::sim {

class GatewayUser {
 public:
  struct Surroundings {
    GatewayProcess::Surroundings process;
    // To one that the network keeps away.
    std::function<std::shared_ptr<Link>(LinkUser*)> refuse;
    // A place in the log from which to begin; empty: from now on.
    std::function<std::string()> old_place;
    // Whether one that never acknowledges can get all it missed before the end.
    bool may_be_mute = false;
    // The gateway may come back with less than it acknowledged.
    std::function<void()> lost_place;
  };

  GatewayUser(std::string gateway_id, bool is_session, Schedule& schedule,
              support::Random& random, Surroundings surroundings);

  void Start();
  // Does one thing that users do.
  void Step();
  // Something goes wrong with its process.
  void DoFault();
  // Another acknowledges in its place what it may have received itself.
  void StandIn();
  // From now on it behaves: one process, that reads and changes nothing.
  void Heal();

  // What the streamer did about its session.
  template <typename Record>
  void Note(Record record) {
    history_.records.push_back({schedule_.now(), std::move(record)});
  }

  [[nodiscard]] GatewayProcess& process() { return *process_; }
  [[nodiscard]] const GatewayHistory& history() const { return history_; }
  [[nodiscard]] bool is_session() const { return history_.is_session; }
  [[nodiscard]] bool has_zombie() const { return zombie_ != nullptr; }
  // Whether all that came was read.
  [[nodiscard]] bool is_settled() const {
    return process_->is_connected() && !process_->has_unread();
  }

 private:
  void Begin(const std::string& resume);
  void KeepState();
  void CutOff(Duration atmost);
  // Gone before its user can read of a loss, if that was drawn.
  void DieOfLoss();
  // Its process ends, after what its user noted of it.
  void DieWhereItIs();
  void DieAmidPast();
  // Killed, or closed and then killed; another begins there.
  void EndProcess();
  // Whether another process of the gateway begins where this one is.
  bool BeginZombie();
  void EndZombie();
  // As the process it runs itself meets it: the network may keep that away.
  GatewayProcess::Surroundings OwnSurroundings();
  void ChangeSubscriptions();
  SubscriptionRequest RandomRequest();

  support::Random& random_;
  Schedule& schedule_;
  const Surroundings surroundings_;
  GatewayHistory history_;
  std::map<std::string, SubscriptionRequest> wanted_;
  std::shared_ptr<GatewayProcess> process_;
  // Another that was left running; what it sees is nobody's.
  std::shared_ptr<GatewayProcess> zombie_;
  GatewayHistory zombie_history_;
  // What was gone is kept until the end: the network may still speak of it.
  std::vector<std::shared_ptr<GatewayProcess>> gone_;
  std::string kept_state_;
  int processes_ = 0;
  std::uint64_t next_id_ = 1;
  bool is_healed_ = false;
  bool is_mute_ = false;
  bool dies_of_loss_ = false;
  bool dies_amid_past_ = false;
  MonotonicTime reads_again_at_;
  MonotonicTime reachable_again_at_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_GATEWAY_USER_H_
