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

}  // namespace
}  // namespace streamer::internal
