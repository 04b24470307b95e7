// StateFolder: the disk of a state store: records in the shipped layout, beside
// the shipped notes of how far they have come, one of them with the log.
//
// A process opens it, reads and writes. While none has it open it can be harmed
// in each way of StateHarm, and the good copy put back. MARK, which RocksDB's
// folder has besides, is left out: the notes tell all that it tells of these.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_STATE_FOLDER_H_
#define STREAMER_TESTS_SIM_STATE_FOLDER_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/internal/revision_file.h"
#include "store/internal/state_layout.h"
#include "store/state_store.h"
#include "support/random.h"

namespace streamer::sim {

enum class StateHarm {
  kFlippedBit,   // of the name or the value of a record
  kCutValue,     // of a record
  kLostRecord,   // one without which the rest means nothing
  kLostNote,     // the file, or what is in it
  kLostCommits,  // the newest ones
  kOlderCopy,    // of the whole folder, in its place
};

class StateFolder {
 public:
  StateFolder();

  // DataLoss when it is damaged, or older than it was.
  Result<internal::StateHead> Open();
  // What it holds. DataLoss when a record is damaged.
  [[nodiscard]] Result<StateSnapshot> Load() const;
  // Changes it, in one write. REQUIRES: it was opened.
  void Write(const internal::StateHead& head,
             const std::vector<StateChange>& changes);

  // From now on this is the older copy.
  void Copy() { copy_ = Keep(); }
  // Says what was done; nothing, when there is nothing to harm in that way.
  // REQUIRES: it is not harmed.
  std::string Harm(StateHarm harm, support::Random& random);
  // As it was before Harm.
  void PutBack();
  // All is given up, the note that lies with the log as well: a new one, whose
  // owners are numbered from there.
  void Renew(std::uint64_t first_owner);

 private:
  // Name and bytes of each, the head among them.
  using Records = std::map<std::string, std::string>;
  struct Files {
    Records records;
    std::string note;
  };
  // What the records that a commit changed were before.
  using Undo = std::map<std::string, std::optional<std::string>>;

  std::string FlipBit(support::Random& random);
  std::string CutValue(support::Random& random);
  std::string LoseRecord(support::Random& random);
  std::string LoseNote(support::Random& random);
  std::string LoseCommits(support::Random& random);
  std::string Swap();
  void Put(const std::string& name, const std::optional<std::string>& bytes);
  [[nodiscard]] Records::iterator Any(support::Random& random);
  [[nodiscard]] std::string Get(const std::string& name) const;
  [[nodiscard]] std::uint64_t Revision() const;
  [[nodiscard]] Files Keep() const;

  const std::unique_ptr<rocksdb::Env> disk_;  // of the notes
  Records records_;
  std::deque<Undo> undos_;  // of the newest commits
  std::unique_ptr<internal::RevisionFile> note_;
  std::unique_ptr<internal::RevisionFile> witness_;
  Files copy_;
  Files unharmed_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_STATE_FOLDER_H_
