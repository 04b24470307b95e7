#include "sim/judge/history_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace streamer::sim {
namespace {

using ::testing::ElementsAre;

constexpr const char* kGateway =
    R"({"at":1,"gateway":{"id":"g","session":true,"merging":false}})";
constexpr const char* kStarted = R"({"at":2,"started":{"resume":""}})";

std::string Delivery(std::uint64_t sequence, std::uint64_t session = 7) {
  return absl::StrCat(
      R"({"at":5,"delivered":{"stream":0,"session":)", session,
      R"(,"sequence":)", sequence, R"(,"progress":"p1-1-)", sequence,
      R"(","ids":["s"],"memberships":[],"event":"e)", sequence,
      R"(","tenant":"t","collection":"c","document_id":"d","operation":"insert",)",
      R"("document":"{\"n\":)", sequence,
      R"(}","redelivered":false,"catching_up":true,"coalesced":2,"received":4}})");
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  return text;
}

GatewayHistory Read(const std::vector<std::string>& lines) {
  const auto history = ReadGatewayHistory(Lines(lines), "g.history", 99);
  EXPECT_TRUE(history.ok()) << history.status();
  return history.value_or(GatewayHistory{});
}

std::string ErrorOf(const std::string& text) {
  return std::string(
      ReadGatewayHistory(text, "g.history", 99).status().message());
}

template <typename Record>
std::vector<Record> AllOf(const GatewayHistory& history) {
  std::vector<Record> found;
  for (const GatewayRecord& record : history.records) {
    if (const auto* one = std::get_if<Record>(&record.what)) {
      found.push_back(*one);
    }
  }
  return found;
}

TEST(HistoryReaderTest, TakesWhatIsWritten) {
  const GatewayHistory history = Read(
      {kGateway, kStarted,
       R"({"at":3,"asked":{"id":"s","resume_after":"p1-1-4"}})",
       R"({"at":4,"answered":{"id":"s","tenant":"t","collection":"c",)"
       R"("conditions":[["k",">=",3]],"expression":"op == 'x'",)"
       R"("membership":true,"from":"p1-1-5"}})",
       Delivery(1),
       R"({"at":6,"noticed":{"ids":["s"],"reason":"why","ended":"expired",)"
       R"("from":"p1-1-5","to":""}})",
       R"({"at":7,"ended":{"id":"s"}})"});
  EXPECT_EQ(history.gateway_id, "g");
  EXPECT_TRUE(history.is_session);
  EXPECT_FALSE(history.allows_merging);
  ASSERT_EQ(history.records.size(), 6u);
  EXPECT_EQ(history.records[0].at, MonotonicTime(std::chrono::nanoseconds(2)));
  EXPECT_EQ(AllOf<Asked>(history)[0].resume_after, "p1-1-4");
  const Answered answered = AllOf<Answered>(history)[0];
  EXPECT_EQ(answered.request.expression, "op == 'x'");
  ASSERT_EQ(answered.request.conditions.size(), 1u);
  EXPECT_EQ(answered.request.conditions[0].op, Operator::kGreaterEqual);
  EXPECT_EQ(answered.request.conditions[0].value.value().int_value(), 3);
  EXPECT_TRUE(answered.request.membership);
  EXPECT_EQ(answered.from_progress, "p1-1-5");
  const Delivered delivered = AllOf<Delivered>(history)[0];
  EXPECT_EQ(delivered.process, 1);
  EXPECT_EQ(delivered.session, 7u);
  EXPECT_EQ(delivered.sequence, 1u);
  EXPECT_THAT(delivered.subscription_ids, ElementsAre("s"));
  EXPECT_EQ(delivered.document, R"({"n":1})");
  EXPECT_TRUE(delivered.is_catching_up);
  EXPECT_EQ(delivered.coalesced, 2u);
  const Noticed noticed = AllOf<Noticed>(history)[0];
  EXPECT_EQ(noticed.gap.end, ReceivedGap::End::kExpired);
  EXPECT_EQ(noticed.log.head, 99u);
  EXPECT_EQ(AllOf<Ended>(history)[0].subscription_id, "s");
}

TEST(HistoryReaderTest, WhatNoProcessKeptIsNotProcessed) {
  const GatewayHistory history = Read(
      {kGateway, kStarted, Delivery(1), R"({"at":6,"kept":"s1-7-1-p1-1-1"})",
       Delivery(2), R"({"at":8,"started":{"resume":"s1-7-1-p1-1-1"}})",
       Delivery(2), R"({"at":9,"kept":"s1-7-2-p1-1-2"})", Delivery(3)});
  std::vector<bool> is_processed;
  for (const Delivered& delivered : AllOf<Delivered>(history)) {
    is_processed.push_back(delivered.is_processed);
  }
  EXPECT_THAT(is_processed, ElementsAre(true, false, true, false));
  const auto started = AllOf<ProcessStarted>(history);
  ASSERT_EQ(started.size(), 2u);
  EXPECT_FALSE(started[0].is_resumed);
  EXPECT_EQ(started[1].process, 2);
  EXPECT_TRUE(started[1].is_resumed);
  EXPECT_TRUE(started[1].is_exact);
  EXPECT_TRUE(AllOf<SequenceBroken>(history).empty());
}

TEST(HistoryReaderTest, AProcessWithAnOlderStateHasNotAll) {
  const GatewayHistory history =
      Read({kGateway, kStarted, R"({"at":6,"kept":"s1-7-1-p1-1-1"})",
            R"({"at":7,"kept":"s1-7-2-p1-1-2"})",
            R"({"at":8,"started":{"resume":"s1-7-1-p1-1-1"}})"});
  EXPECT_TRUE(AllOf<ProcessStarted>(history)[1].is_resumed);
  EXPECT_FALSE(AllOf<ProcessStarted>(history)[1].is_exact);
}

TEST(HistoryReaderTest, WithoutASessionAllIsProcessed) {
  const GatewayHistory history =
      Read({R"({"at":1,"gateway":{"id":"g","session":false,"merging":false}})",
            kStarted, Delivery(1), Delivery(5)});
  EXPECT_TRUE(AllOf<Delivered>(history)[1].is_processed);
  EXPECT_TRUE(AllOf<SequenceBroken>(history).empty());
}

TEST(HistoryReaderTest, AWelcomeNamesTheSessionThatWasAskedFor) {
  const char* const welcomed =
      R"({"at":4,"welcomed":{"session":%,"continuity":"complete",)"
      R"("next_sequence":1,"from":"","to":""}})";
  const auto of = [&](const char* session) {
    std::string text = welcomed;
    return text.replace(text.find('%'), 1, session);
  };
  const GatewayHistory history =
      Read({kGateway, R"({"at":2,"started":{"resume":"s1-7-1-p1-1-1"}})",
            of("7"), of("9"), of("9")});
  std::vector<std::uint64_t> asked;
  for (const Welcomed& welcome : AllOf<Welcomed>(history)) {
    asked.push_back(welcome.asked_session);
  }
  EXPECT_THAT(asked, ElementsAre(7, 7, 9));
}

TEST(HistoryReaderTest, NumbersAreDenseInASession) {
  const std::string notice =
      R"({"at":6,"noticed":{"ids":[],"reason":"","ended":"","from":"","to":""}})";
  const auto broken = [](const std::vector<std::string>& lines) {
    std::vector<std::string> all = {kGateway, kStarted};
    all.insert(all.end(), lines.begin(), lines.end());
    std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
    for (const SequenceBroken& one : AllOf<SequenceBroken>(Read(all))) {
      found.emplace_back(one.expected, one.got);
    }
    return found;
  };
  using Pair = std::pair<std::uint64_t, std::uint64_t>;
  const std::string live = [] {
    std::string text = Delivery(1);
    return text.replace(text.find("\"catching_up\":true"), 18,
                        "\"catching_up\":false");
  }();
  EXPECT_THAT(broken({live, Delivery(2), Delivery(3)}), ElementsAre());
  EXPECT_THAT(broken({live, Delivery(3)}), ElementsAre(Pair(2, 3)));
  EXPECT_THAT(broken({live, Delivery(2), live}), ElementsAre(Pair(3, 1)));
  // Parts of one delivery have one number.
  EXPECT_THAT(broken({live, live, Delivery(2)}), ElementsAre());
  EXPECT_THAT(broken({live, notice, Delivery(3)}), ElementsAre());
  EXPECT_THAT(broken({live, notice, Delivery(4)}), ElementsAre(Pair(2, 4)));
  // A restart of the service counts anew, from where the client does not say.
  EXPECT_THAT(broken({live, Delivery(9, 8), Delivery(10, 8)}), ElementsAre());
  // Another stream of the same session may go on by position.
  const std::string welcomed =
      R"({"at":6,"welcomed":{"session":7,"continuity":"complete",)"
      R"("next_sequence":3,"from":"","to":""}})";
  EXPECT_THAT(broken({welcomed, live, Delivery(3)}), ElementsAre(Pair(2, 3)));
  EXPECT_THAT(broken({welcomed, live, welcomed, Delivery(3)}), ElementsAre());
  EXPECT_THAT(broken({live, R"({"at":6,"ended":{"id":"s"}})", Delivery(4)}),
              ElementsAre());
}

TEST(HistoryReaderTest, ALineMayBeCutShortByAKill) {
  const std::string whole = Lines({kGateway, kStarted});
  const std::string torn = R"({"at":3,"delivered":{"stream":0})";
  const std::string next = R"({"at":4,"started":{"resume":""}})";
  EXPECT_EQ(ErrorOf(whole + torn), "");
  EXPECT_EQ(ErrorOf(whole + torn + "\n" + next + "\n"), "");
  const std::string error = ErrorOf(whole + torn + "\n" + Delivery(1) + "\n");
  EXPECT_TRUE(error.starts_with("g.history:3: ")) << error;
}

TEST(HistoryReaderTest, SaysWhatItExpectedAndWhere) {
  struct Case {
    std::string line;
    std::string error;
  };
  const Case cases[] = {
      {"[]", R"(expected {"at": …, and one record}, got [])"},
      {R"({"at":1,"what":{}})", R"(expected a record, got "what")"},
      {R"({"at":"x","ended":{"id":"s"}})",
       R"(at: expected nanoseconds, got "x")"},
      {R"({"at":1,"ended":{}})",
       "ended: id: expected a value of type string, got none"},
      {R"({"at":1,"ended":{"id":4}})",
       "ended: id: expected a value of type string, got 4"},
      {R"({"at":1,"ended":{"id":"s","more":1}})",
       R"(ended: expected no such field, got "more")"},
      {R"({"at":1,"ended":3})", "ended: expected an object, got 3"},
      {R"({"at":1,"kept":"x"})",
       R"(kept: expected the state of a session, got "x")"},
      {R"({"at":1,"started":{"resume":"x"}})",
       R"(started: resume: expected the state of a session, got "x")"},
      {R"({"at":1,"noticed":{"ids":[1],"reason":"","ended":"","from":"","to":""}})",
       "noticed: ids: expected a list of texts, got [1]"},
      {R"({"at":1,"noticed":{"ids":[],"reason":"","ended":"so","from":"","to":""}})",
       R"(noticed: ended: expected one of "", "refused", "expired", )"
       R"("suspended", "revoked", got "so")"},
      {kGateway,
       R"(expected "gateway" in the first line and no other, got "gateway")"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(ErrorOf(Lines({kGateway, kStarted, one.line})),
              absl::StrCat("g.history:3: ", one.error));
  }
  EXPECT_EQ(ErrorOf(""),
            "g.history: expected the history of a gateway, got nothing");
  EXPECT_EQ(
      ErrorOf(Lines({kStarted})),
      R"(g.history:1: expected "gateway" in the first line and no other, )"
      R"(got "started")");
  EXPECT_EQ(ErrorOf(Lines({kGateway, Delivery(1)})),
            R"(g.history:2: expected "started" first, got "delivered")");
}

}  // namespace
}  // namespace streamer::sim
