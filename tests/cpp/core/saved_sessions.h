// SavedSessions: the state store of the tests of core/, as plain tables.
#ifndef STREAMER_TESTS_CORE_SAVED_SESSIONS_H_
#define STREAMER_TESTS_CORE_SAVED_SESSIONS_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/commands.h"
#include "core/router.h"
#include "core/saved_state.h"

namespace streamer {

// What a restart finds of sessions.
struct SavedSessions {
  std::uint64_t watermark = 0;
  std::map<std::string, SavedSession> sessions;
  std::map<std::string, SavedCursor> cursors;
  // By gateway id and subscription id.
  std::map<std::pair<std::string, std::string>, SavedSubscription>
      subscriptions;

  void Apply(const StateDelta& delta) {
    if (const auto* session = std::get_if<SavedSession>(&delta)) {
      sessions[session->gateway_id] = *session;
    } else if (const auto* cursor = std::get_if<SavedCursor>(&delta)) {
      cursors[cursor->gateway_id] = *cursor;
    } else if (const auto* added = std::get_if<SavedSubscription>(&delta)) {
      subscriptions[{added->gateway_id, added->subscription_id}] = *added;
    } else if (const auto* gone = std::get_if<SessionRemoved>(&delta)) {
      sessions.erase(gone->gateway_id);
      cursors.erase(gone->gateway_id);
    } else {
      const auto& removed = std::get<SubscriptionRemoved>(delta);
      subscriptions.erase({removed.gateway_id, removed.subscription_id});
    }
  }
  // The commands that bring all of it back at a log with that head.
  [[nodiscard]] std::vector<RestoreSession> Restore(std::uint64_t first_home,
                                                    const OutboxLimits& limits,
                                                    std::uint64_t head) const {
    std::vector<RestoreSession> commands;
    for (const auto& [gateway_id, session] : sessions) {
      RestoreSession command{.gateway = GatewayHandle(first_home++),
                             .session = session,
                             .limits = limits,
                             .redelivered_upto = head,
                             .replayed_upto = head};
      const auto cursor = cursors.find(gateway_id);
      if (cursor != cursors.end()) command.cursor = cursor->second;
      if (!command.cursor.is_behind) {
        command.cursor.acknowledged =
            std::max(command.cursor.acknowledged, Position{1, watermark});
      }
      for (const auto& [key, subscription] : subscriptions) {
        if (key.first != gateway_id) continue;
        command.subscriptions.push_back(subscription);
      }
      commands.push_back(std::move(command));
    }
    return commands;
  }
  void Apply(const RouterProgress& progress) {
    watermark = progress.watermark.offset;
    for (const SavedCursor& cursor : progress.cursors) Apply(cursor);
  }
};

}  // namespace streamer

#endif  // STREAMER_TESTS_CORE_SAVED_SESSIONS_H_
