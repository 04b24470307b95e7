#include "store/etcd_state_store.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "etcd/etcdserverpb.pb.h"
#include "store/internal/etcd_client.h"
#include "store/internal/etcd_layout.h"
#include "store/internal/revision_file.h"
#include "store/internal/state_layout.h"

namespace streamer {
namespace {

namespace wire = etcdserverpb;
using internal::AtKey;
using internal::EtcdLayout;
using internal::RevisionFile;
using internal::StateHead;

// etcd counts the longest list of a transaction. That of a commit has its
// changes, the head and the tag.
constexpr std::size_t kMaxOperations = 128;
constexpr std::size_t kMaxChanges = kMaxOperations - 2;

// What a record takes in a commit beside its name, its value and the prefix,
// generously; so does each other operation, and all that is compared.
constexpr std::size_t kAroundRecord = 256;

// How often a claim is overtaken, or a load finds its revision forgotten,
// before that is a failure. Each time somebody else got on.
constexpr int kMaxTries = 16;

// What a transaction reads when its comparisons do not hold.
enum ReadOf : int { kReadHead, kReadOwner, kReadTag };

void ReadInstead(wire::TxnRequest& transaction, const EtcdLayout& layout) {
  for (const std::string& key : {layout.head(), layout.owner(), layout.tag()}) {
    transaction.add_failure()->mutable_request_range()->set_key(key);
  }
}

// The key that was read instead; null, if it is not there.
const wire::KeyValue* FindRead(const wire::TxnResponse& response, ReadOf of) {
  if (of >= response.responses_size()) return nullptr;
  const wire::RangeResponse& read = response.responses(of).response_range();
  return read.kvs_size() == 0 ? nullptr : &read.kvs(0);
}

void CompareValue(wire::TxnRequest& transaction, const std::string& key,
                  const std::string& value) {
  wire::Compare& compare = *transaction.add_compare();
  compare.set_result(wire::Compare::EQUAL);
  compare.set_target(wire::Compare::VALUE);
  compare.set_key(key);
  compare.set_value(value);
}

void CompareAbsent(wire::TxnRequest& transaction, const std::string& key) {
  wire::Compare& compare = *transaction.add_compare();
  compare.set_result(wire::Compare::EQUAL);
  compare.set_target(wire::Compare::CREATE);
  compare.set_key(key);
  compare.set_create_revision(0);
}

void CompareLease(wire::TxnRequest& transaction, const std::string& key,
                  std::int64_t lease) {
  wire::Compare& compare = *transaction.add_compare();
  compare.set_result(wire::Compare::EQUAL);
  compare.set_target(wire::Compare::LEASE);
  compare.set_key(key);
  compare.set_lease(lease);
}

void Put(wire::TxnRequest& transaction, const std::string& key,
         const std::string& value, std::int64_t lease = 0) {
  wire::PutRequest& put = *transaction.add_success()->mutable_request_put();
  put.set_key(key);
  put.set_value(value);
  put.set_lease(lease);
}

// The last change of each key: etcd takes no two writes of one.
void PutChanges(wire::TxnRequest& transaction, const EtcdLayout& layout,
                const std::vector<StateChange>& changes) {
  std::map<std::string, const StateChange*> last;
  for (const StateChange& change : changes) {
    last[layout.Encode(change.key)] = &change;
  }
  for (const auto& [key, change] : last) {
    if (change->value) {
      Put(transaction, key, internal::EncodeStateValue(key, *change->value));
    } else {
      transaction.add_success()->mutable_request_delete_range()->set_key(key);
    }
  }
}

// `before` is null for a state that is made by this, after `none`.
wire::TxnRequest MakeClaim(const EtcdLayout& layout,
                           const std::optional<StateHead>& before,
                           const StateHead& none, std::int64_t lease) {
  wire::TxnRequest claim;
  StateHead head = before.value_or(none);
  if (before) {
    CompareValue(claim, layout.head(), internal::Encode(head));
  } else {
    CompareAbsent(claim, layout.head());
  }
  ++head.owner;
  Put(claim, layout.head(), internal::Encode(head));
  Put(claim, layout.owner(), absl::StrCat(head.owner), lease);
  ReadInstead(claim, layout);
  return claim;
}

// Of the state whose head is `head`.
wire::TxnRequest MakeReclaim(const EtcdLayout& layout, const StateHead& head,
                             std::int64_t lease) {
  wire::TxnRequest reclaim;
  CompareValue(reclaim, layout.head(), internal::Encode(head));
  Put(reclaim, layout.owner(), absl::StrCat(head.owner), lease);
  return reclaim;
}

struct TaggedCommit {
  wire::TxnRequest request;
  std::string tag;
};

TaggedCommit MakeCommit(const EtcdLayout& layout,
                        const StateTransaction& transaction,
                        std::uint64_t identity, std::int64_t lease) {
  StateHead head{transaction.owner, transaction.revision, identity};
  TaggedCommit commit;
  CompareValue(commit.request, layout.head(), internal::Encode(head));
  PutChanges(commit.request, layout, transaction.changes);
  // Without the lease: it is another one once the state was taken back.
  commit.tag =
      internal::EncodeTag(HashBytes(commit.request.SerializeAsString()));
  CompareLease(commit.request, layout.owner(), lease);
  ++head.revision;
  Put(commit.request, layout.head(), internal::Encode(head));
  Put(commit.request, layout.tag(), commit.tag);
  ReadInstead(commit.request, layout);
  return commit;
}

Status HeadIsMissing(const EtcdLayout& layout) {
  return AtKey(layout.head(), DataLoss("expected owner and revision, got a "
                                       "state without them"));
}

// Null stands for a key that is not there.
Result<StateHead> DecodeHead(const EtcdLayout& layout,
                             const wire::KeyValue* found) {
  if (found == nullptr) return HeadIsMissing(layout);
  Result<StateHead> head = internal::DecodeStateHead(found->value());
  if (!head.ok()) return AtKey(layout.head(), head.status());
  return head;
}

// The head; none, if there is no state at all.
Result<std::optional<StateHead>> ReadHead(internal::EtcdClient& client,
                                          const EtcdLayout& layout) {
  wire::RangeRequest first;
  first.set_key(layout.head());
  first.set_range_end(layout.end());
  first.set_limit(1);
  STREAMER_ASSIGN_OR_RETURN(wire::RangeResponse found, client.Range(first));
  if (found.kvs_size() == 0) return std::optional<StateHead>();
  if (found.kvs(0).key() != layout.head()) return HeadIsMissing(layout);
  STREAMER_ASSIGN_OR_RETURN(StateHead head, DecodeHead(layout, &found.kvs(0)));
  return std::optional<StateHead>(head);
}

Status AddRecord(const EtcdLayout& layout, const wire::KeyValue& found,
                 StateSnapshot& state) {
  Result<StateKey> key = layout.Decode(found.key());
  if (!key.ok()) return AtKey(found.key(), key.status());
  Result<std::string> value =
      internal::DecodeStateValue(found.key(), found.value());
  if (!value.ok()) return AtKey(found.key(), value.status());
  state.records.emplace_hint(state.records.end(), std::move(*key),
                             std::move(*value));
  return OkStatus();
}

Status CheckOptions(const EtcdStateStoreOptions& options) {
  if (options.endpoints.empty()) {
    return InvalidArgument("etcd: expected an endpoint, got none");
  }
  if (options.prefix.empty()) {
    return InvalidArgument("etcd: expected a prefix of the keys, got none");
  }
  if (options.lease_ttl < std::chrono::seconds(1)) {
    return InvalidArgument(
        absl::StrCat("etcd: expected a lease of at least 1 s, got one of ",
                     options.lease_ttl.count(), " s"));
  }
  if (options.call_timeout < std::chrono::milliseconds(1)) {
    return InvalidArgument(
        absl::StrCat("etcd: expected a timeout of at least 1 ms, got one of ",
                     options.call_timeout.count(), " ms"));
  }
  if (options.records_per_page == 0) {
    return InvalidArgument("etcd: expected pages of at least 1 record, got 0");
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<EtcdStateStore>> EtcdStateStore::Open(
    const EtcdStateStoreOptions& options) {
  STREAMER_RETURN_IF_ERROR(CheckOptions(options));
  return std::unique_ptr<EtcdStateStore>(new EtcdStateStore(options));
}

EtcdStateStore::EtcdStateStore(const EtcdStateStoreOptions& options)
    : options_(options),
      layout_(std::make_unique<const EtcdLayout>(options.prefix)),
      client_(std::make_unique<internal::EtcdClient>(options.endpoints,
                                                     options.call_timeout)) {}

EtcdStateStore::~EtcdStateStore() = default;

std::size_t EtcdStateStore::max_changes() const { return kMaxChanges; }

std::size_t EtcdStateStore::max_bytes() const {
  const std::size_t around =
      kMaxOperations * (kAroundRecord + options_.prefix.size());
  return options_.max_commit_bytes -
         std::min(around, options_.max_commit_bytes);
}

void EtcdStateStore::Interrupt() { client_->Interrupt(); }

Result<std::shared_ptr<RevisionFile>> EtcdStateStore::OpenWitness(
    const StateHead& head) const {
  if (options_.witness.empty()) return std::shared_ptr<RevisionFile>();
  rocksdb::Env& env = *rocksdb::Env::Default();
  const std::string file = absl::StrCat(
      options_.witness, "-", absl::Hex(head.identity, absl::kZeroPad16));
  STREAMER_RETURN_IF_ERROR(RevisionFile::CreateIfMissing(env, file));
  STREAMER_ASSIGN_OR_RETURN(std::shared_ptr<RevisionFile> witness,
                            RevisionFile::Open(env, file));
  if (head.revision >= witness->revision()) return witness;
  return AtKey(
      layout_->head(),
      DataLoss(absl::StrCat("expected revision ", witness->revision(),
                            " or later (", file, "), got ", head.revision,
                            ": put back the newer state, or remove all keys "
                            "of this one to begin anew")));
}

void EtcdStateStore::Own(const StateHead& head, std::int64_t lease,
                         std::chrono::seconds ttl,
                         std::shared_ptr<RevisionFile> witness) {
  const std::lock_guard lock(mutex_);
  if (witness != nullptr) witness->Note(head.revision);
  ownership_ = {.owner = head.owner,
                .lease = lease,
                .ttl = ttl,
                .lost = "",
                .identity = head.identity,
                .witness = std::move(witness)};
}

// A claim whose answer was lost fails when it is sent again, but then its own
// lease holds the owner's key. A lease that was granted for nothing ends by
// itself.
Result<std::uint64_t> EtcdStateStore::Claim() {
  const StateHead none =
      internal::NewStateHead(options_.first_owner, options_.identity);
  STREAMER_ASSIGN_OR_RETURN(std::optional<StateHead> before,
                            ReadHead(*client_, *layout_));
  STREAMER_ASSIGN_OR_RETURN(std::shared_ptr<RevisionFile> witness,
                            OpenWitness(before.value_or(none)));
  STREAMER_ASSIGN_OR_RETURN(wire::LeaseGrantResponse lease,
                            client_->GrantLease(options_.lease_ttl));
  for (int tries = 0; tries < kMaxTries; ++tries) {
    STREAMER_ASSIGN_OR_RETURN(
        wire::TxnResponse response,
        client_->Txn(MakeClaim(*layout_, before, none, lease.id())));
    StateHead head = before.value_or(none);
    ++head.owner;
    const wire::KeyValue* owner = FindRead(response, kReadOwner);
    if (!response.succeeded()) {
      STREAMER_ASSIGN_OR_RETURN(
          head, DecodeHead(*layout_, FindRead(response, kReadHead)));
    }
    if (response.succeeded() ||
        (owner != nullptr && owner->lease() == lease.id())) {
      Own(head, lease.id(), std::chrono::seconds(lease.ttl()),
          std::move(witness));
      return head.owner;
    }
    STREAMER_ASSIGN_OR_RETURN(witness, OpenWitness(head));
    before = head;
  }
  return Unavailable(absl::StrCat("etcd ", options_.prefix,
                                  ": expected to become the owner within ",
                                  kMaxTries, " tries, got overtaken in each"));
}

// Sent again, it does the same; and nobody but the next owner changes the head
// meanwhile.
Status EtcdStateStore::Reclaim(std::uint64_t owner) {
  STREAMER_ASSIGN_OR_RETURN(std::optional<StateHead> head,
                            ReadHead(*client_, *layout_));
  if (!head) return HeadIsMissing(*layout_);
  if (head->owner != owner) {
    return NotOwned(absl::StrCat("was followed by owner ", head->owner));
  }
  STREAMER_ASSIGN_OR_RETURN(std::shared_ptr<RevisionFile> witness,
                            OpenWitness(*head));
  STREAMER_ASSIGN_OR_RETURN(wire::LeaseGrantResponse lease,
                            client_->GrantLease(options_.lease_ttl));
  STREAMER_ASSIGN_OR_RETURN(
      wire::TxnResponse response,
      client_->Txn(MakeReclaim(*layout_, *head, lease.id())));
  if (!response.succeeded()) return NotOwned("was followed by another");
  Own(*head, lease.id(), std::chrono::seconds(lease.ttl()), std::move(witness));
  return OkStatus();
}

Result<StateSnapshot> EtcdStateStore::Load() const {
  Result<StateSnapshot> state = LoadOnce();
  for (int tries = 1; tries < kMaxTries && absl::IsOutOfRange(state.status());
       ++tries) {
    state = LoadOnce();
  }
  if (!absl::IsOutOfRange(state.status())) return state;
  return Unavailable(std::string(MessageOf(state.status())));
}

Result<StateSnapshot> EtcdStateStore::LoadOnce() const {
  wire::RangeRequest page;
  page.set_key(layout_->head());
  page.set_range_end(layout_->end());
  page.set_limit(static_cast<std::int64_t>(options_.records_per_page));
  StateSnapshot state;
  bool has_head = false;
  while (true) {
    STREAMER_ASSIGN_OR_RETURN(wire::RangeResponse found, client_->Range(page));
    // The first page decides at which revision the others are read.
    if (page.revision() == 0) page.set_revision(found.header().revision());
    for (const wire::KeyValue& each : found.kvs()) {
      if (each.key() == layout_->head()) {
        STREAMER_ASSIGN_OR_RETURN(StateHead head, DecodeHead(*layout_, &each));
        state.revision = head.revision;
        has_head = true;
      } else if (!has_head) {
        return HeadIsMissing(*layout_);
      } else if (each.key() != layout_->owner()) {
        STREAMER_RETURN_IF_ERROR(AddRecord(*layout_, each, state));
      }
    }
    if (!found.more() || found.kvs_size() == 0) return state;
    // The first key behind the last one.
    page.set_key(found.kvs(found.kvs_size() - 1).key() + '\0');
  }
}

Result<std::uint64_t> EtcdStateStore::Commit(
    const StateTransaction& transaction) {
  STREAMER_ASSIGN_OR_RETURN(Ownership held, Held());
  STREAMER_ASSIGN_OR_RETURN(std::uint64_t revision, Send(transaction, held));
  const std::lock_guard lock(mutex_);
  if (held.witness != nullptr) held.witness->Note(revision);
  return revision;
}

Result<std::uint64_t> EtcdStateStore::Send(const StateTransaction& transaction,
                                           const Ownership& held) {
  // Owner and revision are etcd's to compare.
  STREAMER_RETURN_IF_ERROR(CheckTransaction(transaction, transaction.owner,
                                            transaction.revision, kMaxChanges));
  const TaggedCommit commit =
      MakeCommit(*layout_, transaction, held.identity, held.lease);
  if (const std::size_t size = commit.request.ByteSizeLong();
      size > options_.max_commit_bytes) {
    return InvalidArgument(absl::StrCat(
        "etcd ", options_.prefix, ": expected a commit of at most ",
        options_.max_commit_bytes, " bytes, got one of ", size));
  }
  Result<wire::TxnResponse> response = client_->Txn(commit.request);
  if (absl::IsUnavailable(response.status())) {
    response = client_->Txn(commit.request);
  }
  if (!response.ok()) return response.status();
  if (response->succeeded()) return transaction.revision + 1;

  STREAMER_ASSIGN_OR_RETURN(
      StateHead head, DecodeHead(*layout_, FindRead(*response, kReadHead)));
  const wire::KeyValue* tag = FindRead(*response, kReadTag);
  if (head.owner == transaction.owner &&
      head.revision == transaction.revision + 1 && tag != nullptr &&
      tag->value() == commit.tag) {
    // It was done, and its answer lost.
    return head.revision;
  }
  if (head.owner != held.owner) {
    Lose(held.lease, absl::StrCat("was followed by owner ", head.owner))
        .IgnoreError();
  }
  STREAMER_RETURN_IF_ERROR(
      CheckTransaction(transaction, head.owner, head.revision, kMaxChanges));
  return Lose(held.lease, "lost the lease");
}

Status EtcdStateStore::KeepAlive(MonotonicTime now) {
  STREAMER_ASSIGN_OR_RETURN(Ownership held, HeldAt(now));
  STREAMER_ASSIGN_OR_RETURN(std::chrono::seconds ttl,
                            client_->RenewLease(held.lease));
  // A lease outlives its ownership when another owner takes the key.
  wire::RangeRequest owner;
  owner.set_key(layout_->owner());
  STREAMER_ASSIGN_OR_RETURN(wire::RangeResponse found, client_->Range(owner));
  if (ttl.count() <= 0 || found.kvs_size() == 0) {
    return Lose(held.lease, "lost the lease");
  }
  if (found.kvs(0).lease() != held.lease) {
    return Lose(held.lease, absl::StrCat("was followed by owner ",
                                         absl::CEscape(found.kvs(0).value())));
  }
  const std::lock_guard lock(mutex_);
  if (ownership_.lease == held.lease) {
    ownership_.end = std::max(ownership_.end.value_or(now), now + ttl);
  }
  return OkStatus();
}

bool EtcdStateStore::is_owner(MonotonicTime now) const {
  const std::lock_guard lock(mutex_);
  return ownership_.lost.empty() && (!ownership_.end || now < *ownership_.end);
}

Result<EtcdStateStore::Ownership> EtcdStateStore::Held() const {
  const std::lock_guard lock(mutex_);
  if (!ownership_.lost.empty()) return NotOwned(ownership_.lost);
  return ownership_;
}

Result<EtcdStateStore::Ownership> EtcdStateStore::HeldAt(MonotonicTime now) {
  STREAMER_ASSIGN_OR_RETURN(Ownership held, Held());
  if (held.end && now >= *held.end) {
    return Lose(held.lease, "did not renew the lease in time");
  }
  const std::lock_guard lock(mutex_);
  if (ownership_.lease == held.lease && !ownership_.end) {
    ownership_.end = now + ownership_.ttl;
  }
  return held;
}

Status EtcdStateStore::Lose(std::int64_t lease, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (ownership_.lease == lease && ownership_.lost.empty()) {
    ownership_.lost = why;
  }
  return NotOwned(why);
}

Status EtcdStateStore::NotOwned(const std::string& why) const {
  return FailedPrecondition(
      absl::StrCat("etcd ", options_.prefix,
                   ": expected the owner of the state, got one who ", why));
}

}  // namespace streamer
