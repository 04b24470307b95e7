#include "runtime/internal/state_records.h"

#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace streamer::internal {
namespace {

using nlohmann::json;

StateKey SessionKey(const std::string& gateway_id) {
  return {StateKind::kSession, gateway_id};
}
StateKey CursorKey(const std::string& gateway_id) {
  return {StateKind::kCursor, gateway_id};
}
StateKey SubscriptionKey(const std::string& gateway_id,
                         const std::string& subscription_id) {
  return {StateKind::kSubscription, gateway_id + "\n" + subscription_id};
}

// Reasons may repeat what a source said, which need not be UTF-8.
std::string Text(const json& record) {
  return record.dump(-1, ' ', false, json::error_handler_t::replace);
}

json ToJson(const SavedResync& resync) {
  return {{"subscriptions", resync.subscription_ids},
          {"from", FormatProgress(resync.from)},
          {"to", FormatProgress(resync.to)},
          {"reason", resync.reason}};
}

json ToJson(const SavedClosed& closed) {
  return {{"subscription", closed.subscription_id},
          {"reason", closed.reason},
          {"at", FormatProgress(closed.at)},
          {"detail", closed.detail}};
}

template <typename Notice>
json ListOf(const std::vector<Notice>& notices) {
  json list = json::array();
  for (const Notice& one : notices) list.push_back(ToJson(one));
  return list;
}

using StateChanges = std::vector<StateChange>;

StateChanges Encode(const SavedSession& session) {
  json record = {{"number", session.number.value()}};
  if (session.credential) {
    record["credential"] = absl::BytesToHexString(*session.credential);
  }
  if (session.is_unclaimed) record["unclaimed"] = true;
  return {{SessionKey(session.gateway_id), Text(record)}};
}

StateChanges Encode(const SavedCursor& cursor) {
  json catching_up = json::array();
  for (const SavedCursor::CatchingUp& one : cursor.catching_up) {
    catching_up.push_back({{"subscription", one.subscription_id},
                           {"after", FormatProgress(one.after)}});
  }
  json record = {{"acknowledged", FormatProgress(cursor.acknowledged)},
                 {"routed", FormatProgress(cursor.routed)},
                 {"behind", cursor.is_behind},
                 {"session", cursor.last_acknowledged.session.value()},
                 {"sequence", cursor.last_acknowledged.sequence},
                 {"catching_up", std::move(catching_up)},
                 {"resyncs", ListOf(cursor.resyncs)}};
  if (!cursor.closed.empty()) record["closed"] = ListOf(cursor.closed);
  return {{CursorKey(cursor.gateway_id), Text(record)}};
}

StateChanges Encode(const SavedSubscription& subscription) {
  json record = {{"tenant", subscription.tenant},
                 {"collection", subscription.collection},
                 {"from", FormatProgress(subscription.from)},
                 {"added", FormatProgress(subscription.added)}};
  if (!subscription.filter->is_match_all()) {
    record["filter"] = subscription.filter->text();
  }
  if (subscription.ttl) record["ttl_ns"] = subscription.ttl->count();
  if (subscription.membership) record["membership"] = true;
  if (subscription.is_managed) record["managed"] = true;
  return {
      {SubscriptionKey(subscription.gateway_id, subscription.subscription_id),
       Text(record)}};
}

StateChanges Encode(const SessionRemoved& removed) {
  return {{SessionKey(removed.gateway_id), std::nullopt},
          {CursorKey(removed.gateway_id), std::nullopt}};
}

StateChanges Encode(const SubscriptionRemoved& removed) {
  return {{SubscriptionKey(removed.gateway_id, removed.subscription_id),
           std::nullopt}};
}

Position PositionAt(const json& record, const char* field) {
  return ParseProgress(record.at(field).get<std::string>()).value();
}

// What `read` makes of the record. It throws what its libraries throw.
template <typename Read>
auto Decode(const StateKey& key, std::string_view value, Read read)
    -> Result<decltype(read(json()))> {
  try {
    return read(json::parse(value));
  } catch (const std::exception& problem) {
    return DataLoss(absl::StrCat("state: record ", static_cast<int>(key.kind),
                                 " \"", absl::CEscape(key.name),
                                 "\": expected what was saved, got ",
                                 problem.what()));
  }
}

SavedResync ToResync(const json& record) {
  return {.subscription_ids =
              record.at("subscriptions").get<std::vector<std::string>>(),
          .from = PositionAt(record, "from"),
          .to = PositionAt(record, "to"),
          .reason = record.at("reason").get<std::string>()};
}

SavedClosed ToClosed(const json& record) {
  const auto reason = record.at("reason").get<CloseReason>();
  if (reason > CloseReason::kRevoked) throw std::out_of_range("reason");
  return {.subscription_id = record.at("subscription").get<std::string>(),
          .reason = reason,
          .at = PositionAt(record, "at"),
          .detail = record.at("detail").get<std::string>()};
}

std::optional<Duration> TimeToLive(const json& record) {
  if (!record.contains("ttl_ns")) return std::nullopt;
  return Duration(record.at("ttl_ns").get<std::int64_t>());
}

}  // namespace

// All of the session is read again from where the last of it is.
SavedCursor Shortened(const SavedCursor& cursor) {
  SavedCursor shorter = cursor;
  for (const SavedCursor::CatchingUp& one : cursor.catching_up) {
    if (one.after.offset < shorter.acknowledged.offset) {
      shorter.acknowledged = one.after;
    }
  }
  shorter.is_behind |= !cursor.catching_up.empty();
  shorter.catching_up.clear();
  shorter.resyncs.clear();
  shorter.closed.clear();
  if (cursor.resyncs.empty() && cursor.closed.empty()) return shorter;
  SavedResync all{.from = cursor.acknowledged,
                  .to = cursor.routed,
                  .reason = "more was lost, or ended, than could be saved"};
  for (const SavedResync& one : cursor.resyncs) {
    if (one.from.offset < all.from.offset) all.from = one.from;
    if (one.to.offset > all.to.offset) all.to = one.to;
  }
  shorter.resyncs.push_back(std::move(all));
  return shorter;
}

std::vector<StateChange> EncodeDelta(const StateDelta& delta) {
  return std::visit([](const auto& one) { return Encode(one); }, delta);
}

StateChange EncodeWatermark(Position watermark) {
  return {{StateKind::kProgress, ""},
          Text(json{{"watermark", FormatProgress(watermark)}})};
}

Result<SavedSession> DecodeSession(const StateKey& key,
                                   std::string_view value) {
  return Decode(key, value, [&](const json& record) {
    SavedSession session{
        .gateway_id = key.name,
        .number = SessionNumber(record.at("number").get<std::uint64_t>()),
        .is_unclaimed = record.value("unclaimed", false)};
    const auto credential = record.find("credential");
    if (credential != record.end()) {
      session.credential =
          absl::HexStringToBytes(credential->get<std::string>());
    }
    return session;
  });
}

Result<SavedCursor> DecodeCursor(const StateKey& key, std::string_view value) {
  return Decode(key, value, [&](const json& record) {
    SavedCursor cursor{.gateway_id = key.name,
                       .acknowledged = PositionAt(record, "acknowledged"),
                       .routed = PositionAt(record, "routed"),
                       .is_behind = record.at("behind").get<bool>()};
    for (const json& one : record.at("catching_up")) {
      cursor.catching_up.push_back({one.at("subscription").get<std::string>(),
                                    PositionAt(one, "after")});
    }
    for (const json& one : record.at("resyncs")) {
      cursor.resyncs.push_back(ToResync(one));
    }
    for (const json& one : record.value("closed", json::array())) {
      cursor.closed.push_back(ToClosed(one));
    }
    cursor.last_acknowledged = {
        SessionNumber(record.at("session").get<std::uint64_t>()),
        record.at("sequence").get<std::uint64_t>()};
    return cursor;
  });
}

Result<SavedSubscription> DecodeSubscription(const StateKey& key,
                                             std::string_view value) {
  return Decode(key, value, [&](const json& record) {
    const std::size_t end = key.name.find('\n');
    return SavedSubscription{
        .gateway_id = key.name.substr(0, end),
        .subscription_id = key.name.substr(end + 1),
        .tenant = record.at("tenant").get<std::string>(),
        .collection = record.at("collection").get<std::string>(),
        .filter = Filter::ReadBack(record.value("filter", "true")).value(),
        .from = PositionAt(record, "from"),
        .added = PositionAt(record, "added"),
        .ttl = TimeToLive(record),
        .membership = record.value("membership", false),
        .is_managed = record.value("managed", false)};
  });
}

Result<Position> DecodeWatermark(const StateKey& key, std::string_view value) {
  return Decode(key, value, [](const json& record) {
    return PositionAt(record, "watermark");
  });
}

}  // namespace streamer::internal
