// ClientSession with a session: what its tests begin with.
#ifndef STREAMER_TESTS_CPP_CLIENT_SESSION_FIXTURE_H_
#define STREAMER_TESTS_CPP_CLIENT_SESSION_FIXTURE_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client_actions.h"
#include "client/client_session.h"
#include "client/internal/subscription_book.h"
#include "client/received_delivery.h"
#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer {

using Continuity = SessionWelcome::Continuity;

// What a service says that holds the subscriptions of these ids, each with the
// filter "true".
inline SessionWelcome Holding(std::uint64_t session, Continuity continuity,
                              std::uint64_t next_seq,
                              const std::vector<std::string>& ids) {
  SessionWelcome welcome{.session = session,
                         .continuity = continuity,
                         .next_seq = next_seq,
                         .from_progress = "p1-1-10",
                         .to_progress = "p1-1-20"};
  for (const std::string& id : ids) {
    welcome.subscription_count += 1;
    welcome.subscription_digest += *client_internal::DigestOf(Request(id));
  }
  return welcome;
}

class SessionFixture : public ::testing::Test {
 protected:
  SessionFixture() : session_(Options({})) {}

  static ClientSessionOptions Options(const SessionPlace& place) {
    ClientSessionOptions options;
    options.target = "host:1";
    options.session = place;
    return options;
  }

  void Connect() {
    session_.Start(At(std::chrono::seconds(0)));
    session_.Welcomed(Holding(7, Continuity::kNew, 1, {}),
                      At(std::chrono::seconds(0)));
    ASSERT_EQ(session_.state(), ClientState::kConnected);
  }

  void SubscribeLive(const std::string& id, std::uint64_t ticket = 1,
                     std::uint64_t handle = 1) {
    session_.Subscribe(SubscribeTicket(ticket), Request(id));
    session_.SubscribeAnswered(id, Accepted(id, handle));
    ASSERT_TRUE(session_.IsLive(id));
  }

  EntryNumber Receive(std::uint64_t seq) {
    const std::string progress = "p1-1-" + std::to_string(seq);
    return session_
        .DeliveryReceived({.seq = seq, .progress = progress},
                          At(std::chrono::seconds(2)))
        .number;
  }

  // As the client's shell takes it.
  void ReceiveFor(const std::string& id, std::uint64_t seq,
                  const std::string& progress, bool is_catching_up) {
    session_.DeliveryReceived(
        {.seq = seq, .progress = progress, .is_catching_up = is_catching_up},
        At(std::chrono::seconds(2)));
    auto wire = std::make_unique<syntrix::streamer::v1::EventDelivery>();
    wire->add_subscription_ids(id);
    wire->set_progress(progress);
    wire->set_catching_up(is_catching_up);
    session_.NotePlaces(ReceivedDelivery(std::move(wire), 0));
  }

  // Breaks the stream and opens the next; returns what opening did.
  std::vector<std::string> Reopen() {
    session_.StreamBroken(Unavailable("gone"), At(std::chrono::seconds(1)));
    return Text(session_.Tick(*session_.NextDeadline()));
  }

  std::vector<std::string> Welcome(const SessionWelcome& welcome) {
    return Text(session_.Welcomed(welcome, At(std::chrono::seconds(2))));
  }

  // The answer for one that is asked for again; the number of the gap it ends.
  EntryNumber AnswerWithGap(const std::string& id) {
    const ClientActions actions =
        session_.SubscribeAnswered(id, Accepted(id, 2, "p1-1-20"));
    if (actions.size() != 1) return {};
    const auto* report = std::get_if<client_action::ReportGap>(actions.data());
    return report == nullptr ? EntryNumber() : report->gap.number;
  }

  static ReceivedGap GapOf(const std::vector<std::string>& ids,
                           const std::string& reason,
                           ReceivedGap::End end = ReceivedGap::End::kNone) {
    ReceivedGap gap;
    gap.subscription_ids = ids;
    gap.reason = reason;
    gap.end = end;
    return gap;
  }

  ClientSession session_;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_CPP_CLIENT_SESSION_FIXTURE_H_
