// SessionFixture: sessions over a CoreHarness, for tests that open streams by
// hand and read what each sees as text.
#ifndef STREAMER_TESTS_CORE_SESSION_FIXTURE_H_
#define STREAMER_TESTS_CORE_SESSION_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/core_harness.h"
#include "support/core_events.h"

namespace streamer {

class SessionFixture : public ::testing::Test {
 protected:
  // Opens another stream of gateway "g"; its handle.
  GatewayHandle Open(OpenSession command = {}) {
    if (command.initial_credit == 0) command.initial_credit = 1'000'000;
    return OpenWithCredit(std::move(command));
  }
  // The same, with no more credit than it says.
  GatewayHandle OpenWithCredit(OpenSession command) {
    command.stream = GatewayHandle(++last_stream_);
    if (command.gateway_id.empty()) command.gateway_id = "g";
    core_->Sequence(command);
    core_->Settle();
    for (const GatewayEffect& effect : core_->TakeEffects(command.stream)) {
      if (const auto* opened = std::get_if<SessionOpened>(&effect)) {
        opened_ = *opened;
      }
    }
    return command.stream;
  }
  void Events(std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i <= last; ++i) {
      core_->Sequence(support::MakeEvent(i, "c"));
    }
    core_->Settle();
  }
  void Subscribe(GatewayHandle stream, const std::string& id,
                 std::optional<std::uint64_t> after = std::nullopt) {
    streamer::Subscribe command =
        support::MakeSubscribe(stream, id, "c", "true");
    if (after) command.resume_after = Position{1, *after};
    core_->Sequence(command);
    core_->Settle();
  }
  void Leave(GatewayHandle stream, Instant now = {}) {
    core_->Sequence(DisconnectGateway{stream}, now);
    core_->Settle();
  }
  void Restart(OutboxLimits limits = {}) {
    core_ = std::make_unique<CoreHarness>(2, *core_, core_->saved(),
                                          last_stream_ + 1, limits);
    last_stream_ += 100;
    core_->Settle();
  }
  std::vector<std::string> Seen(GatewayHandle stream) {
    core_->Settle();
    return core_->Take(stream);
  }

  std::unique_ptr<CoreHarness> core_ = std::make_unique<CoreHarness>(2);
  std::uint64_t last_stream_ = 0;
  SessionOpened opened_;  // the last one
};

}  // namespace streamer

#endif  // STREAMER_TESTS_CORE_SESSION_FIXTURE_H_
