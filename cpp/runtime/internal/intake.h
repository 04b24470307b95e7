// Intake: the commands that wait for the sequencer, each with its place in the
// log, and what wakes the sequencer: a command, a longer log, the end.
//
// Invariant: places ascend in the order of the queue. A command whose place
// is p takes effect after event p and before event p + 1; p was the head of
// the log when the command was queued. So what one thread does, appends and
// commands alike, takes effect in the order in which it did it.
//
// Thread-safety: Wait and Take from the sequencer's thread, the rest from any.
#ifndef STREAMER_RUNTIME_INTERNAL_INTAKE_H_
#define STREAMER_RUNTIME_INTERNAL_INTAKE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/time.h"
#include "core/commands.h"
#include "store/event_log.h"

namespace streamer::internal {

struct QueuedCommand {
  Command command;
  std::uint64_t after = 0;      // offset of the last event before it
  std::function<void()> taken;  // may be empty
};

class Intake {
 public:
  explicit Intake(std::shared_ptr<const EventLog> log) : log_(std::move(log)) {}

  // Queues a command. False, and nothing happened, after Close.
  bool Submit(Command command, std::function<void()> taken);
  // As Submit, but also after Close: for the engine's own commands.
  void SubmitInternal(Command command);
  // Runs `make` and queues its command while no other can come between, so
  // that numbers given inside are queued in their order.
  bool SubmitInOrder(const std::function<Command()>& make);

  // There is news: the log has grown, or time must be looked at.
  void Notify();
  // No more commands; what waits is still taken.
  void Close();

  // Waits for news or a command, until `deadline`. False once closed.
  bool Wait(MonotonicTime deadline);
  // Appends all commands that wait to `commands`.
  void Take(std::deque<QueuedCommand>& commands);

 private:
  void LockedPush(Command command, std::function<void()> taken);

  const std::shared_ptr<const EventLog> log_;

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<QueuedCommand> commands_;
  bool has_news_ = false;
  bool is_closed_ = false;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_INTAKE_H_
