// A gateway and a service with one session, driven at random: streams break
// with messages under way, the service crashes, forgets the session, ends
// subscriptions and falls behind, and the gateway's process is killed and
// started again. Whatever happens, of each subscription the user gets every
// event in order, once per session epoch, or is told of a gap.
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "client/client_actions.h"
#include "client/client_session.h"
#include "client/model_service.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;

// What the user knows of a subscription.
struct Life {
  bool is_answered = false;
  bool has_ended = false;  // which the reader will hear of
  // Events up to here are of no concern: before its start, or in a gap.
  std::uint64_t excused = 0;
  std::set<std::uint64_t> seen;
  std::uint64_t last_event = 0;
  std::uint64_t last_whole_event = 0;  // not one that came in parts
  std::uint32_t last_epoch = 0;
};

// What waits for the reader.
struct Item {
  EntryNumber number;
  std::uint64_t event = 0;  // 0: a gap
  bool is_divided = false;
  std::vector<std::string> ids;
  std::optional<ReceivedGap> gap;
};

class RandomGateway final : public ModelGateway {
 public:
  explicit RandomGateway(std::uint64_t seed)
      : random_(seed), service_(random_) {
    Begin({});
  }

  void Run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      Step();
    }
    Settle();
    CheckComplete();
  }

  // In how many ways it was tried.
  std::uint64_t duplicates() const { return duplicates_; }
  std::uint64_t gaps() const { return gaps_; }

  void OnWelcome(const SessionWelcome& welcome) override {
    Do(session_->Welcomed(welcome, now_));
  }

  void OnAnswer(const std::string& id,
                const Result<SubscriptionAnswer>& answer) override {
    Do(session_->SubscribeAnswered(id, answer));
  }

  void OnUnsubscribed(const std::string& id) override {
    Do(session_->UnsubscribeAnswered(id));
  }

  // As Client::Connection does it.
  void OnDelivery(std::uint64_t seq, Part part, std::uint64_t event,
                  const std::vector<std::string>& ids) override {
    const std::string progress = ProgressOf(event);
    ClientSession::Admission admission =
        session_->DeliveryReceived({.seq = seq,
                                    .part = part.number,
                                    .parts = part.count,
                                    .progress = progress},
                                   now_);
    Do(std::move(admission.actions));
    if (admission.number.is_null()) return;
    newest_received_ = std::max(newest_received_, event);
    Item item{.number = admission.number,
              .event = event,
              .is_divided = admission.is_divided};
    for (const std::string& id : ids) {
      if (admission.is_divided && !session_->NoteId(id)) continue;
      if (session_->has_retired() && !session_->IsWanted(id)) continue;
      item.ids.push_back(id);
    }
    if (item.ids.empty()) {
      Do(session_->Processed(item.number));
    } else {
      queue_.push_back(std::move(item));
    }
  }

  void OnResync(std::uint64_t seq, const ReceivedGap& gap) override {
    newest_received_ = std::max(newest_received_, EventOf(gap.to_progress));
    Do(session_->ResyncReceived(seq, gap, now_));
  }

  void OnEnd(std::uint64_t seq, std::uint64_t handle,
             const std::string& id) override {
    ReceivedGap gap;
    gap.subscription_ids = {id};
    gap.reason = "expired";
    gap.end = ReceivedGap::End::kExpired;
    Do(session_->EndReceived(seq, SubscriptionHandle(handle), gap, now_));
  }

 private:
  void Step() {
    const std::string id(1, static_cast<char>('a' + random_() % 4));
    switch (random_() % 16) {
      case 0:
        Subscribe(id);
        break;
      case 1:
        if (random_() % 3 == 0) Unsubscribe(id);
        break;
      case 2:
        if (random_() % 2 == 0) DisturbService();
        break;
      case 3:
        if (random_() % 6 == 0) Begin(PlaceToGoOnFrom());
        break;
      case 4:
      case 5:
        now_ += milliseconds(300);
        Do(session_->Tick(now_));
        break;
      case 6:
      case 7:
        service_.Ingest();
        break;
      case 8:
      case 9:
        ReadOne();
        break;
      case 10:
      case 11:
      case 12:
        ServiceReadsOne();
        break;
      default:
        ReceiveOne();
    }
  }

  void DisturbService() {
    switch (random_() % 6) {
      case 0:
        service_.Restart();
        Break();
        break;
      case 1:
        if (random_() % 4 != 0) break;
        service_.Forget();
        Break();
        break;
      case 2:
        service_.Expire();
        break;
      case 3:
        if (!is_open_) service_.FallBehind();
        break;
      default:
        if (is_open_) Break();
    }
  }

  // A process, which asks for what the one before it had.
  void Begin(const SessionPlace& place) {
    Detach();
    if (session_ != nullptr) duplicates_ += session_->duplicates();
    ClientSessionOptions options;
    options.connect_timeout = std::chrono::hours(1);
    options.session = place;
    session_ = std::make_unique<ClientSession>(options);
    queue_.clear();
    last_taken_ = {};
    tickets_.clear();
    gone_.clear();
    Do(session_->Start(now_));
    for (auto& [id, life] : lives_) {
      life.last_event = 0;
      life.last_whole_event = 0;
      life.is_answered = false;
      Ask(id);
    }
  }

  SessionPlace PlaceToGoOnFrom() {
    return session_->place(last_taken_).value_or(SessionPlace());
  }

  void Subscribe(const std::string& id) {
    if (lives_.contains(id) && random_() % 4 != 0) return;
    // The service may hold it since before, if a process was killed before it
    // could unsubscribe: then it goes on from what came.
    lives_.try_emplace(id, Life{.excused = newest_received_});
    gone_.erase(id);
    Ask(id);
  }

  void Ask(const std::string& id) {
    const SubscribeTicket ticket(++last_ticket_);
    tickets_.emplace(ticket, id);
    Do(session_->Subscribe(ticket, Request(id)));
  }

  void Unsubscribe(const std::string& id) {
    auto actions = session_->Unsubscribe(id);
    if (!actions.ok()) return;
    lives_.erase(id);
    gone_.insert(id);
    std::erase_if(queue_, [&](Item& item) {
      if (std::erase(item.ids, id) == 0 || !item.ids.empty()) return false;
      if (!item.number.is_null()) Do(session_->Processed(item.number));
      return true;
    });
    Do(*std::move(actions));
  }

  void ReadOne() {
    if (!last_taken_.is_null()) Do(session_->ProcessedUpTo(last_taken_));
    if (queue_.empty()) return;
    const Item item = std::move(queue_.front());
    queue_.pop_front();
    if (!item.number.is_null()) last_taken_ = item.number;
    if (item.gap.has_value()) {
      ReadGap(*item.gap, item.ids);
    } else {
      for (const std::string& id : item.ids) ReadEvent(id, item);
    }
  }

  void ReadEvent(const std::string& id, const Item& item) {
    EXPECT_FALSE(gone_.contains(id)) << id << " was unsubscribed";
    EXPECT_TRUE(Matches(id, item.event));
    const auto found = lives_.find(id);
    if (found == lives_.end()) return;
    Life& life = found->second;
    // A delivery that came in parts may come again in the next epoch, for its
    // last part may have been missing.
    const std::uint64_t after = item.number.epoch == life.last_epoch
                                    ? life.last_event
                                    : life.last_whole_event;
    EXPECT_GT(item.event, after) << id << " had " << life.last_event;
    life.seen.insert(item.event);
    life.last_event = item.event;
    if (!item.is_divided) life.last_whole_event = item.event;
    life.last_epoch = item.number.epoch;
  }

  void ReadGap(const ReceivedGap& gap, const std::vector<std::string>& ids) {
    ++gaps_;
    std::vector<std::string> concerned = ids;
    if (concerned.empty()) {
      for (const auto& [id, life] : lives_) concerned.push_back(id);
    }
    for (const std::string& id : concerned) {
      const auto found = lives_.find(id);
      if (found == lives_.end()) continue;
      if (found->second.has_ended && !IsAskedFor(id)) {
        lives_.erase(found);
      } else {
        Life& life = found->second;
        life.excused = std::max(life.excused, EventOf(gap.to_progress));
      }
    }
  }

  bool IsAskedFor(const std::string& id) const {
    return std::any_of(tickets_.begin(), tickets_.end(),
                       [&](const auto& one) { return one.second == id; });
  }

  void Do(ClientActions actions) {
    for (ClientAction& action : actions) {
      std::visit([this](auto& one) { DoOne(one); }, action);
    }
  }

  void DoOne(client_action::OpenStream&) {
    ASSERT_FALSE(is_open_);
    is_open_ = true;
  }
  void DoOne(client_action::AbandonStream&) {
    // The service speaks truly, so nothing it says breaks the stream.
    ADD_FAILURE() << "abandoned at " << now_.time_since_epoch().count();
    Detach();
  }
  void DoOne(client_action::CompleteSubscribe& done) {
    const auto ticket = tickets_.find(done.ticket);
    ASSERT_NE(ticket, tickets_.end());
    const std::string id = ticket->second;
    tickets_.erase(ticket);
    const auto life = lives_.find(id);
    if (life == lives_.end()) return;
    if (done.answer.ok()) {
      life->second.is_answered = true;
      life->second.has_ended = false;
      life->second.excused =
          std::max(life->second.excused, EventOf(done.answer->progress));
    } else if (!IsAskedFor(id) &&
               (!life->second.is_answered || life->second.has_ended)) {
      lives_.erase(life);
    }
  }
  void DoOne(client_action::ReportGap& report) {
    if (report.gap.end != ReceivedGap::End::kNone) {
      const auto life = lives_.find(report.gap.subscription_ids.front());
      if (life != lives_.end()) life->second.has_ended = true;
    }
    queue_.push_back({.number = report.gap.number,
                      .ids = report.gap.subscription_ids,
                      .gap = report.gap});
  }
  void DoOne(client_action::ReportClosed&) { ADD_FAILURE() << "closed"; }
  void DoOne(client_action::ReportConnected&) {}
  void DoOne(client_action::CompleteUnsubscribe&) {}
  template <typename Request>
  void DoOne(Request& request) {
    to_service_.emplace_back(std::move(request));
  }

  void Detach() {
    is_open_ = false;
    to_service_.clear();
    service_.Detach();
  }

  void Break() {
    const bool was_open = is_open_;
    Detach();
    if (was_open) Do(session_->StreamBroken(Unavailable("gone"), now_));
  }

  void ReceiveOne() {
    if (!is_open_ || !service_.has_messages()) return;
    Do(session_->MessageReceived(now_));
    service_.Take()(*this);
  }

  void ServiceReadsOne() {
    if (random_() % 4 == 0) service_.HandOver();
    if (to_service_.empty()) return;
    const ClientAction message = std::move(to_service_.front());
    to_service_.pop_front();
    if (const auto* hello = std::get_if<client_action::SendHello>(&message)) {
      service_.OnHello(hello->place);
    } else if (const auto* ask =
                   std::get_if<client_action::SendSubscribe>(&message)) {
      service_.OnSubscribe(ask->request);
    } else if (const auto* end =
                   std::get_if<client_action::SendUnsubscribe>(&message)) {
      service_.OnUnsubscribe(end->subscription_id);
    } else if (const auto* ack =
                   std::get_if<client_action::SendAcknowledgement>(&message)) {
      service_.OnAck(ack->acknowledgement.session, ack->acknowledgement.seq);
    } else {
      session_->HeartbeatAcknowledged(now_);
    }
  }

  // Nothing breaks any more, and all that is under way arrives.
  void Settle() {
    for (int round = 0; round < 10'000; ++round) {
      if (!is_open_) {
        now_ = *session_->NextDeadline();
        Do(session_->Tick(now_));
      }
      ServiceReadsOne();
      ReceiveOne();
      ReadOne();
      const bool is_settled = is_open_ && to_service_.empty() &&
                              !service_.has_messages() && queue_.empty();
      if (is_settled && service_.is_idle()) return;
    }
    ADD_FAILURE() << "never at rest";
  }

  void CheckComplete() {
    EXPECT_TRUE(tickets_.empty());
    for (const auto& [id, life] : lives_) {
      EXPECT_TRUE(session_->IsLive(id)) << id;
      EXPECT_TRUE(service_.Holds(id)) << id;
      for (std::uint64_t event = life.excused + 1; event <= service_.head();
           ++event) {
        if (!Matches(id, event)) continue;
        EXPECT_TRUE(life.seen.contains(event))
            << id << " missed " << event << " after " << life.excused;
      }
    }
    duplicates_ += session_->duplicates();
  }

  std::mt19937_64 random_;
  ModelService service_;
  std::unique_ptr<ClientSession> session_;
  MonotonicTime now_ = At(Duration(0));
  bool is_open_ = false;
  std::deque<ClientAction> to_service_;
  std::deque<Item> queue_;
  EntryNumber last_taken_;
  std::map<std::string, Life> lives_;
  std::set<std::string> gone_;
  std::map<SubscribeTicket, std::string> tickets_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t newest_received_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t gaps_ = 0;
};

TEST(SessionModelTest, EveryEventComesOnceAndInOrderOrIsInAGap) {
  std::uint64_t duplicates = 0;
  std::uint64_t gaps = 0;
  for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomGateway gateway(seed);
    gateway.Run(400);
    if (::testing::Test::HasFailure()) return;
    duplicates += gateway.duplicates();
    gaps += gateway.gaps();
  }
  // It was tried, and not by gaps alone.
  EXPECT_GT(duplicates, 4'000u);
  EXPECT_GT(gaps, 1'000u);
}

}  // namespace
}  // namespace streamer
