// The core against a model: random commands, events, credit and
// acknowledgements; a few pages of plain code say what every gateway must see,
// word for word and in order.
//
// The model shares nothing with the core but the vocabulary: filters are C++
// functions here, subscriptions stand in one ordered map, an outbox is a list.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/core_harness.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using std::chrono::seconds;

Instant At(std::int64_t second) {
  return Instant{MonotonicTime(seconds(second)), FromUnixMillis(second * 1000)};
}

// An event as the model knows it.
struct ModelEvent {
  std::string event_id;
  std::string tenant;
  std::string collection;
  std::string document_id;
  SourceOperation operation = SourceOperation::kInsert;
  bool says_deleted = false;
  std::int64_t n = 0;
};

// What a filter sees: the document is gone where `n` is missing.
struct Seen {
  std::string operation;
  std::string document_id;
  std::optional<std::int64_t> n;
};

struct ModelFilter {
  std::string expression;
  std::function<bool(const Seen&)> matches;
};

const std::vector<ModelFilter>& Filters() {
  static const auto* filters = new std::vector<ModelFilter>{
      {"", [](const Seen&) { return true; }},
      {"doc.n % 2 == 0", [](const Seen& s) { return s.n && *s.n % 2 == 0; }},
      {"doc.n >= 10 && doc.n < 30",
       [](const Seen& s) { return s.n && *s.n >= 10 && *s.n < 30; }},
      {"doc.n == 7 || op == 'delete'",
       [](const Seen& s) { return s.n == 7 || s.operation == "delete"; }},
      {"doc.id == 'd3'", [](const Seen& s) { return s.document_id == "d3"; }},
      {"!(doc.n in [1, 2, 3])",
       [](const Seen& s) { return s.n && (*s.n < 1 || *s.n > 3); }},
      {"op == 'insert'", [](const Seen& s) { return s.operation == "insert"; }},
  };
  return *filters;
}

class Model {
 public:
  static constexpr std::size_t kPerGateway = 8;
  static constexpr std::size_t kPerTenant = 12;

  void Connect(std::uint64_t gateway, GatewayKind kind, std::size_t limit,
               std::size_t credit) {
    gateways_[gateway] = {.kind = kind, .limit = limit, .credit = credit};
  }

  void Disconnect(std::uint64_t gateway) {
    gateways_.erase(gateway);
    std::erase_if(subscriptions_, [&](const auto& one) {
      return one.second.gateway == gateway;
    });
  }

  void Subscribe(std::uint64_t gateway, const std::string& id,
                 const std::string& tenant, const std::string& collection,
                 std::size_t filter, std::int64_t now, std::int64_t ttl) {
    if (!gateways_.contains(gateway)) return;
    if (std::uint64_t handle = Find(gateway, id)) {
      const Subscription& known = subscriptions_.at(handle);
      bool is_same = known.tenant == tenant && known.collection == collection &&
                     known.filter == filter;
      return Say(gateway,
                 is_same
                     ? absl::StrCat("subscribed ", id, " after ", known.from)
                     : absl::StrCat("refused ", id, ": subscription \"", id,
                                    "\" exists with another filter"));
    }
    std::size_t own = 0;
    std::size_t of_tenant = 0;
    for (const auto& [handle, one] : subscriptions_) {
      own += one.gateway == gateway ? 1 : 0;
      of_tenant += one.tenant == tenant ? 1 : 0;
    }
    if (own >= kPerGateway) return Refuse(gateway, id, kPerGateway, "gateway");
    if (of_tenant >= kPerTenant)
      return Refuse(gateway, id, kPerTenant, "tenant");
    subscriptions_[++last_handle_] = {gateway, id,      tenant,   collection,
                                      filter,  offset_, now + ttl};
    Say(gateway, absl::StrCat("subscribed ", id, " after ", offset_));
  }

  void Unsubscribe(std::uint64_t gateway, const std::string& id) {
    std::uint64_t handle = Find(gateway, id);
    subscriptions_.erase(handle);
    Say(gateway,
        absl::StrCat("unsubscribed ", id, ": ",
                     handle != 0 ? "ok"
                                 : absl::StrCat("no subscription \"", id,
                                                "\" of this gateway")));
  }

  void Tick(std::int64_t now) {
    std::set<std::pair<std::int64_t, std::uint64_t>> due;
    for (const auto& [handle, one] : subscriptions_) {
      if (one.expires_at <= now) due.emplace(one.expires_at, handle);
    }
    for (const auto& [time, handle] : due) {
      Subscription ended = subscriptions_.at(handle);
      subscriptions_.erase(handle);
      Gateway& gateway = gateways_.at(ended.gateway);
      gateway.outbox.push_back({.notice = "ended " + ended.id});
      HandOver(ended.gateway);
    }
  }

  void Ingest(const ModelEvent& event, std::int64_t now) {
    ++offset_;
    if (IsDuplicate(event.event_id, now)) return;
    std::optional<Seen> seen = Normalize(event);
    if (!seen) return;
    std::map<std::uint64_t, std::vector<std::uint64_t>> matched;
    for (const auto& [handle, one] : subscriptions_) {
      if (one.tenant == event.tenant && one.collection == event.collection &&
          Filters()[one.filter].matches(*seen)) {
        matched[one.gateway].push_back(handle);
      }
    }
    for (auto& [handle, handles] : matched) {
      Gateway& gateway = gateways_.at(handle);
      if (gateway.kind == GatewayKind::kSoftState &&
          gateway.Deliveries() >= gateway.limit) {
        Say(handle, absl::StrCat("closed outbox full: ", gateway.Deliveries(),
                                 " deliveries wait; the gateway reads too "
                                 "slowly"));
        closed_.push_back(handle);
        continue;
      }
      gateway.outbox.push_back(
          {.event_id = event.event_id, .handles = std::move(handles)});
      HandOver(handle);
    }
    // The command that a closed gateway causes comes right after.
    for (std::uint64_t gateway : std::exchange(closed_, {})) {
      Disconnect(gateway);
    }
  }

  void Grant(std::uint64_t gateway, std::size_t credit) {
    if (!gateways_.contains(gateway)) return;
    gateways_.at(gateway).credit += credit;
    HandOver(gateway);
  }

  [[nodiscard]] const std::map<std::uint64_t, std::vector<std::string>>& said()
      const {
    return said_;
  }

 private:
  struct Subscription {
    std::uint64_t gateway = 0;
    std::string id;
    std::string tenant;
    std::string collection;
    std::size_t filter = 0;
    std::uint64_t from = 0;
    std::int64_t expires_at = 0;
  };
  struct Waiting {
    std::string notice;  // or a delivery:
    std::string event_id;
    std::vector<std::uint64_t> handles;
  };
  struct Gateway {
    GatewayKind kind = GatewayKind::kSoftState;
    std::size_t limit = 0;
    std::size_t credit = 0;
    std::uint64_t sequence = 0;
    std::list<Waiting> outbox;

    [[nodiscard]] std::size_t Deliveries() const {
      return static_cast<std::size_t>(
          std::count_if(outbox.begin(), outbox.end(),
                        [](const Waiting& one) { return one.notice.empty(); }));
    }
  };

  void Say(std::uint64_t gateway, std::string what) {
    if (gateways_.contains(gateway)) said_[gateway].push_back(std::move(what));
  }
  void Refuse(std::uint64_t gateway, const std::string& id, std::size_t limit,
              const char* scope) {
    Say(gateway,
        absl::StrCat("refused ", id,
                     ": quota exceeded: expected at "
                     "most ",
                     limit, " subscriptions per ", scope, ", got ", limit + 1));
  }
  [[nodiscard]] std::uint64_t Find(std::uint64_t gateway,
                                   const std::string& id) const {
    for (const auto& [handle, one] : subscriptions_) {
      if (one.gateway == gateway && one.id == id) return handle;
    }
    return 0;
  }

  // Remembered for three minutes from the first time on.
  bool IsDuplicate(const std::string& event_id, std::int64_t now) {
    auto [seen, is_new] = seen_at_.try_emplace(event_id, now);
    if (is_new) return false;
    if (now - seen->second <= 180) return true;
    seen->second = now;
    return false;
  }

  // What users see of the event; nothing when it is dropped.
  std::optional<Seen> Normalize(const ModelEvent& event) {
    auto key = std::tuple(event.tenant, event.collection, event.document_id);
    bool was_deleted = deleted_.contains(key);
    switch (event.operation) {
      case SourceOperation::kDelete:
        if (!deleted_.insert(key).second) return std::nullopt;
        return Seen{"delete", event.document_id, std::nullopt};
      case SourceOperation::kInsert:
        deleted_.erase(key);
        return Seen{"insert", event.document_id, event.n};
      default:
        if (event.says_deleted) {
          deleted_.insert(key);
          return Seen{"delete", event.document_id, event.n};
        }
        deleted_.erase(key);
        return Seen{was_deleted ? "insert" : "update", event.document_id,
                    event.n};
    }
  }

  void HandOver(std::uint64_t handle) {
    Gateway& gateway = gateways_.at(handle);
    while (!gateway.outbox.empty()) {
      Waiting& next = gateway.outbox.front();
      if (!next.notice.empty()) {
        ++gateway.sequence;
        Say(handle, next.notice);
        gateway.outbox.pop_front();
        continue;
      }
      if (gateway.credit == 0) return;
      std::vector<std::string> ids;
      for (std::uint64_t one : next.handles) {
        if (subscriptions_.contains(one)) {
          ids.push_back(subscriptions_.at(one).id);
        }
      }
      if (!ids.empty()) {
        --gateway.credit;
        Say(handle,
            absl::StrCat("delivery ", ++gateway.sequence, " ", next.event_id,
                         " [", absl::StrJoin(ids, ","), "]"));
      }
      gateway.outbox.pop_front();
    }
  }

  std::uint64_t offset_ = 0;
  std::uint64_t last_handle_ = 0;
  std::map<std::uint64_t, Gateway> gateways_;
  std::map<std::uint64_t, Subscription> subscriptions_;
  std::map<std::string, std::int64_t> seen_at_;
  std::set<std::tuple<std::string, std::string, std::string>> deleted_;
  std::vector<std::uint64_t> closed_;
  std::map<std::uint64_t, std::vector<std::string>> said_;
};

SourceEvent ToSource(const ModelEvent& event) {
  SourceEvent source;
  source.event_id = event.event_id;
  source.tenant = event.tenant;
  source.collection = event.collection;
  source.document_id = event.document_id;
  source.operation = event.operation;
  source.is_deleted = event.says_deleted;
  if (event.operation != SourceOperation::kDelete) {
    source.document = absl::StrCat(
        R"({"n":)", event.n, event.says_deleted ? R"(,"deleted":true})" : "}");
  }
  return source;
}

// One random history, told to both.
class History {
 public:
  explicit History(std::uint64_t seed)
      : random_(seed),
        core_(1 + random_.Below(3),
              {.quota = {.per_gateway = Model::kPerGateway,
                         .per_tenant = Model::kPerTenant,
                         .total = 1000},
               .split = {.above = random_.Below(8),
                         .slice = 1 + random_.Below(3)}}) {}

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      now_ += static_cast<std::int64_t>(random_.Below(3));
      while (gateways_.size() < 3) Connect();
      Step();
      core_.Settle();
      std::erase_if(gateways_, [this](std::uint64_t gateway) {
        return !core_.sequencer().registry().HasGateway(GatewayHandle(gateway));
      });
    }
  }

  void Compare() const {
    for (std::uint64_t gateway = 1; gateway <= last_gateway_; ++gateway) {
      auto seen = core_.seen().find(GatewayHandle(gateway));
      auto said = model_.said().find(gateway);
      std::vector<std::string> none;
      ASSERT_EQ(seen == core_.seen().end() ? none : seen->second,
                said == model_.said().end() ? none : said->second)
          << "gateway " << gateway;
    }
  }
  [[nodiscard]] std::uint64_t CountMoved() const {
    return core_.sequencer().statistics().moved_subscriptions;
  }
  [[nodiscard]] std::size_t CountLines(std::string_view beginning) const {
    std::size_t count = 0;
    for (const auto& [gateway, lines] : model_.said()) {
      for (const std::string& line : lines) {
        count += line.starts_with(beginning) ? 1 : 0;
      }
    }
    return count;
  }

 private:
  void Connect() {
    std::uint64_t gateway = ++last_gateway_;
    auto kind = random_.Pick({GatewayKind::kSoftState, GatewayKind::kSession});
    // A session's limit counts what it has not acknowledged; that is the
    // business of the outbox's own tests.
    std::size_t limit = kind == GatewayKind::kSession ? 100'000 : 3;
    std::size_t credit = random_.Below(20);
    gateways_.push_back(gateway);
    model_.Connect(gateway, kind, limit, credit);
    core_.Sequence(ConnectGateway{.gateway = GatewayHandle(gateway),
                                  .kind = kind,
                                  .limits = {.deliveries = limit},
                                  .initial_credit = credit},
                   At(now_));
  }

  void Step() {
    std::uint64_t gateway = random_.Pick(gateways_);
    std::string id = absl::StrCat("s", random_.Below(10));
    switch (random_.Below(20)) {
      case 0:
        model_.Unsubscribe(gateway, id);
        return core_.Sequence(Unsubscribe{GatewayHandle(gateway), id},
                              At(now_));
      case 1:
        model_.Tick(now_);
        return core_.Sequence(Tick{}, At(now_));
      case 2:
        if (!random_.Chance(1, 5)) return;
        model_.Disconnect(gateway);
        return core_.Sequence(DisconnectGateway{GatewayHandle(gateway)},
                              At(now_));
      case 3:
      case 4:
      case 5:
        return Subscribe(gateway, id);
      case 6:
      case 7: {
        std::size_t credit = random_.Below(6);
        model_.Grant(gateway, credit);
        return core_.Grant(GatewayHandle(gateway), credit);
      }
      default:
        return Ingest();
    }
  }

  void Subscribe(std::uint64_t gateway, const std::string& id) {
    std::string tenant = random_.Pick({"t", "u"});
    std::string collection = random_.Pick({"c1", "c2", "c3"});
    std::size_t filter = random_.Below(Filters().size());
    auto ttl = random_.Between(1, 100);
    model_.Subscribe(gateway, id, tenant, collection, filter, now_, ttl);
    streamer::Subscribe command =
        support::MakeSubscribe(GatewayHandle(gateway), id, collection,
                               Filters()[filter].expression, seconds(ttl));
    command.tenant = tenant;
    core_.Sequence(command, At(now_));
  }

  void Ingest() {
    ModelEvent event;
    if (!sent_.empty() && random_.Chance(1, 15)) {
      event = random_.Pick(sent_);  // once more: a duplicate
    } else {
      event.event_id = absl::StrCat("e", sent_.size());
      event.tenant = random_.Pick({"t", "u"});
      event.collection = random_.Pick({"c1", "c2", "c3"});
      event.document_id = absl::StrCat("d", random_.Below(6));
      event.operation =
          random_.Pick({SourceOperation::kInsert, SourceOperation::kUpdate,
                        SourceOperation::kReplace, SourceOperation::kDelete});
      event.says_deleted = (event.operation == SourceOperation::kUpdate ||
                            event.operation == SourceOperation::kReplace) &&
                           random_.Chance(1, 4);
      event.n = random_.Between(0, 40);
      sent_.push_back(event);
    }
    model_.Ingest(event, now_);
    core_.Sequence(ToSource(event), At(now_));
  }

  support::Random random_;
  CoreHarness core_;
  Model model_;
  std::vector<std::uint64_t> gateways_;
  std::uint64_t last_gateway_ = 0;
  std::vector<ModelEvent> sent_;
  std::int64_t now_ = 0;
};

TEST(CoreModelTest, GatewaysSeeWhatTheModelSaysWordForWord) {
  support::Random random(support::SeedOf("CoreModelTest"));
  SCOPED_TRACE(random.seed_note());
  std::map<std::string, std::size_t> lines;
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    History history(random.Bits());
    history.Run(300);
    history.Compare();
    for (const char* kind : {"delivery", "subscribed", "refused",
                             "unsubscribed", "ended", "closed"}) {
      lines[kind] += history.CountLines(kind);
    }
    lines["moved"] += history.CountMoved();
  }
  // A history in which nothing happens would agree as well.
  for (const auto& [kind, count] : lines) EXPECT_GT(count, 0u) << kind;
}

}  // namespace
}  // namespace streamer
