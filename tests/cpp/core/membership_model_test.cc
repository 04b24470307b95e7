// Membership against a model: random histories of documents, with before-images
// and without; what every subscription must be told follows, in the model, from
// looking at all events of the document again, for each subscription by itself.
//
// The model shares nothing with the core but the vocabulary.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/core_harness.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

// A document, at some time.
struct State {
  std::int64_t n = 0;
  bool is_deleted = false;
};

// What a filter sees; without `n` there are no fields.
struct Seen {
  std::string operation;
  std::string document_id;
  std::optional<std::int64_t> n;
};

struct ModelFilter {
  std::string expression;
  std::function<bool(const Seen&)> matches;
  bool sees_every_change = false;
};

const std::vector<ModelFilter>& Filters() {
  static const auto* filters = new std::vector<ModelFilter>{
      {"", [](const Seen&) { return true; }, true},
      {"doc.n % 2 == 0", [](const Seen& s) { return s.n && *s.n % 2 == 0; }},
      {"doc.n >= 5", [](const Seen& s) { return s.n && *s.n >= 5; }},
      {"data.n == 3", [](const Seen& s) { return s.n == 3; }},
      {"doc.n < 8 && op != 'delete'",
       [](const Seen& s) {
         return s.n && *s.n < 8 && s.operation != "delete";
       }},
      {"doc.id == 'd1'", [](const Seen& s) { return s.document_id == "d1"; },
       true},
      {"op == 'insert'", [](const Seen& s) { return s.operation == "insert"; }},
      {"op == 'delete'", [](const Seen& s) { return s.operation == "delete"; }},
  };
  return *filters;
}

struct ModelEvent {
  std::string event_id;
  std::string collection;
  std::string document_id;
  SourceOperation operation = SourceOperation::kInsert;
  State after;                  // not of a hard delete
  bool is_malformed = false;    // nobody can read the document
  std::optional<State> before;  // the image, if it comes with one
};

struct Limits {
  std::size_t per_collection = 0;
  std::size_t remembered_documents = 0;
  std::size_t remembered_subscriptions = 0;
};

class Model {
 public:
  explicit Model(const Limits& limits) : limits_(limits) {}

  struct Asked {
    std::uint64_t gateway = 0;
    std::string id;
    std::string collection;
    std::size_t filter = 0;
    bool membership = false;
    std::optional<std::uint64_t> resume_after;
  };

  void Subscribe(const Asked& asked) {
    if (const Subscription* known = Find(asked.gateway, asked.id)) {
      return Repeat(*known, asked);
    }
    Collection& collection = collections_[asked.collection];
    const std::size_t count = CountOf(asked.collection, true);
    if (asked.membership && !collection.has_images &&
        count >= limits_.per_collection) {
      return Say(
          asked.gateway,
          absl::StrCat("refused ", asked.id,
                       ": quota exceeded: expected at most ",
                       limits_.per_collection,
                       " membership subscriptions per collection whose events "
                       "have no before-images, got ",
                       count + 1));
    }
    const std::uint64_t from = asked.resume_after.value_or(Position());
    const std::uint64_t handle = ++last_handle_;
    subscriptions_[handle] = {asked, from, Position()};
    Say(asked.gateway, absl::StrCat("subscribed ", asked.id, " after ", from));
    for (const Happened& past : happened_) {
      if (past.position > from) {
        Deliver(past, {handle}, /*is_past=*/true);
      }
    }
  }

  void Unsubscribe(std::uint64_t gateway, const std::string& id) {
    const Subscription* found = Find(gateway, id);
    if (found == nullptr) {
      return Say(gateway,
                 absl::StrCat("unsubscribed ", id, ": no subscription \"", id,
                              "\" of this gateway"));
    }
    const std::string collection = found->asked.collection;
    std::erase_if(subscriptions_, [&](const auto& one) {
      return one.second.asked.gateway == gateway && one.second.asked.id == id;
    });
    // What nobody subscribes to is not looked at.
    if (CountOf(collection, false) == 0) {
      collections_[collection].has_images = false;
    }
    Say(gateway, absl::StrCat("unsubscribed ", id, ": ok"));
  }

  // Events were lost: of one collection, or of all. That stands in the log, and
  // documents may have come back meanwhile.
  void Lose(const std::string& only, bool concerns_all) {
    lost_at_ = ++position_;
    deleted_.clear();
    std::map<std::uint64_t, std::vector<std::string>> told;
    for (const auto& [handle, one] : subscriptions_) {
      if (!only.empty() && one.asked.collection != only) continue;
      if (!concerns_all && !one.asked.membership &&
          !Filters()[one.asked.filter].sees_every_change) {
        continue;
      }
      told[one.asked.gateway].push_back(one.asked.id);
    }
    for (auto& [gateway, ids] : told) {
      std::sort(ids.begin(), ids.end());
      ++sequence_[gateway];
      Say(gateway, absl::StrCat("resync [", absl::StrJoin(ids, ","), "] after ",
                                lost_at_ - 1, " to ", lost_at_));
    }
    for (const char* name : {"c1", "c2"}) {
      if (only.empty() || only == name) {
        collections_[name].lost_at = Position();
      }
    }
  }

  void Ingest(const ModelEvent& event) {
    ++position_;
    Happened now{event, position_, "", false, 0, 0};
    if (!Normalize(now)) return;
    Collection& collection = collections_[event.collection];
    const std::size_t memberships = CountOf(event.collection, true);
    if (memberships > 0) {
      if (now.operation != "insert") {
        collection.has_images = event.before.has_value();
      }
      if (!collection.has_images) now.remembered = ++last_remembered_;
      now.memberships = memberships;
    }
    std::vector<std::uint64_t> all;
    for (const auto& [handle, one] : subscriptions_) all.push_back(handle);
    Deliver(now, all, /*is_past=*/false);
    happened_.push_back(now);
  }

  // Of what the gateway was told.
  [[nodiscard]] std::uint64_t last_sequence(std::uint64_t gateway) const {
    const auto found = sequence_.find(gateway);
    return found == sequence_.end() ? 0 : found->second;
  }
  [[nodiscard]] const std::map<std::uint64_t, std::vector<std::string>>& said()
      const {
    return said_;
  }
  [[nodiscard]] std::uint64_t Position() const { return position_; }
  [[nodiscard]] std::uint64_t lost_at() const { return lost_at_; }

 private:
  struct Subscription {
    Asked asked;
    std::uint64_t from = 0;
    std::uint64_t since = 0;  // it is live for what follows
  };
  struct Collection {
    bool has_images = false;
    std::uint64_t lost_at = 0;
  };
  struct Happened {
    ModelEvent event;
    std::uint64_t position = 0;
    std::string operation;         // to users
    bool is_gone = false;          // the document, after it
    std::uint64_t remembered = 0;  // its number among those that are
    std::size_t memberships = 0;   // subscriptions there were at it
  };

  void Say(std::uint64_t gateway, std::string what) {
    said_[gateway].push_back(std::move(what));
  }
  [[nodiscard]] const Subscription* Find(std::uint64_t gateway,
                                         const std::string& id) const {
    for (const auto& [handle, one] : subscriptions_) {
      if (one.asked.gateway == gateway && one.asked.id == id) return &one;
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t CountOf(const std::string& collection,
                                    bool only_membership) const {
    std::size_t count = 0;
    for (const auto& [handle, one] : subscriptions_) {
      count += one.asked.collection == collection &&
                       (one.asked.membership || !only_membership)
                   ? 1
                   : 0;
    }
    return count;
  }
  void Repeat(const Subscription& known, const Asked& asked) {
    const std::string beginning = absl::StrCat(
        "refused ", asked.id, ": subscription \"", asked.id, "\" exists with");
    if (known.asked.membership != asked.membership) {
      return Say(asked.gateway,
                 absl::StrCat(beginning, asked.membership ? "out" : "",
                              " membership"));
    }
    if (known.asked.collection != asked.collection ||
        known.asked.filter != asked.filter) {
      return Say(asked.gateway, absl::StrCat(beginning, " another filter"));
    }
    Say(asked.gateway,
        absl::StrCat("subscribed ", asked.id, " after ", known.from));
  }

  // False: it is dropped.
  bool Normalize(Happened& now) {
    const ModelEvent& event = now.event;
    const auto key = std::pair(event.collection, event.document_id);
    const bool was_deleted =
        deleted_[key] || (event.before && event.before->is_deleted);
    deleted_[key] =
        event.operation == SourceOperation::kDelete ||
        (event.operation != SourceOperation::kInsert && event.after.is_deleted);
    if (event.operation == SourceOperation::kInsert) {
      now.operation = "insert";
      now.is_gone = event.after.is_deleted;
      return true;
    }
    now.is_gone = deleted_[key];
    if (now.is_gone) {
      now.operation = "delete";
      return event.operation != SourceOperation::kDelete || !was_deleted;
    }
    now.operation = was_deleted ? "insert" : "update";
    return true;
  }

  static bool Holds(const Subscription& subscription, const Happened& at) {
    const bool has_fields = at.event.operation != SourceOperation::kDelete;
    return Filters()[subscription.asked.filter].matches(
        {at.operation, at.event.document_id,
         has_fields ? std::optional(at.event.after.n) : std::nullopt});
  }

  // Whether the document was in before the event; nothing when nobody knows.
  [[nodiscard]] std::optional<bool> WasIn(const Subscription& subscription,
                                          const Happened& now,
                                          bool is_past) const {
    if (const std::optional<State>& image = now.event.before) {
      return !image->is_deleted &&
             Filters()[subscription.asked.filter].matches(
                 {"update", now.event.document_id, image->n});
    }
    if (is_past) return std::nullopt;
    if (now.operation == "insert") return false;
    const Happened* last = nullptr;
    for (const Happened& one : happened_) {
      if (one.event.collection == now.event.collection &&
          one.event.document_id == now.event.document_id) {
        last = &one;
      }
    }
    const bool is_known =
        last != nullptr && last->position > subscription.since &&
        last->remembered != 0 && !last->event.is_malformed &&
        last->memberships <= limits_.remembered_subscriptions &&
        last->remembered + limits_.remembered_documents > now.remembered &&
        last->position > collections_.at(now.event.collection).lost_at;
    if (!is_known) return std::nullopt;
    return !last->is_gone && Holds(subscription, *last);
  }

  // As a delivery shows it; "" when it is not for the subscription.
  [[nodiscard]] std::string Told(const Subscription& subscription,
                                 const Happened& now, bool is_past) const {
    if (subscription.asked.collection != now.event.collection) return "";
    const std::string& id = subscription.asked.id;
    if (!subscription.asked.membership) {
      return Holds(subscription, now) ? id : "";
    }
    const bool is_in = !now.is_gone && Holds(subscription, now);
    const std::optional<bool> was_in = WasIn(subscription, now, is_past);
    if (!was_in) {
      return absl::StrCat(id, is_in ? ":unknown_in" : ":unknown_out");
    }
    if (!is_in) return *was_in ? id + ":left" : "";
    return id + (*was_in ? ":changed" : ":entered");
  }

  void Deliver(const Happened& now, const std::vector<std::uint64_t>& handles,
               bool is_past) {
    if (now.event.is_malformed) return TellUnsure(now, handles);
    std::map<std::uint64_t, std::vector<std::string>> told;
    for (std::uint64_t handle : handles) {
      const Subscription& one = subscriptions_.at(handle);
      const std::string text = Told(one, now, is_past);
      if (!text.empty()) told[one.asked.gateway].push_back(text);
    }
    for (const auto& [gateway, texts] : told) {
      Say(gateway, absl::StrCat("delivery ", ++sequence_[gateway], " ",
                                now.event.event_id, " [",
                                absl::StrJoin(texts, ","), "]"));
    }
  }

  void TellUnsure(const Happened& now,
                  const std::vector<std::uint64_t>& handles) {
    std::map<std::uint64_t, std::vector<std::string>> told;
    for (std::uint64_t handle : handles) {
      const Subscription& one = subscriptions_.at(handle);
      if (!one.asked.membership) continue;
      if (one.asked.collection != now.event.collection) continue;
      told[one.asked.gateway].push_back(one.asked.id);
    }
    for (auto& [gateway, ids] : told) {
      std::sort(ids.begin(), ids.end());
      ++sequence_[gateway];
      Say(gateway, absl::StrCat("resync [", absl::StrJoin(ids, ","), "] after ",
                                now.position - 1, " to ", now.position));
    }
  }

  const Limits limits_;
  std::uint64_t position_ = 0;
  std::uint64_t lost_at_ = 0;
  std::uint64_t last_handle_ = 0;
  std::uint64_t last_remembered_ = 0;
  std::map<std::uint64_t, Subscription> subscriptions_;  // by handle
  std::map<std::string, Collection> collections_;
  std::map<std::pair<std::string, std::string>, bool> deleted_;
  std::vector<Happened> happened_;
  std::map<std::uint64_t, std::uint64_t> sequence_;
  std::map<std::uint64_t, std::vector<std::string>> said_;
};

std::string JsonOf(const State& state) {
  return absl::StrCat(R"({"n":)", state.n,
                      state.is_deleted ? R"(,"deleted":true})" : "}");
}

SourceEvent ToSource(const ModelEvent& event) {
  SourceEvent source;
  source.event_id = event.event_id;
  source.tenant = "t";
  source.collection = event.collection;
  source.document_id = event.document_id;
  source.operation = event.operation;
  if (event.operation != SourceOperation::kDelete) {
    source.document = event.is_malformed ? "7" : JsonOf(event.after);
    source.is_deleted = event.after.is_deleted;
  }
  if (event.before) {
    source.before = JsonOf(*event.before);
    source.was_deleted = event.before->is_deleted;
  }
  return source;
}

// One random history, told to both.
class History {
 public:
  explicit History(std::uint64_t seed)
      : random_(seed),
        limits_{.per_collection = 2 + random_.Below(5),
                .remembered_documents = random_.Pick<std::size_t>({0, 3, 1000}),
                .remembered_subscriptions = 1 + random_.Below(6)},
        image_share_(random_.Pick<std::uint64_t>({0, 0, 5, 10})),
        model_(limits_),
        core_(1 + random_.Below(3),
              {.quota = {.memberships = limits_.per_collection},
               .split = {.above = random_.Below(4),
                         .slice = 1 + random_.Below(3)},
               .membership = {
                   .remembered_documents = limits_.remembered_documents,
                   .remembered_subscriptions =
                       limits_.remembered_subscriptions}}) {
    for (std::uint64_t gateway : {1, 2}) {
      core_.Sequence(ConnectGateway{.gateway = GatewayHandle(gateway),
                                    .gateway_id = "g",
                                    .kind = GatewayKind::kSession,
                                    .initial_credit = 1'000'000});
    }
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      Step();
      core_.Settle();
      Acknowledge();
    }
  }

  void Compare() const {
    for (std::uint64_t gateway : {1, 2}) {
      const auto seen = core_.seen().find(GatewayHandle(gateway));
      const auto said = model_.said().find(gateway);
      const std::vector<std::string> none;
      ASSERT_EQ(seen == core_.seen().end() ? none : seen->second,
                said == model_.said().end() ? none : said->second)
          << "gateway " << gateway;
    }
  }

  void CountInto(std::map<std::string, std::size_t>& counts) const {
    counts["moved"] += core_.sequencer().statistics().moved_subscriptions;
    counts["past"] += core_.sequencer().statistics().past_events;
    for (const auto& [gateway, lines] : model_.said()) {
      for (const std::string& line : lines) {
        for (auto& [part, count] : counts) {
          count += absl::StrContains(line, part) ? 1 : 0;
        }
      }
    }
  }

 private:
  void Step() {
    const std::uint64_t gateway = 1 + random_.Below(2);
    const std::string id = absl::StrCat("s", random_.Below(8));
    switch (random_.Below(24)) {
      case 0:
      case 1:
        model_.Unsubscribe(gateway, id);
        return core_.Sequence(Unsubscribe{GatewayHandle(gateway), id});
      case 2:
      case 3:
      case 4:
        return Subscribe(gateway, id);
      case 5:
        if (random_.Chance(1, 3)) Lose();
        return;
      default:
        return Ingest();
    }
  }

  void Subscribe(std::uint64_t gateway, const std::string& id) {
    Model::Asked asked{.gateway = gateway,
                       .id = id,
                       .collection = random_.Pick({"c1", "c2"}),
                       .filter = random_.Below(Filters().size()),
                       .membership = random_.Chance(1, 2),
                       .resume_after = std::nullopt};
    if (random_.Chance(1, 4)) {
      // Who reads over a loss is told as of the past; see CatchUpTest.
      asked.resume_after =
          model_.lost_at() +
          random_.Below(model_.Position() - model_.lost_at() + 1);
    }
    model_.Subscribe(asked);
    streamer::Subscribe command =
        support::MakeSubscribe(GatewayHandle(gateway), id, asked.collection,
                               Filters()[asked.filter].expression);
    command.membership = asked.membership;
    if (asked.resume_after) command.resume_after = {1, *asked.resume_after};
    core_.Sequence(command);
  }

  // What was told, so that no notice waits.
  void Acknowledge() {
    for (std::uint64_t gateway : {1, 2}) {
      core_.Acknowledge(GatewayHandle(gateway), model_.last_sequence(gateway));
    }
  }

  void Lose() {
    if (random_.Chance(1, 2)) {
      model_.Lose("", true);
      return core_.Sequence(support::MakeGap("", "it said so"));
    }
    const std::string collection = random_.Pick({"c1", "c2", ""});
    model_.Lose(collection, false);
    core_.Sequence(support::MakeUnreadable("t", collection));
  }

  // Mostly what a source would say; also what none should, such as an insert
  // of a document that is there.
  void Ingest() {
    ModelEvent event;
    event.event_id = absl::StrCat("e", ++events_);
    event.collection = random_.Pick({"c1", "c2"});
    event.document_id = absl::StrCat("d", random_.Below(4));
    event.after = {random_.Between(0, 10), random_.Chance(1, 8)};
    std::optional<State>& now =
        documents_[{event.collection, event.document_id}];
    event.operation =
        random_.Pick({SourceOperation::kUpdate, SourceOperation::kUpdate,
                      SourceOperation::kReplace, SourceOperation::kDelete,
                      SourceOperation::kInsert});
    if (!now && random_.Chance(9, 10)) {
      event.operation = SourceOperation::kInsert;
    }
    if (random_.Below(10) < image_share_) event.before = now;
    event.is_malformed =
        event.operation != SourceOperation::kDelete && random_.Chance(1, 40);
    now = event.operation == SourceOperation::kDelete
              ? std::nullopt
              : std::optional(event.after);
    model_.Ingest(event);
    core_.Sequence(ToSource(event));
  }

  support::Random random_;
  const Limits limits_;
  const std::uint64_t image_share_;  // of ten
  Model model_;
  CoreHarness core_;
  std::map<std::pair<std::string, std::string>, std::optional<State>>
      documents_;
  std::uint64_t events_ = 0;
};

TEST(MembershipModelTest, SubscriptionsAreToldWhatTheModelSaysWordForWord) {
  support::Random random(support::SeedOf("MembershipModelTest"));
  SCOPED_TRACE(random.seed_note());
  // A history in which nothing happens would agree as well.
  std::map<std::string, std::size_t> counts;
  for (const char* part :
       {":entered", ":changed", ":left", ":unknown_in", ":unknown_out",
        "resync", "quota exceeded", "with membership", "without membership",
        "moved", "past"}) {
    counts[part] = 0;
  }
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    History history(random.Bits());
    history.Run(200);
    history.Compare();
    history.CountInto(counts);
  }
  for (const auto& [part, count] : counts) EXPECT_GT(count, 50u) << part;
}

}  // namespace
}  // namespace streamer
