// SourceConsumer against everything that fails, drawn from a seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "transport/source_consumer.h"
#include "transport/source_messages.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A source with a log of numbered events, of which the oldest go, against a
// store that fails, over streams that break, in a process that crashes: what is
// stored is every event once and in order, but for the gaps that stand between
// them; and the stored marker never runs ahead of the stored events.
class FaultyWorld {
 public:
  explicit FaultyWorld(unsigned seed) : random_(seed), seed_(seed) {}

  void Run() {
    Crash();
    for (int step = 0; step < 2'000; ++step) {
      now_ += milliseconds(random_() % 50);
      Step();
      if (::testing::Test::HasFailure()) return;
    }
    Settle();
  }

 private:
  void Step() {
    switch (random_() % 12) {
      case 0:
        head_ += 1 + random_() % 5;
        break;
      case 1:
        if (random_() % 8 == 0 && head_ > 3)
          first_ = std::max(first_, head_ - 3);
        break;
      case 2:
        if (is_open_ && random_() % 3 == 0) Break(Unavailable("gone"));
        break;
      case 3:
        if (random_() % 20 == 0) Crash();
        break;
      case 4:
        is_disk_full_ = random_() % 3 == 0;
        break;
      case 5:
        Perform(consumer_->Tick(now_));
        break;
      case 6:
      case 7:
        Store();
        break;
      default:
        Serve();
    }
  }

  // Lets everything arrive that can.
  void Settle() {
    is_disk_full_ = false;
    for (int step = 0; step < 20'000 && stored_ != head_; ++step) {
      now_ += milliseconds(20);
      Perform(consumer_->Tick(now_));
      Serve();
      Store();
    }
    EXPECT_EQ(stored_, head_) << "seed " << seed_;
  }

  void Crash() {
    SourceConsumerOptions options = Options();
    options.max_waiting_events = 8;
    options.batch_events = 3;
    options.backoff_seed = random_();
    is_open_ = false;
    is_reading_ = false;
    storing_.clear();
    consumer_.emplace(options,
                      SourceStart{.marker = marker_, .is_new = stored_ == 0});
    Perform(consumer_->Start(now_));
  }

  void Perform(SourceActions actions) {
    for (SourceAction& action : actions) {
      std::visit([this](auto& one) { Do(one); }, action);
    }
  }

  void Do(source_action::OpenStream& action) {
    ASSERT_FALSE(is_open_);
    is_open_ = true;
    is_reading_ = false;
    sent_ = action.after.empty() ? head_ : std::stoul(action.after);
    must_greet_ = true;
  }
  void Do(source_action::CancelStream&) { is_open_ = false; }
  void Do(source_action::Read&) {
    ASSERT_TRUE(is_open_ && !is_reading_);
    is_reading_ = true;
  }
  void Do(source_action::Append& action) {
    ASSERT_TRUE(storing_.empty());
    storing_.emplace_back(std::move(action));
  }
  void Do(source_action::RecordMarker& action) {
    ASSERT_TRUE(storing_.empty());
    storing_.emplace_back(std::move(action));
  }

  void Break(const Status& status) {
    is_open_ = is_reading_ = false;
    const bool names_oldest = absl::IsOutOfRange(status);
    Perform(consumer_->StreamBroken(
        status, names_oldest ? std::to_string(first_ - 1) : "", now_));
  }

  void Serve() {
    if (!is_open_ || !is_reading_) return;
    if (sent_ + 1 < first_) return Break(OutOfRange("trimmed"));
    is_reading_ = false;
    if (std::exchange(must_greet_, false) || sent_ == head_) {
      Perform(consumer_->Received(Heartbeat(std::to_string(sent_)), now_));
    } else {
      Perform(consumer_->Received(Event(std::to_string(++sent_)), now_));
    }
  }

  void Store() {
    if (storing_.empty()) return;
    const SourceAction action = std::move(storing_.back());
    storing_.clear();
    if (is_disk_full_) {
      Perform(consumer_->Stored(Unavailable("disk full"), now_));
      return;
    }
    if (const auto* append = std::get_if<source_action::Append>(&action)) {
      for (const SourceEvent& event : append->events) StoreOne(event);
    } else if (const auto* record =
                   std::get_if<source_action::RecordMarker>(&action)) {
      const std::uint64_t number = std::stoul(record->marker);
      ASSERT_TRUE(number <= stored_ || marker_.empty())
          << "got " << number << ", seed " << seed_;
      stored_ = std::max(stored_, number);
      marker_ = record->marker;
    }
    Perform(consumer_->Stored(OkStatus(), now_));
  }

  // Each follows the one before it, or a gap that says so. On the first stream
  // of an empty log it may begin anywhere.
  void StoreOne(const SourceEvent& event) {
    if (!event.upstream_marker.empty()) marker_ = event.upstream_marker;
    if (event.loss != nullptr) {
      if (!event.loss->to.empty()) {
        stored_ = std::max(stored_, std::stoul(event.loss->to));
      }
      return;
    }
    const std::uint64_t number = std::stoul(event.upstream_marker);
    ASSERT_TRUE(number == stored_ + 1 || stored_ == 0)
        << "got " << number << ", expected " << stored_ + 1 << ", seed "
        << seed_;
    stored_ = number;
  }

  std::mt19937 random_;
  const unsigned seed_;
  MonotonicTime now_ = At(seconds(0));
  std::optional<SourceConsumer> consumer_;

  // The source.
  std::uint64_t first_ = 1;
  std::uint64_t head_ = 0;

  // The stream.
  bool is_open_ = false;
  bool is_reading_ = false;
  bool must_greet_ = false;
  std::uint64_t sent_ = 0;

  // The store.
  bool is_disk_full_ = false;
  std::vector<SourceAction> storing_;
  std::uint64_t stored_ = 0;  // all up to here was stored, or is in a gap
  std::string marker_;
};

TEST(SourceConsumerRandomTest, NothingIsLostOrDoubledWhateverFails) {
  for (unsigned seed = 0; seed < 200 && !HasFailure(); ++seed) {
    FaultyWorld(seed).Run();
  }
}

}  // namespace
}  // namespace streamer
