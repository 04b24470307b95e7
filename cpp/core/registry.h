// Registry: every live subscription, who owns it, until when, and how many
// more there may be.
//
// A subscription is known by (gateway, subscription id). Its handle is dense,
// given in order and never used twice, so that a later incarnation of the same
// id is never taken for the earlier.
//
// Invariant: the counts behind the quotas equal what is stored; nothing is
// changed by a call that fails.
// Cost: a few look-ups per call, whatever is stored; expiry follows what is
// due. No call moves a whole table.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_REGISTRY_H_
#define STREAMER_CORE_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"
#include "core/commands.h"
#include "core/effects.h"
#include "core/internal/scan_load.h"
#include "core/internal/segmented_map.h"
#include "core/options.h"
#include "event/position.h"
#include "filter/filter.h"

namespace streamer {

struct Subscription {
  SubscriptionHandle handle;
  GatewayHandle gateway;
  std::string subscription_id;
  std::string tenant;
  std::string collection;
  std::shared_ptr<const Filter> filter;
  Position from;  // sees the events after this one
  std::optional<Duration> ttl;
  std::optional<Instant> expires_at;
  bool membership = false;
  bool is_managed = false;
  bool is_asked = true;         // by a stream of its gateway
  bool begins_in_past = false;  // what follows `from` may have to be read again
};

// Whether an event of which nothing is known may have been for it.
bool SeesEveryChange(const Subscription& subscription);

// What is known of a collection that has subscriptions.
struct SubscribedCollection {
  std::size_t subscriptions = 0;
  std::size_t memberships = 0;  // of them, those that ask for membership
  // Of its events, for membership subscriptions; kept by the sequencer. Whether
  // the last that changed a document said what that was before, and from which
  // on what was remembered holds.
  bool has_before_images = false;
  std::uint64_t remembered_from = 0;
  // Null when it has none that must be scanned.
  std::unique_ptr<internal::ScanLoad> scanned;
};

struct RegistryStatistics {
  std::uint64_t active_match_all = 0;
  std::uint64_t active_document = 0;
  std::uint64_t active_filter = 0;
  std::uint64_t registered = 0;
  std::uint64_t unregistered = 0;
  std::uint64_t expired = 0;
  std::uint64_t suspended = 0;
  std::uint64_t quota_exceeded_gateway = 0;
  std::uint64_t quota_exceeded_tenant = 0;
  std::uint64_t quota_exceeded_total = 0;
  std::uint64_t quota_exceeded_collection = 0;
};

enum class Admission : std::uint8_t { kNew, kRestored };

class Registry {
 public:
  explicit Registry(const QuotaOptions& quota) : quota_(quota) {}

  // REQUIRES: `gateway.gateway` was never added.
  void AddGateway(const ConnectGateway& gateway);
  [[nodiscard]] bool HasGateway(GatewayHandle gateway) const;
  // What quotas and lists call it. REQUIRES: HasGateway.
  [[nodiscard]] const std::string& GatewayIdOf(GatewayHandle gateway) const;
  [[nodiscard]] GatewayKind KindOf(GatewayHandle gateway) const;

  // How many subscriptions of a session its streams asked for, and what they
  // are (see SubscriptionDigest); and how many they did not. REQUIRES:
  // HasGateway.
  struct Set {
    std::size_t count = 0;
    std::uint64_t digest = 0;  // 0 when it is no session
    std::size_t unasked = 0;
  };
  [[nodiscard]] Set SetOf(GatewayHandle gateway) const;

  struct Addition {
    // OK; NotFound without its gateway; InvalidArgument for a bad id, tenant,
    // collection or time to live; AlreadyExists when the id has another
    // filter, or did not ask for membership alike; ResourceExhausted names the
    // quota that is full.
    Status status;
    std::optional<QuotaScope> quota;
    const Subscription* subscription = nullptr;  // null unless OK
    bool is_new = false;  // or: the same subscription was there already
  };
  // Whether images come is not known after a restart: of what was there before,
  // membership is not bounded. What was managed is asked for from here on, if
  // a stream asks for the same.
  Addition Add(const Subscribe& subscribe, Position from, Instant now,
               Admission admission = Admission::kNew);

  // Why the first subscription of a gateway that is still to be added would be
  // refused, counted as such.
  std::optional<Addition> RefuseFirst(const Subscribe& subscribe);

  // NotFound when there is no such subscription.
  Result<Subscription> Remove(GatewayHandle gateway,
                              std::string_view subscription_id);

  // Moves its expiry to a time to live from now. NotFound as above.
  Result<std::optional<Instant>> Renew(const Renew& renew, Instant now);

  // Removes the gateway; its subscriptions, ascending by handle.
  std::vector<Subscription> RemoveGateway(GatewayHandle gateway);

  // Removes what is due at `now`, by time of expiry, then handle.
  std::vector<Subscription> Expire(Instant now);

  // Removes these; one that is no longer there is ignored.
  std::vector<Subscription> Suspend(
      std::span<const SubscriptionHandle> handles);

  // Null when no subscription names it. Valid until the next change.
  [[nodiscard]] SubscribedCollection* Find(std::string_view tenant,
                                           std::string_view collection);

  // How many subscriptions name this collection.
  [[nodiscard]] std::size_t CountOf(std::string_view tenant,
                                    std::string_view collection) const;

  // Live subscriptions ascending by handle, at most `limit`, after `after`.
  // The pointers are valid until the next change.
  [[nodiscard]] std::vector<const Subscription*> List(SubscriptionHandle after,
                                                      std::size_t limit) const;
  // Those of `tenant` (empty: of any) that see every change: what a lost event
  // may have been for. Cost: their number.
  [[nodiscard]] std::vector<const Subscription*> ListWatching(
      std::string_view tenant) const;
  // The same of one gateway: all of them.
  [[nodiscard]] std::vector<const Subscription*> ListOf(
      GatewayHandle gateway) const;

  // Those of this id, each of another gateway, ascending by handle. Cost: a
  // look-up for each gateway there is.
  [[nodiscard]] std::vector<const Subscription*> ListNamed(
      std::string_view subscription_id) const;

  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] const RegistryStatistics& statistics() const {
    return statistics_;
  }

 private:
  // A subscription in the list of its gateway, which is in order of handle.
  struct Record {
    Subscription subscription;
    Record* previous = nullptr;
    Record* next = nullptr;
  };
  struct Gateway {
    std::string gateway_id;
    GatewayKind kind = GatewayKind::kSoftState;
    Record* first = nullptr;
    Record* last = nullptr;
    Set set;
    [[nodiscard]] std::size_t count() const { return set.count + set.unasked; }
  };
  // Names of a record's own text.
  struct OwnName {
    GatewayHandle gateway;
    std::string_view subscription_id;
    friend bool operator==(const OwnName&, const OwnName&) = default;
  };
  struct OwnNameHash {
    std::size_t operator()(const OwnName& name) const {
      return HashBytes(name.subscription_id, name.gateway.value());
    }
  };
  struct CollectionName {
    std::string_view tenant;
    std::string_view collection;
  };
  struct CollectionKey {
    explicit CollectionKey(CollectionName name)
        : tenant(name.tenant), collection(name.collection) {}
    std::string tenant;
    std::string collection;
  };
  struct CollectionHash {
    using is_transparent = void;
    template <typename Name>
    std::size_t operator()(const Name& name) const {
      return HashBytes(name.collection, HashBytes(name.tenant));
    }
  };
  struct CollectionEqual {
    using is_transparent = void;
    template <typename Left, typename Right>
    bool operator()(const Left& left, const Right& right) const {
      return left.collection == right.collection && left.tenant == right.tenant;
    }
  };

  [[nodiscard]] Record* Find(GatewayHandle gateway, std::string_view id);
  [[nodiscard]] const SubscribedCollection* FindCollectionOf(
      const Subscribe& subscribe) const;
  Status CheckScanned(const Subscribe& subscribe) const;
  Status CheckMembership(const Subscribe& subscribe) const;
  void AddToCollection(const Subscription& added);
  void RemoveFromCollection(const Subscription& removed);
  // The quota that one more subscription would exceed.
  std::optional<QuotaScope> FindFullQuota(const Gateway& gateway,
                                          std::string_view tenant) const;
  Addition RefuseForQuota(QuotaScope scope);
  // Why one that is not there is not added; nothing: it may be.
  std::optional<Addition> Refuse(const Gateway& gateway,
                                 const Subscribe& subscribe,
                                 Admission admission);
  static void Count(Gateway& gateway, const Subscription& added);
  static void Discount(Gateway& gateway, const Subscription& removed);
  Record& Store(const Subscribe& subscribe, Position from);
  void Link(Gateway& gateway, Record& record);
  void Unlink(Gateway& gateway, Record& record);
  Subscription Take(Record& record);
  void SetExpiry(Subscription& subscription, std::optional<Duration> ttl,
                 Instant now);
  std::uint64_t& ActiveCount(const Filter& filter);

  const QuotaOptions quota_;
  std::uint64_t last_handle_ = 0;
  std::map<GatewayHandle, Gateway> gateways_;
  // Nodes of their own: records stay where they are.
  std::map<SubscriptionHandle, Record> records_;
  internal::SegmentedMap<OwnName, Record*, OwnNameHash> by_name_;
  absl::btree_set<std::pair<MonotonicTime, SubscriptionHandle>> expiries_;
  TextMap<std::size_t> tenant_counts_;
  TextMap<absl::btree_set<SubscriptionHandle>> watching_;  // by tenant
  internal::SegmentedMap<CollectionKey, SubscribedCollection, CollectionHash,
                         CollectionEqual>
      collections_;
  RegistryStatistics statistics_;
};

}  // namespace streamer

#endif  // STREAMER_CORE_REGISTRY_H_
