// SessionReceiver: what a gateway has received in its session, and how much
// of it is processed. Without clock or socket.
//
// The service numbers deliveries and notices together, densely from 1 within a
// session epoch. What comes twice is told from what is new by its number; a
// number that is left out shows a loss. After a restart of the service the
// session has a new number and counts anew: then its position tells whether a
// delivery came before.
//
//   Announce ──▶ Welcomed ──▶ Admit, Admit, … ──▶ Process ──▶ TakeAck
//      ▲                                                         │
//      └────────────────── the stream breaks ◀───────────────────┘
//
// A gateway announces what it has *processed*, for the service forgets what
// was announced or acknowledged. So what waits in a queue when the process is
// killed comes again to the next one, and what waits there when only the
// stream broke comes again too, and is dropped here.
//
// A delivery may come in parts: one number, parts 1, 2, 3, … It counts as
// received with the last of them; a service that does not say how many there
// are shows that by the next number. Should the stream break between, all of
// its parts come again, perhaps divided otherwise, so it is told by their ids
// what is new.
//
// Invariant: of each (subscription, event) one delivery per session epoch is
// admitted, in the order of the service, and nothing is passed over.
// Cost: constant for each entry; parts keep their ids.
// Thread-safety: none; guarded by its owner.
#ifndef STREAMER_CLIENT_SESSION_RECEIVER_H_
#define STREAMER_CLIENT_SESSION_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "client/entry_number.h"
#include "event/position.h"

namespace streamer {

// How far a gateway is in its session: enough to go on from there, in this
// process or another.
struct SessionPlace {
  std::uint64_t session = 0;  // 0: there is none yet
  std::uint64_t seq = 0;      // up to here
  // Of the newest delivery up to there that was not read from the log.
  std::string progress;
  // Something was lost of which the reader does not know yet: whoever goes on
  // from here must be told. Of no concern to the service.
  bool has_unread_loss = false;
  // Where the last of those is that still catch up with the log and are not so
  // far; empty: there are none. Should the session be lost, so is what follows.
  std::string behind = {};

  // One that catches up has come to `place`.
  void PutBehind(const std::string& place);

  friend bool operator==(const SessionPlace&, const SessionPlace&) = default;
};

// "s1-12-345-p1-7-1024": version, session, seq, progress; an unread loss is
// said before the session, "s1-lost-12-…", who is behind at the end,
// "…-behind-p1-7-9". Parse reads exactly what Format writes; InvalidArgument
// otherwise.
std::string FormatSessionPlace(const SessionPlace& place);
Result<SessionPlace> ParseSessionPlace(std::string_view text);

// The answer to Hello.
struct SessionWelcome {
  enum class Continuity : std::uint8_t {
    kNew,  // there is no before
    kNothingMissed,
    kComplete,  // something was missed, and all of it follows
    kLost,      // something in the range is lost
  };
  std::uint64_t session = 0;
  Continuity continuity = Continuity::kLost;
  std::uint64_t next_seq = 0;
  std::string from_progress;
  std::string to_progress;
  std::uint64_t subscription_count = 0;
  std::uint64_t subscription_digest = 0;
  std::uint64_t unasked_count = 0;  // that others registered
};

// A numbered message as it came.
struct SessionEntry {
  std::uint64_t seq = 0;
  std::uint32_t part = 0;           // 0: whole
  std::uint32_t parts = 0;          // how many there are; 0: not said
  std::string_view progress = {};   // empty for notices
  bool is_catching_up = false;      // read from the log
  std::string_view lost_from = {};  // of a notice of a loss
};

class SessionReceiver {
 public:
  // Goes on from `place`.
  explicit SessionReceiver(const SessionPlace& place);

  // What Hello says.
  const SessionPlace& Announce();

  enum class Course : std::uint8_t {
    kContinued,    // by number or by position: nothing is lost
    kSkipped,      // entries are lost, but not what was subscribed
    kStartedOver,  // the service knows nothing of before
  };
  // Takes the answer to what was announced. Internal when it makes no sense;
  // changes nothing then.
  Result<Course> Welcomed(const SessionWelcome& welcome);

  struct Admission {
    EntryNumber number;  // null: it came before, drop it
    // Parts of it may have come before: of its ids, only those are new that
    // NoteId says so of.
    bool is_divided = false;
  };
  // Takes an entry of the open stream. Internal when it cannot be the next: the
  // stream is broken then, and nothing was changed.
  Result<Admission> Admit(const SessionEntry& entry);

  // Whether the delivery admitted last has not come with `id` before.
  bool NoteId(std::string_view id) {
    return part_ids_.insert(std::string(id)).second;
  }

  // Numbers a gap that was found here. It is an unread loss until processed.
  EntryNumber NumberGap();

  // Everything up to `number` is processed; this one entry or gap is.
  void ProcessUpTo(EntryNumber number);
  void Process(EntryNumber number);

  struct Acknowledgement {
    std::uint64_t session = 0;
    std::uint64_t seq = 0;
  };
  // What is to be acknowledged now, if anything: once all that was received is
  // processed, or `enough` entries are.
  std::optional<Acknowledgement> TakeAcknowledgement(std::uint64_t enough);

  [[nodiscard]] SessionPlace processed() const { return PlaceAfter({}); }
  // The same, were everything up to `number` processed.
  [[nodiscard]] SessionPlace PlaceAfter(EntryNumber number) const;
  [[nodiscard]] std::uint64_t session() const { return session_; }
  // The newest of which anything was received.
  [[nodiscard]] std::uint64_t newest_seq() const { return seq_; }
  // The newest that was received whole, and its progress.
  [[nodiscard]] std::uint64_t last_seq() const;
  [[nodiscard]] const std::string& last_progress() const { return progress_; }
  // Entries that came before and were dropped.
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }

 private:
  // Received and not processed.
  struct Outstanding {
    EntryNumber number;
    std::uint64_t session;
    std::string progress_before;  // of what came before it
    // Before it, if it was read from the log or tells of a loss.
    std::string behind;
  };

  [[nodiscard]] bool IsDuplicate(const SessionEntry& entry) const;
  [[nodiscard]] bool IsNext(const SessionEntry& entry) const;
  bool IsBeforeFloor(const SessionEntry& entry);
  void FinishParts();
  void Advance(const SessionEntry& entry);
  Admission Number(const SessionEntry& entry);
  [[nodiscard]] bool HasAllBefore(const SessionWelcome& welcome) const;
  void TakeBackParts();
  void ContinueByPosition(const SessionWelcome& welcome);
  void BeginEpoch(const SessionWelcome& welcome);

  SessionPlace announced_;
  // A place of an earlier epoch was, since the last welcome.
  bool is_position_announced_ = false;
  std::uint32_t epoch_;  // counts session numbers
  std::uint64_t session_;
  std::uint64_t seq_;       // the newest of which anything came
  std::uint32_t part_ = 0;  // the newest of its parts; 0: it came whole
  std::string progress_;    // of what came whole
  std::string part_progress_;
  // In an epoch continued by position: what is at or before it came already.
  std::optional<Position> floor_;
  // The delivery that came in parts last, and the ids of all of them.
  std::uint64_t divided_ = 0;
  TextSet part_ids_;
  EntryNumber last_number_;
  std::deque<Outstanding> outstanding_;  // ascending
  std::deque<EntryNumber> unread_gaps_;  // ascending
  std::uint64_t acknowledged_ = 0;
  std::uint64_t duplicates_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_SESSION_RECEIVER_H_
