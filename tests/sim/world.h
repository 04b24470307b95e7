// World: a database, a puller, a streamer, gateways and their users, in one
// thread over simulated time, network and disks, for one seed.
//
//   World world(seed);
//   for (const Complaint& complaint : world.Run()) …
//
// First everything is well, so that all find one another; then faults are
// drawn; then all faults stop, and the world must become quiet and whole.
//
// The classes at work are the shipped ones. The world stands in for what they
// leave to others: clocks, sockets, disks and the order of things.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_WORLD_H_
#define STREAMER_TESTS_SIM_WORLD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/change_generator.h"
#include "sim/checker/checker.h"
#include "sim/gateway_user.h"
#include "sim/network.h"
#include "sim/schedule.h"
#include "sim/simulated_log.h"
#include "sim/simulated_state_store.h"
#include "sim/source_link.h"
#include "sim/state_faults.h"
#include "sim/streamer_process.h"
#include "support/random.h"

namespace streamer::sim {

// How much happened, summed over runs to show what they cover.
struct WorldCounts {
  std::uint64_t events = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t notices = 0;
  std::uint64_t streamer_starts = 0;
  std::uint64_t drains = 0;    // that saved all
  std::uint64_t refusals = 0;  // of a state that was harmed
  std::uint64_t log_cuts = 0;
  std::uint64_t source_losses = 0;
  std::uint64_t welcomes = 0;
  std::uint64_t merged = 0;
  std::uint64_t memberships = 0;
  std::uint64_t bare_deletes = 0;
  std::uint64_t moved = 0;    // subscriptions to another shard
  std::uint64_t unnamed = 0;  // notices of those that nobody could name
};

class World {
 public:
  using Trace = std::function<void(const std::string&)>;

  explicit World(std::uint64_t seed, Trace trace = nullptr);

  // Once. What was wrong; empty when all is well.
  std::vector<Complaint> Run();

  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const WorldCounts& counts() const { return counts_; }

 private:
  RetentionOptions DrawRetention(bool trims, std::uint64_t least);
  internal::SegmentLimits DrawSegments();
  void MakeStreamer();
  void MakeUsers();
  GatewayUser::Surroundings UserSurroundings();

  // What goes on by itself, until the source has had enough.
  void WriteEvents();
  void WriteSome();
  void StepUser(std::size_t index);
  void Watch();
  void CheckCaps();
  // What goes wrong.
  void DrawFault();
  // Restarts amid two processes of one gateway.
  void DrawTurns();
  void DoFault();
  void BreakStreams();
  void StallStreams();
  void FailDisk();
  void FailStore();
  void KillStreamer(bool is_power_cut);
  void DrainStreamer();
  void NoteDoorClosed();
  void NoteDrained(bool is_saved);
  void StartStreamer();
  void RestartPuller();
  void Heal();
  // Whether nobody need be waited for any more.
  bool NoteWhole();
  void CheckWhole();

  std::shared_ptr<SourceLink> OpenSource(
      const source_action::OpenStream& request, SourceLink::Listener listener);
  void NoteLoss(const SourceEvent& event);
  [[nodiscard]] LogBounds BoundsOfLog() const;
  void NoteSaved();
  void NoteEntry(const LogEntry& entry);
  void AddCause(Cause cause);  // of now
  void Note(const std::string& text);
  void Complain(const char* invariant, std::string text);
  // Again and again, at random distances of `mean` on the average.
  void Repeat(Duration mean, const std::function<bool()>& action);
  Duration Around(Duration mean);

  support::Random random_;
  const Trace trace_;
  Schedule schedule_;
  Network network_;
  ChangeGenerator generator_;
  History history_;
  WorldCounts counts_;
  std::vector<Complaint> complaints_;

  Duration wall_offset_{};
  std::shared_ptr<SimulatedLog> source_log_;
  bool is_puller_up_ = true;
  std::deque<SourceEvent> unwritten_;
  std::vector<std::shared_ptr<SourceLink>> source_links_;

  StreamerProcess::Options streamer_options_;
  std::shared_ptr<SimulatedLog> log_;
  std::shared_ptr<SimulatedStateStore> store_;
  std::unique_ptr<StateFaults> state_faults_;
  std::unique_ptr<StreamerProcess> streamer_;
  // What had been acknowledged when a drain ended the streams.
  std::map<GatewayUser*, Link::Acknowledged> acknowledged_;

  std::vector<std::unique_ptr<GatewayUser>> users_;
  bool is_writing_ = true;
  bool has_faults_ = false;
  std::optional<MonotonicTime> healed_at_;
  Duration fault_mean_{};
  Duration write_mean_{};
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_WORLD_H_
