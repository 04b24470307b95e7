#include "runtime/internal/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace streamer::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MailboxTest, GivesAllThatWasSentInOrder) {
  Mailbox<int> mailbox(10);
  std::vector<int> items = {1, 2};
  mailbox.Send(items);
  EXPECT_THAT(items, IsEmpty());
  mailbox.SendNow(3);
  ASSERT_TRUE(mailbox.Receive(items));
  EXPECT_THAT(items, ElementsAre(1, 2, 3));
}

TEST(MailboxTest, MakesASenderWaitForRoom) {
  Mailbox<int> mailbox(1);
  std::vector<int> first = {1};
  mailbox.Send(first);
  std::thread sender([&] {
    std::vector<int> second = {2};
    mailbox.Send(second);
    mailbox.Close();
  });
  std::vector<int> received;
  std::vector<int> items;
  while (mailbox.Receive(items)) {
    EXPECT_EQ(items.size(), 1u);
    received.insert(received.end(), items.begin(), items.end());
  }
  sender.join();
  EXPECT_THAT(received, ElementsAre(1, 2));
}

TEST(MailboxTest, SendNowDoesNotWaitForRoom) {
  Mailbox<int> mailbox(1);
  mailbox.SendNow(1);
  mailbox.SendNow(2);
  std::vector<int> items;
  mailbox.TakeInto(items);
  EXPECT_THAT(items, ElementsAre(1, 2));
}

TEST(MailboxTest, GivesWhatWasSentBeforeItWasClosed) {
  Mailbox<int> mailbox(1);
  mailbox.SendNow(1);
  mailbox.Close();
  std::vector<int> items;
  EXPECT_TRUE(mailbox.Receive(items));
  EXPECT_THAT(items, ElementsAre(1));
  EXPECT_FALSE(mailbox.Receive(items));
}

// A full mailbox wakes its receiver, whatever filled it. Were it left waiting,
// sender and receiver would wait for each other.
TEST(MailboxTest, QuietMailThatFillsItIsReceived) {
  Mailbox<int> mailbox(2);
  std::vector<int> received;
  std::thread receiver([&] {
    std::vector<int> items;
    while (mailbox.Receive(items)) {
      received.insert(received.end(), items.begin(), items.end());
    }
  });
  std::vector<int> sent;
  for (int i = 0; i < 1'000; ++i) {
    std::vector<int> items = {2 * i, 2 * i + 1};
    sent.insert(sent.end(), items.begin(), items.end());
    mailbox.SendQuietly(items);
  }
  mailbox.Close();
  receiver.join();
  EXPECT_EQ(received, sent);
}

TEST(MailboxTest, AnOfferIsTakenUntilTheMailboxIsClosed) {
  Mailbox<int> mailbox(1);
  EXPECT_TRUE(mailbox.Offer(1));
  EXPECT_TRUE(mailbox.Offer(2));
  mailbox.Close();
  EXPECT_FALSE(mailbox.Offer(3));
  std::vector<int> items;
  EXPECT_TRUE(mailbox.Receive(items));
  EXPECT_EQ(items, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace streamer::internal
