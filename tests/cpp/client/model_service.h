// ModelService: a service with one session, as simple as can be: the log is a
// number, the outbox a list. What it sends is a list of calls on the
// gateway's side, from which a test takes as many as it likes to have arrived.
//
// Events are numbered from 1; `Matches` says which subscription each concerns.
#ifndef STREAMER_TESTS_CLIENT_MODEL_SERVICE_H_
#define STREAMER_TESTS_CLIENT_MODEL_SERVICE_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "client/client_actions.h"
#include "client/client_session.h"
#include "client/internal/subscription_book.h"

namespace streamer {

inline bool Matches(const std::string& id, std::uint64_t event) {
  return event % (2 + static_cast<std::uint64_t>(id[0] - 'a')) != 1;
}

inline std::string ProgressOf(std::uint64_t event) {
  return "p1-1-" + std::to_string(event);
}

// The event of a progress; 0 for none.
inline std::uint64_t EventOf(const std::string& progress) {
  const auto position = ParseProgress(progress);
  return position.ok() ? position->offset : 0;
}

// What a gateway makes of what is sent to it.
class ModelGateway {
 public:
  virtual ~ModelGateway() = default;
  virtual void OnWelcome(const SessionWelcome& welcome) = 0;
  virtual void OnAnswer(const std::string& id,
                        const Result<SubscriptionAnswer>& answer) = 0;
  virtual void OnUnsubscribed(const std::string& id) = 0;
  // As many parts as there are; 0 when the service does not say.
  struct Part {
    std::uint32_t number = 0;  // 0: whole
    std::uint32_t count = 0;
  };
  virtual void OnDelivery(std::uint64_t seq, Part part, std::uint64_t event,
                          const std::vector<std::string>& ids) = 0;
  virtual void OnResync(std::uint64_t seq, const ReceivedGap& gap) = 0;
  virtual void OnEnd(std::uint64_t seq, std::uint64_t handle,
                     const std::string& id) = 0;
};

class ModelService {
 public:
  using Message = std::function<void(ModelGateway&)>;

  explicit ModelService(std::mt19937_64& random)
      : random_(random), counts_parts_(random() % 2 == 0) {}

  // One more event.
  void Ingest() {
    ++head_;
    Entry entry{.event = head_};
    for (const auto& [id, held] : held_) {
      if (Matches(id, head_)) entry.ids.emplace_back(id, held.handle);
    }
    if (!entry.ids.empty()) Append(std::move(entry));
  }

  // What waits may go out, without the ids of what has ended meanwhile.
  void HandOver() {
    for (; is_attached_ && !waiting_.empty(); waiting_.pop_front()) {
      Entry& entry = waiting_.front();
      if (entry.event != 0 && LiveIds(entry).empty()) continue;
      entry.seq = ++last_seq_;
      kept_.push_back(std::move(entry));
      Send(kept_.back());
    }
  }

  void Detach() {
    is_attached_ = false;
    to_gateway_.clear();
  }

  // A crash: what was acknowledged is known, the rest is read again.
  void Restart() {
    Detach();
    ++session_;
    last_seq_ = 0;
    std::deque<Entry> notices;
    for (auto* list : {&kept_, &waiting_}) {
      for (Entry& entry : *list) {
        const bool is_resync = entry.event == 0 && !entry.is_end;
        if (is_resync) notices.push_back(std::move(entry));
      }
      list->clear();
    }
    waiting_ = std::move(notices);
    for (std::uint64_t event = cursor_ + 1; event <= head_; ++event) {
      Entry entry{.event = event};
      for (const auto& [id, held] : held_) {
        if (held.from < event && Matches(id, event)) {
          entry.ids.emplace_back(id, held.handle);
        }
      }
      if (!entry.ids.empty()) waiting_.push_back(std::move(entry));
    }
  }

  // The session expires, with all that it held.
  void Forget() {
    Detach();
    session_ = 0;
  }

  // A time to live passes.
  void Expire() {
    if (held_.empty()) return;
    const auto held = held_.begin();
    Entry entry;
    entry.ids.emplace_back(held->first, held->second.handle);
    entry.is_end = true;
    held_.erase(held);
    Append(std::move(entry));
  }

  // What waits is too much: a resync stands for it.
  void FallBehind() {
    const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                    [](const Entry& one) { return one.event; });
    if (first == waiting_.end()) return;
    Entry entry;
    entry.gap.from_progress = ProgressOf(first->event - 1);
    entry.gap.to_progress = ProgressOf(head_);
    entry.gap.reason = "fell behind";
    std::erase_if(waiting_, [](const Entry& one) { return one.event != 0; });
    Append(std::move(entry));
  }

  void OnHello(const SessionPlace& place) {
    SessionWelcome welcome{.continuity = SessionWelcome::Continuity::kComplete,
                           .from_progress = place.progress};
    const bool is_known = session_ != 0 && place.session != 0 &&
                          place.session / kEpochs == session_ / kEpochs;
    if (!is_known) {
      Begin();
      welcome.continuity = place.session == 0
                               ? SessionWelcome::Continuity::kNew
                               : SessionWelcome::Continuity::kLost;
    } else if (place.session == session_) {
      EXPECT_LE(place.seq, last_seq_) << "announced what was not sent";
      AcknowledgeUpTo(place.seq);
    } else {
      ForgetUpTo(EventOf(place.progress));
    }
    welcome.session = session_;
    welcome.next_seq = kept_.empty() ? last_seq_ + 1 : kept_.front().seq;
    welcome.to_progress = ProgressOf(head_);
    for (const auto& [id, held] : held_) {
      welcome.subscription_count += 1;
      welcome.subscription_digest +=
          *client_internal::DigestOf(Request(id, held.expression));
    }
    is_attached_ = true;
    Respond([welcome](ModelGateway& to) { to.OnWelcome(welcome); });
    for (const Entry& entry : kept_) Send(entry);
  }

  void OnSubscribe(const SubscriptionRequest& request) {
    const auto held = held_.find(request.id);
    Result<SubscriptionAnswer> answer = ResourceExhausted("full");
    if (held != held_.end() && held->second.expression != request.expression) {
      answer = AlreadyExists("another filter");
    } else if (held != held_.end()) {
      answer = Accepted(request.id, held->second.handle,
                        ProgressOf(held->second.from));
    } else if (random_() % 8 != 0) {
      held_[request.id] = {head_, ++last_handle_, request.expression};
      answer = Accepted(request.id, last_handle_, ProgressOf(head_));
    }
    Respond([id = request.id, answer](ModelGateway& to) {
      to.OnAnswer(id, answer);
    });
  }

  void OnUnsubscribe(const std::string& id) {
    held_.erase(id);
    Respond([id](ModelGateway& to) { to.OnUnsubscribed(id); });
  }

  void OnAck(std::uint64_t session, std::uint64_t seq) {
    if (session != session_) return;
    EXPECT_LE(seq, last_seq_) << "acknowledged what was not sent";
    AcknowledgeUpTo(seq);
  }

  [[nodiscard]] std::uint64_t head() const { return head_; }
  // All is acknowledged; but a delivery in parts that are not counted cannot
  // be as long as nothing follows it.
  [[nodiscard]] bool is_idle() const {
    return waiting_.empty() &&
           (kept_.empty() ||
            (!counts_parts_ && kept_.size() == 1 && kept_[0].ids.size() > 1));
  }
  [[nodiscard]] bool Holds(const std::string& id) const {
    return held_.contains(id);
  }

  [[nodiscard]] bool has_messages() const { return !to_gateway_.empty(); }
  // The oldest message that has not arrived.
  Message Take() {
    Message message = std::move(to_gateway_.front());
    to_gateway_.pop_front();
    return message;
  }

 private:
  static constexpr std::uint64_t kEpochs = 1'000;

  struct Held {
    std::uint64_t from = 0;
    std::uint64_t handle = 0;
    std::string expression;
  };
  struct Entry {
    std::uint64_t event = 0;                                 // 0: a notice
    std::vector<std::pair<std::string, std::uint64_t>> ids;  // and handle
    bool is_end = false;
    ReceivedGap gap;
    std::uint64_t seq = 0;
  };

  void Begin() {
    session_ = ++lineage_ * kEpochs;
    last_seq_ = 0;
    cursor_ = head_;
    held_.clear();
    kept_.clear();
    waiting_.clear();
  }

  void Append(Entry entry) {
    if (session_ == 0) return;
    waiting_.push_back(std::move(entry));
  }

  [[nodiscard]] std::vector<std::string> LiveIds(const Entry& entry) const {
    std::vector<std::string> ids;
    for (const auto& [id, handle] : entry.ids) {
      const auto held = held_.find(id);
      if (held != held_.end() && held->second.handle == handle) {
        ids.push_back(id);
      }
    }
    return ids;
  }

  void Send(const Entry& entry) {
    const std::uint64_t seq = entry.seq;
    if (entry.is_end) {
      to_gateway_.push_back([seq, one = entry.ids[0]](ModelGateway& to) {
        to.OnEnd(seq, one.second, one.first);
      });
    } else if (entry.event == 0) {
      to_gateway_.push_back(
          [seq, gap = entry.gap](ModelGateway& to) { to.OnResync(seq, gap); });
    } else {
      SendDelivery(entry, LiveIds(entry));
    }
  }

  // Ids that are too many for one delivery come in parts.
  void SendDelivery(const Entry& entry, std::vector<std::string> ids) {
    if (ids.size() < 2 || random_() % 4 != 0) return SendPart(entry, {}, ids);
    std::vector<std::vector<std::string>> parts;
    while (!ids.empty()) {
      const std::size_t left = ids.size() - (1 + random_() % ids.size());
      parts.emplace_back(ids.begin() + static_cast<int>(left), ids.end());
      ids.resize(left);
    }
    ModelGateway::Part part;
    if (counts_parts_) part.count = static_cast<std::uint32_t>(parts.size());
    for (const std::vector<std::string>& some : parts) {
      ++part.number;
      SendPart(entry, part, some);
    }
  }

  void SendPart(const Entry& entry, ModelGateway::Part part,
                const std::vector<std::string>& ids) {
    to_gateway_.push_back(
        [seq = entry.seq, part, event = entry.event, ids](ModelGateway& to) {
          to.OnDelivery(seq, part, event, ids);
        });
  }

  // Overtakes deliveries that wait to be handed over.
  void Respond(Message message) { to_gateway_.push_back(std::move(message)); }

  void AcknowledgeUpTo(std::uint64_t seq) {
    while (!kept_.empty() && kept_.front().seq <= seq) {
      cursor_ = std::max(cursor_, kept_.front().event);
      kept_.pop_front();
    }
  }

  void ForgetUpTo(std::uint64_t event) {
    cursor_ = std::max(cursor_, event);
    while (!kept_.empty() && kept_.front().event != 0 &&
           kept_.front().event <= event) {
      kept_.pop_front();
    }
    while (kept_.empty() && !waiting_.empty() && waiting_.front().event != 0 &&
           waiting_.front().event <= event) {
      waiting_.pop_front();
    }
  }

  std::mt19937_64& random_;
  const bool counts_parts_;
  std::uint64_t head_ = 0;
  std::uint64_t lineage_ = 0;
  std::uint64_t session_ = 0;
  std::uint64_t last_seq_ = 0;
  std::uint64_t cursor_ = 0;  // events up to here were acknowledged
  std::uint64_t last_handle_ = 0;
  std::map<std::string, Held> held_;
  std::deque<Entry> kept_;     // sent and not acknowledged
  std::deque<Entry> waiting_;  // not sent
  bool is_attached_ = false;
  std::deque<Message> to_gateway_;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_CLIENT_MODEL_SERVICE_H_
