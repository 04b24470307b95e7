#include "core/registry.h"

#include <algorithm>
#include <cassert>

#include "absl/strings/str_cat.h"
#include "event/decoder.h"
#include "filter/subscription_digest.h"

namespace streamer {
namespace {

std::string_view NameOf(QuotaScope scope) {
  switch (scope) {
    case QuotaScope::kGateway:
      return "gateway";
    case QuotaScope::kTenant:
      return "tenant";
    case QuotaScope::kNode:
      return "node";
    case QuotaScope::kCollection:
      return "collection";
  }
  return "";
}

Status NoSubscription(std::string_view id) {
  return NotFound("no subscription \"" + std::string(id) +
                  "\" of this gateway");
}

Status CheckSubscribe(const Subscribe& subscribe) {
  STREAMER_RETURN_IF_ERROR(
      CheckName("subscription_id", subscribe.subscription_id));
  STREAMER_RETURN_IF_ERROR(CheckName("tenant", subscribe.tenant));
  STREAMER_RETURN_IF_ERROR(CheckCollection(subscribe.collection));
  if (subscribe.ttl && *subscribe.ttl <= Duration::zero()) {
    return InvalidArgument(
        absl::StrCat("ttl: expected a positive duration, got ",
                     subscribe.ttl->count(), " ns"));
  }
  return OkStatus();
}

std::uint64_t DigestOf(const Subscription& subscription) {
  return SubscriptionDigest(subscription.subscription_id, subscription.tenant,
                            subscription.collection,
                            subscription.filter->canonical_key());
}

bool IsSame(const Subscription& subscription, const Subscribe& subscribe) {
  return subscription.tenant == subscribe.tenant &&
         subscription.collection == subscribe.collection &&
         subscription.filter->canonical_key() ==
             subscribe.filter->canonical_key() &&
         subscription.membership == subscribe.membership;
}

Status ExistsOtherwise(const Subscription& known, const Subscribe& subscribe) {
  const bool differs = known.membership != subscribe.membership;
  return AlreadyExists(absl::StrCat("subscription \"",
                                    subscribe.subscription_id, "\" exists ",
                                    !differs           ? "with another filter"
                                    : known.membership ? "with membership"
                                                       : "without membership"));
}

}  // namespace

bool SeesEveryChange(const Subscription& subscription) {
  return subscription.membership || subscription.filter->is_match_all() ||
         subscription.filter->document_id().has_value();
}

void Registry::AddGateway(const ConnectGateway& gateway) {
  bool is_new = gateways_
                    .try_emplace(gateway.gateway,
                                 Gateway{gateway.gateway_id, gateway.kind})
                    .second;
  assert(is_new);
  (void)is_new;
}

bool Registry::HasGateway(GatewayHandle gateway) const {
  return gateways_.contains(gateway);
}

const std::string& Registry::GatewayIdOf(GatewayHandle gateway) const {
  return gateways_.at(gateway).gateway_id;
}

GatewayKind Registry::KindOf(GatewayHandle gateway) const {
  return gateways_.at(gateway).kind;
}

Registry::Set Registry::SetOf(GatewayHandle gateway) const {
  return gateways_.at(gateway).set;
}

Registry::Addition Registry::Add(const Subscribe& subscribe, Position from,
                                 Instant now, Admission admission) {
  auto gateway = gateways_.find(subscribe.gateway);
  if (gateway == gateways_.end())
    return {.status = NotFound("no such gateway")};
  if (Status status = CheckSubscribe(subscribe); !status.ok()) {
    return {.status = std::move(status)};
  }
  if (Record* known = Find(subscribe.gateway, subscribe.subscription_id)) {
    if (!IsSame(known->subscription, subscribe)) {
      return {.status = ExistsOtherwise(known->subscription, subscribe)};
    }
    if (!known->subscription.is_asked && !subscribe.is_managed) {
      Discount(gateway->second, known->subscription);
      known->subscription.is_asked = true;
      Count(gateway->second, known->subscription);
    }
    return {.subscription = &known->subscription};
  }
  if (auto refusal = Refuse(gateway->second, subscribe, admission)) {
    return *std::move(refusal);
  }
  Record& record = Store(subscribe, from);
  Link(gateway->second, record);
  SetExpiry(record.subscription, subscribe.ttl, now);
  return {.subscription = &record.subscription, .is_new = true};
}

std::optional<Registry::Addition> Registry::RefuseFirst(
    const Subscribe& subscribe) {
  if (Status status = CheckSubscribe(subscribe); !status.ok()) {
    return Addition{.status = std::move(status)};
  }
  return Refuse(Gateway(), subscribe, Admission::kNew);
}

std::optional<Registry::Addition> Registry::Refuse(const Gateway& gateway,
                                                   const Subscribe& subscribe,
                                                   Admission admission) {
  if (auto scope = FindFullQuota(gateway, subscribe.tenant)) {
    return RefuseForQuota(*scope);
  }
  Status status = CheckScanned(subscribe);
  if (status.ok() && admission == Admission::kNew) {
    status = CheckMembership(subscribe);
  }
  if (status.ok()) return std::nullopt;
  ++statistics_.quota_exceeded_collection;
  return Addition{.status = std::move(status),
                  .quota = QuotaScope::kCollection};
}

Result<Subscription> Registry::Remove(GatewayHandle gateway,
                                      std::string_view subscription_id) {
  Record* found = Find(gateway, subscription_id);
  if (found == nullptr) return NoSubscription(subscription_id);
  ++statistics_.unregistered;
  return Take(*found);
}

Result<std::optional<Instant>> Registry::Renew(const streamer::Renew& renew,
                                               Instant now) {
  Record* found = Find(renew.gateway, renew.subscription_id);
  if (found == nullptr) return NoSubscription(renew.subscription_id);
  Subscription& subscription = found->subscription;
  SetExpiry(subscription, renew.ttl ? renew.ttl : subscription.ttl, now);
  return subscription.expires_at;
}

std::vector<Subscription> Registry::RemoveGateway(GatewayHandle gateway) {
  std::vector<Subscription> removed;
  auto found = gateways_.find(gateway);
  if (found == gateways_.end()) return removed;
  removed.reserve(found->second.count());
  while (found->second.first != nullptr) {
    removed.push_back(Take(*found->second.first));
  }
  statistics_.unregistered += removed.size();
  gateways_.erase(found);
  return removed;
}

std::vector<Subscription> Registry::Expire(Instant now) {
  std::vector<Subscription> expired;
  while (!expiries_.empty() && expiries_.begin()->first <= now.monotonic) {
    expired.push_back(Take(records_.at(expiries_.begin()->second)));
  }
  statistics_.expired += expired.size();
  return expired;
}

std::vector<Subscription> Registry::Suspend(
    std::span<const SubscriptionHandle> handles) {
  std::vector<Subscription> suspended;
  for (SubscriptionHandle handle : handles) {
    auto found = records_.find(handle);
    if (found == records_.end()) continue;
    suspended.push_back(Take(found->second));
  }
  statistics_.suspended += suspended.size();
  return suspended;
}

SubscribedCollection* Registry::Find(std::string_view tenant,
                                     std::string_view collection) {
  return collections_.Find(CollectionName{tenant, collection});
}

std::size_t Registry::CountOf(std::string_view tenant,
                              std::string_view collection) const {
  const SubscribedCollection* found =
      collections_.Find(CollectionName{tenant, collection});
  return found == nullptr ? 0 : found->subscriptions;
}

std::vector<const Subscription*> Registry::List(SubscriptionHandle after,
                                                std::size_t limit) const {
  std::vector<const Subscription*> listed;
  for (auto at = records_.upper_bound(after);
       at != records_.end() && listed.size() < limit; ++at) {
    listed.push_back(&at->second.subscription);
  }
  return listed;
}

std::vector<const Subscription*> Registry::ListWatching(
    std::string_view tenant) const {
  std::vector<const Subscription*> listed;
  for (const auto& [of, handles] : watching_) {
    if (!tenant.empty() && of != tenant) continue;
    for (const SubscriptionHandle handle : handles) {
      listed.push_back(&records_.at(handle).subscription);
    }
  }
  return listed;
}

std::vector<const Subscription*> Registry::ListOf(GatewayHandle gateway) const {
  std::vector<const Subscription*> listed;
  const auto found = gateways_.find(gateway);
  if (found == gateways_.end()) return listed;
  for (const Record* at = found->second.first; at != nullptr; at = at->next) {
    listed.push_back(&at->subscription);
  }
  return listed;
}

std::vector<const Subscription*> Registry::ListNamed(
    std::string_view subscription_id) const {
  std::vector<const Subscription*> listed;
  for (const auto& [handle, gateway] : gateways_) {
    const Record* const* found =
        by_name_.Find(OwnName{handle, subscription_id});
    if (found != nullptr) listed.push_back(&(*found)->subscription);
  }
  std::sort(listed.begin(), listed.end(),
            [](const auto* a, const auto* b) { return a->handle < b->handle; });
  return listed;
}

Registry::Record* Registry::Find(GatewayHandle gateway, std::string_view id) {
  Record** found = by_name_.Find(OwnName{gateway, id});
  return found == nullptr ? nullptr : *found;
}

std::optional<QuotaScope> Registry::FindFullQuota(
    const Gateway& gateway, std::string_view tenant) const {
  if (gateway.count() >= quota_.per_gateway) return QuotaScope::kGateway;
  auto count = tenant_counts_.find(tenant);
  std::size_t of_tenant = count == tenant_counts_.end() ? 0 : count->second;
  if (of_tenant >= quota_.per_tenant) return QuotaScope::kTenant;
  if (records_.size() >= quota_.total) return QuotaScope::kNode;
  return std::nullopt;
}

Registry::Addition Registry::RefuseForQuota(QuotaScope scope) {
  std::size_t limit = 0;
  switch (scope) {
    case QuotaScope::kGateway:
      limit = quota_.per_gateway;
      ++statistics_.quota_exceeded_gateway;
      break;
    case QuotaScope::kTenant:
      limit = quota_.per_tenant;
      ++statistics_.quota_exceeded_tenant;
      break;
    case QuotaScope::kNode:
      limit = quota_.total;
      ++statistics_.quota_exceeded_total;
      break;
    case QuotaScope::kCollection:
      break;  // by CheckScanned
  }
  std::string message = absl::StrCat("quota exceeded: expected at most ", limit,
                                     " subscriptions per ");
  message.append(NameOf(scope)).append(", got ");
  message.append(std::to_string(limit + 1));
  return {.status = ResourceExhausted(message), .quota = scope};
}

Registry::Record& Registry::Store(const Subscribe& subscribe, Position from) {
  SubscriptionHandle handle(++last_handle_);
  // Handles ascend, so the new one belongs at the end.
  Record& record =
      records_.emplace_hint(records_.end(), handle, Record())->second;
  Subscription& added = record.subscription;
  added.handle = handle;
  added.gateway = subscribe.gateway;
  added.subscription_id = subscribe.subscription_id;
  added.tenant = subscribe.tenant;
  added.collection = subscribe.collection;
  added.filter = subscribe.filter;
  added.from = from;
  added.membership = subscribe.membership;
  added.is_managed = subscribe.is_managed;
  added.is_asked = !subscribe.is_managed;
  added.begins_in_past = subscribe.resume_after.has_value();
  by_name_.At({added.gateway, added.subscription_id}) = &record;
  ++tenant_counts_[added.tenant];
  AddToCollection(added);
  ++ActiveCount(*added.filter);
  ++statistics_.registered;
  return record;
}

const SubscribedCollection* Registry::FindCollectionOf(
    const Subscribe& subscribe) const {
  return collections_.Find(
      CollectionName{subscribe.tenant, subscribe.collection});
}

Status Registry::CheckScanned(const Subscribe& subscribe) const {
  const SubscribedCollection* known = FindCollectionOf(subscribe);
  if (known != nullptr && known->scanned != nullptr) {
    return known->scanned->Check(*subscribe.filter, quota_);
  }
  return internal::ScanLoad().Check(*subscribe.filter, quota_);
}

Status Registry::CheckMembership(const Subscribe& subscribe) const {
  if (!subscribe.membership) return OkStatus();
  const SubscribedCollection* known = FindCollectionOf(subscribe);
  const std::size_t count = known == nullptr ? 0 : known->memberships;
  const bool is_capped = known == nullptr || !known->has_before_images;
  if (!is_capped || count < quota_.memberships) return OkStatus();
  return ResourceExhausted(absl::StrCat(
      "quota exceeded: expected at most ", quota_.memberships,
      " membership subscriptions per collection whose events have no "
      "before-images, got ",
      count + 1));
}

void Registry::AddToCollection(const Subscription& added) {
  SubscribedCollection& collection = collections_.At(
      CollectionKey(CollectionName{added.tenant, added.collection}));
  ++collection.subscriptions;
  if (added.membership) ++collection.memberships;
  if (SeesEveryChange(added)) watching_[added.tenant].insert(added.handle);
  if (internal::ScanLoad::IsFree(*added.filter)) return;
  if (collection.scanned == nullptr) {
    collection.scanned = std::make_unique<internal::ScanLoad>();
  }
  collection.scanned->Add(*added.filter);
}

void Registry::RemoveFromCollection(const Subscription& removed) {
  const CollectionName name{removed.tenant, removed.collection};
  SubscribedCollection& collection = *collections_.Find(name);
  if (removed.membership) --collection.memberships;
  if (const auto watching = watching_.find(removed.tenant);
      watching != watching_.end()) {
    watching->second.erase(removed.handle);
    if (watching->second.empty()) watching_.erase(watching);
  }
  if (collection.scanned != nullptr) {
    collection.scanned->Remove(*removed.filter);
  }
  if (--collection.subscriptions == 0) collections_.Erase(name);
}

void Registry::Link(Gateway& gateway, Record& record) {
  record.previous = gateway.last;
  (gateway.last == nullptr ? gateway.first : gateway.last->next) = &record;
  gateway.last = &record;
  Count(gateway, record.subscription);
}

void Registry::Count(Gateway& gateway, const Subscription& added) {
  ++(added.is_asked ? gateway.set.count : gateway.set.unasked);
  if (added.is_asked && gateway.kind == GatewayKind::kSession) {
    gateway.set.digest += DigestOf(added);
  }
}

void Registry::Discount(Gateway& gateway, const Subscription& removed) {
  --(removed.is_asked ? gateway.set.count : gateway.set.unasked);
  if (removed.is_asked && gateway.kind == GatewayKind::kSession) {
    gateway.set.digest -= DigestOf(removed);
  }
}

void Registry::Unlink(Gateway& gateway, Record& record) {
  (record.previous == nullptr ? gateway.first : record.previous->next) =
      record.next;
  (record.next == nullptr ? gateway.last : record.next->previous) =
      record.previous;
  Discount(gateway, record.subscription);
}

// Removes the record from every table.
Subscription Registry::Take(Record& record) {
  const Subscription& old = record.subscription;
  if (old.expires_at) {
    expiries_.erase({old.expires_at->monotonic, old.handle});
  }
  Unlink(gateways_.at(old.gateway), record);
  by_name_.Erase(OwnName{old.gateway, old.subscription_id});
  auto tenant = tenant_counts_.find(old.tenant);
  if (--tenant->second == 0) tenant_counts_.erase(tenant);
  RemoveFromCollection(old);
  --ActiveCount(*old.filter);
  Subscription taken = std::move(record.subscription);
  records_.erase(taken.handle);
  return taken;
}

void Registry::SetExpiry(Subscription& subscription,
                         std::optional<Duration> ttl, Instant now) {
  if (subscription.expires_at) {
    expiries_.erase({subscription.expires_at->monotonic, subscription.handle});
  }
  subscription.ttl = ttl;
  subscription.expires_at = ttl ? std::optional(now.After(*ttl)) : std::nullopt;
  if (ttl) {
    expiries_.emplace(subscription.expires_at->monotonic, subscription.handle);
  }
}

std::uint64_t& Registry::ActiveCount(const Filter& filter) {
  if (filter.is_match_all()) return statistics_.active_match_all;
  if (filter.document_id()) return statistics_.active_document;
  return statistics_.active_filter;
}

}  // namespace streamer
