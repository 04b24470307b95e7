#include "transport/internal/ndjson_ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "transport/fake_engine.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using State = NdjsonIngest::State;

std::string Line(const std::string& id) {
  return R"({"tenant":"t","collection":"c","id":")" + id +
         R"(","op":"insert","doc":{}})";
}

class NdjsonIngestTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    ids.reserve(engine_.events.size());
    for (const SourceEvent& event : engine_.events) {
      ids.push_back(event.document_id);
    }
    return ids;
  }
  nlohmann::json Answer(unsigned status) {
    const HttpResponse response = ingest_.Response();
    EXPECT_EQ(response.status, status);
    return nlohmann::json::parse(response.body);
  }

  FakeEngine engine_;
  NdjsonIngest ingest_{engine_,
                       [] { return WallTime(std::chrono::milliseconds(5)); }};
};

TEST_F(NdjsonIngestTest, ALineIsTakenOnceItIsWhole) {
  const std::string line = Line("a") + "\n";
  for (const char byte : line) {
    EXPECT_TRUE(engine_.events.empty());
    EXPECT_EQ(ingest_.Take(std::string_view(&byte, 1)), State::kMore);
  }
  EXPECT_THAT(Ids(), ElementsAre("a"));
  EXPECT_EQ(ingest_.End(), State::kMore);
  EXPECT_EQ(Answer(202),
            nlohmann::json({{"accepted", 1}, {"progress", "p1-7-1"}}));
}

TEST_F(NdjsonIngestTest, LinesCutAnywhereAreTheSameLines) {
  const std::string body = Line("a") + "\n\n" + Line("b") + "\r\n" + Line("c");
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    FakeEngine engine;
    NdjsonIngest ingest(engine, [] { return WallTime(); });
    ingest.Take(std::string_view(body).substr(0, cut));
    ingest.Take(std::string_view(body).substr(cut));
    EXPECT_EQ(ingest.End(), State::kMore);
    EXPECT_EQ(engine.events.size(), 3u) << "cut at " << cut;
  }
}

TEST_F(NdjsonIngestTest, TheLastLineNeedsNoNewline) {
  EXPECT_EQ(ingest_.Take(Line("a")), State::kMore);
  EXPECT_TRUE(engine_.events.empty());
  EXPECT_EQ(ingest_.End(), State::kMore);
  EXPECT_THAT(Ids(), ElementsAre("a"));
}

TEST_F(NdjsonIngestTest, EventsWithoutATimestampGetTheTimeOfReceipt) {
  ingest_.Take(Line("a") + "\n");
  EXPECT_EQ(engine_.events.front().timestamp,
            WallTime(std::chrono::milliseconds(5)));
}

TEST_F(NdjsonIngestTest, ManyLinesGoInBatches) {
  std::string body;
  for (int i = 0; i < 1'200; ++i) body += Line(std::to_string(i)) + "\n";
  EXPECT_EQ(ingest_.Take(body), State::kMore);
  EXPECT_THAT(engine_.batches, ElementsAre(512, 512, 176));
}

TEST_F(NdjsonIngestTest, ABadLineIsNamedAndTheLinesBeforeItAreKept) {
  EXPECT_EQ(ingest_.Take(Line("a") + "\n\n{\n" + Line("b") + "\n"),
            State::kFailed);
  EXPECT_THAT(Ids(), ElementsAre("a"));
  const nlohmann::json answer = Answer(400);
  EXPECT_EQ(answer["line"], 3);
  EXPECT_EQ(answer["accepted"], 1);
  EXPECT_EQ(answer["progress"], "p1-7-1");
  EXPECT_EQ(answer["error"],
            "expected a key in quotes, got end of text, at byte 1");
  EXPECT_EQ(answer["detail"],
            "line 3: expected a key in quotes, got end of text, at byte 1");
}

TEST_F(NdjsonIngestTest, NothingIsTakenAfterAFailure) {
  ingest_.Take("{\n");
  EXPECT_EQ(ingest_.Take(Line("a") + "\n"), State::kFailed);
  EXPECT_EQ(ingest_.End(), State::kFailed);
  EXPECT_TRUE(engine_.events.empty());
  EXPECT_EQ(Answer(400)["progress"], "p1-7-0");
}

TEST_F(NdjsonIngestTest, TheFirstFailureIsTheOneAnswered) {
  ingest_.Take("{\n");
  ingest_.Fail(413, "too large");
  const nlohmann::json answer = Answer(400);
  EXPECT_EQ(answer["line"], 1);
  EXPECT_EQ(answer["error"],
            "expected a key in quotes, got end of text, at byte 1");
}

TEST_F(NdjsonIngestTest, AFailureThatIsNoLineSFaultNamesNoLine) {
  ingest_.Take(Line("a") + "\n");
  ingest_.Fail(503, "not ready");
  const nlohmann::json answer = Answer(503);
  EXPECT_FALSE(answer.contains("line"));
  EXPECT_EQ(answer["accepted"], 1);
  EXPECT_EQ(answer["detail"], "not ready");
}

TEST_F(NdjsonIngestTest, AFullLogIsWaitedForAndNothingIsLostOrDoubled) {
  std::string body;
  std::vector<std::string> wanted;
  for (int i = 0; i < 1'000; ++i) {
    wanted.push_back(std::to_string(i));
    body += Line(wanted.back()) + "\n";
  }
  body += Line("last");
  wanted.emplace_back("last");
  engine_.ingest_room = 512;
  EXPECT_EQ(ingest_.Take(body), State::kBlocked);
  EXPECT_EQ(ingest_.Continue(), State::kBlocked);
  EXPECT_EQ(engine_.events.size(), 512u);
  engine_.ingest_room = 1'000;
  EXPECT_EQ(ingest_.Continue(), State::kMore);
  EXPECT_EQ(ingest_.End(), State::kMore);
  EXPECT_EQ(Ids(), wanted);
}

TEST_F(NdjsonIngestTest, AnEngineThatFailsIsAnswered) {
  engine_.ingest_status = Internal("the log is broken");
  EXPECT_EQ(ingest_.Take(Line("a") + "\n"), State::kFailed);
  EXPECT_EQ(Answer(500)["detail"], "the log is broken");
}

TEST_F(NdjsonIngestTest, ALogThatCannotBeWrittenIsAnsweredAndNotWaitedFor) {
  engine_.ingest_status = Unavailable("log: no space left on device");
  EXPECT_EQ(ingest_.Take(Line("a") + "\n"), State::kFailed);
  EXPECT_EQ(Answer(503)["detail"], "log: no space left on device");
}

TEST_F(NdjsonIngestTest, WhatIsHeldIsWhatWasNotTaken) {
  ingest_.Take(std::string(1'000, ' '));
  EXPECT_EQ(ingest_.buffered_bytes(), 1'000u);
  ingest_.Take("\n" + Line("a") + "\nabc");
  ingest_.Take("def");
  EXPECT_EQ(ingest_.buffered_bytes(), 6u);
  ingest_.Fail(413, "too large");
  EXPECT_EQ(ingest_.buffered_bytes(), 0u);
}

// A line of a gigabyte in pieces must not be searched from its start for each
// of them: that alone would take minutes.
TEST_F(NdjsonIngestTest, ALongLineIsSearchedOnce) {
  const std::string piece(64, ' ');
  for (int i = 0; i < 500'000; ++i) {
    ASSERT_EQ(ingest_.Take(piece), State::kMore);
  }
  EXPECT_EQ(ingest_.buffered_bytes(), 500'000u * 64);
  EXPECT_EQ(ingest_.Take("\n" + Line("a") + "\n"), State::kMore);
  EXPECT_THAT(Ids(), ElementsAre("a"));
}

}  // namespace
}  // namespace streamer
