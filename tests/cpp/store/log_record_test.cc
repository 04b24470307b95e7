#include "store/log_record.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace streamer {
namespace {

constexpr Instant kNow{MonotonicTime(std::chrono::seconds(5)),
                       WallTime(std::chrono::milliseconds(1234))};

SourceEvent MakeEvent() {
  SourceEvent event;
  event.backend = "b";
  event.event_id = "e1";
  event.tenant = "t";
  event.document = R"({"n":1})";
  event.version = 3;
  return event;
}

std::string Encoded(const SourceEvent& event, std::uint64_t offset) {
  std::string bytes = "left from before";
  EncodeLogRecord(event, kNow, offset, bytes);
  return bytes;
}

// Logs that exist are read by every later version.
TEST(LogRecordTest, TheFormStaysTheSameForEver) {
  const std::string bytes = Encoded(MakeEvent(), 7);
  using namespace std::string_literals;
  const std::string fields =
      "\x01\x20\xA4\x13\x80\xC8\xAF\xA0\x25\x00\x06"s  // flags, numbers
      "\x01"
      "b\x02"
      "e1\x01t\0\0\0\x07{\"n\":1}\0\0"s;
  EXPECT_EQ(bytes.substr(0, bytes.size() - 8), fields);
}

TEST(LogRecordTest, WhatIsEncodedIsDecoded) {
  Result<LogRecord> record = DecodeLogRecord(Encoded(MakeEvent(), 7), 7);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->logged_at.wall, kNow.wall);
  EXPECT_EQ(record->logged_at.monotonic, kNow.monotonic);
  EXPECT_EQ(record->event.document, R"({"n":1})");
  EXPECT_EQ(record->event.version, 3);
  EXPECT_EQ(record->event.cluster_time, std::nullopt);
}

TEST(LogRecordTest, ALossIsDecodedWithAllThatIsKnownOfIt) {
  SourceEvent event = MakeEvent();
  event.document.clear();
  for (const auto kind :
       {SourceLoss::Kind::kGap, SourceLoss::Kind::kUnreadable}) {
    event.loss = std::make_shared<const SourceLoss>(SourceLoss{
        .kind = kind, .from = "m1", .to = "m9", .reason = "trimmed"});
    Result<LogRecord> record = DecodeLogRecord(Encoded(event, 7), 7);
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->event.event_id, "e1");
    ASSERT_NE(record->event.loss, nullptr);
    EXPECT_EQ(record->event.loss->kind, kind);
    EXPECT_EQ(record->event.loss->from, "m1");
    EXPECT_EQ(record->event.loss->to, "m9");
    EXPECT_EQ(record->event.loss->reason, "trimmed");
  }
}

TEST(LogRecordTest, NoByteCanBeChangedOrLost) {
  const std::string bytes = Encoded(MakeEvent(), 7);
  const Status expected =
      DataLoss("log record 7: expected its checksum, got another");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_EQ(DecodeLogRecord(changed, 7).status(), expected);
    }
    EXPECT_EQ(DecodeLogRecord(bytes.substr(0, i), 7).status(), expected);
  }
}

TEST(LogRecordTest, ARecordBelongsToOneOffset) {
  EXPECT_EQ(DecodeLogRecord(Encoded(MakeEvent(), 7), 8).status(),
            DataLoss("log record 8: expected its checksum, got another"));
}

}  // namespace
}  // namespace streamer
