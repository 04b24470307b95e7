// What somebody asks of a session who is not its stream.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/outbox.h"
#include "core/sequencer.h"

namespace streamer {

using internal::Sessions;

void Sequencer::Do(ManageSession& command, Instant now,
                   SequencerOutput& output) {
  if (auto* subscribe = std::get_if<Subscribe>(&command.what)) {
    return Register(command, *subscribe, now, output);
  }
  const Sessions::Session* session = sessions_.Find(command.gateway_id);
  const GatewayHandle home =
      session == nullptr ? GatewayHandle() : session->home;
  GatewayEffect answer = UnsubscribeResponse();
  if (const auto* one = std::get_if<Unsubscribe>(&command.what)) {
    answer = Revoke(home, one->subscription_id, output);
  } else if (auto* renew = std::get_if<Renew>(&command.what)) {
    renew->gateway = home;
    answer = Renewed(*renew, now);
  } else {
    answer = RevokeAll(home, output);
  }
  // If others are left that keep it, it is kept on when that time comes.
  if (session != nullptr) {
    sessions_.KeepNoLonger(command.gateway_id, now.monotonic);
  }
  output.steps.push_back(
      {NextOrdinal(), Respond{{home, std::move(answer)}, command.caller}});
}

// Each that ends leaves a notice that only a stream can take.
Status Sequencer::MayManage(const ManageSession& command) const {
  STREAMER_RETURN_IF_ERROR(command.unstored);
  const Sessions::Session* session = sessions_.Find(command.gateway_id);
  if (session == nullptr) {
    return sessions_.is_full() ? TooManySessions() : OkStatus();
  }
  if (session->managed < Outbox::kMostClosed) return OkStatus();
  return ResourceExhausted(
      absl::StrCat("quota exceeded: expected gateway \"", command.gateway_id,
                   "\" to connect before more than ", Outbox::kMostClosed,
                   " subscriptions are registered for it, got one more"));
}

// A session for a subscription that is refused would be for nothing.
Registry::Addition Sequencer::MayRegister(const ManageSession& command,
                                          const Subscribe& subscribe) {
  if (Status status = MayManage(command); !status.ok()) {
    return {.status = std::move(status)};
  }
  if (sessions_.Find(command.gateway_id) != nullptr) return {};
  return registry_.RefuseFirst(subscribe).value_or(Registry::Addition());
}

void Sequencer::Register(ManageSession& command, Subscribe& subscribe,
                         Instant now, SequencerOutput& output) {
  Registry::Addition refused = MayRegister(command, subscribe);
  if (!refused.status.ok()) {
    SubscribeResponse refusal{.subscription_id = subscribe.subscription_id,
                              .status = std::move(refused.status),
                              .quota = refused.quota};
    output.steps.push_back(
        {NextOrdinal(), Respond{{{}, std::move(refusal)}, command.caller}});
    return;
  }
  const Sessions::Session* session = sessions_.Find(command.gateway_id);
  if (session == nullptr) {
    session = &MakeSession({.gateway = command.caller,
                            .gateway_id = command.gateway_id,
                            .limits = command.limits},
                           std::nullopt, now, output);
  }
  subscribe.gateway = session->home;
  subscribe.is_managed = true;
  const bool is_added = AddSubscription(subscribe, command.caller, now, output);
  if (is_added && session->stream == GatewayHandle()) {
    sessions_.CountManaged(command.gateway_id);
  }
}

UnsubscribeResponse Sequencer::Revoke(GatewayHandle home,
                                      const std::string& subscription_id,
                                      SequencerOutput& output) {
  const Result<Subscription> removed = registry_.Remove(home, subscription_id);
  UnsubscribeResponse answer{subscription_id, removed.status(), {}};
  if (!removed.ok()) return answer;
  answer.handle = removed->handle;
  answer.ended = 1;
  TellEnd(*removed, CloseReason::kRevoked, output);
  return answer;
}

UnsubscribeResponse Sequencer::RevokeAll(GatewayHandle home,
                                         SequencerOutput& output) {
  UnsubscribeResponse answer;
  if (home == GatewayHandle()) return answer;
  std::vector<std::string> ids;
  for (const Subscription* one : registry_.ListOf(home)) {
    ids.push_back(one->subscription_id);
  }
  for (const std::string& id : ids) {
    answer.ended += Revoke(home, id, output).ended;
  }
  return answer;
}

std::optional<MonotonicTime> Sequencer::LastExpiry(
    GatewayHandle gateway) const {
  std::optional<MonotonicTime> last;
  for (const Subscription* one : registry_.ListOf(gateway)) {
    if (!one->is_managed || !one->expires_at) continue;
    last = std::max(last, std::optional(one->expires_at->monotonic));
  }
  return last;
}

}  // namespace streamer
