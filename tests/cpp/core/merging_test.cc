#include "core/internal/merging.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "support/core_events.h"

namespace streamer::internal {
namespace {

ChangeEvent Of(const std::string& document_id, const std::string& tenant = "t",
               const std::string& collection = "c") {
  SourceEvent source = support::MakeEvent(1, collection);
  source.tenant = tenant;
  source.document_id = document_id;
  ChangeEvent event;
  event.source = std::make_shared<const SourceEvent>(std::move(source));
  return event;
}

Position At(std::uint64_t offset) { return {1, offset}; }

TEST(WaitingDocumentsTest, KnowTheLastPlaceOfEachDocument) {
  WaitingDocuments documents;
  documents.Add(Of("a"), 1);
  documents.Add(Of("b"), 2);
  documents.Add(Of("a"), 3);
  EXPECT_EQ(documents.Find(Of("a")), 3u);
  EXPECT_EQ(documents.Find(Of("b")), 2u);
  EXPECT_EQ(documents.Find(Of("a", "u")), std::nullopt);
  EXPECT_EQ(documents.Find(Of("a", "t", "d")), std::nullopt);
}

TEST(WaitingDocumentsTest, WhatLeavesAnEarlierPlaceDoesNotTouchALaterOne) {
  WaitingDocuments documents;
  documents.Add(Of("a"), 1);
  documents.Add(Of("a"), 3);
  documents.Remove(Of("a"), 1);
  documents.Move(Of("a"), 1, 0);
  EXPECT_EQ(documents.Find(Of("a")), 3u);
  documents.Move(Of("a"), 3, 2);
  EXPECT_EQ(documents.Find(Of("a")), 2u);
  documents.Remove(Of("a"), 2);
  EXPECT_EQ(documents.Find(Of("a")), std::nullopt);
}

TEST(WaitingDocumentsTest, NothingIsFoundAcrossAFence) {
  WaitingDocuments documents;
  documents.Add(Of("a"), 1);
  documents.Fence();
  EXPECT_EQ(documents.Find(Of("a")), std::nullopt);
}

TEST(MergedTest, TheEarliestPlaceIsHeldUntilItsEventIsAcknowledged) {
  Merged merged;
  merged.Add(At(4), At(6));
  merged.Add(At(2), At(8));  // holds more, and goes out later
  EXPECT_EQ(merged.first_waiting(), At(2));
  merged.HandOver(At(6));
  EXPECT_EQ(merged.first_waiting(), At(2));
  merged.HandOver(At(8));
  EXPECT_EQ(merged.first_waiting(), std::nullopt);
  EXPECT_EQ(merged.first_open(), At(2));
  merged.Acknowledge(At(7));
  EXPECT_EQ(merged.first_open(), At(2));
  merged.Acknowledge(At(8));
  EXPECT_EQ(merged.first_open(), std::nullopt);
}

TEST(MergedTest, WhatGoesOutEarlierUncoversWhatIsHeldBehindIt) {
  Merged merged;
  merged.Add(At(2), At(6));
  merged.Add(At(4), At(8));
  EXPECT_EQ(merged.first_waiting(), At(2));
  merged.Drop(At(6));
  EXPECT_EQ(merged.first_waiting(), At(4));
  EXPECT_EQ(merged.first_open(), At(4));
  merged.Clear();
  EXPECT_EQ(merged.first_open(), std::nullopt);
}

}  // namespace
}  // namespace streamer::internal
