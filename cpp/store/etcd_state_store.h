// EtcdStateStore: a StateStore in etcd, for nodes that may run on any machine.
//
//   auto store = EtcdStateStore::Open({{"10.0.0.1:2379"}, "streamer/node-1"});
//   STREAMER_ASSIGN_OR_RETURN(std::uint64_t owner, (*store)->Claim());
//   (*store)->KeepAlive(now)        // at once, then every third of the lease
//
// Ownership hangs on a lease. Claim takes it at once, whoever had it: a node
// that was killed must not wait for its own lease to end. Each commit is one
// etcd transaction that compares owner, revision and lease, so of two nodes
// that both believe they own the state exactly one can write. The lease makes
// the other notice: an owner that could not renew it in time, that etcd no
// longer knows, or that was followed by another, has lost the state. It is then
// no owner until it claims again, and its commits are refused unasked. Whoever
// lost it to nobody, only to time, may take it back.
//
// An answer can be lost. A commit whose outcome is unknown is sent once more:
// it cannot be done twice, and etcd answers with what is there instead. If
// there is no answer to that either, Commit is Unavailable and may or may not
// have been done; the very same transaction tried again says which. Another
// one in its place is right too: it is FailedPrecondition if the first was
// done, though is_owner() holds; Load then tells what is there.
//
// A state that was swapped for an older one, such as a backup, is refused: a
// file elsewhere (`witness`) notes how far it had come when this node last
// claimed it or committed. Each state has a file of its own, named by the
// identity that was drawn when the state was made; so one that was removed and
// begun anew is not an older one, whatever its revision. State that another
// owned meanwhile has come further than is noted, which is right. Not seen is
// an older one that another owner has carried past what is noted here.
//
// Cost: a commit is one round trip, and one write of 16 bytes into the page
// cache for the witness; Load a round trip for each page. A call takes at most
// the timeout for each endpoint; a Commit that and again, a KeepAlive the same,
// a Claim some more when others claim meanwhile.
//
// Thread-safety: as StateStore promises. No call waits for another; who makes
// all of them from one thread renews the lease only between commits.
#ifndef STREAMER_STORE_ETCD_STATE_STORE_H_
#define STREAMER_STORE_ETCD_STATE_STORE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/state_store.h"

namespace streamer {

namespace internal {
class EtcdClient;
class EtcdLayout;
class RevisionFile;
struct StateHead;
}  // namespace internal

struct EtcdStateStoreOptions {
  // Each host:port, of one etcd cluster; the next is asked where one is down.
  std::vector<std::string> endpoints;
  // What its keys begin with, before a '/'. No other user of the cluster has
  // it, nor one that begins with it and a '/'.
  std::string prefix;
  // Of a state that is made. Numbers that a state before it gave, which was
  // removed, must not come again.
  std::uint64_t first_owner = 1;
  // Of a state that is made: drawn, never one that another had. 0: none, and
  // only its revision tells it from others under the same witness.
  std::uint64_t identity = 0;
  // Files beside the log of this node, one for each state that it has owned,
  // note how far that had come: this is what their names begin with, before a
  // '-' and the identity. Empty: none.
  std::string witness;
  // How long the state stays owned without KeepAlive. etcd may make it longer.
  std::chrono::seconds lease_ttl{10};
  // How long one endpoint has to answer.
  std::chrono::milliseconds call_timeout{2000};
  // How many records Load asks for at once. etcd walks all that are still to
  // come for every page, so small ones cost more than they save.
  std::size_t records_per_page = 10'000;
  // The longest commit; etcd refuses more than 1.5 MiB, unless told otherwise.
  std::size_t max_commit_bytes = 1'500'000;
};

class EtcdStateStore final : public StateStore {
 public:
  // Asks nobody yet. InvalidArgument for options that cannot be.
  static Result<std::unique_ptr<EtcdStateStore>> Open(
      const EtcdStateStoreOptions& options);
  ~EtcdStateStore() override;

  // Takes a new lease. DataLoss when the state is damaged, or older than what
  // is noted of it: then nothing is changed, there or here.
  Result<std::uint64_t> Claim() override;

  // Takes a new lease. DataLoss as Claim.
  Status Reclaim(std::uint64_t owner) override;

  // All of one revision of etcd, also to who does not own it. DataLoss names
  // the key that is damaged.
  Result<StateSnapshot> Load() const override;

  // FailedPrecondition also when the state was never claimed or was lost;
  // InvalidArgument also for more than max_commit_bytes.
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override;

  // What etcd's limit of 128 operations leaves beside the head and the tag.
  std::size_t max_changes() const override;
  // What is left of max_commit_bytes beside the keys and all that surrounds.
  std::size_t max_bytes() const override;
  void Interrupt() override;

  // Renews the lease; `now` is from before the call. Unavailable leaves the
  // owner as it was; FailedPrecondition says that the state is lost, and why.
  // The first call after Claim starts the lease's time.
  Status KeepAlive(MonotonicTime now) override;
  Duration keep_alive_interval() const override {
    return Duration(options_.lease_ttl) / 3;
  }

  // Whether commits can be expected to be taken at `now`.
  [[nodiscard]] bool is_owner(MonotonicTime now) const;

 private:
  struct Ownership {
    std::uint64_t owner = 0;
    std::int64_t lease = 0;
    std::chrono::seconds ttl{0};
    // None until KeepAlive was told the time.
    std::optional<MonotonicTime> end;
    // Why there is none; empty: there is one.
    std::string lost = "never claimed it";
    std::uint64_t identity = 0;  // of the state
    // Null: nobody is to look. Guarded by mutex_.
    std::shared_ptr<internal::RevisionFile> witness;
  };

  explicit EtcdStateStore(const EtcdStateStoreOptions& options);

  // What notes how far the state with that head had come; null, if nothing is
  // to. DataLoss when that is further than the head says.
  Result<std::shared_ptr<internal::RevisionFile>> OpenWitness(
      const internal::StateHead& head) const;
  // Owns the state with that head from now on, by that lease.
  void Own(const internal::StateHead& head, std::int64_t lease,
           std::chrono::seconds ttl,
           std::shared_ptr<internal::RevisionFile> witness);
  // Commit, but for the note.
  Result<std::uint64_t> Send(const StateTransaction& transaction,
                             const Ownership& held);
  Result<StateSnapshot> LoadOnce() const;
  // FailedPrecondition when the state is lost.
  Result<Ownership> Held() const;
  // Held, at `now`.
  Result<Ownership> HeldAt(MonotonicTime now);
  // Marks what hangs on `lease` as lost, and returns how to say so.
  Status Lose(std::int64_t lease, const std::string& why);
  [[nodiscard]] Status NotOwned(const std::string& why) const;

  const EtcdStateStoreOptions options_;
  const std::unique_ptr<const internal::EtcdLayout> layout_;
  const std::unique_ptr<internal::EtcdClient> client_;

  mutable std::mutex mutex_;
  // Guarded by mutex_, which is never held during a call.
  Ownership ownership_;
};

}  // namespace streamer

#endif  // STREAMER_STORE_ETCD_STATE_STORE_H_
