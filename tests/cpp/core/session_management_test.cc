// Sessions that somebody manages who is not their stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/session_fixture.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Instant At(int second) { return Instant{}.After(seconds(second)); }

class SessionManagementTest : public SessionFixture {
 protected:
  using What = decltype(ManageSession::what);

  // What the caller is told; its only effect.
  GatewayEffect Manage(What what, Instant now = {},
                       const std::string& gateway_id = "g") {
    const GatewayHandle caller(++last_stream_);
    core_->Sequence(
        ManageSession{.caller = caller, .gateway_id = gateway_id, .what = what},
        now);
    core_->Settle();
    std::vector<GatewayEffect> effects = core_->TakeEffects(caller);
    EXPECT_EQ(effects.size(), 1u);
    // Who has its answer goes, and nothing else ends with that.
    Leave(caller, now);
    return effects.at(0);
  }
  SubscribeResponse Register(const std::string& id, int ttl = 300,
                             Instant now = {},
                             const std::string& filter = "true") {
    streamer::Subscribe subscribe = support::MakeSubscribe({}, id, "c", filter);
    subscribe.ttl = seconds(ttl);
    return std::get<SubscribeResponse>(Manage(std::move(subscribe), now));
  }
  UnsubscribeResponse Unregister(const std::string& id) {
    return std::get<UnsubscribeResponse>(
        Manage(Unsubscribe{.subscription_id = id}));
  }
  [[nodiscard]] std::size_t Count() const {
    return core_->sequencer().registry().size();
  }
  void Pass(int second) {
    core_->Sequence(Tick{}, At(second));
    core_->Settle();
  }
};

TEST_F(SessionManagementTest, WhatIsRegisteredWaitsForTheStream) {
  Events(1, 1);
  const SubscribeResponse response = Register("s");
  EXPECT_TRUE(response.status.ok());
  EXPECT_EQ(response.from, (Position{1, 1}));
  EXPECT_EQ(response.expires_at.value().monotonic, At(300).monotonic);
  Events(2, 3);
  const GatewayHandle stream = Open();
  EXPECT_EQ(opened_.session, response.session);
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened new, next 1, has 0", "delivery 1 e2 [s]",
                          "delivery 2 e3 [s]"));
}

// Its welcome did not arrive: it asks again for what it does not know.
TEST_F(SessionManagementTest, WhoWasNotWelcomedFindsAllOfItAgain) {
  const SubscribeResponse response = Register("s");
  Events(1, 1);
  Leave(Open());
  Restart();
  const GatewayHandle stream = Open();
  EXPECT_EQ(LineageOf(opened_.session), LineageOf(response.session));
  EXPECT_EQ(opened_.unasked_count, 1u);
  EXPECT_THAT(Seen(stream), ElementsAre("opened new, next 1, has 0",
                                        "delivery 1 e1 [s] again"));
  // What it asks for says that it knows its session; without it, it has none.
  Subscribe(stream, "own");
  EXPECT_FALSE(core_->saved().sessions.at("g").is_unclaimed);
  Leave(stream);
  Open();
  EXPECT_EQ(opened_.unasked_count, 0u);
}

// It compares what it asked for with what is held.
TEST_F(SessionManagementTest, WhatNoStreamAskedForIsCountedApart) {
  GatewayHandle stream = Open();
  Subscribe(stream, "own");
  stream = Open({.session = opened_.session});
  const SessionOpened alone = opened_;
  Register("s");
  stream = Open({.session = opened_.session});
  EXPECT_EQ(opened_.subscription_count, 1u);
  EXPECT_EQ(opened_.subscription_digest, alone.subscription_digest);
  EXPECT_EQ(opened_.unasked_count, 1u);
  Subscribe(stream, "s");
  Open({.session = opened_.session});
  EXPECT_EQ(opened_.subscription_count, 2u);
  EXPECT_EQ(opened_.unasked_count, 0u);
}

TEST_F(SessionManagementTest, WithoutSubscriptionsItIsKeptAsAnyOther) {
  Register("s", 3'600);
  Pass(60);
  Manage(Unsubscribe{.subscription_id = "s"}, At(100));
  Pass(159);
  EXPECT_EQ(core_->saved().sessions.size(), 1u);
  Pass(160);
  EXPECT_THAT(core_->saved().sessions, IsEmpty());
}

TEST_F(SessionManagementTest, TheFirstStreamCanNameItsSession) {
  const SubscribeResponse response = Register("s");
  Events(1, 1);
  const GatewayHandle stream = Open({.session = response.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 0",
                                        "delivery 1 e1 [s]"));
}

// It had another session, which is over.
TEST_F(SessionManagementTest, WhoLostItsSessionIsToldSoAndFindsWhatIsThere) {
  GatewayHandle stream = Open();
  const SessionNumber before = opened_.session;
  Leave(stream, At(0));
  Pass(60);
  Register("s", 300, At(60));
  stream = Open({.session = before});
  EXPECT_THAT(Seen(stream), ElementsAre("opened lost, next 1, has 0"));
}

TEST_F(SessionManagementTest, TheFirstStreamBringsTheCredential) {
  Register("s");
  EXPECT_FALSE(core_->saved().sessions.at("g").credential.has_value());
  Leave(Open({.credential = ""}));
  EXPECT_EQ(core_->saved().sessions.at("g").credential, "");
  const GatewayHandle other = Open({.credential = "another"});
  EXPECT_THAT(Seen(other),
              ElementsAre(HasSubstr("expected the credential that session")));
}

TEST_F(SessionManagementTest, GoesToTheSessionThatIsThere) {
  const GatewayHandle stream = Open();
  EXPECT_EQ(Register("s").session, opened_.session);
  Events(1, 1);
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened new, next 1, has 0", "delivery 1 e1 [s]"));
}

TEST_F(SessionManagementTest, AnIdThatIsThereIsRefused) {
  Subscribe(Open(), "s");
  const SubscribeResponse same = Register("s");
  EXPECT_TRUE(absl::IsAlreadyExists(same.status)) << same.status;
  const SubscribeResponse other = Register("s", 300, {}, "doc.n > 1");
  EXPECT_TRUE(absl::IsAlreadyExists(other.status)) << other.status;
  EXPECT_EQ(Count(), 1u);
}

TEST_F(SessionManagementTest, WhatIsRefusedBeginsNoSession) {
  const SubscribeResponse response = Register("s", 0);
  EXPECT_TRUE(absl::IsInvalidArgument(response.status)) << response.status;
  EXPECT_THAT(core_->saved().sessions, IsEmpty());
  const GatewayHandle caller(++last_stream_);
  core_->Sequence(
      ManageSession{.caller = caller,
                    .gateway_id = "g",
                    .what = support::MakeSubscribe({}, "s", "c", "true"),
                    .unstored = Unavailable("the state cannot be saved")});
  core_->Settle();
  EXPECT_THAT(core_->Take(caller),
              ElementsAre("refused s: the state cannot be saved"));
  EXPECT_THAT(core_->saved().sessions, IsEmpty());
}

TEST_F(SessionManagementTest, LivesWithoutAStreamAsLongAsItsLongestTimeToLive) {
  Register("short", 90);
  Register("long", 300);
  Pass(60);
  EXPECT_EQ(Count(), 2u);
  Pass(90);
  EXPECT_EQ(Count(), 1u);
  Manage(Renew{.subscription_id = "long"}, At(200));
  Pass(499);
  EXPECT_EQ(Count(), 1u);
  Pass(500);
  EXPECT_EQ(Count(), 0u);
  EXPECT_THAT(core_->saved().sessions, IsEmpty());
}

// What a stream asked for outlives it by the session's time only.
TEST_F(SessionManagementTest, ATimeToLiveOfAStreamKeepsNoSession) {
  const GatewayHandle stream = Open();
  streamer::Subscribe command =
      support::MakeSubscribe(stream, "s", "c", "true");
  command.ttl = seconds(300);
  core_->Sequence(command, At(0));
  Leave(stream, At(0));
  Pass(60);
  EXPECT_THAT(core_->saved().sessions, IsEmpty());
}

TEST_F(SessionManagementTest, ARestartKeepsIt) {
  const SubscribeResponse response = Register("s");
  Events(1, 1);
  Restart();
  Pass(299);
  EXPECT_EQ(Count(), 1u);
  const GatewayHandle stream = Open({.session = response.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 0",
                                        "delivery 1 e1 [s] again"));
}

TEST_F(SessionManagementTest, RenewingNamesWhatIsNotThere) {
  const auto response =
      std::get<RenewResponse>(Manage(Renew{.subscription_id = "nobody's"}));
  EXPECT_TRUE(absl::IsNotFound(response.status)) << response.status;
}

TEST_F(SessionManagementTest, TheGatewayIsToldOfWhatIsTakenAway) {
  const GatewayHandle stream = Open();
  for (const char* id : {"a", "b", "c"}) Subscribe(stream, id);
  Seen(stream);
  EXPECT_EQ(Unregister("a").ended, 1u);
  EXPECT_TRUE(absl::IsNotFound(Unregister("a").status));
  const auto all = std::get<UnsubscribeResponse>(Manage(UnsubscribeAll{}));
  EXPECT_EQ(all.ended, 2u);
  EXPECT_THAT(Seen(stream), ElementsAre("ended a", "ended b", "ended c"));
  EXPECT_THAT(core_->saved().subscriptions, IsEmpty());
  Events(1, 1);
  EXPECT_THAT(Seen(stream), IsEmpty());
}

TEST_F(SessionManagementTest, OfNobodyNothingIsTakenAway) {
  const auto all =
      std::get<UnsubscribeResponse>(Manage(UnsubscribeAll{}, {}, "nobody"));
  EXPECT_EQ(all.ended, 0u);
  EXPECT_TRUE(absl::IsNotFound(Unregister("s").status));
}

// The notices of what ended wait for a stream.
TEST_F(SessionManagementTest, WhatNoStreamHearsOfIsBounded) {
  for (std::size_t i = 0; i < Outbox::kMostClosed; ++i) {
    ASSERT_TRUE(Register("s").status.ok());
    if (i + 1 < Outbox::kMostClosed) Unregister("s");
  }
  Unregister("s");
  Register("kept");
  EXPECT_THAT(std::string(MessageOf(Register("s").status)),
              HasSubstr("expected gateway \"g\" to connect"));
  GatewayHandle stream = Open();
  Leave(stream);
  EXPECT_FALSE(Register("s").status.ok());
  stream = Open({.session = opened_.session, .last_sequence = 5});
  Leave(stream);
  EXPECT_TRUE(Register("s").status.ok());
}

}  // namespace
}  // namespace streamer
